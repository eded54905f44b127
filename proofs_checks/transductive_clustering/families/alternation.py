"""Energies of turns of assignments and prototypes, and checks that a run of turns is one."""

from __future__ import annotations

import numpy as np

from proofs_checks.transductive_clustering.families.definitions import energy, is_symmetric, update
from proofs_checks.transductive_clustering.families.paths import strays
from proofs_checks.transductive_clustering.families.points import TURNS, Points, Turns, weighted_means

SYMMETRIC = {"a symmetric affinity": lambda points: is_symmetric(points.case(points.first))}


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
