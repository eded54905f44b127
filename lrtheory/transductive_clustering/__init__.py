r"""Clustering with a graph and a few labels: prototypes, neighbors that agree, and an energy that never rises.

Points should be near the prototype of their cluster, and neighbors should agree. With assignments Z in the simplex:

.. math:: \min_{Z, M} \; T \sum z_{pl} \log z_{pl} + \langle A(M), Z \rangle - (\lambda / 2) \, \mathrm{tr}(Z^\top W Z)

where A(M) holds the cost of giving each point p to each cluster l, its squared distance from prototype l; W holds the
weights of the graph, large for neighbors; lambda says how much neighbors should agree, and T how soft assignments are.

For fixed prototypes the concave part has a tangent, the tangent gives a bound that separates into rows, and its
minimizer is a softmax: all points move at once, Z <- softmax((lambda W Z - A) / T). Labeled points are clamped, so
the same updates cluster without labels and classify from one label per class.

* How do I cluster points?                              `cluster`, `LaplacianKPrototypes`
* How do I classify from a few labels?                  `few_shot`, on one task or thousands; `classify`, on a table
* Which method is better, and by how much?              `evaluate`, on the same tasks; for clusters `baselines`
* What do the updates do for fixed costs?               `bound_update`, `round_assignments`, `relaxed_energy`
* Can the energy rise? Is there one fixed point?        `monotone_report`, the result's `certificate`
* What is proved?                                       `theory`

Examples
--------
Clusters of points; the run has converged, and its energy never rose:

>>> from lrtheory import transductive_clustering as tc
>>> points = tc.make_gaussian_mixture(200, 3, rng=0)
>>> found = tc.cluster(points, 3, lam=0.5, rng=0)
>>> found.converged, found.counts["rises"]
(True, 0)

One labeled point per class:

>>> tasks = tc.make_episodes(points, n_tasks=50, way=3, shot=1, query=10, rng=0)
>>> answer = tc.few_shot(tasks.support, tasks.support_labels, tasks.query, normalize=None, lam=0.5, temperature=1.0)
>>> bool((answer.labels == tasks.query_labels).mean() > 0.9)
True

From a file, or a data frame, to an answer, in which names stay names (``lrtheory transductive_clustering cluster`` and
``classify`` are the same in a shell):

>>> table = {"name": ["ann", "bob", "cat", "dan"], "height": [1.6, 1.7, 0.3, 0.4], "kind": ["human", None, "pet", None]}
>>> tc.classify(tc.PointTable.from_frame(table), "kind").to_dict()["labels"]
['human', 'human', 'pet', 'pet']

The smallest problem whose energy rises when the weight is too large for its affinity, and does not by default:

>>> raw = tc.bound_update(tc.make_two_points(), lam=4.0, damping=1.0, record=True)
>>> default = tc.bound_update(tc.make_two_points(), lam=4.0, record=True)
>>> bool(raw.trace["energies"][1] > raw.trace["energies"][0]), default.damping, default.converged
(True, 0.5, True)
"""

from __future__ import annotations

from lrtheory.transductive_clustering import baselines, theory
from lrtheory.transductive_clustering.classify import ClassifiedPoints, classify
from lrtheory.transductive_clustering.cluster import ClusteringResult, ClusteringState, cluster
from lrtheory.transductive_clustering.data.loaders import load_digits_features, load_mnist_5k, load_sentences
from lrtheory.transductive_clustering.data.reading import PointTable
from lrtheory.transductive_clustering.estimator import LaplacianKPrototypes
from lrtheory.transductive_clustering.evaluate import EpisodeTable, evaluate
from lrtheory.transductive_clustering.few_shot import Turns, few_shot
from lrtheory.transductive_clustering.problem import (
    AssignmentProblem,
    ClusteringProblem,
    make_directed_ring,
    make_gaussian_mixture,
    make_two_points,
)
from lrtheory.transductive_clustering.tasks.episodes import EpisodeBatch, make_episodes
from lrtheory.transductive_clustering.tasks.result import FewShotResult
from lrtheory.transductive_clustering.updates.affinity import knn_affinity, nearest_neighbors, psd_shift, spatial_order
from lrtheory.transductive_clustering.updates.bound import BoundResult, BoundState, bound_update
from lrtheory.transductive_clustering.updates.certificates import (
    MonotoneReport,
    StationarityCertificate,
    monotone_report,
)
from lrtheory.transductive_clustering.updates.energy import discrete_energy, laplacian_energy, relaxed_energy
from lrtheory.transductive_clustering.updates.rounding import round_assignments

__all__ = [
    "AssignmentProblem",
    "BoundResult",
    "BoundState",
    "ClassifiedPoints",
    "ClusteringProblem",
    "ClusteringResult",
    "ClusteringState",
    "EpisodeBatch",
    "EpisodeTable",
    "FewShotResult",
    "LaplacianKPrototypes",
    "MonotoneReport",
    "PointTable",
    "StationarityCertificate",
    "Turns",
    "baselines",
    "bound_update",
    "classify",
    "cluster",
    "discrete_energy",
    "evaluate",
    "few_shot",
    "knn_affinity",
    "laplacian_energy",
    "load_digits_features",
    "load_mnist_5k",
    "load_sentences",
    "make_directed_ring",
    "make_episodes",
    "make_gaussian_mixture",
    "make_two_points",
    "monotone_report",
    "nearest_neighbors",
    "psd_shift",
    "relaxed_energy",
    "round_assignments",
    "spatial_order",
    "theory",
]


def _warmup() -> None:
    """Compile every kernel, for both float types, on eight points."""
    import numpy as np

    for kind in (np.float64, np.float32):
        X = np.arange(8 * 20, dtype=kind).reshape(8, 20) % 7
        labels = np.arange(8) % 2
        done = cluster(X, 2, lam=9.0, rng=0, max_iter=2)
        few_shot(X[:2], labels[:2], X[2:])
    round_assignments(done.assignments, done.costs(X), done.affinity)
