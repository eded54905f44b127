"""Algorithms of the caller's own: what they are told when they go wrong."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

import lrtheory
from lrtheory.bounds.trust.user_solver import kind_of

ID = "alpha_rank/AR-T8"


class Pair(NamedTuple):
    first: object
    second: object


def by_least_squares(chain, rng):
    """A stationary law that is right up to the rounding of doubles."""
    rates = chain.rates.astype(float)
    n = len(rates)
    balance = rates.T - np.diag(rates.sum(axis=1) - np.diag(rates)) - np.diag(np.diag(rates))
    return np.linalg.lstsq(np.vstack([balance, np.ones(n)]), np.eye(n + 1)[n], rcond=None)[0]


@pytest.mark.parametrize("outcome", ["a word", [[1]], None, {"pi": 1}])
def test_a_wrong_kind_of_outcome_is_told_apart_from_the_right_one(outcome: object) -> None:
    with pytest.raises(
        lrtheory.bounds.StatementError, match=r"`solve` must return array \(2,\) of Fraction, as .*AR-T8"
    ):
        lrtheory.check(ID, solve=lambda chain, rng: outcome)


def test_an_error_within_the_solver_comes_through_with_the_instance() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        lrtheory.check(ID, solve=lambda chain, rng: 1 / 0)
    assert caught.value.__notes__ == [
        "raised by `solve` on an instance of alpha_rank/AR-T8: Chain(rates: array (2, 2) of Fraction)"
    ]


def test_nan_refutes_and_names_its_place_and_the_instance() -> None:
    evidence = lrtheory.check(ID, solve=lambda chain, rng: np.full(len(chain.rates), np.nan))
    assert evidence.verdict == "refuted"
    assert evidence.worst["lhs"] == "`outcome` is nan at (0,)"
    assert evidence.worst["rhs"] == "a finite number"
    assert evidence.worst["instance"] in evidence.replay


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="`solve` must be a callable; got 3"):
        lrtheory.check(ID, solve=3)


def test_doubles_that_are_right_are_told_why_they_fail() -> None:
    evidence = lrtheory.check(ID, solve=by_least_squares)
    assert evidence.verdict == "refuted"
    assert "return Fractions" in evidence.message
    wrong = lrtheory.check(ID, solve=lambda chain, rng: by_least_squares(chain, rng) + 0.01)
    assert "return Fractions" not in wrong.message


def test_kinds() -> None:
    assert kind_of(np.zeros((2, 3))) == "array (2, 3) of float64"
    assert kind_of(np.array([Fraction(1)], object)) == "array (1,) of Fraction"
    assert kind_of(np.ma.masked_array([Fraction(1)], [True], object)) == "array (1,) of Fraction"
    assert kind_of(Pair(1, [1.0, 2.0])) == "Pair(first: int, second: list of 2: float)"
    assert kind_of({"a": (1, "b")}) == "dict('a': tuple of 2: int, str)"
    assert kind_of(Pair(Pair(Pair(1, 2), 0), 0)) == "Pair(first: Pair(first: Pair, second: int), second: int)"
    assert kind_of([]) == "list"
