"""Metrics where documents are not judged: intervals over all judgments that they could get, and pools.

x is 1 for a relevant document. U documents of the ranking are not judged, and e more of the collection that were not
found; a completion says of each of them whether it is relevant.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.reranking import Judgments, Run, evaluate
from lrtheory.reranking.metrics import intervals, kernels
from proofs_checks.reranking.families.rankings import cut, metrics, of

NAMES = ("ndcg", "ap", "rr", "recall")
OPEN = -1
OPTIONS: dict[str, Any] = {"discount": "reciprocal", "max_gain": 1}


@dataclass(frozen=True)
class Holes:
    """Labels by rank, 1, 0 or -1 for none, and numbers of documents not found that are relevant, or not judged."""

    labels: tuple[int, ...]
    missed: int
    unseen: int
    k: int

    @property
    def open(self) -> list[int]:
        """The ranks, counted from 0, of documents that are not judged."""
        return [rank for rank, label in enumerate(self.labels) if label == OPEN]

    def measured(self, marked: Sequence[int], more: int) -> list[Fraction]:
        """Return the metrics where these of the open ranks are relevant, and `more` documents that were not found."""
        labels = [int(rank in marked) if label == OPEN else label for rank, label in enumerate(self.labels)]
        return of(NAMES, metrics(labels, [*labels, *[1] * (self.missed + more)], self.k, 1))


@dataclass(frozen=True)
class Ends:
    """The least and the largest value of nDCG, AP, RR and recall."""

    lower: np.ndarray
    upper: np.ndarray


def completed(case: Holes, rng: np.random.Generator, unjudged: str = "bounds") -> Ends:
    """Measure the ends by the library, or one value where an open document counts as irrelevant or is skipped."""
    ranks = [f"found-{rank}" for rank in range(len(case.labels))]
    told = {d: label for d, label in zip(ranks, case.labels, strict=True) if label != OPEN}
    # a document that is judged and not relevant changes no metric, and the query is judged where all ranks are open
    judged = told | {f"other-{i}": 1 for i in range(case.missed)} | {"none": 0}
    run, judgments = Run.from_lists({0: ranks}), Judgments.from_dict({0: judged})
    unseen = case.unseen if unjudged == "bounds" else 0
    found = evaluate(run, judgments, cut(NAMES, case.k), unjudged=unjudged, unseen=unseen, **OPTIONS)
    return Ends(found.lower[0], found.upper[0])


@formula(U="[0, inf)")
def completions_needed(U: int) -> int:
    """The number of completions that have the least and the largest AP, nDCG, RR and recall among them.

    Proof
    -----
    Assumes: judgments are 0 or 1, and discounts do not grow.

    Proof: fix the number m of relevant documents among the U and the number among the e. Then R and the ideal DCG are
    fixed. Let r_1 < r_2 < ... be the ranks of relevant documents; AP adds up i / r_i over those up to k, and DCG,
    recall and RR are functions of these ranks too, all of which fall in each of them. Marking the first m open ranks
    makes every r_i least at once, and marking the last m makes every one largest. With the ranks fixed, R and the ideal
    DCG grow with the number among the e, and nothing else changes: no metric grows. So the largest values are among
    those with the first m marked and none of the e, the least ones among those with the last m and all of the e.
    """
    return 2 * (U + 1)


def all_completions(case: Holes) -> Iterator[list[Fraction]]:
    """Yield the metrics of every completion."""
    for size in range(len(case.open) + 1):
        for marked in itertools.combinations(case.open, size):
            yield from (case.measured(marked, more) for more in range(case.unseen + 1))


def few_completions(case: Holes) -> tuple[list[list[Fraction]], list[list[Fraction]]]:
    """Return the metrics where the last m open ranks and all of the e are relevant, and the first m and none."""
    places, some = case.open, range(len(case.open) + 1)
    last = [case.measured(places[len(places) - m :], case.unseen) for m in some]
    return last, [case.measured(places[:m], 0) for m in some]


def exact_ends(case: Holes, found: Ends) -> Sides:
    """Compare the ends with those over all completions, and these with those over the few, which are counted."""
    columns = list(zip(*all_completions(case), strict=True))
    least, most = few_completions(case)
    ends = [*map(min, columns), *map(max, columns)]
    of_few = [*map(min, zip(*least, strict=True)), *map(max, zip(*most, strict=True))]
    lhs = [*found.lower, *found.upper, *map(float, of_few), len(least) + len(most)]
    rhs = [*map(float, ends), *map(float, ends), completions_needed(len(case.open))]
    return Sides(lhs, rhs, rounding=[*rounding(64 * len(case.labels), [2.0] * 16), 0.0])


def is_open(case: Holes) -> bool:
    """Decide whether labels are 0, 1 or -1, and k is a rank."""
    return set(case.labels) <= {0, 1, OPEN} and 1 <= case.k <= len(case.labels) and min(case.missed, case.unseen) >= 0


def draw_holes(draws: Draws) -> Holes:
    """Draw two to seven documents, and up to two relevant and two unjudged ones that were not found."""
    n = draws.integers(2, 7)
    labels = tuple(draws.integers(-1, 1, shape=n).tolist())
    return Holes(labels, draws.integers(0, 2), draws.integers(0, 2), draws.integers(1, n))


HOLES = Family(
    "holes",
    always=(
        Holes((1, OPEN), 0, 0, 2),
        Holes((OPEN, 0, 1, OPEN, OPEN), 0, 1, 4),
        Holes((0, OPEN, OPEN, 1), 1, 0, 3),
        Holes((1, 0, 0, OPEN), 0, 2, 4),  # the largest AP leaves the open document irrelevant
        Holes((OPEN, OPEN, OPEN), 0, 0, 2),
        Holes((1, OPEN, OPEN, OPEN), 0, 0, 4),  # the least AP has the last open document relevant alone
    ),
    draw=draw_holes,
)

RK_M5 = Statement(
    id="reranking/RK-M5",
    title="Intervals of metrics between the holes in the judgments",
    says=(
        "Of U documents of a ranking that are not judged, and e more that were not found, any may be relevant. For "
        "some m the largest nDCG, AP, RR and recall at k are attained where the first m of the U are relevant and none "
        "of the e, and the least ones where the last m are and all of the e: 2 (U + 1) completions in the place of "
        "2^(U + e)."
    ),
    source=Derived(completions_needed),
    tex=r"2 (U + 1) \text{ completions}",
    hypotheses={"labels 0, 1 or none": is_open},
    instances=HOLES,
    solve=completed,
    claim=Identity(exact_ends),
    decisions=("lower", "upper"),
    saboteurs=(
        saboteur("what is not judged is not relevant", solve=partial(completed, unjudged="zero")),
        saboteur("what is not judged is left out", solve=partial(completed, unjudged="skip")),
        saboteur(
            "all or none of them are relevant",
            patch=(kernels.ends, "else 0) + 1)", "else 0) + 1, max(n_open, 1))"),
        ),
        saboteur(
            "the first ones for the least value too",
            patch=(kernels.fill, "n_groups - 1 - step if low else step", "step"),
        ),
    ),
    notes="With graded judgments the largest nDCG need not lie at the ends: of the gains (2, u, 1) u = 1 is best.",
)

# --- the residual of RBP ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Patient:
    """Labels by rank as in `Holes`, and the probability with which a reader goes on, in eighths."""

    labels: tuple[int, ...]
    eighths: int

    @property
    def p(self) -> Fraction:
        """The probability with which a reader goes on to the next rank."""
        return Fraction(int(self.eighths), 8)


def biased(labels: Sequence[int], p: Any) -> Any:
    """Return RBP: (1 - p) times the sum of x_r p^(r - 1)."""
    return (1 - p) * sum(x * p**rank for rank, x in enumerate(labels))


def residual_ends(case: Patient, rng: np.random.Generator) -> np.ndarray:
    """Return the least and the largest RBP by the library, which takes the probability from the name of the metric."""
    ranks = [f"found-{rank}" for rank in range(len(case.labels))]
    told = {d: label for d, label in zip(ranks, case.labels, strict=True) if label != OPEN} | {"none": 0}
    name = f"rbp{float(case.p)}".replace("0.", ".")
    found = evaluate(Run.from_lists({0: ranks}), Judgments.from_dict({0: told}), (name,), unjudged="bounds", **OPTIONS)
    return np.array([found.lower[0, 0], found.upper[0, 0]])


@formula(p="[0, 1)", L="[0, inf)")
def unseen_mass(p: Number, L: int) -> Number:
    """The part of RBP that lies behind the L ranks of a list.

    Proof
    -----
    Assumes: 0 <= p < 1.

    Proof: RBP is linear in each x_r, which is 0 or 1, so that open ranks are 0 at the lower end and 1 at the upper one.
    Behind the list all ranks are open, and (1 - p) times the sum of p^(r - 1) over r > L is p^L.
    """
    return p**L


def residual(case: Patient, found: np.ndarray) -> Sides:
    """Compare both ends with their definitions, and their distance with the mass of open ranks."""
    p, low_high = case.p, np.asarray(found, float)
    open_mass = sum(((1 - p) * p**rank for rank, label in enumerate(case.labels) if label == OPEN), Fraction(0))
    least = biased([int(label == 1) for label in case.labels], p)
    width = open_mass + unseen_mass(p, len(case.labels))
    lhs, rhs = [low_high[0], low_high[1] - low_high[0]], [least, width]
    return Sides(lhs, list(map(float, rhs)), rounding=rounding(64 * len(case.labels), 2.0))


RK_M6 = Statement(
    id="reranking/RK-M6",
    title="The residual of rank-biased precision",
    says=(
        "Between the least and the largest RBP of a list of L documents lies (1 - p) times the sum of p^(r - 1) over "
        "its ranks r that are not judged, and p^L for what lies behind it, where p is the probability of reading on."
    ),
    source=Derived(unseen_mass),
    tex=r"(1 - p) \sum_{r \text{ open}} p^{r-1} + p^L",
    hypotheses={"a probability of reading on": lambda case: 0 < case.eighths < 8 and len(case.labels) > 0},
    instances=Family(
        "rbp-residuals",
        always=(Patient((OPEN,), 4), Patient((1, OPEN, 0), 6), Patient((1, 0), 7), Patient((OPEN, 1, OPEN, 0), 2)),
        draw=lambda draws: Patient(
            tuple(draws.integers(-1, 1, shape=draws.integers(1, 8)).tolist()), draws.integers(1, 7)
        ),
    ),
    solve=residual_ends,
    claim=Identity(residual),
    decisions=("outcome",),
    saboteurs=(
        saboteur(
            "what lies behind the list is forgotten",
            patch=(intervals.interval, "metric.patience ** np.diff", "0.0 * np.diff"),
        ),
    ),
)

# --- pools -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pool:
    """Truth of n documents, runs as orders of them, the depth p of the pool, and k; the last run gave nothing."""

    relevant: tuple[int, ...]
    runs: tuple[tuple[int, ...], ...]
    depth: int
    k: int

    @property
    def members(self) -> set[int]:
        """The documents that were judged: the first p of each run but the last."""
        return {document for run in self.runs[:-1] for document in run[: self.depth]}


POOLED = ("p", "dcg", "recall", "ap", "ndcg")


def pooled(case: Pool, rng: np.random.Generator, *, less: int = 0, all_known: bool = False) -> np.ndarray:
    """Measure each run on the judgments of the pool by the library; (runs, 5)."""
    members = {document for run in case.runs[:-1] for document in run[: case.depth - less]}
    known = {d: x for d, x in enumerate(case.relevant) if all_known or d in members}
    runs = Run.from_lists(dict(enumerate(case.runs)))
    judgments = Judgments.from_dict(dict.fromkeys(range(len(case.runs)), known))
    return np.asarray(evaluate(runs, judgments, cut(POOLED, case.k), **OPTIONS).values)


@formula(R="[0, inf)", hits="[0, R]")
def pooled_recall(R: int, hits: int) -> Fraction:
    """Recall as a function of the relevant documents that are known: it falls as R grows.

    Proof
    -----
    Assumes: k <= p, and the first p documents of a contributor are judged (hypothesis of M10).

    Proof: the judged labels of the first k documents of a contributor are the true ones, so that precision and DCG at k
    are exact. The pool knows R' <= R relevant documents, and recall and AP divide the same sums by R' in the place of
    R, nDCG by an ideal DCG of fewer. So none of them is too small. Of a run outside of the pool, the documents among
    the first k that are not judged count as irrelevant; each of them that is relevant is a hit that is missing.
    """
    return Fraction(hits, R) if R else Fraction(0)


def against_truth(case: Pool, found: np.ndarray, outsiders_exact: bool = False) -> Sides:
    """Compare each run on the pool with the truth; entries are pairs of a smaller and a larger side."""
    table, truth, k = np.asarray(found, float), case.relevant, case.k
    x = [label if document in case.members else 0 for document, label in enumerate(truth)]
    small: list[Any] = []
    large: list[Any] = []
    most: list[float] = []
    for number, run in enumerate(case.runs):
        true = list(map(float, of(POOLED, metrics([truth[d] for d in run], truth, k, 1))))
        known = list(map(float, of(POOLED, metrics([x[d] for d in run], x, k, 1))))
        hits = sum(truth[d] for d in run[:k])
        if sum(x):  # the formula of recall, for what the pool knows
            known[2] = float(pooled_recall(sum(x), sum(x[d] for d in run[:k])))
        # what is reported follows from the judgments of the pool
        small, large = [*small, *table[number], *known], [*large, *known, *table[number]]
        most += [np.inf] * (2 * len(known))
        if number < len(case.runs) - 1:
            small, large = (
                [*small, *true[:2], *table[number, :2], *true[2:]],
                [*large, *table[number, :2], *true[:2], *table[number, 2:]],
            )
            most += [np.inf] * 7
        else:
            gap = 0 if outsiders_exact else sum(d not in case.members for d in run[:k])
            small, large = [*small, hits, table[number, 0] * k], [*large, table[number, 0] * k + gap, hits]
            most += [np.inf] * 2
    return Sides(small, large, trivial=most, rounding=rounding(64 * len(truth), 2.0 + len(truth)))


def is_pool(case: Pool) -> bool:
    """Decide whether runs are orders of all documents, and k is at most the depth."""
    n = len(case.relevant)
    return 1 <= case.k <= case.depth <= n and all(sorted(run) == list(range(n)) for run in case.runs)


def draw_pool(draws: Draws) -> Pool:
    """Draw three to eight documents, two contributors and one run that is none."""
    n = draws.integers(3, 8)
    depth = draws.integers(1, n)
    runs = tuple(tuple(draws.permutation(n).tolist()) for _ in range(3))
    return Pool(tuple(draws.integers(0, 1, shape=n).tolist()), runs, depth, draws.integers(1, depth))


RK_M10 = Statement(
    id="reranking/RK-M10",
    title="What pooled judgments say of runs inside and outside of the pool",
    says=(
        "The first p documents of contributing runs are judged, and k <= p. A contributor's precision and DCG at k are "
        "exact, and its recall, AP and nDCG, which divide by what is known of R relevant documents, are never too "
        "small. A run outside of the pool has at most as many hits more as documents among its first k are not judged."
    ),
    source=Derived(pooled_recall),
    tex=r"R' \le R \Rightarrow \text{recall}' \ge \text{recall}",
    hypotheses={"runs over one collection, and k <= p": is_pool},
    instances=Family(
        "pools",
        always=(
            Pool((1, 0, 1), ((0, 1, 2), (1, 0, 2), (2, 1, 0)), 1, 1),
            Pool((1, 1, 0, 1, 0), ((0, 2, 1, 3, 4), (2, 0, 4, 1, 3), (3, 1, 0, 2, 4)), 2, 2),
            Pool((0, 1, 1, 1), ((1, 0, 2, 3), (0, 2, 1, 3), (3, 2, 1, 0)), 2, 1),
            Pool((0, 0, 0), ((0, 1, 2), (1, 0, 2), (2, 1, 0)), 2, 2),
        ),
        draw=draw_pool,
    ),
    solve=pooled,
    claim=Inequality(against_truth, unbounded="a report may be any number"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the pool is less deep by one", solve=partial(pooled, less=1)),
        saboteur("judgments that nobody has", solve=partial(pooled, all_known=True)),
        saboteur(
            "runs outside of the pool are exact",
            claim=Inequality(partial(against_truth, outsiders_exact=True), unbounded="a report may be any number"),
        ),
    ),
    notes="A metric of a run outside of the pool is a lower end, and not a value.",
)
