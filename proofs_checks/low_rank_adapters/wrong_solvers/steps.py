"""Starts and steps that leave out a scale, exchange or forget an inverse, transport wrongly, or look back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from proofs_checks.low_rank_adapters.families.factors import Factors, norm
from proofs_checks.low_rank_adapters.families.gradients import Spectral
from proofs_checks.low_rank_adapters.families.moves import drawn_starts, two_scales
from proofs_checks.low_rank_adapters.families.steps import Conditioned

Found = dict[str, np.ndarray]


def unscaled(case: Factors, rng: np.random.Generator | None = None) -> Found:
    """Take the equivalent step without dividing by the square of the scale."""
    return two_scales(case, lambda B, A, g, s: np.linalg.solve(B.T @ B, g) @ np.linalg.inv(A @ A.T))


def exchanged(case: Factors, rng: np.random.Generator | None = None, trained: bool = False) -> Found:
    """Take the equivalent step with the inverses on the wrong sides."""
    step: Callable[..., Any] = lambda B, A, g, s: np.linalg.solve(A @ A.T, g) @ np.linalg.inv(B.T @ B) / s**2
    return two_scales(case, step, trained=trained)


def plain(case: Factors, rng: np.random.Generator | None = None) -> Found:
    """Take a step of gradient descent."""
    return two_scales(case, lambda B, A, g, s: g)


def one_sided(case: Spectral, rng: np.random.Generator | None = None) -> Found:
    """Start with the left singular vectors on both sides."""
    U = np.linalg.svd(case.gradient)[0][:, : case.rank]
    return {"B": U, "A": U.T.copy()}


def unprojected(case: Factors, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Project onto every column of B and row of A alone, as if they were orthogonal."""
    B, A = case.B / np.linalg.norm(case.B, axis=0), case.A / np.linalg.norm(case.A, axis=1)[:, None]
    found = {"xs": B.T @ case.M @ A.T, "a_step": B.T @ case.M, "b_step": case.M @ A.T, "total": case.M}
    energies = {name: norm(X) ** 2 for name, X in found.items()}
    return energies | {"tangent": energies["a_step"] + energies["b_step"] - energies["xs"]}


def descended(case: Conditioned, rng: np.random.Generator, n: int) -> Found:
    """Descend along plain gradients of both factors, 100 times, by steps of half the stable size."""
    (B, A), size = drawn_starts(case, rng, n), 0.5
    found = [(B, A)]
    for _ in range(100):
        G = B @ A - case.target
        B, A = B - size * G @ A.swapaxes(1, 2), A - size * B.swapaxes(1, 2) @ G
        found.append((B, A))
    return {name: np.stack(parts, axis=1) for name, parts in zip("BA", zip(*found, strict=True), strict=True)}


def released_joint(case: Factors, rng: np.random.Generator | None = None) -> Found:
    """Move both factors by one gradient, B by the inverse of the new A."""
    A = case.A - case.step_size * np.linalg.pinv(case.B) @ case.M
    return {"B": case.B - case.step_size * case.M @ np.linalg.pinv(A), "A": A}


def stale(case: Factors, rng: np.random.Generator | None = None) -> Found:
    """Move A, and then B by the gradient from before."""
    return released_joint(Factors(case.B, case.A, case.residual, case.scale, case.step_size))
