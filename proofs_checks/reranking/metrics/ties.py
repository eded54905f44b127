"""Metrics where scores tie, and where nothing is known: means over all orders.

d_r is the discount of rank r, here 1/r. A tied group has t documents, r of them relevant, and s documents with c
relevant ones stand before it; R counts all relevant documents.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Sides, Statement, formula, rounding, saboteur
from lrtheory.reranking import Judgments, Run, evaluate
from lrtheory.reranking.metrics import kernels, ties
from lrtheory.reranking.theory import expected_random
from proofs_checks.reranking.families.rankings import (
    average_precision,
    cut,
    dcg,
    discount,
    evaluated,
    metrics,
    of,
    stop,
)


@dataclass(frozen=True)
class Tied:
    """Gains of the documents of each tied group, the best score first, and the number of relevant ones not found."""

    groups: tuple[tuple[int, ...], ...]
    missed: int

    @property
    def gains(self) -> tuple[int, ...]:
        """The gains in the order of the input."""
        return tuple(g for group in self.groups for g in group)

    @property
    def relevant(self) -> int:
        """R."""
        return sum(g > 0 for g in self.gains) + self.missed

    @property
    def orders(self) -> Iterator[tuple[int, ...]]:
        """All orders that break the ties, as gains by rank."""
        for parts in itertools.product(*map(itertools.permutations, self.groups)):
            yield tuple(g for part in parts for g in part)


@dataclass(frozen=True)
class Broken:
    """DCG and AP: their means over all ways to break ties, and the least and the largest value."""

    expected: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def broken(case: Tied, rng: np.random.Generator, *, rule: str = "expected", ends: bool = True) -> Broken:
    """Measure means and ends by the library; slips leave the input's order, or take the mean for both ends."""
    scores, judged, rank = {}, {f"other-{i}": 1 for i in range(case.missed)}, 0
    for place, group in enumerate(case.groups):
        for gain in group:
            scores[f"found-{rank}"], judged[f"found-{rank}"], rank = -place, gain, rank + 1
    run, judgments = Run.from_dict({0: scores}), Judgments.from_dict({0: judged})
    measure = partial(evaluate, run, judgments, ("dcg", "ap"), discount="reciprocal")
    expected, limits = measure(ties=rule).values[0], measure(ties="bounds")
    return Broken(expected, limits.lower[0], limits.upper[0]) if ends else Broken(expected, expected, expected)


@formula(t="[1, inf)", r="[0, t]", s="[0, inf)", c="[0, s]")
def tied_precisions(t: int, r: int, s: int, c: int) -> Fraction:
    """The mean sum of the precisions at the relevant documents of a tied group.

    Proof
    -----
    Assumes: all orders of the group are equally likely.

    Proof: the i-th place of the group is rank s + i. Its document is relevant with probability r / t, and then the
    i - 1 places before it hold (i - 1) (r - 1) / (t - 1) of the other r - 1 relevant ones on average, so that its
    precision is (c + 1 + that) / (s + i) on average. Means add up, whatever the other groups do. DCG is simpler: each
    rank of a group carries the group's mean gain. By RK-M1 an exchange of neighbors towards falling gains lowers
    neither DCG nor AP, so the extremes sort each group.
    """
    return sum(
        (
            Fraction(r, t) * (c + 1 + (Fraction((i - 1) * (r - 1), t - 1) if t > 1 else 0)) / (s + i)
            for i in range(1, t + 1)
        ),
        Fraction(0),
    )


def over_orders(case: Tied, found: Broken) -> Sides:
    """Compare means and ends with those over all orders, and the formulas with these."""
    R, n = case.relevant, len(case.gains)
    values = [[dcg(order, n), average_precision(order, R, n)] for order in case.orders]
    columns = list(zip(*values, strict=True))
    mean = [sum(column) / len(values) for column in columns]
    stated, s, c = [Fraction(0), Fraction(0)], 0, 0
    for group in case.groups:
        t, r = len(group), sum(g > 0 for g in group)
        stated[0] += Fraction(sum(group), t) * sum(discount(s + i) for i in range(1, t + 1))
        stated[1] += tied_precisions(t, r, s, c) / R if R else 0
        s, c = s + t, c + r
    lhs = [*found.expected, *found.lower, *found.upper, *map(float, stated)]
    rhs = [*mean, *map(min, columns), *map(max, columns), *mean]
    return Sides(lhs, list(map(float, rhs)), rounding=rounding(64 * n, sum(case.gains) + 2.0))


def is_tied(case: Tied) -> bool:
    """Decide whether no group is empty, and no gain below 0."""
    return bool(case.groups) and all(group and min(group) >= 0 for group in case.groups) and case.missed >= 0


