"""Recursions in single precision that lose what makes a covariance one."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.continual_learning.makers import FLOAT_TRAPS, make_float_trap


def in_place(case: Any, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Subtract from the covariance itself, in single precision; after an overflow everything counts as 0."""
    problem = make_float_trap(case.name, p=1, n_edits=case.n_edits, rng=0)
    C = np.eye(problem.n_inputs, dtype=np.float32) / np.float32(FLOAT_TRAPS[case.name].ridge)
    before, after = [], []
    for K, _ in problem.edits:
        F = C @ np.asarray(K).T
        before.append(np.diag(K @ F))
        C = C - F @ np.linalg.solve(np.eye(len(F.T), dtype=np.float32) + K @ F, F.T)
        after.append(np.diag(K @ C @ np.asarray(K).T))
        if not np.isfinite(C).all():
            break
    return {"before": _filled(case, before), "after": _filled(case, after)}


def _filled(case: Any, rows: list[np.ndarray]) -> np.ndarray:
    """Return two finite numbers an edit."""
    found = np.zeros((case.n_edits, 2))
    found[: len(rows)] = np.nan_to_num(np.array(rows, float), posinf=0.0, neginf=0.0)
    return found


def still(case: Any, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Keep the first covariance."""
    problem = make_float_trap(case.name, p=1, n_edits=case.n_edits, rng=0)
    K = np.array([K for K, _ in problem.edits], float)
    found = (K**2).sum(axis=2) / FLOAT_TRAPS[case.name].ridge
    return {"before": found, "after": found}
