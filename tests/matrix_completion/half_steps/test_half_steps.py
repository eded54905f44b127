"""Half-steps against dense least squares, their counts, their threads, and mistakes patched into their kernels."""

import numpy as np
import pytest

from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.matrix_completion import (
    Observations,
    half_step,
    half_steps,
    make_low_rank,
    make_power_law,
    objective,
)
from lrtheory.matrix_completion.entries.regressions import kernels
from proofs_checks.matrix_completion.half_steps.half_step_errors import exact_half_step
from tests.matrix_completion import oracles

METHODS = ("exact", "cg", "sketch")


def inner(method: str, **options: float) -> dict[str, float]:
    """The options of inner steps, of which an exact half-step has none."""
    return {} if method == "exact" else options


@pytest.fixture(scope="module")
def skewed() -> Observations:
    """Rows with none, few and many observations."""
    return make_power_law((40, 30), 2, n_observed=220, exponents=(1.2, 0.4), rng=1).observations


def factor(size: int, k: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(size, k))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("ridge", [0.0, 0.7])
def test_against_dense_least_squares(skewed, method, axis, ridge):
    F = factor(skewed.shape[1 - axis])
    assert skewed.by_row.degrees.min() < 3  # some lines are not determined without a ridge
    options = {"ridge": ridge, "tol": 1e-13, "rng": 0, **inner(method, max_inner_iter=500)}
    found = half_step(skewed, F, axis=axis, method=method, **options)
    np.testing.assert_allclose(found.factor, oracles.half_step(skewed, F, axis, ridge), rtol=1e-6, atol=1e-8)
    assert found.converged
    assert found.max_residual <= 1e-13


@pytest.mark.parametrize("method", METHODS)
def test_the_least_norm_solution_of_a_short_row(method):
    seen = Observations([0, 0], [1, 2], [1.0, 2.0], (2, 4))
    F = factor(4, 5)
    found = half_step(seen, F, init=factor(2, 5, seed=9), method=method, tol=1e-14, rng=0)
    np.testing.assert_allclose(found.factor[0], np.linalg.pinv(F[1:3]) @ [1.0, 2.0], rtol=1e-10)
    assert found.factor[1].tolist() == [0.0] * 5
    assert found.message == "2 lines have fewer than 5 observations; they get the shortest solution"
    assert found.counts["undetermined"] == 2


def test_equal_rows_make_the_gram_matrix_singular():
    seen = Observations(np.zeros(6, int), np.arange(6), np.arange(6.0), (1, 6))
    F = np.ones((6, 2))
    assert half_step(seen, F).factor[0] == pytest.approx([1.25, 1.25])


