"""Wrong optimizers and roundings; each must be caught by a statement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from proofs_checks.transductive_clustering.families.counts import Counted, counted
from proofs_checks.transductive_clustering.families.definitions import (
    Case,
    discrete,
    energy,
    one_hot,
    update,
    vertices,
)
from proofs_checks.transductive_clustering.families.mixtures import Mixture, Modes, by_products
from proofs_checks.transductive_clustering.families.paths import UPDATES, Descent, descend
from proofs_checks.transductive_clustering.families.points import (
    TURNS,
    End,
    Moved,
    Points,
    Turns,
    Weighted,
    clustered,
    in_motion,
    means,
    settled,
    weighted_means,
)
from proofs_checks.transductive_clustering.families.proof_steps import (
    Alike,
    Laws,
    Replaced,
    Tangent,
    bounds_of,
    divergence_of,
    five_updates,
    free_alone,
    free_spectrum,
    minimizer,
    replacement,
    tangent,
)
from proofs_checks.transductive_clustering.families.relaxed import (
    AtLabels,
    Hard,
    Scattered,
    at_labels,
    from_the_best,
    from_the_costs,
    hardened,
    inside,
    one_update,
    rounded,
)
from proofs_checks.transductive_clustering.families.rings import Pairwise
from proofs_checks.transductive_clustering.families.tasks import Answers, Episode, answered, together

# --- updates ---------------------------------------------------------------------------------------------------------


def _path(case: Case, step, n_updates: int = UPDATES) -> Descent:
    """Assignments by another step, with the right energies."""
    Z = [np.asarray(case.init, dtype=float)]
    for _ in range(n_updates):
        Z.append(step(Z[-1]))
    return Descent(np.array(Z), np.array([energy(case, one) for one in Z]))


def full_gradient(case: Case, rng: np.random.Generator) -> Descent:
    """The pull of the neighbors counted twice."""
    return _path(case, lambda Z: update(replace(case, lam=2 * case.lam), Z))


def one_at_a_time(case: Case, rng: np.random.Generator, n_updates: int = UPDATES) -> Descent:
    """Rows that see the new rows before them."""

    # subtle: this order (Gauss-Seidel) lowers the energy as well, so only claims that pin the update can refute it
    def step(Z: np.ndarray) -> np.ndarray:
        new = Z.copy()
        for p in range(case.n):
            new[p] = update(case, new)[p]
        return new

    return _path(case, step, n_updates)


def stands_still(case: Case, rng: np.random.Generator) -> Descent:
    """The start for ever."""
    return _path(case, lambda Z: Z)


def stops_after_one(case: Case, rng: np.random.Generator) -> Descent:
    """One right update, and then none."""
    # subtle: moves of 0 keep every bound on sums of squared steps, so a claim must ask for steps to be taken
    goal = update(case, case.init)
    return _path(case, lambda Z: goal)


def opposite_labels(case: Case, rng: np.random.Generator, n_updates: int = UPDATES) -> Descent:
    """Two points that keep opposite labels."""
    return _path(replace(case, init=np.eye(2)), lambda Z: Z, n_updates)


def turning_labels(case: Case, rng: np.random.Generator) -> Descent:
    """Labels that turn."""
    return _path(replace(case, init=np.eye(case.n)), lambda Z: np.roll(Z, 1, axis=1), 60)


def overwritten(case: Case, rng: np.random.Generator) -> Descent:
    """Labels that are given at the start and then overwritten."""
    return descend(replace(case, clamp=np.full(case.n, -1)))


def energy_of_the_code(case: Case, rng: np.random.Generator) -> Descent:
    """Energies with lambda where lambda / 2 is right, as the published code prints them."""
    # subtle: the assignments are the right ones, and only what is reported of them is wrong
    found = descend(case)
    return replace(found, energies=np.array([energy(case, Z, weight=1.0) for Z in found.assignments]))


def colder(case: Case, rng: np.random.Generator, n_updates: int = UPDATES) -> Descent:
    """Half of the temperature."""
    return _path(case, lambda Z: update(replace(case, temperature=case.temperature / 2), Z), n_updates)


# --- relaxations -----------------------------------------------------------------------------------------------------


def double_lambda(case: Case, rng: np.random.Generator) -> AtLabels:
    """lambda where lambda / 2 is right."""
    return at_labels(case, lam=2 * case.lam)


def shifted_labels(case: Case, rng: np.random.Generator) -> AtLabels:
    """Every energy is that of the labels before."""
    found = at_labels(case)
    return AtLabels(*(np.roll(one, 1) for one in (found.relaxed, found.laplacian, found.discrete)))


def both_alike(case: Case, rng: np.random.Generator) -> np.ndarray:
    """The concave energy twice."""
    return np.repeat(inside(case)[:1], 2)


def inside_pulled(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Neighbors that pull twice as much."""
    return inside(replace(case, lam=2 * case.lam))


