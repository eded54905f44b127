"""Claims about the law of a category."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic import evalues
from lrtheory.bounds.claims.judgment import Judgment, Level, Randomness
from lrtheory.bounds.errors import OutcomeError, StatementError

__all__ = ["Law"]


@dataclass(frozen=True)
class Law:
    """The category of an outcome has the stated probabilities; supported within `within` of each.

    Parameters
    ----------
    category : callable
        ``category(instance, outcomes) -> (n,) int`` in [0, k).
    probabilities : callable
        ``probabilities(instance) -> (k,) float`` with sum 1.
    within : float
        Largest deviation of a probability that support leaves open; must be reachable under the cap of runs.
    randomness : str
        As for `Probability`.
    """

    category: Callable[[Any, Any], np.ndarray]
    probabilities: Callable[[Any], np.ndarray]
    within: float
    randomness: Randomness = "for each instance"

    def observe(self, instance: Any, outcomes: Any) -> np.ndarray:
        """The category of each run, an integer."""
        categories = np.asarray(self.category(instance, outcomes))
        if categories.dtype.kind not in "iu":
            raise OutcomeError(f"a category must be one integer per run; got {categories.dtype}")
        return categories.astype(np.int64)

    def judge(self, instance: Any, x: np.ndarray, level: Level) -> Judgment:
        """The Dirichlet e-value first; then exact intervals, their level split over looks and categories."""
        p = np.asarray(self.probabilities(instance), float)
        if p.min() < 0 or abs(p.sum() - 1) > 1e-12 * len(p):
            raise StatementError(f"the stated probabilities have the sum {p.sum()}")
        if x.min() < 0 or x.max() >= len(p):
            raise OutcomeError(f"a category lies outside 0..{len(p) - 1}")
        counts = np.bincount(x, minlength=len(p))
        # a mixture over all laws of k categories bets against the stated one; the category furthest off is shown
        against = evalues.log_dirichlet(counts, p)
        farthest = int(np.abs(counts / len(x) - p).argmax())
        lhs, rhs = counts[farthest] / len(x), p[farthest]
        if against >= level.refute:
            return Judgment(lhs, rhs, "refuted", log_against=against)
        low, high = self.intervals(counts, len(x), level)
        close = ((low >= p - self.within) & (high <= p + self.within)).all()
        return Judgment(lhs, rhs, "supported" if close else "inconclusive", log_against=against)

    @staticmethod
    def intervals(counts: np.ndarray, runs: int, level: Level) -> tuple[np.ndarray, np.ndarray]:
        """Clopper-Pearson limits that hold for all categories at all looks."""
        return evalues.clopper_pearson(counts, runs, level.alpha / (level.looks * len(counts)))

    def reachable(self, instance: Any, cap: int, level: Level) -> bool:
        """Whether runs that agree perfectly with the law would be supported at the cap."""
        p = np.asarray(self.probabilities(instance), float)
        low, high = self.intervals(np.round(p * cap), cap, level)
        return bool(((low >= p - self.within) & (high <= p + self.within)).all())
