"""Choices without quotas, where a bias hides all good items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lrtheory._numbers import exact
from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.fair_subset_selection import select_by_scores
from proofs_checks.fair_subset_selection.families.laws import biased
from proofs_checks.fair_subset_selection.families.outcomes import check_set


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


def unbiased_choice(case: Unprotected, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Choose by latent scores."""
    return unprotected(replace(case, theta=Fraction(1)))


@formula(q="(1, inf)")
def unprotected_share(q: Number) -> Number:
    """The choice without quotas keeps this share.

    Proof
    -----
    Assumes: theta q < 1, and there are at least k other items: hypotheses of FSS-N3. That q > 1 is checked.

    Proof: every other item is seen at 1, before every good one, and there are at least k of them, so that the free
    choice is k others, worth k. The best set is that of the k good items, worth k q > k, so exactly 1 / q is kept. The
    quota k for the group leaves no choice but the good items, and keeps everything. There is a threshold: for theta q >
    1 the good items are seen before all others, and the free choice keeps everything too; at theta q = 1 ties decide.
    """
    return 1 / exact(q)


def lost(case: Unprotected, found: tuple[np.ndarray, np.ndarray]) -> Sides:
    """Compare the latent scores of the free choice and of the group, over the best, with 1/q and 1.

    The free choice must be the best by the observed scores, and the other one of the group.
    """
    latent, observed, k = case.latent, case.observed, case.k
    free, of_group = (check_set(one, case.n_items, k) for one in found)
    values = [sum((latent[i] for i in one), Fraction(0)) for one in (free, of_group)]
    best = k * Fraction(case.quality)
    # a free choice that looks at latent scores would be better, and is refused by its observed score
    seen = sum((observed[i] for i in free), Fraction(0)), sum(sorted(observed)[-k:], Fraction(0))
    return Sides(
        np.array([*(value / best for value in values), seen[0]], dtype=object),
        np.array([unprotected_share(case.quality), Fraction(1), seen[1]], dtype=object),
    )


def lost_by_observed(case: Unprotected, found: tuple[np.ndarray, np.ndarray]) -> Sides:
    """Compare latent scores over the largest sum of observed ones, the wrong reference, with 1/q and 1."""
    sides = lost(case, found)
    best = sum(sorted(case.observed)[-case.k :])
    return Sides(sides.lhs[:2] * case.k * case.quality / best, sides.rhs[:2])


FSS_N3 = Statement(
    id="fair_subset_selection/FSS-N3",
    title="Without quotas all but 1/q can be lost, and the right quota brings all of it back",
    says=(
        "Let k good items of mean latent score q be the disadvantaged group, seen at theta q < 1, and let the others, "
        "at least k, have the score 1. The best k observed items S_free have a mean latent score of OPT/q, and S_k, "
        "with all k places for the group, has the largest, OPT."
    ),
    source=Derived(unprotected_share),
    tex=r"\theta q < 1 \Rightarrow \bar F(S_{\mathrm{free}}) = \mathrm{OPT}/q,\quad \bar F(S_k) = \mathrm{OPT}",
    hypotheses={
        "the bias hides the good items": lambda case: case.theta * case.quality < 1,
        "enough others": lambda case: case.n_items >= 2 * case.k,
    },
    instances=UNPROTECTED,
    solve=unprotected,
    decisions=("0", "1"),
    claim=Identity(lost),
    saboteurs=(
        saboteur("a mild bias", breaks="the bias hides the good items", instances=MILD),
        saboteur("chosen by latent scores", solve=unbiased_choice),
        saboteur("relative to the best observed scores", claim=Identity(lost_by_observed)),
    ),
    notes="In mean scores, where any number of rankings ends; the loss has a threshold at theta q = 1.",
)
