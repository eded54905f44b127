r"""Mean and biases, which are fitted before the factors.

.. math:: \min_{b, c} \sum_{(i,j) \in \Omega} (M_{ij} - \mu - b_i - c_j)^2 + \delta (\|b\|^2 + \|c\|^2)

The damping pulls the bias of a line with few entries towards 0. Without centring the first factor absorbs the mean, and
the matrix of ratings looks worse conditioned than it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory.matrix_completion.entries import regressions
from lrtheory.matrix_completion.problem import Observations

__all__ = ["DAMPING", "Offsets", "fitted", "predicted", "times", "without"]

DAMPING = 5.0  # as if each line had so many more entries without a bias
SWEEPS = 20


class Offsets(NamedTuple):
    """Mean, and the biases of rows and columns; None where there are none."""

    mean: float
    rows: np.ndarray | None
    cols: np.ndarray | None

    def at(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray | None:
        """What to take off the entries at some positions; None for nothing."""
        if self.rows is None or self.cols is None:
            return None
        return self.mean + self.rows[rows] + self.cols[cols]


def fitted(seen: Observations, bias: bool) -> Offsets:
    """The mean, and with `bias` the biases by block coordinate descent."""
    mean = float(seen.values.mean(dtype=np.float64))
    if not bias:
        return Offsets(mean, None, None)
    (m, n), rest = seen.shape, seen.values.astype(np.float64) - mean
    b, c = np.zeros(m), np.zeros(n)
    for _ in range(SWEEPS):
        before = b
        b = np.bincount(seen.rows, rest - c[seen.cols], m) / (seen.by_row.degrees + DAMPING)
        c = np.bincount(seen.cols, rest - b[seen.rows], n) / (seen.by_col.degrees + DAMPING)
        if abs(b - before).max() <= 1e-9 * (abs(b).max() + abs(c).max()):
            break
    return Offsets(mean, b, c)


def times(taken: Offsets, factor: float) -> Offsets:
    """The same in other units."""
    rows, cols = (None if side is None else side * factor for side in (taken.rows, taken.cols))
    return Offsets(taken.mean * factor, rows, cols)


def predicted(
    at: tuple[np.ndarray, np.ndarray],
    factors: tuple[np.ndarray, np.ndarray],
    taken: Offsets,
    degrees: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """U V^T and the offsets at some rows and columns; without biases, the mean in lines that were never seen."""
    (rows, cols), (of_rows, of_cols) = at, degrees
    found = regressions.entries(rows, cols, *factors)
    back = taken.at(rows, cols)
    if back is not None:
        return found + back.astype(found.dtype)
    return np.where((of_rows[rows] > 0) & (of_cols[cols] > 0), found, found.dtype.type(taken.mean))


def without(seen: Observations, offsets: Offsets) -> Observations:
    """The observations without mean and biases."""
    taken = offsets.at(seen.rows, seen.cols)
    if taken is None:
        return seen
    rest = (seen.values - taken).astype(seen.values.dtype)
    return Observations(seen.rows, seen.cols, rest, seen.shape, labels=seen.labels)
