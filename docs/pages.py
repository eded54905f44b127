"""Pages that are made from the project itself: one lecture per paper, the gallery, the table of arrays, notebooks."""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory._front import abouts
from lrtheory.bounds import Statement
from lrtheory.bounds.reporting import read_records

__all__ = ["write"]

ROOT = Path(__file__).resolve().parent.parent
MADE = ("api", "papers", "gallery", "notebooks", "about")
RECORDS = ROOT / "figures" / "out" / "quick"


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
    records: dict[str, Any] = read_records(RECORDS) if RECORDS.is_dir() else {}
    template = (docs / "system.rst.txt").read_text(encoding="utf-8")
    for system in lrtheory.SYSTEMS:
        (docs / "api" / f"{system}.rst").write_text(template.format(system=system, line="=" * len(system)))
        shown = pictures(docs, system, records.get(system, []))
        (docs / "papers" / f"{system}.rst").write_text(lecture(system, shown))
    (docs / "api" / "bounds.rst").write_text(BOUNDS)
    for notebook in sorted((ROOT / "notebooks").glob("*.py")):
        write_notebook(notebook, docs / "notebooks" / f"{notebook.stem}.ipynb")
    (docs / "gallery" / "index.md").write_text(gallery(docs))
    (docs / "about" / "arrays.md").write_text(table_of_arrays())
    for name, source in (("contributing", "CONTRIBUTING.md"), ("measured", "paper_repro.md")):
        links = ":relative-docs: docs/\n:relative-images:\n"
        (docs / "about" / f"{name}.md").write_text(f"```{{include}} ../../{source}\n{links}```\n")


#: what an author of statements imports
BOUNDS = """Statements of your own
======================

The notebook :doc:`/notebooks/your_first_theorem` is the way through it.

.. automodule:: lrtheory.bounds
   :members:
   :imported-members:

.. automodule:: lrtheory.bounds.instances
   :members:
   :imported-members:

.. automodule:: lrtheory.bounds.instances.oracles
   :members:
   :noindex:

.. automodule:: lrtheory.pytest
"""

# --- lectures --------------------------------------------------------------------------------------------------------


#: names that are more than the words of their folder
TITLES = {"alpha_rank": "alpha-Rank", "lora_limits": "Limits of LoRA"}


def lecture(system: str, shown: list[str]) -> str:
    """Problem and algorithms, then every statement with what became of it, the figures, and the notebook."""
    statements = lrtheory.statements(f"{system}/*")
    paper = abouts()[system].paper
    parts = [
        heading(TITLES.get(system, system.replace("_", " ").capitalize()), "="),
        f"\\{paper}\n",  # else the initial of an author would begin a list
        f".. automodule:: lrtheory.{system}\n   :no-index:\n",
        heading("What is proved, and what was measured", "-"),
        "Each statement names its source and how much of it was read; what was measured stands in "
        f":doc:`/about/measured`, with all numbers in :doc:`/evidence/{system}`.\n",
        *(theorem(statement) for statement in statements),
    ]
    if shown:
        parts += [heading("Figures", "-"), *shown]
    if (ROOT / "notebooks" / f"{system}.py").exists():
        parts += [
            heading("Try it", "-"),
            f"The notebook :doc:`/notebooks/{system}`, all functions: :doc:`/api/{system}`.\n",
        ]
    return "\n".join(parts)


def heading(text: str, line: str) -> str:
    """A title with its line."""
    return f"{escaped(text)}\n{line * 2 * len(text)}\n"


def escaped(text: str) -> str:
    """Text as it stands: no letter of it is markup."""
    return re.sub(r"([\\*_`|])", r"\\\1", text)


def theorem(statement: Statement) -> str:
    """One statement: what it says, under which hypotheses, where it stands, what the check caught."""
    lines = [
        heading(f"{statement.id.partition('/')[2]}: {statement.title}", "~"),
        f"{escaped(statement.says)}\n",
        f".. math:: {statement.tex}\n",
        f"*{statement.due.capitalize()}* ({statement.kind}). Source: {escaped(str(statement.source))}.",
    ]
    if statement.hypotheses:
        lines.append(f"Hypotheses: {escaped(', '.join(statement.hypotheses))}.")
    if statement.saboteurs:
        lines.append(f"Refuted by the same check: {escaped('; '.join(one.name for one in statement.saboteurs))}.")
    lines += [escaped(note) for note in (statement.notes, getattr(statement.claim, "reason", "")) if note]
    return "\n".join(lines) + "\n"


def write_notebook(source: Path, target: Path) -> None:
    """A notebook that is executed while the pages are built."""
    import jupytext

    jupytext.write(jupytext.read(source), target)


# --- pictures --------------------------------------------------------------------------------------------------------


def pictures(docs: Path, system: str, records: list[dict[str, Any]]) -> list[str]:
    """The figures of a system that were made, with what each claims."""
    found = []
    for record in records:
        name = record["figure"].partition("/")[2]
        picture = RECORDS / system / f"{name}.png"
        if picture.exists():
            shutil.copyfile(picture, docs / "gallery" / f"{system}--{name}.png")
            claims = "\n".join(f"- {escaped(claim)}" for claim, said in record["claims"].items() if said["holds"])
            title = escaped(record["title"])
            found.append(f".. figure:: ../gallery/{system}--{name}.png\n   :alt: {name}\n\n   {title}\n\n{claims}\n")
    return found


def gallery(docs: Path) -> str:
    """All pictures, by system."""
    parts = ["# Gallery\n"]
    for system in lrtheory.SYSTEMS:
        found = sorted((docs / "gallery").glob(f"{system}--*.png"))
        if found:
            parts.append(f"## {{doc}}`/papers/{system}`\n")
            parts += [f"![{picture.stem.partition('--')[2]}]({picture.name})\n" for picture in found]
    if len(parts) == 1:
        parts.append("No figures were made yet: `make figures`, then `make docs`.\n")
    return "\n".join(parts)


# --- arrays ----------------------------------------------------------------------------------------------------------


def table_of_arrays() -> str:
    """Which functions take arrays of any library, and where they compute."""
    lines = [
        "# Arrays\n",
        "*On the device* are functions of array-API code: they compute where the caller's arrays are, and return the "
        "caller's kind. *Through the host* are those that bring arrays to NumPy and the answer back. All others take "
        "NumPy and SciPy.\n",
        "JAX by itself keeps every number in 32 bits. Here float32 stays float32, and what NumPy would give in float64 "
        "or int64 comes back so, whatever the mode of JAX; computing further with it in the mode of 32 bits rounds it. "
        "JAX compiles each operation for each shape at its first use. Calls inside of `jax.jit`, `jax.grad` and "
        "`jax.vmap` are refused, since functions look at their numbers.\n",
        "| function | arrays of any library |",
        "| --- | --- |",
        *(f"| `{name}` | {where} |" for name, where in sorted(functions_of_arrays())),
    ]
    return "\n".join(lines) + "\n"


def functions_of_arrays() -> Iterator[tuple[str, str]]:
    """Name of a public function, and where it computes."""
    words = {"device": "on the device", "host": "through the host"}
    for system in lrtheory.SYSTEMS:
        for submodule in ("", ".baselines"):
            module = importlib.import_module(f"lrtheory.{system}{submodule}")
            for name in getattr(module, "__all__", ()):
                value = getattr(module, name)
                if inspect.isfunction(value) and hasattr(value, "arrays"):
                    yield f"{system}{submodule}.{name}", words[value.arrays]
