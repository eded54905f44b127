"""Exact numbers and their encoding."""

import dataclasses
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lrtheory.bounds import Ball, StatementError, exactly, rounding
from lrtheory.bounds.arithmetic.exact import Undecided, precision
from lrtheory.bounds.running.encoding import decode, digest, encode


@dataclasses.dataclass(frozen=True)
class Point:
    x: float
    table: np.ndarray
    name: str = "p"
    parts: tuple = ()


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.fractions(),
    lambda inner: st.tuples(inner, inner) | st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_encoding_is_lossless(value):
    assert decode(encode(value)) == value
    assert digest(decode(encode(value))) == digest(value)


@given(arrays(np.float64, array_shapes(max_side=3), elements=st.floats(allow_nan=False)), st.fractions())
def test_encoding_of_dataclasses_and_arrays(table, fraction):
    point = Point(0.1, table, parts=(fraction, np.float64(0.5), np.array([fraction], object)))
    copy = decode(encode(point))
    assert isinstance(copy, Point)
    assert (copy.table == table).all()
    assert (copy.table.dtype, copy.table.shape) == (table.dtype, table.shape)
    assert copy.parts[:2] == point.parts[:2]
    assert copy.parts[2][0] == fraction


@pytest.mark.parametrize(
    "text", ["{", '{"dataclass":"os:system","fields":{}}', '{"dataclass":"nowhere:X","fields":{}}']
)
def test_foreign_lines_are_refused(text):
    with pytest.raises(ValueError, match="must be an instance written by this package"):
        decode(text)


def test_functions_are_no_plain_data():
    with pytest.raises(TypeError, match="plain data"):
        encode(len)


def test_no_module_is_imported_by_a_file():
    before = set(sys.modules)
    with pytest.raises(ValueError, match="must be"):
        decode('{"dataclass":"turtle:Turtle","fields":{}}')
    assert set(sys.modules) == before


def test_exactly_takes_doubles_over_without_loss():
    point = exactly(Point(0.1, np.array([[0.1, 0.5]]), parts=({"a": 0.25}, [0.75], 3)))
    assert point.x == Fraction(3602879701896397, 36028797018963968)
    assert point.table[0].tolist() == [Fraction(0.1), Fraction(1, 2)]
    assert point.parts == ({"a": Fraction(1, 4)}, [Fraction(3, 4)], 3)
    assert point.name == "p"
    assert exactly(np.array([1, 2])).dtype == np.int64


@given(st.floats(-3, 3), st.floats(0.01, 9))
def test_balls_contain_the_truth(x, y):
    a, b = Ball(Fraction(x)), Ball(Fraction(y))
    for ball, value in ((a + b, x + y), (a * b, x * y), (a / b, x / y), (np.exp(a), np.exp(x)), (np.log(b), np.log(y))):
        assert float(ball) == pytest.approx(float(value), rel=1e-12, abs=1e-12)
    with precision(200):
        assert abs(np.log(np.exp(Ball(Fraction(x)))) - Fraction(x)) < Fraction(1, 2**150)


def test_balls_answer_only_what_is_certain():
    third = Ball(1) / 3
    assert third < Fraction(1, 2)
    assert not third > Fraction(1, 2)
    assert Ball(Fraction(1, 4)) == Fraction(1, 4)
    assert third != Fraction(1, 2)
    for question in (lambda: third * 3 < 1, lambda: third * 3 <= 1, lambda: third * 3 == 1):
        with pytest.raises(Undecided):
            question()


def test_balls_meet_arrays_and_fractions_but_no_floats():
    assert (Ball(2) * np.array([1, 2])).shape == (2,)
    assert [float(ball) for ball in Fraction(1, 2) * np.array([Ball(1), Ball(3)])] == [0.5, 1.5]
    for float_ in (0.5, np.float64(0.5)):
        with pytest.raises(StatementError, match="integers or Fractions"):
            Ball(1) + float_


def test_rounding_bounds_a_sum_of_doubles():
    values = [0.1] * 1000
    exact = sum(map(Fraction, values))
    assert abs(Fraction(sum(values)) - exact) <= rounding(1000, float(exact))
    assert rounding(1000, float(exact)) < 1e-10
