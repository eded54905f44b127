"""The optimum in hindsight, as the least value of a dual function.

f holds the best reduced rewards f*_t(mu) of the requests at the prices mu, and B the budgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    OutcomeError,
    Sides,
    Statement,
    always,
    formula,
    saboteur,
)
from lrtheory.dual_mirror_descent import dual_bound, hindsight_optimum
from proofs_checks.dual_mirror_descent.families.programs import rational
from proofs_checks.dual_mirror_descent.families.small_streams import all_orders
from proofs_checks.dual_mirror_descent.families.streams import (
    EXACT_FIT,
    HUGE,
    SHORT_TRACE,
    Requests,
    conjugates,
    draw_menus,
    requests,
)


@dataclass(frozen=True)
class Program:
    """A program's answer: a primal solution (T, d) and prices (m,) of the linear program in hindsight, as doubles."""

    solution: np.ndarray
    prices: np.ndarray


def solved(requests: Requests, rng: np.random.Generator | None = None) -> Program:
    """Solve the linear program in hindsight by the library."""
    found = hindsight_optimum(requests.stream, method="lp")
    return Program(found.solution, found.prices)


def draw_small(draws: Draws) -> Requests:
    """Draw up to eight requests with two actions and two resources at most; rewards and costs are quarters."""
    drawn = draw_menus(draws, (8, 2, 2))
    return Requests(
        np.round(4 * drawn.rewards) / 4, np.round(4 * drawn.costs) / 4, drawn.rate, drawn.init, drawn.step_size
    )


SMALL_PROGRAMS = Family(
    "small-programs",
    always=(
        SHORT_TRACE,
        EXACT_FIT,
        HUGE,
        requests([3, 2, 2], [[[2.0]], [[1.0]], [[1.0]]], 0.75),
        requests([[1, 0.5], [0.75, 0.25], [0.5, 1]], [[1, 0], [0.5, 1]], [0.5, 0.25]),
    ),
    draw=draw_small,
)


def greedy_ratio(requests: Requests, rng: np.random.Generator) -> Program:
    """Take requests in the order of reward per unit of cost, each whole or not at all."""
    best, left = np.zeros(requests.rewards.shape), requests.rate * requests.horizon
    # the sum over resources is a rough unit of cost, and 1e-9 stands for costs of 0
    ratio = requests.rewards / (requests.costs.sum(2) + 1e-9)
    for flat in np.argsort(-ratio, axis=None):
        t, i = np.unravel_index(flat, ratio.shape)
        if not best[t].any() and (requests.costs[t, i] <= left).all():
            best[t, i], left = 1.0, left - requests.costs[t, i]
    return Program(best, solved(requests, rng).prices)


def doubled_prices(requests: Requests, rng: np.random.Generator) -> Program:
    """Report prices twice as high as the dual's."""
    found = solved(requests, rng)
    return Program(found.solution, 2 * found.prices)


def dual_value(requests: Requests, prices: np.ndarray) -> Any:
    """Compute the sum over t of D_t(mu)."""
    return (
        requests.horizon * (requests.rate * prices).sum() + conjugates(requests.rewards, requests.costs, prices).sum()
    )


def certificate(requests: Requests, program: Program) -> Sides:
    """Compare primal with dual value, and the infeasibility of both solutions with zero, in rational numbers."""
    x, prices = rational(program.solution), rational(program.prices)
    value = (x * requests.rewards).sum()
    used = (x[..., None] * requests.costs).sum((0, 1)) - requests.rate * requests.horizon
    excess = np.maximum(np.r_[used, x.sum(1) - 1, -x.ravel(), -prices], 0)
    return Sides(np.r_[value, excess], np.r_[dual_value(requests, prices), 0 * excess])


DMD_L2 = Statement(
    id="dual_mirror_descent/DMD-L2",
    title="The least dual value is the optimum in hindsight",
    says=(
        "The optimum OPT_LP in hindsight, where requests may be split over actions, is the least value over prices mu "
        ">= 0 of the dual function, which sums over the requests t the terms D_t(mu): the best reward less priced "
        "cost, plus mu times the rates."
    ),
    source=Classical(
        "strong duality of linear programs", "D. Bertsimas, J. Tsitsiklis, Introduction to Linear Optimization, 1997"
    ),
    tex=r"\mathrm{OPT}_{LP} = \min_{\mu \ge 0} \sum_t D_t(\mu)",
    hypotheses={"finite menus": always},
    instances=SMALL_PROGRAMS,
    for_all=(all_orders("for a budget of two units"),),
    solve=solved,
    decisions=("solution", "prices"),
    claim=Identity(certificate),
    saboteurs=(
        saboteur("greedy by reward per unit, without fractions", solve=greedy_ratio),
        saboteur("prices doubled", solve=doubled_prices),
    ),
    notes="A feasible solution and prices of equal value prove each other optimal; the prices need not be unique.",
)


