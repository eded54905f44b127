"""Numbers near the ends of their range, and rounding where exact equality would decide."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering import baselines, theory
from tests.transductive_clustering import oracles

GRID = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), -1).reshape(-1, 2)
FORMS = (np.asarray, sparse.csr_array)


@pytest.mark.parametrize("d", [2, 20])
@pytest.mark.parametrize(("kind", "scale"), [(float, 1e200), (float, 1e-200), (np.float32, 1e25), (np.float32, 1e-25)])
def test_neighbors_do_not_depend_on_the_scale(d, kind, scale):
    X = np.random.default_rng(d).normal(size=(60, d)).astype(kind)
    plain, near = tc.nearest_neighbors(X, 3)
    found, squared = tc.nearest_neighbors(X * kind(scale), 3)
    assert found.max() < 60
    assert (found == plain).mean() > 0.98  # a power of 10 rounds the coordinates
    np.testing.assert_array_equal(squared > 0, np.full(near.shape, scale > 1))  # the squares leave the range
    W, scaled = (tc.knn_affinity(points, n_neighbors=3, weights="gaussian") for points in (X, X * kind(scale)))
    assert abs(W - scaled).max() < 0.6
    assert (abs(W - scaled).toarray() < 1e-4).mean() > 0.98
    exact = tc.knn_affinity(X * kind(2.0**80), n_neighbors=3, weights="gaussian")
    np.testing.assert_array_equal(W.toarray(), exact.toarray())


def test_blocks_of_distances_far_from_the_origin():
    X = np.random.default_rng(0).normal(size=(60, 20))
    np.testing.assert_array_equal(tc.nearest_neighbors(X + 1e8, 3)[0], tc.nearest_neighbors(X, 3)[0])


def test_ties_leave_the_distances_alone():
    for X in (GRID, np.concatenate([GRID, np.zeros((25, 18))], axis=1)):
        found, squared = tc.nearest_neighbors(X, 2)
        np.testing.assert_array_equal(squared, np.ones((25, 2)))
        np.testing.assert_array_equal(((X[:, None] - X[found]) ** 2).sum(-1), 1)
        assert (found[:, 0] < found[:, 1]).all()


@pytest.mark.parametrize("form", FORMS)
def test_rounding_makes_no_graph_directed(form):
    """A normalized affinity that differs from its transpose in the last digit still is damped."""
    rng = np.random.default_rng(0)
    B = np.zeros((12, 12))
    B[:6, 6:] = rng.uniform(0.5, 1, (6, 6))  # two sides, which push each other back and forth
    B = B + B.T
    d = np.sqrt(B.sum(1))
    S = B / d[:, None] / d
    assert 0 < np.abs(S - S.T).max() < 1e-15
    start = np.repeat([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2]], 6, axis=0)
    found = tc.bound_update(np.zeros((12, 3)), form(S), lam=12.0, init=start, record=True)
    even = tc.bound_update(np.zeros((12, 3)), form((S + S.T) / 2), lam=12.0, init=start, record=True)
    assert found.damping < 1
    np.testing.assert_array_equal(found.trace["energies"], even.trace["energies"])
    assert np.diff(found.trace["energies"]).max() <= 1e-12
    assert tc.monotone_report(S, lam=0.1).symmetric
    assert not tc.monotone_report(S + 1e-12 * np.triu(B), lam=0.1).symmetric
    assert "not symmetric" in tc.bound_update(np.zeros((12, 3)), form(S + 1e-12 * np.triu(B))).message
    X = np.repeat([[0.0], [1.0]], 6, axis=0)
    clustered = tc.cluster(X, 2, affinity=form(S), lam=12.0, init=[[0.0], [1.0]], max_inner_iter=1)
    assert clustered.counts["rises"] == 0
    assert clustered.damping < 1


@pytest.mark.parametrize("form", FORMS)
def test_an_energy_near_0_is_no_cycle(form):
    """Costs that are shifted so that the energy ends at rounding errors, below which nothing is relative any more."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        A, W = oracles.problem(rng)
        plain = tc.bound_update(A, form(W), lam=0.5, tol=1e-14)
        shifted = tc.bound_update(A - plain.energy / 6, form(W), lam=0.5, max_iter=plain.n_iter + 2)
        assert abs(shifted.energy) < 1e-12
        assert shifted.converged
        assert "stand still" in shifted.message
        np.testing.assert_allclose(shifted.assignments, plain.assignments, atol=1e-6)


def test_damped_steps_do_not_count_as_standing():
    """With lambda / T of 1e12 a damped step moves by 1e-12, which is far from a fixed point."""
    W = np.array([[0.0, 1.0], [1.0, 0.0]])
    found = tc.bound_update(np.zeros((2, 2)), W, lam=1e12, init=[[0.6, 0.4], [0.4, 0.6]], max_iter=50)
    assert found.damping < 1e-10
    assert not found.converged


