"""What one guess, or a solver with all its guesses, holds after every update of a stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import rounding
from lrtheory.dynamic_submodular import DynamicSubmodular, OneGuess
from proofs_checks.dynamic_submodular.families.functions import SetFunction, value_of
from proofs_checks.dynamic_submodular.families.streams import Updates


@dataclass(frozen=True)
class Followed:
    """One guess after each of T updates.

    Attributes
    ----------
    members : ndarray of shape (T, k)
        The living members in the order of their choice, then -1.
    sequence : ndarray of shape (T, k)
        The same with dead members.
    values, sequence_values : ndarray of shape (T,)
        f of both.
    pools : ndarray of shape (k + 1, n), bool
        R_1, R_2, ... at the end.
    """

    members: np.ndarray
    sequence: np.ndarray
    values: np.ndarray
    sequence_values: np.ndarray
    pools: np.ndarray


def followed(updates: Updates, rng: np.random.Generator, structure: Any = "levels", scale: float = 1.0) -> Followed:
    """Apply the updates one by one."""
    epsilon = min(updates.epsilon, 0.5)
    one = OneGuess(
        updates.function.objective(), updates.k, scale * updates.guess, structure=structure, epsilon=epsilon, rng=rng
    )
    members, sequence = np.full((2, len(updates.ops), updates.k), -1)
    values = np.zeros((2, len(updates.ops)))
    for t, op in enumerate(updates.ops.tolist()):
        one.insert(op) if op >= 0 else one.delete(~op)
        members[t, : len(one.members)], sequence[t, : len(one.sequence)] = one.members, one.sequence
        values[:, t] = one.value, one.sequence_value
    pools = np.zeros((updates.k + 1, updates.function.n), dtype=bool)
    for level, pool in enumerate(one.pools[: updates.k]):
        pools[level, pool] = True
    return Followed(members, sequence, values[0], values[1], pools)


def batched(updates: Updates, rng: np.random.Generator, **changes: Any) -> Followed:
    """The same for batches."""
    return followed(updates, rng, structure="batches", **changes)


@dataclass(frozen=True)
class Answers:
    """A solver after each of T updates: solutions (T, k), filled up with -1, their values, bounds on the optimum."""

    solutions: np.ndarray
    values: np.ndarray
    upper_bounds: np.ndarray


def answered(updates: Updates, rng: np.random.Generator, method: Any = "lazy", **options: Any) -> Answers:
    """Apply the updates one by one."""
    solver = DynamicSubmodular(
        updates.function.objective(), updates.k, epsilon=updates.epsilon, method=method, rng=rng, **options
    )
    return answers_of(solver, updates.ops, updates.k)


def answers_of(solver: DynamicSubmodular, ops: np.ndarray, k: int) -> Answers:
    """Solution, value and bound after each update."""
    solutions, numbers = np.full((len(ops), k), -1), np.zeros((2, len(ops)))
    for t, op in enumerate(ops.tolist()):
        solver.insert(op) if op >= 0 else solver.delete(~op)
        solutions[t, : len(solver.solution)] = solver.solution
        numbers[:, t] = solver.value, solver.upper_bound
    return Answers(solutions, numbers[0], numbers[1])


def values_of(updates: Updates, members: np.ndarray) -> np.ndarray:
    """f of the members after each update, by the table of all values; nothing where one of them is not there."""
    present = updates.present
    there = [all(v < 0 or present[t, v] for v in row) for t, row in enumerate(members)]
    return np.array([value_of(updates.function, row) if ok else 0 for ok, row in zip(there, members, strict=True)])


def spoiled(function: SetFunction) -> float:
    """Rounding of values that are no integers."""
    return 0.0 if function.is_exact else rounding(256 * function.n, 1 + float(function.values[-1]))
