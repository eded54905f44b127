"""The noise of one generation: what draws the same factors again from a seed and the number of a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.low_rank_optimizers.evolution.kernels import fill_normals, fill_signs
from lrtheory.low_rank_optimizers.evolution.perturbations import Factors

__all__ = ["FACTORS", "Noise"]

FACTORS = ("sign", "gaussian")


@dataclass(frozen=True, slots=True)
class Noise:
    """Factors of all layers as functions of seed, step, layer and pair."""

    seed: int
    step: int
    shapes: tuple[tuple[int, ...], ...]
    rank: int
    pairs: int
    factors: str

    def draw(self, layer: int) -> Factors:
        """Return A of shape (P, m, r) and B of shape (P, n, r), or A of shape (P, m) and None, in single precision."""
        shape = self.shapes[layer]
        if len(shape) == 1:
            return self._rows(2 * layer, shape[0]), None
        A, B = (self._rows(2 * layer + side, self.rank * n) for side, n in enumerate(shape))
        m, n = shape
        P, r = self.pairs, self.rank
        return A.reshape(P, r, m).swapaxes(1, 2), B.reshape(P, r, n).swapaxes(1, 2)

    def _rows(self, stream: int, length: int) -> np.ndarray:
        """One row for each pair."""
        rows = np.empty((self.pairs, length), np.float32)
        counter = stream, np.uint64(self.step), np.uint64(self.seed)
        if self.factors == "sign":
            fill_signs(rows.view(np.uint32), *counter)
        else:
            fill_normals(rows, *counter)
        return rows
