"""Checks that an outcome has the right form before a claim looks at it, and claims with several kinds of entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lrtheory.bounds import OutcomeError, Sides

#: the reason why an inequality that compares a report with the truth in both directions names no trivial side
REPORTS = "an algorithm may report any number; what it must be equal to bounds it from both sides"


def _array(entries: list[Any]) -> np.ndarray:
    """Return an array of plain numbers, or of objects where some entry is exact, as a Fraction."""
    plain = all(isinstance(entry, (int, float, np.number)) for entry in entries)
    return np.array(entries, dtype=None if plain else object)


@dataclass
class Entries:
    """Both sides of a claim, collected entry by entry: lhs <= rhs, `trivial` the most that lhs can be in any case."""

    lhs: list[Any] = field(default_factory=list)
    rhs: list[Any] = field(default_factory=list)
    trivial: list[Any] = field(default_factory=list)
    rounding: list[float] = field(default_factory=list)

    def at_most(self, lhs: Any, rhs: Any, trivial: Any = np.inf, rounding: Any = 0.0) -> None:
        """Claim lhs <= rhs, of numbers, or of arrays and lists of one length entry by entry."""
        count = np.size(lhs)
        self.lhs += list(np.ravel(lhs))
        self.rhs += list(np.ravel(rhs))
        for target, given in ((self.trivial, trivial), (self.rounding, rounding)):
            target += list(np.ravel(given)) if np.ndim(given) else [given] * count
        if not len(self.lhs) == len(self.rhs) == len(self.trivial) == len(self.rounding):
            raise OutcomeError(f"{count} numbers are compared with {np.size(rhs)}")

    def equal(self, one: Any, other: Any, rounding: Any = 0.0) -> None:
        """Claim equality, as two inequalities."""
        self.at_most(one, other, rounding=rounding)
        self.at_most(other, one, rounding=rounding)

    def kept(self, optimum: Any, value: Any, share: Any, rounding: float = 0.0) -> None:
        """Claim that a value keeps a share of the optimum.

        The loss is compared with the rest of the optimum, and not the value with the share, because a non-negative
        value has a largest loss: all of the optimum. Where the share is 0 the claim then counts as saying nothing.
        """
        self.at_most(optimum - value, (1 - share) * optimum, trivial=optimum, rounding=rounding)

    def sides(self) -> Sides:
        """Return the two sides in the form of the engine, in doubles where some entry carries rounding."""
        allowed = np.array(self.rounding, dtype=float) if any(self.rounding) else None
        return Sides(*map(_array, (self.lhs, self.rhs, self.trivial)), rounding=allowed)


def check_set(items: Any, n_items: int, k: int | None = None) -> list[int]:
    """Return the items of a set as integers; raise an OutcomeError if they are not distinct items below `n_items`."""
    given = np.asarray(items)
    chosen = [int(i) for i in given.ravel()]
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise OutcomeError(f"a set must be an array of item numbers; got {given.dtype} of shape {given.shape}")
    if not all(0 <= i < n_items for i in chosen) or len(set(chosen)) < len(chosen):
        raise OutcomeError(f"a set must be of different items below {n_items}; got {chosen[:6]}")
    if k is not None and len(chosen) != k:
        raise OutcomeError(f"a set must have {k} items; got {len(chosen)}")
    return chosen


def are_rankings(places: np.ndarray) -> np.ndarray:
    """Mark the rows, along the last axis, in which the items hold the places 0, 1, ... once each."""
    return (np.sort(places, axis=-1) == np.arange(places.shape[-1])).all(-1)


def check_rankings(places: Any, n: int, m: int) -> np.ndarray:
    """Return the places (n, m) of m items in n rankings; raise an OutcomeError if a row is not a ranking."""
    found = np.asarray(places)
    if found.shape != (n, m) or not are_rankings(found).all():
        raise OutcomeError(f"an outcome must be the places of {m} items in {n} rankings")
    return found.astype(np.int64)


def are_sets(items: np.ndarray, n_items: int) -> np.ndarray:
    """Mark the sets, along the last axis, whose items exist and differ."""
    ordered = np.sort(items, axis=-1)
    inside = ((ordered >= 0) & (ordered < n_items)).all(-1)
    return inside & (np.diff(ordered, axis=-1) > 0).all(-1)
