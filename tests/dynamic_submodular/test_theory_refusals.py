"""Formulas refuse what they say nothing about: one row per function and argument."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

from lrtheory.dynamic_submodular import theory
from tests.rules.refusals import arguments_of, assert_refused

NAN = math.nan
REFUSED: list[tuple[str, tuple[Any, ...], dict[str, Any], str, str]] = [
    ("batch_damage", (0.6,), {}, "epsilon", "in [0, 1/2]"),
    ("batch_pair_ratio", (-0.1,), {}, "epsilon", "in [0, 1/2]"),
    ("batch_value", (-1.0, 1.0, 0.1), {"is_full": True}, "guess", "in [0, inf)"),
    ("batch_value", (1.0, -1.0, 0.1), {"is_full": True}, "optimum", "in [0, inf)"),
    ("batch_value", (1.0, 1.0, NAN), {"is_full": True}, "epsilon", "in [0, 1/2]"),
    ("build_law", (3, [0]), {"k": 1, "threshold": 1}, "value", "a function of tuples of elements"),
    ("build_law", (len, 3), {"k": 1, "threshold": 1}, "elements", "integers"),
    ("build_law", (len, [0.5]), {"k": 1, "threshold": 1}, "elements", "an integer"),
    ("build_law", (len, [0]), {"k": 0, "threshold": 1}, "k", "an integer of at least 1"),
    ("build_law", (len, [0]), {"k": 1, "threshold": NAN}, "threshold", "in [0, inf)"),
    ("deletion_queries", (0,), {}, "k", "an integer of at least 1"),
    ("epoch_probability", (-1, 6, 0.1), {}, "d", "an integer in [0, 6]"),
    ("epoch_probability", (1, 0, 0.1), {}, "N", "an integer of at least 1"),
    ("epoch_probability", (1, 6, 0.0), {}, "epsilon", "in (0, inf)"),
    ("epoch_probability", (1, 6, 0.1), {"free_rejections": -1}, "free_rejections", "an integer of at least 0"),
    ("greedy_ratio", (0,), {}, "k", "in [1, inf)"),
    ("greedy_ratio", (2.5,), {}, "k", "an integer of at least 1"),
    ("greedy_step", (-1.0, 1.0, 2), {}, "value", "in [0, inf)"),
    ("greedy_step", (0.0, NAN, 2), {}, "optimum", "in [0, inf)"),
    ("greedy_step", (0.0, 1.0, 0), {}, "k", "in [1, inf)"),
    ("group_bound", (-1.0, [1.0], [1]), {}, "value", "in [0, inf)"),
    ("group_bound", (1.0, [-1.0], [1]), {}, "bars", "in [0, inf)"),
    ("group_bound", (1.0, [1.0], [-1]), {}, "limits", "in [0, inf)"),
    ("group_bound", (1.0, [1.0], [1, 2]), {}, "limits", "1 numbers"),
    ("guesses_per_element", (0, 0.1), {}, "k", "an integer of at least 1"),
    ("guesses_per_element", (1, 0.0), {}, "epsilon", "in (0, inf)"),
    ("insertion_queries", (0,), {}, "k", "an integer of at least 1"),
    ("level_value", (-1.0, 1.0), {"is_full": True}, "guess", "in [0, inf)"),
    ("level_value", (1.0, NAN), {"is_full": False}, "optimum", "in [0, inf)"),
    ("levels_bound", (0, 1, 0.1), {}, "n", "an integer of at least 1"),
    ("levels_bound", (1, 0, 0.1), {}, "k", "an integer of at least 1"),
    ("levels_bound", (1, 1, -0.1), {}, "epsilon", "in (0, inf)"),
    ("levels_bound", (1, 1, 0.1), {"share": 0}, "share", "in (0, 1]"),
    ("marginal_bound", (-1.0, [1.0], [1]), {}, "value", "in [0, inf)"),
    ("marginal_bound", (1.0, [-1.0], [1]), {}, "marginals", "in [0, inf)"),
    ("marginal_bound", (1.0, [1.0], [1]), {"groups": [-1]}, "groups", "in [0, inf)"),
    ("marginal_bound", (1.0, [1.0], [1]), {"groups": [0, 0]}, "groups", "of shape (1,)"),
    ("marginal_bound", (1.0, [1.0], [-1]), {}, "limits", "in [0, inf)"),
    ("live_value", ([NAN], [True]), {}, "increments", "in (-inf, inf)"),
    ("live_value", ([1.0], []), {}, "is_live", "of shape (1,)"),
    ("matroid_ratio", (-1,), {}, "epsilon", "in [0, 1]"),
    ("n_buckets", (0, 0.1), {}, "k", "an integer of at least 1"),
    ("n_buckets", (1, NAN), {}, "epsilon", "in (0, inf)"),
    ("pair_bound", (-1.0, 1.0), {}, "value", "in [0, inf)"),
    ("pair_bound", (1.0, -1.0), {}, "guess", "in [0, inf)"),
    ("pair_ratio", (2,), {}, "epsilon", "in [0, 1]"),
    ("prefix_maximal_bound", (7, 6, 0.5), {}, "d", "an integer in [0, 6]"),
    ("prefix_maximal_bound", (0, 0, 0.5), {}, "N", "an integer of at least 1"),
    ("prefix_maximal_bound", (1, 6, 0), {}, "fraction", "in (0, inf)"),
    ("sieve_ratio", (7,), {}, "epsilon", "in [0, 1/2]"),
    ("stochastic_ratio", (-3,), {}, "epsilon", "in [0, 0.63"),
    ("stochastic_samples", (0, 1, 0.1), {}, "n", "an integer of at least 1"),
    ("stochastic_samples", (1, 0, 0.1), {}, "k", "an integer of at least 1"),
    ("stochastic_samples", (1, 1, 1.0), {}, "epsilon", "in (0, 1)"),
    ("table_ratio", (1.5,), {}, "epsilon", "in [0, 1]"),
    ("tight_failure_probability", (0, 1, 1), {"n_high": 1, "n_low": 1}, "k", "an integer of at least 1"),
    ("tight_failure_probability", (1, -1, 1), {"n_high": 1, "n_low": 1}, "n_identical", "an integer of at least 0"),
    ("tight_failure_probability", (1, 1, -1), {"n_high": 1, "n_low": 1}, "n_decoys", "an integer of at least 0"),
    ("tight_failure_probability", (1, 1, 1), {"n_high": -1, "n_low": 1}, "n_high", "an integer of at least 0"),
    ("tight_failure_probability", (1, 1, 1), {"n_high": 1, "n_low": -1}, "n_low", "an integer of at least 0"),
    ("tight_greedy_value", (Fraction(3, 2),), {}, "k", "an integer of at least 1"),
    ("tight_value", (-1.0,), {}, "total", "in [0, inf)"),
]


@pytest.mark.parametrize(
    ("name", "arguments", "options", "argument", "rule"), REFUSED, ids=[f"{name}-{who}" for name, *_, who, _ in REFUSED]
)
def test_a_formula_refuses(name: str, arguments: Any, options: Any, argument: str, rule: str) -> None:
    assert_refused(getattr(theory, name), arguments, options, argument, rule)


def test_every_argument_of_every_formula_is_refused() -> None:
    assert {(row[0], row[3]) for row in REFUSED} == arguments_of(theory, {"is_full"})  # which has a truth value


@pytest.mark.parametrize("name", ["batch_damage", "matroid_ratio", "pair_ratio", "sieve_ratio", "stochastic_ratio"])
def test_what_is_no_number_is_a_type_error(name: str) -> None:
    for wrong in ("a half", None, True):
        with pytest.raises(TypeError, match="`epsilon` must be a number"):
            getattr(theory, name)(wrong)


def test_hypotheses_hold_at_their_ends() -> None:
    half = Fraction(1, 2)
    assert (theory.table_ratio(1), theory.pair_ratio(0), theory.sieve_ratio(half)) == (0, half, 0)
    assert theory.batch_damage(half) == Fraction(1, 3)
    assert theory.batch_pair_ratio(Fraction(0)) == half
    assert theory.prefix_maximal_bound(0, 1, 1) == 0
    assert theory.epoch_probability(1, 6, Fraction(1), free_rejections=0) == Fraction(2, 3)
    assert theory.pair_bound(0, 0) == 0
    assert theory.greedy_ratio(1) == 1
    assert theory.tight_failure_probability(1, 0, 0, n_high=0, n_low=0) == 0
    assert theory.live_value([], []) == 0
