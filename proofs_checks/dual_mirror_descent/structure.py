"""What holds by construction: budgets, signs, counts, units, lazy and eager entropy, bids, and what overspends."""

from __future__ import annotations

from dataclasses import replace
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
    exactly,
    rounding,
    saboteur,
)
from lrtheory.dual_mirror_descent import AllocationResult, PacingResult, steps, theory
from proofs_checks.dual_mirror_descent import mutants
from proofs_checks.dual_mirror_descent.families.streams import (
    ANY_GEOMETRY,
    ENTROPY,
    MENUS,
    PLENTY,
    SHORT_TRACE,
    Requests,
    earned,
    first_shortage,
    never_scarce,
    reference,
    run,
    spent,
)
from proofs_checks.dual_mirror_descent.families.units import (
    AUCTIONS,
    RESOURCE_UNITS,
    UNITS,
    Auctions,
    Scaled,
    both_units,
    paced,
)
from proofs_checks.dual_mirror_descent.path import FIRST_GAINFUL, FLIPPED, least_prices, path_rounding


def overspent(requests: Requests, result: AllocationResult, share: Fraction = Fraction(1)) -> Sides:
    """What the proposals use beyond the budget, after every request, against (mu_{n+1} - mu_1) / eta."""
    prices = result.trace["prices"]
    periods = np.arange(1, requests.horizon + 1)[:, None]
    used = np.cumsum(spent(requests, result.proposed), axis=0)
    allowed = [theory.violation_bound(p, prices[0], step_size=requests.step_size) for p in prices[1:]]
    return Sides(used - periods * requests.rate, share * np.array(allowed))


DMD_R1 = Statement(
    id="dual_mirror_descent/DMD-R1",
    title="Without a stop, overspending is a price",
    source=Derived(theory.violation_bound),
    tex=r"\sum_{t \le n} b_{t,j}(\tilde x_t) - n\rho_j \le (\mu_{n+1,j} - \mu_{1,j})/\eta",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=MENUS,
    solve=run,
    claim=Inequality(overspent),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("half of it", claim=Inequality(partial(overspent, share=Fraction(1, 2)))),
        saboteur("prices move by what is implemented", solve=mutants.implemented_gradient),
    ),
    notes="For every n; with the box of DMD-L4 the right side is O(sqrt T) for steps of order 1/sqrt T.",
)


def within_budget(requests: Requests, result: AllocationResult) -> Sides:
    """What the actions have used after every request, and what is left at the end, recomputed from the actions."""
    used = np.cumsum(spent(requests, result.actions), axis=0)
    budget = np.broadcast_to(requests.rate * requests.horizon, used.shape)
    left = requests.rate * requests.horizon - used[-1]
    return Sides(np.vstack([used, left, result.remaining]), np.vstack([budget, result.remaining, left]))


def overspent_entropy(requests: Requests, result: AllocationResult, share: float = 1.0) -> Sides:
    """What the proposals use beyond the budget, after every request, against log(mu_{n+1} / mu_1) / eta."""
    prices = result.trace["prices"]
    used = np.cumsum(spent(requests, result.proposed) - requests.rate, axis=0)
    last = [theory.violation_bound(p, prices[0], step_size=requests.step_size, geometry="entropy") for p in prices[1:]]
    return Sides(used, share * np.array(last), rounding=path_rounding(requests, result))


DMD_R1_ENTROPY = Statement(
    id="dual_mirror_descent/DMD-R1-entropy",
    title="With the entropy, overspending is the logarithm of a price",
    source=Derived(theory.violation_bound),
    tex=r"\sum_{t \le n} b_{t,j}(\tilde x_t) - n\rho_j = \log(\mu_{n+1,j}/\mu_{1,j})/\eta",
    hypotheses={"entropy on the orthant": lambda requests: requests.geometry == "entropy"},
    instances=ENTROPY,
    solve=run,
    claim=Identity(overspent_entropy),
    saboteurs=(
        saboteur("half of it", claim=Identity(partial(overspent_entropy, share=0.5))),
        saboteur("steps twice as large", solve=mutants.larger_steps),
    ),
)

DMD_S3 = Statement(
    id="dual_mirror_descent/DMD-S3",
    title="No budget is ever overdrawn, and none is lost",
    source=Derived(theory.path_identity),
    tex=r"\sum_{s \le t} b_s(x_s) \le T\rho,\quad B_{T+1} = T\rho - \sum_t b_t(x_t)",
    hypotheses={"costs at or above zero": lambda requests: bool((requests.costs >= 0).all())},
    instances=MENUS,
    solve=run,
    claim=Inequality(within_budget),
    saboteurs=(
        saboteur("every proposal is implemented", patch=(steps.implement, "if affordable(", "if True or affordable(")),
        saboteur(
            "costs are not taken out", patch=(steps.consume, "left = state[LEFT, j] - used", "left = state[LEFT, j]")
        ),
    ),
)


