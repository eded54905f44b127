"""Integers have one meaning: a formula gives one answer for the same whole numbers, whatever type they come in."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.core.formulas.exchanging import (
    FORMULAS,
    answer,
    example,
    exchanged,
    function_of,
    holds_data,
    is_number,
    leaves,
    of_doubles,
    of_objects,
    of_type,
    plain_name,
)

#: the size of the largest number of each argument: that of the example, the largest of 8 bits, and one whose square
#: does not fit into 64 bits
SIZES = {"example": None, "bytes": 127, "large": 2**40}
#: formulas none of whose arguments can be 2^40, by what they are instead
SMALL = {
    "nothing": {"auon_factors", "coordination_limits"},
    "probabilities and shares": {
        "accepted_as",
        "batch_damage",
        "batch_pair_ratio",
        "best_n",
        "best_possible",
        "clipped_distance_bound",
        "conditional_probability",
        "entropy_rate",
        "entry_error",
        "fork_scores",
        "gap_confusion",
        "gradient_rate",
        "greedy_score",
        "kl_divergence",
        "kl_lower_bound",
        "level",
        "mask_factor",
        "masked_probability",
        "matroid_ratio",
        "mean_weight",
        "must_expand",
        "pair_ratio",
        "preconditioned_condition",
        "printed_energy_threshold",
        "queries_bound",
        "queries_needed",
        "random_density",
        "random_overlap",
        "realized_ratio",
        "sieve_ratio",
        "softmax_jacobian",
        "stochastic_ratio",
        "success_direction",
        "table_ratio",
        "tilt_bound",
        "tuned_gradient_rate",
        "tuned_step",
        "tv_bound",
        "tv_limit",
        "two_point_threshold",
    },
    "distances of unit vectors": {"gap_with_itself", "may_change"},
    "numbers of 8 or 16 bits": {"half_gaps", "score_excess"},
}
#: answers to Fractions that differ from those to doubles, as the docstrings say
OTHER_FOR_FRACTIONS = {"logit_bound"}


KINDS: dict[str, Callable[[list[int], Any], Any]] = {
    "int8": of_type(np.int8),
    "uint16": of_type(np.uint16),
    "int64": of_type(np.int64),
    "Fraction": of_objects(Fraction),
    "double": of_doubles,
}


def resized(value: Any, size: int | None) -> Callable[[Any], int]:
    """From numbers of an argument to whole ones, of which the largest gets a size; zeros and signs stay."""
    largest = max(abs(Fraction(x)) for x in leaves(value)) or 1
    factor = 1 if size is None else size / largest
    return lambda x: (1 if x >= 0 else -1) * math.ceil(abs(Fraction(x)) * factor)


def same(ours: list[Any] | None, due: list[Any] | None, rtol: float) -> bool:
    if ours is None or due is None:
        return ours is due
    return len(ours) == len(due) and all(close(x, y, rtol) for x, y in zip(ours, due, strict=True))


def close(x: Any, y: Any, rtol: float) -> bool:
    if not (is_number(x) and is_number(y)) or x == y:
        return bool(x == y)
    return bool(x != x and y != y) or abs(x - y) <= rtol * max(abs(x), abs(y))


@pytest.mark.parametrize(("system", "name"), FORMULAS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # exponentials of 2^40 are infinite
def test_integers_of_all_types_have_one_answer(system: str, name: str) -> None:
    function, bind = function_of(system, name), lambda: example(system, name)
    given = {key: value for key, value in bind().arguments.items() if leaves(value)}
    counts = {key for key in given if not holds_data(system, name, key)}
    took_large = False
    for group in [{key} for key in given] + ([set(given)] if len(given) > 1 else []):
        for label, size in SIZES.items():
            whole = {key: resized(given[key], None if key in counts else size) for key in group}
            python = {key: exchanged(given[key], whole[key], of_objects(int)) for key in group}
            due = answer(function, bind(), python)
            took_large |= label == "large" and due is not None
            for kind, make in KINDS.items():
                try:
                    changed = {key: exchanged(given[key], whole[key], make) for key in group}
                except OverflowError:  # they do not fit into this type
                    continue
                ours, inexact = answer(function, bind(), changed), kind in ("Fraction", "double")
                if inexact and (ours is None or due is None or plain_name(name) in OTHER_FOR_FRACTIONS):
                    continue
                assert same(ours, due, 1e-9 * inexact), f"{name}({changed}) is {ours}, of Python integers {due}"
    assert took_large != any(plain_name(name) in names for names in SMALL.values())
