"""Panels that never see a good item of the group on top, and panels without quotas."""

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
from proofs_checks.fair_subset_selection.outcomes import are_sets


@dataclass(frozen=True)
class Blind:
    """h advantaged items, g good ones of h disadvantaged, n rankings, and the number of disadvantaged to choose."""

    n_advantaged: int
    n_good: int
    n: int
    quota: int
    theta: Fraction = THETA

    @property
    def disadvantaged(self) -> np.ndarray:
        """The group."""
        return np.arange(2 * self.n_advantaged) >= self.n_advantaged

    @property
    def scales(self) -> list:
        """Ranges of the latent utilities."""
        return theory.blind_scales(self.n_advantaged, self.n_good)

    def tops(self, theta: Fraction) -> list[Fraction]:
        """Probabilities of the items to be on top when the group is seen theta times as large."""
        seen = biased(self.scales, self.disadvantaged, theta)
        return theory.expected_scores("uniform-utilities", ScoreRule("sntv"), seen)

    @property
    def bound(self) -> float:
        """The ratio of a blind choice, and the probability that the panel is not blind."""
        return float(theory.blind_bound(self.n_advantaged, self.n_good, self.quota, n_rankings=self.n))


def blind_choices(blind: Blind, rng: np.random.Generator, n: int, ties: str = "random") -> np.ndarray:
    """What n panels choose by SNTV with so many places for the group, (n, k); tops are drawn from their closed form."""
    counts = sample_top_counts(blind.tops(blind.theta), blind.n, n_runs=n, rng=rng)
    return chosen(blind, counts, rng, ties)


def chosen(blind: Blind, scores: np.ndarray, rng: np.random.Generator, ties: str = "random") -> np.ndarray:
    """The choice by given scores, a row a panel."""
    options = {"groups": blind.disadvantaged, "quota": {True: blind.quota}, "ties": ties, "rng": rng}
    return np.array([select_by_scores(row, blind.n_good, **options).items for row in scores])


def ratios(blind: Blind, items: np.ndarray) -> np.ndarray:
    """Mean latent score of the chosen sets over that of the best one; 1, the largest possible, for an invalid one."""
    latent, k = np.array([float(p) for p in blind.tops(Fraction(1))]), blind.n_good
    if items.shape[1:] != (k,):
        raise OutcomeError(f"an outcome must be {k} items of each panel")
    valid = are_sets(items, len(latent))
    given = np.where(valid[:, None], items, 0)
    valid &= blind.disadvantaged[given].sum(1) == blind.quota
    return np.where(valid, latent[given].sum(1) / np.sort(latent)[-k:].sum(), 1.0)


def draw_blind(draws: Draws) -> Blind:
    """Up to twelve advantaged items, at most half as many good ones; the panel sees one with chance 1/10 to 1/4."""
    h = draws.integers(4, 12)
    g = draws.integers(2, h // 2)
    seen = Fraction(draws.integers(10, 25), 100)
    return Blind(h, g, ceil(seen / theory.top_good_probability(h, g)), draws.integers(0, g))


BLIND = Family("blind", always=tuple(Blind(12, 3, 1000, quota) for quota in (0, 2, 3)), draw=draw_blind)
SIGHTED = Family("sighted", always=(Blind(12, 3, 1000, 3, theta=Fraction(1)),))


def observed_tops(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Who is on top of n observed rankings: 0 an advantaged item, 1 a good one of the group, 2 another."""
    seen = [float(a) for a in biased(blind.scales, blind.disadvantaged, blind.theta)]
    return kinds(blind, sample_rankings("uniform-utilities", n, len(seen), rng=rng, scale=seen).positions.argmin(1))


def kinds(blind: Blind, items: np.ndarray) -> np.ndarray:
    """0 for an advantaged item, 1 for a good one of the group, 2 for another."""
    return np.digitize(items, [blind.n_advantaged, blind.n_advantaged + blind.n_good])


def draw_small(draws: Draws) -> Blind:
    """Two to four advantaged items, so that a good item is on top now and then."""
    h = draws.integers(2, 4)
    return Blind(h, draws.integers(1, h), 1, 1)


SMALL_BLIND = Family("small-blind", always=(Blind(2, 1, 1, 1), Blind(2, 2, 1, 1)), draw=draw_small)


def rankings_until_seen(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Observed rankings, with all their utilities, until every good item has been on top, in n runs."""
    h, g = blind.n_advantaged, blind.n_good
    scale = np.array([float(a) for a in biased(blind.scales, blind.disadvantaged, blind.theta)])
    first, seen, waiting = np.zeros(n, dtype=np.int64), np.zeros((n, g), dtype=bool), np.arange(n)
    while len(waiting):
        first[waiting] += 1
        tops = (scale * rng.random((len(waiting), 2 * h))).argmax(1)
        good = (tops >= h) & (tops < h + g)
        seen[waiting[good], tops[good] - h] = True
        waiting = waiting[~seen[waiting].all(1)]
    return first


COUPONS = Family("coupons", always=tuple(Blind(h, 2, 1, 1) for h in (2, 3, 4, 5)))


# --- without quotas --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unprotected:
    """k good items of quality q, all disadvantaged, m - k others of quality 1, and a bias."""

    n_items: int
    k: int
    quality: int
    theta: Fraction

    @property
    def disadvantaged(self) -> np.ndarray:
        """The group."""
        return np.arange(self.n_items) < self.k

    @property
    def latent(self) -> list[Fraction]:
        """Qualities, to which SNTV scores are proportional."""
        return [Fraction(self.quality)] * self.k + [Fraction(1)] * (self.n_items - self.k)

    @property
    def observed(self) -> list[Fraction]:
        """Qualities under the bias."""
        return biased(self.latent, self.disadvantaged, self.theta)


def unprotected(case: Unprotected, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The items that the observed mean scores choose, free and with k places for the group."""
    scores = [float(x) for x in case.observed]
    quota = {"groups": case.disadvantaged.astype(int), "quota": {1: case.k}}
    return select_by_scores(scores, case.k).items, select_by_scores(scores, case.k, **quota).items


def draw_unprotected(draws: Draws) -> Unprotected:
    """Whole qualities, and a bias that hides them."""
    quality, k = draws.integers(2, 20), draws.integers(1, 4)
    return Unprotected(2 * k + draws.integers(0, 8), k, quality, Fraction(1, 2 * quality * draws.integers(1, 4)))


UNPROTECTED = Family("unprotected", always=(Unprotected(20, 5, 20, Fraction(1, 100)),), draw=draw_unprotected)
MILD = Family("mildly-biased", always=(Unprotected(20, 5, 20, Fraction(1, 10)),))