def exact_trace(requests: Requests, result: AllocationResult) -> Sides:
    """Prices, proposals, actions, reward and stopping time against the algorithm written out in rational numbers."""
    prices, proposed, actions = reference(requests)
    tau = first_shortage(requests, proposed)
    expected = [*prices.ravel(), *proposed, *actions, earned(requests, actions).sum(), tau]
    found = [*result.trace["prices"].ravel(), *result.proposed, *result.actions, result.reward, result.stopping_time]
    return Sides(np.array(found), np.array(expected))


DMD_S5_TRACE = Statement(
    id="dual_mirror_descent/DMD-S5-trace",
    title="The run is the algorithm, step by step",
    source=Derived(theory.path_identity),
    tex=r"\mu_{t+1} = (\mu_t - \eta(\rho - b_t(\tilde x_t)))^+,\ x_t = \tilde x_t \text{ if } b_t(\tilde x_t) \le B_t",
    hypotheses={"a Euclidean run": lambda requests: requests.geometry == "euclidean"},
    instances=MENUS,
    solve=run,
    claim=Identity(exact_trace),
    saboteurs=(
        saboteur("prices move by what is implemented", solve=mutants.implemented_gradient),
        saboteur(
            "an exact fit is refused",
            patch=(steps.affordable, "> state[LEFT, j] + resources[SLACK, j]", ">= state[LEFT, j]"),
        ),
        saboteur("stopping time without b bar", solve=mutants.stops_late),
        saboteur("no projection at zero", patch=(steps.euclidean_step, "max(0, moved)", "moved")),
        saboteur("a tie is taken", patch=(steps.best_action, "if value > best:", "if value >= best:")),
        saboteur("stopping time one less", solve=mutants.stops_earlier),
    ),
    notes="Bound tests do not see most of these; this test of the code sees all of them.",
)


def signs(requests: Requests, result: AllocationResult) -> Sides:
    """Zero, and what steps without a projection would leave, against every price."""
    prices = result.trace["prices"]
    lhs, rhs = np.vstack([0 * prices, least_prices(requests, result)]), np.vstack([prices, prices[1:]])
    return Sides(lhs, rhs, rounding=path_rounding(requests, result))


DMD_S4 = Statement(
    id="dual_mirror_descent/DMD-S4",
    title="Prices are never negative",
    source=Derived(theory.path_identity),
    tex=r"\mu_t \ge 0",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=ANY_GEOMETRY,
    solve=run,
    claim=Inequality(signs),
    saboteurs=(saboteur("no projection at zero", patch=(steps.euclidean_step, "max(0, moved)", "moved")),),
)


def counted(requests: Requests, result: AllocationResult) -> Sides:
    """Menus evaluated and prices updated, as the kernel has counted them, against the number of requests."""
    return Sides([result.counts["queries"], result.counts["updates"]], [requests.horizon, requests.horizon])


DMD_S5 = Statement(
    id="dual_mirror_descent/DMD-S5",
    title="One oracle call and one update a request, and no linear program",
    source=Derived(theory.path_identity),
    tex=r"\#\text{oracle} = \#\text{updates} = T",
    hypotheses={"finite menus": always},
    instances=MENUS,
    solve=run,
    claim=Identity(counted),
    saboteurs=(saboteur("stops when the budget is gone", solve=mutants.goes_home),),
)


def nothing_refused(requests: Requests, result: AllocationResult) -> Sides:
    """Reward against the sum of the best rewards, and all prices against zero."""
    best = np.maximum(requests.rewards.max(1), 0).sum()
    prices = result.trace["prices"].ravel()
    return Sides(np.r_[result.reward, prices], np.r_[best, 0 * prices])


