"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "dual_mirror_descent"
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    # no more requests have another law than there are
    "corrupted_total_variation": {"n_corrupted": "[0, horizon]"},
    # a probability
    "markov_mixing": {"switch": "[0, 1]"},
    # rewards grow from phase to phase, and at 0 the first ones are nothing
    "phase_ratio": {"growth": "(0, 1)"},
    # a request uses one unit at most
    "uniform_fluid": {"budget": "[0, horizon]"},
    "uniform_hindsight": {"budget": "[0, horizon]"},
    "three_point_hindsight": {"B": "[0, T]"},
    # no run stops after the last request
    "decomposition_bound": {"tau": "[0, T]"},
    # doing nothing is worth 0, and neither prices nor budgets are negative
    "weak_duality": {"f": "T in [0, inf)", "mu": "m in [0, inf)", "B": "m in [0, inf)"},
    "lazy_entropy": {"g": "n x m"},
    "mirror_descent_error": {"g": "n x m"},
    "movement_bound": {"g": "n x m"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert formulas["decomposition_bound"](4, 2, 2, 1) == 1
    assert formulas["decomposition_bound"](4, 2, 0, 1) == 5
    assert formulas["three_point_hindsight"](2, 0, (0.25, 0.5, 0.25)) == 0
    assert formulas["weak_duality"]([0], [0], [0]) == 0
    assert formulas["movement_bound"]([[1, -1]], 0).tolist() == [0]
