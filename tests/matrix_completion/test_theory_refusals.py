"""Formulas refuse what they say nothing about: one row per function and argument."""

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.matrix_completion import LowRank, theory
from tests.rules.refusals import arguments_of, assert_refused

NAN, ONE = float("nan"), np.ones((1, 1))
TRUTH = LowRank(np.array([[1.0], [0.0]]), np.array([2.0]), ONE)
U, SEEN = np.array([[0.6], [0.8]]), np.ones((2, 1), dtype=bool)
SIZES = {"incoherence": 1, "n_rows": 9, "rank": 2}
MOMENT = {**SIZES, "norm": 1.0, "density": 0.5}
FACTOR = {**SIZES, "condition": 1, "density": 0.5}
NEEDED = {"rank": 2, "incoherence": 1, "condition": 1}
TAIL = {"n_rows": 9, "n_cols": 9, "longest_row": 1.0, "longest_col": 1.0, "largest_entry": 1.0, "density": 0.5}
RISK = {"n_rows": 9, "n_cols": 9, "rank": 2, "density": 0.5}
PERTURBED = {**SIZES, "smallest": 1.0, "change": 0.1}
ROW = {"row_change": 0.1, "smallest": 1.0, "change": 0.1}
CONTRACTION = {"smallest": 1.0, "driving": 0.1, "inner": 0.1}

