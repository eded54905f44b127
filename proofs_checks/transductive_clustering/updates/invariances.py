"""Invariances of an update, and rows that are held.

`clamp` holds the labels of held rows, and -1 for free ones.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory._numbers import gathered
from lrtheory._types import ArrayLike, SparseArray
from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.transductive_clustering import monotone_report
from lrtheory.transductive_clustering.theory.arguments import labels, square
from proofs_checks.transductive_clustering.families.definitions import Case, is_symmetric, update
from proofs_checks.transductive_clustering.families.graphs import HELD
from proofs_checks.transductive_clustering.families.paths import descend, entries, unlike
from proofs_checks.transductive_clustering.families.problems import PLAIN, draw_case, two_points
from proofs_checks.transductive_clustering.updates.contractions import contraction_factor


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


def unscaled_temperature(alike: Alike, rng: np.random.Generator) -> np.ndarray:
    """The factor does not reach the temperature."""
    found = five_updates(alike)
    case = replace(alike.case, costs=alike.factor * alike.case.costs, lam=alike.factor * alike.case.lam)
    found[2] = descend(case, n_updates=1).assignments[1]
    return found


def unnamed(alike: Alike, rng: np.random.Generator) -> np.ndarray:
    """The renamed clusters are given as the others."""
    found = five_updates(alike)
    found[3] = found[0]
    return found


def unmoved_neighbors(alike: Alike, rng: np.random.Generator) -> np.ndarray:
    """Points get other names, and their neighbors do not."""
    case, points = alike.case, alike.points
    found = five_updates(alike)
    moved = replace(case, costs=case.costs[points], init=case.init[points], clamp=case.clamp[points])
    found[4] = descend(moved, n_updates=1).assignments[1]
    return found


def same(alike: Alike, found: np.ndarray) -> Sides:
    """Compare all five updates, their renaming undone, with the definition."""
    wanted = update(alike.case, alike.case.init)
    clusters, points = np.empty_like(wanted), np.empty_like(wanted)
    clusters[:, alike.order], points[alike.points] = found[3], found[4]
    lhs = np.stack([*found[:3], clusters, points])
    # constants of up to a hundred are taken off again
    heat = alike.case.heat + np.abs(alike.constants).max() / alike.case.temperature
    return Sides(lhs, np.stack([wanted] * 5), rounding=rounding(64 * wanted.size, heat))


TC_S9 = Statement(
    id="transductive_clustering/TC-S9",
    title="Constants a row, a common factor and names of clusters and points do not matter",
    says=(
        "The update S(Z) of assignments Z stays the same if a constant c_p is added to all costs of row p, or if "
        "costs A, weight lambda and temperature T all get the factor c > 0. A permutation Pi of the points, applied "
        "to Z, A and the affinity W, permutes the update alike, and so does one of the clusters."
    ),
    source=Classical("invariance of the softmax", "definition"),
    tex=r"S(Z; A + c 1', \lambda, T) = S(Z; A, \lambda, T) = S(Z; cA, c\lambda, cT),"
    r"\ S(\Pi Z; \Pi A, \Pi W \Pi') = \Pi S(Z)",
    hypotheses={"a positive factor": lambda alike: alike.factor > 0},
    instances=ALIKE,
    solve=five_updates,
    claim=Identity(same),
    saboteurs=(
        saboteur("the temperature is not scaled", solve=unscaled_temperature),
        saboteur("clusters keep their names", solve=unnamed),
        saboteur("points keep their neighbors", solve=unmoved_neighbors),
    ),
)


@formula(A="N x K", lam="[0, inf)")
def clamped_costs(A: np.ndarray, W: ArrayLike | SparseArray, clamp: ArrayLike, lam: Number) -> Number:
    """Costs of the free rows without the held ones, whose pull they take over.

    a_p - lambda sum_{q clamped} w_pq e_{y_q}, for the free rows: a problem with these costs and the free block of W has
    the same updates of these rows.

    Proof
    -----
    Assumes: the clamped rows of Z stand at their labels, a hypothesis of the statement.

    Proof: (W Z)_p = sum_{q free} w_pq z_q + sum_{q clamped} w_pq e_{y_q}, and the second sum does not change, so it
    joins the costs. For symmetric W the eigenvalues of the free block lie between those of W by interlacing.
    """
    W, clamped = square(W, len(A), name="W"), labels("clamp", clamp, *A.shape)
    free = clamped < 0
    onehot = 1 * (clamped[~free][:, None] == np.arange(A.shape[1]))
    return gathered(A[free] - lam * (W[free][:, ~free] @ onehot))


def free_alone(case: Case, rng: np.random.Generator | None = None, clamped_rows: bool = True) -> np.ndarray:
    """Return the free rows after two updates, in the problem and alone with clamped neighbors as costs, (2, N_F, K)."""
    whole = descend(case, n_updates=2).assignments[-1][case.free]
    block = case.affinity[np.ix_(case.free, case.free)]
    costs = clamped_costs(case.costs, case.affinity, case.clamp, case.lam) if clamped_rows else case.costs[case.free]
    alone = Case(np.asarray(costs), block, case.lam, case.temperature, case.init[case.free], np.full(len(block), -1))
    return np.stack([whole, descend(alone, n_updates=2).assignments[-1]])


def moving_support(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Clamped rows are overwritten."""
    found = free_alone(case)
    found[0] = descend(replace(case, clamp=np.full(case.n, -1)), n_updates=2).assignments[-1][case.free]
    return found


