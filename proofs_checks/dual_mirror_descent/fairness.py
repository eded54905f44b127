"""The max-min fair variant maximizes reward plus a share for the resource whose budget is filled least."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.optimize import linprog

from lrtheory.bounds import Derived, Expectation, Statement, saboteur
from lrtheory.dual_mirror_descent import theory
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.fair import FAIR_LAWS, LONG_FAIR_LAW, FairLaw, fair_runs
from proofs_checks.dual_mirror_descent.families.laws import is_iid
from proofs_checks.dual_mirror_descent.families.runs import RUNS, Runs, count_types, priced, rewards, spent


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


def fair_bound(law: FairLaw, share: float = 1.0) -> float:
    """Compute the right-hand side, or a share of it."""
    return share * theory.fair_regret_bound(**law.setting, fairness=law.fairness, geometry=law.geometry)


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
    source=Derived(theory.fair_regret_bound),
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
        saboteur("turns everything away", solve=wrong_solvers.turns_away),
    ),
)
