"""Validate the docstrings of everything public: ``python -m tests.docstrings``, a part of ``make lint``."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import warnings

from numpydoc.validate import validate

from lrtheory._result import Result
from tests.rules.public_names import ROOT, Entry, all_entries

#: what is not asked for: extended summaries, cross references, examples of methods, prose about returns, the order of
#: sections (a proof is a section of this house), and capitals at the start (a summary may start with a formula)
IGNORED = {"ES01", "EX01", "GL01", "GL02", "GL03", "GL06", "GL07", "GL08", "RT02", "RT03", "RT04", "RT05"}
IGNORED |= {"PR05", "PR06", "PR07", "PR08", "PR09", "SA01", "SS02", "SS04", "SS05", "SS06"}


#: beginnings and phrases of a summary that leave a stranger asking who, what or how many
RIDDLE = re.compile(
    r"^(The same|Those|What|How|So many|Whether it)\b|\bso many\b|what is there to|"
    r"\bis no (integer|mapping|array|number|string|float)\b|\bone an? (step|run|type|row|entry|system)\b"
)


def riddles(name: str, source: str) -> list[str]:
    """Summaries in a file, public or not, that say little without the text around them."""
    nodes = (n for n in ast.walk(ast.parse(source)) if isinstance(n, (ast.Module, ast.ClassDef, ast.FunctionDef)))
    summaries = ((ast.get_docstring(node) or "").partition("\n")[0] for node in nodes)
    return [f"{name}: a riddle: {summary}" for summary in summaries if RIDDLE.search(summary)]


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
