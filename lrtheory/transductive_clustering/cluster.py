r"""Laplacian K-prototypes: assignments and prototypes take turns, and the joint energy never rises.

.. math:: R_T(Z, M) = T \sum z_{pl} \log z_{pl} + \langle A(M), Z \rangle - \tfrac{\lambda}{2} \mathrm{tr}(Z^\top W Z)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._validation import array, choice, generator, integer, must, real
from lrtheory.transductive_clustering import certificates, dense, sparse_bound
from lrtheory.transductive_clustering.affinity import csr_parts, knn_affinity, spatial_order
from lrtheory.transductive_clustering.bound import step_factors
from lrtheory.transductive_clustering.certificates import Stationarity, positive
from lrtheory.transductive_clustering.problem import AssignmentProblem, ClusteringProblem
from lrtheory.transductive_clustering.prototypes import (
    PROTOTYPES,
    Prototypes,
    bandwidth_of,
    costs_of,
    moved,
    ridge_of,
    squared_distances,
)
from lrtheory.transductive_clustering.rounding import clamped_labels

__all__ = ["ClusteringResult", "cluster"]

REORDER = 50_000  # points from which neighbours in memory pay


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
    covariances : array of shape (K, d, d), or None
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
    n_iter : int
        Turns of assignments and prototypes.
    converged : bool
        Whether energy and assignments stand still.
    message : str
        How it ended.
    counts : mapping
        ``updates`` of assignments, their ``flops`` and ``exponentials``, and ``rises`` of the energy, which are 0
        for means, modes and medoids with a symmetric affinity and whole or "auto" damping.
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
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    certificate: Stationarity
    trace: Mapping[str, np.ndarray] | None

    def assignment_problem(self, X: Any) -> AssignmentProblem:
        """Costs of the final prototypes with the affinity, by which the certificate is verified.

        Parameters
        ----------
        X : array of shape (n, d)
            The points.

        Returns
        -------
        AssignmentProblem
            For `bound_update` and ``certificate.verify``.
        """
        return AssignmentProblem(self.costs(X), self.affinity)

    def costs(self, X: Any) -> np.ndarray:
        """What points cost in every cluster, new points too.

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
        X = array("X", X, shape=(None, self.prototypes.shape[1]))
        kinds = Prototypes(self.prototype, self.prototypes, self.bandwidth, self.covariances)
        return costs_of(np, X, kinds)


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
    inner_iter: int = 5,
    tol: float = 1e-5,
    max_iter: int = 100,
    rng: np.random.Generator | int | None = None,
    record: bool = False,
) -> ClusteringResult:
    r"""Cluster points by prototypes and a graph that asks neighbours to agree.

    Parameters
    ----------
    X : array of shape (n, d), or ClusteringProblem
        Points.
    n_clusters : int
        K, in [1, n].
    prototype : {"mean", "mode", "medoid", "bo", "gaussian"}
        What a cluster is compared with; "bo" has no guarantee.
    lam, temperature : float
        lambda at least 0, and T above 0. Costs are squared distances, so T has their unit; T -> 0 is hard K-means.
    affinity : array or sparse array of shape (n, n), or None
        W; None takes the symmetrised graph of nearest neighbours.
    n_neighbors : int
        Of that graph.
    bandwidth : float or None
        s of modes and medoids; None takes the root mean squared length of the edges.
    init : "k-means++", or array of shape (K, d)
        First prototypes; clusters that have held points start at their mean.
    clamp : int array of shape (n,), or None
        Labels in [0, K) that are held; -1 is free.
    hard : bool
        Prototypes from labels in place of assignments, as some codes do; the energy may then rise.
    damping : "auto", or float in (0, 1]
        As in `bound_update`.
    inner_iter : int
        Updates of the assignments a turn.
    tol : float
        Stop when the energy changes by at most this, relatively, and no entry of Z by more than its root.
    max_iter : int
        Largest number of turns.
    rng : Generator, int or None
        Source of the first prototypes.
    record : bool
        Keep the energies.

    Returns
    -------
    ClusteringResult
        Labels, assignments, prototypes.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite or out of range.

    References
    ----------
    .. [1] I. M. Ziko, E. Granger, I. Ben Ayed, Scalable Laplacian K-modes, NeurIPS 2018.

    Examples
    --------
    >>> found = cluster([[0.0], [0.1], [5.0], [5.1]], 2, n_neighbors=1, rng=0)
    >>> bool(found.labels[0] == found.labels[1] != found.labels[2]), found.counts["rises"]
    (True, 0)
    """
    X = X.features if isinstance(X, ClusteringProblem) else array("X", X, shape=(None, None))
    if len(X) == 0:
        raise must("X", "at least one point", X)
    K = integer("n_clusters", n_clusters, low=1, high=len(X))
    choice("prototype", prototype, PROTOTYPES)
    tol, max_iter = real("tol", tol, low=0, high=1), integer("max_iter", max_iter, low=1)
    order = spatial_order(X) if affinity is None and len(X) >= REORDER else None
    clamp = None if clamp is None else clamped_labels(clamp, X.shape[:1], K)
    points, held = (X, clamp) if order is None else (X[order], None if clamp is None else clamp[order])
    W = knn_affinity(points, n_neighbors=n_neighbors) if affinity is None else _affinity(affinity, X)
    first = _first_prototypes(points, K, prototype, W, bandwidth, init, held, generator(rng))
    turns = _Turns(points, W, first, held, real("lam", lam, low=0, high=1e300), positive("temperature", temperature))
    turns.damp(damping)
    n_iter, converged = turns.run(hard, integer("inner_iter", inner_iter, low=1), tol, max_iter)
    return turns.as_result(n_iter, converged, order, record)


