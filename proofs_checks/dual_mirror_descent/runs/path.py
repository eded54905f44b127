"""Statements about the prices along one run: mirror descent, the box around them, single moves (deterministic)."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Inequality, Sides, Statement, always, rounding, saboteur
from lrtheory.dual_mirror_descent import theory
from lrtheory.dual_mirror_descent.prices import steps
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.streams import (
    ANY_GEOMETRY,
    CAPPED,
    CAPPED_BY_RESCALING,
    EAGER_MENUS,
    EVERY_GEOMETRY,
    GEOMETRIES,
    MENUS,
    UNCAPPED,
    Requests,
    Walk,
    is_capped,
    off_the_rules,
    spent,
    walked,
)


def gradients(requests: Requests, walk: Walk) -> np.ndarray:
    """Compute g_t = rate - b_t(proposed action), (T, m)."""
    return requests.rate - spent(requests, walk.proposed)


def path_rounding(requests: Requests, walk: Walk) -> float:
    """Bound the rounding of sums along a run whose prices take exp and log; Euclidean runs are exact here."""
    if requests.geometry == "euclidean":
        return 0.0
    # a step adds terms of the size of `largest`, and logarithms of prices are compared after a division by eta; the
    # scaled and the capped geometry divide by rates once or twice
    largest = 1 + np.abs(walk.prices).max() * (requests.cost_bound.max() + requests.rate.max())
    scale = largest * (1 + 1 / requests.step_size) / requests.rate.min() ** 2
    return rounding(64 * requests.horizon * len(requests.rate), requests.horizon * scale)


def comparators(requests: Requests) -> np.ndarray:
    """Return the comparators of the regret bounds, prices 0 and (f bar / rate_j) e_j, one per row, (m + 1, m)."""
    # integers in the identity matrix leave Fractions and balls as they are
    m, top = len(requests.rate), requests.reward_bound / requests.rate
    return np.vstack([0 * requests.rate[None], np.eye(m, dtype=int) * top])


WALK = ("prices", "proposed")
UNBOUNDED = "another algorithm may post any prices"


def with_rules(requests: Requests, walk: Walk, lhs: np.ndarray, rhs: np.ndarray, trivial: np.ndarray = None) -> Sides:
    """Add to the two sides that the prices start at mu_1 and the proposals are best replies to them."""
    # without these two entries any constant prices, or proposals that ignore them, would satisfy a bound on the prices
    off = off_the_rules(requests, walk)
    most = None if trivial is None else np.r_[trivial.ravel(), np.inf, np.inf]
    allowed = path_rounding(requests, walk) or None
    return Sides(np.r_[lhs.ravel(), off], np.r_[rhs.ravel(), 0 * off], trivial=most, rounding=allowed)


def mirror_descent(requests: Requests, walk: Walk, comparator: np.ndarray) -> np.ndarray:
    """Compute V_h(mu, mu_1) / eta + E_n after each number of steps n, (T,)."""
    prices = walk.prices
    return theory.mirror_descent_bound(
        gradients(requests, walk),
        comparator,
        prices[0],
        step_size=requests.step_size,
        geometry=requests.geometry,
        prices=prices,
        rate=requests.rate,
        reward_bound=requests.reward_bound,
    )


def path_regret(requests: Requests, walk: Walk, share: Fraction = Fraction(1)) -> Sides:
    """Compare the sum of g_t . (mu_t - mu) over the first n steps with its bound, for all n and comparators."""
    g, prices = gradients(requests, walk), walk.prices
    others = comparators(requests)
    lhs = np.cumsum((g * prices[:-1]).sum(1)) - others @ np.cumsum(g, axis=0).T
    rhs = np.stack([mirror_descent(requests, walk, mu) for mu in others])
    return with_rules(requests, walk, lhs, rhs if share == 1 else share * rhs)


FLIPPED = "the price rises when too little is spent"
FIRST_GAINFUL = (steps.best_action, "if value > best:", "if value > 0 and chosen < 0:")

DMD_L3 = Statement(
    id="dual_mirror_descent/DMD-L3",
    title="Mirror descent keeps its regret bound on every path",
    says="For all n and mu in the domain, the sum over t <= n of gradient g_t times price gap mu_t - mu is at most the "
    "Bregman divergence V_h(mu, mu_1) over the step eta plus E_n, local errors of eta |g_t|^2/2 for Euclidean h.",
    source=Derived(theory.mirror_descent_bound),
    tex=r"\sum_{t \le n} g_t \cdot (\mu_t - \mu) \le V_h(\mu, \mu_1)/\eta + E_n",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=MENUS,
    solve=walked,
    decisions=WALK,
    claim=Inequality(path_regret, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("half of it", claim=Inequality(partial(path_regret, share=Fraction(1, 2)))),
        # subtle: a sound run of mirror descent, with another step size than the bound is told
        saboteur("steps twice as large", solve=wrong_solvers.larger_steps),
    ),
    notes="Eager and lazy steps, on numbers for which doubles are exact.",
)

DMD_L3_GEOMETRIES = Statement(
    id="dual_mirror_descent/DMD-L3-geometries",
    title="Mirror descent keeps its regret bound in the other geometries",
    says=DMD_L3.says,
    source=Derived(theory.mirror_descent_bound),
    tex=r"\sum_{t \le n} g_t \cdot (\mu_t - \mu) \le V_h(\mu, \mu_1)/\eta + E_n",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=GEOMETRIES,
    solve=walked,
    decisions=WALK,
    claim=Inequality(path_regret, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("steps twice as large", solve=wrong_solvers.larger_steps),
        saboteur("half of it", claim=Inequality(partial(path_regret, share=Fraction(1, 2)))),
    ),
    notes="Scaled Euclidean, entropy, and entropy capped at rate . mu <= f bar.",
)


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
    source=Derived(theory.mirror_descent_bound),
    tex=r"(\eta g_t + \nabla h(\mu_{t+1}) - \nabla h(\mu_t)) \cdot (\mu - \mu_{t+1}) \ge 0 \text{ for all } \mu",
    hypotheses={"eager steps": lambda requests: not requests.lazy},
    instances=EVERY_GEOMETRY,
    solve=walked,
    decisions=WALK,
    claim=Inequality(first_order, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        # subtle: the prices stay in the domain, but another point of it is better
        saboteur(
            "the entropy of mu, rescaled to rate . mu <= f bar, as in public code",
            solve=wrong_solvers.rescaled_entropy,
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
    source=Derived(theory.mirror_descent_bound),
    tex=r"\sum_{t \le n} \mu_t \cdot g_t \le V_h(0, \mu_1)/\eta + E_n",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=ANY_GEOMETRY,
    solve=walked,
    decisions=WALK,
    claim=Inequality(slackness, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur(FLIPPED, patch=(steps.euclidean_step, "- eta *", "+ eta *")),
        saboteur("four fifths of it", claim=Inequality(partial(slackness, share=Fraction(4, 5)))),
    ),
)


def least_prices(requests: Requests, walk: Walk) -> np.ndarray:
    """Bound the prices after each request from below, since projections at zero only raise them, (T, m)."""
    total = requests.step_size * np.cumsum(gradients(requests, walk), axis=0)
    if requests.geometry == "entropy":
        return requests.init * np.exp(-total)
    if requests.geometry == "capped-entropy":
        return 0 * total  # the projection of the capped entropy lowers prices, so 0 alone is known
    return requests.init - (total / requests.rate**2 if requests.geometry == "scaled-euclidean" else total)


def in_the_box(requests: Requests, walk: Walk, share: Fraction = Fraction(1)) -> Sides:
    """Compare every price, after every request, with the end of its box and with its least value."""
    prices = walk.prices
    ends = np.array(
        theory.price_bound(
            rate=requests.rate,
            reward_bound=requests.reward_bound,
            cost_bound=requests.cost_bound,
            step_size=requests.step_size,
            init=prices[0],
            geometry=requests.geometry,
        )
    )
    highest = np.broadcast_to(ends if share == 1 else share * ends, prices.shape)
    lhs, rhs = np.vstack([prices, least_prices(requests, walk)]), np.vstack([highest, prices[1:]])
    return with_rules(requests, walk, lhs, rhs)


DMD_L4 = Statement(
    id="dual_mirror_descent/DMD-L4",
    title="Prices stay in a box",
    says="No Euclidean price mu_tj of a resource j exceeds both its start mu_1j and f_bar/rho_j + eta (b_bar - "
    "rho_j)^+; f_bar bounds rewards, b_bar costs, rho_j is the budget per period, eta the step, and x^+ = max(x, 0).",
    source=Derived(theory.price_bound),
    tex=r"\mu_{t,j} \le \max(\mu_{1,j},\ \bar f/\rho_j + \eta(\bar b - \rho_j)^+)",
    hypotheses={"prices start at or above zero": lambda requests: bool((requests.init >= 0).all())},
    instances=MENUS,
    solve=walked,
    decisions=WALK,
    claim=Inequality(in_the_box, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("steps twice as large", solve=wrong_solvers.larger_steps),
        saboteur("an eighth less", claim=Inequality(partial(in_the_box, share=Fraction(7, 8)))),
        saboteur(
            "an oracle that proposes at a loss",
            patch=(steps.best_action, "best = 0 * state[PRICE, 0]", "best = -4 + 0 * state[PRICE, 0]"),
        ),
    ),
    notes="Eager and lazy steps, no condition on the step size.",
)

DMD_L4_GEOMETRIES = Statement(
    id="dual_mirror_descent/DMD-L4-geometries",
    title="Prices stay in a box, scaled Euclidean and entropy",
    says="Under the entropy no price mu_tj exceeds both mu_1j and (f_bar/rho_j) exp(eta (b_bar - rho_j)^+); for scaled "
    "steps the latter is f_bar/rho_j + eta (b_bar - rho_j)^+/rho_j^2; f_bar, b_bar bound rewards, costs; rho_j: rate.",
    source=Derived(theory.price_bound),
    tex=r"\mu_{t,j} \le \max(\mu_{1,j},\ (\bar f/\rho_j) e^{\eta(\bar b - \rho_j)^+})",
    hypotheses={"no cap": lambda requests: requests.geometry in ("scaled-euclidean", "entropy")},
    instances=UNCAPPED,
    solve=walked,
    decisions=WALK,
    claim=Inequality(in_the_box, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("steps three times as large", solve=partial(wrong_solvers.larger_steps, factor=3)),
        saboteur("half of it", claim=Inequality(partial(in_the_box, share=Fraction(1, 2)))),
    ),
)


def movement(requests: Requests, walk: Walk, share: Fraction = Fraction(1)) -> Sides:
    """Compare each step of the prices, in l1, with eta times the gradient, and prices with their least values."""
    prices = walk.prices
    moved, least = np.abs(np.diff(prices, axis=0)).sum(1), least_prices(requests, walk).ravel()
    rhs = theory.movement_bound(gradients(requests, walk), step_size=requests.step_size)
    rhs = np.r_[rhs if share == 1 else share * rhs, prices[1:].ravel()]
    return with_rules(requests, walk, np.r_[moved, least], rhs)


DMD_L8 = Statement(
    id="dual_mirror_descent/DMD-L8",
    title="Prices move by no more than the step",
    says="A projected Euclidean step of size eta moves the prices mu_t by at most eta times their gradient g_t, in l1.",
    source=Derived(theory.movement_bound),
    tex=r"\|\mu_{t+1} - \mu_t\|_1 \le \eta \|g_t\|_1",
    hypotheses={"projected steps": always},
    instances=EAGER_MENUS,
    solve=walked,
    decisions=WALK,
    claim=Inequality(movement, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("half of it", claim=Inequality(partial(movement, share=Fraction(1, 2)))),
        saboteur("steps twice as large", solve=wrong_solvers.larger_steps),
    ),
)


def capped_movement(requests: Requests, walk: Walk, share: Fraction = Fraction(1)) -> Sides:
    """Compare each move of rate_j mu_j, in l1, with eta f bar max_j |g_j| / rate_j."""
    moved = (requests.rate * np.abs(np.diff(walk.prices, axis=0))).sum(1)
    rhs = theory.movement_bound(
        gradients(requests, walk),
        step_size=requests.step_size,
        geometry="capped-entropy",
        rate=requests.rate,
        reward_bound=requests.reward_bound,
    )
    return with_rules(requests, walk, moved, rhs if share == 1 else share * rhs)


DMD_L8_CAPPED = Statement(
    id="dual_mirror_descent/DMD-L8-capped",
    title="Prices of the capped entropy move by no more than the step",
    says="A step eta of the capped entropy moves the prices mu_tj, weighted by their rates rho_j and summed over j, by "
    "at most eta f_bar times the largest |g_tj|/rho_j; g_t is the gradient, f_bar the largest reward.",
    source=Derived(theory.movement_bound),
    tex=r"\sum_j \rho_j |\mu_{t+1,j} - \mu_{t,j}| \le \eta \bar f \max_j |g_{t,j}|/\rho_j",
    hypotheses={"prices start within the cap": is_capped},
    instances=CAPPED,
    solve=walked,
    decisions=WALK,
    claim=Inequality(capped_movement, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("a quarter of it", claim=Inequality(partial(capped_movement, share=Fraction(1, 4)))),
        saboteur("steps four times as large", solve=partial(wrong_solvers.larger_steps, factor=4.0)),
    ),
)
