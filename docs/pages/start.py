"""The moving parts of the first page: cards by question, and the table of contents."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import lrtheory
from facts import facts
from pages.markup import sentence

__all__ = ["cards", "contents"]

ROOT = Path(__file__).resolve().parents[2]
FIRST = "your_first_theorem"  # the notebook that a reader takes first


def asked() -> list[dict[str, Any]]:
    """All questions; a system that nobody asks about gets one that is made of its docstring."""
    found: list[dict[str, Any]] = []
    for system in lrtheory.SYSTEMS:
        told = facts(system).get("question", [])
        found += [{"system": system, **one} for one in told]
        if not told:
            first = (importlib.import_module(f"lrtheory.{system}").__doc__ or system).splitlines()[0]
            name, _, rest = first.rstrip(".").partition(": ")
            found.append({"asks": name, "system": system, "answer": sentence(rest or name), "begin": []})
    return found


def cards() -> str:
    """One card a question, as Markdown: the question leads to the lecture, the names to the functions."""
    items = []
    for one in asked():
        begin = " ".join(f"{{py:obj}}`{name} <lrtheory.{one['system']}.{name}>`" for name in one["begin"])
        footer = f"\n\n:::{{card-footer}}\n{begin}\n:::" if begin else ""
        options = f":link: /papers/{one['system']}\n:link-type: doc"
        items.append(f"::::{{grid-item-card}} {one['asks']}\n{options}\n\n{one['answer']}{footer}\n::::")
    return "\n\n".join([":::::{grid} 1 2 2 3\n:gutter: 3\n:class-container: questions", *items, ":::::"]) + "\n"


def contents() -> str:
    """The tables of contents, of which the navigation is made, as Markdown."""
    questions = sorted({path.stem for path in (ROOT / "notebooks").glob("*.py")} - {*lrtheory.SYSTEMS, FIRST})
    start = ["files", "verdicts"] + [f"notebooks/{name}" for name in (FIRST, *questions)]
    start += ["authors", "gallery/index"]
    parts = {
        "Start": start,
        "Systems": [f"papers/{system}" for system in lrtheory.SYSTEMS],
        "Functions": ["api/front", "api/bounds", "about/arrays"],
        "The project": ["about/measured", "architecture", "about/contributing"],
    }
    tables = (f"```{{toctree}}\n:hidden:\n:caption: {name}\n\n" + "\n".join(rows) for name, rows in parts.items())
    return "\n".join(f"{table}\n```\n" for table in tables)
