"""One small call of every public function of `alpha_rank`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lrtheory import alpha_rank
from tests.examples import Call, call


def payoffs() -> np.ndarray:
    """Two players, three and two strategies, no ties."""
    return np.random.default_rng(0).uniform(-1, 1, (2, 3, 2))


def rates() -> np.ndarray:
    """An irreducible chain of three states."""
    return np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 1.0], [1.0, 1.0, 0.0]])


def intervals() -> tuple[np.ndarray, np.ndarray]:
    """Payoffs within 0.1 of a game, so that the direction of some deviations is open."""
    return payoffs() - 0.1, payoffs() + 0.1


def roshambo() -> Call:
    """Two programs, where open-spiel is installed."""
    pytest.importorskip("pyspiel")
    return call(bots=("rockbot", "copybot"), rng=0)


def few_plays() -> dict[str, int]:
    """Options of information gain that take no time."""
    return {"max_samples": 60, "warm_up": 20, "batch": 20, "n_outcomes": 2, "n_games": 10}


def log() -> dict[str, list[str]]:
    """Four players' matches, of which the first wins all."""
    return {"winner": ["ann", "ann", "bob", "cat"] * 30, "loser": ["bob", "cat", "cat", "dan"] * 30}


CALLS = {
    "alpha_rank": lambda: call(payoffs()),
    "complete_table": lambda: call(np.array([[0.5, 0.2, np.nan], [0.8, 0.5, 0.2], [np.nan, 0.8, 0.5]]), rng=0),
    "elo": lambda: call(np.array([[0.0, 3.0], [1.0, 0.0]])),
    "fixation_probability": lambda: call(np.linspace(-1, 1, 5), population_size=10),
    "kuhn_policies": lambda: call(2, iterations=1),
    "leaderboard": lambda: call(log()),
    "load_kuhn": lambda: call(2, iterations=1),
    "make_battles": lambda: call([100.0, 0.0, -100.0], 50, rng=0),
    "make_bernoulli_game": lambda: call(2, rng=0),
    "load_roshambo": roshambo,
    "make_bradley_terry": lambda: call(3, rotation=1.0, rng=0),
    "make_good_bad": lambda: call(2, 1),
    "make_rps": lambda: call(),
    "next_battles": lambda: call({"winner": ["ann", "bob"] * 5, "loser": ["cat", "cat"] * 5}, n=5),
    "next_matches": lambda: call(log(), n=5),
    "profile_chain": lambda: call(payoffs()),
    "rank_models": lambda: call(
        {"winner": ["ann", "ann", "bob", "cat"] * 9, "loser": ["bob", "cat", "cat", "ann"] * 9}
    ),
    "ranking_intervals": lambda: call(*intervals()),
    "response_graph": lambda: call(payoffs()),
    "response_graph_ucb_batch": lambda: call(alpha_rank.make_bernoulli_game(2, rng=0), 3, max_samples=100, rng=0),
    "response_signs": lambda: call(payoffs()),
    "sample_matches": lambda: call(alpha_rank.kuhn_policies(2, iterations=1), (0, 1), 5, rng=0),
    "stationary_distribution": lambda: call(rates()),
    "table_from_matches": lambda: call([("a", "b"), ("b", "c")], [1, 0.5]),
    "transition_matrix": lambda: call(payoffs(), alpha=1.0, format="dense"),
    "problem.payoff_tables": lambda: call(payoffs()),
    "theory.certain_directions": lambda: call(np.array([[0.5, 0.6], [0.1, 0.5]]), np.array([[0.5, 0.9], [0.4, 0.5]])),
    "theory.clopper_pearson": lambda: call(3, 10, 0.1),
    "theory.count_weighted_bounds": lambda: call(payoffs(), delta=0.1),
    "theory.exhaustive_bound": lambda: call(payoffs(), delta=0.1),
    "theory.hoeffding_radius": lambda: call(10, delta=0.1, n_means=12),
    "theory.mass_interval": lambda: call(4.0, 2.0),
    "theory.samples_finite_alpha": lambda: call((3, 2), alpha=1.0, population_size=10, epsilon=0.1, delta=0.1),
    "theory.samples_infinite_alpha": lambda: call((3, 2), gap=0.1, delta=0.1),
    "theory.samples_to_resolve": lambda: call(0.1, delta=0.1, n_means=12),
    "baselines.bradley_terry_board": lambda: call(log(), n_resamples=20, rng=0),
    "baselines.eigenvector": lambda: call(payoffs()),
    "baselines.information_gain": lambda: call(alpha_rank.make_good_bad(2, 1), rng=0, **few_plays()),
}

#: calls of formulas of rooms whose arguments do not follow from their domains
OF_ROOMS: dict[str, Callable[[], Call]] = {
    "has_no_ties": lambda: call(payoffs()),
    "order_only": lambda: call(payoffs()),
    "payoffs_with_offset": lambda: call(np.zeros((1, 2)), [np.array([3.0])]),
    "potential_log_law": lambda: call(np.array([0.0, 1.0]), 1.0, 10),
    "relaxed_samples_to_resolve": lambda: call(0.0, 0.25, 0.1, 8),
    "single_sink_limit": lambda: call(np.array([[0.0, 1.0], [0.0, 0.0]])),
}
