"""The memory of Frequent Directions: a buffer of rows that is shrunk when it is full, or the exact Gram matrix.

Everything is divided by 2^unit, squares by 4^unit, so that rows of any size are squared without overflow or underflow.
A stream that is multiplied by a power of two leaves the same digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory._kernels.directions import leading, lengths_left
from lrtheory._kernels.units import largest_of, scaled
from lrtheory.continual_learning.sketching.rows import energy_of, parts_of

__all__ = ["DROPPED", "SketchBuffer", "Snapshot"]

#: after a shrink, rows with a squared length below DROPPED * roundoff * (squared norm of the stream) are deleted; they
#: are rounding left by equal singular values. The norm is at most the largest squared length plus `missed`
DROPPED = 8
#: the unit is raised when rows come that are larger by so many powers of two, and lowered when decay has done as much
SLACK = 30
#: rows that are multiplied at a time for the exact Gram matrix
PART = 1024
#: the unit roundoff of doubles
DOUBLE = 2.0**-53


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The memory as a reader sees it, in its unit."""

    energies: np.ndarray  # squared singular values of what is held, the largest first
    F: np.ndarray  # (n, at most rank): its leading right singular vectors times singular values, as columns
    rows: np.ndarray  # (at most rank, n): the sketch
    missed: float  # with what the last shrink took
    roundoff: float  # of the coarsest arithmetic behind the sketch


class SketchBuffer:
    """The buffer or the Gram matrix of a stream, and the sums beside it.

    Parameters
    ----------
    n_features, rank, room : int
        The length of a row, the rows of the sketch, and those of the buffer.
    exact : bool
        Whether the Gram matrix is kept instead of a buffer.
    """

    def __init__(self, n_features: int, rank: int, room: int, *, exact: bool) -> None:
        self.rank, self.room = rank, room
        self.gram = np.zeros((n_features, n_features)) if exact else None
        self.buffer = np.zeros((0, n_features), np.float32)  # float32 until the first float64 comes
        self.filled, self.n_rows, self.n_shrinks, self.unit = 0, 0, 0, 0
        self.missed, self.mass = 0.0, 0.0
        self.roundoff = DOUBLE  # the coarsest unit roundoff in which rows were changed

    @property
    def rows(self) -> np.ndarray:
        """The rows in the buffer."""
        return self.buffer[: self.filled]

    def take(self, rows: Any) -> None:
        """Take in checked rows, dense or sparse."""
        largest = largest_of(rows)
        self._fit(rows.dtype, math.frexp(largest)[1] if largest > 0.0 else None)
        for part in parts_of(rows, self.room if self.gram is None else PART):
            part = scaled(part, -self.unit)
            self.mass += energy_of(part)
            self._push(part)
        self.n_rows += rows.shape[0]

    def merge(self, other: SketchBuffer) -> None:
        """Take in all that another one has seen, which stays as it is."""
        self._fit(other.buffer.dtype, other.unit + math.frexp(other.mass)[1] // 2 if other.mass > 0.0 else None)
        shift = other.unit - self.unit
        self.mass += math.ldexp(other.mass, 2 * shift)
        self.missed += math.ldexp(other.missed, 2 * shift)
        self.roundoff = max(self.roundoff, other.roundoff)
        if self.gram is not None and other.gram is not None:
            self.gram += scaled(other.gram, 2 * shift)
        else:
            self._push(scaled(other.rows, shift))
        self.n_rows, self.n_shrinks = self.n_rows + other.n_rows, self.n_shrinks + other.n_shrinks

    def fade(self, decay: float) -> None:
        """Multiply all rows that were seen by a number in (0, 1]."""
        self.rows[:] *= decay
        self.roundoff = self._coarser()
        if self.gram is not None:
            self.gram *= decay**2
        self.missed, self.mass = self.missed * decay**2, self.mass * decay**2
        if 0.0 < self.mass < 0.25**SLACK:
            self._move(self.unit + math.frexp(self.mass)[1] // 2)

    def read(self) -> Snapshot:
        """Shrink a copy to at most `rank` rows."""
        if self.gram is None:
            energies, F = leading(self.rows.T, self.rank)
        else:
            energies, V = np.linalg.eigh(self.gram)
            energies = np.maximum(energies[::-1], 0.0)
            F = V[:, ::-1][:, : self.rank] * np.sqrt(energies[: self.rank])
        if self.gram is None and self.filled <= self.rank:
            rows, missed = self.rows.copy(), 0.0
        else:
            rows, missed = self._shrunk(energies, F)
        dtype = self.buffer.dtype
        F, rows = F.astype(dtype, copy=False), rows.astype(dtype, copy=False)
        return Snapshot(energies, F, rows, self.missed + missed, self._coarser())

    def root(self) -> np.ndarray:
        """All rows that are held without a shrink, whose Gram matrix is the one that `missed` belongs to."""
        if self.gram is None:
            return self.rows.copy()
        energies, V = np.linalg.eigh(self.gram)
        kept = energies > 0.0
        return np.asarray((V[:, kept] * np.sqrt(energies[kept])).T[::-1])

    def _push(self, rows: np.ndarray) -> None:
        if self.gram is not None:
            rows = rows.astype(np.float64, copy=False)
            self.gram += rows.T @ rows
            return
        if len(self.buffer) == 0:
            self.buffer = np.zeros((self.room, self.buffer.shape[1]), self.buffer.dtype)
        start = 0
        while start < len(rows):
            if self.filled == self.room:
                self._shrink()
            stop = min(len(rows), start + self.room - self.filled)
            self.buffer[self.filled : self.filled + stop - start] = rows[start:stop]
            self.filled, start = self.filled + stop - start, stop

    def _shrink(self) -> None:
        """Make room in a full buffer."""
        left, missed = self._shrunk(*leading(self.rows.T, self.rank))
        self.roundoff = self._coarser()
        self.buffer[: len(left)] = left
        self.filled, self.missed, self.n_shrinks = len(left), self.missed + missed, self.n_shrinks + 1

    def _shrunk(self, energies: np.ndarray, F: np.ndarray) -> tuple[np.ndarray, float]:
        """The rows that are left when the first energy beyond `rank` is subtracted from all, and that energy."""
        missed = energies[self.rank] if len(energies) > self.rank else energies.dtype.type(0.0)
        least = DROPPED * np.finfo(energies.dtype).eps * (float(energies[0]) + self.missed)
        n = int(np.count_nonzero(energies[: self.rank] - missed > least))
        return (F[:, :n] * lengths_left(energies[:n], missed)).T, float(missed)

    def _coarser(self) -> float:
        return max(self.roundoff, float(np.finfo(self.buffer.dtype).eps) / 2)

    def _fit(self, dtype: Any, exponent: int | None) -> None:
        """Choose type and unit in which both what there is and what comes, unless it is zero, fit."""
        dtype = np.result_type(self.buffer.dtype, dtype)
        if dtype != self.buffer.dtype:
            self.buffer = self.buffer.astype(dtype)
        if exponent is not None and (self.mass == 0.0 or exponent > self.unit + SLACK):
            self._move(exponent)

    def _move(self, unit: int) -> None:
        """Go over to another unit."""
        shift, self.unit = self.unit - unit, unit
        self.missed, self.mass = math.ldexp(self.missed, 2 * shift), math.ldexp(self.mass, 2 * shift)
        self.rows[:] = scaled(self.rows, shift)
        if self.gram is not None:
            self.gram = scaled(self.gram, 2 * shift)
