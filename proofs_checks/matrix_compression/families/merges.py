"""Several updates of one weight, their weights, and the rank that their sum shall get."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws
from lrtheory.matrix_compression import AdapterFile, AdapterModule, baselines
from proofs_checks.matrix_compression.families.updates import allowance, are_factors, draw_factors, regauged


@dataclass(frozen=True)
class Merge:
    """Factors, scale and weight of each update, and the rank r."""

    B: tuple[np.ndarray, ...]
    A: tuple[np.ndarray, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    rank: int

    @property
    def terms(self) -> list[np.ndarray]:
        """The updates w s B A."""
        rows = zip(self.B, self.A, self.scales, self.weights, strict=True)
        return [w * s * (B @ A) for B, A, s, w in rows]

    @property
    def total(self) -> np.ndarray:
        """Their sum."""
        return np.sum(self.terms, axis=0)

    @property
    def allowed(self) -> float:
        """The rounding in doubles of norms of the sum, and of truncations on the way to it."""
        rows = zip(self.B, self.scales, self.weights, strict=True)
        left = np.concatenate([w * s * B for B, s, w in rows], axis=1)
        return 4 * len(self.B) * allowance(left, np.concatenate(self.A, axis=0))


def are_of_one_weight(case: Merge) -> bool:
    """Decide whether all are updates of one shape, one at least."""
    counts = {len(case.B), len(case.A), len(case.scales), len(case.weights)}
    pairs = list(zip(case.B, case.A, strict=False))
    fits = len(counts) == 1 and pairs and all(are_factors(B, A) for B, A in pairs)
    return bool(fits and len({(B.shape[0], A.shape[1]) for B, A in pairs}) == 1)


def are_weighted(case: Merge) -> bool:
    """Decide whether weights and scales are numbers, and the rank is not negative."""
    return bool(np.isfinite([*case.weights, *case.scales]).all() and case.rank >= 0)


MERGED = {"updates of one weight": are_of_one_weight, "weights, scales and a rank": are_weighted}
NAME = "query"


def adapters(case: Merge) -> list[AdapterFile]:
    """Return the updates as adapters of one module, in double precision."""
    rows = zip(case.B, case.A, case.scales, strict=True)
    return [AdapterFile({NAME: AdapterModule(B, A, scale=s, dtype="F64")}) for B, A, s in rows]


def averaged(case: Merge, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the factors that adding up left and right factors gives."""
    module = baselines.factor_average(adapters(case), case.weights).adapter.modules[NAME]
    return {"B": module.B, "A": module.A, "scale": module.scale}


def draw_merge(draws: Draws) -> Merge:
    """Draw up to four updates of different ranks, with weights of either sign, some of them in a gauge."""
    m, n, count = draws.integers(2, 5), draws.integers(2, 5), draws.integers(1, 4)
    B, A = [], []
    for _ in range(count):
        q = draws.integers(1, 3)
        left, right = draw_factors(draws, m, q, n)
        mixed = q >= 2 and draws.choice((False, True))
        left, right = regauged(left, right, 3) if mixed else (left, right)
        B.append(left)
        A.append(right)
    scales = tuple(draws.choice((1.0, 2.0, 0.25)) for _ in range(count))
    weights = tuple(draws.choice((1.0, -1.0, 0.5, 0.0)) for _ in range(count))
    return Merge(tuple(B), tuple(A), scales, weights, draws.integers(0, min(m, n)))


def numbers(*pairs: tuple[float, float], rank: int = 1, weights: tuple[float, ...] | None = None) -> Merge:
    """Make updates of a weight of one entry."""
    B, A = (tuple(np.array([[x]]) for x in column) for column in zip(*pairs, strict=True))
    return Merge(B, A, (1.0,) * len(pairs), weights or (1.0,) * len(pairs), rank)


def merges() -> tuple[Merge, ...]:
    """Return 1 and 2 as products, a difference of updates, ranks that differ, and a sum wider than the weight."""
    B, A = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, -1.0]]), np.array([[1.0, 2.0, 0.0], [-1.0, 1.0, 3.0]])
    pair = Merge((B, B[::-1].copy()), (A, 2 * A[:, ::-1]), (1.0, 0.5), (1.0, -1.0), 1)
    return (
        numbers((1, 1), (2, 1)),
        numbers((1, 1), (2, 1), weights=(1.0, -1.0)),
        pair,
        replace(pair, weights=(0.5, 2.0)),
        replace(pair, B=(B, B[:, :1].copy()), A=(A, A[:1].copy())),
        replace(
            pair, B=(B, B, B[::-1].copy()), A=(A, A[::-1].copy(), A), scales=(1.0,) * 3, weights=(1.0,) * 3, rank=2
        ),
    )
