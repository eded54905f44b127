"""Formulas refuse what they say nothing about, beyond what their domains say."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.dynamic_submodular import theory
from tests.core.formulas.declared import in_rooms
from tests.rules.refusals import assert_refused

AT_ZERO = "in [0, inf)"
#: function, its arguments, the argument named, the rule: what no domain says
REFUSED: list[tuple[str, Any, str, str]] = [
    ("build_law", (3, [0], 1, 1), "f", "a function of tuples of elements"),
    ("build_law", (len, 3, 1, 1), "V", "integers"),
    ("build_law", (len, np.array(3), 1, 1), "V", "integers"),
    ("build_law", (len, [0.5], 1, 1), "V", "an integer"),
    ("build_law", (len, [-1], 1, 1), "V", "an integer of at least 0"),
    ("greedy_ratio", (2.5,), "k", "an integer of at least 1"),
    ("greedy_step", (0.0, 1.0, 2.5), "k", "an integer of at least 1"),
    ("tight_greedy_value", (Fraction(3, 2),), "k", "an integer of at least 1"),
    ("group_bound", (1.0, [-1.0], [1]), "bars", AT_ZERO),
    ("group_bound", (1.0, [1.0], [-1]), "limits", AT_ZERO),
    ("group_bound", (1.0, [1.0], [1, 2]), "limits", "1 numbers"),
    ("marginal_bound", (1.0, [-1.0], [1]), "marginals", AT_ZERO),
    ("marginal_bound", (1.0, [1.0], [-1]), "limits", AT_ZERO),
    ("stochastic_ratio", (0.7,), "epsilon", "in [0, 0.63"),
]
FORMULAS = {one.path.rpartition(".")[2]: one.function for one in in_rooms("dynamic_submodular")}


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[0]}-{row[2]}")
def test_what_no_domain_says_is_refused(row: tuple[str, Any, str, str]) -> None:
    name, args, argument, rule = row
    assert_refused(FORMULAS.get(name) or getattr(theory, name), args, {}, argument, rule)


@pytest.mark.parametrize(("groups", "rule"), [([-1], AT_ZERO), ([0, 0], "of shape (1,)")])
def test_groups_are_one_number_for_each_candidate(groups: list[int], rule: str) -> None:
    assert_refused(theory.marginal_bound, (1.0, [1.0], [1]), {"groups": groups}, "groups", rule)


@pytest.mark.parametrize("name", ["batch_damage", "matroid_ratio", "pair_ratio", "sieve_ratio", "stochastic_ratio"])
def test_what_is_no_number_is_a_type_error(name: str) -> None:
    for wrong in ("a half", None, True):
        with pytest.raises(TypeError, match="`epsilon` must be a number"):
            (FORMULAS.get(name) or getattr(theory, name))(wrong)
