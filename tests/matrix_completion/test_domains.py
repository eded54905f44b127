"""Where the theorems hold: the domains whose ends are a theorem's point, written from the proofs and not from the code.

Ends that say no more than that a number is a count, a size or a positive size are left out.
"""

from __future__ import annotations

import pytest

from lrtheory.matrix_completion import theory
from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "matrix_completion"
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    # a sine; at 1 the first factor spans a direction at a right angle to the truth, where the bound says nothing
    "contraction_bound": {"distance": "[0, 1]"},
    "error_bound": {"d": "[0, 1]", "s": "k in [0, inf)"},
    # a probability; with p = 0 nothing is seen, and the moments divide by it
    "driving_second_moment": {"density": "(0, 1]"},
    "driving_second_moment_bound": {"d": "[0, 1]", "p": "(0, 1]"},
    "expected_contraction": {"p": "(0, 1]"},
    "noise_risk": {"rank": "[1, min(n_rows, n_cols)]", "density": "(0, 1]"},
    # a probability; the bound is 0 where nothing is seen
    "coverage_probability": {"density": "[0, 1]"},
    # no matrix has a rank above its sides, and beyond them the dimension would be counted wrongly
    "degrees_of_freedom": {"rank": "[1, min(n_rows, n_cols)]"},
    # the error shrinks only by a factor above 1
    "outer_iterations": {"contraction": "(1, inf)"},
    # 1 - e bounds the smallest singular value of what was cut, and must be above 0
    "clipped_distance_bound": {"e": "[0, 1)"},
    "clipped_row_bound": {"e": "[0, 1)"},
    # B has full column rank only where eta < sigma; sigma - eta itself says something up to 0
    "row_norm_change": {"eta": "[0, sigma)"},
    "perturbed_row_bound": {"eta": "[0, sigma)"},
    "incoherence_bound": {"eta": "[0, sigma)"},
    "perturbed_smallest": {"eta": "[0, sigma]"},
    # by Weyl the k-th singular value of M + E is above 0 only there
    "wedin_bound": {"noise": "[0, s_k)"},
    # a sketch of distortion 1 may send a direction of the range of A to 0
    "preconditioned_condition": {"e": "[0, 1)"},
    "gradient_rate": {"e": "[0, 1)"},
    "cg_error_bound": {"e": "[0, 1)"},
    "tuned_step": {"e": "[0, 1)"},
    "tuned_gradient_rate": {"e": "[0, 1)"},
    "countsketch_second_moment": {"Q": "n x k"},
    # no eigenvalue is below 0, and the logarithm of 1 - d has no value at d = 1
    "lower_gram_tail": {"d": "[0, 1)"},
    # with p = 1 there is no noise, and both its variance and its largest jump would be 0
    "init_noise_tail": {"p": "(0, 1)"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert formulas["perturbed_smallest"](1, 1) == 0
    assert formulas["tuned_gradient_rate"](0) == 0
    assert formulas["wedin_bound"]([0.0, 0.5], [1.0, 1.0]).tolist() == [0.0, 1.0]
    assert theory.coverage_probability(3, 3, rank=1, density=0) == 0
    assert theory.coverage_probability(3, 3, rank=4, density=1) == 0  # no row has four entries
    assert theory.contraction_bound(1, smallest=1, driving=0.5) == -1  # says nothing
    assert theory.half_step_flops(0, 0, 1) == 0
    assert theory.degrees_of_freedom(2, 3, 2) == 6


@pytest.mark.parametrize(("method", "given"), [("exact", {"inner_steps": 1}), ("exact", {"inner_entries": 1})])
def test_what_a_method_does_not_count_is_refused(method: str, given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be left out with method"):
        theory.half_step_flops(1, 1, 1, method=method, **given)
