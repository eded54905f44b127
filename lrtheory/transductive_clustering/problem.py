r"""Problems: points with the clusters they came from, costs with an affinity, and batches of few-shot tasks.

A row of assignments is a point of the simplex. An `AssignmentProblem` is what is left when the prototypes are fixed:

.. math:: \min_Z \; T \sum_{pl} z_{pl} \log z_{pl} + \langle A, Z \rangle - \tfrac{\lambda}{2} \mathrm{tr}(Z^\top W Z)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lrtheory._array import is_foreign, sparse
from lrtheory._result import read_only
from lrtheory._types import Array, ArrayLike, Rng, SparseArray
from lrtheory._validation import array, as_array, choice, generator, integer, must, open_interval, real
from lrtheory.transductive_clustering.theory.arguments import simplex

__all__ = [
    "AssignmentProblem",
    "ClusteringProblem",
    "make_directed_ring",
    "make_gaussian_mixture",
    "make_two_points",
]


@dataclass(frozen=True, eq=False, slots=True)
class ClusteringProblem:
    """Points, and the clusters that they came from where they are known.

    Parameters
    ----------
    features : array of shape (n, d)
        One point per row.
    truth : int array of shape (n,), or None
        The class of each point, in any integers.
    labels : tuple or None
        Names of the points, carried through untouched.
    classes : tuple of str, or None
        Names of the classes 0, 1, ... of the truth; -1 is then a point whose class is not known.
    feature_names : tuple of str, or None
        Names of the coordinates.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or the truth has a class without a name.

    Examples
    --------
    >>> ClusteringProblem([[0.0], [2.0]], [0, 1]).n_clusters
    2
    """

    features: np.ndarray
    truth: np.ndarray | None = None
    labels: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = field(default=None, kw_only=True)
    feature_names: tuple[str, ...] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        X = as_array("features", self.features)
        if X.ndim != 2:
            raise must("features", "of shape (n, d)", X.shape)
        X = array("features", X)
        object.__setattr__(self, "features", read_only(X))
        if self.truth is not None:
            truth = as_array("truth", self.truth)
            if truth.shape != X.shape[:1] or truth.dtype.kind not in "iu":
                raise must("truth", f"an integer array of shape ({len(X)},)", truth)
            if self.classes is not None and not ((truth >= -1) & (truth < len(self.classes))).all():
                raise must(
                    "truth", f"in [-1, {len(self.classes) - 1}], as there are {len(self.classes)} classes", truth
                )
            object.__setattr__(self, "truth", read_only(truth))

    @property
    def n_clusters(self) -> int:
        """The number of classes of the truth; 0 when it is not known."""
        if self.classes is not None:
            return len(self.classes)
        return 0 if self.truth is None else len(np.unique(self.truth))


@dataclass(frozen=True, eq=False, slots=True)
class AssignmentProblem:
    """Costs and an affinity: clustering with its prototypes fixed. NumPy arrays and lists are copied.

    Parameters
    ----------
    costs : array of shape (N, K) or (E, N, K)
        Cost of giving point p to cluster l.
    affinity : array or sparse array of shape (N, N), or array of shape (E, N, N)
        Weights between points.
    init : array of shape (N, K) or (E, N, K), or None
        First assignments, rows in the simplex; None starts from the costs alone.
    clamp : int array of shape (N,) or (E, N), or None
        Labels in [0, K) that are clamped; -1 is free.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, a start is not in the simplex, or a clamped label is not
        a cluster.
    TypeError
        If an array is not of real numbers.

    Examples
    --------
    >>> AssignmentProblem([[0.0, 1.0]], [[0.0]]).costs.shape
    (1, 2)
    """

    costs: Array
    affinity: Array | SparseArray
    init: Array | None = None
    clamp: Array | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("costs", "affinity", "init", "clamp"):
            object.__setattr__(self, name, _own(name, getattr(self, name)))
        shape = tuple(np.shape(self.costs))
        if len(shape) not in (2, 3) or 0 in shape:
            raise must("costs", "of shape (N, K) or (E, N, K) with at least one entry", shape)
        square = (*shape[:-1], shape[-2])
        wanted = {"affinity": (square, square[-2:]), "init": (shape, shape[-2:]), "clamp": (shape[:-1],)}
        for name, shapes in wanted.items():
            value = getattr(self, name)
            if value is not None and tuple(value.shape) not in shapes:
                raise must(name, f"of shape {shapes[0]}", tuple(value.shape))
        if isinstance(self.init, np.ndarray):
            simplex("init", self.init)
        if isinstance(self.clamp, np.ndarray):
            outside = (self.clamp < -1) | (self.clamp >= shape[-1])
            if outside.any():
                raise must("clamp", f"in [-1, {shape[-1] - 1}]", self.clamp[outside][0])


def _own(name: str, value: Any) -> Any:
    """A read-only copy of an array on the host, of real numbers; arrays of other libraries as they are."""
    if sparse.issparse(value):
        if name != "affinity":
            raise must(name, "a dense array", value, TypeError)
        if value.dtype.kind not in "fiub":
            raise must(name, "an array of real numbers", value.dtype, TypeError)
        W = sparse.csr_array(value, copy=True)
        if not np.isfinite(W.data).all():
            raise must(name, "finite", W.data[~np.isfinite(W.data)][0])
        return W
    if is_foreign(value) or (value is None and name in ("init", "clamp")):
        return value
    value = np.array(as_array(name, value))
    if name == "clamp" and value.dtype.kind not in "iu":
        raise must(name, "an integer array", value)
    return read_only(value if value.dtype.kind in "iu" else array(name, value))


def make_two_points(*, offset: float = 0.1, side: str = "opposite") -> AssignmentProblem:
    r"""Two points that attract each other and cost nothing: the smallest problem that bifurcates, at lambda = 2 T.

    Parameters
    ----------
    offset : float
        e in (0, 1/2); the start is (1/2 + e, 1/2 - e) for the first point.
    side : {"opposite", "same"}
        Whether the second point starts on the other side, which ends in a cycle of two, or on the same one.

    Returns
    -------
    AssignmentProblem
        A = 0, W exchanges the points (its eigenvalues are 1 and -1).

    Raises
    ------
    ValueError
        If the offset is outside (0, 1/2), or the side is unknown.

    Examples
    --------
    >>> make_two_points().init.tolist()
    [[0.6, 0.4], [0.4, 0.6]]
    """
    e = open_interval("offset", offset, 0, 0.5)
    choice("side", side, ("opposite", "same"))
    first = [0.5 + e, 0.5 - e]
    second = first[::-1] if side == "opposite" else first
    return AssignmentProblem(np.zeros((2, 2)), np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([first, second]))


def make_directed_ring(n: int = 3, *, own: float = 0.8) -> AssignmentProblem:
    """Points on a ring, each of which looks at the next one only: no energy exists, and long cycles do.

    Parameters
    ----------
    n : int
        Number of points and of clusters, at least 2.
    own : float
        The share of its own label with which each point starts, in (0, 1); the rest is spread evenly.

    Returns
    -------
    AssignmentProblem
        A = 0 and a directed affinity.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> make_directed_ring().affinity.tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    n, own = integer("n", n, low=2), open_interval("own", own, 0, 1)
    start = np.full((n, n), (1 - own) / (n - 1))
    np.fill_diagonal(start, own)
    return AssignmentProblem(np.zeros((n, n)), np.roll(np.eye(n), 1, axis=1), start)