def draw_tied(draws: Draws) -> Tied:
    """Draw one to three groups of one to three documents."""
    groups = tuple(
        tuple(draws.integers(0, 2, shape=draws.integers(1, 3)).tolist()) for _ in range(draws.integers(1, 3))
    )
    return Tied(groups, draws.integers(0, 1))


TIES = Family(
    "ties",
    always=(
        Tied(((1, 0),), 0),
        Tied(((1,), (0, 1, 1), (0,)), 0),
        Tied(((0, 1), (1, 0, 1)), 1),
        Tied(((2, 0, 1, 0),), 0),
        Tied(((0, 0),), 1),
    ),
    draw=draw_tied,
)

RK_M3 = Statement(
    id="reranking/RK-M3",
    title="Metrics over all ways to break ties",
    says=(
        "Over all orders of tied groups the mean DCG adds up each group's mean gain times the discounts of its ranks, "
        "and the mean AP is 1/R times the sum over groups of t, r of them relevant, behind s with c relevant, of "
        "(r/t) (c + 1 + (i - 1) (r - 1)/(t - 1)) / (s + i) over i = 1, ..., t. Both are least and largest where the "
        "gains of each group ascend and descend."
    ),
    source=Derived(tied_precisions),
    tex=r"\frac 1 R \sum \sum_{i=1}^t \frac r t \cdot \frac{c + 1 + (i-1)(r-1)/(t-1)}{s + i}",
    hypotheses={"groups of judged documents": is_tied},
    instances=TIES,
    solve=broken,
    claim=Identity(over_orders),
    decisions=("expected", "lower", "upper"),
    saboteurs=(
        saboteur("ties stay in the order of the input", solve=partial(broken, rule="input")),
        saboteur(
            "relevant documents before a place as with replacement",
            patch=(ties.mean_precisions, "place * (hits - 1) / (size - 1)", "place * hits / size"),
        ),
        saboteur("the mean for both ends", solve=partial(broken, ends=False)),
    ),
    notes="Tools break ties by document names, by whatever their sort does, or by this mean.",
)

# --- nothing is known ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shuffled:
    """Gains of n documents, all orders of which are equally likely, the number of relevant ones not found, and k."""

    gains: tuple[int, ...]
    missed: int
    k: int

    @property
    def n(self) -> int:
        """The number of documents."""
        return len(self.gains)

    @property
    def found(self) -> int:
        """The number of relevant documents among the n."""
        return sum(g > 0 for g in self.gains)

    @property
    def top(self) -> int:
        """The largest gain, at least 1."""
        return max(1, *self.gains)


MEANS = ("dcg", "ap", "rr", "err", "p", "recall")


@formula(n="[1, inf)", R="[0, n]", k="[1, n]")
def random_precisions(n: int, R: int, k: int) -> Fraction:
    """The mean sum of the precisions at relevant documents up to rank k, in a random order of n with R relevant.

    Proof
    -----
    Assumes: all orders are equally likely.

    Proof: one tied group of all documents (RK-M3), cut at k: the sum over r = 1, ..., k of (R/n) (1 + (r - 1) (R - 1) /
    (n - 1)) / r, which is (R/n) (H_k + (R - 1) / (n - 1) (k - H_k)), where H_k adds up 1/r. Likewise the mean DCG is
    the mean gain times the sum of discounts, and its variance, as two gains have the covariance -v / (n - 1) for the
    variance v, is the product of both sums of squared deviations over n - 1. The first relevant document stands at r
    where r - 1 irrelevant ones stand before it: C(n - r, R - 1) of the C(n, R) sets of ranks. For ERR, R_r times the
    product of 1 - R above is the product above less that up to r; the mean of the product of m of the n numbers 1 - R
    is e_m / C(n, m), with e_m their elementary symmetric polynomial.
    """
    H = sum((discount(r) for r in range(1, k + 1)), Fraction(0))
    return Fraction(R, n) * (H + (Fraction(R - 1, n - 1) * (k - H) if n > 1 else 0))


