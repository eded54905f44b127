r"""How many queries the structures ask for, and the chances behind the bounds, with proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations
from typing import Any

__all__ = [
    "deletion_profiles",
    "deletion_queries",
    "epoch_probability",
    "guesses_per_element",
    "insertion_profiles",
    "insertion_queries",
    "levels_bound",
    "n_buckets",
    "potential",
    "prefix_maximal_bound",
    "prefix_maximal_probability",
    "tight_failure_probability",
]


def guesses_per_element(k: int, epsilon: float) -> int:
    r"""Guesses of an eager table that hold one element at most: floor(log_{1+epsilon}(2k)) + 1 (statement DS-T2).

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

    Proof
    -----
    v lives in guess j iff f(v) <= o_j <= 2k f(v), that is log f(v) <= j log(1 + epsilon) <= log f(v) + log 2k. A closed
    interval of length L holds at most floor(L) + 1 integers.

    Examples
    --------
    >>> guesses_per_element(10, 0.1)
    32
    """
    return math.floor(math.log(2 * k) / math.log1p(epsilon) + 1e-9) + 1


def insertion_queries(k: int) -> int:
    r"""Expected marginals that an insertion asks one guess for, at most: (k + 1)(c + 3) (statement DS-T3).

    Parameters
    ----------
    k : int
        Elements chosen.

    Returns
    -------
    int
        With c = ceil(log2(k + 1)); independent of n.

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
    return (k + 1) * (math.ceil(math.log2(k + 1)) + 3)


def deletion_queries(k: int) -> int:
    r"""Expected marginals that a deletion asks one guess for, at most: k (c + 1) (statement DS-T3).

    Parameters
    ----------
    k : int
        Elements chosen.

    Returns
    -------
    int
        With c = ceil(log2(k + 1)); independent of n.

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
    return k * (math.ceil(math.log2(k + 1)) + 1)


def insertion_profiles(k: int) -> int:
    r"""Expected profiles that an insertion computes in one guess, at most: 3 (k + 1) (statement DS-T3).

    Parameters
    ----------
    k : int
        Elements chosen.

    Returns
    -------
    int
        The bound; this implementation needs at most k + 1.

    Proof
    -----
    As `insertion_queries`, with one profile for all marginals of an element.

    Examples
    --------
    >>> insertion_profiles(5)
    18
    """
    return 3 * (k + 1)


def deletion_profiles(k: int) -> int:
    r"""Expected profiles that a deletion computes in one guess, at most: k (statement DS-T3).

    Parameters
    ----------
    k : int
        Elements chosen.

    Returns
    -------
    int
        The bound.

    Proof
    -----
    As `deletion_queries`, with one profile for all marginals of an element.

    Examples
    --------
    >>> deletion_profiles(5)
    5
    """
    return k


def prefix_maximal_bound(d: Any, N: Any, fraction: Any) -> Any:
    r"""The chance that d fixed elements ever make up a fraction of a prefix of a permutation (statement DS-L1).

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

    Proof
    -----
    H(M) / M, the share among the first M, is a martingale when M decreases: given the first M + 1 as a set, the one
    that is dropped is uniform. Its start, at M = N, is d / N. Doob's inequality.

    Examples
    --------
    >>> prefix_maximal_bound(1, 6, Fraction(1, 2))
    Fraction(1, 3)
    """
    return d / (fraction * N)


def prefix_maximal_probability(d: int, N: int, fraction: Any) -> Fraction:
    r"""The chance that `prefix_maximal_bound` bounds, by enumeration of all places of the d elements (statement DS-L1).

    Parameters
    ----------
    d, N : int
        Fixed elements, and elements in all; C(N, d) cases.
    fraction : number
        e, positive.

    Returns
    -------
    Fraction
        The exact probability.

    Proof
    -----
    The places of d fixed elements in a uniform permutation are a uniform d-subset of the places. H(M) >= e M holds for
    some M iff it holds at one of these places, where H jumps.

    Examples
    --------
    >>> prefix_maximal_probability(1, 6, Fraction(1, 2))
    Fraction(1, 3)
    """
    hits = sum(
        any(seen >= fraction * place for seen, place in enumerate(places, start=1))
        for places in combinations(range(1, N + 1), d)
    )
    return Fraction(hits, math.comb(N, d))


def epoch_probability(d: Any, N: Any, epsilon: Any, *, free_rejections: int = 2) -> Any:
    r"""The chance that d fixed deletions from a bucket of N make its batch be rebuilt, at most (statement DS-T8).

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
    return max(4 / epsilon, 4 * (free_rejections + 1)) * d / N


def n_buckets(k: int, epsilon: float) -> int:
    r"""Buckets of a guess without elements of f(v) > o: floor(log_{1+epsilon}(2k)) + 1 (statement DS-T9).

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
    r"""Levels of the batches at most, if each lets a share of its bucket leave it: (K^2 / a) ln(nK) + 1 (DS-T9).

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

    Proof
    -----
    The potential, the sum of 1 + bucket over the pool (`potential`), is at most n K at first and at least 1 while the
    pool holds something. The largest of K buckets has at least \|R\| / K elements, of which a share a falls by one or
    leaves: each level takes off at least a \|R\| / K >= a / K^2 of the potential. So T - 1 levels leave n K (1 - a /
    K^2)^(T-1) >= 1.

    Examples
    --------
    >>> levels_bound(100, 2, 1.0) > 100
    True
    """
    K = n_buckets(k, epsilon)
    return K**2 / share * math.log(n * K) + 1


def potential(buckets: Any) -> int:
    r"""The sum of 1 + bucket over a pool, which falls from level to level (statement DS-T9).

    Parameters
    ----------
    buckets : collection of int
        Number of the bucket of each element of the pool.

    Returns
    -------
    int
        The potential.

    Proof
    -----
    Marginals never increase from one level to the next, so no element rises, and members of the batch leave.

    Examples
    --------
    >>> potential([0, 2])
    4
    """
    return sum(1 + int(b) for b in buckets)


def tight_failure_probability(k: int, n_identical: int, n_decoys: int, *, n_high: int, n_low: int) -> Fraction:
    r"""The chance that some guess of a table escapes the trap of `make_tight`, at most (statement DS-T12).

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
    special = n_identical + k
    return n_high * Fraction(k, special) + n_low * Fraction(k * special, n_decoys + special)
