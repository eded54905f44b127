"""Powers of two as units: what is divided by them comes back digit for digit, whatever its size and type."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from lrtheory._kernels.units import largest_of, scaled, true_value, unit_of, upper_value
from tests.backends import Backend

SIZES = [5e-324, 1e-310, 1e-150, 1.0, 2.0, 1e150, 1.7e308]


@pytest.mark.parametrize("size", SIZES)
def test_the_unit_lies_just_above_the_largest_entry(size: float) -> None:
    values = np.array([[0.0, -size], [size / 2, 0.0]])
    assert largest_of(values) == size
    assert Fraction(2) ** (unit_of(values) - 1) <= Fraction(size) < Fraction(2) ** unit_of(values)
    assert largest_of(sparse.csr_array(values)) == size
    assert unit_of(sparse.csr_array(values)) == unit_of(values)


def test_zeros_and_nothing_have_the_unit_one() -> None:
    for values in (np.zeros((2, 3)), np.zeros((0, 3)), sparse.csr_array((2, 3))):
        assert largest_of(values) == 0.0
        assert unit_of(values) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [0, 1, -119, 120, 125, -500, 700, 1023])
def test_scaling_there_and_back(exponent: int, dtype: type[np.floating]) -> None:
    most = np.finfo(dtype).maxexp - 2
    held = max(min(exponent, most), -most)
    values = np.array([1.0, -1.25, 1.75, 0.0], dtype)
    there = scaled(values, held)
    assert there.dtype == dtype
    assert [Fraction(float(x)) for x in there] == [Fraction(float(x)) * Fraction(2) ** held for x in values]
    assert np.array_equal(scaled(there, -held), values)


@pytest.mark.parametrize("exponent", [-(2**40), -5000, 5000])
def test_beyond_the_range_numbers_vanish_or_become_infinite(exponent: int) -> None:
    expected = 0.0 if exponent < 0 else math.inf
    assert true_value(1.5, exponent) == expected
    with np.errstate(over="ignore"):
        assert scaled(np.array([1.5]), exponent).tolist() == [expected]


def test_true_value_is_exact_where_it_is_in_range() -> None:
    assert [true_value(0.75, e) for e in (-1074, -3, 0, 10, 1024)] == [5e-324, 0.09375, 0.75, 768.0, 1.5 * 2.0**1023]


def test_arrays_of_other_libraries(xp: Backend) -> None:
    values = xp.asarray(np.array([[0.5, -3.0]]))
    assert largest_of(values) == 3.0
    assert unit_of(values) == 2


def test_a_bound_that_is_too_small_for_doubles_stays_one() -> None:
    assert upper_value(1.0, -2000) == 5e-324
    assert upper_value(0.0, -2000) == 0.0
    assert upper_value(0.75, 3) == 6.0
    assert upper_value(1.0, 2000) == math.inf
    third = 1 / 3
    for exponent in range(-1080, -1000):
        found = Fraction(upper_value(third, exponent))
        due = Fraction(third) * Fraction(2) ** exponent
        assert due <= found <= due + Fraction(2) ** -1074
