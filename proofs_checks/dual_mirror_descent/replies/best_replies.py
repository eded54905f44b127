"""Proposals that are best replies to the prices, and gradients that are subgradients.

b_bar are bounds on the costs, of all resources or of each.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Inequality, Number, Numbers, Sides, Statement, always, formula, saboteur
from lrtheory.dual_mirror_descent.prices import steps
from lrtheory.dual_mirror_descent.theory.resources import per_resource
from proofs_checks.dual_mirror_descent.families.paths import FIRST_GAINFUL, WALK, comparators, gradients, path_identity
from proofs_checks.dual_mirror_descent.families.small_streams import EAGER_OR_LAZY
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


def best_replies(requests: Requests, walk: Walk) -> Sides:
    """Compare reduced rewards of all actions, and of none, with the proposal's, and its reward with D_t less mu . g."""
    prices = walk.prices[:-1]
    reduced = requests.rewards - (requests.costs * prices[:, None]).sum(2)
    chosen = earned(requests, walk.proposed) - (spent(requests, walk.proposed) * prices).sum(1)
    lhs, start = np.c_[reduced, 0 * chosen], off_the_start(requests, walk)
    rhs = np.broadcast_to(chosen[:, None], lhs.shape)
    dual = conjugates(requests.rewards, requests.costs, prices) + prices @ requests.rate
    pulls = (prices * gradients(requests, walk)).sum(1)
    attained = [path_identity(value, pull) for value, pull in zip(dual.tolist(), pulls.tolist(), strict=True)]
    # what is attained is equal: it is neither more nor less
    off = np.r_[np.abs(earned(requests, walk.proposed) - np.array(attained)), start]
    return Sides(np.r_[lhs.ravel(), off], np.r_[rhs.ravel(), 0 * off])


UNBOUNDED = "another algorithm may post any prices"


DMD_L11 = Statement(
    id="dual_mirror_descent/DMD-L11",
    title="The proposal is a best reply to the prices",
    says=(
        "At the prices mu_t the proposal x~_t attains f*_t(mu_t), the largest reduced reward f_t(x) - mu_t . b_t(x), "
        "reward less priced cost, over all actions x and doing nothing, which is worth 0."
    ),
    source=Derived(path_identity),
    tex=r"f_t(\tilde x_t) - \mu_t \cdot b_t(\tilde x_t) = f^*_t(\mu_t) \ge \max(0, f_t(x) - \mu_t \cdot b_t(x))",
    hypotheses={"finite menus": always},
    instances=MENUS,
    for_all=(EAGER_OR_LAZY,),
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


@formula(mu="(-inf, inf)", nu="(-inf, inf)", b_bar="[0, inf)")
def conjugate_difference(mu: Numbers, nu: Numbers, b_bar: Numbers) -> Number:
    """The best reduced reward differs by at most this between prices mu and nu.

    Proof
    -----
    Assumes: the costs of every action lie in [0, b_bar_j] (checked where a `RequestStream` is made).

    Proof: f*_t is a maximum of functions f(x) - mu . b(x) with 0 <= b_j(x) <= b_bar_j. Each of them changes by at most
    this between mu and nu, and so does their maximum. Moreover f*_t(nu) >= f_t(x) - nu . b_t(x) for the x that is best
    at mu, so rho - b_t(x) is a subgradient of D_t at mu.
    """
    one = per_resource("mu", mu)
    two, bounds = per_resource("nu", nu, len(one)), per_resource("b_bar", b_bar, len(one), 0)
    return sum(b * abs(x - y) for b, x, y in zip(bounds, one, two, strict=True))


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
        lipschitz.append([conjugate_difference(mu, nu, requests.cost_bound) for mu in prices])
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
    source=Derived(conjugate_difference),
    tex=r"D_t(\nu) \ge D_t(\mu_t) + g_t\cdot(\nu - \mu_t),\quad |f^*_t(\mu) - f^*_t(\nu)| \le \bar b\|\mu - \nu\|_1",
    hypotheses={"exact oracle": always},
    instances=MENUS,
    for_all=(EAGER_OR_LAZY,),
    solve=walked,
    decisions=WALK,
    claim=Inequality(subgradients, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("gradient with the wrong sign", claim=Inequality(partial(subgradients, sign=-1))),
        saboteur("the first gainful action", patch=FIRST_GAINFUL),
    ),
)
