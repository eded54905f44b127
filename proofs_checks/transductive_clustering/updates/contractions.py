"""One update from two starts, which it brings together, and its exact rate near uniform assignments.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory._numbers import plain
from lrtheory._types import ArrayLike
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Numbers,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.transductive_clustering import theory
from lrtheory.transductive_clustering.theory.arguments import with_columns
from proofs_checks.transductive_clustering.families.definitions import SYMMETRIC, Case, farthest, update
from proofs_checks.transductive_clustering.families.paths import Descent, along, descend, entries, unlike
from proofs_checks.transductive_clustering.families.problems import (
    ALWAYS,
    draw_case,
    draw_simplex,
    two_points,
    with_clamped_rows,
)
from proofs_checks.transductive_clustering.families.rings import Pairwise, are_equal_where_clamped
from proofs_checks.transductive_clustering.families.wrong_solvers import colder


def two_updates(pair: Pairwise, rng: np.random.Generator | None = None, colder: bool = False) -> np.ndarray:
    """One update from each start, (2, N, K)."""
    case = replace(pair.case, temperature=pair.case.temperature / (1 + colder))
    return np.stack([descend(replace(case, init=Z), n_updates=1).assignments[1] for Z in (case.init, pair.other)])


def draw_directed(draws: Draws) -> Case:
    """Any weights, symmetric or not."""
    case = draw_case(draws)
    return replace(case, affinity=draws.integers(0, 3, shape=(case.n, case.n)) / 2)


def draw_pair(draws: Draws) -> Pairwise:
    """Any weights, and two starts."""
    case = draw_directed(draws)
    other = with_clamped_rows(replace(case, init=draw_simplex(draws, case.n, case.n_clusters))).init
    return Pairwise(case, other)


#: near the uniform assignments the bound is met
NEAR = two_points(1.0, share=0.5 + 2.0**-10)


PAIRS = Family(
    "two-starts",
    always=(Pairwise(NEAR, np.full((2, 2), 0.5)), *(Pairwise(one, one.init) for one in ALWAYS)),
    draw=draw_pair,
)


@formula(norm="[0, inf)", lam="[0, inf)", T="(0, inf)")
def contraction_factor(norm: Number, lam: Number, T: Number) -> Number:
    r"""Whole updates bring two starts together or apart by at most this factor.

    The free block of W has the spectral norm `norm`.

    lambda \|W\| / (2 T); below 1 there is one fixed point, approached at that rate from every start.

    Proof
    -----
    Assumes: the norm given is not below the one of W; W may be directed and have entries of any sign.

    Proof: The Jacobian of a softmax is diag(s) - s s', and v' (diag(s) - s s') v is the variance of v under s. That is
    at most (max v - min v)^2 / 4 <= \|v\|^2 / 2, with equality for v = (1, -1) and s = (1/2, 1/2). By the mean value
    theorem S(Z) - S(Y) is at most lambda / (2 T) times as long as W (Z - Y), and \|W (Z - Y)\|_F <= \|W\| \|Z - Y\|_F.
    """
    return lam * norm / (2 * T)


@formula(step="[0, inf)", q="[0, 1)")
def fixed_point_distance(step: Numbers, q: Number) -> Numbers:
    r"""Assignments that an update moves by `step` are no further than this from the fixed point.

    \|S(Z) - Z\| / (1 - q) >= \|Z - Z*\|, where S multiplies the distance of two starts by at most q.

    Proof
    -----
    Assumes: S contracts by the factor q < 1; q in [0, 1) is checked, that it is such a factor is up to the caller.

    Proof: Banach's theorem gives one fixed point Z*, and \|Z - Z*\| <= \|Z - S(Z)\| + \|S(Z) - S(Z*)\| <=
    \|Z - S(Z)\| + q \|Z - Z*\|. Solve for \|Z - Z*\|.
    """
    return step / (1 - q)


def contracted(pair: Pairwise, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare the distance after one update with its bound, once both updates are those of the definition.

    Where the factor is below 1, the start is no further from the other than both are at most from the fixed point.
    """
    case = pair.case
    _, norm = case.spectrum
    factor = contraction_factor(norm, case.lam, case.temperature)
    wanted = np.stack([update(case, case.init), update(case, pair.other)])
    wrong = unlike(np.asarray(found) - wanted, case.spoiled)
    distance, before = np.linalg.norm(found[0] - found[1]), np.linalg.norm(case.init - pair.other)
    lhs, rhs = [distance], [share * factor * before]
    if factor < 1:
        moves = np.linalg.norm(found - np.stack([case.init, pair.other]), axis=(1, 2))
        lhs.append(before)
        rhs.append(share * fixed_point_distance(moves, factor).sum())
    return wrong or entries(lhs, rhs, farthest(case) ** 0.5, rounding=case.spoiled)


TC_T7 = Statement(
    id="transductive_clustering/TC-T7",
    title="An update contracts distances by lambda |W| / (2 T)",
    says=(
        "Whole updates S bring two starts Z and Y, equal in the rows that are held, together or apart by a factor of "
        "at most lambda |W_F| / (2 T) in the Frobenius norm. |W_F| is the spectral norm of the block of W of the free"
        " rows, T the temperature."
    ),
    source=Derived(contraction_factor),
    tex=r"\|S(Z) - S(Y)\|_F \le \tfrac{\lambda \|W_F\|}{2T} \|Z - Y\|_F",
    hypotheses={"equal rows where held": are_equal_where_clamped},
    instances=PAIRS,
    solve=two_updates,
    claim=Inequality(contracted),
    saboteurs=(
        saboteur("lambda |W| / (4 T)", claim=Inequality(partial(contracted, share=0.5))),
        saboteur("half of the temperature", solve=partial(two_updates, colder=True)),
    ),
    notes="For any W, also directed; below 1 there is one fixed point, no further than the step over 1 - q.",
)


def is_along_an_eigenvector(case: Case) -> bool:
    """Whether no row is clamped and the start is off uniform along eigenvectors of the largest eigenvalue in size."""
    off = case.init - 1 / case.n_clusters
    radius = float(np.abs(np.linalg.eigvalsh(case.affinity)).max())
    missing = radius * np.linalg.norm(off) - np.linalg.norm(case.affinity @ off)
    return bool(case.free.all()) and abs(missing) <= 1e-12 * radius * np.linalg.norm(off)


def draw_near_uniform(draws: Draws) -> Case:
    """An affinity with its eigenvector of the largest eigenvalue in size, along which the start is off uniform."""
    case = draw_directed(draws)
    W = (case.affinity + case.affinity.T) / 2
    K = case.n_clusters
    # along this difference rows keep the sum 1
    across = np.eye(K)[0] - np.eye(K)[1]
    values, vectors = np.linalg.eigh(W)
    along = vectors[:, np.abs(values).argmax()]
    return Case(
        np.zeros_like(case.costs),
        W,
        # not 0, since without a pull the update is uniform at once
        case.lam + 0.25,
        case.temperature,
        # so near that the quadratic term is far below the linear one, and still far above rounding
        1 / K + 2.0**-12 * along[:, None] * across,
        np.full(case.n, -1),
        case.path,
    )


UNIFORM = Family("near-uniform", always=(NEAR, replace(NEAR, path="sparse")), draw=draw_near_uniform)


@formula()
def tangent_error(x: ArrayLike) -> Number:
    r"""The linear term of a softmax at uniform shares misses the softmax of the logits x by at most this.

    sum_p (max_l x_pl - min_l x_pl)^2 / 2, at least \|softmax(x) - 1/K - (x - mean x) / K\|_F.

    Proof
    -----
    Assumes: the logits are finite, which is checked here.

    Proof: Let s(t) = softmax(t x), with m and v the mean and the variance of x under s(t). Then s'' = s ((x - m)^2 - v)
    entry by entry, and \|s''\|_2 <= \|s''\|_1 <= max \|(x - m)^2 - v\| <= (max x - min x)^2. s(1) - s(0) - s'(0) is the
    integral of (1 - t) s''(t) over [0, 1], at most half of that. Norms of rows add up to at least the norm of the
    table.
    """
    x = with_columns("x", x)
    return plain(((x.max(axis=1) - x.min(axis=1)) ** 2).sum() / 2)


def at_the_rate(case: Case, found: Descent, factor: float = 1.0) -> Sides:
    """Compare the distance to uniform with that of the exact rate, up to the curvature, from below and from above."""
    K = case.n_clusters
    radius = float(np.abs(np.linalg.eigvalsh(case.affinity)).max())
    rate = factor * float(theory.uniform_rate(radius, K, lam=case.lam, temperature=case.temperature))
    before, after = (np.linalg.norm(Z - 1 / K) for Z in found.assignments[:2])
    error = float(tangent_error(case.lam / case.temperature * (case.affinity @ (case.init - 1 / K))))
    slack = rounding(64 * case.costs.size, case.heat)
    most, least = [np.inf, farthest(case) ** 0.5], [0.0, -np.inf]
    return entries([rate * before - error, after], [after, rate * before + error], most, least, slack)


TC_T7_UNIFORM = Statement(
    id="transductive_clustering/TC-T7-uniform",
    title="Near uniform assignments the rate is lambda rho(W) / (K T)",
    says=(
        "Without costs, for Z off the uniform assignments 1/K along an eigenvector of W whose eigenvalue is the "
        "largest in size, rho(W), the update S multiplies the distance to 1/K by lambda rho(W) / (K T), up to a term "
        "quadratic in the distance. K is the number of clusters, T the temperature."
    ),
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
        saboteur("half of the temperature", solve=partial(colder, n_updates=1)),
    ),
    notes="Along the eigenvector of the largest eigenvalue in size; TC-T7 has 2 in the place of K.",
)
