r"""The mean and the biases of rows and columns, which are fitted before the factors.

.. math:: \min_{b, c} \sum_{(i,j) \in \Omega} (M_{ij} - \mu - b_i - c_j)^2 + \delta (\|b\|^2 + \|c\|^2)

The damping pulls the bias of a line with few entries towards 0. Without centring the first factor absorbs the mean, and
the matrix of ratings looks worse conditioned than it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory.matrix_completion.entries.regressions import kernels
from lrtheory.matrix_completion.problem import Observations

__all__ = ["DAMPING", "Offsets", "fitted", "predicted", "times", "without"]

DAMPING = 5.0  # delta: a line counts as if it had this many more entries, each with a residual of 0
SWEEPS = 20  # largest number of sweeps over all rows and all columns


class Offsets(NamedTuple):
    """A mean, and the biases of rows (m,) and of columns (n,), or None where no biases were fitted."""

    mean: float
    rows: np.ndarray | None
    cols: np.ndarray | None

    def at(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray | None:
        """Return what is subtracted from the entries at N positions, of shape (N,); None where there are no biases."""
        if self.rows is None or self.cols is None:
            return None
        return self.mean + self.rows[rows] + self.cols[cols]


def fitted(seen: Observations, bias: bool) -> Offsets:
    """Fit the mean, and with `bias` the biases by block coordinate descent: all rows, then all columns."""
    mean = float(seen.values.mean(dtype=np.float64))
    if not bias:
        return Offsets(mean, None, None)
    (m, n), rest = seen.shape, seen.values.astype(np.float64) - mean
    b, c = np.zeros(m), np.zeros(n)
    for _ in range(SWEEPS):
        before = b
        # each bias is its own minimizer while the other side is fixed: the sum of its residuals over degree plus delta
        b = np.bincount(seen.rows, rest - c[seen.cols], m) / (seen.by_row.degrees + DAMPING)
        c = np.bincount(seen.cols, rest - b[seen.rows], n) / (seen.by_col.degrees + DAMPING)
        if abs(b - before).max() <= 1e-9 * (abs(b).max() + abs(c).max()):
            break
    return Offsets(mean, b, c)


def times(offset: Offsets, factor: float) -> Offsets:
    """Multiply mean and biases by a factor, for other units of the values."""
    rows, cols = (None if side is None else side * factor for side in (offset.rows, offset.cols))
    return Offsets(offset.mean * factor, rows, cols)


def predicted(
    at: tuple[np.ndarray, np.ndarray],
    factors: tuple[np.ndarray, np.ndarray],
    offset: Offsets,
    degrees: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Predict U V^T plus the offsets at N positions; without biases, the mean in lines that were never seen."""
    (rows, cols), (of_rows, of_cols) = at, degrees
    found = kernels.entries(rows, cols, *factors)
    subtracted = offset.at(rows, cols)
    if subtracted is not None:
        return found + subtracted.astype(found.dtype)
    return np.where((of_rows[rows] > 0) & (of_cols[cols] > 0), found, found.dtype.type(offset.mean))


def without(seen: Observations, offset: Offsets) -> Observations:
    """Subtract mean and biases from the observations; without biases the mean stays in, and the factors fit it."""
    subtracted = offset.at(seen.rows, seen.cols)
    if subtracted is None:
        return seen
    values = (seen.values - subtracted).astype(seen.values.dtype)
    return Observations(seen.rows, seen.cols, values, seen.shape, labels=seen.labels)
