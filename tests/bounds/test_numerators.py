"""Integers over one denominator, against Fractions entry by entry."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.numerators import numerators, product

KINDS = {
    "doubles": np.array([[0.1, -3.5, 1e-300], [0.0, 2.0**-1074, 1e300]]),
    "integers": np.array([[1, -2, 3], [0, 2**62, -(2**63)]], np.int64),
    "Fractions": np.array([[Fraction(1, 3), Fraction(-5, 6), Fraction(0)], [Fraction(7), Fraction(1, 7), Fraction(2)]]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_numerators_over_the_denominator_are_the_numbers(kind):
    array = KINDS[kind]
    above, below = numerators(array)
    assert above.shape == array.shape
    assert all(type(entry) is int for entry in above.flat)
    assert [Fraction(entry, below) for entry in above.flat] == [Fraction(entry) for entry in array.ravel().tolist()]
    assert numerators(above)[1] == 1


@pytest.mark.parametrize(("one", "other"), [*itertools.product(KINDS, repeat=2)])
def test_products_are_those_of_fractions(one, other):
    A, B = KINDS[one], KINDS[other].T
    due = [
        [sum(Fraction(a) * Fraction(b) for a, b in zip(row, column, strict=True)) for column in B.T.tolist()]
        for row in A.tolist()
    ]
    found = product(A, B)
    assert found.tolist() == due
    assert all(type(entry) is Fraction for entry in found.flat)


def test_empty_matrices_and_numbers_that_are_none():
    assert product(np.zeros((2, 0)), np.zeros((0, 3))).shape == (2, 3)
    assert numerators(np.zeros((0, 3)))[1] == 1
    for entry, error in ((np.nan, ValueError), (np.inf, OverflowError)):
        with pytest.raises(error):
            numerators(np.array([entry]))
