"""Constants of fusion, and the largest part of a score that one term can give."""

from __future__ import annotations

from lrtheory._numbers import formula
from lrtheory._types import Number

__all__ = ["loud_rank", "rrf_borda_kappa", "term_bound"]


@formula(n="[1, inf)", n_lists="[1, inf)")
def rrf_borda_kappa(n: int, n_lists: int) -> int:
    """Return the constant from which on reciprocal ranks order complete lists as Borda does (statement RK-F2).

    Parameters
    ----------
    n : int
        Documents of each list.
    n_lists : int
        L, the number of lists.

    Returns
    -------
    int
        L n^2 - n.

    Proof
    -----
    Assumes: every list has all n documents (the caller).

    Proof: 1/(kappa + r) = 1/kappa - r/kappa^2 + r^2 / (kappa^2 (kappa + r)). Two documents whose rank sums differ,
    differ by 1 at least, which is 1/kappa^2. The last terms of L ranks lie between 0 and L n^2 / (kappa^2 (kappa + n)),
    since r^2 / (kappa + r) grows in r, and above 0, so their sums differ by less than that. So the order of the rank
    sums decides if L n^2 <= kappa + n.

    Examples
    --------
    >>> rrf_borda_kappa(12, 3)
    420
    """
    return n_lists * n * n - n


@formula(n_lists="[1, inf)", kappa="[0, inf)")
def loud_rank(n_lists: int, kappa: Number) -> Number:
    """Return the rank below which a document of all lists beats one that is first in a single list (statement RK-F6).

    Parameters
    ----------
    n_lists : int
        L, the number of lists.
    kappa : number
        Constant of reciprocal rank fusion.

    Returns
    -------
    number
        (L - 1) kappa + L; at this rank the two tie.

    Proof
    -----
    Assumes: ranks count from 1.

    Proof: L/(kappa + r) > 1/(kappa + 1) if and only if L (kappa + 1) > kappa + r, that is r < (L - 1) kappa + L; at
    equality both have one score. The rank grows with kappa: a larger constant weakens single first places.

    Examples
    --------
    >>> loud_rank(2, 60)
    62
    """
    return (n_lists - 1) * kappa + n_lists


@formula(idf="[0, inf)", k1="[0, inf)", b="[0, 1]", average="(0, inf)")
def term_bound(idf: Number, *, k1: Number, b: Number, average: Number) -> Number:
    r"""Bound the part of a BM25 score that one term gives (statement RK-B1).

    Parameters
    ----------
    idf : number
        Weight of the term.
    k1, b : number
        Constants of BM25: saturation by copies of a term, and weight of the length of a document.
    average : number
        Mean length of a document.

    Returns
    -------
    number
        idf (k1 + 1) / (1 + k1 b / average).

    Proof
    -----
    Assumes: the length of a document counts all of its terms (the caller).

    Proof: tf / (tf + K) falls in \|D\|, and \|D\| >= tf as the copies of the term are terms of D. So it is at most
    tf / (tf + k1 (1 - b) + k1 b tf / average), which is 1 / (1 + k1 (1 - b) / tf + k1 b / average) and below
    1 / (1 + k1 b / average) unless k1 (1 - b) = 0. For b = 0 this is the usual bound idf (k1 + 1).

    Examples
    --------
    >>> round(term_bound(1.0, k1=1.2, b=0.75, average=2.0), 3)
    1.517
    """
    return idf * (k1 + 1) / (1 + k1 * b / average)