#: function, its positional arguments, its options that are right, those that are wrong, the argument named, the rule
REFUSED = [
    ("cg_error_bound", (1.0,), {"n_iter": 1}, {}, "e", "in [0, 1)"),
    ("cg_error_bound", (0.5,), {}, {"n_iter": -1}, "n_iter", "in [0, inf)"),
    ("clipped_distance_bound", (1.0,), {}, {}, "error", "in [0, 1)"),
    ("clipped_row_bound", (NAN,), SIZES, {}, "error", "in [0, 1)"),
    ("clipped_row_bound", (0.5,), SIZES, {"incoherence": 0}, "incoherence", "in (0, inf)"),
    ("clipped_row_bound", (0.5,), SIZES, {"n_rows": 0}, "n_rows", "an integer of at least 1"),
    ("clipped_row_bound", (0.5,), SIZES, {"rank": 0}, "rank", "an integer of at least 1"),
    ("clipped_row_bound", (0.5,), SIZES, {"clip": "all"}, "clip", "one of 'row', 'entry'"),
    ("contraction_bound", (1.5,), CONTRACTION, {}, "distance", "in [0, 1]"),
    ("contraction_bound", (np.array([0.5, NAN]),), CONTRACTION, {}, "distance", "in [0, 1]"),
    ("contraction_bound", (0.5,), CONTRACTION, {"smallest": 0}, "smallest", "in (0, inf)"),
    ("contraction_bound", (0.5,), CONTRACTION, {"driving": -1}, "driving", "in [0, inf)"),
    ("contraction_bound", (0.5,), CONTRACTION, {"inner": -1}, "inner", "in [0, inf)"),
    ("countsketch_rank_loss", (0,), {"sketch_size": 4}, {}, "rank", "an integer of at least 1"),
    ("countsketch_rank_loss", (1,), {}, {"sketch_size": 0}, "sketch_size", "in [1, inf)"),
    ("countsketch_second_moment", ([1.0],), {"sketch_size": 4}, {}, "Q", "of shape (n, k)"),
    ("countsketch_second_moment", (ONE,), {}, {"sketch_size": NAN}, "sketch_size", "in [1, inf)"),
    ("coverage_probability", (0, 1), {"rank": 1, "density": 0.5}, {}, "n_rows", "an integer of at least 1"),
    ("coverage_probability", (1, 0), {"rank": 1, "density": 0.5}, {}, "n_cols", "an integer of at least 1"),
    ("coverage_probability", (1, 1), {"rank": 0, "density": 0.5}, {}, "rank", "an integer of at least 1"),
    ("coverage_probability", (1, 1), {"rank": 1}, {"density": 1.5}, "density", "in [0, 1]"),
    ("degrees_of_freedom", (0, 1, 1), {}, {}, "n_rows", "an integer of at least 1"),
    ("degrees_of_freedom", (1, 0, 1), {}, {}, "n_cols", "an integer of at least 1"),
    ("degrees_of_freedom", (2, 3, 3), {}, {}, "rank", "an integer in [1, 2]"),
    ("distortion", ([1.0], ONE), {}, {}, "A", "of shape (n, n)"),
    ("distortion", (np.zeros((2, 0)), ONE), {}, {}, "A", "a matrix with rows and columns"),
    ("distortion", (ONE, np.eye(2)), {}, {}, "R", "of shape (1, 1)"),
    ("driving_error", (ONE, TRUTH, SEEN), {}, {}, "U", "of shape (2, n)"),
    ("driving_error", (U, "M", SEEN), {}, {}, "truth", "a LowRank"),
    ("driving_error", (U, TRUTH, 1.0 * SEEN), {}, {}, "mask", "a bool array of shape (2, 1)"),
    ("driving_second_moment", (NAN * U, TRUTH), {"density": 0.5}, {}, "U", "finite"),
    ("driving_second_moment", (U, None), {"density": 0.5}, {}, "truth", "a LowRank"),
    ("driving_second_moment", (U, TRUTH), {}, {"density": 0}, "density", "in (0, 1]"),
    ("driving_second_moment_bound", (-0.1,), MOMENT, {}, "distance", "in [0, 1]"),
    ("driving_second_moment_bound", (0.1,), MOMENT, {"incoherence": 0}, "incoherence", "in (0, inf)"),
    ("driving_second_moment_bound", (0.1,), MOMENT, {"n_rows": 0}, "n_rows", "an integer of at least 1"),
    ("driving_second_moment_bound", (0.1,), MOMENT, {"rank": 0}, "rank", "an integer of at least 1"),
    ("driving_second_moment_bound", (0.1,), MOMENT, {"norm": -1}, "norm", "in [0, inf)"),
    ("driving_second_moment_bound", (0.1,), MOMENT, {"density": 2}, "density", "in (0, 1]"),
    ("error_bound", (2,), {"singular_values": [1.0], "driving": 0.1}, {}, "distance", "in [0, 1]"),
    ("error_bound", (0.5,), {"driving": 0.1}, {"singular_values": [-1.0]}, "singular_values", "in [0, inf)"),
    ("error_bound", (0.5,), {"singular_values": [1.0]}, {"driving": -0.1}, "driving", "in [0, inf)"),
    ("exact_half_step", (ONE, TRUTH, SEEN), {}, {}, "U", "of shape (2, n)"),
    ("exact_half_step", (U, 3, SEEN), {}, {}, "truth", "a LowRank"),
    ("exact_half_step", (U, TRUTH, SEEN[:1]), {}, {}, "mask", "a bool array of shape (2, 1)"),
    ("expected_contraction", (), FACTOR, {"incoherence": NAN}, "incoherence", "in (0, inf)"),
    ("expected_contraction", (), FACTOR, {"n_rows": 0}, "n_rows", "an integer of at least 1"),
    ("expected_contraction", (), FACTOR, {"rank": 0}, "rank", "an integer of at least 1"),
    ("expected_contraction", (), FACTOR, {"condition": 0.5}, "condition", "in [1, inf)"),
    ("expected_contraction", (), FACTOR, {"density": 0}, "density", "in (0, 1]"),
    ("few_entries_probability", (0,), {"rank": 1, "density": 0.5}, {}, "n_cols", "an integer of at least 1"),
    ("few_entries_probability", (2,), {"density": 0.5}, {"rank": 0}, "rank", "an integer of at least 1"),
    ("few_entries_probability", (2,), {"rank": 1}, {"density": -0.1}, "density", "in [0, 1]"),
    ("forward_error_bound", (-0.1,), {"optimum": 1, "smallest": 1}, {}, "epsilon", "in [0, inf)"),
    ("forward_error_bound", (0.1,), {"smallest": 1}, {"optimum": -1}, "optimum", "in [0, inf)"),
    ("forward_error_bound", (0.1,), {"optimum": 1}, {"smallest": 0}, "smallest", "in (0, inf)"),
    ("gaussian_sketch_failure", (-1,), {"sketch_size": 9}, {}, "t", "in [0, inf)"),
    ("gaussian_sketch_failure", (1,), {}, {"sketch_size": 0}, "sketch_size", "in [1, inf)"),
    ("gradient_rate", (1,), {}, {}, "e", "in [0, 1)"),
    ("gram_tail", (1,), {"rank": 2, "largest": 1}, {}, "deviation", "in [0, 1)"),
    ("gram_tail", (-1,), {"rank": 2, "largest": 1, "side": "above"}, {}, "deviation", "in [0, inf)"),
    ("gram_tail", (0.5,), {"largest": 1}, {"rank": 0}, "rank", "an integer of at least 1"),
    ("gram_tail", (0.5,), {"rank": 2}, {"largest": 0}, "largest", "in (0, inf)"),
    ("gram_tail", (0.5,), {"rank": 2, "largest": 1}, {"side": "left"}, "side", "one of 'below', 'above'"),
    ("half_step_flops", (-1, 1, 1), {}, {}, "n_observed", "an integer of at least 0"),
    ("half_step_flops", (1, -1, 1), {}, {}, "n_lines", "an integer of at least 0"),
    ("half_step_flops", (1, 1, 0), {}, {}, "rank", "an integer of at least 1"),
    ("half_step_flops", (1, 1, 1), {}, {"method": "qr"}, "method", "one of 'exact', 'cg', 'sketch'"),
    ("half_step_flops", (1, 1, 1), {}, {"inner_steps": 0.5}, "inner_steps", "an integer"),
    ("half_step_flops", (1, 1, 1), {}, {"inner_entries": -1}, "inner_entries", "an integer of at least 0"),
    ("imbalance", ([1.0], ONE), {}, {}, "U", "of shape (n, n)"),
    ("imbalance", (ONE, np.eye(2)), {}, {}, "V", "of shape (n, 1)"),
    (
        "incoherence_bound",
        (0,),
        {k: v for k, v in PERTURBED.items() if k != "incoherence"},
        {},
        "incoherence",
        "in (0,",
    ),
    ("incoherence_bound", (), PERTURBED, {"n_rows": 0}, "n_rows", "an integer of at least 1"),
    ("incoherence_bound", (), PERTURBED, {"rank": 0}, "rank", "an integer of at least 1"),
    ("incoherence_bound", (), PERTURBED, {"smallest": 0}, "smallest", "in (0, inf)"),
    ("incoherence_bound", (), PERTURBED, {"change": 1.0}, "change", "below `smallest`, which is 1.0"),
    ("init_noise_tail", (-1,), TAIL, {}, "t", "in [0, inf)"),
    ("init_noise_tail", (1,), TAIL, {"n_rows": 0}, "n_rows", "an integer of at least 1"),
    ("init_noise_tail", (1,), TAIL, {"n_cols": 0}, "n_cols", "an integer of at least 1"),
    ("init_noise_tail", (1,), TAIL, {"longest_row": -1}, "longest_row", "in [0, inf)"),
    ("init_noise_tail", (1,), TAIL, {"longest_col": -1}, "longest_col", "in [0, inf)"),
    ("init_noise_tail", (1,), TAIL, {"largest_entry": 0}, "largest_entry", "in (0, inf)"),
    ("init_noise_tail", (1,), TAIL, {"density": 1}, "density", "in (0, 1)"),
    ("noise_risk", (-1,), RISK, {}, "noise", "in [0, inf)"),
    ("noise_risk", (1,), RISK, {"n_rows": 0}, "n_rows", "an integer of at least 1"),
    ("noise_risk", (1,), RISK, {"n_cols": 0}, "n_cols", "an integer of at least 1"),
    ("noise_risk", (1,), RISK, {"rank": 10}, "rank", "an integer in [1, 9]"),
    ("noise_risk", (1,), RISK, {"density": 0}, "density", "in (0, 1]"),
    ("outer_iterations", (0,), {"epsilon": 0.1}, {}, "norm", "in (0, inf)"),
    ("outer_iterations", (1,), {}, {"epsilon": 0}, "epsilon", "in (0, inf)"),
    ("outer_iterations", (1,), {"epsilon": 0.1}, {"contraction": 1}, "contraction", "in (1, inf)"),
    ("perturbed_row_bound", (-1,), ROW, {}, "row_norm", "in [0, inf)"),
    ("perturbed_row_bound", (0.5,), ROW, {"row_change": -1}, "row_change", "in [0, inf)"),
    ("perturbed_row_bound", (0.5,), ROW, {"smallest": 0}, "smallest", "in (0, inf)"),
    ("perturbed_row_bound", (0.5,), ROW, {"change": 2}, "change", "below `smallest`, which is 1.0"),
    ("perturbed_smallest", (-1,), {"change": 0}, {}, "smallest", "in [0, inf)"),
    ("perturbed_smallest", (1,), {}, {"change": 2}, "change", "at most `smallest`, which is 1"),
    ("preconditioned_condition", (1,), {}, {}, "e", "in [0, 1)"),
    ("row_norm_change", (0,), {"change": 0}, {}, "smallest", "in (0, inf)"),
    ("row_norm_change", (1,), {}, {"change": NAN}, "change", "in [0, inf)"),
    ("samples_alternating", (0,), NEEDED, {}, "n", "an integer of at least 1"),
    ("samples_alternating", (9,), NEEDED, {"rank": 0}, "rank", "an integer of at least 1"),
    ("samples_alternating", (9,), NEEDED, {"incoherence": 0}, "incoherence", "in (0, inf)"),
    ("samples_alternating", (9,), NEEDED, {"condition": 0.5}, "condition", "in [1, inf)"),
    ("samples_alternating", (9,), NEEDED, {"power_of_condition": 3}, "power_of_condition", "one of 2, 4"),
    ("samples_alternating", (9,), NEEDED, {"constant": 0}, "constant", "in (0, inf)"),
    ("samples_for_contraction", (), NEEDED, {"rank": 0}, "rank", "an integer of at least 1"),
    ("samples_for_contraction", (), NEEDED, {"incoherence": 0}, "incoherence", "in (0, inf)"),
    ("samples_for_contraction", (), NEEDED, {"condition": 0.5}, "condition", "in [1, inf)"),
    ("samples_for_contraction", (), NEEDED, {"factor": 0}, "factor", "in (0, inf)"),
    ("srht_failure", (0,), {"n_rows": 8, "rank": 2}, {}, "sketch_size", "an integer of at least 1"),
    ("srht_failure", (4,), {"rank": 2}, {"n_rows": 0}, "n_rows", "an integer of at least 1"),
    ("srht_failure", (4,), {"n_rows": 8}, {"rank": 0}, "rank", "an integer of at least 1"),
    ("tuned_gradient_rate", (-0.1,), {}, {}, "e", "in [0, 1)"),
    ("tuned_step", (1,), {}, {}, "e", "in [0, 1)"),
    ("wedin_bound", (-1,), {"smallest": 1}, {}, "noise", "in [0, inf)"),
    ("wedin_bound", (1,), {}, {"smallest": 0}, "smallest", "in (0, inf)"),
    ("wedin_bound", (1,), {}, {"smallest": 1}, "noise", "below `smallest`, which is 1"),
]


