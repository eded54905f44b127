"""ResponseGraphUCB while its intervals hold: right directions, samples of each profile, and the rate in the gap."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.alpha_rank import profile_chain, response_signs, theory
from lrtheory.alpha_rank.sampling import ucb_steps
from lrtheory.bounds import (
    Derived,
    Inequality,
    OutcomeError,
    Paper,
    Probability,
    Rate,
    Recorded,
    Sides,
    Statement,
    saboteur,
)
from proofs_checks.alpha_rank import wrong_solvers
from proofs_checks.alpha_rank.confidence_intervals import RG_T1
from proofs_checks.alpha_rank.families import exact_chances
from proofs_checks.alpha_rank.families.ucb_reports import (
    an_interval_missed,
    directed,
    is_bernoulli,
    missed_or_unfounded,
    sampled,
    told,
    unfounded,
)
from proofs_checks.alpha_rank.families.ucb_runs import (
    EASY_MATCH,
    GAP_LADDER,
    HARD_MATCH,
    MATCHES,
    NEAR_TIE,
    NEAR_TIES,
    RESOLVED_MATCHES,
    TIED_MATCHES,
    Directed,
    Match,
    Sampled,
    Told,
)


def wrong_edges(match: Match, runs: Told) -> Sides:
    """Count wrong resolved edges where the intervals held, open edges below the cap, unfounded reports: all are 0."""
    wrong = (runs.resolved & (runs.direction != response_signs(match.game))).sum(axis=(1, 2)) // 2
    total = runs.n_samples.reshape(len(wrong), -1).sum(axis=1)
    below_cap = total < (match.max_samples or math.inf)
    left_open = (~runs.resolved).sum(axis=(1, 2)) // 2 * below_cap
    lhs = np.stack([wrong, left_open, unfounded(match, runs).astype(int)])
    # wrong edges count only where the intervals held; nothing else in a report is excused by a miss
    held, edges = ~an_interval_missed(match, runs), runs.resolved[0].size // 2
    where, trivial = np.stack([held, held | True, held | True]), np.array([[edges], [edges], [1]])
    return Sides(lhs, np.zeros(lhs.shape, dtype=int), trivial=np.broadcast_to(trivial, lhs.shape), where=where)


def a_resolved_edge_is_wrong(match: Match, runs: Directed) -> np.ndarray:
    """Tell for each run whether a wrong direction is certified, or, without a cap, some edge is left open."""
    wrong = (runs.resolved & (runs.direction != response_signs(match.game))).any(axis=(1, 2))
    return wrong | ((match.max_samples is None) & ~runs.resolved.all(axis=(1, 2)))


RG_T4 = Statement(
    id="alpha_rank/RG-T4",
    title="Every resolved edge is right, whether or not the sampling stops",
    says="With probability at least 1 - delta no edge of the response graph is ever resolved in the wrong direction.",
    source=Paper("1909.09849", "Theorem 4.1", read="secondary"),
    tex=r"P(\exists \text{ resolved edge with the wrong direction}) \le \delta",
    hypotheses={"outcomes in {0, 1}": is_bernoulli},
    instances=NEAR_TIES,
    solve=partial(directed, scheme="U"),
    claim=Probability(a_resolved_edge_is_wrong, lambda match: match.delta, exact=exact_chances.wrong_direction),
    decisions=("direction", "resolved"),
    saboteurs=(
        saboteur(
            "a level for each payoff and each time, the authors' defaults",
            printed=True,
            solve=partial(directed, scheme="U", anytime=False, joint=False),
        ),
        # near ties may stay open up to the cap, and open edges have no certified direction to exchange
        saboteur("directions exchanged", solve=wrong_solvers.directions_exchanged, instances=RESOLVED_MATCHES),
    ),
    notes="On edges with gap 2^-10, intervals that are not anytime-valid separate in a random direction.",
)

P5 = Statement(
    id="alpha_rank/P5",
    title="While the intervals hold, no resolved edge is wrong",
    says=(
        "Where each mean outcome M_hat^k_n(s) of a player k in n plays of a profile s stays within r(n) of the mean "
        "payoff M^k(s), the graph G_hat of the resolved edges is part of the true response graph G."
    ),
    source=Paper("1909.09849", "Theorem 4.1", read="secondary"),
    tex=r"\forall n, k, s: |\hat M^k_n(s) - M^k(s)| \le r(n) \Rightarrow \hat G \subseteq G",
    hypotheses={"outcomes in {0, 1}": is_bernoulli},
    instances=MATCHES,
    solve=told,
    decisions=("direction", "resolved", "lower", "upper"),
    claim=Inequality(wrong_edges, outside=RG_T1.claim, randomness="every run whose intervals held"),
    saboteurs=(
        saboteur("directions exchanged", solve=wrong_solvers.told_exchanged),
        # interpreted, hence few plays; the gap is so small that an early decision is often wrong
        saboteur(
            "resolved before the intervals are disjoint",
            patch=(ucb_steps.update, "rise > 0 or fall > 0", "rise > -1 or fall > -1"),
            instances=HARD_MATCH,
        ),
    ),
)


def samples_per_profile(match: Match, runs: Sampled, factor: Fraction = Fraction(1)) -> Sides:
    """Compare N(s) with max(1, n*(gap_s)) on the runs whose intervals all held, and unfounded reports with none."""
    bound = factor * theory.count_weighted_bounds(match.game, delta=match.delta).astype(int)
    return at_most_so_many(match, runs, bound, unfounded(match, runs))


def at_most_so_many(match: Match, runs: Sampled, bound: Any, wrong: np.ndarray) -> Sides:
    """Compare plays of each profile with a bound where the intervals held; the last column, `wrong`, must be false."""
    n_samples = runs.n_samples.reshape(len(wrong), -1)
    lhs = np.hstack([n_samples, wrong[:, None].astype(int)])
    rhs = np.broadcast_to(np.r_[bound, 0], lhs.shape)
    # a cap limits the plays of any sampler; without one its counts may be any number
    trivial = np.broadcast_to(np.r_[np.full(n_samples.shape[1], match.max_samples or math.inf), 1.0], lhs.shape)
    held = np.repeat(~an_interval_missed(match, runs)[:, None], n_samples.shape[1], axis=1)
    where = np.hstack([held, np.ones((len(held), 1), bool)])
    return Sides(lhs, rhs, trivial=trivial, where=where)


RG_T2P = Statement(
    id="alpha_rank/RG-T2p",
    title="Samples of each profile, with constants",
    says=(
        "While all intervals hold, profile s is played at most max(1, n*(Delta_s)) times; Delta_s is the smallest "
        "payoff gap of an edge at s, and n*(Delta) the first n at which their radius r(n) is below Delta / 4."
    ),
    source=Derived(theory.count_weighted_bounds),
    tex=r"N(s) \le \max(1, n^*(\Delta_s)),\quad n^*(\Delta) = \min\{n : r(n) < \Delta/4\}",
    hypotheses={"outcomes in {0, 1}": is_bernoulli, "no ties": lambda match: match.game.gap > 0},
    instances=RESOLVED_MATCHES,
    solve=sampled,
    decisions=("lower", "upper"),
    claim=Inequality(
        samples_per_profile,
        outside=RG_T1.claim,
        randomness="every run whose intervals held",
        unbounded="nothing but the intervals ends the sampling",
    ),
    saboteurs=(
        # runs need about a quarter of the bound, so this claim fails by little
        saboteur(
            "a quarter of the bound",
            claim=Inequality(partial(samples_per_profile, factor=Fraction(1, 4)), outside=RG_T1.claim),
        ),
        # one edge is much harder than the others, whose ends are played far too often then
        saboteur("plays on where all is resolved", solve=wrong_solvers.round_robin, instances=NEAR_TIE),
        # interpreted, hence a match that ends after few plays; every profile gets one first, or it had no mean
        saboteur(
            "most samples first",
            patch=(
                ucb_steps.next_profile,
                "n_samples[s] < n_samples[best]",
                "n_samples[s] == 0 or 0 < n_samples[best] < n_samples[s]",
            ),
            instances=EASY_MATCH,
        ),
    ),
    notes="The sum bounds the total. Half the gap is enough when the means are right, hence ratios near 1/4.",
)


def rate(over: Callable[[Match], float]) -> Rate:
    """Claim that the total over `over` grows with 1/gap no faster than a power near 0."""
    # O(.) bounds from above alone; on four gaps terms of lower order still bend the slope a little
    return Rate(cost=total_of_founded, size=lambda match: 1 / match.game.gap, over=over, exponent=(-np.inf, 0.15))


def total_of_founded(match: Match, runs: Sampled) -> np.ndarray:
    """Count the plays of each run; refuse runs that stop before their intervals allow it, or whose intervals miss."""
    if unfounded(match, runs).any() or 2 * an_interval_missed(match, runs).sum() > len(runs.means):
        raise OutcomeError("runs report intervals that their plays do not give, that overlap at the end, or that miss")
    return runs.n_samples.reshape(len(runs.n_samples), -1).sum(axis=1)


RG_T3 = Statement(
    id="alpha_rank/RG-T3",
    title="Total samples grow at most like gap^-2 log(1/(gap delta))",
    says=(
        "In a game without ties the sampler makes N = O(Delta^-2 log(1 / (delta Delta))) plays as the smallest payoff "
        "gap Delta of a deviation shrinks, for a failure probability delta."
    ),
    source=Paper("1909.09849", "Theorem 4.2", read="secondary"),
    tex=r"N(\Delta) = O(\Delta^{-2} \log(1/\delta\Delta))",
    hypotheses={"outcomes in {0, 1}": is_bernoulli, "no ties": lambda match: match.game.gap > 0},
    instances=GAP_LADDER,
    solve=sampled,
    decisions=("lower", "upper"),
    claim=rate(over=lambda match: match.game.gap**-2 * np.log(1 / (match.game.gap * match.delta))),
    saboteurs=(
        saboteur("rate 1/gap", claim=rate(over=lambda match: 1 / match.game.gap)),
        saboteur("plays until n^(-1/4) tells", solve=wrong_solvers.too_many_plays),
    ),
)

RG_T2 = Statement(
    id="alpha_rank/RG-T2",
    title="Total samples, as published",
    says="With payoff gaps >= Delta, N = O(Delta^-2 log(1/(delta Delta))) plays suffice with probability 1 - 2 delta.",
    source=Paper("1909.09849", "Theorem 4.2", read="secondary"),
    tex=r"N = O(\Delta^{-2}\log(1/\delta\Delta)) \text{ with probability } 1 - 2\delta",
    hypotheses={"outcomes in {0, 1}": is_bernoulli, "no ties": lambda match: match.game.gap > 0},
    instances=RESOLVED_MATCHES,
    solve=sampled,
    claim=Recorded(
        "The constants are hidden; with constants it is RG-T2p, as a rate RG-T3.", carried_by="alpha_rank/RG-T2p"
    ),
)


def total_above_exhaustive_bound(match: Match, runs: Sampled, divisor: int = 1) -> np.ndarray:
    """Tell for each run whether the total exceeds |S| + sum_e T_e, an interval missed, or the report is unfounded."""
    total = runs.n_samples.reshape(len(runs.n_samples), -1).sum(axis=1)
    most = theory.exhaustive_bound(match.game, delta=match.delta) / divisor
    return (total > most) | missed_or_unfounded(match, runs)


def exhaustive_claim(divisor: int = 1) -> Probability:
    """Claim a probability of twice delta: once for the intervals, once for the coins that choose an end of the edge."""
    return Probability(partial(total_above_exhaustive_bound, divisor=divisor), lambda match: 2 * match.delta)


RG_T2_EXHAUSTIVE = Statement(
    id="alpha_rank/RG-T2p-exhaustive",
    title="Total samples of the uniform-exhaustive scheme, with constants",
    says=(
        "With probability at least 1 - 2 delta, |S| + sum_e T_e plays are enough: one of each of |S| profiles, and "
        "T_e by coin for the ends of each of |E| edges e, so that both get the n*(Delta_e) plays that its gap Delta_e "
        "needs."
    ),
    source=Derived(theory.exhaustive_bound),
    tex=r"P(N > |S| + \sum_e T_e) \le 2\delta,\ T/2 - \sqrt{T\log(2|E|/\delta)/2} \ge n^*(\Delta_e) \text{ at } T_e",
    hypotheses={"outcomes in {0, 1}": is_bernoulli, "no ties": lambda match: match.game.gap > 0},
    instances=RESOLVED_MATCHES,
    solve=partial(sampled, scheme="UE"),
    claim=exhaustive_claim(),
    decisions=("lower", "upper"),
    saboteurs=(
        saboteur("an eighth of it", claim=exhaustive_claim(divisor=8)),
        saboteur("plays on where all is resolved", solve=wrong_solvers.round_robin, instances=NEAR_TIE),
    ),
)

# one step of the drawn payoffs: edges with a gap of one step may come out wrong, those of two or more may not
SLACK = 0.125


def samples_with_slack(match: Match, runs: Sampled) -> Sides:
    """Compare N(s) with the samples that the relaxed rule needs, where the intervals held; no edge is left open."""
    options = {"slack": SLACK, "delta": match.delta, "n_means": match.game.payoffs.size}
    gaps = np.abs(profile_chain(match.game).differences.astype(float)).min(axis=1)
    bound = [theory.relaxed_samples_to_resolve(gap, **options) for gap in gaps.tolist()]
    return at_most_so_many(match, runs, bound, unfounded(match, runs, slack=SLACK))


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

RG_T6 = Statement(
    id="alpha_rank/RG-T6",
    title="With slack the sampling stops, ties or not",
    says=(
        "With slack epsilon_r, and while all intervals hold, profile s is played at most until their radius r(n) is "
        "below Delta_s / 4 + epsilon_r / 2, where Delta_s is the smallest payoff gap of an edge at s, or 0."
    ),
    source=Derived(theory.relaxed_samples_to_resolve),
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
