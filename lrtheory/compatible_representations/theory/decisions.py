r"""Is the new encoder better? Limits of a difference of hits, tests of its sign, and queries that decide.

Part of `theory`, where users find these functions. Of n independent queries b are won, which the new encoder gets right
and the old one wrong, and c are lost, the reverse; p_b and p_c are the probabilities of the two. The difference of the
accuracies is p_b - p_c.
"""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Rational

import numpy as np

from lrtheory._numbers import formula
from lrtheory._numbers.confidence import clopper_pearson
from lrtheory._types import Number, Numbers
from lrtheory._validation import Words, array, must

__all__ = [
    "average_compatibility",
    "average_compatibility_of_equals",
    "difference_limits",
    "is_better",
    "power_beyond",
    "queries_bound",
    "queries_needed",
    "replacement_power",
    "sign_level",
]

#: more discordant queries than this are counted in doubles, fewer in whole numbers
EXACT = 2000
#: no more queries than this are planned
MOST = 10**8
#: standard deviations of a count beyond which nothing is summed
SPAN = 9.0


@formula(won="[0, inf)", lost="[0, inf)", n="[0, inf)", delta="(0, 1)")
def difference_limits(won: Numbers, lost: Numbers, n: Numbers, *, delta: Number) -> tuple[Numbers, Numbers]:
    r"""Compute limits of the difference p_b - p_c, one-sided at `delta` each (statement SX-9).

    Parameters
    ----------
    won, lost : int, or array of int
        b and c.
    n : int, or array of int
        All queries, at least b + c.
    delta : number
        Probability that the lower limit is above the difference; the same for the upper limit below it.

    Returns
    -------
    lower, upper : float, or float64 array of the common shape
        Lower limit of b minus upper limit of c, by Clopper and Pearson at delta / 2 each; and the reverse.

    Raises
    ------
    ValueError
        If b + c is above n, or the shapes do not fit.

    Proof
    -----
    Assumes: the queries are independent with one law (the caller).

    Proof: b and c are binomial. Each of the two one-sided intervals misses with probability at most delta / 2, so both
    hold with probability at least 1 - delta, and then their difference is a limit of the difference.

    Examples
    --------
    >>> lower, upper = difference_limits(40, 10, 200, delta=0.1)
    >>> round(lower, 4), round(upper, 4)
    (0.0712, 0.2249)
    """
    b, c, trials = (np.asarray(one) for one in (won, lost, n))
    try:
        np.broadcast_shapes(b.shape, c.shape, trials.shape)
    except ValueError as error:
        raise must(
            "lost", f"of a shape that fits those of `won` and `n`, {b.shape} and {trials.shape}", c.shape
        ) from error
    if (b + c > trials).any():
        raise must("n", "at least the number of won and lost queries", n)
    low_b, high_b = clopper_pearson(b, trials, delta)
    low_c, high_c = clopper_pearson(c, trials, delta)
    lower, upper = low_b - high_c, high_b - low_c
    return (lower, upper) if lower.ndim else (float(lower), float(upper))


@formula(won="[0, inf)", lost="[0, inf)")
def sign_level(won: int, lost: int) -> float:
    r"""Compute how likely b + c fair coins are to show b heads or more (statement SX-9e).

    Parameters
    ----------
    won, lost : int
        b and c.

    Returns
    -------
    float
        P(X >= b) with X binomial of b + c trials and probability 1/2: the p-value against "the new encoder is not
        better".

    Proof
    -----
    Assumes: as `difference_limits` does.

    Proof: given b + c, b is binomial with probability p_b / (p_b + p_c), which is at most 1/2 where the new encoder is
    not better. The tail of a binomial law grows with its probability, so that at 1/2 is a p-value given every b + c,
    and thus without that condition too.

    Examples
    --------
    >>> sign_level(5, 0)
    0.03125
    """
    total = won + lost
    if total <= EXACT:
        return float(Fraction(_upper_tail(won, total), 2**total))
    from scipy import special  # here, so that importing the system stays quick

    return float(special.betainc(won, lost + 1, 0.5)) if won else 1.0


def is_better(won: int, lost: int, delta: float) -> bool:
    """Whether the level of won and lost queries is at most delta; up to `EXACT` of them in whole numbers."""
    total = won + lost
    if 2 * won <= total:  # then the level is above 1/2, or there is no such query
        return sign_level(won, lost) <= delta
    if total <= EXACT:
        return Fraction(_upper_tail(won, total), 2**total) <= Fraction(delta)
    return sign_level(won, lost) <= delta


def _upper_tail(won: int, total: int) -> int:
    """The number of ways in which `total` coins show at least `won` heads."""
    term = ways = 1
    for heads in range(total, won, -1):  # from all heads downwards
        term = term * heads // (total - heads + 1)
        ways += term
    return ways