def test_a_pivot_is_noise_beside_the_largest_column_and_not_beside_the_last_one():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        large = 1e4 * rng.normal(size=12)
        F, x = np.stack([large, 0.3 * large, rng.normal(size=12)], axis=1), rng.normal(size=12)
        found = half_step(Observations(np.zeros(12, int), np.arange(12), x, (1, 12)), F)
        np.testing.assert_allclose(found.factor[0], np.linalg.pinv(F) @ x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("k", [4, 8, 16])
def test_ranks_that_fill_whole_vectors(k):
    F, x = factor(40, k), factor(40, 1, seed=1)[:, 0]
    found = half_step(Observations(np.zeros(40, int), np.arange(40), x, (1, 40)), F)
    np.testing.assert_allclose(found.factor[0], np.linalg.pinv(F) @ x, rtol=1e-10)


def test_a_short_row_without_the_rule_for_short_rows_is_caught():
    seen, F = Observations([0, 0], [0, 1], [1.0, 2.0], (1, 3)), factor(3, 3)
    expected = np.linalg.pinv(F[:2]) @ [1.0, 2.0]
    old = "singular = (d < k and ridge == 0) or not cholesky(G, k, rule.tol * largest)"
    with (
        patched(Patch(kernels._exact_lines, old, "singular = not cholesky(G, k, 1e-300)")),
        np.errstate(all="ignore"),
    ):
        assert not np.allclose(half_step(seen, F).factor[0], expected, rtol=1e-6)
    assert np.allclose(half_step(seen, F).factor[0], expected)


def test_no_inner_step_returns_the_start(skewed):
    init = factor(40)
    full = skewed.by_row.degrees >= 3
    found = half_step(skewed, factor(30), init=init, method="cg", max_inner_iter=0)
    np.testing.assert_array_equal(found.factor[full], init[full])
    assert not found.converged
    assert found.factor[~full].tolist() == np.zeros((int((~full).sum()), 3)).tolist()


@pytest.mark.parametrize("method", METHODS)
def test_the_squares_are_those_of_the_start_in_short_rows_too(skewed, method):
    init = factor(40)
    found = half_step(skewed, factor(30), init=init, method=method, rng=0)
    rest = (init[skewed.rows] * factor(30)[skewed.cols]).sum(axis=1) - skewed.values
    assert found.squares == pytest.approx((rest**2).sum())


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_exact_solutions_are_measured(skewed, kind):
    data = Observations(skewed.rows, skewed.cols, skewed.values.astype(kind), skewed.shape)
    found = half_step(data, factor(30), ridge=0.5)
    assert 0 < found.max_residual < 64 * np.finfo(kind).eps
    assert not half_step(data, factor(30), ridge=0.5, tol=0.0).converged


def test_exact_solutions_that_are_wrong_are_seen(skewed):
    with patched(Patch(kernels._exact_lines, "u[c] = b[c]", "u[c] = 1.001 * b[c]")):
        assert half_step(skewed, factor(30), ridge=0.5).max_residual == pytest.approx(1e-3, rel=0.01)


def test_every_inner_step_is_counted():
    problem = make_low_rank((30, 25), 4, density=1.0, rng=0)
    found = half_step(problem, factor(25, 4), method="cg", tol=0.0, max_inner_iter=2)
    assert found.counts["inner_iterations"] == 2 * 30
    assert found.counts["flops"] == 6 * 750 * 4 + 4 * 4 * 2 * 750 + 12 * 4 * 60


def test_residuals_are_what_they_say(skewed):
    F, ridge = factor(30), 0.3
    found = half_step(skewed, F, method="cg", ridge=ridge, tol=1e-2, max_inner_iter=2)
    for i in range(40):
        here = skewed.rows == i
        P, x = F[skewed.cols[here]], skewed.values[here]
        if len(x):
            rest = P.T @ (x - P @ found.factor[i]) - ridge * found.factor[i]
            assert found.residuals[i] == pytest.approx(np.linalg.norm(rest) / np.linalg.norm(P.T @ x), abs=1e-12)


@pytest.mark.parametrize("method", ["exact", "cg"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_threads_change_no_bit(skewed, method, kind):
    data = Observations(skewed.rows, skewed.cols, skewed.values.astype(kind), skewed.shape)
    one = half_step(data, factor(30), method=method)
    assert one.factor.dtype == kind
    for n_jobs in (2, 3, 50, -1):
        many = half_step(data, factor(30), method=method, n_jobs=n_jobs)
        np.testing.assert_array_equal(one.factor, many.factor)
        assert one.squares == many.squares


def test_the_counts_are_the_formula(skewed):
    N, k, lines = skewed.n_observed, 3, int((skewed.by_row.degrees > 0).sum())
    exact = half_step(skewed, factor(30))
    assert exact.counts["flops"] == 6 * N * k + N * k * (k + 1) + lines * (k * (k + 1) * (2 * k + 1) // 6 + 2 * k**2)
    cg = half_step(skewed, factor(30), method="cg", ridge=1.0, tol=0.0, max_inner_iter=2)
    long = skewed.by_row.degrees[skewed.by_row.degrees > 0]
    assert cg.counts["inner_iterations"] <= 2 * lines
    assert cg.counts["regressions"] == lines
    assert cg.counts["flops"] <= 6 * N * k + 8 * k * long.sum() + 24 * k * lines


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ridge", [0.0, 0.1])
@pytest.mark.parametrize("max_inner_iter", [0, 1, 200])
def test_a_row_of_zeros_gets_the_coefficients_zero(method, ridge, max_inner_iter):
    seen = Observations([0] * 12 + [1] * 12, [*range(12), *range(12)], [0.0] * 12 + [1.0] * 12, (2, 12))
    options = {"ridge": ridge, "tol": 1e-12, "rng": 0, **inner(method, max_inner_iter=max_inner_iter)}
    found = half_step(seen, factor(12), init=factor(2), method=method, **options)
    assert (found.factor[0] == 0).all()
    assert found.residuals[0] == 0
    assert found.converged or max_inner_iter < 200
    if max_inner_iter == 200:  # the row after it is solved as ever
        expected = oracles.half_step(seen, factor(12), 0, ridge)
        np.testing.assert_allclose(found.factor[1], expected[1], rtol=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
@pytest.mark.parametrize("ridge", [0.0, 2.0])
def test_any_number_of_steps_lowers_the_objective(steps, ridge):
    problem = make_low_rank((60, 40), 4, condition=30, rng=3)
    U, V = factor(60, 4, 1), factor(40, 4, 2)
    values = [objective(problem, U, V, ridge=ridge)]
    for _ in range(10):
        U = half_step(problem, V, axis=0, init=U, method="cg", ridge=ridge, tol=0.0, max_inner_iter=steps).factor
        V = half_step(problem, U, axis=1, init=V, method="cg", ridge=ridge, tol=0.0, max_inner_iter=steps).factor
        values.append(objective(problem, U, V, ridge=ridge))
    assert (np.diff(values) <= 1e-12 * values[0]).all()


def test_an_absolute_tolerance_is_caught():
    """The inner tolerance is relative: scaled values take the same path, in the kernel too."""
    problem = make_low_rank((40, 30), 3, density=0.6, rng=0)
    lines, F = problem.observations.by_row, factor(30)

    def steps(scale: float) -> int:
        data, options = lines._replace(values=scale * lines.values), {"ridge": 0.0, "tol": 1e-4, "max_inner_iter": 60}
        return int(kernels.conjugate_gradients(data, F, np.zeros((40, 3)), **options).steps.sum())

    assert steps(1.0) == steps(2.0**20) == steps(2.0**-20)
    with patched(Patch(kernels._cg_lines, "small = rule.tol * size", "small = rule.tol")):
        assert steps(1.0) != steps(2.0**-20)


def test_conjugate_gradients_end_after_k_steps():
    problem = make_low_rank((30, 25), 5, density=1.0, rng=0)
    found = half_step(problem, factor(25, 5), method="cg", tol=1e-9, max_inner_iter=60)
    assert found.n_iter <= 6


def test_the_identity_of_the_error():
    rng = np.random.default_rng(0)
    problem = make_low_rank((30, 20), 3, density=0.5, condition=5, rng=1)
    seen, mask = problem.observations, np.zeros((30, 20), dtype=bool)
    mask[seen.rows, seen.cols] = True
    U = np.linalg.qr(problem.truth.U + 0.05 * rng.normal(size=(30, 3)))[0]
    found = half_step(problem, U, axis=1).factor
    np.testing.assert_allclose(found, exact_half_step(U, problem.truth, mask), atol=1e-11)


def test_auto_and_bad_input(skewed):
    assert half_step(skewed, factor(30), method="auto").method == "exact"
    wide = half_step(skewed, factor(30, 25), method="auto", ridge=1.0)
    assert (wide.method, wide.reason) == ("cg", f"rank 25 is above {half_steps.CROSSOVER}")
    for options, sentence in (
        ({"axis": 2}, "`axis` must be one of 0, 1"),
        ({"init": np.ones((3, 3))}, r"`init` must be of shape \(40, 3\)"),
        ({"method": "lu"}, "`method` must be one of"),
        ({"ridge": -1.0}, "`ridge` must be in"),
        ({"tol": -1.0}, "`tol` must be in"),
        ({"n_jobs": 0}, "`n_jobs` must be None, -1 or at least 1"),
        ({"n_jobs": -2}, "`n_jobs` must be None, -1 or at least 1"),
    ):
        with pytest.raises(ValueError, match=sentence):
            half_step(skewed, factor(30), **options)
    with pytest.raises(ValueError, match=r"`F` must be of shape"):
        half_step(skewed, factor(31))
    with pytest.raises(ValueError, match="`F` must be finite"):
        half_step(skewed, np.full((30, 2), np.nan))
