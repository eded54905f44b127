"""Points, and how similar they are to each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import array, must, real

__all__ = ["checked_gamma", "checked_points", "directions", "falling", "squared_distances"]

#: entries of points below this have squared distances that are numbers
LARGEST = 1e153


def checked_points(X: Any, *, squares: bool = False) -> np.ndarray:
    """Finite points as float64, one a row; with `squares` also their squared distances are finite."""
    points = array("X", to_numpy(X), shape=(None, None)).astype(np.float64)
    largest = float(np.abs(points).max(initial=0.0))
    if squares and largest >= LARGEST / max(1, points.shape[1]):
        raise must("X", "small enough for squared distances of its rows", largest)
    return points


def checked_gamma(gamma: Any) -> float:
    """The factor of squared distances, positive and finite."""
    checked = real("gamma", gamma, low=0.0)
    if not 0 < checked < np.inf:
        raise must("gamma", "positive and finite", gamma)
    return checked


def falling(gamma: float, squared: np.ndarray) -> np.ndarray:
    """exp(-gamma squared distance), 0 where the exponent is no number."""
    with np.errstate(over="ignore"):
        return np.exp(-gamma * squared)


def directions(points: np.ndarray) -> np.ndarray:
    """Points divided by their lengths; the products of two are cosines, of a point at 0 with any they are 0."""
    scale = np.abs(points).max(axis=1, initial=0.0, keepdims=True)
    scaled = points / np.where(scale > 0, scale, 1.0)  # so that no square overflows
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    return scaled / np.where(lengths > 0, lengths, 1.0)


def squared_distances(points: np.ndarray) -> np.ndarray:
    """The squared distance of each point to each, at least 0."""
    norms = np.sum(points**2, axis=1)
    squared = np.maximum(norms[:, None] + norms[None] - 2 * points @ points.T, 0)
    np.fill_diagonal(squared, 0)
    return squared
