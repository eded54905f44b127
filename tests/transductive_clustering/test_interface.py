"""What goes in and what comes back: kinds of arrays and labels, problems, certificates that lie, callbacks, counts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering.updates import sparse as kernels
from lrtheory.transductive_clustering.updates.certificates import stationarity
from proofs_checks.transductive_clustering.proof_steps.work import update_counts
from tests.rules.certificates.forging import forged_fields, with_gap
from tests.transductive_clustering import oracles

GRID = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), -1).reshape(-1, 2)
FORMS = (np.asarray, sparse.csr_array)


def test_forged_certificates_are_noticed():
    A, W = oracles.problem(np.random.default_rng(1), n=6)
    clamp = np.array([0, -1, -1, 2, -1, -1])
    problem = tc.AssignmentProblem(A, W, clamp=clamp)
    proof = tc.bound_update(problem, lam=0.2).certificate
    assert proof.verify(problem)
    everything = np.zeros(6, int)
    nothing = {"achieved": 0.0, "fixed_point_distance": 0.0, "contraction": 0.0}
    forged = [
        nothing | {"clamp": everything, "assignments": np.full((6, 3), 7.0)},
        nothing | {"clamp": everything, "assignments": np.eye(3)[everything]},
        {"monotone": not proof.monotone},
        {"statement": "transductive_clustering/TC-XX"},
        {"contraction": proof.contraction / 2},
        {"fixed_point_distance": proof.fixed_point_distance / 2},
        {"achieved": proof.achieved + 1},
        {"bound": 1.0},
        {"fixed_point_distance": proof.fixed_point_distance * (1 - 1e-7)},
        {"contraction": proof.contraction * (1 - 1e-7)},
        {"temperature": 0.0},
        {"lam": -0.2},
        {"temperature": "warm"},
        {"assignments": proof.assignments[:5]},
        {"assignments": 2 * proof.assignments},
        {"assignments": np.roll(proof.assignments, 1, axis=1)},
        {"clamp": None},
        {"achieved": np.full(2, proof.gap)},
    ]
    for lie in forged:
        assert not with_gap(proof, **lie).verify(problem), lie
    assert not replace(proof, gap=proof.gap + 1).verify(problem)
    outside, elsewhere = 2 * proof.assignments, proof.assignments.copy()
    elsewhere[0] = [0, 1, 0]  # a label is held, but not the one that was given
    for Z in (outside, elsewhere):  # all numbers are right for what cannot be
        assert not stationarity(Z, A, W, 0.2, 1.0, clamp).verify(problem)
    assert not proof.verify((A, W))  # there no label is held
    assert not proof.verify(tc.AssignmentProblem(A[:5], W[:5, :5]))
    free = tc.bound_update(A.tolist(), W.tolist(), lam=0.2).certificate
    assert free.verify((A.tolist(), sparse.csr_matrix(W)))
    for wrong in (None, (A,), [A, W, clamp]):
        with pytest.raises(TypeError, match="`problem` must be an AssignmentProblem"):
            proof.verify(wrong)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_no_field_of_a_certificate_is_believed(kind, unit):
    """Runs that were stopped early, so that no number of them is rounding."""
    rng = np.random.default_rng(3)
    pairs = [oracles.problem(rng, n=6) for _ in range(2)]
    A, W = (np.stack(values).astype(kind) for values in zip(*pairs, strict=True))
    A, clamp = A * kind(unit), np.array([[0, -1, -1, 2, -1, -1], [1, -1, -1, -1, -1, 0]])
    options = {"temperature": unit, "max_iter": 1}
    for lam in (0.2, 3.0):  # below and above the weight from which updates may not contract
        proofs = []
        for form in FORMS:
            one = tc.AssignmentProblem(A[0], form(W[0]), clamp=clamp[0])
            proofs.append((one, tc.bound_update(one, lam=lam * unit, **options).certificate))
        batch = tc.AssignmentProblem(A, W, clamp=clamp)
        proofs.append((batch, tc.bound_update(batch, lam=lam * unit, **options).certificate))
        for problem, proof in proofs:
            assert proof.verify(problem)
            with np.errstate(invalid="ignore"):  # a bound that is infinite, times 0
                forged = list(forged_fields(proof))
            assert len(forged) >= 20
            for words, lie in forged:
                assert not lie.verify(problem), (words, lam)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_no_field_of_the_certificates_of_clusters_and_tasks_is_believed(unit):
    clamp = np.full(25, -1)
    clamp[[0, 24]] = [0, 1]
    heat = {"lam": 0.05 * unit**2, "temperature": unit**2, "max_iter": 1}
    found = tc.cluster(GRID * unit, 2, clamp=clamp, init=GRID[[3, 20]] * unit, max_inner_iter=1, **heat)
    batch = tc.make_episodes(*oracles.digits_like(np.random.default_rng(0)), n_tasks=2, way=3, query=4, rng=0)
    arrays = batch.support * unit, batch.support_labels, batch.query * unit
    task = tc.few_shot(*arrays, normalize=None, turns=tc.Turns(max_inner_iter=1), **heat)
    for proof, problem in (
        (found.certificate, found.assignment_problem(GRID * unit)),
        (task.certificate, task.assignment_problem(*arrays)),
    ):
        assert proof.verify(problem)
        for words, lie in forged_fields(proof):
            assert not lie.verify(problem), words


def test_held_labels_go_with_the_problem_of_a_clustering():
    X, clamp = GRID, np.full(25, -1)
    clamp[[0, 24]] = [0, 1]
    found = tc.cluster(X, 2, clamp=clamp, rng=0)
    problem = found.assignment_problem(X)
    np.testing.assert_array_equal(problem.clamp, clamp)
    assert found.certificate.verify(problem)


def test_problems_check_and_own_their_arrays():
    A, W = np.zeros((2, 2)), np.eye(2)
    problem = tc.AssignmentProblem(A, W)
    A[0, 0] = 5
    assert problem.costs[0, 0] == 0
    assert not problem.costs.flags.writeable
    for args, options, sentence in (
        ((np.zeros(2), W), {}, "`costs` must be of shape"),
        ((A, np.eye(3)), {}, "`affinity` must be of shape"),
        ((A, W, np.zeros((3, 2))), {}, "`init` must be of shape"),
        ((A, W), {"clamp": [0]}, "`clamp` must be of shape"),
        ((A, W), {"clamp": [0.5, 1]}, "`clamp` must be an integer array"),
        ((A * np.nan, W), {}, "`costs` must be finite"),
    ):
        with pytest.raises(ValueError, match=sentence):
            tc.AssignmentProblem(*args, **options)


def test_kinds_of_numbers_and_lists():
    X = GRID
    plain = tc.cluster(X, 2, rng=0)
    exact = np.array([[Fraction(x) for x in row] for row in X], dtype=object)
    for other in (X.tolist(), exact, X.astype(np.longdouble), X.astype(int)):
        np.testing.assert_array_equal(tc.cluster(other, 2, rng=0).labels, plain.labels)
    half = tc.cluster(X.astype(np.float16), 2, rng=0)
    assert half.assignments.dtype == np.float32
    A, W = oracles.problem(np.random.default_rng(0))
    Z = oracles.rows(np.random.default_rng(1), 6, 3)
    from_lists = tc.bound_update(A.tolist(), W.tolist(), init=Z.tolist())
    np.testing.assert_array_equal(from_lists.assignments, tc.bound_update(A, W, init=Z).assignments)
    assert tc.bound_update(*(sparse.csr_matrix(M).todense() for M in (A, W))).energy == tc.bound_update(A, W).energy
    assert tc.bound_update(A.astype(np.float16), W).assignments.dtype == np.float32
    lists = tc.few_shot([[0.0, 1.0], [1.0, 0.0]], [0, 1], [[0.1, 0.9]], normalize=None)
    assert lists.labels.tolist() == [0]
    for affinity in (W, sparse.csr_matrix(W), sparse.csr_array(W), W.tolist()):
        smooth = (A * Z).sum() + 0.5 * np.trace(Z.T @ (np.diag(W.sum(1)) - W) @ Z)
        assert tc.laplacian_energy(Z, A, affinity) == pytest.approx(smooth)
        assert tc.relaxed_energy(Z.tolist(), A.tolist(), affinity) == pytest.approx(oracles.energy(Z, A, W, 1, 1))


def test_numpy_joins_other_libraries():
    strict = pytest.importorskip("array_api_strict")
    A, W = oracles.problem(np.random.default_rng(0))
    found = tc.bound_update(strict.asarray(A), W, init=np.full((6, 3), 1 / 3))
    np.testing.assert_allclose(
        np.asarray(found.assignments), tc.bound_update(A, W, init=np.full((6, 3), 1 / 3)).assignments
    )
    S, Q = np.eye(3), np.eye(3)[::-1].copy()
    labels = np.array([True, False, True])
    task = tc.few_shot(strict.asarray(S), labels, strict.asarray(Q), base_mean=np.zeros(3), query_mask=labels)
    assert np.asarray(task.labels).tolist() == [1, -1, 1]


def test_labels_keep_their_kind_and_masked_queries_their_mark():
    S, Q = np.eye(3), np.eye(3)[[2, 1, 0]]
    mask = np.array([True, False, True])
    for kind in (np.uint8, np.uint64, np.int16, np.float64):
        plain = tc.few_shot(S, np.array([7, 3, 5], kind), Q, normalize=None)
        assert (plain.labels.dtype, plain.labels.tolist()) == (kind, [5, 3, 7])
        masked = tc.few_shot(S, np.array([7, 3, 5], kind), Q, normalize=None, query_mask=mask)
        assert masked.labels.tolist() == [5, -1, 7]
    truths = np.array([True, False, True])
    assert tc.few_shot(S, truths, Q, normalize=None).labels.dtype == bool
    assert tc.few_shot(S, truths, Q, normalize=None, query_mask=mask).labels.tolist() == [1, -1, 1]
    names = tc.few_shot(S, ["a", "b", "c"], Q, normalize=None, query_mask=mask)
    assert names.labels.tolist() == ["c", "", "a"]
    for labels in ([7, -1, 5], ["a", "", "c"]):
        assert tc.few_shot(S, labels, Q, normalize=None, query_mask=[1, 1, 1]).labels.tolist() == labels[::-1]
        with pytest.raises(ValueError, match="`support_labels` must be without"):
            tc.few_shot(S, labels, Q, normalize=None, query_mask=mask)


def test_a_batch_of_episodes_is_its_arrays():
    batch = tc.make_episodes(*oracles.digits_like(np.random.default_rng(0)), n_tasks=3, way=3, query=4, rng=0)
    arrays = batch.support, batch.support_labels, batch.query
    found = tc.few_shot(*arrays, base_mean=batch.base_mean)
    np.testing.assert_array_equal(tc.few_shot(batch).probabilities, found.probabilities)
    with pytest.raises(TypeError, match="`support` must be arrays"):
        tc.few_shot(batch, batch.support_labels)


def test_callbacks_see_every_step_and_stop():
    A, W = oracles.problem(np.random.default_rng(0))
    full = tc.bound_update(A, W, lam=0.5, record=True)
    for form in FORMS:
        seen = []

        def stop(state, seen=seen):
            seen.append(state)
            if state.n_iter == 3:
                raise StopIteration

        found = tc.bound_update(A, form(W), lam=0.5, callback=stop)
        assert (found.n_iter, found.converged, found.message) == (3, False, "the callback asked to stop")
        np.testing.assert_allclose([state.energy for state in seen], full.trace["energies"][1:4], rtol=1e-12)
        np.testing.assert_allclose(seen[1].assignments, full.trace["assignments"][2], rtol=1e-12)
    turns = []
    whole = tc.cluster(GRID, 3, rng=0, callback=turns.append, record=True)
    assert [state.n_iter for state in turns] == list(range(1, whole.n_iter + 1))
    np.testing.assert_allclose([state.energy for state in turns], whole.trace["energies"][2::2])

    def once(state):
        raise StopIteration

    short = tc.cluster(GRID, 3, rng=0, callback=once)
    assert (short.n_iter, short.converged) == (1, False)
    assert "callback" in short.message


def test_counts_are_what_the_kernels_did(monkeypatch):
    """Every call of the kernel is seen, and counts what it reads of the graph."""
    rng = np.random.default_rng(0)
    A, W = rng.uniform(size=(130, 6)), tc.knn_affinity(rng.normal(size=(130, 2)))
    calls, original = [], kernels.update_rows

    def seen(*args):
        calls.append(args)
        return original(*args)

    monkeypatch.setattr(kernels, "update_rows", seen)
    found = tc.bound_update(A, W, lam=0.5, tol=0, max_iter=4)
    assert found.counts["passes"] == len(calls) == 5  # the last of them is that of the certificate too
    assert found.counts["flops"] == len(calls) * update_counts(W.nnz, 6, 130)["flops"]
    assert found.counts["exponentials"] == len(calls) * 130 * 6
    problem, step, _, _ = calls[0]
    kept = problem.costs, problem.edges.values, step.Z, step.new
    assert sum(array.size for array in kept) == update_counts(W.nnz, 6, 130)["memory"]
    calls.clear()
    run = tc.cluster(rng.normal(size=(130, 2)), 3, rng=0)
    calls.pop()  # that of the certificate, which is not counted
    assert run.counts["passes"] == len(calls) + 1  # the energy at the start
    assert run.counts["flops"] == run.counts["passes"] * run.affinity.nnz * 3
    calls.clear()
    swap = tc.make_two_points()
    damped = tc.bound_update(swap.costs, sparse.csr_array(swap.affinity), lam=4.0, init=swap.init)
    calls.pop()  # a whole step, for the certificate
    assert damped.counts["passes"] == len(calls) == damped.counts["updates"] + 2  # one step was taken again
    dense = tc.bound_update(swap, lam=4.0)
    assert dense.counts["passes"] == dense.counts["updates"] + 2


def test_threads_share_the_rows(monkeypatch):
    A, W = (
        np.random.default_rng(0).uniform(size=(300, 3)),
        tc.knn_affinity(GRID.repeat(12, 0) + np.arange(300)[:, None]),
    )
    alone = tc.bound_update(A, W, lam=0.5)
    monkeypatch.setattr(kernels, "PARALLEL", 70)
    monkeypatch.setattr(kernels, "processors", lambda: 4)
    shared = tc.bound_update(A, W, lam=0.5)
    np.testing.assert_array_equal(shared.assignments, alone.assignments)
    assert shared.energy == alone.energy
    assert dict(shared.counts) == dict(alone.counts)
    assert len(kernels._blocks(300)) == 4
