"""Deciding inequalities and identities: doubles filter, exact numbers decide, search looks for the worst instance."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.exact import (
    PRECISIONS,
    Ball,
    Undecided,
    as_exact,
    exactly,
    has_large_integers,
    precision,
    to_float,
)
from lrtheory.bounds.claims import Identity, Inequality, Sides
from lrtheory.bounds.errors import OutcomeError, StatementError

__all__ = ["Comparison", "measure"]

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
        What the worst entry's sides may err by; 0 where they carry no rounding.
    ratio : float
        Largest lhs/rhs over the entries with 0 < rhs < trivial; NaN if there is none. Where sides carry rounding, rhs
        must exceed it, and an entry that holds within it counts as 1 at most.
    vacuous : bool
        Whether rhs >= trivial in every entry.
    entries, saying, exact, outside : int
        Entries within the good event, those of them where rhs < trivial, those decided exactly, and those outside.
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


def measure(claim: Inequality | Identity, instance: Any, outcome: Any, *, every: bool = False) -> Comparison:
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
    if claim.numbers is Ball:  # NumPy's exp, log and sqrt take doubles or balls, and no Fractions
        sides = claim.sides(exactly(instance, float), exactly(outcome, float))
    else:
        sides = claim.sides(instance, outcome)
    _demand_trivial(claim, sides)
    # `raw` keeps the numbers as the claim gave them, for printing; `lhs` and `rhs` are doubles, for filtering
    raw, inside = _aligned(sides), _inside(claim, sides)
    lhs, rhs = (to_float(side) for side in raw)
    if np.isnan(lhs).any() or np.isnan(rhs).any():
        raise OutcomeError("a side is NaN")
    inside = np.broadcast_to(inside, lhs.shape)
    slack, scale = _slack(claim, lhs, rhs), np.maximum(np.abs(lhs), np.abs(rhs))
    rounding = np.zeros(lhs.shape) if sides.rounding is None else _allowed(sides, lhs.shape)
    if sides.rounding is not None:
        # Iterates cannot be recomputed exactly: an entry fails only beyond its stated rounding bound, none is in doubt.
        doubtful = np.zeros(lhs.shape, bool)
        fails, open_, sure = inside & (slack < -rounding), doubtful, raw
    else:
        # Integers beyond 2^31 may wrap in the pass with doubles, so doubles cannot filter; then every entry is decided
        # exactly. An infinite side needs no exact numbers. The comparison is written so that a NaN slack is doubtful.
        every = every or has_large_integers(instance) or has_large_integers(outcome)
        doubtful = inside & np.isfinite(lhs) & np.isfinite(rhs) & (every | ~(slack > _FILTER * scale))
        fails, open_, sure = _decide(claim, instance, outcome, doubtful)
        # the entries that doubles decide: their slack is far from zero, on one side or the other
        fails = fails | (inside & ~doubtful & (slack < 0))
    # the worst entry is the one that comes nearest to failing once its rounding is granted
    worst = _worst(slack + rounding, scale, fails, inside)
    ratio, saying = _tightness(sides, lhs, rhs, rounding, inside)
    # one failing entry refutes; an entry that stays open at the highest precision, or no entry at all, decides nothing
    verdict = "refuted" if fails.any() else "inconclusive" if open_.any() or not inside.any() else "supported"
    shown = ("", "") if worst is None else tuple(_text(side[worst]) for side in (sure if doubtful[worst] else raw))
    return Comparison(
        verdict=verdict,
        lhs=float("nan") if worst is None else float(lhs[worst]),
        rhs=float("nan") if worst is None else float(rhs[worst]),
        shown=shown,  # type: ignore[arg-type]
        where=() if worst is None else tuple(int(i) for i in worst),
        rounding=0.0 if worst is None else float(rounding[worst]),
        ratio=ratio,
        vacuous=saying == 0,
        entries=int(inside.sum()),
        saying=saying,
        exact=int(doubtful.sum()),
        outside=int((~inside).sum()),
    )


def _aligned(sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    """Both sides as arrays of one shape, the larger of the two."""
    lhs, rhs = _as_array(sides.lhs), _as_array(sides.rhs)
    try:
        both = np.broadcast_arrays(lhs, rhs)
    except ValueError as error:
        raise StatementError(f"the sides have the shapes {lhs.shape} and {rhs.shape}") from error
    if both[0].shape not in (lhs.shape, rhs.shape):
        raise StatementError(f"the sides have the shapes {lhs.shape} and {rhs.shape}")
    return both[0], both[1]


def _demand_trivial(claim: Inequality | Identity, sides: Sides) -> None:
    """An inequality that no solver can break says nothing: it names what its sides can reach, or why nothing does."""
    if isinstance(claim, Identity) or claim.unbounded:
        return
    limits = [to_float(_as_array(side)) for side in (sides.trivial, sides.least) if side is not None]
    if not limits or np.all(np.broadcast_arrays(*map(np.isinf, limits)), axis=0).any():
        raise StatementError(
            "an Inequality gives its trivial side (`Sides.trivial`, `Sides.least`), or says in `unbounded` why none is"
        )


def _inside(claim: Inequality | Identity, sides: Sides) -> np.ndarray:
    """Entries on which the good event held."""
    if sides.where is not None and claim.outside is None:
        raise StatementError("a claim with a good event must give the claim that bounds it (`outside`)")
    return np.asarray(True if sides.where is None else sides.where, bool)


def _slack(claim: Inequality | Identity, lhs: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """The distance of each entry from failing; -inf where an infinite side stands for a number that nobody knows."""
    with np.errstate(invalid="ignore"):
        slack = -np.abs(rhs - lhs) if claim.equality else rhs - lhs
    # rhs = inf is a bound that holds trivially, but lhs = inf is a left-hand side of unknown size, and an equality of
    # infinities compares nothing
    unknown = ~np.isfinite(lhs) | ~np.isfinite(rhs) if claim.equality else lhs == np.inf
    return np.where(unknown, -np.inf, slack)


def _allowed(sides: Sides, shape: tuple[int, ...]) -> np.ndarray:
    """The stated rounding bounds, one per entry; infinite or negative ones would excuse everything."""
    rounding = np.broadcast_to(np.asarray(sides.rounding, float), shape)
    if not (np.isfinite(rounding) & (rounding >= 0)).all():
        raise OutcomeError("a rounding error must be finite and not negative")
    return rounding


def _as_array(side: Any) -> np.ndarray:
    """A side as an array; NumPy would turn a lone Fraction or ball into a double."""
    return np.array(side, object) if isinstance(side, (Fraction, Ball)) else np.asarray(side)


def _decide(
    claim: Inequality | Identity, instance: Any, outcome: Any, doubtful: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Which doubtful entries fail exactly, which stay open, and both sides in exact numbers."""
    if not doubtful.any():
        return doubtful, doubtful, (doubtful, doubtful)  # all False, and sides that nobody looks at
    if claim.numbers is Fraction:
        lhs, rhs = _exact_sides(claim, instance, outcome, Fraction, doubtful.shape)
        holds = (lhs == rhs) if claim.equality else (lhs <= rhs)
        return doubtful & ~holds.astype(bool), np.zeros(doubtful.shape, bool), (lhs, rhs)
    # Balls: an order that is open at one precision is asked again at the next one, until the budget of bits is used up.
    open_ = np.array(doubtful)  # a copy, since `doubtful` is the caller's; and an array where the sides are numbers
    fails = np.zeros(doubtful.shape, bool)
    lhs = rhs = np.full(doubtful.shape, np.nan, object)
    for bits in PRECISIONS:
        with precision(bits):
            try:
                lhs, rhs = _exact_sides(claim, instance, outcome, Ball, doubtful.shape)
            except Undecided:  # an order inside the formula itself
                continue
            answers = {at: _at_most(lhs[at], rhs[at]) for at in map(tuple, np.argwhere(open_))}
        for at, answer in answers.items():
            if answer is not None:
                open_[at], fails[at] = False, not answer
        if not open_.any():
            break
    return fails, open_, (lhs, rhs)


