r"""The exponential exp(x), x <= 0, with no branches and calls, so that compiled loops over it run in vector registers.

exp(x) = 2^n exp(r) with n the integer nearest to x log2(e), and \|r\| <= log(2) / 2. log(2) is subtracted in two parts,
the first of which ends with zeros, so that n times it is exact (Cody and Waite). exp(r) = 1 + r + r^2 g(r), with g
interpolated in Chebyshev points: degree 9 leaves 7e-17 relative, degree 4 in single precision 1e-8. Below the floors,
where exp is near the smallest normal number, the result is 0. The exponential of the C library is as exact, but a loop
that calls it is not vectorized.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numba.extending import overload
from numpy.polynomial import Chebyshev, Polynomial
from numpy.polynomial.polynomial import polyval

from lrtheory._array import kernel

__all__ = ["exponential"]

# Fused multiply-adds, which only lower the error. Nothing more: reassociation would cancel the constant in
# (x + INTEGER) - INTEGER, which does the rounding to an integer.
CONTRACT = {"contract"}
# below these 2^n would leave the range of normal numbers, and n added to the exponent would run into the sign
FLOOR_64, FLOOR_32 = -708.0, np.float32(-87.0)
LOG2_E_64, LOG2_E_32 = 1 / np.log(2), np.float32(1 / np.log(2))
# log(2) = HIGH + LOW; HIGH ends with at least as many zero bits as n has digits
HIGH_64, LOW_64 = 6.93147180369123816490e-01, 1.90821492927058770002e-10
HIGH_32, LOW_32 = np.float32(0.693359375), np.float32(-2.12194440e-4)
# in [2^52, 2^53) doubles are integers apart: adding 1.5 * 2^52 rounds a number to an integer, which then stands in the
# last bits of the sum, in two's complement; 1.5 keeps the sum in that range for negative n
INTEGER_64, INTEGER_32 = 1.5 * 2**52, np.float32(1.5 * 2**23)
ONE = np.float32(1)


def remainder(degree: int) -> np.ndarray:
    """Return the coefficients of the polynomial g with exp(r) = 1 + r + r^2 g(r), nearly, for |r| <= log(2) / 2."""
    # 18 terms of (exp(r) - 1 - r) / r^2 = sum_k r^k / (k + 2)! are exact in doubles for such r
    series = [1 / math.factorial(k + 2) for k in range(18)]
    g = Chebyshev.interpolate(lambda r: polyval(r, series), degree, domain=(-np.log(2) / 2, np.log(2) / 2))
    return g.convert(kind=Polynomial).coef


G0, G1, G2, G3, G4, G5, G6, G7, G8, G9 = map(float, remainder(9))
H0, H1, H2, H3, H4 = map(np.float32, remainder(4))


@kernel(fastmath=CONTRACT)
def exp_64(x):
    """Return exp(x) for x <= 0, within 2^-52 relative down to x = -708, and 0 below."""
    y = max(x, FLOOR_64)  # clamped, so that n stays valid; the last line puts the 0 without a branch
    shifted = np.float64(y * LOG2_E_64 + INTEGER_64)
    n = shifted - INTEGER_64
    r = (y - n * HIGH_64) - n * LOW_64
    # Horner's rule as straight code: an inner loop would keep the loop of the caller from being vectorized
    g = G8 + r * G9
    g = G7 + r * g
    g = G6 + r * g
    g = G5 + r * g
    g = G4 + r * g
    g = G3 + r * g
    g = G2 + r * g
    g = G1 + r * g
    g = G0 + r * g
    value = np.float64(1 + r * (1 + r * g))
    # the exponent begins at bit 52: n added there multiplies by 2^n, and the shift drops the bits of INTEGER_64
    power = np.int64(value.view(np.int64) + (shifted.view(np.int64) << 52))
    return 0.0 if x < FLOOR_64 else power.view(np.float64)


@kernel(fastmath=CONTRACT)
def exp_32(x):
    """Return exp(x) for x <= 0 in single precision, within 2^-23 relative down to x = -87, and 0 below.

    The steps are those of `exp_64`; the exponent of a float32 begins at bit 23.
    """
    y = max(x, FLOOR_32)
    shifted = np.float32(y * LOG2_E_32 + INTEGER_32)
    n = shifted - INTEGER_32
    r = (y - n * HIGH_32) - n * LOW_32
    g = H3 + r * H4
    g = H2 + r * g
    g = H1 + r * g
    g = H0 + r * g
    value = np.float32(ONE + r * (ONE + r * g))
    power = np.int32(value.view(np.int32) + np.int32(shifted.view(np.int32) << np.int32(23)))
    return np.float32(0) if x < FLOOR_32 else power.view(np.float32)


def exponential(x):
    """Return exp(x) of a number x <= 0, in the precision of x; interpreted code calls NumPy's exponential."""
    return np.exp(x)


@overload(exponential)
def _compiled(x):  # Numba compares the names, defaults and annotations of both
    return (lambda x: exp_32(x)) if x == types.float32 else (lambda x: exp_64(x))
