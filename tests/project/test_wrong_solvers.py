"""Every wrong solver of the checks serves a saboteur; the checks themselves demand that each saboteur is refuted."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import lrtheory


def used(solve: Any) -> set[Callable[..., Any]]:
    """The functions inside a solver that may have been made with `partial`."""
    if isinstance(solve, partial):
        return {solve.func, *(value for value in solve.keywords.values() if callable(value))}
    return {solve}


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_every_wrong_solver_is_refuted_by_some_statement(system: str) -> None:
    wrong = importlib.import_module(f"proofs_checks.{system}.wrong_solvers")
    files = pkgutil.iter_modules(getattr(wrong, "__path__", []), f"{wrong.__name__}.")
    modules = [wrong, *(importlib.import_module(file.name) for file in files)]
    functions = {f for module in modules for _, f in inspect.getmembers(module, inspect.isfunction)}
    own = {f for f in functions if f.__module__.startswith(wrong.__name__) and f.__name__[0] != "_"}
    solvers = [one.changes.get("solve") for s in lrtheory.statements(f"{system}/*") for one in s.saboteurs]
    caught = set().union(*(used(solve) for solve in solvers if solve is not None))
    assert own
    assert own <= caught
