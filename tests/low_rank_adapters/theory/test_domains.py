"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from fractions import Fraction

from lrtheory.low_rank_adapters import theory
from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "low_rank_adapters"
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    # a target of one row and column has no rank below its side
    "crossover_exponent": {"side": "[2, inf)"},
    # an update is paired with a gradient of its own shape
    "central_difference": {"ahead": "m x n", "behind": "m x n", "G": "m x n"},
    "hadamard_floor": {"D": "m x n", "W": "m x n"},
    # a column of B times a row of A has the shape of the weight
    "switched_weight": {"W": "m x n", "b": "m", "a": "n"},
    "gradient_jump": {"G": "m x n", "before": "n", "after": "n"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert theory.dead_share(1, 1) == 0
    assert theory.sharpness(0, 0) == theory.balanced_sharpness(0) == 0
    assert formulas["conversion_energy"]([3, 2, 1], 0) == 14
    assert formulas["captured_limit"]([3, 2, 1], 0) == 0
    assert formulas["half_step_decrease"](4, 0) == formulas["half_step_decrease"](4, 2) == 0
    assert formulas["half_step_decrease"](4, 3) == -12
    assert formulas["stalled_energy"](0) == 2
    assert formulas["switched_rank"]((8, 9), 2, 0) == 2
    assert formulas["hadamard_bracket"](Fraction(1, 3), 0, 0) == (0, 0)
    assert formulas["adapter_dimension"]("lora", (1, 1)) == 1
