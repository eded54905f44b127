"""An algorithm of the caller's own, ``FILE.py:NAME`` or ``module:NAME``, imported and held against the signature."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from lrtheory._validation import must
from lrtheory.bounds import Statement, StatementError
from lrtheory.bounds.claims import Recorded
from lrtheory.bounds.deciding.checking import takes
from lrtheory.bounds.provenance.places import importable, modules
from lrtheory.cli.describing import arguments, signature

__all__ = ["loaded"]


def loaded(told: str, statement: Statement) -> Callable[..., Any]:
    """The function that an option names.

    Parameters
    ----------
    told : str
        A file or a module, a colon, and a name in it.
    statement : Statement
        Statement whose signature the function must have.

    Returns
    -------
    callable
        A solver.

    Raises
    ------
    ValueError
        If it is not of that form, or the statement puts no algorithm of the caller's to the test.
    FileNotFoundError
        If there is no such file.
    StatementError
        If the file or the module cannot be imported.
    ImportError
        If there is no such module, or it has no such name.
    TypeError
        If what is named cannot be called, or not with the arguments of a solver.
    """
    why = "it is recorded without a check" if isinstance(statement.claim, Recorded) else statement.closed.rstrip(".")
    if why:
        raise must("--solve", f"left out for {statement.id} ({why})", told)
    place, colon, name = told.rpartition(":")
    if not colon or not place or not name.isidentifier():
        raise must("--solve", "FILE.py:NAME or module:NAME", told)
    module = _from_file(place) if place.endswith(".py") else _from_path(place)
    if not hasattr(module, name):
        own = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise ImportError(f"{place} has no {name!r}; it has {', '.join(own[:8]) or 'nothing that can be called'}")
    solve = getattr(module, name)
    if not callable(solve):
        raise must("--solve", "something that can be called", solve, TypeError)
    _demand_signature(solve, told, statement)
    return solve


def _from_file(place: str) -> ModuleType:
    path = Path(place)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {place!r}, which --solve names")
    return modules(str(path.resolve()), path.resolve().parent)[0]


def _from_path(place: str) -> ModuleType:
    """A module by its dotted name, seen from the current folder too, as with `python -m`."""
    try:
        with importable(Path.cwd()):
            return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{place}.".startswith(f"{error.name}."):
            raise ModuleNotFoundError(f"there is no module {place!r}, which --solve names") from None
        raise
    except Exception as error:
        raise StatementError(f"{place} cannot be imported: {type(error).__name__}: {error}") from error


def _demand_signature(solve: Callable[..., Any], told: str, statement: Statement) -> None:
    """Refuse what could not be called, before anything runs."""
    given = arguments(statement)
    # each run is a call by itself, so the number of runs may be left out
    if takes(solve, *given) is False and not (statement.is_random and takes(solve, *given[:2])):
        found = f"{told}{inspect.signature(solve, follow_wrapped=False)}"
        raise must("--solve", f"called as {signature(statement)} for {statement.id}", found, TypeError)
