"""Votes on each question of a strategy, whose answers err by chance.

A strategy asks at most C questions with two answers each. Each is asked m times, m odd, and the answer with more votes
is taken; answers are independent, and right with probability q > 1/2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, OutcomeError, Probability, Statement, saboteur
from lrtheory.reranking import Reranker, rerank
from lrtheory.reranking.theory import votes
from proofs_checks.reranking.families.judges import Hidden, draw_places, is_order


@dataclass(frozen=True)
class Noisy(Hidden):
    """A hidden order, the probability q of a right answer, and the probability delta of a wrong result."""

    q: Fraction
    delta: Fraction

    @property
    def questions(self) -> int:
        """C: a knockout asks about two documents until one is left."""
        return self.n - 1


def majority_errs(m: int, q: Fraction) -> Fraction:
    """Return the probability that a majority of m votes is wrong."""
    return sum((math.comb(m, right) * q**right * (1 - q) ** (m - right) for right in range(m // 2 + 1)), Fraction(0))


def bracket(case: Noisy) -> list[list[int]]:
    """Return the documents that the best one meets in a knockout where the winner joins the end of the queue."""
    queue, met = list(range(case.n)), []
    while len(queue) > 1:
        pair, queue = queue[:2], queue[2:]
        winner = case.answer(pair)[0]
        met += [pair] if case.best[0] in pair else []
        queue.append(winner)
    return met


def chance_of_wrong(case: Noisy) -> Fraction:
    """Return the exact probability that another document wins: the best one must win each question about it.

    Whom it meets depends on other answers, but the number of its questions only on its place in the queue.
    """
    m = votes(case.questions, case.q, case.delta)
    return 1 - (1 - majority_errs(m, case.q)) ** len(bracket(case))


def knockout(case: Noisy, rng: np.random.Generator, n: int, part: int = 1) -> np.ndarray:
    """Return the order of the library's knockout by votes in each run, the winner first; `part` divides the votes."""
    m = votes(case.questions, case.q, case.delta) // part
    m += 1 - m % 2
    accuracy, places = float(case.q), case.places

    def judge(pair: np.ndarray) -> np.ndarray:
        right = (places[pair[0]] < places[pair[1]]) == (rng.random() < accuracy)
        return pair if right else pair[::-1]

    rank = partial(rerank, judge, case.n, 1, strategy="knockout", size=2, votes=m)
    return np.array([rank().order for _ in range(n)])


def is_wrong(case: Noisy, found: np.ndarray) -> np.ndarray:
    """Mark the runs whose winner is not the best document."""
    orders = np.asarray(found)
    if orders.shape[1:] != (case.n,) or not (np.sort(orders, axis=1) == np.arange(case.n)).all():
        raise OutcomeError(f"an outcome must be an order of {case.n} documents for each run")
    return orders[:, 0] != case.best[0]


def draw_noisy(draws: Draws) -> Noisy:
    """Draw four to six documents, and answers that are right with probability 8/10 or 9/10."""
    return Noisy(draw_places(draws, draws.integers(4, 6)), 2, Fraction(draws.integers(8, 9), 10), Fraction(1, 10))


NOISY = Family(
    "noisy-judges",
    always=(
        Noisy((7, 6, 5, 4, 3, 2, 1, 0), 2, Fraction(3, 4), Fraction(1, 10)),
        Noisy((3, 0, 2, 1), 2, Fraction(3, 5), Fraction(1, 5)),
    ),
    draw=draw_noisy,
)

RK_N1 = Statement(
    id="reranking/RK-N1",
    title="How many votes a question needs",
    says=(
        "A strategy that asks at most C questions with two answers, each of them m times, where answers are "
        "independent and right with probability at least q > 1/2, is right as a whole with probability at least "
        "1 - delta, if m is odd and at least ln(C / delta) / (2 (q - 1/2)^2)."
    ),
    source=Derived(votes),
    tex=r"m \ge \ln(C / \delta) / (2 (q - 1/2)^2) \Rightarrow P(\text{wrong}) \le \delta",
    hypotheses={"answers that are right more often than not": lambda case: is_order(case) and case.q > Fraction(1, 2)},
    instances=NOISY,
    solve=knockout,
    claim=Probability(event=is_wrong, at_most=lambda case: float(case.delta), exact=chance_of_wrong),
    decisions=("outcome",),
    saboteurs=(
        saboteur("an eighth of the votes", solve=partial(knockout, part=8)),
        saboteur("the first vote alone counts", patch=(Reranker._close, "range(self.votes)]", "range(1)]")),
    ),
    notes=(
        "The bound is generous: of 100 documents, with q = 0.6 and delta = 0.1, m = 345, and all 99 majorities of an "
        "error-free run are right but with probability 0.0086."
    ),
)
