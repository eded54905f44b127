"""Budgets, rewards, prices and counts of one run, as they follow from its actions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Numbers, Sides, Statement, always, formula, saboteur
from lrtheory.dual_mirror_descent.prices import steps
from proofs_checks.dual_mirror_descent.families.paths import (
    FIRST_GAINFUL,
    WALK,
    gradients,
    least_price,
    least_prices,
    path_identity,
    path_rounding,
    with_rules,
)
from proofs_checks.dual_mirror_descent.families.small_streams import EAGER_OR_LAZY, all_orders
from proofs_checks.dual_mirror_descent.families.streams import (
    ANY_GEOMETRY,
    MENUS,
    Requests,
    Service,
    Walk,
    conjugates,
    earned,
    first_shortage,
    off_the_start,
    projected_step,
    reference,
    run,
    served,
    spent,
    walked,
)
from proofs_checks.dual_mirror_descent.families.wrong_solvers import implemented_gradient


def stops_late(requests: Requests, rng: np.random.Generator) -> Service:
    """Report the stopping time at which the budget is used up, not nearly so."""
    found = served(requests)
    over = (np.cumsum(spent(requests, found.proposed), axis=0) >= requests.rate * requests.horizon).any(1)
    return replace(found, stopping_time=int(over.argmax()) + 1 if over.any() else requests.horizon)


def stops_at_one(requests: Requests, rng: np.random.Generator) -> Service:
    """Report a stopping time of at least 1, also where a request may cost more than the budget."""
    found = served(requests)
    return replace(found, stopping_time=max(1, found.stopping_time))


def path_value(requests: Requests, service: Service) -> Sides:
    """Compare the reward up to tau with the sums of D_t(mu_t) less mu_t . g_t, and tau with its definition."""
    early, prices = slice(service.stopping_time), service.prices[:-1]
    dual = conjugates(requests.rewards, requests.costs, prices) + prices @ requests.rate
    regret = (prices * gradients(requests, service)).sum(1)
    value = path_identity(dual[early].sum(), regret[early].sum())
    gained = earned(requests, service.actions)[early].sum()
    start, due = off_the_start(requests, service), first_shortage(requests, service.proposed)
    lhs, rhs = np.r_[gained, service.stopping_time, start], np.r_[value, due, 0 * start]
    return Sides(lhs, rhs, rounding=path_rounding(requests, service) or None)


DMD_L6 = Statement(
    id="dual_mirror_descent/DMD-L6",
    title="Reward until depletion is dual value less path regret",
    says="Up to the stopping time tau the rewards f_t(x_t) sum to the dual values D_t(mu_t), each the best reduced "
    "reward at the prices mu_t plus mu_t . rho, less the products mu_t . g_t of price and gradient.",
    source=Derived(path_identity),
    tex=r"\sum_{t \le \tau} f_t(x_t) = \sum_{t \le \tau} [D_t(\mu_t) - \mu_t \cdot g_t]",
    hypotheses={"tau = 0 where a request may cost more than the budget": always},
    instances=MENUS,
    for_all=(
        all_orders(
            "with eager or lazy steps of size 1",
            lazy=(False, True),
            invisible={"tau = 1 where a request costs more than the budget": "no request does"},
        ),
    ),
    solve=served,
    decisions=(*WALK, "actions"),
    claim=Identity(path_value),
    saboteurs=(
        saboteur("the first gainful action", patch=FIRST_GAINFUL),
        saboteur("stops when the budget is gone", solve=stops_late),
        # subtle: nothing differs unless one request may use more than the whole budget
        saboteur("tau = 1 where a request costs more than the budget", solve=stops_at_one),
    ),
)


@dataclass(frozen=True)
class Books:
    """The books of a run are its actions, (T,), and its reports of them: reward, units used and units left, (m,)."""

    actions: np.ndarray
    reward: float
    consumption: np.ndarray
    remaining: np.ndarray


def books(requests: Requests, rng: np.random.Generator, **options) -> Books:
    """Return the actions of a run with its reports of reward and budget."""
    found = run(requests, **options)
    return Books(found.actions, found.reward, found.consumption, found.remaining)


def reports_proposals(requests: Requests, rng: np.random.Generator) -> Books:
    """Report the reward of all proposals, as if they had fitted."""
    return replace(books(requests, rng), reward=float(earned(requests, run(requests).proposed).sum()))


@formula(B="(-inf, inf)", used="(-inf, inf)")
def units_left(B: Numbers, used: Numbers) -> Numbers:
    """Units that are left of a budget B after actions that used `used`, and never below 0.

    Proof
    -----
    Assumes: costs are at or above zero (a hypothesis of the statement).

    Proof: at first all of B >= 0 is left. An action is taken only if its cost is at most what is left of every
    resource, and then that is taken out, so what is left stays at or above 0 and is B less all costs so far.
    """
    return B - used


def balanced(requests: Requests, told: Books) -> Sides:
    """Compare the units that the actions have used in the end with the budget, and reports with what actions did.

    Costs are at or above zero, so what is used in the end has never been more before.
    """
    used, most = spent(requests, told.actions).sum(axis=0), np.maximum(requests.costs.max(1), 0).sum(axis=0)
    budget = requests.rate * requests.horizon
    true = np.r_[earned(requests, told.actions).sum(), used, units_left(budget, used)]
    off = np.abs(np.r_[told.reward, told.consumption, told.remaining] - true)
    return Sides(np.r_[used, off], np.r_[budget, 0 * off], trivial=np.r_[most, np.full(len(off), np.inf)])


DMD_S3 = Statement(
    id="dual_mirror_descent/DMD-S3",
    title="No budget is ever overdrawn, and none is lost",
    says=(
        "At every time t the costs b_s(x_s) of the actions x_s so far sum to at most the budget T rho. The units "
        "B_{T+1} that a run reports as left are the budget less all costs, and its reported reward R is the sum of the "
        "rewards f_t(x_t)."
    ),
    source=Derived(units_left),
    tex=r"\sum_{s \le t} b_s(x_s) \le T\rho,\quad B_{T+1} = T\rho - \sum_t b_t(x_t),\quad R = \sum_t f_t(x_t)",
    hypotheses={"costs at or above zero": lambda requests: bool((requests.costs >= 0).all())},
    instances=MENUS,
    for_all=(EAGER_OR_LAZY,),
    solve=books,
    decisions=("actions",),
    claim=Inequality(balanced, unbounded="a report may be wrong by anything; what is used has a limit"),
    saboteurs=(
        saboteur("every proposal is implemented", patch=(steps.implement, "if affordable(", "if True or affordable(")),
        saboteur(
            "costs are not taken out", patch=(steps.consume, "left = state[LEFT, j] - used", "left = state[LEFT, j]")
        ),
        saboteur("reports what was proposed", solve=reports_proposals),
    ),
)


UNBOUNDED = "another algorithm may post any prices"


def signs(requests: Requests, walk: Walk) -> Sides:
    """Compare all prices with zero, and with their values after steps without a projection, which are no larger."""
    prices = walk.prices
    lhs, rhs = np.vstack([-prices, least_prices(requests, walk)]), np.vstack([0 * prices, prices[1:]])
    return with_rules(requests, walk, lhs, rhs)


DMD_S4 = Statement(
    id="dual_mirror_descent/DMD-S4",
    title="Prices are never negative",
    says=(
        "No price in mu_t, the prices before request t, is ever negative, in any geometry, when the first prices are "
        "not."
    ),
    source=Derived(least_price),
    tex=r"\mu_t \ge 0",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=ANY_GEOMETRY,
    for_all=(EAGER_OR_LAZY,),
    solve=walked,
    decisions=WALK,
    claim=Inequality(signs, unbounded=UNBOUNDED),
    saboteurs=(saboteur("no projection at zero", patch=(steps.euclidean_step, "max(0, moved)", "moved")),),
)


def goes_home(requests: Requests, rng: np.random.Generator) -> dict[str, int]:
    """Look at no request after the stopping time."""
    found = run(requests)
    return dict(found.counts) | {"queries": found.stopping_time}


def counts(requests: Requests, rng: np.random.Generator) -> dict[str, int]:
    """Return the numbers of menus evaluated and of updates of the prices, as the kernel has counted them."""
    return dict(run(requests).counts)


@formula(T="[1, inf)")
def visits(T: int) -> int:
    """Calls of the oracle in a run over T requests, and updates of the prices.

    Proof
    -----
    Assumes: nothing.

    Proof: each request is proposed an action once, by the prices before it, and the prices move once, by the cost of
    that proposal and not of what is left to be taken. So neither depends on the budget, also after the stopping time.
    """
    return T


def counted(requests: Requests, counts: dict[str, int]) -> Sides:
    """Compare both counts with the number of requests."""
    return Sides([counts["queries"], counts["updates"]], [visits(requests.horizon)] * 2)


DMD_S5 = Statement(
    id="dual_mirror_descent/DMD-S5",
    title="One oracle call and one update a request, and no linear program",
    says=(
        "A run over T requests calls the oracle T times and updates the prices T times, and it solves no linear "
        "program."
    ),
    source=Derived(visits),
    tex=r"\#\text{oracle} = \#\text{updates} = T",
    hypotheses={"finite menus": always},
    instances=MENUS,
    solve=counts,
    closed="The calls are counted by the kernels of this library, which no other algorithm runs.",
    claim=Identity(counted),
    saboteurs=(saboteur("stops when the budget is gone", solve=goes_home),),
)


def stops_earlier(requests: Requests, rng: np.random.Generator) -> Service:
    """Report a stopping time that is one less."""
    found = served(requests)
    return replace(found, stopping_time=max(0, found.stopping_time - 1))


def exact_trace(requests: Requests, service: Service) -> Sides:
    """Compare prices, proposals, actions and stopping time with the algorithm written out in rational numbers."""
    prices, proposed, actions = reference(requests)
    tau = first_shortage(requests, proposed)
    expected = [*prices.ravel(), *proposed, *actions, tau]
    found = [*service.prices.ravel(), *service.proposed, *service.actions, service.stopping_time]
    return Sides(np.array(found), np.array(expected))


DMD_S5_TRACE = Statement(
    id="dual_mirror_descent/DMD-S5-trace",
    title="The run is the algorithm, step by step",
    says=(
        "With step eta and rate rho, the prices follow mu_{t+1} = (mu_t - eta (rho - b_t(x~_t)))^+, the positive part, "
        "where x~_t is the proposal and b_t its cost; lazy steps start from the unprojected point. The action x_t is "
        "x~_t if its cost fits what is left of the budget, B_t, and nothing otherwise. The stopping time tau is the "
        "first t after which the proposals leave at most b bar, the bound on costs, of some resource; it is T if there "
        "is none, and 0 if b bar exceeds a budget."
    ),
    source=Derived(projected_step),
    tex=r"\mu_{t+1} = (\mu_t - \eta(\rho - b_t(\tilde x_t)))^+,"
    r"\ x_t = \tilde x_t \text{ if } b_t(\tilde x_t) \le B_t \text{ else } 0,"
    r"\ \tau = \min\{t : \exists j: \sum_{s \le t} b_{sj}(\tilde x_s) + \bar b_j \ge T\rho_j\}",
    hypotheses={"a Euclidean run": lambda requests: requests.geometry == "euclidean"},
    instances=MENUS,
    for_all=(all_orders("with eager or lazy steps of size 1/4 and 1", step_size=(0.25, 1.0), lazy=(False, True)),),
    solve=served,
    decisions=(*WALK, "actions"),
    claim=Identity(exact_trace),
    saboteurs=(
        saboteur("prices move by what is implemented", solve=implemented_gradient),
        saboteur(
            "an exact fit is refused",
            patch=(steps.affordable, "> state[LEFT, j] + resources[SLACK, j]", ">= state[LEFT, j]"),
        ),
        saboteur("stopping time without b bar", solve=stops_late),
        saboteur("no projection at zero", patch=(steps.euclidean_step, "max(0, moved)", "moved")),
        saboteur("a tie is taken", patch=(steps.best_action, "if value > best:", "if value >= best:")),
        saboteur("stopping time one less", solve=stops_earlier),
    ),
    notes="Bound tests do not see most of these; this test of the code sees all of them.",
)
