r"""Laplacian K-prototypes: assignments and prototypes take turns, and the joint energy never rises.

.. math:: R_T(Z, M) = T \sum z_{pl} \log z_{pl} + \langle A(M), Z \rangle - \tfrac{\lambda}{2} \mathrm{tr}(Z^\top W Z)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._validation import array, choice, generator, integer, real
from lrtheory.transductive_clustering.affinity import knn_affinity, spatial_order
from lrtheory.transductive_clustering.clusters import starts
from lrtheory.transductive_clustering.clusters.prototypes import PROTOTYPES, Prototypes, host_costs
from lrtheory.transductive_clustering.clusters.turns import Turns
from lrtheory.transductive_clustering.problem import AssignmentProblem
from lrtheory.transductive_clustering.updates import certificates, dense
from lrtheory.transductive_clustering.updates.certificates import Stationarity
from lrtheory.transductive_clustering.updates.edges import without_asymmetry
from lrtheory.transductive_clustering.updates.inputs import flag, in_range, points, sparse_affinity, squarable, weights
from lrtheory.transductive_clustering.updates.rounding import clamped_labels

__all__ = ["ClusteringResult", "ClusteringState", "cluster"]

REORDER = 50_000  # points from which neighbors in memory pay


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
        Of "gaussian" prototypes.
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
    damping : float
        Step factor at the end; below 1 when steps were shortened so that the energy falls.
    method : str
        "slk", Laplacian K-prototypes; "k-means" or "spectral" of the `baselines`.
    n_iter : int
        Turns of assignments and prototypes.
    converged : bool
        Whether energy and assignments stand still.
    message : str
        How it ended; how many clusters are empty, and whether the temperature is large beside the squared distances.
    counts : mapping
        ``updates`` of assignments, their ``passes``, ``flops`` and ``exponentials`` as in `BoundResult`, and ``rises``
        of the energy beyond rounding, which are 0 for means, modes and medoids with a symmetric affinity and "auto"
        damping.
    certificate : Stationarity
        Of the assignments, for the costs of the final prototypes.
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
    damping: float
    method: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    certificate: Stationarity
    trace: Mapping[str, np.ndarray] | None

    def assignment_problem(self, X: Any) -> AssignmentProblem:
        """Costs of the final prototypes with affinity and held labels, by which the certificate is verified.

        Parameters
        ----------
        X : array of shape (n, d)
            The points.

        Returns
        -------
        AssignmentProblem
            For `bound_update` and ``certificate.verify``.
        """
        return AssignmentProblem(self.costs(X), self.affinity, clamp=self.certificate.clamp)

    def costs(self, X: Any) -> np.ndarray:
        """Return the costs of points, also new ones, in every cluster.

        Parameters
        ----------
        X : array of shape (n, d)
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
        X = array("X", points(X), shape=(None, self.prototypes.shape[1]))
        kinds = Prototypes(self.prototype, self.prototypes, self.bandwidth, self.covariances)
        return host_costs(X, kinds, X.dtype)


