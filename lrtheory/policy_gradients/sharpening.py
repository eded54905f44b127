r"""Answers of logs to two questions: did a training only sharpen, and how many prompts carry no signal.

Updates by rewards alone make the law of the right answers to a problem less even, whatever the norm and the size of
groups (statement GR-4d): the probability that two right answers are the same cannot fall. It is estimated without bias
from a log, and if it falls in the mean of problems, something else than sharpening was at work.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._numbers.confidence import mean_interval
from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, must, open_interval
from lrtheory.policy_gradients.exact.subsets import all_missed, different
from lrtheory.policy_gradients.pass_at_k import counted, left_out, sizes_of
from lrtheory.policy_gradients.problem import AnswerLog

__all__ = ["Sharpening", "SignalShare", "sharpening_report", "signal_share"]


@result
class SignalShare(Result):
    """Share of the prompts whose group carries no signal, for each size of groups.

    Attributes
    ----------
    group_sizes : int64 array of shape (sizes,)
        Answers of a group.
    no_signal : float64 array of shape (sizes,)
        Mean of the estimates of all problems with enough answers for a group, without bias.
    lower, upper : float64 array of shape (sizes,)
        Interval for the mean over problems like these, which fails with probability `delta` at most, for each size.
    n_problems : int64 array of shape (sizes,)
        Number of problems with enough answers for a group.
    per_problem : float64 array of shape (problems, sizes)
        Estimate of each problem; NaN where it has too few answers.
    problems : tuple
        Names of the problems, or their numbers from 0.
    delta : float
        Probability that an interval fails.
    message : str
        Problems that are left out, in a sentence.
    """

    group_sizes: np.ndarray
    no_signal: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    n_problems: np.ndarray
    per_problem: np.ndarray
    problems: tuple[Any, ...]
    delta: float
    message: str

    def _columns(self) -> dict[str, Any]:
        ends = {"no signal": self.no_signal, "lower": self.lower, "upper": self.upper}
        return {"group size": self.group_sizes, **ends, "problems": self.n_problems}

    def _draw(self, ax: Any) -> None:
        ax.fill_between(self.group_sizes, self.lower, self.upper, alpha=0.25, color=display.BLUE)
        display.curves(
            ax, self.group_sizes, {"": self.no_signal}, xlabel="answers of a group", ylabel="share without signal"
        )
        ax.set(ylim=(0, 1))


@arrays("host")
def signal_share(
    n: ArrayLike | AnswerLog, c: ArrayLike | None = None, *, group_sizes: ArrayLike = (4, 8, 16), delta: float = 0.05
) -> SignalShare:
    """Estimate from a log which share of the prompts gives groups in which all answers are right, or all are wrong.

    Arrays: any (copied to the host)

    Parameters
    ----------
    n : AnswerLog, or array of int of shape (problems,)
        A log, or the number of answers to each problem; one number counts as one problem.
    c : array of int of shape (problems,), optional
        Number of right answers; left out with a log.
    group_sizes : array of int
        Numbers of answers of a group, at least 1. A problem with fewer answers is left out, and the message says so.
    delta : float
        Probability that an interval fails, in (0, 1).

    Returns
    -------
    SignalShare
        Means with betting intervals, and the estimate of each problem.

    Raises
    ------
    TypeError
        If a count is not a number.
    ValueError
        If there are no problems, more right answers than answers, or a size is above the answers of every problem.

    Notes
    -----
    The estimate of a problem is (C(c, G) + C(n - c, G)) / C(n, G): its mean is P^G + (1 - P)^G (statement GR-7u).

    Examples
    --------
    >>> from lrtheory.policy_gradients import signal_share
    >>> signal_share([8, 8], [4, 1], group_sizes=[2, 4]).per_problem.round(4)
    array([[0.4286, 0.0286],
           [0.75  , 0.5   ]])
    """
    names, sizes, rights = counted(n, c)
    groups = sizes_of("group_sizes", group_sizes, sizes)
    risk = open_interval("delta", delta, 0, 1)
    pairs = different(sizes, rights)
    each = all_missed(pairs.n, pairs.n - pairs.right, groups) + all_missed(pairs.n, pairs.right, groups)
    each = np.minimum(each, 1.0)[pairs.place]  # two roundings
    kept = np.array([int((sizes >= size).sum()) for size in groups])
    columns = [each[sizes >= size, j] for j, size in enumerate(groups)]
    lower, upper = np.array([mean_interval(column, risk) for column in columns]).T
    means = np.array([column.mean() for column in columns])
    message = f"intervals speak of problems like these{left_out(groups, len(names), kept)}"
    return SignalShare(groups, means, lower, upper, kept, each, names, risk, message)


@result
class Sharpening(Result):
    """The change that a training made to answers, from a log before it and one after it.

    Attributes
    ----------
    verdict : str
        "adds" where right answers have certainly become more even, which no sharpening does; "sharpens" where they have
        certainly become less even; else "open".
    same_before, same_after : float
        Mean over problems of the estimated probability that two right answers to a problem are the same; NaN where no
        problem can be compared.
    change : float
        Difference of both.
    change_lower, change_upper : float
        Interval for the change in the mean of problems like those that are compared, which fails with probability
        `delta` at most.
    n_compared : int
        Number of problems with at least two right answers in both logs.
    k : int64 array of shape (n_k,)
        Powers of two up to the smallest number of answers to a problem in either log.
    before, after : float64 array of shape (n_k,)
        Mean of the estimates of pass@k.
    gain_lower, gain_upper : float64 array of shape (n_k,)
        Interval for the gain of pass@k in the mean of problems like these, which fails with probability `delta` at
        most, for each k.
    crossing : int or None
        First k from which on the estimate after training is below that before; None where there is none.
    delta : float
        Probability that an interval fails.
    message : str
        Verdict and problems that are left out, in sentences.
    """

    verdict: str
    same_before: float
    same_after: float
    change: float
    change_lower: float
    change_upper: float
    n_compared: int
    k: np.ndarray
    before: np.ndarray
    after: np.ndarray
    gain_lower: np.ndarray
    gain_upper: np.ndarray
    crossing: int | None
    delta: float
    message: str

    def _columns(self) -> dict[str, Any]:
        gains = {"gain": self.after - self.before, "gain lower": self.gain_lower, "gain upper": self.gain_upper}
        return {"k": self.k, "before": self.before, "after": self.after, **gains}

    def _draw(self, ax: Any) -> None:
        curves = {"before": self.before, "after": self.after}
        display.curves(ax, self.k, curves, xlabel="answers k", ylabel="pass@k")
        ax.set(xscale="log", ylim=(0, 1))

    def _decided(self) -> bool | None:
        return {"adds": True, "sharpens": False}.get(self.verdict)


def sharpening_report(before: AnswerLog, after: AnswerLog, *, delta: float = 0.05) -> Sharpening:
    """Say from two logs whether a training only sharpened what a model knew.

    Parameters
    ----------
    before, after : AnswerLog
        Logs of the same problems, with answers, drawn at the same temperature. Problems in one of them alone are left
        out. Without answers the verdict stays open, and pass@k is compared alone.
    delta : float
        Probability that an interval fails, in (0, 1).

    Returns
    -------
    Sharpening
        Verdict, change of the law of right answers, and pass@k before and after.

    Raises
    ------
    TypeError
        If a log is no AnswerLog.
    ValueError
        If the logs have no problem in common.

    Notes
    -----
    Two right answers to a problem are the same with probability sum_k q_k^2, where q is the law of an answer given that
    it is right. After m right answers, of which m_k are answer k, sum_k m_k (m_k - 1) / (m (m - 1)) estimates it
    without bias. An update by rewards alone makes q' majorize q, so that it does not lower this number (statement
    GR-4d). Intervals are those of bets against the mean of all differences. A problem is a draw of its own, so the
    verdict speaks of problems like those with two right answers in both logs, and of their mean.

    Examples
    --------
    >>> from lrtheory.policy_gradients import AnswerLog, sharpening_report
    >>> names = [f"problem {i}" for i in range(20) for _ in range(4)]
    >>> before = AnswerLog(names, [1, 1, 1, 0] * 20, answers=["x", "y", "z", "w"] * 20)
    >>> after = AnswerLog(names, [1, 1, 1, 1] * 20, answers=["x", "x", "x", "y"] * 20)
    >>> found = sharpening_report(before, after)
    >>> found.verdict, found.same_before, found.same_after
    ('sharpens', 0.0, 0.5)
    """
    for name, log in (("before", before), ("after", after)):
        if not isinstance(log, AnswerLog):
            raise must(name, "an AnswerLog", log, TypeError)
    risk = open_interval("delta", delta, 0, 1)
    place = {name: i for i, name in enumerate(after.problems)}
    pairs = [(i, place[name]) for i, name in enumerate(before.problems) if name in place]
    pairs = [(i, j) for i, j in pairs if before.n[i] and after.n[j]]
    if not pairs:
        raise must("after", "a log of the problems of `before`", Words("no problem in common"))
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    least = int(min(before.n[first].min(), after.n[second].min()))
    ks = 2 ** np.arange(least.bit_length())
    shares = [_passed(log, rows, ks) for log, rows in ((before, first), (after, second))]
    gains = np.array([_difference(column, risk) for column in (shares[1] - shares[0]).T])
    means = [share.mean(axis=0) for share in shares]
    same = _same(before, after, pairs)
    lower, upper = _difference(same[:, 1] - same[:, 0], risk)
    verdict = "adds" if upper < 0 else "sharpens" if lower > 0 else "open"
    same_before, same_after = same.mean(axis=0).tolist() if len(same) else (np.nan, np.nan)
    return Sharpening(
        verdict=verdict,
        same_before=same_before,
        same_after=same_after,
        change=same_after - same_before,
        change_lower=lower,
        change_upper=upper,
        n_compared=len(same),
        k=ks,
        before=means[0],
        after=means[1],
        gain_lower=gains[:, 0],
        gain_upper=gains[:, 1],
        crossing=_crossing(ks, *means),
        delta=risk,
        message=_told(verdict, before, after, len(pairs), len(same)),
    )


def _passed(log: AnswerLog, rows: np.ndarray, ks: np.ndarray) -> np.ndarray:
    """Estimates of pass@k of some problems."""
    return 1.0 - all_missed(log.n[rows], (log.n - log.c)[rows], ks)


def _difference(values: np.ndarray, delta: float) -> tuple[float, float]:
    """The interval of a mean of differences in [-1, 1]; [-1, 1] without any."""
    lower, upper = mean_interval(np.clip((values + 1.0) / 2.0, 0.0, 1.0), delta)
    return 2.0 * lower - 1.0, 2.0 * upper - 1.0


def _same(before: AnswerLog, after: AnswerLog, pairs: list[tuple[int, int]]) -> np.ndarray:
    """Estimates before and after, of shape (problems, 2), that two right answers are the same."""
    if before.right is None or after.right is None:
        return np.zeros((0, 2))
    rows = [(_agreement(before.right[i]), _agreement(after.right[j])) for i, j in pairs]
    return np.array([row for row in rows if None not in row], np.float64).reshape(-1, 2)


def _agreement(counts: Any) -> float | None:
    """The share of pairs of right answers that are the same; None without a pair."""
    m = sum(counts.values())
    return sum(one * (one - 1) for one in counts.values()) / (m * (m - 1)) if m > 1 else None


def _crossing(ks: np.ndarray, before: np.ndarray, after: np.ndarray) -> int | None:
    """The first k from which on the second curve is below the first."""
    above = np.flatnonzero(after >= before)
    start = int(above[-1]) + 1 if len(above) else 0
    return int(ks[start]) if start < len(ks) else None


def _told(verdict: str, before: AnswerLog, after: AnswerLog, n_pairs: int, n_compared: int) -> str:
    """The verdict in a sentence, and the problems that are left out."""
    says = {
        "adds": "adds: right answers have become more even, which sharpening does not do",
        "sharpens": "sharpens: right answers have become less even, as on the sharpening curve",
        "open": "open: the logs do not tell whether right answers have become more or less even",
    }
    told = [says[verdict]]
    if before.right is None or after.right is None:
        told.append("the verdict needs a column answer in both logs")
    else:
        told.append(f"{n_compared} of {n_pairs} problems have two right answers in both logs")
    alone = len(before) + len(after) - 2 * n_pairs
    if alone:
        told.append(f"{alone} problems of one log have no answers in the other and are left out")
    return "; ".join(told)
