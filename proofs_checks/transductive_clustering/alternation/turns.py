"""Assignments and prototypes in turn lower the joint energy.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import plain, table
from lrtheory._types import ArrayLike
from lrtheory.bounds import Derived, Draws, Family, Identity, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.transductive_clustering import Turns as TaskTurns
from lrtheory.transductive_clustering import few_shot
from lrtheory.transductive_clustering.clusters import prototypes
from proofs_checks.transductive_clustering.families.alternation import (
    SYMMETRIC,
    are_assignments,
    half_turns,
    is_a_run,
    wanders,
)
from proofs_checks.transductive_clustering.families.definitions import energy, update
from proofs_checks.transductive_clustering.families.paths import NO_RUN, Descent, entries, unlike, without_noise
from proofs_checks.transductive_clustering.families.points import (
    ONE,
    SOME_CLAMPED,
    TURNS,
    WEIGHTED,
    Points,
    Turns,
    Weighted,
    clustered,
    draw_points,
    weighted_means,
)
from proofs_checks.transductive_clustering.families.problems import has_clear_neighbors, neighbor_graph
from proofs_checks.transductive_clustering.families.wrong_solvers import begins_anew, turns_by

#: neighbors on the other side: whole steps of a strong pull exchange all labels, which costs more than it gains
EXCHANGED = Points(
    np.array([[-0.5], [0.5], [-0.5], [0.5]]),
    (np.eye(4, k=1) + np.eye(4, k=-1)) / 2,
    np.array([[-0.5], [0.5]]),
    "mean",
    4.0,
    0.25,
    np.full(4, -1),
)


ALWAYS = (
    ONE,
    SOME_CLAMPED,
    EXCHANGED,
    replace(ONE, prototype="mode"),
    replace(ONE, prototype="medoid"),
    replace(ONE, lam=0.0),
    replace(ONE, lam=8.0, temperature=0.25),
)


POINTS = Family("points", always=ALWAYS, draw=draw_points)


HARD = Family(
    "hard-means",
    always=tuple(replace(ONE, hard=True, temperature=t, first=ONE.first + s) for t in (1.0, 4.0) for s in (0, 0.5)),
)


#: a medoid between two points would cost less than any point
BETWEEN = Points(np.array([[-1.0], [1.0]]), np.zeros((2, 2)), np.array([[0.0]]), "medoid", 0.0, 1.0, np.full(2, -1))


PAIR = Family("pair-of-points", always=(BETWEEN,))


def backwards(points: Points, rng: np.random.Generator) -> Turns:
    """The energies in the wrong order."""
    found = clustered(points)
    return replace(found, energies=found.energies[::-1])


def level(points: Points, rng: np.random.Generator) -> Turns:
    """Energies that never change."""
    # subtle: constant energies never rise, and only the definition tells them from the right ones
    found = clustered(points)
    return replace(found, energies=np.full_like(found.energies, found.energies[-1]))


def from_between(points: Points, rng: np.random.Generator) -> Turns:
    """The first medoid is no point, and the next one is the point that is best."""

    def turn(Z: np.ndarray, M: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after = update(points.case(M), Z)
        return after, points.features[(after.T @ points.costs(points.features)).argmin(1)]

    return turns_by(points, turn, points.first)


def falls(points: Points, found: Turns) -> Sides:
    """Compare each energy by its definition with the one before, once turns and reported energies are right."""
    if not is_a_run(points, found):
        return NO_RUN
    R = half_turns(points, found)
    wrong = unlike(np.r_[np.asarray(found.energies) - R, wanders(points, found)], points.spoiled)
    return wrong or without_noise(entries(R[1:], R[:-1], points.highest, rounding=points.spoiled))


@formula(before="K x d")
def mean_step_decrease(masses: ArrayLike, before: np.ndarray, after: ArrayLike) -> Number:
    r"""Moving each prototype to its mean takes this off the energy.

    The prototypes move from `before` to `after`, and `masses` holds the masses of the clusters.

    sum_l (sum_p z_pl) \|m_l - m_l'\|^2 = R before - R after, for squared distances as costs.

    Proof
    -----
    Assumes: costs are squared distances, and `after` are the soft means of the assignments; both are up to the caller.

    Proof: For the weighted mean m_l and every other point m, sum_p z_pl \|x_p - m\|^2 = sum_p z_pl \|x_p - m_l\|^2 +
    (sum_p z_pl) \|m - m_l\|^2. Only the costs change when prototypes move, and they change by the second term.
    """
    mass = table("masses", masses, 0, shape=before.shape[:1])
    moved = table("after", after, shape=before.shape) - before
    return plain((mass * (moved * moved).sum(axis=1)).sum())


TC_T9 = Statement(
    id="transductive_clustering/TC-T9",
    title="Assignments and prototypes in turn never raise the energy",
    says=(
        "R_T(Z, A(M)) is the relaxed energy of assignments Z at temperature T with the costs A(M) of prototypes M. In"
        " turn i neither the update of the assignments, Z_i to Z_{i+1}, nor that of the prototypes, M_i to M_{i+1}, "
        "raises it."
    ),
    source=Derived(mean_step_decrease),
    tex=r"R_T(Z_{i+1}, A(M_i)) \le R_T(Z_i, A(M_i)),\quad R_T(Z_{i+1}, A(M_{i+1})) \le R_T(Z_{i+1}, A(M_i))",
    hypotheses={
        **SYMMETRIC,
        "soft prototypes": lambda points: not points.hard,
        "means, modes or medoids": lambda points: points.prototype in ("mean", "mode", "medoid"),
    },
    instances=POINTS,
    solve=clustered,
    claim=Inequality(falls),
    may_vary=dict.fromkeys(
        ("assignments", "prototypes", "energies"), "how many turns are made until nothing moves is the solver's"
    ),
    saboteurs=(
        saboteur("means of labels", breaks="soft prototypes", instances=HARD),
        saboteur("a medoid from between the points", solve=from_between, instances=PAIR),
        saboteur("whole steps of a strong pull", solve=partial(clustered, damping=1.0)),
        saboteur("energies turned round", solve=backwards),
        saboteur("the same energy for ever", solve=level),
        saboteur("assignments begin anew each turn", solve=begins_anew),
    ),
    notes="Soft means, mean shifts, and medoids, which start at points of the data; one update a turn, shortened where "
    "the neighbors pull too much.",
)


def few_shot_turns(
    points: Points, rng: np.random.Generator | None = None, query_shift: bool = False, **options: Any
) -> Descent:
    """Assignments and energies after each turn of a task; its first K points are its support, one for each class."""
    K = len(points.first)
    # one update per turn, so that every half turn of the claim is one that the call reports
    given: dict[str, Any] = {
        "lam": points.lam,
        "temperature": points.temperature,
        "normalize": None,
        "query_shift": query_shift,
        "turns": TaskTurns(**({"max_inner_iter": 1} | options)),
        "tol": 0.0,
    }
    Z = [points.begin]
    energies = [energy(points.case(points.start), Z[0])]
    for n in range(1, TURNS + 1):
        found = few_shot(points.first, np.arange(K), points.features[K:], max_iter=n, **given)
        if found.n_iter < n:
            break
        Z.append(np.concatenate([np.eye(K), found.probabilities]))
        energies.append(found.energy)
    return Descent(np.stack(Z), np.array(energies))


def has_its_graph(points: Points) -> bool:
    """Whether the affinity is the graph of the points, and these leave no choice of neighbors."""
    return np.array_equal(points.affinity, neighbor_graph(points.features)) and has_clear_neighbors(points.features)


def task_points(features: np.ndarray, n_classes: int, lam: float, temperature: float) -> Points:
    """The points of a task, the support first and clamped, with the graph of them all."""
    clamp = np.r_[np.arange(n_classes), np.full(len(features) - n_classes, -1)]
    return Points(features, neighbor_graph(features), features[:n_classes], "mean", lam, temperature, clamp)


FIXED_TASK = np.array(
    [[-1.0, 0.0], [1.0, 0.0], [-0.5, 0.25], [-0.25, -0.5], [0.125, 0.5], [0.75, 0.0], [0.5, -0.625], [0.0, 1.5], [2, 1]]
)


def draw_task_points(draws: Draws) -> Points:
    """Three to six queries around two or three labeled points, with a mild or strong pull."""
    n, k = draws.integers(3, 6), draws.integers(2, 3)
    features = draws.floats(-1.0, 1.0, shape=(k + n, 2))
    # the claim computes the graph again, so nearly equal distances, which rounding could order, are left out
    if not has_clear_neighbors(features):
        features = FIXED_TASK[: k + n]
    return task_points(features, k, draws.choice((0.25, 1.0, 4.0)), draws.choice((0.25, 1.0)))


#: queries in a square whose neighbors are all on the other side of the middle
CROSSED = np.array([[-3.0, 0, 0], [3, 0, 0], [-1 / 64, 1, 1], [1 / 64, 1, -1], [-1 / 64, -1, -1], [1 / 64, -1, 1]])


TASKS = Family(
    "tasks-in-turns",
    always=(
        task_points(FIXED_TASK[:6], 2, 0.25, 1.0),
        task_points(FIXED_TASK, 3, 4.0, 0.25),
        task_points(CROSSED, 2, 4.0, 1.0),
    ),
    draw=draw_task_points,
)


def falls_in_tasks(points: Points, found: Descent) -> Sides:
    """Compare each energy with the one before, once the turns and the reported energies are right."""
    Z = np.asarray(found.assignments)
    if Z.ndim != 3 or not 1 <= len(Z) <= TURNS + 1 or not are_assignments(points, Z):
        return NO_RUN
    # tasks report assignments alone: the means that follow them are taken by their definition
    M = np.stack([points.start, *(weighted_means(points.features, one) for one in Z[1:])])
    R, said = half_turns(points, Turns(Z, M, np.empty(0))), np.asarray(found.energies)
    if said.shape != R[::2].shape:
        return NO_RUN
    off = np.r_[wanders(points, Turns(Z, M, np.empty(0))), said - R[::2]]
    if len(Z) <= TURNS:  # where nothing moves
        off = np.r_[off, np.abs(update(points.case(M[-1]), Z[-1]) - Z[-1]).max()]
    own = entries(R[1:], R[:-1], points.highest, rounding=points.spoiled)
    return unlike(off, points.spoiled) or without_noise(own)


TC_T9_TASKS = Statement(
    id="transductive_clustering/TC-T9-tasks",
    title="In compiled few-shot tasks turns never raise the energy",
    says=(
        "In a few-shot task the rows z_p of the support are held at their labels, z_p = e_{y_p}. In every turn i the "
        "relaxed energy R_T of assignments Z and costs A(M) of prototypes M rises neither when the assignments are "
        "updated to Z_{i+1} nor when the prototypes move to M_{i+1}."
    ),
    source=Derived(mean_step_decrease),
    tex=r"R_T(Z_{i+1}, A(M_{i+1})) \le R_T(Z_{i+1}, A(M_i)) \le R_T(Z_i, A(M_i)),"
    r"\ z_p = e_{y_p} \text{ on the support}",
    hypotheses={
        **SYMMETRIC,
        "one held point a class": lambda points: bool((points.start == points.first).all()),
        "the graph of its points": has_its_graph,
    },
    instances=TASKS,
    solve=few_shot_turns,
    claim=Inequality(falls_in_tasks),
    saboteurs=(
        saboteur("whole steps of a strong pull", solve=partial(few_shot_turns, damping=1.0)),
        saboteur("means of labels", solve=partial(few_shot_turns, hard=True)),
        saboteur("the support is not held", solve=partial(few_shot_turns, clamp=False)),
        saboteur("the directed graph", solve=partial(few_shot_turns, symmetrize=None)),
        saboteur("queries are moved to the support", solve=partial(few_shot_turns, query_shift=True)),
    ),
    notes="The options of `few_shot` that carry the guarantee; the graph is that of all points of the task.",
)


def means(weighted: Weighted, rng: np.random.Generator | None = None) -> np.ndarray:
    """The soft means."""
    return prototypes.weighted_means(np, weighted.features, weighted.assignments, weighted.centers)


def unmoved(weighted: Weighted, rng: np.random.Generator) -> np.ndarray:
    """The prototypes as they were."""
    return weighted.centers


def half_way(weighted: Weighted, rng: np.random.Generator) -> np.ndarray:
    """Half of the way to the means."""
    return (weighted.centers + means(weighted)) / 2


def means_of_labels(weighted: Weighted, rng: np.random.Generator) -> np.ndarray:
    """Means of the points whose largest entry is this cluster's."""
    labels = np.eye(weighted.assignments.shape[1])[weighted.assignments.argmax(1)]
    return means(replace(weighted, assignments=labels))


