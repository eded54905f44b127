"""Fusion of scored lists: what all lists agree on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Sides, Statement, formula, rounding, saboteur
from lrtheory.reranking import Run, fuse
from proofs_checks.reranking.families.lists import FROM_0, MEAN, behind, fused_lists, points, reciprocal

KAPPA = 60


@dataclass(frozen=True)
class Scored:
    """Lists of (document, score), scores falling and none below 0, over the documents 0, ..., n - 1."""

    lists: tuple[tuple[tuple[int, int], ...], ...]
    n: int

    @property
    def ranked(self) -> list[list[int]]:
        """The documents of each list, the best first."""
        return [[document for document, _ in one] for one in self.lists]

    @property
    def agreed(self) -> list[tuple[int, int]]:
        """Pairs (a, b) such that some list has b, and each list that has b has a with a larger score."""
        tables = [dict(one) for one in self.lists]
        return [
            (a, b)
            for a in range(self.n)
            for b in range(self.n)
            if any(b in table for table in tables)
            and all(a in table and table[a] > table[b] for table in tables if b in table)
        ]


def combined(case: Scored) -> tuple[list[Fraction], list[Fraction]]:
    """Return CombSUM and CombMNZ of min-max scores: the sum for each document, and that times the lists with it."""
    sums, known = [Fraction(0)] * case.n, [0] * case.n
    for one in case.lists:
        low, high = int(one[-1][1]), int(one[0][1])
        for document, score in one:
            sums[document] += Fraction(int(score) - low, high - low)
            known[document] += 1
    return sums, [total * count for total, count in zip(sums, known, strict=True)]


def fused(case: Scored, rng: np.random.Generator, normalize: str = "min-max", slip: bool = False) -> np.ndarray:
    """Fuse by RRF, Borda, CombSUM and CombMNZ of the library; (4, n)."""
    ranked = behind(case.ranked, case.n, float(KAPPA)) if slip else fused_lists(case.ranked, case.n, kappa=KAPPA)
    rows = [ranked.scores, fused_lists(case.ranked, case.n, method="borda").scores]
    runs = [Run.from_dict({0: dict(one)}) for one in case.lists]
    for method in ("combsum", "combmnz"):
        scores = fuse(runs, method=method, normalize=normalize).as_dict()["0"]
        rows.append(np.array([scores.get(str(document), 0.0) for document in range(case.n)]))
    return np.array(rows)


@formula(a="L in [0, inf)", b="L in [0, inf)")
def margin(a: np.ndarray, b: np.ndarray) -> Any:
    """The difference of two sums over L lists, of the parts a and b that two documents get from each of them.

    Proof
    -----
    Assumes: a list gives a part that is not negative, 0 to what it does not have, and the larger part to the larger
    score (rank); a list of equal scores is left out for min-max. Some list has b, and each that has it has a larger
    score for a.

    Proof: in a list that has b the part of a is larger, and elsewhere that of b is 0 and that of a not below it. So the
    difference is a sum of terms that are not negative, of which one is positive: for RRF 1/(kappa + rank), for Borda
    the points, for CombSUM the scores. In CombMNZ the positive sum of a is multiplied by the lists that know a, which
    are at least as many as know b.
    """
    return (a - b).sum()


def unanimous(case: Scored, found: np.ndarray, pairs_too: bool = True) -> Sides:
    """Compare agreed pairs that a method turns around with none, and scores with their definitions from both sides."""
    table, agreed = np.asarray(found, float), case.agreed if pairs_too else []
    exact = [
        [float(one) for one in reciprocal(case.ranked, case.n, Fraction(KAPPA))],
        list(map(float, points(case.ranked, case.n))),
        *([float(one) for one in row] for row in combined(case)),
    ]
    turned = [sum(not row[a] > row[b] for a, b in agreed) for row in table]
    parts = lambda d: np.array([len(one) - one.index(d) if d in one else 0 for one in case.ranked])
    kept = sum(not margin(parts(a), parts(b)) > 0 for a, b in agreed)
    flat = [value for row in exact for value in row]
    lhs, rhs = [*turned, kept, *table.ravel(), *flat], [0] * (len(turned) + 1) + [*flat, *table.ravel()]
    size = float(sum(score for one in case.lists for _, score in one)) + case.n * len(case.lists) ** 2
    error = [*[0.0] * (len(turned) + 1), *np.broadcast_to(rounding(64 * len(case.lists), size), 2 * len(flat))]
    limits = [*[float(case.n**2 + 1)] * (len(turned) + 1), *[np.inf] * (2 * len(flat))]
    return Sides(lhs, rhs, trivial=limits, rounding=error)


def is_scored(case: Scored) -> bool:
    """Decide whether lists hold different documents with falling scores, not all equal and none below 0."""
    for one in case.lists:
        scores = [score for _, score in one]
        if len({document for document, _ in one}) < len(one) or min(scores, default=-1) < 0:
            return False
        if any(a <= b for a, b in itertools.pairwise(scores)) or len(one) < 2:
            return False
    return bool(case.lists)


def draw_scored(draws: Draws) -> Scored:
    """Draw one to four lists of two or more of three to six documents."""
    n, lists = draws.integers(3, 6), []
    for _ in range(draws.integers(1, 4)):
        documents = draws.permutation(n).tolist()[: draws.integers(2, n)]
        score, one = draws.integers(0, 3), []
        for document in reversed(documents):
            one.append((document, score))
            score += draws.integers(1, 4)
        lists.append(tuple(reversed(one)))
    return Scored(tuple(lists), n)


RK_F1 = Statement(
    id="reranking/RK-F1",
    title="What all lists agree on is kept",
    says=(
        "If some of L lists has b, and each list that has b has a with a larger score, then RRF, Borda, CombSUM and "
        "CombMNZ on scores that are not negative put a strictly before b; min-max scores of a list of equal scores are "
        "left out."
    ),
    source=Derived(margin),
    tex=r"\sum_l (a_l - b_l) > 0",
    hypotheses={"lists of falling scores": is_scored},
    instances=Family(
        "scored-lists",
        always=(
            Scored((((0, 2), (1, 1)),), 2),
            # a is second to b nowhere, and is late in another list
            Scored((((0, 9), (1, 8)), ((2, 9), (3, 8), (4, 7), (5, 6), (6, 5), (7, 4), (8, 3), (9, 2), (0, 1))), 10),
            Scored((((2, 2), (0, 1), (1, 0)), ((2, 9), (0, 1))), 3),
            Scored((((2, 40), (0, 10), (1, 9)), ((2, 20), (0, 10))), 3),  # where z scores turn a pair around
        ),
        draw=draw_scored,
    ),
    solve=fused,
    claim=Inequality(unanimous, unbounded="a report may be any number"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("a mean over the lists that know a document", patch=MEAN),
        saboteur("ranks start at 0", patch=FROM_0),
        saboteur("an absent document is ranked behind the list", solve=partial(fused, slip=True)),
        saboteur("z scores", solve=partial(fused, normalize="z")),
    ),
    notes=(
        "Scores below 0 break it: on the lists (2: 2, 0: -1, 1: -5/4) and (2: 1, 0: -1) document 0 is before 1 in the "
        "only list with both, and gets -2 < -5/4 by CombSUM and -4 by CombMNZ."
    ),
)
