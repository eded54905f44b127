"""The best that a ranking could have been: ideals from what was found, and ceilings of a second stage.

d_r is the discount of rank r, here 1/r; DCG at k adds up gains times discounts, and the ideal DCG is that of the best
order of all judged documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

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
from lrtheory.reranking.metrics import kernels
from proofs_checks.reranking.families.rankings import cut, dcg, evaluated, metrics, of


@dataclass(frozen=True)
class Found:
    """Gains by rank, gains of judged documents that were not found, and k."""

    gains: tuple[int, ...]
    outside: tuple[int, ...]
    k: int

    @property
    def judged(self) -> tuple[int, ...]:
        """The gains of all judged documents."""
        return self.gains + self.outside


def both_ideals(case: Found, rng: np.random.Generator, narrow: bool = False) -> np.ndarray:
    """Measure nDCG at k against all judgments, and against the judgments of what was found."""
    outside = ((), ()) if narrow else (case.outside, ())
    return evaluated([(case.gains, one) for one in outside], cut(("ndcg",), case.k))[:, 0]


@formula(x="[0, inf)", a="(0, inf)", b="(0, a]")
def narrow_ideal(x: Number, a: Number, b: Number) -> Number:
    """nDCG against the ideal b of what was found, for the nDCG x against the ideal a of all that is judged.

    Proof
    -----
    Assumes: both ideals are positive; where b = 0 the DCG is 0, and so are both numbers.

    Proof: both divide the same DCG, so their ratio is a / b. What was found is among what is judged, so the k largest
    gains of the former are at most those of the latter, one by one: b <= a, with equality where and only where the k
    largest judged gains were found, since discounts are positive. With one of R relevant documents found first, b = 1
    and a = 1/1 + ... + 1/R, so the ratio has no bound.
    """
    return x * a / b


def ratio_of_ideals(case: Found, found: np.ndarray) -> Sides:
    """Compare both numbers with definition and formula, and whether they are equal with its rule."""
    wide, narrow = np.asarray(found, float)
    k, all_, own = case.k, sorted(case.judged, reverse=True), sorted(case.gains, reverse=True)
    total, a, b = dcg(case.gains, k), dcg(all_, k), dcg(own, k)
    stated = float(narrow_ideal(total / a, a, b)) if a and b else 0.0
    has_all = total == 0 or [g for g in all_[:k] if g] == [g for g in own[:k] if g]
    equal = (total / b if b else 0) == (total / a if a else 0)
    lhs = [wide, narrow, int(equal)]
    rhs = [float(total / a) if a else 0.0, stated, int(has_all)]
    return Sides(lhs, rhs, rounding=[*rounding(64 * len(all_), [2.0, 2.0]), 0.0])


def is_found(case: Found) -> bool:
    """Decide whether k is a rank, and no gain below 0."""
    return case.k >= 1 and len(case.gains) > 0 and min(case.judged) >= 0


def draw_found(draws: Draws) -> Found:
    """Draw one to seven documents that were found, up to three others, and k."""
    gains = tuple(draws.integers(0, 3, shape=draws.integers(1, 7)).tolist())
    return Found(gains, tuple(draws.integers(0, 3, shape=draws.integers(0, 3)).tolist()), draws.integers(1, len(gains)))


RK_M8 = Statement(
    id="reranking/RK-M8",
    title="An ideal from what was found flatters",
    says=(
        "Let x be nDCG at k against the ideal DCG a of all judged documents, and b that of the documents that were "
        "found. Against b it is x a / b, never smaller, and for a positive DCG the same if and only if the k largest "
        "judged gains were found."
    ),
    source=Derived(narrow_ideal),
    tex=r"x\, a / b \ge x",
    hypotheses={"gains that are not negative": is_found},
    instances=Family(
        "found",
        always=(
            Found((1,), (), 1),
            Found((1, 0, 0), (1, 1), 3),
            Found((0, 0), (1,), 2),  # nothing found: 0 against both
            Found((1, 3, 2), (3,), 2),
            Found((2, 1), (1, 0), 2),
        ),
        draw=draw_found,
    ),
    solve=both_ideals,
    claim=Identity(ratio_of_ideals),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the ideal of what was found for both", solve=partial(both_ideals, narrow=True)),
        saboteur("ideals go one rank beyond the cut", patch=(kernels.value, "min(size, cut)", "min(size, cut + 1)")),
    ),
    notes="With one of R relevant documents found, at the first rank, it is 1 in the place of 1 / (1/1 + ... + 1/R).",
)

# --- a second stage --------------------------------------------------------------------------------------------------

STAGE = ("dcg", "ap", "err")


@dataclass(frozen=True)
class Cascade:
    """Gains of a first stage by rank, how many of its documents the second stage orders anew, how, and k."""

    gains: tuple[int, ...]
    order: tuple[int, ...]
    missed: int
    k: int

    @property
    def judged(self) -> tuple[int, ...]:
        """The gains of all judged documents."""
        return self.gains + (1,) * self.missed

    def ranked(self, order: tuple[int, ...]) -> list[int]:
        """Return the gains with the first documents in this order."""
        return [*(self.gains[place] for place in order), *self.gains[len(order) :]]


def second_stage(case: Cascade, rng: np.random.Generator, *, less: int = 0, rising: bool = False) -> np.ndarray:
    """Measure the new order, and the ceiling: the same documents sorted by their gains; (2, 3)."""
    m = len(case.order) - less
    best = sorted(case.gains[:m], reverse=not rising)
    rankings = [(gains, (1,) * case.missed) for gains in (case.ranked(case.order), [*best, *case.gains[m:]])]
    return evaluated(rankings, cut(STAGE, case.k), max_gain=4)


@formula(gains="m in [0, inf)")
def ceiling(gains: np.ndarray) -> np.ndarray:
    """The best order of the m documents that a second stage sees.

    Proof
    -----
    Assumes: discounts do not grow.

    Proof: by RK-M1 an exchange of neighbors that puts the larger gain first never lowers DCG, AP or ERR, with the ranks
    behind m unchanged. Exchanges of neighbors sort the first m documents of any order by falling gains. A cut at k
    sets the discounts behind it to 0; in AP and ERR the parts behind it are left out, of which the exchange at k and
    k + 1 takes the larger gain away.
    """
    return np.sort(gains)[::-1]


def below_ceiling(case: Cascade, found: np.ndarray) -> Sides:
    """Compare the new order with the ceiling, and both with their definitions from both sides."""
    table, m = np.asarray(found, float), len(case.order)
    best = [*ceiling(np.array(case.gains[:m], float)).astype(int).tolist(), *case.gains[m:]]
    true = [of(STAGE, metrics(gains, case.judged, case.k, 4)) for gains in (case.ranked(case.order), best)]
    exact = [float(value) for row in true for value in row]
    lhs = [*table[0], *table.ravel(), *exact]
    rhs = [*table[1], *exact, *table.ravel()]
    return Sides(lhs, rhs, rounding=rounding(64 * len(case.gains), sum(case.judged) + 2.0))


def is_cascade(case: Cascade) -> bool:
    """Decide whether the second stage orders the first documents, and k is a rank."""
    m = len(case.order)
    return m <= len(case.gains) and sorted(case.order) == list(range(m)) and 1 <= case.k <= len(case.gains)


def draw_cascade(draws: Draws) -> Cascade:
    """Draw two to eight documents, an order of the first of them, and k."""
    n = draws.integers(2, 8)
    order = tuple(draws.permutation(draws.integers(2, n)).tolist())
    return Cascade(tuple(draws.integers(0, 3, shape=n).tolist()), order, draws.integers(0, 2), draws.integers(1, n))


RK_M9 = Statement(
    id="reranking/RK-M9",
    title="The ceiling of a second stage",
    says=(
        "However a second stage orders the first m documents, DCG, AP and ERR at k are at most those of the list whose "
        "first m documents are sorted by their gains."
    ),
    source=Derived(ceiling),
    tex=r"\mathrm{DCG}(\sigma) \le \mathrm{DCG}(\text{gains sorted})",
    hypotheses={"an order of the first documents": is_cascade},
    instances=Family(
        "cascades",
        always=(
            Cascade((0, 1), (0, 1), 0, 1),
            Cascade((1, 0, 2, 3), (2, 0, 1), 1, 4),
            Cascade((0, 1, 2, 0, 3), (3, 0, 1, 4, 2), 0, 3),
            Cascade((0, 1, 1), (1, 2, 0), 0, 2),
        ),
        draw=draw_cascade,
    ),
    solve=second_stage,
    claim=Inequality(below_ceiling, unbounded="a report may be any number"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("one document less is sorted", solve=partial(second_stage, less=1)),
        saboteur("gains ascend", solve=partial(second_stage, rising=True)),
    ),
    notes="What a first stage has not found, no second stage repairs.",
)
