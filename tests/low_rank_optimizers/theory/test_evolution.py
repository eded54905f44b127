"""Variances and moments of evolution strategies against enumeration, and against sampling where laws are Gaussian."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.evolution.layers import layer_mse
from proofs_checks.low_rank_optimizers.evolution.members import baseline_factor, one_sided_mse
from proofs_checks.low_rank_optimizers.evolution.moments import gradient_norm_bound
from proofs_checks.low_rank_optimizers.evolution.planning import best_rank
from proofs_checks.low_rank_optimizers.evolution.strategy import update_rank_bound
from tests.low_rank_optimizers.theory.patterns import KURTOSIS, patterns

CASES = [
    ("three-point", (1, 1), 1),
    ("three-point", (1, 1), 3),
    ("three-point", (2, 1), 2),
    ("three-point", (1, 3), 1),
    ("sign", (2, 2), 1),
    ("sign", (2, 1), 2),
    ("sign", (2, 3), 1),
]


def law_of(factors: str) -> dict[str, Any]:
    return {"kurtosis_a": KURTOSIS[factors], "kurtosis_b": KURTOSIS[factors]}


def gradient_of(shape: tuple[int, int]) -> np.ndarray:
    return np.array([Fraction(x) for x in (2, -1, 3, 1, 0, -2)[: math.prod(shape)]], object).reshape(shape)


@pytest.mark.parametrize(("factors", "shape", "rank"), CASES)
def test_mean_squared_error_is_that_of_all_patterns(factors: str, shape: tuple[int, int], rank: int) -> None:
    G, found = gradient_of(shape), Fraction(0)
    for chance, X in patterns(factors, shape, rank):
        error = X * np.sum(G * X) / rank - G
        found += chance * np.sum(error * error)
    due = theory.estimator_mse(shape, rank=rank, pairs=5, gradient_square=np.sum(G * G), **law_of(factors))
    assert due == found / 5


@pytest.mark.parametrize(("factors", "shape", "rank"), CASES)
def test_fourth_moment_is_that_of_all_patterns(factors: str, shape: tuple[int, int], rank: int) -> None:
    found = sum(chance * np.sum(X * X) ** 2 for chance, X in patterns(factors, shape, rank)) / Fraction(rank) ** 2
    assert theory.fourth_moment(shape, rank=rank, **law_of(factors)) == found


def test_factors_of_two_laws() -> None:
    signs, points = (-1, 1), ((-2, 1), (0, 4), (2, 1))  # the second with variance 4/3 and excess kurtosis 0
    found = Fraction(0)
    for a1 in signs:
        for a2 in signs:
            for b, weight in points:
                X = np.array([a1 * b, a2 * b], object)
                found += Fraction(weight, 24) * (np.sum(X * X) / Fraction(4, 3)) ** 2
    assert theory.fourth_moment((2, 1), rank=1, kurtosis_a=-2, kurtosis_b=0) == found


def test_layers_pay_for_each_other() -> None:
    shapes, gradients = ((1, 1), (2, 1)), (gradient_of((1, 1)), gradient_of((2, 1)))
    found = [Fraction(0), Fraction(0)]
    for chance, X in patterns("three-point", shapes[0], 1):
        for other, Y in patterns("sign", shapes[1], 1):
            half = np.sum(gradients[0] * X) + np.sum(gradients[1] * Y)
            for layer, E in enumerate((X, Y)):
                error = E * half - gradients[layer]
                found[layer] += chance * other * np.sum(error * error)
    squares = [np.sum(G * G) for G in gradients]
    assert layer_mse(shapes, 1, 1, squares)[0] == found[0]
    signs = layer_mse(shapes, 1, 1, squares, *law_of("sign").values())
    assert signs[1] == found[1]
    whole = layer_mse(shapes, 2, 3, squares)
    c = [theory.noise_constant(shape) for shape in shapes]
    due = (4 * sum(squares) + sum(a * b for a, b in zip(c, squares, strict=True)) / Fraction(2)) / 3
    assert sum(whole) == due


@pytest.mark.parametrize("f0", [0, 3])
def test_members_without_pairs(f0: int) -> None:
    G, sigma, found = gradient_of((2, 1)), Fraction(1, 2), Fraction(0)
    for chance, X in patterns("three-point", (2, 1), 1):
        error = X * (f0 + sigma * np.sum(G * X)) / sigma - G
        found += chance * np.sum(error * error)
    due = one_sided_mse((2, 1), 1, 4, np.sum(G * G), f0, Fraction(1, 2))
    assert due == found / 4


@pytest.mark.parametrize(("shape", "rank"), [((1, 1), 1), ((1, 1), 3), ((2, 1), 2), ((2, 3), 1), ((1, 4), 1)])
def test_sixth_moment_by_quadrature(shape: tuple[int, int], rank: int) -> None:
    """Four nodes of Gauss and Hermite are exact to the seventh power of each entry, and six are needed."""
    (m, n), (nodes, weights) = shape, np.polynomial.hermite_e.hermegauss(4)
    grid = np.indices((4,) * ((m + n) * rank)).reshape((m + n) * rank, -1)
    factors, chances = nodes[grid], np.prod(weights[grid] / weights.sum(), axis=0)
    A, B = factors[: m * rank].reshape(m, rank, -1), factors[m * rank :].reshape(n, rank, -1)
    cubes = np.sum(np.einsum("irp,jrp->ijp", A, B) ** 2, axis=(0, 1)) ** 3 / rank**3
    assert chances @ cubes == pytest.approx(float(theory.sixth_moment(shape, rank=rank)), rel=1e-12)
    assert theory.sixth_moment(shape, rank=rank) == theory.sixth_moment(shape[::-1], rank=rank)


def test_limits_of_large_rank() -> None:
    assert theory.fourth_moment((2, 3), rank=math.inf) == 48
    assert theory.sixth_moment((2, 3), rank=math.inf) == 480
    assert abs(float(theory.sixth_moment((2, 3), rank=10**7)) - 480) < 1e-3
    assert theory.estimator_mse((2, 3), rank=math.inf, pairs=1, gradient_square=2) == 14


@pytest.mark.parametrize("cost", [None, (100, 1), (Fraction(1, 3), 5), (1000.0, 0.5)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (2, 3), (10, 65), (40, 40)])
def test_best_rank_is_the_least_of_all(shape: tuple[int, int], cost: Any) -> None:
    m, n = shape
    whole, factor = (Fraction(x) for x in ((m * n, m + n) if cost is None else cost))
    for law in (0, -2):
        c = theory.noise_constant(shape, kurtosis_a=law, kurtosis_b=law)
        errors = [(m * n + 1 + Fraction(c) / r) * (whole + factor * r) for r in range(1, 200)]
        due = errors.index(min(errors)) + 1
        assert best_rank(shape, cost, law, law) == due


def test_a_baseline_of_the_own_population() -> None:
    members = list(patterns("sign", (1, 1), 1))
    found = Fraction(0)
    for p, X in members:
        for q, Y in members:
            f = [3 + 2 * X.item(), 3 + 2 * Y.item()]
            mean = sum(f) / 2
            found += p * q * ((f[0] - mean) * X.item() + (f[1] - mean) * Y.item()) / 2
    assert found == 2 * baseline_factor(2)


def test_refusals() -> None:
    with pytest.raises(TypeError, match=r"^`shape` must be a sequence; got 3\.$"):
        theory.noise_constant(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^`shape` must be a pair of integers; got \(1,\)\.$"):
        theory.noise_constant((1,))
    with pytest.raises(ValueError, match="`kurtosis_a` must be in"):
        theory.noise_constant((1, 1), kurtosis_a=-3)
    with pytest.raises(ValueError, match="`rank` must be an integer of at least 1; got 0"):
        theory.fourth_moment((1, 1), rank=0)
    with pytest.raises(ValueError, match="`cost"):
        best_rank((2, 2), (1, 0))
    with pytest.raises(TypeError, match="`shapes` must be a sequence of pairs"):
        layer_mse(3, 1, 1, [1])  # type: ignore[arg-type]
    assert update_rank_bound((10, 65), 2, 0) == 0
    assert [update_rank_bound(shape, 5, 2) for shape in ((3, 2), (2, 3), (99, 99))] == [2, 2, 10]
    assert gradient_norm_bound(1.5, 0.5) == 3.0