DMD_T2_PLENTY = Statement(
    id="dual_mirror_descent/DMD-T2-plenty",
    title="Where no request exceeds the rate, the run is optimal",
    source=Derived(theory.regret_bound),
    tex=r"\bar b \le \rho_{\min},\ \mu_1 = 0 \Rightarrow R = \mathrm{OPT},\ \mu_t = 0",
    hypotheses={"no request exceeds the rate": never_scarce},
    instances=PLENTY,
    solve=run,
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


# --- units -----------------------------------------------------------------------------------------------------------


def same_run(scaled: Scaled, results: tuple[AllocationResult, AllocationResult]) -> Sides:
    """Proposals, actions and translated prices, bit by bit."""
    one, other = results
    units = {"reward_factor": 2.0**scaled.reward_exponent, "resource_factors": 2.0**scaled.resource_exponents}
    if isinstance(scaled.requests.rewards.flat[0], Fraction):
        units = exactly(units)
    translated = theory.change_of_units(one.trace["prices"], **units)
    lhs = np.r_[one.proposed, one.actions, translated.ravel(), one.trace["prices"][0]]
    rhs = np.r_[other.proposed, other.actions, other.trace["prices"].ravel(), scaled.requests.init]
    if "entropy" in scaled.requests.geometry:
        allowed = np.full(len(lhs), path_rounding(scaled.other, other))
        allowed[: 2 * len(one.proposed)] = 0
        return Sides(lhs, rhs, rounding=allowed)
    return Sides(lhs, rhs)


def is_invariant(scaled: Scaled) -> bool:
    """Whether the geometry does not see the units that change."""
    return scaled.requests.geometry == "scaled-euclidean" or not scaled.resource_exponents.any()


DMD_S1 = Statement(
    id="dual_mirror_descent/DMD-S1",
    title="Units do not matter",
    source=Derived(theory.change_of_units),
    tex=r"(c f, s_j b_j, s_j \rho_j) \Rightarrow \text{the same actions, prices } \mu_j c / s_j",
    hypotheses={"an invariant geometry": is_invariant},
    instances=UNITS,
    solve=both_units,
    claim=Identity(same_run),
    saboteurs=(
        saboteur(
            "plain Euclidean steps and other units of a resource",
            breaks="an invariant geometry",
            instances=RESOURCE_UNITS,
        ),
        saboteur("the step is not translated", solve=mutants.step_in_old_units),
    ),
)


# --- lazy and eager entropy ------------------------------------------------------------------------------------------


def eager_and_lazy(requests: Requests, rng: np.random.Generator) -> tuple[AllocationResult, AllocationResult]:
    """Both runs."""
    return run(replace(requests, lazy=False)), run(replace(requests, lazy=True))


def same_prices(requests: Requests, results: tuple[AllocationResult, AllocationResult]) -> Sides:
    """All prices of both runs against mu_1 exp(-eta (g_1 + ... + g_{t-1})) of the eager one."""
    both = np.stack([result.trace["prices"] for result in results])
    g = requests.rate - spent(requests, results[0].proposed)
    closed = theory.lazy_entropy(g, requests.init, step_size=requests.step_size)
    return Sides(both, np.stack([closed, closed]), rounding=path_rounding(requests, results[0]))


SLACK_THEN_SCARCE = Family(
    "slack-then-scarce",
    always=(replace(SHORT_TRACE, rewards=np.array([[0.0], [0.0], [1.0], [1.0]]), costs=np.ones((4, 1, 1))),),
)

DMD_S2 = Statement(
    id="dual_mirror_descent/DMD-S2",
    title="Lazy and eager steps agree for the entropy on the orthant",
    source=Derived(theory.lazy_entropy),
    tex=r"\mu^{\mathrm{lazy}}_t = \mu^{\mathrm{eager}}_t",
    hypotheses={"entropy on the orthant": lambda requests: requests.geometry == "entropy"},
    instances=ENTROPY,
    solve=eager_and_lazy,
    claim=Identity(same_prices),
    saboteurs=(
        saboteur("Euclidean steps", breaks="entropy on the orthant", instances=SLACK_THEN_SCARCE),
        saboteur("lazy steps twice as large", solve=mutants.eager_and_larger_lazy),
    ),
)


# --- bids ------------------------------------------------------------------------------------------------------------


def bids_win(auctions: Auctions, result: PacingResult) -> Sides:
    """Bids, wins, multipliers, spend and reward against the rules of pacing written out."""
    mu = result.trace["multipliers"][:-1]
    paid = np.cumsum(result.wins * auctions.competing) - result.wins * auctions.competing
    worth_it = auctions.values - auctions.competing > mu * auctions.competing
    solvent = auctions.competing <= auctions.budget - paid
    rate = auctions.budget / len(mu)
    moved = np.maximum(mu - auctions.step_size * (rate - auctions.competing * worth_it), 0)
    wins = worth_it & solvent
    spend, reward = (auctions.competing * wins).sum(), ((auctions.values - auctions.competing) * wins).sum()
    lhs = np.r_[result.bids, result.wins, result.trace["multipliers"][1:], result.spend, result.reward]
    rhs = np.r_[theory.pacing_bid(auctions.values, mu), wins, moved, spend, reward]
    allowed = rounding(8 * len(mu), np.r_[np.abs(auctions.values), 0 * mu, 1 + moved, 1 + spend, 1 + reward])
    return Sides(lhs, rhs, rounding=allowed)


DMD_S6 = Statement(
    id="dual_mirror_descent/DMD-S6",
    title="Bid the value over 1 + mu, and win where that is worth its price",
    source=Derived(theory.pacing_bid),
    tex=r"\text{bid}_t = v_t/(1 + \mu_t),\quad \text{win} \iff v_t - d_t > \mu_t d_t",
    hypotheses={"positive competing bids": lambda auctions: bool((auctions.competing > 0).all())},
    instances=AUCTIONS,
    solve=paced,
    claim=Identity(bids_win),
    saboteurs=(
        saboteur("truthful bids", solve=mutants.truthful),
        saboteur("wins bargains alone", solve=mutants.wins_bargains_alone),
    ),
)
