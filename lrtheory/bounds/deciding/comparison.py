"""One comparison of two sides: doubles filter, exact numbers decide what is close."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.data import largest
from lrtheory.bounds.arithmetic.exact import (
    LARGEST,
    PRECISIONS,
    Ball,
    Undecided,
    as_array,
    as_exact,
    exactly,
    precision,
    to_float,
)
from lrtheory.bounds.arithmetic.integers import as_guarded, as_objects, may_wrap
from lrtheory.bounds.claims import SHARPER, UNFIT, Identity, Inequality, Sides
from lrtheory.bounds.errors import OutcomeError, StatementError

__all__ = ["Comparison", "Sizes", "honest_sizes", "in_doubles", "measure", "shown_apart"]

_DIGITS = 9
_NO_VALUE = "no value that could be compared"
_ZERO = 2.0**-46  # what doubles leave of a zero, as a part of the numbers from which they compute it
_FILTER = 1e-6  # entries whose slack is below this part of the scale are left to exact arithmetic


@dataclass(frozen=True)
class Comparison:
    """One instance of a deterministic claim, measured.

    Attributes
    ----------
    verdict : str
        `supported` (every entry holds), `refuted` (one fails exactly) or `inconclusive`.
    lhs, rhs : float
        The worst entry.
    shown : tuple of str
        The worst entry's sides, exact where they were decided exactly.
    where : tuple of int
        Index of the worst entry.
    rounding : float
        Bound on the rounding error of the worst entry's sides; 0 where they carry no rounding.
    ratio : float
        Largest lhs/rhs over the entries with 0 < rhs < trivial; NaN if there is none. Where sides carry rounding, rhs
        must exceed it, and an entry that holds within it counts as 1 at most.
    vacuous : bool
        Whether no entry says anything.
    entries, saying, exact, outside, drowned : int
        Entries within the good event, those of them that say something, those decided exactly, those outside, and those
        within that say nothing because their rounding exceeds both sides.
    gap : float
        The least part of its bound by which an entry that says something surely stays below it, its rounding against
        it; infinite if there is none. A bound that is stricter by a larger part fails.
    misled : bool
        Whether doubles were far from the exact numbers in an entry, so that they cannot serve as a filter here.
    """

    verdict: str
    lhs: float
    rhs: float
    shown: tuple[str, str]
    where: tuple[int, ...]
    rounding: float
    ratio: float
    vacuous: bool
    entries: int
    saying: int
    exact: int
    outside: int
    misled: bool
    drowned: int = 0
    gap: float = math.inf


def measure(
    claim: Inequality | Identity,
    instance: Any,
    outcome: Any,
    *,
    every: bool = False,
    honest: Callable[[], Sizes] | None = None,
) -> Comparison:
    """Measure a deterministic claim on one instance and one outcome.

    Parameters
    ----------
    claim : Inequality or Identity
        The claim.
    instance, outcome : object
        Plain data, and what `solve` returned.
    every : bool
        Decide every entry exactly, not only those that doubles leave in doubt. Doubles filter by the size of the sides,
        and are wrong where terms far larger than the sides cancel.
    honest : callable or None
        ``honest()`` tells what is large: `honest_sizes` of the outcome of the statement's own solver on this instance;
        None where `outcome` is that.

    Returns
    -------
    Comparison
        The verdict and the worst entry.

    Raises
    ------
    StatementError
        If the shapes of the sides do not match, the exact evaluation has another shape or gives floats, a good event is
        used without the claim that bounds it, or an inequality names no trivial side and does not say why.
    OutcomeError
        If a side is NaN, or a rounding error is negative or not finite.
    """
    sides = in_doubles(claim, instance, outcome)
    # `raw` keeps the numbers as the claim gave them, for printing; `lhs` and `rhs` are doubles, for filtering
    raw = _aligned(sides)
    _demand_trivial(claim, sides, raw[0].shape)
    lhs, rhs = _filtering(raw, sides)
    inside = _inside(claim, sides, lhs.shape)
    slack, scale = _slack(claim, lhs, rhs), np.maximum(np.abs(lhs), np.abs(rhs))
    rounding = np.zeros(lhs.shape) if sides.rounding is None else _allowed(sides, lhs.shape)
    misled = doubtful = np.zeros(lhs.shape, bool)
    if sides.rounding is not None:
        # Iterates cannot be recomputed exactly: an entry fails only beyond its stated rounding bound, none is in doubt.
        fails, open_, sure = inside & (slack < -rounding), doubtful, raw
    else:
        # Large integers may wrap in the pass with doubles, so doubles cannot filter; then every entry is decided
        # exactly. An infinite side needs no exact numbers. The comparison is written so that a NaN slack is doubtful.
        every = every or may_wrap(instance) or may_wrap(outcome)
        doubtful = inside & np.isfinite(lhs) & np.isfinite(rhs) & (every | ~(slack > _FILTER * scale))
        fails, open_, sure, exact = _decide(claim, instance, outcome, doubtful)
        # the entries that doubles decide: their slack is far from zero, on one side or the other
        fails = fails | (inside & ~doubtful & (slack < 0))
        misled = _far(lhs, sure[0], doubtful) | _far(rhs, sure[1], doubtful)
        if misled.any():  # show and rank what is true, and not what doubles or wrapped integers made of it
            sides = exact or sides
            lhs, rhs = (np.where(misled, to_float(true), seen) for true, seen in zip(sure, (lhs, rhs), strict=True))
            slack, scale = _slack(claim, lhs, rhs), np.maximum(np.abs(lhs), np.abs(rhs))
    # the worst entry is the one that comes nearest to failing once its rounding is granted
    worst = _worst(slack + rounding, scale, fails, inside)
    drowned = inside & _drowned(honest or functools.partial(Sizes, instance, outcome, lhs, rhs), rounding)
    bites = _bites(sides, lhs, rhs, rounding, inside & ~drowned)
    # one failing entry refutes; an entry that stays open at the highest precision, or no entry at all, decides nothing
    verdict = "refuted" if fails.any() else "inconclusive" if open_.any() or not inside.any() else "supported"
    shown = ("", "") if worst is None else _texts(*(side[worst] for side in (sure if doubtful[worst] else raw)))
    return Comparison(
        verdict=verdict,
        lhs=float("nan") if worst is None else float(lhs[worst]),
        rhs=float("nan") if worst is None else float(rhs[worst]),
        shown=shown,
        where=() if worst is None else tuple(int(i) for i in worst),
        rounding=0.0 if worst is None else float(rounding[worst]),
        ratio=_tightness(lhs, rhs, rounding, bites),
        vacuous=not bites.any(),
        entries=int(inside.sum()),
        saying=int(bites.sum()),
        exact=int(doubtful.sum()),
        outside=int((~inside).sum()),
        misled=bool(misled.any()),
        drowned=int(drowned.sum()),
        gap=math.inf if claim.equality else _gap(sides, lhs, rhs, rounding, bites),
    )


def in_doubles(claim: Inequality | Identity, instance: Any, outcome: Any) -> Sides:
    """Both sides of the first pass, which filters."""
    if claim.numbers is Ball:  # NumPy's exp, log and sqrt take doubles or balls, and no Fractions
        return _sides(claim, exactly(instance, float), exactly(outcome, float))
    if may_wrap(instance) or may_wrap(outcome):
        with contextlib.suppress(Exception):  # compiled code takes no guarded integers; doubles do not decide then
            return _sides(claim, as_guarded(instance), as_guarded(outcome))
    return _sides(claim, instance, outcome)


def _filtering(raw: tuple[np.ndarray, np.ndarray], sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    """Both sides as doubles, for filtering."""
    lhs, rhs = to_float(raw[0], "lhs"), to_float(raw[1], "rhs")
    if np.isnan(lhs).any() or np.isnan(rhs).any():
        raise OutcomeError("a side is NaN")
    if sides.rounding is not None and max(np.abs(lhs).max(initial=0), np.abs(rhs).max(initial=0)) == LARGEST:
        raise OutcomeError("a side with a rounding error is beyond the range of doubles")
    return lhs, rhs


def _far(doubles: np.ndarray, exact: np.ndarray, decided: np.ndarray) -> np.ndarray:
    """Where doubles missed the numbers of exactly decided entries by more than the filter allows for."""
    if not decided.any():
        return decided
    true = to_float(exact)
    with np.errstate(over="ignore", invalid="ignore"):
        # a ball that stays open at every precision is NaN, and not far from anything
        return decided & (np.abs(true - doubles) > _FILTER * np.maximum(np.abs(true), np.abs(doubles)))


class Sizes:
    """The larger size of both sides of the honest outcome, entry by entry, and what else is in sight."""

    def __init__(self, instance: Any, outcome: Any, lhs: np.ndarray, rhs: np.ndarray) -> None:
        self.entries = np.maximum(np.abs(lhs), np.abs(rhs))
        self.most = float(self.entries[np.isfinite(self.entries)].max(initial=0))
        self._seen = instance, outcome

    @functools.cached_property
    def scale(self) -> float:
        """The largest finite number of the sides, the instance and the outcome."""
        return max(self.most, *map(largest, self._seen))


def honest_sizes(claim: Inequality | Identity, instance: Any, outcome: Any) -> Sizes:
    """The sizes of both sides of an outcome, which is that of the statement's own solver.

    Parameters
    ----------
    claim, instance, outcome
        As for `measure`.

    Returns
    -------
    Sizes
        Sizes that depend on these three alone, so that all wrong solvers share them.
    """
    sides = in_doubles(claim, instance, outcome)
    return Sizes(instance, outcome, *_filtering(_aligned(sides), sides))


def _drowned(honest: Callable[[], Sizes], rounding: np.ndarray) -> np.ndarray:
    """Entries whose rounding exceeds both sides, of which one is not zero, or is as large as every number in sight.

    Both sides are those of the honest outcome, since a wrong one could be so large that its own rounding excuses it.
    """
    if not (rounding > 0).any():
        return rounding > 0
    found = honest()
    sizes = found.entries
    if sizes.shape != rounding.shape:  # where lengths may vary there is no entry to compare with
        sizes = np.full(rounding.shape, found.most)
    below = (rounding > 0) & (rounding >= sizes)
    if not below.any():
        return below
    # Doubles leave 1e-17 of a zero that they compute, and an entry that says 0 = 0 says something: what is far below
    # the numbers from which it is computed counts as zero.
    zero = sizes <= _ZERO * found.scale
    return below & np.where(zero, (rounding >= found.scale) & (found.scale > 0), rounding > sizes)


def _sides(claim: Inequality | Identity, instance: Any, outcome: Any) -> Sides:
    """Both sides of the claim, computed by its author's function."""
    sides = claim.sides(instance, outcome)
    if not isinstance(sides, Sides):
        raise StatementError(f"`sides` must return Sides(lhs=..., rhs=...); got {type(sides).__name__}")
    return sides


