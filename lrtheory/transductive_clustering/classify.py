r"""Labels of the rows of a table in which some are labeled: one few-shot task, whose other rows are the queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._result import Result, result
from lrtheory._result.display import bars
from lrtheory._types import Rng
from lrtheory._validation import choice, flag, integer, must
from lrtheory.transductive_clustering.data.reading import PointTable
from lrtheory.transductive_clustering.evaluate import EpisodeTable, evaluate
from lrtheory.transductive_clustering.few_shot import Turns, few_shot
from lrtheory.transductive_clustering.problem import ClusteringProblem
from lrtheory.transductive_clustering.tasks.methods import METHODS
from lrtheory.transductive_clustering.updates.certificates import StationarityCertificate
from lrtheory.transductive_clustering.updates.display import certified
from lrtheory.transductive_clustering.updates.inputs import points

__all__ = ["ClassifiedPoints", "classify", "compared"]

MOST = 20_000  # points, whose graph is dense
WAY, QUERY, FEWEST = 5, 15, 5  # classes of a task, queries of a class, and the fewest queries that a class must leave

Points = PointTable | ClusteringProblem | str | PathLike[str]


@result
class ClassifiedPoints(Result):
    """All n points of a table with their labels, of which some were given.

    Attributes
    ----------
    labels : array of str, shape (n,)
        The given class, or the most likely one.
    given : bool array of shape (n,)
        Whether the label stood in the table.
    probabilities : array of shape (n, K)
        Assignments to the classes; those of given labels are 0 and 1.
    classes : tuple of str
        The classes, sorted.
    names : tuple of str, or None
        Names of the points.
    column : str
        Column of the table that holds the labels.
    method : str
        The method.
    converged : bool
        Whether energy and assignments stand still.
    message : str
        Reason for the end of the run.
    counts : mapping
        ``given`` and ``filled`` labels.
    certificate : StationarityCertificate or None
        Certificate of the assignments of all points, the given ones first; see `few_shot`.
    """

    labels: np.ndarray
    given: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]
    names: tuple[str, ...] | None
    column: str
    method: str
    converged: bool
    message: str
    counts: Mapping[str, int]
    certificate: StationarityCertificate | None

    def _columns(self) -> dict[str, Any]:
        point = "point" if self.column != "point" else "name"
        likely = self.probabilities.max(axis=1).tolist()
        return {
            point: range(1, len(self.labels) + 1) if self.names is None else self.names,
            self.column: self.labels,
            "probability": [None if known else p for known, p in zip(self.given, likely, strict=True)],
        }

    def _facts(self) -> list[str]:
        proof = [] if self.certificate is None else [certified(self.certificate)]
        filled = f"{self.counts['filled']:,} labels filled in from {self.counts['given']:,} given ones by {self.method}"
        say = "probabilities are assignments of the method, which nobody has calibrated; `evaluate` measures accuracy"
        return [*proof, filled, say, self.message]

    def _draw(self, ax: Any) -> None:
        counts = [int((self.labels[~self.given] == name).sum()) for name in self.classes]
        bars(ax, self.classes, counts, label="labels filled in")


def classify(
    X: Points, label: str | int | None = None, *, method: str = "slk", standardize: bool = False
) -> ClassifiedPoints:
    """Fill in the labels of the points whose class is not known, from those of the others.

    The points are one task of `few_shot`: those with a label are the support, all others the queries.

    Parameters
    ----------
    X : PointTable, path, data frame, or ClusteringProblem with classes
        Points.
    label : str, int, or None
        The column of labels, by name or number from 1, empty where they are not known; left out beside a problem.
    method : str
        As in `few_shot`.
    standardize : bool
        Whether each column of a table is divided by its standard deviation.

    Returns
    -------
    ClassifiedPoints
        Points with their labels, in the order of the table.

    Raises
    ------
    ValueError
        If no label is missing or only one class is there, or if there are more than 20,000 points.
    TypeError
        If it is neither a table nor a problem with classes.

    Notes
    -----
    Points are moved and scaled as a whole, so that their mean is 0 and their mean square 1; their unit changes nothing.
    As nobody knows how the classes share the other points, these are not moved to the mean of the labeled ones, and
    prototypes of "slk" are means of labels.

    Examples
    --------
    >>> table = {"name": ["a", "b", "c", "d"], "x": [0.0, 0.2, 3.0, 3.3], "y": ["low", None, "high", None]}
    >>> classify(table, "y").labels.tolist()
    ['low', 'low', 'high', 'high']
    """
    choice("method", method, tuple(METHODS))
    problem, column = _problem(X, label, standardize)
    truth, classes = problem.truth, problem.classes
    if truth is None or classes is None:
        raise must("X", "a table with a column of labels, or a problem with classes", X, TypeError)
    given = truth >= 0
    if given.all():
        raise must("label", "a column with at least one empty cell, which is then filled in", column)
    if len(classes) < 2:
        raise must("label", "a column with at least two classes", list(classes))
    if len(truth) > MOST:
        raise must(
            "X", f"at most {MOST:,} points, as their graph is dense; `cluster` clamps labels of more", len(truth)
        )
    features = scaled(points(problem))
    names = np.array(classes)
    found = few_shot(features[given], names[truth[given]], features[~given], **rules(method))
    order = [list(classes).index(name) for name in to_numpy(found.classes).tolist()]
    probabilities = np.zeros((len(truth), len(classes)))
    probabilities[np.flatnonzero(given), truth[given]] = 1
    filled = np.zeros((int((~given).sum()), len(classes)))
    filled[:, order] = to_numpy(found.probabilities)
    probabilities[~given] = filled
    labels = names[np.where(given, truth, probabilities.argmax(axis=1))]
    return ClassifiedPoints(
        labels=labels,
        given=given,
        probabilities=probabilities,
        classes=classes,
        names=problem.labels,
        column=column,
        method=method,
        converged=found.converged,
        message=found.message,
        counts={"given": int(given.sum()), "filled": int((~given).sum())},
        certificate=found.certificate,
    )


def compared(
    table: PointTable,
    label: str,
    *,
    methods: Sequence[str],
    n_tasks: int,
    shot: int,
    way: int | None = None,
    query: int | None = None,
    standardize: bool = False,
    rng: Rng = None,
) -> EpisodeTable:
    """Compare methods on tasks from the labeled points of a table, under the rules of `classify`.

    Parameters
    ----------
    table : PointTable
        Points.
    label : str
        The column of labels.
    methods : sequence of str
        Methods of `few_shot`.
    n_tasks, shot : int
        As in `evaluate`.
    way, query : int or None
        As in `evaluate`; None takes up to 5 classes and 15 queries, as many as there are.
    standardize : bool
        Whether each column is divided by its standard deviation.
    rng : Generator, int or None
        Source of the tasks.

    Returns
    -------
    EpisodeTable
        Accuracies of the methods; the message names the classes that were too small to be used.

    Raises
    ------
    ValueError
        If fewer than two classes are large enough.
    """
    problem, column = _problem(table, label, standardize)
    truth, classes = np.asarray(problem.truth), problem.classes or ()
    shot = integer("shot", shot, low=1)
    counts = np.bincount(truth[truth >= 0], minlength=len(classes))
    least = shot + (FEWEST if query is None else integer("query", query, low=1))
    large = counts >= least
    if large.sum() < 2:
        sizes = dict(zip(classes, counts.tolist(), strict=True))
        raise must(column, f"a column with two classes of at least {least} points", sizes)
    kept = np.isin(truth, np.flatnonzero(large))
    found = evaluate(
        scaled(points(problem)[kept]),
        np.array(classes)[truth[kept]],
        n_tasks=n_tasks,
        way=min(WAY, int(large.sum())) if way is None else way,
        shot=shot,
        query=min(QUERY, int(counts[large].min()) - shot) if query is None else query,
        methods={name: rules(name) for name in methods},
        rng=rng,
    )
    small = [name for name, enough in zip(classes, large, strict=True) if not enough]
    unknown = int((truth < 0).sum())
    left = [f"{unknown:,} points without a label"] if unknown else []
    left += [f"the classes with fewer than {least} points ({', '.join(small[:8])})"] if small else []
    return replace(found, message=f"{found.message}; without {' and '.join(left)}") if left else found


def _problem(X: Any, label: Any, standardize: bool) -> tuple[ClusteringProblem, str]:
    """Return the problem that is meant, and the name of the column of its labels."""
    flag("standardize", standardize)
    if isinstance(X, ClusteringProblem):
        for name, given, plain in (("label", label, None), ("standardize", standardize, False)):
            if given != plain:
                raise must(name, "left out beside a problem", given)
        return X, "label"
    table = PointTable.of(X)
    if table is None:
        raise must("X", "a PointTable, a path, a data frame or a ClusteringProblem", X, TypeError)
    if label is None:
        raise must("label", f"one of the columns {', '.join(table.table.names[:12])}", None)
    column = table.table.pick({"label": label}, {"label": ()})["label"]
    return table.problem(column, standardize=standardize), column


def scaled(X: np.ndarray) -> np.ndarray:
    """Return the points around their mean, in units of the root of their mean square."""
    largest = float(np.abs(X).max()) or 1.0
    around = X / largest
    around = around - around.mean(axis=0)
    size = float(np.sqrt((around * around).sum(axis=1).mean()))
    return around / size if size > 0 else around


def rules(method: str) -> dict[str, Any]:
    """Return options of `few_shot` for points whose classes may be of any size and whose lengths mean something."""
    turns = {"turns": Turns(hard=True)} if method == "slk" else {}
    return {"method": method, "normalize": None, "query_shift": False, **turns}
