r"""Formulas of training in integers: sums that fit, scores from tables, and what no causal model can beat."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import exact, formula, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must

__all__ = ["entropy_rate", "largest_product", "least_loss", "safe_inputs", "score_excess"]

#: the largest absolute value of an activation or weight
LIMIT = 127


@formula(n="[1, inf)", rank="[1, inf)")
def largest_product(n: int, rank: int = 1) -> int:
    r"""Bound a low-rank product of integers of eight bits.

    .. math:: |(x B) A^\top| \le 127^3 n r

    Parameters
    ----------
    n : int
        Inputs.
    rank : int
        r, columns of A and B.

    Returns
    -------
    int
        The bound, attained when all entries are 127.

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
    return LIMIT**3 * n * rank


@formula(factors="[1, inf)")
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
    return (2**31 - 1) // LIMIT**factors


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


@formula(rate="[0, inf)", excess="[0, inf)")
def least_loss(rate: Number, excess: Number) -> Number:
    r"""Bound the mean loss that scores from tables show, for any model that sees the past alone.

    .. math:: \mathbb E[-s / 16] \ge h - \text{excess} / 16

    Parameters
    ----------
    rate : number
        h, the entropy rate of the source in bits a symbol.
    excess : number
        Largest possible excess of a score, see `score_excess`.

    Returns
    -------
    number
        Lower bound on the mean loss, in bits a symbol.

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
    return rate - exact(excess) / 16
