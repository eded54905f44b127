"""The energy where an update ends, by sums of exponentials.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lrtheory._numbers import inexact, table
from lrtheory._types import ArrayLike, SparseArray
from lrtheory.bounds import Derived, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.transductive_clustering import bound_update
from lrtheory.transductive_clustering.theory.arguments import labels, quadratic, square, with_columns
from proofs_checks.transductive_clustering.families.definitions import SYMMETRIC, Case, energy, update
from proofs_checks.transductive_clustering.families.problems import CASES, PLAIN
from proofs_checks.transductive_clustering.families.relaxed import one_update
from proofs_checks.transductive_clustering.families.wrong_solvers import colder_once, warmer
from proofs_checks.transductive_clustering.proof_steps.majorisers import majoriser_gap


def from_the_costs(case: Case, rng: np.random.Generator | None = None, **changes: Any) -> np.ndarray:
    """The softmax of the costs, and its energy, without neighbors."""
    alone = replace(case, lam=0.0, clamp=np.full(case.n, -1), **changes)
    found = bound_update(alone.costs, alone.affinity, lam=0.0, temperature=alone.temperature, max_iter=1)
    return np.r_[np.asarray(found.assignments).ravel(), found.energy]


def dearer(case: Case, rng: np.random.Generator) -> np.ndarray:
    """All costs one larger."""
    return from_the_costs(case, costs=case.costs + 1)


def warmer_alone(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Twice the temperature."""
    return from_the_costs(case, temperature=2 * case.temperature)


@formula(T="(0, inf)")
def log_partition(A: ArrayLike, T: Number) -> Number:
    """The energy after an update without pairs: the free energy of expectation maximization.

    Proof
    -----
    Assumes: lambda = 0, and no row is clamped.

    Proof: For z = softmax(-a / T), T log z_l = -a_l - T log sum exp(-a / T), so T sum z log z + a . z is -T log sum
    exp(-a / T). With squared distances as costs the sum is T times the negative log-likelihood, up to constants, of a
    mixture with equal weights and covariances (T / 2) I, and the soft means are its M-step.
    """
    A = with_columns("A", A)
    lowest = A.min(axis=1)
    return (lowest - T * np.log(np.exp(inexact((lowest[:, None] - A) / T)).sum(axis=1))).sum()


def free_energy(case: Case, found: np.ndarray) -> Sides:
    """Compare energy and assignments without neighbors with their closed forms."""
    alone = replace(case, lam=0.0, clamp=np.full(case.n, -1))
    value = log_partition(case.costs, case.temperature)
    return Sides(found, np.r_[update(alone, case.init).ravel(), float(value)], rounding=case.spoiled)


TC_S7 = Statement(
    id="transductive_clustering/TC-S7",
    title="Without neighbors the energy is that of expectation maximization",
    says=(
        "Without neighbors (lambda = 0), with nothing held, the updated assignments Z+ have the relaxed energy "
        "R_T(Z+) = -T sum_p log sum_l exp(-a_pl / T), a_pl the cost of point p in cluster l and T the temperature: "
        "the free energy of expectation maximization."
    ),
    source=Derived(log_partition),
    tex=r"\lambda = 0 \Rightarrow R_T(Z^+) = -T \sum_p \log \sum_l e^{-a_{pl}/T}",
    hypotheses={"some clusters": lambda case: case.n_clusters >= 1},
    instances=PLAIN,
    solve=from_the_costs,
    claim=Identity(free_energy),
    saboteurs=(
        saboteur("costs one larger", solve=dearer),
        saboteur("twice the temperature", solve=warmer_alone),
    ),
)


@formula(lam="[0, inf)", T="(0, inf)")
def energy_without_logs(
    Z: ArrayLike,
    after: ArrayLike,
    A: ArrayLike,
    W: ArrayLike | SparseArray,
    lam: Number,
    T: Number,
    clamp: ArrayLike | None = None,
) -> Number:
    """The relaxed energy after an update from Z to `after`, with one logarithm per free row.

    `clamp` holds the labels of held rows, and -1 for free ones.

    R_T(S(Z)) = sum_p h_p + (lambda / 2) tr(Z' W Z) - (lambda / 2) tr(Delta' W Delta), where h_p = -T log sum_l
    exp((lambda (W Z)_pl - a_pl) / T) in free rows and a_p,y - lambda (W Z)_p,y in clamped ones.

    Proof
    -----
    Assumes: W is symmetric, `after` is S(Z), and clamped rows of Z stand at their labels; these are up to the caller.

    Proof: As a function of a free row, the bound A_i at Z_i = Z is T sum z log z + <a - lambda (W Z), z>, with the
    minimum h_p; in a clamped row it has the value h_p of its label, without an entropy. So A_i(S(Z)) = sum_p h_p +
    (lambda / 2) tr(Z' W Z), and R_T(S(Z)) lies `majoriser_gap` below.
    """
    Z = with_columns("Z", Z)
    new, A = (table(name, x, shape=Z.shape) for name, x in (("after", after), ("A", A)))
    W = square(W, len(Z), name="W")
    logits = inexact((lam * (W @ Z) - A) / T)
    clamped = np.full(len(Z), -1) if clamp is None else labels("clamp", clamp, *Z.shape)
    free = clamped < 0
    highest = logits[free].max(axis=1)
    masses = highest + np.log(np.exp(logits[free] - highest[:, None]).sum(axis=1))
    own = logits[~free, clamped[~free]]
    value = -T * (masses.sum() + own.sum())
    return value + lam * quadratic(Z, W) / 2 - majoriser_gap(new, Z, W, lam)


def closed_form(case: Case, found: np.ndarray) -> Sides:
    """Compare the energy after one update, by its definition, with the formula, and the update with its definition."""
    given = case.costs, case.affinity, case.lam, case.temperature, case.clamp
    value = float(energy_without_logs(case.init, found, *given))
    lhs, rhs = np.r_[energy(case, found), np.ravel(found)], np.r_[value, update(case, case.init).ravel()]
    return Sides(lhs, rhs, rounding=case.spoiled)


TC_P10 = Statement(
    id="transductive_clustering/TC-P10",
    title="The energy after an update with one logarithm a row",
    says=(
        "The relaxed energy R after an update from Z to Z+ needs one logarithm per free row p, that of the sum over "
        "clusters l of exp((lambda (WZ)_pl - a_pl) / T); a held row gives its own exponent instead. Delta = Z+ - Z; "
        "a_pl are costs, W is the affinity, T the temperature."
    ),
    source=Derived(energy_without_logs),
    tex=r"R(Z^+) = -T\sum_p \log \sum_l e^{(\lambda(WZ)_{pl} - a_{pl})/T}"
    r" + \tfrac\lambda2 \mathrm{tr}(Z'WZ - \Delta'W\Delta)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=one_update,
    claim=Identity(closed_form),
    saboteurs=(
        saboteur("twice the temperature", solve=warmer),
        saboteur("a quarter of the temperature", solve=colder_once),
    ),
)
