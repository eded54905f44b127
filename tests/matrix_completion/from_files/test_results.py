"""The methods of a completion: predictions, blocks, new rows, recommendations."""

import numpy as np
import pytest

from lrtheory.matrix_completion import (
    Observations,
    complete,
    duality_gap,
    make_low_rank,
    make_power_law,
    objective,
)


@pytest.fixture(scope="module")
def ratings() -> Observations:
    return make_power_law((80, 50), 2, n_observed=1500, rng=0).observations


@pytest.mark.parametrize("bias", [False, True])
def test_predictions_are_the_block(ratings, bias):
    done = complete(ratings, 2, ridge=4.0, bias=bias)
    table = done.block()
    rows, cols = np.array([[0, 1], [79, 3]]), np.array([[49, 2], [0, 3]])
    np.testing.assert_allclose(done.predict(rows, cols), table[rows, cols], rtol=1e-12)
    np.testing.assert_allclose(done.block([3, 1], [7]), table[[3, 1]][:, [7]])
    known = (done.row_degrees > 0)[:, None] & (done.col_degrees > 0)
    product = done.U @ done.V.T
    expected = product + (done.mean + done.row_bias[:, None] + done.col_bias if bias else 0)
    np.testing.assert_allclose(table[known], expected[known])
    rest = table[ratings.rows, ratings.cols] - ratings.values
    assert np.linalg.norm(rest) < 0.8 * np.linalg.norm(ratings.values - ratings.values.mean())


@pytest.mark.parametrize("bias", [False, True])
def test_biases_are_the_optimum_of_their_objective(ratings, bias):
    done = complete(ratings, 1, bias=bias)
    assert done.mean == pytest.approx(ratings.values.mean())
    if bias:
        rest = ratings.values - done.mean - done.row_bias[ratings.rows] - done.col_bias[ratings.cols]
        np.testing.assert_allclose(np.bincount(ratings.rows, rest, 80), 5.0 * done.row_bias, atol=1e-3)
        np.testing.assert_allclose(np.bincount(ratings.cols, rest, 50), 5.0 * done.col_bias, atol=1e-3)


def test_folding_in_a_row_that_was_there_gives_its_factor():
    problem = make_low_rank((40, 30), 3, density=0.7, rng=0)
    seen = problem.observations
    for ridge in (0.0, 2.0):
        done = complete(seen, 3, ridge=ridge, tol=1e-13, max_iter=500)
        here = seen.rows == 5
        np.testing.assert_allclose(done.fold_in(seen.cols[here], seen.values[here]), done.U[5], atol=1e-5)
    assert done.bias_of([0], [1.0]) == 0.0
    assert done.fold_in([], []).tolist() == [0.0] * 3


def test_folding_in_with_biases(ratings):
    done = complete(ratings, 2, ridge=4.0, bias=True)
    cols, values = np.array([0, 4, 9]), np.array([5.0, 4.5, 5.0])
    rest, P = values - done.mean - done.col_bias[cols], done.V[cols]
    # bias and factor together solve the normal equations of one regression on a column of ones and the factors
    A, penalty = np.column_stack([np.ones(3), P]), np.diag([5.0, 4.0, 4.0])
    bias, *factor = np.linalg.solve(A.T @ A + penalty, A.T @ rest)
    assert done.bias_of(cols, values) == pytest.approx(bias)
    np.testing.assert_allclose(done.fold_in(cols, values), factor, rtol=1e-10)


def test_folding_in_without_a_ridge_fits_the_bias_first(ratings):
    done = complete(ratings, 2, bias=True)
    cols, values = np.array([0, 4, 9]), np.array([5.0, 4.5, 5.0])
    rest = values - done.mean - done.col_bias[cols]
    bias = done.bias_of(cols, values)
    assert bias == pytest.approx(rest.sum() / 8)
    expected = np.linalg.lstsq(done.V[cols], rest - bias, rcond=None)[0]
    np.testing.assert_allclose(done.fold_in(cols, values), expected, rtol=1e-10)


