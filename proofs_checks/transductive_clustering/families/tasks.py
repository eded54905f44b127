"""Few-shot tasks from laws: round classes, thin ones, queries of other classes, and digits where they are installed.

Queries stand class by class, so that the claim knows the truth and the solver returns labels alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from lrtheory._data import DIGITS, location
from lrtheory.bounds import Draws, Family
from lrtheory.transductive_clustering import few_shot, load_digits_features, make_episodes

Tasks = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]


@dataclass(frozen=True)
class TaskLaw:
    """Classes around normal centers, with so many shots and queries a class, and noise relative to the centers.

    Attributes
    ----------
    n_features, shot, query, n_classes : int
        Sizes.
    noise : float
        Standard deviation of points around their center.
    stretch : float
        How much larger the noise is along a direction of each class's own.
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

    @property
    def truth(self) -> np.ndarray:
        """Class of each query."""
        return np.repeat(np.arange(self.n_classes), self.query)

    def draw(self, rng: np.random.Generator, n: int) -> Tasks:
        """Support, its labels and queries of n tasks; there are no other classes."""
        size = (n, self.n_classes, 1, self.n_features)
        centers, along = rng.normal(size=size), rng.normal(size=size)
        along = along / np.linalg.norm(along, axis=-1, keepdims=True)

        def around(middle: np.ndarray, count: int) -> np.ndarray:
            off = rng.normal(size=(n, self.n_classes, count, self.n_features))
            off = off + (self.stretch - 1) * (off * along).sum(-1, keepdims=True) * along
            return (middle + self.noise * off).reshape(n, -1, self.n_features)

        labels = np.tile(np.repeat(np.arange(self.n_classes), self.shot), (n, 1))
        support, others = around(centers, self.shot), centers if self.informed else rng.normal(size=size)
        return support, labels, around(others, self.query), None


@cache
def digits() -> Any:
    """The digits, read once."""
    return load_digits_features()


@dataclass(frozen=True)
class DigitLaw:
    """Five of the ten digits, with so many shots and queries a class; the others give the mean that is taken off."""

    shot: int
    query: int = 15
    n_classes: int = 5

    @property
    def truth(self) -> np.ndarray:
        """Class of each query, as its place among the classes of the task."""
        return np.repeat(np.arange(self.n_classes), self.query)

    def draw(self, rng: np.random.Generator, n: int) -> Tasks:
        """Support, the places of its classes, queries, and the mean of the other classes, of n tasks."""
        size = {"n_tasks": n, "way": self.n_classes, "shot": self.shot, "query": self.query}
        batch = make_episodes(digits(), rng=rng, **size)
        places = np.tile(np.repeat(np.arange(self.n_classes), self.shot), (n, 1))
        return batch.support, places, batch.query, batch.base_mean


def with_digits(*laws: Any, shot: int) -> tuple[Any, ...]:
    """The laws, and that of digits where their file is installed."""
    return (*laws, DigitLaw(shot)) if location(DIGITS) is not None else laws


@dataclass(frozen=True)
class Answers:
    """Labels of the queries by a method and by another on the same tasks, (n, NQ) each."""

    better: np.ndarray
    worse: np.ndarray


Options = dict[str, Any]


def labeled(tasks: Tasks, options: Options) -> np.ndarray:
    """The labels that a method gives."""
    support, labels, query, base_mean = tasks
    return few_shot(support, labels, query, base_mean=base_mean, **options).labels


def compared(law: Any, rng: np.random.Generator, n: int, *, better: Options, worse: Options) -> Answers:
    """Both methods on the same n tasks."""
    tasks = law.draw(rng, n)
    return Answers(labeled(tasks, better), labeled(tasks, worse))


def alone(law: Any, rng: np.random.Generator, n: int, **options: Any) -> np.ndarray:
    """Labels of one method, (n, NQ)."""
    return labeled(law.draw(rng, n), options)


#: Laplacian K-prototypes as published: prototypes from labels, and these weights
PUBLISHED: Options = {"method": "slk", "hard": True, "lam": 0.7, "temperature": 1.0}
PUBLISHED_MODES: Options = PUBLISHED | {"prototype": "mode"}

ROUND = TaskLaw(16, 1, 10, 1.4)
THIN = TaskLaw(4, 1, 10, 0.05, n_classes=4, stretch=20.0)
THIN_FIVE = TaskLaw(3, 5, 15, 0.1, n_classes=3, stretch=10.0)
STRANGE = TaskLaw(16, 1, 10, 1.4, informed=False)
LISTED = (ROUND, THIN, THIN_FIVE, DigitLaw(1), DigitLaw(5))

ONE_SHOT = Family("one-shot", always=lambda: with_digits(ROUND, shot=1))
FIVE_SHOTS = Family("five-shots", always=lambda: with_digits(THIN_FIVE, shot=5))
THIN_CLASSES = Family("thin-classes", always=(THIN,))
#: threads, which means cut across
THREADS = Family("threads", always=(TaskLaw(3, 1, 10, 0.05, stretch=40.0),))
#: classes that say nothing of the queries
UNRELATED = Family("unrelated", always=(STRANGE,))


# --- what a label depends on -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Episode:
    """One task, (1, n, d) each; the mean of other classes is known."""

    support: np.ndarray
    query: np.ndarray
    base_mean: np.ndarray


def together(episode: Episode, rng: np.random.Generator | None = None, *, known_mean: bool = True) -> np.ndarray:
    """Probabilities of all queries in one call, by the nearest prototype without a shift of the queries."""
    support, labels = episode.support, np.arange(episode.support.shape[1])[None]
    options = {"method": "nearest", "query_shift": False, "base_mean": episode.base_mean if known_mean else None}
    return few_shot(support, labels, episode.query, **options).probabilities[0]


def draw_episode(draws: Draws) -> Episode:
    """Two or three classes, one labeled point each, and up to five queries."""
    k, n = draws.integers(2, 3), draws.integers(1, 5)
    points = draws.integers(-8, 8, shape=(k + n, 3)) / 4 + np.array([0.125, 0.25, 0.0625])
    return Episode(points[None, :k], points[None, k:], draws.integers(-4, 4, shape=(1, 3)) / 8)


EPISODES = Family(
    "episodes",
    always=(Episode(np.eye(3)[None, :2], np.array([[[1.0, 0.5, 0.0], [0.25, 1.0, 3.0]]]), np.zeros((1, 3))),),
    draw=draw_episode,
)
