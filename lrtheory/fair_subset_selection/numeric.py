"""Numbers of `theory`: their ranges, Fractions where the arguments are exact, floats otherwise."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import must

__all__ = ["HUGE", "ROUNDING", "exact", "listed", "number", "with_rounding"]

#: what a finite number is at most, as an integer, since balls of a rigorous arithmetic meet no float
HUGE = int(sys.float_info.max)

#: Ratios that agree up to this factor are equal: mean scores of m items are sums of a few rounded terms.
ROUNDING = 2.0**-47


def number(name: str, value: Any, low: Any = -HUGE, high: Any = HUGE, *, ends: str = "[]") -> None:
    """Refuse what is no finite number, or is outside of an interval; "(" and ")" leave its ends out.

    Numbers of any kind are compared and none is converted: floats, Fractions, balls of a rigorous arithmetic.
    """
    plain = value.item() if isinstance(value, np.generic) else value
    try:
        above = low < plain if ends[0] == "(" else low <= plain
        inside = bool(above) and bool(plain < high if ends[1] == ")" else plain <= high)
    except (TypeError, ValueError) as error:
        raise must(name, "a number", value, TypeError) from error
    if isinstance(plain, bool):
        raise must(name, "a number", value, TypeError)
    if not inside:
        left = "(-inf" if low == -HUGE else f"{ends[0]}{low}"
        right = "inf)" if high == HUGE else f"{high}{ends[1]}"
        raise must(name, f"in {left}, {right}", value)


def exact(value: Any) -> Any:
    """An integer as a Fraction, so that quotients stay exact; everything else unchanged."""
    return Fraction(int(value)) if isinstance(value, (int, np.integer)) else value


def listed(name: str, values: Any, low: Any = -HUGE, *, ends: str = "[]", length: int | None = None) -> list[Any]:
    """The entries of an array or a sequence, at least `low` each (above it with "("); integers as Fractions."""
    entries = to_numpy(values)
    entries = entries.tolist() if hasattr(entries, "tolist") else entries
    if not isinstance(entries, Sequence) or len(entries) == 0:
        raise must(name, "a sequence of at least one number", values)
    if length is not None and len(entries) != length:
        raise must(name, f"{length} numbers, one for each item", values)
    for entry in entries:
        number(name, entry, low, ends=ends)
    return [exact(entry) for entry in entries]


def with_rounding(bound: Any, values: Sequence[Any]) -> Any:
    """An upper bound on ratios of values: a few units of rounding larger where something is a float, else itself."""
    return bound * (1 + ROUNDING) if any(isinstance(x, float) for x in (bound, *values)) else bound
