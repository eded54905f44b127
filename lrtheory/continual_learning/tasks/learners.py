"""Learners that see tasks in turn: ridge regression by recursion, and a network with or without protection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from lrtheory._data.network import Network
from lrtheory.continual_learning.protection.leak import Leak
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from lrtheory.continual_learning.recursion.recursive_ridge import RecursiveRidge
from lrtheory.continual_learning.sketching.frequent_directions import FrequentDirections
from lrtheory.continual_learning.tasks.optimizer import Optimizer

__all__ = ["JointLearner", "Learner", "NetworkLearner", "Protection", "RidgeLearner", "Training", "accuracies"]

BATCH = 32  # rows of a step, the customary number
#: most rows of the sketch of the inputs of a layer, which is exact up to four times as many features
SKETCH_RANK = 256


class Learner(Protocol):
    """A learner of one task after another, which names the classes of rows."""

    def learn(self, X: np.ndarray, y: np.ndarray) -> None:
        """Learn one task."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Name the class of each row; -1 for none."""


@dataclass(frozen=True, kw_only=True)
class Protection:
    """The part of a network that is held still, and the way of doing so; defaults protect, others are for comparison.

    Parameters
    ----------
    keep_energy : float
        Share of the squared norm of old rows that the protected directions hold, in (0, 1].
    rows : {"inputs", "gradients"}
        Whether the directions are those of the inputs of a layer, or of its gradients while it learned.
    side : {"input", "output"}
        The side of a weight that is protected; the output side has directions of gradients only.
    projected : {"updates", "gradients"}
        Whether what the optimizer returns is projected, or what it is given.
    stale : bool
        Whether the optimizer keeps its state from task to task.
    """

    keep_energy: float = 0.95
    rows: str = "inputs"
    side: str = "input"
    projected: str = "updates"
    stale: bool = False


class Training(NamedTuple):
    """Options of the training of a network on one task.

    Attributes
    ----------
    optimizer : {"sgd", "momentum", "adam"}
        Rule of the steps.
    step_size : float
        The factor of a step.
    epochs : int
        Number of passes over the rows of a task.
    """

    optimizer: str
    step_size: float
    epochs: int


class RidgeLearner:
    """Ridge regression of one-hot classes on fixed features, in the recursion of `RecursiveRidge`.

    The features are the last hidden layer of a network that is drawn at random and never trained, or the rows
    themselves where it has no hidden layers, and a constant 1 with an intercept.

    Parameters
    ----------
    network : Network
        Network whose hidden layers make the features.
    ridge : float
        The weight of the squared norm of the map, the row of the intercept included.
    intercept : bool
        Whether there is a constant among the features.
    """

    def __init__(self, network: Network, ridge: float, intercept: bool) -> None:
        self.network, self.n_rows, self.intercept = network, 0, intercept
        last = network.layers[-1] if intercept else network.layers[-1][:-1]
        self.model = RecursiveRidge(np.zeros_like(last), ridge=ridge, method="sqrt", keep="nothing")
        self.seen = np.zeros(last.shape[1], dtype=bool)

    def learn(self, X: np.ndarray, y: np.ndarray) -> None:
        """Add the rows of a task as one edit."""
        values = np.eye(len(self.seen), dtype=X.dtype)[y]
        self.model.update(self._features(X), values)
        self.seen[y] = True
        self.n_rows += len(y)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Name the class with the largest output among those that were seen."""
        if not self.seen.any():
            return np.full(len(X), -1)
        outputs = np.asarray(self.model.predict(self._features(X)))
        return np.where(self.seen, outputs, -np.inf).argmax(axis=1)

    def _features(self, X: np.ndarray) -> np.ndarray:
        """The features of rows, whose last column is the constant of the network's own layers."""
        found = self.network.inputs(X)[-1]
        return found if self.intercept else found[:, :-1]


