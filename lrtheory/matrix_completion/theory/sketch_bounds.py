r"""Formulas for sketches: their distortion, and how many rows they need.

Part of `theory`, where users find these functions. A sketch S has distortion e on the range of A when
(1 - e) \|A x\| <= \|S A x\| <= (1 + e) \|A x\| for all x. Rational formulas also take Fractions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._numbers import formula, inexact
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import floats, must

__all__ = [
    "countsketch_rank_loss",
    "distortion",
    "gaussian_sketch_failure",
    "srht_failure",
]


@arrays("host")
def distortion(A: ArrayLike, R: ArrayLike) -> float:
    r"""The distortion of the sketch that gave a preconditioner (statement MC-L1).

    Arrays: any (copied to the host)

    Parameters
    ----------
    A : array of shape (n, k)
        Matrix of full column rank.
    R : array of shape (k, k)
        Upper triangular, from a QR decomposition of S A.

    Returns
    -------
    float
        e = max(1 / sigma_min - 1, 1 - 1 / sigma_max) for the singular values of A R^{-1}; 0 for R of A itself.

    Raises
    ------
    TypeError
        If an entry is not a number.
    ValueError
        If shapes do not fit, an entry is not finite, or `R` is singular.

    Proof
    -----
    Assumes: R is the triangle of a QR decomposition of S A, for which the caller answers; a singular R raises an error.

    Proof: \|S A x\| = \|R x\|. With y = R x the definition of the distortion says \|y\| / (1 + e) <= \|A R^{-1} y\| <=
    \|y\| / (1 - e), so e is the smallest number with 1 / (1 + e) <= sigma_min and sigma_max <= 1 / (1 - e).

    Checked by: MC-L1, against the distortion by its definition.

    Examples
    --------
    >>> distortion(np.eye(2), 1.25 * np.eye(2))
    0.25
    """
    matrix = floats("A", A, shape=(None, None))
    if 0 in matrix.shape:
        raise must("A", "a matrix with rows and columns", matrix.shape)
    triangle = floats("R", R, shape=(matrix.shape[1], matrix.shape[1]))
    from scipy.linalg import solve_triangular

    if not np.diagonal(triangle).all():
        raise must("R", "triangular without a zero on its diagonal", R)
    spectrum = np.linalg.svd(solve_triangular(triangle, matrix.T, trans="T"), compute_uv=False)
    return float(max(1 / spectrum[-1] - 1, 1 - 1 / spectrum[0], 0.0))


@formula(rank="[1, inf)", sketch_size="[1, inf)")
def countsketch_rank_loss(rank: int, *, sketch_size: Number) -> Number:
    r"""Probability that a CountSketch makes A = [I_k; 0] rank deficient (statement MC-H3).

    Parameters
    ----------
    rank : int
        k.
    sketch_size : int or Fraction
        Rows s.

    Returns
    -------
    float or Fraction
        1 - prod_{i < k} (1 - i / s), exactly; a Fraction for a Fraction.

    Proof
    -----
    Assumes: The buckets are uniform and independent; MC-E2-law checks that of the library's sketch.

    Proof: Each column of S A is a signed coordinate vector, that of the bucket of its row. The rank is k exactly when
    the k buckets differ, which has the probability that k people have different birthdays in a year of s days.

    Checked by: MC-H3.

    Examples
    --------
    >>> round(countsketch_rank_loss(10, sketch_size=80), 3)
    0.444
    """
    s: Any = sketch_size
    if isinstance(s, int | float) and rank <= s:
        return -math.expm1(math.fsum(math.log1p(-i / s) for i in range(rank)))
    different = 1 - 0 / s  # 1, of the kind of number that the quotients have
    for i in range(rank):
        different *= 1 - i / s
    return 1 - different


@formula(t="[0, inf)", sketch_size="[1, inf)")
def gaussian_sketch_failure(t: Number, *, sketch_size: Number) -> Number:
    r"""Bound on P[some singular value of S Q lies outside 1 -+ (sqrt(k / s) + t)] (statement MC-W3).

    Parameters
    ----------
    t : number
        Extra deviation.
    sketch_size : int
        Rows s of a Gaussian sketch with entries of variance 1 / s.

    Returns
    -------
    number
        2 exp(-s t^2 / 2).

    References
    ----------
    .. [1] K. Davidson, S. Szarek, Local Operator Theory, Random Matrices and Banach Spaces, 2001, theorem II.13.

    Examples
    --------
    >>> round(float(gaussian_sketch_failure(0.3, sketch_size=100)), 4)
    0.0222
    """
    return 2 * np.exp(inexact(-sketch_size * t * t / 2))


@formula(sketch_size="[1, inf)", n_rows="[1, inf)", rank="[1, inf)")
def srht_failure(sketch_size: int, *, n_rows: int, rank: int) -> float:
    r"""Bound on P[some singular value of S Q lies outside [0.40, 1.48]] for an SRHT (statement MC-W6).

    Parameters
    ----------
    sketch_size, n_rows, rank : int
        s, n and k; n is the power of two to which rows are padded, and s of them are kept, each at most once.

    Returns
    -------
    float
        3 / k where 4 (sqrt k + sqrt(8 ln(k n)))^2 ln k <= s <= n; 1 elsewhere, where nothing is said.

    Proof
    -----
    Assumes: Q has k orthonormal columns, n is a power of two, and the s rows are drawn without replacement (hypotheses
    of MC-W6, for which the caller answers). The condition on s is checked; where it fails the value is 1.

    Proof: The length of a row of H D Q is a convex function of the signs with Lipschitz constant 1 / sqrt n and mean at
    most sqrt(k / n), so it exceeds a / sqrt n, a = sqrt k + sqrt(8 ln(k n)), with probability at most 1 / (k n)
    (Ledoux). Some row does with probability at most 1 / k. Otherwise, by the matrix Chernoff bound for rows without
    replacement, the Gram matrix has an eigenvalue below 1/6 with probability at most k exp(-(5/6 - ln(6) / 6) s / a^2),
    and one above 13/6 with probability at most k exp(-(13/6 ln(13/6) - 7/6) s / a^2). With s / a^2 >= 4 ln k both are
    at most 1 / k. And 1/6 > 0.40^2, 13/6 < 1.48^2.

    Checked by: MC-W6.

    References
    ----------
    .. [1] J. Tropp, Improved Analysis of the Subsampled Randomized Hadamard Transform, Adv. Adapt. Data Anal. 3, 2011.

    Examples
    --------
    >>> srht_failure(573, n_rows=1024, rank=4)
    0.75
    """
    s, n, k = sketch_size, n_rows, rank
    return min(1.0, 3 / k) if 4 * (np.sqrt(k) + np.sqrt(8 * np.log(k * n))) ** 2 * np.log(k) <= s <= n else 1.0
