"""Statements of alpha-Rank with noisy outcomes, in the order of the papers."""

from proofs_checks.alpha_rank import chain, ranking_intervals, response_graph_ucb, static_sampling  # isort: split

__all__ = ["chain", "ranking_intervals", "response_graph_ucb", "static_sampling"]
