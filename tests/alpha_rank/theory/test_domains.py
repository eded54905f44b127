"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "alpha_rank"
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    # a population of one has no mutant among others
    "samples_finite_alpha": {"population_size": "[2, inf)"},
    # trees are those of a square table of rates
    "tree_weights": {"C": "n x n in [0, inf)"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert formulas["chain_ratio_bound"](5, 1) == 1
    assert formulas["mass_error_of_ratio"](1) == 0
    assert formulas["direction_tolerance"](0) == 0
    assert formulas["smallest_rate"](1.0, 1, 1, 1.0) == 1
