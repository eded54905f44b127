"""Signals, and the cosine basis with its two ways to be applied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.low_rank_optimizers.columns.basis import dct_basis
from lrtheory.low_rank_optimizers.columns.select_columns import select_columns

Found = dict[str, Any]


@dataclass(frozen=True)
class Cosines:
    """Signals of n integers in the rows of X, at least n of them."""

    X: np.ndarray

    @property
    def n(self) -> int:
        """The size of the basis."""
        return int(self.X.shape[1])


def is_size(case: Cosines) -> bool:
    """Decide whether there are at least as many signals as numbers in each, so that the rows are transformed."""
    return case.X.ndim == 2 and 1 <= case.n <= len(case.X)


@lru_cache(maxsize=4096)
def cosine(n: int, j: int, k: int) -> float:
    """Return an entry of the basis, rounded once from balls of 106 bits."""
    with flint.ctx.workprec(106):
        value = (flint.arb(k * (2 * j + 1)) / (2 * n)).cos_pi()
        return float((value * (flint.arb(2 if k else 1) / n).sqrt()).mid())


def bases(case: Cosines, rng: np.random.Generator | None = None) -> Found:
    """Return the basis in both precisions, and all coordinates of the signals in it by each method."""
    X, n = np.asarray(case.X, float), case.n
    by = {name: select_columns(X, n, method=method) for name, method in (("product", "gemm"), ("transform", "fft"))}
    coordinates = {name: np.asarray(found.coefficients) for name, found in by.items()}
    return {"double": dct_basis(n), "single": dct_basis(n, dtype="float32"), **coordinates}


def sizes() -> list[Cosines]:
    """Return signals of each small size, and of one size at which rounded arguments show."""
    small = [Cosines(np.arange(n * (n + 1)).reshape(n + 1, n) % 5 - 2) for n in (1, 2, 3, 4, 8)]
    return [*small, Cosines(np.eye(48, dtype=int))]


def draw_signals(draws: Draws) -> Cosines:
    """Return drawn signals."""
    n = draws.integers(1, 16)
    return Cosines(draws.integers(-9, 9, (n + draws.integers(0, 2), n)))


COSINES = Family("signals", always=sizes, draw=draw_signals)
