"""Wrong estimators that several rooms refute."""

from __future__ import annotations

from typing import Any

import numpy as np

from proofs_checks.low_rank_optimizers.families.estimates import estimated, one_row
from proofs_checks.low_rank_optimizers.families.polynomials import Task, patterns


def _products(A: list[np.ndarray], B: list[np.ndarray]) -> np.ndarray:
    """Return A B^T of all layers, of shape (N, P, D)."""
    dense = [np.einsum("npir,npjr->npij", a, b) for a, b in zip(A, B, strict=True)]
    N, P = dense[0].shape[:2]
    return one_row(dense, N * P).reshape(N, P, -1)


def _combined(task: Task, E: np.ndarray, other: np.ndarray | None = None, update: np.ndarray | None = None) -> Any:
    """Return differences of pairs for offsets scale E and - scale other, and the mean of their products with update."""
    scale = float(task.scale)
    values = [task.value((c * one).reshape(-1, E.shape[-1])) for c, one in ((scale, E), (-scale, E))]
    if other is not None:
        values[1] = task.value((-scale * other).reshape(-1, E.shape[-1]))
    d = (values[0] - values[1]).reshape(E.shape[:2]) / 2
    return {"estimates": np.einsum("np,npd->nd", d, E if update is None else update) / (task.pairs * task.rank * scale)}


Found = dict[str, Any]


def unscaled(task: Task, rng: np.random.Generator | None = None, power: float = 0.5) -> Found:
    """Leave out that E is divided by the root of the rank, or divide by the rank itself, with a power of -1/2."""
    A, B, _ = patterns(task, False)
    E = _products(A, B)
    return {"estimates": _combined(task, task.rank**power * E)["estimates"] * task.rank**power}


def fresh(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Draw new factors for the second member of a pair."""
    A, B, _ = patterns(task, False)
    E = _products(A, B)
    return _combined(task, E, other=_products([np.roll(one, 1, axis=0) for one in A], B))


def over_members(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Take the mean over members where that over pairs is due."""
    return {"estimates": estimated(task)["estimates"] / 2}


def signs_in_the_update(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Take signs of the factors for the update, and the factors themselves for the members."""
    A, B, _ = patterns(task, False)
    update = _products([np.sign(a) for a in A], [np.sign(b) for b in B])
    return _combined(task, _products(A, B), update=update)
