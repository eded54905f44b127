"""Families of single rankings by Plackett-Luce or uniform utilities, their mean scores, and estimates of these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.fair_subset_selection import (
    ScoreRule,
    bias_utilities,
    item_scores,
    sample_rankings,
    sample_utilities,
    smoothness,
    theory,
)
from proofs_checks.fair_subset_selection.families.laws import DELTA, THETA, biased


@dataclass(frozen=True)
class Items:
    """Items with qualities (Plackett-Luce) or ranges of utility (uniform)."""

    model: str
    values: tuple[Fraction, ...]
    kind: str = "borda"


def one_ranking(items: Items, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n independent rankings by the package, and return the places of all items, (n, m)."""
    name = "quality" if items.model == "plackett-luce" else "scale"
    return sample_rankings(
        items.model, n, len(items.values), rng=rng, **{name: [float(v) for v in items.values]}
    ).positions


def draw_items(draws: Draws) -> Items:
    """Draw two to five items with whole qualities."""
    return Items("plackett-luce", tuple(map(Fraction, draws.integers(1, 6, shape=draws.integers(2, 5)).tolist())))


def draw_several(draws: Draws) -> Items:
    """Draw four or five items with qualities from 4 to 6, none of which has a place with probability near 1/2."""
    return Items("plackett-luce", tuple(map(Fraction, draws.integers(4, 6, shape=draws.integers(4, 5)).tolist())))


def draw_top(draws: Draws) -> Items:
    """Draw two to five items of either law."""
    return replace(draw_items(draws), model=draws.choice(("plackett-luce", "uniform-utilities")))


ONE_RANKING = Family(
    "one-ranking",
    always=(Items("plackett-luce", tuple(map(Fraction, (2, 4, 1, 1)))), Items("plackett-luce", (Fraction(1),) * 3)),
    draw=draw_several,
)
ONE_TOP = Family(
    "one-top",
    always=(
        Items("uniform-utilities", tuple(map(Fraction, (1, 2, 2)))),
        Items("plackett-luce", (Fraction(3), Fraction(1))),
    ),
    draw=draw_top,
)


@dataclass(frozen=True)
class Spread:
    """Qualities in [1, spread], a bias theta, the size of the disadvantaged group, and a rule."""

    quality: tuple[int, ...]
    spread: int
    theta: Fraction
    n_disadvantaged: int
    kind: str
    depth: int

    @property
    def disadvantaged(self) -> list[bool]:
        """Return the mask (m,) of the disadvantaged items, which are the last ones."""
        return [i >= len(self.quality) - self.n_disadvantaged for i in range(len(self.quality))]


def draw_spread(draws: Draws) -> Spread:
    """Draw three to five items, one at least disadvantaged and one not."""
    # few items, since mean scores are summed over all m! rankings
    m, spread = draws.integers(3, 5), draws.integers(1, 8)
    quality = tuple(draws.integers(1, spread, shape=m).tolist())
    kind = draws.choice(("sntv", "bloc", "borda"))
    return Spread(
        quality, spread, Fraction(1, draws.integers(1, 8)), draws.integers(1, m - 1), kind, draws.integers(1, m - 1)
    )


# equal items without a bias; one weak item among strong ones; Bloc; Borda; the first and the last attain the bound
SPREADS = Family(
    "spreads",
    always=(
        Spread((1, 1), 1, Fraction(1), 1, "sntv", 1),
        Spread((8, 8, 8, 8, 1), 8, Fraction(1, 8), 1, "sntv", 1),
        Spread((1, 1, 1), 1, Fraction(1), 1, "bloc", 2),
        Spread((4, 4, 1, 4), 4, Fraction(1, 2), 2, "borda", 1),
    ),
    draw=draw_spread,
)


# all positions are equally likely where the qualities are equal, and a saboteur would be right there
ONE_UNEQUAL = Family("one-unequal", always=ONE_RANKING.always[:1])


@dataclass(frozen=True)
class Estimated:
    """Panels of n latent and observed rankings, each with a number of copies, and the level delta of the lower bound.

    Copies of a ranking are not independent of it, which breaks the hypothesis of FSS-A8-lower.
    """

    quality: tuple[int, ...]
    disadvantaged: tuple[bool, ...]
    n: int
    copies: int = 0
    theta: Fraction = THETA
    delta: Fraction = DELTA

    @property
    def rule(self) -> ScoreRule:
        """Return the rule, Borda."""
        return ScoreRule("borda")

    @property
    def means(self) -> list[list[Fraction]]:
        """Return the mean latent and the mean observed scores of one ranking, exactly."""
        seen = biased(self.quality, self.disadvantaged, self.theta)
        return [theory.expected_scores("plackett-luce", self.rule, list(q)) for q in (self.quality, seen)]

    @property
    def alpha(self) -> float:
        """Return the true alpha, which the lower bound must not exceed."""
        largest = self.rule.max_item_score(len(self.quality))
        return float(min(map(min, self.means)) / largest)


@dataclass(frozen=True)
class Bounded:
    """Latent and observed scores of the same rankings, (runs, m) each, and the lower bounds on alpha, (runs,)."""

    latent: np.ndarray
    observed: np.ndarray
    lower: np.ndarray


def estimates(law: Estimated, rng: np.random.Generator, n: int, field: str = "lower") -> Bounded:
    """Estimate alpha from n panels, and return its lower bound, or another field of `Smoothness`, and the scores."""
    # the scores come back too, so that the claim can compute the bound that follows from them
    quality, scores, found = [float(q) for q in law.quality], [], []
    for _ in range(n):
        utilities = sample_utilities("plackett-luce", law.n, len(quality), rng=rng, quality=quality)
        utilities = np.repeat(utilities, 1 + law.copies, axis=0)
        panel = bias_utilities(utilities, np.array(law.disadvantaged), float(law.theta), rng=rng)
        measured = smoothness(panel.latent, panel.observed, law.rule, delta=float(law.delta))
        scores.append([item_scores(one, law.rule) for one in (panel.latent, panel.observed)])
        found.append(getattr(measured, field))
    both = np.array(scores)
    return Bounded(both[:, 0], both[:, 1], np.array(found))


def draw_estimated(draws: Draws) -> Estimated:
    """Draw two to four items, and the number of rankings, up to forty."""
    m = draws.integers(2, 4)
    # item 0 stays outside of the group, so that somebody is advantaged
    down = (False, *(draws.integers(0, 1, shape=m - 1) == 1).tolist())
    theta = Fraction(1, draws.integers(1, 4))
    return Estimated(tuple(draws.integers(1, 5, shape=m).tolist()), down, draws.integers(4, 40), theta=theta)


GROUP = (False, False, True, True)
ESTIMATED = Family(
    "estimated",
    always=(Estimated((2, 1, 2, 1), GROUP, 30), Estimated((1, 1), (False, True), 8)),
    draw=draw_estimated,
)
# thirty rankings, a hundred times each: the bound takes them for three thousand
COPIED = Family("copied", always=(Estimated((2, 1, 2, 1), GROUP, 30, copies=99),))
