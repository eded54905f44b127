r"""Hard instances, on which attention finds the pair of bit vectors with the largest inner product.

Part of `theory`, where users find these functions. Nothing here proves that gradients are hard: that rests on a
conjecture. What can be checked is the construction, its reduction to adapters, and the calculus in `derivatives`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._numbers import number
from lrtheory._result import Result, result
from lrtheory._validation import array, integer, must, real
from lrtheory.lora_limits.theory.numeric import matrix

__all__ = [
    "Gadget",
    "LowRankHead",
    "decide_pair",
    "decisive_beta0",
    "log_pair_sums",
    "make_gadget",
    "reduce_to_adapters",
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


def make_gadget(a: Any, b: Any, *, beta0: float) -> Gadget:
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
    The logits <q_i, k_j> / (2 d) are beta0 <a_i, b_j> / (2 d) in the upper left block, beta0 d / (2 d) = beta0 / 2 in
    the right half, and 0 in the lower left block. As <a_i, b_j> <= w < d, exactly the right half of every row is at the
    maximum.

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


def _beta0(beta0: Any, n: int) -> float:
    """Check a scale: exp(-beta0 / 2) / (2 n), the least weight that attention may have, must be a normal number."""
    return real("beta0", beta0, low=0.0, high=2 * (LARGEST_EXPONENT - math.log(2 * n)))


def _bits(name: str, value: Any) -> np.ndarray:
    """Check a matrix of zeros and ones, and return it as integers."""
    table = matrix(name, value)
    if not np.isin(table, (0, 1)).all():
        raise must(name, "a matrix of bits", table)
    return table.astype(np.int64)


def log_pair_sums(attention: Any, *, beta0: float) -> np.ndarray:
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
    The first n keys have V = 1 and exponentials with the sum S_i, the others have V = 0 and the logit beta0 / 2. So
    t_i = S_i / (S_i + n exp(beta0 / 2)), hence S_i = n exp(beta0 / 2) t_i / (1 - t_i).

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


def decide_pair(attention: Any, inner_product: int, *, n_bits: int, beta0: float) -> np.ndarray:
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
        log S_i >= beta0 p / (2 d) - 1e-9; right whenever all other inner products are at most p - h. Where t_i is not
        in (0, 1) the answer is False.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    One pair with p gives S_i >= exp(beta0 p / (2 d)); without it S_i <= n exp(beta0 (p - h) / (2 d)), which is less
    when beta0 h / (2 d) > log n. The slack keeps a single dominating pair, a tie up to rounding, on the right side.

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
    See `decide_pair`. The factor 2 comes from the division by 2 d, not d; n pairs at p - h attain it.

    Examples
    --------
    >>> round(decisive_beta0(256, 32, gap=3), 1)
    118.3
    """
    h = integer("gap", gap, low=1)
    return 2 * integer("n_bits", n_bits, low=1) * math.log(integer("n", n, low=1)) / h


def reduce_to_adapters(A1: Any, A2: Any, A3: Any, *, lam: float, width: int) -> LowRankHead:
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
        Its gradient in A is that of the given problem in X, with zeros behind it.

    Raises
    ------
    ValueError
        If shapes do not fit or the width is less than r.

    Proof
    -----
    C1 B A C2^T = [A1, 0] [I; 0] [X, 0] [A2, 0]^T = A1 X A2^T, so logits, c, q and p agree with beta = 1 / r. Then
    dLoss/dA = beta B^T C1^T p C2 = beta A1^T p [A2, 0] = [dLoss/dX, 0] (statement LL-H2).

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
