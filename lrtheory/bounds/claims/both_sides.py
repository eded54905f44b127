"""That one side is at most, or equal to, the other one on each instance; and what is only recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from lrtheory.bounds.arithmetic.exact import Ball
from lrtheory.bounds.claims.fields import demand_functions
from lrtheory.bounds.claims.probability import Probability
from lrtheory.bounds.errors import StatementError

__all__ = ["UNFIT", "Identity", "Inequality", "Recorded", "Sides"]

UNFIT = -(10**30)  # a side of an outcome that has no value to compare


@dataclass(frozen=True)
class Sides:
    """Both sides of a claim, arrays of one shape: one entry per step, per profile or per update.

    A lone number stands for all entries; nothing else is broadcast. The side of an outcome that has no value, such as a
    set that is not admissible, is `UNFIT`: -10^30, below every bound, which evidence tells in words.

    Attributes
    ----------
    lhs, rhs : array_like
        The claim is lhs <= rhs (Inequality) or lhs = rhs (Identity), entry by entry.
    trivial : array_like or None
        Limit that lhs never exceeds, whatever the solver does; where rhs >= trivial the claim is vacuous (with a
        rounding error, where rhs + rounding >= trivial). Infinite in entries that have no such limit.
    rounding : array_like or None
        Rounding error of the sides where iterates carry one (`bounds.rounding`); such entries are decided on doubles,
        and say nothing where it exceeds both sides and one of them is not zero. With more than a quarter of such
        entries a claim is inconclusive. Both sides are those of the honest outcome there, and what is below 2^-46 of
        the largest number of that and of the instance counts as zero.
    where : array_like of bool or None
        Entries on which a hypothesis about the run held (a good event); the others claim nothing.
    least : array_like or None
        Limit that rhs is never below, whatever the solver does, for claims that bound a solver's result from below;
        where lhs <= least the claim is vacuous. Minus infinity in entries that have no such limit. An entry of an
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
        Type to which doubles are converted for the exact decision: `Fraction`, or `Ball` where the sides take exp, log,
        sqrt.
    outside : Probability or None
        The claim that bounds how often ``where`` fails; required by claims that use ``where``. It is judged on the same
        outcomes, so that a solver cannot excuse itself.
    unbounded : str
        Reason why neither side has a limit that holds whatever the solver does; empty where the sides name one in every
        entry (`Sides.trivial`, `Sides.least`).
    randomness : str
        Random numbers of the algorithm, in words.
    """

    sides: Callable[[Any, Any], Sides]
    numbers: type = Fraction
    outside: Probability | None = None
    unbounded: str = ""
    randomness: str = "none: every run"
    equality: ClassVar[bool] = False

    def __post_init__(self) -> None:
        demand_functions(self, "sides")
        if self.numbers not in (Fraction, Ball):
            raise StatementError(f"`numbers` of Inequality must be Fraction or Ball; got {self.numbers!r}")
        if not isinstance(self.outside, Probability | None):
            raise StatementError(f"`outside` of Inequality must be a Probability or None; got {self.outside!r}")


@dataclass(frozen=True)
class Identity:
    """``lhs = rhs`` in every entry of every instance, in exact rational arithmetic or within a stated rounding."""

    sides: Callable[[Any, Any], Sides]
    randomness: str = "none: every run"
    numbers: ClassVar[type] = Fraction
    outside: ClassVar[None] = None
    equality: ClassVar[bool] = True

    def __post_init__(self) -> None:
        demand_functions(self, "sides")


@dataclass(frozen=True)
class Recorded:
    """Not checked, and counted in no total: conditional, vacuous at every size that can run, or a regularity.

    Parameters
    ----------
    reason : str
        Reason why the statement is not checked.
    carried_by : str
        Id of the statement that carries what can be checked of it.
    """

    reason: str
    carried_by: str
    randomness: str = "not checked"
