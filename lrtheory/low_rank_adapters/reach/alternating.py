"""Improve trained arrays step by step, with a loss that never rises, where the best ones are in no closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lrtheory.low_rank_adapters.reach.exact import grouped, truncated
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem

__all__ = ["Run", "improved", "random_start"]

Params = dict[str, np.ndarray]
#: steps of conjugate gradients in one step of Gauss and Newton, at most
PRODUCTS = 15


class Run(NamedTuple):
    """Trained arrays, and how they were found; ``losses`` are squared norms of the residual, from the start on."""

    params: Params
    losses: list[float]
    converged: bool
    stopped: bool
    products: int


def random_start(task: NormalizedProblem, draw: np.random.Generator) -> Params:
    """A start of another run than the one from the closed form."""
    if task.adapter.kind == "uni-lora":  # factors are balanced in many ways
        B, A = truncated(task)
        Q = np.linalg.qr(draw.normal(size=(len(A), len(A)))).Q
        return grouped(task, task.adapter.scale * B @ Q, Q.T @ A)
    drawn = {name: draw.normal(size=value.shape) for name, value in task.adapter.params.items()}
    size = float(np.linalg.norm(task.image(drawn)))
    root = np.sqrt(task.whole / size) if size else 1.0  # the image gets the size of what is to be reached
    return {name: root * value for name, value in drawn.items()}


def improved(
    task: NormalizedProblem, params: Params, *, tol: float, max_iter: int, inform: Callable[[Params, float, int], bool]
) -> Run:
    """Take steps until the loss falls by less than a share `tol`, or nothing is left."""
    step = _STEPS[task.adapter.kind] if task.K is None and task.adapter.kind in _STEPS else _newton
    R = task.residual(params)
    losses, products = [float(np.sum(R**2))], 0
    floor = (task.eps * task.whole) ** 2
    for k in range(max_iter):
        if losses[-1] <= floor:
            return Run(params, losses, True, False, products)
        fresh, spent = step(task, params, R)
        products += spent
        with np.errstate(over="ignore", invalid="ignore"):  # a step that was too long is not taken
            left = task.residual(fresh)
            loss = float(np.sum(left**2))
        if not loss < losses[-1]:
            return Run(params, losses, True, False, products)
        fallen, params, R = losses[-1] - loss, fresh, left
        losses.append(loss)
        if inform(params, loss, k + 1):
            return Run(params, losses, False, True, products)
        if fallen <= tol * losses[-2]:
            return Run(params, losses, True, False, products)
    return Run(params, losses, False, False, products)


def _newton(task: NormalizedProblem, params: Params, R: np.ndarray) -> tuple[Params, int]:
    """A step of Gauss and Newton by conjugate gradients, halved until the loss falls.

    The update is of degree two in all trained arrays together and linear in each, so half of the difference of the
    images at params + h and params - h is the derivative in the direction h, without an error.
    """

    def moved(h: Params, size: float) -> Params:
        return {name: value + size * h[name] for name, value in params.items()}

    def derivative(h: Params) -> np.ndarray:
        return (task.image(moved(h, 1.0)) - task.image(moved(h, -1.0))) / 2

    h = {name: np.zeros_like(value) for name, value in params.items()}
    left, g = R, task.pulled(params, R)
    p, energy, products = g, _square(g), 1
    first, most = energy, 2 * min(PRODUCTS, task.adapter.n_parameters)
    while products < most and energy > 1e-6 * first and energy > 0:
        image = derivative(p)
        size = energy / max(float(np.sum(image**2)), np.finfo(float).tiny)
        h = {name: value + size * p[name] for name, value in h.items()}
        left = left - size * image
        g = task.pulled(params, left)
        energy, before = _square(g), energy
        p = {name: g[name] + energy / before * p[name] for name in g}
        products += 2
    loss, size = float(np.sum(R**2)), 1.0
    while size > 1e-6:
        fresh = moved(h, size)
        products += 1
        with np.errstate(over="ignore", invalid="ignore"):
            if float(np.sum(task.residual(fresh) ** 2)) < loss:
                return fresh, products
        size /= 2
    return params, products


def _square(h: Params) -> float:
    return float(sum(np.sum(value**2) for value in h.values()))


def _vera_step(task: NormalizedProblem, params: Params, R: np.ndarray) -> tuple[Params, int]:
    """The best b beside d, then the best d beside it; both are linear least squares."""
    B, A, sign = task.frozen("B"), task.frozen("A"), task.adapter.scale
    gram, mixed = A @ A.T, sign * task.T @ A.T
    left = B * params["d"]
    below = np.sum((left @ gram) * left, axis=1)
    b = np.divide(np.sum(left * mixed, axis=1), below, out=np.zeros(len(below)), where=below > 0)
    left = b[:, None] * B
    return {"b": b, "d": _solved((left.T @ left) * gram, np.sum(left * mixed, axis=0))}, 1


def _hadamard_step(task: NormalizedProblem, params: Params, R: np.ndarray) -> tuple[Params, int]:
    """The best B beside A, then the best A beside it: a small system of equations for each row and each column."""
    W, D = task.frozen("W"), task.adapter.scale * task.T
    B = _rows(W, D, params["A"])
    return {"B": B, "A": _rows(W.T, D.T, B.T).T}, 1


def _rows(W: np.ndarray, D: np.ndarray, A: np.ndarray) -> np.ndarray:
    """The best B for ||D - W o (B A)||."""
    r = len(A)
    upper = np.triu_indices(r)
    grams = np.empty((len(W), r, r))
    grams[:, upper[0], upper[1]] = grams[:, upper[1], upper[0]] = W**2 @ (A[upper[0]] * A[upper[1]]).T
    return _solved(grams, (W * D) @ A.T)


def _solved(grams: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve systems with positive semidefinite matrices, to which a rounding of their traces is added."""
    r = grams.shape[-1]
    traces = np.trace(grams, axis1=-2, axis2=-1)[..., None, None]
    added = np.where(traces > 0, r * np.finfo(float).eps * traces, 1.0)
    return np.linalg.solve(grams + added * np.eye(r), right[..., None])[..., 0]  # type: ignore[no-any-return]


_STEPS = {"vera": _vera_step, "hadamard": _hadamard_step}
