"""Formulas of adapters refuse what they say nothing about: one row for each function and argument."""

from __future__ import annotations

from typing import Any

import pytest

from lrtheory.low_rank_adapters import theory
from tests.rules.refusals import arguments_of, assert_refused

AT_ZERO, ONE, ZERO = "in [0, inf)", "an integer of at least 1", "an integer of at least 0"
ENDS = {"bases": (1, 1), "entries": (1, 1)}

#: function, its positional arguments, its options that are right, those that are wrong, the argument named, the rule
REFUSED: list[tuple[str, Any, dict[str, Any], dict[str, Any], str, str]] = [
    ("adapter_dimension", ("tera", (1, 1)), {}, {}, "kind", "one of 'lora'"),
    ("adapter_dimension", ("lora", (1,)), {}, {}, "shape", "a pair of integers"),
    ("adapter_dimension", ("lora", (1, 1)), {}, {"rank": 0}, "rank", ONE),
    ("adapter_dimension", ("randlora", (1, 1)), {}, {"n_blocks": 0}, "n_blocks", ONE),
    ("adapter_dimension", ("vera", (1, 1)), {}, {"n_parts": 0}, "n_parts", ONE),
    ("adapter_dimension", ("uni-lora", (1, 1)), {}, {"n_groups": 0}, "n_groups", ONE),
    ("central_difference", ([[1]], [[1]], [1]), {}, {}, "gradient", "of shape (m, n)"),
    ("central_difference", ([[1, 2]], [[1]], [[1]]), {}, {}, "ahead", "of shape (1, 1)"),
    ("central_difference", ([[1]], [[1], [2]], [[1]]), {}, {}, "behind", "of shape (1, 1)"),
    ("conversion_energy", ([-1], 1), {}, {}, "spectrum", AT_ZERO),
    ("conversion_energy", ([1], -1), {}, {}, "rank", ZERO),
    ("crossover_exponent", (1, 1), {}, {}, "side", "an integer of at least 2"),
    ("crossover_exponent", (4, 4), {}, {}, "rank", "an integer in [1, 3]"),
    ("crossover_rank", ([1, 1], (1, 3)), {}, {}, "spectrum", "at most 1 singular values, not all 0"),
    ("crossover_rank", ([0], (1, 3)), {}, {}, "spectrum", "at most 1 singular values, not all 0"),
    ("crossover_rank", ([1], 3), {}, {}, "shape", "a sequence"),
    ("dead_share", (0.5, 1), {}, {}, "sparsity", "in [1, inf)"),
    ("dead_share", (2, 0), {}, {}, "rank", ONE),
    ("distance_floor", (-1, 0, 0), {}, {}, "total", AT_ZERO),
    ("distance_floor", (1, -1, 0), {}, {}, "captured", AT_ZERO),
    ("distance_floor", (1, 2, 0), {}, {}, "captured", "at most `total`"),
    ("distance_floor", (1, 1, -1), {}, {}, "tail", AT_ZERO),
    ("expected_group_residual", ([], 1), {}, {}, "values", "a sequence of at least one number"),
    ("expected_group_residual", ([1, 2], 3), {}, {}, "n_groups", "an integer in [1, 2]"),
    ("group_residual", ([1], [0, 0], 1), {}, {}, "values", "of shape (2,)"),
    ("group_residual", ([1, 2], [0, 1], 1), {}, {}, "assignment", "integers from 0 to 0"),
    ("group_residual", ([1, 2], [0, 0.5], 1), {}, {}, "assignment", "integers from 0 to 0"),
    ("group_residual", ([1, 2], [0, 0], 0), {}, {}, "n_groups", ONE),
    ("hadamard_bracket", (-1, 1, 1), {}, {}, "tail", AT_ZERO),
    ("hadamard_bracket", (1, -1, 1), {}, {}, "smallest", AT_ZERO),
    ("hadamard_bracket", (1, 1, -1), {}, {}, "largest", AT_ZERO),
    ("hadamard_floor", ([1], [[1]]), {}, {}, "target", "of shape (m, n)"),
    ("hadamard_floor", ([[1, 2]], [[1]]), {}, {}, "weight", "of shape (1, 2)"),
    ("hadamard_rank_one_energy", ([-1], 1), {}, {}, "spectrum", AT_ZERO),
    ("hadamard_rank_one_energy", ([1], -1), {}, {}, "rank", ZERO),
    ("norm_ceiling", (-1,), {}, {}, "squared_norm", AT_ZERO),
    ("projection_gram", ([0, 2], [1, 1]), {}, {}, "assignment", "integers from 0 to 1"),
    ("projection_gram", ([0, 1], [1, 0]), {}, {}, "sizes", "in [1, inf)"),
    ("random_capture", (7, (2, 3)), {}, {}, "dimension", "an integer in [0, 6]"),
    ("random_capture", (0, [2]), {}, {}, "shape", "a pair of integers"),
    ("randlora_bracket", (-1, 1), ENDS, {}, "outside", AT_ZERO),
    ("randlora_bracket", (1, -1), ENDS, {}, "rest", AT_ZERO),
    ("randlora_bracket", (1, 1), ENDS, {"bases": []}, "bases", "a sequence of at least one number"),
    ("randlora_bracket", (1, 1), ENDS, {"entries": (1, 2, 3)}, "entries", "2 numbers"),
    ("randlora_bracket", (1, 1), ENDS, {"bases": (2, 1)}, "bases", "a pair that does not decrease"),
    ("randlora_bracket", (1, 1), ENDS, {"entries": (-1, 1)}, "entries", AT_ZERO),
    ("randlora_energy", (-1, [0]), {}, {}, "total", AT_ZERO),
    ("randlora_energy", (1, [2]), {}, {}, "leading", "numbers whose squares sum to at most `total`"),
    ("randlora_rank", ([[1] * 13], 1, 1), {}, {}, "A", "a matrix of at most 12 columns"),
    ("randlora_rank", ([[1]], 0, 1), {}, {}, "n_blocks", ONE),
    ("randlora_rank", ([[1]], 1, 0), {}, {}, "side", ONE),
    ("regression_energy", (-1, [1], 1), {}, {}, "outside", AT_ZERO),
    ("regression_energy", (1, [-1], 1), {}, {}, "spectrum", AT_ZERO),
    ("regression_energy", (1, [1], -1), {}, {}, "rank", ZERO),
    ("sketch_floor", (-1, [1], 1), {"missed": 0, "largest": 0}, {}, "total", AT_ZERO),
    ("sketch_floor", (1, [-1], 1), {"missed": 0, "largest": 0}, {}, "spectrum", AT_ZERO),
    ("sketch_floor", (1, [1], -1), {"missed": 0, "largest": 0}, {}, "rank", ZERO),
    ("sketch_floor", (1, [1], 1), {"largest": 0}, {"missed": -1}, "missed", AT_ZERO),
    ("sketch_floor", (1, [1], 1), {"missed": 0}, {"largest": -1}, "largest", AT_ZERO),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[0]}-{row[4]}")
def test_what_a_formula_says_nothing_about_is_refused(
    row: tuple[str, Any, dict[str, Any], dict[str, Any], str, str],
) -> None:
    name, args, right, wrong, argument, rule = row
    assert_refused(getattr(theory, name), args, right | wrong, argument, rule)


def test_every_argument_has_a_row() -> None:
    formulas = {row[0] for row in REFUSED}
    assert {pair for pair in arguments_of(theory) if pair[0] in formulas} == {(row[0], row[4]) for row in REFUSED}
