"""Optimizers that keep, correct or start their momentum in another way, and states that are counted with a basis."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from lrtheory.low_rank_optimizers.optimizers.sgd import SGD
from proofs_checks.low_rank_optimizers.families.splits import Coordinate, Weights, counted


class Other:
    """Descent with a running mean m of gradients, made of plain arrays; subclasses change one thing."""

    def __init__(self, case: Coordinate) -> None:
        _, self.alpha, self.b = map(float, case.values)
        self.m: Any = None
        self.n_steps = 0

    def reset(self) -> None:
        """Forget the mean."""
        self.m, self.n_steps = None, 0

    def step(self, g: np.ndarray, weights: np.ndarray) -> SimpleNamespace:
        """Return the update for a gradient."""
        self.n_steps += 1
        self.m = self.next(self.start(g, weights) if self.m is None else self.m, g)
        return SimpleNamespace(update=-self.alpha * self.corrected())

    def start(self, g: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the mean before the first step."""
        return 0 * g

    def next(self, m: np.ndarray, g: np.ndarray) -> np.ndarray:
        """Return the mean after a gradient."""
        return self.b * m + (1 - self.b) * g

    def corrected(self) -> Any:
        """Return what is stepped along."""
        return self.m


class Kept(Other):
    """The mean outlives every period."""

    def reset(self) -> None:
        """Forget nothing."""


class Corrected(Other):
    """The mean is divided by 1 - b^t."""

    def corrected(self) -> Any:
        """Return the mean without the bias of its start."""
        return self.m / (1 - self.b**self.n_steps)


class FromWeights(Other):
    """The mean starts as a copy of the weights, and gradients are added whole."""

    def start(self, g: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the weights."""
        return weights

    def next(self, m: np.ndarray, g: np.ndarray) -> np.ndarray:
        """Return the heavy ball."""
        return self.b * m + g


class FromGradient(FromWeights):
    """The mean starts as the first gradient, which is then added again."""

    def start(self, g: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the gradient."""
        return g


def heavy_ball(case: Coordinate) -> SGD:
    """Return descent whose gradients are added whole, with the step size of a running mean."""
    _, alpha, b = map(float, case.values)
    return SGD(step_size=alpha, momentum=b, dampening="none")


def with_basis(case: Weights, rng: np.random.Generator | None = None) -> dict[str, int]:
    """Count the cosine basis for every array of weights."""
    found = counted(case)
    basis = case.itemsize * min(case.shape) ** 2
    return found | {name: found[name] + basis for name in found if name.startswith(("dct", "trion"))}


def without_error(case: Weights, rng: np.random.Generator | None = None) -> dict[str, int]:
    """Forget the array of error feedback."""
    found = counted(case)
    return found | {"dct_adamw with error feedback": found["dct_adamw"]}
