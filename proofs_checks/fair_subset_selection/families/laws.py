"""Families of laws of biased panels: Plackett-Luce rankings in which a group is seen theta times as good."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations

import numpy as np

from lrtheory.bounds import Draws, Family, OutcomeError
from lrtheory.fair_subset_selection import (
    ScoreRule,
    bias_utilities,
    item_scores,
    sample_rankings,
    sample_top_counts,
    sample_utilities,
    select_by_scores,
    theory,
)

DELTA = Fraction(1, 20)  # failure probability
THETA = Fraction(1, 4)  # bias


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
    share : Fraction
        eps / eps_0, where a statement asks for a relative accuracy eps of at most eps_0.
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
    share: Fraction = Fraction(1)

    @property
    def epsilon(self) -> Fraction:
        """Return the relative accuracy eps to which the sums are known."""
        return self.share * theory.separation(self.gamma)

    @property
    def rule(self) -> ScoreRule:
        """Make the `ScoreRule` of the law."""
        return ScoreRule(self.kind)

    @property
    def seen(self) -> list[Fraction]:
        """Return the qualities under the bias."""
        seen = biased(self.quality, self.disadvantaged, self.theta)
        return [seen[1], seen[0], *seen[2:]] if self.exchanged else seen

    @property
    def latent(self) -> list[Fraction]:
        """Return the mean latent score f_i of every item in one ranking."""
        return theory.expected_scores("plackett-luce", self.rule, list(self.quality))

    @property
    def observed(self) -> list[Fraction]:
        """Return the mean observed score g_i of every item in one ranking."""
        return theory.expected_scores("plackett-luce", self.rule, self.seen)

    @property
    def groups(self) -> np.ndarray:
        """Return the group of every item: 1 for the disadvantaged, 0 for the others."""
        return np.array(self.disadvantaged, dtype=np.int64)

    @property
    def beta_plus(self) -> Fraction:
        """Return beta_plus, the share that is kept whatever the order of the pairs that smoothness leaves open."""
        return theory.smallest_ratio_above(self.latent, self.groups, beta=self.beta)


def biased(quality, disadvantaged, theta) -> list[Fraction]:
    """Multiply the qualities, or the ends of the ranges of utilities, of the group by theta."""
    return [Fraction(q) * (theta if down else 1) for q, down in zip(quality, disadvantaged, strict=True)]


def two_levels(m: int, kind: str, *, share: Fraction = Fraction(1), k: int | None = None) -> PanelLaw:
    """Make a law of good and bad items in turn, the second half disadvantaged, and a share of the rankings needed."""
    quality = tuple(4 if i % 2 == 0 else 1 for i in range(m))
    return needed(
        PanelLaw(quality, tuple(i >= m // 2 for i in range(m)), kind, k or m // 4, 1, *[Fraction(0)] * 3), share
    )


def three_levels(kind: str) -> PanelLaw:
    """Make a law of good items, bad items, and others that are hardly worse than these.

    With beta the ratio of the first two, the pair of the last two is left open: no accuracy is asked for that tells
    them apart, and beta_plus is below 1.
    """
    return needed(PanelLaw((90, 30, 29) * 2, (False,) * 3 + (True,) * 3, kind, 4, 1, *[Fraction(0)] * 3), Fraction(1))


def needed(law: PanelLaw, share: Fraction, beta: Fraction | None = None) -> PanelLaw:
    """Complete a law by its smoothness and a share of the rankings that the theorem asks for.

    Without `beta` it is the latent ratio of the items 1 and 0; alpha and gamma follow from the closed forms.
    """
    f, g, largest = law.latent, law.observed, law.rule.max_item_score(len(law.quality))
    alpha, beta = theory.smoothness_alpha(f, g, max_item_score=largest), f[1] / f[0] if beta is None else beta
    gamma = theory.largest_observed_ratio(f, g, law.groups, beta=beta)
    n = theory.rankings_needed(len(f), alpha=alpha, gamma=gamma, delta=law.delta)
    return replace(law, n=max(1, int(share * n)), alpha=alpha, beta=beta, gamma=gamma)


def is_smooth(law: PanelLaw) -> bool:
    """Return True if the rule is as smooth under the law as is claimed."""
    largest = law.rule.max_item_score(len(law.quality))
    smooth = {"alpha": law.alpha, "beta": law.beta, "gamma": law.gamma}
    return theory.is_smooth(law.latent, law.observed, law.groups, max_item_score=largest, **smooth)


def has_enough(law: PanelLaw) -> bool:
    """Return True if there are as many rankings as the theorem asks for."""
    return law.n >= theory.rankings_needed(len(law.quality), alpha=law.alpha, gamma=law.gamma, delta=law.delta)


def sums(law: PanelLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw the observed scores of the items in n runs, (n, m); for SNTV the tops alone, without their rankings."""
    if law.kind == "sntv":
        return sample_top_counts(law.observed, law.n, n_runs=n, rng=rng)
    quality = [float(q) for q in law.seen]
    panels = (sample_rankings("plackett-luce", law.n, len(quality), rng=rng, quality=quality) for _ in range(n))
    return np.array([item_scores(panel, law.rule) for panel in panels])