class _Turns:
    """The state of the alternation: assignments, prototypes, and the energy after every half turn."""

    def __init__(
        self, X: np.ndarray, W: Any, prototypes: Prototypes, held: np.ndarray | None, lam: float, T: float
    ) -> None:
        self.X, self.W, self.prototypes, self.lam, self.temperature = X, W, prototypes, lam, T
        self.graph = csr_parts(W)
        self.costs = costs_of(np, X, prototypes)
        self.clamp = held
        self.held = np.full(len(X), -1) if held is None else held
        self.free = (self.held < 0)[:, None]
        start = dense.softmax(np, -self.costs / T)
        self.Z = np.where(self.free, start, dense.one_hot(np, self.held, self.costs.shape[1], X.dtype))
        self.known = certificates.spectrum_bounds(np, W, self.free)
        self.factor: Any = 1.0
        self.safe: Any = None
        self.updates = self.rises = 0
        self.energies = [self.energy()[0]]

    def damp(self, damping: float | str) -> None:
        self.factor, self.safe = step_factors(np, self.bound(), self.known, damping)

    def bound(self) -> dense.Bound:
        return dense.Bound(self.costs, self.W, self.lam, self.temperature, self.free)

    def energy(self) -> tuple[Any, Any]:
        value, rounding = dense.energy(np, self.bound(), self.Z, self.W @ self.Z)
        return float(value), float(rounding)

    def run(self, hard: bool, inner_iter: int, tol: float, max_iter: int) -> tuple[int, bool]:
        """Turns until energy and assignments stand still."""
        for n_iter in range(1, max_iter + 1):
            before, value = self.Z, self.energies[-1]
            done = sparse_bound.descend_sparse(
                self.costs,
                self.graph,
                self.Z,
                self.held,
                lam=self.lam,
                temperature=self.temperature,
                factor=float(self.factor),
                safe=self.safe,
                tol=0.0,
                max_iter=inner_iter if self.lam > 0 else 1,
            )
            self.Z, self.factor, self.updates = done.assignments, done.damping, self.updates + int(done.n_iter)
            self.note(float(done.energy))
            weights = dense.one_hot(np, self.Z.argmax(axis=1), self.Z.shape[1], self.Z.dtype) if hard else self.Z
            self.prototypes = moved(np, self.X, weights, self.prototypes)
            self.costs = costs_of(np, self.X, self.prototypes)
            self.note(self.energy()[0])
            still = np.abs(self.Z - before).max() <= tol**0.5
            if still and abs(self.energies[-1] - value) <= tol * abs(self.energies[-1]):
                return n_iter, True
        return max_iter, False

    def note(self, value: float) -> None:
        """One more energy; a rise beyond rounding is counted."""
        self.rises += value > self.energies[-1] + self.energy()[1]
        self.energies.append(value)

    def as_result(self, n_iter: int, converged: bool, order: np.ndarray | None, record: bool) -> ClusteringResult:
        Z, W, costs, clamp = self.Z, self.W, self.costs, self.clamp
        if order is not None:  # back to the caller's order
            back = np.argsort(order)
            Z, W, costs = Z[back], W[back][:, back], costs[back]
            W.sort_indices()
            clamp = None if clamp is None else clamp[back]
        labels, K = Z.argmax(axis=1), Z.shape[1]
        edges, free = W.nnz, int(self.free.sum())
        kind = self.prototypes
        return ClusteringResult(
            labels=labels,
            assignments=Z,
            prototypes=kind.centers,
            covariances=kind.covariances,
            energy=self.energies[-1],
            n_empty=K - len(np.unique(labels)),
            prototype=kind.kind,
            bandwidth=kind.bandwidth,
            affinity=W,
            damping=float(self.factor),
            n_iter=n_iter,
            converged=converged,
            message=self.message(converged),
            counts={
                "updates": self.updates,
                "flops": self.updates * edges * K,
                "exponentials": self.updates * free * K,
                "rises": int(self.rises),
            },
            certificate=certificates.stationarity(Z, costs, W, self.lam, self.temperature, clamp, self.known),
            trace={"energies": np.array(self.energies)} if record else None,
        )

    def message(self, converged: bool) -> str:
        text = "energy and assignments stand still" if converged else "max_iter was reached"
        if self.rises:
            text += f"; the energy rose {self.rises} times"
        return text + "; steps were damped" if self.factor < 1 else text


