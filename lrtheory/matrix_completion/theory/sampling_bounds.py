r"""Formulas for samples: their necessary number, and the cost of noise.

Part of `theory`, where users find these functions. Every entry is seen with probability p, independently. Formulas
also take Fractions.
"""

from __future__ import annotations

import math
from typing import Any

from lrtheory._numbers import formula
from lrtheory._types import Number

__all__ = ["coverage_probability", "degrees_of_freedom", "noise_risk"]


@formula(n_rows="[1, inf)", n_cols="[1, inf)", rank="[1, min(n_rows, n_cols)]")
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
    return rank * (n_rows + n_cols - rank)


@formula(n_rows="[1, inf)", n_cols="[1, inf)", rank="[1, inf)", density="[0, 1]")
def coverage_probability(n_rows: int, n_cols: int, *, rank: int, density: Number) -> Number:
    r"""Bound on the success probability of every algorithm, on random matrices of rank k (statement MC-H1-coverage).

    Parameters
    ----------
    n_rows, n_cols, rank : int
        m, n and k.
    density : float or Fraction
        p.

    Returns
    -------
    float or Fraction
        (1 - q)^m with q = P[Bin(n, p) < k], the probability that every row has at least k entries.

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
    if isinstance(density, float):  # 1 - q would cancel
        return _at_least(n_cols, rank, density) ** n_rows
    p: Any = density
    few = sum(math.comb(n_cols, d) * p**d * (1 - p) ** (n_cols - d) for d in range(rank))
    return (1 - few) ** n_rows


def _at_least(n: int, k: int, p: float) -> float:
    """Return the chance of at least k successes in n trials, as an incomplete beta function."""
    from scipy.special import betainc  # here, so that importing the system stays quick

    if k < 1:
        return 1.0
    return float(betainc(k, n - k + 1, p)) if k <= n else 0.0


@formula(noise="[0, inf)", n_rows="[1, inf)", n_cols="[1, inf)", rank="[1, min(n_rows, n_cols)]", density="(0, 1]")
def noise_risk(noise: Number, *, n_rows: int, n_cols: int, rank: int, density: Number) -> Number:
    r"""Mean squared error of an oracle that knows both tangent spaces (statement MC-E3).

    Parameters
    ----------
    noise : number
        Standard deviation of the noise on each observation.
    n_rows, n_cols, rank : int
        m, n and k.
    density : number
        p.

    Returns
    -------
    number
        noise^2 k (m + n - k) / p, which estimates E \|M^ - M\|_F^2.

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
    return noise * noise * degrees_of_freedom(n_rows, n_cols, rank) / density
