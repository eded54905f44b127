"""Statements about every single run: overspending, budgets, signs, counts, lazy and eager entropy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Family,
    Identity,
    Inequality,
    Sides,
    Statement,
    always,
    saboteur,
)
from lrtheory.dual_mirror_descent import theory
from lrtheory.dual_mirror_descent.prices import steps
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.streams import (
    ANY_GEOMETRY,
    ENTROPY,
    MENUS,
    PLENTY,
    SHORT_TRACE,
    Books,
    Requests,
    Service,
    Walk,
    affordable,
    books,
    earned,
    first_shortage,
    never_scarce,
    off_the_rules,
    reference,
    run,
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
    least_prices,
    path_rounding,
    with_rules,
)


def overspent(requests: Requests, walk: Walk, share: Fraction = Fraction(1)) -> Sides:
    """Compare the units that proposals use beyond n times the rate, for every n, with (mu_{n+1} - mu_1) / eta."""
    prices = walk.prices
    # `most` is what any proposals could use, so that the claim is seen to exclude something
    periods = np.arange(1, requests.horizon + 1)[:, None]
    used = np.cumsum(spent(requests, walk.proposed), axis=0)
    most = np.cumsum(np.maximum(requests.costs.max(1), 0), axis=0)
    allowed = [theory.violation_bound(p, prices[0], step_size=requests.step_size) for p in prices[1:]]
    planned = periods * requests.rate
    return with_rules(requests, walk, used - planned, share * np.array(allowed), most - planned)


DMD_R1 = Statement(
    id="dual_mirror_descent/DMD-R1",
    title="Without a stop, overspending is a price",
    says=(
        "After any n requests the costs b_tj of the proposals x~_t, implemented or not, exceed n times the rate rho_j "
        "of resource j by at most (mu_{n+1,j} - mu_1j)/eta, where mu_tj is the price before request t and eta the size "
        "of the Euclidean steps."
    ),
    source=Derived(theory.violation_bound),
    tex=r"\sum_{t \le n} b_{t,j}(\tilde x_t) - n\rho_j \le (\mu_{n+1,j} - \mu_{1,j})/\eta",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=MENUS,
    solve=walked,
    decisions=WALK,
    claim=Inequality(overspent, unbounded="the first prices may be anything; what is used has a limit"),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("half of it", claim=Inequality(partial(overspent, share=Fraction(1, 2)))),
        # subtle: the same run until a proposal is turned down, whose units the price then does not see
        saboteur("prices move by what is implemented", solve=wrong_solvers.implemented_walk),
    ),
    notes="For every n; with the box of DMD-L4 the right side is O(sqrt T) for steps of order 1/sqrt T.",
)


def overspent_entropy(requests: Requests, walk: Walk, share: float = 1.0) -> Sides:
    """Compare the units that proposals use beyond n times the rate, for every n, with log(mu_{n+1} / mu_1) / eta."""
    prices, off = walk.prices, off_the_rules(requests, walk)
    used = np.cumsum(spent(requests, walk.proposed) - requests.rate, axis=0)
    last = [theory.violation_bound(p, prices[0], step_size=requests.step_size, geometry="entropy") for p in prices[1:]]
    rhs = np.r_[np.ravel(share * np.array(last)), 0 * off]
    return Sides(np.r_[used.ravel(), off], rhs, rounding=path_rounding(requests, walk))


DMD_R1_ENTROPY = Statement(
    id="dual_mirror_descent/DMD-R1-entropy",
    title="With the entropy, overspending is the logarithm of a price",
    says=(
        "Under the entropy the costs b_tj of the proposals x~_t of the first n requests exceed n times the rate rho_j "
        "of resource j by exactly log(mu_{n+1,j}/mu_1j)/eta, where mu_tj is the price before request t and eta the "
        "step size."
    ),
    source=Derived(theory.violation_bound),
    tex=r"\sum_{t \le n} b_{t,j}(\tilde x_t) - n\rho_j = \log(\mu_{n+1,j}/\mu_{1,j})/\eta",
    hypotheses={"entropy on the orthant": lambda requests: requests.geometry == "entropy"},
    instances=ENTROPY,
    solve=walked,
    decisions=WALK,
    claim=Identity(overspent_entropy),
    saboteurs=(
        saboteur("half of it", claim=Identity(partial(overspent_entropy, share=0.5))),
        saboteur("steps twice as large", solve=wrong_solvers.larger_steps),
    ),
)


def balanced(requests: Requests, told: Books) -> Sides:
    """Compare the units that the actions have used in the end with the budget, and reports with what actions did.

    Costs are at or above zero, so what is used in the end has never been more before.
    """
    used, most = spent(requests, told.actions).sum(axis=0), np.maximum(requests.costs.max(1), 0).sum(axis=0)
    budget = requests.rate * requests.horizon
    true = np.r_[earned(requests, told.actions).sum(), used, budget - used]
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
    source=Derived(theory.path_identity),
    tex=r"\sum_{s \le t} b_s(x_s) \le T\rho,\quad B_{T+1} = T\rho - \sum_t b_t(x_t),\quad R = \sum_t f_t(x_t)",
    hypotheses={"costs at or above zero": lambda requests: bool((requests.costs >= 0).all())},
    instances=MENUS,
    solve=books,
    decisions=("actions",),
    claim=Inequality(balanced, unbounded="a report may be wrong by anything; what is used has a limit"),
    saboteurs=(
        saboteur("every proposal is implemented", patch=(steps.implement, "if affordable(", "if True or affordable(")),
        saboteur(
            "costs are not taken out", patch=(steps.consume, "left = state[LEFT, j] - used", "left = state[LEFT, j]")
        ),
        saboteur("reports what was proposed", solve=wrong_solvers.reports_proposals),
    ),
)


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
    source=Derived(theory.path_identity),
    tex=r"\mu_{t+1} = (\mu_t - \eta(\rho - b_t(\tilde x_t)))^+,"
    r"\ x_t = \tilde x_t \text{ if } b_t(\tilde x_t) \le B_t \text{ else } 0,"
    r"\ \tau = \min\{t : \exists j: \sum_{s \le t} b_{sj}(\tilde x_s) + \bar b_j \ge T\rho_j\}",
    hypotheses={"a Euclidean run": lambda requests: requests.geometry == "euclidean"},
    instances=MENUS,
    solve=served,
    decisions=(*WALK, "actions"),
    claim=Identity(exact_trace),
    saboteurs=(
        saboteur("prices move by what is implemented", solve=wrong_solvers.implemented_gradient),
        saboteur(
            "an exact fit is refused",
            patch=(steps.affordable, "> state[LEFT, j] + resources[SLACK, j]", ">= state[LEFT, j]"),
        ),
        saboteur("stopping time without b bar", solve=wrong_solvers.stops_late),
        saboteur("no projection at zero", patch=(steps.euclidean_step, "max(0, moved)", "moved")),
        saboteur("a tie is taken", patch=(steps.best_action, "if value > best:", "if value >= best:")),
        saboteur("stopping time one less", solve=wrong_solvers.stops_earlier),
    ),
    notes="Bound tests do not see most of these; this test of the code sees all of them.",
)


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
    source=Derived(theory.path_identity),
    tex=r"\mu_t \ge 0",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=ANY_GEOMETRY,
    solve=walked,
    decisions=WALK,
    claim=Inequality(signs, unbounded=UNBOUNDED),
    saboteurs=(saboteur("no projection at zero", patch=(steps.euclidean_step, "max(0, moved)", "moved")),),
)


def counts(requests: Requests, rng: np.random.Generator) -> dict[str, int]:
    """Return the numbers of menus evaluated and of updates of the prices, as the kernel has counted them."""
    return dict(run(requests).counts)


def counted(requests: Requests, counts: dict[str, int]) -> Sides:
    """Compare both counts with the number of requests."""
    return Sides([counts["queries"], counts["updates"]], [requests.horizon, requests.horizon])


DMD_S5 = Statement(
    id="dual_mirror_descent/DMD-S5",
    title="One oracle call and one update a request, and no linear program",
    says=(
        "A run over T requests calls the oracle T times and updates the prices T times, and it solves no linear "
        "program."
    ),
    source=Derived(theory.path_identity),
    tex=r"\#\text{oracle} = \#\text{updates} = T",
    hypotheses={"finite menus": always},
    instances=MENUS,
    solve=counts,
    closed="The calls are counted by the kernels of this library, which no other algorithm runs.",
    claim=Identity(counted),
    saboteurs=(saboteur("stops when the budget is gone", solve=wrong_solvers.goes_home),),
)


def nothing_refused(requests: Requests, service: Service) -> Sides:
    """Compare the reward of the actions with the sum of best rewards, all prices with zero, tau with its definition."""
    best = np.maximum(requests.rewards.max(1), 0).sum()
    gained, prices = earned(requests, affordable(requests, service.actions)).sum(), service.prices.ravel()
    best_replies = np.abs(earned(requests, service.proposed) - np.maximum(requests.rewards.max(1), 0))
    times = (service.stopping_time, first_shortage(requests, service.proposed))
    return Sides(np.r_[gained, prices, best_replies, times[0]], np.r_[best, 0 * prices, 0 * best_replies, times[1]])


DMD_T2_PLENTY = Statement(
    id="dual_mirror_descent/DMD-T2-plenty",
    title="Where no request exceeds the rate, the run is optimal",
    says=(
        "If the largest cost b_bar is at most the smallest rate rho_min and the first prices mu_1 are 0, then all "
        "prices mu_t stay 0 and the reward R is the optimum OPT in hindsight."
    ),
    source=Derived(theory.regret_bound),
    tex=r"\bar b \le \rho_{\min},\ \mu_1 = 0 \Rightarrow R = \mathrm{OPT},\ \mu_t = 0",
    hypotheses={"no request exceeds the rate": never_scarce},
    instances=PLENTY,
    solve=served,
    decisions=(*WALK, "actions"),
    claim=Identity(nothing_refused),
    saboteurs=(
        saboteur(
            "costs of twice the rate",
            breaks="no request exceeds the rate",
            instances=Family("scarce-trace", always=(SHORT_TRACE,)),
        ),
        saboteur("the cheapest gainful action", patch=FIRST_GAINFUL),
    ),
)


# --- lazy and eager entropy ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BothSteps:
    """The proposals of an eager run (T,), its prices, and those of the lazy run on the same requests (T + 1, m)."""

    proposed: np.ndarray
    eager: np.ndarray
    lazy: np.ndarray


def eager_and_lazy(requests: Requests, rng: np.random.Generator, factor: float = 1.0) -> BothSteps:
    """Run both, the lazy one with steps times `factor`."""
    eager = walked(replace(requests, lazy=False))
    lazy = walked(replace(requests, lazy=True), step_size=factor * requests.step_size)
    return BothSteps(eager.proposed, eager.prices, lazy.prices)


def same_prices(requests: Requests, found: BothSteps) -> Sides:
    """Compare all prices of both runs with mu_1 exp(-eta (g_1 + ... + g_{t-1})), and proposals with best replies."""
    walk = Walk(found.eager, found.proposed)
    off = off_the_rules(requests, walk)
    closed = theory.lazy_entropy(gradients(requests, walk), requests.init, step_size=requests.step_size)
    lhs = np.r_[found.eager.ravel(), found.lazy.ravel(), off]
    return Sides(lhs, np.r_[closed.ravel(), closed.ravel(), 0 * off], rounding=path_rounding(requests, walk))


# the point that lazy Euclidean steps move falls below 0 in the first two periods, where nothing is used, so their price
# stays at 0 for longer than the eager one when requests come
SLACK_THEN_SCARCE = Family(
    "slack-then-scarce",
    always=(replace(SHORT_TRACE, rewards=np.array([[0.0], [0.0], [1.0], [1.0]]), costs=np.ones((4, 1, 1))),),
)

DMD_S2 = Statement(
    id="dual_mirror_descent/DMD-S2",
    title="Lazy and eager steps agree for the entropy on the orthant",
    says=(
        "Under the entropy on positive prices, lazy steps (dual averaging) and eager steps (mirror descent) over the "
        "same requests go through the same prices mu_t."
    ),
    source=Derived(theory.lazy_entropy),
    tex=r"\mu^{\mathrm{lazy}}_t = \mu^{\mathrm{eager}}_t",
    hypotheses={"entropy on the orthant": lambda requests: requests.geometry == "entropy"},
    instances=ENTROPY,
    solve=eager_and_lazy,
    decisions=("proposed",),
    claim=Identity(same_prices),
    saboteurs=(
        saboteur("Euclidean steps", breaks="entropy on the orthant", instances=SLACK_THEN_SCARCE),
        saboteur("lazy steps twice as large", solve=partial(eager_and_lazy, factor=2.0)),
    ),
)
