"""The updates against their definition, the guarantees, and where each of them ends."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering import theory
from lrtheory.transductive_clustering.updates.edges import csr_parts
from lrtheory.transductive_clustering.updates.sparse import descend_sparse
from proofs_checks.transductive_clustering.proof_steps.work import update_counts
from proofs_checks.transductive_clustering.updates.descents import safe_damping
from proofs_checks.transductive_clustering.updates.free_energies import log_partition
from tests.transductive_clustering import oracles


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("seed", range(4))
def test_whole_steps_are_the_definition(form, seed):
    rng = np.random.default_rng(seed)
    A, W = oracles.problem(rng)
    clamp = np.array([2, -1, -1, 0, -1, -1])
    found = tc.bound_update(
        A, form(W), lam=0.9, temperature=0.7, clamp=clamp, damping=1.0, tol=0, max_iter=5, record=True
    )
    Z = found.trace["assignments"]
    for i in range(5):
        np.testing.assert_allclose(Z[i + 1], oracles.softmax_update(Z[i], A, W, 0.9, 0.7, clamp), rtol=1e-12)
        assert found.trace["energies"][i] == pytest.approx(oracles.energy(Z[i], A, W, 0.9, 0.7), rel=1e-12)
        assert found.trace["steps"][i] == pytest.approx(((Z[i + 1] - Z[i]) ** 2).sum(), rel=1e-9)
    assert Z[0, 0].tolist() == [0, 0, 1]
    assert Z[-1, 3].tolist() == [1, 0, 0]
    assert found.energy == pytest.approx(
        tc.relaxed_energy(found.assignments, A, W, lam=0.9, temperature=0.7), rel=1e-12
    )
    passes = 6  # one more for the energy at the end; held rows are computed too
    softmaxes = 5 if form is np.asarray else passes
    counts = {"updates": 5, "passes": passes, "flops": passes * int((W != 0).sum()) * 3}
    assert dict(found.counts) == {**counts, "exponentials": softmaxes * 6 * 3}


@given(st.integers(0, 2**32), st.sampled_from([0.3, 1.0, 4.0, 20.0]), st.sampled_from([0.2, 1.0, 3.0]))
def test_by_default_the_energy_never_rises(seed, lam, temperature):
    rng = np.random.default_rng(seed)
    A, W = oracles.problem(rng, n=8)
    for form in (np.asarray, sparse.csr_array):
        found = tc.bound_update(A, form(W), lam=lam, temperature=temperature, init=oracles.rows(rng, 8, 3), record=True)
        energies = found.trace["energies"]
        assert np.diff(energies).max() <= 1e-13 * (1 + np.abs(energies).max())
        lowest = np.linalg.eigvalsh(W)[0]
        safe = safe_damping(lowest, lam, temperature)
        assert found.damping == 1.0 or found.damping <= safe + 1e-12
        if lam * lowest >= -2 * temperature:
            assert found.damping == 1.0
        assert ("damped" in found.message) == (found.damping < 1)


def test_two_points_have_known_values():
    raw = tc.bound_update(tc.make_two_points(), lam=1.0, tol=1e-14, damping=1.0, record=True)
    np.testing.assert_allclose(raw.trace["energies"][:3], [-1.826023, -1.871377, -1.882574], atol=1e-6)
    assert raw.energy == pytest.approx(-2 * np.log(2) - 0.5)
    cycle = tc.bound_update(tc.make_two_points(), lam=4.0, damping=1.0, record=True)
    np.testing.assert_allclose(cycle.trace["energies"][:3], [-3.266023, -2.949520, -2.119438], atol=1e-6)
    assert not cycle.converged
    assert "a cycle of two" in cycle.message
    assert cycle.energy == pytest.approx(-0.372086, abs=1e-5)
    assert cycle.certificate.gap == pytest.approx(1.915, abs=1e-3)
    two = tc.make_two_points()
    thin = tc.bound_update(two.costs, sparse.csr_array(two.affinity), init=two.init, lam=4.0, damping=1.0)
    assert not thin.converged
    assert "a cycle of two" in thin.message
    damped = tc.bound_update(tc.make_two_points(), lam=4.0)
    assert (damped.converged, damped.damping) == (True, 0.5)
    same = tc.bound_update(tc.make_two_points(side="same"), lam=4.0, tol=1e-14)
    assert same.assignments[0, 0] == pytest.approx(theory.two_point_limit(lam=4.0, temperature=1.0))
    assert same.energy == pytest.approx(-4.0393, abs=1e-4)


def test_a_directed_ring_turns_for_ever():
    ring = tc.make_directed_ring()
    found = tc.bound_update(ring, lam=3.0, tol=1e-12, max_iter=200, record=True)
    Z = found.trace["assignments"]
    np.testing.assert_allclose(Z[-1], Z[-4], atol=1e-9)
    assert np.abs(Z[-1] - Z[-2]).max() > 0.5
    assert not found.converged
    assert "not symmetric" in found.message
    assert not found.certificate.monotone
    assert tc.bound_update(ring, lam=2.5, tol=1e-12, max_iter=2000).converged


def test_no_graph_takes_one_step():
    A = np.array([[0.0, 1.0], [2.0, 1.0]])
    found = tc.bound_update(A, np.zeros((2, 2)), lam=0.0, temperature=0.5)
    np.testing.assert_allclose(found.assignments, oracles.softmax_update(A, A, np.zeros((2, 2)), 0, 0.5))
    assert found.energy == pytest.approx(log_partition(A, 0.5))
    assert found.n_iter == 1


def test_one_cluster_isolated_points_and_large_weights():
    one = tc.bound_update(np.zeros((3, 1)), np.ones((3, 3)))
    assert one.assignments.tolist() == [[1.0], [1.0], [1.0]]
    A = np.array([[0.0, 1e4], [1e4, 0.0], [0.0, 3.0]])
    W = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    alone = tc.bound_update(A, W, lam=1.0)
    np.testing.assert_allclose(alone.assignments[2], oracles.softmax_update(A, A, 0 * W, 0, 1)[2])
    assert alone.assignments[0, 1] == 0  # the exponential underflows
    assert np.isfinite(alone.energy)
    chain = np.eye(6, k=1) + np.eye(6, k=-1)
    frozen = tc.bound_update(np.linspace(0, 1, 6)[:, None] * [1.0, 0.5], chain, lam=1e6)
    assert len(set(frozen.labels.tolist())) == 1
    assert np.isfinite(frozen.energy)


def test_float32_stays_and_energies_are_summed_in_float64():
    rng = np.random.default_rng(0)
    A, W = oracles.problem(rng, n=40)
    single = tc.bound_update(A.astype(np.float32), W.astype(np.float32), lam=2.0, tol=1e-6)
    double = tc.bound_update(A, W, lam=2.0, tol=1e-6)
    assert single.assignments.dtype == np.float32
    assert single.energy == pytest.approx(double.energy, rel=1e-6)
    thin = tc.bound_update(A.astype(np.float32), sparse.csr_array(W), lam=2.0, tol=1e-6)
    assert thin.assignments.dtype == np.float32


def test_a_batch_is_its_problems():
    rng = np.random.default_rng(3)
    pairs = [oracles.problem(rng, n=7) for _ in range(4)]
    A, W = (np.stack(values) for values in zip(*pairs, strict=True))
    W *= np.array([0.1, 1.0, 5.0, 20.0])[:, None, None]
    clamp = np.full((4, 7), -1)
    clamp[1, 2] = 0
    batch = tc.bound_update(A, W, lam=1.0, clamp=clamp)
    alone = [tc.bound_update(A[e], W[e], lam=1.0, clamp=clamp[e]) for e in range(4)]
    for e in range(4):
        np.testing.assert_allclose(batch.assignments[e], alone[e].assignments, rtol=1e-12, atol=1e-15)
        assert batch.damping[e] == pytest.approx(alone[e].damping)
    assert batch.n_iter == max(one.n_iter for one in alone)
    assert batch.counts["updates"] == sum(one.n_iter for one in alone)
    assert batch.certificate.verify(tc.AssignmentProblem(A, W, clamp=clamp))
    assert not batch.certificate.verify(tc.AssignmentProblem(A, W))


def test_certificates_bound_the_distance_and_notice_lies():
    rng = np.random.default_rng(1)
    A, W = oracles.problem(rng, n=12)
    norm = np.linalg.norm(W, 2)
    lam = 1.2 / norm
    rough = tc.bound_update(A, W, lam=lam, tol=1e-2)
    limit = tc.bound_update(A, W, lam=lam, tol=0, max_iter=500).assignments
    proof = rough.certificate
    assert proof.contraction >= lam * norm / 2
    assert proof.contraction < 1
    assert np.linalg.norm(rough.assignments - limit) <= proof.fixed_point_distance
    assert proof.verify((A, W))
    assert proof.verify((A, sparse.csr_array(W)))
    assert not proof.verify((A + rng.normal(size=A.shape), W))


@pytest.mark.parametrize("n", [30, 2100])
def test_monotone_reports(n):
    rng = np.random.default_rng(n)
    W = tc.knn_affinity(rng.normal(size=(n, 3)), n_neighbors=3)
    found = tc.monotone_report(W, lam=0.5)
    values = np.linalg.eigvalsh(W.toarray())
    assert found.method == ("dense" if n <= 2000 else "lanczos")
    assert found.smallest_eigenvalue == pytest.approx(values[0], rel=2e-3)
    assert found.spectral_norm == pytest.approx(np.abs(values).max(), rel=2e-3)
    assert found.lower_bound <= values[0] + 1e-12
    assert found.norm_bound >= np.abs(values).max() - 1e-12
    assert found.norm_bound <= 1.2 * np.abs(values).max()
    assert found.damping <= safe_damping(values[0], 0.5, 1.0)


def test_eigenvalues_of_a_large_regular_graph():
    ring = sparse.csr_array(np.roll(np.eye(2100), 1, axis=0) + np.roll(np.eye(2100), -1, axis=0))
    found = tc.monotone_report(ring, lam=0.5)
    assert found.method == "lanczos"
    assert found.smallest_eigenvalue == pytest.approx(-2, rel=2e-3)
    assert found.lower_bound == -2


def test_a_shift_and_a_clamp_help():
    W = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert tc.monotone_report(W + np.eye(2), lam=100.0).monotone
    assert tc.monotone_report(W, lam=2.0).monotone
    assert not tc.monotone_report(W, lam=2.0001).monotone
    assert tc.monotone_report(W, lam=100.0, clamp=[0, -1]).monotone
    assert not tc.monotone_report(np.triu(W), lam=0.1).monotone
    shifted = tc.bound_update(
        np.zeros((2, 2)), W + np.eye(2), lam=4.0, init=np.array([[0.6, 0.4], [0.4, 0.6]]), record=True
    )
    np.testing.assert_allclose(shifted.trace["assignments"][1], 0.5)


def test_energies_by_definition_and_exactly():
    rng = np.random.default_rng(5)
    A, W = oracles.problem(rng)
    Z = oracles.rows(rng, 6, 3)
    for affinity in (W, sparse.csr_array(W)):
        assert tc.relaxed_energy(Z, A, affinity, lam=1.5, temperature=0.5) == pytest.approx(
            oracles.energy(Z, A, W, 1.5, 0.5)
        )
        labels = Z.argmax(axis=1)
        assert tc.discrete_energy(labels, A, affinity, lam=1.5) == pytest.approx(oracles.discrete(labels, A, W, 1.5))
        smooth = (A * Z).sum() + 0.75 * np.trace(Z.T @ (np.diag(W.sum(1)) - W) @ Z)
        assert tc.laplacian_energy(Z, A, affinity, lam=1.5) == pytest.approx(smooth)
    third = Fraction(1, 3)
    exact = np.array([[third, 1 - third], [1, 0]], dtype=object)
    swap = np.array([[0, 1], [1, 0]], dtype=object)
    costs = np.array([[third, 0], [0, 1]], dtype=object)
    assert tc.relaxed_energy(exact, costs, swap, lam=Fraction(1, 2), temperature=0) == third**2 - third / 2
    assert isinstance(tc.laplacian_energy(exact, costs, swap, lam=third), Fraction)
    assert tc.discrete_energy(np.array([0, 1]), costs, swap, lam=third) == third + 1 + third


@pytest.mark.parametrize("max_iter", [1, 20])
def test_a_run_on_a_sparse_graph_keeps_what_the_theory_says(max_iter):
    """Three tables of assignments beside the costs; what is noted of blocks of rows takes little more."""
    n, k = 20_000, 10
    rng = np.random.default_rng(0)
    costs = rng.random((n, k))
    W = tc.knn_affinity(rng.random((n, 2)), n_neighbors=3)
    options = {"lam": 0.5, "temperature": 1.0, "factor": 1.0, "safe": None, "tol": 0.0, "max_iter": max_iter}
    problem = costs, csr_parts(W), np.full((n, k), 1 / k), np.full(n, -1)
    descend_sparse(*problem, **options)  # compiled before memory is counted
    tracemalloc.start()
    descend_sparse(*problem, **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    weights = update_counts(W.nnz, k, n)["memory"] + n * k
    assert peak <= 1.05 * 8 * (weights - W.nnz - n * k)
    assert peak >= 8 * 3 * n * k


def test_problems_of_a_batch_may_share_an_affinity():
    rng = np.random.default_rng(0)
    costs, (_, W) = rng.random((3, 6, 3)), oracles.problem(rng)
    Z = rng.dirichlet(np.ones(3), (3, 6))
    together = tc.relaxed_energy(Z, costs, W, lam=0.5, temperature=0.7)
    alone = [tc.relaxed_energy(one, A, W, lam=0.5, temperature=0.7) for A, one in zip(costs, Z, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)
