r"""Derivatives of the squared norm of attention along its scale, which the hardness of gradients goes through.

Part of `theory`, where users find these functions. F(lam) = \|softmax(lam A) V\|_F^2 with scores A (n, L) in [0, b] and
values V (L, d) in {0, 1}.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import number, plain
from lrtheory._validation import integer, must
from lrtheory.lora_limits.theory.numeric import matrix

__all__ = ["first_derivative_bound", "riemann_error_bound", "second_derivative_bound", "squared_norm_derivative"]


def squared_norm_derivative(scores: Any, V: Any, *, lam: Any) -> Any:
    r"""F'(lam) for F(lam) = \|softmax(lam scores) V\|_F^2 (statement LL-H4).

    Parameters
    ----------
    scores : array of shape (n, L)
        A, any real numbers.
    V : array of shape (L, d)
        Values.
    lam : number
        lambda.

    Returns
    -------
    float or ball
        2 sum_i <O_i, sum_j f_ij (A_ij - mean_i) V_j>, mean_i = sum_j f_ij A_ij.

    Raises
    ------
    ValueError
        If shapes do not fit or a number is not finite.

    Proof
    -----
    d f_ij / d lam = f_ij (A_ij - mean_i) for f = softmax(lam A) by rows, and F' = 2 <O, dO / d lam>. For
    A = A1 A2^T / r it is 2 <I, dLoss/dX> at X = lam I with labels 0 and Loss = F / 2.

    Examples
    --------
    >>> round(float(squared_norm_derivative([[1.0, 0.0]], [[1.0], [0.0]], lam=0.6931471805599453)), 6)
    0.296296
    """
    scores, V, lam = matrix("scores", scores), matrix("V", V), number("lam", lam)
    if len(V) != scores.shape[1]:
        raise must("V", f"of {scores.shape[1]} rows, as scores has columns", V.shape)
    # exponents shifted by the largest of a row where that costs no exactness
    shifted = lam * scores
    if shifted.dtype.kind == "f":
        shifted = shifted - shifted.max(1, keepdims=True)
    f = np.exp(shifted)
    f = f / f.sum(1, keepdims=True)
    means = (f * scores).sum(1, keepdims=True)
    return plain(2 * ((f @ V) * ((f * (scores - means)) @ V)).sum())


def first_derivative_bound(n: int, n_columns: int, *, largest: Any) -> Any:
    r"""A sharp bound on F'(lam) for scores in [0, b] and values in {0, 1}, for all real lam (statement LL-H3).

    Parameters
    ----------
    n, n_columns : int
        Numbers of queries and of columns of V.
    largest : number
        b.

    Returns
    -------
    number
        (8/27) n d b; a Fraction where b is exact.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    For one query and one column let C be the keys with V = 1 and mu = O their mass. Then O' = Cov_f(1_C, A) =
    mu (1 - mu) (E[A \| C] - E[A \| not C]), between -mu (1 - mu) b and mu (1 - mu) b, and (O^2)' = 2 O O' is at most
    2 mu^2 (1 - mu) b <= (8/27) b in absolute value, largest at mu = 2/3. Half of the keys at b and in C, the other half
    at 0, and lam = log(2) / b attain it. The bound 8 b n without d, which the paper's proof states, is false.

    References
    ----------
    .. [1] J. Alman, Z. Song, The Fine-Grained Complexity of Gradient Computation for Training Large Language Models,
       NeurIPS 2024, Lemma E.3 (the order n b; constants derived here).

    Examples
    --------
    >>> first_derivative_bound(12, 40, largest=3)
    Fraction(1280, 3)
    """
    n, d = integer("n", n, low=1), integer("n_columns", n_columns, low=1)
    return _scaled(Fraction(8, 27) * n * d, number("largest", largest, 0))


def second_derivative_bound(n: int, n_columns: int, *, largest: Any) -> Any:
    r"""A bound on F''(lam) for scores in [0, b] and values in {0, 1}, for all real lam (statements LL-H3, LL-H4).

    Parameters
    ----------
    n, n_columns : int
        Numbers of queries and of columns of V.
    largest : number
        b.

    Returns
    -------
    number
        (41/100) n d b^2; a Fraction where b is exact.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    In the notation of `first_derivative_bound`, (O^2)'' = 2 O'^2 + 2 O O'' with O'^2 <= mu^2 (1 - mu)^2 b^2, and
    O'' = E_f[(1_C - mu) (A - E A)^2] = mu (1 - mu) (E[(A - E A)^2 \| C] - E[(A - E A)^2 \| not C]), where both means
    lie in [0, b^2]. So \|(O^2)''\| <= 2 mu^2 (1 - mu) (2 - mu) b^2. Its derivative vanishes at 4 mu^2 - 9 mu + 4 = 0,
    mu = (9 - sqrt(17)) / 8, where it is 0.4035.

    Examples
    --------
    >>> second_derivative_bound(10, 1, largest=Fraction(1, 2))
    Fraction(41, 40)
    """
    n, d = integer("n", n, low=1), integer("n_columns", n_columns, low=1)
    b = number("largest", largest, 0)
    return _scaled(Fraction(41, 100) * n * d, b * b)


def riemann_error_bound(curvature: Any, n_points: int) -> Any:
    r"""A bound on how far the mean of F' over i / m, i < m, is from F(1) - F(0) (statement LL-H4).

    Parameters
    ----------
    curvature : number
        b, a bound on \|F''\|.
    n_points : int
        m.

    Returns
    -------
    number
        b / (2 m); the paper states b / m.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    On the interval from i / m to (i + 1) / m, \|F'(t) - F'(i/m)\| <= b (t - i/m), whose integral is b / (2 m^2).
    F(1) - F(0) is the integral of F' over all m intervals, and the mean is the same for F' constant on each.

    Examples
    --------
    >>> riemann_error_bound(8, 4)
    Fraction(1, 1)
    """
    m = integer("n_points", n_points, low=1)
    return _scaled(Fraction(1, 2 * m), number("curvature", curvature, 0))


def _scaled(factor: Fraction, value: Any) -> Any:
    """Multiply exactly, unless the value is a double."""
    return float(factor) * value if isinstance(value, float) else factor * value
