"""Formulas refuse what they say nothing about: one row for each function and argument."""

from __future__ import annotations

from typing import Any

import pytest

from lrtheory.matrix_compression import theory
from tests.rules.refusals import assert_refused

NAN = float("nan")
AT_ZERO, FINITE, ONE, ZERO = "in [0, inf)", "in (-inf, inf)", "an integer of at least 1", "an integer of at least 0"
PAIR = ([[1.0]], [[1.0]])

#: function, its positional arguments, its options that are right, those that are wrong, the argument named, the rule
REFUSED: list[tuple[str, Any, dict[str, Any], dict[str, Any], str, str]] = [
    ("balanced_energy", ([-1.0], 1), {}, {}, "spectrum", AT_ZERO),
    ("balanced_energy", ([1.0], -1), {}, {}, "rank", ZERO),
    ("balanced_energy", ([1.0], 1), {}, {"scale": 0}, "scale, out_scale", "numbers other than 0"),
    ("balanced_energy", ([1.0], 1), {}, {"out_scale": NAN}, "out_scale", FINITE),
    ("best_of_equal_costs", ([], 1), {}, {}, "spectra", "singular values of at least one matrix"),
    ("best_of_equal_costs", (3, 1), {}, {}, "spectra", "a sequence"),
    ("best_of_equal_costs", ([[1.0]], -1), {}, {}, "budget", ZERO),
    ("cast_error", ((1.0, -1.0), (1, 1)), {"dtype": "float16"}, {}, "norms", AT_ZERO),
    ("cast_error", ((1.0, 1.0), (1, -1)), {"dtype": "float16"}, {}, "sizes[1]", ZERO),
    ("cast_error", ((1.0, 1.0), 3), {"dtype": "float16"}, {}, "sizes", "a sequence"),
    ("cast_error", ((1.0, 1.0), (1, 1)), {}, {"dtype": "int8"}, "dtype", "one of 'float64'"),
    ("condition_limit", ([1.0, 0.0],), {}, {}, "input_values", "in (0, inf)"),
    ("condition_limit", ([],), {}, {}, "input_values", "at least one number"),
    ("distilled_energy", (-1.0, [1.0], 1), {}, {}, "outside", AT_ZERO),
    ("distilled_energy", (1.0, [-1.0], 1), {}, {}, "spectrum", AT_ZERO),
    ("distilled_energy", (1.0, [1.0], -1), {}, {}, "rank", ZERO),
    ("drift_limit", (-1, 0.5), {}, {}, "times", ZERO),
    ("drift_limit", (1, 1.0), {}, {}, "tail_energy", "in (0, 1)"),
    ("dual_bound", (None, 1), {"price": 1}, {}, "spectra", "a sequence"),
    ("dual_bound", ([[1.0]], 1), {"price": 1}, {"costs": 3}, "costs", "a sequence"),
    ("dual_bound", ([[1.0]], 1), {"price": 1}, {"costs": [[1, 1]]}, "costs", "numbers, or 1 of them"),
    ("dual_bound", ([[-1.0]], 1), {"price": 1}, {}, "spectra", AT_ZERO),
    ("dual_bound", ([[1.0]], -1), {"price": 1}, {}, "budget", AT_ZERO),
    ("dual_bound", ([[1.0]], 1), {}, {"price": -1}, "price", AT_ZERO),
    ("dual_bound", ([[1.0]], 1), {"price": 1}, {"costs": [0.0]}, "costs", "in (0, inf)"),
    ("dual_bound", ([[1.0]], 1), {"price": 1}, {"costs": [1.0, 1.0]}, "costs", "1 costs, one a matrix"),
    ("factor_inner_product", (([[1.0]], [1.0]), PAIR), {}, {}, "first[1]", "of shape (m, n)"),
    ("factor_inner_product", (PAIR, [1.0]), {}, {}, "second", "a pair of factors (B, A)"),
    ("factor_inner_product", (PAIR, ([[1.0], [1.0]], [[1.0]])), {}, {}, "first, second", "factors of matrices"),
    ("greedy_gap", (-1, 0), {"cost": 1}, {}, "rejected", AT_ZERO),
    ("greedy_gap", (1, 1), {"cost": 1}, {}, "unused", "in [0, 1)"),
    ("greedy_gap", (1, 0), {}, {"cost": 0}, "cost", "in (0, inf)"),
    ("kept_alpha_factor", (0, 1), {}, {}, "old_rank", ONE),
    ("kept_alpha_factor", (1, 0), {}, {}, "new_rank", ONE),
    ("layer_energy", ([-1.0], 1), {}, {}, "spectrum", AT_ZERO),
    ("layer_energy", ([1.0], -1), {}, {}, "rank", ZERO),
    ("linear_cross_terms", ([[1.0]], [[[1.0]]]), {}, {}, "left", "of shape (K, m, q)"),
    ("linear_cross_terms", ([[[1.0]]], [[1.0]]), {}, {}, "right", "of shape (K, q, n)"),
    ("linear_cross_terms", ([[[1.0]]], [[[1.0]], [[1.0]]]), {}, {}, "left, right", "as many left as right factors"),
    ("salt_energy", ([NAN], [1.0], [1.0]), {}, {}, "singular_values", FINITE),
    ("salt_energy", ([1.0], [NAN], [1.0]), {}, {}, "scale", FINITE),
    ("salt_energy", ([1.0], [1.0], [NAN]), {}, {}, "shift", FINITE),
    ("salt_energy", ([1.0], [1.0, 1.0], [1.0]), {}, {}, "scale, shift", "1 numbers each"),
    ("salt_energy", ([1.0], [1.0], [1.0]), {}, {"rest": -1}, "rest", AT_ZERO),
    ("sketch_bound", (-1, 1, 2), {}, {}, "tail", AT_ZERO),
    ("sketch_bound", (1, -1, 2), {}, {}, "rank", ZERO),
    ("sketch_bound", (1, 1, 1), {}, {}, "oversampling", "an integer of at least 2"),
    ("squeeze_energy", ([-1.0], 1), {}, {}, "spectrum", AT_ZERO),
    ("squeeze_energy", ([1.0], -1), {}, {}, "rank", ZERO),
    ("squeeze_energy", ([1.0], 1), {}, {"scale": NAN}, "scale", FINITE),
    ("step_limit", (-1, 0.5), {}, {}, "norm", AT_ZERO),
    ("step_limit", (1, 0.0), {}, {}, "tail_energy", "in (0, 1)"),
    ("stream_bracket", ([],), {}, {}, "tails", "a sequence of at least one number"),
    ("stream_bracket", ([-1.0],), {}, {}, "tails", AT_ZERO),
    ("truncation_bracket", ([1.0], 3, 1), {}, {}, "discarded", "a sequence"),
    ("tanh_bound", (-1,), {}, {}, "oscillation", AT_ZERO),
    ("tanh_bound", (1, -1), {}, {}, "diameter", AT_ZERO),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[0]}-{row[4]}")
def test_refused(row: tuple[str, Any, dict[str, Any], dict[str, Any], str, str]) -> None:
    name, args, right, wrong, argument, rule = row
    assert_refused(getattr(theory, name), args, right | wrong, argument, rule)
