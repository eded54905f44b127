"""ResponseGraphUCB with slack, which ends where profiles are tied.

n_means counts the means, one for each player and profile; together they fail with probability delta at most.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.alpha_rank import Game, profile_chain, theory
from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Probability, Sides, Statement, formula, saboteur
from proofs_checks.alpha_rank.families.ucb_reports import (
    at_most_so_many,
    is_bernoulli,
    missed_or_unfounded,
    sampled,
    unfounded,
)
from proofs_checks.alpha_rank.families.ucb_runs import SIZES, Match, Sampled, one_gap


def draw_tied(draws: Draws) -> Match:
    """Draw eighths, many of them equal; with slack the sampling ends all the same, far below the cap."""
    sizes = draws.choice(SIZES[:-1])
    payoffs = draws.integers(2, 6, shape=(len(sizes), *sizes)) / 8
    return Match(Game(payoffs, outcomes="bernoulli"), draws.choice((0.25, 0.1, 0.05)), max_samples=60_000)


TIED_MATCHES = Family(
    "tied-matches",
    always=(replace(one_gap(0.0), max_samples=60_000), replace(one_gap(0.25), max_samples=60_000)),
    draw=draw_tied,
)


# one step of the drawn payoffs: edges with a gap of one step may come out wrong, those of two or more may not
SLACK = 0.125


RG_T6_INTERVALS = Statement(
    id="alpha_rank/RG-T6-intervals",
    title="With slack, too, all intervals hold at all times",
    says=(
        "With slack, too, the mean outcome M_hat^k_n(s) of player k in the first n plays of profile s is within r(n) "
        "of the mean payoff M^k(s), for all n, k and s at once, with probability at least 1 - delta."
    ),
    source=Derived(theory.hoeffding_radius),
    tex=r"P(\exists n, k, s : |\hat M^k_n(s) - M^k(s)| > r(n)) \le \delta",
    hypotheses={"outcomes in {0, 1}": is_bernoulli},
    instances=TIED_MATCHES,
    solve=partial(sampled, slack=SLACK),
    decisions=("lower", "upper"),
    claim=Probability(partial(missed_or_unfounded, slack=SLACK), lambda match: match.delta),
    saboteurs=(
        saboteur(
            "a level for each payoff and each time", solve=partial(sampled, slack=SLACK, anytime=False, joint=False)
        ),
    ),
    notes="The good event of RG-T6.",
)


@formula(Delta="[0, inf)", epsilon_r="[0, inf)", n_means="[1, inf)")
def relaxed_samples_to_resolve(Delta: Number, epsilon_r: Number, delta: float, n_means: int) -> int | float:
    r"""The first n with r(n) < Delta / 4 + epsilon_r / 2; infinity where both are 0.

    Proof
    -----
    Assumes: \|mean - M\| <= r(n) for all means at all times (the event of RG-T1, which RG-T6-intervals checks with
    slack).

    Proof: the rule resolves an edge when U(w) - epsilon_r < L(b) + epsilon_r, U and L being the ends of the intervals
    at the worse profile w and the better one b. On the event U(w) <= M(w) + 2 r and L(b) >= M(b) - 2 r, so U(w) - L(b)
    <= 4 r - Delta, which is below 2 epsilon_r as soon as r < Delta / 4 + epsilon_r / 2. An edge is resolved the wrong
    way only if U(b) - epsilon_r < L(w) + epsilon_r; on the event U(b) >= M(b) and L(w) <= M(w), so then Delta < 2
    epsilon_r.
    """
    return theory.samples_to_resolve(Delta + 2 * epsilon_r, delta=delta, n_means=n_means)


def samples_with_slack(match: Match, runs: Sampled) -> Sides:
    """Compare N(s) with the samples that the relaxed rule needs, where the intervals held; no edge is left open."""
    gaps = np.abs(profile_chain(match.game).differences.astype(float)).min(axis=1)
    bound = [relaxed_samples_to_resolve(gap, SLACK, match.delta, match.game.payoffs.size) for gap in gaps.tolist()]
    return at_most_so_many(match, runs, bound, unfounded(match, runs, slack=SLACK))


RG_T6 = Statement(
    id="alpha_rank/RG-T6",
    title="With slack the sampling stops, ties or not",
    says=(
        "With slack epsilon_r, and while all intervals hold, profile s is played at most until their radius r(n) is "
        "below Delta_s / 4 + epsilon_r / 2, where Delta_s is the smallest payoff gap of an edge at s, or 0."
    ),
    source=Derived(relaxed_samples_to_resolve),
    tex=r"N(s) \le \min\{n : r(n) < \Delta_s/4 + \varepsilon_r/2\}",
    hypotheses={"outcomes in {0, 1}": is_bernoulli},
    instances=TIED_MATCHES,
    solve=partial(sampled, slack=SLACK),
    decisions=("lower", "upper"),
    claim=Inequality(samples_with_slack, outside=RG_T6_INTERVALS.claim, randomness="every run whose intervals held"),
    saboteurs=(
        # where the slack cancels the rule is the plain one, which does not stop at a tie
        saboteur("slack given at one end and taken back at the other, as in public code", printed=True, solve=sampled),
        saboteur("a quarter of the slack", solve=partial(sampled, slack=SLACK / 4)),
    ),
    notes="Edges with gaps below 2 slack may be wrong. Where the slack cancels, the relaxed rule is the plain one.",
)
