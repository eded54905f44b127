"""Weights of pairs in a step: differences of fitness as they are, standardized, by ranks or by signs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["SHAPINGS", "Worth", "worth"]


@dataclass(frozen=True, slots=True)
class Worth:
    """Weights of all pairs, 0 for those that were dropped, and the differences of those that were kept."""

    weights: np.ndarray
    differences: np.ndarray
    kept: int
    tied: int


def worth(fitness: np.ndarray, *, mirrored: bool, shaping: str) -> Worth:
    """Return the weight of each pair; a pair of which a member is not finite is dropped.

    Sums are taken in double precision, and of differences only, so that a large common value costs no digits.
    """
    members = fitness.astype(np.float64).reshape(-1, 2 if mirrored else 1)
    finite = np.isfinite(members).all(axis=1)
    kept = members[finite]
    raw = _differences(kept)
    shaped = SHAPINGS[shaping](kept) if len(kept) else raw
    weights = np.zeros(len(members))
    weights[finite] = shaped
    tied = np.count_nonzero(kept[:, 0] == kept[:, 1]) if mirrored else 0
    return Worth(weights, raw, len(kept), int(tied))


def _differences(members: np.ndarray) -> np.ndarray:
    return 0.5 * members[:, 0] - 0.5 * members[:, 1] if members.shape[1] == 2 else members[:, 0]


def _standardized(members: np.ndarray) -> np.ndarray:
    """Differences, or deviations from the mean, divided by the standard deviation over all members."""
    if (members == members[0, 0]).all():
        return np.zeros(len(members))
    scaled = np.ldexp(members, -np.frexp(np.abs(members).max())[1])  # at most 1, by a power of two
    scaled -= scaled[0, 0]
    scaled -= scaled.mean()
    return np.asarray(_differences(scaled) / scaled.std())


def _ranked(members: np.ndarray) -> np.ndarray:
    """Differences of ranks in [-1/2, 1/2], where equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(members, return_inverse=True, return_counts=True)
    last = counts.cumsum() - 1
    middle = last - (counts - 1) / 2
    return _differences(middle[inverse].reshape(members.shape) / max(1, members.size - 1) - 0.5)


def _signs(members: np.ndarray) -> np.ndarray:
    """Which member of a pair is better, or on which side of the median a member is."""
    other = members[:, 1] if members.shape[1] == 2 else np.median(members)
    return (members[:, 0] > other) * 1.0 - (members[:, 0] < other)


SHAPINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "raw": _differences,
    "standardized": _standardized,
    "ranks": _ranked,
    "sign": _signs,
}
