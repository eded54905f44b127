r"""Formulas for sketches and preconditioned iterations: distortion, condition, rates, and sizes of sketches.

Part of `theory`, where users find these functions. A sketch S has distortion e on the range of A when
(1 - e) \|A x\| <= \|S A x\| <= (1 + e) \|A x\| for all x. Rational formulas also take Fractions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._numbers import entries, inexact, number, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import floats, integer, must

__all__ = [
    "cg_error_bound",
    "countsketch_rank_loss",
    "countsketch_second_moment",
    "distortion",
    "gaussian_sketch_failure",
    "gradient_rate",
    "preconditioned_condition",
    "srht_failure",
    "tuned_gradient_rate",
    "tuned_step",
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


def preconditioned_condition(e: Number | ArrayLike) -> Any:
    r"""Bound on the condition number of A R^{-1} (statement MC-L1).

    Parameters
    ----------
    e : number or array of any shape
        Distortion, in [0, 1).

    Returns
    -------
    number or array of that shape
        (1 + e) / (1 - e).

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `e` is not in [0, 1).

    Proof
    -----
    Assumes: e < 1, which is checked. It is the distortion on the range of A, and S A = Q R, for which the caller
    answers.

    Proof: \|S A R^{-1} y\| = \|y\|. With x = R^{-1} y, (1 - e) \|A x\| <= \|S A x\| <= (1 + e) \|A x\| says that \|A
    R^{-1} y\| lies between \|y\| / (1 + e) and \|y\| / (1 - e). These two numbers enclose the singular values of A
    R^{-1}.

    Checked by: MC-L1.

    Examples
    --------
    >>> preconditioned_condition(0.5)
    3.0
    """
    found = entries("e", e, 0, 1, ends="[)")
    return (1 + found) / (1 - found)


def gradient_rate(e: Number | ArrayLike) -> Any:
    r"""Factor that bounds \|A (x_t - x*)\| after a unit step of preconditioned gradient descent (statement MC-L2).

    Parameters
    ----------
    e : number or array of any shape
        Distortion, in [0, 1).

    Returns
    -------
    number or array of that shape
        max(\|1 - (1 - e)^-2\|, \|1 - (1 + e)^-2\|), below 1 exactly when e < 1 - 1 / sqrt 2.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `e` is not in [0, 1).

    Proof
    -----
    Assumes: As in `preconditioned_condition`.

    Proof: In y = R x one step multiplies the error by I - Q^T Q with Q = A R^{-1}, and Q (I - Q^T Q) = (I - Q Q^T) Q,
    so \|A (x - x*)\| = \|Q (y - y*)\| is multiplied by the norm of I - Q Q^T on the range of Q. The eigenvalues of Q^T
    Q lie in [(1 + e)^-2, (1 - e)^-2]. As t^-2 is convex, the two ends have a mean of at least 1, so (1 - e)^-2 - 1 is
    the larger term; it is 1 at (1 - e)^-2 = 2.

    Checked by: MC-L2.

    Examples
    --------
    >>> gradient_rate(0.5)
    3.0
    """
    found = entries("e", e, 0, 1, ends="[)")
    above = found * (2 - found) / (1 - found) ** 2  # 1 / (1 - e)^2 - 1 without cancellation, and 1 - 1 / (1 + e)^2
    below = found * (2 + found) / (1 + found) ** 2
    return np.maximum(above, below) if isinstance(found, np.ndarray) else max(above, below)


def cg_error_bound(e: Number | ArrayLike, *, n_iter: Number | ArrayLike) -> Any:
    r"""Factor that bounds \|A (x_t - x*)\| after t preconditioned conjugate gradients (statement MC-L2-cg).

    Parameters
    ----------
    e : number or array of any shape
        Distortion, in [0, 1).
    n_iter : int or array of any shape
        t.

    Returns
    -------
    number or array of the shape in which the arguments broadcast
        2 e^t.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `e` is not in [0, 1), or `n_iter` negative.

    Proof
    -----
    Assumes: As in `preconditioned_condition`, and exact arithmetic.

    Proof: Conjugate gradients on Q^T Q, Q = A R^{-1}, multiply the norm \|Q (y - y*)\| by at most 2 ((c - 1) / (c +
    1))^t, where c is the root of the condition number of Q^T Q. By `preconditioned_condition` c <= (1 + e) / (1 - e),
    for which (c - 1) / (c + 1) = e, and the quotient grows with c.

    Checked by: MC-L2-cg.

    Examples
    --------
    >>> cg_error_bound(0.5, n_iter=3)
    0.25
    """
    return 2 * entries("e", e, 0, 1, ends="[)") ** entries("n_iter", n_iter, 0)


def tuned_step(e: Number | ArrayLike) -> Any:
    """The best constant step of preconditioned gradient descent (statement MC-L2-tuned).

    Parameters
    ----------
    e : number or array of any shape
        Distortion, in [0, 1).

    Returns
    -------
    number or array of that shape
        2 / ((1 + e)^-2 + (1 - e)^-2).

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `e` is not in [0, 1).

    Proof
    -----
    Assumes: As in `preconditioned_condition`.

    Proof: A step multiplies the error along an eigenvector of Q^T Q, Q = A R^{-1}, by 1 - step * eigenvalue, and the
    eigenvalues fill at most [(1 + e)^-2, (1 - e)^-2]. The largest absolute value over that interval is smallest where
    the values at its ends are equal and opposite.

    Checked by: MC-L2-tuned.

    Examples
    --------
    >>> tuned_step(0)
    1.0
    """
    found = entries("e", e, 0, 1, ends="[)")
    return 2 / (1 / (1 + found) ** 2 + 1 / (1 - found) ** 2)


def tuned_gradient_rate(e: Number | ArrayLike) -> Any:
    """Factor that bounds the error after a step of length `tuned_step`, below 1 (statement MC-L2-tuned).

    Parameters
    ----------
    e : number or array of any shape
        Distortion, in [0, 1).

    Returns
    -------
    number or array of that shape
        2 e / (1 + e^2).

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `e` is not in [0, 1).

    Proof
    -----
    Assumes: As in `preconditioned_condition`, with the step of `tuned_step`.

    Proof: With a = (1 + e)^-2 and b = (1 - e)^-2 the factor is (b - a) / (b + a). Multiplied by (1 - e^2)^2, its parts
    are (1 + e)^2 - (1 - e)^2 = 4 e and (1 + e)^2 + (1 - e)^2 = 2 + 2 e^2.

    Checked by: MC-L2-tuned.

    Examples
    --------
    >>> tuned_gradient_rate(0.5)
    0.8
    """
    found = entries("e", e, 0, 1, ends="[)")
    return 2 * found / (1 + found * found)


def countsketch_second_moment(Q: ArrayLike, *, sketch_size: Number) -> Any:
    r"""Second moment of the error of a CountSketch, or of OSNAP in blocks (statement MC-E2).

    Parameters
    ----------
    Q : array of shape (n, k)
        Matrix of orthonormal columns.
    sketch_size : int
        Rows s.

    Returns
    -------
    number
        E \|Q^T S^T S Q - I\|_F^2 = (k^2 + k - 2 sum_i \|q_i\|^4) / s.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `Q` has not two axes, an entry is not finite, or `sketch_size` is below 1.

    Proof
    -----
    Assumes: Q has orthonormal columns and, for OSNAP, its r blocks have equally many rows (hypotheses of MC-E2, for
    which the caller answers).

    Proof: The terms with i = l of Q^T S^T S Q add up to Q^T Q = I, so Q^T S^T S Q - I = sum_{i != l} sign_i sign_l
    [same bucket] q_i q_l^T. Products of signs are orthogonal unless the pairs agree up to order, so the moment is (1 /
    s) sum_{i != l} (\|q_i\|^2 \|q_l\|^2 + (q_i . q_l)^2). The full sums are k^2 and \|Q^T Q\|_F^2 = k, and i = l
    contributes \|q_i\|^4 to each. The Gram matrix of OSNAP is the mean of those of r independent CountSketches with s /
    r rows, whose errors have mean 0: r^-2 * r * (...) / (s / r) is (...) / s again.

    Checked by: MC-E2 on drawn sketches, MC-E2-exact over all small ones.

    Examples
    --------
    >>> float(countsketch_second_moment(np.eye(4)[:, :2], sketch_size=4))
    0.5
    """
    basis = table("Q", Q, shape=("n", "k"))
    k, lengths = basis.shape[1], (basis * basis).sum(axis=1)
    return (k * k + k - 2 * (lengths * lengths).sum()) / number("sketch_size", sketch_size, 1)


def countsketch_rank_loss(rank: int, *, sketch_size: Number) -> Any:
    r"""Probability that a CountSketch makes A = [I_k; 0] rank deficient (statement MC-H3).

    Parameters
    ----------
    rank : int
        k.
    sketch_size : int or Fraction
        Rows s, at least 1.

    Returns
    -------
    float or Fraction
        1 - prod_{i < k} (1 - i / s), exactly; a Fraction for a Fraction.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `rank` or `sketch_size` is below 1.

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
    rank, s = integer("rank", rank, low=1), number("sketch_size", sketch_size, 1)
    if isinstance(s, int | float) and rank <= s:
        return -math.expm1(math.fsum(math.log1p(-i / s) for i in range(rank)))
    different = 1 - 0 / s  # 1, of the kind of number that the quotients have
    for i in range(rank):
        different *= 1 - i / s
    return 1 - different


