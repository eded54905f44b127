r"""Methods compared on the same tasks: accuracy, and paired differences, which are much sharper."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._parallel import progress
from lrtheory._result import Result, result
from lrtheory._result.display import intervals
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import choice, generator, integer, must, sequence
from lrtheory.transductive_clustering.data.reading import PointTable
from lrtheory.transductive_clustering.few_shot import few_shot
from lrtheory.transductive_clustering.problem import ClusteringProblem
from lrtheory.transductive_clustering.tasks.episodes import known_classes, labeled_points, make_episodes
from lrtheory.transductive_clustering.tasks.methods import DEFAULTS, METHODS
from lrtheory.transductive_clustering.theory.special_cases import half_width

__all__ = ["EpisodeTable", "evaluate"]

BLOCK = 250  # tasks drawn and solved at a time
LAMS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  # in units of the temperature, tried on held-out classes
SMOOTHED = ("slk", "laplacian-shot")  # the methods that have a weight to choose


@result
class EpisodeTable(Result):
    r"""M methods on the same n tasks.

    Attributes
    ----------
    methods : tuple of str
        Names of the methods.
    accuracy : float64 array of shape (M,)
        Mean share of queries labeled rightly.
    half_width : float64 array of shape (M,)
        Half of the 95 % interval of each mean, by Student's law.
    differences, difference_half_width : float64 array of shape (M, M)
        Mean over the tasks of the accuracy of the row's method minus the column's, and half of its 95 % interval.
    seconds : float64 array of shape (M,)
        Mean seconds per task, from features to labels.
    correct : float64 array of shape (M, n)
        The share of right labels in every task.
    lams : mapping
        The weight lambda / T that was chosen for each method on held-out classes; empty where none was.
    chosen_on : tuple
        The held-out classes; empty where no weight was chosen.
    message : str
        Tasks on which the numbers were measured, in words.
    counts : mapping
        ``tasks``, and ``validation_tasks`` for the choice of weights.
    """

    methods: tuple[str, ...]
    accuracy: np.ndarray
    half_width: np.ndarray
    differences: np.ndarray
    difference_half_width: np.ndarray
    seconds: np.ndarray
    correct: np.ndarray
    lams: Mapping[str, float]
    chosen_on: tuple[Any, ...]
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        columns = {"method": self.methods, "accuracy": self.accuracy, "half_width": self.half_width}
        if self.lams:
            columns |= {"lam": [self.lams.get(name) for name in self.methods]}
        return columns

    def _facts(self) -> list[str]:
        drawn = f"on {self.message}; intervals of 95 % over tasks drawn from these points (Student's law)"
        alike = [name for name, half in zip(self.methods, self.half_width, strict=True) if half == 0]
        if alike:
            drawn += f"; all tasks came out alike for {', '.join(alike)}, so the width 0 says little"
        if len(self.methods) < 2:
            return [drawn]
        best, second = np.argsort(-self.accuracy, kind="stable")[:2]
        less, half = self.differences[best, second], self.difference_half_width[best, second]
        first, other, gain = self.methods[best], self.methods[second], f"{less:.4f} +- {half:.4f} on the same tasks"
        if less > half:
            return [f"{first} is better than {other} by {gain}", drawn]
        return [f"whether {first} is better than {other} is open: their accuracies differ by {gain}", drawn]

    def _draw(self, ax: Any) -> None:
        low, high = self.accuracy - self.half_width, self.accuracy + self.half_width
        intervals(ax, self.methods, low, high, middle=self.accuracy, label="accuracy")


def evaluate(
    X: ArrayLike | ClusteringProblem | PointTable | str | PathLike[str],
    y: ArrayLike | str | None = None,
    *,
    n_tasks: int = 1000,
    way: int = 5,
    shot: int = 1,
    query: int = 15,
    proportions: float | None = None,
    methods: Sequence[str] | Mapping[str, Mapping[str, Any]] = ("nearest", "k-means", "slk"),
    validation: ArrayLike | None = None,
    rng: Rng = None,
    n_jobs: int | None = None,
) -> EpisodeTable:
    r"""Compare methods on tasks drawn from labeled points (statement TC-E-k-means).

    Parameters
    ----------
    X : array of shape (n, D), ClusteringProblem, PointTable, path or data frame
        Points.
    y : array of shape (n,), str, or None
        Labels of the points, or the column of a table in which they stand, where points without one are left out; None
        takes the truth of the problem.
    n_tasks : int
        Number of tasks, at least 2.
    way, shot, query, proportions : as in `make_episodes`
        Sizes of the tasks.
    methods : sequence of str, or mapping from names to options of `few_shot`
        The methods to compare, or options of `few_shot` under a name of their own.
    validation : array, or None
        Held-out classes, at least two. lambda / T of "slk" and "laplacian-shot", where the options have no `lam`, is
        then the best of a grid on tasks from these classes, and all reported tasks come from the others. Fewer
        held-out classes than `way` make smaller tasks, and the message says so.
    rng : Generator, int or None
        Source of the tasks.
    n_jobs : int or None
        As in `few_shot`.

    Returns
    -------
    EpisodeTable
        Labels are compared as they are, never matched.

    Raises
    ------
    ValueError
        If a method or class is unknown or stands twice, or tasks cannot be drawn.
    TypeError
        If `methods` is neither a sequence of names nor a mapping, or labels are neither real numbers nor strings.

    Examples
    --------
    >>> from lrtheory.transductive_clustering import make_gaussian_mixture
    >>> points = make_gaussian_mixture(300, 3, 4, rng=0)
    >>> table = evaluate(points, n_tasks=20, way=3, methods=("nearest", "slk"), rng=0)
    >>> table.accuracy.shape, table.differences.shape
    ((2,), (2, 2))
    """
    features, labels = labeled_points(X, y)
    n_tasks = integer("n_tasks", n_tasks, low=2)
    named = _named(methods)
    draws = generator(rng)
    size: dict[str, Any] = {"way": way, "shot": shot, "query": query, "proportions": proportions}
    held = () if validation is None else tuple(known_classes("validation", validation, labels).tolist())
    if len(held) == 1:
        raise must("validation", "None or at least two classes", held)
    classes = np.setdiff1d(np.unique(labels), np.asarray(held)) if held else np.unique(labels)
    lams: dict[str, float] = {}
    n_validation, shared = min(n_tasks, 500), {**size, "way": min(integer("way", way, low=1), len(held))}
    for name, options in named.items():
        if held and options.get("method", "slk") in SMOOTHED and options.get("lam") is None:
            lams[name], named[name] = _chosen(features, labels, options, held, n_validation, shared, draws, n_jobs)
    correct, seconds = _scores(features, labels, named, classes, n_tasks, size, draws, n_jobs, "evaluate")
    paired = correct[:, None, :] - correct[None, :, :]
    where = f"{n_tasks} tasks of {way} of {len(classes)} classes, {shot} labeled points each"
    if lams:
        where += f"; weights chosen on tasks of {shared['way']} of the classes {held}"
    return EpisodeTable(
        methods=tuple(named),
        accuracy=correct.mean(axis=1),
        half_width=half_width(correct.T),
        differences=paired.mean(axis=2),
        difference_half_width=half_width(np.moveaxis(paired, 2, 0)),
        seconds=seconds,
        correct=correct,
        lams=lams,
        chosen_on=held if lams else (),
        message=where,
        counts={"tasks": n_tasks, "validation_tasks": n_validation if lams else 0},
    )


def _chosen(features, labels, options, held, n, size, draws, n_jobs):
    """The best weight on tasks from held-out classes, and the options with it."""
    temperature = options.get("temperature")
    temperature = DEFAULTS[options.get("method", "slk")][1] if temperature is None else temperature
    grid = {str(lam): {**options, "lam": lam * temperature} for lam in LAMS}
    correct, _ = _scores(features, labels, grid, np.asarray(held), n, size, draws, n_jobs, None)
    best = int(correct.mean(axis=1).argmax())
    return LAMS[best], grid[str(LAMS[best])]


def _named(methods: Any) -> dict[str, Any]:
    """Return the options of each method under its name."""
    if isinstance(methods, Mapping):
        named = dict(methods)
    else:
        named = {choice("methods", name, tuple(METHODS)): {"method": name} for name in sequence("methods", methods)}
    if not named or len(named) < len(methods):
        raise must("methods", "at least one, and each once", methods)
    for name, options in named.items():
        if not isinstance(options, Mapping):
            raise must(f"methods[{name!r}]", "a mapping of options of `few_shot`", options, TypeError)
        choice("methods", options.get("method", "slk"), tuple(METHODS))
    return named


def _scores(X, y, named, classes, n_tasks, size, draws, n_jobs, title):
    """The share of right labels of every method in every task, and mean seconds per task."""
    correct, seconds = np.empty((len(named), n_tasks)), np.zeros(len(named))
    starts = range(0, n_tasks, BLOCK)
    for first in progress(starts, total=len(starts), title=title):
        part = slice(first, min(first + BLOCK, n_tasks))
        batch = make_episodes(X, y, n_tasks=part.stop - first, classes=classes, rng=draws, **size)
        for m, options in enumerate(named.values()):
            begun = time.perf_counter()
            labels = few_shot(
                batch.support,
                batch.support_labels,
                batch.query,
                **{"base_mean": batch.base_mean, "n_jobs": n_jobs, **options},
            ).labels
            seconds[m] += time.perf_counter() - begun
            correct[m, part] = (labels == batch.query_labels).mean(axis=1)
    return correct, seconds / n_tasks
