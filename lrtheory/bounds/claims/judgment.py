"""The judgment of runs: error levels, and the verdict of two e-values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["SHARPER", "Judgment", "Level", "Randomness", "by_e_values", "sharpened"]

SHARPER = (0.02, 0.1)  # parts of a bound by which it is made stricter, to see how near the claim comes to it

Randomness = Literal["for each instance", "for all instances at once"]


@dataclass(frozen=True)
class Level:
    """Error levels of a random check: `alpha` in all, `instances` refutable hypotheses, `looks` at the data."""

    alpha: float = 1e-7
    instances: int = 1
    looks: int = 1

    @property
    def support(self) -> float:
        """Log e-value at which an instance is supported: every instance must be, so each has the whole level."""
        return float(np.log(1 / self.alpha))

    @property
    def refute(self) -> float:
        """Log e-value at which an instance is refuted: one instance suffices, so they share the level."""
        return float(np.log(self.instances / self.alpha))


@dataclass(frozen=True)
class Judgment:
    """The judgment of the runs so far on one instance: both sides as measured, and log e-values in both directions."""

    lhs: float
    rhs: float
    verdict: Literal["supported", "refuted", "inconclusive"]
    log_for: float = float("nan")
    log_against: float = float("nan")


def by_e_values(lhs: float, rhs: float, log_for: float, log_against: float, level: Level) -> Judgment:
    """The verdict of two log e-values; by Ville's inequality each errs with at most the probability of its level."""
    if log_against >= level.refute:
        return Judgment(lhs, rhs, "refuted", log_for, log_against)
    if log_for >= level.support:
        return Judgment(lhs, rhs, "supported", log_for, log_against)
    return Judgment(lhs, rhs, "inconclusive", log_for, log_against)


def sharpened(bound: float, part: float) -> float:
    """An upper bound that is stricter by a part of its size."""
    return bound - part * abs(bound)
