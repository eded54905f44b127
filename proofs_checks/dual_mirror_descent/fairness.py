"""Regret of the max-min fair variant, which adds a share for the resource whose budget is filled least.

T requests use m resources with rates rho, the budget per period. Rewards are at most f_bar and costs at most b_bar;
mu are prices, g = rho - b gradients, and eta is the step size.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
from scipy.optimize import linprog

from lrtheory.bounds import Derived, Expectation, Family, Number, Numbers, Statement, formula, saboteur
from lrtheory.dual_mirror_descent import theory
from lrtheory.dual_mirror_descent.theory.regret import over
from lrtheory.dual_mirror_descent.theory.resources import first_prices, largest_ratio, per_resource
from proofs_checks.dual_mirror_descent.families.fair import FairLaw
from proofs_checks.dual_mirror_descent.families.laws import is_iid
from proofs_checks.dual_mirror_descent.families.runs import RUNS, Runs, count_types, priced, rewards, runs, spent
from proofs_checks.dual_mirror_descent.families.wrong_solvers import turns_away


def fair_runs(law: FairLaw, rng: np.random.Generator, n: int, **options) -> Runs:
    """Run dual mirror descent for the fair objective, which `options` may change."""
    return runs(law, rng, n, **({"fairness": law.fairness} | options))


def fair_law(horizon: int, fairness: float) -> FairLaw:
    """Make a law in which each request may go to one of four resources, for one of eight levels times its worth."""
    levels, worth = (np.arange(8) + 0.5) / 8, np.array([0.3, 1.0, 0.8, 0.5])
    rewards = levels[:, None] * worth
    costs = np.broadcast_to(np.eye(4), (8, 4, 4)).copy()
    rate, law = np.array([0.2, 0.2, 0.3, 0.25]), np.full(8, 1 / 8)
    # the step sqrt(C3' / (C2 T)) of the bound: C3' = ((1 + fairness)^2 + fairness^2) / 2, and C2 = 5^2 * 4 / 2 for four
    # resources, of which the scarcest has a rate of 1/5
    step = np.sqrt((fairness**2 + (1 + fairness) ** 2) / (4 * 25 * horizon))
    return FairLaw(rewards, costs, rate, horizon, law, step, geometry="scaled-euclidean", fairness=fairness)


LONG_FAIR_LAW = Family("long-fair-law", always=lambda: (fair_law(16384, 4.0),))


FAIR_LAWS = Family(
    "fair-laws",
    always=lambda: (fair_law(2048, 0.25), fair_law(4096, 1.0)),
    draw=lambda draws: fair_law(draws.choice((1024, 2048)), draws.integers(1, 8) / 8),
)


@formula(
    T="[1, inf)", rho="(0, inf)", f_bar="[0, inf)", b_bar="[0, inf)", lam="[0, inf)", eta="[0, inf)", init="(-inf, inf)"
)
def fair_regret_bound(
    T: int,
    rho: Numbers,
    f_bar: Number,
    b_bar: Numbers,
    lam: Number,
    eta: Number,
    init: Numbers | None = None,
    geometry: Literal["euclidean", "scaled-euclidean"] = "scaled-euclidean",
) -> Number:
    """The expected regret of the fair variant is at most this.

    Here lam is lambda, `init` are the first prices, and `geometry` is Euclidean.

    It is (f_bar + lambda) max_j b_bar_j / rho_j + C2 eta T + C3' / eta, where C3' is the largest V_h(mu, mu_1) over mu
    in {0 or (f_bar + lambda) / rho_j e_j} + {0 or -(lambda / rho_k) e_k}.

    Proof
    -----
    Assumes: as `theory.regret_bound` for independent requests of one law (hypothesis of the statement), with a
    Euclidean geometry and lambda >= 0 (argument checks).

    Proof: the conjugate of lambda min_j a_j / rho_j over a <= rho is attained at a = rho on the domain sum_j max(0,
    -rho_j mu_j) <= lambda, so D_t has lambda more, and a period after tau can lose f_bar + lambda. The proof of
    `theory.regret_bound` then has lambda tau more, less lambda T times the least fill. Add -(lambda / rho_k) e_k to its
    comparator for the resource k that is filled least: this adds sum_{t <= tau} w_t = -lambda tau + lambda T
    fill_k(tau) to the bound, and fill_k(tau) is at most the fill of k in the end.
    """
    rates = per_resource("rho", rho, low=0, ends="(]")
    m = len(rates)
    bounds = per_resource("b_bar", b_bar, m, 0)
    zero = [0 * r for r in rates]
    first = first_prices(init, rates, f_bar, geometry)
    c = theory.regret_constants(rate=rates, reward_bound=f_bar, cost_bound=bounds, geometry=geometry)
    # comparators are sums of one point for a depleted resource j (or none) and one for the least filled k (or none)
    high, farthest = f_bar + lam, []
    for j in range(-1, m):
        for k in range(-1, m):
            point = list(zero)
            if j >= 0:
                point[j] = point[j] + high / rates[j]
            if k >= 0:
                point[k] = point[k] - lam / rates[k]
            farthest.append(theory.bregman(point, first, geometry=geometry, rate=rates))
    lost = high * largest_ratio(bounds, rates)
    return lost + c.C2 * eta * T + over(max(farthest), eta)


def fair_bound(law: FairLaw, share: float = 1.0) -> float:
    """Compute the right-hand side, or a share of it."""
    return share * fair_regret_bound(
        law.horizon, law.rate, law.reward_bound, law.cost_bound, law.fairness, law.step_size, geometry=law.geometry
    )


def fair_optimum(law: FairLaw, counts: np.ndarray) -> float:
    """Find the largest reward plus fairness times T times the least fill, by a linear program on counts of types."""
    k, d, m = law.costs.shape
    use = law.costs.reshape(k * d, m).T
    gain = np.r_[law.rewards.ravel(), law.fairness * law.horizon]
    fill = np.hstack([-use / law.budget[:, None], np.ones((m, 1))])  # the last variable is at most every fill
    within = np.hstack([use, np.zeros((m, 1))])
    one_each = np.hstack([np.kron(np.eye(k), np.ones(d)), np.zeros((k, 1))])
    matrix, limits = np.vstack([fill, within, one_each]), np.r_[np.zeros(m), law.budget, counts]
    return -linprog(-gain, A_ub=matrix, b_ub=limits, bounds=(0, None)).fun


def fair_regret(law: FairLaw, found: Runs) -> np.ndarray:
    """Compute the optimum less reward and fairness T min_j consumption_j / budget_j, of each run, (n,)."""
    best = [fair_optimum(law, row) for row in count_types(priced(law, found).kinds, len(law.rewards))]
    used = [spent(law, found.kinds, found.actions, j).sum(axis=1) / law.budget[j] for j in range(len(law.rate))]
    return np.array(best) - rewards(law, found) - law.fairness * law.horizon * np.min(used, axis=0)


def fair_regret_at_most(limit) -> Expectation:
    """Claim E[regret] <= limit(law); the regret is at most f bar + fairness per period, and at least zero."""
    return Expectation(
        sample=fair_regret,
        at_most=limit,
        support=lambda law: (0.0, (law.reward_bound + law.fairness) * law.horizon),
    )


DMD_R2 = Statement(
    id="dual_mirror_descent/DMD-R2",
    title="Regret of the max-min fair variant",
    says=(
        "With lambda T times the least filled share of a budget added to reward R and optimum OPT, their expected gap "
        "is at most (f_bar + lambda) b_bar/rho_min + C2 eta T + C3'/eta; f_bar, b_bar bound rewards and costs, rho_min "
        "is the least rate, eta the step, C2 bounds gradients, C3' the start."
    ),
    source=Derived(fair_regret_bound),
    tex=r"\mathbb E[\mathrm{OPT}_\lambda - R_\lambda] \le (\bar f + \lambda)\bar b/\rho_{\min} + C_2\eta T + C_3'/\eta",
    hypotheses={"one law": is_iid},
    instances=FAIR_LAWS,
    solve=fair_runs,
    decisions=RUNS,
    claim=fair_regret_at_most(fair_bound),
    saboteurs=(
        saboteur("a hundredth of it", claim=fair_regret_at_most(partial(fair_bound, share=1 / 100))),
        # subtle: a sound run for rewards alone, whose loss of order T passes the bound at a long horizon
        saboteur("fairness is ignored", solve=partial(fair_runs, fairness=0.0), instances=LONG_FAIR_LAW),
        saboteur("turns everything away", solve=turns_away),
    ),
)
