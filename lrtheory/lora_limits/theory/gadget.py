r"""Hard instances, on which attention finds the pair of bit vectors with the largest inner product.

Part of `theory`, where users find these functions. Nothing here proves that gradients are hard: that rests on a
conjecture. What can be checked is the construction, its reduction to adapters, and the calculus through which gradients
give the squared norm of attention: the derivatives along the scale lam of F(lam) = \|softmax(lam A) V\|_F^2, for scores
A (n, L) in [0, b] and values V (L, d) in {0, 1}.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import inexact, number, plain
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, integer, must, real
from lrtheory.lora_limits.theory.error_bounds import matrix

__all__ = [
    "Gadget",
    "LowRankHead",
    "decide_pair",
    "decisive_beta0",
    "first_derivative_bound",
    "log_pair_sums",
    "make_gadget",
    "reduce_to_adapters",
    "riemann_error_bound",
    "second_derivative_bound",
    "squared_norm_derivative",
]

LARGEST_EXPONENT = 700.0  # exp(-x) is a normal number up to here
SLACK = 1e-9  # of the logarithm of a sum, since one dominating pair is a tie up to rounding


@result
class Gadget(Result):
    """Attention whose first rows tell which points have a partner (statement LL-H7).

    Attributes
    ----------
    Q, K : array of shape (2 n, 2 d)
        Queries and keys, entries at most sqrt(beta0).
    V : array of shape (2 n, 1)
        1 for the first n keys.
    beta : float
        1 / (2 d).
    beta0 : float
        Scale of the logits, which lie in [0, beta0 / 2].
    truth : int array of shape (n,)
        max_j <a_i, b_j>.
    """

    Q: np.ndarray
    K: np.ndarray
    V: np.ndarray
    beta: float
    beta0: float
    truth: np.ndarray


@result
class LowRankHead(Result):
    """The gradient problem of a head of width r, written as the adapter problem of a head of width d (statement LL-H2).

    Attributes
    ----------
    C1, C2, C3 : array of shape (L, d)
        The three factors, padded with zeros.
    W : array of shape (d, d)
        Frozen weights, zero.
    A : array of shape (r, d)
        Adapter [lam I, 0].
    B : array of shape (d, r)
        Adapter [I; 0].
    beta : float
        1 / r.
    """

    C1: np.ndarray
    C2: np.ndarray
    C3: np.ndarray
    W: np.ndarray
    A: np.ndarray
    B: np.ndarray
    beta: float


def make_gadget(a: ArrayLike, b: ArrayLike, *, beta0: float) -> Gadget:
    r"""Attention from which sums over exp of inner products of bit vectors can be read (statement LL-H7).

    Parameters
    ----------
    a, b : array of shape (n, d)
        Bit vectors, all with the same number w < d of ones.
    beta0 : float
        Scale of the logits, at least 0.

    Returns
    -------
    Gadget
        Q = sqrt(beta0) [[a, 1], [0, 1]], K = sqrt(beta0) [[b, 0], [0, 1]], V the indicator of the first n keys.

    Raises
    ------
    ValueError
        If an entry is not a bit, rows differ in weight or have all ones, or the scale would let attention underflow.

    Proof
    -----
    Assumes: all rows are bit vectors of one weight w < d, and attention does not underflow (checked here).

    Proof: The logits <q_i, k_j> / (2 d) are beta0 <a_i, b_j> / (2 d) in the upper left block, beta0 d / (2 d)
    = beta0 / 2 in the right half, and 0 in the lower left block. As <a_i, b_j> <= w < d, exactly the right half of
    every row is at the maximum.

    Checked by: LL-H7.

    References
    ----------
    .. [1] J. Alman, Z. Song, The Fine-Grained Complexity of Gradient Computation for Training Large Language Models,
       NeurIPS 2024, Lemma E.2 (properties; the construction is derived here).

    Examples
    --------
    >>> make_gadget([[1, 0]], [[1, 0]], beta0=4.0).Q.tolist()
    [[2.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 2.0]]
    """
    first, second = _bits("a", a), _bits("b", b)
    if first.shape != second.shape:
        raise must("b", f"of shape {first.shape}", second.shape)
    n, d = first.shape
    weights = {*first.sum(1).tolist(), *second.sum(1).tolist()}
    if len(weights) > 1 or weights == {d}:
        raise must("a", "rows of one weight below their length", sorted(weights))
    scale = math.sqrt(_beta0(beta0, n))
    ones, zeros = np.ones((n, d)), np.zeros((n, d))
    Q, K = np.block([[first, ones], [zeros, ones]]), np.block([[second, zeros], [zeros, ones]])
    V = np.repeat([[1.0], [0.0]], n, axis=0)
    return Gadget(scale * Q, scale * K, V, 1 / (2 * d), float(beta0), (first @ second.T).max(1))


def _beta0(beta0: float, n: int) -> float:
    """Check a scale: exp(-beta0 / 2) / (2 n), the least weight that attention may have, must be a normal number."""
    return real("beta0", beta0, low=0.0, high=2 * (LARGEST_EXPONENT - math.log(2 * n)))


def _bits(name: str, value: ArrayLike) -> np.ndarray:
    """Check a matrix of zeros and ones, and return it as integers."""
    bits = matrix(name, value)
    if not np.isin(bits, (0, 1)).all():
        raise must(name, "a matrix of bits", bits)
    return bits.astype(np.int64)


def log_pair_sums(attention: ArrayLike, *, beta0: float) -> np.ndarray:
    r"""log S_i = log sum_j exp(beta0 <a_i, b_j> / (2 d)) from the attention of the gadget (statement LL-H7).

    Parameters
    ----------
    attention : array of shape (2 n,) or (2 n, 1)
        t = f V, in (0, 1) for the first n queries.
    beta0 : float
        Scale of the logits, at least 0.

    Returns
    -------
    float64 array of shape (n,)
        log n + beta0 / 2 + log(t_i / (1 - t_i)); NaN where a t_i is outside of (0, 1), as polynomials can leave it.

    Raises
    ------
    ValueError
        If the shape is another one, or the scale lets attention underflow.

    Proof
    -----
    Assumes: the attention is that of `make_gadget`, whose bit vectors have a weight below d (a hypothesis of the
    statement).

    Proof: The first n keys have V = 1 and exponentials with the sum S_i, the others have V = 0 and the logit beta0 / 2.
    So t_i = S_i / (S_i + n exp(beta0 / 2)), hence S_i = n exp(beta0 / 2) t_i / (1 - t_i).

    Checked by: LL-H7.

    Examples
    --------
    >>> log_pair_sums([0.5, 0.5], beta0=2.0).tolist()
    [1.0]
    """
    t = array("attention", attention).astype(np.float64).ravel()
    if len(t) < 2 or len(t) % 2:
        raise must("attention", "an array of 2 n numbers", t.shape)
    n = len(t) // 2
    beta0 = _beta0(beta0, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = math.log(n) + beta0 / 2 + np.log(t[:n]) - np.log1p(-t[:n])
    return np.where((t[:n] > 0) & (t[:n] < 1), found, np.nan)


def decide_pair(attention: ArrayLike, inner_product: int, *, n_bits: int, beta0: float) -> np.ndarray:
    r"""Decide which points a_i have a partner with an inner product of at least p (statement LL-H8).

    Parameters
    ----------
    attention : array of shape (2 n,) or (2 n, 1)
        t = f V of the gadget.
    inner_product : int
        p, at least 0.
    n_bits : int
        d.
    beta0 : float
        Scale of the logits, above `decisive_beta0` for a gap h.

    Returns
    -------
    bool array of shape (n,)
        log S_i >= beta0 p / (2 d) - 1e-9, which is right where all inner products below p are at most p - h. Where t_i
        is not in (0, 1) the answer is False.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: every inner product is at least p or at most p - h, and beta0 h / (2 d) is above log(n) + 10^-9
    (hypotheses of the statement).

    Proof: One pair with p gives S_i >= exp(beta0 p / (2 d)); without it S_i <= n exp(beta0 (p - h) / (2 d)), which is
    less than exp(beta0 p / (2 d) - 10^-9) when beta0 h / (2 d) > log(n) + 10^-9. A single dominating pair makes S_i
    equal to the threshold up to rounding; the slack of 10^-9 keeps the decision about it right.

    Checked by: LL-H8.

    Examples
    --------
    >>> import numpy as np
    >>> gadget = make_gadget([[1, 1, 0, 0], [0, 1, 1, 0]], [[1, 1, 0, 0], [1, 0, 0, 1]], beta0=40.0)
    >>> f = np.exp(gadget.beta * gadget.Q @ gadget.K.T)
    >>> decide_pair(f @ gadget.V / f.sum(1, keepdims=True), 2, n_bits=4, beta0=40.0).tolist()
    [True, False]
    """
    p, d = integer("inner_product", inner_product, low=0), integer("n_bits", n_bits, low=1)
    return log_pair_sums(attention, beta0=beta0) >= beta0 * p / (2 * d) - SLACK


def decisive_beta0(n: int, n_bits: int, *, gap: int) -> float:
    r"""The scale of the logits above which attention decides whether a pair exists (statement LL-H8).

    Parameters
    ----------
    n, n_bits : int
        Numbers of points and of bits.
    gap : int
        h, by how much the planted inner product exceeds all others.

    Returns
    -------
    float
        2 d log(n) / h; with h of order d the entries, sqrt(beta0), are of order sqrt(log n).

    Raises
    ------
    ValueError
        If a number is less than 1.

    Proof
    -----
    Assumes: all other inner products are at most p - h (a hypothesis of the statement).

    Proof: `decide_pair` separates the two cases where beta0 h / (2 d) > log n, but for its slack. The factor 2 comes
    from the division of logits by 2 d, not d. With n pairs at p - h, log S_i = log(n) + beta0 (p - h) / (2 d), so at
    the bound itself nothing separates them from a pair at p.

    Checked by: LL-H8.

    Examples
    --------
    >>> round(decisive_beta0(256, 32, gap=3), 1)
    118.3
    """
    h = integer("gap", gap, low=1)
    return 2 * integer("n_bits", n_bits, low=1) * math.log(integer("n", n, low=1)) / h


def reduce_to_adapters(A1: ArrayLike, A2: ArrayLike, A3: ArrayLike, *, lam: Number, width: int) -> LowRankHead:
    r"""A head of width r with the weights lam I, as adapters of a wider head with frozen weights 0 (statement LL-H2).

    Parameters
    ----------
    A1, A2, A3 : array of shape (L, r)
        Factors of softmax(A1 X A2^T / r) A3 at X = lam I.
    lam : float
        lambda.
    width : int
        d, at least r.

    Returns
    -------
    LowRankHead
        Wider head, whose gradient in A is that of the given problem in X, with zeros behind it.

    Raises
    ------
    ValueError
        If shapes do not fit or the width is less than r.

    Proof
    -----
    Assumes: r <= d and shapes fit (checked here).

    Proof: C1 B A C2^T = [A1, 0] [I; 0] [X, 0] [A2, 0]^T = A1 X A2^T, so logits, c, q and p agree with beta = 1 / r.
    Then dLoss/dA = beta B^T C1^T p C2 = beta A1^T p [A2, 0] = [dLoss/dX, 0].

    Checked by: LL-H2.

    Examples
    --------
    >>> reduce_to_adapters([[1.0]], [[2.0]], [[3.0]], lam=0.5, width=2).A.tolist()
    [[0.5, 0.0]]
    """
    first = array("A1", A1, shape=(None, None)).astype(np.float64)
    r = first.shape[1]
    d = integer("width", width, low=r)
    others = [array(name, A, shape=(None, r)).astype(np.float64) for name, A in (("A2", A2), ("A3", A3))]
    C1, C2, C3 = (np.pad(one, ((0, 0), (0, d - r))) for one in (first, *others))
    adapter = np.pad(float(number("lam", lam)) * np.eye(r), ((0, 0), (0, d - r)))
    return LowRankHead(C1, C2, C3, np.zeros((d, d)), adapter, np.eye(d, r), 1 / r)


# --- the squared norm of attention along its scale -------------------------------------------------------------------


def squared_norm_derivative(scores: ArrayLike, V: ArrayLike, *, lam: Number) -> Any:
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
    Assumes: shapes fit and numbers are finite (checked here).

    Proof: d f_ij / d lam = f_ij (A_ij - mean_i) for f = softmax(lam A) by rows, and F' = 2 <O, dO / d lam>. For A
    = A1 A2^T / r it is 2 <I, dLoss/dX> at X = lam I with labels 0 and Loss = F / 2.

    Checked by: LL-H3; the form with gradients by LL-H4.

    Examples
    --------
    >>> round(float(squared_norm_derivative([[1.0, 0.0]], [[1.0], [0.0]], lam=0.6931471805599453)), 6)
    0.296296
    """
    A, values, lam = matrix("scores", scores), matrix("V", V), number("lam", lam)
    if len(values) != A.shape[1]:
        raise must("V", f"of {A.shape[1]} rows, as scores has columns", values.shape)
    # Doubles are shifted by the largest exponent of their row, so that nothing overflows. Balls need no shift, and
    # could not tell which exponent is the largest where two overlap.
    shifted = inexact(lam * A)
    if shifted.dtype.kind == "f":
        shifted = shifted - shifted.max(1, keepdims=True)
        A = inexact(A - A.max(1, keepdims=True))  # deviations from the mean do not change, and cancel less
    f = np.exp(shifted)
    f = f / f.sum(1, keepdims=True)
    means = (f * A).sum(1, keepdims=True)
    moved = values - values[0] if shifted.dtype.kind == "f" else values  # the weights of each row below sum to 0
    return plain(2 * ((f @ values) * ((f * (A - means)) @ moved)).sum())


