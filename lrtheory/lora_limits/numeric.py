"""Numbers of `theory`: their ranges, and which of them are doubles, Fractions, or balls of a rigorous arithmetic."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import must

__all__ = ["HUGE", "is_double", "largest", "matrix", "number", "plain"]

#: what a finite number is at most, as an integer, since balls of a rigorous arithmetic meet no float
HUGE = int(sys.float_info.max)


def number(name: str, value: Any, low: Any = -HUGE, high: Any = HUGE, *, ends: str = "[]") -> Any:
    """A finite number of any kind in an interval; "(" and ")" leave its ends out. Nothing is converted."""
    value = plain(value)
    try:
        above = low < value if ends[0] == "(" else low <= value
        inside = bool(above) and bool(value < high if ends[1] == ")" else value <= high)
    except (TypeError, ValueError) as error:
        raise must(name, "a number", value, TypeError) from error
    if isinstance(value, bool):
        raise must(name, "a number", value, TypeError)
    if not inside:
        left = "(-inf" if low == -HUGE else f"{ends[0]}{low}"
        right = "inf)" if high == HUGE else f"{high}{ends[1]}"
        raise must(name, f"in {left}, {right}", value)
    return value


def plain(value: Any) -> Any:
    """A NumPy number as a Python number, exact ones unchanged."""
    return value.item() if isinstance(value, (np.generic, np.ndarray)) and np.ndim(value) == 0 else value


def is_double(value: Any) -> bool:
    """Whether a number may go through floating-point functions: a float or an integer, no Fraction and no ball."""
    return isinstance(value, (int, float))


def largest(values: Any) -> Any:
    """The largest entry in absolute value; 0 of none."""
    table = np.abs(np.asarray(values))
    return plain(table.max()) if table.size else 0


def matrix(name: str, value: Any) -> np.ndarray:
    """A matrix of numbers of any kind on the host, as it is."""
    table = np.asarray(to_numpy(value))
    if table.ndim != 2 or table.size == 0:
        raise must(name, "a non-empty matrix", table.shape)
    return table
