"""The verbs of the shell: ``lrtheory transductive_clustering cluster``, ``classify`` and ``evaluate``."""

from __future__ import annotations

from typing import Literal

from lrtheory.transductive_clustering.classify import ClassifiedPoints, compared
from lrtheory.transductive_clustering.classify import classify as fill_in
from lrtheory.transductive_clustering.cluster import ClusteringResult
from lrtheory.transductive_clustering.cluster import cluster as solve
from lrtheory.transductive_clustering.data.reading import PointTable
from lrtheory.transductive_clustering.evaluate import EpisodeTable

__all__ = ["classify", "cluster", "evaluate"]

#: arguments of the functions that a verb calls, and its own names for them
RENAMED = {"cluster": {"n_clusters": "k", "n_starts": "starts"}, "evaluate": {"n_tasks": "tasks"}}


def cluster(
    points: PointTable,
    *,
    k: int,
    label: str | None = None,
    standardize: bool = False,
    lam: float = 0.3,
    temperature: float = 0.3,
    starts: int = 10,
    rng: int = 0,
) -> ClusteringResult:
    """Cluster points by prototypes and a graph in which neighbors agree.

    Parameters
    ----------
    points : PointTable
        Points, with columns of numbers and perhaps one of names, as a table or a matrix. A row is a point.
    k : int
        Number of clusters.
    label : str
        A column of classes, which is left out.
    standardize : bool
        Whether columns are divided by their standard deviations, as is due where they have different units.
    lam : float
        Weight of the edges between neighbors, in units of the mean squared length of an edge.
    temperature : float
        Temperature, in the same units: the larger it is, the softer the assignments are.
    starts : int
        Runs of K-means, of which the best one gives the first prototypes.
    rng : int
        Seed of the first prototypes.

    Returns
    -------
    ClusteringResult
        The cluster of each point.

    Examples
    --------
    lrtheory transductive_clustering cluster points.csv -k 3 --label kind --plot sizes.png -o clusters.csv
    """
    problem = points.problem(label, standardize=standardize)
    return solve(problem, k, lam=lam, temperature=temperature, unit="edges", n_starts=starts, rng=rng)


def classify(
    points: PointTable,
    *,
    label: str,
    method: Literal[
        "slk", "k-means", "nearest", "laplacian-shot", "bd-cspn", "tim", "pt-map", "label-spreading"
    ] = "slk",
    standardize: bool = False,
) -> ClassifiedPoints:
    """Fill in the labels of points from those of a few.

    Parameters
    ----------
    points : PointTable
        Points of which some have a label, with columns of numbers and one of labels, empty where unknown. A row is a
        point, and a column of names is kept.
    label : str
        The column of labels.
    method : {"slk", "k-means", "nearest", "laplacian-shot", "bd-cspn", "tim", "pt-map", "label-spreading"}
        Laplacian K-prototypes, or one of the methods that it is compared with.
    standardize : bool
        Whether columns are divided by their standard deviations, as is due where they have different units.

    Returns
    -------
    ClassifiedPoints
        All rows, with their labels filled in.

    Examples
    --------
    lrtheory transductive_clustering classify some_labels.csv --label kind -o filled.csv
    """
    return fill_in(points, label, method=method, standardize=standardize)


def evaluate(
    points: PointTable,
    *,
    label: str,
    methods: tuple[str, ...] = ("nearest", "k-means", "slk"),
    tasks: int = 1000,
    shot: int = 1,
    way: int | None = None,
    query: int | None = None,
    standardize: bool = False,
    rng: int = 0,
) -> EpisodeTable:
    """Measure how well labels are filled in, by hiding labels that are known.

    Parameters
    ----------
    points : PointTable
        Labeled points, with columns of numbers and one of labels. A row is a point.
    label : str
        The column of labels.
    methods : tuple of str
        Methods that `classify` knows, on the same tasks.
    tasks : int
        Number of tasks.
    shot : int
        Labels that are kept of each class of a task.
    way : int
        Classes of a task (default: 5, or all there are).
    query : int
        Points of each class whose labels are hidden (default: 15, or what the smallest class leaves).
    standardize : bool
        Whether columns are divided by their standard deviations, as is due where they have different units.
    rng : int
        Seed of the tasks.

    Returns
    -------
    EpisodeTable
        Accuracy of each method, with intervals.

    Examples
    --------
    lrtheory transductive_clustering evaluate points.csv --label kind --tasks 200 --plot accuracy.png
    """
    return compared(
        points,
        label,
        methods=methods,
        n_tasks=tasks,
        shot=shot,
        way=way,
        query=query,
        standardize=standardize,
        rng=rng,
    )
