r"""Few-shot tasks drawn from labeled points: some classes, a few labeled points of each, queries to label."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._result import read_only
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import as_array, generator, integer, must, real
from lrtheory.transductive_clustering.data.reading import PointTable
from lrtheory.transductive_clustering.problem import ClusteringProblem
from lrtheory.transductive_clustering.updates.inputs import class_labels, points

__all__ = ["EpisodeBatch", "labeled_points", "make_episodes"]


@dataclass(frozen=True, eq=False, slots=True)
class EpisodeBatch:
    """E tasks of one size, as `few_shot` takes them.

    Parameters
    ----------
    support : array of shape (E, NS, D)
        Labeled points, ordered by class.
    support_labels : array of shape (E, NS)
        Labels of the support points.
    query : array of shape (E, NQ, D)
        Points to label.
    query_labels : array of shape (E, NQ)
        The true labels of the queries.
    base_mean : array of shape (E, D), or None
        The mean of the class means of the classes outside of each task, where there are some.

    Raises
    ------
    ValueError
        If an array has rows of unequal length, or hides entries behind a mask.

    Examples
    --------
    >>> points, labels = np.zeros((1, 1, 2)), np.zeros((1, 1), np.int64)
    >>> EpisodeBatch(points, labels, points, query_labels=labels).n_tasks
    1
    """

    support: np.ndarray
    support_labels: np.ndarray
    query: np.ndarray
    query_labels: np.ndarray = field(kw_only=True)
    base_mean: np.ndarray | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("support", "support_labels", "query", "query_labels", "base_mean"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, read_only(as_array(name, value)))

    @property
    def n_tasks(self) -> int:
        """E."""
        return len(self.support)


def labeled_points(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Points and their labels, from a problem, a table or arrays; points of a class that is not known are left out."""
    table = PointTable.of(X)
    if table is not None:
        X, y = (table.problem(y), None) if y is None or isinstance(y, (str, int)) else (table.problem(), y)
    if isinstance(X, ClusteringProblem):
        known = X
        X = points(known)
        if y is None and known.truth is not None:
            y = known.truth
            if known.classes is not None:
                here = y >= 0
                X, y = X[here], np.array(known.classes)[y[here]]
    X = points(X)
    if y is None:
        raise must("y", "labels, or the column of labels of a table, where the problem has no truth", None)
    y = class_labels("y", y)
    if y.shape != X.shape[:1]:
        raise must("y", f"of shape ({len(X)},)", y.shape)
    try:
        np.unique(y)
    except TypeError as error:
        raise must("y", "labels of one kind, which can be sorted", y) from error
    return X, y


def known_classes(name: str, classes: Any, y: np.ndarray) -> np.ndarray:
    """Classes that are there, each once."""
    wanted = as_array(name, to_numpy(classes)).ravel()
    values, counts = np.unique(wanted, return_counts=True)
    if (counts > 1).any():
        raise must(name, "without a class that stands twice", values[counts > 1][0])
    strange = np.setdiff1d(values, np.unique(y))
    if len(strange):
        raise must(name, "labels of y", strange[0])
    return wanted


def make_episodes(
    X: ArrayLike | ClusteringProblem | PointTable | str | PathLike[str],
    y: ArrayLike | str | None = None,
    *,
    n_tasks: int,
    way: int = 5,
    shot: int = 1,
    query: int = 15,
    proportions: float | None = None,
    classes: ArrayLike | None = None,
    rng: Rng = None,
) -> EpisodeBatch:
    """Draw tasks: classes without replacement, then points of each without replacement.

    Parameters
    ----------
    X : array of shape (n, D), ClusteringProblem, PointTable, path or data frame
        Points.
    y : array of shape (n,), str, or None
        Labels of the points, or the column of a table in which they stand, where points without one are left out; None
        takes the truth of the problem.
    n_tasks : int
        E.
    way, shot, query : int
        Classes per task, labeled points per class, and queries per class (on average, where classes are unbalanced).
    proportions : float or None
        Parameter of a symmetric Dirichlet law from which the shares of the classes among the queries are drawn; None
        gives every class the same.
    classes : array, or None
        The classes that tasks are drawn from, each once; None takes all.
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    EpisodeBatch
        Each task with the mean of the classes outside of it.

    Raises
    ------
    ValueError
        If there are too few classes, one is unknown or stands twice, or a class has too few points, or a label is not
        finite.
    TypeError
        If labels are neither real numbers nor strings.

    Examples
    --------
    >>> batch = make_episodes(np.arange(8.0)[:, None], [0, 0, 0, 0, 1, 1, 1, 1], n_tasks=3, way=2, query=2, rng=0)
    >>> batch.support.shape, batch.query.shape
    ((3, 2, 1), (3, 4, 1))
    """
    features, labels = labeled_points(X, y)
    known = np.unique(labels) if classes is None else known_classes("classes", classes, labels)
    members = [np.flatnonzero(labels == label) for label in known]
    n_tasks, shot = integer("n_tasks", n_tasks, low=1), integer("shot", shot, low=1)
    way, query = integer("way", way, low=1, high=len(known)), integer("query", query, low=1)
    fewest = min(len(rows) for rows in members)
    smallest = f"the smallest class, {known[[len(rows) for rows in members].index(fewest)]}"
    if fewest <= shot:
        raise must("shot", f"below {fewest}, the size of {smallest}", shot)
    if fewest < shot + query:
        raise must("query", f"at most {fewest - shot}, what {smallest}, leaves", query)
    if proportions is not None:
        if real("proportions", proportions) <= 0:
            raise must("proportions", "positive", proportions)
        real("proportions", proportions, low=0, high=1e100)
    draws = generator(rng)
    means = np.stack([features[rows].mean(axis=0) for rows in members])
    support, queries = np.empty((n_tasks, way * shot), np.int64), np.empty((n_tasks, way * query), np.int64)
    base = np.empty((n_tasks, features.shape[1]), features.dtype)
    for e in range(n_tasks):
        order = draws.permutation(len(known))
        chosen, others = order[:way], order[way:]
        sizes = _sizes(draws, way, query, proportions, np.array([len(members[c]) - shot for c in chosen]))
        drawn = [draws.permutation(members[c])[: shot + size] for c, size in zip(chosen, sizes, strict=True)]
        support[e] = np.concatenate([rows[:shot] for rows in drawn])
        queries[e] = np.concatenate([rows[shot:] for rows in drawn])
        if len(others):
            base[e] = means[others].mean(axis=0)
    outside = base if way < len(known) else None
    return EpisodeBatch(
        features[support], labels[support], features[queries], query_labels=labels[queries], base_mean=outside
    )


def _sizes(draws: np.random.Generator, way: int, query: int, proportions: float | None, most: np.ndarray) -> np.ndarray:
    """The number of queries of each class, way * query in all; where a class has too few points others give more."""
    if proportions is None:
        return np.full(way, query)
    shares = draws.dirichlet(np.full(way, proportions))
    sizes = np.minimum(draws.multinomial(way * query, shares), most)
    while sizes.sum() < way * query:
        sizes[np.argmax(most - sizes)] += 1
    return sizes
