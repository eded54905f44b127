"""Steps and runs of the library's optimizer from the factors of an instance, and energies that it reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory.low_rank_adapters.kinds.lora import lora, lora_xs
from lrtheory.low_rank_adapters.training.optimizer import AdapterOptimizer
from proofs_checks.low_rank_adapters.families.factors import Factors

Pair = tuple[np.ndarray, np.ndarray]


def optimizer(B: np.ndarray, A: np.ndarray, scale: float, **options: Any) -> AdapterOptimizer:
    """Make an optimizer of both factors."""
    return AdapterOptimizer(lora(B, A, scale=scale), **options)


def pair(running: AdapterOptimizer) -> Pair:
    """Return the factors that an optimizer has now."""
    params = running.adapter.params
    return np.asarray(params["B"]), np.asarray(params["A"])


def half_steps(
    case: Factors,
    rng: np.random.Generator | None = None,
    method: str = "altlora",
    ridge: float = 0.0,
    residual: bool = False,
) -> dict[str, np.ndarray]:
    """Take an A half-step, and a B half-step after one with the gradient 0, each from the factors of the instance."""
    gradient = case.residual if residual else case.M
    options = {"method": method, "step_size": case.step_size, "ridge": ridge}
    first, second = (optimizer(case.B, case.A, case.scale, **options) for _ in range(2))
    first.step(gradient)
    second.step(0 * gradient)
    second.step(gradient)
    return {"A": pair(first)[1], "B": pair(second)[0]}


def run(B: np.ndarray, A: np.ndarray, case: Factors, n_steps: int, **options: Any) -> list[Pair]:
    """Return the factors at the start and after each step towards the target of the instance."""
    running = optimizer(B, A, case.scale, step_size=case.step_size, **options)
    found = [pair(running)]
    for _ in range(n_steps):
        left, right = found[-1]
        running.step(case.scale * (left @ right) - case.M)
        found.append(pair(running))
    return found


def two_scales(case: Factors, step: Callable[..., Any], trained: bool = False) -> dict[str, np.ndarray]:
    """Take a step of R from 0 by a rule, at the scale of the instance and at twice that.

    A rule is a function of B, A, the gradient in R and the scale; where it trains, two steps of size 1 go towards the
    target of the instance, whose matrix is the gradient otherwise.
    """
    found = {}
    for name, s in (("R", case.scale), ("doubled", 2 * case.scale)):
        R = np.zeros((case.B.shape[1], len(case.A)))
        for _ in range(2 if trained else 1):
            G = s * (case.B @ R @ case.A) - case.M if trained else case.M
            gradient = np.asarray(lora_xs(case.B, R, case.A, scale=s).gradient(G)["R"])
            R = R - (1.0 if trained else case.step_size) * step(case.B, case.A, gradient, s)
        found[name] = R
    return found


def equivalent_steps(
    case: Factors, rng: np.random.Generator | None = None, trained: bool = False
) -> dict[str, np.ndarray]:
    """Return R after steps of the library from R = 0, at the scale of the instance and at twice that."""
    found = {}
    for name, s in (("R", case.scale), ("doubled", 2 * case.scale)):
        start = lora_xs(case.B, np.zeros((case.B.shape[1], len(case.A))), case.A, scale=s)
        running = AdapterOptimizer(start, method="joint", step_size=1.0 if trained else case.step_size)
        for _ in range(2 if trained else 1):
            running.step(running.adapter.dense() - case.M if trained else case.M)
        found[name] = np.asarray(running.adapter.params["R"])
    return found
