"""Lazy and eager steps under the entropy.

T requests use m resources with rates rho, the budget per period. Rewards are at most f_bar and costs at most b_bar;
mu are prices, g = rho - b gradients, and eta is the step size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory._numbers import gathered, inexact
from lrtheory.bounds import Derived, Family, Identity, Number, Numbers, Sides, Statement, formula, saboteur
from lrtheory.dual_mirror_descent.theory.resources import per_resource
from proofs_checks.dual_mirror_descent.families.paths import gradients, path_rounding
from proofs_checks.dual_mirror_descent.families.small_streams import ENTROPY as SMALL_ENTROPY
from proofs_checks.dual_mirror_descent.families.streams import (
    ENTROPY,
    SHORT_TRACE,
    Requests,
    Walk,
    off_the_rules,
    walked,
)


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


@formula(g="n x m", init="[0, inf)", eta="[0, inf)")
def lazy_entropy(g: np.ndarray, init: Numbers, eta: Number) -> np.ndarray:
    """The prices of dual averaging under the entropy from `init`, which are those of eager steps.

    Proof
    -----
    Assumes: the first prices are at least 0 and eta is constant (argument checks); there is neither a cap nor
    `price_cap` (hypothesis of the statement).

    Proof: the derivative 1 + log mu of mu log mu takes all values on mu > 0, so nothing is projected. Eager steps
    multiply a price by exp(-eta g_tj), and lazy ones multiply its first value by the product of these factors.
    """
    first = np.array(per_resource("init", init, g.shape[1], 0))
    total = np.concatenate([0 * g[:1], np.cumsum(g, axis=0)])
    return gathered(first * np.exp(inexact(-eta * total)))


def same_prices(requests: Requests, found: BothSteps) -> Sides:
    """Compare all prices of both runs with mu_1 exp(-eta (g_1 + ... + g_{t-1})), and proposals with best replies."""
    walk = Walk(found.eager, found.proposed)
    off = off_the_rules(requests, walk)
    closed = lazy_entropy(gradients(requests, walk), requests.init, requests.step_size)
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
    source=Derived(lazy_entropy),
    tex=r"\mu^{\mathrm{lazy}}_t = \mu^{\mathrm{eager}}_t",
    hypotheses={"entropy on the orthant": lambda requests: requests.geometry == "entropy"},
    instances=ENTROPY,
    for_all=(SMALL_ENTROPY,),
    solve=eager_and_lazy,
    decisions=("proposed",),
    claim=Identity(same_prices),
    saboteurs=(
        saboteur("Euclidean steps", breaks="entropy on the orthant", instances=SLACK_THEN_SCARCE),
        saboteur("lazy steps twice as large", solve=partial(eager_and_lazy, factor=2.0)),
    ),
)
