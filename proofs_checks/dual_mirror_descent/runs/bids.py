"""A statement that adaptive pacing bids and wins by its multiplier."""

from __future__ import annotations

import numpy as np

from lrtheory.bounds import Derived, Identity, Sides, Statement, rounding, saboteur
from lrtheory.dual_mirror_descent import theory
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.auctions import AUCTIONS, Auctions, Bids, bids


def bids_win(auctions: Auctions, found: Bids) -> Sides:
    """Compare bids, wins, multipliers, spend and reward with the rules of pacing written out, from mu_1 = 0."""
    mu = found.multipliers[:-1]
    paid = np.cumsum(found.wins * auctions.competing) - found.wins * auctions.competing
    # the multiplier moves by the payment of a proposed win, affordable or not, as in dual mirror descent
    worth_it = auctions.values - auctions.competing > mu * auctions.competing
    solvent = auctions.competing <= auctions.budget - paid
    rate = auctions.budget / len(mu)
    moved = np.maximum(mu - auctions.step_size * (rate - auctions.competing * worth_it), 0)
    wins = worth_it & solvent
    spend, reward = (auctions.competing * wins).sum(), ((auctions.values - auctions.competing) * wins).sum()
    lhs = np.r_[found.bids, found.wins, found.multipliers, found.spend, found.reward]
    rhs = np.r_[theory.pacing_bid(auctions.values, mu), wins, 0, moved, spend, reward]
    # a multiplier is a sum of at most T moves, and a bid, a spend or a reward takes a few operations more
    allowed = rounding(8 * len(mu), np.r_[np.abs(auctions.values), 0 * mu, 0, 1 + moved, 1 + spend, 1 + reward])
    return Sides(lhs, rhs, rounding=allowed)


DMD_S6 = Statement(
    id="dual_mirror_descent/DMD-S6",
    title="Bid the value over 1 + mu, and win where that is worth its price",
    says=(
        "In auction t, with value v_t and highest competing bid d_t, pacing with multiplier mu_t bids v_t/(1 + mu_t), "
        "and while the budget lasts it wins exactly where v_t - d_t > mu_t d_t, that is where the gain exceeds the "
        "priced payment."
    ),
    source=Derived(theory.pacing_bid),
    tex=r"\text{bid}_t = v_t/(1 + \mu_t),\quad \text{win} \iff v_t - d_t > \mu_t d_t",
    hypotheses={"positive competing bids": lambda auctions: bool((auctions.competing > 0).all())},
    instances=AUCTIONS,
    solve=bids,
    decisions=("bids", "wins", "multipliers"),
    claim=Identity(bids_win),
    saboteurs=(
        saboteur("truthful bids", solve=wrong_solvers.truthful),
        saboteur("wins bargains alone", solve=wrong_solvers.wins_bargains_alone),
    ),
)
