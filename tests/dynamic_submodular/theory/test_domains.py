"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from fractions import Fraction

from lrtheory.dynamic_submodular import theory
from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "dynamic_submodular"
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    # a grid of a ratio above 2 leaves nothing of (1 - epsilon) / 2, and no solver has one
    "table_ratio": {"epsilon": "[0, 1]"},
    "pair_ratio": {"epsilon": "[0, 1]"},
    "matroid_ratio": {"epsilon": "[0, 1]"},
    # 1/2 - epsilon is negative
    "sieve_ratio": {"epsilon": "[0, 1/2]"},
    # a batch may lose at most half of its members before its level is built again
    "batch_damage": {"epsilon": "[0, 1/2]"},
    "batch_value": {"epsilon": "[0, 1/2]"},
    "batch_pair_ratio": {"epsilon": "[0, 1/2]"},
    # ln(1 / epsilon) has to be positive and finite
    "stochastic_samples": {"epsilon": "(0, 1)"},
    # the dead are among all
    "prefix_maximal_bound": {"d": "[0, N]"},
    "epoch_probability": {"d": "[0, N]"},
    # with no share a level would leave its bucket as it is, and more than all cannot leave it
    "levels_bound": {"alpha": "(0, 1]"},
    # every member has one marginal, and lives or not
    "live_value": {"Delta": "n", "is_live": "n in [0, 1]"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    half = Fraction(1, 2)
    assert (theory.table_ratio(1), theory.pair_ratio(0), formulas["sieve_ratio"](half)) == (0, half, 0)
    assert formulas["batch_damage"](half) == Fraction(1, 3)
    assert theory.batch_pair_ratio(Fraction(0)) == half
    assert formulas["prefix_maximal_bound"](0, 1, 1) == 0
    assert formulas["epoch_probability"](1, 6, Fraction(1), 0) == Fraction(2, 3)
    assert formulas["pair_bound"](0, 0) == 0
    assert formulas["greedy_ratio"](1) == 1
    assert formulas["tight_failure_probability"](1, 0, 0, 0, 0) == 0
    assert formulas["live_value"]([], []) == 0
    assert formulas["levels_bound"](1, 1, 1) == 1


def test_the_potential_is_used_up_after_the_levels_of_the_bound_and_not_much_earlier() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    n, K, alpha = 500, 10, 0.1
    levels, share = formulas["levels_bound"](n, K, alpha), alpha / K**2
    # the potential is n K at first, and each level takes a share of it; a level needs at least 1
    before, after = (n * K * (1 - share) ** (T - 1) for T in (0.99 * levels, levels))
    assert after < 1 < before
