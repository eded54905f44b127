"""One line of a kernel, replaced and interpreted while a solver runs, under every name by which the kernel is known.

A kernel may have been imported by name into other modules, and compiled callers keep the kernel that they were compiled
with. So the changed kernel takes the place of the old one in every module, and all its callers are interpreted too. A
changed kernel that no run has reached would be a sabotage of nothing: the check reports it as an error.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from lrtheory.bounds.errors import StatementError

__all__ = ["Patch", "patched"]

_REACHED = "_reached_by_a_solver"  # a name in the globals of a changed kernel, which calls it first of all


@dataclass(frozen=True)
class Patch:
    """Source text of a kernel to be replaced.

    Attributes
    ----------
    kernel : callable
        A compiled kernel or a plain function, looked up by its name in its own module.
    old, new : str
        The text to replace, which must occur exactly once, and its replacement.
    """

    kernel: Any
    old: str
    new: str

    def mutant(self) -> Any:
        """The changed function, as plain Python in the namespace of its module.

        Returns
        -------
        function
            Answers through ``mutant.py_func`` too, as a compiled kernel does.

        Raises
        ------
        StatementError
            If the old text does not occur exactly once.
        """
        function = _plain(self.kernel)
        source = textwrap.dedent(inspect.getsource(function))
        if source.count(self.old) != 1:
            raise StatementError(f"{self.old!r} occurs {source.count(self.old)} times in {function.__name__}, not once")
        definition = ast.parse(source.replace(self.old, self.new)).body[0]
        assert isinstance(definition, ast.FunctionDef)
        definition.decorator_list = []  # or `kernel` would compile the changed function
        definition.body[:0] = ast.parse(f"{_REACHED}()").body
        tree = ast.fix_missing_locations(ast.Module([definition], []))
        namespace: dict[str, Any] = {}
        exec(compile(tree, f"<mutant of {function.__name__}>", "exec"), function.__globals__, namespace)
        mutant = namespace[function.__name__]
        mutant.py_func = mutant
        return mutant


def _plain(kernel: Any) -> Any:
    """The Python function of a kernel; below a decorator, since a wrapper has the namespace of another module."""
    return inspect.unwrap(getattr(kernel, "py_func", kernel))


@contextmanager
def patched(patch: Patch | None) -> Iterator[set[Patch]]:
    """Context in which every module has the changed kernel, and its callers interpreted.

    Parameters
    ----------
    patch : Patch or None
        None changes nothing.

    Yields
    ------
    set of Patch
        Holds the patch as soon as the changed kernel has been called.

    Raises
    ------
    StatementError
        If the kernel is not what its module has under its name.
    """
    reached: set[Patch] = set()
    if patch is None:
        yield reached
        return
    names = _plain(patch.kernel).__globals__
    names[_REACHED] = lambda: reached.add(patch)
    exchanged = _exchanged(patch)
    try:
        for module, name, _, new in exchanged:
            setattr(module, name, new)
        yield reached
    finally:
        for module, name, old, _ in exchanged:
            setattr(module, name, old)
        del names[_REACHED]


@functools.lru_cache(maxsize=1024)
def _exchanged(patch: Patch) -> list[tuple[ModuleType, str, Any, Any]]:
    """Module, name, old and new value of everything that changes: the kernel, and its callers at any remove."""
    function = _plain(patch.kernel)
    home = sys.modules[function.__module__]
    if getattr(home, function.__name__, None) is not patch.kernel:
        raise StatementError(f"{function.__name__} is not the name of this kernel in {home.__name__}")
    modules = [one for one in list(sys.modules.values()) if isinstance(one, ModuleType)]
    new: dict[int, tuple[Any, Any]] = {id(patch.kernel): (patch.kernel, patch.mutant())}
    # The set of changed kernels is closed under "is called by": a caller of a changed kernel is exchanged as well, and
    # then its callers, until no new one is found.
    while True:
        bound = [
            (module, name, value)
            for module in modules
            for name, value in list(vars(module).items())
            if id(value) in new
        ]
        callers = [kernel for kernel in _callers(bound) if id(kernel) not in new]
        if not callers:
            return [(module, name, value, new[id(value)][1]) for module, name, value in bound]
        new |= {id(kernel): (kernel, _interpreted(kernel)) for kernel in callers}


def _callers(bound: list[tuple[ModuleType, str, Any]]) -> list[Callable[..., Any]]:
    """The kernels that call one of these names in their own module; a compiled caller holds the unpatched kernel."""
    found = []
    for module, name, _ in bound:
        for value in list(vars(module).values()):
            body = getattr(value, "py_func", None)
            if isinstance(body, FunctionType) and body.__module__ == module.__name__ and name in body.__code__.co_names:
                found.append(value)
    return found


def _interpreted(kernel: Any) -> Any:
    """A kernel as plain Python, with the attribute `py_func` that it has when compiled."""
    function = kernel.py_func
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    copy.py_func = copy  # type: ignore[attr-defined]
    return copy
