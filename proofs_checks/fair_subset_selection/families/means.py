"""A family of mean scores of one latent and one observed ranking, in whole numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.fair_subset_selection import ScoreRule, Smoothness


@dataclass(frozen=True)
class Means:
    """Mean latent and observed scores, groups, and the most that one ranking can give."""

    latent: np.ndarray
    observed: np.ndarray
    groups: np.ndarray
    largest: int

    @property
    def rule(self) -> ScoreRule:
        """Make a rule with this largest score of one ranking; nothing else of the rule matters to smoothness."""
        m = len(self.latent)
        return ScoreRule("positional", position_weights=[int(self.largest)] + [0] * (m - 1))


@dataclass(frozen=True)
class Jumps:
    """alpha; the ratios beta at which gamma jumps; gamma there and at half of them, and beta_plus there."""

    alpha: float
    betas: np.ndarray
    gammas: np.ndarray
    below: np.ndarray
    plus: np.ndarray


def jumps_of(found: Smoothness) -> Jumps:
    """Read the smoothness that was found at the points that the claims look at."""
    betas = found.betas
    below, plus = [found.gamma(beta / 2) for beta in betas], [found.beta_plus(beta) for beta in betas]
    return Jumps(found.alpha, betas, found.gammas, np.array(below), np.array(plus))


def gammas_of(latent: list, observed: list, betas: Iterable, pairs: list[tuple[int, int]]) -> list[Fraction]:
    """Compute gamma at each beta, by its definition, over the given pairs (better, worse) of items."""
    found = []
    for beta in betas:
        worse = [(i, j) for i, j in pairs if beta * latent[i] >= latent[j]]
        found.append(max((Fraction(observed[j], observed[i]) for i, j in worse), default=Fraction(0)))
    return found


def draw_means(draws: Draws) -> Means:
    """Draw up to six items in two groups."""
    m = draws.integers(2, 6)
    # single digits make equal ratios, which smoothness treats as one, and ratios in the wrong order frequent
    latent, observed = draws.integers(1, 9, shape=m), draws.integers(1, 9, shape=m)
    return Means(latent, observed, draws.integers(0, 1, shape=m), 9 + draws.integers(0, 3))


#: the wrong order in one group; groups of one item; equal items
MEANS = Family(
    "means",
    always=(
        Means(np.array([1, 2]), np.array([2, 1]), np.array([0, 0]), 3),
        Means(np.array([4, 1]), np.array([1, 1]), np.array([0, 1]), 4),
        Means(np.array([2, 2, 1]), np.array([2, 2, 1]), np.array([0, 0, 0]), 2),
        Means(np.array([4, 2, 1]), np.array([4, 1, 2]), np.array([0, 0, 0]), 4),
        Means(np.array([4, 2, 1]), np.array([3, 1, 2]), np.array([0, 0, 1]), 4),
        Means(np.array([2, 4, 4]), np.array([1, 1, 1]), np.array([0, 0, 0]), 4),
    ),
    draw=draw_means,
)
