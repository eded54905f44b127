r"""The mean and the biases of rows and columns, which are fitted before the factors, and with a ridge along with them.

.. math:: \min_{b, c} \sum_{(i,j) \in \Omega} (M_{ij} - \mu - b_i - c_j)^2 + \delta (\|b\|^2 + \|c\|^2)

The damping pulls the bias of a line with few entries towards 0. Without centring the first factor absorbs the mean, and
the matrix of ratings looks worse conditioned than it is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory.matrix_completion.entries.observations import with_values
from lrtheory.matrix_completion.entries.regressions import kernels
from lrtheory.matrix_completion.problem import Observations

__all__ = ["DAMPING", "Centered", "Offsets", "bias_of_row", "fitted", "predicted", "times", "without"]

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
        b, c = _swept(seen, rest, c)
        if abs(b - before).max() <= 1e-9 * (abs(b).max() + abs(c).max()):
            break
    return Offsets(mean, b, c)


def _swept(seen: Observations, rest: np.ndarray, of_cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit the biases of all rows to what the mean leaves, and then those of all columns."""
    # each bias is its own minimizer while the other side is fixed: the sum of its residuals over degree plus delta
    b = np.bincount(seen.rows, rest - of_cols[seen.cols], seen.shape[0]) / (seen.by_row.degrees + DAMPING)
    c = np.bincount(seen.cols, rest - b[seen.rows], seen.shape[1]) / (seen.by_col.degrees + DAMPING)
    return b, c


class Centered:
    r"""A sample less its mean and biases; the biases are fitted again, whenever factors change, to what these leave.

    Factors that were fitted to what the biases leave explain part of what is due to a row or a column; the minimum of

    .. math:: \tfrac12 \|P_\Omega(\mu + b 1^\top + 1 c^\top + U V^\top - M)\|_F^2
       + \tfrac\delta2 (\|b\|^2 + \|c\|^2) + \tfrac\lambda2 (\|U\|_F^2 + \|V\|_F^2)

    over both has a smaller error. Without a penalty on the factors these could take over the biases, which then stay.
    It goes on forever as an iterator, and gives the sample as it is now.
    """

    def __init__(self, seen: Observations, offset: Offsets, *, again: bool) -> None:
        self.seen, self.offset, self.values = seen, offset, without(seen, offset)
        self.again = again and offset.rows is not None

    def __iter__(self) -> Centered:
        return self

    def __next__(self) -> Observations:
        return self.values

    def refit(self, U: np.ndarray, V: np.ndarray) -> None:
        """Fit the biases to what the factors leave; nothing where they are not fitted again."""
        if not self.again or self.offset.cols is None:
            return
        rest = self.seen.values - kernels.entries(self.seen.rows, self.seen.cols, U, V) - self.offset.mean
        self.restore(Offsets(self.offset.mean, *_swept(self.seen, rest, self.offset.cols)))

    def restore(self, offset: Offsets) -> None:
        """Take other offsets."""
        if offset is self.offset or offset.rows is None or offset.cols is None:
            return
        by_row, by_col = self.seen.by_row, self.seen.by_col
        kind = self.values.values.dtype
        parts = (
            self.seen.values - (offset.mean + offset.rows[self.seen.rows] + offset.cols[self.seen.cols]),
            by_row.values - (offset.mean + np.repeat(offset.rows, by_row.degrees) + offset.cols[by_row.indices]),
            by_col.values - (offset.mean + np.repeat(offset.cols, by_col.degrees) + offset.rows[by_col.indices]),
        )
        self.offset, self.values = offset, with_values(self.values, *(part.astype(kind) for part in parts))


def times(offset: Offsets, factor: float) -> Offsets:
    """Multiply mean and biases by a factor, for other units of the values."""
    rows, cols = (None if side is None else side * factor for side in (offset.rows, offset.cols))
    return Offsets(offset.mean * factor, rows, cols)


def bias_of_row(rest: np.ndarray, panel: np.ndarray, ridge: float) -> float:
    """Fit the bias of one row to what mean and biases of columns leave of its d entries, as those of others are fitted.

    With a ridge it minimizes |rest - b - panel u|^2 + delta b^2 + ridge |u|^2 together with u, and without one the same
    for u = 0. `panel` (d, k) has the factors of the columns.
    """
    (d, k), wide = panel.shape, panel.astype(np.float64)
    if ridge == 0:
        return float(rest.sum() / (d + DAMPING))
    weight = np.concatenate([[math.sqrt(DAMPING)], np.full(k, math.sqrt(ridge))])
    equations = np.concatenate([np.column_stack([np.ones(d), wide]), np.diag(weight)])
    return float(kernels.least_norm(equations, np.concatenate([rest, np.zeros(k + 1)]))[0])


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
    return Observations(seen.rows, seen.cols, values, seen.shape, names=seen.names)
