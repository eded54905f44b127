"""The bound that an update minimizes.

`at` are the assignments Z_i at which the bound is made.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import divergence, inexact, plain, table
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import must
from lrtheory.bounds import Derived, Draws, Family, Generic, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.transductive_clustering import relaxed_energy
from lrtheory.transductive_clustering.theory.arguments import entropy, quadratic, rows, square
from proofs_checks.transductive_clustering.families.definitions import (
    Case,
    divergence_of,
    energy,
    is_representable,
    is_symmetric,
    pairs,
    update,
)
from proofs_checks.transductive_clustering.families.paths import descend
from proofs_checks.transductive_clustering.families.problems import (
    ALWAYS,
    draw_case,
    draw_simplex,
    two_points,
    with_clamped_rows,
)
from proofs_checks.transductive_clustering.families.rings import Pairwise, are_equal_where_clamped


def draw_symmetric_pair(draws: Draws) -> Pairwise:
    """Symmetric weights, a start, and other assignments."""
    case = draw_case(draws)
    return Pairwise(case, with_clamped_rows(replace(case, init=draw_simplex(draws, case.n, case.n_clusters))).init)


TOUCHING = Family(
    "touching",
    always=tuple(Pairwise(one, one.init) for one in ALWAYS)
    + (Pairwise(two_points(1.0), np.array([[0.25, 0.75]] * 2)),),
    draw=draw_symmetric_pair,
)


@formula(lam="[0, inf)", T="(0, inf)")
def majoriser(Z: ArrayLike, at: ArrayLike, A: ArrayLike, W: ArrayLike | SparseArray, lam: Number, T: Number) -> Number:
    """The bound A_i(Z) that touches the energy at Z_i.

    T sum z log z + <A, Z> - lambda tr(Z' W Z_i) + (lambda / 2) tr(Z_i' W Z_i).

    Proof
    -----
    Assumes: W is symmetric and psd, which is a hypothesis of the statement and not checked here; lambda, T and the rows
    are checked.

    Proof: -(lambda / 2) tr(Z' W Z) is concave for psd W. Its tangent at Z_i is -lambda tr(Z' W Z_i) + (lambda / 2)
    tr(Z_i' W Z_i), and a tangent of a concave function lies above it and touches it at Z_i. The other terms of the
    energy are the same on both sides.
    """
    Z = rows("Z", Z)
    start, A, W = rows("at", at, shape=Z.shape), table("A", A, shape=Z.shape), square(W, len(Z), name="W")
    tangent = -lam * quadratic(Z, W, start) + lam * quadratic(start, W) / 2
    return T * entropy(Z) + (A * Z).sum() + tangent


def bounds_of(pair: Pairwise, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the bound made at the start, at the start and at the other assignments, then the energies there."""
    case = pair.case
    options = {"lam": case.lam, "temperature": case.temperature}
    given = case.init, case.costs, case.affinity, *options.values()
    bound = [float(majoriser(Z, *given)) for Z in (case.init, pair.other)]
    values = [float(relaxed_energy(Z, case.costs, case.affinity, **options)) for Z in (case.init, pair.other)]
    return np.array(bound + values)


def half_pulled(pair: Pairwise, rng: np.random.Generator) -> np.ndarray:
    """Neighbors pull half as much."""
    return bounds_of(replace(pair, case=replace(pair.case, lam=pair.case.lam / 2)))


SYMMETRIC = {"a symmetric affinity": lambda pair: is_symmetric(pair.case)}


@formula(Z="N x K", lam="[0, inf)")
def majoriser_gap(Z: np.ndarray, at: ArrayLike, W: ArrayLike | SparseArray, lam: Number) -> Number:
    """The exact height of the bound A_i above the energy.

    A_i(Z) - R_T(Z) = (lambda / 2) tr((Z - Z_i)' W (Z - Z_i)).

    Proof
    -----
    Assumes: W is symmetric, a hypothesis of the statement. The gap is an identity for every symmetric W; it is at least
    0 for all pairs iff W is psd along directions whose rows have the sum 0.

    Proof: Entropies and costs cancel in A_i(Z) - R_T(Z), which leaves (lambda / 2) (tr(Z' W Z) - 2 tr(Z' W Z_i) +
    tr(Z_i' W Z_i)). For symmetric W this is (lambda / 2) tr((Z - Z_i)' W (Z - Z_i)).
    """
    moved = Z - table("at", at, shape=Z.shape)
    return plain(lam * quadratic(moved, square(W, len(Z), name="W")) / 2)


def touches(pair: Pairwise, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare bound less energy at both assignments with the formula, and the energies with their definition."""
    case = pair.case
    gaps = [0.0, share * float(majoriser_gap(pair.other, case.init, case.affinity, case.lam))]
    lhs = np.r_[found[:2] - found[2:], found[2:]]
    return Sides(lhs, np.r_[gaps, energy(case, case.init), energy(case, pair.other)], rounding=case.spoiled)


@dataclass(frozen=True)
class Touched:
    """Two assignments (N, K), costs (N, K), a symmetric affinity (N, N) and lambda, of numbers of any kind.

    `entropies` are T sum z log z of both assignments, which are letters of their own: bound and energy have them alike.
    """

    start: np.ndarray
    other: np.ndarray
    costs: np.ndarray
    affinity: np.ndarray
    lam: Any
    entropies: tuple[Any, Any]


def two_points_of(*numbers: Any) -> Any:
    """Make two assignments of two points to two clusters of their weights, costs, affinities, lambda and entropies."""
    y, z, costs = (np.array(numbers[i : i + 4], object).reshape(2, 2) * Fraction(1) for i in (0, 4, 8))
    a, b, c, lam, *entropies = numbers[12:]
    start, other, W = y / y.sum(axis=1, keepdims=True), z / z.sum(axis=1, keepdims=True), [[a, b], [b, c]]
    if isinstance(a, int):
        case = Case(costs.astype(float), np.array(W, float), float(lam), 1.0, start.astype(float), np.full(2, -1))
        return Pairwise(case, other.astype(float))
    return Touched(start, other, costs, np.array(W, object), lam, (entropies[0], entropies[1]))


def bounds_by_definition(one: Touched) -> np.ndarray:
    """Return the bound made at the start, at the start and at the other assignments, then the energies there."""
    half, at, found = one.lam / 2, one.start, []
    for bounded in (True, False):
        for Z, h in zip((one.start, one.other), one.entropies, strict=True):
            with_at = one.lam * (Z * (one.affinity @ at)).sum() - half * (at * (one.affinity @ at)).sum()
            pull = with_at if bounded else half * (Z * (one.affinity @ Z)).sum()
            found.append(h + (one.costs * Z).sum() - pull)
    return np.array(found, object)


def gap_by_formula(one: Touched, found: np.ndarray) -> Sides:
    """Compare bound less energy at both assignments with the formula."""
    gaps = [0, majoriser_gap(one.other, one.start, one.affinity, one.lam)]
    return Sides(found[:2] - found[2:], np.array(gaps, object))


ALL_PAIRS = Generic(
    "pairs of assignments of 2 points to 2 clusters, for all costs and affinities above 0",
    two_points_of,
    (*(f"{name}{k}" for name in "yzA" for k in range(4)), "w11", "w12", "w22", "lam", "h", "g"),
    outcome=bounds_by_definition,
    sides=gap_by_formula,
)


TC_T1 = Statement(
    id="transductive_clustering/TC-T1",
    title="The bound touches the energy, and how far it is above it",
    says=(
        "The bound A_i made at the assignments Z_i equals the relaxed energy R there, and exceeds it at any other Z "
        "by exactly (lambda/2) tr((Z - Z_i)' W (Z - Z_i)), W the affinity and lambda its weight."
    ),
    source=Derived(majoriser_gap),
    tex=r"A_i(Z) - R(Z) = \tfrac\lambda2 \mathrm{tr}((Z - Z_i)'W(Z - Z_i)),\quad A_i(Z_i) = R(Z_i)",
    hypotheses=SYMMETRIC,
    instances=TOUCHING,
    for_all=(ALL_PAIRS,),
    solve=bounds_of,
    claim=Identity(touches),
    saboteurs=(
        saboteur("twice the pairs", claim=Identity(partial(touches, share=2.0))),
        saboteur("half of the pull", solve=half_pulled),
    ),
    notes="Above everywhere if and only if the free block of W is positive semidefinite.",
)


def minimizer(pair: Pairwise, rng: np.random.Generator | None = None, **changes) -> np.ndarray:
    """S(Z) of the start."""
    return descend(replace(pair.case, **changes), n_updates=1).assignments[1]


def minimizer_half_pulled(pair: Pairwise, rng: np.random.Generator) -> np.ndarray:
    """Neighbors pull half as much."""
    return minimizer(pair, lam=pair.case.lam / 2)


def minimizer_warmer(pair: Pairwise, rng: np.random.Generator) -> np.ndarray:
    """Twice the temperature."""
    return minimizer(pair, temperature=2 * pair.case.temperature)


@formula()
def kl_divergence(p: ArrayLike, q: ArrayLike) -> Number:
    """KL(p || q), summed over the rows of p and q.

    sum p log(p / q), with 0 log 0 = 0.

    Proof
    -----
    Assumes: q is positive where p is, and rows lie in the simplex; both are checked here.

    Proof: For s = S(Z_i), T log s_l = lambda (W Z_i)_l - a_l - c with one constant c per row. Insert this for the
    linear terms of the bound: A_i(Z) = T sum z log(z / s) + a constant. So A_i(Z) - A_i(S(Z_i)) = T KL(Z || S(Z_i)),
    which is 0 at S(Z_i) alone: the update is the minimizer of the bound.
    """
    P = rows("p", p)
    Q, inside = rows("q", q, shape=P.shape), P > 0
    if not (Q[inside] > 0).all():
        raise must("q", "positive where `p` is", Q)
    p, q = P[inside], Q[inside]
    inexact_p, inexact_q = inexact(p), inexact(q)
    if inexact_p.dtype.kind == inexact_q.dtype.kind == "f":
        # no term of the sum over all entries is negative, and what is outside of P comes off again
        return divergence(inexact_p, inexact_q).sum() - (inexact_q - inexact_p).sum()
    return (p * (np.log(inexact_p) - np.log(inexact_q))).sum()


def least(pair: Pairwise, found: np.ndarray) -> Sides:
    """Compare the bound's rise above its value at the update with T KL, and the update with its definition."""
    case = pair.case
    bound = lambda Z: energy(case, Z, weight=0.0) - case.lam * pairs(case, Z, case.init)
    Z, due = np.asarray(found), update(case, case.init)
    # the definition takes the logits of S(Z), where its entries underflow
    representable = is_representable(pair.other, due)
    apart = kl_divergence(pair.other, due) if representable else divergence_of(case, pair.other, case.init)
    lhs = np.r_[bound(pair.other) - bound(Z), Z.ravel()]
    rhs = np.r_[case.temperature * float(apart), due.ravel()]
    return Sides(lhs, rhs, rounding=case.spoiled)


TC_T2 = Statement(
    id="transductive_clustering/TC-T2",
    title="The update minimizes the bound, in closed form",
    says=(
        "The bound A_i made at the assignments Z_i is least at their update S(Z_i): at every Z with the same held "
        "rows it is larger by T times the divergence KL(Z || S(Z_i)), T the temperature."
    ),
    source=Derived(kl_divergence),
    tex=r"A_i(Z) - A_i(S(Z_i)) = T\,\mathrm{KL}(Z \| S(Z_i))",
    hypotheses={**SYMMETRIC, "equal rows where held": are_equal_where_clamped},
    instances=TOUCHING,
    solve=minimizer,
    claim=Identity(least),
    saboteurs=(
        saboteur("half of the pull", solve=minimizer_half_pulled),
        saboteur("twice the temperature", solve=minimizer_warmer),
    ),
)
