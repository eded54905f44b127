r"""Formulas for samples: their necessary number, their concentration, and the cost of noise.

Part of `theory`, where users find these functions. Every entry is seen with probability p, independently. Rational
formulas also take Fractions, and those with exp and log also balls.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from lrtheory._numbers import divergence, inexact, number
from lrtheory._types import Number
from lrtheory._validation import choice, integer

__all__ = [
    "coverage_probability",
    "degrees_of_freedom",
    "few_entries_probability",
    "gram_tail",
    "init_noise_tail",
    "noise_risk",
]


def degrees_of_freedom(n_rows: int, n_cols: int, rank: int) -> int:
    r"""The dimension of the set of matrices of a rank; fewer observations never determine one (statement MC-H1).

    Parameters
    ----------
    n_rows, n_cols, rank : int
        m, n and k.

    Returns
    -------
    int
        k (m + n - k).

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If a side is below 1, or the rank not in [1, min(m, n)].

    Proof
    -----
    Assumes: 1 <= k <= min(m, n), which is checked. For the consequence the matrix is generic: it lies outside a set of
    measure zero.

    Proof: A pair (U, V) has k (m + n) numbers. Two pairs of full column rank have the same product exactly when one is
    (U A, V A^{-T}) of the other for an invertible k x k matrix A, which takes k^2 dimensions away. Fewer observations
    than dimensions are a map into a space of smaller dimension, whose fiber through a generic matrix, the set of its
    completions, has positive dimension.

    Checked by: MC-H1.

    Examples
    --------
    >>> degrees_of_freedom(20, 10, 2)
    56
    """
    n_rows, n_cols = integer("n_rows", n_rows, low=1), integer("n_cols", n_cols, low=1)
    rank = integer("rank", rank, low=1, high=min(n_rows, n_cols))
    return rank * (n_rows + n_cols - rank)


def few_entries_probability(n_cols: int, *, rank: int, density: Number) -> Any:
    """Probability that a row has fewer than k entries (statement MC-H1-coverage).

    Parameters
    ----------
    n_cols, rank : int
        n and k.
    density : float or Fraction
        p, in [0, 1].

    Returns
    -------
    float or Fraction
        P[Bin(n, p) < k].

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If an integer is below 1, or the density not in [0, 1].

    Proof
    -----
    Assumes: Entries are seen independently with probability p, for which the caller answers.

    Proof: The number of entries of a row has the binomial law Bin(n, p), whose probabilities below k are added up.

    Checked by: MC-H1-coverage, through `coverage_probability`.

    Examples
    --------
    >>> few_entries_probability(2, rank=1, density=0.5)
    0.25
    """
    n_cols, rank = integer("n_cols", n_cols, low=1), integer("rank", rank, low=1)
    p = number("density", density, 0, 1)
    if isinstance(p, float):
        return _at_least(n_cols, n_cols - rank + 1, 1 - p)
    return sum(math.comb(n_cols, d) * p**d * (1 - p) ** (n_cols - d) for d in range(rank))


def coverage_probability(n_rows: int, n_cols: int, *, rank: int, density: Number) -> Any:
    r"""Bound on the success probability of every algorithm, on random matrices of rank k (statement MC-H1-coverage).

    Parameters
    ----------
    n_rows, n_cols, rank : int
        m, n and k.
    density : float or Fraction
        p, in [0, 1].

    Returns
    -------
    float or Fraction
        (1 - q)^m with q = P[Bin(n, p) < k], the probability that every row has at least k entries.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If an integer is below 1, or the density not in [0, 1].

    Proof
    -----
    Assumes: Entries are seen independently with probability p, and M has random factors with a density, independent of
    the sample and unknown to the algorithm (hypotheses of MC-H1-coverage).

    Proof: The rows are seen independently, each with at least k entries with probability 1 - q. Where a row has d < k
    entries, it is known only up to an affine space of dimension k - d, whatever is known of all other rows and of V.
    Given all that, M has a density on this space, so every guess hits M with probability 0.

    Checked by: MC-H1-coverage.

    Examples
    --------
    >>> coverage_probability(3, 1, rank=1, density=0.5)
    0.125
    """
    n_rows = integer("n_rows", n_rows, low=1)
    few = few_entries_probability(n_cols, rank=rank, density=density)
    if isinstance(few, float):  # 1 - few would cancel
        return _at_least(int(n_cols), int(rank), float(density)) ** n_rows
    return (1 - few) ** n_rows


def _at_least(n: int, k: int, p: float) -> float:
    """Return the chance of at least k successes in n trials, as an incomplete beta function."""
    from scipy.special import betainc  # here, so that importing the system stays quick

    if k < 1:
        return 1.0
    return float(betainc(k, n - k + 1, p)) if k <= n else 0.0


def gram_tail(deviation: Number, *, rank: int, largest: Number, side: Literal["below", "above"] = "below") -> Any:
    r"""Bound on P[lambda_min(B) <= 1 - d] or P[lambda_max(B) >= 1 + d] for the Gram matrix B of one line.

    Statement MC-W1 checks both tails.

    Parameters
    ----------
    deviation : number
        d, in [0, 1) below, at least 0 above.
    rank : int
        k.
    largest : number
        L = max_i \|u_i\|^2 / p, for B = (1/p) sum_{i seen} u_i u_i^T and orthonormal columns of U.
    side : {"below", "above"}
        The tail: of the smallest eigenvalue, or of the largest one.

    Returns
    -------
    number
        k exp(-(d + (1 - d) ln(1 - d)) / L), and k exp(-((1 + d) ln(1 + d) - d) / L).

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If the side is unknown, the deviation is not in its range, `rank` below 1, or `largest` not above 0.

    References
    ----------
    .. [1] J. Tropp, User-Friendly Tail Bounds for Sums of Random Matrices, Found. Comput. Math. 12, 2012.

    Examples
    --------
    >>> round(float(gram_tail(0.5, rank=5, largest=0.05)), 3)
    0.232
    """
    rank = integer("rank", rank, low=1)
    largest = number("largest", largest, 0, ends="(]")
    choice("side", side, ("below", "above"))
    d = deviation
    if side == "below":
        number("deviation", d, 0, 1, ends="[)")
        exponent = divergence(1 - d, 1, gap=d)
    else:
        number("deviation", d, 0)
        exponent = divergence(1 + d, 1, gap=-d)
    return rank * np.exp(inexact(-exponent / largest))


def init_noise_tail(
    t: Number,
    *,
    n_rows: int,
    n_cols: int,
    longest_row: Number,
    longest_col: Number,
    largest_entry: Number,
    density: Number,
) -> Any:
    r"""Bound on P[\|P_Omega(M) / p - M\| >= t] (statement MC-W2).

    Parameters
    ----------
    t : number
        Threshold of the spectral norm, at least 0, in units of M.
    n_rows, n_cols : int
        m and n.
    longest_row, longest_col : number
        Largest norm of a row and of a column of M.
    largest_entry : number
        max \|M_ij\|, above 0.
    density : number
        p, in (0, 1).

    Returns
    -------
    number
        (m + n) exp(-(t^2 / 2) / (v + L t / 3)) with v = ((1 - p) / p) max(row, column)^2 and
        L = max \|M_ij\| max(1, (1 - p) / p).

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `t` or a norm is negative, `largest_entry` not above 0, an integer below 1, or the density not in (0, 1).

    References
    ----------
    .. [1] J. Tropp, User-Friendly Tail Bounds for Sums of Random Matrices, Found. Comput. Math. 12, 2012.

    Examples
    --------
    >>> sizes = {"n_rows": 100, "n_cols": 100, "longest_row": 0.1, "longest_col": 0.1, "largest_entry": 0.01}
    >>> round(float(init_noise_tail(1.0, density=0.5, **sizes)), 3)
    0.0
    """
    t = number("t", t, 0)
    n_rows, n_cols = integer("n_rows", n_rows, low=1), integer("n_cols", n_cols, low=1)
    longest_row = number("longest_row", longest_row, 0)
    longest_col = number("longest_col", longest_col, 0)
    largest_entry = number("largest_entry", largest_entry, 0, ends="(]")
    density = number("density", density, 0, 1, ends="()")
    odds = (1 - density) / density
    longest = longest_row if longest_row > longest_col else longest_col
    variance = odds * longest * longest
    jump = largest_entry * (odds if odds > 1 else 1)
    return (n_rows + n_cols) * np.exp(inexact(-(t * t / 2) / (variance + jump * t / 3)))


def noise_risk(noise: Number, *, n_rows: int, n_cols: int, rank: int, density: Number) -> Any:
    r"""Mean squared error of an oracle that knows both tangent spaces (statement MC-E3).

    Parameters
    ----------
    noise : number
        Standard deviation of the noise on each observation.
    n_rows, n_cols, rank : int
        m, n and k.
    density : number
        p, in (0, 1].

    Returns
    -------
    number
        noise^2 k (m + n - k) / p, which estimates E \|M^ - M\|_F^2.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `noise` is negative, the rank does not fit the sides, or the density is not in (0, 1].

    Proof
    -----
    Assumes: The oracle knows the tangent space of the set of rank-k matrices at M, and the Gram matrix of the seen
    entries on that space is p I. Both are idealizations that nobody checks.

    Proof: Least squares in a known space of dimension k (m + n - k), with a Gram matrix p I, has the covariance noise^2
    / p times the identity on that space, whose trace is the formula. It is a reference value and not a bound: where a
    line has few entries its Gram matrix is far from p I, and completion pays more.

    Checked by: MC-E3, where the ratio of the error to its root is measured.

    Examples
    --------
    >>> noise_risk(1.0, n_rows=20, n_cols=10, rank=2, density=0.5)
    112.0
    """
    noise = number("noise", noise, 0)
    density = number("density", density, 0, 1, ends="(]")
    return noise * noise * degrees_of_freedom(n_rows, n_cols, rank) / density
