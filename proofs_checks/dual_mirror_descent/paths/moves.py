"""Single moves of the prices, and how long they are at most.

T requests use m resources with rates rho, the budget per period. Rewards are at most f_bar and costs at most b_bar;
mu are prices, g = rho - b gradients, and eta is the step size.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np

from lrtheory._numbers import gathered
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Numbers,
    Sides,
    Statement,
    always,
    formula,
    saboteur,
)
from proofs_checks.dual_mirror_descent.certificates.prices import MOVEMENT
from proofs_checks.dual_mirror_descent.families.paths import WALK, gradients, least_prices, with_rules
from proofs_checks.dual_mirror_descent.families.small_streams import EAGER, all_orders
from proofs_checks.dual_mirror_descent.families.streams import (
    ALWAYS,
    GEOMETRIES,
    Requests,
    Walk,
    draw_geometry,
    draw_menus,
    nearby,
    walked,
)
from proofs_checks.dual_mirror_descent.families.wrong_solvers import larger_steps
from proofs_checks.dual_mirror_descent.paths.mirror_descent import check_rates, needed, per_rate


def eager(family_draw):
    """Wrap a draw so that its instances have eager steps."""
    return lambda draws: replace(family_draw(draws), lazy=False)


EAGER_MENUS = Family("eager-menus", always=ALWAYS, draw=eager(draw_menus), climb=nearby)


UNBOUNDED = "another algorithm may post any prices"


@formula(g="n x m", eta="[0, inf)", rho="(0, inf)", f_bar="[0, inf)")
def movement_bound(
    g: np.ndarray,
    eta: Number,
    geometry: Literal["euclidean", "capped-entropy"] = "euclidean",
    rho: Numbers | None = None,
    f_bar: Number | None = None,
) -> np.ndarray:
    r"""No move of the prices is longer than this, in l1.

    It is eta |g_t|_1; under the capped `geometry` it is eta f_bar max_j |g_tj| / rho_j for the move of rho mu.

    Proof
    -----
    Assumes: the prices are in their domain before the step (the caller); the capped entropy makes eager steps.

    Proof: Euclidean: a projection on [0, inf) moves no coordinate further from where it was. Capped: with y = rho mu,
    optimality of y_{t+1} tried at y_t, and (1 / f_bar)-strong convexity in l1 (`mirror_descent_error`), give \|y_{t+1}
    - y_t\|_1^2 / f_bar <= eta sum_j (g_j / rho_j) (y_tj - y_{t+1,j}) <= eta max_j (\|g_j\| / rho_j) \|y_{t+1} -
    y_t\|_1.
    """
    size = abs(g)
    check_rates(size, rho)
    if geometry == "capped-entropy":
        return gathered(eta * needed(f_bar) * per_rate(size, rho).max(axis=1))
    return gathered(eta * size.sum(axis=1))


def movement(requests: Requests, walk: Walk, share: Fraction = Fraction(1)) -> Sides:
    """Compare each step of the prices, in l1, with eta times the gradient, and prices with their least values."""
    prices = walk.prices
    moved, least = np.abs(np.diff(prices, axis=0)).sum(1), least_prices(requests, walk).ravel()
    rhs = movement_bound(gradients(requests, walk), requests.step_size)
    rhs = np.r_[rhs if share == 1 else share * rhs, prices[1:].ravel()]
    return with_rules(requests, walk, np.r_[moved, least], rhs)


DMD_L8 = Statement(
    id="dual_mirror_descent/DMD-L8",
    title="Prices move by no more than the step",
    says="A projected Euclidean step of size eta moves the prices mu_t by at most eta times their gradient g_t, in l1.",
    source=Derived(movement_bound),
    tex=r"\|\mu_{t+1} - \mu_t\|_1 \le \eta \|g_t\|_1",
    hypotheses={"projected steps": always},
    instances=EAGER_MENUS,
    for_all=(EAGER, MOVEMENT),
    solve=walked,
    decisions=WALK,
    claim=Inequality(movement, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("half of it", claim=Inequality(partial(movement, share=Fraction(1, 2)))),
        saboteur("steps twice as large", solve=larger_steps),
    ),
)


def is_capped(instance: Requests) -> bool:
    """Tell whether the geometry is the capped entropy and the prices start in its domain rate . mu <= f bar."""
    return instance.geometry == "capped-entropy" and bool(instance.rate @ instance.init <= instance.reward_bound)


def draw_capped(draws: Draws) -> Requests:
    """Draw menus under the capped entropy, with prices from the middle of its domain; rewards are positive."""
    drawn = draw_geometry(draws)
    rewards = np.maximum(drawn.rewards, 1 / 16)
    init = rewards.max() / (2 * len(drawn.rate) * drawn.rate)
    return replace(drawn, geometry="capped-entropy", rewards=rewards, init=init, lazy=False)


CAPPED = Family("capped", always=(GEOMETRIES.always[2], GEOMETRIES.always[5]), draw=draw_capped)


def capped_movement(requests: Requests, walk: Walk, share: Fraction = Fraction(1)) -> Sides:
    """Compare each move of rate_j mu_j, in l1, with eta f bar max_j |g_j| / rate_j."""
    moved = (requests.rate * np.abs(np.diff(walk.prices, axis=0))).sum(1)
    rhs = movement_bound(
        gradients(requests, walk), requests.step_size, "capped-entropy", requests.rate, requests.reward_bound
    )
    return with_rules(requests, walk, moved, rhs if share == 1 else share * rhs)


DMD_L8_CAPPED = Statement(
    id="dual_mirror_descent/DMD-L8-capped",
    title="Prices of the capped entropy move by no more than the step",
    says="A step eta of the capped entropy moves the prices mu_tj, weighted by their rates rho_j and summed over j, by "
    "at most eta f_bar times the largest |g_tj|/rho_j; g_t is the gradient, f_bar the largest reward.",
    source=Derived(movement_bound),
    tex=r"\sum_j \rho_j |\mu_{t+1,j} - \mu_{t,j}| \le \eta \bar f \max_j |g_{t,j}|/\rho_j",
    hypotheses={"prices start within the cap": is_capped},
    instances=CAPPED,
    for_all=(all_orders("with steps of size 1 of the capped entropy", geometry=("capped-entropy",)),),
    solve=walked,
    decisions=WALK,
    claim=Inequality(capped_movement, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("a quarter of it", claim=Inequality(partial(capped_movement, share=Fraction(1, 4)))),
        saboteur("steps four times as large", solve=partial(larger_steps, factor=4.0)),
    ),
)
