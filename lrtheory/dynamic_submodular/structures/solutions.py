"""The solution that the guesses of a solver give after an update: which guess answers, and which elements it chooses.

Kernels. ``batched`` and ``grouped`` are None or True, see `guesses`.
"""

from __future__ import annotations

from lrtheory._array import flat
from lrtheory.dynamic_submodular.structures import prefixes, states
from lrtheory.dynamic_submodular.structures.prefixes import MEMBER, VALUE
from lrtheory.dynamic_submodular.structures.states import (
    ABSENT,
    BAR,
    DEEPEST,
    EMPTY,
    GROUP,
    LENGTH,
    LIMIT,
    LOWER,
    N_DEAD,
    POOL,
    UNKNOWN,
)
from lrtheory.dynamic_submodular.structures.stream import (
    BEFORE,
    FULL,
    N_BEFORE,
    N_NOW,
    NOW,
    OPEN,
    SINGLE_QUERIES,
    UPPER,
)

__all__ = ["better", "collect", "group_bound", "keep_solution", "live_value", "rank_in_group"]


@flat
def better(solver, batched):
    """Return the slot of the better guess of the pair, or of the open one where it was accepted alone."""
    full, opened = solver.stream.tally[FULL], solver.stream.tally[OPEN]
    if full < 0:
        return opened
    first, second = live_value(solver, full, batched), live_value(solver, opened, batched)
    return full if first >= second else opened


@flat
def group_bound(table, slot, stream, work):
    """Write the bound with groups: f of all picks plus, per group, its limit times its bar (`theory.group_bound`)."""
    length = table.numbers[slot, LENGTH]
    upper = table.marks[slot, VALUE, length]
    for group in range(table.marks.shape[1] - BAR):
        upper += work.integers[LIMIT, group] * table.marks[slot, BAR + group, length]
    stream.answers[UPPER] = upper


@flat
def collect(solver, slot, batched, grouped):
    """Write the solution of a guess to ``chosen``, without dead and swapped-out elements, and return its value."""
    state, work, stream = states.slot_of(solver.table, slot), solver.work, solver.stream
    tally, chosen = stream.tally, stream.chosen
    length, size = state.numbers[LENGTH], 0
    for z in range(1, length + 1):
        v = state.levels[MEMBER, z]
        keeps = state.elements[DEEPEST, v] != ABSENT  # dead members of batches are left out
        if grouped is not None:
            keeps = rank_in_group(state, work, z) < work.integers[LIMIT, work.integers[GROUP, v]]
        if keeps:
            chosen[NOW, size] = v
            size += 1
    tally[N_NOW] = size
    if grouped is None:
        return live_value(solver, slot, batched)
    # without swaps the picks are the solution, and their value is known; else it is asked for once
    if size == length:
        return state.marks[VALUE, length]
    tally[SINGLE_QUERIES] += 1
    return prefixes.set_value(solver.record, states.slot_of(solver.table, EMPTY), chosen[NOW, :size], work.gains)


@flat
def rank_in_group(state, work, z):
    """Return the 0-based rank of pick z in its group by marginal when picked; of equal ones the earlier comes first."""
    marks, group = state.marks, work.integers[GROUP, state.levels[MEMBER, z]]
    weight, heavier = marks[VALUE, z] - marks[VALUE, z - 1], 0
    for y in range(1, state.numbers[LENGTH] + 1):
        if work.integers[GROUP, state.levels[MEMBER, y]] == group:
            other = marks[VALUE, y] - marks[VALUE, y - 1]
            heavier += other > weight or (other == weight and y < z)
    return heavier


@flat
def live_value(solver, slot, batched):
    """Return f of a guess without its dead members; it is asked for once, then kept in marks[LOWER, 0]."""
    state, work = states.slot_of(solver.table, slot), solver.work
    if batched is None or state.numbers[N_DEAD] == 0:
        return state.marks[VALUE, state.numbers[LENGTH]]
    if state.marks[LOWER, 0] == UNKNOWN:
        items, size = work.integers[POOL], 0
        for z in range(1, state.numbers[LENGTH] + 1):
            if state.elements[DEEPEST, state.levels[MEMBER, z]] != ABSENT:
                items[size] = state.levels[MEMBER, z]
                size += 1
        scratch = states.slot_of(solver.table, EMPTY)
        solver.stream.tally[SINGLE_QUERIES] += 1
        state.marks[LOWER, 0] = prefixes.set_value(solver.record, scratch, items[:size], work.gains)
    return state.marks[LOWER, 0]


@flat
def keep_solution(stream):
    """Keep the present solution as the one before the update that comes."""
    stream.tally[N_BEFORE] = stream.tally[N_NOW]
    for a in range(stream.chosen.shape[1]):
        stream.chosen[BEFORE, a] = stream.chosen[NOW, a]
