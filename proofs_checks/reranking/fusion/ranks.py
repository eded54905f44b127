"""Reciprocal ranks: the constant kappa, Borda's points, duels, loud lists, and taking turns.

RRF scores a document by the sum of 1/(kappa + rank) over L lists, and nothing where a list has not got it.
"""

from __future__ import annotations

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
    Number,
    OutcomeError,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.reranking import fuse
from lrtheory.reranking.theory import loud_rank, rrf_borda_kappa
from proofs_checks.reranking.families.lists import (
    FROM_0,
    MEAN,
    Fused,
    behind,
    demand_order,
    fused_lists,
    points,
    reciprocal,
)


@dataclass(frozen=True)
class Lists:
    """Lists of all documents 0, ..., n - 1, the best first."""

    lists: tuple[tuple[int, ...], ...]

    @property
    def n(self) -> int:
        """The number of documents."""
        return len(self.lists[0])


def scores_of(found: Fused, exact: list[Fraction]) -> tuple[list[Any], list[float], list[float]]:
    """Return scores, what is due, and the rounding of doubles."""
    if np.shape(found.scores) != (len(exact),):
        raise OutcomeError(f"a score is due for each of {len(exact)} documents")
    error = rounding(64, [1.0 + float(max(exact))] * len(exact))
    return [*found.scores], list(map(float, exact)), [*error]


# --- from RRF to Borda -----------------------------------------------------------------------------------------------


def fused_late(case: Lists, rng: np.random.Generator, kappa: int | None = None) -> np.ndarray:
    """Order by RRF with the constant of the theorem, or another one."""
    late = rrf_borda_kappa(case.n, len(case.lists)) if kappa is None else kappa
    return fused_lists(case.lists, case.n, kappa=late).order


def refines_borda(case: Lists, found: np.ndarray) -> Sides:
    """Count for each document of the order those behind it that have more points."""
    borda, order = points(case.lists, case.n), demand_order(found, case.n)
    return Sides([sum(borda[a] < borda[b] for b in order[i + 1 :]) for i, a in enumerate(order)], [0] * case.n)


def are_lists(case: Lists) -> bool:
    """Decide whether all lists are orders of one set of documents."""
    return bool(case.lists) and all(sorted(one) == list(range(case.n)) for one in case.lists) and case.n > 1


def draw_lists(draws: Draws) -> Lists:
    """Draw one to four orders of two to seven documents."""
    n = draws.integers(2, 7)
    return Lists(tuple(tuple(draws.permutation(n).tolist()) for _ in range(draws.integers(1, 4))))


#: document 0 at the ranks 1, 12, 12 and document 1 at 8, 8, 8, which add up to less; RRF with kappa = 60 prefers 0
UNEVEN = tuple(
    (*(d for d in range(2, 9)), 1, *(d for d in range(9, 12)), 0) if late else (0, *range(2, 8), 1, *range(8, 12))
    for late in (False, True, True)
)

RK_F2 = Statement(
    id="reranking/RK-F2",
    title="With a large constant RRF is Borda",
    says=(
        "For kappa >= L n^2 - n the order of L complete lists of n documents by RRF puts no document before one that "
        "has more Borda points, n less the rank in each list."
    ),
    source=Derived(rrf_borda_kappa),
    tex=r"\kappa \ge L n^2 - n",
    hypotheses={"lists of the same documents": are_lists},
    instances=Family(
        "complete-lists",
        always=(Lists(((0, 1),)), Lists(((0, 1, 2), (1, 2, 0))), Lists(UNEVEN)),
        draw=draw_lists,
    ),
    solve=fused_late,
    claim=Identity(refines_borda),
    decisions=("outcome",),
    saboteurs=(
        saboteur("kappa = 60", solve=partial(fused_late, kappa=60)),
        saboteur("kappa = 1", solve=partial(fused_late, kappa=1)),
    ),
    notes=(
        "For 12 documents and three lists the theorem asks for 420. At kappa = 75 the ranks 1, 12, 12 are still before "
        "8, 8, 8, which add up to less; at 76 they tie."
    ),
)

# --- who wins every duel ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Duels:
    """The constant kappa, and how often three lists of four documents are repeated."""

    kappa: int
    copies: int

    @property
    def lists(self) -> list[tuple[int, ...]]:
        """Document 0 is first in two of three lists and last in the third, where document 1 is first."""
        return [(0, 1, 2, 3), (0, 1, 2, 3), (1, 2, 3, 0)] * int(self.copies)


def fused_duels(case: Duels, rng: np.random.Generator, method: str = "rrf") -> Fused:
    """Fuse by RRF, or by the numbers of duels that are won."""
    if method == "rrf":
        return fused_lists(case.lists, 4, kappa=case.kappa)
    before = [[sum(one.index(a) < one.index(b) for one in case.lists) for b in range(4) if b != a] for a in range(4)]
    scores = np.array([sum(2 * wins > len(case.lists) for wins in row) for row in before], float)
    return Fused(scores, np.argsort(-scores, kind="stable"))