@arrays("host")
def cluster(
    X: Any,
    n_clusters: int,
    *,
    prototype: str = "mean",
    lam: float = 1.0,
    temperature: float = 1.0,
    affinity: Any = None,
    n_neighbors: int = 4,
    bandwidth: float | None = None,
    init: Any = "k-means++",
    clamp: Any = None,
    hard: bool = False,
    damping: float | str = "auto",
    max_inner_iter: int = 5,
    tol: float = 1e-5,
    max_iter: int = 100,
    rng: np.random.Generator | int | None = None,
    callback: Callable[[ClusteringState], Any] | None = None,
    record: bool = False,
) -> ClusteringResult:
    r"""Cluster points by prototypes and a graph that asks neighbors to agree.

    Arrays: any (copied to the host)

    Parameters
    ----------
    X : array of shape (n, d), or ClusteringProblem
        Points.
    n_clusters : int
        K, in [1, n].
    prototype : {"mean", "mode", "medoid", "bo", "gaussian"}
        What a cluster is compared with. The energy never rises for means, modes and medoids; "gaussian" adds a ridge
        to its covariances, so they are not quite the minimizers and the energy can rise a little, which ``counts`` and
        ``message`` tell; "bo" has no guarantee.
    lam, temperature : float
        lambda at least 0, and T above 0. Costs are squared distances, so T has their unit; T -> 0 is hard K-means.
    affinity : array or sparse array of shape (n, n), or None
        W, as in `bound_update`; None takes the symmetrized graph of nearest neighbors.
    n_neighbors : int
        Of that graph.
    bandwidth : float or None
        s of modes and medoids; None takes the root mean squared length of the edges.
    init : "k-means++", or array of shape (K, d)
        First prototypes; clusters that have held points start at their mean. Medoids start at the nearest point of the
        data, since from elsewhere their first update could raise the energy.
    clamp : int array of shape (n,), or None
        Labels in [0, K) that are held; -1 is free.
    hard : bool
        Prototypes from labels in place of assignments, as some codes do; the energy may then rise.
    damping : "auto", or float in (0, 1]
        As in `bound_update`.
    max_inner_iter : int
        Largest number of updates of the assignments a turn.
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
        If shapes do not fit, a number is not finite or out of range, or squared distances leave the range of the dtype.

    Notes
    -----
    The energy never rises, at any half turn, for soft means, modes and medoids with a symmetric affinity and damping
    "auto" (statement TC-T9); the certificate bounds the distance to the only fixed point of the assignments where
    updates contract (statement TC-T7). A temperature that is large beside the squared distances merges prototypes: then
    clusters are empty, and ``message`` says so.

    Half precision becomes float32. Points far from 0 are taken from an origin amid them.

    References
    ----------
    .. [1] I. M. Ziko, E. Granger, I. Ben Ayed, Scalable Laplacian K-modes, NeurIPS 2018.

    Examples
    --------
    >>> found = cluster([[0.0], [0.1], [5.0], [5.1]], 2, n_neighbors=1, rng=0)
    >>> bool(found.labels[0] == found.labels[1] != found.labels[2]), found.counts["rises"]
    (True, 0)
    """
    X = squarable(points(X))
    K = integer("n_clusters", n_clusters, low=1, high=len(X))
    choice("prototype", prototype, PROTOTYPES)
    tol, max_iter = real("tol", tol, low=0, high=1), integer("max_iter", max_iter, low=1)
    hard, max_inner_iter = flag("hard", hard), integer("max_inner_iter", max_inner_iter, low=1)
    lam, temperature = weights(lam, temperature, X.dtype)
    clamp = None if clamp is None else clamped_labels(clamp, X.shape[:1], K)
    order = spatial_order(X) if affinity is None and len(X) >= REORDER else np.arange(len(X))
    origin = starts.origin_of(X)
    ours, held = (X - origin)[order], None if clamp is None else clamp[order]
    if affinity is None:
        W = knn_affinity(ours, n_neighbors=n_neighbors)
    else:
        W = without_asymmetry(np, sparse_affinity(affinity, len(X), X.dtype))
    init = starts.given_centers(init, X, K, origin)
    first = starts.first_prototypes(ours, K, prototype, init=init, held=held, rng=generator(rng))
    turns = Turns(ours, W, starts.with_bandwidth(first, ours, W, bandwidth), held, lam, temperature)
    in_range(np, turns.costs, W, lam)
    turns.damp(damping)
    n_iter, converged = turns.run(hard, max_inner_iter, tol, max_iter, _watched(callback, order, origin))
    return _as_result(turns, X, (order, origin, clamp), (n_iter, converged), record)


def _watched(callback: Any, order: np.ndarray, origin: np.ndarray) -> Any:
    """Return a function that calls the callback after a turn, and tells whether it asked to stop."""
    if callback is None:
        return None

    def watch(turns: Turns, n_iter: int) -> bool:
        Z = turns.Z[np.argsort(order)]
        try:
            callback(ClusteringState(Z, turns.prototypes.centers + origin, turns.energies[-1], n_iter))
        except StopIteration:
            return True
        return False

    return watch


def _as_result(
    turns: Turns, X: np.ndarray, frame: tuple[Any, Any, Any], ended: tuple[int, bool], record: bool
) -> ClusteringResult:
    """Build the result in the caller's order of points and from the caller's origin."""
    order, origin, clamp = frame
    back, kind, work = np.argsort(order), turns.prototypes, turns.work
    Z, W, costs, energy = turns.Z[back], turns.W, turns.costs[back], turns.energies[-1]
    if (back[1:] < back[:-1]).any():
        W = W[back][:, back]
        W.sort_indices()
    if origin.any():  # prototypes are rounded once more, and the energy is that of the rounded ones
        kind = kind._replace(centers=kind.centers + origin)
        costs = host_costs(X, kind, X.dtype)
        energy += float(dense.total(np, costs * Z)) - float(dense.total(np, turns.costs * turns.Z))
    labels = Z.argmax(axis=1)
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
        damping=float(turns.factor),
        method="slk",
        n_iter=ended[0],
        converged=ended[1],
        message=turns.message(ended[1], n_empty),
        counts={"updates": turns.updates, **work._asdict(), "rises": int(turns.rises)},
        certificate=certificates.stationarity(Z, costs, W, turns.lam, turns.temperature, clamp, turns.known),
        trace={"energies": np.array(turns.energies)} if record else None,
    )
