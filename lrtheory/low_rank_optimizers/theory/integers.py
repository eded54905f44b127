r"""Formulas of training in integers: sums that fit, scores from tables, and what no causal model can beat."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import exact, number, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must

__all__ = [
    "entropy_rate",
    "largest_divisor",
    "largest_product",
    "least_loss",
    "safe_inputs",
    "score_excess",
    "weight_travel",
]

#: the largest absolute value of an activation or weight
LIMIT = 127


def largest_product(n: int, rank: int = 1) -> int:
    r"""Bound a low-rank product of integers of eight bits.

    .. math:: |(x B) A^\top| \le 127^3 n r

    Parameters
    ----------
    n : int
        Inputs, at least 1.
    rank : int
        r, columns of A and B, at least 1.

    Returns
    -------
    int
        The bound, attained when all entries are 127.

    Raises
    ------
    ValueError
        If a size is below 1.
    TypeError
        If it is not an integer.

    Proof
    -----
    Assumes: entries of x, A and B are at most 127 in absolute value.

    Proof: each of the r entries of x B is a sum of n products, at most 127^2 n; an entry of the product is a sum of
    r of them times an entry of A.

    Checked by: EI-1.

    Examples
    --------
    >>> largest_product(1048) < 2**31 < largest_product(1049)
    True
    """
    return LIMIT**3 * integer("n", n, low=1) * integer("rank", rank, low=1)


def safe_inputs(factors: int = 3) -> int:
    """Return how many products of entries of eight bits a sum in 32 bits holds, whatever they are.

    Parameters
    ----------
    factors : int
        Factors of each product: 2 for a matrix, 3 for one of low rank, where the inputs count `rank` times.

    Returns
    -------
    int
        floor((2^31 - 1) / 127^factors): 133,144 for two, 1048 for three.

    Raises
    ------
    ValueError
        If `factors` is below 1.
    TypeError
        If it is not an integer.

    Proof
    -----
    Assumes: as `largest_product`.

    Proof: its bound with n r such products is at most 2^31 - 1.

    Checked by: EI-1.

    Examples
    --------
    >>> safe_inputs(2), safe_inputs(3)
    (133144, 1048)
    """
    return (2**31 - 1) // LIMIT ** integer("factors", factors, low=1)


def largest_divisor(bits: int = 28) -> int:
    r"""Return up to which divisor a product and a shift give the floor of a quotient that is clipped to eight bits.

    .. math:: \lfloor u / d \rfloor = \bigl(u \, (\lfloor 2^b / d \rfloor + 1)\bigr) \gg b, \qquad 0 \le u < 255 d

    Parameters
    ----------
    bits : int
        b, how far the product is shifted, at least 8.

    Returns
    -------
    int
        The largest d with 255 d^2 <= 2^b: 1026 for 28, where networks divide by 364 at most.

    Raises
    ------
    ValueError
        If `bits` is below 8.
    TypeError
        If it is not an integer.

    Proof
    -----
    Assumes: a network of at most `safe_inputs(2)` inputs a layer and a rank of at most 4096, both checked where it is
    made; shifts are floors for negative integers too.

    Proof: with M = floor(2^b / d) + 1 and e = M d - 2^b, which is from 1 to d, u M / 2^b is u / d + (u e / 2^b) / d.
    Here u e < 255 d^2 <= 2^b, so that less than 1 / d is added to a multiple of 1 / d, and no integer is passed. A
    value v is clipped to [-127 d, 127 d] first, which changes v // d only where it is above 127 in absolute value,
    and u = v + 127 d is shifted by 127 multiples of d.

    So each operation of the kernels is one on integers, and any two ways to compute it agree as long as nothing wraps
    around: sums of products x W are at most 127^2 n < 2^31, those of low rank 127^3 n r < 2^63; a weight with its noise
    is at most 127 + 127^2 r / 16 < 2^23, and 127 times it is below 2^31; all else is made of a few activations.
    The order of additions does not matter then, and compiled loops, interpreted ones and arrays give the same bits.

    Checked by: EI-2b.

    Examples
    --------
    >>> largest_divisor()
    1026
    """
    return math.isqrt((1 << integer("bits", bits, low=8)) // (2 * LIMIT + 1))


def weight_travel(n_steps: int) -> int:
    r"""Bound the distance between a weight and its first value after some votes.

    .. math:: |W_T - W_0|_\infty \le \min(T, 254)

    Parameters
    ----------
    n_steps : int
        T, the number of steps, at least 0.

    Returns
    -------
    int
        The bound.

    Raises
    ------
    ValueError
        If it is negative.
    TypeError
        If it is not an integer.

    Proof
    -----
    Assumes: weights of absolute value at most 127 that move by -1, 0 or 1 and are clipped to 127.

    Proof: clipping to an interval that holds the weight never lengthens a move; add up T moves.

    Checked by: EI-2.

    Examples
    --------
    >>> weight_travel(3), weight_travel(1000)
    (3, 254)
    """
    return min(integer("n_steps", n_steps, low=0), 2 * LIMIT)


def score_excess(logits: ArrayLike, *, log: Callable[[Any], Any] = math.log) -> Number:
    r"""Bound by how much a score from tables is above 16 log2 of the probability, in sixteenths of a bit.

    .. math:: 0 \le s - 16 \log_2 \mathrm{softmax} \le 1 + \max_x \bigl(64 + x - 16 \log_2
        \lfloor 16 \cdot 2^{x/16} \rfloor\bigr), \qquad x = \ell_i + 128

    Parameters
    ----------
    logits : array of int
        Logits l of all symbols, from -127 to 127, at least one.
    log : callable
        The natural logarithm, of another kind of number where the bound is decided exactly.

    Returns
    -------
    float or number of the kind of `log`
        Below 2.034 for all logits, 1.07 where none is below -64, and 1.006 where none is below -8.

    Raises
    ------
    ValueError
        If a logit is out of range or not an integer, or there is none.

    Notes
    -----
    The released nano-egg prints such scores as bits per token; they are too low by up to 0.127.

    Proof
    -----
    Assumes: the score is l_t + 128 - floor(16 log2(S / 16)) with S the sum of floor(16 2^(x_i / 16)).

    Proof: let R be the sum without floors. Each entry of the table is at most its power and at least 2^(-d / 16)
    times it, so that 16 log2 S is between 16 log2 R - d and 16 log2 R; the last floor subtracts less than 1. And 16
    log2 softmax is x_t + 64 - 16 log2 R.

    Checked by: EI-3.

    Examples
    --------
    >>> round(score_excess([-123]), 4), round(score_excess([0, 3]), 4)
    (2.0332, 1.0024)
    """
    given = table("logits", logits, -LIMIT, LIMIT).ravel().tolist()
    used = {int(x) for x in given}
    if used != set(given):
        raise must("logits", "integers", logits)
    if not used:
        raise must("logits", "at least one logit", logits)
    _check_logarithm(log)
    x = max(used, key=lambda logit: _missed(logit, math.log))
    return 1 + _missed(x, log)


def _check_logarithm(log: Any) -> None:
    if not callable(log):
        raise must("log", "callable", log, TypeError)


def _missed(logit: int, log: Callable[[Any], Any]) -> Any:
    """Return what the floor of one entry of the table of powers takes, in sixteenths of a bit."""
    return (64 + logit + 128) - 16 * (log(root(logit + 128)) / log(2))


def root(x: int) -> int:
    """Return floor(16 * 2^(x / 16)), the sixteenth root of an integer by four square roots."""
    value = 1 << (64 + x)
    for _ in range(4):
        value = math.isqrt(value)
    return value


def entropy_rate(transitions: ArrayLike, *, log: Callable[[Any], Any] = math.log) -> Number:
    r"""Return the entropy rate of a Markov chain in bits a symbol.

    .. math:: h = -\sum_i \pi_i \sum_j P_{ij} \log_2 P_{ij}

    Parameters
    ----------
    transitions : array of shape (k, k)
        Rows that add up to 1, of an irreducible chain; doubles or Fractions.
    log : callable
        The natural logarithm, as in `score_excess`.

    Returns
    -------
    float or number of the kind of `log`
        Entropy rate in bits a symbol, in [0, log2 k].

    Raises
    ------
    ValueError
        If the rows are not probabilities, or the chain is not irreducible.

    References
    ----------
    .. [1] T. M. Cover, J. A. Thomas, Elements of Information Theory, 2nd edition, Wiley 2006, section 4.2.

    Examples
    --------
    >>> entropy_rate([[0.5, 0.5], [0.5, 0.5]])
    1.0
    """
    P = table("transitions", transitions, 0, 1, shape=("k", "k"))
    pi = stationary(P)
    _check_logarithm(log)
    terms = [pi[i] * (P[i, j] * log(P[i, j])) for i in range(len(P)) for j in range(len(P)) if P[i, j] > 0]
    return plain((0 - sum(terms[1:], terms[0])) / log(2))


def stationary(P: np.ndarray) -> list[Any]:
    """Return the stationary distribution, by elimination without subtractions (Grassmann et al., 1985)."""
    k = len(P)
    if P.shape != (k, k) or any(abs(float(sum(row)) - 1) > 1e-9 for row in P):
        raise must("transitions", "a square array whose rows add up to 1", P)
    Q = [list(row) for row in P]
    for last in range(k - 1, 0, -1):
        out = sum(Q[last][:last])
        if not out > 0:
            raise must("transitions", "those of an irreducible chain", P)
        for i in range(last):
            Q[i][last] = Q[i][last] / out
            for j in range(last):
                Q[i][j] = Q[i][j] + Q[i][last] * Q[last][j]
    pi: list[Any] = [1]
    for i in range(1, k):
        pi.append(sum(pi[j] * Q[j][i] for j in range(i)))
    if not all(p > 0 for p in pi):  # a state that is left for good
        raise must("transitions", "those of an irreducible chain", P)
    total = sum(pi)
    return [Fraction(p) / total if isinstance(total, Fraction | int) else p / total for p in pi]


def least_loss(rate: Number, excess: Number) -> Number:
    r"""Bound the mean loss that scores from tables show, for any model that sees the past alone.

    .. math:: \mathbb E[-s / 16] \ge h - \text{excess} / 16

    Parameters
    ----------
    rate : number
        h, the entropy rate of the source in bits a symbol, at least 0.
    excess : number
        Largest possible excess of a score, see `score_excess`.

    Returns
    -------
    number
        Lower bound on the mean loss, in bits a symbol.

    Raises
    ------
    ValueError
        If one of them is negative.

    Proof
    -----
    Assumes: a stationary chain, and logits that are functions of earlier symbols.

    Proof: given the past, the mean of -log2 q is at least the entropy of the next symbol (Gibbs), whose mean is at
    least h; a score is at most the excess above 16 log2 q.

    Checked by: EI-5.

    Examples
    --------
    >>> least_loss(2.0, 1.6)
    1.9
    """
    return number("rate", rate, 0) - exact(number("excess", excess, 0)) / 16
