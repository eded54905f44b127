"""Statements about the time at which a resource is nearly used up, and about the reward until then (deterministic)."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, always, saboteur
from lrtheory.dual_mirror_descent import theory
from lrtheory.dual_mirror_descent.prices import steps
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.streams import (
    MENUS,
    SCARCE,
    Requests,
    Service,
    Walk,
    conjugates,
    earned,
    first_shortage,
    off_the_start,
    runs_out,
    served,
    spent,
    walked,
)
from proofs_checks.dual_mirror_descent.runs.path import (
    FIRST_GAINFUL,
    FLIPPED,
    UNBOUNDED,
    WALK,
    gradients,
    path_rounding,
    with_rules,
)


def depleted(requests: Requests, walk: Walk) -> np.ndarray:
    """Tell which resources end the run at the stopping time: at most b bar is left of them, (m,) bool."""
    used = spent(requests, walk.proposed)[: first_shortage(requests, walk.proposed)].sum(0)
    return used + requests.cost_bound >= requests.rate * requests.horizon


def time_left(requests: Requests, walk: Walk, slack: int = 1) -> Sides:
    """Compare T - tau with its bound by the price of each depleted resource."""
    # up to b bar of the resource is left at tau, so the bound needs that term; `slack` 0 leaves it out
    prices, tau = walk.prices, first_shortage(requests, walk.proposed)
    bound = theory.depletion_bound(
        prices[tau], prices[0], rate=requests.rate, cost_bound=slack * requests.cost_bound, step_size=requests.step_size
    )
    rhs = np.array(bound)[depleted(requests, walk)]
    return with_rules(requests, walk, np.full(len(rhs), requests.horizon - tau), rhs)


DMD_L5 = Statement(
    id="dual_mirror_descent/DMD-L5",
    title="A resource that runs out early has a high price",
    says="If resource j stops the run at tau < T, then rho_j (T - tau), its rate times the periods left, is at most "
    "the bound b_bar on its costs plus the rise of its price from mu_1j to mu_{tau+1,j} over the step eta.",
    source=Derived(theory.depletion_bound),
    tex=r"\rho_j (T - \tau) \le \bar b + (\mu_{\tau+1,j} - \mu_{1,j})/\eta",
    hypotheses={"a resource runs out": runs_out},
    instances=SCARCE,
    solve=walked,
    decisions=WALK,
    claim=Inequality(time_left, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("without b bar", claim=Inequality(partial(time_left, slack=0))),
    ),
)


def path_value(requests: Requests, service: Service) -> Sides:
    """Compare the reward up to tau with the sums of D_t(mu_t) less mu_t . g_t, and tau with its definition."""
    early, prices = slice(service.stopping_time), service.prices[:-1]
    dual = conjugates(requests.rewards, requests.costs, prices) + prices @ requests.rate
    regret = (prices * gradients(requests, service)).sum(1)
    value = theory.path_identity(dual[early].sum(), regret[early].sum())
    gained = earned(requests, service.actions)[early].sum()
    start, due = off_the_start(requests, service), first_shortage(requests, service.proposed)
    lhs, rhs = np.r_[gained, service.stopping_time, start], np.r_[value, due, 0 * start]
    return Sides(lhs, rhs, rounding=path_rounding(requests, service) or None)


DMD_L6 = Statement(
    id="dual_mirror_descent/DMD-L6",
    title="Reward until depletion is dual value less path regret",
    says="Up to the stopping time tau the rewards f_t(x_t) sum to the dual values D_t(mu_t), each the best reduced "
    "reward at the prices mu_t plus mu_t . rho, less the products mu_t . g_t of price and gradient.",
    source=Derived(theory.path_identity),
    tex=r"\sum_{t \le \tau} f_t(x_t) = \sum_{t \le \tau} [D_t(\mu_t) - \mu_t \cdot g_t]",
    hypotheses={"tau = 0 where a request may cost more than the budget": always},
    instances=MENUS,
    solve=served,
    decisions=(*WALK, "actions"),
    claim=Identity(path_value),
    saboteurs=(
        saboteur("the first gainful action", patch=FIRST_GAINFUL),
        saboteur("stops when the budget is gone", solve=wrong_solvers.stops_late),
        # subtle: nothing differs unless one request may use more than the whole budget
        saboteur("tau = 1 where a request costs more than the budget", solve=wrong_solvers.stops_at_one),
    ),
)
