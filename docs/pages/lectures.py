"""The lecture of a system: the problem, every statement with what became of it, the figures, and where to go on."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory._front import abouts
from lrtheory._numbers import domains_of
from lrtheory.bounds import Statement
from pages.gallery import Picture
from pages.markup import escaped, heading, title
from pages.theorems import boxed

__all__ = ["formulas_beside", "lecture"]

ROOT = Path(__file__).resolve().parents[2]
#: how to read a statement, above those of every system
READING = """\
Each statement names its source, and has a page with its hypotheses, proof, both sides and the deliberate mistakes that
the same check has to refute. Behind a paper stands how it was read: in full or in its abstract; its authors' code
(code); what others write of it (secondary); or from memory, without the text (recalled).
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
    parts = [
        heading(title(system), "="),
        f"\\{abouts()[system].paper}\n",  # else the initial of an author would begin a list
        ways(system),
        f".. automodule:: lrtheory.{system}\n   :no-index:\n",
        heading("What is proved, and what was measured", "-"),
        READING,
        f"What was measured, with all numbers, stands in :doc:`the evidence </evidence/{system}>`.\n"
        if evidence(system)
        else "",
        *map(short, statements),
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


def short(statement: Statement) -> str:
    """One statement: what it says, whether it is supported, and the way to its page."""
    name = statement.id.partition("/")[2]
    more = f":ref:`Proof, sides, saboteurs and how to try your own <{statement.id}>`"
    return f"{heading(f'{name}: {statement.title}', '~')}\n{boxed(statement, more)}"