def as_costs(case: Case, found: np.ndarray) -> Sides:
    """Compare both runs with two updates by the definition."""
    wanted = update(case, update(case, case.init))[case.free]
    # the second update stretches what the first one has rounded
    stretch = contraction_factor(case.spectrum[1], case.lam, case.temperature)
    return Sides(np.asarray(found), np.stack([wanted, wanted]), rounding=(1 + stretch) * case.spoiled)


TC_S10 = Statement(
    id="transductive_clustering/TC-S10",
    title="Held neighbors are costs",
    says=(
        "Updates of the free rows F do not change if each held row q of the support S, at its label y_q, is taken out"
        " and the costs a_p of every free p become a_p - lambda sum_q w_pq e_{y_q}, e_y the unit row of label y; W_F "
        "is the block of W of the free rows."
    ),
    source=Derived(clamped_costs),
    tex=r"a_p \to a_p - \lambda \sum_{q \in S} w_{pq} e_{y_q},\quad W \to W_F",
    hypotheses={"some free rows": lambda case: bool(case.free.any()), "a symmetric affinity": is_symmetric},
    instances=PLAIN,
    for_all=(HELD,),
    solve=free_alone,
    claim=Identity(as_costs),
    saboteurs=(
        saboteur("held neighbors are forgotten", solve=partial(free_alone, clamped_rows=False)),
        saboteur("held rows move", solve=moving_support),
    ),
)


def free_spectrum(case: Case, rng: np.random.Generator | None = None, clamped: bool = True) -> np.ndarray:
    """Least eigenvalue and norm of the free block, as the certificate has them."""
    found = monotone_report(case.affinity, clamp=case.clamp if clamped else None)
    return np.array([found.smallest_eigenvalue, found.spectral_norm])


def wrong_end(case: Case, rng: np.random.Generator) -> np.ndarray:
    """The largest eigenvalue for the least."""
    found = free_spectrum(case)
    return np.array([found[1], found[1]])


def within(case: Case, found: np.ndarray) -> Sides:
    """Compare least eigenvalue and norm of the free block with those of W, once they are the block's own."""
    values, most = np.linalg.eigvalsh(case.affinity), np.linalg.norm(case.affinity)
    slack = rounding(64 * case.n**2, 1 + np.abs(case.affinity).sum())
    limits = [np.inf, most], [-most, -np.inf]
    own = entries([values[0], found[1]], [found[0], np.abs(values).max()], *limits, rounding=slack)
    return unlike(found - np.array(case.spectrum), slack) or own


TC_S10_INTERLACING = Statement(
    id="transductive_clustering/TC-S10-interlacing",
    title="Holding rows makes updates safer",
    says=(
        "W_F, the block of a symmetric W of the rows that are not held, has no smaller least eigenvalue lambda_min "
        "than W, and no larger spectral norm."
    ),
    source=Classical("interlacing of eigenvalues", "Horn and Johnson, Matrix Analysis, Theorem 4.3.28"),
    tex=r"\lambda_{\min}(W_F) \ge \lambda_{\min}(W),\ \|W_F\| \le \|W\|",
    hypotheses={"a symmetric affinity": is_symmetric, "some free rows": lambda case: bool(case.free.any())},
    instances=PLAIN,
    for_all=(HELD,),
    solve=free_spectrum,
    claim=Inequality(within),
    saboteurs=(
        saboteur("held rows count", solve=partial(free_spectrum, clamped=False)),
        saboteur("the other end of the spectrum", solve=wrong_end),
    ),
)