def _at_most(lhs: Any, rhs: Any) -> bool | None:
    """Whether lhs <= rhs for two balls; None where they overlap."""
    try:
        return bool(lhs <= rhs)
    except Undecided:
        return None


def _exact_sides(
    claim: Inequality | Identity, instance: Any, outcome: Any, number: type, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Both sides, computed by the claim itself from data whose doubles are the rational numbers that they are."""
    lhs, rhs = _aligned(claim.sides(exactly(instance, number), exactly(outcome, number)))
    if lhs.shape != shape:
        raise StatementError(f"the sides have the shape {shape} in doubles and {lhs.shape} in exact numbers")
    return as_exact(lhs, "lhs"), as_exact(rhs, "rhs")


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


def _tightness(
    sides: Sides, lhs: np.ndarray, rhs: np.ndarray, rounding: np.ndarray, inside: np.ndarray
) -> tuple[float, int]:
    """The largest lhs/rhs where the claim bites, and the number of entries in which it says something."""
    # An entry says something if a wrong solver could break it: rhs is below the largest value that lhs can take at all
    # (`trivial`), or lhs is above the smallest value that rhs can take at all (`least`).
    bites = inside.copy()
    bites &= rhs < np.inf
    if sides.trivial is not None:
        bites &= rhs < to_float(np.broadcast_to(_as_array(sides.trivial), rhs.shape))
    if sides.least is not None:
        bites &= lhs > to_float(np.broadcast_to(_as_array(sides.least), rhs.shape))
    saying = int(bites.sum())
    # A quotient needs an rhs above its rounding; an entry that holds within rounding is tight, not more than tight.
    bites &= (rhs > rounding) & np.isfinite(rhs)
    met = np.where(lhs <= rhs + rounding, np.minimum(lhs, rhs), lhs)
    return (float((met[bites] / rhs[bites]).max()) if bites.any() else float("nan")), saying


def _text(entry: Any) -> str:
    """A number as evidence shows it: doubles in nine digits, exact numbers in full."""
    return f"{float(entry):.9g}" if isinstance(entry, (float, np.floating)) else str(entry)
