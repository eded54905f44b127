"""Estimates of gradients by values: their error, what the function is given, and the array libraries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import es_gradient
from tests.backends import Backend

RNG = np.random.default_rng(2)
G = [RNG.normal(size=(3, 4)), RNG.normal(size=5)]
W = [RNG.normal(size=(3, 4)), RNG.normal(size=5)]


def linear(weights: Any) -> float:
    return float(sum((g * w).sum() for g, w in zip(G, weights, strict=True)))


@pytest.mark.parametrize("factors", ["sign", "gaussian"])
@pytest.mark.parametrize("rank", [1, 2])
def test_the_standard_error_is_that_of_dense_estimates(factors: str, rank: int) -> None:
    options: dict[str, Any] = {"sigma": 0.3, "rank": rank, "factors": factors, "population_size": 12, "rng": 1}
    members: list[Any] = []
    found = es_gradient(lambda weights: members.append(weights) or linear(weights), W, **options)
    each = []
    for plus, minus in zip(members[::2], members[1::2], strict=True):
        d = (linear(plus) - linear(minus)) / 2
        each.append(np.concatenate([d * (p - w).ravel() / 0.3**2 for p, w in zip(plus, W, strict=True)]))
    mean = np.mean(each, axis=0)
    np.testing.assert_allclose(np.concatenate([g.ravel() for g in found.gradient]), mean, atol=1e-11)  # type: ignore[union-attr]
    variance = np.var(each, axis=0, ddof=1).sum() / len(each)
    assert found.standard_error == pytest.approx(np.sqrt(variance), rel=1e-9)


def test_errors_are_what_the_standard_error_says() -> None:
    options: dict[str, Any] = {"sigma": 0.5, "population_size": 64}
    found = [es_gradient(linear, W, rng=i, **options) for i in range(60)]
    errors = [sum(((a - b) ** 2).sum() for a, b in zip(one.gradient, G, strict=True)) for one in found]
    ratio = np.mean(errors) / np.mean([one.standard_error**2 for one in found])
    assert 0.8 < ratio < 1.25


def test_the_function_gets_what_weights_are(xp: Backend) -> None:
    seen = []

    def value(weights: Any) -> Any:
        seen.append(type(weights))
        return xp.namespace.sum(weights * xp.asarray(G[0]))

    center = xp.asarray(W[0])
    found = es_gradient(value, center, sigma=0.5, population_size=6, rng=4)
    plain = es_gradient(lambda w: (w * G[0]).sum(), W[0], sigma=0.5, population_size=6, rng=4)
    assert set(seen) == {type(center)} == {type(found.gradient)}
    np.testing.assert_allclose(xp.to_numpy(found.gradient), plain.gradient, atol=1e-5)
    assert isinstance(es_gradient(lambda w: 0.0, [center], sigma=0.5, population_size=2).gradient, tuple)


def test_single_precision_stays() -> None:
    found = es_gradient(lambda w: w.sum(), W[0].astype(np.float32), sigma=0.5, population_size=2, rng=4)
    assert found.gradient.dtype == np.float32  # type: ignore[union-attr]
    listed = es_gradient(lambda w: w.sum(), [[1, 2], [3, 4]], sigma=0.5, population_size=2, rng=4)
    assert listed.gradient.shape == (2, 2)  # type: ignore[union-attr]
    assert listed.gradient.dtype == np.float64  # type: ignore[union-attr]
    scalars = es_gradient(lambda w: w.sum(), [np.float64(1), np.float64(2)], sigma=0.5, population_size=2, rng=4)
    assert scalars.gradient.shape == (2,)  # type: ignore[union-attr]


def test_a_constant_has_no_error() -> None:
    found = es_gradient(lambda w: 3.0, W[0], sigma=0.5, population_size=6)
    assert found.standard_error == 0.0
    assert not np.any(found.gradient)  # type: ignore[arg-type]
    assert es_gradient(linear, W, sigma=0.5, population_size=2).standard_error == math.inf


def test_values_that_are_not_finite_drop_their_pair() -> None:
    values = iter([1.0, 2.0, np.nan, 2.0, 5.0, 1.0])
    found = es_gradient(lambda w: next(values), W[0], sigma=0.5, population_size=6, rng=4)
    assert found.counts["dropped_pairs"] == 1
    assert found.differences.tolist() == [-0.5, 2.0]
    assert np.isfinite(found.standard_error)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="`f` must be callable"):
        es_gradient(3, W[0], sigma=0.5, population_size=2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`weights` must be finite"):
        es_gradient(linear, W[0] * np.nan, sigma=0.5, population_size=2)
    with pytest.raises(ValueError, match="`population_size` must be even"):
        es_gradient(linear, W[0], sigma=0.5, population_size=3)
    for shape in ((), (0, 2), (1, 2, 3)):
        with pytest.raises(ValueError, match=r"`weights` must be of shape \(m, n\) or \(m,\)"):
            es_gradient(linear, np.zeros(shape), sigma=0.5, population_size=2)
    for value in (None, "a", np.ones(2)):
        with pytest.raises(TypeError, match="`f` must be a function that returns one number"):
            es_gradient(lambda w: value, W[0], sigma=0.5, population_size=2)  # type: ignore[arg-type,return-value] # noqa: B023
    with pytest.raises(ValueError, match="at least one finite pair"):
        es_gradient(lambda w: np.nan, W[0], sigma=0.5, population_size=2)
