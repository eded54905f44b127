"""All positive numbers at once: a claim on letters, which is an identity of polynomials or a matter of their signs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from lrtheory._types import Number
from lrtheory.bounds.arithmetic.data import mapped
from lrtheory.bounds.arithmetic.letters import Ratio, letters, standing, value_at
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.sets.entry import Entry, traced

__all__ = ["Generic", "Square", "Traced"]

_ANCHORS = 6  # members with numbers, on which letters and the check must agree
_TRIES = 400  # members at which a claim is looked at that signs do not decide
_FORGED = (2, 0, -1)  # factors of outcomes, under one of which at least a claim must not hold


@dataclass(frozen=True)
class Square:
    """The square of a number, which is not negative whatever the letters stand for."""

    root: Number


@dataclass(frozen=True)
class Generic(Entry):
    """All instances of one shape: a claim that holds for all positive numbers that stand for its letters.

    An identity holds if the difference of both sides is the polynomial 0, an inequality if all coefficients of the
    numerator of ``rhs - lhs`` are of one sign, or it equals a sum of products that are not negative. On six members
    with numbers the statement's own check must agree.

    Parameters
    ----------
    words : str
        Plural noun phrase for the instances, without their number, which is infinite: "chains of 3 states with positive
        rates".
    of : callable
        ``of(*numbers) -> instance``, an instance of the statement's own type, with letters or with positive integers.
    symbols : sequence of str
        Names of the letters.
    outcome : callable or None
        ``outcome(instance) -> outcome`` on an instance of letters, such as the body of a kernel; None takes `solve` of
        the statement.
    sides : callable or None
        ``sides(instance, outcome) -> Sides`` on letters, where those of the claim take doubles alone; None takes those
        of the claim.
    because : callable or None
        ``because(instance, outcome)``, for each entry of an inequality a list of products, each of which is a list of
        factors: `Square`, or a number that signs of coefficients show not to be negative. Their sum must be rhs - lhs.
    wrong : mapping of str to callable
        Saboteurs that exchange the solver, by their names, each as ``outcome(instance)`` on an instance of letters; a
        certificate shows numbers at which their outcome contradicts the claim.
    invisible : mapping of str to str
        Saboteurs that hold on all members, by their names, each with the reason; see `All`.
    budget : {"quick", "thorough"}
        Least budget at which the set is decided.

    Raises
    ------
    StatementError
        If the words are empty or begin with a number, or the names of letters are not different.
    """

    words: str
    of: Callable[..., Any]
    symbols: Sequence[str]
    outcome: Callable[[Any], Any] | None = None
    sides: Callable[[Any, Any], Any] | None = None
    because: Callable[[Any, Any], Any] | None = None
    wrong: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    invisible: Mapping[str, str] = field(default_factory=dict)
    budget: str = "quick"

    def __post_init__(self) -> None:
        super().__post_init__()
        letters(self.symbols)

    @property
    def told(self) -> str:
        """The set in words, with the number of its letters."""
        return f"{self.words} ({len(self.symbols)} letters)"

    @property
    def members(self) -> int:
        """The number of members with numbers that are measured beside the letters."""
        return _ANCHORS

    def numbers(self) -> Iterator[tuple[int, ...]]:
        """Yield positive integers for the letters: all 1, then such that no two are alike, then small ones at random.

        Yields
        ------
        tuple of int
            One number for each letter; each call yields the same tuples.
        """
        n = len(self.symbols)
        yield (1,) * n
        yield tuple(range(1, n + 1))
        chance = np.random.default_rng(n)
        while True:
            yield tuple(int(x) for x in chance.integers(1, chance.choice((3, 9, 100)), n, endpoint=True))

    def named(self) -> Iterator[tuple[str, Any]]:
        """Yield members with numbers, on which letters and the check must agree, by these numbers.

        Yields
        ------
        tuple of str and object
            Numbers for the letters, with commas between them, and the instance.
        """
        for numbers in islice(self.numbers(), self.members):
            yield self.place(numbers), self.of(*numbers)

    @staticmethod
    def place(numbers: Sequence[int]) -> str:
        """The place of a member, by the numbers that stand for the letters."""
        return ",".join(map(str, numbers))

    def member(self, place: str) -> Any:
        """The instance in which any positive integers stand for the letters.

        Parameters
        ----------
        place : str
            One positive integer for each letter, with commas between them.

        Returns
        -------
        object or None
            Instance; None where the place is no such list.
        """
        numbers = [int(one) for one in place.split(",") if one.isdecimal()]
        right = self.place(numbers) == place and len(numbers) == len(self.symbols) and min(numbers) > 0
        return self.of(*numbers) if right else None

    def compared(self, solve: Callable[..., Any], claim: Any, system: str) -> Traced:
        """Decide the claim on letters.

        Parameters
        ----------
        solve : callable
            The solver under test, for sets without an `outcome`.
        claim : Inequality or Identity
            The claim.
        system : str
            System whose code is told from formulas.

        Returns
        -------
        Traced
            Reason why the claim is open, numbers against it, and the kind of code that ran.

        Raises
        ------
        StatementError
            If letters meet a number that is not exact, the sum of the products is not what it is said to be, or the
            claim also holds for outcomes whose numbers are all twice as large, zero and negated.
        """
        instance = self.of(*letters(self.symbols))
        sides = claim.sides if self.sides is None else self.sides
        with traced(system) as ran:
            outcome = solve(instance, None) if self.outcome is None else self.outcome(instance)
            found = self._undecided(instance, outcome, sides, claim.equality)
        about = ran.about
        if found is not None:
            place, gap = found
            return Traced(about, f"entry {place}: {gap} is not decided", self._against(gap, claim.equality))
        if all(self._believes(instance, outcome, sides, claim.equality, factor) for factor in _FORGED):
            raise StatementError(f"all {self.told}: the claim holds on letters whatever the outcome is")
        return Traced(about, "", None)

    def told_entries(self, solve: Callable[..., Any], claim: Any) -> list[tuple[Any, Any, Any]]:
        """Compute both sides on letters, and the products that add up to their difference.

        Parameters
        ----------
        solve, claim
            As for `compared`.

        Returns
        -------
        list of tuple
            Both sides of each entry, quotients in letters or numbers, and its products; None where signs decide.
        """
        instance = self.of(*letters(self.symbols))
        outcome = solve(instance, None) if self.outcome is None else self.outcome(instance)
        both = (claim.sides if self.sides is None else self.sides)(instance, outcome)
        entries = _entries(both.lhs, both.rhs)
        reasons = [None] * len(entries) if self.because is None else self.because(instance, outcome)
        return [(*sides, reason) for sides, reason in zip(entries, reasons, strict=True)]

    def mistake(self, name: str, claim: Any) -> tuple[tuple[int, ...], Any, Any]:
        """Look for numbers at which the outcome of a saboteur contradicts the claim.

        Parameters
        ----------
        name : str
            Name of a saboteur in `wrong`.
        claim : Inequality or Identity
            The claim.

        Returns
        -------
        tuple
            The numbers, and both sides of an entry, which write down how they were made of letters.

        Raises
        ------
        StatementError
            If none are found.
        """
        for numbers in islice(self.numbers(), _TRIES):
            instance = self.of(*standing(self.symbols, numbers))
            try:
                outcome = self.wrong[name](instance)
            except ZeroDivisionError:  # a wrong step need not be defined everywhere
                continue
            both = (claim.sides if self.sides is None else self.sides)(instance, outcome)
            for lhs, rhs in _entries(both.lhs, both.rhs):
                gap = value_at(_difference(rhs, lhs), numbers)
                if gap < 0 or (claim.equality and gap != 0):
                    return numbers, lhs, rhs
        raise StatementError(f"all {self.told}: no numbers are found at which {name!r} contradicts the claim")

    def _undecided(self, instance: Any, outcome: Any, sides: Callable[..., Any], equality: bool) -> Any:
        """Place and difference of the first entry that signs and reasons do not decide; None if there is none."""
        both = sides(instance, outcome)
        gaps = [_difference(rhs, lhs) for lhs, rhs in _entries(both.lhs, both.rhs)]
        reasons = None if self.because is None else self.because(instance, outcome)
        if reasons is not None and len(reasons) != len(gaps):
            raise StatementError(f"`because` of {self.told} has {len(reasons)} entries, and the claim {len(gaps)}")
        for place, gap in enumerate(gaps):
            if equality:
                holds = gap.sign == 0 if isinstance(gap, Ratio) else gap == 0
            elif reasons is not None:
                holds = _is_sum(gap, reasons[place], self.told)
            else:
                holds = _is_positive(gap)
            if not holds:
                return place, gap
        return None

    def _believes(self, instance: Any, outcome: Any, sides: Callable[..., Any], equality: bool, factor: int) -> bool:
        """Whether the claim holds on letters for an outcome whose numbers were all multiplied by a factor."""
        forged = mapped(outcome, lambda leaf: leaf * factor if _is_number(leaf) else leaf)
        try:
            return self._undecided(instance, forged, sides, equality) is None
        except (ArithmeticError, StatementError):  # a step, or a reason, that the forged numbers do not allow
            return False

    def _against(self, gap: Any, equality: bool) -> tuple[int, ...] | None:
        """Numbers that contradict the claim in one entry; None where none are found."""
        for _, numbers in zip(range(_TRIES), self.numbers(), strict=False):
            value = value_at(gap, numbers)
            if value < 0 or (equality and value != 0):
                return numbers
        return None


@dataclass(frozen=True)
class Traced:
    """The outcome of a computation with letters.

    Attributes
    ----------
    about : {"the code", "the formula", "the rule"}
        Functions of the library, formulas alone, or a relation that the author wrote down, by what ran on letters.
    open : str
        Reason why the claim is not decided; empty where it holds.
    against : tuple of int or None
        Numbers that contradict the claim.
    """

    about: str
    open: str
    against: tuple[int, ...] | None


def _is_number(leaf: Any) -> bool:
    """Whether a leaf of an outcome is a number or an array of numbers, and no truth value."""
    if isinstance(leaf, np.ndarray):
        return leaf.dtype.kind in "iufO"
    return isinstance(leaf, (Ratio, Fraction, int, float, np.number)) and not isinstance(leaf, bool)


def _entries(lhs: Any, rhs: Any) -> list[tuple[Any, Any]]:
    """Both sides of each entry; a lone number stands for all entries."""
    left, right = (_as_objects(side) for side in (lhs, rhs))
    shape = left.shape or right.shape
    left, right = (np.broadcast_to(side, shape) if side.shape in ((), shape) else side for side in (left, right))
    if left.shape != right.shape or not left.size:
        raise StatementError(f"sides of letters must have one shape with entries; got {left.shape} and {right.shape}")
    return list(zip(left.ravel().tolist(), right.ravel().tolist(), strict=True))


def _as_objects(side: Any) -> np.ndarray:
    """A side as an array that keeps letters and exact numbers as they are."""
    if isinstance(side, Ratio):
        made = np.empty((), object)
        made[()] = side
        return made
    return np.array(side, object)


def _difference(rhs: Any, lhs: Any) -> Any:
    """``rhs - lhs`` as a quotient, or as a Fraction where both are numbers."""
    if isinstance(lhs, Ratio) or isinstance(rhs, Ratio):
        return rhs - lhs
    exact = (int, Fraction, np.integer)
    for side in (lhs, rhs):
        if isinstance(side, bool) or (not isinstance(side, exact) and not float(side).is_integer()):
            raise StatementError(f"a side of letters has {side!r}; write constants as integers or Fractions")
    return Fraction(rhs) - Fraction(lhs)


def _is_positive(gap: Any) -> bool:
    """Whether signs of coefficients show that a number is not negative."""
    if not isinstance(gap, Ratio):
        return gap >= 0
    return min(gap.num.coeffs(), default=0) >= 0


def _is_sum(gap: Any, products: Any, told: str) -> bool:
    """Whether a number is the sum of products of which none is negative."""
    total: Any = 0
    for factors in products:
        product: Any = 1
        for factor in factors:
            if not isinstance(factor, Square) and not _is_positive(factor):
                raise StatementError(f"`because` of {told} has the factor {factor}, which may be negative")
            product = product * (factor.root * factor.root if isinstance(factor, Square) else factor)
        total = total + product
    rest = gap - total
    if (rest.sign if isinstance(rest, Ratio) else rest) != 0:
        raise StatementError(f"`because` of {told} does not add up to the difference of the sides")
    return True