def stated_means(case: Shuffled) -> list[Fraction]:
    """Return the formulas in the order of `MEANS`, and the variance of DCG over the whole list."""
    n, R, k = case.n, case.found, case.k
    relevant, gains = R + case.missed, list(map(int, case.gains))
    mean = Fraction(sum(gains), n)
    ranks = [discount(r) for r in range(1, n + 1)]
    middle = sum(ranks) / n
    spread: Any = sum((g - mean) * (g - mean) for g in gains) * sum((d - middle) * (d - middle) for d in ranks)
    ways = sum(
        (Fraction(math.comb(n - r, R - 1), r * math.comb(n, R)) for r in range(1, min(k, n - R + 1) + 1)), Fraction(0)
    )
    none = Fraction(0)
    symmetric = [Fraction(1)]
    for g in gains:  # elementary symmetric polynomials, one document after the other
        keep = 1 - stop(g, case.top)
        symmetric = [
            (symmetric[m] if m < len(symmetric) else none) + (symmetric[m - 1] * keep if m else none)
            for m in range(len(symmetric) + 1)
        ]
    read = [value / math.comb(n, m) for m, value in enumerate(symmetric)]
    return [
        mean * sum(ranks[:k]),
        random_precisions(n, R, k) / relevant if relevant else Fraction(0),
        ways if R else Fraction(0),
        sum(((read[r - 1] - read[r]) / r for r in range(1, k + 1)), Fraction(0)),
        Fraction(R, n),
        Fraction(R * k, n * relevant) if relevant else Fraction(0),
        spread / (n - 1) if n > 1 else Fraction(0),
    ]


def random_means(case: Shuffled, rng: np.random.Generator, found_only: bool = False) -> np.ndarray:
    """Measure every order by the library and take means, and the variance of DCG over the whole list."""
    outside = () if found_only else (1,) * case.missed
    orders = [(order, outside) for order in sorted(set(itertools.permutations(case.gains)))]
    values = evaluated(orders, [*cut(MEANS, case.k), "dcg"], max_gain=case.top)
    return np.array([*values[:, :-1].mean(0), values[:, -1].var()])


def as_random(case: Shuffled, found: np.ndarray) -> Sides:
    """Compare the means over all orders, which fractions repeat, with the formulas."""
    judged, orders = (*case.gains, *[1] * case.missed), set(itertools.permutations(case.gains))
    rows = [of(MEANS, metrics(order, judged, case.k, case.top)) for order in orders]
    exact = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    stated = list(map(float, stated_means(case)))
    # the library's means, with R where the statement divides by all relevant documents
    R, relevant = case.found, case.found + case.missed
    of_library = expected_random(case.n, R, case.k)
    share = Fraction(R, relevant) if relevant else Fraction(0)
    means = [of_library["ap"] * share, of_library["rr"], of_library["p"], of_library["recall"] * share]
    lhs = [*np.asarray(found, float), *map(float, exact), *map(float, means)]
    again = [stated[MEANS.index(name)] for name in ("ap", "rr", "p", "recall")]
    return Sides(lhs, [*stated, *stated[:-1], *again], rounding=rounding(4096, sum(case.gains) ** 2 + 2.0))


def is_shuffled(case: Shuffled) -> bool:
    """Decide whether k ranks exist and no gain is below 0."""
    return 1 <= case.k <= case.n and min(case.gains) >= 0


def draw_shuffled(draws: Draws) -> Shuffled:
    """Draw two to five documents with a relevant one among them."""
    n = draws.integers(2, 5)
    gains = (draws.integers(1, 2), *draws.integers(0, 2, shape=n - 1).tolist())
    return Shuffled(gains, draws.integers(0, 1), draws.integers(1, n))


RK_M4 = Statement(
    id="reranking/RK-M4",
    title="What a random order scores",
    says=(
        "In a random order of n documents, R of them relevant, the mean precision at k is R/n, the mean sum of "
        "precisions up to k is (R/n) (H_k + (R - 1)/(n - 1) (k - H_k)) with H_k = 1 + ... + 1/k, that of 1 over the "
        "first relevant rank adds up C(n - r, R - 1) / (r C(n, R)), and DCG and ERR have the mean, and DCG the "
        "variance, of sampling without replacement."
    ),
    source=Derived(random_precisions),
    tex=r"\frac R n \Bigl(H_k + \frac{R - 1}{n - 1} (k - H_k)\Bigr)",
    hypotheses={"k of n documents with gains": is_shuffled},
    instances=Family(
        "random-orders",
        always=(
            Shuffled((1,), 0, 1),
            Shuffled((1, 1, 0, 0), 0, 2),
            Shuffled((1, 0, 0, 1, 0), 1, 3),
            Shuffled((2, 1, 0, 0), 0, 4),
        ),
        draw=draw_shuffled,
    ),
    solve=random_means,
    claim=Identity(as_random),
    decisions=("outcome",),
    saboteurs=(
        saboteur(
            "AP is divided by the relevant documents among the first k",
            patch=(kernels.value, "total) / relevant", "total) / (relevant if kind == RECALL else max(hits, 1))"),
        ),
        saboteur("relevant documents that were not found do not count", solve=partial(random_means, found_only=True)),
        saboteur("ranks are counted from 2", patch=(kernels.value, "return 1.0 / (r + 1)", "return 1.0 / (r + 2)")),
    ),
    notes="The line below which a ranking is worse than chance, without a simulation.",
)
