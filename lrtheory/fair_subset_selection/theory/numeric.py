"""Numbers of `theory`: Fractions where the arguments are exact, floats otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lrtheory._numbers import HUGE, exact, numbers

__all__ = ["ROUNDING", "listed", "with_rounding"]

#: Ratios that agree up to this factor are equal: mean scores of m items are sums of a few rounded terms.
ROUNDING = 2.0**-47


def listed(name: str, values: Any, low: Any = -HUGE, *, ends: str = "[]", length: int | None = None) -> list[Any]:
    """The entries of an array or a sequence, at least `low` each (above it with "("); integers as Fractions."""
    return [exact(entry) for entry in numbers(name, values, low, ends=ends, length=length)]


def with_rounding(bound: Any, values: Sequence[Any]) -> Any:
    """An upper bound on ratios of values: a few units of rounding larger where something is a float, else itself."""
    return bound * (1 + ROUNDING) if any(isinstance(x, float) for x in (bound, *values)) else bound