def gaussian_sketch_failure(t: Number, *, sketch_size: Number) -> Any:
    r"""Bound on P[some singular value of S Q lies outside 1 -+ (sqrt(k / s) + t)] (statement MC-W3).

    Parameters
    ----------
    t : number
        Extra deviation, at least 0.
    sketch_size : int
        Rows s of a Gaussian sketch with entries of variance 1 / s.

    Returns
    -------
    number
        2 exp(-s t^2 / 2).

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `t` is negative or not finite, or `sketch_size` below 1.

    References
    ----------
    .. [1] K. Davidson, S. Szarek, Local Operator Theory, Random Matrices and Banach Spaces, 2001, theorem II.13.

    Examples
    --------
    >>> round(float(gaussian_sketch_failure(0.3, sketch_size=100)), 4)
    0.0222
    """
    t, s = number("t", t, 0), number("sketch_size", sketch_size, 1)
    return 2 * np.exp(inexact(-s * t * t / 2))


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

    Raises
    ------
    TypeError, ValueError
        If an argument is not an integer, or below 1.

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
    s, n, k = (integer(*one, low=1) for one in (("sketch_size", sketch_size), ("n_rows", n_rows), ("rank", rank)))
    return min(1.0, 3 / k) if 4 * (np.sqrt(k) + np.sqrt(8 * np.log(k * n))) ** 2 * np.log(k) <= s <= n else 1.0
