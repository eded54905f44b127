"""Few-shot tasks from laws: round classes, thin ones, queries of other classes, and digits where they are installed.

A seed makes the tasks of a law again, so a solver returns the seed and its labels, and the claim knows the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lrtheory.transductive_clustering import few_shot, load_digits_features, make_episodes


class Tasks(NamedTuple):
    """Support, its labels and queries of n tasks, the mean of other classes where there is one, and the truth."""

    support: np.ndarray
    labels: np.ndarray
    query: np.ndarray
    base_mean: np.ndarray | None
    truth: np.ndarray


def shuffled(rng: np.random.Generator, tasks: Tasks) -> Tasks:
    """The tasks with the queries of each in an order of its own, so that their order does not tell their classes."""
    order = rng.permuted(np.tile(np.arange(tasks.truth.shape[1]), (len(tasks.truth), 1)), axis=1)
    query = np.take_along_axis(tasks.query, order[:, :, None], 1)
    return tasks._replace(query=query, truth=np.take_along_axis(tasks.truth, order, 1))


@dataclass(frozen=True)
class TaskLaw:
    """Classes around normal centers, with `shot` and `query` points per class, and noise relative to the centers.

    Attributes
    ----------
    n_features, shot, query, n_classes : int
        Sizes.
    noise : float
        Standard deviation of points around their center.
    stretch : float
        Factor by which the noise is larger along one direction, which each class draws for itself.
    informed : bool
        Whether queries belong to the classes of the support; else they are from classes of their own.
    """

    n_features: int
    shot: int
    query: int
    noise: float
    n_classes: int = 5
    stretch: float = 1.0
    informed: bool = True

    def tasks(self, seed: int, n: int) -> Tasks:
        """Draw n tasks with their queries in a random order; there are no other classes."""
        rng = np.random.default_rng(seed)
        size = (n, self.n_classes, 1, self.n_features)
        classes = rng.normal(size=size), rng.normal(size=size)
        others = classes if self.informed else (rng.normal(size=size), rng.normal(size=size))

        def around(classes: tuple[np.ndarray, np.ndarray], count: int) -> np.ndarray:
            center, along = classes
            along = along / np.linalg.norm(along, axis=-1, keepdims=True)
            off = rng.normal(size=(n, self.n_classes, count, self.n_features))
            off = off + (self.stretch - 1) * (off * along).sum(-1, keepdims=True) * along
            return (center + self.noise * off).reshape(n, -1, self.n_features)

        labels = np.tile(np.repeat(np.arange(self.n_classes), self.shot), (n, 1))
        truth = np.tile(np.repeat(np.arange(self.n_classes), self.query), (n, 1))
        return shuffled(rng, Tasks(around(classes, self.shot), labels, around(others, self.query), None, truth))

    @property
    def kind(self) -> str:
        """Of which measured kind the law is, in words; empty where it is of none."""
        if not self.informed:
            return ""
        # the ranges are those of the draws below, on which the margins of the statements were measured
        if self.shot == 1 and self.n_classes == 5 and self.stretch == 1 and 1.2 <= self.noise <= 1.6:
            return "round, one shot" if 14 <= self.n_features <= 20 and 8 <= self.query <= 12 else ""
        if not 15 <= self.noise * self.stretch / 0.05 <= 25 or not 8 <= self.query <= 18:
            return ""
        if self.shot == 1 and self.n_classes == 4 and self.n_features == 4:
            return "thin, one shot"
        return "thin, five shots" if self.shot == 5 and self.n_classes == 3 and self.n_features == 3 else ""


@cache
def digits() -> Any:
    """The digits, read once."""
    return load_digits_features()


@dataclass(frozen=True)
class DigitLaw:
    """Five of the ten digits, with `shot` and `query` points per class; the others give the mean that is taken off."""

    shot: int
    query: int = 15
    n_classes: int = 5

    def tasks(self, seed: int, n: int) -> Tasks:
        """Draw n tasks with the indices of their classes as labels, and with their queries in a random order."""
        rng = np.random.default_rng(seed)
        size = {"n_tasks": n, "way": self.n_classes, "shot": self.shot, "query": self.query}
        batch = make_episodes(digits(), rng=rng, **size)
        # supports come class by class, so indices are labels as good as the digits themselves, and those of TaskLaw
        classes = np.tile(np.repeat(np.arange(self.n_classes), self.shot), (n, 1))
        truth = np.tile(np.repeat(np.arange(self.n_classes), self.query), (n, 1))
        return shuffled(rng, Tasks(batch.support, classes, batch.query, batch.base_mean, truth))

    @property
    def kind(self) -> str:
        """Of which measured kind the law is, in words; empty where it is of none."""
        if self.n_classes != 5 or not 10 <= self.query <= 15:
            return ""
        return {1: "digits, one shot", 5: "digits, five shots"}.get(self.shot, "")


@dataclass(frozen=True)
class Answers:
    """Labels of the queries (n, NQ), and the seed of the tasks."""

    seed: int
    labels: np.ndarray


Options = dict[str, Any]


def labeled(tasks: Tasks, options: Options) -> np.ndarray:
    """Return the labels that a method gives."""
    return few_shot(tasks.support, tasks.labels, tasks.query, base_mean=tasks.base_mean, **options).labels


def answered(law: Any, rng: np.random.Generator, n: int, **options: Any) -> Answers:
    """Return the labels of one method on n tasks, and the seed that draws these again."""
    seed = int(rng.integers(2**63))
    return Answers(seed, labeled(law.tasks(seed, n), options))
