"""Where the theorems hold: the domains whose ends are a theorem's point, written from the proofs and not from the code.

Ends that say no more than that a number is a count, a size or a positive size are left out.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from lrtheory.policy_gradients import theory
from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "policy_gradients"
PAIR = {"G": "[2, inf)"}
GROUP = {"group_size": "[2, inf)"}
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    # with one answer in a group every advantage is 0, and the formulas with and without divisors would differ
    "weight": {"P": "[0, 1]", **GROUP},
    "weight_bounds": {"P": "[0, 1]", **GROUP},
    "deviation_limit": {"P": "[0, 1]", **PAIR},
    # probabilities, and rewards that may lie anywhere between wrong and right
    "at_least_one": {"P": "[0, 1]"},
    "common_rate": {"P": "[0, 1]", "right": "[0, 1]", "wrong": "[0, 1]"},
    "mean_push": {"P": "[0, 1]", "p": "[0, 1]", "r": "[0, 1]"},
    "rank_gain": {"P": "[0, 1]", "p_a": "[0, 1]", "p_b": "[0, 1]"},
    "success_direction": {"P": "[0, 1]", "p": "[0, 1]", "r": "[0, 1]"},
    # one difference of advantages for each number of other right answers
    "slope": {"P": "[0, 1]", "d": "G"},
    "penalized_update": {"p": "k in [0, 1]", "r": "k in [0, 1]", "h": "k x k in [0, 1]", **PAIR},
    "unlikeliness_threshold": {"p": "k in [0, 1]", "correct": "k in [0, 1]", **GROUP},
    # a group of one carries no signal and has a probability; the statement speaks of two
    "no_signal_probability": {"P": "[0, 1]"},
    "silent_probability": {"P": "[0, 1]", **PAIR},
    # a log of fewer answers than a group has contains no group
    "silent_share": {"c": "[0, n]", "n": "[G, inf)", **PAIR},
    # logarithms of p and 1 - p
    "best_n": {"p": "(0, 1)"},
    # quotients by P and 1 - P, and by lengths
    "divided_update": {"p": "k", "r": "k", "lengths": "k in (0, inf)", "P": "(0, 1)"},
    # logits of both
    "excess": {"P": "(0, 1)", "P_f": "(0, 1)", **PAIR},
    # without success in the reference, or with nothing but success, no interior law is at rest
    "forward_rest": {"P_f": "(0, 1)"},
    "stationary_success": {"P_ref": "(0, 1)", **GROUP},
    "forward_pull": {"p": "k", "f": "k"},
    # the clip of ratios leaves 1 - e above 0; the sign of an advantage
    "ratio_at_rest": {"e": "(0, 1)", "sign": "[-1, 1]"},
    # a share of the law, which is at most that of the likeliest answer
    "evened_mass": {"x": "[0, 1]"},
    "sharpened_mass": {"x": "[0, most]", "most": "[0, 1]"},
    # (2 - 5 x + 6 x^3) / L - x + 6 x^2 - 6 x^3 is negative for x <= 1/10 where L x >= 4, and need not be beyond
    "success_rate": {"x": "(0, 1/10]", "L": "[4, inf)"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_formulas_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert theory.weight_bounds(0, group_size=2) == (1, 1)
    assert theory.weight(0.0, group_size=2) == 1
    assert theory.no_signal_probability(0, group_size=1) == 1
    assert formulas["silent_probability"](Fraction(1), 2) == 1
    assert formulas["silent_share"](0, 2, 2) == formulas["silent_share"](2, 2, 2) == 1
    assert formulas["at_least_one"](Fraction(1), 3) == 1
    assert formulas["success_rate"](Fraction(1, 10), 40) < 0
    assert formulas["success_rate"](Fraction(1, 10), 100) == Fraction(-1547, 5_000_000)


def test_a_rate_beyond_the_family_is_refused() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    with pytest.raises(ValueError, match="`x` must be"):
        formulas["success_rate"](Fraction(1, 5), 100)
    with pytest.raises(ValueError, match="`c` must be"):
        formulas["silent_share"](3, 2, 2)
