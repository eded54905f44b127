"""Steps of optimizers as programs have them, with a subspace that they shall leave alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from proofs_checks.continual_learning.families.matrices import is_matrix
from proofs_checks.continual_learning.families.rows import HADAMARD
from proofs_checks.continual_learning.families.subspaces import LAYOUTS, begun, oriented

OPTIMIZERS = ("sgd", "momentum", "nesterov", "sign", "adam", "adamw")
#: the second momentum, the smallest divisor and the decay of weights of "adam" and "adamw"
SECOND, DIVISOR, DECAY = 0.99, 2.0**-40, 0.125
Found = dict[str, Any]
Guard = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Training:
    """A protected basis M (d, k), weights and gradients in a layout, and an optimizer with its first momentum."""

    M: np.ndarray
    W: np.ndarray
    gradients: tuple[np.ndarray, ...]
    buffer: np.ndarray
    optimizer: str = "momentum"
    momentum: float = 0.5
    step_size: float = 0.25
    layout: str = "torch"

    def moved(self, after: np.ndarray) -> np.ndarray:
        """Return the change since the start as rows."""
        return oriented(after, self.layout) - oriented(self.W, self.layout)

    def outside(self, change: np.ndarray) -> np.ndarray:
        """Return the part of a change, given as rows, that leaves the subspace alone."""
        return np.asarray(change - self.M @ (self.M.T @ change))

    @property
    def allowed(self) -> float:
        """Bound the rounding of entries in doubles: a few products of each step."""
        size = np.abs(self.W).max() + np.abs(self.buffer).max() + sum(np.abs(G).max() for G in self.gradients)
        return float(rounding(64 * (sum(self.W.shape) + 8) * (1 + len(self.gradients)) ** 2, 1.0 + size))


def is_training(case: Training) -> bool:
    """Decide whether all numbers are finite and fit, the basis is orthonormal up to rounding, the optimizer known."""
    # Adam divides by second moments, which begin at 0
    arrays = (case.W, case.buffer, *case.gradients)
    if case.layout not in LAYOUTS or case.optimizer not in OPTIMIZERS or not all(map(is_matrix, (case.M, *arrays))):
        return False
    d, k = case.M.shape
    fits = all(one.shape == case.W.shape for one in arrays) and oriented(case.W, case.layout).shape[0] == d
    normal = np.abs(case.M.T @ case.M - np.eye(k)).max() <= rounding(64 * d, 1.0)
    fresh = case.optimizer[:4] != "adam" or not case.buffer.any()
    return bool(fits and normal and fresh and case.gradients and 0 <= case.momentum < 1 and case.step_size > 0)


def is_dyadic(case: Training) -> bool:
    """Decide whether doubles compute with it exactly: halves and small integers, at most 4 steps, momentum 1/2."""
    arrays = (case.M, case.W, case.buffer, *case.gradients)
    small = all(bool((2 * x == np.round(2 * x)).all() and (np.abs(x) < 64).all()) for x in arrays)
    powers = case.momentum in (0.5, 0.25, 0.0) and case.step_size in (1.0, 0.5, 0.25)
    orthonormal = np.array_equal(case.M.T @ case.M, np.eye(case.M.shape[1]))
    return bool(small and powers and orthonormal and len(case.gradients) <= 4)


def heavy_ball(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Train by momentum with gradients that the library projects, as programs do that change gradients alone."""
    protector, m, W = begun(case), case.buffer, case.W
    for G in case.gradients:
        m = case.momentum * m + np.asarray(protector.project(G))
        W = W - case.step_size * m
    return {"after": W}


def steps(case: Training, guard: Guard, seen: Callable[[np.ndarray], np.ndarray] = np.asarray) -> np.ndarray:
    """Train by the optimizer of the instance, on gradients as `seen`, and let `guard` change each of its steps."""
    W, m, v = case.W, case.buffer, np.zeros_like(case.W)
    for t, given in enumerate(case.gradients, 1):
        G, size = np.asarray(seen(given)), case.step_size
        if case.optimizer == "sgd":
            update = G
        elif case.optimizer == "sign":
            update = np.sign(G)
        elif case.optimizer in ("momentum", "nesterov"):
            m = case.momentum * m + G
            update = m if case.optimizer == "momentum" else G + case.momentum * m
        else:
            m = case.momentum * m + (1 - case.momentum) * G
            v = SECOND * v + (1 - SECOND) * G**2
            update = m / (1 - case.momentum**t) / (np.sqrt(v / (1 - SECOND**t)) + DIVISOR)
            update = update + (DECAY * W if case.optimizer == "adamw" else 0.0)
        W = np.asarray(guard(W, W - size * update))
    return W


