"""ResponseGraphUCB while its intervals hold: right directions, samples of each profile, and the rate in the gap."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.alpha_rank import Game, response_graph_ucb_batch, response_signs, theory
from lrtheory.alpha_rank.sampling import ucb_steps
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    OutcomeError,
    Paper,
    Probability,
    Rate,
    Sides,
    Statement,
    saboteur,
)
from proofs_checks.alpha_rank.families.exact_chances import wrong_direction
from proofs_checks.alpha_rank.families.ucb_reports import (
    RUNS,
    an_interval_missed,
    at_most_so_many,
    is_bernoulli,
    sampled,
    told,
    unfounded,
)
from proofs_checks.alpha_rank.families.ucb_runs import (
    EASY_MATCH,
    MATCHES,
    NEAR_TIE,
    RESOLVED_MATCHES,
    SIZES,
    Directed,
    Match,
    Sampled,
    Told,
    one_edge,
    one_gap,
)
from proofs_checks.alpha_rank.families.wrong_solvers import _reported, round_robin
from proofs_checks.alpha_rank.sampling.outcome_means import RG_T1


def directed(match: Match, rng: np.random.Generator, n: int = RUNS, **options: Any) -> Directed:
    """Run ResponseGraphUCB n times and return the directions, and which of them are resolved."""
    found = told(match, rng, n, **options)
    return Directed(found.direction, found.resolved)


def nearly_equal(n: int, delta: float) -> Match:
    """Make two players, n strategies each, own payoffs around 1/2 that differ by 2^-10; a cap ends the sampling."""
    own = 0.5 + (np.arange(n) - (n - 1) / 2) * 2.0**-10
    payoffs = np.stack([np.tile(own[:, None], (1, n)), np.tile(own, (n, 1))])
    return Match(Game(payoffs, outcomes="bernoulli"), delta, max_samples=5000)


def draw_near_tie(draws: Draws) -> Match:
    """Draw one edge or a small game whose payoffs differ little, and a cap that is small for one edge."""
    if draws.integers(0, 1):
        low, gap = draws.integers(0, 12) / 16, draws.integers(1, 4) / 16
        ends = draws.choice(((low, low + gap), (low + gap, low)))
        return one_edge(*ends, draws.integers(2, 60), draws.choice((0.5, 0.25, 0.05)))
    sizes = draws.choice(SIZES[1:-1])
    payoffs = 0.5 + draws.integers(-8, 8, shape=(len(sizes), *sizes)) / 1024
    return Match(Game(payoffs, outcomes="bernoulli"), draws.choice((0.5, 0.05)), draws.choice((500, 2000)))


NEAR_TIES = Family(
    "near-ties",
    always=(
        replace(one_gap(0.5), delta=0.05),
        replace(one_gap(-0.5), delta=0.05),
        # at a level that people use, levels for each payoff add up over 3,840 edges
        replace(nearly_equal(16, delta=0.05), max_samples=10_000),
        nearly_equal(3, delta=0.5),
        nearly_equal(3, delta=0.05),
        one_edge(0.5 - 2.0**-11, 0.5 + 2.0**-11, 60, delta=0.5),
    ),
    draw=draw_near_tie,
)


def told_exchanged(match: Match, rng: np.random.Generator, n: int = 50) -> Told:
    """Run ResponseGraphUCB with better and worse confused in its directions."""
    found = response_graph_ucb_batch(match.game, n, delta=match.delta, max_samples=match.max_samples, rng=rng)
    return Told(found.means, found.n_samples, found.lower, found.upper, -found.direction, found.resolved)


def directions_exchanged(match: Match, rng: np.random.Generator, n: int) -> Directed:
    """Return the exchanged directions of `told_exchanged`."""
    found = told_exchanged(match, rng, n)
    return Directed(found.direction, found.resolved)


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
    claim=Probability(a_resolved_edge_is_wrong, lambda match: match.delta, exact=wrong_direction),
    decisions=("direction", "resolved"),
    saboteurs=(
        saboteur(
            "a level for each payoff and each time, the authors' defaults",
            printed=True,
            solve=partial(directed, scheme="U", anytime=False, joint=False),
        ),
        # near ties may stay open up to the cap, and open edges have no certified direction to exchange
        saboteur("directions exchanged", solve=directions_exchanged, instances=RESOLVED_MATCHES),
    ),
    notes="On edges with gap 2^-10, intervals that are not anytime-valid separate in a random direction.",
)


HARD_MATCH = Family("hard-match", always=(replace(one_gap(0.125), max_samples=200),))


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
        saboteur("directions exchanged", solve=told_exchanged),
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
        saboteur("plays on where all is resolved", solve=round_robin, instances=NEAR_TIE),
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


# each gap is half of the one before, so a rate in the gap is a slope over three octaves
GAP_LADDER = Family("gap-ladder", always=tuple(one_gap(gap) for gap in (0.8, 0.4, 0.2, 0.1)))


def too_many_plays(match: Match, rng: np.random.Generator, n: int) -> Sampled:
    """Play until intervals of half-width n^(-1/4) are disjoint, which those of the theorem are long before."""
    gap, sizes = match.game.gap, match.game.sizes
    enough = theory.samples_to_resolve(gap, delta=match.delta, n_means=match.game.payoffs.size)
    plays = np.full((n, *sizes), max(enough, int((2 / gap) ** 4)))
    means = np.broadcast_to(match.game.payoffs, (n, *match.game.payoffs.shape))
    wins = rng.binomial(plays[:, None], means)
    return _reported(match, wins, plays, np.zeros(means.shape), np.ones(means.shape))


def total_of_founded(match: Match, runs: Sampled) -> np.ndarray:
    """Count the plays of each run; refuse runs that stop before their intervals allow it, or whose intervals miss."""
    if unfounded(match, runs).any() or 2 * an_interval_missed(match, runs).sum() > len(runs.means):
        raise OutcomeError("runs report intervals that their plays do not give, that overlap at the end, or that miss")
    return runs.n_samples.reshape(len(runs.n_samples), -1).sum(axis=1)


def rate(over: Callable[[Match], float]) -> Rate:
    """Claim that the total over `over` grows with 1/gap no faster than a power near 0."""
    # O(.) bounds from above alone; on four gaps terms of lower order still bend the slope a little
    return Rate(cost=total_of_founded, size=lambda match: 1 / match.game.gap, over=over, exponent=(-np.inf, 0.15))


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
        saboteur("plays until n^(-1/4) tells", solve=too_many_plays),
    ),
)
