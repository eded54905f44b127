"""Streams under a partition matroid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import DynamicSubmodular, PartitionMatroid, UpdateTrace
from proofs_checks.dynamic_submodular.families.functions import members
from proofs_checks.dynamic_submodular.families.streams import EQUAL, HIDDEN, Updates, draw_updates


@dataclass(frozen=True)
class Grouped:
    """A stream, the group of every element, and how many of each group may be chosen."""

    updates: Updates
    groups: np.ndarray
    limits: np.ndarray


def grouped_answers(grouped: Grouped, rng: np.random.Generator, more: int = 0) -> UpdateTrace:
    """Value and upper bound after every update."""
    matroid = PartitionMatroid(grouped.groups, grouped.limits + more)
    updates = grouped.updates
    solver = DynamicSubmodular(updates.function.objective(), matroid, epsilon=updates.epsilon, rng=rng)
    return solver.update(updates.ops, record=True)


def grouped_optima(grouped: Grouped) -> np.ndarray:
    """The best independent set of present elements after each update, by enumeration."""
    function, groups = grouped.updates.function, np.asarray(grouped.groups, dtype=np.int64)
    masks = np.arange(1 << function.n)
    inside = members(masks, function.n)
    counts = np.stack([inside[:, groups == g].sum(1) for g in range(len(grouped.limits))], axis=1)
    independent = masks[(counts <= np.asarray(grouped.limits)).all(1)]
    alive = grouped.updates.present @ (1 << np.arange(function.n))
    return np.array([function.values[independent[(independent & ~a) == 0]].max() for a in alive])


def draw_grouped(draws: Draws) -> Grouped:
    """Two groups with room for one or two of each."""
    updates = draw_updates(draws)
    groups = draws.integers(0, 1, shape=updates.function.n)
    return Grouped(replace(updates, epsilon=0.25), groups, draws.integers(1, 2, shape=2))


GROUPED = Family(
    "grouped",
    always=(
        Grouped(EQUAL, np.array([0, 0, 1, 1]), np.array([1, 1])),
        Grouped(HIDDEN, np.array([0, 1, 1, 0]), np.array([1, 1])),
    ),
    draw=draw_grouped,
)
