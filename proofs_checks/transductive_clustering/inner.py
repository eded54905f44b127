"""The bound optimiser with fixed prototypes: what an update does to the energy, and when it does not fall."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import mutants
from proofs_checks.transductive_clustering.families.problems import (
    CASES,
    SAFE,
    UNSAFE,
    Case,
    Descent,
    descend,
    divergence,
    energy,
    is_safe,
    is_symmetric,
    pairs,
    update,
)
from proofs_checks.transductive_clustering.families.rings import (
    CYCLES,
    FAR,
    PAIRS,
    PRINTED,
    RINGS,
    SLOW_RINGS,
    Pairwise,
    ring_run,
    two_updates,
)

SYMMETRIC = {"a symmetric affinity": is_symmetric}


def energies(case: Case, found: Descent) -> list[float]:
    """R of each assignment, by its definition."""
    return [energy(case, Z) for Z in found.assignments]


def mass(found: Descent) -> np.ndarray:
    """Sums of the rows of the last assignments."""
    return np.asarray(found.assignments)[-1].sum(1)


def decreases(case: Case, found: Descent, factor: float = 1.0) -> Sides:
    """What each update takes off the energy against the identity; energies as reported against their definition."""
    R, Z = np.array(energies(case, found)), found.assignments
    exact = [
        case.temperature * divergence(case, a, b) + factor * case.lam / 2 * pairs(case, b - a) for a, b in pairwise(Z)
    ]
    lhs = np.r_[R[:-1] - R[1:], found.energies, mass(found)]
    return Sides(lhs, np.r_[exact, R, np.ones(case.n)], rounding=case.spoiled)


DECREASE = Derived(theory.energy_decrease)

TC_T3 = Statement(
    id="transductive_clustering/TC-T3",
    title="What an update takes off the energy, exactly",
    source=DECREASE,
    tex=r"R(Z_i) - R(Z_{i+1}) = T\,\mathrm{KL}(Z_i \| Z_{i+1}) + \tfrac\lambda2 \mathrm{tr}(\Delta' W \Delta)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=descend,
    claim=Identity(decreases),
    saboteurs=(
        saboteur("the pull of the neighbours twice", solve=mutants.full_gradient),
        saboteur("rows one at a time", solve=mutants.one_at_a_time),
        saboteur("half of the temperature", solve=mutants.colder),
        saboteur("labels that are given are overwritten", solve=mutants.not_held),
        saboteur("lambda in the place of lambda / 2", solve=mutants.energy_of_the_code),
        saboteur("twice the pairs", claim=Identity(partial(decreases, factor=2.0))),
        saboteur("a directed graph", breaks="a symmetric affinity", instances=CYCLES),
    ),
    notes="For every symmetric W, also where the energy rises.",
)


def falls(case: Case, found: Descent, factor: float = 1.0) -> Sides:
    """(T + lambda lambda_min / 2) |Delta|^2 against what the energy loses; each energy against the one before."""
    R, Z = np.array(found.energies), found.assignments
    least, _ = case.spectrum
    squares = ((Z[1:] - Z[:-1]) ** 2).sum((1, 2))
    bounds = theory.descent_bound(squares, smallest_eigenvalue=least, lam=case.lam, temperature=case.temperature)
    lhs = np.r_[factor * bounds, R[1:], energies(case, found), np.ones(case.n)]
    return Sides(lhs, np.r_[R[:-1] - R[1:], R[:-1], R, mass(found)], rounding=case.spoiled)


TC_T5 = Statement(
    id="transductive_clustering/TC-T5",
    title="Updates never raise the energy while lambda lambda_min >= -2 T",
    source=Derived(theory.descent_bound),
    tex=r"R(Z_i) - R(Z_{i+1}) \ge (T + \tfrac\lambda2 \lambda_{\min}(W_F)) \|\Delta\|_F^2",
    hypotheses={**SYMMETRIC, "lambda lambda_min >= -2 T": is_safe},
    instances=SAFE,
    solve=descend,
    claim=Inequality(falls),
    saboteurs=(
        saboteur("two points, lambda above 2 T", breaks="lambda lambda_min >= -2 T", instances=UNSAFE),
        saboteur("the energy that published code prints", solve=mutants.energy_of_the_code, instances=PRINTED),
        saboteur("the pull of the neighbours twice", solve=mutants.full_gradient),
        saboteur("four times as much", claim=Inequality(partial(falls, factor=4.0))),
    ),
    notes="A positive semidefinite W is enough and not needed; with one point held the free block counts.",
)


def never_rises(case: Case, found: Descent) -> Sides:
    """Each energy, by its definition, against the one before; energies as reported against their definition."""
    R = np.array(energies(case, found))
    lhs = np.r_[R[1:], found.energies, R, np.ones(case.n)]
    return Sides(lhs, np.r_[R[:-1], R, found.energies, mass(found)], rounding=case.spoiled)


TC_T5_DAMPED = Statement(
    id="transductive_clustering/TC-T5-damped",
    title="Shortened steps never raise the energy, whatever lambda is",
    source=Derived(theory.safe_damping),
    tex=r"t \le \min(1, 2T/(\lambda|\lambda_{\min}|)) \Rightarrow R(Z + t(S(Z) - Z)) \le R(Z)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=partial(descend, damping="auto"),
    claim=Inequality(never_rises),
    saboteurs=(
        saboteur("whole steps", solve=descend),
        saboteur("the pull of the neighbours twice", solve=mutants.full_gradient),
    ),
)


def two_steps(case: Case, found: Descent) -> Sides:
    """What the two-step value loses against T KL(Z_i || Z_{i+2}), for all i."""
    Z = found.assignments
    options = {"affinity": case.affinity, "lam": case.lam, "temperature": case.temperature}
    G = [float(theory.two_step_value(a, b, case.costs, **options)) for a, b in pairwise(Z)]
    lost = [case.temperature * divergence(case, a, b) for a, b in zip(Z[:-2], Z[2:], strict=True)]
    lhs = np.r_[np.array(G[:-1]) - np.array(G[1:]), mass(found)]
    return Sides(lhs, np.r_[lost, np.ones(case.n)], rounding=case.spoiled)


TC_T8 = Statement(
    id="transductive_clustering/TC-T8",
    title="Two consecutive assignments always descend: no cycle is longer than two",
    source=Derived(theory.two_step_decrease),
    tex=r"G(Z_i, Z_{i+1}) - G(Z_{i+1}, Z_{i+2}) = T\,\mathrm{KL}(Z_i \| Z_{i+2})",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=descend,
    claim=Identity(two_steps),
    saboteurs=(
        saboteur("rows one at a time", solve=mutants.one_at_a_time),
        saboteur("half of every step", solve=mutants.half_steps),
        saboteur("a directed graph", breaks="a symmetric affinity", instances=CYCLES),
    ),
)


def summed(case: Case, found: Descent, share: float = 1.0) -> Sides:
    """Sums of squared steps against their bound, after every update."""
    least, _ = case.spectrum
    Z = found.assignments
    lower = theory.energy_lower_bound(
        case.costs, case.affinity, n_free=int(case.free.sum()), lam=case.lam, temperature=case.temperature
    )
    bound = theory.summability_bound(
        energy(case, case.init), lower, smallest_eigenvalue=least, lam=case.lam, temperature=case.temperature
    )
    squares = np.cumsum(((Z[1:] - Z[:-1]) ** 2).sum((1, 2)))
    R = np.array(energies(case, found))
    lhs = np.r_[squares, found.energies, R, np.ones(case.n)]
    bounds = np.full(len(squares), share * float(bound))
    return Sides(lhs, np.r_[bounds, R, found.energies, mass(found)], rounding=case.spoiled)


TC_T6 = Statement(
    id="transductive_clustering/TC-T6",
    title="Squared steps have a finite sum",
    source=Derived(theory.summability_bound),
    tex=r"\sum_i \|\Delta_i\|_F^2 \le (R(Z_0) - R_{\mathrm{lb}})/T',\ T' = T + \tfrac\lambda2 \min(\lambda_{\min}, 0)",
    hypotheses={**SYMMETRIC, "lambda lambda_min > -2 T": is_safe},
    instances=SAFE,
    solve=descend,
    claim=Inequality(summed),
    saboteurs=(
        saboteur("energies with lambda in the place of lambda / 2", solve=mutants.energy_of_the_code),
        saboteur("a hundredth of it", claim=Inequality(partial(summed, share=0.01))),
    ),
    notes="Loose: steps usually shrink geometrically, TC-T7.",
)


# --- one update, two starts ------------------------------------------------------------------------------------------


def contracted(pair: Pairwise, found: np.ndarray, share: float = 1.0) -> Sides:
    """Distance after one update against its bound; both updates against their definition."""
    case = pair.case
    _, norm = case.spectrum
    factor = theory.contraction_factor(norm, lam=case.lam, temperature=case.temperature)
    wanted = np.stack([update(case, case.init), update(case, pair.other)])
    distance, before = np.linalg.norm(found[0] - found[1]), np.linalg.norm(case.init - pair.other)
    lhs = np.r_[distance, found.ravel(), wanted.ravel()]
    rhs = np.r_[share * factor * before, wanted.ravel(), found.ravel()]
    return Sides(lhs, rhs, rounding=case.spoiled)


TC_T7 = Statement(
    id="transductive_clustering/TC-T7",
    title="An update contracts distances by lambda |W| / (2 T)",
    source=Derived(theory.contraction_factor),
    tex=r"\|S(Z) - S(Y)\|_F \le \tfrac{\lambda \|W_F\|}{2T} \|Z - Y\|_F",
    hypotheses={"equal rows where held": lambda pair: bool((pair.case.init == pair.other)[~pair.case.free].all())},
    instances=PAIRS,
    solve=two_updates,
    claim=Inequality(contracted),
    saboteurs=(
        saboteur("lambda |W| / (4 T)", claim=Inequality(partial(contracted, share=0.5))),
        saboteur("half of the temperature", solve=partial(two_updates, colder=True)),
    ),
    notes="For any W, also directed; below 1 there is one fixed point.",
)


# --- what goes wrong -------------------------------------------------------------------------------------------------


def stays_above(case: Case, found: Descent) -> Sides:
    """The energy of uniform assignments against that of late ones; that they turn in a cycle of two."""
    uniform = np.full((2, 2), 0.5)
    late = np.array([energy(case, Z) for Z in found.assignments[-4:]])
    Z = found.assignments
    lhs = np.r_[np.full(4, energy(case, uniform) + case.lam / 4), np.abs(Z[-1] - Z[-3]).max(), np.ones(2)]
    return Sides(lhs, np.r_[late, 0.0, mass(found)], rounding=case.spoiled)


TC_N1 = Statement(
    id="transductive_clustering/TC-N1",
    title="Above the threshold two points swap for ever, at an energy far above the least",
    source=Derived(theory.two_point_threshold),
    tex=r"\lambda > 2T,\ w_{12} = w_{21} = 1 \Rightarrow Z_{i+2} = Z_i,\ R(Z_i) > R(\text{uniform})",
    hypotheses={"lambda lambda_min < -2 T": lambda case: not is_safe(case)},
    instances=FAR,
    solve=partial(descend, n_updates=200),
    claim=Inequality(stays_above),
    saboteurs=(
        saboteur("shortened steps", solve=partial(descend, n_updates=200, damping="auto")),
        saboteur("rows one at a time", solve=partial(mutants.one_at_a_time)),
    ),
)


def rises(case: Case, found: Descent) -> Sides:
    """How much the energy with lambda for lambda / 2 rises, less rounding, from below; the right one falls."""
    printed = np.array([energy(case, Z, weight=1.0) for Z in found.assignments])
    R = np.array(found.energies)
    return Sides(np.r_[0.0, R[1:]], np.r_[np.diff(printed).max() - 2 * case.spoiled, R[:-1]], rounding=case.spoiled)


TC_N3 = Statement(
    id="transductive_clustering/TC-N3",
    title="The energy that published code prints can rise where the right one falls",
    source=Derived(theory.energy_decrease),
    tex=r"F' = T\sum z\log z + \langle A, Z\rangle - \lambda\,\mathrm{tr}(Z'WZ) \text{ rises while } R_T \text{ falls}",
    hypotheses={"lambda lambda_min >= -2 T": is_safe},
    instances=PRINTED,
    solve=descend,
    claim=Inequality(rises),
    saboteurs=(
        saboteur("the printed energy in the place of the right one", solve=mutants.energy_of_the_code),
        saboteur("two points that swap", breaks="lambda lambda_min >= -2 T", instances=FAR),
    ),
)


def turns(case: Case, found: Descent) -> Sides:
    """How far assignments K updates apart are, against nothing; a tenth against how far they are from the next ones."""
    Z, period = found.assignments, case.n
    between = [np.abs(Z[-1] - Z[-1 - i]).max() for i in range(1, period)]
    lhs = [np.abs(Z[-1] - Z[-1 - period]).max(), *[0.1] * len(between)]
    return Sides(np.array(lhs), np.array([0.0, *between]), rounding=case.spoiled)


TC_N2 = Statement(
    id="transductive_clustering/TC-N2",
    title="On a directed ring the updates turn for ever: there is no energy",
    source=Derived(theory.ring_threshold),
    tex=r"w_{i,i+1} = 1,\ \lambda > \lambda_s(K) \Rightarrow Z_{i+K} = Z_i \ne Z_{i+1}",
    hypotheses={"above the threshold": lambda case: case.lam / case.temperature > float(theory.ring_threshold(case.n))},
    instances=RINGS,
    solve=ring_run,
    claim=Inequality(turns),
    saboteurs=(
        saboteur("the mean of both directions", solve=partial(ring_run, symmetric=True)),
        saboteur("below the threshold", breaks="above the threshold", instances=SLOW_RINGS),
    ),
)
