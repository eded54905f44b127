"""Checks of the numbers and arrays of `theory`, whatever their kind: doubles, Fractions, rigorous balls.

Nothing is converted: a formula computes with the kind of number that it is given. The checks of solvers, which compute
in floating point, are those of `_validation`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import sparse, to_numpy
from lrtheory._validation import as_array, fits, must, unmasked

__all__ = ["HUGE", "entries", "exact", "number", "numbers", "plain", "table"]

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
        If it is not a number.
    ValueError
        If it is NaN, infinite where that end is finite, or outside.
    """
    value = plain(unmasked(name, value))  # NumPy's `masked` would count as 0
    if isinstance(value, np.ndarray):
        raise must(name, "a number", value, TypeError)
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
    if set(map(type, entries)) == {float} and all(low < entry < high for entry in entries):  # NaN is in no interval
        return list(entries)
    return [number(name, entry, low, high, ends=ends) for entry in entries]


def entries(name: str, values: Any, low: Any = -HUGE, high: Any = HUGE, *, ends: str = "[]") -> Any:
    """A number, or an array of numbers, each in an interval; see `number`.

    Parameters
    ----------
    name : str
        The argument, for the sentence of the error.
    values : number of any kind, or array or nested sequence of them
        An array of another library than NumPy is copied to the host.
    low, high, ends
        The interval, as in `number`.

    Returns
    -------
    number of any kind or np.ndarray
        The number itself, or the array; entries keep their kind.

    Raises
    ------
    TypeError
        If it is neither a number nor an array of numbers.
    ValueError
        If an entry is NaN, not finite or outside, or an array has a mask or rows of different lengths.
    """
    values = to_numpy(unmasked(name, values))
    is_sequence = isinstance(values, Sequence) and not isinstance(values, (str, bytes))
    if is_sequence or getattr(values, "ndim", 0) > 0:
        return table(name, values, low, high, ends=ends)
    return number(name, values, low, high, ends=ends)


def table(
    name: str,
    values: Any,
    low: Any = -HUGE,
    high: Any = HUGE,
    *,
    ends: str = "[]",
    shape: tuple[int | str, ...] | None = None,
) -> np.ndarray:
    """An array of numbers of any kind on the host, each in an interval; see `number`.

    Parameters
    ----------
    name : str
        The argument, for the sentence of the error.
    values : array of any library, scipy.sparse array or nested sequence
        A sparse one becomes dense.
    low, high, ends
        The interval, as in `number`.
    shape : tuple of int or str, or None
        The length of each axis; a letter stands for any length. None takes any shape.

    Returns
    -------
    np.ndarray
        Of the given shape; bools become int64, all other entries keep their kind.

    Raises
    ------
    TypeError
        If an entry is not a number.
    ValueError
        If an entry is NaN, not finite or outside, the shape is another, or the array has a mask.
    """
    found = values.toarray() if sparse.issparse(values) else as_array(name, to_numpy(values))
    if found.dtype.kind not in "biufO":
        raise must(name, "an array of numbers", values, TypeError)
    if shape is not None and not fits(found.shape, shape):
        raise must(name, f"of shape ({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})", found.shape)
    found = found.astype(np.int64) if found.dtype.kind == "b" else found
    # The least and the largest entry decide for all, and both are NaN where any entry is. Numbers of other kinds have
    # no order that NumPy knows (a ball may be neither below nor above an end), so each is asked.
    asked = found.ravel() if found.dtype.kind == "O" else [found.min(), found.max()] if found.size else []
    for entry in asked:
        number(name, entry, low, high, ends=ends)
    return found


def exact(value: Any) -> Any:
    """An integer as a Fraction, so that quotients stay exact; everything else unchanged."""
    return Fraction(int(value)) if isinstance(value, (int, np.integer)) else value
