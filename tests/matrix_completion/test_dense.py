"""The dense path against the sparse one, and every baseline against what it should find."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from lrtheory.matrix_completion import (
    baselines,
    complete,
    complete_dense,
    loaders,
    make_low_rank,
    make_power_law,
    spectral_init,
)
from lrtheory.matrix_completion.alternation import offsets
from lrtheory.matrix_completion.dense import _Masked, _regressions, _start, orthonormal


def masked(problem) -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros(problem.observations.shape, dtype=bool)
    mask[problem.observations.rows, problem.observations.cols] = True
    return problem.observations.to_csr().toarray(), mask


@pytest.mark.parametrize("ridge", [0.0, 3.0])
def test_dense_and_sparse_agree(ridge):
    problem = make_low_rank((60, 50), 3, density=0.5, noise=0.1, rng=0)
    values, mask = masked(problem)
    dense = complete_dense(
        np.where(mask, values, np.nan), None, 3, ridge=ridge, tol=1e-13, inner_tol=1e-9, max_iter=900
    )
    sparse = complete(problem, 3, ridge=ridge, tol=1e-13, max_iter=900)
    np.testing.assert_allclose(dense.U @ dense.V.T, sparse.block(), atol=1e-5)
    np.testing.assert_allclose(dense.singular_values, sparse.singular_values, rtol=1e-6)
    assert dense.residual == pytest.approx(sparse.residual, rel=1e-8)


@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_under_noise_inner_steps_get_finer_with_the_change_of_the_residual(noise):
    problem = make_low_rank((120, 90), 4, oversampling=4, condition=30, noise=noise, rng=0)
    values, mask = masked(problem)
    found = complete_dense(values, mask, 4, tol=1e-12, max_iter=400)
    exact = complete(problem, 4, method="exact", tol=0.0, max_iter=1000)
    # at an accuracy of the noise level the error stays at 2e-4 and at 8e-3
    assert np.linalg.norm(found.U @ found.V.T - exact.block()) <= 1e-5 * np.linalg.norm(exact.block())
    assert found.residual == pytest.approx(exact.residual, rel=1e-9)


def test_dense_recovers_and_is_finite_on_empty_lines():
    problem = make_low_rank((80, 70), 4, oversampling=5, condition=10, rng=1)
    values, mask = masked(problem)
    done = complete_dense(values, mask, 4, tol=1e-9)
    assert done.converged
    np.testing.assert_allclose(done.U @ done.V.T, problem.truth.dense(), atol=1e-5)
    mask[3], mask[:, 7] = False, False
    mask[5, 1:] = False
    done = complete_dense(values.astype(np.float32), mask, 4, max_iter=20)
    assert done.U.dtype == np.float32
    assert np.isfinite(done.U).all()
    assert np.isfinite(done.V).all()
    assert complete_dense(np.zeros((3, 2)), None, 1).residual == 0.0
    assert complete_dense(np.array([[1, 2], [2, 4]]), None, 1).U.dtype == np.float64


def test_gram_schmidt():
    A = np.vander(np.linspace(0, 1, 40), 9)
    Q, R = orthonormal(np, A)
    np.testing.assert_allclose(Q.T @ Q, np.eye(9), atol=1e-14)
    np.testing.assert_allclose(Q @ R, A, atol=1e-13)


def test_dense_bad_input():
    eye = np.eye(3)
    for args, sentence in (
        ((eye[0], None, 1), r"`values` must be of shape \(m, n\)"),
        ((eye, eye, 1), "`mask` must be a bool array"),
        ((eye, np.zeros((3, 3), dtype=bool), 1), "`mask` must be True somewhere"),
        ((np.full((3, 3), np.nan), None, 1), "`values` must be a number somewhere"),
        ((np.full((3, 3), np.inf), eye > 0, 1), "`values` must be finite where observed"),
        ((eye, None, 4), "`rank` must be an integer in"),
    ):
        with pytest.raises(ValueError, match=sentence):
            complete_dense(*args)


def test_dense_wrong_types():
    with pytest.raises(TypeError, match="`values` must be an array of real numbers"):
        complete_dense(1j * np.eye(2), None, 1)
    with pytest.raises(TypeError, match="`values` must be a dense array"):
        complete_dense(sparse.eye_array(2), None, 1)
    for mask in ([[True], [True, False]], np.ma.masked_array(np.eye(2) > 0, False)):
        with pytest.raises(ValueError, match="`mask` must be an array"):
            complete_dense(np.eye(2), mask, 1)


def test_dense_lists_frames_and_exact_numbers():
    table = np.outer(np.arange(1.0, 5), np.arange(1.0, 4))
    mask = np.arange(12).reshape(4, 3) % 5 > 0
    plain = complete_dense(table, mask, 1)
    exact = np.array([[Fraction(x) for x in row] for row in table.tolist()])
    # what a data frame promises: it turns itself into an array
    frame = type("Frame", (), {"__array__": lambda self, dtype=None, copy=None: table})()
    for values, where in ((table.tolist(), mask.tolist()), (exact, mask), (frame, mask), (table.astype(int), mask)):
        np.testing.assert_array_equal(complete_dense(values, where, 1).U, plain.U)
    assert complete_dense(table.astype(np.float16), mask, 1).U.dtype == np.float32


def test_dense_masked_arrays():
    hidden = np.arange(12).reshape(4, 3) % 5 == 0
    table = np.outer(np.arange(1.0, 5), np.arange(1.0, 4))
    plain = complete_dense(table, ~hidden, 1)
    masked_table = np.ma.masked_array(np.where(hidden, 99.0, table), hidden)
    np.testing.assert_array_equal(complete_dense(masked_table, None, 1).U, plain.U)
    seen = np.ones((4, 3), bool)
    seen[0, 1] = False
    both, first = complete_dense(masked_table, seen, 1), complete_dense(table, seen & ~hidden, 1)
    np.testing.assert_array_equal(both.U, first.U)


@pytest.mark.parametrize("name", ["als", "svp", "scaled_gd"])
def test_baselines_recover(name):
    problem = make_low_rank((100, 80), 3, density=0.5, condition=3, rng=0)
    done = getattr(baselines, name)(problem, 3, tol=1e-8, **({} if name == "scaled_gd" else {"rng": 0}))
    assert done.converged
    np.testing.assert_allclose(done.block(), problem.truth.dense(), atol=1e-5)
    assert done.certificate.gap < 1e-6


@pytest.mark.parametrize(("name", "options"), [("soft_impute", {"lam": 1.0}), ("svp", {"rng": 0}), ("scaled_gd", {})])
def test_under_noise_baselines_end_where_the_residual_no_longer_changes(name, options):
    problem = make_low_rank((60, 50), 2, density=0.6, noise=0.3, rng=0)
    done = getattr(baselines, name)(problem, 2, tol=1e-4, max_iter=500, **options)
    assert done.residual > 0.1
    assert done.converged
    assert done.n_iter < 500
    assert done.message.startswith("the residual on the sample is small or no longer changes")


def test_scaled_gradients_do_not_feel_the_condition():
    steps = [
        baselines.scaled_gd(make_low_rank((100, 80), 3, density=0.6, condition=kappa, rng=0), 3, tol=1e-8).n_iter
        for kappa in (1, 5)
    ]
    assert steps[1] < 2 * steps[0]


def test_one_step_of_each_baseline_is_its_formula():
    problem = make_low_rank((12, 9), 2, density=0.6, noise=0.3, rng=0)
    values, mask = masked(problem)
    left, s, right = np.linalg.svd(values)
    shrunk = baselines.soft_impute(problem, 4, lam=1.5, max_iter=1).block()
    np.testing.assert_allclose(shrunk, left[:, :4] * np.maximum(s[:4] - 1.5, 0) @ right[:4], atol=1e-12)
    projected = baselines.svp(problem, 2, step_size=0.7, max_iter=1).block()
    np.testing.assert_allclose(projected, 0.7 / mask.mean() * (left[:, :2] * s[:2]) @ right[:2], atol=1e-12)
    start = spectral_init(problem, 2)
    U, V = start.U * np.sqrt(start.singular_values), start.V * np.sqrt(start.singular_values)
    gradient = 0.4 / mask.mean() * (values - mask * (U @ V.T))
    U, V = U + gradient @ V @ np.linalg.inv(V.T @ V), V + gradient.T @ U @ np.linalg.inv(U.T @ U)
    moved = baselines.scaled_gd(problem, 2, step_size=0.4, max_iter=1).block()
    np.testing.assert_allclose(moved, U @ V.T, atol=1e-9)


@pytest.mark.parametrize("rank", [2, 4])  # of a matrix of rank 2: two columns of the start are 0
def test_the_start_with_a_ridge_is_balanced(rank):
    large, small = np.outer([1.0, 2, 3, 4, 6], [40.0, 0, 10, 20]), np.outer([0, 1, 0, 1, 1], [0, 0.01, 0, 0])
    values, mask = large + small, np.ones((5, 4))
    plain, balanced = (_start(np, _Masked(values, mask), rank, ridge) for ridge in (0.0, 1.0))
    np.testing.assert_allclose(balanced[0] @ balanced[1].T, values, atol=1e-9)
    np.testing.assert_allclose(plain[0] @ plain[1].T, values, atol=1e-9)
    lengths = [(factor**2).sum(axis=0) for factor in balanced]
    np.testing.assert_allclose(lengths[0], lengths[1], rtol=1e-9, atol=1e-9)


def test_als_takes_the_options_of_complete():
    train, test = make_power_law((60, 40), 2, n_observed=1000, rng=0).observations.split(0.2, rng=0)
    seen = []
    done = baselines.als(
        train, [1, 2], ridge=4.0, bias=True, validation=test, callback=seen.append, record=True, max_iter=4, rng=0
    )
    assert len(seen) == 8
    assert done.row_bias is not None
    assert done.trace["validation"].min() == pytest.approx(done.validation_rmse, rel=1e-9)


@pytest.mark.parametrize("name", ["svp", "scaled_gd"])
def test_steps_that_are_too_long_are_said_to_diverge(name):
    problem = make_low_rank((80, 70), 4, oversampling=1.2, condition=10, rng=0)
    options = {"step_size": 0.99} if name == "scaled_gd" else {"step_size": 1.99, "rng": 0}
    done = getattr(baselines, name)(problem, 4, max_iter=2000, **options)
    assert done.message.startswith("diverged; take a smaller `step_size`")
    assert not done.converged
    assert np.isfinite(done.U).all()
    assert done.residual <= 100


@pytest.mark.parametrize("shape", [(40, 30), (90, 80)])
def test_soft_impute_and_the_ridge_reach_one_optimum(shape):
    problem = make_low_rank(shape, 2, density=0.5, noise=0.2, rng=0)
    lam = 3.0
    convex = baselines.soft_impute(problem, 20, lam=lam, tol=1e-11, max_iter=3000, rng=0)
    factored = complete(problem, 20, ridge=lam, tol=1e-12, max_iter=3000)
    assert convex.certificate.gap < 1e-4 * convex.certificate.achieved
    np.testing.assert_allclose(convex.block(), factored.block(), atol=2e-3)


def test_baselines_bad_input():
    problem = make_low_rank((12, 10), 2, density=0.9, rng=0)
    with pytest.raises(ValueError, match="`lam` must be in"):
        baselines.soft_impute(problem, 2, lam=-1.0)
    with pytest.raises(ValueError, match="`step_size` must be in"):
        baselines.svp(problem, 2, step_size=2.0)
    with pytest.raises(ValueError, match="`step_size` must be in"):
        baselines.scaled_gd(problem, 2, step_size=1.0)
    with pytest.raises(ValueError, match="`rank` must be an integer in"):
        baselines.svp(problem, 11)


def test_a_table_of_ratings_looks_like_one():
    seen = make_power_law((300, 200), 3, n_observed=9000, rng=0).observations
    assert set(np.unique(2 * seen.values)) <= set(range(1, 11))
    assert seen.by_col.degrees[:20].sum() > 3 * seen.by_col.degrees[-20:].sum()


REAL = {"movielens_100k": ((943, 1682), 100_000), "lecture_ratings": ((2972, 1128), 73_421)}


@pytest.mark.parametrize("name", list(REAL))
def test_real_ratings(name, data):
    data(name)
    problem = getattr(loaders, f"load_{name}")()
    seen = problem.observations
    assert (seen.shape, seen.n_observed) == REAL[name]
    assert set(np.unique(seen.values)) == {1.0, 2.0, 3.0, 4.0, 5.0}
    train, test = seen.split(0.1, rng=0)
    mean = float(np.sqrt(np.mean((test.values - train.values.mean()) ** 2)))
    done = complete(train, 5, ridge=12.0, bias=True, validation=test, max_iter=20)
    assert done.validation_rmse < 0.99 * mean


def test_digits(data):
    data("digits_matrix")
    problem = loaders.load_digits_matrix()
    assert problem.observations.shape == (1797, 64)
    assert np.linalg.matrix_rank(problem.observations.to_csr().toarray()) == 61


def test_biases_alone_minimize_the_damped_squares():
    """Against a dense least squares problem with a row for each observation, and one for each damped bias."""
    (m, n), seen = (24, 20), make_power_law((24, 20), 2, n_observed=200, rng=0).observations
    at = np.arange(seen.n_observed)
    design = np.zeros((seen.n_observed, m + n))
    design[at, seen.rows], design[at, m + seen.cols] = 1, 1
    A = np.concatenate([design, np.sqrt(offsets.DAMPING) * np.eye(m + n)])
    b = np.concatenate([seen.values - seen.values.mean(), np.zeros(m + n)])
    biases = np.linalg.lstsq(A, b, rcond=None)[0]
    found = complete(seen, 2, ridge=2.0, bias=True).biases_alone
    np.testing.assert_allclose(np.concatenate(found), biases, atol=1e-6)


def test_a_line_within_its_tolerance_stands_still():
    """While others go on; two thirds of the target of the first line are met, and half of it is enough."""
    mask, F = np.ones((2, 2)), np.array([[1.0, 0.5], [0.5, 2.0]])
    truth = np.array([[1.0, 1.0], [2.0, -1.0]])
    lines = _Masked(truth @ F.T, mask)
    init = np.array([[2 / 3, 2 / 3], [-9.0, 7.0]])
    found, steps = _regressions(np, lines, F, init, 0.0, 0.5, 50)
    assert steps > 0
    assert found[0].tolist() == init[0].tolist()
    assert np.linalg.norm(found[1] - truth[1]) < np.linalg.norm(init[1] - truth[1]) / 2


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_are_as_large_as_their_squares_allow(dtype):
    largest = float(np.finfo(dtype).max) ** 0.5 / 2**20
    values = np.full((4, 3), largest / 2, dtype)
    found = complete_dense(values, None, 1)
    np.testing.assert_allclose(found.U @ found.V.T, values, rtol=1e-4)
    with pytest.raises(ValueError, match="`values` must be in "):
        complete_dense(4 * values, None, 1)
