r"""Bounds on the queries of the structures, and on the probabilities behind them, with proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from lrtheory._numbers import number
from lrtheory._types import Number
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


def guesses_per_element(k: int, epsilon: Number) -> int:
    r"""Return the most guesses of a table that hold one element, floor(log_{1+epsilon}(2k)) + 1 (DS-T2-guesses).

    Parameters
    ----------
    k : int
        Elements chosen.
    epsilon : number
        Neighboring guesses have the ratio 1 + epsilon.

    Returns
    -------
    int
        The number of guesses; it depends neither on n nor on the scale of f.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If `k` is below 1, or `epsilon` is not positive and finite.

    Proof
    -----
    Assumes: f(v) > 0 (a hypothesis of the statement); k and epsilon are checked here.

    Proof: An element v belongs to guess j if and only if f(v) <= o_j <= 2k f(v), that is, for o_j = u (1 + epsilon)^j,
    log(f(v) / u) <= j log(1 + epsilon) <= log(f(v) / u) + log(2k). A closed interval of length
    L = log(2k) / log(1 + epsilon) holds at most floor(L) + 1 integers j.

    Checked by: DS-T2-guesses.

    Examples
    --------
    >>> guesses_per_element(10, 0.1)
    32
    """
    k, epsilon = integer("k", k, low=1), number("epsilon", epsilon, 0, ends="(]")
    # where the quotient is an integer, rounding must not make it less
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
        (k + 1) (c + 3) with c = ceil(log2(k + 1)); independent of n.

    Raises
    ------
    TypeError
        If `k` is not an integer.
    ValueError
        If `k` is below 1.

    Proof
    -----
    Assumes: the updates do not depend on the coins (a hypothesis of the statement).

    Proof: On its way down the pools the new element v asks for at most k + 1 marginals. Where it reaches level i, the
    pool R_i has some size m with v in it, and v replaces e_i with probability 1 / m, decided by a fresh coin. Only then
    R_i is sorted into the levels again: each of its m - 1 other elements asks once whether it passes after the new
    e_i, once at the end of the sequence, and at most c times in a binary search among at most k + 1 prefixes, which
    makes c + 2 marginals. The expectation of a level is at most (m - 1) (c + 2) / m < c + 2, and there are at most k
    levels: in all less than (k + 1) + k (c + 2) <= (k + 1)(c + 3).

    Checked by: DS-T3.

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
        k (c + 1) with c = ceil(log2(k + 1)); independent of n.

    Raises
    ------
    TypeError
        If `k` is not an integer.
    ValueError
        If `k` is below 1.

    Proof
    -----
    Assumes: the deleted element does not depend on the coins (a hypothesis of the statement).

    Proof: Given T >= i and e_1, ..., e_{i-1}, the sample e_i is uniform in R_i (statement DS-T4), so an element of R_i
    that was fixed in advance is e_i with probability 1 / \|R_i\|. Only then marginals are asked for: each of the fewer
    than \|R_i\| other elements asks once at the end of the sequence, and at most c times in a binary search among at
    most k prefixes. The expectation of a level is at most c + 1, and there are at most k levels.

    Checked by: DS-T3-deletions.

    Examples
    --------
    >>> deletion_queries(5)
    20
    """
    k = integer("k", k, low=1)
    return k * (math.ceil(math.log2(k + 1)) + 1)


def prefix_maximal_bound(d: int, N: int, fraction: Number) -> Any:
    r"""Bound the chance that d fixed elements make up a fraction of some prefix of a permutation (statement DS-L1).

    Parameters
    ----------
    d : int
        Number of elements that are fixed in advance.
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
    Assumes: the d elements are fixed before the permutation is drawn (the caller).

    Proof: Let H(M) be the number of fixed elements among the first M. Read from M = N downwards, H(M) / M is a
    martingale: given the set of the first M + 1 elements, the one that is not among the first M is uniform in it. It
    starts at H(N) / N = d / N and is not negative, so by Doob's maximal inequality it reaches e with probability at
    most d / (e N).

    Checked by: DS-L1.

    Examples
    --------
    >>> prefix_maximal_bound(1, 6, Fraction(1, 2))
    Fraction(1, 3)
    """
    N = integer("N", N, low=1)
    d, fraction = integer("d", d, low=0, high=N), number("fraction", fraction, 0, ends="(]")
    return d / (fraction * N)