class NetworkLearner:
    """A network that is trained on each task in turn, and held still where old rows were if it is protected.

    Parameters
    ----------
    network : Network
        Network before the first task.
    training : Training
        The optimizer, whose state starts afresh with every task, its step, and the number of epochs.
    rng : Generator
        Source of the order of the rows.
    protection : Protection or None
        None trains without any.
    """

    def __init__(
        self, network: Network, training: Training, rng: np.random.Generator, protection: Protection | None = None
    ) -> None:
        self.network, self.training, self.rng, self.protection = network, training, rng, protection
        self.optimizer: Optimizer | None = None
        self.losses: list[float] = []
        self.ranks: list[list[int]] = []
        self.n_rows = 0
        #: what the last task may have done to the first layer's outputs on the inputs of all tasks before it
        self.leak: Leak | None = None
        output = protection is not None and protection.side == "output"
        self.protectors = [
            SubspaceProtector(W.shape[1 if output else 0], layout="rows", side="output" if output else "input")
            for W in (network.layers if protection else [])
        ]

    def learn(self, X: np.ndarray, y: np.ndarray) -> None:
        """Train on one task, and protect its directions from the next one on."""
        layers = self.network.layers
        if self.optimizer is None or not (self.protection and self.protection.stale):
            self.optimizer = Optimizer(self.training.optimizer, self.training.step_size, layers)
        sketches = self._sketches()
        first = layers[0].copy()
        for _ in range(self.training.epochs):
            order, total = self.rng.permutation(len(y)), 0.0
            for start in range(0, len(y), BATCH):
                rows = order[start : start + BATCH]
                loss, gradients = self.network.gradients(X[rows], y[rows])
                total += loss * len(rows)
                if sketches and self.protection and self.protection.rows == "gradients":
                    self._see(sketches, gradients)
                self._step(gradients)
            self.losses.append(total / len(y))
            self.n_rows += len(y)
        if self.protection:
            if self.ranks and self.protection.side == "input":
                self.leak = self.protectors[0].leak_bound(layers[0] - first)
            self._protect(X, sketches)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Name the class with the largest score."""
        return np.asarray(self.network.logits(X).argmax(axis=1))

    def _step(self, gradients: list[np.ndarray]) -> None:
        """One step of the optimizer, with the projection before or after it."""
        assert self.optimizer is not None
        late = self.protection is None or self.protection.projected == "updates"
        updates = self.optimizer.updates(gradients if late else self._projected(gradients))
        for W, update in zip(self.network.layers, self._projected(updates) if late else updates, strict=True):
            W += update

    def _projected(self, changes: list[np.ndarray]) -> list[np.ndarray]:
        """The changes without what the protected directions of their layers hold."""
        if not self.ranks:
            return changes
        return [np.asarray(p.project(G)) for p, G in zip(self.protectors, changes, strict=True)]

    def _sketches(self) -> list[FrequentDirections]:
        """An empty sketch for every layer that is protected."""
        return [FrequentDirections(p.n_features, min(p.n_features, SKETCH_RANK)) for p in self.protectors]

    def _see(self, sketches: list[FrequentDirections], gradients: list[np.ndarray]) -> None:
        """Take the directions of gradients into the sketches, on the protected side."""
        for sketch, G in zip(sketches, gradients, strict=True):
            sketch.update(G if self.protection and self.protection.side == "output" else G.T)

    def _protect(self, X: np.ndarray, sketches: list[FrequentDirections]) -> None:
        """Protect the directions of a task that was learned."""
        assert self.protection is not None
        if self.protection.rows == "inputs":
            for sketch, rows in zip(sketches, self.network.inputs(X), strict=True):
                sketch.update(rows)
        for protector, sketch in zip(self.protectors, sketches, strict=True):
            protector.extend(sketch, keep_energy=self.protection.keep_energy)
        self.ranks.append([protector.rank for protector in self.protectors])


class JointLearner:
    """A network that is trained anew on all rows seen so far, whenever a task arrives: an upper reference.

    Parameters
    ----------
    make : callable
        Returns a fresh `NetworkLearner`.
    """

    def __init__(self, make: Callable[[], NetworkLearner]) -> None:
        self.make = make
        self.learner = make()
        self.seen: list[tuple[np.ndarray, np.ndarray]] = []
        self.losses: list[float] = []
        self.n_rows = 0

    def learn(self, X: np.ndarray, y: np.ndarray) -> None:
        """Train on the rows of all tasks together."""
        self.seen.append((X, y))
        self.learner = self.make()
        self.learner.learn(*(np.concatenate(parts) for parts in zip(*self.seen, strict=True)))
        self.losses += self.learner.losses
        self.n_rows += self.learner.n_rows

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Name the class with the largest score."""
        return self.learner.predict(X)


def accuracies(learner: Learner, tests: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """The share of rows of each task whose class a learner names."""
    return [float(np.mean(learner.predict(X) == y)) for X, y in tests]
