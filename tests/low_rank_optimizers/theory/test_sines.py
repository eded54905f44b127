"""Closed forms of sines against quadrature over the mixture of Gaussians, and against sampling."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, special

from lrtheory.bounds.arithmetic.exact import Ball, precision
from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.evolution.directions import (
    characteristic_function,
    sine_bias_bound,
    step_response_bounds,
)


def mean_over_scale(rank: int, inner: object) -> float:
    """The mean of a function of s, where s^2 is chi-square over rank: the variance of <u v^T, E> given A."""

    def integrand(s: float) -> float:
        log = (rank - 1) * math.log(s) - rank * s * s / 2 + rank / 2 * math.log(rank / 2) - special.gammaln(rank / 2)
        return 2 * math.exp(log) * inner(s)  # type: ignore[operator]

    return float(integrate.quad(integrand, 0, 12, epsabs=1e-13, epsrel=1e-12, limit=200)[0])


@pytest.mark.parametrize("rank", [1, 2, 5])
@pytest.mark.parametrize("t", [0.3, 1.7])
def test_one_singular_value_by_quadrature(rank: int, t: float) -> None:
    phi = mean_over_scale(rank, lambda s: math.exp(-((s * t) ** 2) / 2))
    assert characteristic_function([t], rank) == pytest.approx(phi, rel=1e-10)
    response = mean_over_scale(rank, lambda s: s * s * t * math.exp(-((s * t) ** 2) / 2))  # E x sin(t x)
    assert theory.sine_response([t], rank=rank) == pytest.approx(response, rel=1e-10)
    # E x^2 sin^2(t x) = (s^2 - s^2 (1 - 4 s^2 t^2) exp(-2 s^2 t^2)) / 2
    second = mean_over_scale(rank, lambda s: s * s * (1 - (1 - 4 * (s * t) ** 2) * math.exp(-2 * (s * t) ** 2)) / 2)
    assert theory.sine_second_moment((1, 1), [t], rank=rank) == pytest.approx(second, rel=1e-9)


@pytest.mark.parametrize(("shape", "rank"), [((2, 3), 1), ((3, 2), 2), ((3, 3), 4)])
def test_two_singular_values_by_sampling(shape: tuple[int, int], rank: int) -> None:
    (m, n), rng, t = shape, np.random.default_rng(0), [0.9, 0.4]
    A, B = rng.normal(size=(200_000, m, rank)), rng.normal(size=(200_000, n, rank))
    E = np.einsum("pir,pjr->pij", A, B) / math.sqrt(rank)
    x = t[0] * E[:, 0, 0] + t[1] * E[:, 1, 1]
    samples = [np.cos(x), E[:, 0, 0] * np.sin(x), E[:, 1, 1] * np.sin(x), np.sum(E**2, axis=(1, 2)) * np.sin(x) ** 2]
    response = theory.sine_response(t, rank=rank)
    due = [characteristic_function(t, rank), *response, theory.sine_second_moment(shape, t, rank=rank)]
    for sample, value in zip(samples, due, strict=True):
        assert abs(sample.mean() - value) < 5 * sample.std() / math.sqrt(len(sample))


def test_infinite_rank_is_the_limit() -> None:
    t = [0.9, 0.4]
    np.testing.assert_allclose(characteristic_function(t, 10**8), characteristic_function(t, math.inf), rtol=1e-7)
    near, limit = (theory.sine_response(t, rank=r) for r in (10**8, math.inf))
    np.testing.assert_allclose(near, limit, rtol=1e-7)
    near, limit = (theory.sine_second_moment((2, 3), t, rank=r) for r in (10**8, math.inf))
    assert near == pytest.approx(limit, rel=1e-7)


def test_second_moment_of_small_steps_loses_no_digits() -> None:
    t = np.array([3e-9, 1e-9])
    due = float(t @ t) * (6 + 2 + float(theory.noise_constant((2, 3))) / 2)  # that of <T, E>
    assert theory.sine_second_moment((2, 3), t, rank=2) == pytest.approx(due, rel=1e-12)


def test_bias_bound_in_balls() -> None:
    with precision(212):
        for values in ([Fraction(6)], [Fraction(4, 5), Fraction(1, 2)], [Fraction(1, 100), Fraction(1, 1000)]):
            t = [Ball(x) for x in values]
            for rank in (1, 3, 64):
                h, limit = theory.sine_response(t, rank=rank), theory.sine_response(t, rank=math.inf)
                norm = np.sqrt(np.sum((h - limit) ** 2))
                assert norm <= sine_bias_bound(t, rank)


def test_law_of_the_bias() -> None:
    """The product of rank and distance has the limit that the expansion of both terms gives."""
    t = np.array([0.8, 0.5, 0.3, 0.1])
    limit = math.exp(-float(t @ t) / 2) * np.linalg.norm(t * (np.sum(t**4) / 4 - t**2))
    far = [
        r * np.linalg.norm(theory.sine_response(t, rank=r) - theory.sine_response(t, rank=math.inf)) for r in (1, 1024)
    ]
    assert far[0] == pytest.approx(0.1675, abs=1e-4)
    assert far[1] == pytest.approx(limit, rel=1e-3)


def test_equal_singular_values_are_one_at_a_higher_rank() -> None:
    for k, rank in ((3, 2), (5, 1), (2, 7)):
        t = np.full(k, 0.7)
        one = theory.sine_response([0.7 * math.sqrt(k)], rank=k * rank)
        assert np.linalg.norm(theory.sine_response(t, rank=rank)) == pytest.approx(one.item(), rel=1e-14)
        assert theory.participation_ratio(t) == pytest.approx(k)
    assert theory.participation_ratio([1e-200, 0.0]) == 1.0
    with pytest.raises(ValueError, match="not all 0"):
        theory.participation_ratio([0, 0])


def test_threshold() -> None:
    for rank in (1, 2, 3, 4, 16, 33):
        due = math.exp(special.gammaln((rank + 1) / 2) - special.gammaln(rank / 2)) * math.sqrt(2 / rank)
        assert theory.step_response_square(rank) == pytest.approx(due**2, rel=1e-13)
        low, high = step_response_bounds(rank)
        assert float(low) <= due**2 * (1 + 1e-15)
        assert due**2 <= float(high) * (1 + 1e-15)
        assert due**2 - float(low) < 0.15 / rank**2
    assert float(step_response_bounds(1)[1]) == pytest.approx(2 / math.pi, rel=1e-15)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="`singular_values` must be in"):
        theory.sine_response([-1.0], rank=1)
    with pytest.raises(ValueError, match="`singular_values` must be at most 1 numbers; got 2"):
        theory.sine_second_moment((1, 5), [1.0, 2.0], rank=1)
    for formula in (characteristic_function, theory.sine_response, sine_bias_bound):
        with pytest.raises(ValueError, match=r"`singular_values` must be at most 1e\+75; got 1e\+76"):
            formula([1.0, 1e76], 1) if formula is not theory.sine_response else formula([1.0, 1e76], rank=1)
