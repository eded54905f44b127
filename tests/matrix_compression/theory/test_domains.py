"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from fractions import Fraction

from lrtheory.matrix_compression.theory import subspace_bracket
from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "matrix_compression"
SPECTRUM = "n in [0, inf)"
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    # a factor of so many columns has no tail beyond them
    "fd_bound": {"rank": "[0, keep]"},
    # with p = 1 the mean of the inverse of a Gaussian matrix is infinite
    "sketch_bound": {"oversampling": "[2, inf)"},
    # a share of 0 keeps every rank, so that each step raises it, and one of 1 keeps none
    "step_limit": {"tail_energy": "(0, 1)"},
    "drift_limit": {"e": "(0, 1)"},
    # entries that are never kept cannot be enlarged
    "dropped_energy": {"q": "(0, 1]"},
    # an inner product with a vector of length 1 is no longer than the row
    "refitted_row_error": {"along": "[0, m]"},
    # what pays for the whole value leaves nothing that was rejected
    "greedy_gap": {"unused": "[0, c)"},
    # a direction without inputs makes the condition infinite
    "condition_limit": {"sigma": "n in (0, inf)"},
    "squeeze_energy": {"S": SPECTRUM},
    "balanced_energy": {"S": SPECTRUM},
    "layer_energy": {"s": SPECTRUM},
    "distilled_energy": {"s": SPECTRUM},
    "truncation_bracket": {"kept": SPECTRUM},
    "fd_bracket": {"kept": SPECTRUM},
    "linear_cross_terms": {"b": "K x m x q", "a": "K x q x n"},
    "salt_energy": {"s": "k", "a": "k", "b": "k"},
    # a defect of 1 allows a singular value of 0, below which nothing is known
    "mask_factor": {"d_P": "[0, 1)", "d_Q": "[0, 1)"},
    "masked_bracket": {"d_P": "[0, 1)", "d_Q": "[0, 1)"},
    # the share of draws that is left out is a probability, and without it no stretch is enough
    "gaussian_stretch": {"part": "(0, 1)"},
    "isometric_block": {"B": "m x q", "A": "q x n"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert formulas["greedy_gap"](3, 0, 1) == 0
    assert formulas["dropped_energy"](4, 1) == 0
    assert formulas["refitted_row_error"](2.0, 2.0) == 0
    assert formulas["drift_limit"](0, Fraction(1, 2)) == 0
    assert subspace_bracket(0, 0, 0) == (0, 0)
