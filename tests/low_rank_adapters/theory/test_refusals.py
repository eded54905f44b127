"""Formulas of adapters refuse what they say nothing about, beyond what their domains say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_adapters import theory
from tests.core.formulas.declared import in_rooms
from tests.rules.refusals import assert_refused

AT_ZERO = "in [0, inf)"
#: function, its arguments, the argument named, the rule: what no domain says
REFUSED: list[tuple[str, Any, str, str]] = [
    ("adapter_dimension", ("dora", (1, 1)), "kind", "one of 'lora'"),
    ("adapter_dimension", ("lora", (1,)), "shape", "a pair of integers"),
    ("captured_limit", ([-1], 1), "s", AT_ZERO),
    ("changed_gauge", ([[1]], [[1]], [[0]]), "T", "a nonsingular matrix of shape (1, 1)"),
    ("conversion_energy", ([-1], 1), "s", AT_ZERO),
    ("crossover_exponent", (4, 4), "rank", "an integer in [1, 3]"),
    ("crossover_rank", ([1, 1], (1, 3)), "spectrum", "at most 1 singular values, not all 0"),
    ("crossover_rank", ([0], (1, 3)), "spectrum", "at most 1 singular values, not all 0"),
    ("crossover_rank", ([1], 3), "shape", "a sequence"),
    ("distance_floor", (1, 2, 0), "captured", "at most `total`"),
    ("expected_group_residual", ([], 1), "v", "a sequence of at least one number"),
    ("expected_group_residual", ([1, 2], 3), "d", "an integer in [1, 2]"),
    ("group_residual", ([1], [0, 0], 1), "v", "of shape (2,)"),
    ("group_residual", ([1, 2], [0, 1], 1), "assignment", "integers from 0 to 0"),
    ("group_residual", ([1, 2], [0, 0.5], 1), "assignment", "integers from 0 to 0"),
    ("hadamard_rank_one_energy", ([-1], 1), "s", AT_ZERO),
    ("least_factor_energy", ([-1],), "s", AT_ZERO),
    ("projected", ([[1, 2]], [[1], [2]]), "B", "a factor of a matrix of shape"),
    ("projected", ([[1, 2]], None, [[1]]), "A", "a factor"),
    ("projected", ([[np.nan]],), "G", "in"),
    ("projection_gram", ([0, 2], [1, 1]), "assignment", "integers from 0 to 1"),
    ("projection_gram", ([0, 1], [1, 0]), "sizes", "in [1, inf)"),
    ("pseudo_inverse", ([1, 2],), "X", "of shape (m, n)"),
    ("randlora_bracket", (1, 1, [], (1, 1)), "bases", "a sequence of at least one number"),
    ("randlora_bracket", (1, 1, (1, 1), (1, 2, 3)), "entries", "2 numbers"),
    ("randlora_bracket", (1, 1, (2, 1), (1, 1)), "bases", "a pair that does not decrease"),
    ("randlora_bracket", (1, 1, (1, 1), (-1, 1)), "entries", AT_ZERO),
    ("randlora_energy", (1, [2]), "leading", "numbers whose squares sum to at most `total`"),
    ("randlora_rank", ([[1] * 13], 1, 1), "A", "a matrix of at most 12 columns"),
    ("random_capture", (7, (2, 3)), "K", "an integer in [0, 6]"),
    ("random_capture", (0, [2]), "shape", "a pair of integers"),
    ("regression_energy", (1, [-1], 1), "s", AT_ZERO),
    ("routing_objective", ([0.5, 0.6], {"logits": [0, 0], "prior": [1, 1]}), "weights", "numbers that sum to 1"),
    ("routing_objective", ([1.0], {"logits": [0, 0], "prior": [1, 1]}), "weights", "2 numbers"),
    ("routing_weights", ([0, 0], {"prior": [1]}), "prior", "2 numbers"),
    ("routing_weights", ([0, 0], {"prior": [0, 0]}), "prior", "above 0 for one atom at least"),
    ("sign_capture", ([0, 0], [1]), "u", "a vector other than 0"),
    ("sketch_floor", (1, [-1], 1, 0, 0), "s", AT_ZERO),
    ("struck_rank", ([[1, 2]], [1, 1], [1, 1]), "d", "1 numbers"),
    ("struck_rank", ([[1, 2]], [1], [1]), "e", "2 numbers"),
    ("switched_rank", ((0, 1), 1, 1), "shape[0]", "an integer of at least 1"),
    ("switched_weight", ([[1]], [1], [1], [1, 2]), "new", "of shape (1,)"),
    ("transported", ([[1]], [[1, 2]], [[1]]), "before", "of the shape of `B`"),
    ("transported", ([[1]], [[1]], [[1], [2]]), "M_A", "of shape (1, n)"),
    ("transported_momenta", ([[0]], [[1]], [[1]]), "T", "a nonsingular matrix"),
    ("transported_momenta", ([[1]], [[1]], [[1], [2]]), "M_A", "of shape"),
    ("two_steps_suffice", ([[1]], [[1], [2]]), "B", "a factor of a matrix"),
]
FORMULAS = {one.path.rpartition(".")[2]: one.function for one in in_rooms("low_rank_adapters")}


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[0]}-{row[2]}")
def test_what_no_domain_says_is_refused(row: tuple[str, Any, str, str]) -> None:
    name, args, argument, rule = row
    options = args[-1] if isinstance(args[-1], dict) else {}
    args = args[: len(args) - bool(options)]
    assert_refused(FORMULAS.get(name) or getattr(theory, name), args, options, argument, rule)
