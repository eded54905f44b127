"""Formulas refuse what they say nothing about: one row per function and argument."""

from fractions import Fraction

import flint
import numpy as np
import pytest
from scipy import sparse

from lrtheory.transductive_clustering import theory
from tests.rules.refusals import arguments_of, assert_refused

NAN, BALL = float("nan"), flint.arb(1) / 3
Z, A, W = [[0.5, 0.5]], [[0.0, 1.0]], [[1.0]]
BOTH, LAM, HEAT = {"lam": 1.0, "temperature": 1.0}, {"lam": 1.0}, {"temperature": 1.0}
PAIRS = {"affinity": W, **BOTH}
STEP = {"smallest_eigenvalue": -1.0, **BOTH}
GAIN = {"bandwidth": 1.0, "squared_step": 1.0}
ROW = {"lam": 1.0, "row": 0, "new": [1.0, 0.0]}
SUM, AT_ZERO, POSITIVE, ONE = "of rows with sum 1", "in [0, inf)", "in (0, inf)", "an integer of at least 1"
FINITE = "in (-inf, inf)"
WIDE, TABLE, LABEL = "of shape (1, 2)", "of shape (N, K)", "integers in [-1, 1]"

#: function, its positional arguments, its options that are right, those that are wrong, the argument named, the rule
REFUSED = [
    ("clamped_costs", ([0.0, 1.0], W), {"clamp": [-1], **LAM}, {}, "costs", TABLE),
    ("clamped_costs", (A, [[NAN]]), {"clamp": [-1], **LAM}, {}, "affinity", FINITE),
    ("clamped_costs", (A, W), LAM, {"clamp": [2]}, "clamp", LABEL),
    ("clamped_costs", (A, W), {"clamp": [-1]}, {"lam": -1}, "lam", AT_ZERO),
    ("contraction_factor", (-1,), BOTH, {}, "spectral_norm", AT_ZERO),
    ("contraction_factor", (1,), BOTH, {"lam": NAN}, "lam", AT_ZERO),
    ("contraction_factor", (1,), BOTH, {"temperature": 0}, "temperature", POSITIVE),
    ("descent_bound", (-1,), STEP, {}, "squared_step", AT_ZERO),
    ("descent_bound", ([0.5, NAN],), STEP, {}, "squared_step", AT_ZERO),
    ("descent_bound", (1,), STEP, {"smallest_eigenvalue": NAN}, "smallest_eigenvalue", FINITE),
    ("descent_bound", (1,), STEP, {"lam": -1}, "lam", AT_ZERO),
    ("descent_bound", (1,), STEP, {"temperature": 0}, "temperature", POSITIVE),
    ("descent_bound", (1,), STEP, {"damping": 0}, "damping", "in (0, 1]"),
    ("discrete_lower_bound", (NAN, 1, 2), HEAT, {}, "energy", FINITE),
    ("discrete_lower_bound", (0, -1, 2), HEAT, {}, "n_free", "an integer of at least 0"),
    ("discrete_lower_bound", (0, 1, 0), HEAT, {}, "n_clusters", ONE),
    ("discrete_lower_bound", (0, 1, 2), {}, {"temperature": 0}, "temperature", POSITIVE),
    ("energy_decrease", ([[0.5, 0.6]], Z, W), BOTH, {}, "assignments", SUM),
    ("energy_decrease", (Z, [[2.0, -1.0]], W), BOTH, {}, "new", AT_ZERO),
    ("energy_decrease", (Z, Z, np.eye(2)), BOTH, {}, "affinity", "of shape (1, 1)"),
    ("energy_decrease", (Z, Z, W), BOTH, {"lam": -1}, "lam", AT_ZERO),
    ("energy_decrease", (Z, Z, W), BOTH, {"temperature": NAN}, "temperature", POSITIVE),
    ("energy_lower_bound", ([0.0], W), {"n_free": 1, **BOTH}, {}, "costs", TABLE),
    ("energy_lower_bound", (A, [[NAN]]), {"n_free": 1, **BOTH}, {}, "affinity", FINITE),
    ("energy_lower_bound", (A, W), BOTH, {"n_free": 2}, "n_free", "an integer in [0, 1]"),
    ("energy_lower_bound", (A, W), {"n_free": 1, **BOTH}, {"lam": -1}, "lam", AT_ZERO),
    ("energy_lower_bound", (A, W), {"n_free": 1, **BOTH}, {"temperature": 0}, "temperature", POSITIVE),
    ("energy_without_logs", ([0.5], Z, A), PAIRS, {}, "before", TABLE),
    ("energy_without_logs", (Z, [[0.5, NAN]], A), PAIRS, {}, "after", FINITE),
    ("energy_without_logs", (Z, Z, [[0.0]]), PAIRS, {}, "costs", WIDE),
    ("energy_without_logs", (Z, Z, A), PAIRS, {"affinity": [1.0]}, "affinity", "of shape (1, 1)"),
    ("energy_without_logs", (Z, Z, A), PAIRS, {"lam": -1}, "lam", AT_ZERO),
    ("energy_without_logs", (Z, Z, A), PAIRS, {"temperature": 0}, "temperature", POSITIVE),
    ("energy_without_logs", (Z, Z, A), PAIRS, {"clamp": [0.5]}, "clamp", LABEL),
    ("entropy_bound", (0.5, 2), HEAT, {}, "n_free", "an integer"),
    ("entropy_bound", (1, 0), HEAT, {}, "n_clusters", ONE),
    ("entropy_bound", (1, 2), {}, {"temperature": -1}, "temperature", POSITIVE),
    ("exponential_tangent", (NAN, 0), {}, {}, "before", FINITE),
    ("exponential_tangent", ([0, 1], [0]), {}, {}, "after", "a number or an array of shape (2,)"),
    ("exponential_tangent", (0, [NAN]), {}, {}, "after", FINITE),
    ("fixed_point_distance", (-1,), {"contraction": 0.5}, {}, "step", AT_ZERO),
    ("fixed_point_distance", (1,), {}, {"contraction": 1}, "contraction", "in [0, 1)"),
    ("half_width", ([1.0],), {}, {}, "values", "of at least two tasks"),
    ("half_width", ([1.0, NAN],), {}, {}, "values", FINITE),
    ("hard_limit_gap", (-1, 2), HEAT, {}, "gap", AT_ZERO),
    ("hard_limit_gap", (1, 1), HEAT, {}, "n_clusters", "an integer of at least 2"),
    ("hard_limit_gap", (1, 2), {}, {"temperature": 0}, "temperature", POSITIVE),
    ("hard_temperature", (0, 2), {}, {}, "gap", POSITIVE),
    ("hard_temperature", (1, 1), {}, {}, "n_clusters", "an integer of at least 2"),
    ("hard_temperature", (1, 2), {}, {"tol": 1}, "tol", "in (0, 1)"),
    ("joint_kkt_bound", (-1, 0), {"spectral_norm": 1, **LAM}, {}, "step", AT_ZERO),
    ("joint_kkt_bound", ([1, 1], []), {"spectral_norm": 1, **LAM}, {}, "drift", "a number or an array of shape (2,)"),
    ("joint_kkt_bound", (1, -1), {"spectral_norm": 1, **LAM}, {}, "drift", AT_ZERO),
    ("joint_kkt_bound", (1, 0), LAM, {"spectral_norm": -1}, "spectral_norm", AT_ZERO),
    ("joint_kkt_bound", (1, 0), {"spectral_norm": 1}, {"lam": -1}, "lam", AT_ZERO),
    ("kkt_bound", (-1,), {"spectral_norm": 1, **LAM}, {}, "step", AT_ZERO),
    ("kkt_bound", (1,), LAM, {"spectral_norm": NAN}, "spectral_norm", AT_ZERO),
    ("kkt_bound", (1,), {"spectral_norm": 1}, {"lam": -2}, "lam", AT_ZERO),
    ("kl_divergence", ([[0.5, 0.6]], Z), {}, {}, "p", SUM),
    ("kl_divergence", (Z, [[1.0, 0.0]]), {}, {}, "q", "positive where `p` is"),
    ("kl_lower_bound", ([2.0, -1.0], [0.5, 0.5]), {}, {}, "p", AT_ZERO),
    ("kl_lower_bound", ([0.5, 0.5], [1.0]), {}, {}, "q", "of shape (2,)"),
    ("laplacian_gap", ([[1.0, 1.0]], W), LAM, {}, "assignments", SUM),
    ("laplacian_gap", (Z, [[1.0, 2.0]]), LAM, {}, "affinity", "of shape (1, 1)"),
    ("laplacian_gap", (Z, W), {}, {"lam": NAN}, "lam", AT_ZERO),
    ("largest_monotone_lam", (0,), HEAT, {}, "smallest_eigenvalue", "in (-inf, 0)"),
    ("largest_monotone_lam", (-1,), {}, {"temperature": 0}, "temperature", POSITIVE),
    ("log_partition", ([0.0],), HEAT, {}, "costs", TABLE),
    ("log_partition", (A,), {}, {"temperature": 0}, "temperature", POSITIVE),
    ("majoriser", ([[0.5, 0.6]], Z, A), PAIRS, {}, "assignments", SUM),
    ("majoriser", (Z, [[0.5, 0.6]], A), PAIRS, {}, "at", SUM),
    ("majoriser", (Z, Z, [[0.0, np.inf]]), PAIRS, {}, "costs", FINITE),
    ("majoriser", (Z, Z, A), PAIRS, {"affinity": np.eye(2)}, "affinity", "of shape (1, 1)"),
    ("majoriser", (Z, Z, A), PAIRS, {"lam": -1}, "lam", AT_ZERO),
    ("majoriser", (Z, Z, A), PAIRS, {"temperature": 0}, "temperature", POSITIVE),
    ("majoriser_gap", ([0.5], Z, W), LAM, {}, "assignments", TABLE),
    ("majoriser_gap", (Z, [[0.5]], W), LAM, {}, "at", WIDE),
    ("majoriser_gap", (Z, Z, [[NAN]]), LAM, {}, "affinity", FINITE),
    ("majoriser_gap", (Z, Z, W), {}, {"lam": -1}, "lam", AT_ZERO),
    ("mass_floor", ([NAN, 1.0], 0), BOTH, {}, "costs", FINITE),
    ("mass_floor", ([[0.0, 1.0]] * 2, [1.0] * 3), BOTH, {}, "degree", "a number or an array of shape (2,)"),
    ("mass_floor", ([0.0, 1.0], -1), BOTH, {}, "degree", AT_ZERO),
    ("mass_floor", ([0.0, 1.0], 0), BOTH, {"lam": -1}, "lam", AT_ZERO),
    ("mass_floor", ([0.0, 1.0], 0), BOTH, {"temperature": 0}, "temperature", POSITIVE),
    ("mean_shift_gain", ([-1.0], [0.5]), GAIN, {}, "weights", AT_ZERO),
    ("mean_shift_gain", ([1.0], [0.5, 0.5]), GAIN, {}, "kernel_values", "of shape (1,)"),
    ("mean_shift_gain", ([1.0], [0.5]), GAIN, {"bandwidth": 0}, "bandwidth", POSITIVE),
    ("mean_shift_gain", ([1.0], [0.5]), GAIN, {"squared_step": -1}, "squared_step", AT_ZERO),
    ("mean_step_decrease", ([-1.0], [[0.0]], [[1.0]]), {}, {}, "masses", AT_ZERO),
    ("mean_step_decrease", ([1.0], None, [[1.0]]), {}, {}, "before", "of shape (K, d)"),
    ("mean_step_decrease", ([1.0], [[0.0]], [[1.0, 2.0]]), {}, {}, "after", "of shape (1, 1)"),
    ("pair_energy", ([1.0], A, W), LAM, {}, "assignments", TABLE),
    ("pair_energy", (Z, [[0.0]], W), LAM, {}, "costs", WIDE),
    ("pair_energy", (Z, A, np.eye(2)), LAM, {}, "affinity", "of shape (1, 1)"),
    ("pair_energy", (Z, A, W), {}, {"lam": -1}, "lam", AT_ZERO),
    ("printed_energy_threshold", (0.5,), {}, {}, "offset", "in (0, 0.5)"),
    ("ring_threshold", (2,), {}, {}, "n_clusters", "an integer of at least 3"),
    ("ring_weight", (Fraction(1, 3), 3), {}, {}, "share", "above 1 / 3"),
    ("ring_weight", (1, 3), {}, {}, "share", "in (0, 1)"),
    ("ring_weight", (0.8, 1), {}, {}, "n_clusters", "an integer of at least 2"),
    ("rounding_bound", (NAN, 1, 2), HEAT, {}, "energy", FINITE),
    ("rounding_bound", (0, -1, 2), HEAT, {}, "n_free", "an integer of at least 0"),
    ("rounding_bound", (0, 1, 0), HEAT, {}, "n_clusters", ONE),
    ("rounding_bound", (0, 1, 2), {}, {"temperature": 0}, "temperature", POSITIVE),
    ("row_replacement", ([1.0], A, W), ROW, {}, "assignments", TABLE),
    ("row_replacement", (Z, [[0.0]], W), ROW, {}, "costs", WIDE),
    ("row_replacement", (Z, A, [[NAN]]), ROW, {}, "affinity", FINITE),
    ("row_replacement", (Z, A, W), ROW, {"lam": -1}, "lam", AT_ZERO),
    ("row_replacement", (Z, A, W), ROW, {"row": 1}, "row", "an integer in [0, 0]"),
    ("row_replacement", (Z, A, W), ROW, {"new": [1.0]}, "new", "of shape (2,)"),
    ("safe_damping", (NAN,), BOTH, {}, "smallest_eigenvalue", FINITE),
    ("safe_damping", (-1,), BOTH, {"lam": -1}, "lam", AT_ZERO),
    ("safe_damping", (-1,), BOTH, {"temperature": 0}, "temperature", POSITIVE),
    ("shift_constant", (NAN, 1), LAM, {}, "shift", FINITE),
    ("shift_constant", (1, -1), LAM, {}, "n", "an integer of at least 0"),
    ("shift_constant", (1, 1), {}, {"lam": -1}, "lam", AT_ZERO),
    ("softmax_jacobian", ([0.5, 0.6],), {}, {}, "shares", SUM),
    ("summability_bound", (NAN, 0), STEP, {}, "start", FINITE),
    ("summability_bound", (1, NAN), STEP, {}, "lower", FINITE),
    ("summability_bound", (1, 0), STEP, {"smallest_eigenvalue": -2}, "smallest_eigenvalue", "above -2 temperature"),
    ("summability_bound", (1, 0), STEP, {"lam": -1}, "lam", AT_ZERO),
    ("summability_bound", (1, 0), STEP, {"temperature": 0}, "temperature", POSITIVE),
    ("tangent_error", ([0.5],), {}, {}, "logits", TABLE),
    ("two_point_energy", (-0.1, 0.5), BOTH, {}, "first", "in [0, 1]"),
    ("two_point_energy", (0.5, NAN), BOTH, {}, "second", "in [0, 1]"),
    ("two_point_energy", (0.5, 0.5), BOTH, {"lam": -1}, "lam", AT_ZERO),
    ("two_point_energy", (0.5, 0.5), BOTH, {"temperature": 0}, "temperature", POSITIVE),
    ("two_point_limit", (NAN,), BOTH, {}, "offset", FINITE),
    ("two_point_limit", (), BOTH, {"lam": -1}, "lam", AT_ZERO),
    ("two_point_limit", (), BOTH, {"temperature": 0}, "temperature", POSITIVE),
    ("two_point_threshold", (0,), {}, {}, "offset", "in (0, 0.5)"),
    ("two_step_decrease", ([[0.5, 0.6]], Z), HEAT, {}, "assignments", SUM),
    ("two_step_decrease", (Z, [[0.5, 0.6]]), HEAT, {}, "later", SUM),
    ("two_step_decrease", (Z, Z), {}, {"temperature": 0}, "temperature", POSITIVE),
    ("two_step_summability", (NAN, 0), HEAT, {}, "start", FINITE),
    ("two_step_summability", (1, NAN), HEAT, {}, "lower", FINITE),
    ("two_step_summability", (1, 0), {}, {"temperature": 0}, "temperature", POSITIVE),
    ("two_step_value", ([[0.5, 0.6]], Z, A), PAIRS, {}, "assignments", SUM),
    ("two_step_value", (Z, [[0.5, 0.6]], A), PAIRS, {}, "other", SUM),
    ("two_step_value", (Z, Z, [[0.0]]), PAIRS, {}, "costs", WIDE),
    ("two_step_value", (Z, Z, A), PAIRS, {"affinity": np.eye(2)}, "affinity", "of shape (1, 1)"),
    ("two_step_value", (Z, Z, A), PAIRS, {"lam": -1}, "lam", AT_ZERO),
    ("two_step_value", (Z, Z, A), PAIRS, {"temperature": 0}, "temperature", POSITIVE),
    ("uniform_rate", (-1, 2), BOTH, {}, "radius", AT_ZERO),
    ("uniform_rate", (1, 0), BOTH, {}, "n_clusters", ONE),
    ("uniform_rate", (1, 2), BOTH, {"lam": -1}, "lam", AT_ZERO),
    ("uniform_rate", (1, 2), BOTH, {"temperature": 0}, "temperature", POSITIVE),
    ("update_counts", (-1, 2), {"n_points": 1}, {}, "n_edges", "an integer of at least 0"),
    ("update_counts", (1, 0), {"n_points": 1}, {}, "n_clusters", ONE),
    ("update_counts", (1, 2), {}, {"n_points": -1}, "n_points", "an integer of at least 0"),
    ("update_counts", (1, 2), {"n_points": 1}, {"n_free": 2}, "n_free", "an integer in [0, 1]"),
    ("vertex_gap", ([[1.0, 2.0]],), LAM, {}, "affinity", "of shape (N, N)"),
    ("vertex_gap", (W,), {}, {"lam": -1}, "lam", AT_ZERO),
]


