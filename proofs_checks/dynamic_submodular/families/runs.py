"""What one guess, or a solver with all its guesses, holds after every update of a stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import rounding
from lrtheory.dynamic_submodular import DynamicSubmodular, OneGuess, UpdateTrace
from proofs_checks.dynamic_submodular.families.functions import SetFunction
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


def answered(updates: Updates, rng: np.random.Generator, method: Any = "lazy", **options: Any) -> UpdateTrace:
    """Value and upper bound of the solver after every update."""
    solver = DynamicSubmodular(
        updates.function.objective(), updates.k, epsilon=updates.epsilon, method=method, rng=rng, **options
    )
    return solver.update(updates.ops, record=True)


def spoiled(function: SetFunction) -> float:
    """Rounding of values that are no integers."""
    return 0.0 if function.is_exact else rounding(256 * function.n, 1 + float(function.values[-1]))