def make_gaussian_mixture(
    n: int,
    n_clusters: int,
    n_features: int = 2,
    *,
    separation: float = 6.0,
    weights: ArrayLike | None = None,
    rng: Rng = None,
) -> ClusteringProblem:
    """Points from round Gaussians of unit variance.

    Parameters
    ----------
    n, n_clusters, n_features : int
        Numbers of points, of clusters and of coordinates.
    separation : float
        The centers are Gaussian with this standard deviation.
    weights : array of shape (n_clusters,), or None
        Shares of the clusters; None makes them equal.
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    ClusteringProblem
        Points, and their true clusters.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> make_gaussian_mixture(100, 3, rng=0).features.shape
    (100, 2)
    """
    n, k = integer("n", n, low=1), integer("n_clusters", n_clusters, low=1)
    d, spread = integer("n_features", n_features, low=1), real("separation", separation, low=0, high=1e100)
    draws = generator(rng)
    shares = np.ones(k) if weights is None else array("weights", weights, shape=(k,), low=0)
    if not shares.sum() > 0:
        raise must("weights", "positive somewhere", shares)
    truth = draws.choice(k, size=n, p=shares / shares.sum())
    centers = spread * draws.normal(size=(k, d))
    return ClusteringProblem(centers[truth] + draws.normal(size=(n, d)), truth)
