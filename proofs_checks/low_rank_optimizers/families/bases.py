"""Columns of orthogonal bases, rational ones and cosines."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import flint
import numpy as np

HADAMARD = ((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1))


def in_fractions(X: Any) -> np.ndarray:
    """Return integers, or doubles, as Fractions."""
    flat = np.asarray(X)
    return np.array([Fraction(x) for x in flat.ravel().tolist()], object).reshape(flat.shape)


def rational_basis(kind: str, order: Any) -> np.ndarray:
    """Return an orthogonal matrix of Fractions: permuted unit vectors, with a block of halves or with rotations."""
    n = len(order)
    Q = in_fractions(np.eye(n, dtype=int)[:, np.asarray(order, int)])
    if kind == "hadamard" and n >= 4:
        Q[:4] = in_fractions(HADAMARD) @ Q[:4] / 2
    if kind == "rotations":
        turn = in_fractions([[3, -4], [4, 3]]) / 5
        for i in range(n - 1):
            Q[i : i + 2] = turn @ Q[i : i + 2]
    return Q


@dataclass(frozen=True)
class Choice:
    """Coordinates S (m, n) of a gradient in a basis, with m at least n, how many columns are chosen, and its layout."""

    S: np.ndarray
    kind: str
    order: np.ndarray
    rank: int
    transposed: bool = False

    @property
    def basis(self) -> np.ndarray:
        """The basis, in Fractions."""
        return rational_basis(self.kind, self.order)

    @property
    def gradient(self) -> np.ndarray:
        """The gradient S Q^T in Fractions, in the layout with more rows."""
        return in_fractions(self.S) @ self.basis.T


def spike(m: int, n: int, rank: int = 1, size: int = 2) -> Choice:
    """Return a column with one entry, and constant columns whose sums of absolute values are just larger."""
    S = np.full((m, n), size)
    S[:, 0] = 0
    S[0, 0] = m * size - 1
    return Choice(S, "permutation", np.arange(n), rank)


@lru_cache(maxsize=4096)
def cosine(n: int, j: int, k: int) -> float:
    """Return an entry of the basis, rounded once from balls of 106 bits."""
    with flint.ctx.workprec(106):
        value = (flint.arb(k * (2 * j + 1)) / (2 * n)).cos_pi()
        return float((value * (flint.arb(2 if k else 1) / n).sqrt()).mid())
