"""One line of a function, replaced while a solver runs, however the solver reaches the function.

A plain function gets other code, so that every name, class, decorator and table that has it sees the change. A compiled
kernel cannot change: compiled callers keep the kernel that they were compiled with. So its interpreted copy takes its
place in every module, and all its callers are interpreted too. A changed function that no run has reached would be a
sabotage of nothing: the check reports it as an error.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from numba.core.dispatcher import Dispatcher

from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.running.functions import REACHED, Changed, Found, changed, found

__all__ = ["Patch", "patched"]


@dataclass(frozen=True)
class Patch:
    """Source text of a function to be replaced.

    Attributes
    ----------
    kernel : object
        A function, a method as its class has it (``Class.method``), a property, or a compiled kernel of a module. Of
        something decorated the function below the decorators is changed, and they stay in force. A method that a class
        inherits is changed in the class that defines it, and so for all that inherit it.
    old, new : str
        The text to replace, which must occur exactly once, and its replacement.

    Raises
    ------
    StatementError
        If the kernel has no function in Python below it, or the texts are not strings that differ.
    """

    kernel: Any
    old: str
    new: str

    def __post_init__(self) -> None:
        if not (isinstance(self.old, str) and isinstance(self.new, str)) or self.old == self.new:
            raise StatementError(f"a patch replaces a text by another one; got {self.old!r} and {self.new!r}")
        found(self.kernel)

    def mutant(self) -> FunctionType:
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
        function = found(self.kernel).function
        new = changed(function, self.old, self.new)
        mutant = FunctionType(new.code, function.__globals__, function.__name__, new.defaults, function.__closure__)
        mutant.__kwdefaults__ = new.keywords
        mutant.py_func = mutant  # type: ignore[attr-defined]
        return mutant

    def remark(self) -> str:
        """A remark for the evidence where the function lies below what was named; empty where it does not."""
        at = found(self.kernel)
        return f"what is changed is {at.name} below its decorators, which stay" if at.below else ""


@dataclass(frozen=True)
class _Plan:
    """Changes to make: the function's own code, unless it is compiled, and names of modules with old and new values."""

    at: Found
    code: Changed | None
    exchanged: list[tuple[ModuleType, str, Any, Any]]


@contextmanager
def patched(patch: Patch | None) -> Iterator[set[Patch]]:
    """Context in which a function is changed, and its compiled callers are interpreted.

    Parameters
    ----------
    patch : Patch or None
        None changes nothing.

    Yields
    ------
    set of Patch
        Holds the patch as soon as the changed function has been called.

    Raises
    ------
    StatementError
        If the old text does not occur exactly once, or a compiled kernel is not what its module has under its name.
    """
    reached: set[Patch] = set()
    if patch is None:
        yield reached
        return
    plan = _plan(patch)
    function = plan.at.function
    before = function.__code__, function.__defaults__, function.__kwdefaults__
    try:
        function.__globals__[REACHED] = lambda: reached.add(patch)
        if plan.code is not None:
            _set(function, plan.code.code, plan.code.defaults, plan.code.keywords)
        for module, name, _, new in plan.exchanged:
            setattr(module, name, new)
        _forget(plan.at)  # or what was remembered would answer without the changed code
        yield reached
    finally:
        for module, name, old, _ in plan.exchanged:
            setattr(module, name, old)
        _set(function, *before)
        _forget(plan.at)  # or what the changed code answered would be remembered
        del function.__globals__[REACHED]


def _set(function: FunctionType, code: CodeType, defaults: Any, keywords: Any) -> None:
    function.__code__, function.__defaults__, function.__kwdefaults__ = code, defaults, keywords


def _forget(at: Found) -> None:
    for empty in at.forget:
        empty()


@functools.lru_cache(maxsize=1024)
def _plan(patch: Patch) -> _Plan:
    """The changes that a patch makes, found once: a search through all modules takes longer than most runs."""
    at = found(patch.kernel)
    if at.compiled is None:
        # a compiled caller may have its own version of a plain function (numba.extending.overload)
        return _Plan(at, changed(at.function, patch.old, patch.new), _exchanged({id(at.function): (at.function, None)}))
    if not isinstance(at.owner, ModuleType) or getattr(at.owner, at.function.__name__, None) is not at.compiled:
        raise StatementError(f"{at.name} is compiled, and is not what a module has under its name; patch it there")
    return _Plan(at, None, _exchanged({id(at.compiled): (at.compiled, patch.mutant())}))


def _exchanged(new: dict[int, tuple[Any, Any]]) -> list[tuple[ModuleType, str, Any, Any]]:
    """Module, name, old and new value of everything that is exchanged: kernels, and their callers at any remove.

    `new` maps the id of what is changed to itself and to what takes its place; None where it stays, with other code.
    """
    modules = [one for one in list(sys.modules.values()) if isinstance(one, ModuleType)]
    # by the type and not by isinstance, which asks objects of other packages for a class: some then warn or raise; and
    # type by type, of which the names of all modules have far fewer than values
    types = [set(map(type, list(vars(module).values()))) for module in modules]
    compiled = {one for one in set().union(*types) if issubclass(one, Dispatcher)}
    sought = compiled | {type(one) for one, value in new.values() if value is not None}
    bound = [
        (module, name, value)
        for module, of_module in zip(modules, types, strict=True)
        if not sought.isdisjoint(of_module)
        for name, value in list(vars(module).items())
        if type(value) in sought
    ]
    kernels = {id(value): value for _, _, value in bound if type(value) in compiled}
    # The set of changed kernels is closed under "is called by": a caller of a changed kernel is exchanged as well, and
    # then its callers, until no new one is found.
    while True:
        callers = [one for one in kernels.values() if id(one) not in new and _calls(one.py_func, new)]
        if not callers:
            break
        new = new | {id(one): (one, _interpreted(one.py_func, new)) for one in callers}
    replaced = {key: value for key, (_, value) in new.items() if value is not None}
    return [(module, name, value, replaced[id(value)]) for module, name, value in bound if id(value) in replaced]


def _calls(body: FunctionType, new: dict[int, Any]) -> bool:
    """Whether a function names one of these kernels: by a name of its own module, or as an attribute of a module."""
    if any(id(cell.cell_contents) in new for cell in body.__closure__ or ()):
        return True
    names = _names(body.__code__)
    seen: set[int] = set()
    values = [body.__globals__[name] for name in names if name in body.__globals__]
    while values:
        value = values.pop()
        if id(value) in new:
            return True
        if isinstance(value, ModuleType) and id(value) not in seen:
            # any name of the function may be an attribute of this module: too many callers do no harm
            seen.add(id(value))
            values += [vars(value)[name] for name in names if name in vars(value)]
    return False


@functools.lru_cache(maxsize=4096)
def _names(code: CodeType) -> frozenset[str]:
    """The names of globals and attributes in a code and in the functions and comprehensions within it."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return frozenset(code.co_names).union(*map(_names, inner))


def _interpreted(function: FunctionType, new: dict[int, tuple[Any, Any]]) -> FunctionType:
    """A kernel as plain Python, with the attribute `py_func` that it has when compiled."""
    # a kernel that was made within a function holds others in cells, and not by names that could be exchanged
    inner = [new.get(id(cell.cell_contents), (None, None))[1] for cell in function.__closure__ or ()]
    cells = [old if one is None else CellType(one) for old, one in zip(function.__closure__ or (), inner, strict=True)]
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(cells))
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.py_func = copy  # type: ignore[attr-defined]
    return copy
