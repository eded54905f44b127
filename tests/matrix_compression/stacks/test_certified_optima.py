"""Brackets of the best error beside a copy contain the exact one, and are no wider than rounding."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from tests.matrix_compression.stacks.oracles import exact_energies

DIGITS = Fraction(1, 10**40)


def squared(energies, rank):
    return sum(energies[rank:], Fraction(0)) / sum(energies, Fraction(0))


def copy_of(M, rank):
    """The best basis of a rank, with coefficients."""
    U = np.linalg.svd(M, full_matrices=False)[0][:, :rank]
    return U, U.T @ M


def test_the_best_error_beside_a_basis_of_the_rank():
    """The copy is the best one itself, so the upper end is its own distance, of which the last digit is rounded."""
    rng = np.random.default_rng(0)
    for _ in range(80):
        M = np.round(rng.normal(size=(5, 4)) * 2**10) / 2**10
        exact, rank = exact_energies([M]), int(rng.integers(1, 4))
        found = mc.certify(M, copy_of(M, rank))
        assert Fraction(found.bound) ** 2 <= squared(exact, rank) + DIGITS
        assert squared(exact, rank) - DIGITS <= Fraction(found.attainable) ** 2
        assert found.attainable - found.bound < 2 * found.floor**2 / found.attainable
        assert found.verify((M, copy_of(M, rank)))


def test_a_copy_of_a_larger_rank_bounds_no_smaller_one():
    """A copy of rank r + 1 may be nearer than anything of rank r."""
    M = np.diag([3.0, 2.0, 1.0])
    for extra in (1, 2):
        found = mc.certify(M, copy_of(M, 1 + extra), 1)
        best = np.sqrt(5 / 14)
        assert found.achieved < best - 0.2
        assert found.bound <= best <= found.attainable
    assert mc.certify(M, copy_of(M, 1), 2).attainable == pytest.approx(np.sqrt(1 / 14))  # the spectrum says more


def test_a_basis_that_cancels_says_how_little_is_known():
    """Products of 1e12 that differ by 1 are rounded by 1e-4, whatever their difference is."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        M = rng.normal(size=(4, 1))
        U, C = np.hstack([M + 1e12, np.full((4, 1), 1e12)]), rng.normal(size=(1, 1)) * np.array([[1.0], [-1.0]])
        found = mc.certify(M, (U, C), 1)
        exact = [np.array([[Fraction(x) for x in row] for row in one.tolist()]) for one in (M, U, C)]
        off = exact[0] - exact[1] @ exact[2]
        true = float((off * off).sum()) ** 0.5 / float(np.linalg.norm(M))
        assert abs(found.achieved - true) <= found.floor
        assert 1e-5 < found.floor < 1e-1


def test_exact_numbers_of_adapters_lie_between():
    """Integers of few digits, whose products have no rounding: what is off is that of the solver alone."""
    rng = np.random.default_rng(2)
    for _ in range(60):
        B, A = rng.integers(-9, 10, size=(5, 3)).astype(float), rng.integers(-9, 10, size=(3, 4)).astype(float)
        C, D = B[:, :2] / 2, A[:2]
        given, copy = (mc.AdapterFile({"q": mc.AdapterModule(*pair, scale=0.5)}) for pair in ((B, A), (C, D)))
        exact = exact_energies([0.5 * (B @ A)])
        if sum(exact) == 0:
            continue
        found = mc.certify(given, copy)
        for got, due in ((found.bound, 1), (found.attainable, -1)):
            assert due * (Fraction(got) ** 2 - squared(exact, 2)) <= DIGITS
        away = sum(exact_energies([0.5 * (B @ A - C @ D)])) / sum(exact)
        assert max(0, Fraction(found.achieved) - Fraction(found.floor)) ** 2 <= away + DIGITS
        assert away - DIGITS <= (Fraction(found.achieved) + Fraction(found.floor)) ** 2
        assert found.floor < 1e-12
        assert found.attainable - found.bound < 1e-12


@pytest.mark.parametrize("part", [1 / 3, 0.1, 0.7])
def test_a_copy_of_many_rows_bounds_the_best_error_to_its_last_digits(part):
    """M lies between its truncation and a copy, so E(M') - |M - M'| is E(M) itself (statement CM-11)."""
    rng = np.random.default_rng(3)
    values = 2.0 ** -np.arange(60)
    M = np.zeros((2060, 60))
    M[rng.permutation(2060)[:60], range(60)] = values
    copy = M.copy()
    rank = 2
    copy[:, rank:] = M[:, rank:] / (1 - part)
    exact = sum((Fraction(x) ** 2 for x in values[rank:].tolist()), Fraction(0))
    exact /= sum((Fraction(x) ** 2 for x in values.tolist()), Fraction(0))
    found = mc.certify(M, copy, rank)
    assert Fraction(found.bound) ** 2 <= exact <= Fraction(found.attainable) ** 2
    assert found.bound >= float(exact) ** 0.5 - 1e-9
