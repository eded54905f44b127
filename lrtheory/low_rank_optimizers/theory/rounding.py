r"""Rounding to sixteen bits: which steps a weight absorbs, how many weights change, and how often two runs agree.

Part of `theory`, where users find these functions. A weight is stored in bfloat16 (8 significant bits) or in half
precision (11), rounded to the nearest number, to even where two are equally near. The step d is added, the sum is
rounded again, and the weight is unchanged where this gives the number of before.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lrtheory._numbers import entries, exact, number, numbers, plain
from lrtheory._types import Array, ArrayLike, Number
from lrtheory._validation import choice, integer, must

__all__ = [
    "HalfGaps",
    "absorbing_weight",
    "adam_step_bound",
    "change_probability",
    "half_gaps",
    "random_density",
    "random_overlap",
]


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


def half_gaps(weights: ArrayLike | float, *, dtype: str = "bfloat16") -> HalfGaps:
    r"""Compute how far a stored weight may be moved in either direction before it is rounded to another number.

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
    form = FORMATS[choice("dtype", dtype, tuple(FORMATS))]
    w = np.abs(np.asarray(entries("weights", weights), dtype=np.float64))
    fraction, exponent = np.frexp(w)  # w = fraction 2^exponent with the fraction in [1/2, 1)
    exponent = np.where(w == 0, form.least, np.maximum(exponent - 1, form.least))
    last = np.ldexp(w, form.bits - 1 - exponent)  # as a number of last bits
    if (last != np.rint(last)).any() or (exponent > form.most).any():
        raise must("weights", f"numbers of {dtype}", weights)
    outward = np.ldexp(0.5, exponent + 1 - form.bits)
    inward = np.where((fraction == 0.5) & (exponent > form.least), outward / 2, outward)
    return HalfGaps(plain(inward), plain(outward), plain(last % 2 == 0))


def absorbing_weight(step_bound: Number, *, dtype: str = "bfloat16") -> Number:
    r"""Compute from which size on every weight absorbs all steps up to a size (statement RN-3).

    Parameters
    ----------
    step_bound : number
        The largest absolute value of a step, such as the step size times `adam_step_bound`.
    dtype : {"bfloat16", "float16"}
        The format.

    Returns
    -------
    number
        512 times the bound in bfloat16, and 4096 times in half precision.

    Raises
    ------
    ValueError
        If the bound is negative or not finite, or the format is unknown.

    Proof
    -----
    *Assumes* that w is a normal number of a format with p significant bits, and that abs(d) <= abs(w) 2^-(p+1).

    *Proof.* In the binade 2^e <= abs(w) < 2^(e+1) the half gap outward is 2^(e-p) > abs(w) 2^-(p+1). Inward it is as
    large unless abs(w) = 2^e, where it is 2^(e-p-1) = abs(w) 2^-(p+1); then the last bit is 0, and even a step of this
    size returns. If w + d is rounded to single precision first, nothing changes: a step of the bound is short of every
    other half gap by at least 2^-p of it, which is more than the rounding. *Checked by* RN-3.

    Examples
    --------
    >>> absorbing_weight(0.5)
    256.0
    """
    form = FORMATS[choice("dtype", dtype, tuple(FORMATS))]
    return plain(number("step_bound", step_bound, 0) * 2 ** (form.bits + 1))


def adam_step_bound(beta1: float, beta2: float, *, step: float = math.inf) -> float:
    r"""Bound what Adam divides: the corrected mean of the gradients by the root of that of their squares.

    In every coordinate a step of Adam is at most this many step sizes long, whatever the gradients are (statement
    RN-2).

    Parameters
    ----------
    beta1 : float
        Decay of the first moment, in [0, 1).
    beta2 : float
        Decay of the second moment, in (0, 1).
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
    b1 = float(number("beta1", beta1, 0, 1, ends="[)"))
    b2 = float(number("beta2", beta2, 0, 1, ends="()"))
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


def change_probability(weights: ArrayLike | float, step_std: float, *, dtype: str = "bfloat16") -> Array | float:
    r"""Compute how probable it is that a random step changes a stored weight (statement RN-4).

    Parameters
    ----------
    weights : float or array
        Finite numbers of the format.
    step_std : float
        The standard deviation of the steps, which are normal with mean 0; above 0.
    dtype : {"bfloat16", "float16"}
        The format.

    Returns
    -------
    float or array of the shape of the weights
        q(w) = P(d > outward) + P(d > inward), with the half gaps of `half_gaps`.

    Raises
    ------
    ValueError
        If a weight is not a number of the format, or the standard deviation is not a finite number above 0.

    Notes
    -----
    Arrays: NumPy.

    Examples
    --------
    >>> round(float(change_probability(1.5, 0.00390625)), 4)
    0.3173
    """
    gaps = half_gaps(weights, dtype=dtype)
    return plain(crossed(np.asarray(gaps.inward), np.asarray(gaps.outward), number("step_std", step_std, 0, ends="()")))


def crossed(inward: np.ndarray, outward: np.ndarray, step_std: float) -> np.ndarray:
    """The probability that a normal step leaves the interval between two half gaps."""
    from scipy.special import erfc

    with np.errstate(over="ignore"):  # a gap that overflows is never crossed
        ends = [gap / step_std / math.sqrt(2) for gap in (inward, outward)]
    return np.asarray((erfc(ends[0]) + erfc(ends[1])) / 2)


def random_density(probabilities: ArrayLike) -> Number:
    r"""Compute the expected share of weights that change in steps without a signal (statement RN-4).

    Parameters
    ----------
    probabilities : sequence of numbers
        q of each weight, in [0, 1], as from `change_probability`.

    Returns
    -------
    number
        The mean of q, which is also how often a changed weight is changed in an independent run by chance, if changes
        are spread evenly.

    Raises
    ------
    ValueError
        If there is none, or one is outside [0, 1].

    Examples
    --------
    >>> random_density([0.5, 0.25])
    0.375
    """
    q = numbers("probabilities", probabilities, 0, 1)
    return plain(sum(q, start=0) / len(q))


def random_overlap(probabilities: ArrayLike, others: ArrayLike | None = None) -> Number:
    r"""Compute how often a changed weight changes in a second run too, in steps without a signal (statement RN-4).

    Parameters
    ----------
    probabilities : sequence of numbers
        q of each weight in the first run, in [0, 1], and not all 0.
    others : sequence of numbers or None
        q of each weight in the second run, in [0, 1]; None takes `probabilities`.

    Returns
    -------
    number
        Weights that both runs are expected to change, over those of the first run: the mean of q q' over that of q.

    Raises
    ------
    ValueError
        If the lengths differ, a number is outside [0, 1], or all of the first are 0.

    Proof
    -----
    *Assumes* that the steps of the two runs are independent; a weight of number i changes with probability q_i in each.

    *Proof.* Both change it with probability q_i^2, and the expected number of weights that a run changes is the sum of
    q_i. By Jensen's inequality the mean of q^2 is at least the square of the mean of q, so that the quotient is at
    least the mean of q, which is chance; they are equal exactly where all q_i are. *Checked by* RN-4.

    Examples
    --------
    >>> random_overlap([0.5, 0.0]), random_density([0.5, 0.0])
    (0.5, 0.25)
    """
    q = numbers("probabilities", probabilities, 0, 1)
    second = q if others is None else numbers("others", others, 0, 1, length=len(q))
    if not any(q):
        raise must("probabilities", "not all 0", probabilities)
    total = exact(sum(q, start=0))
    return plain(sum((a / total * b for a, b in zip(q, second, strict=True)), start=0))


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
