r"""Bounds on the queries of the structures, and on the probabilities behind them, with proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from lrtheory._numbers import number
from lrtheory._validation import integer

__all__ = [
    "deletion_queries",
    "epoch_probability",
    "guesses_per_element",
    "insertion_queries",
    "levels_bound",
    "n_buckets",
    "prefix_maximal_bound",
    "tight_failure_probability",
]


def guesses_per_element(k: int, epsilon: float) -> int:
    r"""Return the most guesses of a table that hold one element, floor(log_{1+epsilon}(2k)) + 1 (DS-T2-guesses).

    Parameters
    ----------
    k : int
        Elements chosen.
    epsilon : float
        Ratio of the guesses less 1.

    Returns
    -------
    int
        The number, whatever n and the scale of f.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If `k` is below 1, or `epsilon` is not positive and finite.

    Proof
    -----
    v lives in guess j iff f(v) <= o_j <= 2k f(v), that is log f(v) <= j log(1 + epsilon) <= log f(v) + log 2k. A closed
    interval of length L holds at most floor(L) + 1 integers.

    Examples
    --------
    >>> guesses_per_element(10, 0.1)
    32
    """
    k = integer("k", k, low=1)
    number("epsilon", epsilon, 0, ends="(]")
    return math.floor(math.log(2 * k) / math.log1p(epsilon) + 1e-9) + 1


def insertion_queries(k: int) -> int:
    r"""Bound the expected marginals that an insertion asks one guess for by (k + 1)(c + 3) (statement DS-T3).

    Parameters
    ----------
    k : int
        Elements chosen.

    Returns
    -------
    int
        With c = ceil(log2(k + 1)); independent of n.

    Raises
    ------
    TypeError
        If `k` is not an integer.
    ValueError
        If `k` is below 1.

    Proof
    -----
    At most k + 1 marginals on the way down. Level i is reached with R_i of size m, v in it, and hit with probability 1
    / m; then m - 1 elements are asked once about the pool below, and in the rebuild once at the end of the sequence and
    by a binary search among at most k + 1 prefixes: c + 2 each. That is (c + 2) in expectation a level, (k + 1)(c + 2)
    in all. The coins of the way down are fresh and independent of what the updates do.

    Examples
    --------
    >>> insertion_queries(5)
    36
    """
    k = integer("k", k, low=1)
    return (k + 1) * (math.ceil(math.log2(k + 1)) + 3)


def deletion_queries(k: int) -> int:
    r"""Bound the expected marginals that a deletion asks one guess for by k (c + 1) (statement DS-T3-deletions).

    Parameters
    ----------
    k : int
        Elements chosen.

    Returns
    -------
    int
        With c = ceil(log2(k + 1)); independent of n.

    Raises
    ------
    TypeError
        If `k` is not an integer.
    ValueError
        If `k` is below 1.

    Proof
    -----
    Given T >= i and e_1, ..., e_{i-1}, e_i is uniform in R_i (statement DS-T4), so an element of R_i that was chosen in
    advance is e_i with probability 1 / \|R_i\|. Only then is anything asked: a rebuild of R_i, c + 1 marginals an
    element.

    Examples
    --------
    >>> deletion_queries(5)
    20
    """
    k = integer("k", k, low=1)
    return k * (math.ceil(math.log2(k + 1)) + 1)


def prefix_maximal_bound(d: Any, N: Any, fraction: Any) -> Any:
    r"""Bound the chance that d fixed elements make up a fraction of some prefix of a permutation (statement DS-L1).

    Parameters
    ----------
    d : int
        How many elements are fixed in advance.
    N : int
        Elements in all, in uniform random order.
    fraction : number
        e, positive.

    Returns
    -------
    number
        d / (e N), at least the probability that some M >= 1 has e M or more of them among its first M.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If `N` is below 1, `d` is not in [0, N], or the fraction is not positive and finite.

    Proof
    -----
    H(M) / M, the share among the first M, is a martingale when M decreases: given the first M + 1 as a set, the one
    that is dropped is uniform. Its start, at M = N, is d / N. Doob's inequality.

    Examples
    --------
    >>> prefix_maximal_bound(1, 6, Fraction(1, 2))
    Fraction(1, 3)
    """
    N = integer("N", N, low=1)
    d = integer("d", d, low=0, high=N)
    number("fraction", fraction, 0, ends="(]")
    return d / (fraction * N)


def epoch_probability(d: Any, N: Any, epsilon: Any, *, free_rejections: int = 2) -> Any:
    r"""Bound the chance that d fixed deletions from a bucket of N make its batch be rebuilt (statement DS-T8a).

    Parameters
    ----------
    d : int
        Deletions that fall into the bucket, fixed in advance.
    N : int
        Size of the bucket when the level was built.
    epsilon : number
        Tolerance.
    free_rejections : int
        b0 of the scan.

    Returns
    -------
    number
        max(4 / epsilon, 4 (b0 + 1)) d / N.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If `N` is below 1, `d` is not in [0, N], `epsilon` is not positive and finite, or `free_rejections` is negative.

    Proof
    -----
    The scan of M elements rejects fewer than b0 + 1 + M / 2, so the batch has m >= M / 2 - b0 - 1 members, and at least
    one. Deaths reach epsilon m only if H(M) >= e M with e = min(epsilon / 4, 1 / (4 (b0 + 1))): for M <= 4 (b0 + 1) one
    death is 1 / M >= e of the prefix; for larger M, m >= M / 4. Then `prefix_maximal_bound`, which needs no
    conditioning on where the scan stops.

    Examples
    --------
    >>> epoch_probability(3, 600, Fraction(1, 4))
    Fraction(2, 25)
    """
    N = integer("N", N, low=1)
    d, free_rejections = integer("d", d, low=0, high=N), integer("free_rejections", free_rejections, low=0)
    number("epsilon", epsilon, 0, ends="(]")
    return max(4 / epsilon, 4 * (free_rejections + 1)) * d / N


def n_buckets(k: int, epsilon: float) -> int:
    r"""Return the buckets of a guess o without elements of f(v) > o, floor(log_{1+epsilon}(2k)) + 1 (statement DS-T9).

    Parameters
    ----------
    k : int
        Elements chosen.
    epsilon : float
        Width of a bucket.

    Returns
    -------
    int
        K.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If `k` is below 1, or `epsilon` is not positive and finite.

    Proof
    -----
    Marginals lie in [t, o] = [t, 2k t]; as `guesses_per_element`.

    Examples
    --------
    >>> n_buckets(10, 0.1)
    32
    """
    return guesses_per_element(k, epsilon)


def levels_bound(n: int, k: int, epsilon: float, *, share: float = 0.5) -> float:
    r"""Bound the levels of batches by (K^2 / a) ln(nK) + 1, if each lets a share a of its bucket leave it (DS-T9).

    Parameters
    ----------
    n : int
        Elements present.
    k : int
        Elements chosen.
    epsilon : float
        Width of a bucket.
    share : float
        a.

    Returns
    -------
    float
        The bound; far above what is seen.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If `n` or `k` is below 1, `epsilon` is not positive and finite, or `share` is not in (0, 1].

    Proof
    -----
    The potential, the sum of 1 + bucket over the pool, never rises: marginals do not, and members of a batch leave. It
    is at most n K at first and at least 1 while the pool holds something. The largest of K buckets has at least
    \|R\| / K elements, of which a share a falls by one or leaves: each level takes off at least
    a \|R\| / K >= a / K^2 of the potential. So T - 1 levels leave n K (1 - a / K^2)^(T-1) >= 1.

    Examples
    --------
    >>> levels_bound(100, 2, 1.0) > 100
    True
    """
    n = integer("n", n, low=1)
    number("share", share, 0, 1, ends="(]")
    K = n_buckets(k, epsilon)
    return K**2 / share * math.log(n * K) + 1


def tight_failure_probability(k: int, n_identical: int, n_decoys: int, *, n_high: int, n_low: int) -> Fraction:
    r"""Bound the chance that some guess of a table escapes the trap of `make_tight` (statement DS-T12).

    Parameters
    ----------
    k : int
        Elements chosen, and blocks.
    n_identical, n_decoys : int
        Copies of the bait, and decoys.
    n_high, n_low : int
        Guesses that reject the blocks after the bait, and guesses that decoys fill.

    Returns
    -------
    Fraction
        n_high k / (nX + k) + n_low k (nX + k) / (nd + nX + k).

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If `k` is below 1, or another number is negative.

    Proof
    -----
    A high guess fails when its first element, uniform among nX copies and k blocks, is a block. A low guess succeeds in
    filling up with decoys when none of its first k draws is a copy or a block: each is one with probability at most
    (nX + k) / (nd + nX + k). Union over guesses and draws.

    Examples
    --------
    >>> float(tight_failure_probability(2, 398, 400_000, n_high=1, n_low=1)) < 0.01
    True
    """
    k, n_identical = integer("k", k, low=1), integer("n_identical", n_identical, low=0)
    n_decoys, n_high = integer("n_decoys", n_decoys, low=0), integer("n_high", n_high, low=0)
    n_low = integer("n_low", n_low, low=0)
    special = n_identical + k
    return n_high * Fraction(k, special) + n_low * Fraction(k * special, n_decoys + special)
