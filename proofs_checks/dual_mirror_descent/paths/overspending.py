"""Budgets that are overspent, or nearly used up, and the prices that tell by how much.

Prices rise from `first` to `last`.

T requests use m resources with rates rho, the budget per period. Rewards are at most f_bar and costs at most b_bar;
mu are prices, g = rho - b gradients, and eta is the step size.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any, Literal

import numpy as np

from lrtheory._numbers import inexact
from lrtheory._validation import must
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Numbers,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.dual_mirror_descent.prices import steps
from lrtheory.dual_mirror_descent.theory.resources import per_resource
from proofs_checks.dual_mirror_descent.certificates.prices import OVERSPENT
from proofs_checks.dual_mirror_descent.families.paths import FLIPPED, WALK, path_rounding, with_rules
from proofs_checks.dual_mirror_descent.families.small_streams import EAGER_OR_LAZY, orders
from proofs_checks.dual_mirror_descent.families.small_streams import ENTROPY as SMALL_ENTROPY
from proofs_checks.dual_mirror_descent.families.streams import (
    ENTROPY,
    MENUS,
    ODD_BUDGET,
    SHORT_TRACE,
    TWO,
    Requests,
    Walk,
    draw_menus,
    first_shortage,
    off_the_rules,
    reference,
    spent,
    walked,
)
from proofs_checks.dual_mirror_descent.families.wrong_solvers import implemented_gradient, larger_steps


def runs_out(instance: Requests) -> bool:
    """Tell whether the stopping time of the algorithm is positive and before the last request."""
    return 0 < first_shortage(instance, reference(instance)[1]) < instance.horizon


def draw_scarce(draws: Draws) -> Requests:
    """Draw menus of which one resource is scarce, every request is worth something, and prices start at zero."""
    drawn = draw_menus(draws, (32, 2, 2))
    # one or two eighths of a unit a period, where costs go up to one unit
    rate = np.r_[draws.integers(1, 2) / 8, drawn.rate[1:]]
    return replace(drawn, rate=rate, rewards=np.maximum(drawn.rewards, 1 / 16), init=0 * rate)


SCARCE = Family("scarce", always=(SHORT_TRACE, ODD_BUDGET, replace(TWO, init=np.zeros(2))), draw=draw_scarce)


def depleted(requests: Requests, walk: Walk) -> np.ndarray:
    """Tell which resources end the run at the stopping time: at most b bar is left of them, (m,) bool."""
    used = spent(requests, walk.proposed)[: first_shortage(requests, walk.proposed)].sum(0)
    return used + requests.cost_bound >= requests.rate * requests.horizon


@formula(last="(-inf, inf)", first="(-inf, inf)", eta="(0, inf)", rho="(0, inf)")
def violation_bound(
    last: Numbers,
    first: Numbers,
    eta: Number,
    rho: Numbers | None = None,
    geometry: Literal["euclidean", "scaled-euclidean", "entropy"] = "euclidean",
) -> list[Any]:
    """A bound on the units that proposals use beyond the budget when nothing is refused, one number for each resource.

    It is (h_j'(mu_{T+1,j}) - h_j'(mu_1j)) / eta, and attained under the entropy. The scaled `geometry` needs rho.

    Proof
    -----
    Assumes: eta is constant (argument check), and there is neither a cap nor `price_cap` (the caller).

    Proof: a projection at 0 only raises a price. So eager steps have h_j'(mu_{t+1,j}) >= h_j'(mu_tj) - eta (rho_j -
    b_tj), with equality for the entropy, which is never projected, and lazy ones mu_{T+1} >= the point before the
    projection, which has moved by -eta (rho - b_t) in each step. Sum over all t and divide by eta.
    """
    low: dict[str, Any] = {"low": 0, "ends": "(]"} if geometry == "entropy" else {}
    ends = per_resource("last", last, **low)
    starts, scales = per_resource("first", first, len(ends), **low), [1] * len(ends)
    if geometry == "scaled-euclidean" or rho is not None:
        rates = per_resource("rho", rho, len(ends), 0, ends="(]")
        scales = [r * r for r in rates] if geometry == "scaled-euclidean" else scales
    if geometry == "entropy":
        return [np.log(inexact(end / start)) / eta for end, start in zip(ends, starts, strict=True)]
    return [(end - start) * s / eta for end, start, s in zip(ends, starts, scales, strict=True)]


@formula(last="(-inf, inf)", first="(-inf, inf)", rho="(0, inf)", b_bar="[0, inf)", eta="(0, inf)")
def depletion_bound(
    last: Numbers,
    first: Numbers,
    rho: Numbers,
    b_bar: Numbers,
    eta: Number,
    geometry: Literal["euclidean", "scaled-euclidean", "entropy"] = "euclidean",
) -> list[Any]:
    """A bound on the periods that are left when a resource is nearly depleted, one number for each resource.

    It is (b_bar_j + (h_j'(mu_{tau+1,j}) - h_j'(mu_1j)) / eta) / rho_j. Under the capped entropy nothing is known, since
    its rescaling lowers prices; `geometry` is one of the others.

    Proof
    -----
    Assumes: eta is constant (argument check), there is no `price_cap`, and j is a resource of which at most b_bar_j is
    left at tau (the caller).

    Proof: a projection at 0 only raises a price. So eager steps have h_j'(mu_{t+1,j}) >= h_j'(mu_tj) - eta g_tj, and
    lazy ones mu_{t+1} >= the point before the projection, which has moved by -eta g_s in each step. Summed up to tau,
    eta times (consumption_j - tau rho_j) is at most h_j'(mu_{tau+1,j}) - h_j'(mu_1j). The consumption is at least T
    rho_j - b_bar_j when j stops the time.
    """
    rates = per_resource("rho", rho, low=0, ends="(]")
    bounds = per_resource("b_bar", b_bar, len(rates), 0)
    used = rates if geometry == "scaled-euclidean" else None
    rises = violation_bound(last, first, eta, used, geometry)
    if len(rises) != len(rates):
        raise must("last", f"of shape ({len(rates)},)", last)
    return [(b + rise) / r for b, rise, r in zip(bounds, rises, rates, strict=True)]


def time_left(requests: Requests, walk: Walk, slack: int = 1) -> Sides:
    """Compare T - tau with its bound by the price of each depleted resource."""
    # up to b bar of the resource is left at tau, so the bound needs that term; `slack` 0 leaves it out
    prices, tau = walk.prices, first_shortage(requests, walk.proposed)
    bound = depletion_bound(prices[tau], prices[0], requests.rate, slack * requests.cost_bound, requests.step_size)
    rhs = np.array(bound)[depleted(requests, walk)]
    return with_rules(requests, walk, np.full(len(rhs), requests.horizon - tau), rhs)


UNBOUNDED = "another algorithm may post any prices"


DMD_L5 = Statement(
    id="dual_mirror_descent/DMD-L5",
    title="A resource that runs out early has a high price",
    says="If resource j stops the run at tau < T, then rho_j (T - tau), its rate times the periods left, is at most "
    "the bound b_bar on its costs plus the rise of its price from mu_1j to mu_{tau+1,j} over the step eta.",
    source=Derived(depletion_bound),
    tex=r"\rho_j (T - \tau) \le \bar b + (\mu_{\tau+1,j} - \mu_{1,j})/\eta",
    hypotheses={"a resource runs out": runs_out},
    instances=SCARCE,
    for_all=(
        All(
            "sequences of four requests of three kinds of two actions that run out, with eager or lazy steps of size 1",
            lambda: filter(runs_out, orders(lazy=(False, True))),
            members=156,
        ),
    ),
    solve=walked,
    decisions=WALK,
    claim=Inequality(time_left, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("without b bar", claim=Inequality(partial(time_left, slack=0))),
    ),
)


def implemented_walk(requests: Requests, rng: np.random.Generator) -> Walk:
    """Move prices by what is implemented, and tell them and the proposals alone."""
    found = implemented_gradient(requests, rng)
    return Walk(found.prices, found.proposed)


def overspent(requests: Requests, walk: Walk, share: Fraction = Fraction(1)) -> Sides:
    """Compare the units that proposals use beyond n times the rate, for every n, with (mu_{n+1} - mu_1) / eta."""
    prices = walk.prices
    # `most` is what any proposals could use, so that the claim is seen to exclude something
    periods = np.arange(1, requests.horizon + 1)[:, None]
    used = np.cumsum(spent(requests, walk.proposed), axis=0)
    most = np.cumsum(np.maximum(requests.costs.max(1), 0), axis=0)
    allowed = [violation_bound(p, prices[0], requests.step_size) for p in prices[1:]]
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
    source=Derived(violation_bound),
    tex=r"\sum_{t \le n} b_{t,j}(\tilde x_t) - n\rho_j \le (\mu_{n+1,j} - \mu_{1,j})/\eta",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=MENUS,
    for_all=(EAGER_OR_LAZY, OVERSPENT),
    solve=walked,
    decisions=WALK,
    claim=Inequality(overspent, unbounded="the first prices may be anything; what is used has a limit"),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("half of it", claim=Inequality(partial(overspent, share=Fraction(1, 2)))),
        # subtle: the same run until a proposal is turned down, whose units the price then does not see
        saboteur("prices move by what is implemented", solve=implemented_walk),
    ),
    notes="For every n; with the box of DMD-L4 the right side is O(sqrt T) for steps of order 1/sqrt T.",
)


def overspent_entropy(requests: Requests, walk: Walk, share: float = 1.0) -> Sides:
    """Compare the units that proposals use beyond n times the rate, for every n, with log(mu_{n+1} / mu_1) / eta."""
    prices, off = walk.prices, off_the_rules(requests, walk)
    used = np.cumsum(spent(requests, walk.proposed) - requests.rate, axis=0)
    last = [violation_bound(p, prices[0], requests.step_size, geometry="entropy") for p in prices[1:]]
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
    source=Derived(violation_bound),
    tex=r"\sum_{t \le n} b_{t,j}(\tilde x_t) - n\rho_j = \log(\mu_{n+1,j}/\mu_{1,j})/\eta",
    hypotheses={"entropy on the orthant": lambda requests: requests.geometry == "entropy"},
    instances=ENTROPY,
    for_all=(SMALL_ENTROPY,),
    solve=walked,
    decisions=WALK,
    claim=Identity(overspent_entropy),
    saboteurs=(
        saboteur("half of it", claim=Identity(partial(overspent_entropy, share=0.5))),
        saboteur("steps twice as large", solve=larger_steps),
    ),
)
