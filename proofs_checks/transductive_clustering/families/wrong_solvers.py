"""Wrong updates and wrong turns that several rooms refute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from proofs_checks.transductive_clustering.families.definitions import Case, energy, update
from proofs_checks.transductive_clustering.families.paths import UPDATES, Descent, descend
from proofs_checks.transductive_clustering.families.points import TURNS, Points, Turns, weighted_means
from proofs_checks.transductive_clustering.families.relaxed import one_update


def run_by(case: Case, step, n_updates: int = UPDATES) -> Descent:
    """Assignments by another step, with the right energies."""
    Z = [np.asarray(case.init, dtype=float)]
    for _ in range(n_updates):
        Z.append(step(Z[-1]))
    return Descent(np.array(Z), np.array([energy(case, one) for one in Z]))


def one_at_a_time(case: Case, rng: np.random.Generator, n_updates: int = UPDATES) -> Descent:
    """Rows that see the new rows before them."""

    # subtle: this order (Gauss-Seidel) lowers the energy as well, so only claims that pin the update can refute it
    def step(Z: np.ndarray) -> np.ndarray:
        new = Z.copy()
        for p in range(case.n):
            new[p] = update(case, new)[p]
        return new

    return run_by(case, step, n_updates)


def stops_after_one(case: Case, rng: np.random.Generator) -> Descent:
    """One right update, and then none."""
    # subtle: moves of 0 keep every bound on sums of squared steps, so a claim must ask for steps to be taken
    goal = update(case, case.init)
    return run_by(case, lambda Z: goal)


def energy_of_the_code(case: Case, rng: np.random.Generator) -> Descent:
    """Energies with lambda where lambda / 2 is right, as the published code prints them."""
    # subtle: the assignments are the right ones, and only what is reported of them is wrong
    found = descend(case)
    return replace(found, energies=np.array([energy(case, Z, weight=1.0) for Z in found.assignments]))


def colder(case: Case, rng: np.random.Generator, n_updates: int = UPDATES) -> Descent:
    """Half of the temperature."""
    return run_by(case, lambda Z: update(replace(case, temperature=case.temperature / 2), Z), n_updates)


def warmer(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Twice the temperature."""
    return one_update(case, temperature=2 * case.temperature)


def colder_once(case: Case, rng: np.random.Generator) -> np.ndarray:
    """A quarter of the temperature."""
    return one_update(case, temperature=case.temperature / 4)


def turns_by(points: Points, turn, centers: np.ndarray) -> Turns:
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


def begins_anew(points: Points, rng: np.random.Generator) -> Turns:
    """Every turn starts from the costs alone, as published code does."""

    def turn(Z: np.ndarray, M: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        case = points.case(M)
        after = update(case, update(replace(case, lam=0.0), case.init))
        return after, weighted_means(points.features, after)

    return turns_by(points, turn, points.start)
