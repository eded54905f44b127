"""Where the theorems hold: domains whose ends are a theorem's point, written from the proofs and not from the code."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.compatible_representations import theory
from tests.core.formulas.declared import in_rooms, special_domains

SYSTEM = "compatible_representations"
CHANCE = "(0, 1)"
#: by formula; behind each argument stands what fails beyond the ends
DOMAINS = {
    # one vertex alone has no other one, and divides by K - 1 = 0
    **{name: {"K": "[2, inf)"} for name in ("accuracy_without_frame", "largest_margin", "variance_window")},
    **{name: {"n_classes": "[2, inf)"} for name in ("alignment_from_loss", "cross_entropy_floor", "gap_rays")},
    "simplex_products": {"K": "[2, inf)", "P": "[2, inf)"},
    "growth_cosine": {"n_classes": "[2, inf)", "larger": "[n_classes, inf)"},
    "logit_of_sum": {"K": "[2, inf)"},
    # laws of vertices
    "gap_confusion": {"old": "k x k in [0, 1]", "new": "k x k in [0, 1]"},
    "gain_of_a_perfect_encoder": {"p": "[0, 1]", "square": "[0, 1]", "K": "[2, inf)"},
    # rows of one width
    "gap_by_sums": {"moved": "d", "total": "d", "itself": "d"},
    "gap_of_means": {"mu_n": "d", "mu_o": "d", "other": "d"},
    # unit vectors are at most 2 apart
    "gap_with_itself": {"distance": "[0, 4]"},
    "may_change": {"margin": "[0, 2]", "eps": "[0, 2]"},
    # accuracies differ by at most 1, and by 0 no number of queries shows a gain
    "queries_bound": {"difference": "(0, 1]", "delta": CHANCE, "miss": CHANCE},
    "average_compatibility_of_equals": {"accuracy": "[0, 1]"},
    "difference_limits": {"delta": CHANCE},
    # with a margin of 1 any encoder will do
    "queries_needed": {"won": "[0, 1]", "lost": "[0, 1]", "margin": "[0, 1)", "delta": CHANCE, "miss": CHANCE},
    "replacement_power": {"won": "[0, 1]", "lost": "[0, 1]", "margin": "[0, 1)", "delta": CHANCE},
}


def test_the_domains_are_those_of_the_proofs() -> None:
    assert special_domains(SYSTEM) == DOMAINS


def test_hypotheses_hold_at_their_ends() -> None:
    formulas = {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
    assert formulas["largest_margin"](2) == 1
    assert formulas["accuracy_without_frame"](2) == 0.5
    assert formulas["gap_with_itself"](4) == -2
    assert formulas["gain_of_a_perfect_encoder"](1, 1, 2) == 0
    assert formulas["variance_window"](Fraction(1, 2), Fraction(1, 2), Fraction(3, 4), 2) == (0.75, 0.75)
    assert theory.growth_cosine(5, larger=5) == 1
    assert theory.gap_rays(0, Fraction(1), n_classes=2) == (0, 0)
    assert theory.queries_bound(1, delta=0.5, miss=0.5) == 9
    assert theory.average_compatibility_of_equals(1, n_queries=3) == 0


def test_laws_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^`new` must be a matrix whose rows sum to 1; got"):
        theory.gap_confusion(np.eye(2), np.eye(2) / 2)
