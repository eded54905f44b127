"""Claims about the mean of a number that each run gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic import evalues
from lrtheory.bounds.arithmetic.exact import to_float
from lrtheory.bounds.claims.fields import demand_functions, pair
from lrtheory.bounds.claims.judgment import Judgment, Level, Randomness, by_e_values, sharpened
from lrtheory.bounds.errors import OutcomeError, StatementError

__all__ = ["Expectation"]

_SLIP = 1e-9  # part of a range by which rounding may carry a sample or a mean over its ends


@dataclass(frozen=True)
class Expectation:
    """``E[sample] <= at_most``, or ``E[sample] = equals`` up to `within`.

    Parameters
    ----------
    sample : callable
        ``sample(instance, outcomes) -> (n,) float``.
    support : callable
        ``support(instance) -> (low, high)``, the almost sure range of the sample, from theory. With ``high = inf`` the
        claim can be refuted and never supported.
    at_most, equals, within : callable or None
        Functions of the instance; either `at_most`, or `equals` with `within`. The claim of equality is refuted by
        evidence against `equals` itself, and supported when every mean that is further from it than `within` is
        excluded, by the runs or by the range. Where `equals` is an end of the range, one run that gives another number
        refutes it. Where `at_most` is the lower end, the claim can be refuted and never supported. A claim that holds
        for every mean in the range is vacuous.
    randomness : str
        As for `Probability`.
    """

    sample: Callable[[Any, Any], np.ndarray]
    support: Callable[[Any], tuple[float, float]]
    at_most: Callable[[Any], float] | None = None
    equals: Callable[[Any], float] | None = None
    within: Callable[[Any], float] | None = None
    randomness: Randomness = "for each instance"

    def __post_init__(self) -> None:
        demand_functions(self, "sample", "support", optional=("at_most", "equals", "within"))
        if (self.at_most is None) == (self.equals is None) or (self.equals is None) != (self.within is None):
            raise StatementError("an Expectation claims either `at_most`, or `equals` with `within`")

    def observe(self, instance: Any, outcomes: Any) -> np.ndarray:
        """The sample as one number per run, checked against the stated range (`_SLIP` of its width is cut off)."""
        x = to_float(self.sample(instance, outcomes), "`sample`")
        low, high = pair("support", self.support(instance))
        if not np.isfinite(low):
            raise StatementError("the range of an Expectation needs a finite lower end")
        slip = _SLIP * (high - low) if np.isfinite(high) else _SLIP
        if not ((x >= low - slip) & (x <= high + slip)).all():
            raise OutcomeError(f"a sample leaves the stated range [{low}, {high}]: {x.min()} to {x.max()}")
        return np.where(
            x < low + slip, low, np.where(x > high - slip, high, x)
        )  # an end is met, not missed by rounding

    def judge(self, instance: Any, x: np.ndarray, level: Level) -> Judgment:
        """Bet against each side of the claim, on the stated range."""
        low, high = self.support(instance)
        if low == high:  # the sample is almost surely this number, and there is nothing to bet on
            return self._of_constant(instance, float(low))
        value, within = self._stated(instance)
        if within is None:
            above, below = self._wealth(instance, x, value)
            return by_e_values(float(x.mean()), value, below, above, level)
        # Refutation bets against the stated value itself. Support must exclude every mean that is further than `within`
        # from it, so it bets against the two nearest of them.
        against = max(self._wealth(instance, x, value)) - np.log(2)  # two nulls, each at half the level
        not_above = self._wealth(instance, x, value + within)[1]
        not_below = self._wealth(instance, x, value - within)[0]
        return by_e_values(float(x.mean()), value, min(not_above, not_below), against, level)

    def is_vacuous(self, instance: Any) -> bool:
        """Whether every mean in the stated range is within the bound."""
        low, high = pair("support", self.support(instance))
        value, within = self._stated(instance)
        if within is None:
            return value >= high
        return value - within <= low and high <= value + within

    def stricter(self, part: float) -> Expectation | None:
        """The claim with a bound that is smaller by a part of its size; None where it states a value."""
        if self.at_most is None:
            return None
        return replace(self, at_most=lambda instance: sharpened(self._stated(instance)[0], part))

    def _stated(self, instance: Any) -> tuple[float, float | None]:
        """The stated bound or value, and `within`, which is None for a bound."""
        name = "at_most" if self.at_most is not None else "equals"
        value = float(getattr(self, name)(instance))
        if np.isnan(value):
            raise StatementError(f"`{name}` of an Expectation must be a number; got NaN")
        if self.within is None:
            return value, None
        within, (low, high) = float(self.within(instance)), self.support(instance)
        if not (within > 0 or (within == 0 and low == high)):
            raise StatementError(f"`within` of an Expectation must be above 0; got {within}")
        return value, within

    def never(self, instance: Any, runs: int, level: Level) -> str:
        """Why this many runs can refute the claim and never support it, in words; empty where they can.

        Parameters
        ----------
        instance : object
            Plain data.
        runs : int
            The cap of runs.
        level : Level
            The error levels of the check.

        Returns
        -------
        str
            A clause for the message of evidence, with what to state in its place.
        """
        low, high = self.support(instance)
        if low == high:
            return ""
        if not np.isfinite(high):
            return "the range has no upper end, so runs can refute the claim and never support it"
        value, within = self._stated(instance)
        if within is None:
            if value > low:
                return ""
            # the mean equals the lower end if and only if every run gives it, which no number of runs can tell
            return f"a mean of at most {low:g}, the lower end of the range, is an Identity of each run; state it as one"
        # runs that all give the stated mean have no variance, and nothing could speak more clearly for it
        x = np.full(runs, value)
        excluded = self._wealth(instance, x, value + within)[1], self._wealth(instance, x, value - within)[0]
        out = low <= value <= high and min(excluded) < level.support
        return f"`within` is {within:g}, which is out of reach within {runs} runs" if out else ""

    def _of_constant(self, instance: Any, value: float) -> Judgment:
        """The judgment of a sample that almost surely takes one value, which is then its mean."""
        bound, within = self._stated(instance)
        holds = value <= bound if within is None else abs(value - bound) <= within
        return Judgment(value, bound, "supported" if holds else "refuted", np.inf, np.inf)

    def of_constant(self, instance: Any, x: float) -> Judgment:
        """The judgment where each run gives this number, which is then the mean itself."""
        value, within = self._stated(instance)
        low, high = self.support(instance)
        slip = _SLIP * (high - low if np.isfinite(high) else max(1.0, abs(value)))
        holds = x <= value + slip if within is None else abs(x - value) <= slip
        return Judgment(x, value, "supported" if holds else "refuted")

    def _wealth(self, instance: Any, x: np.ndarray, mean: float) -> tuple[float, float]:
        """Log wealth against E x <= mean and against E x >= mean."""
        low, high = self.support(instance)
        # Betting needs numbers in [0, 1]. Without an upper end there is no bet against E x >= mean, so no support.
        if not np.isfinite(high):
            return float(evalues.log_wealth_unbounded(x - low, mean - low)[-1]), 0.0
        y, m = (x - low) / (high - low), (mean - low) / (high - low)
        # a mean that is beyond an end by the rounding of its formula alone is that end, as a sample is in `observe`
        m = 0.0 if -_SLIP <= m < 0 else 1.0 if 1 < m <= 1 + _SLIP else m
        return float(evalues.log_wealth_above(y, m)[-1]), float(evalues.log_wealth_above(1 - y, 1 - m)[-1])
