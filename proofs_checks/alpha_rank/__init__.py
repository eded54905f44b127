"""alpha-Rank: its statements, from one mutant and the exact chain to rankings from sampled matches."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.alpha_rank.selection import mutants
from proofs_checks.alpha_rank.selection import potentials
from proofs_checks.alpha_rank.selection import same_chains
from proofs_checks.alpha_rank.selection import deviation_rates
from proofs_checks.alpha_rank.selection import sinks
from proofs_checks.alpha_rank.selection import coordination
from proofs_checks.alpha_rank.chains import spanning_trees
from proofs_checks.alpha_rank.chains import return_times
from proofs_checks.alpha_rank.chains import eliminated_states
from proofs_checks.alpha_rank.chains import perturbed_chains
from proofs_checks.alpha_rank.sampling import outcome_means
from proofs_checks.alpha_rank.sampling import all_alike
from proofs_checks.alpha_rank.sampling import right_directions
from proofs_checks.alpha_rank.sampling import resolved_edges
from proofs_checks.alpha_rank.sampling import exhaustive_plays
from proofs_checks.alpha_rank.sampling import slack
from proofs_checks.alpha_rank.sampling import completed_tables
from proofs_checks.alpha_rank.payoff_boxes import orientations
from proofs_checks.alpha_rank.payoff_boxes import touching_intervals
from proofs_checks.alpha_rank.payoff_boxes import nested_boxes
from proofs_checks.alpha_rank.payoff_boxes import single_populations
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
    papers=(
        Reading(
            key="1909.09849",
            name="Incomplete Information, Rowland et al.",
            read="restated by others",
            claims=(
                "Enough noisy matches, or those that ResponseGraphUCB chooses, make a ranking right with "
                "probability 1 - delta; intervals of payoffs give intervals of ranks."
            ),
            found=(
                "Intervals of the released code fail where payoffs nearly tie; no run can reach the matches of "
                "Theorem 3.1, bounds in its place can."
            ),
            ids=("MI-", "RG-", "RU-", "P5", "P7"),
            call="ResponseGraphUCB",
        ),
        Reading(
            key="1903.01373",
            name="alpha-Rank, Omidshafiei et al.",
            read="restated by others",
            claims=(
                "The stationary law of a chain of takeovers ranks strategies, and for strong selection lies on the"
                " sinks of the response graph."
            ),
            found="Both limits of the chain agree with one sink and no ties, and differ with two sinks.",
            ids=("AR-",),
            call="alpha_rank",
        ),
    ),
    errata=("RG-T4",),
)
