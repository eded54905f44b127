"""Values, factors and penalties in units from 10^-165 to 10^140: the same answer, and true certificates alone."""

from dataclasses import replace

import numpy as np
import pytest

from lrtheory.matrix_completion import (
    Observations,
    baselines,
    complete,
    complete_dense,
    duality_gap,
    half_step,
    make_low_rank,
    make_power_law,
    sketched_lstsq,
    spectral_init,
)
from lrtheory.matrix_completion.entries.scaling import scaled, unit_of
from tests.rules.certificates.forging import forged_fields

SCALES = [1e-165, 1e-300, 1e-12, 1e12, 1e140]


def times(seen: Observations, scale: float) -> Observations:
    return Observations(seen.rows, seen.cols, scale * seen.values, seen.shape)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("method", ["exact", "cg", "sketch"])
def test_completion_at_every_scale(scale, method):
    problem = make_low_rank((60, 50), 2, density=0.5, condition=3, rng=0)
    done = complete(times(problem.observations, scale), 2, method=method, tol=1e-10, rng=0)
    assert done.converged
    np.testing.assert_allclose(done.block() / scale, problem.truth.dense(), atol=1e-6)
    dense = np.full((60, 50), np.nan)
    dense[problem.observations.rows, problem.observations.cols] = scale * problem.observations.values
    whole = complete_dense(dense, None, 2, tol=1e-10)
    np.testing.assert_allclose((whole.U @ whole.V.T) / scale, problem.truth.dense(), atol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_ratings_with_a_ridge_biases_and_validation(scale):
    seen = make_power_law((60, 40), 2, n_observed=900, rng=0).observations
    (train, test), options = seen.split(0.2, rng=0), {"bias": True, "tol": 1e-12, "max_iter": 400, "record": True}
    states, plain = [], []
    one = complete(train, [1, 2], ridge=4.0, validation=test, callback=plain.append, **options)
    other = complete(
        times(train, scale), [1, 2], ridge=4.0 * scale, validation=times(test, scale), callback=states.append, **options
    )
    assert (other.rank, other.n_iter) == (one.rank, one.n_iter)
    np.testing.assert_allclose(other.block() / scale, one.block(), rtol=1e-7)
    np.testing.assert_allclose(other.singular_values / scale, one.singular_values, rtol=1e-7)
    np.testing.assert_allclose(other.trace["validation"] / scale, one.trace["validation"], rtol=1e-7)
    for name in ("mean", "validation_rmse", "ridge"):
        assert getattr(other, name) / scale == pytest.approx(getattr(one, name), rel=1e-9)
    np.testing.assert_allclose(other.col_bias / scale, one.col_bias, rtol=1e-7, atol=1e-9)
    assert states[-1].validation_rmse / scale == pytest.approx(plain[-1].validation_rmse, rel=1e-9)
    np.testing.assert_allclose(states[0].U @ (states[0].V / scale).T, plain[0].U @ plain[0].V.T, atol=1e-9)


@pytest.mark.parametrize("scale", SCALES)
def test_baselines_starts_and_half_steps_at_every_scale(scale):
    problem = make_low_rank((70, 66), 2, density=0.6, noise=0.1, rng=0)
    data = times(problem.observations, scale)
    for name, options in (("soft_impute", {"lam": 4.0}), ("svp", {}), ("scaled_gd", {})):
        given = {key: value * scale for key, value in options.items()}
        one, other = (getattr(baselines, name)(x, 2, tol=1e-12, **o) for x, o in ((problem, options), (data, given)))
        np.testing.assert_allclose(other.block() / scale, one.block(), atol=1e-6)
    start = spectral_init(data, 2)
    np.testing.assert_allclose(start.singular_values / scale, spectral_init(problem, 2).singular_values, rtol=1e-6)
    F, init = np.random.default_rng(0).normal(size=(66, 2)), np.ones((70, 2))
    for method in ("exact", "cg", "sketch"):
        one = half_step(problem, F, init=init, method=method, ridge=2.0, rng=0)
        other = half_step(data, F, init=init * scale, method=method, ridge=2.0, rng=0)
        np.testing.assert_allclose(other.factor / scale, one.factor, rtol=1e-9)
        assert other.squares / scale / scale == pytest.approx(one.squares if scale > 1e-150 else 0.0, rel=1e-9)
        longer = half_step(problem, F * 1e-170, init=init / 1e-170, method=method, rng=0)
        shorter = half_step(problem, F, init=init, method=method, rng=0)
        np.testing.assert_allclose(longer.factor * 1e-170, shorter.factor, rtol=1e-9)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("method", ["cg", "gd"])
def test_least_squares_at_every_scale(scale, method):
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(300, 4)), rng.normal(size=(300, 2))
    one, other = (sketched_lstsq(A, x, method=method, rng=0, record=True) for x in (B, scale * B))
    np.testing.assert_allclose(other.x / scale, one.x, rtol=1e-9)
    np.testing.assert_allclose(other.residual_norms / scale, one.residual_norms, rtol=1e-9)
    np.testing.assert_allclose(other.trace["x"] / scale, one.trace["x"], rtol=1e-9)
    assert other.gradients == pytest.approx(one.gradients, rel=1e-6, abs=1e-15)
    for unit in (scale, np.array([1.0, 1e-20, 1e20, 1.0])):  # the whole matrix, or each column
        found = sketched_lstsq(A * unit, B, method=method, rng=0)
        assert found.converged
        np.testing.assert_allclose((found.x.T * unit).T, one.x, rtol=1e-7)
        np.testing.assert_allclose(found.R / unit, one.R, atol=1e-9)


