"""The statements of some places, found as module-level names; nothing registers itself."""

from __future__ import annotations

import difflib
import fnmatch
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from lrtheory._validation import must
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.finding.configuration import Configuration, configured
from lrtheory.bounds.provenance.origin import Origin
from lrtheory.bounds.provenance.places import beside, home, is_private, modules, parts, resolved
from lrtheory.bounds.statement import Statement

__all__ = ["Registry", "are_one", "located"]


@dataclass(frozen=True)
class _Found:
    """A statement as its author wrote it, and the module in which it stands."""

    original: Statement
    module: ModuleType


class Registry:
    """The statements of some places.

    A place is imported when one of its statements is asked for; of a package that has packages, first the one that is
    named like the statement's system. An ``__init__`` imports its modules in the order of a paper; the statements of a
    module come in the order in which they are written, those in lists, tuples and dictionaries too. In a package,
    modules that are called ``test_*.py`` and folders without an ``__init__`` are left out.

    Parameters
    ----------
    *places : str or path
        Dotted modules and packages, files, and globs of files, seen from the current folder; none means those of the
        configuration.
    configuration : Configuration or None
        Configuration in place of the nearest ``pyproject.toml``.

    Raises
    ------
    StatementError
        If a place does not exist, or the configuration is not well formed.
    TypeError
        If a place is neither a string nor a path.
    """

    def __init__(self, *places: str | os.PathLike[str], configuration: Configuration | None = None) -> None:
        for place in places:
            if not isinstance(place, (str, os.PathLike)):
                raise must("places", "dotted modules, files and globs of files", place, TypeError)
        found = configured() if configuration is None else configuration
        # a place that the caller names stands in commands, and has no configuration of its own
        self.configuration = Configuration(Path.cwd(), tuple(map(str, places))) if places else found
        self._named = bool(places)
        root = self.configuration.root
        self.places = [one for place in self.configuration.statements for one in resolved(place, root)]
        self._parts = {place: parts(place, root) for place in self.places}
        self._covered = [home(place, root).resolve() for place in self.places]
        self._loaded: dict[str, dict[str, Statement]] = {}
        self._found: dict[str, _Found] = {}

    @property
    def systems(self) -> tuple[str, ...]:
        """The systems that have statements, in their order."""
        return tuple(dict.fromkeys(statement.system for statement in self))

    def _of(self, place: str) -> dict[str, Statement]:
        """The statements of a place without those of the packages in it, or of such a package, by their ids."""
        if place not in self._loaded:
            found: dict[str, _Found] = {}
            loaded = modules(place, self.configuration.root, inner=not self._parts.get(place))
            for module in loaded:
                for value in _statements(module):
                    before = found.get(value.id) or self._found.get(value.id)
                    if before is None:
                        found[value.id] = _Found(value, module)
                    elif not are_one(before.original, value):
                        raise StatementError(
                            f"{value.id} stands twice: in {_named(before.module)} and in {_named(module)}; one of them "
                            "needs another id"
                        )
            # only now, so that an error is the same one when the place is asked for again
            self._found |= found
            self._loaded[place] = {
                id: replace(one.original, origin=self._origin(one.original.system, place, loaded[0]))
                for id, one in found.items()
            }
        return self._loaded[place]

    def _within(self, place: str) -> list[str]:
        """A place, and the packages in it."""
        return [place, *self._parts[place].values()]

    def _origin(self, system: str, place: str, first: ModuleType) -> Origin:
        """Where the statements of a place are found, and what their evidence rests on; `first` is its first module."""
        told, file = self.configuration, Path(first.__file__ or "")
        is_file = place.endswith(".py")
        outer = next((outer for outer, inner in self._parts.items() if place in inner.values()), place)
        command = (os.path.relpath(place) if is_file else outer) if self._named else ""
        # evidence rests on all of a package, whose statements share helpers, or on a file and what it imports beside it
        own = [file.parent] if hasattr(first, "__path__") else [file, *(beside(file) if is_file else {}).values()]
        sources = [told.root / one.replace("{system}", system) for one in told.sources]
        files = tuple(str(path) for path in (*sources, *own) if path.exists())
        return Origin(Path(place).stem if is_file else outer, command, files, told.versions)

    def __iter__(self) -> Iterator[Statement]:
        for place in self.places:
            for one in self._within(place):
                yield from self._of(one).values()

    def __getitem__(self, id: str) -> Statement:
        # a package that is named like the system is tried alone first, since importing all of them takes seconds
        for inner in self._parts.values():
            part = inner.get(id.partition("/")[0])
            if part is not None and id in self._of(part):
                return self._of(part)[id]
        known = {statement.id: statement for statement in self}
        if id in known:
            return known[id]
        lower = {name.lower(): name for name in known}
        near = [lower[name] for name in difflib.get_close_matches(id.lower(), lower, n=3, cutoff=0.5)]
        raise KeyError(
            f"`id` must be the id of a statement; got {id!r}." + (f" Near: {', '.join(near)}." if near else "")
        )

    def in_file(self, path: Path) -> list[Statement]:
        """The statements of a file; only the place, or the package within one, to which it belongs is imported."""
        root, path = self.configuration.root, path.resolve()
        for place in self.places:
            for one in reversed(self._within(place)):  # a package lies in the folder of the place too
                if path.is_relative_to(home(one, root).resolve()):
                    return [found for found in self._of(one).values() if self.file(found.id) == str(path)]
        return []

    def may_hold(self, path: Path) -> bool:
        """Whether a file that belongs to a place may hold statements: a file that is a place itself is not imported."""
        return self.is_place(path) or bool(self.in_file(path))

    def is_place(self, path: Path) -> bool:
        """Whether a file is itself a place."""
        return path.resolve() in [Path(place).resolve() for place in self.places if place.endswith(".py")]

    def covers(self, path: Path) -> bool:
        """Whether a file belongs to one of the places, told without an import."""
        return any(path.resolve().is_relative_to(home) for home in self._covered)

    def file(self, id: str) -> str:
        """The file in which a statement stands."""
        return str(Path(self._found[id].module.__file__ or "").resolve())

    def original(self, id: str) -> Statement:
        """A statement as the object that its module has."""
        return self._found[id].original

    def ids(self) -> list[str]:
        """All ids, place by place, and in a paper's order where an `__init__` gives it."""
        return [statement.id for statement in self]

    def saboteurs(self) -> list[tuple[str, str]]:
        """All pairs of an id and the name of a saboteur."""
        return [(statement.id, one.name) for statement in self for one in statement.saboteurs]

    def matching(self, pattern: str = "*") -> list[Statement]:
        """The statements whose id matches a shell pattern, or contains it."""
        glob = pattern if any(mark in pattern for mark in "*?[") else f"*{pattern}*"
        return [statement for statement in self if fnmatch.fnmatch(statement.id.lower(), glob.lower())]


