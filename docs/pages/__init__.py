"""Pages that are made from the project itself: what stands on disk appears, and no list is edited."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory.bounds.reporting import read_records
from pages.arrays import table_of_arrays
from pages.evidence import Entry, entries
from pages.functions import write_functions
from pages.gallery import RECORDS, gallery, pictures
from pages.lectures import formulas_beside, lecture
from pages.markup import heading, title
from pages.start import cards, contents
from pages.theorems import theorem

__all__ = ["write"]

ROOT = Path(__file__).resolve().parents[2]
MADE = ("api", "papers", "gallery", "notebooks", "about", "theorems")


def write(docs: Path) -> None:
    """All of them; a new system appears by being there.

    Parameters
    ----------
    docs : Path
        The folder of the sources.
    """
    for name in MADE:
        shutil.rmtree(docs / name, ignore_errors=True)
        (docs / name).mkdir()
    # tests keep arrays in this folder, and records only stand there after `make figures`
    records: dict[str, Any] = read_records(RECORDS) if any(RECORDS.glob("*/*.json")) else {}
    shown = {system: pictures(docs, system, records.get(system, [])) for system in lrtheory.SYSTEMS}
    for system in lrtheory.SYSTEMS:
        (docs / "papers" / f"{system}.rst").write_text(lecture(system, shown[system]), encoding="utf-8")
        write_functions(docs, system, head_of_functions(system))
        write_theorems(docs / "theorems" / system, system)
    write_functions(docs, "bounds", BOUNDS)
    (docs / "api" / "front.rst").write_text(FRONT, encoding="utf-8")
    (docs / "gallery" / "index.rst").write_text(gallery(shown), encoding="utf-8")
    for notebook in sorted((ROOT / "notebooks").glob("*.py")):
        write_notebook(notebook, docs / "notebooks" / f"{notebook.stem}.ipynb")
    write_about(docs / "about")


def head_of_functions(system: str) -> str:
    """The beginning of the page with the functions of a system: its name in words, the way back, its name in Python."""
    name = heading(f"Functions of {title(system)}", "=")
    way = f".. rst-class:: up\n\n:doc:`{title(system)} </papers/{system}>`\n"
    return f"{name}\n{way}\n.. py:module:: lrtheory.{system}\n\n``lrtheory.{system}``\n"


def write_theorems(folder: Path, system: str) -> None:
    """A page for each statement of a system."""
    folder.mkdir()
    beside, measured = formulas_beside(system), entries(system)
    for one in lrtheory.statements(f"{system}/*"):
        page = theorem(one, beside.get(one.id, ()), measured.get(one.id, Entry()))
        (folder / f"{one.id.partition('/')[2]}.rst").write_text(page, encoding="utf-8")


def write_about(folder: Path) -> None:
    """The pages about the project, and the pieces of the first page, which are no pages of their own."""
    (folder / "cards.txt").write_text(cards(), encoding="utf-8")
    (folder / "contents.txt").write_text(contents(), encoding="utf-8")
    (folder / "arrays.md").write_text(table_of_arrays(), encoding="utf-8")
    for name, source in (("contributing", "CONTRIBUTING.md"), ("measured", "paper_repro.md")):
        links = ":relative-docs: docs/\n:relative-images:\n"
        (folder / f"{name}.md").write_text(f"```{{include}} ../../{source}\n{links}```\n", encoding="utf-8")


def write_notebook(source: Path, target: Path) -> None:
    """A notebook that is executed while the pages are built."""
    import jupytext

    jupytext.write(jupytext.read(source), target)


#: what an author of statements imports
BOUNDS = """Statements of your own
======================

The notebook :doc:`/notebooks/your_first_theorem` is the way through it.

.. automodule:: lrtheory.bounds

.. automodule:: lrtheory.pytest
"""

#: what stands in front of all systems
FRONT = """lrtheory
========

.. automodule:: lrtheory

.. autofunction:: lrtheory.check
.. autofunction:: lrtheory.check_all
.. autofunction:: lrtheory.statements
.. autofunction:: lrtheory.report
.. autofunction:: lrtheory.warmup
"""
