"""Formulas refuse what they say nothing about, beyond what their domains say: one row per function and argument."""

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
from scipy import sparse

from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering.cycles.rings import ring_weight
from proofs_checks.transductive_clustering.proof_steps.divergences import kl_lower_bound
from proofs_checks.transductive_clustering.proof_steps.majorisers import kl_divergence
from proofs_checks.transductive_clustering.proof_steps.work import update_counts
from proofs_checks.transductive_clustering.relaxations.rounding import entropy_bound
from proofs_checks.transductive_clustering.relaxations.vertices import vertex_gap
from proofs_checks.transductive_clustering.updates.contractions import contraction_factor
from proofs_checks.transductive_clustering.updates.free_energies import log_partition
from proofs_checks.transductive_clustering.updates.hard_limits import hard_limit_gap
from proofs_checks.transductive_clustering.updates.summed_steps import kkt_bound, summability_bound
from tests.core.formulas.declared import in_rooms
from tests.rules.refusals import assert_refused

NAN, BALL = float("nan"), flint.arb(1) / 3
Z, A, W = [[0.5, 0.5]], [[0.0, 1.0]], [[1.0]]
SUM, AT_ZERO, POSITIVE, ONE = "of rows with sum 1", "in [0, inf)", "in (0, inf)", "an integer of at least 1"
FINITE = "in (-inf, inf)"
WIDE, TABLE, LABEL = "of shape (1, 2)", "of shape (N, K)", "integers in [-1, 1]"

#: function, its arguments, its options, the argument named, the rule: what no domain says
REFUSED: list[tuple[str, Any, dict[str, Any], str, str]] = [
    ("clamped_costs", (A, [[NAN]], [-1], 1.0), {}, "W", FINITE),
    ("clamped_costs", (A, W, [2], 1.0), {}, "clamp", LABEL),
    ("energy_decrease", ([[0.5, 0.6]], Z, W, 1.0, 1.0), {}, "Z", SUM),
    ("energy_decrease", (Z, [[2.0, -1.0]], W, 1.0, 1.0), {}, "new", AT_ZERO),
    ("energy_decrease", (Z, Z, np.eye(2), 1.0, 1.0), {}, "W", "of shape (1, 1)"),
    ("energy_lower_bound", ([0.0], W), {"n_free": 1, "lam": 1.0, "temperature": 1.0}, "costs", TABLE),
    ("energy_lower_bound", (A, [[NAN]]), {"n_free": 1, "lam": 1.0, "temperature": 1.0}, "affinity", FINITE),
    ("energy_lower_bound", (A, W), {"lam": 1.0, "temperature": 1.0, "n_free": 2}, "n_free", "an integer in [0, 1]"),
    ("energy_without_logs", ([0.5], Z, A, W, 1.0, 1.0), {}, "Z", TABLE),
    ("energy_without_logs", (Z, [[0.5, NAN]], A, W, 1.0, 1.0), {}, "after", FINITE),
    ("energy_without_logs", (Z, Z, [[0.0]], W, 1.0, 1.0), {}, "A", WIDE),
    ("energy_without_logs", (Z, Z, A, [1.0], 1.0, 1.0), {}, "W", "of shape (1, 1)"),
    ("energy_without_logs", (Z, Z, A, W, 1.0, 1.0, [0.5]), {}, "clamp", LABEL),
    ("exponential_tangent", ([0, 1], [0]), {}, "v", "a number or an array of shape (2,)"),
    ("half_width", ([1.0],), {}, "values", "of at least two tasks"),
    ("half_width", ([1.0, NAN],), {}, "values", FINITE),
    ("joint_kkt_bound", ([1, 1], [], 1, 1.0), {}, "drift", "a number or an array of shape (2,)"),
    ("kl_divergence", ([[0.5, 0.6]], Z), {}, "p", SUM),
    ("kl_divergence", (Z, [[1.0, 0.0]]), {}, "q", "positive where `p` is"),
    ("kl_lower_bound", ([2.0, -1.0], [0.5, 0.5]), {}, "p", AT_ZERO),
    ("kl_lower_bound", ([0.5, 0.5], [1.0]), {}, "q", "of shape (2,)"),
    ("laplacian_gap", ([[1.0, 1.0]], W, 1.0), {}, "Z", SUM),
    ("laplacian_gap", (Z, [[1.0, 2.0]], 1.0), {}, "W", "of shape (1, 1)"),
    ("log_partition", ([0.0], 1.0), {}, "A", TABLE),
    ("majoriser", ([[0.5, 0.6]], Z, A, W, 1.0, 1.0), {}, "Z", SUM),
    ("majoriser", (Z, [[0.5, 0.6]], A, W, 1.0, 1.0), {}, "at", SUM),
    ("majoriser", (Z, Z, [[0.0, np.inf]], W, 1.0, 1.0), {}, "A", FINITE),
    ("majoriser", (Z, Z, A, np.eye(2), 1.0, 1.0), {}, "W", "of shape (1, 1)"),
    ("majoriser_gap", (Z, [[0.5]], W, 1.0), {}, "at", WIDE),
    ("majoriser_gap", (Z, Z, [[NAN]], 1.0), {}, "W", FINITE),
    ("mass_floor", ([NAN, 1.0], 0, 1.0, 1.0), {}, "A", FINITE),
    ("mass_floor", ([[0.0, 1.0]] * 2, [1.0] * 3, 1.0, 1.0), {}, "d", "a number or an array of shape (2,)"),
    ("mean_shift_gain", ([1.0], [0.5, 0.5], 1.0, 1.0), {}, "k", "of shape (1,)"),
    ("mean_step_decrease", ([-1.0], [[0.0]], [[1.0]]), {}, "masses", AT_ZERO),
    ("mean_step_decrease", ([1.0], [[0.0]], [[1.0, 2.0]]), {}, "after", "of shape (1, 1)"),
    ("pair_energy", ([1.0], A, W, 1.0), {}, "Z", TABLE),
    ("pair_energy", (Z, [[0.0]], W, 1.0), {}, "A", WIDE),
    ("pair_energy", (Z, A, np.eye(2), 1.0), {}, "W", "of shape (1, 1)"),
    ("pair_energy", (Z, A, W, -1), {}, "lam", AT_ZERO),
    ("ring_weight", (Fraction(1, 3), 3), {}, "p", "above 1 / 3"),
    ("row_replacement", (Z, [[0.0]], W, 1.0, 0, [1.0, 0.0]), {}, "A", WIDE),
    ("row_replacement", (Z, A, [[NAN]], 1.0, 0, [1.0, 0.0]), {}, "W", FINITE),
    ("row_replacement", (Z, A, W, 1.0, 1, [1.0, 0.0]), {}, "row", "an integer in [0, 0]"),
    ("row_replacement", (Z, A, W, 1.0, 0, [1.0]), {}, "new", "of shape (2,)"),
    ("softmax_jacobian", ([0.5, 0.6],), {}, "s", SUM),
    ("summability_bound", (1, 0, -2, 1.0, 1.0), {}, "lambda_min", "above -2 T"),
    ("tangent_error", ([0.5],), {}, "x", TABLE),
    ("two_step_decrease", ([[0.5, 0.6]], Z, 1.0), {}, "Z", SUM),
    ("two_step_decrease", (Z, [[0.5, 0.6]], 1.0), {}, "later", SUM),
    ("two_step_value", ([[0.5, 0.6]], Z, A, W, 1.0, 1.0), {}, "Z", SUM),
    ("two_step_value", (Z, [[0.5, 0.6]], A, W, 1.0, 1.0), {}, "Y", SUM),
    ("two_step_value", (Z, Z, [[0.0]], W, 1.0, 1.0), {}, "A", WIDE),
    ("two_step_value", (Z, Z, A, np.eye(2), 1.0, 1.0), {}, "W", "of shape (1, 1)"),
    ("vertex_gap", ([[1.0, 2.0]], 1.0), {}, "W", "of shape (N, N)"),
    ("printed_energy_threshold", (0.5,), {}, "e", "in (0, 0.5)"),
    ("two_point_threshold", (0.5,), {}, "offset", "in (0, 0.5)"),
]
FORMULAS = {one.path.rpartition(".")[2]: one.function for one in in_rooms("transductive_clustering")}


