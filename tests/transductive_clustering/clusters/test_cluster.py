"""Clusters: descent, oracles for the limits, and degenerate points."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering import baselines
from lrtheory.transductive_clustering.cluster import REORDER
from lrtheory.transductive_clustering.clusters.prototypes import KERNELS, PROTOTYPES
from lrtheory.transductive_clustering.clusters.starts import plus_plus
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


def test_without_a_graph_it_is_expectation_maximization(mixture):
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


def test_scikit_learn_agrees(mixture, uses):
    try:
        from sklearn.cluster import KMeans
    except ImportError as error:
        missing("sklearn", error)
    uses("sklearn")
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
    assert abs(found.affinity - plain.affinity).max() == 0
    assert found.affinity.has_sorted_indices


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
HALVES = X + 0.5
REFUSED = [
    (lambda: tc.cluster(X, 4), "`n_clusters` must be an integer in [1, 3]; got 4."),
    (lambda: tc.cluster(X, 0), "`n_clusters` must be an integer in [1, 3]"),
    (lambda: tc.cluster(np.empty((0, 2)), 1), "`X` must be at least one point"),
    (lambda: tc.cluster([[np.inf]], 1), "`X` must be finite"),
    (lambda: tc.cluster(X, 2, lam=-1), "`lam` must be in [0, inf); got -1."),
    (lambda: tc.cluster(X, 2, lam=np.nan), "`lam` must be a number; got nan."),
    (lambda: tc.cluster(X, 2, temperature=0), "`temperature` must be positive"),
    (lambda: tc.cluster(X, 2, prototype="median"), "`prototype` must be one of"),
    (lambda: tc.cluster(X, 2, init="random"), "`init` must be one of"),
    (lambda: tc.cluster(X, 2, init=[[0.0, 0.0]]), "`init` must be of shape (2, 2)"),
    (lambda: tc.cluster(X, 2, affinity=np.eye(2)), "`affinity` must be of shape (3, 3)"),
    (lambda: tc.cluster(X, 2, affinity=np.full((3, 3), np.nan)), "`affinity` must be finite"),
    (lambda: tc.cluster(X, 2, clamp=[0, 1]), "`clamp` must be an integer array"),
    (lambda: tc.cluster(X, 2, clamp=[0, 1, 2]), "`clamp` must be in [-1, 1]"),
    (lambda: tc.cluster(X, 2, damping=0), "`damping` must be 'auto' or a number in (0, 1]; got 0."),
    (lambda: tc.cluster(X, 2, damping="some"), "`damping` must be 'auto'"),
    (lambda: tc.cluster(X, 2, bandwidth=0, prototype="mode"), "`bandwidth` must be positive"),
    (lambda: tc.cluster(X, 2, max_iter=0), "`max_iter` must be an integer"),
    (lambda: tc.cluster(X, 2, max_inner_iter=0), "`max_inner_iter` must be an integer"),
    (lambda: tc.bound_update(X), "`affinity` must be given"),
    (lambda: tc.bound_update(X, np.eye(2)), "`affinity` must be of shape (3, 3)"),
    (lambda: tc.bound_update(X * np.nan, np.eye(3)), "`costs` must be finite"),
    (lambda: tc.bound_update(X, np.full((3, 3), np.inf)), "`affinity` must be finite"),
    (lambda: tc.bound_update(X[0], np.eye(3)), "`costs` must be of shape (N, K)"),
    (lambda: tc.bound_update(X, np.eye(3), init=X), "`init` must be of rows with sum 1; got"),
    (lambda: tc.bound_update(X, np.eye(3), init=X[:2]), "`init` must be of shape (3, 2)"),
    (lambda: tc.bound_update(X, np.eye(3), temperature=-1), "`temperature` must be positive; got -1."),
    (lambda: tc.monotone_report(np.ones((2, 3))), "`affinity` must be square"),
    (lambda: tc.make_two_points(offset=0.5), "`offset` must be in (0, 0.5)"),
    (lambda: tc.make_two_points(side="left"), "`side` must be one of"),
    (lambda: tc.make_gaussian_mixture(5, 2, weights=[0, 0]), "`weights` must be positive somewhere"),
    (lambda: tc.ClusteringProblem(X, [0.5, 1, 2]), "`truth` must be an integer array"),
    (lambda: tc.relaxed_energy(HALVES, X[:2], np.eye(2)), "`assignments` must be of shape (2, 2)"),
    (lambda: tc.discrete_energy(np.zeros(2, int), X, np.eye(3)), "`labels` must be integers of shape"),
    (lambda: tc.cluster(X, 2, hard="yes"), "`hard` must be True or False"),
    (lambda: tc.cluster(X[:, :0], 2), "`X` must be points with at least one coordinate"),
    (lambda: tc.cluster(X, 2, affinity="knn"), "`affinity` must be an array of real numbers"),
    (lambda: tc.cluster(X, 2, affinity=np.eye(3) * 1j), "`affinity` must be an array of real numbers"),
    (lambda: tc.cluster(X, 2, affinity=sparse.eye_array(3) * 1j), "`affinity` must be an array of real numbers"),
    (lambda: tc.cluster(X, 2, affinity=np.eye(3)[None]), "`affinity` must be of shape (3, 3)"),
    (lambda: tc.cluster([[1.0], [2.0, 3.0]], 1), "`X` must be an array with rows of equal length"),
    (lambda: tc.bound_update(sparse.eye_array(3), np.eye(3)), "`costs` must be a dense array"),
    (lambda: tc.bound_update(X, np.eye(3), init=[[1], [0, 1], [1]]), "`init` must be an array with rows of equal"),
    (lambda: tc.psd_shift(np.ones((2, 3))), "`affinity` must be square"),
    (lambda: tc.psd_shift([[np.nan]]), "`affinity` must be finite"),
    (lambda: tc.monotone_report([[np.nan]]), "`affinity` must be finite"),
    (lambda: tc.knn_affinity(X, bandwidth=0.0, weights="gaussian"), "`bandwidth` must be positive"),
    (lambda: tc.knn_affinity(X, shift=np.inf), "`shift` must be in"),
    (lambda: tc.round_assignments(HALVES, X, np.full((3, 3), np.nan)), "`affinity` must be in (-inf, inf)"),
    (lambda: tc.discrete_energy([0, 7, 0], X, np.eye(3)), "`labels` must be in [0, 1]"),
    (lambda: tc.discrete_energy([0, -1, 0], X, np.eye(3)), "`labels` must be in [0, 1]"),
    (lambda: tc.discrete_energy([0, 0.3, 0], X, np.eye(3)), "`labels` must be integers"),
    (lambda: tc.relaxed_energy(X, X * np.nan, np.eye(3)), "`costs` must be finite"),
    (lambda: tc.relaxed_energy(HALVES, X, np.eye(3), lam=-1), "`lam` must be in [0, inf)"),
    (lambda: tc.relaxed_energy(HALVES, X, np.eye(3), temperature=-1), "`temperature` must be in [0, inf)"),
    (lambda: tc.laplacian_energy(HALVES, X, np.eye(3), lam=-1), "`lam` must be in [0, inf)"),
    (lambda: baselines.spectral(X, 3), "`n_clusters` must be an integer in [1, 2]"),
    (lambda: tc.cluster(X, 2, n_neighbors=1, affinity=np.eye(3)), "`n_neighbors` must be left out beside an affinity"),
    (lambda: baselines.spectral(X, 2, n_neighbors=1, affinity=np.eye(3)), "`n_neighbors` must be left out beside an"),
    (lambda: tc.knn_affinity(X, bandwidth=1.0), "`bandwidth` must be left out with binary weights"),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_bad_input(call, sentence):
    with pytest.raises((ValueError, TypeError)) as raised:
        call()
    assert sentence in str(raised.value)


def test_empty_clusters_are_told():
    rng = np.random.default_rng(0)
    blob = 0.01 * rng.normal(size=(50, 2))
    hot = tc.cluster(blob, 3, rng=0)
    spread = ((blob - blob.mean(0)) ** 2).sum(1).mean()
    assert hot.n_empty == 2
    assert "2 of 3 clusters are empty; the temperature 1 is large beside the squared" in hot.message
    assert f"(about {spread:.2g})" in hot.message
    far = tc.cluster(blob + 1e6, 3, rng=0)  # the spread does not depend on where the points are
    assert f"(about {spread:.2g})" in far.message
    twice = np.array([[0.0], [0.0], [9.0], [9.0]])  # here the temperature is not to blame
    cold = tc.cluster(twice, 3, temperature=1e-3, n_neighbors=1, init=[[0.0], [9.0], [99.0]])
    assert cold.n_empty == 1
    assert cold.message.endswith("; 1 of 3 clusters is empty")
    assert "1 of 3 clusters is empty" in baselines.lloyd(twice, 3, init=[[0.0], [9.0], [99.0]]).message
    assert "empty" not in tc.cluster(twice, 2, rng=0).message


def test_wrong_types():
    with pytest.raises(TypeError, match="`costs` must be an array of real numbers"):
        tc.bound_update(np.array([["a"]]), np.eye(1))
    with pytest.raises(TypeError, match="`affinity` must be dense"):
        tc.bound_update(np.zeros((2, 3, 2)), sparse.eye_array(3))


def test_medoids_and_the_free_choice_of_points():
    """One turn by hand: the densest point under the weights, and the point with the largest weight."""
    rng = np.random.default_rng(3)
    X, T = rng.normal(size=(15, 2)), 0.2
    first = X[[0, 1]]
    like = np.exp(-((X[:, None] - first) ** 2).sum(-1) / 2)
    Z = np.exp(like / T) / np.exp(like / T).sum(1, keepdims=True)
    density = np.exp(-((X[:, None] - X) ** 2).sum(-1) / 2) @ Z
    options = {"lam": 0.0, "temperature": T, "bandwidth": 1.0, "init": first, "max_iter": 1, "tol": 0}
    for prototype, chosen in (("medoid", density.argmax(0)), ("bo", Z.argmax(0))):
        found = tc.cluster(X, 2, prototype=prototype, **options)
        np.testing.assert_array_equal(found.prototypes, X[chosen])
        np.testing.assert_allclose(found.assignments, Z, rtol=1e-12)


def test_modes_go_uphill_until_they_stand():
    X = np.random.default_rng(0).normal(size=(40, 2))
    found = tc.cluster(X, 1, prototype="mode", bandwidth=0.8, lam=0.0, init=[[1.5, 1.5]], max_iter=1)
    m = np.array([1.5, 1.5])
    for _ in range(20):
        pull = np.exp(-((X - m) ** 2).sum(1) / (2 * 0.8**2))
        m = pull @ X / pull.sum()
    np.testing.assert_allclose(found.prototypes[0], m, atol=1e-4)


def test_first_points_are_drawn_by_squared_distance():
    X = np.array([[0.0], [0.001], [0.002], [10.0], [30.0]])
    second = [sorted(plus_plus(X, 2, np.random.default_rng(seed)).ravel().tolist()) for seed in range(400)]
    assert all(max(pair) >= 10 for pair in second)
    third = [set(plus_plus(X, 3, np.random.default_rng(seed)).ravel().tolist()) for seed in range(100)]
    assert all({10.0, 30.0} <= chosen for chosen in third)
    from_left = [pair[1] for pair in second if pair[0] < 1]  # 30 is drawn nine times as often as 10
    assert 0.8 < np.mean(np.array(from_left) == 30) < 0.97


def test_clusters_with_held_points_start_at_their_mean():
    X = np.array([[0.0], [1.0], [5.0], [9.0]])
    found = tc.cluster(X, 2, clamp=[0, 0, -1, 1], lam=0.0, hard=True, temperature=1e-6, rng=0, max_iter=1)
    assert found.labels.tolist() == [0, 0, 1, 1]
    seen = []
    tc.cluster(X, 2, clamp=[0, 0, -1, 1], lam=0.0, rng=0, max_iter=1, callback=lambda state: seen.append(state))
    near = np.exp([-(4.5**2), -(4.0**2)])
    assert seen[0].assignments[2].tolist() == pytest.approx((near / near.sum()).tolist())


def test_gaussians_by_hand():
    X = np.random.default_rng(1).normal(size=(60, 2)) * [1.0, 3.0]
    found = tc.cluster(X, 2, prototype="gaussian", lam=0.0, rng=0)
    from scipy.stats import multivariate_normal

    laws = [multivariate_normal(m, C) for m, C in zip(found.prototypes, found.covariances, strict=True)]
    wanted = -np.stack([law.logpdf(X) for law in laws], axis=1) - np.log(2 * np.pi)
    np.testing.assert_allclose(found.costs(X), wanted, rtol=1e-9)


def test_spectral_on_a_large_graph_and_bad_ones():
    """Beyond a thousand points by Lanczos: two groups that do not touch."""
    W = sparse.block_diag([sparse.csr_array(np.ones((510, 510)) - np.eye(510))] * 2, format="csr")
    X = np.arange(1020.0)[:, None] % 7
    found = baselines.spectral(X, 2, affinity=W, rng=0)
    assert found.method == "spectral"
    assert len(set(found.labels[:510].tolist())) == 1
    assert found.labels[0] != found.labels[-1]
    for affinity, sentence in (
        (-np.eye(3), "`affinity` must be free of negative entries"),
        (np.triu(np.ones((3, 3))), "`affinity` must be symmetric"),
        (np.eye(2), "`affinity` must be of shape"),
        (np.full((3, 3), np.nan), "`affinity` must be finite"),
    ):
        with pytest.raises(ValueError, match=sentence):
            baselines.spectral(np.arange(3.0)[:, None], 2, affinity=affinity)
    assert baselines.lloyd(np.arange(4.0)[:, None], 2, rng=0).method == "k-means"


@pytest.mark.parametrize("prototype", PROTOTYPES)
def test_a_bandwidth_is_for_kernels_alone(prototype):
    model = tc.LaplacianKPrototypes(2, affinity=np.zeros((3, 3)), n_neighbors=2)
    with pytest.raises(ValueError, match="`n_neighbors` must be left out beside an affinity"):
        model.fit(X)
    if prototype in KERNELS:
        assert tc.cluster(X, 2, prototype=prototype, bandwidth=0.5, rng=0).bandwidth == 0.5
    else:
        with pytest.raises(ValueError, match=f"`bandwidth` must be left out with prototype '{prototype}'"):
            tc.cluster(X, 2, prototype=prototype, bandwidth=0.5, rng=0)


def test_k_means_with_labels_that_are_clamped_or_a_callback_is_that_without():
    turns = []
    plain = baselines.lloyd(X, 2, init=X[:2])
    for options in ({"clamp": [-1, -1, -1]}, {"callback": turns.append}, {"record": True}):
        np.testing.assert_array_equal(baselines.lloyd(X, 2, init=X[:2], **options).labels, plain.labels)
    assert turns
