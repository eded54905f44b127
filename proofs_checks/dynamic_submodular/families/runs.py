"""Runs of one guess, or of a solver with all its guesses, along a stream, and the true values of their sets."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import UNFIT, rounding
from lrtheory.dynamic_submodular import DynamicSubmodular, OneGuess
from proofs_checks.dynamic_submodular.families.functions import SetFunction, gain, value_of
from proofs_checks.dynamic_submodular.families.streams import Updates

#: the bound of a solver is a decision, since every number between the optimum and the limit is a right one
DECIDED = ("solutions", "upper_bounds")
#: the value of a set that is not admissible, or whose reported value is false: less than every bound
WRONG = UNFIT


@dataclass(frozen=True)
class Batched:
    """One guess with batches after each of T updates.

    Attributes
    ----------
    members : ndarray of shape (T, k)
        The living members in the order of their choice, then -1.
    sequence : ndarray of shape (T, k)
        The whole sequence, dead members included, then -1.
    values, sequence_values : ndarray of shape (T,)
        The reported f of both.
    """

    members: np.ndarray
    sequence: np.ndarray
    values: np.ndarray
    sequence_values: np.ndarray


def chosen(row: Any) -> list[int]:
    """Return the elements of a row, without the -1 that fill it up."""
    return [int(v) for v in row if v >= 0]


def is_set(row: Any, allowed: Any, k: int) -> bool:
    """Return whether a row holds at most k elements, each once, of those that are allowed, bool (n,)."""
    items = chosen(row)
    filled = np.asarray(row).min(initial=0) >= -1  # nothing but -1 stands where there is no element
    return bool(filled) and len(set(items)) == len(items) <= k and all(v < len(allowed) and allowed[v] for v in items)


def spoiled(function: SetFunction) -> float:
    """Return the rounding that values may carry; 0 where they are integers."""
    # 256 operations per element are more than any objective here takes, in the library and in the table together
    return 0.0 if function.is_exact else rounding(256 * function.n, 1 + float(function.values[-1]))


def worth_of(function: SetFunction, row: Any, allowed: Any, k: int, reported: Any) -> Fraction | float:
    """Return f of a row by the table of all values; WRONG where it is not admissible, or another value is reported."""
    if not is_set(row, allowed, k):
        return WRONG
    value = value_of(function, chosen(row))
    return value if abs(reported - value) <= spoiled(function) else WRONG


def worth(updates: Updates, rows: np.ndarray, reported: np.ndarray) -> np.ndarray:
    """Return f of each row by the table after its update; WRONG where an element is absent or the value is false."""
    pairs = zip(rows, updates.present, reported, strict=True)
    return np.array([worth_of(updates.function, row, there, updates.k, value) for row, there, value in pairs])


def living(updates: Updates, found: Batched) -> np.ndarray:
    """Return f of the living by the table; WRONG where they are not those of the sequence, or a report is false."""
    values = worth(updates, found.members, found.values)
    anybody = np.ones(updates.function.n, bool)
    rows = zip(found.members, found.sequence, found.sequence_values, updates.present, strict=True)
    for t, (members, sequence, reported, present) in enumerate(rows):
        if worth_of(updates.function, sequence, anybody, updates.k, reported) == WRONG:
            values[t] = WRONG
        elif chosen(members) != [v for v in chosen(sequence) if present[v]]:  # the living, in the order of the sequence
            values[t] = WRONG
    return values


def increments(updates: Updates, row: np.ndarray) -> list:
    """Return the members of a sequence, dead or alive, with the marginal of each when it was chosen."""
    sequence = chosen(row)
    return [(v, gain(updates.function, v, sequence[:i])) for i, v in enumerate(sequence)]


@dataclass(frozen=True)
class Held:
    """One guess after each of T updates: its members (T, k), filled up with -1, and the value it reports (T,)."""

    members: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Pooled:
    """One guess after each of T updates, with the pools R_1, R_2, ... as bool (T, k + 1, n)."""

    members: np.ndarray
    values: np.ndarray
    pools: np.ndarray


def guess_of(updates: Updates, rng: np.random.Generator, structure: Any, scale: float) -> OneGuess:
    """Make the structure under test for a guess that is `scale` times the one of the stream."""
    epsilon = min(updates.epsilon, 0.5)  # batches allow no more, and levels do not read it
    objective = updates.function.objective()
    return OneGuess(objective, updates.k, scale * updates.guess, structure=structure, dead_share=epsilon, rng=rng)


def filled(rows: list[np.ndarray], k: int) -> np.ndarray:
    """Stack rows of different lengths, filled up with -1."""
    table = np.full((len(rows), k), -1)
    for t, row in enumerate(rows):
        table[t, : len(row)] = row
    return table


def pooled(updates: Updates, rng: np.random.Generator, scale: float = 1.0) -> Pooled:
    """Apply the updates to one guess and return its members, value and pools after each."""
    one, members, values = guess_of(updates, rng, "levels", scale), [], []
    pools = np.zeros((len(updates.ops), updates.k + 1, updates.function.n), dtype=bool)
    for t, op in enumerate(updates.ops.tolist()):
        one.insert(op) if op >= 0 else one.delete(~op)
        members.append(one.members)
        values.append(one.value)
        for level, pool in enumerate(one.pools[: updates.k]):
            pools[t, level, pool] = True
    return Pooled(filled(members, updates.k), np.array(values), pools)


def followed(updates: Updates, rng: np.random.Generator, scale: float = 1.0) -> Held:
    """Apply the updates to one guess and return its members and value after each."""
    found = pooled(updates, rng, scale)
    return Held(found.members, found.values)


def batched(updates: Updates, rng: np.random.Generator, scale: float = 1.0) -> Batched:
    """Apply the updates to one guess with batches and return its members and sequence after each."""
    one = guess_of(updates, rng, "batches", scale)
    members, sequence, values = [], [], []
    for op in updates.ops.tolist():
        one.insert(op) if op >= 0 else one.delete(~op)
        members.append(one.members)
        sequence.append(one.sequence)
        values.append((one.value, one.sequence_value))  # f of the living members, and of all
    return Batched(filled(members, updates.k), filled(sequence, updates.k), *np.array(values).T)


@dataclass(frozen=True)
class Answers:
    """A solver after each of T updates: solutions (T, k), filled up with -1, their values, bounds on the optimum."""

    solutions: np.ndarray
    values: np.ndarray
    upper_bounds: np.ndarray


def answers_of(solver: DynamicSubmodular, ops: np.ndarray, k: int) -> Answers:
    """Return solution, value and bound of a solver after each update."""
    solutions, numbers = [], np.zeros((2, len(ops)))
    for t, op in enumerate(ops.tolist()):
        solver.insert(op) if op >= 0 else solver.delete(~op)
        solutions.append(solver.solution)
        numbers[:, t] = solver.value, solver.upper_bound
    return Answers(filled(solutions, k), numbers[0], numbers[1])


def is_full(sequence: np.ndarray) -> np.ndarray:
    """Return whether the sequence has k members, after each update."""
    return (sequence >= 0).all(1)