def are_sums(law: PanelLaw, scores: np.ndarray) -> np.ndarray:
    """Mark the rows that can be scores of the rankings: no item is above all first places, all share all points."""
    m, largest = len(law.quality), law.rule.max_item_score(len(law.quality))
    if scores.shape[1:] != (m,):
        raise OutcomeError(f"an outcome must be the scores of {m} items in each run")
    total = theory.total_score(law.n, law.rule.weights(m).tolist())
    return ((scores >= 0) & (scores <= law.n * largest)).all(1) & (scores.sum(1) == total)


def choices(law: PanelLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Select by observed scores with l places for the group, for every possible l, in n runs: items (n, L, k)."""
    mask = law.groups == 1
    return np.array(
        [
            [select_by_scores(row, law.k, groups=mask, quota={True: quota}).items for quota in quotas(law)]
            for row in sums(law, rng, n)
        ]
    )


def quotas(law: PanelLaw) -> list[int]:
    """List the L possible numbers of disadvantaged items in a set of k."""
    size, m = sum(law.disadvantaged), len(law.quality)
    return list(range(max(0, law.k - m + size), min(law.k, size) + 1))


def by_quota(law: PanelLaw, scores: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Judge the best sets by `scores`, for every possible quota, by the scores `judged`: (n, L)."""
    # worth[g][run, t] is the sum of `judged` over the t best items of group g by `scores`
    worth = []
    for group in (0, 1):
        order = np.argsort(-scores[:, law.groups == group], axis=1, kind="stable")
        sorted_ = np.take_along_axis(np.broadcast_to(judged[:, law.groups == group], order.shape), order, axis=1)
        worth.append(np.concatenate([np.zeros((len(order), 1)), sorted_.cumsum(1)], axis=1))
    return np.stack([worth[0][:, law.k - quota] + worth[1][:, quota] for quota in quotas(law)], axis=1)


def ratios_of(law: PanelLaw) -> list[Fraction]:
    """List the latent ratios of one group below 1, increasing, which beta may be; 0 where there is none."""
    f, groups = law.latent, law.groups
    pairs = permutations(range(len(f)), 2)
    return sorted({f[j] / f[i] for i, j in pairs if groups[i] == groups[j] and f[j] < f[i]}) or [Fraction(0)]


def draw_law(draws: Draws) -> PanelLaw:
    """Draw up to eight items; beta is one of the ratios of a group, so that it may leave some pairs open."""
    m = draws.integers(2, 8)
    quality = tuple(draws.integers(1, 9, shape=m).tolist())
    down = tuple((draws.integers(0, 1, shape=m) == 1).tolist())
    kind, theta, k = draws.choice(("sntv", "borda")), Fraction(1, draws.integers(1, 4)), draws.integers(1, m - 1)
    law = PanelLaw(quality, down, kind, k, 1, *[Fraction(0)] * 3, theta=theta)
    found = needed(law, Fraction(1), beta=draws.choice(ratios_of(law)))
    if kind == "borda" and found.n > 2000:  # all these rankings would have to be drawn
        law = replace(law, kind="sntv")
        found = needed(law, Fraction(1), beta=ratios_of(law)[0])
    return found


BY_TOPS, BY_BORDA = two_levels(32, "sntv"), two_levels(16, "borda")
#: two items of each group: the chance of a wrong order is a sum over binomials
TWO_PAIRS = needed(PanelLaw((4, 1, 4, 1), (False, False, True, True), "sntv", 2, 1, *[Fraction(0)] * 3), Fraction(1))
ENOUGH = Family(
    "enough-rankings",
    always=lambda: (BY_TOPS, two_levels(24, "sntv", k=12), BY_BORDA, three_levels("sntv"), TWO_PAIRS),
    draw=draw_law,
)
NEARLY_ALIKE = Family("nearly-alike", always=lambda: (three_levels("sntv"),))
# the group's bias is as before, but a pair of one group is seen in the wrong order: gamma is above 1
EXCHANGED = Family("exchanged", always=lambda: (replace(BY_TOPS, exchanged=True),))
# FSS-T1a is loose by a factor of about twelve at m = 32, so that a tenth of the rankings might be enough
TOO_FEW = Family("a-twentieth-of-the-rankings", always=lambda: (two_levels(32, "sntv", share=Fraction(1, 20)),))
#: alpha a hundred times too large, with as many rankings as that would need
NOT_SMOOTH = Family(
    "not-smooth",
    always=lambda: (replace(BY_TOPS, alpha=100 * BY_TOPS.alpha, n=BY_TOPS.n // 100 + 1),),
)


# --- latent and observed rankings together ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Coupled:
    """Latent and observed scores of the same rankings, (runs, m) each, and the k items chosen in each run."""

    latent: np.ndarray
    observed: np.ndarray
    items: np.ndarray


def coupled(law: PanelLaw, rng: np.random.Generator, n: int, sign: int = 1) -> Coupled:
    """Draw latent and observed scores in n runs, and select by the latter at the quota of the best latent set."""
    quality = [float(q) for q in law.quality]
    pairs = []
    for _ in range(n):
        utilities = sample_utilities("plackett-luce", law.n, len(quality), rng=rng, quality=quality)
        panel = bias_utilities(utilities, np.array(law.disadvantaged), float(law.theta), rng=rng)
        pairs.append([item_scores(one, law.rule) for one in (panel.latent, panel.observed)])
    both = np.array(pairs)
    items = []
    for latent, observed in both:
        quota = {True: select_by_scores(latent, law.k, groups=law.groups == 1).group_counts[True]}
        items.append(select_by_scores(sign * observed, law.k, groups=law.groups == 1, quota=quota).items)
    return Coupled(both[:, 0], both[:, 1], np.array(items))


def are_coupled(law: PanelLaw, found: Coupled) -> np.ndarray:
    """Mark the rows that can be scores of the same rankings: the bias lowers the group and lifts the others."""
    rise, down = found.observed - found.latent, law.groups == 1
    moved = (rise[:, ~down] >= 0).all(1) & (rise[:, down] <= 0).all(1)
    return are_sums(law, found.latent) & are_sums(law, found.observed) & moved


def enough_realized(law: PanelLaw, share: Fraction = Fraction(1)) -> PanelLaw:
    """Complete a law by as many rankings as the realized form, FSS-T2, needs for this share of the accuracy eps_0."""
    law = replace(law, share=share)
    n = theory.rankings_needed_realized(len(law.quality), alpha=law.alpha, epsilon=law.epsilon, delta=law.delta)
    return replace(law, n=n)


def draw_realized(draws: Draws) -> PanelLaw:
    """Draw two to six items of two qualities that are so far apart that the panels are small enough to be drawn."""
    m, high = draws.integers(2, 6), draws.integers(4, 9)
    quality = (high, 1, *(high if good else 1 for good in draws.integers(0, 1, shape=m - 2).tolist()))
    down = (False, False, *(draws.integers(0, 1, shape=m - 2) == 1).tolist())
    # alpha of SNTV falls like 1/m, so that larger panels would have too many rankings to be drawn one by one
    kind = "borda" if m > 3 else draws.choice(("sntv", "borda"))
    k, theta = draws.integers(1, m - 1), Fraction(1, draws.integers(1, 3))
    law = PanelLaw(quality, down, kind, k, 1, *[Fraction(0)] * 3, theta=theta)
    return enough_realized(
        needed(law, Fraction(1), beta=ratios_of(law)[0]), draws.choice((Fraction(1), Fraction(1, 2)))
    )


REALIZED = Family(
    "realized",
    always=lambda: (enough_realized(two_levels(8, "borda")), enough_realized(two_levels(4, "borda"), Fraction(1, 2))),
    draw=draw_realized,
)
# one ranking decides nothing: SNTV then has one item with a point, and chance does the rest
SMALL_PANEL = Family("one-voter", always=lambda: (replace(two_levels(8, "sntv"), n=1),))
