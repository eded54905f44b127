"""Bounds on the prices along one run."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Family, Inequality, Sides, Statement, saboteur
from lrtheory.dual_mirror_descent import theory
from lrtheory.dual_mirror_descent.prices import steps
from proofs_checks.dual_mirror_descent.certificates.prices import BOX
from proofs_checks.dual_mirror_descent.families.paths import WALK, least_prices, with_rules
from proofs_checks.dual_mirror_descent.families.small_streams import CURVED, all_orders
from proofs_checks.dual_mirror_descent.families.streams import (
    FROM_HIGH_PRICES,
    GEOMETRIES,
    MENUS,
    Requests,
    Walk,
    draw_uncapped,
    walked,
)
from proofs_checks.dual_mirror_descent.families.wrong_solvers import larger_steps

UNBOUNDED = "another algorithm may post any prices"


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
    for_all=(
        all_orders(
            "with small rewards and eager or lazy steps of size 1",
            scale=1 / 8,
            lazy=(False, True),
            invisible={"an eighth less": "in four requests no price comes as near to the end of its box"},
        ),
        BOX,
    ),
    solve=walked,
    decisions=WALK,
    claim=Inequality(in_the_box, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("steps twice as large", solve=larger_steps),
        saboteur("an eighth less", claim=Inequality(partial(in_the_box, share=Fraction(7, 8)))),
        saboteur(
            "an oracle that proposes at a loss",
            patch=(steps.best_action, "best = 0 * state[PRICE, 0]", "best = -4 + 0 * state[PRICE, 0]"),
        ),
    ),
    notes="Eager and lazy steps, no condition on the step size.",
)


UNCAPPED = Family(
    "uncapped",
    always=(
        *GEOMETRIES.always[:2],
        *GEOMETRIES.always[3:5],
        replace(FROM_HIGH_PRICES, geometry="scaled-euclidean"),
        replace(FROM_HIGH_PRICES, geometry="entropy"),
    ),
    draw=draw_uncapped,
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
    for_all=(all_orders("with small rewards and steps of size 1 of two geometries", scale=1 / 8, geometry=CURVED[:2]),),
    solve=walked,
    decisions=WALK,
    claim=Inequality(in_the_box, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("steps three times as large", solve=partial(larger_steps, factor=3)),
        saboteur("half of it", claim=Inequality(partial(in_the_box, share=Fraction(1, 2)))),
    ),
)
