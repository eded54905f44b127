"""Every solver of `transductive_clustering` in other units: coordinates of points, affinities, energies.

Costs are squared distances, so lambda and T go with the square of a coordinate; lambda times the affinity is an energy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering import baselines
from tests.examples import transductive_clustering as examples

POINTS = examples.points()
GRAPH = tc.knn_affinity(POINTS, n_neighbors=3).toarray()
COSTS = np.random.default_rng(5).uniform(-1, 1, (12, 3))
CLAMP = np.array([0, *(11 * [-1])])
ROWS = np.random.default_rng(6).dirichlet(np.ones(3), 12)
RING = np.roll(np.eye(12), 1, axis=1) + np.roll(np.eye(12), 1, axis=0)  # neighbors that push each other back and forth
APART = np.tile([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]], (6, 1))
PULL = 3.0  # for which steps of the graph are damped
TRUTH = np.repeat([0, 1, 2], 4)


def updates(c: float, w: float, form: Callable[[Any], Any] = np.asarray) -> Any:
    """A run with energies in units c and weights in units w, in which steps are damped."""
    problem = tc.AssignmentProblem(0.1 * COSTS * c, form(RING * w), APART, clamp=CLAMP)
    run = tc.bound_update(problem, lam=PULL * c / w, temperature=c, tol=1e-9, record=True)
    proof = run.certificate
    assert run.damping < 1
    assert proof.verify(problem)
    known = proof.gap < 1e-3, proof.contraction, proof.monotone
    return run.assignments, run.energy / c, run.damping, run.n_iter, run.trace["energies"] / c, *known


def clusters(c: float, **options: Any) -> Any:
    """Clusters of points in other units."""
    given = {"lam": 0.5 * c**2, "temperature": 0.5 * c**2, "init": POINTS[[0, 5, 9]] * c, "record": True} | options
    run = tc.cluster(POINTS * c, 3, **given)
    proof = run.certificate
    assert proof.verify(run.assignment_problem(POINTS * c))
    known = run.n_iter, run.counts["rises"], run.damping, proof.contraction
    return run.assignments, run.labels, run.prototypes / c, *known


def kernels(prototype: str) -> Callable[[float], Any]:
    """Modes and medoids, whose costs have no units; the width of their kernel does."""
    options = {"prototype": prototype, "lam": 0.2, "temperature": 0.2}
    return lambda c: clusters(c, bandwidth=1.5 * c, **options)


def filled(c: float) -> Any:
    """A table in which every fourth label stands."""
    kinds = [word if i % 4 == 0 else None for i, word in enumerate(np.array(["a", "b", "c"])[TRUTH])]
    found = tc.classify({"x": POINTS[:, 0] * c, "y": POINTS[:, 1] * c, "kind": kinds}, "kind")
    return found.probabilities, found.certificate.contraction


def shots(c: float, method: str = "slk", heat: float = 1.0, lam: float | None = None, **options: Any) -> Any:
    """A task whose points are not scaled to length 1."""
    support, labels, query = examples.tasks()
    given = {"temperature": heat * c**2, "method": method, "normalize": None} | options
    given |= {} if lam is None else {"lam": lam * c**2}
    found = tc.few_shot(support * c, labels, query * c, **given)
    return found.labels, found.probabilities, found.n_iter, found.energy / c**2, found.damping


def scaled(c: float, method: str) -> Any:
    """A task whose points are scaled to length 1, with a base mean in the units of the points."""
    support, labels, query = examples.tasks()
    found = tc.few_shot(support * c, labels, query * c, method=method, base_mean=np.full(3, 0.25) * c)
    return found.labels, found.probabilities


def neighbors(c: float) -> Any:
    found, squared = tc.nearest_neighbors(POINTS * c, 3)
    return found, squared / c**2


def estimated(c: float) -> Any:
    options = {"lam": 0.5 * c**2, "temperature": 0.5 * c**2, "init": POINTS[[0, 5, 9]] * c}
    model = tc.LaplacianKPrototypes(3, **options).fit(POINTS * c)
    return model.labels_, model.cluster_centers_ / c, model.n_iter_, model.predict((POINTS + 0.125) * c)


def certified(c: float, w: float) -> Any:
    found = tc.monotone_report(GRAPH * w, lam=PULL * c / w, temperature=c, clamp=CLAMP)
    spectrum = found.smallest_eigenvalue, found.spectral_norm, found.lower_bound, found.norm_bound
    return found.monotone, found.contraction, found.damping, found.largest_lam * w / c, *(x / w for x in spectrum)


def compared(c: float) -> Any:
    """Methods on tasks of points in other units; the default scales them to length 1, and one method does not."""
    plain = {"method": "slk", "normalize": None, "lam": 0.2 * c**2, "temperature": c**2}
    methods = {"nearest": {"method": "nearest"}, "slk": {"method": "slk"}, "plain": plain}
    X = np.tile(POINTS, (3, 1)) * c
    return tc.evaluate(X, np.tile(TRUTH, 3), n_tasks=6, way=3, query=3, methods=methods, rng=0).correct


UNITS: dict[str, Callable[[float], Any]] = {
    "bound_update: energies, dense": lambda c: updates(c, 1.0),
    "bound_update: energies, sparse": lambda c: updates(c, 1.0, sparse.csr_array),
    "bound_update: affinities, dense": lambda c: updates(1.0, c),
    "bound_update: affinities, sparse": lambda c: updates(1.0, c, sparse.csr_array),
    "cluster: coordinates": lambda c: (*clusters(c), clusters(c, clamp=CLAMP, hard=True)[0]),
    "cluster: coordinates, damped": lambda c: clusters(c, lam=8.0 * c**2, affinity=8.0 * RING),
    "cluster: affinities": lambda c: clusters(1.0, lam=0.5 / c, affinity=GRAPH * c),
    "cluster: coordinates, modes": kernels("mode"),
    "cluster: coordinates, medoids": kernels("medoid"),
    "cluster: coordinates, by-products": kernels("bo"),
    "cluster: coordinates, gaussian": lambda c: clusters(c, prototype="gaussian", lam=0.5, temperature=0.5),
    "cluster: coordinates, drawn": lambda c: clusters(c, init="k-means++", rng=0),
    "cluster: coordinates, own width": lambda c: clusters(c, prototype="mode", lam=0.2, temperature=0.2),
    "baselines: lloyd, coordinates": lambda c: baselines.lloyd(POINTS * c, 3, rng=0).prototypes / c,
    "baselines: spectral, coordinates": lambda c: baselines.spectral(POINTS * c, 3, rng=0).prototypes / c,
    "baselines: spectral, affinities": lambda c: baselines.spectral(POINTS, 3, affinity=GRAPH * c, rng=0).labels,
    "classify: coordinates": filled,
    "cluster: coordinates, unit of edges": lambda c: clusters(c, lam=0.3, temperature=0.3, unit="edges"),
    "discrete_energy: energies": lambda c: tc.discrete_energy(TRUTH, COSTS * c, GRAPH, lam=2.0 * c) / c,
    "discrete_energy: affinities": lambda c: tc.discrete_energy(TRUTH, COSTS, GRAPH * c, lam=2.0 / c),
    "laplacian_energy: energies": lambda c: tc.laplacian_energy(ROWS, COSTS * c, GRAPH, lam=2.0 * c) / c,
    "laplacian_energy: affinities": lambda c: tc.laplacian_energy(ROWS, COSTS, GRAPH * c, lam=2.0 / c),
    "relaxed_energy: energies": lambda c: tc.relaxed_energy(ROWS, COSTS * c, GRAPH, lam=2.0 * c, temperature=c) / c,
    "relaxed_energy: affinities": lambda c: tc.relaxed_energy(ROWS, COSTS, GRAPH * c, lam=2.0 / c),
    "evaluate: coordinates": compared,
    "few_shot: coordinates": lambda c: shots(c, lam=0.2),
    "few_shot: coordinates, damped": lambda c: shots(c, lam=8.0),
    "few_shot: coordinates, hard": lambda c: shots(c, lam=0.2, turns=tc.Turns(hard=True)),
    "few_shot: coordinates, modes": lambda c: shots(c, heat=0.3 / c**2, lam=0.2 / c**2, prototype="mode")[:3],
    "few_shot: coordinates, k-means": lambda c: shots(c, method="k-means"),
    "few_shot: coordinates, laplacian-shot": lambda c: shots(c, method="laplacian-shot", lam=0.3),
    "few_shot: coordinates, nearest": lambda c: shots(c, method="nearest"),
    "few_shot: coordinates, tim": lambda c: shots(c, method="tim")[:3],
    "few_shot: coordinates, pt-map": lambda c: shots(c, method="pt-map")[:3],
    "few_shot: coordinates, label-spreading": lambda c: shots(c, method="label-spreading")[:3],
    **{
        f"few_shot: scaled, {name}": lambda c, name=name: scaled(c, name)
        for name in ("slk", "bd-cspn", "tim", "pt-map")
    },
    "knn_affinity: coordinates": lambda c: tc.knn_affinity(POINTS * c, n_neighbors=3),
    "knn_affinity: coordinates, gaussian": lambda c: tc.knn_affinity(POINTS * c, weights="gaussian", shift="psd"),
    "knn_affinity: coordinates, given width": lambda c: tc.knn_affinity(POINTS * c, weights="gaussian", bandwidth=c),
    "LaplacianKPrototypes: coordinates": estimated,
    "monotone_report: energies": lambda c: certified(c, 1.0),
    "monotone_report: affinities": lambda c: certified(1.0, c),
    "nearest_neighbors: coordinates": neighbors,
    "psd_shift: affinities": lambda c: tc.psd_shift(GRAPH * c) / c,
    "round_assignments: energies": lambda c: tc.round_assignments(ROWS, COSTS * c, GRAPH, lam=PULL * c),
    "round_assignments: affinities": lambda c: tc.round_assignments(ROWS, COSTS, GRAPH * c, lam=PULL / c),
    "spatial_order: coordinates": lambda c: tc.spatial_order(POINTS * c),
}

UNITLESS: dict[str, str] = {}
