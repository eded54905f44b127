"""Families of scores alone, without the rankings that they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.fair_subset_selection import select_by_scores


@dataclass(frozen=True)
class Shares:
    """Scores of m items."""

    scores: np.ndarray


def largest_sums(shares: Shares, rng: np.random.Generator | None = None) -> np.ndarray:
    """Select the best t items for t = 0, ..., m, and return their scores, (m + 1,)."""
    m = len(shares.scores)
    return np.array([select_by_scores(shares.scores, t).score for t in range(m + 1)])


def draw_shares(draws: Draws) -> Shares:
    """Draw up to eight whole scores, some below zero."""
    return Shares(draws.integers(-2, 9, shape=draws.integers(1, 8)))


# one item; ties; all points in one item; and numbers below zero, since signs do not matter
SHARES = Family(
    "shares",
    always=(
        Shares(np.array([1])),
        Shares(np.array([2, 2, 2])),
        Shares(np.array([4, 0, 0])),
        Shares(np.array([-1, -3])),
    ),
    draw=draw_shares,
)


@dataclass(frozen=True)
class ScorePair:
    """Scores that count, and observed scores that choose."""

    scores: np.ndarray
    observed: np.ndarray


def chosen_by(pair: ScorePair, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Select the best t items by the observed scores, for t = 0, ..., m."""
    return [select_by_scores(pair.observed, t).items for t in range(len(pair.scores) + 1)]


def draw_pair(draws: Draws) -> ScorePair:
    """Draw up to seven items; the scores that choose are near the others, or not."""
    m = draws.integers(2, 7)
    scores = draws.integers(0, 9, shape=m)
    # a noise of 12 puts the items in any order, one of 1 exchanges near ties alone
    noise = draws.integers(0, draws.choice((1, 4, 12)), shape=m)
    return ScorePair(scores, scores + noise)


# the order is reversed; and the best item of three comes last
PAIRS = Family(
    "score-pairs",
    always=(ScorePair(np.array([2, 1]), np.array([1, 2])), ScorePair(np.array([4, 2, 1]), np.array([1, 3, 2]))),
    draw=draw_pair,
)
