"""Checks of the numbers and arrays of `theory`, whatever their kind: doubles, Fractions, rigorous balls.

A formula computes with the kind of number that it is given, with one exception: integers are Python's, whatever array
or type they came in, since those of NumPy wrap around at the end of their range. The checks of solvers, which compute
in floating point, are those of `_validation`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import sparse, to_numpy
from lrtheory._validation import as_array, fits, must, unmasked

__all__ = [
    "HUGE",
    "any_of",
    "divergence",
    "entries",
    "exact",
    "gathered",
    "in_range",
    "inexact",
    "number",
    "numbers",
    "plain",
    "power",
    "table",
    "times_power",
]

#: what a finite number is at most, as an integer, since balls of a rigorous arithmetic meet no float
HUGE = int(sys.float_info.max)
#: up to here every integer is a double
EXACT_DOUBLES = 2**53
#: coefficients of (u - log(1 + u)) / u^2, the highest power first; the next term is below rounding up to |u| = 1/4
SERIES = [(-1) ** k / k for k in range(28, 1, -1)]


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
        The number itself, or the array, as `table` makes it.

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
        Array of the given shape. Integers and bools become Python integers in an object array, half precision becomes
        single, and all other entries keep their kind.

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
    found = _of_one_kind(found, values)
    # The least and the largest entry decide for all, and both are NaN where any entry is. Numbers of other kinds have
    # no order that NumPy knows (a ball may be neither below nor above an end), so each is asked.
    asked = found.ravel() if found.dtype.kind == "O" else [found.min(), found.max()] if found.size else []
    for entry in asked:
        number(name, entry, low, high, ends=ends)
    return found.astype(object) if found.dtype.kind in "iu" else found


def _of_one_kind(found: np.ndarray, values: Any) -> np.ndarray:
    """The array that NumPy made of values, without its integers among objects, its bools, and half precision."""
    if found.dtype.kind == "b":
        return found.astype(np.uint8)
    if found.dtype.kind == "O":
        return _objects(map(plain, found.flat), found.shape)
    if found.dtype.kind != "f":
        return found
    # NumPy makes doubles of integers that no type of its own holds together, such as 2^63 and -1
    if isinstance(values, Sequence) and found.size and max(found.max(), -found.min()) > EXACT_DOUBLES:
        given = [plain(entry) for entry in np.array(values, object).ravel()]
        if all(isinstance(entry, int) for entry in given):
            return _objects(given, found.shape)
    return found.astype(np.float32) if found.dtype == np.float16 else found


def _objects(entries: Iterable[Any], shape: tuple[int, ...]) -> np.ndarray:
    """An array of the entries as they are."""
    return np.fromiter(entries, object, math.prod(shape)).reshape(shape)


def exact(value: Any) -> Any:
    """An integer as a Fraction, so that quotients stay exact; everything else unchanged."""
    return Fraction(int(value)) if isinstance(value, (int, np.integer)) else value


def inexact(value: Any) -> Any:
    """Integers and Fractions as doubles, for functions whose values are not rational; everything else unchanged."""
    if isinstance(value, np.ndarray):
        rational = value.dtype.kind == "O" and all(isinstance(entry, (int, float, Fraction)) for entry in value.flat)
        return value.astype(np.float64) if rational else value
    return float(value) if isinstance(value, (int, Fraction, np.integer)) else value


def gathered(values: Any) -> np.ndarray:
    """An array in the type of its entries: doubles where all are doubles, objects where any is of another kind."""
    found = np.asarray(values)
    is_double = found.dtype.kind == "O" and found.size > 0 and all(isinstance(entry, float) for entry in found.flat)
    return found.astype(np.float64) if is_double else found


# --- doubles without cancellation, and without overflow on the way ----------------------------------------------------


def any_of(chance: Any, times: int) -> Any:
    """1 - (1 - p)^n for p in [0, 1], without cancellation where p is a double."""
    if not isinstance(chance, float):
        return 1 - (1 - chance) ** times
    return -math.expm1(times * math.log1p(-chance)) if chance < 1 else float(times > 0)


def divergence(y: Any, x: Any, *, gap: Any = None) -> Any:
    """y log(y / x) + x - y for x > 0 and y >= 0, which is never negative, without cancellation where y is near x.

    Of numbers or arrays of doubles; `gap` is x - y where it is known better than by subtraction. With u = (x - y) / y
    the value is y (u - log(1 + u)), whose series converges fast for small u.
    """
    gap = x - y if gap is None else gap
    if isinstance(y, np.ndarray):
        u = gap / y
        near = np.abs(u) < 0.25
        u = np.where(near, u, 0)
        return np.where(near, y * u * u * np.polyval(SERIES, u), y * (np.log(y) - np.log(x)) + gap)
    if not y > 0:
        return gap
    if not all(isinstance(value, (int, float, Fraction)) for value in (y, x)):
        return y * np.log(y / x) + gap
    u = float(gap / y)
    if abs(u) < 0.25:
        return y * u * u * float(np.polyval(SERIES, u))
    ratio = float(y / x)
    return y * (math.log(ratio) if 0 < ratio < math.inf else math.log(y) - math.log(x)) + gap


def in_range(formula: Callable[..., Any], *values: Any) -> Any:
    """A rational formula of numbers and arrays; where doubles leave their range on the way, it is computed exactly."""
    kinds = {type(entry) for value in values for entry in np.asarray(value).flat[:1]}
    with np.errstate(over="ignore", invalid="ignore"):
        found = formula(*values)
    if not any(issubclass(kind, (float, np.floating)) for kind in kinds) or np.isfinite(inexact(found)).all():
        return found
    return _doubles(formula(*map(_rational, values)))


def _rational(value: Any) -> Any:
    """Doubles as the Fractions that they are."""
    if isinstance(value, np.ndarray):
        return _objects(map(_rational, value.ravel().tolist()), value.shape)
    return Fraction(value) if isinstance(value, float) else value


def _doubles(value: Any) -> Any:
    """Fractions as the nearest doubles, infinite where these end."""
    if isinstance(value, np.ndarray):
        return np.array([_doubles(entry) for entry in value.flat], np.float64).reshape(value.shape)
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def power(base: Any, exponent: Any) -> Any:
    """A power of a number of at least 0, infinite where it is beyond the doubles."""
    try:
        return base**exponent
    except OverflowError:  # of Python's floats alone
        return math.inf


def times_power(value: Any, base: Any, exponent: int) -> Any:
    """value base^exponent for a base in (0, 1), also where the power alone is beyond the doubles."""
    if not (isinstance(base, float) and isinstance(value, (int, float))):
        return value * base**exponent
    left, step = abs(exponent), max(1, int(700 / -math.log(base)))
    while left and 0 < value < math.inf:
        once = base ** min(left, step)
        value, left = (value * once if exponent > 0 else value / once), left - min(left, step)
    return value
