"""Statements of alpha-Rank with noisy outcomes. The modules come in the order of the papers, and so do the reports."""

# ruff: noqa: F401, I001
from proofs_checks.alpha_rank import fixation
from proofs_checks.alpha_rank import chain
from proofs_checks.alpha_rank import games
from proofs_checks.alpha_rank import limits
from proofs_checks.alpha_rank import static_sampling
from proofs_checks.alpha_rank import response_graph_ucb
from proofs_checks.alpha_rank import ranking_intervals
from proofs_checks.alpha_rank import low_rank

PAPER = "M. Rowland et al., *Multiagent Evaluation under Incomplete Information*, arXiv 1909.09849."
