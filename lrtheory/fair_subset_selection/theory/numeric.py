"""Numbers of `theory`: Fractions where the arguments are exact, floats otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lrtheory._numbers import HUGE, exact, numbers

__all__ = ["ROUNDING", "listed", "with_rounding"]

#: Ratios that agree up to this factor are equal: mean scores of m items are sums of a few rounded terms.
ROUNDING = 2.0**-47


def listed(name: str, values: Any, low: Any = -HUGE, *, ends: str = "[]", length: int | None = None) -> list[Any]:
    """Return the entries of an array or a sequence, at least `low` each (above it with "("); integers as Fractions."""
    return [exact(entry) for entry in numbers(name, values, low, ends=ends, length=length)]


def with_rounding(bound: Any, values: Sequence[Any]) -> Any:
    """Raise an upper bound on ratios of values by a few units of rounding where something is a float.

    Two ratios that are equal in theory can differ in the last bits, and the pair would fall out of a maximum or a
    minimum that it belongs to. Where all values are exact the bound is returned as it is.
    """
    return bound * (1 + ROUNDING) if any(isinstance(x, float) for x in (bound, *values)) else bound
