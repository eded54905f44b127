"""The closed form of sines against sampling, and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import SineProblem, make_sine, sine_gradient


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("shape", [(2, 3), (4, 2)])
def test_mean_and_variance_by_sampling(shape: tuple[int, int], rank: int) -> None:
    (m, n), rng, sigma = shape, np.random.default_rng(2), 0.7
    problem = make_sine(shape, norm=1.3, phase=0.6, rng=1)
    E = rng.normal(size=(100_000, m, rank)) @ rng.normal(size=(100_000, rank, n)) / math.sqrt(rank)
    x = np.einsum("pij,ij->p", E, problem.Om)
    halves = (np.sin(0.6 + sigma * x) - np.sin(0.6 - sigma * x)) / 2
    samples = E * (halves / sigma)[:, None, None]
    found = sine_gradient(problem, sigma=sigma, rank=rank)
    assert (np.abs(samples.mean(axis=0) - found.gradient) < 5 * samples.std(axis=0) / 316).all()
    squares = np.sum(samples**2, axis=(1, 2))
    assert abs(squares.mean() - found.second_moment) < 5 * squares.std() / 316
    assert found.variance == pytest.approx(found.second_moment - np.sum(found.gradient**2))
    np.testing.assert_allclose(found.bias, found.gradient - problem.truth, atol=1e-15)


def test_dense_perturbations() -> None:
    problem = SineProblem([[0.6, 0.8]], [[1.0, 0.0]], phase=0.2)
    found = sine_gradient(problem, sigma=0.5)
    np.testing.assert_allclose(found.gradient, math.exp(-0.125) * problem.truth, rtol=1e-14)
    near = sine_gradient(problem, sigma=0.5, rank=10**8)
    np.testing.assert_allclose(near.gradient, found.gradient, rtol=1e-7)
    assert near.variance == pytest.approx(found.variance, rel=1e-6)


def test_small_steps_are_those_of_a_linear_function() -> None:
    Om = np.array([[1.0, 2.0], [0.0, -1.0]])
    found = sine_gradient((Om, np.zeros((2, 2))), sigma=1e-7, rank=2)
    np.testing.assert_allclose(found.gradient, Om, atol=1e-12)
    assert found.variance == pytest.approx(6 * (4 + 1 + 10 / 2), rel=1e-9)  # c = 2 (m + n + 1)


@pytest.mark.parametrize("sigma", [1e-70, 1e-9, 1e-4])
def test_a_tiny_bias_keeps_its_digits(sigma: float) -> None:
    """t phi / (1 + t^2/r) is t (1 - t^2 (1/2 + 1/r)) up to t^5."""
    found = sine_gradient(SineProblem([[2.0]]), sigma=sigma, rank=2)
    assert found.bias.item() == pytest.approx(-8 * sigma**2, rel=1e-6, abs=0)


def test_zero_direction_and_refusals() -> None:
    found = sine_gradient(SineProblem(np.zeros((2, 2))), sigma=1.0, rank=1)
    assert not found.gradient.any()
    assert found.variance == 0
    with pytest.raises(TypeError, match=r"`problem` must be a SineProblem or a pair \(Om, M\)"):
        sine_gradient(3.0, sigma=1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`sigma` must be in"):
        sine_gradient(SineProblem([[1.0]]), sigma=-0.1)
    for extreme in (1e-76, 1e76):
        with pytest.raises(ValueError, match="`sigma` must be such that sigma times the norm of `Om` is in"):
            sine_gradient(SineProblem([[1.0]]), sigma=extreme)
    with pytest.raises(ValueError, match="`rank` must be an integer of at least 1"):
        sine_gradient(SineProblem([[1.0]]), sigma=1.0, rank=0)


def test_single_precision_stays() -> None:
    found = sine_gradient((np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)), sigma=0.5, rank=1)
    assert found.gradient.dtype == found.bias.dtype == np.float32
