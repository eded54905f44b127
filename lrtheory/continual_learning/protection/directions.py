"""The directions that inputs use beyond those of a basis, with the share of the inputs that they hold."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._kernels.directions import leading
from lrtheory._kernels.units import largest_of, scaled, unit_of
from lrtheory.continual_learning.sketching.buffer import DOUBLE
from lrtheory.continual_learning.sketching.frequent_directions import FrequentDirections
from lrtheory.continual_learning.sketching.rows import Rows, checked_rows, energy_of, parts_of

__all__ = ["Seen", "compressed", "new_directions", "seen", "share_inside"]


class Seen(NamedTuple):
    """Rows B that stand for inputs X: B^T B is at most X^T X, and less by at most `missed` in any direction.

    Rows are divided by 2^unit, and squares by 4^unit.
    """

    rows: np.ndarray  # (q, n_features), float64, q at most n_features or as many as a sketch holds
    missed: float
    mass: float  # of all inputs
    unit: int
    dtype: Any  # of the inputs
    roundoff: float  # of the arithmetic that made the rows
    n_inputs: int
    most: int  # directions that it vouches for


def seen(inputs: Rows | FrequentDirections, n_features: int) -> Seen:
    """The rows that stand for inputs or for a sketch of them; those of inputs miss nothing."""
    if isinstance(inputs, FrequentDirections):
        held = inputs._held
        ends = (held.missed, held.mass, held.unit, held.buffer.dtype, held.roundoff)
        return Seen(held.root().astype(np.float64), *ends, held.n_rows, held.rank)
    given = checked_rows("inputs", inputs, n_features)
    rows, mass, unit = np.zeros((0, n_features)), 0.0, unit_of(given)
    for part in parts_of(given, 4 * n_features):
        part = scaled(part.astype(np.float64), -unit)
        rows, mass = compressed(np.concatenate([rows, part])), mass + energy_of(part)
    return Seen(rows, 0.0, mass, unit, given.dtype, DOUBLE, given.shape[0], n_features)


def compressed(rows: np.ndarray) -> np.ndarray:
    """At most as many rows as columns with the same Gram matrix, which is not formed."""
    return rows if len(rows) <= rows.shape[1] else np.asarray(np.linalg.qr(rows, mode="r"))


def share_inside(rows: Any, basis: np.ndarray) -> float:
    """The share of the mass of checked rows that lies in the span of orthonormal columns; 1 for zeros."""
    if largest_of(rows) == 0.0:
        return 1.0
    unit, inside, mass = -unit_of(rows), 0.0, 0.0
    for part in parts_of(rows, 1024):
        part = scaled(part.astype(np.float64), unit)
        inside, mass = inside + energy_of(part @ basis), mass + energy_of(part)
    return min(inside / mass, 1.0)


def new_directions(
    new: Seen, basis: np.ndarray, *, keep_energy: float | None, rank: int | None
) -> tuple[np.ndarray, float, bool]:
    """Orthonormal columns to put beside a basis, the share of the mass that both hold, and whether it was reached.

    They are the smallest number of leading directions of what the basis leaves of the rows with which the share is at
    least `keep_energy` (statement CS-4b), or `rank` of them.
    """
    M = basis.astype(np.float64)
    rows, mass = new.rows, new.mass
    left = rows - (rows @ M) @ M.T
    inside = energy_of(rows @ M)
    energies, F = leading(left.T, min(new.most, M.shape[0] - M.shape[1]))
    noise = (4 * float(np.finfo(new.dtype).eps)) ** 2 * mass + 8 * np.finfo(float).eps * energies[:1].sum()
    usable = int(np.count_nonzero(energies[: F.shape[1]] > noise))
    held = inside + np.concatenate([[0.0], np.cumsum(energies[:usable])])
    if keep_energy is None:
        assert rank is not None
        n, reached = min(rank, usable), usable >= rank
    else:
        # sums of as many squares may fall short of a share that is reached exactly
        due = keep_energy * mass * (1 - (new.n_inputs + rows.size) * np.finfo(float).eps)
        reached = bool(held[-1] >= due)
        n = int(np.argmax(held >= due)) if reached else usable
    share = min(float(held[n]) / mass, 1.0) if mass > 0 else 1.0
    return _orthonormal(F[:, :n], M), share, reached


def _orthonormal(F: np.ndarray, M: np.ndarray) -> np.ndarray:
    """Orthonormal columns with the span of F, which are orthogonal to those of M.

    The second time decides: rows that lie almost in the span of M are left with little more than rounding by the first.
    """
    Q, R = np.linalg.qr(F - M @ (M.T @ F))
    return np.asarray(Q * np.where(R.diagonal() < 0, -1.0, 1.0))
