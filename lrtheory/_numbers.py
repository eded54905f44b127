"""Ranges of the numbers of `theory`, whatever their kind: floats, Fractions, balls of a rigorous arithmetic."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import must, unmasked

__all__ = ["HUGE", "exact", "number", "numbers", "plain"]

#: what a finite number is at most, as an integer, since balls of a rigorous arithmetic meet no float
HUGE = int(sys.float_info.max)


def plain(value: Any) -> Any:
    """A number of an array library as a Python number, exact ones unchanged."""
    return value.item() if isinstance(value, (np.generic, np.ndarray)) and np.ndim(value) == 0 else value


def number(name: str, value: Any, low: Any = -HUGE, high: Any = HUGE, *, ends: str = "[]") -> Any:
    """A finite number in an interval; "(" and ")" leave its ends out.

    Parameters
    ----------
    name : str
        The argument, for the sentence of the error.
    value : number of any kind
        Compared with the ends of the interval and not converted.
    low, high : number of any kind
        The interval; an infinite end admits infinity.
    ends : str
        "[]", "(]", "[)" or "()".

    Returns
    -------
    number of any kind
        The value.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is NaN, infinite where that end is finite, or outside.
    """
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


def numbers(
    name: str, values: Any, low: Any = -HUGE, high: Any = HUGE, *, ends: str = "[]", length: int | None = None
) -> list[Any]:
    """The entries of an array or a sequence, ``length`` of them, each a finite number in an interval."""
    entries = to_numpy(unmasked(name, values))
    entries = entries.tolist() if hasattr(entries, "tolist") else entries
    if not isinstance(entries, Sequence) or isinstance(entries, (str, bytes)) or len(entries) == 0:
        raise must(name, "a sequence of at least one number", values)
    if length is not None and len(entries) != length:
        raise must(name, f"{length} numbers", values)
    return [number(name, entry, low, high, ends=ends) for entry in entries]


def exact(value: Any) -> Any:
    """An integer as a Fraction, so that quotients stay exact; everything else unchanged."""
    return Fraction(int(value)) if isinstance(value, (int, np.integer)) else value
