"""The kinds of claims. A claim says what is measured and what would contradict it; it holds no tolerance and no seed.

Deterministic claims (`Inequality`, `Identity`) give their two sides for one instance and one outcome. Random claims
(`Probability`, `Expectation`, `Law`, `Rate`) turn the outcomes of n independent runs into n numbers, and judge them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal

import numpy as np

from lrtheory.bounds.arithmetic import evalues
from lrtheory.bounds.errors import OutcomeError, StatementError

__all__ = [
    "Claim",
    "Expectation",
    "Identity",
    "Inequality",
    "Judgment",
    "Law",
    "Level",
    "Probability",
    "Rate",
    "Recorded",
    "Sides",
]

Randomness = Literal["for each instance", "for all instances at once"]


@dataclass(frozen=True)
class Sides:
    """Both sides of a claim, arrays of one shape: one entry per step, per profile or per update.

    Attributes
    ----------
    lhs, rhs : array_like
        The claim is lhs <= rhs (Inequality) or lhs = rhs (Identity), entry by entry.
    trivial : array_like or None
        What lhs can never exceed, whatever the solver does; where rhs >= trivial the claim is vacuous. Infinite in
        entries that have no such limit.
    rounding : array_like or None
        Rounding error of the sides where iterates carry one (`bounds.rounding`); such entries are decided on doubles.
    where : array_like of bool or None
        Entries on which a hypothesis about the run held (a good event); the others claim nothing.
    least : array_like or None
        What rhs is never below, whatever the solver does, for claims that bound a solver's result from below; where
        lhs <= least the claim is vacuous. Minus infinity in entries that have no such limit. An entry of an
        `Inequality` that has neither limit needs a reason (`Inequality.unbounded`).
    """

    lhs: Any
    rhs: Any
    trivial: Any = None
    rounding: Any = None
    where: Any = None
    least: Any = None


@dataclass(frozen=True)
class Inequality:
    """``lhs <= rhs`` in every entry of every instance.

    Parameters
    ----------
    sides : callable
        ``sides(instance, outcome) -> Sides``.
    numbers : type
        What doubles are turned into for the exact decision: `Fraction`, or `Ball` where the sides take exp, log, sqrt.
    outside : Probability or None
        The claim that bounds how often ``where`` fails; required by claims that use ``where``. It is judged on the same
        outcomes, so that a solver cannot excuse itself.
    unbounded : str
        Why neither side has a limit that holds whatever the solver does; empty where the sides name one in every entry
        (`Sides.trivial`, `Sides.least`).
    randomness : str
        What is random, in words.
    """

    sides: Callable[[Any, Any], Sides]
    numbers: type = Fraction
    outside: Probability | None = None
    unbounded: str = ""
    randomness: str = "none: every run"
    equality: ClassVar[bool] = False


@dataclass(frozen=True)
class Identity:
    """``lhs = rhs`` in every entry of every instance, in exact rational arithmetic or within a stated rounding."""

    sides: Callable[[Any, Any], Sides]
    randomness: str = "none: every run"
    numbers: ClassVar[type] = Fraction
    outside: ClassVar[None] = None
    equality: ClassVar[bool] = True


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


def _by_e_values(lhs: float, rhs: float, log_for: float, log_against: float, level: Level) -> Judgment:
    """The verdict of two log e-values; by Ville's inequality each errs with at most the probability of its level."""
    if log_against >= level.refute:
        return Judgment(lhs, rhs, "refuted", log_for, log_against)
    if log_for >= level.support:
        return Judgment(lhs, rhs, "supported", log_for, log_against)
    return Judgment(lhs, rhs, "inconclusive", log_for, log_against)


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

    def observe(self, instance: Any, outcomes: Any) -> np.ndarray:
        """The event as one 0 or 1 per run."""
        events = np.asarray(self.event(instance, outcomes))
        if events.dtype != bool:
            raise OutcomeError(f"an event must be one boolean per run; got {events.dtype}")
        return events.astype(float)

    def judge(self, instance: Any, x: np.ndarray, level: Level) -> Judgment:
        """Two e-processes: against P <= delta and against P >= delta."""
        delta = float(self.at_most(instance))
        if not 0 < delta < 1:
            raise StatementError(
                f"a probability is claimed to be at most {delta}, which no run can contradict or support"
            )
        failures, n = int(x.sum()), len(x)
        above = evalues.log_failures_above(failures, n, delta)
        below = evalues.log_failures_below(failures, n, delta)
        return _by_e_values(failures / n, delta, below, above, level)


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
        Functions of the instance; either `at_most`, or `equals` with `within`.
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
        if (self.at_most is None) == (self.equals is None) or (self.equals is None) != (self.within is None):
            raise StatementError("an Expectation claims either `at_most`, or `equals` with `within`")

    def observe(self, instance: Any, outcomes: Any) -> np.ndarray:
        """The sample as one number per run, checked against the stated range (1e-9 of its width is cut off)."""
        x = np.asarray(self.sample(instance, outcomes)).astype(float)
        low, high = self.support(instance)
        if not np.isfinite(low):
            raise StatementError("the range of an Expectation needs a finite lower end")
        slip = 1e-9 * (high - low) if np.isfinite(high) else 1e-9
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
        if self.at_most is not None:
            bound = float(self.at_most(instance))
            above, below = self._wealth(instance, x, bound)
            return _by_e_values(float(x.mean()), bound, below, above, level)
        assert self.equals is not None
        assert self.within is not None
        value, within = float(self.equals(instance)), float(self.within(instance))
        # Refutation bets against the stated value itself. Support must exclude every mean that is further than `within`
        # from it, so it bets against the two nearest of them.
        against = max(self._wealth(instance, x, value)) - np.log(2)  # two nulls, each at half the level
        not_above = self._wealth(instance, x, value + within)[1]
        not_below = self._wealth(instance, x, value - within)[0]
        return _by_e_values(float(x.mean()), value, min(not_above, not_below), against, level)

    def _of_constant(self, instance: Any, value: float) -> Judgment:
        """The judgment of a sample that almost surely takes one value, which is then its mean."""
        if self.at_most is not None:
            bound = float(self.at_most(instance))
            holds = value <= bound
        else:
            assert self.equals is not None
            assert self.within is not None
            bound = float(self.equals(instance))
            holds = abs(value - bound) <= float(self.within(instance))
        return Judgment(value, bound, "supported" if holds else "refuted", np.inf, np.inf)

    def _wealth(self, instance: Any, x: np.ndarray, mean: float) -> tuple[float, float]:
        """Log wealth against E x <= mean and against E x >= mean."""
        low, high = self.support(instance)
        # Betting needs numbers in [0, 1]. Without an upper end there is no bet against E x >= mean, so no support.
        if not np.isfinite(high):
            return float(evalues.log_wealth_unbounded(x - low, mean - low)[-1]), 0.0
        y, m = (x - low) / (high - low), (mean - low) / (high - low)
        return float(evalues.log_wealth_above(y, m)[-1]), float(evalues.log_wealth_above(1 - y, 1 - m)[-1])


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
        Interval for the slope of log(median cost/over) against log(size).
    randomness : str
        As for `Probability`.
    """

    cost: Callable[[Any, Any], np.ndarray]
    size: Callable[[Any], float]
    over: Callable[[Any], float]
    exponent: tuple[float, float]
    randomness: Randomness = "for all instances at once"

    def observe(self, instance: Any, outcomes: Any) -> np.ndarray:
        """The cost of each run, divided by the claimed rate of its instance."""
        return np.asarray(self.cost(instance, outcomes)).astype(float) / float(self.over(instance))

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


@dataclass(frozen=True)
class Recorded:
    """Not checked, and counted in no total: conditional, vacuous at every size that can run, or a regularity.

    Parameters
    ----------
    reason : str
        Why.
    carried_by : str
        Id of the statement that carries what can be checked of it.
    """

    reason: str
    carried_by: str
    randomness: str = "not checked"


Claim = Inequality | Identity | Probability | Expectation | Law | Rate | Recorded
