"""Domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from tests.core.formulas.declared import PLAIN, in_rooms

#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    # windows that do not overlap carry nothing up
    "window_prefix": {"w": "[2, inf)", "s": "[1, w)"},
    "window_calls": {"w": "[2, inf)", "s": "[1, w)"},
    "passes_prefix": {"w": "[2, inf)", "s": "[1, w)"},
    "downward_suffix": {"w": "[2, inf)", "s": "[1, w)"},
    # with k = w a round drops nothing
    "tournament_calls": {"w": "[2, inf)", "k": "[1, w)"},
    "merge_candidates": {"w": "[2, inf)", "k": "[1, w]"},
    "merge_calls": {"w": "[2, inf)"},
    "heap_calls": {"k": "[1, n]"},
    # a call about one document joins nothing
    "calls_needed": {"w": "[2, inf)"},
    "calls_to_check": {"w": "[2, inf)"},
    # at 1/2 an answer says nothing
    "votes": {"q": "(1/2, 1]", "delta": "(0, 1)"},
    "copeland_gap": {"n": "[2, inf)", "eps": "[0, 1/2)", "delta": "(0, 1)"},
    "capture_probability": {"c": "[1, n]", "k": "[1, n]"},
    "capture_recall": {"c": "[1, n]", "k": "[1, n]"},
    # the variance divides by n - 2, and a group of one says nothing
    "group_place_law": {"n": "[3, inf)", "c": "[2, n]", "rho": "[0, n)"},
    "partitions_needed": {"n": "[2, inf)", "c": "[2, n]", "delta": "(0, 1)"},
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
    "term_bound": {"b": "[0, 1]"},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    told = {
        one.path.rpartition(".")[2]: {key: domain.text for key, domain in one.domains.items()}
        for one in in_rooms("reranking")
    }
    special = {name: {key: text for key, text in given.items() if text not in PLAIN} for name, given in told.items()}
    assert {name: given for name, given in special.items() if given} == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms("reranking")}
    assert formulas["window_prefix"](100, 20, 10) == 10
    assert formulas["window_prefix"](100, 20, 19) == 1
    assert formulas["window_prefix"](5, 20, 19) == 5
    assert formulas["tournament_calls"](100, 20, 10) == (9, 4)
    assert formulas["tournament_calls"](1, 2, 1) == (0, 0)
    assert formulas["merge_candidates"](100, 20, 10) == 18
    assert formulas["heap_calls"](100, 10, 19) == 25
    assert formulas["calls_needed"](1, 2) == 0
    assert formulas["calls_needed"](100, 20) == 6
    assert formulas["copeland_gap"](40, 0, 0.1) < 24
    assert formulas["capture_probability"](100, 20, 10, 10) == 1
    assert formulas["partitions_needed"](40, 10, 10, 0.1) == 23
    assert formulas["loss_of_winner"](2, 5) == 0
    assert formulas["loud_rank"](2, 60) == 62
    assert formulas["dcg_change"](1, 3, 0.5, 0.5) == 0
    assert formulas["unseen_mass"](0, 3) == 0
