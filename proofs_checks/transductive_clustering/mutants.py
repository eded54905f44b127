"""Wrong optimisers and roundings; each must be caught by a statement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from proofs_checks.transductive_clustering.families.pieces import (
    Alike,
    Laws,
    Replaced,
    Tangent,
    bounds_of,
    divergence_of,
    four_updates,
    free_alone,
    minimiser,
    replacement,
    tangent,
    work,
)
from proofs_checks.transductive_clustering.families.points import Points, Turns, Weighted, clustered, means
from proofs_checks.transductive_clustering.families.problems import (
    Case,
    Descent,
    descend,
    discrete,
    energy,
    one_hot,
    update,
    vertices,
)
from proofs_checks.transductive_clustering.families.relaxed import (
    AtLabels,
    at_labels,
    from_the_best,
    from_the_costs,
    inside,
    one_update,
    rounded,
)
from proofs_checks.transductive_clustering.families.rings import Pairwise

# --- updates ---------------------------------------------------------------------------------------------------------


def _path(case: Case, step, n_updates: int = 12) -> Descent:
    """Assignments by another step, with the right energies."""
    Z = [np.asarray(case.init, dtype=float)]
    for _ in range(n_updates):
        Z.append(step(Z[-1]))
    return Descent(np.array(Z), np.array([energy(case, one) for one in Z]))


def full_gradient(case: Case, rng: np.random.Generator) -> Descent:
    """The pull of the neighbours counted twice."""
    return _path(case, lambda Z: update(replace(case, lam=2 * case.lam), Z))


def one_at_a_time(case: Case, rng: np.random.Generator) -> Descent:
    """Rows that see the new rows before them."""

    def step(Z: np.ndarray) -> np.ndarray:
        new = Z.copy()
        for p in range(case.n):
            new[p] = update(case, new)[p]
        return new

    return _path(case, step)


def half_steps(case: Case, rng: np.random.Generator) -> Descent:
    """Half of every step."""
    return descend(case, damping=0.5)


def not_held(case: Case, rng: np.random.Generator) -> Descent:
    """Labels that are given at the start and then overwritten."""
    return descend(replace(case, clamp=np.full(case.n, -1)))


def energy_of_the_code(case: Case, rng: np.random.Generator) -> Descent:
    """Energies with lambda in the place of lambda / 2, as the published code prints them."""
    found = descend(case)
    return replace(found, energies=np.array([energy(case, Z, weight=1.0) for Z in found.assignments]))


def colder(case: Case, rng: np.random.Generator) -> Descent:
    """Half of the temperature."""
    return _path(case, lambda Z: update(replace(case, temperature=case.temperature / 2), Z))


# --- relaxations -----------------------------------------------------------------------------------------------------


def double_lambda(case: Case, rng: np.random.Generator) -> AtLabels:
    """lambda in the place of lambda / 2."""
    return at_labels(case, lam=2 * case.lam)


def shifted_labels(case: Case, rng: np.random.Generator) -> AtLabels:
    """Every energy is that of the labels before."""
    found = at_labels(case)
    return AtLabels(*(np.roll(one, 1) for one in (found.relaxed, found.laplacian, found.discrete)))


def both_alike(case: Case, rng: np.random.Generator) -> np.ndarray:
    """The concave energy twice."""
    return np.repeat(inside(case)[:1], 2)


def inside_pulled(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Neighbours that pull twice as much."""
    return inside(replace(case, lam=2 * case.lam))


def from_the_worst(case: Case, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Energies of the worst labels in the place of a descent from the best."""
    worst = max(vertices(case), key=lambda labels: discrete(case, one_hot(labels, case.n_clusters)))
    first, second = from_the_best(case)
    return 0 * first + float(discrete(case, one_hot(worst, case.n_clusters))), second


def last_label(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Of equal labels the last one."""
    mirrored = replace(
        case,
        costs=case.costs[:, ::-1],
        init=case.init[:, ::-1],
        clamp=np.where(case.clamp < 0, -1, case.n_clusters - 1 - case.clamp),
    )
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
    """Neighbours pull half as much."""
    return bounds_of(replace(pair, case=replace(pair.case, lam=pair.case.lam / 2)))


def minimiser_half_pulled(pair: Pairwise, rng: np.random.Generator) -> np.ndarray:
    """Neighbours pull half as much."""
    return minimiser(pair, lam=pair.case.lam / 2)


def minimiser_warmer(pair: Pairwise, rng: np.random.Generator) -> np.ndarray:
    """Twice the temperature."""
    return minimiser(pair, temperature=2 * pair.case.temperature)


def half_divergence(laws: Laws, rng: np.random.Generator) -> float:
    """Logarithms to the base e^2."""
    return divergence_of(laws) / 2


def unscaled_temperature(alike: Alike, rng: np.random.Generator) -> np.ndarray:
    """The factor does not reach the temperature."""
    found = four_updates(alike)
    case = replace(alike.case, costs=alike.factor * alike.case.costs, lam=alike.factor * alike.case.lam)
    found[2] = descend(case, n_updates=1).assignments[1]
    return found


def unnamed(alike: Alike, rng: np.random.Generator) -> np.ndarray:
    """The renamed clusters are given as the others."""
    found = four_updates(alike)
    found[3] = found[0]
    return found


def moving_support(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Held rows are overwritten."""
    found = free_alone(case)
    found[0] = descend(replace(case, clamp=np.full(case.n, -1)), n_updates=6).assignments[-1][case.free]
    return found


def more_exponentials(case: Case, rng: np.random.Generator) -> dict[str, int]:
    """All rows are updated."""
    return work(case) | {"exponentials": 3 * case.costs.size}


def fewer_updates(case: Case, rng: np.random.Generator) -> dict[str, int]:
    """One update is not counted."""
    found = work(case)
    return found | {"updates": found["updates"] - 1}


def replaced_back(replaced: Replaced, rng: np.random.Generator) -> float:
    """The sign is wrong."""
    return -replacement(replaced)


def other_tangent(pair: Tangent, rng: np.random.Generator) -> float:
    """The points are taken for each other."""
    return tangent(Tangent(pair.after, pair.before))


def double_tangent(pair: Tangent, rng: np.random.Generator) -> float:
    """Twice the tangent."""
    return 2 * tangent(pair)


# --- prototypes ------------------------------------------------------------------------------------------------------


def backwards(points: Points, rng: np.random.Generator) -> Turns:
    """The energies in the wrong order."""
    found = clustered(points)
    return Turns(found.energies[::-1], float(found.energies[0]))


def strong_pull(points: Points, rng: np.random.Generator) -> Turns:
    """Whole steps though neighbours pull eight times as much as is safe."""
    return clustered(replace(points, lam=8 * (1 + points.lam), temperature=0.25), damping=1.0)


def half_way(weighted: Weighted, rng: np.random.Generator) -> np.ndarray:
    """Half of the way to the means."""
    return (weighted.centers + means(weighted)) / 2


def means_of_labels(weighted: Weighted, rng: np.random.Generator) -> np.ndarray:
    """Means of the points whose largest entry is this cluster's."""
    labels = np.eye(weighted.assignments.shape[1])[weighted.assignments.argmax(1)]
    return means(replace(weighted, assignments=labels))
