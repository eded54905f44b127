"""Least, largest, mean and spread of each column of points in one pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input

__all__ = ["Survey", "surveyed", "variance_of"]

WIDE = 128  # numbers that the loops over short rows take at once, several rows of them


class Survey(NamedTuple):
    """The smallest and the largest coordinate of each column in their dtype, and the means in double precision."""

    lows: np.ndarray
    highs: np.ndarray
    means: np.ndarray


def surveyed(X: np.ndarray) -> Survey:
    """Return what one pass over points (n, d) finds, for finite coordinates."""
    table = kernel_input(X)
    repeated = np.empty((2, _width(X.shape[1])), X.dtype)
    sums = np.zeros(repeated.shape[1])
    look(table, repeated, sums)
    lows, highs, sums = (part.reshape(-1, X.shape[1]) for part in (*repeated, sums))
    return Survey(lows.min(axis=0), highs.max(axis=0), sums.sum(axis=0) / len(X))


def variance_of(X: np.ndarray, means: np.ndarray) -> float:
    """Return the variance of points (n, d), summed over the columns; ``means`` are those of `Survey`."""
    squares = np.zeros(_width(X.shape[1]))
    spread(kernel_input(X), np.resize(means, len(squares)), squares)
    return float(squares.sum()) / len(X)


def _width(d: int) -> int:
    """Return the length of a loop over rows of d numbers: whole rows, as many as fit into `WIDE`."""
    return d * max(1, WIDE // d)


@kernel(error_model="numpy")
def look(X, ends, sums):
    """Set ``ends`` to least and largest numbers and ``sums`` to sums, for places that a width of several rows has."""
    flat, width = X.reshape(-1), sums.shape[0]
    lows, highs = ends[0], ends[1]
    for j in range(width):
        lows[j], highs[j] = flat[j % X.shape[1]], flat[j % X.shape[1]]
    for start in range(0, flat.shape[0], width):
        part = flat[start : start + width]
        # three loops over one part, since LLVM vectorizes each and not their union; the part stays in the cache
        for j in range(part.shape[0]):
            lows[j] = min(part[j], lows[j])
        for j in range(part.shape[0]):
            highs[j] = max(part[j], highs[j])
        for j in range(part.shape[0]):
            sums[j] += part[j]


@kernel(error_model="numpy")
def spread(X, means, squares):
    """Add to ``squares`` the squared distances to the means, for places that a width of several rows has."""
    flat, width = X.reshape(-1), squares.shape[0]
    for start in range(0, flat.shape[0], width):
        part = flat[start : start + width]
        for j in range(part.shape[0]):
            squares[j] += (part[j] - means[j]) * (part[j] - means[j])
