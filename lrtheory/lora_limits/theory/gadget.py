r"""Hard instances, on which attention finds the pair of bit vectors with the largest inner product.

Part of `theory`, where users find these functions. Nothing here proves that gradients are hard: that rests on a
conjecture. What can be checked is the construction, its reduction to adapters, and the calculus through which gradients
give the squared norm of attention: the derivatives along the scale lam of F(lam) = \|softmax(lam A) V\|_F^2, for scores
A (n, L) in [0, b] and values V (L, d) in {0, 1}.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._numbers import formula
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, must, real
from lrtheory.lora_limits.theory.error_bounds import matrix

__all__ = ["Gadget", "decide_pair", "decisive_beta0", "log_pair_sums", "make_gadget"]

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


@formula(inner_product="[0, inf)", n_bits="[1, inf)")
def decide_pair(attention: ArrayLike, inner_product: int, *, n_bits: int, beta0: float) -> np.ndarray:
    """Decide which points a_i have a partner with an inner product of at least p (statement LL-H8).

    Parameters
    ----------
    attention : array of shape (2 n,) or (2 n, 1)
        t = f V of the gadget.
    inner_product : int
        p.
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
    p, d = inner_product, n_bits
    return log_pair_sums(attention, beta0=beta0) >= beta0 * p / (2 * d) - SLACK


@formula(gap="[1, inf)", n_bits="[1, inf)", n="[1, inf)")
def decisive_beta0(n: int, n_bits: int, *, gap: int) -> float:
    """The scale of the logits above which attention decides whether a pair exists (statement LL-H8).

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
    return 2 * n_bits * math.log(n) / gap


# --- the squared norm of attention along its scale -------------------------------------------------------------------
