"""Deciding inequalities and identities: doubles filter, exact numbers decide, search looks for the worst instance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds.claims import Identity, Inequality, Sides
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.exact import PRECISIONS, Ball, Undecided, as_exact, exactly, precision, to_float

__all__ = ["Measured", "measure"]

_FILTER = 1e-6  # entries whose slack is below this part of the scale are left to exact arithmetic


@dataclass(frozen=True)
class Measured:
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
    ratio : float
        Largest lhs/rhs over the entries with 0 < rhs < trivial; NaN if there is none.
    vacuous : bool
        Whether rhs >= trivial in every entry.
    entries, exact, outside : int
        Entries that claim something, those decided exactly, and those outside the good event.
    """

    verdict: str
    lhs: float
    rhs: float
    shown: tuple[str, str]
    where: tuple[int, ...]
    ratio: float
    vacuous: bool
    entries: int
    exact: int
    outside: int


def measure(claim: Inequality | Identity, instance: Any, outcome: Any) -> Measured:
    """Measure a deterministic claim on one instance and one outcome.

    Parameters
    ----------
    claim : Inequality or Identity
        The claim.
    instance, outcome : object
        Plain data, and what `solve` returned.

    Returns
    -------
    Measured
        The verdict and the worst entry.

    Raises
    ------
    StatementError
        If a side is NaN, the exact evaluation has another shape or gives floats, or a good event is used without the
        statement that bounds it.
    """
    sides = claim.sides(instance, outcome)
    raw_lhs, raw_rhs, inside = _aligned(claim, sides)
    lhs, rhs = to_float(raw_lhs), to_float(raw_rhs)
    if np.isnan(lhs).any() or np.isnan(rhs).any():
        raise StatementError("a side is NaN")
    with np.errstate(invalid="ignore"):
        slack = np.nan_to_num(
            -np.abs(rhs - lhs) if claim.equality else rhs - lhs, nan=0.0, posinf=np.inf, neginf=-np.inf
        )
    scale = np.maximum(np.abs(lhs), np.abs(rhs))
    fails, open_, exact = np.zeros(lhs.shape, bool), np.zeros(lhs.shape, bool), 0
    shown: Callable[[tuple[int, ...]], tuple[str, str]] = lambda at: (_text(raw_lhs[at]), _text(raw_rhs[at]))
    if sides.rounding is not None:
        fails = inside & (slack < -np.broadcast_to(sides.rounding, lhs.shape))
    else:
        doubtful = inside & ~(slack > _FILTER * scale)
        exact = int(doubtful.sum())
        if exact:
            fails, open_, sure = _decide(claim, instance, outcome, doubtful)
            shown = lambda at: (
                (_text(sure[0][at]), _text(sure[1][at])) if doubtful[at] else (_text(lhs[at]), _text(rhs[at]))
            )
    worst = _worst(slack, scale, fails, inside)
    ratio, vacuous = _tightness(sides, lhs, rhs, inside)
    verdict = "refuted" if fails.any() else "inconclusive" if open_.any() else "supported"
    return Measured(
        verdict=verdict,
        lhs=float(lhs[worst]) if worst is not None else float("nan"),
        rhs=float(rhs[worst]) if worst is not None else float("nan"),
        shown=shown(worst) if worst is not None else ("", ""),
        where=tuple(int(i) for i in worst) if worst is not None else (),
        ratio=ratio,
        vacuous=vacuous,
        entries=int(inside.sum()),
        exact=exact,
        outside=int((~inside).sum()),
    )


def _aligned(claim: Inequality | Identity, sides: Sides) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lhs, rhs = np.broadcast_arrays(_as_array(sides.lhs), _as_array(sides.rhs))
    if sides.where is not None and claim.outside is None:
        raise StatementError("a claim with a good event must name the statement that bounds it (`outside`)")
    inside = np.broadcast_to(True if sides.where is None else np.asarray(sides.where, bool), lhs.shape)
    return lhs, rhs, inside


def _as_array(side: Any) -> np.ndarray:
    return np.array(side, object) if isinstance(side, (Fraction, Ball)) else np.asarray(side)


def _decide(
    claim: Inequality | Identity, instance: Any, outcome: Any, doubtful: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Which doubtful entries fail exactly, which stay open, and both sides in exact numbers."""
    if claim.numbers is Fraction:
        lhs, rhs = _exact_sides(claim, instance, outcome, Fraction)
        holds = (lhs == rhs) if claim.equality else (lhs <= rhs)
        return doubtful & ~holds.astype(bool), np.zeros(doubtful.shape, bool), (lhs, rhs)
    open_ = doubtful
    fails = np.zeros(doubtful.shape, bool)
    lhs = rhs = np.full(doubtful.shape, np.nan, object)
    for bits in PRECISIONS:
        with precision(bits):
            try:
                lhs, rhs = _exact_sides(claim, instance, outcome, Ball)
            except Undecided:  # an order inside the formula itself
                continue
            answers = {at: _at_most(lhs[at], rhs[at]) for at in zip(*np.nonzero(open_), strict=True)}
        open_ = open_.copy()
        for at, answer in answers.items():
            if answer is not None:
                open_[at], fails[at] = False, not answer
        if not open_.any():
            break
    return fails, open_, (lhs, rhs)


def _at_most(lhs: Any, rhs: Any) -> bool | None:
    try:
        return bool(lhs <= rhs)
    except Undecided:
        return None


def _exact_sides(
    claim: Inequality | Identity, instance: Any, outcome: Any, number: type
) -> tuple[np.ndarray, np.ndarray]:
    sides = claim.sides(exactly(instance, number), exactly(outcome, number))
    lhs, rhs = np.broadcast_arrays(_as_array(sides.lhs), _as_array(sides.rhs))
    return as_exact(lhs, "lhs"), as_exact(rhs, "rhs")


def _worst(slack: np.ndarray, scale: np.ndarray, fails: np.ndarray, inside: np.ndarray) -> tuple[Any, ...] | None:
    """The entry with the least slack in units of its scale, among the failing ones if there are any."""
    candidates = fails if fails.any() else inside
    if not candidates.any():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(scale > 0, slack / scale, 1.0)
    relative = np.where(candidates, np.nan_to_num(relative, nan=np.inf), np.inf)
    return np.unravel_index(int(relative.argmin()), slack.shape)


def _tightness(sides: Sides, lhs: np.ndarray, rhs: np.ndarray, inside: np.ndarray) -> tuple[float, bool]:
    bites = inside.copy()
    if sides.trivial is not None:
        bites &= rhs < to_float(np.broadcast_to(_as_array(sides.trivial), rhs.shape))
    vacuous = not bites.any()
    bites &= (rhs > 0) & np.isfinite(rhs)
    return (float((lhs[bites] / rhs[bites]).max()) if bites.any() else float("nan")), vacuous


def _text(entry: Any) -> str:
    return f"{float(entry):.9g}" if isinstance(entry, (float, np.floating)) else str(entry)
