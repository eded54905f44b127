"""Statements about the oracle: best replies to the prices, subgradients, and the best assortment (deterministic)."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Inequality, OutcomeError, Sides, Statement, always, saboteur
from lrtheory.dual_mirror_descent import oracles, theory
from lrtheory.dual_mirror_descent.prices import steps
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.offers import OFFERS, Offer, Offers, offered, worth
from proofs_checks.dual_mirror_descent.families.streams import (
    MENUS,
    Requests,
    Walk,
    conjugates,
    earned,
    off_the_start,
    spent,
    walked,
)
from proofs_checks.dual_mirror_descent.runs.path import FIRST_GAINFUL, UNBOUNDED, WALK, comparators, gradients


def best_replies(requests: Requests, walk: Walk) -> Sides:
    """Compare the reduced reward of every action, and of none, with that of the proposal."""
    prices = walk.prices[:-1]
    reduced = requests.rewards - (requests.costs * prices[:, None]).sum(2)
    chosen = earned(requests, walk.proposed) - (spent(requests, walk.proposed) * prices).sum(1)
    lhs, start = np.c_[reduced, 0 * chosen], off_the_start(requests, walk)
    rhs = np.broadcast_to(chosen[:, None], lhs.shape)
    return Sides(np.r_[lhs.ravel(), start], np.r_[rhs.ravel(), 0 * start])


DMD_L11 = Statement(
    id="dual_mirror_descent/DMD-L11",
    title="The proposal is a best reply to the prices",
    says=(
        "At the prices mu_t the proposal x~_t attains f*_t(mu_t), the largest reduced reward f_t(x) - mu_t . b_t(x), "
        "reward less priced cost, over all actions x and doing nothing, which is worth 0."
    ),
    source=Derived(theory.path_identity),
    tex=r"f_t(\tilde x_t) - \mu_t \cdot b_t(\tilde x_t) = f^*_t(\mu_t) \ge \max(0, f_t(x) - \mu_t \cdot b_t(x))",
    hypotheses={"finite menus": always},
    instances=MENUS,
    solve=walked,
    decisions=WALK,
    claim=Inequality(best_replies, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("the first gainful action", patch=FIRST_GAINFUL),
        saboteur(
            "prices are ignored",
            patch=(steps.best_action, "rewards[row, i] - priced(costs, row, i, state)", "rewards[row, i]"),
        ),
    ),
)


def best_offers(offers: Offers, offer: Offer) -> Sides:
    """Compare the expected margin of every offer of at most k products with that of the oracle's, by enumeration."""
    m = len(offers.revenues)
    if offer.chosen.shape != (m,) or offer.chosen.dtype != bool or offer.chosen.sum() > offers.k:
        raise OutcomeError(f"an offer of at most {offers.k} of {m} products is due, as a mask")
    subsets = [list(s) for size in range(offers.k + 1) for s in itertools.combinations(range(m), size)]
    values = [worth(offers, subset) for subset in subsets]
    most = max(0, (offers.revenues - offers.prices).max())  # an average of margins, of which nothing has none
    return Sides(
        np.array(values), np.full(len(values), worth(offers, offer.chosen)), trivial=np.full(len(values), most)
    )


DMD_L11_ASSORTMENT = Statement(
    id="dual_mirror_descent/DMD-L11-assortment",
    title="The assortment oracle offers the best set",
    says=(
        "Of all offers S of at most k products the oracle finds one of largest expected margin, the sum over j in S of "
        "(r_j - mu_j) u_j/(u_0 + sum_S u), with revenue r_j, price mu_j and choice weight u_j of product j, and weight "
        "u_0 of buying nothing."
    ),
    source=Derived(oracles.assortment),
    tex=r"\sum_{j\in S}(r_j - \mu_j)u_j/(u_0 + \sum_S u) \text{ is largest over } |S| \le k",
    hypotheses={"positive weight of buying nothing": lambda offers: offers.outside > 0},
    instances=OFFERS,
    solve=offered,
    decisions=("chosen",),
    claim=Inequality(best_offers),
    saboteurs=(
        saboteur("the best prefix by margin, whatever the limit", solve=wrong_solvers.best_prefix),
        saboteur("all products with a positive margin", solve=wrong_solvers.without_outside),
    ),
)


def subgradients(requests: Requests, walk: Walk, sign: int = 1) -> Sides:
    """Compare D_t(mu_t) + g_t . (nu - mu_t) with D_t(nu), and |f*_t(mu_t) - f*_t(nu)| with b bar |mu_t - nu|_1."""
    prices, g = walk.prices[:-1], gradients(requests, walk)
    here = conjugates(requests.rewards, requests.costs, prices)
    lower, upper, change, lipschitz = [], [], [], []
    for nu in comparators(requests):
        there = conjugates(requests.rewards, requests.costs, nu)
        lower.append(here + prices @ requests.rate + sign * (g * (nu - prices)).sum(1))
        upper.append(there + nu @ requests.rate)
        change.append(np.abs(here - there))
        lipschitz.append([theory.conjugate_difference(mu, nu, cost_bound=requests.cost_bound) for mu in prices])
    start = off_the_start(requests, walk)
    return Sides(np.r_[np.ravel(lower + change), start], np.r_[np.ravel(upper + lipschitz), 0 * start])


DMD_L9 = Statement(
    id="dual_mirror_descent/DMD-L9",
    title="The gradient is a subgradient, and conjugates are Lipschitz",
    says=(
        "The gradient g_t is a subgradient at mu_t of the dual function D_t, which lies above its tangent at all "
        "prices nu; and f*_t, the best reduced reward, changes between prices mu and nu by at most the largest cost "
        "b_bar times their l1 distance."
    ),
    source=Derived(theory.conjugate_difference),
    tex=r"D_t(\nu) \ge D_t(\mu_t) + g_t\cdot(\nu - \mu_t),\quad |f^*_t(\mu) - f^*_t(\nu)| \le \bar b\|\mu - \nu\|_1",
    hypotheses={"exact oracle": always},
    instances=MENUS,
    solve=walked,
    decisions=WALK,
    claim=Inequality(subgradients, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("gradient with the wrong sign", claim=Inequality(partial(subgradients, sign=-1))),
        saboteur("the first gainful action", patch=FIRST_GAINFUL),
    ),
)
