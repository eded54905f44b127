r"""The numbers of guesses, queries and samples, with proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math

from lrtheory._numbers import formula
from lrtheory._types import Number

__all__ = ["deletion_queries", "guesses_per_element", "insertion_queries", "stochastic_samples"]


@formula(k="[1, inf)", epsilon="(0, inf)")
def guesses_per_element(k: int, epsilon: Number) -> int:
    """Return the most guesses of a table that hold one element, floor(log_{1+epsilon}(2k)) + 1 (DS-T2-guesses).

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

    Proof
    -----
    Assumes: f(v) > 0 (a hypothesis of the statement).

    Proof: An element v belongs to guess j if and only if f(v) <= o_j <= 2k f(v), that is, for o_j = u (1 + epsilon)^j,
    log(f(v) / u) <= j log(1 + epsilon) <= log(f(v) / u) + log(2k). A closed interval of length
    L = log(2k) / log(1 + epsilon) holds at most floor(L) + 1 integers j.

    Checked by: DS-T2-guesses.

    Examples
    --------
    >>> guesses_per_element(10, 0.1)
    32
    """
    # where the quotient is an integer, rounding must not make it less
    return math.floor(math.log(2 * k) / math.log1p(epsilon) + 1e-9) + 1


@formula(k="[1, inf)")
def insertion_queries(k: int) -> int:
    """Bound the expected marginals that an insertion asks one guess for by (k + 1)(c + 3) (statement DS-T3).

    Parameters
    ----------
    k : int
        Elements chosen.

    Returns
    -------
    int
        (k + 1) (c + 3) with c = ceil(log2(k + 1)); independent of n.

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
    return (k + 1) * (math.ceil(math.log2(k + 1)) + 3)


@formula(k="[1, inf)")
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
    return k * (math.ceil(math.log2(k + 1)) + 1)


@formula(n="[1, inf)", k="[1, inf)", epsilon="(0, 1)")
def stochastic_samples(n: int, k: int, epsilon: Number) -> int:
    """Return the sample size of stochastic greedy, ceil((n / k) ln(1 / epsilon)), at most n (DS-T14-stochastic).

    Parameters
    ----------
    n, k : int
        Number of elements, and of chosen ones.
    epsilon : number
        Accuracy.

    Returns
    -------
    int
        Sample size, at least 1.

    References
    ----------
    .. [1] B. Mirzasoleiman, A. Badanidiyuru, A. Karbasi, J. Vondrak, A. Krause, Lazier Than Lazy Greedy, AAAI 2015.

    Examples
    --------
    >>> stochastic_samples(1000, 10, 0.1)
    231
    """
    return max(1, min(n, math.ceil(n / k * math.log(1 / epsilon))))