@pytest.mark.parametrize(
    ("name", "arguments", "right", "wrong", "argument", "rule"), REFUSED, ids=[f"{row[0]}-{row[4]}" for row in REFUSED]
)
def test_a_formula_refuses(name, arguments, right, wrong, argument, rule):
    assert_refused(getattr(theory, name), arguments, right | wrong, argument, rule)


def test_every_argument_of_every_formula_is_refused():
    assert {(row[0], row[4]) for row in REFUSED} == arguments_of(theory)


@pytest.mark.parametrize("name", ["clipped_distance_bound", "gradient_rate", "tuned_step"])
def test_what_is_no_number_is_a_type_error(name):
    for wrong in ("a half", None, True):
        with pytest.raises(TypeError, match="must be a number"):
            getattr(theory, name)(wrong)


def test_hypotheses_hold_at_their_ends():
    assert theory.perturbed_smallest(1, change=1) == 0
    assert theory.tuned_gradient_rate(Fraction(0)) == 0
    assert theory.few_entries_probability(3, rank=4, density=1) == 1
    assert theory.coverage_probability(3, 3, rank=1, density=0) == 0
    assert theory.contraction_bound(1, smallest=1, driving=0.5) == -1  # says nothing
    assert theory.driving_second_moment(U, TRUTH, density=1) == 0
    assert theory.half_step_flops(0, 0, 1) == 0
    assert theory.degrees_of_freedom(2, 3, 2) == 6
    assert theory.wedin_bound(np.array([0.0, 0.5]), smallest=np.array([1.0, 1.0])).tolist() == [0.0, 1.0]