@formula(difference="(0, 1]", delta="(0, 1)", miss="(0, 1)")
def queries_bound(difference: Number, *, delta: Number, miss: Number) -> int:
    r"""Bound the queries after which the lower limit is above 0, whatever the discordance is (statement SX-9n).

    Parameters
    ----------
    difference : number
        D = p_b - p_c.
    delta : number
        As in `difference_limits`.
    miss : number
        Probability that the lower limit stays at 0 or below.

    Returns
    -------
    int
        The least integer of at least 2 (sqrt(log(2 / delta)) + sqrt(log(1 / miss)))^2 / D^2; logarithms are natural.

    Proof
    -----
    Assumes: as `difference_limits` does.

    Proof: by Hoeffding's inequality the lower limit of b is at least b / n - s and the upper one of c at most
    c / n + s, with s the root of log(2 / delta) / (2 n), so the lower limit of the difference is at least
    (b - c) / n - 2 s. The mean of n differences in [-1, 1] is above D - t but with probability `miss`, with t the root
    of 2 log(1 / miss) / n. So the limit is above D - t - 2 s, and that is at least 0 at this n.

    Examples
    --------
    >>> queries_bound(0.2, delta=0.1, miss=0.1)
    528
    """
    roots = math.sqrt(math.log(2 / delta)) + math.sqrt(math.log(1 / miss))
    given = difference if isinstance(difference, Rational) else Fraction(float(difference))
    return math.ceil(Fraction(2 * roots**2) / Fraction(given) ** 2)


@formula(won="[0, 1]", lost="[0, 1]", n="[1, inf)", margin="[0, 1)", delta="(0, 1)")
def replacement_power(won: Number, lost: Number, n: int, *, margin: Number = 0.0, delta: Number = 0.05) -> float:
    r"""Compute the probability of a yes, by the trinomial law of won and lost queries (statements SX-9 and SX-9e).

    Parameters
    ----------
    won, lost : number
        p_b and p_c, of sum at most 1.
    n : int
        Queries.
    margin : number
        Loss of accuracy that is accepted, as in `check_replacement`.
    delta : number
        Level of the test.

    Returns
    -------
    float
        The probability that `check_replacement` says yes; what lies more than nine standard deviations off is left out.

    Raises
    ------
    ValueError
        If the probabilities sum to more than 1.

    Examples
    --------
    >>> round(replacement_power(0.1, 0.05, 200, delta=0.1), 3)
    0.646
    """
    if won + lost > 1 + 1e-12:
        raise must("lost", "a probability of sum at most 1 with `won`", lost)
    return power_beyond(float(won), min(float(lost), 1 - float(won)), n, -float(margin), float(delta))


@formula(won="[0, 1]", lost="[0, 1]", margin="[0, 1)", delta="(0, 1)", miss="(0, 1)")
def queries_needed(
    won: Number, lost: Number, *, margin: Number = 0.0, delta: Number = 0.05, miss: Number = 0.1
) -> int | None:
    r"""Find a number of queries after which a test says yes with probability 1 - miss (statements SX-9 and SX-9e).

    Parameters
    ----------
    won, lost : number
        p_b and p_c, of sum at most 1.
    margin, delta : number
        As in `replacement_power`.
    miss : number
        Probability that the test does not say yes.

    Returns
    -------
    int or None
        A number at which `replacement_power` is at least 1 - miss, while it is less at some smaller number that is at
        most a hundredth away; as powers go up and down a little, it is not always the least. None where
        p_b - p_c <= -margin, so that no number will do, or where it takes more than 10^8.

    Raises
    ------
    ValueError
        If the probabilities sum to more than 1.

    Examples
    --------
    >>> queries_needed(0.1, 0.05, delta=0.1)
    424
    """
    if won + lost > 1 + 1e-12:
        raise must("lost", "a probability of sum at most 1 with `won`", lost)
    b, c = float(won), min(float(lost), 1 - float(won))
    if b - c + float(margin) <= 0:
        return None
    return planned(b, c, -float(margin), float(delta), float(miss))