def epoch_probability(d: int, N: int, epsilon: Number, *, free_rejections: int = 2) -> Any:
    r"""Bound the chance that d fixed deletions from a bucket of N make its batch be rebuilt (statement DS-T8a).

    Parameters
    ----------
    d : int
        Deletions that fall into the bucket, fixed in advance.
    N : int
        Size of the bucket when the level was built.
    epsilon : number
        Share of a batch that may die before its level is rebuilt.
    free_rejections : int
        b0, the rejections that a scan allows besides half of the elements that it has seen.

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
    Assumes: the deletions are fixed before the bucket is scanned (a hypothesis of the statement).

    Proof: A scan that has seen M elements of the bucket has rejected fewer than b0 + 1 + M / 2 of them, and its first
    element always joins, so the batch has at least max(1, M / 2 - b0 - 1) members; let m be their number, and H(M) the
    number of deletions among the first M. The level is rebuilt when at least epsilon m members are dead. That needs
    H(M) >= e M for e = min(epsilon / 4, 1 / (4 (b0 + 1))): where M <= 4 (b0 + 1), one death is a share 1 / M >= e of
    the prefix; where M is larger, m >= M / 4, so H(M) >= epsilon m >= e M. By `prefix_maximal_bound` some prefix has
    such a share with probability at most d / (e N). That inequality is about all prefixes at once, so it does not
    matter how the scan chooses where to stop.

    Checked by: DS-T8a.

    Examples
    --------
    >>> epoch_probability(3, 600, Fraction(1, 4))
    Fraction(2, 25)
    """
    N = integer("N", N, low=1)
    d, free_rejections = integer("d", d, low=0, high=N), integer("free_rejections", free_rejections, low=0)
    epsilon = number("epsilon", epsilon, 0, ends="(]")
    return max(4 / epsilon, 4 * (free_rejections + 1)) * d / N


def n_buckets(k: int, epsilon: Number) -> int:
    r"""Return the number of buckets that the marginals of one guess fall into, floor(log_{1+epsilon}(2k)) + 1 (DS-T9).

    Parameters
    ----------
    k : int
        Elements chosen.
    epsilon : number
        A bucket reaches from u to (1 + epsilon) u.

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
    Assumes: no element that belongs to the guess o has f(v) > o (the caller).

    Proof: Marginals that are accepted lie in [t, o] = [t, 2k t], where t = o / (2k). The bucket of a marginal x has the
    number floor(log_{1+epsilon}(x / t)), an integer of at least 0 and at most log_{1+epsilon}(2k).

    Checked by: DS-T9, which is recorded and not run.

    Examples
    --------
    >>> n_buckets(10, 0.1)
    32
    """
    return guesses_per_element(k, epsilon)


def levels_bound(n: int, k: int, epsilon: Number, *, share: Number = 0.5) -> float:
    r"""Bound the number of levels with batches by (K^2 / a) ln(nK) + 1 (statement DS-T9).

    Parameters
    ----------
    n : int
        Elements present.
    k : int
        Elements chosen.
    epsilon : number
        A bucket reaches from u to (1 + epsilon) u.
    share : number
        a, the share of its bucket that a level makes leave that bucket.

    Returns
    -------
    float
        The bound, with K of `n_buckets`; it is far above the number of levels that runs have.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If `n` or `k` is below 1, `epsilon` is not positive and finite, or `share` is not in (0, 1].

    Proof
    -----
    Assumes: each level makes a share a of its bucket leave that bucket (a condition of the statement); numbers are
    checked here.

    Proof: The potential of a pool R is the sum of 1 + bucket number over its elements. It never rises, since marginals
    never rise and members of a batch leave the pool. It is at most n K at first, and at least 1 while the pool is not
    empty. The largest of the K buckets has at least \|R\| / K elements, and a share a of them falls by at least one
    bucket or leaves the pool. So each level takes at least a \|R\| / K off a potential of at most K \|R\|, which is a
    share a / K^2 of it. Before the last of T levels 1 <= n K (1 - a / K^2)^(T-1) <= n K exp(-(T - 1) a / K^2).

    Checked by: DS-T9, which is recorded and not run.

    Examples
    --------
    >>> levels_bound(100, 2, 1.0) > 100
    True
    """
    n, share = integer("n", n, low=1), number("share", share, 0, 1, ends="(]")
    K = n_buckets(k, epsilon)
    return float(K) * K / share * math.log(n * K) + 1


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
    Assumes: the elements arrive in an order that does not depend on the coins, and no guess lies between the decoys and
    OPT (hypotheses of the statement).

    Proof: A high guess escapes the trap only if its first element, which is uniform among nX copies of the bait and k
    blocks, is a block. A low guess escapes only if one of its first k elements is a copy or a block. As long as all are
    decoys, they are drawn like the first entries of a uniform permutation of all nd + nX + k elements, and each entry
    of it is a copy or a block with probability (nX + k) / (nd + nX + k). The union bound over guesses and entries adds
    these up.

    Checked by: DS-T12.

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
