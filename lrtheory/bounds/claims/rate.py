"""Claims about how a cost grows with the size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic import evalues
from lrtheory.bounds.arithmetic.exact import to_float
from lrtheory.bounds.claims.fields import demand_functions, pair
from lrtheory.bounds.claims.judgment import Judgment, Level, Randomness
from lrtheory.bounds.errors import StatementError

__all__ = ["Rate"]


@dataclass(frozen=True)
class Rate:
    """The median of cost/over grows with the size at a power in `exponent`, over the ladder of instances.

    Parameters
    ----------
    cost : callable
        ``cost(instance, outcomes) -> (n,) float``, a count.
    size, over : callable
        Functions of the instance: the size that grows, and the claimed rate with its logarithms.
    exponent : tuple of float
        Interval for the slope of log(median cost/over) against log(size). It is vacuous where no counts below 2^63
        could have another slope.
    randomness : str
        As for `Probability`.
    """

    cost: Callable[[Any, Any], np.ndarray]
    size: Callable[[Any], float]
    over: Callable[[Any], float]
    exponent: tuple[float, float]
    randomness: Randomness = "for all instances at once"

    def __post_init__(self) -> None:
        demand_functions(self, "cost", "size", "over")
        low, high = pair("exponent", self.exponent)
        if not low < high:
            raise StatementError(f"`exponent` of Rate must be (low, high) with low < high; got {self.exponent}")

    def observe(self, instance: Any, outcomes: Any) -> np.ndarray:
        """The cost of each run, divided by the claimed rate of its instance."""
        return to_float(self.cost(instance, outcomes), "`cost`") / float(self.over(instance))

    def is_vacuous(self, sizes: np.ndarray, over: np.ndarray) -> bool:
        """Whether the stated interval holds every slope that counts of 63 bits can have on the ladder."""
        least, most = evalues.slope_interval(np.log(sizes), -np.log(over), np.log(2.0**63) - np.log(over))
        return self.exponent[0] <= least and most <= self.exponent[1]

    def slopes(self, sizes: np.ndarray, rungs: list[np.ndarray], level: Level) -> tuple[float, float]:
        """Simultaneous range of the slope, its level split over rungs and looks."""
        each = level.alpha / (level.looks * len(rungs))
        with np.errstate(divide="ignore"):
            limits = np.log(np.array([evalues.median_interval(x, each) for x in rungs]).clip(0.0))
        # A median of zero has no logarithm, and with few runs an interval of this level has no ends: no range yet.
        if not np.isfinite(limits).all():
            return -np.inf, np.inf
        return evalues.slope_interval(np.log(sizes), limits[:, 0], limits[:, 1])

    def judge_ladder(self, sizes: np.ndarray, rungs: list[np.ndarray], level: Level) -> tuple[Judgment, Judgment]:
        """The two ends of the slope against the two ends of the stated interval."""
        low, high = self.slopes(sizes, rungs, level)
        # the range holds at all looks together, so it refutes when it leaves the interval and supports inside of it
        if low > self.exponent[1] or high < self.exponent[0]:
            verdict = "refuted"
        else:
            verdict = "supported" if self.exponent[0] <= low and high <= self.exponent[1] else "inconclusive"
        return Judgment(self.exponent[0], low, verdict), Judgment(high, self.exponent[1], verdict)  # type: ignore[arg-type]
