"""Instances of games whose payoffs are sampled a fixed number of times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.alpha_rank import Game


@dataclass(frozen=True)
class SampledGame:
    """The mean payoffs (K, *sizes) of outcomes +size or -size, and the failure probability that is allowed."""

    means: np.ndarray
    delta: float
    outcome_size: float = 1.0

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of strategies of each player."""
        return self.means.shape[1:]

    @property
    def gap(self) -> float:
        """Smallest payoff difference on an edge of the response graph."""
        return float(Game(self.means).gap)


@dataclass(frozen=True)
class ValuedGame:
    """The mean payoffs (K, *sizes) of outcomes +1 or -1, the ranking's parameters, and the accuracy asked for."""

    means: np.ndarray
    alpha: float
    population_size: int
    epsilon: float = 0.1
    delta: float = 0.1
