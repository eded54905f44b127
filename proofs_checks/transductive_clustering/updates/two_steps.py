"""Moves over two updates, which add up even where the energy rises.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from lrtheory._numbers import table
from lrtheory._types import ArrayLike, SparseArray
from lrtheory.bounds import Derived, Identity, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.transductive_clustering.theory.arguments import entropy, quadratic, rows, square
from proofs_checks.transductive_clustering.families.definitions import (
    SYMMETRIC,
    Case,
    attracts,
    divergence_of,
    farthest,
    is_representable,
    update,
)
from proofs_checks.transductive_clustering.families.fixed_prototypes import (
    lower_bound,
    n_times_the_least,
    squared_steps,
)
from proofs_checks.transductive_clustering.families.graphs import PULLED
from proofs_checks.transductive_clustering.families.paths import ITERATES, Descent, along, descend, entries
from proofs_checks.transductive_clustering.families.problems import CASES
from proofs_checks.transductive_clustering.families.rings import CYCLES
from proofs_checks.transductive_clustering.families.wrong_solvers import one_at_a_time
from proofs_checks.transductive_clustering.proof_steps.majorisers import kl_divergence


def two_updates_long(case: Case, found: Descent) -> np.ndarray:
    """Return the assignments of a run; after fewer than two updates it goes on by the definition."""
    Z = list(found.assignments)
    while len(Z) < 3:
        Z.append(update(case, Z[-1]))
    return np.stack(Z)


@formula(lam="[0, inf)", T="(0, inf)")
def two_step_value(
    Z: ArrayLike, Y: ArrayLike, A: ArrayLike, W: ArrayLike | SparseArray, lam: Number, T: Number
) -> Number:
    """G(Z, Y), the value of two consecutive assignments.

    G(Z, Y) = T sum z log z + T sum y log y + <A, Z + Y> - lambda tr(Z' W Y).

    Proof
    -----
    Assumes: W is symmetric, a hypothesis of the statement.

    Proof: For fixed Z the function G(Z, .) is T sum y log y + <A - lambda W Z, Y> + a constant, least at Y = S(Z). For
    symmetric W it is symmetric, G(Z, Y) = G(Y, Z). So G(Z_{i+1}, Z_{i+2}) = min_Y G(Z_{i+1}, Y) <= G(Z_{i+1}, Z_i) =
    G(Z_i, Z_{i+1}).
    """
    Z = rows("Z", Z)
    Y, A, W = rows("Y", Y, shape=Z.shape), table("A", A, shape=Z.shape), square(W, len(Z), name="W")
    entropies = T * (entropy(Z) + entropy(Y))
    return entropies + (A * (Z + Y)).sum() - lam * quadratic(Z, W, Y)


def two_step_values(case: Case, Z: np.ndarray) -> np.ndarray:
    """Return G(Z_i, Z_{i+1}) for all i."""
    given = case.costs, case.affinity, case.lam, case.temperature
    return np.array([float(two_step_value(a, b, *given)) for a, b in pairwise(Z)])


@formula(T="(0, inf)")
def two_step_decrease(Z: ArrayLike, later: ArrayLike, T: Number) -> Number:
    """An update takes this off the two-step value. Z are assignments, and `later` those two updates later.

    G(Z_i, Z_{i+1}) - G(Z_{i+1}, Z_{i+2}) = T KL(Z_i || Z_{i+2}).

    Proof
    -----
    Assumes: W is symmetric, and Z_{i+2} comes from Z_i by two whole updates; both are hypotheses of the statement.

    Proof: G(Z_{i+1}, Y) is T sum y log y plus linear terms, so G(Z_{i+1}, Y) - min_Y G(Z_{i+1}, Y) = T KL(Y ||
    S(Z_{i+1})) by the argument of `kl_divergence`; put Y = Z_i and use the symmetry of G. At a limit the fall is 0, so
    S(S(Z)) = Z: limits are fixed points or cycles of two, and no longer cycles.
    """
    Z = rows("Z", Z)
    return T * kl_divergence(Z, rows("later", later, shape=Z.shape))


def lost_in_two_steps(case: Case, Z: np.ndarray, between: np.ndarray) -> float:
    """Return T KL(Z || S(between)), by the formula; by the definition where entries of S(between) underflow."""
    Z, later = np.maximum(Z, 0.0), update(case, between)
    if is_representable(Z, later):
        return float(two_step_decrease(Z, later, case.temperature))
    return case.temperature * divergence_of(case, Z, between)


def two_steps(case: Case, found: Descent) -> Sides:
    """Compare the decrease of the two-step value with T KL(Z_i || Z_{i+2}), for all i."""
    Z = two_updates_long(case, found)
    G = two_step_values(case, Z)
    lost = [lost_in_two_steps(case, a, b) for a, b in pairwise(Z[:-1])]
    return Sides(G[:-1] - G[1:], np.array(lost), rounding=case.spoiled)


TC_T8 = Statement(
    id="transductive_clustering/TC-T8",
    title="Two consecutive assignments always descend: no cycle is longer than two",
    says=(
        "Z_i, Z_{i+1}, Z_{i+2} are consecutive assignments. G(Z, Y) = T sum z log z + T sum y log y + <A, Z + Y> - "
        "lambda tr(Z'WY) loses exactly T KL(Z_i || Z_{i+2}) in every update, also where the energy rises. A are the "
        "costs, T is the temperature, KL the divergence."
    ),
    source=Derived(two_step_decrease),
    tex=r"G(Z_i, Z_{i+1}) - G(Z_{i+1}, Z_{i+2}) = T\,\mathrm{KL}(Z_i \| Z_{i+2})",
    hypotheses=SYMMETRIC,
    instances=CASES,
    for_all=(PULLED,),
    solve=descend,
    claim=Identity(along(two_steps)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("rows one at a time", solve=one_at_a_time),
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        saboteur("a directed graph", breaks="a symmetric affinity", instances=CYCLES),
    ),
)


@formula(start="(-inf, inf)", R_lb="(-inf, inf)", T="(0, inf)")
def two_step_summability(start: Number, R_lb: Number, T: Number) -> Number:
    r"""The squared moves over two updates add up to at most this.

    `start` is the first two-step value, and R_lb lies below all energies.

    (G(Z_0, Z_1) - 2 R_lb) / T, at least the sum of \|Z_{i+2} - Z_i\|_F^2, and n times the least of n terms.

    Proof
    -----
    Assumes: W is symmetric without negative entries, and R_lb is below all energies; these are up to the caller.

    Proof: G loses T KL(Z_i || Z_{i+2}) >= T \|Z_{i+2} - Z_i\|^2 per update, by `two_step_decrease` and
    `kl_lower_bound`. It cannot fall below 2 R_lb: <A, Z + Y>, both entropies, and tr(Z' W Y) <= sum_pq w_pq are bounded
    as in `theory.energy_lower_bound`, for two assignments in place of one. So Z_{i+2} - Z_i tends to 0, and since S o S
    is continuous, every limit point satisfies S(S(Z)) = Z.
    """
    return (start - 2 * R_lb) / T


def moves_back(case: Case, found: Descent, share: float = 1.0) -> Sides:
    """Compare sums of squared moves over two updates, and n times the least of n, with their bound."""
    Z = two_updates_long(case, found)
    start = two_step_values(case, np.stack([case.init, update(case, case.init)]))[0]
    bound = share * float(two_step_summability(start, lower_bound(case), case.temperature))
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
    source=Derived(two_step_summability),
    tex=r"\sum_i \|Z_{i+2} - Z_i\|_F^2 \le (G(Z_0, Z_1) - 2 R_{\mathrm{lb}})/T \Rightarrow S(S(Z)) = Z",
    hypotheses={**SYMMETRIC, "weights at or above zero": attracts},
    instances=CASES,
    for_all=(PULLED,),
    solve=descend,
    claim=Inequality(along(moves_back)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("rows one at a time", solve=one_at_a_time),
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        # the bound is loose, and runs exceed a small part of it alone
        saboteur("a two-hundredth of it", claim=Inequality(along(partial(moves_back, share=0.005)))),
    ),
    notes="Steps themselves need not shrink: two points that swap go on for ever.",
)
