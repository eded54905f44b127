"""Clusters: descent, oracles for the limits, and degenerate points."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering import baselines, theory
from lrtheory.transductive_clustering.cluster import REORDER
from tests.backends import missing


@pytest.fixture(scope="module")
def mixture():
    return tc.make_gaussian_mixture(200, 4, 3, separation=2.0, rng=0)


@pytest.mark.parametrize("prototype", ["mean", "mode", "medoid", "gaussian"])
@pytest.mark.parametrize("lam", [0.0, 0.5, 5.0])
def test_the_joint_energy_never_rises(mixture, prototype, lam):
    found = tc.cluster(mixture, 4, prototype=prototype, lam=lam, rng=1, record=True)
    energies = found.trace["energies"]
    assert np.diff(energies).max() <= 1e-11 * (1 + np.abs(energies).max())
    assert found.counts["rises"] == 0
    assert len(energies) == 2 * found.n_iter + 1
    problem = found.assignment_problem(mixture.features)
    again = tc.relaxed_energy(found.assignments, problem.costs, problem.affinity, lam=lam)
    assert found.energy == pytest.approx(again, rel=1e-12)
    assert found.certificate.verify(problem)
    assert (found.damping < 1) == ("damped" in found.message)


def test_hard_means_may_rise_and_say_so():
    points = tc.make_gaussian_mixture(60, 3, 2, separation=0.5, rng=2)
    runs = [tc.cluster(points, 3, hard=True, lam=0.3, rng=seed) for seed in range(10)]
    assert any(run.counts["rises"] for run in runs)
    assert all(("rose" in run.message) == (run.counts["rises"] > 0) for run in runs)


def test_the_limit_is_stationary_for_prototypes_too(mixture):
    X = mixture.features
    found = tc.cluster(X, 4, lam=0.3, temperature=2.0, tol=1e-24, max_iter=3000, rng=0)
    Z = found.assignments
    np.testing.assert_allclose(found.prototypes, Z.T @ X / Z.sum(0)[:, None], atol=1e-8)
    gradient = np.log(Z) * 2.0 + found.costs(X) - 0.3 * (found.affinity @ Z)
    np.testing.assert_allclose(gradient - gradient.mean(1, keepdims=True), 0, atol=1e-8)


def test_without_a_graph_it_is_expectation_maximisation(mixture):
    X = mixture.features
    first, T = X[:4].copy(), 1.5
    found = tc.cluster(X, 4, lam=0.0, temperature=T, init=first, tol=0, max_iter=10)
    means = first
    for _ in range(10):  # a mixture of equal weights and covariance (T / 2) I
        joint = np.exp(-((X[:, None] - means) ** 2).sum(-1) / T)
        likely = joint / joint.sum(1, keepdims=True)
        means = likely.T @ X / likely.sum(0)[:, None]
    np.testing.assert_allclose(found.prototypes, means, rtol=1e-9)


def test_cold_and_without_a_graph_it_is_lloyd(mixture):
    X = mixture.features
    first = X[:4].copy()
    found = baselines.lloyd(X, 4, init=first)
    means = first
    for _ in range(100):
        labels = ((X[:, None] - means) ** 2).sum(-1).argmin(1)
        means = np.stack([X[labels == c].mean(0) for c in range(4)])
    np.testing.assert_array_equal(found.labels, labels)
    assert found.energy == pytest.approx(((X - means[labels]) ** 2).sum(), rel=1e-9)


def test_scikit_learn_agrees(mixture):
    try:
        from sklearn.cluster import KMeans
    except ImportError as error:
        missing("sklearn", error)
    X = mixture.features
    theirs = KMeans(4, init=X[:4], n_init=1, algorithm="lloyd", tol=0).fit(X)
    ours = baselines.lloyd(X, 4, init=X[:4])
    np.testing.assert_array_equal(ours.labels, theirs.labels_)
    assert ours.energy == pytest.approx(theirs.inertia_, rel=1e-9)


def test_held_labels_stay(mixture):
    clamp = np.full(200, -1)
    chosen = np.arange(0, 200, 20)
    clamp[chosen] = (mixture.truth[chosen] + 1) % 4
    found = tc.cluster(mixture, 4, clamp=clamp, lam=5.0, rng=0)
    np.testing.assert_array_equal(found.labels[chosen], clamp[chosen])
    assert set(found.assignments[chosen].ravel().tolist()) == {0.0, 1.0}


def test_points_in_another_order_are_clustered_alike():
    points = tc.make_gaussian_mixture(REORDER, 3, 2, rng=0)
    start = points.features[:3]
    found = tc.cluster(points, 3, init=start, max_iter=5)
    plain = tc.cluster(points, 3, init=start, max_iter=5, affinity=tc.knn_affinity(points))
    np.testing.assert_array_equal(found.labels, plain.labels)
    assert found.energy == pytest.approx(plain.energy, rel=1e-12)
    assert found.certificate.verify(found.assignment_problem(points.features))


def test_neighbors_decide_where_costs_are_equal():
    W = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=float)
    X = np.array([[0.0], [0.5], [1.0]])
    found = tc.cluster(X, 2, affinity=W, lam=2.0, temperature=0.1, init=[[0.0], [1.0]], max_iter=1)
    assert found.labels.tolist() == [0, 0, 1]
    thin = tc.cluster(X, 2, affinity=sparse.coo_array(W), lam=2.0, temperature=0.1, init=[[0.0], [1.0]], max_iter=1)
    np.testing.assert_array_equal(found.assignments, thin.assignments)


@pytest.mark.parametrize("prototype", ["mean", "mode", "medoid", "bo", "gaussian"])
def test_points_that_coincide(prototype):
    found = tc.cluster(np.ones((5, 2)), 3, prototype=prototype, rng=0)
    assert np.isfinite(found.energy)
    assert np.isfinite(found.prototypes).all()
    assert found.n_empty == 2
    alone = tc.cluster([[3.0]], 1, prototype=prototype, rng=0)
    assert alone.assignments.tolist() == [[1.0]]


def test_empty_clusters_keep_their_prototype():
    X = np.array([[0.0], [0.1], [1.0]])
    found = tc.cluster(X, 3, lam=0.0, temperature=1e-6, hard=True, init=[[0.0], [1.0], [50.0]])
    assert found.n_empty == 1
    assert found.prototypes[2].tolist() == [50.0]


def test_a_narrow_kernel_keeps_its_mode():
    X = np.array([[0.0], [10.0], [20.0]])
    found = tc.cluster(X, 2, prototype="mode", bandwidth=1e-3, init=[[5.0], [20.0]], lam=0.0)
    assert found.prototypes[0].tolist() == [5.0]
    assert np.isfinite(found.energy)


def test_float32(mixture):
    found = tc.cluster(mixture.features.astype(np.float32), 4, rng=0)
    assert found.assignments.dtype == np.float32
    assert found.prototypes.dtype == np.float32
    assert found.counts["rises"] == 0


def test_spectral_finds_what_means_cannot():
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    X = np.concatenate([circle, 4 * circle])
    found = baselines.spectral(X, 2, rng=0)
    assert len(set(found.labels[:60].tolist())) == 1
    assert found.labels[0] != found.labels[60]


def test_same_seed_same_answer(mixture):
    one, other = (tc.cluster(mixture, 4, rng=7) for _ in range(2))
    np.testing.assert_array_equal(one.assignments, other.assignments)


X = np.zeros((3, 2))
REFUSED = [
    (lambda: tc.cluster(X, 4), "`n_clusters` must be an integer in [1, 3]; got 4."),
    (lambda: tc.cluster(X, 0), "`n_clusters` must be an integer in [1, 3]"),
    (lambda: tc.cluster(np.empty((0, 2)), 1), "`X` must be at least one point"),
    (lambda: tc.cluster([[np.inf]], 1), "`X` must be finite"),
    (lambda: tc.cluster(X, 2, lam=-1), "`lam` must be in"),
    (lambda: tc.cluster(X, 2, lam=np.nan), "`lam` must be in"),
    (lambda: tc.cluster(X, 2, temperature=0), "`temperature` must be positive"),
    (lambda: tc.cluster(X, 2, prototype="median"), "`prototype` must be one of"),
    (lambda: tc.cluster(X, 2, init="random"), "`init` must be one of"),
    (lambda: tc.cluster(X, 2, init=[[0.0, 0.0]]), "`init` must be of shape (2, 2)"),
    (lambda: tc.cluster(X, 2, affinity=np.eye(2)), "`affinity` must be of shape (3, 3)"),
    (lambda: tc.cluster(X, 2, affinity=np.full((3, 3), np.nan)), "`affinity` must be finite"),
    (lambda: tc.cluster(X, 2, clamp=[0, 1]), "`clamp` must be an integer array"),
    (lambda: tc.cluster(X, 2, clamp=[0, 1, 2]), "`clamp` must be in [-1, 1]"),
    (lambda: tc.cluster(X, 2, damping=0), "`damping` must be positive"),
    (lambda: tc.cluster(X, 2, damping="some"), "`damping` must be 'auto'"),
    (lambda: tc.cluster(X, 2, bandwidth=0, prototype="mode"), "`bandwidth` must be positive"),
    (lambda: tc.cluster(X, 2, max_iter=0), "`max_iter` must be an integer"),
    (lambda: tc.cluster(X, 2, inner_iter=0), "`inner_iter` must be an integer"),
    (lambda: tc.bound_update(X), "`affinity` must be given"),
    (lambda: tc.bound_update(X, np.eye(2)), "`affinity` must be of shape (3, 3)"),
    (lambda: tc.bound_update(X * np.nan, np.eye(3)), "`costs` must be finite"),
    (lambda: tc.bound_update(X, np.full((3, 3), np.inf)), "`affinity` must be finite"),
    (lambda: tc.bound_update(X[0], np.eye(3)), "`costs` must be of shape (N, K)"),
    (lambda: tc.bound_update(X, np.eye(3), init=X), "`init` must be rows of non-negative numbers with sum 1"),
    (lambda: tc.bound_update(X, np.eye(3), init=X[:2]), "`init` must be of shape (3, 2)"),
    (lambda: tc.bound_update(X, np.eye(3), temperature=-1), "`temperature` must be in"),
    (lambda: tc.monotone_certificate(np.ones((2, 3))), "`affinity` must be square"),
    (lambda: tc.make_two_points(offset=0.5), "`offset` must be in (0, 0.5)"),
    (lambda: tc.make_two_points(side="left"), "`side` must be one of"),
    (lambda: tc.make_gaussian_mixture(5, 2, weights=[0, 0]), "`weights` must be positive somewhere"),
    (lambda: tc.ClusteringProblem(X, [0.5, 1, 2]), "`truth` must be an integer array"),
    (lambda: tc.relaxed_energy(X, X[:2], np.eye(3)), "`assignments` must be of shape"),
    (lambda: tc.discrete_energy(np.zeros(2, int), X, np.eye(3)), "`labels` must be of shape"),
    (lambda: baselines.spectral(X, 3), "`n_clusters` must be an integer in [1, 2]"),
    (lambda: theory.ring_threshold(2), "`n_clusters` must be at least 3"),
    (lambda: theory.half_width([1.0]), "`len(values)` must be at least 2"),
    (lambda: theory.largest_monotone_lam(0.5, temperature=1), "must be above 0"),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_bad_input(call, sentence):
    with pytest.raises(ValueError) as raised:
        call()
    assert sentence in str(raised.value)


def test_wrong_types():
    with pytest.raises(TypeError, match="`costs` must be an array of real numbers"):
        tc.bound_update(np.array([["a"]]), np.eye(1))
    with pytest.raises(TypeError, match="`affinity` must be dense"):
        tc.bound_update(np.zeros((2, 3, 2)), sparse.eye_array(3))