def from_the_worst(case: Case, rng: np.random.Generator) -> tuple[Descent, Descent]:
    """The worst labels for ever, and no descent from the best ones."""
    worst = max(vertices(case), key=lambda labels: discrete(case, one_hot(labels, case.n_clusters)))
    there = replace(case, init=one_hot(worst, case.n_clusters).astype(float))
    return _path(there, lambda Z: Z), from_the_best(case)[1]


def from_the_start_twice(case: Case, rng: np.random.Generator) -> tuple[Descent, Descent]:
    """The descent from the start is the only witness."""
    # subtle: this run may end below E* as well, so a claim must hold the witness to its start
    second = from_the_best(case)[1]
    return second, second


def one_turn_less(scattered: Scattered, rng: np.random.Generator) -> Hard:
    """Centers before their last move: those of K-means at the start."""
    return replace(hardened(scattered), centers=scattered.first)


def last_label(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Labels that take the last of equal ones."""
    # with the clusters in reverse order the first of equal labels is the last one
    clamp = np.where(case.free, -1, case.n_clusters - 1 - case.clamp)
    mirrored = replace(case, costs=case.costs[:, ::-1], init=case.init[:, ::-1], clamp=clamp)
    return case.n_clusters - 1 - rounded(mirrored)


def warmer(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Twice the temperature."""
    return one_update(case, temperature=2 * case.temperature)


def colder_once(case: Case, rng: np.random.Generator) -> np.ndarray:
    """A quarter of the temperature."""
    return one_update(case, temperature=case.temperature / 4)


def dearer(case: Case, rng: np.random.Generator) -> np.ndarray:
    """All costs one larger."""
    return from_the_costs(case, costs=case.costs + 1)


def warmer_alone(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Twice the temperature."""
    return from_the_costs(case, temperature=2 * case.temperature)


# --- pieces ----------------------------------------------------------------------------------------------------------


def half_pulled(pair: Pairwise, rng: np.random.Generator) -> np.ndarray:
    """Neighbors pull half as much."""
    return bounds_of(replace(pair, case=replace(pair.case, lam=pair.case.lam / 2)))


def minimizer_half_pulled(pair: Pairwise, rng: np.random.Generator) -> np.ndarray:
    """Neighbors pull half as much."""
    return minimizer(pair, lam=pair.case.lam / 2)


def minimizer_warmer(pair: Pairwise, rng: np.random.Generator) -> np.ndarray:
    """Twice the temperature."""
    return minimizer(pair, temperature=2 * pair.case.temperature)


def half_divergence(laws: Laws, rng: np.random.Generator) -> float:
    """Logarithms to the base e^2."""
    return divergence_of(laws) / 2


def diagonal_jacobian(laws: Laws, rng: np.random.Generator) -> np.ndarray:
    """diag(s)."""
    return np.diag(laws.p[0])


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


def moving_support(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Clamped rows are overwritten."""
    found = free_alone(case)
    found[0] = descend(replace(case, clamp=np.full(case.n, -1)), n_updates=2).assignments[-1][case.free]
    return found


def wrong_end(case: Case, rng: np.random.Generator) -> np.ndarray:
    """The largest eigenvalue for the least."""
    found = free_spectrum(case)
    return np.array([found[1], found[1]])


def fewer_products(case: Case, rng: np.random.Generator) -> Counted:
    """The pass for the energy at the end is not reported."""
    found = counted(case)
    return replace(found, flops=found.flops * found.updates // (found.updates + 1))


def edges_alone(case: Case, rng: np.random.Generator) -> Counted:
    """One multiply-add per edge, whatever the number of clusters."""
    found = counted(case)
    return replace(found, flops=found.flops // case.n_clusters)


def more_updates(case: Case, rng: np.random.Generator) -> Counted:
    """Passes are reported as updates."""
    found = counted(case)
    return replace(found, updates=found.passes)


def replaced_back(replaced: Replaced, rng: np.random.Generator) -> float:
    """The sign is wrong."""
    return -replacement(replaced)


def other_tangent(pair: Tangent, rng: np.random.Generator) -> float:
    """The points are taken for each other."""
    return tangent(Tangent(pair.after, pair.before))


# --- prototypes ------------------------------------------------------------------------------------------------------


def _turns(points: Points, turn, centers: np.ndarray) -> Turns:
    """Turns by another rule, with the right energies."""
    case = points.case(centers)
    Z, M = [update(replace(case, lam=0.0), case.init)], [centers]
    energies = [energy(case, Z[0])]
    for _ in range(TURNS):
        after, moved = turn(Z[-1], M[-1])
        energies += [energy(points.case(M[-1]), after), energy(points.case(moved), after)]
        Z.append(after)
        M.append(moved)
    return Turns(np.stack(Z), np.stack(M), np.array(energies))


def backwards(points: Points, rng: np.random.Generator) -> Turns:
    """The energies in the wrong order."""
    found = clustered(points)
    return replace(found, energies=found.energies[::-1])


def level(points: Points, rng: np.random.Generator) -> Turns:
    """Energies that never change."""
    # subtle: constant energies never rise, and only the definition tells them from the right ones
    found = clustered(points)
    return replace(found, energies=np.full_like(found.energies, found.energies[-1]))


def begins_anew(points: Points, rng: np.random.Generator) -> Turns:
    """Every turn starts from the costs alone, as published code does."""

    def turn(Z: np.ndarray, M: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        case = points.case(M)
        after = update(case, update(replace(case, lam=0.0), case.init))
        return after, weighted_means(points.features, after)

    return _turns(points, turn, points.start)


def from_between(points: Points, rng: np.random.Generator) -> Turns:
    """The first medoid is no point, and the next one is the point that is best."""

    def turn(Z: np.ndarray, M: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after = update(points.case(M), Z)
        return after, points.features[(after.T @ points.costs(points.features)).argmin(1)]

    return _turns(points, turn, points.first)


def settled_with_twice_the_pull(points: Points, rng: np.random.Generator) -> End:
    """lambda twice."""
    # the constant makes a difference where lambda is 0 too
    return settled(replace(points, lam=2 * points.lam + 0.25))


def unmoved_prototypes(points: Points, rng: np.random.Generator) -> Moved:
    """Prototypes that do not go with the points."""
    found = in_motion(points)
    return replace(found, moved_prototypes=found.prototypes)


def unmoved(weighted: Weighted, rng: np.random.Generator) -> np.ndarray:
    """The prototypes as they were."""
    return weighted.centers


def least_assigned(mixture: Mixture, rng: np.random.Generator, n: int) -> Modes:
    """The point with the least assignment for that with the largest."""
    # the largest entry of a cluster minus each entry reverses their order
    found = by_products(mixture, rng, n)
    return replace(found, assignments=found.assignments.max(1, keepdims=True) - found.assignments)


def half_way(weighted: Weighted, rng: np.random.Generator) -> np.ndarray:
    """Half of the way to the means."""
    return (weighted.centers + means(weighted)) / 2


def means_of_labels(weighted: Weighted, rng: np.random.Generator) -> np.ndarray:
    """Means of the points whose largest entry is this cluster's."""
    labels = np.eye(weighted.assignments.shape[1])[weighted.assignments.argmax(1)]
    return means(replace(weighted, assignments=labels))


# --- tasks -----------------------------------------------------------------------------------------------------------


def turned_labels(law, rng: np.random.Generator, n: int, **options) -> Answers:
    """Labels of the next query."""
    # subtle: shares of classes among the answers stay as they are
    found = answered(law, rng, n, **options)
    return replace(found, labels=np.roll(found.labels, 1, axis=1))


def matched_labels(law, rng: np.random.Generator, n: int) -> Answers:
    """Labels renamed, task by task, so that most are right."""
    from scipy.optimize import linear_sum_assignment

    found = answered(law, rng, n, method="slk")
    renamed = found.labels.copy()
    for labels, truth in zip(renamed, law.tasks(found.seed, n).truth, strict=True):
        table = np.zeros((law.n_classes, law.n_classes))
        np.add.at(table, (labels, truth), 1)
        labels[:] = linear_sum_assignment(-table)[1][labels]
    return replace(found, labels=renamed)


def shifted_queries(episode: Episode, rng: np.random.Generator) -> np.ndarray:
    """Queries are moved so that their mean is that of the support."""
    moved = episode.query + (episode.support.mean(1) - episode.query.mean(1))
    return together(replace(episode, query=moved))
