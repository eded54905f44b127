"""alpha-Rank in other units: of payoffs and of alpha, of time, of games that are counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import alpha_rank
from lrtheory.alpha_rank import theory
from proofs_checks.alpha_rank.chains.spanning_trees import tree_weights
from proofs_checks.alpha_rank.sampling.all_alike import log_ratio_bound
from proofs_checks.alpha_rank.sampling.completed_tables import direction_tolerance
from proofs_checks.alpha_rank.selection.deviation_rates import rate_lipschitz, smallest_rate
from proofs_checks.alpha_rank.selection.potentials import potential_log_law
from proofs_checks.alpha_rank.selection.same_chains import order_only
from proofs_checks.alpha_rank.selection.sinks import has_no_ties, single_sink_limit

SIZES = (3, 2)
PAYOFFS = np.random.default_rng(0).uniform(-1, 1, (2, 3, 2))
COORDINATION = np.array([[[2.0, 0.0], [0.0, 1.0]]] * 2)  # two sinks
TABLE = np.array([[0.0, -0.5, 1.0], [0.75, 0.25, -0.125], [-1.0, 0.125, 0.5]])  # no constant sum
CONSTANT = TABLE - TABLE.T  # its global fitness has a formula of its own
RATES = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 1.0], [1.0, 1e-3, 0.0]])
ORDERS = np.array([[0.0, 1.0, 2.0], [2.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
WINS = np.array([[0.0, 3.0, 1.0], [1.0, 0.0, 2.0], [2.0, 0.0, 0.0]])
BEATEN = np.triu(np.ones((3, 3)), 1)  # ratings exist by the ridge alone


def ranking(payoffs: np.ndarray, **options: Any) -> tuple[Any, ...]:
    """Masses, their logarithms where they are finite, and the profiles in order."""
    found = alpha_rank.alpha_rank(payoffs, **options)
    return found.pi, found.log_pi[np.isfinite(found.log_pi)], found.ranking, len(found.sinks)


def limit(payoffs: np.ndarray, factor: float) -> tuple[Any, ...]:
    """The limit alpha -> infinity, whose orders are payoffs."""
    found = alpha_rank.alpha_rank(payoffs, limit="alpha")
    return found.pi, found.ranking, found.order / factor


def law(chain: Any, **options: Any) -> tuple[Any, ...]:
    """A stationary law, its logarithm, and whether the power iteration ended."""
    found = alpha_rank.stationary_distribution(chain, **options)
    return found.pi, found.log_pi, found.converged


def edges(graph: Any) -> tuple[Any, ...]:
    """Directions, and how many sinks."""
    return graph.direction, len(graph.markov_conley_chains())


def masses(found: Any) -> tuple[Any, ...]:
    """Ends of ranking intervals, and how much work they took."""
    return found.lower, found.upper, found.n_solves


def ratings(wins: np.ndarray, ridge: float) -> tuple[Any, ...]:
    """Elo ratings and predictions."""
    found = alpha_rank.elo(wins, ridge=ridge)
    return found.ratings, found.predicted, found.converged


SINGLE: dict[str, Any] = {"population": "single", "population_size": 10}
GLOBAL: dict[str, Any] = {**SINGLE, "fitness": "global"}

UNITS: dict[str, Callable[[float], Any]] = {
    "alpha_rank: payoffs at infinite alpha": lambda f: ranking(f * PAYOFFS),
    "alpha_rank: payoffs in the perturbed chain": lambda f: ranking(f * PAYOFFS, perturbation=1e-3, method="power"),
    "alpha_rank: payoffs with several sinks": lambda f: limit(f * COORDINATION, f),
    "alpha_rank: payoffs with one sink": lambda f: limit(f * PAYOFFS, f),
    "alpha_rank: payoffs and alpha": lambda f: ranking(f * PAYOFFS, alpha=2 / f),
    "alpha_rank: payoffs and a large alpha": lambda f: ranking(f * PAYOFFS, alpha=300 / f),
    "alpha_rank: payoffs and what is a tie": lambda f: ranking(f * PAYOFFS, tie_tol=0.3 * f),
    "alpha_rank: payoffs of one population": lambda f: ranking(f * TABLE, alpha=2 / f, **GLOBAL),
    "alpha_rank: payoffs of a constant sum": lambda f: ranking(f * CONSTANT, alpha=2 / f, **GLOBAL),
    "alpha_rank: payoffs in the limit of one population": lambda f: ranking(f * TABLE, limit="alpha", **GLOBAL),
    "baselines: payoffs and alpha of the eigenvector": lambda f: (
        alpha_rank.baselines.eigenvector(f * PAYOFFS, alpha=0.25 / f, population_size=10).pi
    ),
    "elo: games and the ridge": lambda f: ratings(f * WINS, 1e-6 * f),
    "elo: games that some players always win": lambda f: ratings(f * BEATEN, 1e-6 * f),
    "fixation_probability: payoffs and alpha": lambda f: alpha_rank.fixation_probability(
        (3 / f) * (f * TABLE), population_size=10, log=True
    ),
    "profile_chain: payoffs": lambda f: alpha_rank.profile_chain(f * PAYOFFS).differences / f,
    "ranking_intervals: payoffs": lambda f: masses(
        alpha_rank.ranking_intervals(f * (PAYOFFS - 0.25), f * (PAYOFFS + 0.25), perturbation=0.01)
    ),
    "ranking_intervals: payoffs of one population": lambda f: masses(
        alpha_rank.ranking_intervals(f * (TABLE - 0.25), f * (TABLE + 0.25), population="single", perturbation=0.01)
    ),
    "response_graph: payoffs": lambda f: edges(alpha_rank.response_graph(f * PAYOFFS, tie_tol=0.3 * f)),
    "response_signs: payoffs": lambda f: alpha_rank.response_signs(f * PAYOFFS, tie_tol=0.3 * f),
    "stationary_distribution: time": lambda f: law(f * RATES),
    "stationary_distribution: time on logarithms": lambda f: law(f * RATES, method="log-gth"),
    "stationary_distribution: time by factors": lambda f: law(f * RATES, method="sparse"),
    "stationary_distribution: time in sweeps": lambda f: law(f * RATES, method="power"),
    "stationary_distribution: time of leading terms": lambda f: law((f * RATES, ORDERS), method="leading"),
    "theory: payoffs and alpha of samples": lambda f: (
        theory.samples_finite_alpha(SIZES, alpha=1 / f, population_size=5, epsilon=0.1, delta=0.1, max_payoff=f),
        theory.samples_infinite_alpha(SIZES, gap=0.2 * f, delta=0.1, max_payoff=f),
    ),
    "theory: payoffs and alpha of perturbation": lambda f: (
        log_ratio_bound(6, 1 / f, 5, 0.1 * f),
        rate_lipschitz(1 / f, 4) * f,
        smallest_rate(1 / f, 5, 4, f),
        direction_tolerance(0.25 * f) / f,
    ),
    "theory: payoffs and alpha of a potential": lambda f: potential_log_law(f * TABLE, 2 / f, 10),
    "theory: payoffs of directions": lambda f: (has_no_ties(f * PAYOFFS), order_only(f * PAYOFFS)),
    "theory: payoffs of certain directions": lambda f: theory.certain_directions(f * (TABLE - 0.1), f * (TABLE + 0.1)),
    "theory: time": lambda f: (tree_weights(f * RATES), single_sink_limit(f * RATES)),
    "transition_matrix: payoffs and alpha": lambda f: alpha_rank.transition_matrix(f * PAYOFFS, alpha=2 / f),
    "transition_matrix: payoffs of one population": lambda f: alpha_rank.transition_matrix(
        f * TABLE, alpha=2 / f, **GLOBAL
    ),
}
UNITLESS = {
    "ResponseGraphUCB": "outcomes lie in [0, 1], the range of its intervals",
    "complete_table": "win rates are probabilities, and so is what they are completed to",
    "kuhn_policies": "the strategies are probabilities to bet",
    "leaderboard": "matches are counted, and a win is one point",
    "next_battles": "matches are counted, and a win is one point",
    "next_matches": "matches are counted, and a win is one point",
    "rank_models": "matches are counted, and a win is one point",
    "response_graph_ucb_batch": "outcomes lie in [0, 1], the range of its intervals",
    "sample_matches": "strategies are probabilities, chips are counted",
    "table_from_matches": "a win is one point and a draw a share of it",
}
