"""alpha-Rank: its statements, from one mutant and the exact chain to rankings from sampled matches."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.alpha_rank import fixation
from proofs_checks.alpha_rank import chain
from proofs_checks.alpha_rank import games
from proofs_checks.alpha_rank import limits
from proofs_checks.alpha_rank import static_sampling
from proofs_checks.alpha_rank import confidence_intervals
from proofs_checks.alpha_rank import response_graph_ucb
from proofs_checks.alpha_rank import ranking_intervals
from proofs_checks.alpha_rank import low_rank
from proofs_checks.alpha_rank.boards import comparisons
from proofs_checks.alpha_rank.boards import wealth
from proofs_checks.alpha_rank.boards import batches
from proofs_checks.alpha_rank.boards import standings
from proofs_checks.alpha_rank.boards import coins
from proofs_checks.alpha_rank.boards import averages
from proofs_checks.alpha_rank.boards import resampling

ABOUT = About(
    paper=("M. Rowland et al., *Multiagent Evaluation under Incomplete Information*, arXiv 1909.09849."),
    claims="""\
Strategies of a game are ranked by the stationary distribution of a Markov chain of takeovers, and payoffs are known
only from noisy matches. The paper says how many matches make the ranking right with probability 1 - delta (Theorems
3.1 and 3.2), gives an adaptive sampler, ResponseGraphUCB (Theorems 4.1 and 4.2), and turns intervals on payoffs into
intervals on the ranking (section 5). Constants, intervals that hold at all times, and bounds in the place of Theorem
3.1, whose number of matches no run can reach, are derived here.""",
    pictures=("kuhn-intervals",),
)
