"""Steps that divide by another number than the root mean square of cosines, or by many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from proofs_checks.low_rank_optimizers.families.curvature.directions import Run, Vector

Found = dict[str, Any]


def differenced(case: Vector, rng: np.random.Generator | None = None) -> Found:
    """Subtract 1 from the mean of squared cosines, which loses the digits of small entries."""
    return {"excess": float(np.mean(np.cosh(case.x) ** 2) - 1)}


def entrywise(case: Run, rng: np.random.Generator | None = None) -> Found:
    """Divide each entry by its own cosine, which would change singular vectors."""
    scaled = [case.gamma * G / (np.linalg.norm(G) + 1e-7) for G in case.directions]
    return {"updates": np.stack([-G / np.cosh(x) for G, x in zip(case.directions, scaled, strict=True)])}


def unrooted(case: Run, rng: np.random.Generator | None = None) -> Found:
    """Divide by the mean of squared cosines, without the root."""
    units = [G / (np.linalg.norm(G) + 1e-7) for G in case.directions]
    return {"updates": np.stack([-X / (np.mean(np.cosh(X) ** 2) + 1e-8) for X in units])}


def behind(case: Run, rng: np.random.Generator | None = None) -> Found:
    """Look ahead from the mean before the gradient."""
    mean, updates = 0 * case.gradients[0], []
    for g in case.gradients:
        G = case.momentum * mean + (1 - case.momentum) * g
        mean = G
        x = case.gamma * G / (np.linalg.norm(G) + 1e-7)
        updates.append(-G / (np.sqrt(np.mean(np.cosh(x) ** 2)) + 1e-8))
    return {"updates": np.stack(updates)}


def mild(case: Run, rng: np.random.Generator | None = None) -> Found:
    """Take the cosines at half of the scale."""
    half = replace(case, gamma=case.gamma / 2)
    scaled = [half.gamma * G / (np.linalg.norm(G) + 1e-7) for G in half.directions]
    updates = [-G / (np.sqrt(np.mean(np.cosh(x) ** 2)) + 1e-8) for G, x in zip(half.directions, scaled, strict=True)]
    return {"updates": np.stack(updates)}