def test_with_a_ridge_biases_and_factors_are_one_optimum(ratings):
    """All gradients of the penalised squares are 0, and a row that was there folds in to its own bias and factor."""
    done = complete(ratings, 2, ridge=4.0, bias=True, tol=1e-14, max_iter=3000, method="exact")
    rest = ratings.values - done.predict(ratings.rows, ratings.cols)
    np.testing.assert_allclose(np.bincount(ratings.rows, rest, 80), 5.0 * done.row_bias, atol=1e-5)
    np.testing.assert_allclose(np.bincount(ratings.cols, rest, 50), 5.0 * done.col_bias, atol=1e-5)
    dense = np.zeros(ratings.shape)
    dense[ratings.rows, ratings.cols] = rest
    np.testing.assert_allclose(dense @ done.V, 4.0 * done.U, atol=1e-4)
    here = ratings.rows == 5
    cols, values = ratings.cols[here], ratings.values[here]
    assert done.bias_of(cols, values) == pytest.approx(done.row_bias[5], abs=1e-5)
    np.testing.assert_allclose(done.fold_in(cols, values), done.U[5], atol=1e-4)
    of_rows, of_cols = done.biases_alone
    alone = complete(ratings, 2, bias=True)
    np.testing.assert_array_equal(of_rows, alone.row_bias)
    np.testing.assert_array_equal(of_cols, alone.col_bias)
    assert done.certificate.verify(ratings)


def test_top_leaves_out_what_was_seen(ratings):
    done = complete(ratings, 2, ridge=4.0, bias=True)
    cols, values = done.top(0, 5, exclude=ratings)
    seen = set(ratings.cols[ratings.rows == 0].tolist())
    assert not seen & set(cols.tolist())
    row = done.block([0])[0]
    allowed = [j for j in np.argsort(-row, kind="stable") if j not in seen]
    assert cols.tolist() == allowed[:5]
    np.testing.assert_array_equal(values, row[cols])
    assert done.top(0, 1)[0][0] == row.argmax()
    assert len(done.top(0, 99, exclude=[1, 2])[0]) == 48


def test_bad_input(ratings):
    done = complete(ratings, 2, max_iter=1)
    assert (done.rank, done.shape) == (2, (80, 50))
    for call, sentence in (
        (lambda: done.predict([80], [0]), r"`rows` must be in \[0, 80\); got 80"),
        (lambda: done.predict([0, 1], [0]), r"`cols` must be of shape \(2,\), as `rows`"),
        (lambda: done.block(cols=[-1]), r"`cols` must be in \[0, 50\)"),
        (lambda: done.top(80, 1), "`row` must be an integer in"),
        (lambda: done.top(0, 0), "`n` must be an integer of at least 1"),
        (lambda: done.fold_in([1, 1], [1.0, 2.0]), "`cols` must be positions that differ"),
        (lambda: done.fold_in([1], [1.0, 2.0]), r"`values` must be of shape \(1,\)"),
        (lambda: done.fold_in([1], [np.nan]), "`values` must be finite"),
    ):
        with pytest.raises(ValueError, match=sentence):
            call()
    with pytest.raises(TypeError, match="`rows` must be an array of integers"):
        done.predict([0.5], [0])
    assert done.predict([], []).tolist() == []


def test_top_takes_sparse_matrices_and_checks_the_shape(ratings):
    done = complete(ratings, 2, ridge=4.0, bias=True)
    np.testing.assert_array_equal(done.top(0, 5, exclude=ratings.to_csr())[0], done.top(0, 5, exclude=ratings)[0])
    with pytest.raises(ValueError, match=r"`exclude` must be of shape \(80, 50\), as the completed matrix"):
        done.top(0, 5, exclude=Observations([0], [0], [1.0], (3, 50)))


def test_folding_in_an_entry_of_a_column_that_was_never_seen():
    mask = np.ones((6, 5), dtype=bool)
    mask[:, 4] = False
    done = complete((np.outer(np.arange(1.0, 7), np.arange(1.0, 6)), mask), 1)
    np.testing.assert_allclose(done.fold_in([0, 4], [2.0, 99.0]), done.fold_in([0], [2.0]))


def test_certificates_check_their_shapes(ratings):
    U, V = np.ones((80, 2)), np.ones((50, 2))
    for call in (lambda U, V: objective(ratings, U, V), lambda U, V: duality_gap(ratings, U, V, lam=1.0)):
        with pytest.raises(ValueError, match=r"`U` must be of shape \(80, n\)"):
            call(U[:9], V)
        with pytest.raises(ValueError, match=r"`V` must be of shape \(50, 2\)"):
            call(U, V[:9])
        with pytest.raises(ValueError, match=r"`V` must be of shape \(50, 2\)"):
            call(U, V[:, :1])


def test_labels_are_carried():
    data = Observations([0, 1, 1], [0, 0, 1], [1.0, 2.0, 4.0], (2, 2), names=(("a", "b"), ("x", "y")))
    assert complete(data, 1).names == (("a", "b"), ("x", "y"))
