r"""Rounding to sixteen bits: gaps between numbers, and how long steps of Adam are.

Part of `theory`, where users find these functions. A weight is stored in bfloat16 (8 significant bits) or in half
precision (11), rounded to the nearest number, to even where two are equally near. The step d is added, the sum is
rounded again, and the weight is unchanged where this gives the number of before.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lrtheory._numbers import formula, plain
from lrtheory._types import Array, Number, Numbers
from lrtheory._validation import choice, integer, must

__all__ = ["HalfGaps", "adam_step_bound", "half_gaps"]


class Format(NamedTuple):
    """A floating-point format of sixteen bits: significant bits with the hidden one, exponents, first infinite code."""

    bits: int
    least: int
    most: int
    infinite: int


FORMATS = {"bfloat16": Format(8, -126, 127, 0x7F80), "float16": Format(11, -14, 15, 0x7C00)}


class HalfGaps(NamedTuple):
    """Distances by which a weight may be moved without being changed.

    Attributes
    ----------
    inward, outward : array of the shape of the weights, or float
        Half of the distance to the next number of the format, towards 0 and away from it.
    even : array of bool, or bool
        Whether the last bit is 0, so that a step of exactly that size leaves the weight as it was.
    """

    inward: Array | float
    outward: Array | float
    even: Array | bool


@formula(weights="(-inf, inf)")
def half_gaps(weights: Numbers, *, dtype: str = "bfloat16") -> HalfGaps:
    """Compute how far a stored weight may be moved in either direction before it is rounded to another number.

    Statements RN-1 and RN-6.

    Parameters
    ----------
    weights : float or array
        Finite numbers of the format.
    dtype : {"bfloat16", "float16"}
        The format.

    Returns
    -------
    HalfGaps
        Largest moves, where ulp is the distance of the numbers of the binade of w: ulp / 2 outward, and ulp / 2 inward,
        but ulp / 4 where w is a power of two above the least normal number.

    Raises
    ------
    ValueError
        If a weight is not finite or not a number of the format, or the format is unknown.

    Notes
    -----
    Arrays: NumPy.

    Proof
    -----
    *Assumes* that w is a number of the format (checked), and that the sum w + d is rounded once.

    *Proof.* The numbers nearest to w, inward and outward, are w - g and w + g', with g' = ulp, and g = ulp unless w
    begins its binade, where the numbers below are twice as dense: g = ulp / 2. Below the least normal number the
    distances do not change. A number between w - g / 2 and w + g' / 2 is nearest to w, and one outside is not; at an
    end it is as near to the neighbor, and is rounded to the one of the two whose last bit is 0. Neighbors differ by one
    as codes, so exactly one of them is even.

    *Checked by* RN-1, on all normal numbers of bfloat16.

    Examples
    --------
    >>> gaps = half_gaps([1.0, 1.5])
    >>> gaps.inward.tolist(), gaps.outward.tolist()
    ([0.001953125, 0.00390625], [0.00390625, 0.00390625])
    """
    form = FORMATS[choice("dtype", dtype, ("bfloat16", "float16"))]
    w = np.abs(np.asarray(weights, dtype=np.float64))
    fraction, exponent = np.frexp(w)  # w = fraction 2^exponent with the fraction in [1/2, 1)
    exponent = np.where(w == 0, form.least, np.maximum(exponent - 1, form.least))
    last = np.ldexp(w, form.bits - 1 - exponent)  # as a number of last bits
    if (last != np.rint(last)).any() or (exponent > form.most).any():
        raise must("weights", f"numbers of {dtype}", weights)
    outward = np.ldexp(0.5, exponent + 1 - form.bits)
    inward = np.where((fraction == 0.5) & (exponent > form.least), outward / 2, outward)
    return HalfGaps(plain(inward), plain(outward), plain(last % 2 == 0))


@formula(beta1="[0, 1)", beta2="(0, 1)")
def adam_step_bound(beta1: Number, beta2: Number, *, step: float = math.inf) -> float:
    """Bound what Adam divides: the corrected mean of the gradients by the root of that of their squares.

    In every coordinate a step of Adam is at most this many step sizes long, whatever the gradients are (statement
    RN-2).

    Parameters
    ----------
    beta1 : float
        Decay of the first moment.
    beta2 : float
        Decay of the second moment.
    step : int or inf
        The number t of the step, from 1; infinity bounds all steps.

    Returns
    -------
    float
        C_t, and for `step` infinite the limit, which bounds all steps and is infinite where beta1^2 >= beta2.

    Raises
    ------
    ValueError
        If a decay is outside, the step is not a positive integer or infinity, or the bound exceeds the largest double.

    Proof
    -----
    *Assumes* that both moments start at 0 and are corrected, and that nothing is added to the root; a positive number
    added to it only shortens the step.

    *Proof.* After t steps m = sum w_i g_i and v = sum u_i g_i^2 with w_i = (1 - beta1) beta1^(t-i) and u_i = (1 -
    beta2) beta2^(t-i). By Cauchy-Schwarz m^2 <= v sum w_i^2 / u_i, with equality where g_i is a multiple of w_i / u_i,
    that is of (beta1 / beta2)^(t-i). With rho = beta1^2 / beta2 the sum is (1 - beta1)^2 / (1 - beta2) times (1 -
    rho^t) / (1 - rho), or times t where rho = 1, and the corrections give the factor (1 - beta2^t) / (1 - beta1^t)^2.
    With a = -log(rho) / 2 and b = -log(beta2) / 2 the product is a constant times sinh(a t) sinh(b t) / sinh((a + b) t
    / 2)^2. It does not decrease in t, since u coth(u t) is convex in u. *Checked by* RN-2.

    Examples
    --------
    >>> round(adam_step_bound(0.9, 0.999), 2), round(adam_step_bound(0.9, 0.999, step=1), 12)
    (7.27, 1.0)
    """
    b1 = float(beta1)
    b2 = float(beta2)
    rho = b1 * b1 / b2
    ratio = (1 - b1) / math.sqrt(1 - b2)
    if np.isscalar(step) and step == math.inf:
        return math.inf if rho >= 1 else ratio / math.sqrt(1 - rho)
    t = integer("step", step, low=1)
    log_rho = math.log(rho) if rho else -math.inf
    terms, growth = 1.0, 1.0
    if rho > 1:  # rho^t leaves the range of doubles before its root does, and is split into fourth roots
        terms, growth = -math.expm1(-t * log_rho) / math.expm1(log_rho), math.exp(min(700.0, t * log_rho / 4))
    elif rho:
        terms = float(t) if rho == 1 else math.expm1(t * log_rho) / math.expm1(log_rho)
    corrected = math.sqrt(-math.expm1(t * math.log(b2))) / (-math.expm1(t * math.log(b1)) if b1 else 1.0)
    bound = ratio * math.sqrt(terms) * corrected * growth * growth
    if not math.isfinite(bound):
        raise must("step", "so small that the bound is a double", step)
    return bound


def crossed(inward: np.ndarray, outward: np.ndarray, step_std: float) -> np.ndarray:
    """The probability that a normal step leaves the interval between two half gaps."""
    from scipy.special import erfc

    with np.errstate(over="ignore"):  # a gap that overflows is never crossed
        ends = [gap / step_std / math.sqrt(2) for gap in (inward, outward)]
    return np.asarray((erfc(ends[0]) + erfc(ends[1])) / 2)


class CodeTable(NamedTuple):
    """All finite numbers of a format that are not negative, by their codes: value, half gaps, and even last bits."""

    values: np.ndarray
    inward: np.ndarray
    outward: np.ndarray
    even: np.ndarray


@lru_cache(maxsize=2)
def code_table(dtype: str) -> CodeTable:
    """The table of a format, which holds 15 bits of magnitude."""
    form = FORMATS[dtype]
    codes = np.arange(form.infinite, dtype=np.uint16)
    values = codes.view(np.float16) if dtype == "float16" else (codes.astype(np.uint32) << 16).view(np.float32)
    gaps = half_gaps(values.astype(np.float64), dtype=dtype)
    return CodeTable(values.astype(np.float64), *(np.asarray(part) for part in gaps))
