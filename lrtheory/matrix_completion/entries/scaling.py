"""The unit of a matrix: a power of four next to its largest entry, so that squares neither vanish nor overflow.

Solvers divide the values by it and multiply their results. Powers of two change no digit of a double, and each of the
two factors is divided by the root of the unit, which is a power of two as well because the unit is a power of four.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._kernels.units import largest_of
from lrtheory.matrix_completion.entries.observations import Observations, with_values

__all__ = ["LARGEST_RIDGE", "scaled", "scaled_weight", "unit_of"]

#: beyond this a penalty leaves only the zero matrix, and its products with squares could overflow
LARGEST_RIDGE = 1e300


def unit_of(*values: Any) -> float:
    """Return the power of four above the largest absolute value, by a factor of at most 4; 1 for zeros alone."""
    size = max((largest_of(np.asarray(one)) for one in values), default=0.0)
    # frexp gives size = f 2^e with f in [1/2, 1); e is rounded up to an even number, so that the power is one of four
    return math.ldexp(1.0, 2 * -(-math.frexp(size)[1] // 2)) if size > 0 else 1.0


def scaled(seen: Observations, unit: float) -> Observations:
    """Divide the values of a sample by a unit; positions and names stay."""
    if unit == 1:
        return seen
    given = seen.values, seen.by_row.values, seen.by_col.values
    return with_values(seen, *(values / values.dtype.type(unit) for values in given))


def scaled_weight(weight: float, unit: float) -> float:
    """Divide a penalty by a unit, clamped at `LARGEST_RIDGE`, where only the zero matrix is left anyway."""
    return min(weight / unit, LARGEST_RIDGE)
