"""Distances, incoherence, the spectral start and its clipping, and which samples determine a matrix."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.matrix_completion import (
    Observations,
    complete,
    finitely_completable,
    incoherence,
    make_coherent,
    make_low_rank,
    rank_one_components,
    sample_mask,
    spectral,
    spectral_gap,
    spectral_init,
    subspace_distance,
    theory,
)
from lrtheory.matrix_completion.alternation import start as spectral_start
from proofs_checks.matrix_completion.regressions.clipped_bases import clipped_distance_bound, clipped_row_bound
from proofs_checks.matrix_completion.runs.spectral_starts import wedin_bound
from tests.matrix_completion import oracles

NAN = float("nan")


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_distance_against_principal_angles(k, seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(9, k))
    B = A + 10.0 ** rng.uniform(-9, 1) * rng.normal(size=(9, k))
    assert subspace_distance(A, B) == pytest.approx(oracles.sine(A, B), rel=1e-6, abs=1e-15)
    assert subspace_distance(A, B) == pytest.approx(subspace_distance(B, A), rel=1e-6, abs=1e-14)
    assert subspace_distance(A, A @ rng.normal(size=(k, k))) < 1e-9


def test_small_angles_are_not_lost():
    planted = 1e-9
    A, B = np.eye(5)[:, :2], np.eye(5)[:, :2]
    B[2, 0] = planted
    assert subspace_distance(A, B) == pytest.approx(planted, rel=1e-9)
    old = "return min(1.0, float(np.linalg.norm(outside, 2)))"
    cosine = "return float(np.sqrt(max(0.0, 1 - np.linalg.svd(QA.T @ QB, compute_uv=False)[-1] ** 2)))"
    with patched(Patch(spectral.sine, old, cosine)):
        assert spectral.subspace_distance(A, B) != pytest.approx(planted, rel=0.5)


def test_incoherence_lies_between_its_ends():
    hadamard = linalg.hadamard(16)[:, :3].astype(float)
    assert incoherence(hadamard) == pytest.approx(1.0)
    assert incoherence(np.eye(16)[:, :4]) == pytest.approx(2.0)
    U = np.random.default_rng(0).normal(size=(50, 3))
    assert incoherence(U) == pytest.approx(incoherence(U @ np.diag([1, 5, 100])))


def test_the_gap_against_the_definition():
    seen = make_low_rank((80, 70), 1, density=0.2, rng=0).observations
    A = np.zeros((80, 70))
    A[seen.rows, seen.cols] = 1
    A = A[A.sum(axis=1) > 0][:, A.sum(axis=0) > 0]
    s = np.linalg.svd(A / np.sqrt(np.outer(A.sum(axis=1), A.sum(axis=0))), compute_uv=False)
    assert s[0] == pytest.approx(1.0)
    assert spectral_gap(seen) == pytest.approx(1 - s[1], abs=1e-10)
    assert spectral_gap([[1.0, 2.0, NAN]]) == 1.0


def test_the_start_against_a_dense_decomposition():
    problem = make_low_rank((120, 90), 3, density=0.5, condition=2, rng=0)
    seen = problem.observations
    dense = seen.to_csr().toarray() / seen.density
    U, s, Vt = np.linalg.svd(dense)
    start = spectral_init(seen, 3, tol=0.0)
    assert start.method == "svds"
    np.testing.assert_allclose(start.singular_values, s[:3], rtol=1e-10)
    assert subspace_distance(start.U, U[:, :3]) < 1e-8
    assert subspace_distance(start.V, Vt[:3].T) < 1e-8
    noise = np.linalg.norm(dense - problem.truth.dense(), 2)
    bound = wedin_bound(noise, problem.truth.singular_values[-1])
    assert subspace_distance(start.U, problem.truth.U) <= bound
    assert spectral_init(seen, 90).method == "svd"


def test_the_scale_of_the_start():
    """Singular vectors do not see a missing 1 / p; the singular values do."""
    problem = make_low_rank((200, 150), 2, density=0.3, rng=0)
    start = spectral_init(problem, 2)
    assert start.singular_values == pytest.approx(problem.truth.singular_values, rel=0.2)
    with patched(Patch(spectral_start.rescaled, "values / values.dtype.type(seen.density)", "values")):
        wrong = spectral_init(problem, 2)
    assert subspace_distance(wrong.U, start.U) < 1e-6
    assert wrong.singular_values != pytest.approx(problem.truth.singular_values, rel=0.2)


@pytest.mark.parametrize("clip", ["row", "entry"])
def test_clipping_a_planted_spike(clip):
    flat = linalg.hadamard(1024)[:, 1:5] / 32.0
    spiked = flat.copy()
    spiked[7, 0] += 0.3
    U0 = np.linalg.qr(spiked)[0]
    rotation = np.linalg.svd(flat.T @ U0)
    error = np.linalg.norm(U0 - flat @ (rotation[0] @ rotation[2]))
    U, cut = spectral_start.clipped(U0, 1.0, clip)
    assert cut == 1
    np.testing.assert_allclose(U.T @ U, np.eye(4), atol=1e-12)
    assert subspace_distance(U, flat) <= clipped_distance_bound(error)
    longest = clipped_row_bound(error, 1.0, 1024, 4, clip)
    assert np.linalg.norm(U, axis=1).max() <= longest
    # clipping at 2 mu sqrt(k) cuts nothing, and the row stays longer than the bound for rows
    with patched(Patch(spectral_start.clipped, "2 * mu * np.sqrt(k / m)", "2 * mu * np.sqrt(k)")):
        wrong, none = spectral_start.clipped(U0, 1.0, clip)
    assert none == 0
    assert np.linalg.norm(wrong, axis=1).max() > clipped_row_bound(error, 1.0, 1024, 4, "row")
    # without the last orthonormalization the columns are not orthonormal
    with patched(Patch(spectral_start.clipped, "return orthonormal(shorter), ", "return shorter, ")):
        assert abs(spectral_start.clipped(U0, 1.0, clip)[0].T @ flat).max() < 1
        assert not np.allclose(
            spectral_start.clipped(U0, 1.0, clip)[0].T @ spectral_start.clipped(U0, 1.0, clip)[0], np.eye(4)
        )


@pytest.mark.parametrize("k", [1, 2])
def test_completability_against_exact_elimination(k):
    rng, answers = np.random.default_rng(2), set()
    for trial in range(12):
        rows, cols = sample_mask((5, 4), 0.25 + 0.06 * trial, rng=rng)
        if len(rows) == 0:
            continue
        seen = Observations(rows, cols, np.ones(len(rows)), (5, 4))
        expected = oracles.is_finitely_completable(rows, cols, (5, 4), k)
        answers.add(expected)
        assert finitely_completable(seen, k, rng=trial) == expected
    assert answers == {True, False}


def test_a_long_path_is_completable():
    n = 500
    path = np.r_[np.arange(n), np.arange(1, n)], np.r_[np.arange(n), np.arange(n - 1)]
    seen = Observations(*path, np.ones(2 * n - 1), (n, n))
    assert all(finitely_completable(seen, 1, rng=seed) for seed in range(2))
    cut = seen.subset(np.arange(2 * n - 1) != n // 2)
    closed = Observations(np.r_[cut.rows, 0], np.r_[cut.cols, 1], np.ones(2 * n - 1), (n, n))
    assert not finitely_completable(closed, 1, rng=0)


def test_the_jacobian_is_consulted():
    """Two dense blocks and enough entries in every line: only the rank of the Jacobian sees that nothing ties them."""
    mask = np.kron(np.eye(2, dtype=bool), np.ones((5, 5), dtype=bool))
    rows, cols = np.nonzero(mask)
    seen = Observations(rows, cols, np.ones(50), (10, 10))
    assert seen.n_observed >= theory.degrees_of_freedom(10, 10, 2)
    assert not oracles.is_finitely_completable(rows, cols, (10, 10), 2)
    assert not finitely_completable(seen, 2, rng=0)


@pytest.mark.parametrize("missing", ["entries", "entries of one row", "entries of one column"])
def test_counting_answers_where_the_jacobian_would_be_too_large(missing):
    m, n, k = 300, 200, 10
    seen = np.ones((m, n), dtype=bool)
    if missing == "entries":  # ten in each line, and fewer than k (m + n - k) in all
        seen[:] = (np.arange(m)[:, None] - np.arange(n)) % 20 == 0
        assert min(seen.sum(axis=0).min(), seen.sum(axis=1).min()) >= k
        assert seen.sum() < theory.degrees_of_freedom(m, n, k)
    elif missing == "entries of one row":
        seen[0, k - 1 :] = False
    else:
        seen[k - 1 :, 0] = False
    assert not finitely_completable(np.where(seen, 1.0, NAN), k)


def test_thin_matrices_are_not_made_dense():
    """The Gram matrix of a sparse matrix with few columns, against its dense decomposition."""
    rows, cols = sample_mask((3000, 20), 0.1, rng=0)
    matrix = Observations(rows, cols, np.random.default_rng(0).normal(size=len(rows)), (3000, 20)).to_csr()
    expected = np.linalg.svd(matrix.toarray(), compute_uv=False)[:2]
    assert spectral.leading_singular_values(matrix, 2) == pytest.approx(expected)


def test_rank_one_components_decide_rank_one():
    for positions in itertools.combinations(itertools.product(range(3), range(2)), 4):
        rows, cols = np.array(positions).T
        seen = Observations(rows, cols, np.ones(4), (3, 2))
        of_rows, of_cols = rank_one_components(seen)
        connected = len({*of_rows.tolist(), *of_cols.tolist()}) == 1
        assert connected == finitely_completable(seen, 1, rng=0)


def test_two_components_leave_their_scales_open():
    u, v = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 5.0, 3.0])
    mask = np.zeros((4, 4), dtype=bool)
    mask[:2, :2] = mask[2:, 2:] = True
    done = complete((np.outer(u, v), mask), 1, tol=1e-12, init="random", rng=0)
    np.testing.assert_allclose(done.block()[mask], np.outer(u, v)[mask], rtol=1e-9)
    assert not np.allclose(done.block(), np.outer(u, v))


def test_bad_input():
    with pytest.raises(ValueError, match="`B` must be of shape"):
        subspace_distance(np.eye(3), np.eye(3)[:, :2])
    with pytest.raises(ValueError, match=r"`U` must be of shape \(m, k\) with 1 <= k <= m"):
        incoherence(np.ones((2, 3)))
    with pytest.raises(ValueError, match="`rank` must be an integer in"):
        spectral_init(np.eye(3), 4)
    with pytest.raises(ValueError, match="`incoherence` must be in"):
        spectral_init(np.eye(3), 1, incoherence=0.5)
    with pytest.raises(ValueError, match="`data` must be of at most 4000 unknowns"):
        finitely_completable(np.ones((300, 200)), 10)
    zero = spectral_init(Observations(np.arange(90), np.arange(90), np.zeros(90), (90, 100)), 2)
    assert zero.singular_values.tolist() == [0.0, 0.0]


def test_a_pivot_from_below_its_block_is_up_to_date():
    """The leading block is singular, so a row from below comes in; one row is a combination of the others."""
    rng = np.random.default_rng(0)
    for trial in range(6):
        A = rng.integers(spectral.PRIME, size=(100, 100))
        A[63, :64] = rng.integers(9, size=63) @ A[:63, :64] % spectral.PRIME
        assert spectral._is_regular(A.astype(np.float64)), trial
        A[99] = rng.integers(9, size=99) @ A[:99] % spectral.PRIME
        assert not spectral._is_regular(A.astype(np.float64)), trial


def test_linearly_dependent_columns_span_no_basis():
    rng = np.random.default_rng(0)
    U = rng.normal(size=(30, 3))
    for column in (U[:, 0] - 2 * U[:, 1], np.zeros(30), 1e-200 * U[:, 1]):
        dependent = np.column_stack([U[:, :2], column])
        with pytest.raises(ValueError, match="`U` must be of full column rank, which is 3; got 2"):
            incoherence(dependent)
        with pytest.raises(ValueError, match="`B` must be of full column rank, which is 3; got 2"):
            subspace_distance(U, dependent)
    units = U * [1e-200, 1.0, 1e150]  # each column in its own unit is as independent as before
    assert incoherence(units) == pytest.approx(incoherence(U), rel=1e-12)
    assert subspace_distance(units, U) < 1e-13


def test_the_incoherence_clips_a_planted_spike():
    problem = make_coherent((200, 150), 1, spike=8.0, density=0.5, rng=0)
    long = spectral_init(problem, 1).U
    assert abs(long).max() > 2 / np.sqrt(200)
    options = {"init": "spectral", "max_iter": 1, "max_inner_iter": 0, "method": "cg"}
    kept, cut = complete(problem, 1, **options), complete(problem, 1, incoherence=1.0, **options)
    assert subspace_distance(kept.U, long) < 1e-7
    assert subspace_distance(cut.U, spectral_init(problem, 1, incoherence=1.0).U) < 1e-7
    assert subspace_distance(cut.U, long) > 1e-2
