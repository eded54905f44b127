"""Laws of biased panels: Plackett-Luce and uniform utilities, of which a group is seen a fraction theta."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.fair_subset_selection import (
    ScoreRule,
    bias_utilities,
    item_scores,
    sample_rankings,
    sample_top_counts,
    sample_utilities,
    smoothness,
    theory,
)

DELTA = Fraction(1, 20)
THETA = Fraction(1, 4)


@dataclass(frozen=True)
class PanelLaw:
    """n independent Plackett-Luce rankings with these qualities, those of a group seen theta times as large.

    Attributes
    ----------
    quality : tuple of int
        q_i.
    disadvantaged : tuple of bool
        The group.
    kind, k, n : str, int, int
        Rule, items to choose, rankings.
    alpha, beta, gamma : Fraction
        Smoothness that is claimed of the rule.
    theta : Fraction
        The bias.
    delta : Fraction
        Failure probability.
    exchanged : bool
        Whether the bias takes item 0 for item 1 too, and the other way round.
    """

    quality: tuple[int, ...]
    disadvantaged: tuple[bool, ...]
    kind: str
    k: int
    n: int
    alpha: Fraction
    beta: Fraction
    gamma: Fraction
    theta: Fraction = THETA
    delta: Fraction = DELTA
    exchanged: bool = False

    @property
    def rule(self) -> ScoreRule:
        """The rule as the package wants it."""
        return ScoreRule(self.kind)

    @property
    def seen(self) -> list[Fraction]:
        """Qualities under the bias."""
        seen = biased(self.quality, self.disadvantaged, self.theta)
        return [seen[1], seen[0], *seen[2:]] if self.exchanged else seen

    @property
    def latent(self) -> list[Fraction]:
        """Mean latent score of every item in one ranking."""
        return theory.expected_scores("plackett-luce", self.rule, list(self.quality))

    @property
    def observed(self) -> list[Fraction]:
        """Mean observed score of every item in one ranking."""
        return theory.expected_scores("plackett-luce", self.rule, self.seen)

    @property
    def groups(self) -> np.ndarray:
        """Group of every item."""
        return np.array(self.disadvantaged, dtype=np.int64)

    @property
    def beta_plus(self) -> Fraction:
        """The worst that pairs which smoothness leaves open can cost."""
        return theory.smallest_ratio_above(self.latent, self.groups, beta=self.beta)


def biased(quality, disadvantaged, theta) -> list[Fraction]:
    """Qualities or ranges under the bias."""
    return [Fraction(q) * (theta if down else 1) for q, down in zip(quality, disadvantaged, strict=True)]


def two_levels(m: int, kind: str, *, share: Fraction = Fraction(1), k: int | None = None) -> PanelLaw:
    """Good and bad items in turn, the second half disadvantaged, and a share of the rankings that are needed."""
    quality = tuple(4 if i % 2 == 0 else 1 for i in range(m))
    return needed(
        PanelLaw(quality, tuple(i >= m // 2 for i in range(m)), kind, k or m // 4, 1, *[Fraction(0)] * 3), share
    )


def three_levels(kind: str) -> PanelLaw:
    """Good items, bad items, and others that are hardly worse than these, which nothing tells apart."""
    return needed(PanelLaw((90, 30, 29) * 2, (False,) * 3 + (True,) * 3, kind, 4, 1, *[Fraction(0)] * 3), Fraction(1))


def needed(law: PanelLaw, share: Fraction) -> PanelLaw:
    """The law with its smoothness, beta that of items 1 and 0, and a share of the rankings that this asks for."""
    f, g, largest = law.latent, law.observed, law.rule.max_item_score(len(law.quality))
    alpha, beta = theory.smoothness_alpha(f, g, max_item_score=largest), f[1] / f[0]
    gamma = theory.largest_observed_ratio(f, g, law.groups, beta=beta)
    n = theory.rankings_needed(len(f), alpha=alpha, gamma=gamma, delta=law.delta)
    return replace(law, n=max(1, int(share * n)), alpha=alpha, beta=beta, gamma=gamma)


def is_smooth(law: PanelLaw) -> bool:
    """Whether the rule is as smooth under the law as is claimed."""
    largest = law.rule.max_item_score(len(law.quality))
    smooth = {"alpha": law.alpha, "beta": law.beta, "gamma": law.gamma}
    return theory.is_smooth(law.latent, law.observed, law.groups, max_item_score=largest, **smooth)


def has_enough(law: PanelLaw) -> bool:
    """Whether there are as many rankings as the theorem asks for."""
    return law.n >= theory.rankings_needed(len(law.quality), alpha=law.alpha, gamma=law.gamma, delta=law.delta)


@dataclass(frozen=True)
class Sums:
    """Observed scores of n rankings, a row a run."""

    observed: np.ndarray


def sums(law: PanelLaw, rng: np.random.Generator, n: int) -> Sums:
    """Observed scores in n runs; tops are drawn without the rest of their rankings."""
    if law.kind == "sntv":
        return Sums(sample_top_counts(law.observed, law.n, n_runs=n, rng=rng))
    quality = [float(q) for q in law.seen]
    panels = (sample_rankings("plackett-luce", law.n, len(quality), rng=rng, quality=quality) for _ in range(n))
    return Sums(np.array([item_scores(panel, law.rule) for panel in panels]))


BY_TOPS, BY_BORDA = two_levels(32, "sntv"), two_levels(16, "borda")
ENOUGH = Family(
    "enough-rankings", always=lambda: (BY_TOPS, two_levels(32, "sntv", k=16), BY_BORDA, three_levels("sntv"))
)
NEARLY_ALIKE = Family("nearly-alike", always=lambda: (three_levels("sntv"),))
EXCHANGED = Family("exchanged", always=lambda: (replace(BY_TOPS, exchanged=True),))
TOO_FEW = Family("a-twentieth-of-the-rankings", always=lambda: (two_levels(32, "sntv", share=Fraction(1, 20)),))
#: alpha a hundred times too large, with as many rankings as that would need
NOT_SMOOTH = Family(
    "not-smooth",
    always=lambda: (replace(BY_TOPS, alpha=100 * BY_TOPS.alpha, n=BY_TOPS.n // 100 + 1),),
)


# --- latent and observed rankings together ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Coupled:
    """Latent and observed scores of the same rankings, a row a run."""

    latent: np.ndarray
    observed: np.ndarray


def coupled(law: PanelLaw, rng: np.random.Generator, n: int, **changes: Any) -> Coupled:
    """Latent and observed scores in n runs."""
    law = replace(law, **changes)
    quality = [float(q) for q in law.quality]
    pairs = []
    for _ in range(n):
        utilities = sample_utilities("plackett-luce", law.n, len(quality), rng=rng, quality=quality)
        panel = bias_utilities(utilities, np.array(law.disadvantaged), float(law.theta), rng=rng)
        pairs.append([item_scores(one, law.rule) for one in (panel.latent, panel.observed)])
    both = np.array(pairs)
    return Coupled(both[:, 0], both[:, 1])


def realized(m: int, epsilon_share: Fraction) -> PanelLaw:
    """Two levels under Borda, with the rankings that a share of eps_0 as accuracy needs."""
    law = two_levels(m, "borda")
    epsilon = epsilon_share * theory.separation(law.gamma)
    return replace(law, n=theory.rankings_needed_realized(m, alpha=law.alpha, epsilon=epsilon, delta=law.delta))


REALIZED = Family("realized", always=lambda: (realized(8, Fraction(1)),))
SMALL_PANEL = Family("one-voter", always=lambda: (replace(two_levels(8, "sntv"), n=1),))


# --- one ranking -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Items:
    """Items with qualities (Plackett-Luce) or ranges of utility (uniform)."""

    model: str
    values: tuple[Fraction, ...]
    kind: str = "borda"


def one_ranking(items: Items, rng: np.random.Generator, n: int) -> np.ndarray:
    """Places of all items in n independent rankings."""
    name = "quality" if items.model == "plackett-luce" else "scale"
    return sample_rankings(
        items.model, n, len(items.values), rng=rng, **{name: [float(v) for v in items.values]}
    ).positions


ONE_RANKING = Family(
    "one-ranking",
    always=(Items("plackett-luce", tuple(map(Fraction, (4, 1, 2, 1)))), Items("plackett-luce", (Fraction(1),) * 3)),
)
ONE_TOP = Family(
    "one-top",
    always=(
        Items("uniform-utilities", tuple(map(Fraction, (1, 2, 2)))),
        Items("plackett-luce", (Fraction(3), Fraction(1))),
    ),
)


@dataclass(frozen=True)
class Spread:
    """Qualities in [1, spread], a bias, and a rule."""

    quality: tuple[int, ...]
    spread: int
    theta: Fraction
    n_disadvantaged: int
    kind: str
    depth: int


def draw_spread(draws: Draws) -> Spread:
    """Up to six items; at least two of them disadvantaged, and one not."""
    m, spread = draws.integers(3, 6), draws.integers(1, 8)
    quality = tuple(draws.integers(1, spread, shape=m).tolist())
    kind = draws.choice(("sntv", "bloc", "borda"))
    return Spread(
        quality, spread, Fraction(1, draws.integers(1, 8)), draws.integers(1, m - 1), kind, draws.integers(1, m - 1)
    )


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


ONE_UNEQUAL = Family("one-unequal", always=ONE_RANKING.always[:1])


@dataclass(frozen=True)
class Estimated:
    """n rankings each of a biased law, every one counted so many times more, and the level of the lower bound."""

    quality: tuple[int, ...]
    disadvantaged: tuple[bool, ...]
    n: int
    copies: int = 0
    theta: Fraction = THETA
    delta: Fraction = DELTA

    @property
    def rule(self) -> ScoreRule:
        """Borda."""
        return ScoreRule("borda")

    @property
    def alpha(self) -> float:
        """The true one."""
        seen = biased(self.quality, self.disadvantaged, self.theta)
        means = [theory.expected_scores("plackett-luce", self.rule, list(q)) for q in (self.quality, seen)]
        return float(theory.smoothness_alpha(*means, max_item_score=self.rule.max_item_score(len(seen))))


def estimates(law: Estimated, rng: np.random.Generator, n: int, field: str = "lower") -> np.ndarray:
    """The lower bound on alpha of n panels."""
    quality, found = [float(q) for q in law.quality], np.empty(n)
    for i in range(n):
        utilities = sample_utilities("plackett-luce", law.n, len(quality), rng=rng, quality=quality)
        utilities = np.repeat(utilities, 1 + law.copies, axis=0)
        panel = bias_utilities(utilities, np.array(law.disadvantaged), float(law.theta), rng=rng)
        measured = smoothness(panel.latent, panel.observed, law.rule, delta=float(law.delta))
        found[i] = getattr(measured, field)
    return found


GROUP = (False, False, True, True)
ESTIMATED = Family("estimated", always=(Estimated((2, 1, 2, 1), GROUP, 30), Estimated((1, 1), (False, True), 8)))
COPIED = Family("copied", always=(Estimated((2, 1, 2, 1), GROUP, 30, copies=99),))
