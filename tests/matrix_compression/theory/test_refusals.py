"""Formulas refuse what they say nothing about, beyond what their domains say: one row for each rule."""

from __future__ import annotations

from typing import Any

import pytest

from lrtheory.matrix_compression import theory
from tests.core.formulas.declared import in_rooms
from tests.rules.refusals import assert_refused

AT_ZERO = "in [0, inf)"
PAIR = ([[1.0]], [[1.0]])

#: function, its arguments, its options that are right, those that are wrong, the argument named, the rule
REFUSED: list[tuple[str, Any, dict[str, Any], dict[str, Any], str, str]] = [
    ("balanced_energy", ([1.0], 1, 0), {}, {}, "s, t", "numbers other than 0"),
    ("balanced_energy", ([1.0], 1, 1, 0.0), {}, {}, "s, t", "numbers other than 0"),
    ("best_of_equal_costs", ([], 1), {}, {}, "spectra", "singular values of at least one matrix"),
    ("best_of_equal_costs", (3, 1), {}, {}, "spectra", "a sequence"),
    ("cast_error", ((1.0, -1.0), (1, 1), "float16"), {}, {}, "norms", AT_ZERO),
    ("cast_error", ((1.0, 1.0), (1, -1), "float16"), {}, {}, "sizes[1]", "an integer of at least 0"),
    ("cast_error", ((1.0, 1.0), 3, "float16"), {}, {}, "sizes", "a sequence"),
    ("cast_error", ((1.0, 1.0), (1, 1), "int8"), {}, {}, "dtype", "one of 'float64'"),
    ("condition_limit", ([],), {}, {}, "sigma", "at least one number"),
    ("dual_bound", (None, 1), {"price": 1}, {}, "spectra", "a sequence"),
    ("dual_bound", ([[1.0]], 1), {"price": 1}, {"costs": 3}, "costs", "a sequence"),
    ("dual_bound", ([[1.0]], 1), {"price": 1}, {"costs": [[1, 1]]}, "costs", "numbers, or 1 of them"),
    ("dual_bound", ([[-1.0]], 1), {"price": 1}, {}, "spectra", AT_ZERO),
    ("dual_bound", ([[1.0]], 1), {"price": 1}, {"costs": [0.0]}, "costs", "in (0, inf)"),
    ("dual_bound", ([[1.0]], 1), {"price": 1}, {"costs": [1.0, 1.0]}, "costs", "1 costs, one a matrix"),
    ("factor_inner_product", (([[1.0]], [1.0]), PAIR), {}, {}, "first[1]", "of shape (m, n)"),
    ("factor_inner_product", (PAIR, [1.0]), {}, {}, "second", "a pair of factors (B, A)"),
    ("factor_inner_product", (PAIR, ([[1.0], [1.0]], [[1.0]])), {}, {}, "first, second", "factors of matrices"),
    ("stream_bracket", ([],), {}, {}, "tails", "a sequence of at least one number"),
    ("stream_bracket", ([-1.0],), {}, {}, "tails", AT_ZERO),
    ("truncation_bracket", ([1.0], 3, 1), {}, {}, "dropped", "a sequence"),
    ("truncation_bracket", ([1.0], [[-1.0]], 1), {}, {}, "dropped", AT_ZERO),
]
FORMULAS = {one.path.rpartition(".")[2]: one.function for one in in_rooms("matrix_compression")}


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[0]}-{row[4]}")
def test_refused(row: tuple[str, Any, dict[str, Any], dict[str, Any], str, str]) -> None:
    name, args, right, wrong, argument, rule = row
    assert_refused(FORMULAS.get(name) or getattr(theory, name), args, right | wrong, argument, rule)
