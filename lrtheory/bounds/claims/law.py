"""That the category of an outcome has the stated probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic import evalues
from lrtheory.bounds.arithmetic.exact import to_float
from lrtheory.bounds.claims.fields import demand_functions
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
        Largest deviation of a probability that support leaves open; must be reachable under the cap of runs. The claim
        is vacuous where it holds every law, and so on a single category.
    randomness : str
        As for `Probability`.
    """

    category: Callable[[Any, Any], np.ndarray]
    probabilities: Callable[[Any], np.ndarray]
    within: float
    randomness: Randomness = "for each instance"

    def __post_init__(self) -> None:
        demand_functions(self, "category", "probabilities")
        within: Any = self.within
        if not (isinstance(within, Real) and float(within) > 0):
            raise StatementError(f"`within` of Law must be a number above 0; got {self.within!r}")

    def is_vacuous(self, instance: Any) -> bool:
        """Whether every law of the same categories is within the bound."""
        p = self._stated(instance)
        # with one category there is one law; with more, each probability can be 0 and can be 1
        return len(p) == 1 or bool(np.maximum(p, 1 - p).max() <= self.within)

    def _stated(self, instance: Any) -> np.ndarray:
        """The stated probabilities."""
        p = to_float(self.probabilities(instance), "`probabilities`")
        if p.ndim != 1 or p.size == 0:
            raise StatementError(f"`probabilities` must be a list of one or more; got an array of shape {p.shape}")
        if not (p.min() >= 0 and abs(p.sum() - 1) <= 1e-12 * len(p)):
            raise StatementError(f"the stated probabilities have the sum {p.sum()}")
        return p

    def observe(self, instance: Any, outcomes: Any) -> np.ndarray:
        """The category of each run, an integer."""
        categories = np.asarray(self.category(instance, outcomes))
        if categories.dtype.kind not in "iu":
            raise OutcomeError(f"a category must be one integer per run; got {categories.dtype}")
        return categories.astype(np.int64)

    def judge(self, instance: Any, x: np.ndarray, level: Level) -> Judgment:
        """The Dirichlet e-value first; then exact intervals, their level split over looks and categories."""
        p = self._stated(instance)
        self._demand_category(x.min(), x.max(), p)
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

    def of_constant(self, instance: Any, x: float) -> Judgment:
        """The judgment where each run gives this category, so that its probability is 1."""
        p = self._stated(instance)
        self._demand_category(x, x, p)
        return Judgment(1.0, p[int(x)], "supported" if p[int(x)] >= 1 - 1e-12 * len(p) else "refuted")

    @staticmethod
    def _demand_category(low: float, high: float, p: np.ndarray) -> None:
        if low < 0 or high >= len(p):
            raise OutcomeError(f"a category lies outside 0..{len(p) - 1}")

    @staticmethod
    def intervals(counts: np.ndarray, runs: int, level: Level) -> tuple[np.ndarray, np.ndarray]:
        """Clopper-Pearson limits that hold for all categories at all looks."""
        return evalues.clopper_pearson(counts, runs, level.alpha / (level.looks * len(counts)))

    def reachable(self, instance: Any, cap: int, level: Level) -> bool:
        """Whether runs that agree perfectly with the law would be supported at the cap."""
        p = self._stated(instance)
        low, high = self.intervals(np.round(p * cap), cap, level)
        return bool(((low >= p - self.within) & (high <= p + self.within)).all())
