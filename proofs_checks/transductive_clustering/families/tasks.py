"""Few-shot tasks from laws: round classes, thin ones, queries of other classes, and digits where they are installed.

A seed makes the tasks of a law again, so a solver returns the seed and its labels, and the claim knows the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lrtheory._data import DIGITS, location
from lrtheory.bounds import Draws, Family
from lrtheory.transductive_clustering import Turns, few_shot, load_digits_features, make_episodes


class Tasks(NamedTuple):
    """Support, its labels and queries of n tasks, the mean of other classes where there is one, and the truth."""

    support: np.ndarray
    labels: np.ndarray
    query: np.ndarray
    base_mean: np.ndarray | None
    truth: np.ndarray


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


def shuffled(rng: np.random.Generator, tasks: Tasks) -> Tasks:
    """The tasks with the queries of each in an order of its own, so that their order does not tell their classes."""
    order = rng.permuted(np.tile(np.arange(tasks.truth.shape[1]), (len(tasks.truth), 1)), axis=1)
    query = np.take_along_axis(tasks.query, order[:, :, None], 1)
    return tasks._replace(query=query, truth=np.take_along_axis(tasks.truth, order, 1))


def with_digits(*laws: Any, shot: int) -> tuple[Any, ...]:
    """The laws, and that of digits where their file is installed."""
    return (*laws, DigitLaw(shot)) if location(DIGITS) is not None else laws


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


#: Laplacian K-prototypes as published: prototypes from labels, and these weights
PUBLISHED: Options = {"method": "slk", "turns": Turns(hard=True), "lam": 0.7, "temperature": 1.0}
PUBLISHED_MODES: Options = PUBLISHED | {"prototype": "mode"}


def draw_round(draws: Draws) -> TaskLaw:
    """Round classes in 14 to 20 dimensions."""
    return TaskLaw(draws.integers(14, 20), 1, draws.integers(8, 12), draws.integers(12, 16) / 10)


def draw_thin(draws: Draws) -> TaskLaw:
    """Thin classes in four dimensions."""
    return TaskLaw(4, 1, draws.integers(8, 12), 0.05, n_classes=4, stretch=float(draws.integers(18, 22)))


def draw_thin_five(draws: Draws) -> TaskLaw:
    """Thin classes in three dimensions, five labeled points each."""
    return TaskLaw(3, 5, draws.integers(12, 18), 0.1, n_classes=3, stretch=float(draws.integers(9, 11)))


def draw_unrelated(draws: Draws) -> TaskLaw:
    """Queries of other classes than the support's; of fewer than five classes, shares of right labels vary too much."""
    sizes = draws.integers(3, 16), draws.choice((1, 2, 5)), draws.integers(4, 12)
    shape = {"n_classes": draws.integers(5, 8), "stretch": draws.choice((1.0, 10.0))}
    return TaskLaw(*sizes, draws.integers(1, 20) / 10, informed=False, **shape)


ONE_SHOT = Family("one-shot", always=lambda: with_digits(TaskLaw(16, 1, 10, 1.4), shot=1), draw=draw_round)
FIVE_SHOTS = Family(
    "five-shots",
    always=lambda: with_digits(TaskLaw(3, 5, 15, 0.1, n_classes=3, stretch=10.0), shot=5),
    draw=draw_thin_five,
)
THIN_CLASSES = Family("thin-classes", always=(TaskLaw(4, 1, 10, 0.05, n_classes=4, stretch=20.0),), draw=draw_thin)
#: threads, which means cut across
THREADS = Family("threads", always=(TaskLaw(3, 1, 10, 0.05, stretch=40.0),))
#: classes that say nothing of the queries
UNRELATED = Family("unrelated", always=(TaskLaw(16, 1, 10, 1.4, informed=False),), draw=draw_unrelated)


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