_ID = re.compile(r"[^/:*?~\[\]\s]+/[^/:*?~\[\]\s]+")


def _statements(module: ModuleType) -> list[Statement]:
    """The statements of a module, also those in its lists, tuples and dictionaries.

    What an ``__init__`` has imported from below it belongs to the module below.
    """
    found = [one for value in vars(module).values() for one in _listed(value)]
    if found and hasattr(module, "__path__"):
        prefix = f"{module.__name__}."
        below = [one for name, one in list(sys.modules.items()) if name.startswith(prefix)]
        found = [one for one in found if not any(_names(inner, one) for inner in below)]
    for one in found:
        # or a command could not ask for it: these letters are those of places and of patterns
        if not isinstance(one.id, str) or not _ID.fullmatch(one.id):
            rule = "<system>/<item> without spaces, colons, and the letters * ? [ ] of patterns"
            raise StatementError(f"{_named(module)}: {must('id', rule, one.id)}")
    return found


def _listed(value: Any) -> list[Statement]:
    """A statement itself, or those that a list, a tuple or a dictionary holds."""
    # by types and not by isinstance, which asks objects of other packages for a class: some then warn or raise
    kind = type(value)
    if issubclass(kind, dict):
        items: Iterable[Any] = dict.values(value)  # their own `values` may import what they only name
    else:
        items = value if issubclass(kind, (list, tuple)) else [value]
    return [one for one in items if issubclass(type(one), Statement)]


def _names(module: ModuleType, statement: Statement) -> list[tuple[str, int]]:
    """The names under which a module has this very statement, and its position where the name is that of a list."""
    listed = ((name, _listed(value)) for name, value in list(vars(module).items()))
    return [(name, position) for name, some in listed for position, one in enumerate(some) if one is statement]


def are_one(first: Statement, second: Statement) -> bool:
    """Whether two statements of one id are one: the same object, or the same name of the same file.

    A file that is a place may be imported by another one under its ordinary name, and is then run twice.
    """
    if first is second:
        return True
    loaded = [one for one in list(sys.modules.values()) if isinstance(one, ModuleType)]
    loaded = [one for one in loaded if getattr(one, "__file__", None) is not None]
    here, there = (
        {(one.__file__, *name) for one in loaded for name in _names(one, statement)} for statement in (second, first)
    )
    return bool(here & there)


def _named(module: ModuleType) -> str:
    """The name of a module in a sentence; of one that was imported from a file, that file."""
    return os.path.relpath(module.__file__ or "") if is_private(module.__name__) else module.__name__


def located(statement: Statement) -> Statement:
    """A statement that was handed over as an object, with the module in which it stands.

    Parameters
    ----------
    statement : Statement
        Perhaps of a module that is imported, perhaps made in a notebook.

    Returns
    -------
    Statement
        Statement that knows its origin, where one is found; what was made in a notebook has none.
    """
    if statement.origin.collection:
        return statement
    # a statement is a module-level name, so the module that has it under some name is its home
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or not isinstance(module, ModuleType) or not _names(module, statement):
            continue
        by_file, there = is_private(name) or name == "__main__", Path(file).is_file()
        if by_file and not there:  # a script that was typed in, whose statements no command can find
            continue
        place = os.path.relpath(file) if by_file else name
        # a module in an archive has no file of its own, and its evidence rests on the engine alone
        return replace(statement, origin=Origin(Path(file).stem if by_file else name, place, (str(file),) * there))
    return statement
