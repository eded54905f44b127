"""All plays that ResponseGraphUCB takes, as published and for its uniform-exhaustive scheme."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.alpha_rank import theory
from lrtheory.bounds import Derived, Paper, Probability, Recorded, Statement, saboteur
from proofs_checks.alpha_rank.families.ucb_reports import is_bernoulli, missed_or_unfounded, sampled
from proofs_checks.alpha_rank.families.ucb_runs import NEAR_TIE, RESOLVED_MATCHES, Match, Sampled
from proofs_checks.alpha_rank.families.wrong_solvers import round_robin

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
        saboteur("plays on where all is resolved", solve=round_robin, instances=NEAR_TIE),
    ),
)
