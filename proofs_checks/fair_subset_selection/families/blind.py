"""Families of panels that hardly ever see a good item of the group on top, and of panels without quotas."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np

from lrtheory.bounds import Draws, Family, OutcomeError
from lrtheory.fair_subset_selection import (
    ScoreRule,
    sample_rankings,
    sample_top_counts,
    select_by_scores,
    theory,
)
from proofs_checks.fair_subset_selection.families.laws import THETA, biased
from proofs_checks.fair_subset_selection.families.outcomes import are_sets


@dataclass(frozen=True)
class Blind:
    """A blind panel: h advantaged items, g good ones of h disadvantaged, n rankings, and the quota for the group.

    Items are numbered by kind: 0 .. h - 1 advantaged, h .. h + g - 1 good ones of the group, the others bad ones.
    """

    n_advantaged: int
    n_good: int
    n: int
    quota: int
    theta: Fraction = THETA

    @property
    def disadvantaged(self) -> np.ndarray:
        """Return the mask (2 h,) of the disadvantaged group."""
        return np.arange(2 * self.n_advantaged) >= self.n_advantaged

    @property
    def scales(self) -> list:
        """Return the ends of the ranges of the latent utilities."""
        return theory.blind_scales(self.n_advantaged, self.n_good)

    def tops(self, theta: Fraction) -> list[Fraction]:
        """Return the probabilities of the items to be on top when the group is seen theta times as large."""
        seen = biased(self.scales, self.disadvantaged, theta)
        return theory.expected_scores("uniform-utilities", ScoreRule("sntv"), seen)

    @property
    def bound(self) -> float:
        """Return the bound: the mean ratio of a blind choice plus the probability that the panel is not blind."""
        return float(theory.blind_bound(self.n_advantaged, self.n_good, self.quota, n_rankings=self.n))


def blind_choices(blind: Blind, rng: np.random.Generator, n: int, ties: str = "random") -> np.ndarray:
    """Select by SNTV at the quota in n panels, (n, k); the numbers of tops are drawn from their closed form."""
    counts = sample_top_counts(blind.tops(blind.theta), blind.n, n_runs=n, rng=rng)
    return chosen(blind, counts, rng, ties)


def chosen(blind: Blind, scores: np.ndarray, rng: np.random.Generator, ties: str = "random") -> np.ndarray:
    """Select at the quota by given scores, one row per panel."""
    options = {"groups": blind.disadvantaged, "quota": {True: blind.quota}, "ties": ties, "rng": rng}
    return np.array([select_by_scores(row, blind.n_good, **options).items for row in scores])


def ratios(blind: Blind, items: np.ndarray) -> np.ndarray:
    """Divide the mean latent scores of the chosen sets by that of the best; 1, the largest ratio, for invalid sets."""
    latent, k = np.array([float(p) for p in blind.tops(Fraction(1))]), blind.n_good
    if items.shape[1:] != (k,):
        raise OutcomeError(f"an outcome must be {k} items of each panel")
    valid = are_sets(items, len(latent))
    given = np.where(valid[:, None], items, 0)
    valid &= blind.disadvantaged[given].sum(1) == blind.quota
    return np.where(valid, latent[given].sum(1) / np.sort(latent)[-k:].sum(), 1.0)


def draw_blind(draws: Draws) -> Blind:
    """Draw up to twelve advantaged items and at most half as many good ones, which are seen with chance 1/10 to 1/4.

    The number n of rankings is chosen such that n p, the bound on the chance that a panel is not blind, is near this.
    """
    h = draws.integers(4, 12)
    g = draws.integers(2, h // 2)
    # n p between 1/10 and 1/4: the bound then is well below 1 although the panel is not quite blind
    seen = Fraction(draws.integers(10, 25), 100)
    return Blind(h, g, ceil(seen / theory.top_good_probability(h, g)), draws.integers(0, g))


# n p is about 1/20; the least quota, the largest, and one between
BLIND = Family("blind", always=tuple(Blind(12, 3, 1000, quota) for quota in (0, 2, 3)), draw=draw_blind)
# without a bias the good items are on top most often, so that SNTV finds them
SIGHTED = Family("sighted", always=(Blind(12, 3, 1000, 3, theta=Fraction(1)),))


def observed_tops(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n observed rankings, and return the kinds of the items on top: 0 advantaged, 1 good, 2 bad."""
    seen = [float(a) for a in biased(blind.scales, blind.disadvantaged, blind.theta)]
    return kinds(blind, sample_rankings("uniform-utilities", n, len(seen), rng=rng, scale=seen).positions.argmin(1))


