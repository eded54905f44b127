"""Families of laws of biased panels: Plackett-Luce rankings in which a group is seen theta times as good."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations

import numpy as np

from lrtheory.bounds import OutcomeError, Probability
from lrtheory.fair_subset_selection import ScoreRule, theory

DELTA = Fraction(1, 20)  # failure probability
THETA = Fraction(1, 4)  # bias


def biased(quality, disadvantaged, theta) -> list[Fraction]:
    """Multiply the qualities, or the ends of the ranges of utilities, of the group by theta."""
    return [Fraction(q) * (theta if down else 1) for q, down in zip(quality, disadvantaged, strict=True)]


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
        return self.share * (1 - self.gamma) / (1 + self.gamma)

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


def needed(law: PanelLaw, share: Fraction, beta: Fraction | None = None) -> PanelLaw:
    """Complete a law by its smoothness and a share of the rankings that the theorem asks for.

    Without `beta` it is the latent ratio of the items 1 and 0; alpha and gamma follow from the closed forms.
    """
    f, g, largest = law.latent, law.observed, law.rule.max_item_score(len(law.quality))
    alpha, beta = theory.smoothness_alpha(f, g, max_item_score=largest), f[1] / f[0] if beta is None else beta
    gamma = theory.largest_observed_ratio(f, g, law.groups, beta=beta)
    n = theory.rankings_needed(len(f), alpha=alpha, gamma=gamma, delta=law.delta)
    return replace(law, n=max(1, int(share * n)), alpha=alpha, beta=beta, gamma=gamma)


def two_levels(m: int, kind: str, *, share: Fraction = Fraction(1), k: int | None = None) -> PanelLaw:
    """Make a law of good and bad items in turn, the second half disadvantaged, and a share of the rankings needed."""
    quality = tuple(4 if i % 2 == 0 else 1 for i in range(m))
    return needed(
        PanelLaw(quality, tuple(i >= m // 2 for i in range(m)), kind, k or m // 4, 1, *[Fraction(0)] * 3), share
    )


def is_smooth(law: PanelLaw) -> bool:
    """Return True if the rule is as smooth under the law as is claimed."""
    largest = law.rule.max_item_score(len(law.quality))
    alpha = theory.smoothness_alpha(law.latent, law.observed, max_item_score=largest)
    gamma = theory.largest_observed_ratio(law.latent, law.observed, law.groups, beta=law.beta)
    return bool(alpha >= law.alpha and gamma <= law.gamma)


def are_sums(law: PanelLaw, scores: np.ndarray) -> np.ndarray:
    """Mark the rows that can be scores of the rankings: no item is above all first places, all share all points."""
    m, largest = len(law.quality), law.rule.max_item_score(len(law.quality))
    if scores.shape[1:] != (m,):
        raise OutcomeError(f"an outcome must be the scores of {m} items in each run")
    total = law.n * sum(law.rule.weights(m).tolist())
    return ((scores >= 0) & (scores <= law.n * largest)).all(1) & (scores.sum(1) == total)


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


@dataclass(frozen=True)
class Coupled:
    """Latent and observed scores of the same rankings, (runs, m) each, and the k items chosen in each run."""

    latent: np.ndarray
    observed: np.ndarray
    items: np.ndarray


def at_most_delta(event, exact=None) -> Probability:
    """Claim that the event has probability delta at most; `exact` computes the probability where it can be summed."""
    return Probability(event=event, at_most=lambda law: float(law.delta), exact=exact)
