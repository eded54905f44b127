"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from fractions import Fraction

from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "transductive_clustering"
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    # a step of length 0 goes nowhere, and one beyond the update is none of its averages
    "descent_bound": {"damping": "(0, 1]"},
    # a map that does not shrink distances needs not come to rest
    "fixed_point_distance": {"q": "[0, 1)"},
    # with no negative eigenvalue every weight lowers the energy
    "largest_monotone_lam": {"smallest_eigenvalue": "(-inf, 0)"},
    # two points on a ring pull each other; a share of all leaves nothing to the other labels
    "ring_threshold": {"n_clusters": "[3, inf)"},
    "ring_weight": {"p": "(0, 1)", "K": "[2, inf)"},
    # shares of one of two clusters
    "two_point_energy": {"first": "[0, 1]", "second": "[0, 1]"},
    # one cluster has no second smallest cost, and so no gap
    "hard_limit_gap": {"K": "[2, inf)"},
    "hard_temperature": {"K": "[2, inf)", "epsilon": "(0, 1)"},
    "update_counts": {"N_F": "[0, N]"},
    "clamped_costs": {"A": "N x K"},
    "majoriser_gap": {"Z": "N x K"},
    "pair_energy": {"Z": "N x K"},
    "row_replacement": {"Z": "N x K"},
    "mean_step_decrease": {"before": "K x d"},
    "mean_shift_gain": {"z": "N in [0, inf)"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert formulas["hard_limit_gap"](0, 2, 1.0) == 1
    assert formulas["update_counts"](3, 2, 4, 4)["exponentials"] == 8
    assert formulas["ring_weight"](0.6, 2) > 0
    assert formulas["shift_constant"](Fraction(1, 2), 0, 1) == 0
    assert formulas["entropy_bound"](0, 1, 1.0) == 0
