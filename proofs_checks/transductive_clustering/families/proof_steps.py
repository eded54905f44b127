"""Pieces of the proofs: bounds that touch, divergences, rows that are replaced, means and mean shifts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.transductive_clustering import monotone_report, relaxed_energy, theory
from proofs_checks.transductive_clustering.families.definitions import Case
from proofs_checks.transductive_clustering.families.paths import descend
from proofs_checks.transductive_clustering.families.problems import (
    ALWAYS,
    draw_case,
    draw_simplex,
    two_points,
    with_clamped_rows,
)
from proofs_checks.transductive_clustering.families.rings import Pairwise


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


def bounds_of(pair: Pairwise, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the bound made at the start, at the start and at the other assignments, then the energies there."""
    case = pair.case
    options = {"lam": case.lam, "temperature": case.temperature}
    bound = [
        float(theory.majoriser(Z, case.init, case.costs, affinity=case.affinity, **options))
        for Z in (case.init, pair.other)
    ]
    values = [float(relaxed_energy(Z, case.costs, case.affinity, **options)) for Z in (case.init, pair.other)]
    return np.array(bound + values)


def minimizer(pair: Pairwise, rng: np.random.Generator | None = None, **changes) -> np.ndarray:
    """S(Z) of the start."""
    return descend(replace(pair.case, **changes), n_updates=1).assignments[1]


@dataclass(frozen=True)
class Laws:
    """Two rows of probabilities, in sixteenths."""

    p: np.ndarray
    q: np.ndarray


def are_laws(laws: Laws) -> bool:
    """Whether both rows are points of the simplex."""
    rows = np.concatenate([laws.p, laws.q])
    return bool(rows.min() >= 0 and np.abs(rows.sum(1) - 1).max() <= 1e-12)


def divergence_of(laws: Laws, rng: np.random.Generator | None = None) -> float:
    """KL(p || q)."""
    return float(theory.kl_divergence(laws.p, laws.q))


def jacobian(laws: Laws, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the derivative of a softmax where its value is p."""
    return theory.softmax_jacobian(laws.p[0])


def draw_laws(draws: Draws) -> Laws:
    """Two to four entries."""
    rows = draw_simplex(draws, 2, draws.integers(2, 4))
    return Laws(rows[:1], rows[1:])


#: near one half the constant is met
LAWS = Family(
    "laws",
    always=(
        Laws(np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]])),
        Laws(np.array([[0.5 + 2.0**-8, 0.5 - 2.0**-8]]), np.array([[0.5, 0.5]])),
        Laws(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])),
    ),
    draw=draw_laws,
)


@dataclass(frozen=True)
class Alike:
    """A problem and changes that should not matter: constants per row, a factor, other names of clusters and points."""

    case: Case
    constants: np.ndarray
    factor: float
    order: np.ndarray
    points: np.ndarray


def five_updates(alike: Alike, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return S(Z) plain, with constants, with the factor, with other names of clusters and of points, (5, N, K)."""
    case, order, points = alike.case, alike.order, alike.points
    # column order[c] becomes column c, so a label l gets the index at which `order` has it
    names = np.argsort(order)
    clamp = np.where(case.free, -1, names[np.maximum(case.clamp, 0)])
    others = (
        case,
        replace(case, costs=case.costs + alike.constants[:, None]),
        replace(
            case,
            costs=alike.factor * case.costs,
            lam=alike.factor * case.lam,
            temperature=alike.factor * case.temperature,
        ),
        replace(case, costs=case.costs[:, order], init=case.init[:, order], clamp=clamp),
        replace(
            case,
            costs=case.costs[points],
            affinity=case.affinity[np.ix_(points, points)],
            init=case.init[points],
            clamp=case.clamp[points],
        ),
    )
    return np.stack([descend(one, n_updates=1).assignments[1] for one in others])


def draw_alike(draws: Draws) -> Alike:
    """Constants up to a hundred, factors that are powers of two."""
    case = draw_case(draws)
    return Alike(
        case,
        draws.integers(-100, 100, shape=case.n),
        # powers of two scale doubles exactly
        draws.choice((0.25, 4.0)),
        draws.permutation(case.n_clusters),
        draws.permutation(case.n),
    )


#: two points with a third between them
BETWEEN = Case(
    np.array([[0.0, 1.0], [0.5, 0.0], [0.25, 1.0]]),
    np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.5], [0.0, 0.5, 0.0]]),
    1.0,
    1.0,
    np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]),
    np.full(3, -1),
    "sparse",
)
ALIKE = Family(
    "alike",
    always=(
        Alike(two_points(1.0), np.array([3, -5]), 2.0, np.array([1, 0]), np.array([1, 0])),
        Alike(BETWEEN, np.array([1, 0, -2]), 0.5, np.array([1, 0]), np.array([1, 2, 0])),
    ),
    draw=draw_alike,
)


def free_alone(case: Case, rng: np.random.Generator | None = None, clamped_rows: bool = True) -> np.ndarray:
    """Return the free rows after two updates, in the problem and alone with clamped neighbors as costs, (2, N_F, K)."""
    whole = descend(case, n_updates=2).assignments[-1][case.free]
    block = case.affinity[np.ix_(case.free, case.free)]
    costs = (
        theory.clamped_costs(case.costs, case.affinity, clamp=case.clamp, lam=case.lam)
        if clamped_rows
        else case.costs[case.free]
    )
    alone = Case(np.asarray(costs), block, case.lam, case.temperature, case.init[case.free], np.full(len(block), -1))
    return np.stack([whole, descend(alone, n_updates=2).assignments[-1]])


def free_spectrum(case: Case, rng: np.random.Generator | None = None, clamped: bool = True) -> np.ndarray:
    """Least eigenvalue and norm of the free block, as the certificate has them."""
    found = monotone_report(case.affinity, clamp=case.clamp if clamped else None)
    return np.array([found.smallest_eigenvalue, found.spectral_norm])


@dataclass(frozen=True)
class Replaced:
    """A problem, a row, and what it is replaced by."""

    case: Case
    row: int
    new: np.ndarray

    @property
    def after(self) -> np.ndarray:
        """The assignments with the new row."""
        Z = self.case.init.copy()
        Z[self.row] = self.new
        return Z


def replacement(replaced: Replaced, rng: np.random.Generator | None = None, factor: float = 1.0) -> float:
    """Return the package's value of the change of the energy without entropy when the row is replaced."""
    case = replaced.case
    options = {"lam": factor * case.lam, "row": replaced.row, "new": replaced.new}
    return float(theory.row_replacement(case.init, case.costs, case.affinity, **options))


def draw_replaced(draws: Draws) -> Replaced:
    """A free row."""
    case = draw_case(draws)
    row = int(np.flatnonzero(case.free)[0])
    return Replaced(case, row, draw_simplex(draws, 1, case.n_clusters)[0])


REPLACED = Family("replaced", always=(Replaced(two_points(2.0), 0, np.array([1.0, 0.0])),), draw=draw_replaced)


@dataclass(frozen=True)
class Tangent:
    """Two numbers."""

    before: float
    after: float


def tangent(pair: Tangent, rng: np.random.Generator | None = None) -> float:
    """The tangent of exp(-u) at the first, at the second."""
    return float(theory.exponential_tangent(pair.before, pair.after))


TANGENTS = Family(
    "tangents",
    always=(Tangent(0.0, 1.0), Tangent(1.0, 1.0), Tangent(2.0, 0.5)),
    draw=lambda draws: Tangent(draws.integers(0, 16) / 4, draws.integers(0, 16) / 4),
)