def kinds(blind: Blind, items: np.ndarray) -> np.ndarray:
    """Map item numbers to 0 for an advantaged item, 1 for a good one of the group, 2 for a bad one."""
    return np.digitize(items, [blind.n_advantaged, blind.n_advantaged + blind.n_good])


def draw_small(draws: Draws) -> Blind:
    """Draw two to four advantaged items, so that a good item is on top now and then."""
    h = draws.integers(2, 4)
    return Blind(h, draws.integers(1, h), 1, 1)


# one good item, and as many good ones as advantaged ones: the ends of the range of g
SMALL_BLIND = Family("small-blind", always=(Blind(2, 1, 1, 1), Blind(2, 2, 1, 1)), draw=draw_small)


def rankings_until_seen(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw observed rankings by all their utilities until every good item has been on top; count them in n runs."""
    h, g = blind.n_advantaged, blind.n_good
    scale = np.array([float(a) for a in biased(blind.scales, blind.disadvantaged, blind.theta)])
    first, seen, waiting = np.zeros(n, dtype=np.int64), np.zeros((n, g), dtype=bool), np.arange(n)
    while len(waiting):
        first[waiting] += 1
        # all utilities are drawn, and not the waiting times that the formula is about
        tops = (scale * rng.random((len(waiting), 2 * h))).argmax(1)
        good = (tops >= h) & (tops < h + g)
        seen[waiting[good], tops[good] - h] = True
        waiting = waiting[~seen[waiting].all(1)]
    return first


# g = 2 throughout, and h small, since the number of rankings grows like 2^h
COUPONS = Family("coupons", always=tuple(Blind(h, 2, 1, 1) for h in (2, 3, 4, 5)))


# --- without quotas --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unprotected:
    """A panel with k good items of quality q, all disadvantaged, m - k others of quality 1, and a bias theta."""

    n_items: int
    k: int
    quality: int
    theta: Fraction

    @property
    def disadvantaged(self) -> np.ndarray:
        """Return the mask (m,) of the disadvantaged group, the first k items."""
        return np.arange(self.n_items) < self.k

    @property
    def latent(self) -> list[Fraction]:
        """Return the latent qualities, to which mean SNTV scores are proportional under Plackett-Luce."""
        return [Fraction(self.quality)] * self.k + [Fraction(1)] * (self.n_items - self.k)

    @property
    def observed(self) -> list[Fraction]:
        """Return the qualities under the bias."""
        return biased(self.latent, self.disadvantaged, self.theta)


def unprotected(case: Unprotected, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Select by the observed mean scores, freely and with k places for the group."""
    scores = [float(x) for x in case.observed]
    quota = {"groups": case.disadvantaged.astype(int), "quota": {1: case.k}}
    return select_by_scores(scores, case.k).items, select_by_scores(scores, case.k, **quota).items


def draw_unprotected(draws: Draws) -> Unprotected:
    """Draw a whole quality q and a bias theta with theta q <= 1/2, which hides it."""
    quality, k = draws.integers(2, 20), draws.integers(1, 4)
    return Unprotected(2 * k + draws.integers(0, 8), k, quality, Fraction(1, 2 * quality * draws.integers(1, 4)))


# theta q = 1/5 hides the good items, whose quality is that of twenty others
UNPROTECTED = Family("unprotected", always=(Unprotected(20, 5, 20, Fraction(1, 100)),), draw=draw_unprotected)
# theta q = 2: the good items are seen before all others, so that nothing is lost
MILD = Family("mildly-biased", always=(Unprotected(20, 5, 20, Fraction(1, 10)),))