@dataclass(frozen=True)
class Priced:
    """A sequence of requests, and n vectors of prices (n, m) at which its dual function is evaluated."""

    requests: Requests
    prices: np.ndarray


def dual_values(priced: Priced, rng: np.random.Generator) -> np.ndarray:
    """Compute the library's dual bounds at the given prices, (n,)."""
    stream = priced.requests.stream
    return np.array([dual_bound(stream, prices=prices) for prices in priced.prices])


def draw_priced(draws: Draws) -> Priced:
    """Draw a small sequence and four vectors of prices, of which the last one is zero."""
    drawn = draw_small(draws)
    prices = draws.integers(0, 16, shape=(4, len(drawn.rate))) / 8
    prices[-1] = 0
    return Priced(drawn, prices)


PRICED = Family(
    "priced",
    always=(Priced(SHORT_TRACE, np.array([[0.0], [0.5], [1.0]])), Priced(HUGE, np.array([[0.25]]))),
    draw=draw_priced,
)


def at_three_prices(requests: Requests) -> Priced:
    """Evaluate the dual function at the prices 0, 1/2 and 1 of one resource."""
    return Priced(requests, np.array([[0.0], [0.5], [1.0]]))


def budget_not_charged(priced: Priced, rng: np.random.Generator) -> np.ndarray:
    """Report the sum of the conjugates alone."""
    requests = priced.requests
    return dual_values(priced, rng) - requests.horizon * priced.prices @ requests.rate


def last_request_left_out(priced: Priced, rng: np.random.Generator) -> np.ndarray:
    """Report the dual value of all requests but the last, with the whole budget."""
    requests = priced.requests
    reduced = requests.rewards[-1][:, None] - requests.costs[-1] @ priced.prices.T
    return dual_values(priced, rng) - np.maximum(reduced.max(0), 0)


@formula(f="T in [0, inf)", mu="m in [0, inf)", B="m in [0, inf)")
def weak_duality(f: np.ndarray, mu: np.ndarray, B: np.ndarray) -> Number:
    """The dual function at the prices mu, which is never below the optimum.

    Proof
    -----
    Assumes: prices and budgets are at least 0, and so are the conjugates, since doing nothing is always possible
    (argument checks).

    Proof: for a feasible x, f_t(x_t) <= f*_t(mu) + mu . b_t(x_t). Sum over t, and use sum_t b_t(x_t) <= B with mu >= 0.
    Equality at the best mu is duality of linear programs, since the relaxation is feasible (take nothing) and bounded.
    """
    value = f.sum() + (mu * B).sum()
    return float(value) if isinstance(value, np.floating) else value


def above_the_optimum(priced: Priced, values: np.ndarray) -> Sides:
    """Compare the value of an optimal solution with every dual value, and the dual values with the formula."""
    requests = priced.requests
    x = rational(solved(requests).solution)
    best = np.maximum(requests.rewards.max(1), 0).sum()
    formula = np.array(
        [
            weak_duality(conjugates(requests.rewards, requests.costs, mu), mu, requests.rate * requests.horizon)
            for mu in priced.prices
        ]
    )
    if values.shape != formula.shape:
        raise OutcomeError("one dual value is due for each of the prices")
    off, optimum = np.abs(values - formula), (x * requests.rewards).sum()
    none = np.full(len(off), np.inf)
    lhs, rhs = np.r_[np.full(len(off), optimum), off], np.r_[values, 0 * off]
    return Sides(lhs, rhs, trivial=np.r_[np.full(len(off), best), none])


DMD_L1 = Statement(
    id="dual_mirror_descent/DMD-L1",
    title="Every price bounds the optimum",
    says=(
        "At any prices mu >= 0 the dual values D_t(mu), the best reward less priced cost of request t plus mu times "
        "the rates, sum to at least the optimum OPT_LP in hindsight, where requests may be split over actions."
    ),
    source=Derived(weak_duality),
    tex=r"\mu \ge 0 \Rightarrow \mathrm{OPT}_{LP} \le \sum_t D_t(\mu)",
    hypotheses={"prices at or above zero": lambda priced: bool((priced.prices >= 0).all())},
    instances=PRICED,
    for_all=(all_orders("for a budget of two units, at prices 0, 1/2 and 1", at_three_prices),),
    solve=dual_values,
    claim=Inequality(above_the_optimum, unbounded="a dual value may be wrong by anything; the optimum has a limit"),
    saboteurs=(
        saboteur("the budget is not charged", solve=budget_not_charged),
        saboteur("the last request is left out", solve=last_request_left_out),
    ),
    notes="The certificate of every run is this bound at its average price (DMD-S7).",
)
