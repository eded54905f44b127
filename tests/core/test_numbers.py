"""Ranges of numbers of any kind."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
from scipy import sparse

from lrtheory._numbers import HUGE, entries, exact, inexact, number, numbers, plain, table

BALL = flint.arb(1) / 3


@pytest.mark.parametrize("value", [0, 1, 0.5, Fraction(1, 3), BALL, np.float32(0.25), np.int64(1), np.array(1.0)])
def test_numbers_of_any_kind_pass_as_they_are(value: object) -> None:
    found = number("x", value, 0, 1)
    assert found is value or found == np.asarray(value).item()
    assert type(found) is type(plain(value))


@pytest.mark.parametrize(
    ("value", "low", "high", "ends", "message"),
    [
        (-1, 0, 1, "[]", r"`x` must be in \[0, 1\]; got -1"),
        (0, 0, 1, "(]", r"in \(0, 1\]"),
        (1, 0, 1, "[)", r"in \[0, 1\)"),
        (Fraction(4, 3), 0, 1, "[]", r"in \[0, 1\]"),
        (BALL, 1, 2, "[]", r"in \[1, 2\]"),
        (math.nan, -HUGE, HUGE, "[]", r"in \(-inf, inf\)"),
        (math.inf, 0, HUGE, "[]", r"in \[0, inf\)"),
        (-math.inf, -HUGE, 0, "[]", r"in \(-inf, 0\]"),
    ],
)
def test_what_is_outside_is_refused(value: object, low: object, high: object, ends: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        number("x", value, low, high, ends=ends)


@pytest.mark.parametrize("value", [True, "1", None, [1.0], np.ones(2), np.ones(1), 1j])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="`x` must be a number"):
        number("x", value)


def test_the_masked_constant_is_not_zero() -> None:
    with pytest.raises(ValueError, match="`x` must be an array without a mask"):
        number("x", np.ma.masked)


def test_infinity_where_it_is_meant() -> None:
    assert number("x", math.inf, 0, math.inf) == math.inf


def test_sequences() -> None:
    assert numbers("x", np.array([1, 2]), 0) == [1, 2]
    assert numbers("x", (Fraction(1, 2), 0.5), 0, 1, length=2) == [Fraction(1, 2), 0.5]
    for bad, message in [([], "at least one"), ("12", "a sequence"), (3, "a sequence")]:
        with pytest.raises(ValueError, match=message):
            numbers("x", bad)
    with pytest.raises(ValueError, match="`x` must be 3 numbers"):
        numbers("x", [1, 2], length=3)
    with pytest.raises(ValueError, match=r"in \(0, inf\)"):
        numbers("x", [1, 0], 0, ends="(]")


@pytest.mark.parametrize("value", [0.5, Fraction(1, 2), np.float32(0.5), np.array(0.5)])
def test_entries_of_a_number_is_the_number(value: object) -> None:
    assert entries("x", value, 0, 1) == value


def test_entries_keep_their_kind() -> None:
    for given in ([0.25, 0.5], (0.25, 0.5), np.array([0.25, 0.5]), np.array([[0.25], [0.5]])):
        found = entries("x", given, 0, 1)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, given)
    assert entries("x", [Fraction(1, 3), BALL], 0, 1)[0] == Fraction(1, 3)
    assert entries("x", np.ones(2, np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("value", "error", "rule"),
    [
        ([0.5, 1.5], ValueError, r"in \[0, 1\]; got 1.5"),
        ([0.5, math.nan], ValueError, r"in \[0, 1\]; got nan"),
        ([Fraction(1, 2), Fraction(3, 2)], ValueError, r"in \[0, 1\]"),
        (np.ma.masked_array([0.5, 0.5], [True, False]), ValueError, "an array without a mask"),
        ([[0.5], [0.5, 0.5]], ValueError, "an array with rows of equal length"),
        ("0.5", TypeError, "a number"),
        (True, TypeError, "a number"),
        (["a"], TypeError, "an array of numbers"),
        ([1j], TypeError, "an array of numbers"),
    ],
)
def test_entries_that_are_refused(value: object, error: type[Exception], rule: str) -> None:
    with pytest.raises(error, match=f"`x` must be {rule}"):
        entries("x", value, 0, 1)


def test_tables_have_a_shape() -> None:
    assert table("x", [[1, 2], [3, 4]], shape=("n", 2)).shape == (2, 2)
    assert table("x", sparse.eye_array(3), shape=(3, 3)).sum() == 3
    assert table("x", np.empty((0, 2)), 0).shape == (0, 2)
    with pytest.raises(ValueError, match=r"`x` must be of shape \(n, 3\); got \(2, 2\)"):
        table("x", [[1, 2], [3, 4]], shape=("n", 3))
    with pytest.raises(ValueError, match=r"`x` must be of shape \(2,\)"):
        table("x", [[1, 2]], shape=(2,))
    with pytest.raises(ValueError, match=r"`x` must be in \(0, inf\); got 0"):
        table("x", [0, 1], 0, ends="(]")


@pytest.mark.parametrize(
    "given",
    [
        [2**62, -1],
        np.array([2**62, -1]),
        (np.int64(2**62), np.int8(-1)),
        np.array([np.int64(2**62), -1], object),
        sparse.csr_array([[2**62, -1]]),
    ],
)
def test_integers_are_those_of_python(given: object) -> None:
    found = table("x", given)
    assert [type(x) for x in found.flat] == [int, int]
    assert (found * found * found).ravel().tolist() == [2**186, -1]


@pytest.mark.parametrize("given", [[2**63, -1], [[2**64], [2**53 + 1]], [np.uint64(2**63), np.int64(-1)]])
def test_integers_that_no_type_of_numpy_holds_together_stay_exact(given: list[Any]) -> None:
    assert [type(x) for x in table("x", given).flat] == [int, int]
    assert table("x", given).ravel().tolist() == np.ravel(np.array(given, object)).tolist()


def test_bools_are_integers_and_half_precision_is_single() -> None:
    assert table("x", [True, False]).tolist() == [1, 0]
    assert [type(x) for x in table("x", [True, False])] == [int, int]
    assert table("x", np.ones(2, np.float16)).dtype == np.float32
    assert table("x", [1e300, 2.0]).dtype == np.float64


def test_functions_without_rational_values_get_doubles() -> None:
    assert type(inexact(2)) is type(inexact(Fraction(1, 2))) is float
    assert inexact(np.array([1, Fraction(1, 2)], object)).dtype == np.float64
    assert inexact(BALL) is BALL
    assert inexact(np.array([BALL]))[0] is BALL
    assert inexact(np.ones(2, np.float32)).dtype == np.float32


def test_integers_become_fractions_where_quotients_stay_exact() -> None:
    assert exact(2) / 3 == Fraction(2, 3)
    assert exact(np.int64(1)) / 3 == Fraction(1, 3)
    assert exact(0.5) == 0.5
