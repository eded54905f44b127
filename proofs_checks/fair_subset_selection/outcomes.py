"""What an outcome must be before a claim looks at it, and claims with several kinds of entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lrtheory.bounds import OutcomeError, Sides

__all__ = ["REPORTS", "Entries", "are_rankings", "are_sets", "check_rankings", "check_set"]

#: why inequalities that compare a report with the truth in both directions name no trivial side
REPORTS = "an algorithm may report any number; what it must be equal to bounds it from both sides"


@dataclass
class Entries:
    """Both sides of a claim, entry by entry."""

    lhs: list[Any] = field(default_factory=list)
    rhs: list[Any] = field(default_factory=list)
    trivial: list[Any] = field(default_factory=list)
    rounding: list[float] = field(default_factory=list)

    def at_most(self, lhs: Any, rhs: Any, trivial: Any = np.inf, rounding: Any = 0.0) -> None:
        """lhs <= rhs; numbers, or arrays and lists of one length."""
        count = np.size(lhs)
        self.lhs += list(np.ravel(lhs))
        self.rhs += list(np.ravel(rhs))
        for target, given in ((self.trivial, trivial), (self.rounding, rounding)):
            target += list(np.ravel(given)) if np.ndim(given) else [given] * count
        if not len(self.lhs) == len(self.rhs) == len(self.trivial) == len(self.rounding):
            raise OutcomeError(f"{count} numbers are compared with {np.size(rhs)}")

    def equal(self, one: Any, other: Any, rounding: Any = 0.0) -> None:
        """Equality, as two entries."""
        self.at_most(one, other, rounding=rounding)
        self.at_most(other, one, rounding=rounding)

    def kept(self, optimum: Any, value: Any, share: Any, rounding: float = 0.0) -> None:
        """A share of the optimum is kept: what is lost, which is all of it at most, against the rest."""
        self.at_most(optimum - value, (1 - share) * optimum, trivial=optimum, rounding=rounding)

    def sides(self) -> Sides:
        """As the engine wants them; on doubles where an entry carries rounding."""
        allowed = np.array(self.rounding, dtype=float) if any(self.rounding) else None
        return Sides(*map(_array, (self.lhs, self.rhs, self.trivial)), rounding=allowed)


def _array(entries: list[Any]) -> np.ndarray:
    """An array of numbers; of objects where some are exact."""
    plain = all(isinstance(entry, (int, float, np.number)) for entry in entries)
    return np.array(entries, dtype=None if plain else object)


def check_set(items: Any, n_items: int, k: int | None = None) -> list[int]:
    """The items of a set as integers; an OutcomeError if they are not such a set."""
    given = np.asarray(items)
    chosen = [int(i) for i in given.ravel()]
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise OutcomeError(f"a set must be an array of item numbers; got {given.dtype} of shape {given.shape}")
    if not all(0 <= i < n_items for i in chosen) or len(set(chosen)) < len(chosen):
        raise OutcomeError(f"a set must be of different items below {n_items}; got {chosen[:6]}")
    if k is not None and len(chosen) != k:
        raise OutcomeError(f"a set must have {k} items; got {len(chosen)}")
    return chosen


def check_rankings(places: Any, n: int, m: int) -> np.ndarray:
    """The places of m items in n rankings; an OutcomeError if a row is not a ranking."""
    found = np.asarray(places)
    if found.shape != (n, m) or not are_rankings(found).all():
        raise OutcomeError(f"an outcome must be the places of {m} items in {n} rankings")
    return found.astype(np.int64)


def are_rankings(places: np.ndarray) -> np.ndarray:
    """For each row whether the items hold the places 0, 1, ... once each."""
    return (np.sort(places, axis=-1) == np.arange(places.shape[-1])).all(-1)


def are_sets(items: np.ndarray, n_items: int) -> np.ndarray:
    """For each set, the last axis, whether its items exist and differ."""
    ordered = np.sort(items, axis=-1)
    inside = ((ordered >= 0) & (ordered < n_items)).all(-1)
    return inside & (np.diff(ordered, axis=-1) > 0).all(-1)
