"""One line of a kernel, replaced and interpreted for the time of one check."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from lrtheory.bounds.errors import StatementError

__all__ = ["Patch", "patched"]


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
        function = getattr(self.kernel, "py_func", self.kernel)
        source = textwrap.dedent(inspect.getsource(function))
        if source.count(self.old) != 1:
            raise StatementError(f"{self.old!r} occurs {source.count(self.old)} times in {function.__name__}, not once")
        tree = ast.parse(source.replace(self.old, self.new))
        definition = tree.body[0]
        assert isinstance(definition, ast.FunctionDef)
        definition.decorator_list = []
        namespace: dict[str, Any] = {}
        exec(compile(tree, f"<mutant of {function.__name__}>", "exec"), function.__globals__, namespace)
        mutant = namespace[function.__name__]
        mutant.py_func = mutant
        return mutant


@contextmanager
def _in_force(patch: Patch) -> Iterator[None]:
    function = getattr(patch.kernel, "py_func", patch.kernel)
    module = sys.modules[function.__module__]
    if getattr(module, function.__name__) is not patch.kernel:
        raise StatementError(f"{function.__name__} is not the name of this kernel in {module.__name__}")
    before = {function.__name__: patch.kernel}
    setattr(module, function.__name__, patch.mutant())
    try:
        for name, caller in _callers(module, function.__name__):
            before[name] = caller
            setattr(module, name, _interpreted(caller))
        yield
    finally:
        for name, kernel in before.items():
            setattr(module, name, kernel)


def _callers(module: ModuleType, name: str) -> list[tuple[str, Any]]:
    """The kernels of a module that call a kernel, at first or second hand: compiled, they would keep the old one."""
    kernels = {key: value for key, value in vars(module).items() if hasattr(value, "py_func")}
    found: list[tuple[str, Any]] = []
    reached = {name}
    while True:
        new = [key for key in kernels if key not in reached and reached & set(kernels[key].py_func.__code__.co_names)]
        if not new:
            return found
        found += [(key, kernels[key]) for key in new]
        reached.update(new)


def _interpreted(kernel: Any) -> Any:
    """A kernel as plain Python, with the attribute `py_func` that it has when compiled."""
    function = kernel.py_func
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    copy.py_func = copy  # type: ignore[attr-defined]
    return copy


def patched(patch: Patch | None) -> Any:
    """Context in which the module's name stands for the mutant, and its callers in the module are interpreted.

    Other modules see the mutant when they call it by the module's name, ``module.kernel(...)``.
    """
    return nullcontext() if patch is None else _in_force(patch)
