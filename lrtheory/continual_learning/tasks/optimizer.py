"""The steps of three optimizers for the layers of a network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

__all__ = ["OPTIMIZERS", "Optimizer"]

#: the optimizers, each with its customary step
OPTIMIZERS = {"sgd": 0.1, "momentum": 0.05, "adam": 0.002}
MOMENTUM = 0.9  # the customary value: a step remembers about ten gradients
ADAM = (0.9, 0.999, 1e-8)  # of the paper, and of every library that has it: decay of means and squares, least divisor


class Optimizer:
    """The steps of gradient descent, of heavy-ball momentum, or of Adam, for a list of arrays.

    Parameters
    ----------
    name : {"sgd", "momentum", "adam"}
        Rule of the steps.
    step_size : float
        The factor of a step.
    like : sequence of ndarray
        Arrays of the shapes of the gradients.
    """

    def __init__(self, name: str, step_size: float, like: Sequence[np.ndarray]) -> None:
        self.name, self.step_size, self.n_steps = name, step_size, 0
        self.means = [np.zeros_like(W) for W in like]
        self.squares = [np.zeros_like(W) for W in like] if name == "adam" else []

    def updates(self, gradients: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Compute the change of each array."""
        self.n_steps += 1
        if self.name == "sgd":
            return [-self.step_size * G for G in gradients]
        if self.name == "momentum":
            for m, G in zip(self.means, gradients, strict=True):
                m *= MOMENTUM
                m += G
            return [-self.step_size * m for m in self.means]
        first, second, smallest = ADAM
        # means begin at 0, and are too small by these factors until they have forgotten it
        rate = self.step_size / (1 - first**self.n_steps)
        size = 1 / math.sqrt(1 - second**self.n_steps)
        found = []
        for m, v, G in zip(self.means, self.squares, gradients, strict=True):
            m *= first
            m += (1 - first) * G
            v *= second
            v += (1 - second) * G * G
            found.append(-rate * m / (size * np.sqrt(v) + smallest))
        return found
