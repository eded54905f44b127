"""Energy that an update with fixed prototypes takes off, and how far a damped step may go.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from lrtheory._types import ArrayLike, SparseArray
from lrtheory.bounds import Derived, Family, Identity, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.transductive_clustering import theory
from lrtheory.transductive_clustering.theory.arguments import rows
from proofs_checks.transductive_clustering.families.definitions import (
    SYMMETRIC,
    Case,
    divergence_of,
    energy,
    farthest,
    highest,
    is_representable,
    is_safe,
    pairs,
    update,
)
from proofs_checks.transductive_clustering.families.fixed_prototypes import squared_steps
from proofs_checks.transductive_clustering.families.graphs import HELD, PULLED, THRESHOLDS
from proofs_checks.transductive_clustering.families.paths import ITERATES, Descent, along, descend, entries, joined
from proofs_checks.transductive_clustering.families.problems import ALWAYS, CASES, COLD, SAFE, TASK, two_points
from proofs_checks.transductive_clustering.families.rings import CYCLES, PRINTED
from proofs_checks.transductive_clustering.families.wrong_solvers import (
    colder,
    energy_of_the_code,
    one_at_a_time,
    run_by,
    stops_after_one,
)
from proofs_checks.transductive_clustering.proof_steps.majorisers import kl_divergence, majoriser_gap


def full_gradient(case: Case, rng: np.random.Generator) -> Descent:
    """The pull of the neighbors counted twice."""
    return run_by(case, lambda Z: update(replace(case, lam=2 * case.lam), Z))


def overwritten(case: Case, rng: np.random.Generator) -> Descent:
    """Labels that are given at the start and then overwritten."""
    return descend(replace(case, clamp=np.full(case.n, -1)))


def energies(case: Case, found: Descent) -> np.ndarray:
    """Return R of each assignment by its definition."""
    return np.array([energy(case, Z) for Z in found.assignments])


@formula(lam="[0, inf)", T="(0, inf)")
def energy_decrease(Z: ArrayLike, new: ArrayLike, W: ArrayLike | SparseArray, lam: Number, T: Number) -> Number:
    """A whole update from Z to `new` takes this off the relaxed energy.

    R_T(Z) - R_T(S(Z)) = T KL(Z || S(Z)) + (lambda / 2) tr(Delta' W Delta), Delta = S(Z) - Z.

    Proof
    -----
    Assumes: W is symmetric, and `new` is S(Z); both are hypotheses of the statement.

    Proof: The bound A_i that touches the energy at Z_i = Z has A_i(Z) = R_T(Z). Its fall from Z to S(Z) is T KL(Z ||
    S(Z)) by `kl_divergence`, and it lies (lambda / 2) tr(Delta' W Delta) above R_T at S(Z) by `majoriser_gap`. Both
    together are the fall of R_T.
    """
    Z = rows("Z", Z)
    after = rows("new", new, shape=Z.shape)
    return T * kl_divergence(Z, after) + majoriser_gap(after, Z, W, lam)


def lost_in_update(case: Case, Z: np.ndarray) -> float:
    """Return what a whole update from Z takes off the energy; by the definition where entries of S(Z) underflow."""
    Z, after = np.maximum(Z, 0.0), update(case, Z)
    if is_representable(Z, after):
        return float(energy_decrease(Z, after, case.affinity, case.lam, case.temperature))
    return case.temperature * divergence_of(case, Z, Z) + case.lam / 2 * pairs(case, after - Z)


def decreases(case: Case, found: Descent, factor: float = 1.0) -> Sides:
    """Compare the decrease of the energy in each update with the identity."""
    R, Z = energies(case, found), found.assignments
    exact = [lost_in_update(case, a) + (factor - 1) * case.lam / 2 * pairs(case, b - a) for a, b in pairwise(Z)]
    return Sides(R[:-1] - R[1:], np.array(exact), rounding=case.spoiled)


TC_T3 = Statement(
    id="transductive_clustering/TC-T3",
    title="What an update takes off the energy, exactly",
    says=(
        "A whole update from Z_i to Z_{i+1} takes exactly this off the relaxed energy R(Z) = T sum z log z + <A, Z> -"
        " (lambda/2) tr(Z'WZ): T times the divergence KL of both, plus the pair term of the step Delta = Z_{i+1} - "
        "Z_i. A are the costs, W is the affinity, T the temperature."
    ),
    source=Derived(energy_decrease),
    tex=r"R(Z_i) - R(Z_{i+1}) = T\,\mathrm{KL}(Z_i \| Z_{i+1}) + \tfrac\lambda2 \mathrm{tr}(\Delta' W \Delta)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    for_all=(HELD,),
    solve=descend,
    claim=Identity(along(decreases)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("the pull of the neighbors twice", solve=full_gradient),
        saboteur("rows one at a time", solve=one_at_a_time),
        saboteur("half of the temperature", solve=colder),
        saboteur("labels that are given are overwritten", solve=overwritten),
        saboteur("lambda in the place of lambda / 2", solve=energy_of_the_code),
        saboteur("an update, and then none", solve=stops_after_one),
        saboteur("twice the pairs", claim=Identity(along(partial(decreases, factor=2.0)))),
        saboteur("a directed graph", breaks="a symmetric affinity", instances=CYCLES),
    ),
    notes="For every symmetric W, also where the energy rises.",
)


#: a chain with nothing on its diagonal, pulled as strongly as in published code
CHAIN = Case(
    np.tile([0.0, 0.25], (6, 1)),
    np.eye(6, k=1) + np.eye(6, k=-1),
    10.0,
    1.0,
    np.tile([[0.75, 0.25], [0.25, 0.75]], (3, 1)),
    np.full(6, -1),
)


UNSAFE = Family("unsafe-problems", always=(two_points(2.0625), two_points(2.5), two_points(4.0), CHAIN))


def stands_still(case: Case, rng: np.random.Generator) -> Descent:
    """The start for ever."""
    return run_by(case, lambda Z: Z)


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
    for_all=(THRESHOLDS,),
    solve=descend,
    claim=Inequality(along(falls)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("a strong pull, no psd shift", breaks="lambda lambda_min >= -2 T", instances=UNSAFE),
        saboteur("the energy that published code prints", solve=energy_of_the_code, instances=PRINTED),
        saboteur("the pull of the neighbors twice", solve=full_gradient),
        saboteur("the start for ever", solve=stands_still),
        saboteur("four times as much", claim=Inequality(along(partial(falls, factor=4.0)))),
    ),
    notes="A positive semidefinite W is enough and not needed; with one point held the free block counts.",
)


@formula(lambda_min="(-inf, inf)", lam="[0, inf)", T="(0, inf)")
def safe_damping(lambda_min: Number, lam: Number, T: Number) -> Number:
    r"""The largest share of an update that is sure not to raise the energy.

    W has the least eigenvalue lambda_min on the free rows.

    min(1, 2 T / (lambda \|lambda_min\|)); 1 where lambda_min >= 0.

    Proof
    -----
    Assumes: W is symmetric, and the eigenvalue given is not above the smallest one of its free block; both are up to
    the caller.

    Proof: `theory.descent_bound` is not negative iff t lambda \|lambda_min\| <= 2 T or lambda_min >= 0. Whole steps (t
    = 1) satisfy this iff lambda lambda_min >= -2 T, so a psd affinity is more than they need.
    """
    depth = -lam * lambda_min
    return 2 * T / depth if depth > 2 * T else 1


def never_rises(case: Case, found: Descent) -> Sides:
    """Compare each energy, by its definition, with the one before, and with that after the largest safe step."""
    R, share = energies(case, found), float(safe_damping(case.spectrum[0], case.lam, case.temperature))
    longest = [energy(case, Z + share * (update(case, Z) - Z)) for Z in found.assignments]
    return entries(np.r_[R[1:], longest], np.r_[R[:-1], R], highest(case), rounding=case.spoiled)


#: two points just above the weight from which whole steps may raise the energy: a tenth more than the share does
DAMPED = replace(
    CASES, name="problems-to-damp", always=(*ALWAYS, COLD, replace(COLD, path="sparse"), TASK, two_points(2.0625))
)


TC_T5_DAMPED = Statement(
    id="transductive_clustering/TC-T5-damped",
    title="Shortened steps never raise the energy, whatever lambda is",
    says=(
        "S(Z) is the whole update of the assignments Z. A step that goes a share t of the way to it does not raise "
        "the relaxed energy R if t is at most min(1, 2 T / (lambda |lambda_min|)), with lambda_min < 0 the least "
        "eigenvalue of W on the free rows and T the temperature."
    ),
    source=Derived(safe_damping),
    tex=r"t \le \min(1, 2T/(\lambda|\lambda_{\min}|)) \Rightarrow R(Z + t(S(Z) - Z)) \le R(Z)",
    hypotheses=SYMMETRIC,
    instances=DAMPED,
    for_all=(PULLED,),
    solve=partial(descend, damping="auto"),
    claim=Inequality(along(never_rises, damped=True)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("whole steps", solve=descend),
        saboteur("the pull of the neighbors twice", solve=full_gradient),
        # its energies fall, so that the claim has to demand a length of the steps
        saboteur("steps much shorter than need be", solve=partial(descend, damping=2.0**-10)),
    ),
    notes="Steps lie on the way to the update, and are no shorter than Gershgorin's discs demand.",
)
