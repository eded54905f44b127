"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from fractions import Fraction

from lrtheory.continual_learning import theory
from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "continual_learning"
#: u keys of an edit: a surprise with p outputs for each of them, and the leverages of all pairs
EDIT = {"E": "u x p", "P": "u x u"}
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    "edit_residual": EDIT,
    "innovation_cost": EDIT,
    "interference": EDIT,
    "leave_one_out": {"F": "u x p", "P": "u x u"},
    "blind_change": {"x": "d", "y": "p"},
    # k directions of p outputs and of d inputs
    "free_part": {"step": "p x d", "U": "p x k", "V": "d x k"},
    # T inputs of d numbers, of which k directions are frozen
    "free_eigenvalue": {"X": "T x d", "V": "d x k"},
    # the least eigenvalue is at most the largest one
    "distance_range": {"b": "[a, inf)", "C": "[c, inf)"},
    # at 0 nothing older is left, and a factor above 1 lets it weigh more than the edit
    "ridge_solution": {"decay": "(0, 1]"},
    # no rows have a share of 0 for their error, and none are needed for the share 1
    "fd_rank_needed": {"epsilon": "(0, 1)"},
    # a sketch of l rows has l directions, and at l + 1 nothing is divided by
    "projection_bound": {"k": "[0, rank]"},
    # a share of 0 is held by no direction, and nothing holds more than all
    "energy_rank": {"theta": "(0, 1]"},
    "share_leak": {"theta": "(0, 1]"},
    # a momentum that is not forgotten leaks by as much as there are steps
    "momentum_leak": {"beta": "[0, 1)"},
    # of one task nothing is learned afterwards
    "transfer_identity": {"T": "[2, inf)"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert theory.ridge_solution([[1]], [([[1]], [[3]])], decay=1).tolist() == [[2]]
    assert formulas["projection_bound"]([3, 2, 1], 0, 1) == 14
    assert formulas["projection_bound"]([3, 2, 1], 1, 1) == 10
    assert formulas["energy_rank"]([9, 3, 3], 1) == 3
    assert formulas["momentum_leak"]([4, 0], 0, 1, 2).tolist() == [0, 0]
    assert formulas["transfer_identity"](Fraction(3, 4), Fraction(-1, 2), 2) == Fraction(1, 2)
    assert formulas["distance_range"](1, 1, 3, 3, 16) == (1, 1)
    assert formulas["distance_range"](0, 2, 1, 3, 1) == (0, 4)
    assert formulas["leak_limit"](0, 3) == formulas["leak_limit"](3, 0) == 0
    assert formulas["interference_bound"](0) == formulas["deviation_bound"](0) == 0
