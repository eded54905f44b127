r"""Laplacian K-prototypes: assignments and prototypes take turns, and the joint energy never rises.

.. math:: R_T(Z, M) = T \sum z_{pl} \log z_{pl} + \langle A(M), Z \rangle - \tfrac{\lambda}{2} \mathrm{tr}(Z^\top W Z)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._array import arrays, sparse
from lrtheory._result import Result, result
from lrtheory._result.display import bars, curves
from lrtheory._types import ArrayLike, Rng, SparseArray
from lrtheory._validation import array, check_callback, choice, flag, generator, integer, must, real
from lrtheory.transductive_clustering.clusters import starts
from lrtheory.transductive_clustering.clusters.alternation import Alternation
from lrtheory.transductive_clustering.clusters.hard import typical_of
from lrtheory.transductive_clustering.clusters.prototypes import KERNELS, PROTOTYPES, Prototypes, host_costs
from lrtheory.transductive_clustering.data.reading import PointTable, as_problem, dominant, names_of
from lrtheory.transductive_clustering.problem import AssignmentProblem, ClusteringProblem
from lrtheory.transductive_clustering.updates import certificates, dense
from lrtheory.transductive_clustering.updates.affinity import knn_affinity, spatial_order
from lrtheory.transductive_clustering.updates.certificates import StationarityCertificate
from lrtheory.transductive_clustering.updates.display import certified, rows_of
from lrtheory.transductive_clustering.updates.edges import without_asymmetry
from lrtheory.transductive_clustering.updates.inputs import in_range, points, sparse_affinity, squarable, weights
from lrtheory.transductive_clustering.updates.rounding import clamped_labels

__all__ = ["ClusteringResult", "ClusteringState", "cluster"]

N_NEIGHBORS = 4  # of the graph, where the caller brings no affinity
REORDER = 50_000  # points from which it pays to order them so that neighbors are near each other in memory
SHOWN = 12  # clusters that have a sentence of their own


@result
class ClusteringState(Result):
    r"""The state that a callback gets after a turn.

    Attributes
    ----------
    assignments : array of shape (n, K)
        Z, rows in the simplex.
    prototypes : array of shape (K, d)
        Means, modes or medoids.
    energy : float
        R_T(Z, M).
    n_iter : int
        Turns so far.
    """

    assignments: np.ndarray
    prototypes: np.ndarray
    energy: float
    n_iter: int

    def _columns(self) -> dict[str, Any]:
        return rows_of(self.assignments, None, "cluster")


@result
class ClusteringResult(Result):
    r"""Clusters of n points.

    Attributes
    ----------
    labels : int64 array of shape (n,)
        The largest entry of each row of the assignments.
    assignments : array of shape (n, K)
        Z, rows in the simplex.
    prototypes : array of shape (K, d)
        Means, modes or medoids.
    covariances : float64 array of shape (K, d, d), or None
        Covariances of "gaussian" prototypes.
    energy : float
        R_T(Z, M).
    n_empty : int
        Clusters without a label; they keep their prototype.
    prototype : str
        The kind of prototypes.
    bandwidth : float or None
        s of the modes.
    affinity : csr_array of shape (n, n)
        W.
    typical : int64 array of shape (K,)
        The point of each cluster with the smallest cost, -1 for an empty one.
    names : tuple of str, or None
        Names of the points, where they come from a table or a problem with labels.
    damping : float
        Step factor at the end; below 1 when steps were shortened so that the energy falls.
    method : str
        "slk", Laplacian K-prototypes; "k-means" or "spectral" of the `baselines`.
    n_iter : int
        Turns of assignments and prototypes.
    converged : bool
        Whether energy and assignments stand still.
    message : str
        Reason for the end of the run, the number of empty clusters, and whether the temperature is large beside squared
        distances.
    counts : mapping
        ``updates`` of assignments, their ``passes``, ``flops`` and ``exponentials`` as in `BoundResult`, and ``rises``
        of the energy beyond rounding, which are 0 for means, modes and medoids with a symmetric affinity and "auto"
        damping.
    certificate : StationarityCertificate
        Certificate of the assignments, for the costs of the final prototypes.
    trace : mapping or None
        ``energies`` (2 n_iter + 1,): at the start, then after the assignments and after the prototypes of each turn.
    """

    labels: np.ndarray
    assignments: np.ndarray
    prototypes: np.ndarray
    covariances: np.ndarray | None
    energy: float
    n_empty: int
    prototype: str
    bandwidth: float | None
    affinity: sparse.csr_array
    typical: np.ndarray
    names: tuple[str, ...] | None
    damping: float
    method: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    certificate: StationarityCertificate
    trace: Mapping[str, np.ndarray] | None

    def _columns(self) -> dict[str, Any]:
        return rows_of(self.assignments, self.names, "cluster")

    def _facts(self) -> list[str]:
        sizes = self._sizes()
        shown = [
            f"cluster {c}: {size:,} points, typical is {row if self.names is None else self.names[row]}"
            for c, (size, row) in enumerate(zip(sizes.tolist(), self.typical.tolist(), strict=True))
            if size
        ]
        more = [f"and {len(shown) - SHOWN} more clusters"] if len(shown) > SHOWN else []
        return [certified(self.certificate), *shown[:SHOWN], *more, self.message]

    def _sizes(self) -> np.ndarray:
        return np.bincount(self.labels, minlength=self.assignments.shape[1])

    def _draw(self, ax: Any) -> None:
        if self.trace is not None:
            energies = self.trace["energies"]
            curves(ax, np.arange(len(energies)) / 2, {"energy": energies}, xlabel="turn", ylabel="energy")
            return
        sizes = self._sizes()
        bars(ax, [f"cluster {c}" for c in range(len(sizes))], sizes, label="points")

    def assignment_problem(self, X: ArrayLike | ClusteringProblem | PointTable | PathLike[str]) -> AssignmentProblem:
        """Costs of the final prototypes with affinity and clamped labels, by which the certificate is verified.

        Parameters
        ----------
        X : array of shape (n, d), problem, table, path or data frame
            The points.

        Returns
        -------
        AssignmentProblem
            For `bound_update` and ``certificate.verify``.
        """
        return AssignmentProblem(self.costs(X), self.affinity, clamp=self.certificate.clamp)

    def costs(self, X: ArrayLike | ClusteringProblem | PointTable | PathLike[str]) -> np.ndarray:
        """Return the costs of points, also new ones, in every cluster.

        Parameters
        ----------
        X : array of shape (n, d), problem, table, path or data frame
            Points.

        Returns
        -------
        array of shape (n, K)
            A; the nearest prototype is its argmin.

        Raises
        ------
        ValueError
            If the points are not finite or have another number of features.
        """
        features = array("X", points(X), shape=(None, self.prototypes.shape[1]))
        kinds = Prototypes(self.prototype, self.prototypes, self.bandwidth, self.covariances)
        return host_costs(features, kinds, features.dtype)


@arrays("host")
def cluster(
    X: ArrayLike | ClusteringProblem | PointTable | str | PathLike[str],
    n_clusters: int,
    *,
    prototype: str = "mean",
    lam: float = 1.0,
    temperature: float = 1.0,
    unit: float | str = 1.0,
    affinity: ArrayLike | SparseArray | None = None,
    n_neighbors: int | None = None,
    bandwidth: float | None = None,
    init: ArrayLike | str = "k-means++",
    n_starts: int = 1,
    clamp: ArrayLike | None = None,
    hard: bool = False,
    damping: float | str = "auto",
    max_inner_iter: int = 5,
    tol: float = 1e-5,
    max_iter: int = 100,
    rng: Rng = None,
    callback: Callable[[ClusteringState], Any] | None = None,
    record: bool = False,
) -> ClusteringResult:
    r"""Cluster points by prototypes and a graph that asks neighbors to agree.

    Arrays: any (copied to the host)

    Parameters
    ----------
    X : array of shape (n, d), ClusteringProblem, PointTable, path or data frame
        Points. What they are called comes back in the answer.
    n_clusters : int
        K, in [1, n].
    prototype : {"mean", "mode", "medoid", "bo", "gaussian"}
        The kind of prototypes. The energy never rises for means, modes and medoids; "gaussian" adds a ridge
        to its covariances, so they are not quite the minimizers and the energy can rise a little, as ``counts`` and
        ``message`` then say; "bo" has no guarantee.
    lam, temperature : float
        lambda at least 0, and T above 0. Costs are squared distances, so T has their unit; T -> 0 is hard K-means.
    unit : float or "edges"
        lambda and T are multiplied by it; "edges" is the mean squared length of the edges of the graph, so that the
        unit of the points does not matter. For "mode", "medoid" and "bo", whose costs have no unit, it is left at 1.
    affinity : array or sparse array of shape (n, n), or None
        W, as in `bound_update`; None takes the symmetrized graph of nearest neighbors.
    n_neighbors : int or None
        Neighbors of a point in that graph, so it is left out beside an affinity; None is 4.
    bandwidth : float or None
        s of "mode", "medoid" and "bo", left out for other prototypes; None takes the root mean squared length of the
        edges.
    init : "k-means++", or array of shape (K, d)
        First prototypes; clusters that have clamped points start at their mean. Medoids start at the nearest point of
        the data, since from elsewhere their first update could raise the energy.
    n_starts : int
        Draws of first prototypes. Each of several is improved by K-means, and the means with the least sum of squared
        distances are taken; 1 beside given prototypes.
    clamp : int array of shape (n,), or None
        Labels in [0, K) that are clamped; -1 is free.
    hard : bool
        Prototypes from labels and not from assignments, as some codes do; the energy may then rise.
    damping : "auto", or float in (0, 1]
        As in `bound_update`, undamped with 1.
    max_inner_iter : int
        Largest number of updates of the assignments per turn.
    tol : float
        Stop when the energy changes by at most this, relatively (or by its rounding), and no entry of Z by more than
        its root.
    max_iter : int
        Largest number of turns.
    rng : Generator, int or None
        Source of the first prototypes.
    callback : callable or None
        Called with a `ClusteringState` after each turn; StopIteration stops the run.
    record : bool
        Keep the energies.

    Returns
    -------
    ClusteringResult
        Labels, assignments, prototypes.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite or out of range, squared distances leave the range of the dtype, or
        an option is given that the prototypes or the affinity leave without use.
    TypeError
        If an array is not of real numbers, or the callback cannot be called.

    Notes
    -----
    The energy never rises, at any half turn, for soft means, modes and medoids with a symmetric affinity and damping
    "auto" (statement TC-T9); the certificate bounds the distance to the only fixed point of the assignments where
    updates contract (statement TC-T7). A temperature that is large beside the squared distances merges prototypes and
    empties clusters, and ``message`` says so.

    Half precision becomes float32. Points far from 0 are computed with relative to an origin among them.

    References
    ----------
    .. [1] I. M. Ziko, E. Granger, I. Ben Ayed, Scalable Laplacian K-modes, NeurIPS 2018.

    Examples
    --------
    >>> found = cluster([[0.0], [0.1], [5.0], [5.1]], 2, n_neighbors=1, rng=0)
    >>> bool(found.labels[0] == found.labels[1] != found.labels[2]), found.counts["rises"]
    (True, 0)
    """
    given = as_problem(X)
    features = points(given)
    columns = squarable(features)
    K = integer("n_clusters", n_clusters, low=1, high=len(features))
    choice("prototype", prototype, PROTOTYPES)
    if bandwidth is not None and prototype not in KERNELS:
        raise must("bandwidth", f"left out with prototype {prototype!r}, which has no kernel", bandwidth)
    tol, max_iter = real("tol", tol, low=0, high=1), integer("max_iter", max_iter, low=1)
    hard, record, callback = flag("hard", hard), flag("record", record), check_callback(callback)
    max_inner_iter = integer("max_inner_iter", max_inner_iter, low=1)
    n_starts = integer("n_starts", n_starts, low=1, high=1 if not isinstance(init, str) else None)
    lam, temperature = weights(lam, temperature, features.dtype)
    labels = None if clamp is None else clamped_labels(clamp, features.shape[:1], K)
    n = len(features)
    order = spatial_order(features) if affinity is None and n >= REORDER else np.arange(n)
    origin = starts.origin_of(columns)
    ours, clamped = (features - origin)[order], None if labels is None else labels[order]
    W = _graph(ours, affinity, n_neighbors)
    centers = starts.given_centers(init, features, K, origin)
    size = starts.unit_of(unit, prototype, ours, W)
    lam, temperature = weights(lam * size, temperature * size, features.dtype) if size != 1 else (lam, temperature)
    draws = generator(rng)
    if n_starts > 1:
        centers = starts.best_means(ours, K, n_starts, draws)
    first = starts.first_prototypes(ours, K, prototype, init=centers, clamped=clamped, rng=draws)
    run = Alternation(ours, W, starts.with_bandwidth(first, ours, W, bandwidth), clamped, lam, temperature)
    in_range(np, run.costs, W, lam)
    run.damp(damping)
    ended = run.run(hard, max_inner_iter, tol, max_iter, _watched(callback, order, origin))
    started = f"; started at the best of {n_starts} runs of K-means" if n_starts > 1 else ""
    remarks = started + dominant(given, features)
    found = _as_result(run, ended, features, (order, origin, labels), record)
    names = names_of(given)
    return replace(found, names=names, message=found.message + remarks) if names or remarks else found


def _graph(X: np.ndarray, affinity: Any, n_neighbors: int | None) -> Any:
    """Return the affinity of the caller, or that of the nearest neighbors among the points."""
    if affinity is None:
        return knn_affinity(X, n_neighbors=N_NEIGHBORS if n_neighbors is None else n_neighbors)
    if n_neighbors is not None:
        raise must("n_neighbors", "left out beside an affinity, which is the graph", n_neighbors)
    return without_asymmetry(np, sparse_affinity(affinity, len(X), X.dtype))


def _watched(callback: Any, order: np.ndarray, origin: np.ndarray) -> Any:
    """Return a function that calls the callback after a turn, and returns whether it asked to stop."""
    if callback is None:
        return None

    def watch(run: Alternation, n_iter: int) -> bool:
        Z = run.Z[np.argsort(order)]
        try:
            callback(ClusteringState(Z, run.prototypes.centers + origin, run.energies[-1], n_iter))
        except StopIteration:
            return True
        return False

    return watch


def _as_result(
    run: Alternation, ended: tuple[int, bool], X: np.ndarray, frame: tuple[Any, Any, Any], record: bool
) -> ClusteringResult:
    """Build the result in the caller's order of points and from the caller's origin."""
    order, origin, clamp = frame
    back, kind, work = np.argsort(order), run.prototypes, run.work
    Z, W, costs, energy = run.Z[back], run.W, run.costs[back], run.energies[-1]
    if (back[1:] < back[:-1]).any():
        W = W[back][:, back]
        W.sort_indices()
    if origin.any():  # prototypes are rounded once more, and the energy is that of the rounded ones
        kind = kind._replace(centers=kind.centers + origin)
        costs = host_costs(X, kind, X.dtype)
        energy += float(dense.total(np, costs * Z)) - float(dense.total(np, run.costs * run.Z))
    labels = Z.argmax(axis=1)
    own = np.take_along_axis(costs, labels[:, None], 1)[:, 0].astype(np.float64)
    n_empty = Z.shape[1] - len(np.unique(labels))
    return ClusteringResult(
        labels=labels,
        assignments=Z,
        prototypes=kind.centers,
        covariances=kind.covariances,
        energy=energy,
        n_empty=n_empty,
        prototype=kind.kind,
        bandwidth=kind.bandwidth,
        affinity=W,
        typical=typical_of(own, labels, Z.shape[1]),
        names=None,
        damping=float(run.factor),
        method="slk",
        n_iter=ended[0],
        converged=ended[1],
        message=run.message(ended[1], n_empty),
        counts={"updates": run.updates, **work._asdict(), "rises": int(run.rises)},
        certificate=certificates.stationarity(Z, costs, W, run.lam, run.temperature, clamp, run.known),
        trace={"energies": np.array(run.energies)} if record else None,
    )