@pytest.mark.parametrize("row", REFUSED, ids=[f"{row[0]}-{row[3]}" for row in REFUSED])
def test_a_formula_refuses(row):
    name, arguments, options, argument, rule = row
    assert_refused(FORMULAS.get(name) or getattr(theory, name), arguments, options, argument, rule)


def test_hypotheses_hold_at_their_ends():
    assert theory.descent_bound(0, smallest_eigenvalue=-1, lam=0, temperature=1, damping=1) == 0
    assert kkt_bound(0, 0, 0) == 0
    assert kl_divergence([[1, 0]], [[1, 0]]) == 0
    assert FORMULAS["fixed_point_distance"](Fraction(1, 2), 0) == Fraction(1, 2)
    assert hard_limit_gap(0, 2, 1.0) == 1
    assert entropy_bound(0, 1, 1.0) == 0
    assert theory.two_point_energy(1, 0, lam=1, temperature=1.0) == 0
    assert summability_bound(0.0, 1.0, 0, 9, 1) == -1  # of no use
    assert update_counts(0, 1, 0)["memory"] == 0
    assert vertex_gap(sparse.csr_array(np.ones((2, 2))), 0.5) == 1


def test_kinds_of_numbers():
    third = Fraction(1, 3)
    assert kkt_bound([third, 1], 3, 1).tolist() == [1, 3]
    assert theory.uniform_rate(third, 2, lam=np.float64(3), temperature=np.int64(1)) == 0.5
    for found, value in (
        (contraction_factor(BALL, 6, 1), 1),
        (theory.two_point_threshold(BALL), float(theory.two_point_threshold(1 / 3))),
        (
            theory.two_point_energy(BALL, BALL, lam=1, temperature=1),
            theory.two_point_energy(1 / 3, 1 / 3, lam=1, temperature=1),
        ),
        (kl_divergence([[BALL, 1 - BALL]], Z), float(kl_divergence([[1 / 3, 2 / 3]], Z))),
        (ring_weight(2 * BALL, 3), float(ring_weight(2 / 3, 3))),
        (
            log_partition([[BALL, BALL]], BALL),
            float(log_partition([[1 / 3, 1 / 3]], 1 / 3)),
        ),
    ):
        assert isinstance(found, flint.arb)
        assert float(found) == pytest.approx(value, rel=1e-14)


def test_a_number_alone_is_no_row_of_the_simplex():
    with pytest.raises(ValueError, match=r"^`p` must be of shape \(\.\.\., K\)"):
        kl_lower_bound(1.0, 1.0)
