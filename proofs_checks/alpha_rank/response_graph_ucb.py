"""ResponseGraphUCB: intervals that hold at all times, samples of each profile, and the rate in the gap."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.alpha_rank import BatchEstimate, response_graph_ucb_batch, theory, ucb_steps
from lrtheory.bounds import Derived, Inequality, Paper, Probability, Rate, Sides, Statement, saboteur
from proofs_checks.alpha_rank import mutants
from proofs_checks.alpha_rank.families import EASY_MATCH, GAP_LADDER, MATCHES, NEAR_TIE, RESOLVED_MATCHES, Match

RUNS = 50  # of an inequality that holds on every run


def sampled(match: Match, rng: np.random.Generator, n: int = RUNS) -> BatchEstimate:
    """Independent runs of ResponseGraphUCB (count-weighted, Hoeffding, anytime)."""
    return response_graph_ucb_batch(match.game, n, delta=match.delta, max_samples=match.max_samples, rng=rng)


def an_interval_missed(match: Match, runs: BatchEstimate) -> np.ndarray:
    """Whether some confidence interval missed its mean at some time; the intersections over time tell."""
    means = match.game.payoffs
    missed = (runs.lower > means) | (means > runs.upper)
    return missed.reshape(len(missed), -1).any(1)


RG_T1 = Statement(
    id="alpha_rank/RG-T1",
    title="All intervals hold at all times",
    source=Derived(theory.hoeffding_radius),
    tex=r"P(\exists n, k, s : |\hat M^k_n(s) - M^k(s)| > r(n)) \le \delta,\ r(n)^2 = \log(\pi^2 n^2 K|S|/3\delta)/2n",
    hypotheses={"outcomes in [0, 1]": lambda match: match.game.outcomes == "bernoulli"},
    instances=MATCHES,
    solve=sampled,
    claim=Probability(event=an_interval_missed, at_most=lambda match: match.delta),
    saboteurs=(
        saboteur("levels per payoff and for one time", printed=True, solve=mutants.authors_defaults),
        saboteur("radius a quarter as wide", patch=(ucb_steps.record, "/ (2 * n)", "/ (32 * n)"), instances=EASY_MATCH),
    ),
    notes="Hence every resolved edge is right, whether or not the sampling stops. The printed saboteur is the default "
    "of the authors' code. One instance is the three-player Kuhn meta-game, whose ties no number of samples resolves.",
)


def samples_per_profile(match: Match, runs: BatchEstimate, factor: Fraction = Fraction(1)) -> Sides:
    """N(s) against max(1, n*(gap_s)) on the runs whose intervals all held."""
    n_samples = runs.n_samples.reshape(len(runs.n_samples), -1)
    held = ~an_interval_missed(match, runs)
    bound = theory.count_weighted_bounds(match.game, delta=match.delta).astype(int)
    return Sides(lhs=n_samples, rhs=factor * bound, where=np.broadcast_to(held[:, None], n_samples.shape))


RG_T2P = Statement(
    id="alpha_rank/RG-T2p",
    title="Samples of each profile, with constants",
    source=Derived(theory.count_weighted_bounds),
    tex=r"N(s) \le \max(1, n^*(\Delta_s)),\quad n^*(\Delta) = \min\{n : r(n) < \Delta/4\}",
    hypotheses={"no ties": lambda match: match.game.gap > 0},
    instances=RESOLVED_MATCHES,
    solve=sampled,
    claim=Inequality(samples_per_profile, outside="alpha_rank/RG-T1", randomness="every run whose intervals held"),
    saboteurs=(
        saboteur(
            "a quarter of the bound",
            claim=Inequality(partial(samples_per_profile, factor=Fraction(1, 4)), outside="alpha_rank/RG-T1"),
        ),
        saboteur("plays on where all is resolved", solve=mutants.round_robin, instances=NEAR_TIE),
        saboteur(
            "most samples first",
            patch=(ucb_steps.next_profile, "n_samples[s] < n", "n_samples[s] > n"),
            instances=EASY_MATCH,
        ),
    ),
    notes="The sum bounds the total. Half the gap is enough when the means are right, hence ratios near 1/4.",
)


def rate(over: Callable[[Match], float]) -> Rate:
    """The total against a power of 1/gap times logarithms."""
    return Rate(
        cost=lambda match, total: total, size=lambda match: 1 / match.game.gap, over=over, exponent=(-0.15, 0.15)
    )


RG_T3 = Statement(
    id="alpha_rank/RG-T3",
    title="Total samples grow like gap^-2 log(1/(gap delta))",
    source=Paper("1909.09849", "Theorem 4.2", read="secondary"),
    tex=r"N(\Delta) = \Theta(\Delta^{-2} \log(1/\delta\Delta))",
    hypotheses={"no ties": lambda match: match.game.gap > 0},
    instances=GAP_LADDER,
    solve=lambda match, rng, n: sampled(match, rng, n).total,
    claim=rate(over=lambda match: match.game.gap**-2 * np.log(1 / (match.game.gap * match.delta))),
    saboteurs=(
        saboteur("rate 1/gap", claim=rate(over=lambda match: 1 / match.game.gap)),
        saboteur("intervals shrink like n^(-1/3)", solve=mutants.slow_intervals),
    ),
)
