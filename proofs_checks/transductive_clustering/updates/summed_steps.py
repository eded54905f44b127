"""Steps that add up, and gradients that vanish with them.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from lrtheory._validation import must
from lrtheory.bounds import Derived, Family, Inequality, Number, Numbers, Sides, Statement, formula, saboteur
from proofs_checks.transductive_clustering.families.definitions import (
    SYMMETRIC,
    Case,
    attracts,
    energy,
    farthest,
    is_safe,
)
from proofs_checks.transductive_clustering.families.fixed_prototypes import (
    lower_bound,
    n_times_the_least,
    squared_steps,
)
from proofs_checks.transductive_clustering.families.paths import ITERATES, Descent, along, descend, entries
from proofs_checks.transductive_clustering.families.problems import CASES, SAFE, two_points
from proofs_checks.transductive_clustering.families.wrong_solvers import colder, energy_of_the_code, stops_after_one

#: points that repel each other are below what no energy of points that attract each other is
REPELLING = Family(
    "repelling", always=(replace(two_points(1.5, share=0.875), affinity=np.array([[0, -1.0], [-1, 0]])),)
)


@formula(start="(-inf, inf)", R_lb="(-inf, inf)", lambda_min="(-inf, inf)", lam="[0, inf)", T="(0, inf)")
def summability_bound(start: Number, R_lb: Number, lambda_min: Number, lam: Number, T: Number) -> Number:
    """The squared steps of whole updates add up to at most this.

    `start` is the first energy, R_lb lies below all, and W has the least eigenvalue lambda_min on the free rows.

    (R(Z_0) - R_lb) / T' with T' = T + (lambda / 2) min(lambda_min, 0); the least of n squared steps is at most 1/n of
    it.

    Proof
    -----
    Assumes: the steps are whole ones, and R_lb is below all energies; both are up to the caller. T' > 0 is checked.

    Proof: Each squared step times T' is at most the fall of the energy in this step, by `theory.descent_bound`. The
    falls add up to at most R(Z_0) - R_lb, and the least of n terms is at most 1/n of their sum.
    """
    margin = T + lam * (lambda_min if lambda_min < 0 else 0) / 2
    if not margin > 0:
        raise must("lambda_min", "above -2 T / lam", lambda_min)
    return (start - R_lb) / margin


def summed(case: Case, found: Descent, share: float = 1.0) -> Sides:
    """Compare sums of squared steps, and n times the least of n, with their bound after every update."""
    least, _ = case.spectrum
    first = energy(case, case.init)
    bound = share * float(summability_bound(first, lower_bound(case), least, case.lam, case.temperature))
    squares = squared_steps(found.assignments)
    most = farthest(case) * np.arange(1, len(squares) + 1)
    moved = np.stack([np.cumsum(squares), n_times_the_least(squares)])
    return entries(moved, bound, most, rounding=case.spoiled)


TC_T6 = Statement(
    id="transductive_clustering/TC-T6",
    title="Squared steps have a finite sum, so the least of n is of order 1/n",
    says=(
        "Along whole updates with steps Delta_i the squared steps add up to at most (R(Z_0) - R_lb) / T', so that the"
        " least of n is at most 1/n of it. R is the relaxed energy, R_lb lies below all of its values, T' = T + "
        "(lambda/2) min(lambda_min, 0), lambda_min is the least eigenvalue of W on free rows."
    ),
    source=Derived(summability_bound),
    tex=r"n \min_{i<n} \|\Delta_i\|_F^2 \le \sum_i \|\Delta_i\|_F^2 \le (R(Z_0) - R_{\mathrm{lb}})/T',"
    r"\ T' = T + \tfrac\lambda2 \min(\lambda_{\min}, 0)",
    hypotheses={**SYMMETRIC, "lambda lambda_min > -2 T": is_safe, "weights at or above zero": attracts},
    instances=SAFE,
    solve=descend,
    claim=Inequality(along(summed)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("energies with lambda in the place of lambda / 2", solve=energy_of_the_code),
        saboteur("an update, and then none", solve=stops_after_one),
        saboteur("points that repel each other", breaks="weights at or above zero", instances=REPELLING),
        # the bound is loose, and runs exceed a small part of it alone
        saboteur("a hundredth of it", claim=Inequality(along(partial(summed, share=0.01)))),
    ),
    notes="Loose: steps usually shrink geometrically, TC-T7.",
)


def log_rows(case: Case, before: np.ndarray) -> np.ndarray:
    """Return the logarithms of the update of assignments up to a constant per row, which are its logits."""
    return (case.lam * (case.affinity @ before) - case.costs) / case.temperature


@formula(step="[0, inf)", norm="[0, inf)", lam="[0, inf)")
def kkt_bound(step: Numbers, norm: Number, lam: Number) -> Numbers:
    r"""The gradient along the simplices after an update is at most this long.

    The update has moved by `step`, and `norm` is the spectral norm of the free block of W.

    lambda \|W\| \|Z_{i+1} - Z_i\|_F.

    Proof
    -----
    Assumes: W is symmetric, and the step is a whole one; both are hypotheses of the statement.

    Proof: The gradient at Z_{i+1} is T (log Z_{i+1} + 1) + A - lambda W Z_{i+1}, and T log Z_{i+1} = lambda W Z_i - A +
    a constant per row. So it is -lambda W Delta + a constant per row. Its part along the simplices is a projection,
    which removes the constants and makes nothing longer.
    """
    return lam * norm * step


def nearly_stationary(case: Case, found: Descent, share: float = 1.0) -> Sides:
    """Compare the gradient along the simplices after each update with lambda |W| times the step."""
    _, norm = case.spectrum
    gradients = []
    for before, after in pairwise(found.assignments):
        slope = case.temperature * log_rows(case, before) + case.costs - case.lam * (case.affinity @ after)
        # T log S(Z) stands for T log Z_{i+1}; a constant per row has no part along the simplex, and P takes it off
        slope = slope[case.free]
        gradients.append(np.linalg.norm(slope - slope.mean(1, keepdims=True)))
    steps = np.sqrt(squared_steps(found.assignments))
    bounds = kkt_bound(steps, norm, case.lam)
    return Sides(np.array(gradients), share * bounds, rounding=case.spoiled)


TC_T6_KKT = Statement(
    id="transductive_clustering/TC-T6-kkt",
    title="A short step leaves a point that is nearly stationary",
    says=(
        "After an update with the step Delta_i the gradient of the relaxed energy R has a part along the simplices, P"
        " grad R(Z_{i+1}), of norm at most lambda times the spectral norm of W_F, the block of W of the free rows, "
        "times the norm of the step."
    ),
    source=Derived(kkt_bound),
    tex=r"\|P \nabla R(Z_{i+1})\|_F \le \lambda \|W_F\| \|\Delta_i\|_F",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=descend,
    claim=Inequality(along(nearly_stationary), unbounded="the gradient is infinite at the faces of the simplices"),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        saboteur("half of the temperature", solve=colder),
        saboteur("nine tenths of it", claim=Inequality(along(partial(nearly_stationary, share=0.9)))),
    ),
    notes="P takes the part along the simplices. Two points that swap meet the bound.",
)
