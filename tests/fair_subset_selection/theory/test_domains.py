"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from fractions import Fraction

from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "fair_subset_selection"
SHARE, OF_GOOD = "[0, 1]", {"g": "[1, h]"}
#: a mean score of 0 asks for infinitely many rankings, and so does certainty; with gamma = 1 nothing is told apart
SAMPLE = {"alpha": "(0, 1]", "delta": "(0, 1)"}
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    "certificate_ratio": {"step_ratio": SHARE},
    "largest_observed_ratio": {"beta": SHARE},
    "smallest_ratio_above": {"beta": SHARE},
    "realized_ratio": {"beta_plus": SHARE, "epsilon": SHARE},
    "quota_loss": {"quota": "[0, k]", "best_quota": "[0, k]"},
    "rankings_needed": SAMPLE | {"gamma": "[0, 1)"},
    "marginal_rankings_needed": SAMPLE | {"gamma": "[0, 1)", "k": "[1, m]"},
    # an accuracy of 0 is never reached
    "rankings_needed_realized": SAMPLE | {"epsilon": "(0, 1]"},
    # one number for each exchange
    "inversions_lost": {"distances": "k"},
    # more exchanges than inversions cannot be made
    "swaps_asked": {"intensity": SHARE},
    # the good items are some of the h disadvantaged ones; without any, nothing is lost
    "blind_scales": OF_GOOD,
    "top_good_probability": OF_GOOD,
    "blind_optimum": OF_GOOD,
    "coupon_rankings": OF_GOOD,
    "blind_gain": OF_GOOD | {"quota": "[0, g]"},
    "blind_bound": OF_GOOD | {"quota": "[0, g]"},
    # items of the quality of all others are not better ones
    "unprotected_share": {"q": "(1, inf)"},
    # means of numbers in [0, 1]
    "chernoff_tail": {"f": SHARE},
    # one item alone is not before another, and with theta = 0 the group is never seen
    "alpha_bound": {"m": "[2, inf)", "theta": "(0, 1]", "d": "[1, m]", "depth": "[1, m]"},
    # of each half at least one item is chosen
    "proportional_quota_ratio": {"N": "[2, inf)", "k": "[2, N]"},
    "expected_top_sum": {"k": "[0, N]"},
    "optimal_quota_law": {"d": "[0, m]", "k": "[0, m]"},
    "top_sum_share": {"t": "[0, n]"},
    "naive_evaluations": {"k": "[0, m]"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert formulas["blind_gain"](3, 3, 3) == 1
    assert formulas["top_sum_share"](0, 0) == 1
    assert formulas["realized_ratio"](Fraction(1, 2), 0) == Fraction(1, 2)
    assert formulas["realized_ratio"](1, 1) == 0
    assert formulas["naive_evaluations"](3, 3) == 6
    assert formulas["swaps_asked"](4, 1) == 4
