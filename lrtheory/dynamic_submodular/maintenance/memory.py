"""The tables of a maintained solver are allocated here."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.dynamic_submodular.objectives.counting import scratch_for
from lrtheory.dynamic_submodular.structures import states
from lrtheory.dynamic_submodular.structures import stream as streams
from lrtheory.dynamic_submodular.theory import guesses_per_element

__all__ = ["first_slots", "tables"]

#: number of guesses that a lazy solver holds: the pair of the answer, and two that its walk met before
N_HELD = 4


def first_slots(solver: Any) -> int:
    """Return the slots of a new table: one for scratch, and the guesses of a walk or of a first element."""
    if solver.method != "eager":
        return 1 + N_HELD
    return 2 + guesses_per_element(solver.k, solver.epsilon)


def tables(solver: Any, n_slots: int, n: int) -> tuple[states.State, streams.Stream, states.Work]:
    """Allocate empty tables for n_slots - 1 guesses of n elements, the stream that they share, and scratch."""
    length, matroid = solver._length, solver.matroid
    groups = 0 if matroid is None else np.resize(matroid.groups, n)
    # kernels tell a matroid by a second group, so one of a single group gets an empty one
    limits = solver.k if matroid is None else np.resize(np.append(matroid.limits, 0), max(2, len(matroid.limits)))
    sizes = {"n_entries": solver.objective.room_for(length), "n_groups": np.size(limits), "n_slots": n_slots}
    table = states.new_states(solver.objective.record, n, length, **sizes)
    n_buckets = states.n_buckets(solver.epsilon) if solver.method == "batched" else 0
    work = states.new_work(n, length, groups=groups, limits=limits, n_buckets=n_buckets)
    return table, streams.new_stream(n, length, n // 4 + 64), scratch_for(solver.objective, work)
