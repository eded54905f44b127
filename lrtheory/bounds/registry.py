"""All statements of a package, found as module-level names; nothing registers itself."""

from __future__ import annotations

import difflib
import fnmatch
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.statement import Statement

__all__ = ["Registry"]


class Registry:
    """The statements of a package with one subpackage a system.

    A system is imported when one of its statements is asked for. Its ``__init__`` imports its modules in the order of
    the paper; a module's statements come in the order in which they are written.

    Parameters
    ----------
    package : module
        Usually `proofs_checks`.
    """

    def __init__(self, package: ModuleType) -> None:
        self.package = package
        self.systems = tuple(m.name for m in pkgutil.iter_modules(package.__path__) if m.ispkg)
        self._statements: dict[str, dict[str, Statement]] = {}

    def _of(self, system: str) -> dict[str, Statement]:
        if system not in self._statements:
            self._statements[system] = _collected(importlib.import_module(f"{self.package.__name__}.{system}"), system)
        return self._statements[system]

    def __iter__(self) -> Iterator[Statement]:
        for system in self.systems:
            yield from self._of(system).values()

    def __getitem__(self, id: str) -> Statement:
        system = id.partition("/")[0]
        if system in self.systems and id in self._of(system):
            return self._of(system)[id]
        known = [statement.id for statement in self]
        lower = {name.lower(): name for name in known}
        near = [lower[name] for name in difflib.get_close_matches(id.lower(), lower, n=3, cutoff=0.5)]
        raise KeyError(
            f"`id` must be the id of a statement; got {id!r}." + (f" Near: {', '.join(near)}." if near else "")
        )

    def ids(self) -> list[str]:
        """All ids, system by system in the order of the papers."""
        return [statement.id for statement in self]

    def saboteurs(self) -> list[tuple[str, str]]:
        """All pairs of an id and the name of a saboteur."""
        return [(statement.id, one.name) for statement in self for one in statement.saboteurs]

    def matching(self, pattern: str = "*") -> list[Statement]:
        """The statements whose id matches a shell pattern, or contains it."""
        glob = pattern if any(mark in pattern for mark in "*?[") else f"*{pattern}*"
        return [statement for statement in self if fnmatch.fnmatch(statement.id.lower(), glob.lower())]


def _collected(package: ModuleType, system: str) -> dict[str, Statement]:
    found: dict[str, Statement] = {}
    modules = [
        m for m in vars(package).values() if isinstance(m, ModuleType) and m.__name__.startswith(package.__name__)
    ]
    for module in modules:
        for value in vars(module).values():
            if not isinstance(value, Statement) or found.get(value.id) is value:
                continue
            if value.id in found or value.system != system:
                raise StatementError(f"{value.id} stands twice, or in the folder of {system}")
            found[value.id] = value
    return found