def _affinity(affinity: Any, X: np.ndarray) -> sparse.csr_array:
    W = sparse.csr_array(affinity).astype(X.dtype)
    if W.shape != (len(X), len(X)):
        raise must("affinity", f"of shape ({len(X)}, {len(X)})", W.shape)
    if not np.isfinite(W.data).all():
        raise must("affinity", "finite", W.data)
    return W


def _first_prototypes(
    X: np.ndarray, K: int, kind: str, W: Any, bandwidth: Any, init: Any, held: Any, rng: np.random.Generator
) -> Prototypes:
    if isinstance(init, str):
        choice("init", init, ("k-means++",))
        centers = plus_plus(X, K, rng)
    else:
        centers = np.array(array("init", init, shape=(K, X.shape[1])), X.dtype)
    for c in np.unique(held[held >= 0]) if held is not None else ():
        centers[c] = X[held == c].mean(axis=0)
    if kind == "mean":
        return Prototypes(kind, centers)
    if kind == "gaussian":
        spread = max(float(X.var(axis=0).mean()), ridge_of(X))
        return Prototypes(kind, centers, None, np.repeat(spread * np.eye(X.shape[1], dtype=X.dtype)[None], K, axis=0))
    return Prototypes(kind, centers, bandwidth_of(X, W) if bandwidth is None else positive("bandwidth", bandwidth))


def plus_plus(X: np.ndarray, K: int, rng: np.random.Generator) -> np.ndarray:
    """Points drawn one after the other, with probability in proportion to the squared distance to the nearest one."""
    chosen = [int(rng.integers(len(X)))]
    nearest = squared_distances(np, X, X[chosen])[:, 0].astype(np.float64)
    for _ in range(K - 1):
        nearest[chosen] = 0.0
        others = np.setdiff1d(np.arange(len(X)), chosen) if nearest.sum() == 0 else None
        pick = rng.choice(len(X), p=nearest / nearest.sum()) if others is None else rng.choice(others)
        chosen.append(int(pick))
        nearest = np.minimum(nearest, squared_distances(np, X, X[chosen[-1:]])[:, 0])
    return X[chosen]
