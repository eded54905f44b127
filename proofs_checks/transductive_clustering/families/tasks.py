"""Few-shot tasks from a law: normal classes around normal centres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Family
from lrtheory.transductive_clustering import few_shot


@dataclass(frozen=True)
class TaskLaw:
    """Five classes in so many dimensions, shots and queries a class, and the noise relative to the centres."""

    n_features: int
    shot: int
    query: int
    noise: float
    n_classes: int = 5

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, ...]:
        """Support, its labels, queries and theirs, of n tasks."""
        centers = rng.normal(size=(n, self.n_classes, 1, self.n_features))
        around = lambda count: centers + self.noise * rng.normal(size=(n, self.n_classes, count, self.n_features))
        labels = [np.tile(np.repeat(np.arange(self.n_classes), count), (n, 1)) for count in (self.shot, self.query)]
        support, query = (around(count).reshape(n, -1, self.n_features) for count in (self.shot, self.query))
        return support, labels[0], query, labels[1]


@dataclass(frozen=True)
class Accuracies:
    """Share of right queries of a method and of another on the same tasks, (n,) each."""

    better: np.ndarray
    worse: np.ndarray


def compared(
    law: TaskLaw, rng: np.random.Generator, n: int, better: str = "k-means", worse: str = "nearest"
) -> Accuracies:
    """Both methods on the same n tasks."""
    support, labels, query, truth = law.draw(rng, n)
    shares = [(few_shot(support, labels, query, method=method).labels == truth).mean(1) for method in (better, worse)]
    return Accuracies(*shares)


ONE_SHOT = Family("one-shot", always=(TaskLaw(16, 1, 10, 1.4),))
#: classes that say nothing of the queries
NOISE = Family("pure-noise", always=(TaskLaw(16, 1, 10, 100.0),))
