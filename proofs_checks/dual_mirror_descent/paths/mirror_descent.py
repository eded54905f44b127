"""Prices along one run: mirror descent keeps its bound at every time, in every geometry.

T requests use m resources with rates rho, the budget per period. Rewards are at most f_bar and costs at most b_bar;
mu are prices, g = rho - b gradients, and eta is the step size.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any, Literal

import numpy as np

from lrtheory._numbers import HUGE, gathered, table
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Numbers, Sides, Statement, formula, saboteur
from lrtheory.dual_mirror_descent import theory
from lrtheory.dual_mirror_descent.prices import steps
from lrtheory.dual_mirror_descent.theory.constants import HALF, two_prices
from lrtheory.dual_mirror_descent.theory.resources import per_resource
from proofs_checks.dual_mirror_descent.certificates.prices import REGRET, SLACKNESS
from proofs_checks.dual_mirror_descent.families.paths import (
    FLIPPED,
    WALK,
    comparators,
    gradients,
    least_prices,
    with_rules,
)
from proofs_checks.dual_mirror_descent.families.small_streams import CURVED, EAGER, EAGER_OR_LAZY, all_orders
from proofs_checks.dual_mirror_descent.families.streams import (
    ALWAYS,
    ANY_GEOMETRY,
    GEOMETRIES,
    MENUS,
    Requests,
    Walk,
    draw_any,
    requests,
    walked,
)
from proofs_checks.dual_mirror_descent.families.wrong_solvers import larger_steps

UNBOUNDED = "another algorithm may post any prices"


def check_rates(gradients: np.ndarray, rho: Number | ArrayLike | None) -> None:
    """Check the rates, which only some geometries need, wherever they are given."""
    if rho is not None:
        per_resource("rho", rho, gradients.shape[1], 0, ends="(]")


def per_rate(gradients: np.ndarray, rho: Number | ArrayLike | None) -> np.ndarray:
    """Divide gradients (n, m) by the rates, so that their units cancel."""
    return gradients / np.array(per_resource("rho", rho, gradients.shape[1], 0, ends="(]"))


def needed(f_bar: Number | None) -> Number:
    """The bound on the rewards, without which nothing is known of the capped entropy."""
    if f_bar is None:
        raise must("f_bar", "given for the capped entropy", f_bar)
    return f_bar


def scaled_by(values: np.ndarray, factor: Any) -> np.ndarray:
    """Multiply by a factor, which becomes a double where the values are doubles."""
    return gathered(values * factor if values.dtype == object else values * float(factor))


@formula(g="n x m", eta="[0, inf)", rho="(0, inf)", f_bar="[0, inf)")
def mirror_descent_error(
    g: np.ndarray,
    eta: Number,
    geometry: Literal["euclidean", "scaled-euclidean", "entropy", "capped-entropy"] = "euclidean",
    prices: ArrayLike | None = None,
    rho: Numbers | None = None,
    f_bar: Number | None = None,
) -> np.ndarray:
    r"""E_n, the sum of the local errors of the first n steps, for each n.

    It is eta / 2 times the cumulative sum of |g|^2 (euclidean), |g / rho|^2 (scaled), sum_j max(mu_tj, mu_{t+1,j})
    g_tj^2 (entropy), f_bar max_j (g_tj / rho_j)^2 (capped). The entropy needs all `prices`.

    Proof
    -----
    Assumes: eta is constant (argument check), the prices are those of steps with these gradients (the caller), and
    there is no `price_cap` under the entropy.

    Proof: in the proof of `mirror_descent_bound` a step costs eta g . d - V_h(mu_{t+1}, mu_t) with d = mu_t - mu_{t+1}.
    For the Euclidean h this is eta g . d - \|d\|^2 / 2 <= eta^2 \|g\|^2 / 2, for the scaled one the same with g_j /
    rho_j and rho_j d_j. The entropy has the second derivative 1 / mu_j, so coordinate j of V_h is at least d_j^2 / (2
    M) with M = max(mu_tj, mu_{t+1,j}), and eta g_j d_j - d_j^2 / (2 M) <= eta^2 M g_j^2 / 2. In y = rho mu the capped
    entropy is (1 / f_bar)-strongly convex in l1, because sum_j v_j^2 / y_j >= (sum_j \|v_j\|)^2 / sum_j y_j and sum_j
    y_j <= f_bar; so the cost is at most eta^2 f_bar max_j (g_j / rho_j)^2 / 2. Divide by eta and sum.
    """
    check_rates(g, rho)
    if geometry in ("scaled-euclidean", "capped-entropy"):
        g = per_rate(g, rho)
    if geometry == "entropy" or prices is not None:
        mu = table("prices", prices, 0 if geometry == "entropy" else -HUGE, shape=(len(g) + 1, g.shape[1]))
    if geometry == "entropy":
        # the second derivative 1 / mu of the entropy is least at the larger end of a step: strong convexity 1 / max
        squares = (np.maximum(mu[:-1], mu[1:]) * g * g).sum(axis=1)
    elif geometry == "capped-entropy":
        squares = needed(f_bar) * (g * g).max(axis=1)
    else:
        squares = (g * g).sum(axis=1)
    return scaled_by(squares.cumsum(), eta * HALF)


@formula(comparator="(-inf, inf)", init="(-inf, inf)", eta="(0, inf)", rho="(0, inf)", f_bar="[0, inf)")
def mirror_descent_bound(
    g: ArrayLike,
    comparator: Numbers,
    init: Numbers,
    eta: Number,
    geometry: str = "euclidean",
    prices: ArrayLike | None = None,
    rho: Numbers | None = None,
    f_bar: Number | None = None,
) -> np.ndarray:
    """The sum of g_t .

    (mu_t - mu) over the first n steps is at most this, for each n, where mu is the `comparator`.

    `init` are the first prices. The entropy needs all `prices`, the scaled and the capped geometry need rho, and the
    capped entropy f_bar.

    Proof
    -----
    Assumes: the comparator lies in the domain of the prices (the caller), the first prices too (hypothesis of the
    statement), and eta is constant (argument check).

    Proof: optimality of mu_{t+1} gives eta g_t . (mu_{t+1} - mu) <= V_h(mu, mu_t) - V_h(mu, mu_{t+1}) - V_h(mu_{t+1},
    mu_t). Add eta g_t . (mu_t - mu_{t+1}), sum over t, and bound the local errors as in `mirror_descent_error`. For
    lazy steps mu_{t+1} minimizes F_t(mu) = eta (g_1 + ... + g_t) . mu + V_h(mu, mu_1) over the domain, and min F_0 = 0.
    As mu_t minimizes F_{t-1}, F_{t-1}(mu_{t+1}) >= F_{t-1}(mu_t) + V_h(mu_{t+1}, mu_t), hence min F_t - min F_{t-1} >=
    eta g_t . mu_t less the same local error. Sum over t, and use min F_n <= F_n(mu).
    """
    two_prices(comparator, init, geometry, ("comparator", "init"))
    start = theory.bregman(comparator, init, geometry=geometry, rate=rho) / eta
    error = mirror_descent_error(g, eta, geometry, prices, rho, f_bar)
    return gathered(error + (start if error.dtype == object else float(start)))


def mirror_descent(requests: Requests, walk: Walk, comparator: np.ndarray) -> np.ndarray:
    """Compute V_h(mu, mu_1) / eta + E_n after each number of steps n, (T,)."""
    prices = walk.prices
    return mirror_descent_bound(
        gradients(requests, walk),
        comparator,
        prices[0],
        requests.step_size,
        requests.geometry,
        prices,
        requests.rate,
        requests.reward_bound,
    )


def path_regret(requests: Requests, walk: Walk, share: Fraction = Fraction(1)) -> Sides:
    """Compare the sum of g_t . (mu_t - mu) over the first n steps with its bound, for all n and comparators."""
    g, prices = gradients(requests, walk), walk.prices
    others = comparators(requests)
    lhs = np.cumsum((g * prices[:-1]).sum(1)) - others @ np.cumsum(g, axis=0).T
    rhs = np.stack([mirror_descent(requests, walk, mu) for mu in others])
    return with_rules(requests, walk, lhs, rhs if share == 1 else share * rhs)


DMD_L3 = Statement(
    id="dual_mirror_descent/DMD-L3",
    title="Mirror descent keeps its regret bound on every path",
    says="For all n and mu in the domain, the sum over t <= n of gradient g_t times price gap mu_t - mu is at most the "
    "Bregman divergence V_h(mu, mu_1) over the step eta plus E_n, local errors of eta |g_t|^2/2 for Euclidean h.",
    source=Derived(mirror_descent_bound),
    tex=r"\sum_{t \le n} g_t \cdot (\mu_t - \mu) \le V_h(\mu, \mu_1)/\eta + E_n",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=MENUS,
    for_all=(EAGER_OR_LAZY, REGRET),
    solve=walked,
    decisions=WALK,
    claim=Inequality(path_regret, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("half of it", claim=Inequality(partial(path_regret, share=Fraction(1, 2)))),
        # subtle: a sound run of mirror descent, with another step size than the bound is told
        saboteur("steps twice as large", solve=larger_steps),
    ),
    notes="Eager and lazy steps, on numbers for which doubles are exact.",
)


DMD_L3_GEOMETRIES = Statement(
    id="dual_mirror_descent/DMD-L3-geometries",
    title="Mirror descent keeps its regret bound in the other geometries",
    says=DMD_L3.says,
    source=Derived(mirror_descent_bound),
    tex=r"\sum_{t \le n} g_t \cdot (\mu_t - \mu) \le V_h(\mu, \mu_1)/\eta + E_n",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=GEOMETRIES,
    for_all=(all_orders("with steps of size 1 of three geometries", geometry=CURVED),),
    solve=walked,
    decisions=WALK,
    claim=Inequality(path_regret, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("steps twice as large", solve=larger_steps),
        saboteur("half of it", claim=Inequality(partial(path_regret, share=Fraction(1, 2)))),
    ),
    notes="Scaled Euclidean, entropy, and entropy capped at rate . mu <= f bar.",
)


# rates that differ: with equal ones rescaling is the projection for the entropy of mu too
CAPPED_BY_RESCALING = Family(
    "capped-by-rescaling", always=(requests([1, 1], [1, 0], [0.5, 0.125], init=[0.5, 6.0], geometry="entropy"),)
)


def draw_steps(draws: Draws) -> Requests:
    """Draw menus under any geometry, with eager steps."""
    return replace(draw_any(draws), lazy=False)


EVERY_GEOMETRY = Family("every-geometry", always=(*ALWAYS, *GEOMETRIES.always), draw=draw_steps)


def rescaled_entropy(requests: Requests, rng: np.random.Generator) -> Walk:
    """Scale prices of the plain entropy down to rate . mu <= f bar, which projects for the entropy of rate mu alone."""
    mu, prices, proposed = requests.init, [requests.init], []
    for rewards, costs in zip(requests.rewards, requests.costs, strict=True):
        reduced = rewards - costs @ mu
        proposal = int(reduced.argmax()) if reduced.max() > 0 else -1
        mu = mu * np.exp(-requests.step_size * (requests.rate - costs[proposal] * (proposal >= 0)))
        mu = mu * min(1.0, requests.reward_bound / float(requests.rate @ mu))
        prices.append(mu)
        proposed.append(proposal)
    return Walk(np.array(prices), np.array(proposed))


def gradient_of_h(requests: Requests, prices: np.ndarray) -> np.ndarray:
    """Compute the gradient of the reference function h at the prices, up to a constant."""
    if requests.geometry == "euclidean":
        return prices
    if requests.geometry == "scaled-euclidean":
        return requests.rate**2 * prices
    return np.log(prices) * (requests.rate if requests.geometry == "capped-entropy" else 1)


def first_order(requests: Requests, walk: Walk) -> Sides:
    """Compare 0 with (eta g_t + grad h(mu_{t+1}) - grad h(mu_t)) . (mu - mu_{t+1}), for all t and comparators mu."""
    prices, slopes = walk.prices, gradient_of_h(requests, walk.prices)
    ascent = requests.step_size * gradients(requests, walk) + slopes[1:] - slopes[:-1]
    rhs = ((comparators(requests)[:, None] - prices[1:]) * ascent).sum(2)
    return with_rules(requests, walk, -rhs, 0 * rhs)


DMD_L3_STEP = Statement(
    id="dual_mirror_descent/DMD-L3-step",
    title="Every step is the minimum that defines it",
    says="Each step minimizes eta g_t . mu + V_h(mu, mu_t): at mu_{t+1}, for gradient g_t, step eta and reference "
    "function h, the slope eta g_t + grad h(mu_{t+1}) - grad h(mu_t) points uphill towards every mu in the domain.",
    source=Derived(mirror_descent_bound),
    tex=r"(\eta g_t + \nabla h(\mu_{t+1}) - \nabla h(\mu_t)) \cdot (\mu - \mu_{t+1}) \ge 0 \text{ for all } \mu",
    hypotheses={"eager steps": lambda requests: not requests.lazy},
    instances=EVERY_GEOMETRY,
    for_all=(EAGER,),
    solve=walked,
    decisions=WALK,
    claim=Inequality(first_order, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        # subtle: the prices stay in the domain, but another point of it is better
        saboteur(
            "the entropy of mu, rescaled to rate . mu <= f bar, as in public code",
            solve=rescaled_entropy,
            instances=CAPPED_BY_RESCALING,
        ),
    ),
    notes="Rescaling is the projection for the entropy of rate . mu alone.",
)


def slackness(requests: Requests, walk: Walk, share: Fraction = Fraction(1)) -> Sides:
    """Compare sums of mu_t . g_t with V_h(0, mu_1) / eta + E_n, for all n, and prices with their least values."""
    # prices that are too low have small sums, so the least values keep an algorithm from winning by lowering them
    prices = walk.prices
    lhs = np.cumsum((gradients(requests, walk) * prices[:-1]).sum(1))
    rhs = mirror_descent(requests, walk, 0 * prices[0])
    least = least_prices(requests, walk).ravel()
    rhs = np.r_[rhs if share == 1 else share * rhs, prices[1:].ravel()]
    return with_rules(requests, walk, np.r_[lhs, least], rhs)


DMD_L10 = Statement(
    id="dual_mirror_descent/DMD-L10",
    title="Prices and unspent budget are nearly complementary",
    says="Price times gradient, mu_t . g_t, sums up to any n to at most V_h(0, mu_1)/eta + E_n: DMD-L3 at mu = 0.",
    source=Derived(mirror_descent_bound),
    tex=r"\sum_{t \le n} \mu_t \cdot g_t \le V_h(0, \mu_1)/\eta + E_n",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=ANY_GEOMETRY,
    for_all=(EAGER_OR_LAZY, SLACKNESS),
    solve=walked,
    decisions=WALK,
    claim=Inequality(slackness, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("four fifths of it", claim=Inequality(partial(slackness, share=Fraction(4, 5)))),
    ),
)