@pytest.mark.parametrize(
    ("name", "arguments", "right", "wrong", "argument", "rule"), REFUSED, ids=[f"{row[0]}-{row[4]}" for row in REFUSED]
)
def test_a_formula_refuses(name, arguments, right, wrong, argument, rule):
    assert_refused(getattr(theory, name), arguments, right | wrong, argument, rule)


def test_every_argument_of_every_formula_is_refused_once():
    assert {(row[0], row[4]) for row in REFUSED} == arguments_of(theory)


@pytest.mark.parametrize("name", ["contraction_factor", "largest_monotone_lam", "safe_damping", "vertex_gap"])
def test_what_is_no_number_is_a_type_error(name):
    options = BOTH if name in ("contraction_factor", "safe_damping") else LAM if name == "vertex_gap" else HEAT
    for wrong in ("a half", [["a half"]]):
        with pytest.raises(TypeError, match="must be a"):
            getattr(theory, name)(wrong, **options)


def test_hypotheses_hold_at_their_ends():
    assert theory.descent_bound(0, smallest_eigenvalue=-1, lam=0, temperature=1, damping=1) == 0
    assert theory.kkt_bound(0, spectral_norm=0, lam=0) == 0
    assert theory.kl_divergence([[1, 0]], [[1, 0]]) == 0
    assert theory.fixed_point_distance(Fraction(1, 2), contraction=0) == Fraction(1, 2)
    assert theory.hard_limit_gap(0, 2, temperature=1.0) == 1
    assert theory.entropy_bound(0, 1, temperature=1.0) == 0
    assert theory.two_point_energy(1, 0, lam=1, temperature=1.0) == 0
    assert theory.summability_bound(0.0, 1.0, smallest_eigenvalue=0, lam=9, temperature=1) == -1  # of no use
    assert theory.update_counts(0, 1, n_points=0)["memory"] == 0
    assert theory.vertex_gap(sparse.csr_array(np.ones((2, 2))), lam=0.5) == 1


def test_kinds_of_numbers():
    third = Fraction(1, 3)
    assert theory.kkt_bound([third, 1], spectral_norm=3, lam=1).tolist() == [1, 3]
    assert theory.uniform_rate(third, 2, lam=np.float64(3), temperature=np.int64(1)) == 0.5
    for found, value in (
        (theory.contraction_factor(BALL, lam=6, temperature=1), 1),
        (theory.two_point_threshold(BALL), float(theory.two_point_threshold(1 / 3))),
        (
            theory.two_point_energy(BALL, BALL, lam=1, temperature=1),
            theory.two_point_energy(1 / 3, 1 / 3, lam=1, temperature=1),
        ),
        (theory.kl_divergence([[BALL, 1 - BALL]], Z), float(theory.kl_divergence([[1 / 3, 2 / 3]], Z))),
        (theory.ring_weight(2 * BALL, 3), float(theory.ring_weight(2 / 3, 3))),
        (
            theory.log_partition([[BALL, BALL]], temperature=BALL),
            float(theory.log_partition([[1 / 3, 1 / 3]], temperature=1 / 3)),
        ),
    ):
        assert isinstance(found, flint.arb)
        assert float(found) == pytest.approx(value, rel=1e-14)
