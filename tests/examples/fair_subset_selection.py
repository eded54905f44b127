"""One small call of every public function of `fair_subset_selection`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory import fair_subset_selection as fss
from tests.backends import need_data
from tests.examples import Call, call

BORDA, CC = fss.ScoreRule("borda"), fss.ScoreRule("borda-cc")


def panel(number: int = 0) -> fss.Rankings:
    """Eight rankings of six items."""
    return fss.sample_rankings("impartial-culture", 8, 6, rng=number)


def utilities() -> np.ndarray:
    """Utilities of four items to three people."""
    return np.array([[4.0, 3.0, 2.0, 1.0], [1.0, 4.0, 2.0, 3.0], [2.5, 1.5, 3.5, 0.5]])


def groups() -> np.ndarray:
    """Six items in two groups."""
    return np.array([0, 0, 0, 1, 1, 1])


def scores() -> np.ndarray:
    """Observed scores of six items in three runs."""
    return np.array([[5.0, 4.0, 3.0, 2.0, 1.0, 0.0], [0.0, 3.0, 1.0, 5.0, 2.0, 4.0], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]])


def means() -> tuple[list[Fraction], list[Fraction]]:
    """Mean latent and observed scores of four items."""
    return [Fraction(1, 2), Fraction(1, 4)] * 2, [Fraction(1, 4), Fraction(1, 8)] * 2


def loaded(name: str, *args: Any) -> Call:
    """A loader, where its data are installed."""
    need_data(name)
    return call(*args)


CALLS = {
    "bias_swaps": lambda: call(panel(), [4, 5], phi=0.5, intensity=0.5, record=True, rng=0),
    "bias_utilities": lambda: call(utilities(), np.array([False, False, True, True]), 0.5, rng=0),
    "certify_transfer": lambda: call(panel(), CC, [0, 4, 2], groups=groups()),
    "committee_score": lambda: call(panel(), CC, [[0, 1], [2, 5]]),
    "group_inversions": lambda: call(panel(), [4, 5]),
    "item_scores": lambda: call(panel(), BORDA),
    "load_applicants": lambda: loaded("applicants"),
    "load_cambridge_ballots": lambda: loaded("cambridge_ballots", 20),
    "load_pref_profiles": lambda: loaded("pref_profiles"),
    "load_rated_items": lambda: loaded("rated_items", 20),
    "make_greedy_trap": lambda: call(3),
    "quota_curves": lambda: call(np.arange(6.0), scores(), 3, disadvantaged=np.array([3, 4, 5])),
    "quota_sweep": lambda: call(panel(), panel(1), BORDA, k=3, disadvantaged=[3, 4, 5]),
    "ranking_blocks": lambda: call("mallows", 5, 4, phi=0.5, block=2, rng=0),
    "sample_item_scores": lambda: call("mallows", BORDA, 5, n_items=4, n_runs=3, phi=0.5, rng=0),
    "sample_rankings": lambda: call("norm-mallows", 5, 4, rng=0),
    "sample_top_counts": lambda: call(np.array([0.5, 0.25, 0.25]), 100, n_runs=3, rng=0),
    "sample_utilities": lambda: call("plackett-luce", 3, 4, quality=[4.0, 1.0, 2.0, 1.0], rng=0),
    "select": lambda: call(panel(), CC, 3, groups=groups(), quota={1: 2}),
    "select_by_scores": lambda: call(scores()[0], 3, groups=groups(), at_least={1: 1}),
    "separates": lambda: call(np.array([4.0, 2.0, 1.0, 4.0, 2.0, 1.0]), scores(), groups=groups(), beta=0.5),
    "smoothness": lambda: call(panel(), panel(1), BORDA, groups=groups()),
    "baselines.proportional": lambda: call(panel(), BORDA, 3, disadvantaged=[4, 5]),
    "baselines.random_within_groups": lambda: call(panel(), BORDA, 2, groups=groups(), quota={0: 1, 1: 1}, rng=0),
    "theory.certificate_ratio": lambda: call(Fraction(1, 2), k=3),
    "theory.chernoff_lower": lambda: call(np.array([0.25, 0.5]), 100, 0.05),
    "theory.expected_scores": lambda: call("plackett-luce", BORDA, [4, 1, 2]),
    "theory.largest_observed_ratio": lambda: call(*means(), [0, 0, 1, 1], beta=Fraction(1, 2)),
    "theory.quota_loss": lambda: call(10, 2, 5),
    "theory.rankings_needed": lambda: call(8, alpha=0.25, gamma=0.5, delta=0.1),
    "theory.rankings_needed_realized": lambda: call(8, alpha=0.25, epsilon=0.25, delta=0.1),
    "theory.smallest_ratio_above": lambda: call(means()[0], [0, 0, 1, 1], beta=Fraction(1, 4)),
    "theory.smoothness_alpha": lambda: call(*means(), max_item_score=1),
}

#: calls of formulas of rooms whose arguments do not follow from their domains, or must be even besides
OF_ROOMS: dict[str, Callable[[], Call]] = {
    "exchange_ratio": lambda: call([4, 2, 1], [0, 1], [1, 2]),
    "placement_probabilities": lambda: call([2, 1, 1]),
    "proportional_quota_ratio": lambda: call(20, 4),
    "total_score": lambda: call(5, [2, 1, 0]),
}