@formula(kappa="[0, inf)", m="[0, inf)")
def loss_of_winner(kappa: Number, m: int) -> Number:
    """The score of document 1 less that of document 0, which wins every duel, over m copies of the three lists.

    Proof
    -----
    Assumes: nothing.

    Proof: document 0 has the ranks 1, 1, 4 and document 1 the ranks 2, 2, 1. 2/(kappa + 2) + 1/(kappa + 1) less
    2/(kappa + 1) + 1/(kappa + 4) is (kappa - 2) over the product of kappa + 1, kappa + 2 and kappa + 4, which is
    positive for kappa > 2 and 0 for kappa = 2. Document 0 is before each other one in two of three lists.
    """
    return m * (kappa - 2) / ((kappa + 1) * (kappa + 2) * (kappa + 4))


def winner_is_second(case: Duels, found: Fused) -> Sides:
    """Compare scores with their definition, their difference with the formula, and the first place with document 1."""
    order = demand_order(found.order, 4)
    lhs, rhs, error = scores_of(found, reciprocal(case.lists, 4, Fraction(int(case.kappa))))
    duels = sum(
        all(2 * sum(one.index(0) < one.index(b) for one in case.lists) > len(case.lists) for b in (b,))
        for b in (1, 2, 3)
    )
    gap = float(loss_of_winner(Fraction(int(case.kappa)), int(case.copies)))
    return Sides(
        [order[0], order[1], duels, *lhs, found.scores[1] - found.scores[0]],
        [1, 0, 3, *rhs, gap],
        rounding=[0.0, 0.0, 0.0, *error, error[0]],
    )


RK_F3 = Statement(
    id="reranking/RK-F3",
    title="Who wins every duel may lose by RRF",
    says=(
        "In m copies of three lists of four documents with the ranks 1, 1, 4 of document 0 and 2, 2, 1 of document 1, "
        "document 0 is before each other one in two of three lists. For kappa > 2 RRF puts document 1 first, by "
        "m (kappa - 2) / ((kappa + 1) (kappa + 2) (kappa + 4))."
    ),
    source=Derived(loss_of_winner),
    tex=r"\frac{m (\kappa - 2)}{(\kappa + 1)(\kappa + 2)(\kappa + 4)} > 0",
    hypotheses={"kappa above 2": lambda case: case.kappa > 2 and case.copies >= 1},
    instances=Family(
        "duels",
        always=(Duels(3, 1), Duels(60, 1), Duels(100, 4)),
        draw=lambda draws: Duels(draws.integers(3, 100), draws.integers(1, 5)),
    ),
    solve=fused_duels,
    claim=Identity(winner_is_second),
    decisions=("scores", "order"),
    saboteurs=(saboteur("documents are ordered by duels that they win", solve=partial(fused_duels, method="duels")),),
    notes="Four documents need three lists at least; three documents need five, as with the ranks 1, 1, 1, 3, 3.",
)

# --- taking turns ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turns(Lists):
    """Lists over documents 0, ..., n - 1, each of which may lack some, and the number k that is looked at."""

    k: int

    @property
    def n(self) -> int:
        """The number of documents of all lists."""
        return len({document for one in self.lists for document in one})


def interleaved(case: Turns, rng: np.random.Generator) -> np.ndarray:
    """Let lists take turns by the library."""
    return fused_lists(case.lists, case.n, method="interleave").order


