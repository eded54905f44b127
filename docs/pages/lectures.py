"""The lecture of a system: the problem, every statement with what became of it, the figures, and where to go on."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory._front import abouts
from lrtheory._numbers import domains_of
from lrtheory.bounds import Derived, Statement
from pages.gallery import Picture
from pages.markup import escaped, heading, sentence, title

__all__ = ["lecture"]

ROOT = Path(__file__).resolve().parents[2]
#: how to read a statement, above those of every system
READING = """\
"Refuted by the same check" lists deliberate mistakes, called saboteurs: a wrong solver, a constant that is too strong,
a misprint of a paper or a hypothesis that was left out, each of which the check has to refute. Behind a paper stands
how it was read: in full or in its abstract; its authors' code (code); what others write of it (secondary); or from
memory, without the text (recalled).
"""


def lecture(system: str, pictures: list[Picture]) -> str:
    """The page of a system.

    Parameters
    ----------
    system : str
        Its folder.
    pictures : list of Picture
        The figures that were made.

    Returns
    -------
    str
        As reStructuredText.
    """
    statements = list(lrtheory.statements(f"{system}/*"))
    beside = formulas_beside(system)
    parts = [
        heading(title(system), "="),
        f"\\{abouts()[system].paper}\n",  # else the initial of an author would begin a list
        ways(system),
        f".. automodule:: lrtheory.{system}\n   :no-index:\n",
        heading("What is proved, and what was measured", "-"),
        READING,
        "Each statement names its source. What was measured, with all numbers, stands in "
        f":doc:`the evidence </evidence/{system}>`.\n"
        if evidence(system)
        else "",
        *(theorem(statement, beside.get(statement.id, ())) for statement in statements),
    ]
    if pictures:
        parts += [heading("Figures", "-"), *(picture.figure() for picture in pictures)]
    pages = [("Notebook", f"notebooks/{system}"), ("Functions", f"api/{system}"), ("Evidence", f"evidence/{system}")]
    rows = "\n".join(f"   {word} </{page}>" for word, page in pages if present(system, word))
    return "\n".join([*parts, f".. toctree::\n   :hidden:\n\n{rows}\n"])


def present(system: str, word: str) -> bool:
    """Whether a system has a page of this kind."""
    return {"Notebook": (ROOT / "notebooks" / f"{system}.py").exists(), "Evidence": evidence(system)}.get(word, True)


def evidence(system: str) -> bool:
    """Whether the statements of a system were measured."""
    return (ROOT / "docs" / "evidence" / f"{system}.md").exists()


def ways(system: str) -> str:
    """Links to the notebook, the functions and the evidence, and the command that shows the demo."""
    look = "      :ref-type: doc\n      :color: primary\n      :outline:\n"
    buttons = [
        f".. button-ref:: /{folder}/{system}\n{look}\n      {word}"
        for word, folder in (("Notebook", "notebooks"), ("Functions", "api"), ("Evidence", "evidence"))
        if present(system, word)
    ]
    items = "\n\n".join(f"   {button}" for button in buttons)
    parts = [f".. container:: ways\n\n{items}\n"]
    if asked := question_of_demo(system):
        install = "In a checkout, with ``pip install '.[demos]'``,"
        parts.append(f"{escaped(asked)} {install} ``lrtheory demo {system}`` shows it with sliders.\n")
    return "\n".join(parts)


def question_of_demo(system: str) -> str:
    """The question that a demo puts, read from its file, since a demo needs a library that the pages do not."""
    path = ROOT / "demos" / f"{system}.py"
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    stories = (call for call in calls if getattr(call.func, "id", "") == "Story")
    words = (word for story in stories for word in story.keywords if word.arg == "title")
    return next((ast.literal_eval(word.value) for word in words), "")


def formulas_beside(system: str) -> dict[str, list[Callable[..., Any]]]:
    """The formulas that stand in the room of a statement, each with the first statement below it, by ids."""
    found: dict[str, list[Callable[..., Any]]] = {}
    for name, module in list(sys.modules.items()):
        if not name.startswith(f"proofs_checks.{system}."):
            continue
        above: list[Callable[..., Any]] = []
        for one in vars(module).values():  # in the order in which they are written
            if callable(one) and getattr(one, "__module__", "") == name and domains_of(one) is not None:
                above.append(one)
            elif isinstance(one, Statement):
                found[one.id], above = above, []
    return found


def proved(formula: Callable[..., Any]) -> str:
    """A formula of a room, folded: its summary, domain, proof and sources, which no page of functions shows."""
    summary, _, rest = (inspect.getdoc(formula) or "").partition("\n\n")
    domain = re.search(r"^Domain: .*$", rest, re.MULTILINE)
    # each part as it stands: its backslashes and backticks are markup; but a dropdown has no headings and no footnotes
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", rest, flags=re.MULTILINE)[1:]
    told = {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}
    sources = " ".join(re.sub(r"^\.\. \[\d+\] ", "", told.get("References", ""), flags=re.MULTILINE).split())
    paragraphs = [escaped(summary), *([escaped(domain[0])] if domain else []), told.get("Proof", "")]
    paragraphs += [f"Source: {sources}"] if sources else []
    body = "\n\n".join(paragraphs).strip()
    indented = "\n".join(f"   {line}" if line else "" for line in body.splitlines())
    title = f"``{formula.__name__}({', '.join(inspect.signature(formula).parameters)})``"
    return f".. dropdown:: {title}\n\n{indented}\n"


def theorem(statement: Statement, beside: Collection[Callable[..., Any]] = ()) -> str:
    """One statement: what it says, its hypotheses and source, the proofs beside it, what the check caught."""
    name, source = statement.id.partition("/")[2], escaped(str(statement.source))
    if isinstance(statement.source, Derived):  # by its last name, under which it is documented
        formula = statement.source.theory
        here = not formula.__module__.startswith("lrtheory.")
        source = f"derived here, with the proof in {f'``{formula.__name__}``' if here else f'`{formula.__name__}`'}"
    lines = [
        f"{escaped(statement.says)}\n",
        f".. math:: {statement.tex}\n",
        f"*{statement.due.capitalize()}* ({statement.kind}). Source: {source}.",
    ]
    if statement.hypotheses:
        lines.append(f"Hypotheses: {escaped(', '.join(statement.hypotheses))}.")
    if statement.saboteurs:
        lines.append(f"Refuted by the same check: {escaped('; '.join(one.name for one in statement.saboteurs))}.")
    notes = [statement.notes, getattr(statement.claim, "reason", "")]
    lines += [escaped(sentence(note)) for note in notes if note]
    lines += ["", *map(proved, beside)] if beside else []
    body = "\n".join(f"   {line}" if line else "" for line in "\n".join(lines).splitlines())
    claimed = "recorded" if statement.due == "recorded" else "claimed"
    label = f".. _{statement.id}:\n\n"
    return f"{label}{heading(f'{name}: {statement.title}', '~')}\n.. container:: statement {claimed}\n\n{body}\n"
