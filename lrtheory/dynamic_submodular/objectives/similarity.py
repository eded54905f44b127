"""Similarities of points, from cosines or from squared distances."""

from __future__ import annotations

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._types import ArrayLike
from lrtheory._validation import array, must

__all__ = ["checked_points", "directions", "falling", "squared_distances"]

#: entries below this, divided by the number of features, have finite squared distances
LARGEST = 1e153


def checked_points(X: ArrayLike, *, squares: bool = False) -> np.ndarray:
    """Return points as float64, one per row; refuse infinite ones, and with `squares` infinite squared distances."""
    points = array("X", to_numpy(X), shape=(None, None)).astype(np.float64)
    largest = float(np.abs(points).max(initial=0.0))
    if squares and largest >= LARGEST / max(1, points.shape[1]):
        raise must("X", "small enough for squared distances of its rows", largest)
    return points


def falling(gamma: float, squared: np.ndarray) -> np.ndarray:
    """Return exp(-gamma squared distance), 0 where the exponent overflows."""
    with np.errstate(over="ignore"):
        return np.exp(-gamma * squared)


def directions(points: np.ndarray) -> np.ndarray:
    """Return points divided by their lengths: products of rows are cosines, and 0 where one point is at 0."""
    scale = np.abs(points).max(axis=1, initial=0.0, keepdims=True)
    scaled = points / np.where(scale > 0, scale, 1.0)  # so that no square overflows
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    return scaled / np.where(lengths > 0, lengths, 1.0)


def squared_distances(points: np.ndarray) -> np.ndarray:
    """Return the squared distances of all pairs of points, (n, n), at least 0."""
    norms = np.sum(points**2, axis=1)
    squared = np.maximum(norms[:, None] + norms[None] - 2 * points @ points.T, 0)
    np.fill_diagonal(squared, 0)
    return squared