@pytest.mark.parametrize("form", FORMS)
def test_a_tiny_rise_is_damped_too(form):
    """Just above the threshold of two points the energy rises by 1e-10 a step."""
    pair = tc.make_two_points()
    lam = theory.two_point_threshold(0.1) * (1 + 3e-9)
    raw = tc.bound_update(pair.costs, form(pair.affinity), lam=lam, init=pair.init, damping=1.0, record=True)
    assert 0 < np.diff(raw.trace["energies"])[0] < 1e-8
    found = tc.bound_update(pair.costs, form(pair.affinity), lam=lam, init=pair.init, record=True)
    assert found.damping < 1
    assert np.diff(found.trace["energies"]).max() <= 1e-14


def test_a_tiny_rise_of_a_compiled_task_is_damped():
    """The weight at which whole steps begin to raise the energy, by bisection, with a rise of about 1e-9."""
    S, Q, labels = np.array([[-0.01], [0.01]]), np.array([[-0.6], [0.6]]), np.array([0, 1])
    options = {"method": "laplacian-shot", "n_neighbors": 1, "normalize": None, "query_shift": False, "tol": 0.0}
    costs = (Q - S.T) ** 2
    W = np.array([[0.0, 1.0], [1.0, 0.0]])
    low, high = 2.0, 4.0

    def rise(lam):
        energies = tc.bound_update(costs, W, lam=lam, damping=1.0, tol=0, max_iter=40, record=True).trace["energies"]
        return np.diff(energies).max()

    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rise(middle) > 1e-9 else (middle, high)
    assert 1e-9 < rise(high) < 1e-7
    found = tc.few_shot(S, labels, Q, lam=high, max_iter=40, **options)
    assert found.damping < 1
    assert tc.few_shot(S, labels, Q, lam=1.99, max_iter=40, **options).damping == 1


def test_directed_bounds_are_those_of_the_symmetric_part():
    star = np.zeros((10, 10))
    star[0, 1:] = 1
    found = tc.monotone_report(star, lam=0.1)
    lowest, norm = np.linalg.eigvalsh((star + star.T) / 2)[0], np.linalg.norm(star, 2)
    assert found.lower_bound <= lowest + 1e-12
    assert found.smallest_eigenvalue == pytest.approx(lowest)
    assert found.norm_bound == pytest.approx(norm)
    for form in FORMS:  # without eigenvalues
        proof = tc.bound_update(np.zeros((10, 2)), form(star), lam=0.1).certificate
        assert proof.contraction * 20 >= norm - 1e-12
    skew = np.array([[0.0, 3.0], [0.0, 0.0]])
    for form in FORMS:
        assert tc.bound_update(np.zeros((2, 2)), form(skew), lam=2.0).certificate.contraction == pytest.approx(3.0)
    assert tc.psd_shift(np.triu(np.ones((3, 3)), 1)) == pytest.approx(0.5)
    directed = tc.knn_affinity(np.random.default_rng(0).normal(size=(40, 2)), symmetrize=None, shift="psd").toarray()
    assert np.linalg.eigvalsh((directed + directed.T) / 2)[0] >= -1e-12


def test_huge_entries_beside_an_isolated_point():
    W = np.zeros((3, 3))
    W[0, 1] = W[1, 0] = 1e100
    proofs = [tc.bound_update(np.zeros((3, 2)), form(W), lam=1e-101).certificate for form in FORMS]
    for proof in proofs:
        assert proof.contraction == pytest.approx(0.05)
        assert proof.monotone
    assert tc.monotone_report(W, lam=1e-101).norm_bound == pytest.approx(1e100)


def test_medoids_start_at_points():
    """From the mean, which is no point of the data, the first update of a medoid would raise the energy."""
    options = {"prototype": "medoid", "bandwidth": 1.0, "lam": 0.0, "record": True}
    found = tc.cluster([[-1.0], [1.0]], 1, init=[[0.0]], **options)
    assert found.counts["rises"] == 0
    assert np.diff(found.trace["energies"]).max() <= 0
    rng = np.random.default_rng(0)
    for seed in range(60):
        X, clamp = rng.normal(size=(12, 2)), np.full(12, -1)
        clamp[:4] = [0, 0, 1, 1]
        run = tc.cluster(X, 3, clamp=clamp, rng=seed, **{**options, "bandwidth": 0.5})
        assert run.counts["rises"] == 0
        assert (run.prototypes[:, None] == X).all(-1).any(1).all()


