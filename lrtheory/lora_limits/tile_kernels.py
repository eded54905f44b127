r"""Two passes over a tile of logits: exponentials with their row sums, and the factor that makes p of f."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel
from lrtheory._exponential import exponential
from lrtheory._lanes import wide

__all__ = ["exponentials", "weigh"]

FAST = {"contract", "reassoc"}  # sums in any order, products and sums in one rounding


@kernel(nogil=True, fastmath=FAST)
def rows(tile, peaks, sums, m):
    """exp(row - peak) of the first m entries of each row, and their sum."""
    wide()
    for i in range(tile.shape[0]):
        row, peak = tile[i], peaks[i]
        total = tile.dtype.type(0)
        for j in range(m):
            power = exponential(row[j] - peak)
            row[j] = power
            total += power
        sums[i] = total


@kernel(nogil=True, fastmath=FAST)
def weigh(tile, errors, mean, first, last):
    """E <- E o (q - r 1^T) in the columns from first to last."""
    wide()
    for i in range(tile.shape[0]):
        row, error, r = tile[i, first:last], errors[i], mean[i]
        for j in range(row.shape[0]):
            row[j] *= error[j] - r


def exponentials(tile: np.ndarray, sums: np.ndarray, m: int) -> None:
    """The first m columns of a tile of logits become exp(logits - row maximum), with their row sums."""
    # NumPy's maximum runs in vector registers, a loop for it does not, as it would have to keep NaN apart
    rows(tile, tile[:, :m].max(axis=1), sums, m)
