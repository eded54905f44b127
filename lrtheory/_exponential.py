r"""exp(x) for compiled loops, without branches and calls, so that such a loop runs in vector registers.

exp(x) = 2^n exp(r) with n = floor(x log2(e) + 1/2) and \|r\| <= log(2) / 2, and exp(r) by its Taylor polynomial: degree
13 leaves 4e-18 relative, degree 7 in single precision 6e-9. log(2) is subtracted in two parts, the first of which ends
with zeros, so that n times it is exact (Cody and Waite). Below the floors, where exp is under the smallest normal
number, it is 0. The exponential of the C library is as exact, but a loop that calls it is not vectorized.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload

from lrtheory._array import kernel

__all__ = ["exponential"]

CONTRACT = {"contract"}  # products and sums in one rounding, which only lowers the error
FLOOR_64, FLOOR_32 = -708.0, np.float32(-87.0)
LOG2_E_64, LOG2_E_32 = 1 / np.log(2), np.float32(1 / np.log(2))
HIGH_64, LOW_64 = 6.93147180369123816490e-01, 1.90821492927058770002e-10
HIGH_32, LOW_32 = np.float32(0.693359375), np.float32(-2.12194440e-4)
ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)
C3, C4, C5, C6, C7 = (np.float32(1 / k) for k in (6, 24, 120, 720, 5040))


@kernel(fastmath=CONTRACT)
def exp_64(x):
    """exp(x) for x <= 0, within 2^-52 relative down to x = -708, and 0 below."""
    y = max(x, FLOOR_64)
    n = np.floor(y * LOG2_E_64 + 0.5)
    r = (y - n * HIGH_64) - n * LOW_64
    value = 1 / 479001600 + r / 6227020800
    value = 1 / 39916800 + r * value
    value = 1 / 3628800 + r * value
    value = 1 / 362880 + r * value
    value = 1 / 40320 + r * value
    value = 1 / 5040 + r * value
    value = 1 / 720 + r * value
    value = 1 / 120 + r * value
    value = 1 / 24 + r * value
    value = 1 / 6 + r * value
    value = 0.5 + r * value
    value = 1 + r * (1 + r * value)
    value *= np.int64((np.int64(n) + 1023) << 52).view(np.float64)
    return 0.0 if x < FLOOR_64 else value


@kernel(fastmath=CONTRACT)
def exp_32(x):
    """exp(x) for x <= 0 in single precision, within 2^-23 relative down to x = -87, and 0 below."""
    y = max(x, FLOOR_32)
    n = np.floor(y * LOG2_E_32 + HALF)
    r = (y - n * HIGH_32) - n * LOW_32
    value = C6 + r * C7
    value = C5 + r * value
    value = C4 + r * value
    value = C3 + r * value
    value = HALF + r * value
    value = ONE + r * (ONE + r * value)
    value *= np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return ZERO if x < FLOOR_32 else value


def exponential(x):
    """exp(x) of a number x <= 0, in its own precision; in interpreted code that of NumPy."""
    return np.exp(x)


@overload(exponential)
def _compiled(x):  # Numba compares the names, defaults and annotations of both
    return (lambda x: exp_32(x)) if x == types.float32 else (lambda x: exp_64(x))
