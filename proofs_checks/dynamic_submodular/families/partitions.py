"""Streams of updates under a partition matroid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import DynamicSubmodular, PartitionMatroid
from proofs_checks.dynamic_submodular.families.functions import members
from proofs_checks.dynamic_submodular.families.runs import Answers, answers_of
from proofs_checks.dynamic_submodular.families.streams import EQUAL, HIDDEN, Updates, draw_updates, modular


@dataclass(frozen=True)
class Grouped:
    """A stream, the group of every element, and how many of each group may be chosen."""

    updates: Updates
    groups: np.ndarray
    limits: np.ndarray


def grouped_answers(grouped: Grouped, rng: np.random.Generator, more: int = 0) -> Answers:
    """Return solution, value and bound after every update, with limits raised by `more`."""
    matroid = PartitionMatroid(grouped.groups, grouped.limits + more)
    updates = grouped.updates
    solver = DynamicSubmodular(updates.function.objective(), matroid, epsilon=updates.epsilon, rng=rng)
    return answers_of(solver, updates.ops, int(matroid.rank))


def independent(grouped: Grouped, solutions: np.ndarray) -> np.ndarray:
    """Return whether each solution keeps to the limits, bool (T,)."""
    groups, limits = (np.asarray(one, dtype=np.int64) for one in (grouped.groups, grouped.limits))
    counts = [
        np.bincount(groups[np.asarray(row)[np.asarray(row) >= 0].astype(int)], minlength=len(limits))
        for row in solutions
    ]
    return np.array([(count <= limits).all() for count in counts])


def grouped_optima(grouped: Grouped) -> np.ndarray:
    """Return the value of the best independent set of present elements after each update, by enumeration."""
    function, groups = grouped.updates.function, np.asarray(grouped.groups, dtype=np.int64)
    masks = np.arange(1 << function.n)
    inside = members(masks, function.n)
    counts = np.stack([inside[:, groups == g].sum(1) for g in range(len(grouped.limits))], axis=1)
    independent = masks[(counts <= np.asarray(grouped.limits)).all(1)]
    alive = grouped.updates.present @ (1 << np.arange(function.n))
    return np.array([function.values[independent[(independent & ~a) == 0]].max() for a in alive])


def draw_grouped(draws: Draws) -> Grouped:
    """Draw two groups, of each of which one or two elements may be chosen."""
    updates = draw_updates(draws)
    groups = draws.integers(0, 1, shape=updates.function.n)
    return Grouped(replace(updates, epsilon=0.25), groups, draws.integers(1, 2, shape=2))


#: with epsilon = 1 the weights 1 and 2 are all picks that a sequence can have, and more elements of weight 2 follow
LONGEST = Grouped(
    Updates(modular([1.0] + [2.0] * 5), np.array([*range(6), ~1, 1]), 1, 1.0), np.zeros(6, dtype=int), np.array([1])
)
#: one group sees weights that grow by a half, each just less than twice what is held
GROWING = Grouped(
    Updates(modular([4.0, 6.0, 9.0, 13.0, 19.0, 28.0]), np.array([0, 1, 2, 3, 4, 5, ~5, ~4]), 1, 0.25),
    np.zeros(6, dtype=int),
    np.array([1]),
)
GROUPED = Family(
    "grouped",
    always=(
        Grouped(EQUAL, np.array([0, 0, 1, 1]), np.array([1, 1])),
        Grouped(HIDDEN, np.array([0, 1, 1, 0]), np.array([1, 1])),
        GROWING,
        LONGEST,
    ),
    draw=draw_grouped,
)
