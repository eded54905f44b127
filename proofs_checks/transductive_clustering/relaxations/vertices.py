"""Relaxed energies at labels, and between them.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import plain
from lrtheory._types import ArrayLike, SparseArray
from lrtheory.bounds import Derived, Family, Generic, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.transductive_clustering import discrete_energy, laplacian_energy, psd_shift, relaxed_energy
from lrtheory.transductive_clustering.theory.arguments import rows, square
from proofs_checks.transductive_clustering.families.definitions import (
    SYMMETRIC,
    Case,
    discrete,
    energy,
    one_hot,
    vertices,
)
from proofs_checks.transductive_clustering.families.graphs import COSTS
from proofs_checks.transductive_clustering.families.problems import ALWAYS, CASES, draw_small
from proofs_checks.transductive_clustering.families.relaxed import inside

SMALL = Family("small-problems", always=ALWAYS, draw=draw_small)


@dataclass(frozen=True)
class AtLabels:
    """Energies of all labels: relaxed, with the Laplacian, and discrete."""

    relaxed: np.ndarray
    laplacian: np.ndarray
    discrete: np.ndarray


def relaxed_at_labels(case: Case, affinity: np.ndarray, lam: float) -> np.ndarray:
    """Return the relaxed energy of all labels."""
    tables = [one_hot(labels, case.n_clusters).astype(float) for labels in vertices(case)]
    options = {"lam": lam, "temperature": case.temperature}
    return np.array([float(relaxed_energy(Z, case.costs, affinity, **options)) for Z in tables])


def at_labels(case: Case, rng: np.random.Generator | None = None, lam: float | None = None) -> AtLabels:
    """Return the three energies of all labels as the package computes them."""
    weight = case.lam if lam is None else lam
    convex, integral = [], []
    for labels in vertices(case):
        Z = one_hot(labels, case.n_clusters).astype(float)
        convex.append(float(laplacian_energy(Z, case.costs, case.affinity, lam=weight)))
        integral.append(float(discrete_energy(labels, case.costs, case.affinity, lam=weight)))
    return AtLabels(relaxed_at_labels(case, case.affinity, weight), np.array(convex), np.array(integral))


def double_lambda(case: Case, rng: np.random.Generator) -> AtLabels:
    """lambda where lambda / 2 is right."""
    return at_labels(case, lam=2 * case.lam)


def shifted_labels(case: Case, rng: np.random.Generator) -> AtLabels:
    """Every energy is that of the labels before."""
    found = at_labels(case)
    return AtLabels(*(np.roll(one, 1) for one in (found.relaxed, found.laplacian, found.discrete)))


@formula(lam="[0, inf)")
def vertex_gap(W: ArrayLike | SparseArray, lam: Number) -> Number:
    r"""E_lap - E on labels, which is a constant.

    (lambda / 2) sum_pq w_pq.

    Proof
    -----
    Assumes: the rows of Z are labels (one entry 1, all others 0), a hypothesis of the statement.

    Proof: E_lap(Z) - E(Z) = (lambda / 2) tr(Z' D Z) = (lambda / 2) sum_p d_p \|z_p\|^2, D the diagonal matrix of the
    degrees d_p = sum_q w_pq. Rows of labels have norm 1, and the degrees add up to sum_pq w_pq.
    """
    return plain(lam * square(W, name="W").sum() / 2)


def agree(case: Case, found: AtLabels) -> Sides:
    """Compare relaxed, Laplacian and discrete energies of all labels with the definition, up to constants."""
    Z = [one_hot(labels, case.n_clusters) for labels in vertices(case)]
    penalty = lambda z: (case.affinity * ((z[:, None] - z[None]) ** 2).sum(2)).sum()
    constant = case.lam / 2 * case.affinity.sum()
    wanted = np.array([(case.costs * z).sum() + case.lam / 4 * penalty(z) - constant for z in Z])
    lhs = np.r_[found.relaxed, found.laplacian, found.discrete]
    return Sides(lhs, np.r_[wanted, wanted + vertex_gap(case.affinity, case.lam), wanted + constant])


TC_S1 = Statement(
    id="transductive_clustering/TC-S1",
    title="At labels all energies agree, up to a constant",
    says=(
        "At labels, where each row of the N x K table Z has one 1, the relaxed energy R_T equals the energy E without"
        " entropy, and the convex E_lap, with the Laplacian in place of the affinity, exceeds E by the constant "
        "(lambda/2) times the sum of all weights w_pq."
    ),
    source=Derived(vertex_gap),
    tex=r"E_{\mathrm{lap}}(Z) = E(Z) + \tfrac\lambda2 \sum w_{pq},\ R_T(Z) = E(Z),\ Z \in \{0, 1\}^{N \times K}",
    hypotheses=SYMMETRIC,
    instances=SMALL,
    for_all=(COSTS,),
    solve=at_labels,
    claim=Identity(agree),
    saboteurs=(
        saboteur("lambda in the place of lambda / 2", solve=double_lambda),
        saboteur("the energy of the next labels", solve=shifted_labels),
    ),
    notes="On all labels of up to four points.",
)


@dataclass(frozen=True)
class Shifted:
    """The shift that makes an affinity psd, and the energies of all labels before and after."""

    shift: float
    before: np.ndarray
    after: np.ndarray


def shifted_psd(case: Case, rng: np.random.Generator | None = None, factor: float = 1.0) -> Shifted:
    """Return the package's psd shift, times a factor, and the energies of all labels before and after it."""
    shift = factor * float(psd_shift(case.affinity))
    moved = case.affinity + shift * np.eye(case.n)
    return Shifted(shift, *(relaxed_at_labels(case, W, case.lam) for W in (case.affinity, moved)))


@formula(delta="(-inf, inf)", N="[0, inf)", lam="[0, inf)")
def shift_constant(delta: Number, N: int, lam: Number) -> Number:
    r"""Adding delta to the diagonal of W adds this to the energy of labels of N points.

    Proof
    -----
    Assumes: the rows of Z are labels (one entry 1, all others 0), a hypothesis of the statement.

    Proof: tr(Z' (W + delta I) Z) = tr(Z' W Z) + delta \|Z\|_F^2, and labels have \|Z\|_F^2 = N. So the energies of all
    labels change by the same number, and the best labels stay the best. Inside the simplices \|Z\|_F^2 varies.
    """
    return -lam * delta * N / 2


def moved_alike(case: Case, found: Shifted) -> Sides:
    """Compare the change of all labels' energies with one constant, and the shift with the least eigenvalue."""
    lowest = float(np.linalg.eigvalsh(case.affinity)[0])
    direct = [energy(case, one_hot(labels, case.n_clusters)) for labels in vertices(case)]
    constant = float(shift_constant(max(0.0, -lowest), case.n, case.lam))
    lhs = np.r_[found.after - found.before, found.before, found.shift]
    return Sides(
        lhs, np.r_[np.full(len(direct), constant), direct, max(0.0, -lowest)], rounding=64 * case.n * case.spoiled
    )


TC_S1_SHIFT = Statement(
    id="transductive_clustering/TC-S1-shift",
    title="Making the affinity psd moves the energies of all labels alike",
    says=(
        "Adding delta to the diagonal of the affinity W of N points, with delta = max(0, -lambda_min) and lambda_min "
        "its least eigenvalue, adds the constant -(lambda/2) delta N to the energy E at all labels Z alike."
    ),
    source=Derived(shift_constant),
    tex=r"W \to W + \delta I \Rightarrow E(Z) \to E(Z) - \tfrac\lambda2 \delta N,\ \delta = \max(0, -\lambda_{\min})",
    hypotheses=SYMMETRIC,
    instances=SMALL,
    for_all=(COSTS,),
    solve=shifted_psd,
    claim=Identity(moved_alike),
    saboteurs=(
        saboteur("half of the shift", solve=partial(shifted_psd, factor=0.5)),
        saboteur("no shift", solve=partial(shifted_psd, factor=0.0)),
    ),
    notes="The same labels are best; inside of the simplices the energy moves unevenly.",
)


def both_alike(case: Case, rng: np.random.Generator) -> np.ndarray:
    """The concave energy twice."""
    return np.repeat(inside(case)[:1], 2)


@formula(lam="[0, inf)")
def laplacian_gap(Z: ArrayLike, W: ArrayLike | SparseArray, lam: Number) -> Number:
    r"""The exact gap between the convex relaxation and the concave one above it.

    E(Z) - (E_lap(Z) - (lambda / 2) sum w) = (lambda / 2) sum_p d_p (1 - \|z_p\|^2), at least 0.

    Proof
    -----
    Assumes: rows lie in the simplex, which is checked; that W has no negative entry is a hypothesis of the statement,
    and needed for the sign alone.

    Proof: E_lap(Z) - E(Z) = (lambda / 2) sum_p d_p \|z_p\|^2, as in `vertex_gap`; subtract it from (lambda / 2) sum_p
    d_p = (lambda / 2) sum_pq w_pq. Rows of the simplex have \|z\|^2 <= 1, with equality at vertices alone.
    """
    Z = rows("Z", Z)
    degrees = square(W, len(Z), name="W").sum(axis=1)
    return plain(lam * (degrees * (1 - (Z * Z).sum(axis=1))).sum() / 2)


def ordered(case: Case, found: np.ndarray, share: int = 1) -> Sides:
    """Compare concave less convex energy with its formula, and both with their definitions."""
    Z = case.init
    degree = case.affinity.sum(1)
    gap = laplacian_gap(Z, case.affinity, case.lam)
    constant = case.lam / 2 * case.affinity.sum()
    direct = case.lam / 2 * (degree * (1 - (Z**2).sum(1))).sum()
    concave = discrete(case, Z)
    convex = concave + constant - direct
    lhs = np.array([found[0] - (found[1] - constant), found[0], found[1]])
    return Sides(lhs, np.array([share * gap, concave, convex]), rounding=case.spoiled)


@dataclass(frozen=True)
class Relaxed:
    """Assignments (N, K), costs (N, K), a symmetric affinity (N, N) and lambda, of numbers of any kind."""

    init: np.ndarray
    costs: np.ndarray
    affinity: np.ndarray
    lam: Any


def three_points(*numbers: Any) -> Any:
    """Make a problem of three points and two clusters of the weights of assignments, costs, affinities and lambda."""
    parts = np.array([one * Fraction(1) for one in numbers], object)
    weights, costs, lam = parts[:6].reshape(3, 2), parts[6:12].reshape(3, 2), parts[18]
    a, b, c, d, e, f = parts[12:18]
    Z, W = weights / weights.sum(axis=1, keepdims=True), np.array([[a, b, c], [b, d, e], [c, e, f]], object)
    if any(isinstance(one, int) for one in numbers):
        Z, costs, W, lam = (np.asarray(one, float) for one in (Z, costs, W, lam))
        return Case(costs, W, float(lam), 1.0, Z, np.full(3, -1))
    return Relaxed(Z, costs, W, lam)


def both_energies(case: Relaxed) -> np.ndarray:
    """Return <A, Z> - (lambda / 2) tr(Z' W Z), and the same with the Laplacian: the definitions of E and E_lap."""
    Z, W = case.init, case.affinity
    smooth, linear = case.lam / 2, (case.costs * Z).sum()
    alike, loads = (Z * (W @ Z)).sum(), (Z * (np.diag(W.sum(0)) @ Z)).sum()
    return np.array([linear - smooth * alike, linear + smooth * (loads - alike)])


def gap_of(case: Relaxed, found: np.ndarray) -> Sides:
    """Compare E - (E_lap - (lambda / 2) sum w) with its formula."""
    constant = case.lam / 2 * case.affinity.sum()
    return Sides(found[0] - (found[1] - constant), laplacian_gap(case.init, case.affinity, case.lam))


TC_S2 = Statement(
    id="transductive_clustering/TC-S2",
    title="The concave relaxation lies above the convex one",
    says=(
        "E is the concave energy without entropy, E_lap the convex one with the Laplacian. E less E_lap, plus "
        "(lambda/2) times the sum of all weights w, equals (lambda/2) sum_p d_p (1 - |z_p|^2) for rows z_p of the "
        "simplex; this is at least 0 where no degree d_p, the sum of row p of W, is negative."
    ),
    source=Derived(laplacian_gap),
    tex=r"E(Z) - E_{\mathrm{lap}}(Z) + \tfrac\lambda2 \sum w = \tfrac\lambda2 \sum_p d_p (1 - \|z_p\|^2)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    for_all=(
        Generic(
            "problems of 3 points and 2 clusters, for all assignments, costs and affinities above 0",
            three_points,
            [*(f"{name}{k}" for name in "zaw" for k in range(6)), "l"],
            outcome=both_energies,
            sides=gap_of,
        ),
    ),
    solve=inside,
    claim=Identity(ordered),
    saboteurs=(
        saboteur("both alike", solve=both_alike),
        saboteur("twice the gap", claim=Identity(partial(ordered, share=2))),
    ),
)
