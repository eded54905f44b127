"""The unit of a matrix: a power of four next to its largest entry, so that squares neither vanish nor overflow.

Solvers divide the values by it and multiply what they find: powers of two change no digit of a double, and the root of
a power of four, by which both factors are divided, is a power of two as well.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory.matrix_completion.entries.observations import Observations, with_values

__all__ = ["LARGEST_RIDGE", "largest", "scaled", "scaled_weight", "unit_of"]

LARGEST_RIDGE = 1e300


def unit_of(*values: Any) -> float:
    """A power of four, at least the largest size of the values and less than four times it; 1 for zeros alone."""
    size = max(map(largest, values), default=0.0)
    return math.ldexp(1.0, 2 * -(-math.frexp(size)[1] // 2)) if size > 0 else 1.0


def largest(values: Any) -> float:
    """The largest size of the entries; 0 where there are none."""
    entries = np.asarray(values)
    return float(max(entries.max(initial=0), -entries.min(initial=0)))


def scaled(seen: Observations, unit: float) -> Observations:
    """The same sample with values in that unit."""
    if unit == 1:
        return seen
    given = seen.values, seen.by_row.values, seen.by_col.values
    return with_values(seen, *(values / values.dtype.type(unit) for values in given))


def scaled_weight(weight: float, unit: float) -> float:
    """A penalty in that unit; where it is beyond all doubles, it is so large that only zero is left."""
    return min(weight / unit, LARGEST_RIDGE)
