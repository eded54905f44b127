"""Units that are powers of two: numbers of any size are squared without overflow, and no digit changes.

A solver divides what it is given by the power of two above its largest entry, and gives its answers in the caller's
units again. An input that is multiplied by a power of two so leads to the same digits.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, sparse

__all__ = ["bracket_in_units", "largest_of", "scaled", "true_value", "unit_of", "upper_value"]


#: below it doubles lose digits
LEAST = float(np.finfo(float).tiny)


def largest_of(values: Any) -> float:
    """The largest absolute value of the entries, without a copy of them; 0 where there is none."""
    if sparse.issparse(values):
        values = values.data
    if isinstance(values, np.ndarray):
        return max(float(values.max()), -float(values.min())) if values.size else 0.0
    xp = array_namespace(values)
    return max(float(xp.max(values)), -float(xp.min(values))) if 0 not in values.shape else 0.0


def unit_of(values: Any) -> int:
    """The exponent of the power of two just above the largest absolute value; 0 for zeros alone."""
    return math.frexp(largest_of(values))[1]


def scaled(values: np.ndarray, exponent: int) -> np.ndarray:
    """Multiply by a power of two, which changes no digit unless a number leaves the range of its type."""
    if exponent == 0:
        return values
    if abs(exponent) < 120:  # float32 ends at 2^128
        return values * values.dtype.type(2.0**exponent)
    return np.ldexp(values, max(exponent, -5000))


def true_value(value: float, exponent: int) -> float:
    """A number times a power of two; it becomes infinite or 0 where the caller's own would."""
    try:
        return math.ldexp(value, max(exponent, -5000))
    except OverflowError:
        return math.inf


def bracket_in_units(low: float, high: float, exponent: int) -> tuple[float, float]:
    """The ends of a bracket of numbers >= 0 times a power of two, rounded outwards where doubles end or lose digits."""
    lower, upper = true_value(low, exponent), true_value(high, exponent)
    tiny, largest = sys.float_info.min, sys.float_info.max
    if 0.0 < lower < tiny:
        lower = math.nextafter(lower, 0.0)
    if upper < tiny and high > 0.0:
        upper = math.nextafter(upper, math.inf)
    return min(lower, largest), upper


def upper_value(value: float, exponent: int) -> float:
    """The least double that is not below a number of at least 0 times a power of two: a bound stays one."""
    found = true_value(value, exponent)
    lost = found < LEAST and true_value(found, -exponent) < value
    return math.nextafter(found, math.inf) if lost else found
