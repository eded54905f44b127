"""Domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from lrtheory.reranking import theory
from tests.core.formulas.declared import in_rooms, special_domains

#: windows that do not overlap carry nothing up
WINDOWS = {"size": "[2, inf)", "step": "[1, size)"}
CAPTURES = {"size": "[1, n]", "k": "[1, n]"}
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    "window_prefix": WINDOWS,
    "window_calls": WINDOWS,
    "downward_suffix": {"w": "[2, inf)", "s": "[1, w)"},
    # with k = size a round drops nothing
    "tournament_calls": {"size": "[2, inf)", "k": "[1, size)"},
    "merge_candidates": {"size": "[2, inf)", "k": "[1, size]"},
    "merge_calls": {"size": "[2, inf)", "k": "[1, size]"},
    "heap_calls": {"size": "[2, inf)", "k": "[1, n]"},
    # a call about one document joins nothing
    "calls_needed": {"size": "[2, inf)"},
    # at 1/2 an answer says nothing
    "votes": {"accuracy": "(1/2, 1]", "delta": "(0, 1)"},
    "copeland_gap": {"n": "[2, inf)", "error_rate": "[0, 1/2)", "delta": "(0, 1)"},
    "capture_probability": CAPTURES,
    "capture_recall": CAPTURES,
    # the variance divides by n - 2, and a group of one says nothing
    "group_place_law": {"n": "[3, inf)", "c": "[2, n]", "rho": "[0, n)"},
    "partitions_needed": {"n": "[2, inf)", "size": "[2, n]", "delta": "(0, 1)"},
    "mixed_deviations": {"m": "G", "d": "G"},
    "margin": {"a": "L in [0, inf)", "b": "L in [0, inf)"},
    "places_kept": {"i": "[0, L)"},
    "level": {"p": "[0, 1]"},
    "sampled_level": {"alpha": "(0, 1)"},
    # whoever reads on for ever reads no rank in particular
    "unseen_mass": {"p": "[0, 1)"},
    "pooled_recall": {"hits": "[0, R]"},
    "narrow_ideal": {"b": "(0, a]"},
    "ceiling": {"gains": "m in [0, inf)"},
    # discounts do not grow
    "dcg_change": {"d_j": "[0, d_i]"},
    "tied_precisions": {"r": "[0, t]", "c": "[0, s]"},
    "random_precisions": {"R": "[0, n]", "k": "[1, n]"},
    "expected_random": {"n_relevant": "[0, n]", "k": "[1, n]"},
    "term_bound": {"b": "[0, 1]"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains("reranking") == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms("reranking")}
    assert theory.window_prefix(100, 20, 19) == 1
    assert theory.window_prefix(5, 20, 19) == 5
    assert theory.window_prefix(100, 20, 10, passes=0) == 0
    assert theory.tournament_calls(1, 2, 1) == (0, 0)
    assert theory.merge_candidates(100, 20, 10) == 18
    assert theory.merge_calls(100, 20, 10) == (7, 3)
    assert theory.heap_calls(100, 20, 10) == 25
    assert theory.calls_needed(1, 2) == 0
    assert theory.copeland_gap(40, 0, 0.1) < 24
    assert theory.capture_probability(100, 20, 10, kept=10) == 1
    assert theory.expected_random(3, 0, 1)["ap"] == 0
    assert formulas["loss_of_winner"](2, 5) == 0
    assert formulas["dcg_change"](1, 3, 0.5, 0.5) == 0
    assert formulas["unseen_mass"](0, 3) == 0
    assert formulas["completions_needed"](0) == 2
