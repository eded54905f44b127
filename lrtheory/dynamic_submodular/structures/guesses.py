r"""Many guesses of the optimum at once: the eager table, the lazy pair, and the answer after every update.

Guess j is o_j = u (1 + epsilon)^j, u the value of the first element that was worth something, so that no answer depends
on the unit of f; its threshold is t_j = o_j / (2k). Under a matroid it is a guess of the largest element.

*Eager.* Element v lives in the guesses with f(v) <= o_j <= 2k f(v), each of which sees every update of it; the answer
is the best of all (statement DS-T2).

*Lazy.* Every guess sees all elements, but only when it is visited. A full guess (T = k) proves f(I) >= o_j / 2; an open
one (T < k) proves OPT <= f(I) + o_j / 2 (DS-P5). So a full j beside an open j + 1 is all that an answer needs (DS-T10).
The walk to such a pair starts at the last one, in steps that double until a full and an open guess are met, and then
bisects. Replay "net" shows a guess what changed since its last visit, where an insertion and a deletion cancel, or
builds it from scratch when that is more than a quarter of what is present; so few guesses are kept. Replay "exact"
repeats every update in order with the guess's own coins, so that it takes the path of a guess that was never late
(DS-T17).

*Groups.* The guesses are of the largest value of one element; only the one just above it matters (DS-T16).

Kernels, on a `stream.Solver`, whose table of states (`states`) has an empty slot 0 that is used as scratch. The
switches ``levelled`` or ``batched``, ``grouped`` and ``eager`` are None or True. They are arguments of their own and
not fields of a named tuple, since the compiler drops the code below ``if ... is not None`` only where an argument is
None.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import flat
from lrtheory.dynamic_submodular.structures import batches, levels, randomness, states
from lrtheory.dynamic_submodular.structures import stream as streams
from lrtheory.dynamic_submodular.structures.prefixes import VALUE
from lrtheory.dynamic_submodular.structures.solutions import better, collect, group_bound, keep_solution
from lrtheory.dynamic_submodular.structures.states import (
    ABSENT,
    CURSOR,
    DEEPEST,
    EMPTY,
    GUESS,
    INDEX,
    LENGTH,
    ONE,
    POOL,
    QUERIES,
    SCALES,
    SIZE,
)
from lrtheory.dynamic_submodular.structures.stream import (
    AT,
    FREE,
    FULL,
    HEAD,
    J_FULL,
    J_OPEN,
    LEAST,
    LIVE,
    LOST,
    N_GUESSES,
    N_LIVE,
    N_NOW,
    N_POSITIVE,
    N_SLOTS,
    OPEN,
    PENDING,
    POSITION,
    STRIDE,
    TOP,
    UNIT,
    UPPER,
    WHERE,
    WORTH,
)

__all__ = ["DONE", "NEEDS_SLOT", "decide", "find", "slot_for", "sync", "update"]

#: the answers of `update`: all done, or the table has too few slots for one more guess
DONE, NEEDS_SLOT = range(2)
#: cursor of a guess that has seen nothing: so far behind that it is built from scratch
LONG_AGO = -(2**60)


# --- the table --------------------------------------------------------------------------------------------------------


@flat
def find(table, tally, j):
    """Return the slot of guess j, or -1."""
    for slot in range(1, tally[N_SLOTS]):
        if table.numbers[slot, INDEX] == j:
            return slot
    return -1


@flat
def take_slot(table, stream, rules, eager):
    """Return a slot for a new guess: an unused one, or that of a guess that may be forgotten; -1 for none.

    In an eager table a guess without elements may be forgotten. Of lazy guesses it is the one whose last visit is the
    longest ago, but neither of the pair that the walk has met. Under exact replay no guess may be forgotten, since each
    must go on from where it stopped.
    """
    tally = stream.tally
    if tally[N_SLOTS] < table.numbers.shape[0]:
        tally[N_SLOTS] += 1
        return tally[N_SLOTS] - 1
    if eager is None and rules.is_exact:
        return -1
    oldest = EMPTY
    for slot in range(1, tally[N_SLOTS]):
        is_kept = eager is None and (slot == tally[FULL] or slot == tally[OPEN])
        if not is_kept and (oldest == EMPTY or table.numbers[slot, CURSOR] < table.numbers[oldest, CURSOR]):
            oldest = np.int64(slot)
    if oldest == EMPTY or (eager is not None and table.numbers[oldest, CURSOR] > 0):
        return -1
    # only the counts are moved here: `sync` clears the rest before it builds the new guess, and an eager one is empty
    for count in range(4):
        tally[LOST + count] += table.numbers[oldest, QUERIES + count]
        table.numbers[oldest, QUERIES + count] = 0
    return oldest


@flat
def slot_for(table, stream, rules, grouped, eager, j):
    """Return the slot of guess j, setting a new one up with a random stream that depends on j alone; -1 for no slot."""
    slot = find(table, stream.tally, j)
    if slot >= 0:
        return slot
    slot = take_slot(table, stream, rules, eager)
    if slot < 0:
        return slot
    value = states.on_grid(stream.answers[UNIT], rules.epsilon, j)
    threshold = value / (2 * rules.k)
    if grouped is not None:
        threshold = value * rules.epsilon / ((1 + rules.epsilon) * rules.k)  # DS-T16
    threshold = max(threshold, LEAST)  # the least positive double
    state = states.slot_of(table, slot)
    states.set_guess(state, j, value, threshold, rules.epsilon, randomness.stream_of(rules.word, j))
    # a new guess is built from scratch, unless the whole log is kept; in an eager table CURSOR counts its elements
    state.numbers[CURSOR] = 0 if rules.is_exact or eager is not None else LONG_AGO
    stream.tally[N_GUESSES] += 1
    return slot


@flat
def sync(solver, slot, levelled, batched):
    """Bring a lazy guess up to date with the stream."""
    record, stream, work, rules = solver.record, solver.stream, solver.work, solver.rules
    state, tally = states.slot_of(solver.table, slot), stream.tally
    head, cursor = tally[HEAD], state.numbers[CURSOR]
    state.numbers[CURSOR] = head
    # a build shows every present element once; each change that is shown may have levels rebuilt, so from a quarter of
    # what is present on the build is taken to be cheaper
    if not rules.is_exact and head - cursor > 8 + tally[N_LIVE] // 4:
        states.clear(record, state)
        for a in range(tally[N_LIVE]):
            work.integers[POOL, a] = stream.ground[LIVE, a]
        if levelled is not None:
            levels.settle(record, state, work, tally[N_LIVE], ONE, ONE)
        if batched is not None:
            batches.build(record, state, work, ONE, tally[N_LIVE])
        return
    for index in range(cursor, head):  # net: only elements on whose presence stream and guess disagree are shown
        op = stream.log[index % stream.log.shape[0]]
        v = op if op >= 0 else ~op
        is_present = op >= 0 if rules.is_exact else stream.ground[WHERE, v] >= 0
        is_known = state.elements[DEEPEST, v] != ABSENT
        if is_present and not is_known:
            if levelled is not None:
                levels.insert(record, state, work, v)
            if batched is not None:
                batches.insert(record, state, work, v)
        elif is_known and not is_present:
            if levelled is not None:
                levels.delete(record, state, work, v)
            if batched is not None:
                batches.delete(record, state, work, v)


# --- the walk of the lazy pair ----------------------------------------------------------------------------------------


@flat
def start_walk(tally):
    """Start a walk where the last one has ended; it has met neither a full nor an open guess yet."""
    tally[STRIDE] = 1
    tally[J_FULL] = tally[J_OPEN] = FREE
    tally[FULL] = tally[OPEN] = -1


@flat
def decide(table, slot, stream, rules):
    """Note whether the guess at the walk is full or open; return whether the walk has arrived, else move it on."""
    tally, j = stream.tally, stream.tally[AT]
    length, guess = table.numbers[slot, LENGTH], table.marks[slot, SCALES, GUESS]
    value = table.marks[slot, VALUE, length]
    if length == rules.k:
        tally[FULL], tally[J_FULL] = slot, j
        if tally[J_OPEN] == j + 1:
            return True
    else:
        tally[OPEN], tally[J_OPEN] = slot, j
        stream.answers[UPPER] = value + guess / 2  # DS-P5
        if tally[J_FULL] == j - 1:
            return True
        if guess / 2 <= rules.epsilon * value:  # it proves more than a pair would
            tally[FULL] = -1
            return True
    streams.go_on(stream, rules, length)
    return False


# --- other guesses ----------------------------------------------------------------------------------------------------


@flat
def best_of_table(table, stream, rules):
    """Return the slot of the best guess of an eager table, and write the least upper bound that its guesses prove."""
    tally, answers = stream.tally, stream.answers
    highest = FREE
    for slot in range(1, tally[N_SLOTS]):
        if table.levels[slot, SIZE, 1] > 0:
            highest = max(highest, table.numbers[slot, INDEX])
    # every f(v) is below this, or one more guess would hold v; 1e-8 covers the rounding of `index_below`
    unit = answers[UNIT]
    top = states.on_grid(unit, rules.epsilon, highest + 1) / (2 * rules.k) * (1 + 1e-8)
    if highest == streams.index_below(np.inf, unit, rules.epsilon):  # there are no higher guesses than numbers
        top = np.inf
    answers[UPPER] = rules.k * top  # f(S) is at most the sum of k single values
    best, best_value = 1, -1.0
    for slot in range(1, tally[N_SLOTS]):
        length, guess = table.numbers[slot, LENGTH], table.marks[slot, SCALES, GUESS]
        value = table.marks[slot, VALUE, length]
        if length < rules.k and guess >= top:  # a lower guess may lack elements with f(v) > o, and proves nothing
            answers[UPPER] = min(answers[UPPER], value + guess / 2)
        if value > best_value:
            best, best_value = slot, value
    return best


@flat
def change_table(solver, eager, op):
    """Show an update to every guess of an eager table that it concerns; return whether all of them have a slot."""
    record, table, stream, work, rules = solver
    v = op if op >= 0 else ~op
    single = stream.singles[v]
    if single == 0:
        return True
    unit = stream.answers[UNIT]
    first = streams.index_above(single, unit, rules.epsilon)
    last = streams.index_below(2 * rules.k * single, unit, rules.epsilon)
    for j in range(first, last + 1):
        slot = slot_for(table, stream, rules, None, eager, j)
        if slot < 0:
            return False
        state = states.slot_of(table, slot)
        is_known = state.elements[DEEPEST, v] != ABSENT
        if op >= 0 and not is_known:  # else it was shown before a slot was missing
            levels.insert(record, state, work, v)
            state.numbers[CURSOR] += 1
        elif op < 0 and is_known:
            levels.delete(record, state, work, v)
            state.numbers[CURSOR] -= 1
    return True


# --- updates ---------------------------------------------------------------------------------------------------------


@flat(whole=True)
def update(solver, levelled, batched, grouped, eager, ops, trace):
    """Apply updates from ``tally[POSITION]`` on, with an answer after each; return DONE, or NEEDS_SLOT where it stops.

    When all are done ``tally[POSITION]`` is 0 again, and so is PENDING: the next call starts with its first update.

    Called again with more slots it goes on where it stopped: PENDING says that the update is in the log already.
    """
    # only kernels that read the objective or the scratch get the whole solver: compiled calls copy an argument array by
    # array, and the walk calls the other kernels several times per update
    table, stream, rules, tally = solver.table, solver.stream, solver.rules, solver.stream.tally
    while tally[POSITION] < ops.shape[0]:
        op, index = ops[tally[POSITION]], tally[POSITION]
        if tally[PENDING] == 0:
            if trace.values.shape[0] > 0:
                # the queries of this update are those after it, which `write_trace` adds, less those before it
                trace.queries[index] = -streams.queries(table, tally)
            streams.note(solver, op)
            keep_solution(stream)
            start_walk(tally)
            tally[PENDING] = 1
        slot = EMPTY
        if eager is not None:
            if not change_table(solver, eager, op):
                return NEEDS_SLOT
            if tally[N_POSITIVE] > 0:  # else the grid of guesses may have no unit yet
                slot = best_of_table(table, stream, rules)
        else:
            arrived = tally[N_POSITIVE] == 0
            while not arrived:
                if grouped is not None:
                    tally[AT] = streams.index_above(stream.answers[TOP], stream.answers[UNIT], rules.epsilon)
                slot = slot_for(table, stream, rules, grouped, eager, tally[AT])
                if slot < 0:
                    return NEEDS_SLOT
                sync(solver, slot, levelled, batched)
                arrived = grouped is not None or decide(table, slot, stream, rules)
            if grouped is not None:
                group_bound(table, slot, stream, solver.work)
            elif tally[N_POSITIVE] > 0:
                slot = better(solver, batched)
        tally[N_NOW] = 0
        stream.answers[WORTH] = 0.0
        if tally[N_POSITIVE] == 0:
            stream.answers[UPPER] = 0.0
        else:
            stream.answers[WORTH] = collect(solver, slot, batched, grouped)
        if trace.values.shape[0] > 0:
            streams.write_trace(table, stream, trace, index)
        tally[PENDING] = 0
        tally[POSITION] += 1
    tally[POSITION] = 0
    return DONE
