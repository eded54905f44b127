"""A small network of dense layers with ReLU, its gradients, and the steps of three optimizers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from itertools import pairwise

import numpy as np

__all__ = ["OPTIMIZERS", "Network", "Optimizer"]

#: the optimizers, each with its customary step
OPTIMIZERS = {"sgd": 0.1, "momentum": 0.05, "adam": 0.002}
MOMENTUM = 0.9
ADAM = (0.9, 0.999, 1e-8)


class Network:
    """Dense layers with ReLU between them and a softmax at the end.

    Each layer is one matrix in the row convention, which maps (x, 1) to the next layer: its last row holds the biases,
    so that whoever leaves the inputs of a layer alone leaves its biases alone too.

    Parameters
    ----------
    sizes : sequence of int
        Entries of an input, widths of the hidden layers, and the number of classes.
    rng : Generator
        Source of the first weights, which are Gaussian with variance 2 / inputs (He et al., ICCV 2015).
    dtype : dtype
        float32 or float64.
    """

    def __init__(self, sizes: Sequence[int], rng: np.random.Generator, dtype: np.dtype) -> None:
        self.layers = [np.zeros((n + 1, m), dtype) for n, m in pairwise(sizes)]
        for W in self.layers:
            n, m = len(W) - 1, W.shape[1]
            W[:n] = rng.normal(size=(n, m)) * np.sqrt(2 / n)

    def copy(self) -> Network:
        """A network with the same weights and a life of its own."""
        return deepcopy(self)

    def inputs(self, X: np.ndarray) -> list[np.ndarray]:
        """The inputs of every layer, each with a last column of ones."""
        found = [_with_ones(X)]
        for W in self.layers[:-1]:
            found.append(_with_ones(np.maximum(found[-1] @ W, 0)))
        return found

    def logits(self, X: np.ndarray) -> np.ndarray:
        """The scores of all classes, one row an input."""
        return np.asarray(self.inputs(X)[-1] @ self.layers[-1])

    def gradients(self, X: np.ndarray, y: np.ndarray) -> tuple[float, list[np.ndarray]]:
        """The mean cross-entropy of a batch, and its gradient for every layer."""
        inputs, rows = self.inputs(X), np.arange(len(y))
        logits = inputs[-1] @ self.layers[-1]
        logits -= logits.max(axis=1, keepdims=True)
        back = np.exp(logits)
        totals = back.sum(axis=1, keepdims=True)
        loss = float(np.mean(np.log(totals[:, 0]) - logits[rows, y]))
        back /= totals
        back[rows, y] -= 1
        back /= len(y)
        found = []
        for place in range(len(self.layers) - 1, -1, -1):
            found.append(inputs[place].T @ back)
            if place:
                back = (back @ self.layers[place][:-1].T) * (inputs[place][:, :-1] > 0)
        return loss, found[::-1]


class Optimizer:
    """The steps of gradient descent, of heavy-ball momentum, or of Adam, for a list of arrays.

    Parameters
    ----------
    name : {"sgd", "momentum", "adam"}
        Which one.
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


def _with_ones(X: np.ndarray) -> np.ndarray:
    """The rows with a last entry of 1."""
    found = np.empty((len(X), X.shape[1] + 1), X.dtype)
    found[:, :-1] = X
    found[:, -1] = 1
    return found
