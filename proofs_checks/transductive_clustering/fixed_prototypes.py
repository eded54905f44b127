"""The bound optimizer with fixed prototypes: what an update does to the energy, how moves add up, and contraction.

All claims about runs are checked on the dense and the sparse code and on compiled few-shot tasks, and pin the run.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import wrong_solvers
from proofs_checks.transductive_clustering.families.definitions import (
    Case,
    attracts,
    divergence,
    energy,
    farthest,
    highest,
    is_safe,
    is_symmetric,
    pairs,
    update,
)
from proofs_checks.transductive_clustering.families.paths import (
    ITERATES,
    Descent,
    along,
    descend,
    entries,
    joined,
)
from proofs_checks.transductive_clustering.families.problems import CASES, REPELLING, SAFE, UNSAFE
from proofs_checks.transductive_clustering.families.rings import (
    CYCLES,
    PRINTED,
)

SYMMETRIC = {"a symmetric affinity": is_symmetric}


def energies(case: Case, found: Descent) -> np.ndarray:
    """Return R of each assignment by its definition."""
    return np.array([energy(case, Z) for Z in found.assignments])


def squared_steps(Z: np.ndarray, apart: int = 1) -> np.ndarray:
    """Return the squared distances between assignments that are `apart` updates from each other."""
    return ((Z[apart:] - Z[:-apart]) ** 2).sum((1, 2))


# --- one update ------------------------------------------------------------------------------------------------------


def decreases(case: Case, found: Descent, factor: float = 1.0) -> Sides:
    """Compare the decrease of the energy in each update with the identity."""
    R, Z = energies(case, found), found.assignments
    exact = [
        # divergence(case, a, a) is KL(a || S(a)), from logits, so that a cold update cannot underflow
        case.temperature * divergence(case, a, a) + factor * case.lam / 2 * pairs(case, b - a)
        for a, b in pairwise(Z)
    ]
    return Sides(R[:-1] - R[1:], np.array(exact), rounding=case.spoiled)


TC_T3 = Statement(
    id="transductive_clustering/TC-T3",
    title="What an update takes off the energy, exactly",
    says=(
        "A whole update from Z_i to Z_{i+1} takes exactly this off the relaxed energy R(Z) = T sum z log z + <A, Z> -"
        " (lambda/2) tr(Z'WZ): T times the divergence KL of both, plus the pair term of the step Delta = Z_{i+1} - "
        "Z_i. A are the costs, W is the affinity, T the temperature."
    ),
    source=Derived(theory.energy_decrease),
    tex=r"R(Z_i) - R(Z_{i+1}) = T\,\mathrm{KL}(Z_i \| Z_{i+1}) + \tfrac\lambda2 \mathrm{tr}(\Delta' W \Delta)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=descend,
    claim=Identity(along(decreases)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("the pull of the neighbors twice", solve=wrong_solvers.full_gradient),
        saboteur("rows one at a time", solve=wrong_solvers.one_at_a_time),
        saboteur("half of the temperature", solve=wrong_solvers.colder),
        saboteur("labels that are given are overwritten", solve=wrong_solvers.overwritten),
        saboteur("lambda in the place of lambda / 2", solve=wrong_solvers.energy_of_the_code),
        saboteur("an update, and then none", solve=wrong_solvers.stops_after_one),
        saboteur("twice the pairs", claim=Identity(along(partial(decreases, factor=2.0)))),
        saboteur("a directed graph", breaks="a symmetric affinity", instances=CYCLES),
    ),
    notes="For every symmetric W, also where the energy rises.",
)


def falls(case: Case, found: Descent, factor: float = 1.0) -> Sides:
    """Compare (T + lambda lambda_min / 2) |Delta|^2 with the decrease, and each energy with the one before."""
    R, Z = energies(case, found), found.assignments
    least, _ = case.spectrum
    bounds = theory.descent_bound(
        squared_steps(Z), smallest_eigenvalue=least, lam=case.lam, temperature=case.temperature
    )
    # what the left side can reach whatever a solver does; where that is below the right side nothing is claimed
    most = (case.temperature + case.lam / 2 * least) * farthest(case)
    lost = entries(factor * bounds, R[:-1] - R[1:], most, rounding=case.spoiled)
    return joined(lost, entries(R[1:], R[:-1], highest(case), rounding=case.spoiled))


TC_T5 = Statement(
    id="transductive_clustering/TC-T5",
    title="Updates never raise the energy while lambda lambda_min >= -2 T",
    says=(
        "A whole update from Z_i to Z_{i+1} lowers the relaxed energy R by at least the squared Frobenius norm of its"
        " step Delta times T + lambda lambda_min(W_F) / 2. lambda_min(W_F) is the least eigenvalue of W on the rows "
        "that are not held, T the temperature."
    ),
    source=Derived(theory.descent_bound),
    tex=r"R(Z_i) - R(Z_{i+1}) \ge (T + \tfrac\lambda2 \lambda_{\min}(W_F)) \|\Delta\|_F^2",
    hypotheses={**SYMMETRIC, "lambda lambda_min >= -2 T": is_safe},
    instances=SAFE,
    solve=descend,
    claim=Inequality(along(falls)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("a strong pull, no psd shift", breaks="lambda lambda_min >= -2 T", instances=UNSAFE),
        saboteur("the energy that published code prints", solve=wrong_solvers.energy_of_the_code, instances=PRINTED),
        saboteur("the pull of the neighbors twice", solve=wrong_solvers.full_gradient),
        saboteur("the start for ever", solve=wrong_solvers.stands_still),
        saboteur("four times as much", claim=Inequality(along(partial(falls, factor=4.0)))),
    ),
    notes="A positive semidefinite W is enough and not needed; with one point held the free block counts.",
)


def never_rises(case: Case, found: Descent) -> Sides:
    """Compare each energy, by its definition, with the one before."""
    R = energies(case, found)
    return entries(R[1:], R[:-1], highest(case), rounding=case.spoiled)


TC_T5_DAMPED = Statement(
    id="transductive_clustering/TC-T5-damped",
    title="Shortened steps never raise the energy, whatever lambda is",
    says=(
        "S(Z) is the whole update of the assignments Z. A step that goes a share t of the way to it does not raise "
        "the relaxed energy R if t is at most min(1, 2 T / (lambda |lambda_min|)), with lambda_min < 0 the least "
        "eigenvalue of W on the free rows and T the temperature."
    ),
    source=Derived(theory.safe_damping),
    tex=r"t \le \min(1, 2T/(\lambda|\lambda_{\min}|)) \Rightarrow R(Z + t(S(Z) - Z)) \le R(Z)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=partial(descend, damping="auto"),
    claim=Inequality(along(never_rises, damped=True)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("whole steps", solve=descend),
        saboteur("the pull of the neighbors twice", solve=wrong_solvers.full_gradient),
        # its energies fall, so that the claim has to demand a length of the steps
        saboteur("steps much shorter than need be", solve=partial(descend, damping=2.0**-10)),
    ),
    notes="Steps lie on the way to the update, and are no shorter than Gershgorin's discs demand.",
)

# --- moves that add up -----------------------------------------------------------------------------------------------


def n_times_the_least(terms: np.ndarray) -> np.ndarray:
    """Return n times the least of the first n terms, for each n."""
    return np.arange(1, len(terms) + 1) * np.minimum.accumulate(terms)


def lower_bound(case: Case) -> float:
    """Return a number below all energies."""
    full = {"n_free": int(case.free.sum()), "lam": case.lam, "temperature": case.temperature}
    return float(theory.energy_lower_bound(case.costs, case.affinity, **full))


def summed(case: Case, found: Descent, share: float = 1.0) -> Sides:
    """Compare sums of squared steps, and n times the least of n, with their bound after every update."""
    least, _ = case.spectrum
    options = {"smallest_eigenvalue": least, "lam": case.lam, "temperature": case.temperature}
    bound = share * float(theory.summability_bound(energy(case, case.init), lower_bound(case), **options))
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
    source=Derived(theory.summability_bound),
    tex=r"n \min_{i<n} \|\Delta_i\|_F^2 \le \sum_i \|\Delta_i\|_F^2 \le (R(Z_0) - R_{\mathrm{lb}})/T',"
    r"\ T' = T + \tfrac\lambda2 \min(\lambda_{\min}, 0)",
    hypotheses={**SYMMETRIC, "lambda lambda_min > -2 T": is_safe, "weights at or above zero": attracts},
    instances=SAFE,
    solve=descend,
    claim=Inequality(along(summed)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("energies with lambda in the place of lambda / 2", solve=wrong_solvers.energy_of_the_code),
        saboteur("an update, and then none", solve=wrong_solvers.stops_after_one),
        saboteur("points that repel each other", breaks="weights at or above zero", instances=REPELLING),
        # the bound is loose, and runs exceed a small part of it alone
        saboteur("a hundredth of it", claim=Inequality(along(partial(summed, share=0.01)))),
    ),
    notes="Loose: steps usually shrink geometrically, TC-T7.",
)


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
    bounds = theory.kkt_bound(steps, spectral_norm=norm, lam=case.lam)
    return Sides(np.array(gradients), share * bounds, rounding=case.spoiled)


def log_rows(case: Case, before: np.ndarray) -> np.ndarray:
    """Return the logarithms of the update of assignments up to a constant per row, which are its logits."""
    return (case.lam * (case.affinity @ before) - case.costs) / case.temperature


TC_T6_KKT = Statement(
    id="transductive_clustering/TC-T6-kkt",
    title="A short step leaves a point that is nearly stationary",
    says=(
        "After an update with the step Delta_i the gradient of the relaxed energy R has a part along the simplices, P"
        " grad R(Z_{i+1}), of norm at most lambda times the spectral norm of W_F, the block of W of the free rows, "
        "times the norm of the step."
    ),
    source=Derived(theory.kkt_bound),
    tex=r"\|P \nabla R(Z_{i+1})\|_F \le \lambda \|W_F\| \|\Delta_i\|_F",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=descend,
    claim=Inequality(along(nearly_stationary), unbounded="the gradient is infinite at the faces of the simplices"),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        saboteur("half of the temperature", solve=wrong_solvers.colder),
        saboteur("nine tenths of it", claim=Inequality(along(partial(nearly_stationary, share=0.9)))),
    ),
    notes="P takes the part along the simplices. Two points that swap meet the bound.",
)


def two_steps(case: Case, found: Descent) -> Sides:
    """Compare the decrease of the two-step value with T KL(Z_i || Z_{i+2}), for all i."""
    Z = two_updates_long(case, found)
    G = two_step_values(case, Z)
    lost = [case.temperature * divergence(case, a, b) for a, b in pairwise(Z[:-1])]
    return Sides(G[:-1] - G[1:], np.array(lost), rounding=case.spoiled)


def two_updates_long(case: Case, found: Descent) -> np.ndarray:
    """Return the assignments of a run; after fewer than two updates it goes on by the definition."""
    Z = list(found.assignments)
    while len(Z) < 3:
        Z.append(update(case, Z[-1]))
    return np.stack(Z)


def two_step_values(case: Case, Z: np.ndarray) -> np.ndarray:
    """Return G(Z_i, Z_{i+1}) for all i."""
    options = {"affinity": case.affinity, "lam": case.lam, "temperature": case.temperature}
    return np.array([float(theory.two_step_value(a, b, case.costs, **options)) for a, b in pairwise(Z)])


TC_T8 = Statement(
    id="transductive_clustering/TC-T8",
    title="Two consecutive assignments always descend: no cycle is longer than two",
    says=(
        "Z_i, Z_{i+1}, Z_{i+2} are consecutive assignments. G(Z, Y) = T sum z log z + T sum y log y + <A, Z + Y> - "
        "lambda tr(Z'WY) loses exactly T KL(Z_i || Z_{i+2}) in every update, also where the energy rises. A are the "
        "costs, T is the temperature, KL the divergence."
    ),
    source=Derived(theory.two_step_decrease),
    tex=r"G(Z_i, Z_{i+1}) - G(Z_{i+1}, Z_{i+2}) = T\,\mathrm{KL}(Z_i \| Z_{i+2})",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=descend,
    claim=Identity(along(two_steps)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("rows one at a time", solve=wrong_solvers.one_at_a_time),
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        saboteur("a directed graph", breaks="a symmetric affinity", instances=CYCLES),
    ),
)


def moves_back(case: Case, found: Descent, share: float = 1.0) -> Sides:
    """Compare sums of squared moves over two updates, and n times the least of n, with their bound."""
    Z = two_updates_long(case, found)
    start = two_step_values(case, np.stack([case.init, update(case, case.init)]))[0]
    bound = share * float(theory.two_step_summability(start, lower_bound(case), temperature=case.temperature))
    squares = squared_steps(Z, apart=2)
    most = farthest(case) * np.arange(1, len(squares) + 1)
    moved = np.stack([np.cumsum(squares), n_times_the_least(squares)])
    return entries(moved, bound, most, rounding=case.spoiled * (1 + 1 / case.temperature))


TC_T8_LIMITS = Statement(
    id="transductive_clustering/TC-T8-limits",
    title="Every limit is a fixed point or a cycle of two, whatever lambda is",
    says=(
        "Along whole updates S the squared moves over two updates, Z_{i+2} - Z_i, add up to at most (G(Z_0, Z_1) - 2 "
        "R_lb) / T, with G the two-step value of TC-T8, R_lb below all energies and T the temperature. So a limit Z "
        "satisfies S(S(Z)) = Z."
    ),
    source=Derived(theory.two_step_summability),
    tex=r"\sum_i \|Z_{i+2} - Z_i\|_F^2 \le (G(Z_0, Z_1) - 2 R_{\mathrm{lb}})/T \Rightarrow S(S(Z)) = Z",
    hypotheses={**SYMMETRIC, "weights at or above zero": attracts},
    instances=CASES,
    solve=descend,
    claim=Inequality(along(moves_back)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("rows one at a time", solve=wrong_solvers.one_at_a_time),
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        # the bound is loose, and runs exceed a small part of it alone
        saboteur("a two-hundredth of it", claim=Inequality(along(partial(moves_back, share=0.005)))),
    ),
    notes="Steps themselves need not shrink: two points that swap go on for ever.",
)
