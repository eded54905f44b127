"""Shares of the best documents in random groups and in random orders, exactly."""

from __future__ import annotations

import math
from fractions import Fraction

from lrtheory._numbers import formula

__all__ = ["capture_probability", "capture_recall", "expected_random"]


@formula(n="[1, inf)", size="[1, n]", k="[1, n]", kept="[0, inf)")
def capture_probability(n: int, size: int, k: int, *, kept: int) -> Fraction:
    """Compute the probability that no random group holds more than a few of the best documents (statement GK-2).

    Parameters
    ----------
    n, size : int
        Number of documents, and of documents of a group, which divides n.
    k : int
        Number of best documents.
    kept : int
        m, how many of them a group may hold.

    Returns
    -------
    Fraction
        [z^k] (sum of C(size, x) z^x over x <= m)^G / C(n, k), for G = n / size groups.

    Raises
    ------
    ValueError
        If `size` does not divide n.

    Proof
    -----
    Assumes: all partitions are equally likely (the caller). That `size` divides n is checked here.

    Proof: given the partition as places in a row, all sets of k places are equally likely for the best k documents.
    C(size, x) ways put x of them into one group, so the sets with at most m in each are counted by the coefficient of
    z^k in (sum of C(size, x) z^x over x <= m) to the power G, out of C(n, k).

    Examples
    --------
    >>> round(float(capture_probability(100, 20, 10, kept=4)), 3)
    0.873
    """
    _divides(n, size)
    one = [math.comb(size, x) for x in range(min(kept, size, k) + 1)]
    ways = [1]
    for _ in range(n // size):
        ways = [
            sum(one[x] * ways[t - x] for x in range(len(one)) if 0 <= t - x < len(ways))
            for t in range(min(k, len(ways) + len(one) - 2) + 1)
        ]
    return Fraction(ways[k] if k < len(ways) else 0, math.comb(n, k))


@formula(n="[1, inf)", size="[1, n]", k="[1, n]", kept="[0, inf)")
def capture_recall(n: int, size: int, k: int, *, kept: int) -> Fraction:
    """Compute the mean share of the best documents that random groups keep (statement GK-2-recall).

    Parameters
    ----------
    n, size, k, kept : int
        As in `capture_probability`; each group keeps its best m.

    Returns
    -------
    Fraction
        (G / k) sum of min(x, m) C(size, x) C(n - size, k - x) / C(n, k).

    Raises
    ------
    ValueError
        If `size` does not divide n.

    Proof
    -----
    Assumes: as for `capture_probability`; a group is sorted rightly.

    Proof: a group that holds x of the best k keeps min(x, m) of them, since nothing in it is better. The number x is
    hypergeometric, C(size, x) C(n - size, k - x) / C(n, k), in each of the G groups; means add up.

    Examples
    --------
    >>> round(float(capture_recall(100, 20, 10, kept=4)), 3)
    0.985
    """
    _divides(n, size)
    held = sum(min(x, kept) * math.comb(size, x) * math.comb(n - size, k - x) for x in range(min(size, k) + 1))
    return Fraction(n // size * held, k * math.comb(n, k))


def _divides(n: int, size: int) -> None:
    from lrtheory._validation import must

    if n % size:
        raise must("size", f"a divisor of n = {n}", size)


@formula(n="[1, inf)", n_relevant="[0, n]", k="[1, n]")
def expected_random(n: int, n_relevant: int, k: int) -> dict[str, Fraction]:
    """Compute what a random order of documents scores on average (statement RK-M4).

    Parameters
    ----------
    n : int
        Number of documents.
    n_relevant : int
        R, how many of them are relevant.
    k : int
        The cut.

    Returns
    -------
    dict of str to Fraction
        The means of precision "p", "recall", average precision "ap" (the sum up to rank k over R) and reciprocal rank
        "rr" at the cut; without a relevant document all are 0.

    Proof
    -----
    Assumes: all orders are equally likely (the caller).

    Proof: each rank has a relevant document with probability R/n, which gives precision and recall. The document at
    rank r is relevant with probability R/n, and then (r - 1)(R - 1)/(n - 1) of the documents above are relevant on
    average: precisions at relevant documents add up to (R/n)(H + (R - 1)/(n - 1)(k - H)) on average, where H adds up
    1/r for r <= k. The first relevant document stands at r where r - 1 irrelevant ones stand before it, which holds for
    C(n - r, R - 1) of the C(n, R) sets of ranks.

    Examples
    --------
    >>> expected_random(4, 2, 2)["ap"]
    Fraction(5, 12)
    """
    R = n_relevant
    if not R:
        return dict.fromkeys(("p", "recall", "ap", "rr"), Fraction(0))
    harmonic = sum((Fraction(1, r) for r in range(1, k + 1)), Fraction(0))
    above = Fraction(R - 1, n - 1) * (k - harmonic) if n > 1 else Fraction(0)
    total = math.comb(n, R)
    firsts = (Fraction(math.comb(n - r, R - 1), r * total) for r in range(1, min(k, n - R + 1) + 1))
    return {
        "p": Fraction(R, n),
        "recall": Fraction(k, n),
        "ap": Fraction(1, n) * (harmonic + above),
        "rr": sum(firsts, Fraction(0)),
    }