def _of_shape(value: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A part of the sides as an array of their shape; a lone number stands for all entries."""
    array = as_array(value)
    if array.shape not in ((), shape):
        raise StatementError(f"the sides have the shape {shape}, and `{name}` has the shape {array.shape}")
    return np.broadcast_to(array, shape)


def _limit(value: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A limit of the sides (`trivial`, `least`) as doubles."""
    return _of_shape(to_float(value, f"`{name}`"), name, shape)


def _aligned(sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    """Both sides as arrays of one shape; a lone number stands for all entries."""
    lhs, rhs = as_array(sides.lhs), as_array(sides.rhs)
    shape = lhs.shape or rhs.shape
    if lhs.shape not in ((), shape) or rhs.shape not in ((), shape):
        raise StatementError(f"the sides have the shapes {lhs.shape} and {rhs.shape}; they must be the same")
    return np.broadcast_to(lhs, shape), np.broadcast_to(rhs, shape)


def _demand_trivial(claim: Inequality | Identity, sides: Sides, shape: tuple[int, ...]) -> None:
    """An inequality that no solver can break says nothing: it names what its sides can reach, or why nothing does."""
    named = {"trivial": sides.trivial, "least": sides.least}
    limits = [_limit(side, name, shape) for name, side in named.items() if side is not None]
    if isinstance(claim, Identity) or claim.unbounded:
        return
    if not limits or np.all(list(map(np.isinf, limits)), axis=0).any():
        raise StatementError(
            "an Inequality gives its trivial side (`Sides.trivial`, `Sides.least`), or says in `unbounded` why none is"
        )


def _inside(claim: Inequality | Identity, sides: Sides, shape: tuple[int, ...]) -> np.ndarray:
    """Entries on which the good event held."""
    if sides.where is not None and claim.outside is None:
        raise StatementError("a claim with a good event must give the claim that bounds it (`outside`)")
    return np.array(_of_shape(True if sides.where is None else sides.where, "where", shape), bool)


def _slack(claim: Inequality | Identity, lhs: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """The distance of each entry from failing; -inf where an infinite side stands for a number that nobody knows."""
    with np.errstate(invalid="ignore", over="ignore"):
        slack = -np.abs(rhs - lhs) if claim.equality else rhs - lhs
    # rhs = inf is a bound that holds trivially, but lhs = inf is a left-hand side of unknown size, and an equality of
    # infinities compares nothing
    unknown = ~np.isfinite(lhs) | ~np.isfinite(rhs) if claim.equality else lhs == np.inf
    return np.where(unknown, -np.inf, slack)


def _allowed(sides: Sides, shape: tuple[int, ...]) -> np.ndarray:
    """The stated rounding bounds, one per entry; infinite or negative ones would excuse everything."""
    rounding = _of_shape(to_float(sides.rounding, "`rounding`"), "rounding", shape)
    if not (np.isfinite(rounding) & (rounding >= 0)).all():
        raise OutcomeError("a rounding error must be finite and not negative")
    return rounding


def _decide(
    claim: Inequality | Identity, instance: Any, outcome: Any, doubtful: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray], Sides | None]:
    """Which doubtful entries fail exactly, which stay open, and both sides in exact numbers, alone and as computed."""
    if not doubtful.any():
        return doubtful, doubtful, (doubtful, doubtful), None  # all False, and sides that nobody looks at
    if claim.numbers is Fraction:
        lhs, rhs, sides = _exact_sides(claim, instance, outcome, Fraction, doubtful.shape)
        holds = (lhs == rhs) if claim.equality else (lhs <= rhs)
        return doubtful & ~holds.astype(bool), np.zeros(doubtful.shape, bool), (lhs, rhs), sides
    # Balls: an order that is open at one precision is asked again at the next one, until the budget of bits is used up.
    open_ = np.array(doubtful)  # a copy, since `doubtful` is the caller's; and an array where the sides are numbers
    fails = np.zeros(doubtful.shape, bool)
    lhs = rhs = np.full(doubtful.shape, np.nan, object)
    balls: Sides | None = None
    for bits in PRECISIONS:
        with precision(bits):
            try:
                lhs, rhs, balls = _exact_sides(claim, instance, outcome, Ball, doubtful.shape)
            except Undecided:  # an order inside the formula itself
                continue
            answers = {at: _at_most(lhs[at], rhs[at]) for at in map(tuple, np.argwhere(open_))}
        for at, answer in answers.items():
            if answer is not None:
                open_[at], fails[at] = False, not answer
        if not open_.any():
            break
    return fails, open_, (lhs, rhs), balls


def _at_most(lhs: Any, rhs: Any) -> bool | None:
    """Whether lhs <= rhs for two balls; None where they overlap."""
    try:
        return bool(lhs <= rhs)
    except Undecided:
        return None


def _exact_sides(
    claim: Inequality | Identity, instance: Any, outcome: Any, number: type, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, Sides]:
    """Both sides, computed by the claim itself from data whose doubles are the rational numbers that they are."""
    data = exactly(instance, number), exactly(outcome, number)
    try:
        sides = _sides(claim, *map(as_objects, data))
    except Undecided:
        raise
    except Exception:  # arrays of objects are no indices, and compiled code does not take them
        sides = _sides(claim, *map(as_guarded, data))
    lhs, rhs = _aligned(sides)
    if lhs.shape != shape:
        raise StatementError(f"the sides have the shape {shape} in doubles and {lhs.shape} in exact numbers")
    return as_exact(lhs, "lhs"), as_exact(rhs, "rhs"), sides


def _worst(slack: np.ndarray, scale: np.ndarray, fails: np.ndarray, inside: np.ndarray) -> tuple[Any, ...] | None:
    """The entry with the least slack in units of its scale, among the failing ones if there are any."""
    # a failing entry is shown even if another one, undecided, has less slack in doubles
    candidates = fails if fails.any() else inside
    if not candidates.any():
        return None
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # a scale may be far below rounding
        relative = np.where(scale > 0, slack / scale, 1.0)
    relative = np.where(candidates, np.nan_to_num(relative, nan=np.inf), np.inf)
    return np.unravel_index(int(relative.argmin()), slack.shape)


def _bites(sides: Sides, lhs: np.ndarray, rhs: np.ndarray, rounding: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The entries in which the claim says something."""
    # An entry says something if a wrong solver could break it: rhs is below the largest value that lhs can take at all
    # (`trivial`), or lhs is above the smallest value that rhs can take at all (`least`).
    bites = inside & (rhs < np.inf)
    if sides.trivial is not None:
        bites &= rhs + rounding < _limit(sides.trivial, "trivial", rhs.shape)
    if sides.least is not None:
        bites &= lhs - rounding > _limit(sides.least, "least", rhs.shape)
    return bites


def _tightness(lhs: np.ndarray, rhs: np.ndarray, rounding: np.ndarray, bites: np.ndarray) -> float:
    """The largest lhs/rhs where the claim bites; NaN where it does not."""
    # A quotient needs an rhs above its rounding; an entry that holds within rounding is tight, not more than tight.
    some = bites & (rhs > rounding) & np.isfinite(rhs)
    met = np.where(lhs <= rhs + rounding, np.minimum(lhs, rhs), lhs)
    return float((met[some] / rhs[some]).max()) if some.any() else float("nan")


def _gap(sides: Sides, lhs: np.ndarray, rhs: np.ndarray, rounding: np.ndarray, bites: np.ndarray) -> float:
    """The least part of the bound by which a biting entry stays below it; infinite where no bound is a number but 0."""
    # the bound is rhs, unless the claim bounds a solver's result from below
    bound = np.abs(lhs if sides.least is not None and sides.trivial is None else rhs)
    some = bites & (bound > 0) & np.isfinite(lhs) & np.isfinite(rhs)
    # where a claim says what its sides can reach, the entries without a limit compare a report with the truth
    named = {"trivial": sides.trivial, "least": sides.least}
    limits = [np.isfinite(_limit(side, name, rhs.shape)) for name, side in named.items() if side is not None]
    limited = np.any(limits, axis=0) if limits else some
    some = some & limited if (some & limited).any() else some
    with np.errstate(invalid="ignore", over="ignore"):  # in entries that are left out
        gaps = np.where(some, (rhs - lhs + rounding) / np.where(some, bound, 1.0), math.inf).ravel()
    near = np.flatnonzero(gaps < max(SHARPER))
    if not len(near):
        return float(gaps.min(initial=math.inf))
    # an equality in two inequalities has a mirror image, and no constant: l <= r with r <= l, or with -l <= -r
    entries = list(zip(lhs.ravel().tolist(), rhs.ravel().tolist(), strict=True))
    known = set(entries)
    for at in near:
        low, high = entries[at]
        if (-low, -high) in known or (low != high and (high, low) in known):
            gaps[at] = math.inf
    return float(gaps.min())


def shown_apart(lhs: float, rhs: float, digits: int) -> tuple[str, str]:
    """Two doubles with `digits` digits, or with as many more as tell them apart."""
    for more in range(digits, 17):
        told = f"{lhs:.{more}g}", f"{rhs:.{more}g}"
        if told[0] != told[1] or lhs == rhs:
            return told
    return f"{lhs:.17g}", f"{rhs:.17g}"


def _texts(*entries: Any) -> tuple[str, str]:
    """Both sides as evidence shows them: doubles in nine digits or more, exact numbers in full while Python can."""
    lhs, rhs = entries
    if any(map(_is_unfit, entries)):
        return tuple(_NO_VALUE if _is_unfit(entry) else _text(entry) for entry in entries)  # type: ignore[return-value]
    if all(isinstance(entry, (float, np.floating)) for entry in entries):
        return shown_apart(float(lhs), float(rhs), _DIGITS)
    return _text(lhs), _text(rhs)


def _is_unfit(entry: Any) -> bool:
    if not isinstance(entry, (int, float, Fraction, np.integer, np.floating)):
        return False
    return entry in (UNFIT, float(UNFIT))


def _text(entry: Any) -> str:
    """A number as evidence shows it."""
    if isinstance(entry, (float, np.floating)):
        return f"{float(entry):.{_DIGITS}g}"
    try:
        return str(entry)
    except ValueError:  # Python prints no integer of more than 4300 digits
        return f"a number of about {math.ceil(abs(Fraction(entry))).bit_length()} bits"
