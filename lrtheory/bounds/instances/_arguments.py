"""Checks of what the makers of families and their instances are given."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np

from lrtheory._validation import as_array, integer, must


def family_name(name: Any) -> str:
    """The name of a family, which stands in labels of instances and in the names of random streams."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        error = ValueError if isinstance(name, str) else TypeError
        raise must("name", "letters, digits, - and _", name, error)
    return name


def interval(name: str, value: Any, *, low: int | None = None) -> tuple[int, int]:
    """Two integers, the first at most the second; a lone integer stands for both."""
    ends = value if isinstance(value, (tuple, list)) else (value, value)
    if len(ends) != 2:
        raise must(name, "an integer, or a pair (low, high) of integers", value)
    # beyond 32 bits sums and products of a few of them would leave the range of int64
    least = -(2**31) if low is None else low
    first, last = (integer(name, end, low=least, high=2**31 - 1) for end in ends)
    if first > last:
        raise must(name, "a pair (low, high) with low <= high", value)
    return first, last


def integers(name: str, values: Any) -> tuple[int, ...]:
    """A tuple of Python's integers, from any sequence of integers."""
    if isinstance(values, (str, bytes)) or not isinstance(values, (Sequence, np.ndarray)):
        raise must(name, "a sequence of integers", values, TypeError)
    return tuple(integer(f"{name}[{place}]", value, low=-(2**63), high=2**63 - 1) for place, value in enumerate(values))


def rational(name: str, value: Any) -> Fraction:
    """A number in [0, 1]; a double is taken for the rational number that it is."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, bool) or not isinstance(plain, (Rational, float)):
        raise must(name, "a Fraction, an integer or a double", value, TypeError)
    if not math.isfinite(plain) or not 0 <= Fraction(plain) <= 1:
        raise must(name, "in [0, 1]", value)
    return Fraction(plain)


def table(name: str, value: Any, *, kinds: str) -> np.ndarray:
    """An array with two axes, of int64 or of finite doubles; `kinds` says which of them may be given."""
    array = as_array(name, value)
    if array.ndim != 2:
        raise must(name, "an array with two axes", value)
    if array.dtype.kind not in kinds:
        raise must(name, "an array of numbers" if "f" in kinds else "an array of integers", value, TypeError)
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise must(name, "finite", array[~np.isfinite(array)][0])
        return array.astype(np.float64)
    return array.astype(np.int64)