def squares(weighted: Weighted, centers: np.ndarray) -> float:
    """Return sum z |x - m|^2, the unary term <A, Z> of means."""
    distances = ((weighted.features[:, None] - np.asarray(centers)[None]) ** 2).sum(2)
    return float((weighted.assignments * distances).sum())


def mean_step(weighted: Weighted, found: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare the decrease of the costs with the formula, and the prototypes with the means."""
    masses = weighted.assignments.sum(0)
    gain = mean_step_decrease(masses, weighted.centers, found)
    lost = squares(weighted, weighted.centers) - squares(weighted, found)
    wanted = weighted_means(weighted.features, weighted.assignments)
    lhs, rhs = np.r_[lost, np.ravel(found)], np.r_[factor * float(gain), wanted.ravel()]
    return Sides(lhs, rhs, rounding=weighted.spoiled)


TC_P7 = Statement(
    id="transductive_clustering/TC-P7",
    title="What moving prototypes to the means takes off the energy",
    says=(
        "Moving each prototype m_l of M to the weighted mean m_l' of the points lowers the energy R(Z, A(M)), with "
        "the squared distances A(M) as costs, by exactly the sum over clusters l of their mass, the sum of z_pl over "
        "points p, times the squared move."
    ),
    source=Derived(mean_step_decrease),
    tex=r"R(Z, A(M)) - R(Z, A(M')) = \sum_l \bigl(\sum_p z_{pl}\bigr) \|m_l - m_l'\|^2",
    hypotheses={"positive masses": lambda weighted: bool((weighted.assignments.sum(0) > 0).all())},
    instances=WEIGHTED,
    solve=means,
    claim=Identity(mean_step),
    saboteurs=(
        saboteur("twice the formula", claim=Identity(partial(mean_step, factor=2.0))),
        saboteur("half of the way", solve=half_way),
        saboteur("means of labels", solve=means_of_labels),
        saboteur("the old prototypes", solve=unmoved),
    ),
)
