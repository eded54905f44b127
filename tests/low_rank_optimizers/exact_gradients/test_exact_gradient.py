"""Enumerated estimates against plain loops that evaluate the objective, and against sampling of Gaussian factors."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import PolynomialProblem, exact_gradient, make_cubic, make_quadratic
from tests.low_rank_optimizers.theory.patterns import patterns


def by_loops(problem: Any, shape: tuple[int, int], c: Fraction, rank: int, law: str) -> Any:
    """Mean and mean squared error of pairs at M plus and minus c A B^T, by evaluations of the objective."""
    mean, square = np.full(shape, Fraction(0), object), Fraction(0)
    for chance, X in patterns(law, shape, rank):
        half = (problem(problem.M + c * X) - problem(problem.M - c * X)) / 2
        estimate = half * X / (c * rank)  # E d / sigma, where E = X / sqrt(r) and sigma = c sqrt(r)
        mean = mean + chance * estimate
        square += chance * np.sum((estimate - problem.truth) ** 2)
    return mean, square


@pytest.mark.parametrize(
    ("law", "shape", "rank", "sigma"),
    [
        ("sign", (1, 1), 1, Fraction(3)),
        ("sign", (2, 1), 1, Fraction(1, 2)),
        ("sign", (2, 2), 1, Fraction(2)),
        ("three-point", (1, 1), 1, Fraction(3)),
        ("three-point", (2, 1), 1, Fraction(1, 3)),
        ("sign", (1, 1), 4, Fraction(1)),
    ],
)
def test_averages_are_those_of_loops(law: str, shape: tuple[int, int], rank: int, sigma: Fraction) -> None:
    problem = make_cubic(shape, exact=True, rng=2)
    c = sigma / {1: 1, 4: 2}[rank]
    mean, square = by_loops(problem, shape, c, rank, law)
    found = exact_gradient(problem, sigma=sigma, rank=rank, factors=law)
    assert (found.gradient == mean).all()
    assert found.mse == square
    assert found.variance == square - np.sum((mean - problem.truth) ** 2)
    assert (found.bias == mean - problem.truth).all()
    assert isinstance(found.mse, Fraction)


def test_doubles_and_fractions_agree() -> None:
    problem = make_cubic((2, 2), exact=True, rng=5)
    M, G, H, C = (np.asarray(a).astype(float) for a in (problem.M, problem.gradient, problem.hessian, problem.cubic))
    exact = exact_gradient(problem, sigma=Fraction(3, 4), rank=2)
    double = exact_gradient(PolynomialProblem(M, G, H, cubic=C), sigma=0.75, rank=2)
    np.testing.assert_allclose(double.gradient, exact.gradient.astype(float), rtol=1e-12)
    assert double.mse == pytest.approx(float(exact.mse), rel=1e-13)
    assert double.variance == pytest.approx(float(exact.variance), rel=1e-13)
    assert exact.counts["patterns"] == 256
    assert exact_gradient(problem, sigma=0.75, rank=2).mse == pytest.approx(float(exact.mse), rel=1e-13)


@pytest.mark.parametrize("size", [2**48, 2**60])
def test_large_numerators_stay_exact(size: int) -> None:
    C = np.array([size + (i + j + k) * 10**9 + (i + j + k == 0) for i, j, k in np.ndindex(2, 2, 2)], object)
    C = np.vectorize(Fraction, [object])(C).reshape(2, 1, 2, 1, 2, 1)
    problem = PolynomialProblem(np.full((2, 1), Fraction(1)), np.full((2, 1), Fraction(size + 1)), cubic=C)
    mean, _ = by_loops(problem, (2, 1), Fraction(3), 1, "three-point")
    assert (exact_gradient(problem, sigma=Fraction(3), rank=1, factors="three-point").gradient == mean).all()


def test_three_points_stand_for_gaussian_factors() -> None:
    problem, rng = make_cubic((2, 1), rng=7), np.random.default_rng(1)
    A, B = rng.normal(size=(200_000, 2, 2)), rng.normal(size=(200_000, 1, 2))
    E = (A @ B.swapaxes(1, 2)).reshape(-1, 2) / 2**0.5
    G, C = problem.truth.ravel(), np.asarray(problem.cubic).reshape(2, 2, 2)
    halves = E @ G + 0.25 / 6 * np.einsum("abc,pa,pb,pc->p", C, E, E, E)
    samples = E * halves[:, None]
    found = exact_gradient(problem, sigma=0.5, rank=2, factors="three-point").gradient.ravel()
    assert (np.abs(samples.mean(axis=0) - found) < 5 * samples.std(axis=0) / len(E) ** 0.5).all()


def test_doubles_beside_fractions_make_doubles() -> None:
    third = np.array([[Fraction(1, 3)]], object)
    mixed = PolynomialProblem(third, third, cubic=np.full((1,) * 6, 0.5))
    found = exact_gradient(mixed, sigma=Fraction(2), rank=1)
    assert found.gradient.dtype == np.float64
    assert found.gradient.item() == pytest.approx(2 / 3)


def test_refusals() -> None:
    problem = make_quadratic((4, 4), rng=0)
    with pytest.raises(ValueError, match=r"`rank` must be such that \(m \+ n\) rank is at most 14; got 2"):
        exact_gradient(problem, sigma=1.0, rank=2)
    for rank, factors in ((3, "three-point"), (5, "sign")):
        with pytest.raises(ValueError, match=r"`rank` must be such that"):
            exact_gradient(make_quadratic((2, 1), rng=0), sigma=1.0, rank=rank, factors=factors)
    with pytest.raises(ValueError, match="`factors` must be one of"):
        exact_gradient(problem, sigma=1.0, rank=1, factors="gaussian")
    with pytest.raises(ValueError, match="`sigma` must be in"):
        exact_gradient(problem, sigma=0.0, rank=1)
    with pytest.raises(ValueError, match="`sigma` must be a number whose square is a double"):
        exact_gradient(make_quadratic((1, 1), rng=0), sigma=1e200, rank=1)
    with pytest.raises(TypeError, match="`problem` must be a PolynomialProblem; got array"):
        exact_gradient(np.ones((2, 2)), sigma=1.0, rank=1)  # type: ignore[arg-type]
