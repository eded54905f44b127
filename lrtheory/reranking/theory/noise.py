"""Judges that err: votes where answers are drawn anew, and counts of wins where an error is made for ever."""

from __future__ import annotations

import math
from fractions import Fraction

from lrtheory._numbers import formula
from lrtheory._types import Number

__all__ = ["copeland_gap", "partitions_needed", "votes"]


@formula(n_calls="[1, inf)", accuracy="(1/2, 1]", delta="(0, 1)")
def votes(n_calls: int, accuracy: Number, delta: Number) -> int:
    """Count the votes on each call with which a whole strategy is right (statement RK-N1).

    Parameters
    ----------
    n_calls : int
        Calls of the strategy, C at most.
    accuracy : number
        Probability q that an answer is right as a whole.
    delta : number
        Probability that something goes wrong.

    Returns
    -------
    int
        The least odd number m that is at least ln(C / delta) / (2 (q - 1/2)^2).

    Proof
    -----
    Assumes: answers are independent, and right with probability at least q (the caller). That q > 1/2 is checked here.

    Proof: the answer given by more than half of m votes is missed where the share of right answers is at most 1/2, at
    least q - 1/2 below its mean: with probability at most exp(-2 m (q - 1/2)^2) (Hoeffding). Look at the run in which
    every majority is right. Its questions are fixed, whatever the strategy makes of answers, and they are at most C.
    All their majorities are right but with probability C exp(-2 m (q - 1/2)^2) <= delta, and then the strategy runs so.

    Examples
    --------
    >>> votes(99, 0.6, 0.1)
    345
    """
    least = math.ceil(math.log(float(n_calls / delta)) / (2 * float(accuracy - Fraction(1, 2)) ** 2))
    return least + 1 - least % 2 if least > 0 else 1


@formula(n="[2, inf)", error_rate="[0, 1/2)", delta="(0, 1)")
def copeland_gap(n: int, error_rate: Number, delta: Number) -> float:
    """Compute the difference of places from which on an order by wins is right (statement RK-N3).

    Parameters
    ----------
    n : int
        Number of documents; every pair is asked once.
    error_rate : number
        Probability eps with which an answer is wrong, and then for ever.
    delta : number
        Probability that some pair which is so far apart is in the wrong order.

    Returns
    -------
    float
        h = sqrt(n ln(n^2 / (2 delta))) / (1 - 2 eps). From n on it says nothing.

    Proof
    -----
    Assumes: each pair is asked once, and the answer is wrong independently, with probability exactly eps (the caller).

    Proof: let S be the numbers of wins, and let b stand h places behind a. In the duel of both S_a - S_b gets +1 or -1,
    with the mean 1 - 2 eps. Each of the h - 1 documents between them adds (1 - eps) - eps on average, and the others
    nothing. So the mean is h (1 - 2 eps). The difference is a sum of 2 (n - 2) independent terms of range 1 and one of
    range 2, whose squared ranges add up to 2 n. By Hoeffding it is not above 0 with probability at most
    exp(-h^2 (1 - 2 eps)^2 / n), and there are fewer than n^2 / 2 pairs.

    Examples
    --------
    >>> round(copeland_gap(40, 0.1, 0.1), 1)
    23.7
    """
    return math.sqrt(n * math.log(n * n / (2 * delta))) / (1 - 2 * error_rate)


@formula(n="[2, inf)", size="[2, n]", gap="[1, inf)", delta="(0, 1)")
def partitions_needed(n: int, size: int, *, gap: int, delta: Number) -> int:
    """Count the random partitions into groups from which on mean places order what is far apart (statement GK-4).

    Parameters
    ----------
    n, size : int
        Number of documents, and of documents of a group; every group has as many.
    gap : int
        Difference h of true places from which on two documents have to be in the right order.
    delta : number
        Probability that some such pair is not.

    Returns
    -------
    int
        The least T of at least 2 (n - 1)^2 / ((size - 1) h^2) ln(2 n / delta), for n / size calls each.

    Proof
    -----
    Assumes: partitions are independent and uniform, groups are sorted rightly, and `size` divides n (the caller).

    Proof: let p = rho / (n - 1) for a document that rho are better than. Over T partitions its places within groups add
    up to a sum of T independent hypergeometric numbers, which is below a binomial one of T (size - 1) draws of mean p
    in the convex order, so that Hoeffding's bound holds for it (Hoeffding 1963, section 6). The mean over T (size - 1)
    draws differs from p by h / (2 (n - 1)) or more with probability at most 2 exp(-T (size - 1) h^2 / (2 (n - 1)^2)).
    Outside of these n events documents whose rho differ by h are in the right order, and n times that bound is at most
    delta.

    Examples
    --------
    >>> partitions_needed(40, 10, gap=10, delta=0.1)
    23
    """
    return math.ceil(2 * (n - 1) ** 2 / ((size - 1) * gap * gap) * math.log(2 * n / delta))