def first_derivative_bound(n: int, n_columns: int, *, largest: Number) -> Any:
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
    Assumes: scores are in [0, b] (a hypothesis of the statement) and values are 0 or 1 (the caller).

    Proof: For one query and one column let C be the keys with V = 1, and mu = O their mass. Then
    O' = Cov_f(1_C, A) = mu (1 - mu) (E[A \| C] - E[A \| not C]) lies between -mu (1 - mu) b and mu (1 - mu) b, so that
    (O^2)' = 2 O O' is at most 2 mu^2 (1 - mu) b <= (8/27) b in absolute value, largest at mu = 2/3. Half of the keys at
    b and in C, the other half at 0, and lam = log(2) / b attain it. The bound 8 b n without d, which the paper's proof
    states, is false.

    Checked by: LL-H3.

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


def second_derivative_bound(n: int, n_columns: int, *, largest: Number) -> Any:
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
    Assumes: scores are in [0, b] (a hypothesis of the statement) and values are 0 or 1 (the caller).

    Proof: In the notation of `first_derivative_bound`, (O^2)'' = 2 O'^2 + 2 O O'' with O'^2 <= mu^2 (1 - mu)^2 b^2, and
    O'' = E_f[(1_C - mu) (A - E A)^2] = mu (1 - mu) (E[(A - E A)^2 \| C] - E[(A - E A)^2 \| not C]), where both means
    lie in [0, b^2]. So \|(O^2)''\| <= 2 mu^2 (1 - mu) (2 - mu) b^2. Its derivative vanishes at 4 mu^2 - 9 mu + 4 = 0,
    mu = (9 - sqrt(17)) / 8, where it is below 0.4035.

    Checked by: LL-H3-second.

    Examples
    --------
    >>> second_derivative_bound(10, 1, largest=Fraction(1, 2))
    Fraction(41, 40)
    """
    n, d = integer("n", n, low=1), integer("n_columns", n_columns, low=1)
    b = number("largest", largest, 0)
    return _scaled(Fraction(41, 100) * n * d, b * b)


def riemann_error_bound(curvature: Number, n_points: int) -> Any:
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
    Assumes: \|F''\| <= b on [0, 1] (the caller; the statement takes b from `second_derivative_bound`).

    Proof: On the interval from i / m to (i + 1) / m, \|F'(t) - F'(i/m)\| <= b (t - i/m), whose integral is b / (2 m^2).
    F(1) - F(0) is the integral of F' over all m intervals, and the mean is the same for F' constant on each.

    Checked by: LL-H4.

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
