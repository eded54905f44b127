"""A small network of dense layers with ReLU, and its gradients."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from itertools import pairwise

import numpy as np

__all__ = ["Network"]


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
        loss, inputs, outputs = self.traced(X, y)
        return loss, [given.T @ back for given, back in zip(inputs, outputs, strict=True)]

    def traced(self, X: np.ndarray, y: np.ndarray) -> tuple[float, list[np.ndarray], list[np.ndarray]]:
        """The mean cross-entropy of a batch, the inputs of every layer, and the gradients at its outputs.

        A layer's gradient is the product of its inputs, transposed, and of the gradients at its outputs.
        """
        inputs, rows = self.inputs(X), np.arange(len(y))
        logits = inputs[-1] @ self.layers[-1]
        logits -= logits.max(axis=1, keepdims=True)
        back = np.exp(logits)
        totals = back.sum(axis=1, keepdims=True)
        loss = float(np.mean(np.log(totals[:, 0]) - logits[rows, y]))
        back /= totals
        back[rows, y] -= 1
        back /= len(y)
        outputs = [back]
        for place in range(len(self.layers) - 1, 0, -1):
            outputs.append((outputs[-1] @ self.layers[place][:-1].T) * (inputs[place][:, :-1] > 0))
        return loss, inputs, outputs[::-1]


def _with_ones(X: np.ndarray) -> np.ndarray:
    """The rows with a last entry of 1."""
    found = np.empty((len(X), X.shape[1] + 1), X.dtype)
    found[:, :-1] = X
    found[:, -1] = 1
    return found
