"""Pass@k of a set of problems from counts of right answers, with intervals that say of which problems they speak."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._numbers.confidence import clopper_pearson, mean_interval
from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, as_array, choice, integer, must, open_interval
from lrtheory.policy_gradients.exact.subsets import Pairs, all_missed, different
from lrtheory.policy_gradients.problem import AnswerLog, read_counts

__all__ = ["PassAtK", "counted", "left_out", "pass_at_k", "sizes_of"]

POPULATIONS = {"like these": "problems like these", "these": "these problems"}


@result
class PassAtK(Result):
    """The probability that one of k answers is right, in the mean of problems.

    Attributes
    ----------
    k : int64 array of shape (n_k,)
        Numbers of answers.
    value : float64 array of shape (n_k,)
        Mean of the estimates of all problems with at least k answers, without bias.
    lower, upper : float64 array of shape (n_k,)
        Interval for the mean of pass@k, which fails with probability `delta` at most, for each k.
    n_problems : int64 array of shape (n_k,)
        Number of problems with at least k answers.
    per_problem : float64 array of shape (problems, n_k)
        Estimate of each problem; NaN where it has fewer than k answers.
    problem_lower, problem_upper : float64 array of shape (problems, n_k)
        Interval for pass@k of each problem, which fails with probability `delta` at most, for all k at once.
    problems : tuple
        Names of the problems, or their numbers from 0.
    delta : float
        Probability that an interval fails.
    population : str
        Problems of which `lower` and `upper` speak: "like these" or "these".
    message : str
        Population, and the problems that are left out, in a sentence.
    """

    k: np.ndarray
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    n_problems: np.ndarray
    per_problem: np.ndarray
    problem_lower: np.ndarray
    problem_upper: np.ndarray
    problems: tuple[Any, ...]
    delta: float
    population: str
    message: str

    def _columns(self) -> dict[str, Any]:
        ends = {"pass@k": self.value, "lower": self.lower, "upper": self.upper}
        return {"k": self.k, **ends, "problems": self.n_problems}

    def _draw(self, ax: Any) -> None:
        ax.fill_between(self.k, self.lower, self.upper, alpha=0.25, color=display.BLUE)
        display.curves(ax, self.k, {"pass@k": self.value}, xlabel="answers k", ylabel="pass@k")
        ax.set(xscale="log", ylim=(0, 1))


@arrays("host")
def pass_at_k(
    n: ArrayLike | AnswerLog,
    c: ArrayLike | None = None,
    k: int | ArrayLike = 1,
    *,
    delta: float = 0.05,
    population: str = "like these",
) -> PassAtK:
    r"""Estimate from a log how likely one of k answers to a problem is right.

    Arrays: any (copied to the host)

    Parameters
    ----------
    n : AnswerLog, or array of int of shape (problems,)
        A log, or the number of answers to each problem; one number counts as one problem.
    c : array of int of shape (problems,), optional
        Number of right answers; left out with a log.
    k : int, or array of int
        Numbers of answers, at least 1. A problem with fewer answers is left out, and the message says so.
    delta : float
        Probability that an interval fails, in (0, 1).
    population : {"like these", "these"}
        Problems that the interval of the mean speaks of: the kind from which those of the log were drawn independently,
        or those of the log alone, which is narrower where each has many answers.

    Returns
    -------
    PassAtK
        Means with intervals, and the estimate of each problem.

    Raises
    ------
    TypeError
        If a count is not a number.
    ValueError
        If there are no problems, more right answers than answers, or a k is above the answers of every problem.

    Notes
    -----
    The estimate of a problem is 1 - C(n - c, k) / C(n, k), the share of subsets of k answers with a right one: its mean
    is 1 - (1 - P)^k (statement GR-10). It is a product here, in which nothing overflows [1]_. Intervals of the mean are
    those of bets against it for problems like these. For these problems they are Hoeffding's: the estimate averages
    over floor(n / k) independent blocks, in every order of the answers, so that its exponential moments are not above
    those of one order [2]_, and the half-width is the root of log(2 / delta) / 2 sum_i 1 / floor(n_i / k), divided by
    the number of problems. Those of a problem follow from Clopper-Pearson limits of P (statement GR-10c).

    References
    ----------
    .. [1] M. Chen et al., Evaluating large language models trained on code, 2021, arXiv:2107.03374.
    .. [2] W. Hoeffding, Probability inequalities for sums of bounded random variables, JASA 58, 1963, section 5.

    Examples
    --------
    >>> from lrtheory.policy_gradients import pass_at_k
    >>> found = pass_at_k([4, 4, 4], [0, 1, 4], k=[1, 2, 4])
    >>> found.value.round(4)
    array([0.4167, 0.5   , 0.6667])
    >>> found.per_problem[1]
    array([0.25, 0.5 , 1.  ])
    """
    names, sizes, rights = counted(n, c)
    ks = sizes_of("k", k, sizes)
    risk = open_interval("delta", delta, 0, 1)
    choice("population", population, tuple(POPULATIONS))
    pairs = different(sizes, rights)
    each = 1.0 - all_missed(pairs.n, pairs.n - pairs.right, ks)
    low, high = clopper_pearson(pairs.right, pairs.n, risk)
    with np.errstate(divide="ignore"):
        lowest, highest = (-np.expm1(ks * np.log1p(-end)[:, None]) for end in (low, high))
    table = [_mean_of(each[:, j], pairs, int(one), risk, population) for j, one in enumerate(ks)]
    each, lowest, highest = (rows[pairs.place] for rows in (each, lowest, highest))
    value, lower, upper, kept = (np.array(column) for column in zip(*table, strict=True))
    message = f"intervals of the mean speak of {POPULATIONS[population]}{left_out(ks, len(names), kept)}"
    return PassAtK(ks, value, lower, upper, kept, each, lowest, highest, names, risk, population, message)


def counted(n: Any, c: Any) -> tuple[tuple[Any, ...], np.ndarray, np.ndarray]:
    """Names of the problems, numbers of answers and of right ones, from a log or from counts."""
    if isinstance(n, AnswerLog):
        if c is not None:
            raise must("c", "left out with a log, which knows it", Words("counts"))
        names, sizes, rights = n.problems, n.n, n.c
    else:
        if c is None:
            raise must("c", "given, unless `n` is an AnswerLog", None)
        sizes, rights = read_counts(n, c)
        names = tuple(range(len(sizes)))
    if not len(sizes):
        raise must("n", "counts of at least one problem", Words("none"))
    return names, sizes, rights


def sizes_of(name: str, given: Any, n: np.ndarray) -> np.ndarray:
    """Numbers of answers, each at most the largest n."""
    found = as_array(name, given)
    if found.ndim > 1 or not found.size or found.dtype.kind not in "iuO":
        raise must(name, "an integer, or a list of integers", given, TypeError)
    top = int(n.max())
    ks = [integer(name, one, low=1) for one in np.atleast_1d(found).tolist()]  # those beyond int64 are objects
    if max(ks) > top:
        raise must(name, f"at most n = {top}", max(ks))
    return np.array(ks, np.int64)


def _mean_of(each: np.ndarray, pairs: Pairs, k: int, delta: float, population: str) -> tuple[float, float, float, int]:
    """Mean of the estimates that are there, the ends of its interval, and how many there are."""
    there = pairs.n >= k
    values, times = each[there], pairs.times[there]
    m = int(times.sum())
    mean = min(1.0, float(values @ times) / m)
    if population == "like these":
        lower, upper = mean_interval(values, delta, counts=times)
        return mean, lower, upper, m
    half = math.sqrt(math.log(2 / delta) / 2 * float((times / (pairs.n[there] // k)).sum())) / m
    return mean, max(0.0, mean - half), min(1.0, mean + half), m


def left_out(sizes: np.ndarray, n_problems: int, kept: np.ndarray) -> str:
    """The number of problems with too few answers, in words that go on a sentence."""
    gone = [(int(size), n_problems - int(m)) for size, m in zip(sizes, kept, strict=True) if m < n_problems]
    if not gone:
        return ""
    told = ", ".join(f"{m} at {size}" for size, m in gone[:4]) + (", ..." if len(gone) > 4 else "")
    return f"; problems with too few answers are left out: {told}"
