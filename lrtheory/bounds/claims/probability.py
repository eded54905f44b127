"""Claims about the probability of an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic import evalues
from lrtheory.bounds.claims.fields import demand_functions
from lrtheory.bounds.claims.judgment import Judgment, Level, Randomness, by_e_values, sharpened
from lrtheory.bounds.errors import OutcomeError, StatementError

__all__ = ["Probability"]


@dataclass(frozen=True)
class Probability:
    """``P(event) <= at_most``.

    Parameters
    ----------
    event : callable
        ``event(instance, outcomes) -> (n,) bool``.
    at_most : callable
        ``at_most(instance) -> float`` in (0, 1).
    randomness : str
        Whether the probability is over the runs on each fixed instance, or over all instances at once.
    exact : callable or None
        ``exact(instance) -> float, Fraction or None``: the probability of the event by enumeration, where the instance
        is small enough for it; else None.
    """

    event: Callable[[Any, Any], np.ndarray]
    at_most: Callable[[Any], float]
    randomness: Randomness = "for each instance"
    exact: Callable[[Any], float | Fraction | None] | None = None

    def __post_init__(self) -> None:
        demand_functions(self, "event", "at_most", optional=("exact",))

    def stricter(self, part: float) -> Probability:
        """The claim with a bound that is smaller by a part of its size."""
        return replace(self, at_most=lambda instance: sharpened(self._stated(instance), part), exact=None)

    def is_vacuous(self, instance: Any) -> bool:
        """Never: a bound in (0, 1) leaves out some event."""
        return False

    def observe(self, instance: Any, outcomes: Any) -> np.ndarray:
        """The event as one 0 or 1 per run."""
        events = np.asarray(self.event(instance, outcomes))
        if events.dtype != bool:
            raise OutcomeError(f"an event must be one boolean per run; got {events.dtype}")
        return events.astype(float)

    def of_constant(self, instance: Any, x: float) -> Judgment:
        """The judgment where each run gives this number, 0 or 1, and nothing is drawn."""
        delta = self._stated(instance)
        return Judgment(x, delta, "refuted" if x > delta else "supported")

    def _stated(self, instance: Any) -> float:
        """The stated bound."""
        delta = float(self.at_most(instance))
        if not 0 < delta < 1:
            raise StatementError(
                f"the bound of a Probability must be in (0, 1); got {delta}. What never happens, state as an Identity"
            )
        return delta

    def judge(self, instance: Any, x: np.ndarray, level: Level) -> Judgment:
        """Two e-processes: against P <= delta and against P >= delta."""
        delta = self._stated(instance)
        failures, n = int(x.sum()), len(x)
        above = evalues.log_failures_above(failures, n, delta)
        below = evalues.log_failures_below(failures, n, delta)
        return by_e_values(failures / n, delta, below, above, level)