@pytest.mark.parametrize("scale", [*SCALES, 1.0])
def test_no_false_certificate_verifies(scale):
    ratings = make_power_law((30, 20), 2, n_observed=250, rng=0).observations
    data = times(ratings, scale)
    for options in ({"ridge": 3.0 * scale, "bias": True}, {"ridge": 3.0 * scale}, {}):
        certificate = complete(data, 2, max_iter=60, **options).certificate
        assert certificate.verify(data)
        if scale > 1e-150:  # below, squares of values are 0
            assert [words for words, lie in forged_fields(certificate) if lie.verify(data)] == []
            assert not certificate.verify(times(ratings, 1.01 * scale))
    U, V = np.random.default_rng(0).normal(size=(30, 2)), np.random.default_rng(1).normal(size=(20, 2))
    gap = duality_gap(data, U, V, lam=3.0 * scale)
    assert gap.verify(data)


def test_a_certificate_at_the_optimum_is_no_laxer():
    """Where the gap is rounding, its sides are still compared with the sizes that they have."""
    data = make_low_rank((30, 20), 2, density=0.6, noise=0.3, rng=0).observations
    certificate = complete(data, 15, ridge=3.0, tol=1e-14, max_iter=2000).certificate
    assert certificate.gap < 1e-9 * certificate.achieved
    assert [words for words, lie in forged_fields(certificate) if lie.verify(data)] == []
    exact = complete(make_low_rank((30, 20), 2, density=0.6, rng=0), 2, tol=1e-14)
    assert [words for words, lie in forged_fields(exact.certificate) if lie.verify(data)] == []


def test_the_objective_of_an_exact_fit_is_known_to_the_square_of_rounding():
    rng = np.random.default_rng(0)
    U, V = rng.integers(1, 4, size=(20, 2)), rng.integers(1, 4, size=(15, 2))
    values = U @ V.T
    exact = duality_gap(values, U, V, lam=0.0)
    assert (exact.achieved, exact.gap) == (0.0, 0.0)
    rounding = np.linalg.norm(values) * (64 + sum(values.shape) + values.size) * np.finfo(float).eps
    for share, true in ((0.5, True), (2.0, False)):
        size = share * rounding**2
        assert replace(exact, achieved=size, gap=size).verify(values) == true


def test_units_are_powers_of_four():
    assert [unit_of(np.array([x])) for x in (1.0, 3.9, 4.0, -16.0, 0.2, 0.0)] == [4.0, 4.0, 16.0, 64.0, 0.25, 1.0]
    for tiny in (5e-324, 1e-310, 1e-165):
        seen = Observations([0], [0], [tiny], (1, 1))
        inside = scaled(seen, unit_of(seen.values))
        assert 0.2 < inside.values[0] <= 1
        assert inside.values[0] == inside.by_col.values[0]
        assert inside.values[0] * unit_of(seen.values) == tiny
