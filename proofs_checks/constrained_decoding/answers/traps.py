"""Trees on which a beam goes wrong: wider is not better, and greedy is arbitrarily bad."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    UNFIT,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    OutcomeError,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.constrained_decoding import search
from proofs_checks.constrained_decoding.families.languages import Language, Prefix, indexed
from proofs_checks.constrained_decoding.families.models import Table, scores, spoken


def sequences_of(language: Language, table: Table, width: int | None, method: str) -> tuple[Prefix, float]:
    """Search the library for the best item; return it, and what the beam dropped."""
    found = search(indexed(language), spoken(table), 1, width=width, method=method)
    return tuple(found.sequences[0]), float(np.exp(found.largest_dropped))


# --- wider is not better ---------------------------------------------------------------------------------------------

THREE = Language(((0, 0, 0), (1, 0, 0), (1, 1, 0)), 2)


@dataclass(frozen=True)
class Fork:
    """The tree 0-0-0, 1-0-0, 1-1-0 with p(0) = 3/5, p(1) = 2/5, p(0|0) = f/64, p(0|1) = p(1|1) = 1/2.

    A last step has the probability 1 behind 0-0, and e/64 behind 1-0 and 1-1.
    """

    e: int
    f: int

    @property
    def table(self) -> Table:
        """The probabilities of both tokens at each inner prefix; the rest lies outside the catalogue."""
        e, f, half, one, none = Fraction(self.e, 64), Fraction(self.f, 64), Fraction(1, 2), Fraction(1), Fraction(0)
        root = [Fraction(3, 5), Fraction(2, 5)]
        return {
            (): root,
            (0,): [f, none],
            (1,): [half, half],
            (0, 0): [one, none],
            (1, 0): [e, none],
            (1, 1): [e, none],
        }


@dataclass(frozen=True)
class Widths:
    """The best item of beams of width 1, 2 and 3, and the score that width 2 dropped."""

    items: np.ndarray
    dropped: float


def by_width(case: Fork, rng: np.random.Generator, method: str = "beam") -> Widths:
    """Search with three widths."""
    found = [sequences_of(THREE, case.table, width, method) for width in (1, 2, 3)]
    return Widths(np.array([item for item, _ in found]), found[1][1])


def best_first(case: Fork, rng: np.random.Generator) -> Widths:
    """Search best first, which drops nothing."""
    item, _ = sequences_of(THREE, case.table, None, "best-first")
    return Widths(np.array([item] * 3), 0.0)


@formula(e="(0, 1]", f="(0, 1]")
def fork_scores(e: Number, f: Number) -> tuple[Number, Number, Number]:
    """The scores of the best answers of width 1, 2 and 3, on the tree of `Fork` with e and f for e/64 and f/64.

    Proof
    -----
    Assumes: f p(0) < p(1) / 2 and e p(1) / 2 < f p(0), with p(0) = 3/5 and p(1) = 2/5 (hypotheses of ST-3).

    Proof: width 1 keeps 0, since p(0) > p(1), then 0-0, and ends at 0-0-0 with f p(0). Width 2 keeps 0 and 1, then the
    best two of 0-0 with f p(0), 1-0 and 1-1 with p(1) / 2 each, which are the last two; it drops f p(0), and ends with
    e p(1) / 2. Width 3 drops nothing, and returns the best item, which is 0-0-0.
    """
    return f * Fraction(3, 5), e * Fraction(1, 5), f * Fraction(3, 5)


def scores_by_width(case: Fork, found: Widths) -> list[Fraction]:
    """Return the scores of the three answers."""
    p = scores(THREE, case.table)
    rows = [tuple(row) for row in np.asarray(found.items).tolist()]
    if not set(rows) <= set(THREE.items):
        raise OutcomeError("an answer must be an item")
    return [p[row] for row in rows]


def as_the_fork_says(case: Fork, found: Widths) -> Sides:
    """Compare the scores, and what width 2 dropped with the best one; the dropped score is a sum of logarithms."""
    due = fork_scores(Fraction(case.e, 64), Fraction(case.f, 64))
    return Sides(
        [*scores_by_width(case, found), found.dropped], [*due, due[0]], rounding=[0.0, 0.0, 0.0, rounding(8, 1.0)]
    )


def wider_is_better(case: Fork, found: Widths) -> Sides:
    """Compare the scores of each width with those of the next one."""
    p = scores_by_width(case, found)
    return Sides(p[:2], p[1:], trivial=1)


def draw_fork(draws: Draws) -> Fork:
    """Draw e and f within the hypotheses: f below 64/3, and e below 3 f."""
    f = draws.integers(1, 21)
    return Fork(draws.integers(1, min(3 * f - 1, 64)), f)


ST_3 = Statement(
    id="constrained_decoding/ST-3",
    title="A wider beam can be worse",
    says=(
        "On a tree of three items with two numbers e and f, of which f p(0) < p(1)/2 and e p(1)/2 < f p(0), with p(0) "
        "= 3/5 and p(1) = 2/5, the beam of width 1 returns the best item, of score f p(0), and so does width 3, while "
        "width 2 returns one of score e p(1)/2, as small as one likes. What it dropped, f p(0), tells."
    ),
    source=Derived(fork_scores),
    tex=r"a(1) = a(3) = f p(0) > a(2) = \tfrac12 e\, p(1)",
    hypotheses={
        "f p(0) < p(1)/2": lambda case: 0 < 3 * case.f < 64,
        "e p(1)/2 < f p(0)": lambda case: 0 < case.e < 3 * case.f and case.e <= 64,
    },
    instances=Family("forks", always=(Fork(1, 1), Fork(6, 19), Fork(62, 21)), draw=draw_fork),
    solve=by_width,
    claim=Identity(as_the_fork_says),
    saboteurs=(
        saboteur("best first in the place of a beam", solve=best_first),
        saboteur("wider is better", claim=Inequality(wider_is_better)),
    ),
)

# --- greedy ----------------------------------------------------------------------------------------------------------

TWO = Language(((0, 0), (1, 0)), 2)


@dataclass(frozen=True)
class Lure:
    """The tree 0-0, 1-0 with p(0) = 1/2 + h/64, p(1) = 1/2 - h/64, and a last step of e/64 behind 0, and 1 behind 1."""

    h: int
    e: int

    @property
    def table(self) -> Table:
        """The probabilities of both tokens at each inner prefix."""
        h, none = Fraction(self.h, 64), Fraction(0)
        root = [Fraction(1, 2) + h, Fraction(1, 2) - h]
        return {(): root, (0,): [Fraction(self.e, 64), none], (1,): [Fraction(1), none]}


def greedy(case: Lure, rng: np.random.Generator) -> np.ndarray:
    """Search with width 1."""
    return np.array(sequences_of(TWO, case.table, 1, "beam")[0])


def exhaustive(case: Lure, rng: np.random.Generator) -> np.ndarray:
    """Search best first."""
    return np.array(sequences_of(TWO, case.table, None, "best-first")[0])


@formula(h="(0, 1/2)", e="(0, 1]")
def greedy_score(h: Number, e: Number) -> Number:
    """The score that greedy decoding returns on the tree of `Lure`, with h and e for h/64 and e/64.

    Proof
    -----
    Assumes: h > 0 (domain).

    Proof: greedy decoding takes 0, the likelier token, and then the only one that is allowed, of probability e. The
    other item has the score 1/2 - h, so that the quotient of both goes to 0 with e.
    """
    return (h + Fraction(1, 2)) * e


def far_below(case: Lure, found: np.ndarray, half: bool = False) -> Sides:
    """Compare the score of the answer with what greedy decoding gets; OPT is the most that any answer has."""
    p, item = scores(TWO, case.table), tuple(np.asarray(found).tolist())
    best = max(p[one] for one in TWO.items)
    if half:
        return Sides(best / 2, p.get(item, UNFIT), least=0)
    due = greedy_score(Fraction(case.h, 64), Fraction(case.e, 64))
    fit = item in TWO.items
    return Sides(p[item] if fit else best, due if fit else UNFIT, trivial=best)


def draw_lure(draws: Draws) -> Lure:
    """Draw h and e within the hypotheses."""
    h = draws.integers(1, 31)
    return Lure(h, draws.integers(1, (64 * (32 - h) - 1) // (32 + h)))


ST_14 = Statement(
    id="constrained_decoding/ST-14",
    title="Greedy decoding under a mask is arbitrarily bad",
    says=(
        "With the items 0-0 and 1-0, p(0) = 1/2 + h and p(1) = 1/2 - h for h > 0, and a last step of probability e "
        "behind 0 and 1 behind 1, greedy decoding gets (1/2 + h) e while the best score is OPT = 1/2 - h, if that is "
        "larger; the quotient goes to 0 with e."
    ),
    source=Derived(greedy_score),
    tex=r"a_{\text{greedy}} \le (\tfrac12 + h)\, e < \mathrm{OPT} = \tfrac12 - h",
    hypotheses={
        "0 < h < 1/2": lambda case: 0 < case.h < 32,
        "(1/2 + h) e < 1/2 - h": lambda case: 0 < case.e <= 64 and (32 + case.h) * case.e < 64 * (32 - case.h),
    },
    instances=Family("lures", always=(Lure(1, 1), Lure(8, 4), Lure(31, 1)), draw=draw_lure),
    solve=greedy,
    claim=Inequality(far_below),
    decisions=("outcome",),
    saboteurs=(
        saboteur("best first", solve=exhaustive),
        saboteur("greedy gets half of the best score", claim=Inequality(partial(far_below, half=True))),
    ),
)