def trained(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Train by the optimizer of the instance, and let the library protect each step."""
    return {"after": steps(case, begun(case).protect_step)}


def expected(case: Training) -> np.ndarray:
    """Return the change of the weights, as rows, when each step loses its part in the subspace."""

    def guard(before: np.ndarray, after: np.ndarray) -> np.ndarray:
        return np.asarray(before + oriented(case.outside(oriented(after - before, case.layout)), case.layout))

    return case.moved(steps(case, guard))


def of_arrays(M: np.ndarray, arrays: Any, buffer: Any, layout: str, **options: Any) -> Training:
    """Return an instance from weights and gradients that are given as rows, and a momentum."""
    W, *gradients = (np.ascontiguousarray(oriented(np.asarray(one, float), layout)) for one in arrays)
    start = np.ascontiguousarray(oriented(np.asarray(buffer, float), layout))
    return Training(M, W, tuple(gradients), start, layout=layout, **options)


def columns(*which: int) -> np.ndarray:
    """Return some columns of a Hadamard matrix of halves."""
    return np.ascontiguousarray(HADAMARD.T[:, list(which)])


def balls() -> tuple[Training, ...]:
    """Return the smallest run whose momentum was filled before, a cleared one, and longer ones."""
    W, G, H, m = np.random.default_rng(0).integers(-4, 5, (4, 4, 2))
    one = np.array([[1.0], [0.0]])
    return (
        of_arrays(one, ([[0.0], [0.0]], [[0.0], [1.0]]), [[4.0], [0.0]], "rows"),
        of_arrays(columns(1, 2), (W, G, H), m, "torch"),
        of_arrays(columns(1, 2), (W, G, H, G), 0 * m, "torch", step_size=0.5),
        of_arrays(columns(0), (W, G, H, H, G), m, "rows", momentum=0.25, step_size=1.0),
    )


def draw_ball(draws: Draws) -> Training:
    """Draw up to 4 steps of small integers."""
    n_steps, p = draws.integers(1, 4), draws.integers(1, 3)
    M = columns(*map(int, draws.permutation(4)[: draws.integers(1, 3)]))
    arrays = draws.integers(-4, 4, shape=(n_steps + 2, 4, p)).astype(float)
    options = {"momentum": draws.choice((0.5, 0.25)), "step_size": draws.choice((1.0, 0.5, 0.25))}
    return of_arrays(M, arrays[1:], arrays[0], draws.choice(LAYOUTS), **options)


def runs() -> tuple[Training, ...]:
    """Return Adam's first step off a line in the plane, and a run of each optimizer."""
    chance, line = np.random.default_rng(0), np.array([[3.0], [4.0]]) / 5
    W, *rest = chance.integers(-4, 5, (5, 4, 3)).astype(float)
    smallest = of_arrays(
        line, ([[0.0], [0.0]], [[1.0], [0.0]]), [[0.0], [0.0]], "rows", optimizer="adam", step_size=1.0
    )
    return (
        smallest,
        *(
            of_arrays(columns(1, 2), (W, *rest), (name[:4] != "adam") * rest[0], "torch", optimizer=name)
            for name in OPTIMIZERS
        ),
    )


def draw_run(draws: Draws) -> Training:
    """Draw a basis, an optimizer and up to 5 steps."""
    d, p, n_steps = draws.integers(2, 5), draws.integers(1, 4), draws.integers(1, 5)
    k = draws.integers(1, d - 1)
    M = np.linalg.qr(draws.integers(-1, 1, shape=(d, k)) + 4.0 * np.eye(d, k))[0]
    arrays = draws.integers(-3, 3, shape=(n_steps + 2, d, p)).astype(float)
    name = draws.choice(OPTIMIZERS)
    options = {"optimizer": name, "momentum": draws.choice((0.0, 0.5, 0.9))}
    return of_arrays(M, arrays[1:], (name[:4] != "adam") * arrays[0], draws.choice(LAYOUTS), **options)


BALLS = Family("heavy-balls", always=balls, draw=draw_ball)
RUNS = Family("protected-runs", always=runs, draw=draw_run)
