"""Every sentence names the argument, its rule and the value; wrong types and wrong values are told apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory import _validation as validation
from lrtheory._files import replacing

SENTENCE = re.compile(r"^`[\w\[\]]+` must be .+; got .+\.$", re.DOTALL)

BAD: list[tuple[type[Exception], str, Callable[[], Any]]] = [
    (TypeError, "a real number; got True", lambda: validation.real("x", True)),
    (TypeError, "a real number; got '1'", lambda: validation.real("x", "1")),
    (TypeError, "a real number; got 1j", lambda: validation.real("x", 1j)),
    (ValueError, "in [0, 1]; got 1.5", lambda: validation.real("x", 1.5, low=0, high=1)),
    (ValueError, "a number; got nan", lambda: validation.real("x", float("nan"))),
    (ValueError, "a number in the range of doubles; got one", lambda: validation.real("x", 10**400)),
    (TypeError, "True or False; got None", lambda: replacing("x", print, force=None)),
    (TypeError, "a sequence; got 3", lambda: validation.sequence("x", 3)),
    (TypeError, "a sequence; got 'ab'", lambda: validation.sequence("x", "ab")),
    (TypeError, "a sequence; got array(3.)", lambda: validation.sequence("x", np.array(3.0))),
    (TypeError, "a sequence; got 3", lambda: validation.pair("x", 3)),
    (ValueError, "a pair of integers; got [1]", lambda: validation.pair("x", [1])),
    (ValueError, "an integer of at least 1; got 0", lambda: validation.pair("x", (2, 0))),
    (ValueError, "in [0, 1); got 1.0", lambda: validation.below_one("x", 1.0)),
    (ValueError, "in (0, 1); got 0", lambda: validation.below_one("x", 0, zero=False)),
    (ValueError, "in (0, 1); got 0", lambda: validation.open_interval("x", 0, 0, 1)),
    (ValueError, "in (0, 1); got 1", lambda: validation.open_interval("x", 1, 0, 1)),
    (ValueError, "an array without a mask; got ", lambda: validation.array("x", np.ma.masked_array([1.0], [True]))),
    (ValueError, "an array without a mask; got ", lambda: validation.array("x", [np.ma.masked_array([1.0], [True])])),
    (TypeError, "an integer; got 2.0", lambda: validation.integer("x", 2.0, low=1)),
    (TypeError, "an integer; got False", lambda: validation.integer("x", False, low=0)),
    (ValueError, "an integer of at least 1; got 0", lambda: validation.integer("x", 0, low=1)),
    (ValueError, "an integer in [1, 12]; got 13", lambda: validation.integer("x", 13, low=1, high=12)),
    (ValueError, "one of 'a', 'b'; got 'c'", lambda: validation.choice("x", "c", ("a", "b"))),
    (ValueError, "one of 'a'; got ['a']", lambda: validation.choice("x", ["a"], {"a": 1})),
    (ValueError, "one of 'a'; got array", lambda: validation.choice("x", np.zeros(2), ("a",))),
    (TypeError, "a non-empty sequence of positive integers; got 3", lambda: validation.check_sizes("x", 3)),
    (TypeError, "a non-empty sequence of positive integers; got ()", lambda: validation.check_sizes("x", ())),
    (TypeError, "a non-empty sequence of positive integers; got '12'", lambda: validation.check_sizes("x", "12")),
    (ValueError, "an integer of at least 1; got 0", lambda: validation.check_sizes("x", (2, 0))),
    (ValueError, "an array with rows of equal length", lambda: validation.array("x", [[1], [1, 2]])),
    (TypeError, "an array of real numbers", lambda: validation.array("x", ["a"])),
    (TypeError, "an array of real numbers", lambda: validation.array("x", [1j])),
    (TypeError, "an array of real numbers", lambda: validation.array("x", np.array([None]))),
    (ValueError, "of shape (n, 2); got (3, 3)", lambda: validation.array("x", np.eye(3), shape=(None, 2))),
    (ValueError, "of shape (2,); got (3, 3)", lambda: validation.array("x", np.eye(3), shape=(2,))),
    (ValueError, "finite; got nan", lambda: validation.array("x", [1.0, np.nan])),
    (ValueError, "finite; got -inf", lambda: validation.array("x", [1.0, -np.inf])),
    (ValueError, "free of NaN", lambda: validation.array("x", [1.0, np.nan], finite=False)),
    (ValueError, "free of NaN", lambda: validation.array("x", [Fraction(1, 2), np.nan])),
    (ValueError, "in [0, 1]; got 2.0", lambda: validation.array("x", [1, 2], low=0, high=1)),
    (ValueError, "sum 1; got 0.5", lambda: validation.probability_vector("x", [0.25, 0.25])),
    (ValueError, "in [0, 1]", lambda: validation.probability_vector("x", [1.5, -0.5])),
    (TypeError, "a SeedSequence or a Generator; got 1.5", lambda: validation.generator(1.5)),
    (TypeError, "a SeedSequence or a Generator; got True", lambda: validation.generator(True)),
    (ValueError, "an integer of at least 0; got -1", lambda: validation.generator(-1)),
]


@pytest.mark.parametrize(("error", "rule", "call"), BAD, ids=[f"{i}-{rule[:30]}" for i, (_, rule, _) in enumerate(BAD)])
def test_bad_arguments(error: type[Exception], rule: str, call: Callable[[], Any]) -> None:
    with pytest.raises(error, match=re.escape(rule)) as caught:
        call()
    assert caught.type is error
    assert SENTENCE.match(str(caught.value))


def test_good_arguments_come_back_plain() -> None:
    assert type(validation.real("x", np.float32(0.5))) is float
    assert validation.real("x", float("inf")) == float("inf")
    assert validation.real("x", Fraction(1, 2), low=0.5) == 0.5
    assert type(validation.integer("x", np.int8(3), low=1)) is int
    assert validation.open_interval("x", 0.5, 0, 1) == 0.5
    assert validation.choice("x", "a", ("a", "b")) == "a"
    assert validation.check_sizes("x", np.array([2, 3])) == (2, 3)
    np.testing.assert_array_equal(validation.probability_vector("x", [0.1] * 10), [0.1] * 10)


def test_options_without_a_use_are_refused() -> None:
    validation.refuse_unused("power", {"tol"}, tol=(0.1, None), rational=(False, False))
    validation.refuse_unused("gth", set(), tol=(None, None), rational=(False, False))
    rule = 'left out with method "gth", which does not use it; got 0.1'
    with pytest.raises(ValueError, match=f"`tol` must be {rule}"):
        validation.refuse_unused("gth", {"rational"}, tol=(0.1, None), rational=(True, False))
    with pytest.raises(ValueError, match="`init` must be left out"):
        validation.refuse_unused("gth", set(), init=(np.ones(2), None))
    with pytest.raises(ValueError, match='left out with geometry "entropy", which does not use it'):
        validation.refuse_unused("entropy", set(), "geometry", clip=(1.0, None))


def test_one_of_several_arguments() -> None:
    assert validation.exactly_one(rank=None, energy=0.5) == validation.at_most_one(rank=None, energy=0.5) == "energy"
    assert validation.at_most_one(rank=None, energy=None) is None
    with pytest.raises(ValueError, match="^`rank, energy` must be exactly one of these; got none of them.$"):
        validation.exactly_one(rank=None, energy=None)
    for check, rule in ((validation.exactly_one, "exactly"), (validation.at_most_one, "at most")):
        with pytest.raises(ValueError, match=f"^`rank, energy` must be {rule} one of these; got rank and energy.$"):
            check(rank=0, energy=0.5)


def test_pairs_paths_and_the_largest_double() -> None:
    assert validation.pairs("x", [(1, 2)]) == [(1, 2)]
    assert validation.path_of("x", "a").name == "a"
    for wrong, error in ((3, TypeError), ([3], TypeError), ([(1, 2, 3)], ValueError)):
        with pytest.raises(error, match=r"^`x(\[0\])?` must be a (sequence|pair); got"):
            validation.pairs("x", wrong)
    with pytest.raises(TypeError, match="^`x` must be a path; got 3.$"):
        validation.path_of("x", 3)
    most = float(np.finfo(float).max)
    for low, rule in ((0.0, "finite and at least 0"), (-np.inf, "a finite number")):
        for wrong in (np.inf, np.nan):
            with pytest.raises(ValueError, match=f"^`x` must be {rule}; got"):
                validation.real("x", wrong, low=low, high=most)


def test_dtypes() -> None:
    assert validation.array("x", [1, 2]).dtype == np.float64
    assert validation.array("x", [True]).dtype == np.float64
    assert validation.array("x", np.ones(2, np.float32)).dtype == np.float32
    exact = validation.array("x", [Fraction(1, 3), 1], low=0, high=1)
    assert exact.dtype == object
    assert exact[0] == Fraction(1, 3)
    assert validation.array("x", [np.inf], finite=False)[0] == np.inf


def test_an_array_that_needs_no_change_is_not_copied() -> None:
    given = np.ones(3)
    assert validation.array("x", given) is given


def test_long_values_are_shortened() -> None:
    assert "shape (3, 3) and dtype float64" in str(validation.must("x", "small", np.eye(3)))
    assert len(str(validation.must("x", "short", "a" * 1000))) < 120


@pytest.mark.parametrize("rng", [None, 3, np.int64(3), np.random.SeedSequence(3), np.random.PCG64(3)])
def test_generators(rng: Any) -> None:
    assert isinstance(validation.generator(rng), np.random.Generator)


def test_a_generator_is_passed_through_and_an_integer_repeats() -> None:
    rng = np.random.default_rng(3)
    assert validation.generator(rng) is rng
    assert validation.generator(3).random() == validation.generator(np.int64(3)).random()


def test_floats_are_doubles_of_exact_numbers() -> None:
    assert validation.floats("x", np.ones(2, np.float32)).dtype == np.float32
    found = validation.floats("x", [[Fraction(1, 3), 2]], shape=(1, 2))
    assert found.dtype == np.float64
    assert found.tolist() == [[1 / 3, 2.0]]
    for value, rule in (
        ([Fraction(10**400)], "an array of numbers in the range of doubles"),
        ([Fraction(1, 2), np.inf], "finite"),
    ):
        with pytest.raises(ValueError, match=f"^`x` must be {rule}"):
            validation.floats("x", np.array(value, object))
