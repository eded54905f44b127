"""Biases on polynomials against enumeration, and bounds on problems that are nearly as bad."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.evolution.smooth_objectives import skew_bias
from tests.low_rank_optimizers.theory.patterns import KURTOSIS, patterns


def cubic_of(shape: tuple[int, int], seed: int) -> np.ndarray:
    d = math.prod(shape)
    T = np.random.default_rng(seed).integers(-3, 4, size=(d, d, d))
    return sum(T.transpose(turn) for turn in permutations(range(3))).reshape(shape * 3)


@pytest.mark.parametrize(
    ("factors", "shape", "rank"),
    [
        ("three-point", (1, 1), 2),
        ("three-point", (2, 1), 2),
        ("three-point", (2, 2), 1),
        ("sign", (2, 2), 2),
        ("sign", (1, 3), 2),
    ],
)
def test_bias_of_cubics_is_that_of_all_patterns(factors: str, shape: tuple[int, int], rank: int) -> None:
    C, sigma = cubic_of(shape, 1), Fraction(2, 3)
    mean = np.zeros(shape, object)
    for chance, X in patterns(factors, shape, rank):
        x = X.ravel()
        third = sum(
            C[np.unravel_index((i * len(x) + j) * len(x) + k, C.shape)] * x[i] * x[j] * x[k]
            for i in range(len(x))
            for j in range(len(x))
            for k in range(len(x))
        )
        mean = mean + chance * X * third / 6 * sigma**2 / Fraction(rank) ** 2
    k = KURTOSIS[factors]
    low = theory.low_rank_bias(C, sigma=sigma, rank=rank, kurtosis_a=k, kurtosis_b=k)
    assert (theory.smoothing_bias(C, sigma=sigma) + low == mean).all()
    in_doubles = theory.low_rank_bias(C.astype(float), sigma=2 / 3, rank=rank, kurtosis_a=k, kurtosis_b=k)
    np.testing.assert_allclose(in_doubles, low.astype(float), rtol=1e-12, atol=1e-12)


def test_infinite_rank_has_no_bias_of_its_own() -> None:
    C = cubic_of((2, 2), 2)
    assert not theory.low_rank_bias(C, sigma=1, rank=math.inf).any()


def test_richardson_removes_one_over_r() -> None:
    limit, K = np.array([[1.0, 2.0]]), np.array([[3.0, -1.0]])
    np.testing.assert_allclose(theory.richardson(limit + K / 3, limit + K / 5, ranks=(3, 5)), limit)
    np.testing.assert_allclose(theory.richardson(limit + K / 2, limit + K / 4, ranks=(2, 4)), limit)
    exact = [Fraction(x) for x in (1, 2)]
    found = theory.richardson([x + 1 for x in exact], [x + Fraction(1, 3) for x in exact], ranks=(1, 3))
    assert found.tolist() == exact
    for ranks in ((2, 2), (2,), 3):
        with pytest.raises(ValueError, match="`ranks` must be two increasing integers"):
            theory.richardson([1.0], [1.0], ranks=ranks)  # type: ignore[arg-type]


def test_skewed_factors() -> None:
    law = ((Fraction(-1, 2), Fraction(4, 5)), (Fraction(2), Fraction(1, 5)))
    third = sum(weight * x**3 for x, weight in law)
    found = Fraction(0)  # rank 1, f = x^2 at M = 1, sigma = 3
    for a, p in law:
        for b, q in law:
            found += p * q * a * b * (1 + 3 * a * b) ** 2 / 3
    assert found - 2 == skew_bias(third, third, 3)
    double = skew_bias(-1, 1, 3, 2)
    assert double == pytest.approx(-3 / math.sqrt(2))
    assert skew_bias(1, 1, 3, 4) == Fraction(3, 2)


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_taylor_bounds_hold_and_are_near(rank: int) -> None:
    # f = x^3 / 6 has L3 = 1, and its bias is sigma^2 (1/2 + 1/r)
    bound = theory.taylor_bias_bound((1, 1), rank=rank, sigma=2, hessian_lipschitz=1)
    assert 0.55 * bound < 4 * (0.5 + 1 / rank) < bound
    # f = x times its size over 2 has L = 1, and its bias is sigma E x^2 size(x) / 2
    rng = np.random.default_rng(3)
    E = np.sum(rng.normal(size=(200_000, rank)) * rng.normal(size=(200_000, rank)), axis=1) / math.sqrt(rank)
    first = theory.taylor_bias_bound((1, 1), rank=rank, sigma=2, gradient_lipschitz=1)
    assert 0.8 * first < np.mean(np.abs(E) ** 3) < first


def test_refusals() -> None:
    with pytest.raises(ValueError, match="symmetric in its three pairs of indices"):
        theory.smoothing_bias(np.arange(8).reshape(1, 2, 1, 2, 1, 2), sigma=1)
    with pytest.raises(ValueError, match="symmetric in its three pairs of indices"):
        theory.smoothing_bias(1 + 1e-6 * np.arange(8.0).reshape(1, 2, 1, 2, 1, 2), sigma=1)
    with pytest.raises(ValueError, match=r"`cubic` must be of shape \(m, n, m, n, m, n\)"):
        theory.smoothing_bias(np.zeros((1, 2, 1, 2, 2, 1)), sigma=1)
    with pytest.raises(ValueError, match="exactly one of both"):
        theory.taylor_bias_bound((1, 1), rank=1, sigma=1)
    with pytest.raises(ValueError, match="`sigma` must be in"):
        theory.smoothing_bias(np.zeros((1, 1, 1, 1, 1, 1)), sigma=0)
