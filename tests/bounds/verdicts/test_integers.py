"""Integers that do not wrap: false claims that 64 bits would support, and the arrays that serve as indices."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrtheory.bounds import Family, Identity, Session, Sides, StatementError, check
from lrtheory.bounds.arithmetic.integers import Guarded, as_guarded, as_objects, may_wrap
from tests.bounds.toys import GAUSS, inequality


def verdict(sides, instance, *, equality=False, solve=lambda i, rng: i):
    claim = Identity(sides) if equality else inequality(sides)
    family = Family("integers", always=(instance,))
    return check(dataclasses.replace(GAUSS, instances=family, solve=solve, claim=claim), Session())


WRAPPING = {
    "cube": (lambda i, o: Sides(i**3, np.zeros(1, int)), np.array([2**21])),
    "narrow": (lambda i, o: Sides(i * i, np.zeros(1, int)), np.array([46341], np.int32)),
    "narrow outcome": (lambda i, o: Sides(o * o, np.zeros(1, int)), np.array([46341], np.int32)),
    "scalar": (lambda i, o: Sides(i * i, 0), np.int64(3037000500)),
    "dot product": (lambda i, o: Sides(i @ i, 0), np.full(3, 2**31 - 1)),
    "product": (lambda i, o: Sides(np.prod(i), 0), np.arange(1, 67)),
    "product by method": (lambda i, o: Sides(i.prod(), 0), np.arange(1, 67)),
    "unsigned": (lambda i, o: Sides(5, i[0] - i[1]), np.array([1, 2], np.uint64)),
    "unsigned bytes": (lambda i, o: Sides(5, o[0] - o[1]), np.array([1, 2], np.uint8)),
    "sum of bytes": (lambda i, o: Sides(i + i, np.array([300])), np.array([200], np.uint8)),
    "power": (lambda i, o: Sides(2**i, np.zeros(1, int)), np.array([64])),
    "running product": (lambda i, o: Sides(np.cumprod(i)[-1], 0), np.arange(1, 67)),
}


@pytest.mark.parametrize("name", WRAPPING)
def test_what_wraps_is_refuted(name):
    sides, instance = WRAPPING[name]
    assert verdict(sides, instance).verdict == "refuted"


@pytest.mark.parametrize("name", WRAPPING)
def test_what_wraps_is_refuted_beside_an_index(name):
    # an array that is an index cannot hold objects, so the whole claim is computed on guarded integers
    sides, numbers = WRAPPING[name]

    def indexing(i, o):
        found = sides(i[1], o[1])
        return dataclasses.replace(found, lhs=found.lhs + int(np.zeros(2, int)[i[0]][0]))

    assert verdict(indexing, (np.array([0, 1]), numbers)).verdict == "refuted"


@pytest.mark.parametrize("function", [np.dot, np.inner, np.vdot, lambda a, b: np.einsum("i,i->", a, b), np.convolve])
def test_products_of_an_array_that_is_an_index_do_not_wrap(function):
    place = np.arange(3)

    def sides(i, o):
        large = (i + 2**62) - 2 * np.zeros(3, int)[i]
        return Sides(np.max(function(large, large)), 0)

    assert verdict(sides, place).verdict == "refuted"


def test_the_true_numbers_are_shown_and_ranked():
    evidence = verdict(lambda i, o: Sides(i + i, np.array([399])), np.array([200], np.uint8))
    assert (evidence.verdict, evidence.worst["lhs"]) == ("refuted", "400")
    assert evidence.lhs[0] == 400


def test_true_claims_about_large_integers_are_supported():
    instance = np.arange(1, 67)
    factorial = 1
    for k in range(1, 67):
        factorial *= k
    assert verdict(lambda i, o: Sides(np.prod(i), factorial), instance, equality=True).verdict == "supported"
    assert verdict(lambda i, o: Sides(i[0] - i[1], 0), np.array([1, 2], np.uint64)).verdict == "supported"


@given(arrays(np.int64, 3, elements=st.integers(-(2**40), 2**40)), st.integers(0, 4))
def test_guarded_integers_compute_as_python_does(values, power):
    guarded, exact = as_guarded(values), [int(v) for v in values]
    assert isinstance(guarded, Guarded)
    results = [
        (guarded**power, [v**power for v in exact]),
        (guarded * guarded - guarded, [v * v - v for v in exact]),
        (guarded.sum(), sum(exact)),
        (np.cumsum(guarded) * 2**30, [sum(exact[: k + 1]) * 2**30 for k in range(3)]),
        (np.outer(guarded, guarded)[2], [exact[2] * v for v in exact]),
        (np.outer(a=guarded, b=guarded)[2], [exact[2] * v for v in exact]),
        (guarded @ guarded, sum(v * v for v in exact)),
        (np.einsum("i,i->", guarded, guarded, optimize=True), sum(v * v for v in exact)),
        (guarded.dot(guarded), sum(v * v for v in exact)),
        (-guarded + abs(guarded), [abs(v) - v for v in exact]),
        (np.concatenate([guarded, guarded]) ** 2, [v**2 for v in exact * 2]),
        (guarded + 2**70, [v + 2**70 for v in exact]),
        (guarded[0] * guarded[1], exact[0] * exact[1]),
        ([v * v for v in guarded], [v * v for v in exact]),
        (guarded * Fraction(1, 3), [Fraction(v, 3) for v in exact]),
    ]
    for found, due in results:
        assert np.asarray(found, object).tolist() == due


def test_guarded_integers_serve_as_indices_and_bounds():
    guarded = as_guarded(np.array([2, 0], np.uint8))
    table = np.arange(9).reshape(3, 3)
    assert table[guarded].tolist() == [[6, 7, 8], [0, 1, 2]]
    assert list(range(guarded[0])) == [0, 1]
    assert (guarded > 1).tolist() == [True, False]
    assert guarded.astype(float).dtype == float
    assert np.zeros(3)[as_guarded(np.array([], int))].shape == (0,)
    assert np.bincount(guarded).tolist() == [1, 0, 1]


def test_an_operation_in_place_that_does_not_fit_is_an_error():
    guarded = as_guarded(np.array([2**62, 1]))
    guarded += 1
    assert guarded.tolist() == [2**62 + 1, 2]
    with pytest.raises(StatementError, match="write a = a \\+ b"):
        guarded *= 4
    target = np.array(0)
    assert as_guarded(np.array([3, 4])).dot(np.array([1, 2]), out=target) is target
    assert target == 11
    plain = np.zeros(2, int)
    with pytest.raises(TypeError, match="int64"):
        plain += guarded**2


@pytest.mark.parametrize(
    ("value", "risky"),
    [
        (np.array([3, -3]), False),
        (np.array([2**15]), True),
        (np.array([1], np.int8), True),
        ({"a": (np.uint64(1),)}, True),
        (np.int64(3), False),
        (np.array([True]), False),
        (2**80, False),
        (np.array([], np.int8), False),
    ],
)
def test_integers_that_may_wrap_are_known(value, risky):
    assert may_wrap(value) == risky


def test_objects_hold_python_integers():
    found = as_objects({"a": np.array([1], np.uint8), "b": np.int64(2), "c": np.array([np.int64(3)], object)})
    assert [type(one) for one in (found["a"][0], found["b"], found["c"][0])] == [int, int, int]
