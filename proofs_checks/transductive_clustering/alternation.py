"""Assignments and prototypes in turn: the joint energy, what its moves add up to, and where it all ends."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import wrong_solvers
from proofs_checks.transductive_clustering.families.definitions import energy, farthest, is_symmetric, one_hot, update
from proofs_checks.transductive_clustering.families.paths import (
    NO_RUN,
    Descent,
    entries,
    joined,
    strays,
    unlike,
    without_noise,
)
from proofs_checks.transductive_clustering.families.points import (
    HARD,
    MEANS,
    PAIR,
    PLANAR,
    POINTS,
    ROTATION,
    SETTLING,
    SHIFT,
    TASKS,
    TURNS,
    End,
    Moved,
    Points,
    Turns,
    clustered,
    few_shot_turns,
    has_its_graph,
    has_masses,
    in_motion,
    is_gentle,
    settled,
    settles,
    weighted_means,
)

SYMMETRIC = {"a symmetric affinity": lambda points: is_symmetric(points.case(points.first))}


# --- turns of assignments and prototypes -----------------------------------------------------------------------------


def half_turns(points: Points, found: Turns) -> np.ndarray:
    """Return R by its definition at the start, then after the assignments and after the prototypes of each turn."""
    Z, M = found.assignments, found.prototypes
    values = [energy(points.case(M[0]), Z[0])]
    for after, before, moved in zip(Z[1:], M[:-1], M[1:], strict=True):
        values += [energy(points.case(before), after), energy(points.case(moved), after)]
    return np.array(values)


def are_assignments(points: Points, Z: np.ndarray) -> bool:
    """Tell whether all rows have the sum 1, and free rows positive entries alone."""
    Z = np.asarray(Z)
    shape = len(points.features), len(points.first)
    return Z.shape[-2:] == shape and bool((Z[..., points.clamp < 0, :] > 0).all() and np.allclose(Z.sum(-1), 1))


def is_a_run(points: Points, found: Turns) -> bool:
    """Tell whether there are as many turns as were asked for, or fewer where the next one would move nothing."""
    Z, M, n = np.asarray(found.assignments), np.asarray(found.prototypes), len(found.assignments) - 1
    shapes = (n + 1, *points.affinity.shape[:1], len(points.first)), (n + 1, *points.first.shape), (2 * n + 1,)
    if (Z.shape, M.shape, np.shape(found.energies)) != shapes or not 1 <= n <= TURNS or not are_assignments(points, Z):
        return False
    return n == TURNS or float(np.abs(update(points.case(M[-1]), Z[-1]) - Z[-1]).max()) <= points.spoiled


def wanders(points: Points, found: Turns) -> np.ndarray:
    """Return the errors of the start, of each step of the assignments and of each move of the prototypes.

    A step may be damped. Means are weighted means, medoids are best, modes no worse than after one mean shift.
    """
    Z, M = found.assignments, found.prototypes
    off = [np.abs(M[0] - points.start).max(), np.abs(Z[0] - points.begin).max()]
    for before, after, old, new in zip(Z[:-1], Z[1:], M[:-1], M[1:], strict=True):
        case = points.case(old)
        off.append(strays(case, np.stack([before, after]), damped=True)[1])
        if points.prototype == "mean":
            off.append(np.abs(new - weighted_means(points.features, after)).max())
            continue
        cost = lambda centers, Z=after: (Z * points.costs(centers)).sum(0)
        if points.prototype == "medoid":
            best = (after.T @ points.costs(points.features)).min(1)
            off.append(np.abs(cost(new) - best).max())
        else:
            shifted = weighted_means(points.features, -after * points.costs(old))
            off.append(np.maximum(cost(new) - cost(shifted), 0.0).max())
    return np.array(off)


def falls(points: Points, found: Turns) -> Sides:
    """Compare each energy by its definition with the one before, once turns and reported energies are right."""
    if not is_a_run(points, found):
        return NO_RUN
    R = half_turns(points, found)
    wrong = unlike(np.r_[np.asarray(found.energies) - R, wanders(points, found)], points.spoiled)
    return wrong or without_noise(entries(R[1:], R[:-1], points.highest, rounding=points.spoiled))


TC_T9 = Statement(
    id="transductive_clustering/TC-T9",
    title="Assignments and prototypes in turn never raise the energy",
    says=(
        "R_T(Z, A(M)) is the relaxed energy of assignments Z at temperature T with the costs A(M) of prototypes M. In"
        " turn i neither the update of the assignments, Z_i to Z_{i+1}, nor that of the prototypes, M_i to M_{i+1}, "
        "raises it."
    ),
    source=Derived(theory.mean_step_decrease),
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
        saboteur("a medoid from between the points", solve=wrong_solvers.from_between, instances=PAIR),
        saboteur("whole steps of a strong pull", solve=partial(clustered, damping=1.0)),
        saboteur("energies turned round", solve=wrong_solvers.backwards),
        saboteur("the same energy for ever", solve=wrong_solvers.level),
        saboteur("assignments begin anew each turn", solve=wrong_solvers.begins_anew),
    ),
    notes="Soft means, mean shifts, and medoids, which start at points of the data; one update a turn, shortened where "
    "the neighbors pull too much.",
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
    source=Derived(theory.mean_step_decrease),
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


def adds_up(points: Points, found: Turns, share: float = 1.0) -> Sides:
    """Compare weighted sums of the moves of both kinds with what the energy can lose, and gradients with moves."""
    if not is_a_run(points, found):
        return NO_RUN
    Z, M, case = found.assignments, found.prototypes, points.case(points.start)
    least, norm = case.spectrum
    margin = points.temperature + points.lam * min(least, 0.0) / 2
    gains = [
        margin * ((Z[i + 1] - Z[i]) ** 2).sum() + theory.mean_step_decrease(Z[i + 1].sum(0), M[i], M[i + 1])
        for i in range(len(Z) - 1)
    ]
    options = {"n_free": int(case.free.sum()), "lam": points.lam, "temperature": points.temperature}
    # squared distances are at least 0 wherever the prototypes go, so costs of 0 bound all energies of the run
    lower = float(theory.energy_lower_bound(0 * case.costs, points.affinity, **options))
    budget = np.full(len(gains), share * (energy(case, Z[0]) - lower))
    bounds = [share * bound_of_gradient(points, Z[i : i + 2], M[i : i + 2], norm) for i in range(len(gains))]
    gradients = [gradient(points, z, m) for z, m in zip(Z[1:], M[1:], strict=True)]
    most = np.arange(1, len(gains) + 1) * (margin * farthest(case) + len(points.features) * points.diameter**2)
    said = np.asarray(found.energies) - half_turns(points, found)
    wrong = unlike(np.r_[said, wanders(points, found)], points.spoiled)
    own = entries(np.cumsum(gains), budget, most), entries(gradients, bounds)
    return wrong or without_noise(replace(joined(*own), rounding=points.spoiled))


def gradient(points: Points, Z: np.ndarray, M: np.ndarray) -> float:
    """Return the norm of the gradient of R along the simplices, over the free rows."""
    case = points.case(M)
    free = case.free
    slope = points.temperature * np.log(Z[free]) + case.costs[free] - points.lam * (points.affinity @ Z)[free]
    return float(np.linalg.norm(slope - slope.mean(1, keepdims=True)))


def bound_of_gradient(points: Points, Z: np.ndarray, M: np.ndarray, norm: float) -> float:
    """Return the bound on the gradient after a turn, from the moves of the turn."""
    free = points.clamp < 0
    drift = np.linalg.norm((points.costs(M[1]) - points.costs(M[0]))[free])
    return theory.joint_kkt_bound(np.linalg.norm(Z[1] - Z[0]), drift, spectral_norm=norm, lam=points.lam)


TC_T10 = Statement(
    id="transductive_clustering/TC-T10",
    title="Moves of assignments and means have finite sums of squares and bound the gradient",
    says=(
        "Along turns, squared steps Delta_i times T' = T + (lambda/2) min(lambda_min, 0) and squared moves of means "
        "m_l to m_l' times cluster masses mu_l add up to at most R_0 - R_lb, the first energy less one below all. "
        "After a turn P grad R, R's gradient along the simplices, is bounded by both moves; A(M): costs, W_F: free "
        "block of W."
    ),
    source=Derived(theory.joint_kkt_bound),
    tex=r"\sum_i \Bigl(T' \|\Delta_i\|^2 + \sum_{l} \mu_l \|m_l - m_l'\|^2\Bigr) \le R_0 - R_{\mathrm{lb}},\quad"
    r" \|P \nabla R\| \le \lambda \|W_F\| \|\Delta_i\| + \|A(M_{i+1}) - A(M_i)\|",
    hypotheses={
        **SYMMETRIC,
        "means, and lambda lambda_min > -2 T": is_gentle,
        "weights at or above zero": has_masses,
    },
    instances=MEANS,
    solve=partial(clustered, damping=1.0),
    claim=Inequality(adds_up, unbounded="the gradient is infinite at the faces of the simplices"),
    saboteurs=(
        saboteur("assignments begin anew each turn", solve=wrong_solvers.begins_anew),
        saboteur("means of labels", solve=partial(clustered, damping=1.0, hard=True)),
        saboteur("the support is not held", solve=partial(clustered, damping=1.0, clamp=None)),
        saboteur("a tenth of it", claim=Inequality(partial(adds_up, share=0.1))),
    ),
    notes="One update a turn makes the turn a continuous map; both moves tend to 0, and limits are stationary.",
)


def at_rest(points: Points, found: End) -> Sides:
    """Compare the gradient along the simplices, the errors of the means and those of the clamped rows with 0."""
    Z, M = np.asarray(found.assignments), np.asarray(found.prototypes)
    if not are_assignments(points, Z):
        return NO_RUN
    clamped = points.clamp >= 0
    off = [
        # in units of T, since the claim is about log z
        np.abs(gradient(points, Z, M)) / points.temperature,
        np.abs(M - weighted_means(points.features, Z)).max(),
        np.abs(Z[clamped] - one_hot(points.clamp[clamped], len(M))).max(initial=0.0),
    ]
    return entries(off, 0.0, rounding=16 * points.spoiled)


TC_T10_LIMIT = Statement(
    id="transductive_clustering/TC-T10-limit",
    title="Where turns end, assignments and means satisfy the KKT conditions",
    says=(
        "Where turns settle, in each free row log z_p + (a_p - lambda (WZ)_p) / T is a constant c_p in all entries, "
        "with z_p the row of assignments and a_p that of costs, T the temperature; each prototype m_l is the mean of "
        "the points x_p with weights z_pl; held rows are at their labels."
    ),
    source=Derived(theory.joint_kkt_bound),
    tex=r"\log z_p + (a_p - \lambda (WZ)_p)/T = c_p 1,\quad m_l = \sum_p z_{pl} x_p / \sum_p z_{pl}",
    hypotheses={**SYMMETRIC, "means, and lambda lambda_min > -2 T": is_gentle, "turns settle": settles},
    instances=SETTLING,
    solve=settled,
    claim=Inequality(at_rest, unbounded="the gradient is infinite at the faces of the simplices"),
    saboteurs=(
        saboteur("the support is not held", solve=partial(settled, clamp=None)),
        saboteur("means of labels", solve=partial(settled, hard=True)),
        # nearly settled, and refuted because rounding is all that is allowed
        saboteur("three turns", solve=partial(settled, n_turns=3)),
        saboteur("the pull of the neighbors twice", solve=wrong_solvers.settled_with_twice_the_pull),
    ),
    notes="Up to rounding. No global optimum is claimed.",
)


def carried(points: Points, found: Moved) -> Sides:
    """Compare assignments and prototypes of the moved points with those of the points, moved."""
    lhs = np.r_[found.moved_assignments.ravel(), found.moved_prototypes.ravel()]
    rhs = np.r_[found.assignments.ravel(), (found.prototypes @ ROTATION.T + SHIFT).ravel()]
    off = strays(points.case(points.start), np.stack([points.begin, found.assignments]), damped=True)[1]
    return Sides(np.r_[lhs, off], np.r_[rhs, 0.0], rounding=16 * points.spoiled)


TC_S9_MOTION = Statement(
    id="transductive_clustering/TC-S9-motion",
    title="Turning and shifting all points turns and shifts the prototypes alone",
    says=(
        "If all points X and first prototypes are turned by a rotation Q and shifted by a vector t, then the "
        "assignments Z stay as they are, and the prototypes M move along: M becomes M Q' + 1 t', where 1 is a column "
        "of ones."
    ),
    source=Classical("invariance of distances under motions", "definition"),
    tex=r"X \to X Q' + 1 t' \Rightarrow Z \to Z,\ M \to M Q' + 1 t'",
    hypotheses={"means": lambda points: points.prototype == "mean"},
    instances=PLANAR,
    solve=in_motion,
    claim=Identity(carried),
    saboteurs=(
        saboteur("the points are sheared", solve=partial(in_motion, rotation=np.array([[1.0, 0.5], [0.0, 1.0]]))),
        saboteur("the prototypes stay", solve=wrong_solvers.unmoved_prototypes),
    ),
)
