r"""Clusters grow block by block: what the next block would cost is known from small matrices.

A cluster is a factor U diag(s) of its blocks. For a block A with P = U^T A, the Gram matrix of [U diag(s), A] is
[[diag(s^2), diag(s) P], [P^T diag(s), A^T A]], so a candidate costs the eigenvalues of a small matrix, whatever the
number of rows.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from lrtheory._kernels.units import scaled
from lrtheory.matrix_compression.stacks import scaling
from lrtheory.matrix_compression.stacks.factors import ROUNDING, leading, spectrum_of

__all__ = ["Candidates", "Cluster", "search_noise"]


def search_noise(blocks: list[np.ndarray], keep: int) -> float:
    """The rounding of a search, as a part of the energy; `keep` columns of a cluster are kept."""
    return ROUNDING * (min(keep, len(blocks[0])) + max(1, *(block.shape[1] for block in blocks)) + len(blocks))


class Cluster(NamedTuple):
    """Blocks that share a basis, as a factor of all they have in common."""

    members: list[int]
    U: np.ndarray  # (m, k), orthonormal
    s: np.ndarray  # (k,), the largest first
    total: float

    def upper2(self, rank: int) -> float:
        """At most this is E_r^2, rounding aside (statement CM-3)."""
        return self.total - float((self.s[:rank] ** 2).sum())


class Candidates:
    """All blocks in one unit, and what is computed of each once."""

    def __init__(self, blocks: list[np.ndarray], rank: int, keep: int) -> None:
        found = [scaling.energy_of(block.astype(np.float64, copy=False)) for block in blocks]
        unit = max((u for _, u in found), default=scaling.EMPTY)
        self.rank, self.keep = rank, keep
        self.sizes = np.array([block.shape[1] for block in blocks])
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        self.columns = np.empty((len(blocks[0]), starts[-1]))
        self.places = [slice(a, b) for a, b in pairwise(starts.tolist())]
        shift = 0 if unit == scaling.EMPTY else -unit
        for block, place in zip(blocks, self.places, strict=True):
            self.columns[:, place] = scaled(block.astype(np.float64, copy=False), shift)
        self.grams = [self.block(i).T @ self.block(i) for i in range(len(blocks))]
        self.energies = np.array([float(np.trace(gram)) for gram in self.grams])
        spectra = [spectrum_of(self.block(i)) for i in range(len(blocks))]
        self.tails = np.array([float(spectrum[rank:].sum()) for spectrum in spectra])
        self.noise = search_noise(blocks, keep)

    def block(self, i: int) -> np.ndarray:
        """The columns of a block."""
        return self.columns[:, self.places[i]]

    def alone(self, i: int) -> Cluster:
        """A cluster of one block."""
        return self._made([i], self.block(i), float(self.energies[i]))

    def with_block(self, cluster: Cluster, i: int) -> Cluster:
        """The cluster and one more block."""
        Z = np.concatenate([cluster.U * cluster.s, self.block(i)], axis=1)
        return self._made([*cluster.members, i], Z, cluster.total + float(self.energies[i]))

    def together(self, members: list[int]) -> Cluster:
        """A cluster of several blocks, one after the other."""
        made = self.alone(members[0])
        for i in members[1:]:
            made = self.with_block(made, i)
        return made

    def _made(self, members: list[int], Z: np.ndarray, total: float) -> Cluster:
        _, F = leading(Z, self.keep)
        U, R = np.linalg.qr(F)
        # the columns of F are orthogonal, so R is diagonal up to rounding, and signs of columns of U do not matter
        return Cluster(members, U, np.abs(np.diag(R)), total)

    def shares(self, cluster: Cluster) -> np.ndarray:
        """Coefficients of all columns in the directions of a cluster."""
        return cluster.U.T @ self.columns

    def residuals(self, cluster: Cluster, shares: np.ndarray) -> np.ndarray:
        """Share of the energy of each block outside of the leading directions of a cluster; 0 for a block of zeros."""
        inside = np.einsum("ij,ij->j", shares[: self.rank], shares[: self.rank])
        held = np.array([float(inside[place].sum()) for place in self.places])
        return np.where(self.energies > 0, 1.0 - held / np.where(self.energies > 0, self.energies, 1.0), 0.0)

    def upper2(self, cluster: Cluster, i: int, shares: np.ndarray) -> float:
        """At most this is E_r^2 of the cluster and one more block, rounding aside."""
        mixed = cluster.s[:, None] * shares[:, self.places[i]]
        gram = np.block([[np.diag(cluster.s**2), mixed], [mixed.T, self.grams[i]]])
        kept = np.linalg.eigvalsh(gram)[::-1][: self.rank]
        return cluster.total + float(self.energies[i]) - float(np.maximum(kept, 0.0).sum())
