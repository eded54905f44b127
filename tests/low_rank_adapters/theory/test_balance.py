"""Balanced factors: no others have less energy, curvature from second differences, momenta in rational numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.low_rank_adapters import theory
from proofs_checks.low_rank_adapters.families.rationals import pseudo_inverse
from proofs_checks.low_rank_adapters.products.balance import least_factor_energy, transported_momenta


@pytest.mark.parametrize("seed", range(20))
def test_no_factors_have_less_energy_or_curvature(seed: int) -> None:
    rng = np.random.default_rng(seed)
    B, A = rng.standard_normal((4, 2)), rng.standard_normal((2, 5))
    U, s, Vt = np.linalg.svd(B @ A, full_matrices=False)
    least = least_factor_energy(s)
    assert least <= (np.linalg.norm(B) ** 2 + np.linalg.norm(A) ** 2) / 2
    C, D = U[:, :2] * np.sqrt(s[:2]), np.sqrt(s[:2])[:, None] * Vt[:2]
    assert (np.linalg.norm(C) ** 2 + np.linalg.norm(D) ** 2) / 2 == pytest.approx(least)
    for left, right in ((B, A), (C, D)):
        J = np.hstack([np.kron(np.eye(4), right.T), np.kron(left, np.eye(5))])
        told = theory.sharpness(np.linalg.norm(left, 2), np.linalg.norm(right, 2))
        assert told == pytest.approx(np.linalg.norm(J, 2) ** 2)
        assert told >= theory.balanced_sharpness(s[0]) * (1 - 1e-12)
    assert told == pytest.approx(theory.balanced_sharpness(s[0]))


@pytest.mark.parametrize("seed", range(10))
def test_momenta_keep_the_velocity(seed: int) -> None:
    rng = np.random.default_rng(seed)
    B, A, P, Q = (rng.integers(-4, 5, shape) for shape in ((3, 2), (2, 3), (3, 2), (2, 3)))
    T = rng.integers(-2, 3, (2, 2)) + 7 * np.eye(2, dtype=int)
    left, right = transported_momenta(T, P, Q)
    assert ((B @ T) @ right + left @ (pseudo_inverse(T) @ A) == B @ Q + P @ A).all()


def test_values() -> None:
    assert least_factor_energy([Fraction(1, 2), 1]) == Fraction(3, 2)
    assert theory.sharpness(Fraction(1, 2), 2) == Fraction(17, 4)
    assert theory.balanced_sharpness(Fraction(1, 3)) == Fraction(2, 3)
