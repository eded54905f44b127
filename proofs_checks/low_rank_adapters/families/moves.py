"""Steps and runs of the library's optimizer from the factors of an instance, and energies that it reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory.low_rank_adapters.kinds.lora import lora, lora_xs
from lrtheory.low_rank_adapters.training.energies import captured_energies
from lrtheory.low_rank_adapters.training.optimizer import AdapterOptimizer
from proofs_checks.low_rank_adapters.families.factors import Factors
from proofs_checks.low_rank_adapters.families.steps import LENGTH, Conditioned, Run, Stalled

Pair = tuple[np.ndarray, np.ndarray]
#: half-steps after which a run gives up
MOST = 24


def optimizer(B: np.ndarray, A: np.ndarray, scale: float, **options: Any) -> AdapterOptimizer:
    """Make an optimizer of both factors."""
    return AdapterOptimizer(lora(B, A, scale=scale), **options)


def pair(running: AdapterOptimizer) -> Pair:
    """Return the factors that an optimizer has now."""
    params = running.ask().params
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
    first.tell(gradient)
    second.tell(0 * gradient)
    second.tell(gradient)
    return {"A": pair(first)[1], "B": pair(second)[0]}


def run(B: np.ndarray, A: np.ndarray, case: Factors, n_steps: int, **options: Any) -> list[Pair]:
    """Return the factors at the start and after each step towards the target of the instance."""
    running = optimizer(B, A, case.scale, step_size=case.step_size, **options)
    found = [pair(running)]
    for _ in range(n_steps):
        left, right = found[-1]
        running.tell(case.scale * (left @ right) - case.M)
        found.append(pair(running))
    return found


def long_run(case: Run, rng: np.random.Generator | None = None, n_steps: int = LENGTH) -> list[Pair]:
    """Return the factors after each alternating half-step with the momentum of the instance."""
    return run(case.B, case.A, case, n_steps, method="altlora", momentum=case.momentum)


def turned(
    case: Run, rng: np.random.Generator | None = None, method: str = "altlora", ridge: float = 0.0
) -> dict[str, list[Pair]]:
    """Return the runs from both writings of the product."""
    options = {"method": method, "ridge": ridge, "momentum": case.momentum}
    starts = {"plain": (case.B, case.A), "turned": case.start}
    return {name: run(B, A, case, LENGTH, **options) for name, (B, A) in starts.items()}


def two_half_steps(
    case: Factors, rng: np.random.Generator | None = None, step_size: float = 1.0
) -> dict[str, np.ndarray]:
    """Return the factors after an A and a B half-step."""
    running = optimizer(case.B, case.A, case.scale, method="altlora", step_size=step_size)
    running.tell(case.residual)
    left, right = pair(running)
    running.tell(case.scale * (left @ right) - case.M)
    return dict(zip("BA", pair(running), strict=True))


def joint_step(case: Factors, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the factors after one step of both."""
    running = optimizer(case.B, case.A, case.scale, method="joint", step_size=case.step_size)
    running.tell(case.M)
    return dict(zip("BA", pair(running), strict=True))


def stalled(case: Stalled, rng: np.random.Generator | None = None, step_size: float = 0.5) -> list[Pair]:
    """Return the factors after each half-step from the start that is orthogonal to the target."""
    up = np.array([[0.0], [1.0]])
    start = Factors(up, up.T.copy(), np.diag([1.0, 0.0]), 1.0, step_size)
    return run(start.B, start.A, start, case.n_steps, method="altlora")


def odd_parts(
    case: Factors, rng: np.random.Generator | None = None, factor: float = 1.0
) -> dict[str, list[np.ndarray]]:
    """Apply the linearized maps of both methods three times, by steps from the same factors."""
    lr = factor * case.step_size

    def joint(R: np.ndarray) -> np.ndarray:
        moved = []
        for sign in (1.0, -1.0):
            running = optimizer(case.B, case.A, 1.0, method="joint", step_size=lr)
            running.tell(sign * R)
            moved.append(np.matmul(*pair(running)))
        return np.asarray(R + (moved[0] - moved[1]) / 2)

    def alternating(R: np.ndarray) -> np.ndarray:
        first, second = (optimizer(case.B, case.A, 1.0, method="altlora", step_size=lr) for _ in range(2))
        first.tell(R)
        R = R + case.B @ (pair(first)[1] - case.A)
        second.tell(0 * R)
        second.tell(R)
        return np.asarray(R + (pair(second)[0] - case.B) @ case.A)

    found: dict[str, list[np.ndarray]] = {}
    for name, once in (("joint", joint), ("altlora", alternating)):
        R, found[name] = case.M, []
        for _ in range(3):
            R = once(R)
            found[name].append(R)
    return found


def drawn_starts(case: Conditioned, rng: np.random.Generator, n: int) -> Pair:
    """Draw Gaussian factors of n runs, of the size at which training starts."""
    shapes = (n, case.side, case.rank), (n, case.rank, case.side)
    left, right = (rng.standard_normal(shape) / np.sqrt(case.side) for shape in shapes)
    return left, right


def climbed(case: Conditioned, rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Return the factors of n runs of alternating half-steps at all times; a run that has arrived stays there."""
    traces, target, size = [], case.target, np.linalg.norm(case.target)
    for left, right in zip(*drawn_starts(case, rng, n), strict=True):
        running, found = optimizer(left, right, 1.0, method="altlora", step_size=case.step_size), [(left, right)]
        for _ in range(MOST):
            R = found[-1][0] @ found[-1][1] - target
            if np.linalg.norm(R) > 1e-7 * size:
                running.tell(R)
            found.append(pair(running))
        traces.append([np.stack(parts) for parts in zip(*found, strict=True)])
    return {name: np.stack(parts) for name, parts in zip("BA", zip(*traces, strict=True), strict=True)}


def captured(case: Factors, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Return the energies that the library reports of the gradient of the instance."""
    found = captured_energies(lora(case.B, case.A, scale=case.scale), case.M)
    return {name: float(getattr(found, name)) for name in ("xs", "a_step", "b_step", "tangent", "total")}


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
            running.tell(running.ask().delta() - case.M if trained else case.M)
        found[name] = np.asarray(running.ask().params["R"])
    return found
