"""Formulas of curvature against matrices in Fractions and against searches."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import update_curvature
from proofs_checks.low_rank_optimizers.curvature.definite_forms import definite_floor, released_ceiling
from proofs_checks.low_rank_optimizers.curvature.inverses import (
    curvature_factor,
    curvature_response,
    update_multiplications,
    wound_up,
)
from proofs_checks.low_rank_optimizers.curvature.preconditioners import (
    alignment_square,
    descent_product,
    stabilized_condition,
)


@pytest.mark.parametrize("method", ["exact", "published"])
def test_responses_are_those_of_numbers(method: str) -> None:
    """In one dimension with g = 1 the matrix itself is the response."""
    for s in (Fraction(1, 10), Fraction(1), Fraction(20), Fraction(1000)):
        X = np.array([[s]], object)
        one = np.array([Fraction(1)], object)
        found = update_curvature(X, one, decay=Fraction(19, 20), method=method)[0, 0]
        assert curvature_response(s, Fraction(19, 20), method) == found


def test_the_published_response_over_the_exact_one() -> None:
    """The quotients that the notes of MK-3 state."""
    quotients = [
        curvature_response(s, 0.95, "published") / curvature_response(s, 0.95) for s in (0.1, 1.0, 20.0, 1000.0)
    ]
    assert quotients == pytest.approx([0.91, 1.003, 2.96, 107], rel=5e-3)


def test_the_factor_of_numbers_and_of_fractions() -> None:
    L, g = np.array([[2, 1], [1, 3]]), np.array([1, -2])
    found = curvature_factor(L, g, Fraction(1, 4))
    assert found.tolist() == [[Fraction(5, 4), Fraction(-5, 4)], [Fraction(-5, 4), Fraction(15, 4)]]
    np.testing.assert_allclose(curvature_factor(L, g, 0.25), 0.25 * L + 0.75 * np.outer(g, g))


def test_no_gradient_has_a_smaller_cosine() -> None:
    """A search over the plane of both ends of the spectrum."""
    angles = np.linspace(0, np.pi, 200_001)
    for left, right in ((1.0, 4.0), (3.0, 5.0)):
        k = left * right
        P = np.cos(angles) ** 2 + k * np.sin(angles) ** 2
        cosines = P / np.sqrt(np.cos(angles) ** 2 + k * k * np.sin(angles) ** 2)
        assert float(alignment_square(left, right)) == pytest.approx(cosines.min() ** 2, rel=1e-9)


def test_conditions_floors_and_ceilings() -> None:
    values = np.array([0.5, 2.0, 7.0])
    for zeta in (0.0, 0.25, 1.0):
        mixed = zeta * values + 1 - zeta
        found = stabilized_condition(0.5, 7.0, zeta)
        assert float(found) == pytest.approx(mixed.max() / mixed.min())
    assert definite_floor(3, Fraction(1, 2), 3) == Fraction(3, 8)
    assert wound_up(3, Fraction(1, 2), 3) == 24
    largest = 5.0
    for t in range(1, 5):
        largest = 0.75 * largest + 0.25
        assert released_ceiling(5.0, 0.75, t) == pytest.approx(largest)
    assert descent_product(2, 3, 5) == 30
    assert [update_multiplications(d) for d in (1, 2)] == [7, 20]
