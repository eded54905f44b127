r"""The structures are recomputed from their definitions here, and compared: the work of `check_invariants`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory.dynamic_submodular.objectives.base import probe_submodular
from lrtheory.dynamic_submodular.structures.states import (
    ABSENT,
    AFTER,
    BAR,
    BATCH,
    BUILT,
    DEAD,
    DEEPEST,
    EPSILON,
    GROWN,
    HEAD,
    INDEX,
    LENGTH,
    LEVELS,
    LOWER,
    MEMBER,
    N_DEAD,
    NEARLY,
    SCALES,
    SEQUENCE_INDEX,
    SIZE,
    START,
    THRESHOLD,
    VALUE,
)
from lrtheory.dynamic_submodular.structures.stream import AT, N_SLOTS
from lrtheory.dynamic_submodular.theory import group_bound

__all__ = ["check_answer", "check_objective", "check_state", "pools"]

#: relative error that recomputed values may have
CLOSE = 1e-9


def pools(state: Any, batched: bool) -> tuple[np.ndarray, ...]:
    """Return R_1, R_2, ..., read off the deepest level of each element."""
    count = int(state.numbers[LEVELS if batched else LENGTH])
    return tuple(np.flatnonzero(state.elements[DEEPEST] >= i) for i in range(1, count + 1))


def check_state(objective: Any, state: Any, k: int, batched: bool, groups: Any = None) -> None:
    """Raise an AssertionError that says which definition the state of one guess does not fulfill."""
    check_lists(state, batched)
    check_values(objective, state)
    if batched:
        check_batches(objective, state, k)
    else:
        check_levels(objective, state, groups)


def check_lists(state: Any, batched: bool) -> None:
    """Check that the lists hold each element at its deepest level, and that sizes are those of the pools."""
    found = pools(state, batched)
    for i in range(len(found) + 1):
        members: list[int] = []
        v = int(state.levels[HEAD, i])
        while v >= 0 and len(members) <= state.elements.shape[1]:  # ends where damaged links run in a circle
            members.append(v)
            v = int(state.elements[AFTER, v])
        expected = np.flatnonzero(state.elements[DEEPEST] == i)
        assert sorted(members) == expected.tolist(), f"the list of level {i} holds {sorted(members)}, not {expected}"
        if i > 0:
            size = int(state.levels[SIZE, i])
            assert size == len(found[i - 1]), f"level {i} counts {size} elements and holds {len(found[i - 1])}"
    assert state.elements[DEEPEST].max(initial=-1) <= len(found), "an element is deeper than the last level"


def check_values(objective: Any, state: Any) -> None:
    """Check the kept values f(I_z) of the prefixes against the objective."""
    length = int(state.numbers[LENGTH])
    sequence = state.levels[MEMBER, 1 : length + 1].tolist()
    assert len(set(sequence)) == length, f"the sequence {sequence} holds an element twice"
    for z in range(length + 1):
        value, kept = objective.value(sequence[:z]), float(state.marks[VALUE, z])
        assert abs(value - kept) <= CLOSE * abs(value), f"f of the first {z} is {value}, kept as {kept}"


def check_levels(objective: Any, state: Any, groups: Any) -> None:
    """Check that R_1 and every R_{i+1} hold exactly what passes (DS-P1), e_i is in R_i, and the last pool is empty."""
    found, length = pools(state, False), int(state.numbers[LENGTH])
    sequence = state.levels[MEMBER, 1 : length + 1].tolist()
    known = np.flatnonzero(state.elements[DEEPEST] != ABSENT)
    of = np.zeros(objective.n, np.int64) if groups is None else np.asarray(groups)
    for z in range(length + 1):
        pool = known if z == 0 else found[z - 1]
        gains, bars = objective.gains(sequence[:z]), state.marks[BAR + of, z]
        least = bars * NEARLY
        passes = gains >= least
        is_clear = np.isinf(bars) | (np.abs(gains - least) > 1e-13 * bars)  # elsewhere another order of sums may decide
        expected = {v for v in pool.tolist() if passes[v] and (z == 0 or v != sequence[z - 1])}
        real = set(found[z].tolist()) if z < length else set()
        wrong = [v for v in expected ^ real if is_clear[v]]
        assert not wrong, f"R_{z + 1} is {sorted(real)}, not {sorted(expected)}"
        assert z == length or sequence[z] in real, f"e_{z + 1} = {sequence[z]} is not in R_{z + 1}"


def check_batches(objective: Any, state: Any, k: int) -> None:
    """Check that marginals are in their buckets, few are dead, no pool has doubled, and nothing left would pass."""
    numbers, threshold, epsilon = state.numbers, state.marks[SCALES, THRESHOLD], state.marks[SCALES, EPSILON]
    length = int(numbers[LENGTH])
    sequence = state.levels[MEMBER, 1 : length + 1]
    dead = state.elements[DEEPEST, sequence] == ABSENT
    assert int(dead.sum()) == int(numbers[N_DEAD]), (
        f"{int(dead.sum())} members are dead, {int(numbers[N_DEAD])} counted"
    )
    assert (state.elements[SEQUENCE_INDEX, sequence] == np.arange(1, length + 1)).all(), (
        "a member does not know its index"
    )
    increments = np.diff(state.marks[VALUE, : length + 1])
    for i in range(1, int(numbers[LEVELS]) + 1):
        first, size = int(state.levels[START, i]), int(state.levels[BATCH, i])
        last, lower = first + size, state.marks[LOWER, i]
        gains = increments[first:last]
        assert (gains >= lower * (1 - CLOSE)).all(), f"a marginal of batch {i} is below its bucket: {gains}, {lower}"
        upper = (1 + epsilon) * lower
        assert (gains <= upper * (1 + CLOSE)).all(), f"a marginal of batch {i} is above its bucket: {gains}, {upper}"
        lost = int(dead[first:last].sum())
        assert lost == int(state.levels[DEAD, i]), f"batch {i} counts {int(state.levels[DEAD, i])} dead, not {lost}"
        assert lost < epsilon * size, f"{lost} of {size} members of batch {i} are dead"
        assert state.levels[GROWN, i] <= state.levels[BUILT, i], f"the pool of level {i} has doubled"
    live_value = objective.value(sequence[~dead].tolist())
    floor = math.fsum(increments[~dead])  # DS-T7
    assert live_value >= floor - CLOSE * abs(floor), f"the living are worth {live_value}, below {floor}"
    if length < k:
        gains = objective.gains(sequence.tolist())
        alive = state.elements[DEEPEST] != ABSENT
        assert (gains[alive] < threshold * (1 + CLOSE)).all(), f"an element passes at the end: {gains[alive].max()}"


def check_objective(objective: Any, n_probes: int) -> None:
    """Check that no random sets contradict that the objective is monotone submodular."""
    found = probe_submodular(objective, n_probes=n_probes, rng=0)
    A, B, v = list(found.A), list(found.B), found.v
    assert found.kind != "monotone", f"the objective falls by {found.violation} when {v} joins {B}"
    assert found.kind is None, f"{v} adds {found.violation} more to {B} than to its part {A}"


def check_answer(solver: Any) -> None:
    """Check that the solution is present, admissible, of the value reported, and below a bound that is proved."""
    solution, present = solver.solution.tolist(), set(solver.present.tolist())
    assert set(solution) <= present, f"{sorted(set(solution) - present)} are chosen and absent"
    assert len(set(solution)) == len(solution), f"{solution} holds an element twice"
    assert len(solution) <= solver.k, f"{len(solution)} elements are chosen"
    assert solver.matroid is None or solver.matroid.holds(solution), f"{solution} breaks the limits of a group"
    value = solver.objective.value(solution)
    assert abs(value - solver.value) <= CLOSE * abs(value), f"the solution is worth {value}, not {solver.value}"
    assert solver.value <= solver.upper_bound * (1 + CLOSE), f"{solver.value} exceeds the bound {solver.upper_bound}"
    proof = solver.certify()
    assert proof.bound <= solver.upper_bound * (1 + CLOSE), (
        f"the bound {solver.upper_bound} is not proved: marginals give {proof.bound}"
    )
    if solver.matroid is not None and solver.upper_bound > 0:
        check_group_bound(solver)


def check_group_bound(solver: Any) -> None:
    """Check that the bound with groups is that of the guess just above the largest value of one element."""
    table, tally = solver._table, solver._stream.tally
    slot = 1 + int(np.flatnonzero(table.numbers[1 : tally[N_SLOTS], INDEX] == tally[AT])[0])
    length, limits = int(table.numbers[slot, LENGTH]), solver.matroid.limits
    bars = table.marks[slot, BAR : BAR + len(limits), length]
    bound = group_bound(float(table.marks[slot, VALUE, length]), bars, limits)
    assert abs(bound - solver.upper_bound) <= CLOSE * bound, (
        f"the bound of the groups is {bound}, not {solver.upper_bound}"
    )