@formula(k="[0, inf)", L="[1, inf)", i="[0, L)")
def places_kept(k: int, L: int, i: int) -> int:
    """The number of first documents of list i that are among the first k, for L lists, counted from i = 0.

    Proof
    -----
    Assumes: a list whose document is taken already loses that turn, or takes its next one.

    Proof: the turn of list i for its place j is the turn number (j - 1) L + i + 1, and each turn adds at most one
    document. So the first j places of list i are among the first (j - 1) L + i + 1 documents, and this is at most k for
    j <= (k - 1 - i) / L + 1. Recall of the first k is therefore at least that of those places of any list.
    """
    return max(0, (k - 1 - i) // L + 1)


def takes_turns(case: Turns, found: np.ndarray, more: int = 0) -> Sides:
    """Count first documents of lists that are not among the first k, and compare the order with turns."""
    order, L = demand_order(found, case.n), len(case.lists)
    absent = [
        len(set(one[: places_kept(case.k, L, i) + more]) - set(order[: case.k])) for i, one in enumerate(case.lists)
    ]
    return Sides(absent, [0] * L)


def have_turns(case: Turns) -> bool:
    """Decide whether lists have different documents, counted from 0, and k is positive."""
    each = [len(set(one)) == len(one) for one in case.lists]
    return bool(each) and all(each) and {d for one in case.lists for d in one} == set(range(case.n)) and case.k >= 1


def draw_turns(draws: Draws) -> Turns:
    """Draw one to three orders of three to seven documents, all but the first cut, and k."""
    n = draws.integers(3, 7)
    lists = [tuple(draws.permutation(n).tolist()) for _ in range(draws.integers(1, 3))]
    cut = [lists[0], *(one[: draws.integers(1, n)] for one in lists[1:])]
    return Turns(tuple(cut), draws.integers(1, n))


RK_F5 = Statement(
    id="reranking/RK-F5",
    title="Taking turns keeps the head of every list",
    says=(
        "Where L lists take turns, place by place, the first k documents hold the first floor((k - 1 - i)/L) + 1 of "
        "list i = 0, ..., L - 1, so that recall at k is at least that of these places of any list."
    ),
    source=Derived(places_kept),
    tex=r"\lfloor (k - 1 - i) / L \rfloor + 1",
    hypotheses={"lists of different documents": have_turns},
    instances=Family(
        "turns",
        always=(
            Turns(((0,),), 1),
            Turns(((0, 1, 2, 3), (3, 2, 1, 0)), 2),
            Turns(((0, 1, 2, 3, 4, 5), (5, 4), (3, 2, 1)), 4),
            Turns(((0, 1, 2, 3), (0, 2, 1, 3), (1, 0, 3, 2)), 3),
        ),
        draw=draw_turns,
    ),
    solve=interleaved,
    claim=Identity(takes_turns),
    decisions=("outcome",),
    saboteurs=(
        saboteur("one list after the other", patch=(fuse, "((rows.rank - 1) * len(listed) + rows.run)", "rows.run")),
        saboteur("last places first", patch=(fuse, "-((rows.rank - 1)", "((rows.rank - 1)")),
        saboteur("one place more of each list", claim=Identity(partial(takes_turns, more=1))),
    ),
)

# --- one loud list ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loud:
    """Document 0 stands at rank r of each of L lists, and document 1 first in one of them; the constant is kappa."""

    L: int
    r: int
    kappa: int

    @property
    def n(self) -> int:
        """The number of documents."""
        return 2 + self.L * (self.r - 1) - 1

    @property
    def lists(self) -> list[tuple[int, ...]]:
        """The lists; all other documents stand in one list each."""
        fill = iter(range(2, self.n))
        heads = [[1, *(next(fill) for _ in range(self.r - 2))]]
        heads += [[next(fill) for _ in range(self.r - 1)] for _ in range(self.L - 1)]
        return [(*head, 0) for head in heads]


def fused_loud(case: Loud, rng: np.random.Generator, slip: bool = False) -> Fused:
    """Fuse by RRF."""
    if slip:
        return behind(case.lists, case.n, float(case.kappa))
    return fused_lists(case.lists, case.n, kappa=case.kappa)


def loud_or_not(case: Loud, found: Fused, larger_helps: bool = False) -> Sides:
    """Compare scores with their definition, and who of documents 0 and 1 is before the other with the rank."""
    order = demand_order(found.order, case.n)
    lhs, rhs, error = scores_of(found, reciprocal(case.lists, case.n, Fraction(int(case.kappa))))
    edge = loud_rank(case.L, int(case.kappa))
    if larger_helps:  # as if the constant strengthened first places
        edge = Fraction(case.L * (int(case.kappa) + 1), int(case.kappa))
    before = int(order.index(0) < order.index(1))
    tied = case.r == edge  # either order is right then
    return Sides([before, *lhs], [before if tied else int(case.r < edge), *rhs], rounding=[0.0, *error])


RK_F6 = Statement(
    id="reranking/RK-F6",
    title="How much one loud list is worth",
    says=(
        "A document at rank r of all L lists is before one that is first in a single list if and only if "
        "r < (L - 1) kappa + L, and both score the same at equality. So a larger kappa weakens single first places."
    ),
    source=Derived(loud_rank),
    tex=r"r < (L - 1) \kappa + L",
    hypotheses={"two lists or more, and a rank behind the first": lambda c: c.L >= 2 and c.r >= 2 and c.kappa >= 1},
    instances=Family(
        "loud-lists",
        always=(
            Loud(2, 2, 1),
            Loud(2, 4, 1),
            Loud(2, 61, 60),
            Loud(2, 62, 60),  # a tie
            Loud(2, 63, 60),
            Loud(3, 7, 2),
            Loud(3, 8, 2),
        ),
        draw=lambda draws: Loud(draws.integers(2, 3), draws.integers(2, 12), draws.integers(1, 6)),
    ),
    solve=fused_loud,
    claim=Identity(loud_or_not),
    decisions=("scores", "order"),
    saboteurs=(
        saboteur("ranks start at 0", patch=FROM_0),
        saboteur("an absent document is ranked behind the list", solve=partial(fused_loud, slip=True)),
        saboteur("a mean over the lists that know a document", patch=MEAN),
        saboteur(
            "a larger constant gives more weight to first places",
            claim=Identity(partial(loud_or_not, larger_helps=True)),
            printed=True,
        ),
    ),
    notes="With kappa = 60 the rank is 62 for two lists, where both score the same, and 123 for three.",
)
