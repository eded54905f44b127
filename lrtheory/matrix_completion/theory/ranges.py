"""Range checks for the arguments of formulas, which are numbers of any kind, or arrays of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import HUGE, number
from lrtheory._validation import must

__all__ = ["entries", "less"]


def entries(name: str, value: Any, low: Any = -HUGE, high: Any = HUGE, *, ends: str = "[]") -> Any:
    """Check that a number, or each number of an array, lies in an interval; see `lrtheory._numbers.number`."""
    if isinstance(value, np.ndarray) and value.ndim > 0:
        for entry in value.ravel().tolist():
            number(name, entry, low, high, ends=ends)
        return value
    return number(name, value, low, high, ends=ends)


def less(name: str, value: Any, limit: str, other: Any) -> None:
    """Refuse a value, or an array of values, that is not below another argument."""
    if np.any(value >= other):
        raise must(name, f"below `{limit}`, which is {other}", value)
