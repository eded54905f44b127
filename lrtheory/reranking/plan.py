"""Calls, rounds and votes of each strategy before anything is asked, and how often a judge errs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._numbers.confidence import clopper_pearson, mean_interval
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import flag, integer, must, open_interval, real, sequence
from lrtheory.reranking.strategies.choosing import sorting_cases
from lrtheory.reranking.strategies.results import worked
from lrtheory.reranking.theory import calls_needed, copeland_gap, heap_calls, votes, window_prefix

__all__ = ["NoiseEstimate", "Plan", "estimate_noise", "plan"]


@result
class Plan(Result):
    """The worst case of each strategy that makes the first k certain, the fewest calls first.

    Attributes
    ----------
    strategies : tuple of str
        Strategies, as `rerank` names them.
    steps, passes : int64 array of shape (strategies,)
        Step and passes of windows, 0 for others.
    calls : int64 array of shape (strategies,)
        Calls at most, each vote counted.
    rounds : int64 array of shape (strategies,)
        Rounds at most; calls of a round wait for none of each other. Those of a heap are counted as its calls.
    documents : int64 array of shape (strategies,)
        Documents of all calls together, at most `size` a call.
    votes : int64 array of shape (strategies,)
        Votes on each call.
    certified : int64 array of shape (strategies,)
        Length of the prefix that is certain, or with errors right with probability 1 - delta; 0 where errors repeat.
    needed : int
        Calls that every strategy needs if the judge is consistent; as many check an order afterwards.
    gap : float or None
        Difference of true places from which on an order by wins in all pairs is right with probability 1 - delta, for a
        judge whose errors repeat; None for others.
    message : str
        The cheapest strategy in a sentence.
    """

    strategies: tuple[str, ...]
    steps: np.ndarray
    passes: np.ndarray
    calls: np.ndarray
    rounds: np.ndarray
    documents: np.ndarray
    votes: np.ndarray
    certified: np.ndarray
    needed: int
    gap: float | None
    message: str

    def _columns(self) -> dict[str, Any]:
        return {
            "strategy": self.strategies,
            "calls": self.calls,
            "rounds": self.rounds,
            "votes": self.votes,
            "certain": self.certified,
            "step": self.steps,
            "passes": self.passes,
        }

    def _facts(self) -> list[str]:
        return [self.message]


def plan(
    n: int,
    k: int,
    *,
    size: int = 20,
    error_rate: float = 0.0,
    delta: float = 0.05,
    persistent: bool = False,
) -> Plan:
    """Count calls, rounds and votes of each strategy that makes the first k of n documents certain.

    Parameters
    ----------
    n : int
        Number of documents, at least 1.
    k : int
        Number of best documents that are wanted, in order.
    size : int
        Most documents of a call, at least 2.
    error_rate : float
        Probability, in [0, 1/2), that the answer to a call is wrong as a whole. For calls of two documents
        `estimate_noise` gives it; a call of more documents errs more often.
    delta : float
        Probability that the result is wrong, in (0, 1), where the judge errs.
    persistent : bool
        Whether the judge gives the same answer whenever it is asked, right or wrong. Votes do not help then, and no
        prefix is certain.

    Returns
    -------
    Plan
        A row for each strategy that is able to do it: windows and a heap always are.

    Raises
    ------
    ValueError
        If a number is outside its range.

    Examples
    --------
    >>> from lrtheory.reranking import plan
    >>> found = plan(100, 10, size=20)
    >>> list(zip(found.strategies, found.calls.tolist(), found.rounds.tolist()))
    [('merge', 7, 3), ('tournament', 9, 4), ('window', 9, 9), ('heap', 25, 25)]
    """
    n, size = integer("n", n, low=1), integer("size", size, low=2)
    k, fixed = integer("k", k, low=1, high=n), flag("persistent", persistent)
    rate, risk = real("error_rate", error_rate), open_interval("delta", delta, 0, 1)
    if not 0 <= rate < 0.5:
        raise must("error_rate", "in [0, 0.5)", error_rate)
    rows = []
    for strategy, step, passes, calls, rounds in _worst_cases(n, k, size):
        repeated = 1 if fixed or rate == 0 or calls == 0 else votes(calls, 1 - rate, risk)
        certain = window_prefix(n, size, step, passes=passes) if step else k
        shown = 0 if fixed and rate else max(certain, k)
        most = calls * repeated
        rows.append((most, rounds, strategy, step, passes, repeated, shown, most * min(size, n)))
    rows.sort(key=lambda row: row[:2])
    columns = list(zip(*rows, strict=True))
    gap = copeland_gap(n, rate, risk) if fixed and rate and n > 1 else None
    return Plan(
        strategies=tuple(columns[2]),
        steps=np.array(columns[3]),
        passes=np.array(columns[4]),
        calls=np.array(columns[0]),
        rounds=np.array(columns[1]),
        documents=np.array(columns[7]),
        votes=np.array(columns[5]),
        certified=np.array(columns[6]),
        needed=calls_needed(n, size),
        gap=gap,
        message=_said(n, k, rows[0], risk if rate else 0.0, gap),
    )


def _worst_cases(n: int, k: int, size: int) -> list[tuple[str, int, int, int, int]]:
    """Strategy, step, passes, calls and rounds of all that make the first k certain."""
    found = [(strategy, *case) for strategy, case in sorting_cases(n, k, size).items()]
    most = heap_calls(n, size, k)
    found.append(("heap", 0, 0, most, most))
    if k == 1:
        found.append(("knockout", 0, 0, calls_needed(n, size), _knockout_rounds(n, size)))
    return found


def _knockout_rounds(n: int, size: int) -> int:
    """Each round takes as many full groups as there are, and at last one group of all that are left."""
    rounds = 0
    while n > 1:
        n = n % size + n // size if n >= size else 1
        rounds += 1
    return rounds


def _said(n: int, k: int, row: tuple[Any, ...], risk: float, gap: float | None) -> str:
    calls, rounds, strategy = row[:3]
    if gap is not None:
        far = f"{gap:.3g} places or more apart" if gap < n else f"{gap:.3g} places apart, which no two of {n} are"
        return (
            "no vote repairs errors that repeat, and no prefix is certain; an order by wins in all "
            f"{n * (n - 1) // 2} pairs is right about documents {far}, with probability {1 - risk:g}"
        )
    sure = "certain if the judge is consistent" if not risk else f"right with probability {1 - risk:g}"
    return f"{strategy} makes the first {k} of {n} {sure}, by at most {worked(calls, rounds)}"


@result
class NoiseEstimate(Result):
    """Rate of errors of a judge of two documents, from answers to questions that were asked more than once.

    Attributes
    ----------
    error_rate, lower, upper : float
        Rate e of errors, and the ends of its interval; at most 1/2.
    disagreement : float
        Share of questions of which the first two answers, in one presentation, differ.
    n_repeated : int
        Questions that were asked twice in one presentation.
    bias, bias_lower, bias_upper : float
        Chance that the document which stands first wins, less 1/2, and the ends of its interval.
    n_swapped : int
        Pairs that were asked in both presentations.
    delta : float
        Probability that an interval fails.
    message : str
        Both estimates in a sentence, with what they assume.
    """

    error_rate: float
    lower: float
    upper: float
    disagreement: float
    n_repeated: int
    bias: float
    bias_lower: float
    bias_upper: float
    n_swapped: int
    delta: float
    message: str


def estimate_noise(answers: Sequence[Any] | ArrayLike, *, delta: float = 0.05) -> NoiseEstimate:
    r"""Estimate from repeated answers how often a judge of two documents errs, and how much it favors the first.

    Two independent answers to one question differ with probability d = 2 e (1 - e), if each is wrong with probability
    e < 1/2, so that e = (1 - sqrt(1 - 2 d)) / 2.

    Parameters
    ----------
    answers : sequence of triples, or array of shape (m, 3)
        Documents that stood first and second, and the one that was said to be better.
    delta : float
        Probability that an interval fails, in (0, 1).

    Returns
    -------
    NoiseEstimate
        Rate and bias with intervals. Only the first two answers to a question count, and the first to either
        presentation of a pair, so that the trials are independent.

    Raises
    ------
    TypeError
        If an entry is no triple of integers.
    ValueError
        If the two documents are one, or the better one is neither.

    Proof
    -----
    Assumes: answers are independent, and every question errs at the same rate e < 1/2 (the caller). A judge that always
    repeats its answer is no such judge: it differs never, however often it errs.

    Proof: two answers differ if exactly one of them is wrong, with probability 2 e (1 - e), which grows with e up to
    1/2; the interval of d by Clopper and Pearson becomes that of e. The inverse is convex in d, so that where rates
    differ between questions e lies below their mean. A pair that was asked both ways gives (a + b)/2 - 1/2, for a and b
    1 where the first document won: its mean is the bias, and it does not depend on which document is better where the
    chance is added to both presentations. These values are independent and lie in [-1/2, 1/2].

    Examples
    --------
    >>> from lrtheory.reranking import estimate_noise
    >>> found = estimate_noise([(0, 1, 0), (0, 1, 0), (2, 3, 2), (2, 3, 3), (1, 0, 1)])
    >>> round(found.error_rate, 3), found.n_repeated, found.bias, found.n_swapped
    (0.5, 2, 0.5, 1)
    """
    risk = open_interval("delta", delta, 0, 1)
    asked: dict[tuple[int, int], list[bool]] = {}
    for number, triple in enumerate(sequence("answers", answers)):
        if len(sequence(f"answers[{number}]", triple)) != 3:
            raise must(f"answers[{number}]", "a triple of two documents and the better one", triple)
        first, second, better = (integer(f"answers[{number}]", one, low=0) for one in triple)
        if first == second or better not in (first, second):
            raise must(f"answers[{number}]", "two documents and one of them", triple)
        asked.setdefault((first, second), []).append(better == first)
    twice = [one[0] != one[1] for one in asked.values() if len(one) > 1]
    swapped = [
        (one[0] + asked[second, first][0]) / 2
        for (first, second), one in asked.items()
        if first < second and (second, first) in asked
    ]
    share = float(np.mean(twice)) if twice else 0.0
    low, high = (float(end) for end in clopper_pearson(sum(twice), len(twice), risk))
    below, above = mean_interval(np.array(swapped, float), risk)
    middle = float(np.mean(swapped)) - 0.5 if swapped else 0.0
    return NoiseEstimate(
        error_rate=_rate(share),
        lower=_rate(low),
        upper=_rate(high),
        disagreement=share,
        n_repeated=len(twice),
        bias=middle,
        bias_lower=below - 0.5,
        bias_upper=above - 0.5,
        n_swapped=len(swapped),
        delta=risk,
        message=_told(len(twice), sum(twice), len(swapped)),
    )


def _rate(disagreement: float) -> float:
    """The rate of errors at which two answers differ that often; 1/2 where none is large enough."""
    return (1 - math.sqrt(max(0.0, 1 - 2 * disagreement))) / 2


def _told(n: int, differ: int, swapped: int) -> str:
    if not n:
        return "no question was asked twice in one presentation, so nothing is known of errors"
    same = ", as of a judge that always repeats itself, whose errors this does not show" if not differ else ""
    return f"{differ} of {n} repeated questions got two answers{same}; {swapped} pairs were asked both ways"
