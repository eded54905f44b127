"""Validate the docstrings of everything public: ``python -m tests.docstrings``, a part of ``make lint``."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import warnings
from collections.abc import Iterable, Iterator

from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

from lrtheory._result import Result
from tests.rules.public_names import ROOT, Entry, all_entries

#: what is not asked for: extended summaries, cross references, examples of methods, prose about returns, the order of
#: sections (a proof is a section of this house), and capitals at the start (a summary may start with a formula)
IGNORED = {"ES01", "EX01", "GL01", "GL02", "GL03", "GL06", "GL07", "GL08", "RT02", "RT03", "RT04", "RT05"}
IGNORED |= {"PR05", "PR06", "PR07", "PR08", "PR09", "SA01", "SS02", "SS04", "SS05", "SS06"}


#: kinds of things that something is not, as in "is not a number"; "there is no number" is good English
KINDS = "integer|mapping|array|number|string|float|sequence|list|table|frame|rule|path"
#: phrases that leave a stranger asking who, what or how many, each with a text that it refuses
PHRASES = {
    r"\bso many\b": "The mean of so many draws.",
    r"what is there to": "Sum over what is there to sum.",
    rf"(?<!there) \b(is|are|was) no ({KINDS})s?\b": "If a cell is no number.",
    r"\bone an? (step|run|type|row|entry|system)\b": "Inputs, one a row.",
}
#: beginnings of a summary that leave him asking
SUMMARIES = {
    r"^The same\b": "The same the other way.",
    r"^Those\b": "Those of sketches that kept their rank.",
    r"^(What|How)\b": "What the gradients cost.",
    r"^So many\b": "So many draws of the source.",
    r"^Whether it\b": "Whether it is proved.",
}
#: beginnings of an entry that do: questions, pronouns, and what belongs to a noun that is missing
ENTRIES = SUMMARIES | {
    r"^(Why|Which|Who|Whose)\b": "Which one.",
    r"^Where (?!to draw\b)": "Where each pair begins.",
    r"^(On|By|From|To|For|In) (what|which|how)\b": "On which instances.",
    r"^(They|It|Its|Their|These|This one|Likewise)\b": "Their names.",
    r"^(Of|That of|Some of)\b": "Of floats.",
    r"^With\b": "With its truth.",
    r"^(Such as|To be|By the)\b": "Such as a name.",
    r"^As (?!((in|for) )?`)": "As they stand.",
    r"^From `\w+`": "From `plain`.",
}
SECTIONS = ("Parameters", "Other Parameters", "Attributes", "Returns", "Yields", "Raises")


def is_riddle(text: str, beginnings: Iterable[str]) -> bool:
    """Whether a text begins or has a phrase that says little without the text around it."""
    return any(re.search(pattern, text) for pattern in [*beginnings, *PHRASES])


def entries(doc: str) -> Iterator[tuple[str, str]]:
    """The entries of a docstring: the name or the type that heads each, and its text on one line."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unknown section")
        sections = NumpyDocString(doc)
    for name in SECTIONS:
        for entry in sections[name]:
            yield entry.name or entry.type, " ".join(line.strip() for line in entry.desc).strip()


def riddles(name: str, source: str) -> list[str]:
    """Summaries and entries in a file, public or not, that say little without the text around them."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            doc = ast.get_docstring(node) or ""
            summary = doc.partition("\n")[0]
            found += [f"{name}: a riddle: {summary}"] * is_riddle(summary, SUMMARIES)
            place = f"{name}: {getattr(node, 'name', 'the module')}"
            found += [f"{place}: a riddle: {head}: {text}" for head, text in entries(doc) if is_riddle(text, ENTRIES)]
    return found


def problems(entry: Entry) -> list[str]:
    """What numpydoc finds wrong with one public object."""
    name = f"lrtheory.{entry.id}"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unknown section Proof")
        found = validate(name)["errors"]
    # the fields of a result are its attributes, and nobody calls its constructor
    ignored = IGNORED | ({"PR01"} if inspect.isclass(entry.value) and issubclass(entry.value, Result) else set())
    return [f"{name}: {code} {text}" for code, text in found if code not in ignored]


def main() -> int:
    """Print all problems; 1 when there are some."""
    entries = all_entries()
    found = [line for entry in entries for line in problems(entry)]
    for folder in ("lrtheory", "proofs_checks", "figures"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found += riddles(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    print("\n".join([*found, f"{len(entries)} docstrings, {len(found)} problems"]))
    return int(bool(found) or not entries)


if __name__ == "__main__":
    sys.exit(main())
