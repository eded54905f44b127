r"""Factor F with few columns that stands for many: M M^T ~ F F^T, with what truncations may have cost.

All arrays are in one unit, see `scaling`. The bracket is that of statement CM-3, or of CM-16 where energies shrink;
`theory.superadditive_floor` has the proof of the floors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lrtheory._kernels.directions import leading, lengths_left

__all__ = ["ROUNDING", "Factor", "empty", "joined", "leading", "rescaled_factor", "spectrum_of"]

#: an allowance for the rounding of one operation beside others, in units of the whole energy: 8 u
ROUNDING = 8 * 2.0**-53


@dataclass(frozen=True, eq=False)
class Factor:
    """A factor, and brackets for every rank from 0 to the number of columns that are kept."""

    F: np.ndarray  # (m, at most keep), orthogonal columns, the longest first
    lost: np.ndarray  # (keep + 1,): D_j, the j largest energies of every truncation, summed
    lost_whole: float  # the energies of all truncations
    lost_most: float  # the largest energy of every truncation, summed; Delta of Frequent Directions
    floors: np.ndarray  # (keep + 1,): at least this is E_j^2

    @cached_property
    def energies(self) -> np.ndarray:
        """Squared lengths of the columns, the largest first."""
        return -np.sort(-np.einsum("ij,ij->j", self.F, self.F))

    def bracket(self, total: float, rank: int) -> tuple[float, float]:
        """Between which numbers E_rank^2 lies, rounding aside."""
        upper = total - float(self.energies[:rank].sum())
        if rank < len(self.lost):
            return max(upper - float(self.lost[rank]), float(self.floors[rank])), upper
        return upper - self.lost_whole, upper


def empty(n_rows: int, keep: int) -> Factor:
    """Make a factor of nothing."""
    return Factor(np.empty((n_rows, 0)), np.zeros(keep + 1), 0.0, 0.0, np.zeros(keep + 1))


def spectrum_of(Z: np.ndarray) -> np.ndarray:
    """Squared singular values of a matrix, the largest first, from the Gram matrix of its smaller side."""
    small = Z.T @ Z if Z.shape[1] <= Z.shape[0] else Z @ Z.T
    return np.maximum(np.linalg.eigvalsh(small)[::-1], 0.0)


def joined(a: Factor, b: Factor | np.ndarray, *, shrink: bool) -> tuple[Factor, np.ndarray]:
    """Put a factor, or raw columns, beside a factor, and truncate what comes out; say which energies that took away.

    Frequent Directions `shrink`: the first energy that is not kept is subtracted from all.
    """
    keep = len(a.lost) - 1
    other = replace(empty(len(a.F), keep), F=b) if isinstance(b, np.ndarray) else b
    energies, F = leading(np.concatenate([a.F, other.F], axis=1), keep)
    dropped = energies[keep:]
    if shrink and len(dropped) and dropped[0] > 0:
        delta = dropped[0]
        F = F * lengths_left(energies[:keep], delta)
        dropped = np.concatenate([np.full(keep, delta), dropped])
    lost, whole = a.lost + other.lost, a.lost_whole + other.lost_whole
    exact = whole == 0.0  # so far nothing was dropped, and `energies` are those of the blocks themselves
    if len(dropped):
        sums = np.cumsum(dropped[:keep])
        lost = lost + np.concatenate([[0.0], sums, np.full(keep - len(sums), sums[-1] if len(sums) else 0.0)])
        whole, most = whole + float(dropped.sum()), float(dropped[0])
    else:
        most = 0.0
    made = Factor(F, lost, whole, a.lost_most + other.lost_most + most, a.floors)
    tops = np.concatenate([[0.0], np.cumsum(made.energies)])
    tops = np.concatenate([tops, np.full(keep + 1 - len(tops), tops[-1])])
    if exact:
        tails = np.concatenate([np.cumsum(energies[::-1])[::-1], np.zeros(keep + 1)])[: keep + 1]
        return replace(made, floors=tails), dropped
    # the energy of all is that of the columns and of what was dropped (statement CM-3t)
    rest = (tops[-1] - tops) + (whole - lost)
    return replace(made, floors=np.maximum(a.floors + other.floors, rest)), dropped


def rescaled_factor(factor: Factor, exponent: int) -> Factor:
    """Multiply the matrix that a factor stands for by a power of two."""
    if exponent == 0:
        return factor
    length, energy = 2.0 ** max(exponent, -1000), 2.0 ** max(2 * exponent, -1000)
    return replace(
        factor,
        F=factor.F * length,
        lost=factor.lost * energy,
        lost_whole=factor.lost_whole * energy,
        lost_most=factor.lost_most * energy,
        floors=factor.floors * energy,
    )
