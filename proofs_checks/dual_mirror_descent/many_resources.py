"""Regret of the capped entropy, which many resources raise by a logarithm alone.

T requests use m resources with rates rho, the budget per period. Rewards are at most f_bar and costs at most b_bar;
mu are prices, g = rho - b gradients, and eta is the step size.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory._numbers import inexact
from lrtheory.bounds import Derived, Draws, Family, Number, Numbers, Statement, formula, saboteur
from lrtheory.dual_mirror_descent import theory
from lrtheory.dual_mirror_descent.theory.regret import over
from lrtheory.dual_mirror_descent.theory.resources import per_resource
from proofs_checks.dual_mirror_descent.families.laws import RequestLaw, is_iid, three_resources
from proofs_checks.dual_mirror_descent.families.runs import RUNS, regret_at_most, runs
from proofs_checks.dual_mirror_descent.families.wrong_solvers import turns_away


def drawn_capped(draws: Draws) -> RequestLaw:
    """Draw a law of five types with menus of two actions and three resources, under the capped entropy."""
    horizon, weights = draws.choice((512, 1024)), draws.integers(1, 8, shape=5).astype(float)
    # the best step is sqrt(2 log(m + 1) / T) / A for m = 3 and A = 4, the largest cost over the least rate
    step = draws.choice((0.25, 0.5)) * np.sqrt(2 * np.log(4) / horizon)
    law = {"probabilities": weights / weights.sum(), "step_size": step}
    return three_resources(horizon, geometry="capped-entropy", init=None, **law)


CAPPED_LAWS = Family(
    "capped-laws",
    always=lambda: tuple(
        three_resources(
            horizon, geometry="capped-entropy", init=None, step_size=0.25 * np.sqrt(2 * np.log(4) / horizon)
        )
        for horizon in (512, 2048)
    ),
    draw=drawn_capped,
)


@formula(T="[1, inf)", rho="(0, inf)", f_bar="[0, inf)", b_bar="[0, inf)", eta="[0, inf)")
def capped_entropy_bound(T: int, rho: Numbers, f_bar: Number, b_bar: Numbers, eta: Number) -> Number:
    """The expected regret from the default start is at most this.

    At eta = sqrt(2 log(m + 1) / T) / A it is C1 + f_bar A sqrt(2 T log(m + 1)).

    Proof
    -----
    Assumes: as `theory.regret_bound` for independent requests of one law, from the default start (hypotheses of the
    statement).

    Proof: the comparators 0 and (f_bar / rho_j) e_j of `theory.regret_bound` lie in the domain rho . mu <= f_bar. In y
    = rho mu the entropy is (1 / f_bar)-strongly convex there in l1. From y_1j = f_bar / (m + 1) the divergences are
    f_bar m / (m + 1) and f_bar log(m + 1) - f_bar / (m + 1), both at most f_bar log(m + 1).
    """
    m = len(per_resource("rho", rho, low=0, ends="(]"))
    bounds = per_resource("b_bar", b_bar, m, 0)
    c = theory.regret_constants(rate=rho, reward_bound=f_bar, cost_bound=bounds, geometry="capped-entropy")
    one = f_bar - f_bar + 1  # of the kind of the bound, so that balls take the logarithm of a ball
    return c.C1 + c.C2 * eta * T + over(f_bar * np.log(inexact(one * (m + 1))), eta)


def capped_bound(law: RequestLaw, share: float = 1.0) -> float:
    """Compute C1 + eta T f bar A^2 / 2 + f bar log(m + 1) / eta, or a share of it."""
    return share * float(capped_entropy_bound(law.horizon, law.rate, law.reward_bound, law.cost_bound, law.step_size))


DMD_C2 = Statement(
    id="dual_mirror_descent/DMD-C2",
    title="With a capped entropy the number of resources enters as log m",
    says=(
        "For T independent requests of one law and m resources, the capped entropy with step eta has expected regret "
        "OPT - R of at most C1 + eta T f_bar A^2/2 + f_bar log(m+1)/eta, where f_bar bounds rewards, C1 is f_bar times "
        "the largest ratio of cost to rate, and A is that ratio or 1, if larger."
    ),
    source=Derived(capped_entropy_bound),
    tex=r"\mathbb E[\mathrm{OPT} - R] \le C_1 + \eta T \bar f A^2/2 + \bar f \log(m+1)/\eta",
    hypotheses={"one law": is_iid, "the default start": lambda law: law.init is None},
    instances=CAPPED_LAWS,
    solve=runs,
    decisions=RUNS,
    claim=regret_at_most(capped_bound),
    saboteurs=(
        saboteur("a twentieth of it", claim=regret_at_most(partial(capped_bound, share=1 / 20))),
        saboteur("turns everything away", solve=turns_away),
    ),
    notes="A better constant for many resources; on easy laws its regret is larger, for its prices start high.",
)