@pytest.mark.parametrize("prototype", ["mean", "mode", "medoid"])
def test_single_precision_far_from_the_origin(prototype):
    X = (np.random.default_rng(0).normal(size=(150, 3)) + 1e4).astype(np.float32)
    found = tc.cluster(X, 3, prototype=prototype, rng=0)
    near = tc.cluster((X - np.float32(1e4)).astype(np.float32), 3, prototype=prototype, rng=0)
    assert found.counts["rises"] == 0
    assert found.converged
    np.testing.assert_array_equal(found.labels, near.labels)
    np.testing.assert_allclose(found.prototypes, near.prototypes + 1e4, atol=2e-3)
    assert found.certificate.verify(found.assignment_problem(X))
    apart = np.concatenate([0.1 * (X - 1e4), 0.1 * (X - 1e4) + 500]).astype(np.float32)
    run = tc.cluster(apart, 4, prototype=prototype, rng=1, record=True)
    energies = run.trace["energies"]
    assert run.counts["rises"] == 0
    assert np.diff(energies).max() <= 1e-6 * (1 + np.abs(energies).max())


def test_extreme_weights_are_refused_and_large_ones_work():
    A, W = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    single = A.astype(np.float32), W.astype(np.float32)
    refused = [
        (lambda: tc.bound_update(*single, temperature=1e-46), "`temperature` must be in"),
        (lambda: tc.bound_update(*single, lam=1e200), "`lam` must be in"),
        (lambda: tc.bound_update(A, W, temperature=1e-300), "`temperature` must be in"),
        (lambda: tc.bound_update(A, W * 1e30, lam=1e280), "`lam` must be so small"),
        (lambda: tc.bound_update(A * 1e307, W), "`costs` must be of a size below"),
        (lambda: tc.cluster(A, 2, temperature=5e-324), "`temperature` must be in"),
        (lambda: tc.cluster(A * 1e200, 2, affinity=0 * W), "`X` must be points whose squared distances fit"),
        (lambda: tc.cluster(A * 1e-200, 2), "`X` must be points whose squared distances fit"),
        (lambda: tc.cluster(A, 2, init=A * 1e200), "`init` must be in"),
        (lambda: baselines.lloyd(A * 1e200, 2), "`X` must be points"),
        (lambda: tc.few_shot(A * 1e200, [0, 1], A, normalize=None), "`support` must be with `query`"),
        (lambda: tc.few_shot(*(A.astype(np.float32), [0, 1], A), temperature=1e-46), "`temperature` must be in"),
    ]
    for call, sentence in refused:
        with pytest.raises(ValueError) as raised:
            call()
        assert sentence in str(raised.value)
    for form in FORMS:
        cold = tc.bound_update(A, form(W), lam=0.1, temperature=1e-280)
        np.testing.assert_array_equal(cold.assignments, [[1, 0], [0, 1]])
        assert np.isfinite(cold.energy)
    narrow = tc.cluster(GRID, 3, prototype="mode", bandwidth=1e-250, rng=0)
    assert np.isfinite(narrow.energy)
    huge = tc.bound_update(A.astype(np.float32), W.astype(np.float32), lam=1e30, max_iter=5)
    assert np.isfinite(huge.energy)


@pytest.mark.parametrize("method", ["slk", "nearest", "laplacian-shot", "k-means", "tim", "label-spreading", "bd-cspn"])
@pytest.mark.parametrize(("kind", "scale"), [(float, 1e200), (float, 1e-200), (np.float32, 1e25), (np.float32, 1e-25)])
def test_lengths_do_not_matter_where_rows_are_normalized(method, kind, scale):
    batch = tc.make_episodes(*oracles.digits_like(np.random.default_rng(0)), n_tasks=4, way=3, query=5, rng=0)
    S, Q, mean = (a.astype(kind) for a in (batch.support, batch.query, batch.base_mean))
    S, Q, mean = (a[:] for a in (S, Q, mean))
    factor = np.ones((4, 1, 1), kind)
    factor[2] = scale
    for options in ({}, {"normalize": "l2"}):
        plain = tc.few_shot(S, batch.support_labels, Q, method=method, base_mean=mean, **options)
        moved = mean * factor[:, 0]
        found = tc.few_shot(S * factor, batch.support_labels, Q * factor, method=method, base_mean=moved, **options)
        np.testing.assert_array_equal(found.labels, plain.labels)
        np.testing.assert_allclose(found.probabilities, plain.probabilities, atol=2e-3)
    tiny = tc.few_shot(
        np.array([[0, 1], [1, 0]], np.float32) * np.float32(1e20),
        [0, 1],
        np.array([[3, 1], [0, 2]], np.float32) * np.float32(1e20),
        normalize="l2",
        query_shift=False,
    )
    assert tiny.labels.tolist() == [1, 0]
