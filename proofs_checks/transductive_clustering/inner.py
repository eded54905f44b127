"""The bound optimizer with fixed prototypes: what an update does to the energy, how moves add up, and contraction.

All claims about runs are checked on the dense and the sparse code and on compiled few-shot tasks, and pin the run.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import mutants
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
from proofs_checks.transductive_clustering.families.paths import Descent, along, descend, entries, joined, unlike
from proofs_checks.transductive_clustering.families.problems import CASES, REPELLING, SAFE, UNSAFE
from proofs_checks.transductive_clustering.families.rings import (
    CYCLES,
    PAIRS,
    PRINTED,
    UNIFORM,
    Pairwise,
    are_equal_where_held,
    is_along_an_eigenvector,
    two_updates,
)

SYMMETRIC = {"a symmetric affinity": is_symmetric}


def energies(case: Case, found: Descent) -> np.ndarray:
    """R of each assignment, by its definition."""
    return np.array([energy(case, Z) for Z in found.assignments])


def squared_steps(Z: np.ndarray, apart: int = 1) -> np.ndarray:
    """Squared distances between assignments so many updates apart."""
    return ((Z[apart:] - Z[:-apart]) ** 2).sum((1, 2))


# --- one update ------------------------------------------------------------------------------------------------------


def decreases(case: Case, found: Descent, factor: float = 1.0) -> Sides:
    """What each update takes off the energy against the identity."""
    R, Z = energies(case, found), found.assignments
    exact = [
        case.temperature * divergence(case, a, a) + factor * case.lam / 2 * pairs(case, b - a) for a, b in pairwise(Z)
    ]
    return Sides(R[:-1] - R[1:], np.array(exact), rounding=case.spoiled)


TC_T3 = Statement(
    id="transductive_clustering/TC-T3",
    title="What an update takes off the energy, exactly",
    source=Derived(theory.energy_decrease),
    tex=r"R(Z_i) - R(Z_{i+1}) = T\,\mathrm{KL}(Z_i \| Z_{i+1}) + \tfrac\lambda2 \mathrm{tr}(\Delta' W \Delta)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=descend,
    claim=Identity(along(decreases)),
    saboteurs=(
        saboteur("the pull of the neighbors twice", solve=mutants.full_gradient),
        saboteur("rows one at a time", solve=mutants.one_at_a_time),
        saboteur("half of the temperature", solve=mutants.colder),
        saboteur("labels that are given are overwritten", solve=mutants.not_held),
        saboteur("lambda in the place of lambda / 2", solve=mutants.energy_of_the_code),
        saboteur("an update, and then none", solve=mutants.stops_after_one),
        saboteur("twice the pairs", claim=Identity(along(partial(decreases, factor=2.0)))),
        saboteur("a directed graph", breaks="a symmetric affinity", instances=CYCLES),
    ),
    notes="For every symmetric W, also where the energy rises.",
)


def falls(case: Case, found: Descent, factor: float = 1.0) -> Sides:
    """(T + lambda lambda_min / 2) |Delta|^2 against what the energy loses; each energy against the one before."""
    R, Z = energies(case, found), found.assignments
    least, _ = case.spectrum
    bounds = theory.descent_bound(
        squared_steps(Z), smallest_eigenvalue=least, lam=case.lam, temperature=case.temperature
    )
    most = (case.temperature + case.lam / 2 * least) * farthest(case)
    lost = entries(factor * bounds, R[:-1] - R[1:], most, rounding=case.spoiled)
    return joined(lost, entries(R[1:], R[:-1], highest(case), rounding=case.spoiled))


TC_T5 = Statement(
    id="transductive_clustering/TC-T5",
    title="Updates never raise the energy while lambda lambda_min >= -2 T",
    source=Derived(theory.descent_bound),
    tex=r"R(Z_i) - R(Z_{i+1}) \ge (T + \tfrac\lambda2 \lambda_{\min}(W_F)) \|\Delta\|_F^2",
    hypotheses={**SYMMETRIC, "lambda lambda_min >= -2 T": is_safe},
    instances=SAFE,
    solve=descend,
    claim=Inequality(along(falls)),
    saboteurs=(
        saboteur("a strong pull, no psd shift", breaks="lambda lambda_min >= -2 T", instances=UNSAFE),
        saboteur("the energy that published code prints", solve=mutants.energy_of_the_code, instances=PRINTED),
        saboteur("the pull of the neighbors twice", solve=mutants.full_gradient),
        saboteur("the start for ever", solve=mutants.stands_still),
        saboteur("four times as much", claim=Inequality(along(partial(falls, factor=4.0)))),
    ),
    notes="A positive semidefinite W is enough and not needed; with one point held the free block counts.",
)


def never_rises(case: Case, found: Descent) -> Sides:
    """Each energy, by its definition, against the one before."""
    R = energies(case, found)
    return entries(R[1:], R[:-1], highest(case), rounding=case.spoiled)


TC_T5_DAMPED = Statement(
    id="transductive_clustering/TC-T5-damped",
    title="Shortened steps never raise the energy, whatever lambda is",
    source=Derived(theory.safe_damping),
    tex=r"t \le \min(1, 2T/(\lambda|\lambda_{\min}|)) \Rightarrow R(Z + t(S(Z) - Z)) \le R(Z)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=partial(descend, damping="auto"),
    claim=Inequality(along(never_rises, damped=True)),
    saboteurs=(
        saboteur("whole steps", solve=descend),
        saboteur("the pull of the neighbors twice", solve=mutants.full_gradient),
        saboteur("steps much shorter than need be", solve=partial(descend, damping=2.0**-10)),
    ),
    notes="Steps lie on the way to the update, and are no shorter than Gershgorin's discs demand.",
)

# --- moves that add up -----------------------------------------------------------------------------------------------


def n_times_the_least(terms: np.ndarray) -> np.ndarray:
    """n times the least of the first n terms, for each n."""
    return np.arange(1, len(terms) + 1) * np.minimum.accumulate(terms)


def lower_bound(case: Case) -> float:
    """A number below all energies."""
    full = {"n_free": int(case.free.sum()), "lam": case.lam, "temperature": case.temperature}
    return float(theory.energy_lower_bound(case.costs, case.affinity, **full))


def summed(case: Case, found: Descent, share: float = 1.0) -> Sides:
    """Sums of squared steps, and n times the least of n, against their bound, after every update."""
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
    source=Derived(theory.summability_bound),
    tex=r"n \min_{i<n} \|\Delta_i\|_F^2 \le \sum_i \|\Delta_i\|_F^2 \le (R(Z_0) - R_{\mathrm{lb}})/T',"
    r"\ T' = T + \tfrac\lambda2 \min(\lambda_{\min}, 0)",
    hypotheses={**SYMMETRIC, "lambda lambda_min > -2 T": is_safe, "weights at or above zero": attracts},
    instances=SAFE,
    solve=descend,
    claim=Inequality(along(summed)),
    saboteurs=(
        saboteur("energies with lambda in the place of lambda / 2", solve=mutants.energy_of_the_code),
        saboteur("an update, and then none", solve=mutants.stops_after_one),
        saboteur("points that repel each other", breaks="weights at or above zero", instances=REPELLING),
        saboteur("a hundredth of it", claim=Inequality(along(partial(summed, share=0.01)))),
    ),
    notes="Loose: steps usually shrink geometrically, TC-T7.",
)


def nearly_stationary(case: Case, found: Descent, share: float = 1.0) -> Sides:
    """The gradient along the simplices after each update against lambda |W| times the step."""
    _, norm = case.spectrum
    gradients = []
    for before, after in pairwise(found.assignments):
        slope = case.temperature * log_rows(case, before) + case.costs - case.lam * (case.affinity @ after)
        slope = slope[case.free]
        gradients.append(np.linalg.norm(slope - slope.mean(1, keepdims=True)))
    steps = np.sqrt(squared_steps(found.assignments))
    bounds = theory.kkt_bound(steps, spectral_norm=norm, lam=case.lam)
    return Sides(np.array(gradients), share * bounds, rounding=case.spoiled)


def log_rows(case: Case, before: np.ndarray) -> np.ndarray:
    """Logarithms of the update of some assignments, up to a constant a row: its logits."""
    return (case.lam * (case.affinity @ before) - case.costs) / case.temperature


TC_T6_KKT = Statement(
    id="transductive_clustering/TC-T6-kkt",
    title="A short step leaves a point that is nearly stationary",
    source=Derived(theory.kkt_bound),
    tex=r"\|P \nabla R(Z_{i+1})\|_F \le \lambda \|W_F\| \|\Delta_i\|_F",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=descend,
    claim=Inequality(along(nearly_stationary), unbounded="the gradient is infinite at the faces of the simplices"),
    saboteurs=(
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        saboteur("half of the temperature", solve=mutants.colder),
        saboteur("nine tenths of it", claim=Inequality(along(partial(nearly_stationary, share=0.9)))),
    ),
    notes="P takes the part along the simplices. Two points that swap meet the bound.",
)


def two_steps(case: Case, found: Descent) -> Sides:
    """What the two-step value loses against T KL(Z_i || Z_{i+2}), for all i."""
    Z = two_updates_long(case, found)
    G = two_step_values(case, Z)
    lost = [case.temperature * divergence(case, a, b) for a, b in pairwise(Z[:-1])]
    return Sides(G[:-1] - G[1:], np.array(lost), rounding=case.spoiled)


def two_updates_long(case: Case, found: Descent) -> np.ndarray:
    """The assignments of a run; one that has ended after fewer than two updates goes on by the definition."""
    Z = list(found.assignments)
    while len(Z) < 3:
        Z.append(update(case, Z[-1]))
    return np.stack(Z)


def two_step_values(case: Case, Z: np.ndarray) -> np.ndarray:
    """G(Z_i, Z_{i+1}) for all i."""
    options = {"affinity": case.affinity, "lam": case.lam, "temperature": case.temperature}
    return np.array([float(theory.two_step_value(a, b, case.costs, **options)) for a, b in pairwise(Z)])


TC_T8 = Statement(
    id="transductive_clustering/TC-T8",
    title="Two consecutive assignments always descend: no cycle is longer than two",
    source=Derived(theory.two_step_decrease),
    tex=r"G(Z_i, Z_{i+1}) - G(Z_{i+1}, Z_{i+2}) = T\,\mathrm{KL}(Z_i \| Z_{i+2})",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=descend,
    claim=Identity(along(two_steps)),
    saboteurs=(
        saboteur("rows one at a time", solve=mutants.one_at_a_time),
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        saboteur("a directed graph", breaks="a symmetric affinity", instances=CYCLES),
    ),
)


def moves_back(case: Case, found: Descent, share: float = 1.0) -> Sides:
    """Sums of squared moves over two updates, and n times the least of n, against their bound."""
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
    source=Derived(theory.two_step_summability),
    tex=r"\sum_i \|Z_{i+2} - Z_i\|_F^2 \le (G(Z_0, Z_1) - 2 R_{\mathrm{lb}})/T \Rightarrow S(S(Z)) = Z",
    hypotheses={**SYMMETRIC, "weights at or above zero": attracts},
    instances=CASES,
    solve=descend,
    claim=Inequality(along(moves_back)),
    saboteurs=(
        saboteur("rows one at a time", solve=mutants.one_at_a_time),
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        saboteur("a two-hundredth of it", claim=Inequality(along(partial(moves_back, share=0.005)))),
    ),
    notes="Steps themselves need not shrink: two points that swap go on for ever.",
)

# --- one update, two starts ------------------------------------------------------------------------------------------


def contracted(pair: Pairwise, found: np.ndarray, share: float = 1.0) -> Sides:
    """Distance after one update against its bound, once both updates are those of the definition.

    Where the factor is below 1, the start is no further from the other than both are at most from the fixed point.
    """
    case = pair.case
    _, norm = case.spectrum
    factor = theory.contraction_factor(norm, lam=case.lam, temperature=case.temperature)
    wanted = np.stack([update(case, case.init), update(case, pair.other)])
    wrong = unlike(np.asarray(found) - wanted, case.spoiled)
    distance, before = np.linalg.norm(found[0] - found[1]), np.linalg.norm(case.init - pair.other)
    lhs, rhs = [distance], [share * factor * before]
    if factor < 1:
        moves = np.linalg.norm(found - np.stack([case.init, pair.other]), axis=(1, 2))
        lhs.append(before)
        rhs.append(share * theory.fixed_point_distance(moves, contraction=factor).sum())
    return wrong or entries(lhs, rhs, farthest(case) ** 0.5, rounding=case.spoiled)


TC_T7 = Statement(
    id="transductive_clustering/TC-T7",
    title="An update contracts distances by lambda |W| / (2 T)",
    source=Derived(theory.contraction_factor),
    tex=r"\|S(Z) - S(Y)\|_F \le \tfrac{\lambda \|W_F\|}{2T} \|Z - Y\|_F",
    hypotheses={"equal rows where held": are_equal_where_held},
    instances=PAIRS,
    solve=two_updates,
    claim=Inequality(contracted),
    saboteurs=(
        saboteur("lambda |W| / (4 T)", claim=Inequality(partial(contracted, share=0.5))),
        saboteur("half of the temperature", solve=partial(two_updates, colder=True)),
    ),
    notes="For any W, also directed; below 1 there is one fixed point, no further than the step over 1 - q.",
)


def at_the_rate(case: Case, found: Descent, factor: float = 1.0) -> Sides:
    """Distance to uniform after an update, less and more than the rate says by at most the curvature."""
    K = case.n_clusters
    radius = float(np.abs(np.linalg.eigvalsh(case.affinity)).max())
    rate = factor * float(theory.uniform_rate(radius, K, lam=case.lam, temperature=case.temperature))
    before, after = (np.linalg.norm(Z - 1 / K) for Z in found.assignments[:2])
    error = float(theory.tangent_error(case.lam / case.temperature * (case.affinity @ (case.init - 1 / K))))
    slack = rounding(64 * case.costs.size, case.heat)
    most, least = [np.inf, farthest(case) ** 0.5], [0.0, -np.inf]
    return entries([rate * before - error, after], [after, rate * before + error], most, least, slack)


TC_T7_UNIFORM = Statement(
    id="transductive_clustering/TC-T7-uniform",
    title="Near uniform assignments the rate is lambda rho(W) / (K T)",
    source=Derived(theory.uniform_rate),
    tex=r"\|S(Z) - \tfrac1K\|_F = \tfrac{\lambda\rho(W)}{KT} \|Z - \tfrac1K\|_F + O(\|Z - \tfrac1K\|_F^2)",
    hypotheses={
        **SYMMETRIC,
        "no costs": lambda case: not case.costs.any(),
        "along the largest eigenvalue, nothing held": is_along_an_eigenvector,
    },
    instances=UNIFORM,
    solve=partial(descend, n_updates=1),
    claim=Inequality(along(at_the_rate, n_updates=1)),
    saboteurs=(
        saboteur("nine tenths of the rate", claim=Inequality(along(partial(at_the_rate, factor=0.9), n_updates=1))),
        saboteur("half of the temperature", solve=partial(mutants.colder, n_updates=1)),
    ),
    notes="Along the eigenvector of the largest eigenvalue in size; TC-T7 has 2 in the place of K.",
)
