r"""Steps that are divided by hyperbolic cosines, and polynomials of singular values.

Part of `theory`, where users find these functions. N is the number of entries of an update direction G, \|G\| its
Frobenius norm, and p(x) = a x + b x^3 + c x^5 the polynomial of a Newton-Schulz step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lrtheory._numbers import number, numbers, plain
from lrtheory._types import Number
from lrtheory._validation import choice, integer, refuse_unused

__all__ = ["auon_factors", "cosh_excess_bounds", "newton_schulz_growth", "newton_schulz_value"]

#: the coefficients of x, x^3 and x^5 in Muon
QUINTIC = (3.4445, -4.7750, 2.0315)
#: the scale inside of the hyperbolic cosine in the released program
GAMMA = 1.5
#: what AuON adds to the root of the mean of squared cosines
ROOT = 1e-8


def cosh_excess_bounds(n_entries: int, length: Number) -> tuple[float, float]:
    r"""Bound the mean of sinh^2 x_i over vectors x of one length (statement AU-1).

    Parameters
    ----------
    n_entries : int
        N at least 1.
    length : number
        \|x\| at least 0.

    Returns
    -------
    pair of floats
        sinh^2(\|x\| / sqrt(N)), where all \|x_i\| are equal, and sinh^2(\|x\|) / N, where one entry holds all.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: nothing.

    Proof: sinh^2(sqrt(u)) = (cosh(2 sqrt(u)) - 1) / 2 is convex in u >= 0, as its power series has no negative
    coefficient. With u_i = x_i^2 of sum \|x\|^2, Jensen gives the left side, and a convex function on a simplex is
    largest at a vertex, where N - 1 of the terms are 0.

    Checked by: AU-1.

    Examples
    --------
    >>> [round(end, 4) for end in cosh_excess_bounds(4, 1.0)]
    [0.2715, 0.3453]
    """
    n, size = integer("n_entries", n_entries, low=1), float(number("length", length, 0, 300))
    return math.sinh(size / math.sqrt(n)) ** 2, math.sinh(size) ** 2 / n


def auon_factors(
    n_entries: int, norm: Number, *, gamma: Number = GAMMA, method: str = "paper", epsilon_norm: Number = 1e-7
) -> tuple[float, float]:
    r"""Bound the factor that turns a step of gradient descent into one of AuON (statements AU-2, AU-4).

    Parameters
    ----------
    n_entries : int
        N at least 1.
    norm : number
        \|G\| above 0, of the momentum with its look ahead.
    gamma : number
        In (0, 300], in the released form.
    method : {"paper", "released"}
        The form of `AuON`.
    epsilon_norm : number
        e at least 0, which is added to the norm.

    Returns
    -------
    pair of floats
        The least and the largest f with AuON's update f times that of gradient descent with the same momentum. The
        released form has h = gamma \|G\| / (\|G\| + e) and f between 1 / (sqrt(1 + sinh^2(h) / N) + 1e-8) and 1 /
        (sqrt(1 + sinh^2(h / sqrt(N))) + 1e-8). The paper's form has gamma = 1 and divides by \|G\| + e besides, so that
        f \|G\| is below 1.

    Raises
    ------
    ValueError
        If a number is out of range, or gamma is given for the paper's form.

    Proof
    -----
    Assumes: nothing.

    Proof: x = gamma G / (\|G\| + e) has the length h, and the mean of cosh^2 x_i is 1 plus that of sinh^2 x_i, which
    AU-1 bounds. All entries are divided by one number, so that singular vectors and the condition number stay. In the
    paper's form f \|G\| = (\|G\| / (\|G\| + e)) / (sqrt(mean cosh^2) + 1e-8) < 1, and the largest singular value is at
    most the Frobenius norm.

    Checked by: AU-2, AU-4.

    Examples
    --------
    >>> [round(1 - factor, 8) for factor in auon_factors(512 * 512, 1.0, method="released", epsilon_norm=0.0)]
    [8.66e-06, 4.3e-06]
    """
    size = float(number("norm", norm, 0, ends="(]"))
    added = float(number("epsilon_norm", epsilon_norm, 0))
    paper = choice("method", method, ("paper", "released")) == "paper"
    refuse_unused(method, () if paper else ("gamma",), gamma=(gamma, GAMMA))
    inside = 1.0 if paper else float(number("gamma", gamma, 0, 300, ends="(]"))
    ends = cosh_excess_bounds(n_entries, inside * (size / (size + added)))
    over = size + added if paper else 1.0
    least, most = (1 / (math.sqrt(1 + end) + ROOT) / over for end in reversed(ends))
    return least, most


def newton_schulz_value(x: Number, *, n_iter: int, coefficients: Sequence[Number] = QUINTIC) -> Number:
    r"""Compute what Newton-Schulz steps make of a singular value (statement AU-3).

    Parameters
    ----------
    x : number
        The singular value before.
    n_iter : int
        The number of steps, at least 0.
    coefficients : sequence of three numbers
        a, b and c.

    Returns
    -------
    number
        p applied `n_iter` times. Where it is negative, the singular value is its absolute value.

    Raises
    ------
    ValueError
        If a number is not finite or `n_iter` is below 0.

    Proof
    -----
    Assumes: nothing.

    Proof: With X = U S V^T, X X^T = U S^2 U^T on the rows of U, and so a X + (b X X^T + c (X X^T)^2) X = U (a S + b S^3
    + c S^5) V^T. An interval is mapped onto an interval whose ends are values at its ends or at critical points x with
    a + 3 b x^2 + 5 c x^4 = 0, and images of intervals compose. For the quintic of Muon the critical points are x_1 =
    0.5545 and x_2 = 1.0501, with p(x_1) = 1.2024 and p(x_2) = 0.6818: after k >= 2 steps [l, 1] has become [min(p^k(l),
    0.6818), 1.2024] as long as p^{k-1}(l) <= x_1, and its top falls to 1.1344 = p(p(x_2)) afterwards.

    Checked by: AU-3, AU-3b.

    Examples
    --------
    >>> round(newton_schulz_value(0.01, n_iter=5), 4)
    0.6989
    """
    value = plain(number("x", x))
    a, b, c = numbers("coefficients", coefficients, length=3)
    for _ in range(integer("n_iter", n_iter, low=0)):
        square = value * value
        value = value * (a + square * (b + square * c))
    return value


def newton_schulz_growth(n_iter: int, *, slope: Number = QUINTIC[0]) -> Number:
    r"""Bound how much Newton-Schulz steps enlarge a small singular value (statement AU-3b).

    Parameters
    ----------
    n_iter : int
        k at least 0.
    slope : number
        a above 0, the slope of p at 0.

    Returns
    -------
    number
        a^k: p^k(x) <= a^k x on [0, 1]. Five steps of Muon enlarge by at most 484.9, so that values below 0.00103 stay
        below 1/2.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the quintic of Muon, or another with b + c x^2 <= 0 wherever its iterates are.

    Proof: p(x) - a x = x^3 (b + c x^2) <= 0 for x^2 <= -b / c = 2.35, and p maps [0, 1.25] into [0, 1.2024].

    Checked by: AU-3b.

    Examples
    --------
    >>> round(newton_schulz_growth(5), 1)
    484.9
    """
    return plain(number("slope", slope, 0, ends="(]") ** integer("n_iter", n_iter, low=0))