def planned(won: float, lost: float, beyond: float, delta: float, miss: float) -> int | None:
    """A number of queries with which `power_beyond` is at least 1 - miss, by doubling and bisection."""
    high = 1
    while power_beyond(won, lost, high, beyond, delta) < 1 - miss:
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > max(1, high // 200):
        middle = (low + high) // 2
        low, high = (low, middle) if power_beyond(won, lost, middle, beyond, delta) >= 1 - miss else (middle, high)
    return high


def power_beyond(won: float, lost: float, n: int, beyond: float, delta: float) -> float:
    """The probability that the difference is found to be above `beyond`: by its sign for 0, else by its lower limit."""
    found = _sign_power(won, lost, n, delta) if beyond == 0 else _limit_power(won, lost, n, beyond, delta)
    return min(1.0, found)  # the terms of the sum are rounded


def _sign_power(won: float, lost: float, n: int, delta: float) -> float:
    from scipy import special

    discordant = won + lost
    if discordant == 0:
        return 0.0
    totals = _span(n, discordant)
    needed = _least(lambda heads: special.bdtrc(heads - 1, totals, 0.5) <= delta, totals)
    yes = np.where(needed <= totals, _tail(needed, totals, min(1.0, won / discordant)), 0.0)
    return float(_binomial(totals, n, discordant) @ yes)


def _limit_power(won: float, lost: float, n: int, beyond: float, delta: float) -> float:
    from scipy import special

    losses = _span(n, lost)
    goals = clopper_pearson(losses, n, delta)[1] + beyond
    inside = (goals >= 0) & (goals < 1)
    tails = np.clip(goals, 0.0, 1.0)
    # the lower limit of b wins is above a goal where so many wins are less likely than delta / 2 at that goal
    needed = _least(lambda heads: special.bdtrc(heads - 1, n, tails) < delta / 2, np.full(len(losses), n))
    needed = np.where(inside, needed, np.where(goals < 0, 0, n + 1))
    share = won / (1 - lost) if lost < 1 else 0.0
    yes = np.where(needed <= n - losses, _tail(needed, n - losses, min(1.0, share)), 0.0)
    return float(_binomial(losses, n, lost) @ yes)


def _span(n: int, share: float) -> np.ndarray:
    """The counts of n trials within nine standard deviations of their mean."""
    half = SPAN * math.sqrt(n * share * (1 - share)) + SPAN**2
    return np.arange(max(0, math.floor(n * share - half)), min(n, math.ceil(n * share + half)) + 1)


def _binomial(counts: np.ndarray, n: int, share: float) -> np.ndarray:
    """The probabilities of counts of n trials."""
    from scipy import special

    logs = special.gammaln(n + 1) - special.gammaln(counts + 1) - special.gammaln(n - counts + 1)
    found: np.ndarray = np.exp(logs + special.xlogy(counts, share) + special.xlog1py(n - counts, -share))
    return found


def _tail(counts: np.ndarray, n: np.ndarray, share: float) -> np.ndarray:
    """The probabilities that there are at least `counts` successes."""
    from scipy import special

    found: np.ndarray = np.where(counts <= 0, 1.0, special.bdtrc(np.clip(counts, 1, n) - 1, n, share))
    return np.where((counts >= 1) & (n == 0), 0.0, found)


def _least(holds: object, most: np.ndarray) -> np.ndarray:
    """The least count from 1 to `most` at which a condition that grows with it holds, else most + 1."""
    assert callable(holds)
    low, high = np.zeros(len(most), np.int64), np.asarray(most, np.int64) + 1
    while (high - low > 1).any():
        middle = (low + high) // 2
        good = holds(np.minimum(np.maximum(middle, 1), np.maximum(most, 1))) & (middle >= 1)
        high, low = np.where(good, np.minimum(high, middle), high), np.where(good, low, np.maximum(low, middle))
    return high


def average_compatibility(matrix: np.ndarray) -> float:
    r"""Compute the share of pairs of an older and a newer encoder that are compatible (statement SX-10).

    Parameters
    ----------
    matrix : array of shape (T, T)
        Accuracy of queries of encoder i in a gallery of encoder j; what stands above the diagonal is not read.

    Returns
    -------
    float
        The share of the pairs j < i with M[i, j] > M[j, j]; NaN for one encoder.

    Raises
    ------
    ValueError
        If it is no square matrix, or an accuracy on or below the diagonal is NaN.

    Examples
    --------
    >>> average_compatibility(np.array([[0.5, 0.0], [0.6, 0.7]]))
    1.0
    """
    found = array("matrix", matrix, finite=False) if type(matrix) is not np.ndarray else matrix
    if found.ndim != 2 or found.shape[0] != found.shape[1] or not len(found):
        raise must("matrix", "a square matrix", found.shape)
    rows, columns = np.tril_indices(len(found), -1)
    read = np.concatenate([found[rows, columns], np.diagonal(found)])
    if (read != read).any():  # NaN alone differs from itself
        raise must("matrix", "free of NaN on and below the diagonal", Words("NaN"))
    if not len(rows):
        return math.nan
    return float(np.mean(np.asarray(found[rows, columns] > found[columns, columns], bool)))


@formula(accuracy="[0, 1]", n_queries="[1, inf)")
def average_compatibility_of_equals(accuracy: Number, *, n_queries: int) -> float:
    r"""Compute the expected average compatibility of equally good encoders on independent queries (statement SX-10).

    Parameters
    ----------
    accuracy : number
        Probability that a query hits.
    n_queries : int
        Queries behind each accuracy.

    Returns
    -------
    float
        (1 - P(tie)) / 2, never above 1/2.

    Proof
    -----
    Assumes: the two numbers of hits behind M[i, j] and M[j, j] are independent, with one binomial law.

    Proof: by symmetry each of the two is the larger one with the same probability, and these add up to 1 - P(tie). The
    expectation of a share of pairs is the mean of their probabilities.

    Examples
    --------
    >>> round(average_compatibility_of_equals(0.9, n_queries=200), 4)
    0.4667
    """
    law = _binomial(np.arange(n_queries + 1), n_queries, float(accuracy))
    return float((1.0 - law @ law) / 2.0)
