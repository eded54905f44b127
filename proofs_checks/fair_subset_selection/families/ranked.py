"""Single rankings by Plackett-Luce or uniform utilities, and panels whose smoothness is estimated."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.fair_subset_selection import ScoreRule, theory
from proofs_checks.fair_subset_selection.families.laws import DELTA, THETA, biased


@dataclass(frozen=True)
class Items:
    """Items with qualities (Plackett-Luce) or ranges of utility (uniform)."""

    model: str
    values: tuple[Fraction, ...]
    kind: str = "borda"


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
