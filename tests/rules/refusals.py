"""What every table of refusals of a `theory` asks for: a row for each argument of each formula, and its sentence."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from types import ModuleType
from typing import Any

import pytest

__all__ = ["arguments_of", "assert_refused"]


def arguments_of(theory: ModuleType, without: Collection[str] = ()) -> set[tuple[str, str]]:
    """Name and argument of all public formulas, classes and the arguments in `without` left out."""
    formulas = {name: getattr(theory, name) for name in theory.__all__ if not inspect.isclass(getattr(theory, name))}
    pairs = {(name, argument) for name, f in formulas.items() for argument in inspect.signature(f).parameters}
    return {pair for pair in pairs if pair[1] not in without}


def assert_refused(formula: Any, args: Any, options: Any, argument: str, rule: str) -> None:
    """The call is refused, and the sentence begins with the argument and what it must be."""
    with pytest.raises((ValueError, TypeError)) as caught:
        formula(*args, **options)
    assert str(caught.value).startswith(f"`{argument}` must be {rule}")
