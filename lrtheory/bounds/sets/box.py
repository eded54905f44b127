"""All points of a box of real numbers: inequalities by interval arithmetic on parts that cover it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf, prod
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.exact import PRECISIONS, Ball, Undecided, precision
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.sets.entry import Entry, traced

__all__ = ["Box", "Covered"]

_MEMBERS = 12  # points that are measured
_TRIES = 400  # points among which they are looked for
_GRID = 1 << 10  # parts of a side, at odd ones of which these points lie

Numbers = tuple[Fraction | int, ...]
Part = tuple[tuple[Fraction, Fraction], ...]  # the ends of each side


@dataclass(frozen=True)
class Box(Entry):
    """All points of a box of real numbers, for each of some integers: inequalities without a computation in doubles.

    The box is halved until on each part either the inequalities hold or the part is left out. On a part they are
    evaluated in balls that hold all its points, and, where that is not enough, by the mean value theorem: as the value
    in the middle plus slopes on all of the part times distances from the middle. Ends are fractions, and the sizes of
    the parts must add up to that of the box. A point at which an inequality fails becomes an instance.

    Parameters
    ----------
    words : str
        Plural noun phrase for what the numbers are: "bounds M and degrees g".
    of : callable
        ``of(*numbers) -> instance`` of the statement's own type, from a fraction for each name in `reals`, and then an
        integer for each in `wholes`.
    reals : mapping of str to tuple
        Two ends, integers or fractions, of the interval of each real number, by its name.
    slack : callable
        ``slack(*numbers) -> list``, balls that are to be at least 0 wherever the statement holds at `of` of these
        numbers. The numbers are balls and integers.
    wholes : mapping of str to sequence of int
        The values of each integer, by its name.
    where : sequence of callable
        ``condition(*numbers) -> bool``: the points of the set are those of the box at which all conditions hold.
    sharp : bool
        Whether the inequalities fail somewhere in the box where a condition does not hold; the check must then refute
        the claim there, whatever the hypotheses say.
    wrong : mapping of str to callable
        The `slack` of saboteurs that exchange the claim, by their names. Each must fail at some point of the set.
    most : int
        Largest number of parts that are looked at.
    invisible : mapping of str to str
        Saboteurs that hold at all points that are measured, by their names, each with the reason; see `All`.
    budget : {"quick", "thorough"}
        Least budget at which the set is decided.

    Raises
    ------
    StatementError
        If the words are empty or begin with a number, an interval has no two ends in their order, there is no integer
        of a name, or nothing says how the set could fail: neither `sharp` nor `wrong`.
    """

    words: str
    of: Callable[..., Any]
    reals: Mapping[str, tuple[Fraction | int, Fraction | int]]
    slack: Callable[..., Any]
    wholes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    where: Sequence[Callable[..., bool]] = ()
    sharp: bool = False
    wrong: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    most: int = 20_000
    invisible: Mapping[str, str] = field(default_factory=dict)
    budget: str = "quick"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, ends in self.reals.items():
            if len(ends) != 2 or not all(map(_is_exact, ends)) or not ends[0] < ends[1]:
                shown = ", ".join(map(str, ends))
                raise StatementError(f"{name} must lie between two integers or Fractions in their order; got {shown}")
        for name, values in self.wholes.items():
            if not len(values) or not all(_is_exact(one) and Fraction(one).denominator == 1 for one in values):
                raise StatementError(f"{name} must be one of some integers; got {list(values)}")
        if not self.reals:
            raise StatementError(f"all {self.words}: a box has at least one real number")
        if not (self.sharp or self.wrong):
            raise StatementError(f"all {self.words}: `sharp` or `wrong` must say how the set could fail")

    @property
    def told(self) -> str:
        """The set in words, with the ranges of its numbers."""
        ranges = [f"{name} in [{low}, {high}]" for name, (low, high) in self.reals.items()]
        ranges += [f"{name} {_listed(values)}" for name, values in self.wholes.items()]
        return f"{self.words} ({', '.join(ranges)})"

    @property
    def members(self) -> int:
        """The largest number of points that are measured beside the proof."""
        return _MEMBERS

    def named(self) -> Iterator[tuple[str, Any]]:
        """Yield points of the set on which the check must agree, by their numbers.

        Yields
        ------
        tuple of str and object
            Numbers, with commas between them, and the instance; each call yields the same.

        Raises
        ------
        StatementError
            If no point that was tried satisfies `where`.
        """
        found = list(itertools.islice(filter(self._holds, self._points()), _MEMBERS))
        if not found:
            raise StatementError(f"all {self.told}: `where` holds at none of {_TRIES} points of the box")
        for numbers in dict.fromkeys(found):
            yield self.place(numbers), self.of(*numbers)

    def _points(self) -> Iterator[Numbers]:
        """Points inside of the box: its middle, then points of a fine grid at random."""
        chance = np.random.default_rng(len(self.reals))
        options = [list(map(int, values)) for values in self.wholes.values()]
        yield *map(_middle, self._sides()), *(values[0] for values in options)
        for _ in range(_TRIES - 1):
            shares = [Fraction(2 * int(chance.integers(_GRID // 2)) + 1, _GRID) for _ in self.reals]
            inner = [low + (high - low) * share for (low, high), share in zip(self._sides(), shares, strict=True)]
            yield *inner, *(values[int(chance.integers(len(values)))] for values in options)

    def _sides(self) -> Part:
        return tuple((Fraction(low), Fraction(high)) for low, high in self.reals.values())

    def _holds(self, numbers: Numbers) -> bool:
        """Whether a point is known to satisfy all conditions."""
        for bits in PRECISIONS:
            with precision(bits):
                known = [_answer(condition, _balls(numbers)) for condition in self.where]
            if None not in known:
                return all(known)
        return False

    @staticmethod
    def place(numbers: Numbers) -> str:
        """The place of a point, by its numbers."""
        return ",".join(map(str, numbers))

    def member(self, place: str) -> Any:
        """The instance at a point of the box.

        Parameters
        ----------
        place : str
            A fraction for each real number, then each integer, with commas between them.

        Returns
        -------
        object or None
            Instance; None where the place is no point of the box.
        """
        try:
            numbers = [Fraction(one) for one in place.split(",")]
        except (ValueError, ZeroDivisionError):
            return None
        n = len(self.reals)
        if len(numbers) != n + len(self.wholes):
            return None
        inside = all(low <= x <= high for x, (low, high) in zip(numbers, self._sides(), strict=False))
        listed = all(x in values for x, values in zip(numbers[n:], self.wholes.values(), strict=True))
        return self.of(*numbers[:n], *map(int, numbers[n:])) if inside and listed else None

    def about(self, system: str) -> str:
        """Tell the kind of functions that the inequalities compute with, by running them in the middle of the box.

        Parameters
        ----------
        system : str
            System whose code is told from formulas.

        Returns
        -------
        {"the code", "the formula", "the rule"}
            Functions of the library, formulas alone, or a relation that the author wrote down.
        """
        with precision(PRECISIONS[0]), traced(system) as ran:
            self.slack(*_balls(next(self._points())))
        return ran.about

    def covered(self, slack: Callable[..., Any], where: Sequence[Callable[..., bool]]) -> Covered:
        """Halve the box until it is covered, or a point contradicts an inequality; what looks worst comes first.

        Parameters
        ----------
        slack, where : callable and sequence of callable
            `slack` and `where` of this set, or others in their place.

        Returns
        -------
        Covered
            Outcome.

        Raises
        ------
        StatementError
            If the inequalities are not in balls, or not defined at a point, no point satisfies `where`, or balls of a
            part do not hold what is computed at one of its corners.
        """
        root, cases = self._sides(), list(itertools.product(*(map(int, one) for one in self.wholes.values())))
        number = itertools.count()
        queue = [(-inf, next(number), root, case) for case in cases]
        looked, left_out, size = 0, Fraction(0), Fraction(0)
        with precision(PRECISIONS[0], wide=True):
            while queue:
                looked += 1
                _, _, part, case = heapq.heappop(queue)
                if looked > self.most:
                    told = self._shown(part, case)
                    return Covered(looked, f"{told} is not decided within {self.most:,} parts of the box", None)
                look = _Look(part, case, slack, where)
                if look.is_outside:
                    left_out += _size(part)
                elif look.holds:
                    size += _size(part)
                elif (against := look.against(corners=part == root)) is not None:
                    return Covered(looked, "", against)
                elif look.holds_by_slopes:
                    size += _size(part)
                else:
                    for half in _halves(part, root):
                        heapq.heappush(queue, (look.worst, next(number), half, case))
        if not size:
            raise StatementError(f"all {self.told}: `where` holds nowhere in the box")
        if size + left_out != _size(root) * len(cases):
            raise StatementError(f"all {self.told}: the parts do not make up the box")
        return Covered(looked, "", None)

    def _shown(self, part: Part, case: tuple[int, ...]) -> str:
        ends = [tuple(f"{float(end):.9g}" for end in side) for side in part]
        shown = [f"{name} in [{', '.join(side)}]" for name, side in zip(self.reals, ends, strict=True)]
        return ", ".join([*shown, *(f"{name} = {value}" for name, value in zip(self.wholes, case, strict=True))])


@dataclass(frozen=True)
class Covered:
    """The outcome of a search through a box.

    Attributes
    ----------
    parts : int
        Number of parts that were looked at.
    open : str
        Reason why the set is not decided; empty where it is.
    against : tuple or None
        Numbers at which an inequality fails; None where none were found.
    """

    parts: int
    open: str
    against: Numbers | None


class _Look:
    """One part of a box: whether its points belong to the set, and whether the inequalities hold on all of it."""

    def __init__(
        self, part: Part, case: tuple[int, ...], slack: Callable[..., Any], where: Sequence[Callable[..., bool]]
    ) -> None:
        self.part, self.case, self.where = part, case, where
        self.slack = lambda numbers: _checked(slack(*numbers))
        self.balls = [Ball.between(*ends) for ends in part]
        self.is_outside = any(_answer(condition, [*self.balls, *case]) is False for condition in where)
        self.values = [] if self.is_outside else self._enclosed()
        self.worst = min((value.low for value in self.values), default=-inf)

    def _enclosed(self) -> list[Ball]:
        """The inequalities in balls; nothing where a step stays open."""
        try:
            return self._with_corner(self.slack([*self.balls, *self.case]))
        except Undecided:
            return []

    def _with_corner(self, values: list[Ball]) -> list[Ball]:
        """Demand of balls for all of the part that they hold what the inequalities are at a corner."""
        corner = self.slack([*(Ball(low) for low, _ in self.part), *self.case])
        if not all(value.overlaps(at) for value, at in zip(values, corner, strict=True)):
            shown = ", ".join(f"{float(low):.9g}" for low, _ in self.part)
            raise StatementError(f"`slack` on a part of a box misses its value at the corner {shown}")
        return values

    @property
    def holds(self) -> bool:
        return bool(self.values) and all(_is_positive(value) for value in self.values)

    def against(self, corners: bool) -> Numbers | None:
        """The middle, or a corner, where it satisfies `where` and an inequality fails; None where none does."""
        tried = [tuple(map(_middle, self.part)), *(itertools.product(*self.part) if corners else ())]
        for point in tried:
            numbers = [*map(Ball, point), *self.case]
            if not all(_answer(condition, numbers) for condition in self.where):
                continue
            try:
                values = self.slack(numbers)
            except Undecided:
                continue
            if not all(value.is_finite for value in values):
                raise StatementError(f"`slack` is not defined at {', '.join(map(str, (*point, *self.case)))}")
            if any(_is_positive(value) is False for value in values):
                return (*point, *self.case)
        return None

    @property
    def holds_by_slopes(self) -> bool:
        """Whether the mean value theorem shows the inequalities that the values alone leave open."""
        middle = [Ball(_middle(ends)) for ends in self.part]
        try:
            values = self.slack([*middle, *self.case])
            for i, ball in enumerate(self.balls):
                numbers = [*self.balls[:i], ball.moving(), *self.balls[i + 1 :], *self.case]
                moved = zip(values, self.slack(numbers), strict=True)
                values = [value + one.slope * (ball - middle[i]) for value, one in moved]
            self._with_corner(values)
        except (Undecided, TypeError, AttributeError):  # a step without a slope
            return False
        self.worst = max(self.worst, min(value.low for value in values))
        plain = self.values or values
        return all(_is_positive(a) or _is_positive(b) for a, b in zip(values, plain, strict=True))


def _is_exact(number: Any) -> bool:
    return isinstance(number, (int, Fraction, np.integer)) and not isinstance(number, bool)


def _listed(values: Sequence[int]) -> str:
    """The values of an integer in words: those of a range by its ends."""
    if len(values) == 1:
        return f"= {values[0]}"
    if len(values) > 3 and list(values) == list(range(values[0], values[-1] + 1)):
        return f"from {values[0]} to {values[-1]}"
    return f"in {{{', '.join(map(str, values))}}}"


def _balls(numbers: Numbers) -> list[Any]:
    return [Ball(one) if isinstance(one, Fraction) else one for one in numbers]


def _middle(ends: tuple[Fraction, Fraction]) -> Fraction:
    return (ends[0] + ends[1]) / 2


def _size(part: Part) -> Fraction:
    return prod((high - low for low, high in part), start=Fraction(1))


def _halves(part: Part, root: Part) -> list[Part]:
    """Both halves of a part, cut across the side that is longest for its side of the box."""
    shares = [(high - low) / (root[i][1] - root[i][0]) for i, (low, high) in enumerate(part)]
    i = shares.index(max(shares))
    (low, high), middle = part[i], _middle(part[i])
    return [(*part[:i], ends, *part[i + 1 :]) for ends in ((low, middle), (middle, high))]


def _answer(condition: Callable[..., bool], numbers: Sequence[Any]) -> bool | None:
    """Whether a condition holds for all numbers of some balls; None where it is not known."""
    try:
        answer = condition(*numbers)
    except Undecided:
        return None
    if not isinstance(answer, (bool, np.bool_)):
        raise StatementError(f"a condition of `where` must be True or False; got {answer!r}")
    return bool(answer)


def _is_positive(value: Ball) -> bool | None:
    """Whether all numbers of a ball are at least 0, True, or below 0, False; None where it is not known."""
    return _answer(lambda one: one >= 0, [value])


def _checked(values: Any) -> list[Ball]:
    """The inequalities as balls; a double among them is an error."""
    if not isinstance(values, (list, tuple, np.ndarray)) or not len(values):
        raise StatementError(f"`slack` must be a list of numbers; got {values!r}")
    return [Ball(one) for one in values]
