"""Steps of optimizers as programs have them, with a subspace that they shall leave alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import rounding
from proofs_checks.continual_learning.families.matrices import is_matrix
from proofs_checks.continual_learning.families.rows import HADAMARD
from proofs_checks.continual_learning.families.subspaces import LAYOUTS, oriented

OPTIMIZERS = ("sgd", "momentum", "nesterov", "sign", "adam", "adamw")
#: the second momentum, the smallest divisor and the decay of weights of "adam" and "adamw"
SECOND, DIVISOR, DECAY = 0.99, 2.0**-40, 0.125
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


def of_arrays(M: np.ndarray, arrays: Any, buffer: Any, layout: str, **options: Any) -> Training:
    """Return an instance from weights and gradients that are given as rows, and a momentum."""
    W, *gradients = (np.ascontiguousarray(oriented(np.asarray(one, float), layout)) for one in arrays)
    start = np.ascontiguousarray(oriented(np.asarray(buffer, float), layout))
    return Training(M, W, tuple(gradients), start, layout=layout, **options)


def columns(*which: int) -> np.ndarray:
    """Return some columns of a Hadamard matrix of halves."""
    return np.ascontiguousarray(HADAMARD.T[:, list(which)])
