"""A page for each public function and class, and for each package a page with tables of them."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import lrtheory
from pages.markup import heading, title

__all__ = ["Entry", "entries", "write_functions"]

#: the parts of a system besides its own functions, and what stands in them
ROOMS = {
    "problem": "What the functions take",
    "baselines": "Baselines",
    "theory": "Formulas of the theorems",
}


@dataclass(frozen=True)
class Entry:
    """A public function or class: its full name, the heading that it stands under, and its page within ``api``."""

    full: str
    group: str
    page: str
    is_class: bool
    summary: str

    @property
    def name(self) -> str:
        """Its last name."""
        return self.full.rpartition(".")[2]


def entries(package: str) -> list[Entry]:
    """What is public in a package and in its rooms, each once.

    Parameters
    ----------
    package : str
        Name of a package within ``lrtheory``.

    Returns
    -------
    list of Entry
        In the order of the page. No two have the same page, not even on a disk that takes capitals for small letters.
        A class of the core that several systems show is described with the last of them, as Sphinx allows it once.
    """
    found: list[Entry] = []
    met = _shown_later(package)
    pages: set[str] = set()
    for prefix, module in _modules(package):
        for name in _public(module):
            value = getattr(module, name)
            if id(value) in met or not (inspect.isclass(value) or inspect.isroutine(value)):
                continue
            met.add(id(value))
            page = f"{package}/{prefix}{name}"
            page += "-class" * (page.lower() in pages or _has_namesake(module, name))
            pages.add(page.lower())
            group = ROOMS.get(prefix.rstrip("."), prefix.rstrip(".").capitalize()) if prefix else _group(name, value)
            summary = " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())
            found.append(Entry(f"{module.__name__}.{name}", group, page, inspect.isclass(value), summary))
    return found


def _shown_later(package: str) -> set[int]:
    """The classes of the core that a later system shows, too."""
    systems = list(lrtheory.SYSTEMS)
    later = systems[systems.index(package) + 1 :] if package in systems else []
    modules = [importlib.import_module(f"lrtheory.{system}") for system in later]
    shown = (getattr(module, name) for module in modules for name in _public(module))
    return {id(one) for one in shown if inspect.isclass(one) and one.__module__.startswith("lrtheory._")}


def _modules(package: str) -> Iterator[tuple[str, ModuleType]]:
    """The package, then its rooms, with the prefix of their names."""
    name = f"lrtheory.{package}"
    module = importlib.import_module(name)
    yield "", module
    inside = {one for one in _public(module) if inspect.ismodule(getattr(module, one))}
    for room in [*(r for r in ROOMS if r in inside or r == "problem"), *sorted(inside - set(ROOMS))]:
        if importlib.util.find_spec(f"{name}.{room}") is not None or room in inside:
            yield f"{room}.", getattr(module, room, None) or importlib.import_module(f"{name}.{room}")


def _public(module: ModuleType) -> list[str]:
    """`__all__`, or the public names that the module defines itself."""
    own = [
        n for n, v in vars(module).items() if not n.startswith("_") and getattr(v, "__module__", "") == module.__name__
    ]
    return list(getattr(module, "__all__", own))


def _has_namesake(module: ModuleType, name: str) -> bool:
    """Whether a class differs from something beside it by capitals alone."""
    return name != name.lower() and name.lower() in _public(module)


def _group(name: str, value: Any) -> str:
    """The heading in front: what is called, what is held in the hand, what is drawn or loaded."""
    if inspect.isclass(value):
        return "Classes"
    return "Instances and data" if name.startswith(("make_", "load_", "sample_")) else "Functions"


# --- pages -----------------------------------------------------------------------------------------------------------


def write_functions(docs: Path, package: str, head: str) -> None:
    """The page of a package and one page for each of its functions.

    Parameters
    ----------
    docs : Path
        The folder of the sources.
    package : str
        Name of a package within ``lrtheory``.
    head : str
        What the page of the package begins with, as reStructuredText.
    """
    found = entries(package)
    (docs / "api" / package).mkdir(parents=True, exist_ok=True)
    parts = [head]
    for group in sorted({entry.group for entry in found}, key=_place(found)):
        inside = [entry for entry in found if entry.group == group]
        module = inside[0].full.rpartition(".")[0]
        # a room is documented by being here, so that its name leads to this heading
        room = f".. py:module:: {module}\n" if module != f"lrtheory.{package}" else ""
        parts += [heading(group, "-"), room, table(inside)]
    (docs / "api" / f"{package}.rst").write_text("\n".join(parts), encoding="utf-8")
    for entry in found:
        (docs / "api" / f"{entry.page}.rst").write_text(page(package, entry), encoding="utf-8")


def _place(found: list[Entry]) -> Callable[[str], int]:
    """Where a heading comes: what is called, what it takes and returns, what is drawn, then the rooms as they stand."""
    front = ["Functions", "Classes", "Instances and data"]
    rooms = [group for group in dict.fromkeys(entry.group for entry in found) if group not in front]
    return [*front, *rooms].index


def table(found: list[Entry]) -> str:
    """Names with the first sentence of each."""
    rows = "".join(f"   * - :py:obj:`~{entry.full}`\n     - {entry.summary}\n" for entry in found)
    return f".. list-table::\n   :class: functions\n   :widths: auto\n\n{rows}"


def page(package: str, entry: Entry) -> str:
    """The page of one function or class, which the page of its package leads to, and no table of contents."""
    up = f"Functions of {title(package)}" if package in lrtheory.SYSTEMS else "Statements of your own"
    way = f".. rst-class:: up\n\n:doc:`{up} </api/{package}>`\n"
    if entry.is_class:
        return "\n".join([":orphan:\n", heading(entry.name, "="), way, f".. autoclass:: {entry.full}\n   :members:\n"])
    # the function is all that the page holds, so a list of what is on the page would say its name again
    return "\n".join([":orphan:\n:hide-toc:\n", heading(entry.name, "="), way, f".. autofunction:: {entry.full}\n"])
