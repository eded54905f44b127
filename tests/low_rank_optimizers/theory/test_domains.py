"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from lrtheory.low_rank_optimizers import theory
from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "low_rank_optimizers"
#: E x^4 is at least (E x^2)^2 = 1, so that no entry of variance 1 has an excess kurtosis below 1 - 3
KURTOSES = {"kA": "[-2, inf)", "kB": "[-2, inf)"}
LONG_KURTOSES = {"kurtosis_a": "[-2, inf)", "kurtosis_b": "[-2, inf)"}
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    "estimator_mse": LONG_KURTOSES,
    "fourth_moment": LONG_KURTOSES,
    "low_rank_bias": LONG_KURTOSES,
    "noise_constant": LONG_KURTOSES,
    "best_rank": KURTOSES,
    "layer_mse": KURTOSES,
    "one_sided_mse": KURTOSES,
    # whoever hands a ball over means this number
    "step_response_square": {"pi": "[3, 4]"},
    "step_response_bounds": {"pi": "[3, 4]"},
    # a mean of gradients with weight 1 never moves, and the second moment may not be forgotten at once: v is divided
    "adam_step_bound": {"beta1": "[0, 1)", "beta2": "(0, 1)"},
    "stationary_variance": {"momentum": "[0, 1)"},
    # with u = 1 a number could be rounded to 0, and with 0 nothing is rounded
    "merged_noise_bound": {"u": "(0, 1)"},
    # the chance of a state is a probability, both ends of which are fixed splits
    "resplit_variances": {"momentum": "[0, 1)", "density": "[0, 1]"},
    "state_bytes": {"density": "[0, 1]", "momentum": "[0, 1)"},
    "lost_travel": {"b": "[0, 1)"},
    # without a column all is left and q = 1, where the series of the errors has no sum
    "feedback_bound": {"rank": "[1, n]"},
    "selection_bound": {"r": "[1, n]"},
    # with mu = 1 nothing of the buffer is ever taken away
    "momentum_bound": {"r": "[1, n]", "mu": "[0, 1)"},
    # places in a basis of n columns
    "dct_entry": {"j": "[0, n)", "k": "[0, n)"},
    # a factor that keeps nothing has no inverse before it has seen d vectors; one that keeps all of itself sees none
    "curvature_factor": {"L": "d x d", "g": "d", "gamma": "(0, 1)"},
    "curvature_response": {"gamma": "(0, 1)"},
    "definite_floor": {"gamma": "(0, 1)"},
    "wound_up": {"gamma": "(0, 1)"},
    "released_ceiling": {"gamma": "(0, 1)"},
    # the weights of X and of the identity; no spectrum ends below where it begins
    "stabilized_condition": {"high": "[low, inf)", "zeta": "[0, 1]"},
    # below 8 bits 255 d^2 exceeds 2^b for every divisor
    "largest_divisor": {"b": "[8, inf)"},
    # sinh^2 of more is close to the end of the doubles
    "cosh_excess_bounds": {"length": "[0, 300]"},
    "auon_factors": {"gamma": "(0, 300]"},
    # exp(c^2) of more leaves the doubles, and integrals are compared up to 64 degrees of freedom
    "far_response": {"c": "[0, 30]", "r": "[1, 64]"},
    # the mean of an exponential of a negative argument is one of a positive argument
    "exponential_mean": {"t": "k in [0, inf)"},
    # the density is a probability; binomials of more than 512 leave the doubles
    "matching_failure": {"n": "[1, 512]", "rho": "[0, 1]"},
    "full_and_sparse_failure": {"n": "[1, 512]", "rho": "[0, 1]"},
    # rows of any sign; the share of rows that are all 0 is refused by the body
    "mean_share": {"a": "N x d in (-inf, inf)"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert formulas["selection_bound"](5, 3, 3) == 0
    assert formulas["largest_divisor"](8) == 1
    assert formulas["stabilized_condition"](2, 2, Fraction(1, 2)) == 1
    assert formulas["stabilized_condition"](1, 9, 0) == 1
    assert formulas["lost_travel"](0, 3) == 0
    assert formulas["momentum_bound"](2.0, 3, 3, 0) == 0
    assert formulas["curvature_response"](0, Fraction(1, 2)) == 0
    assert theory.noise_constant((1, 1), kurtosis_a=-2, kurtosis_b=-2) == -2
    assert theory.adam_step_bound(0, 0.5) == pytest.approx(math.sqrt(2))
