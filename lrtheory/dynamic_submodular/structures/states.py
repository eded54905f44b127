r"""The state of one guess of the optimum is a few flat arrays; a table of guesses gives each array a leading axis.

==========  ============================================================================================================
elements    int32 (4, n): DEEPEST, the last i with v in R_i, 0 for none, -1 where v is unknown to the guess (pools are
            nested, so this one number says all); AFTER and BEFORE, the neighbors of v in the doubly linked list of all
            elements with its deepest level, -1 for none; SEQUENCE_INDEX, index of v in the sequence, from 1, 0 for none
            (kept for batches alone)
levels      int64 (9, K + 2), entry i belongs to level i, from 1: MEMBER e_i and BEGIN of its entries (`prefixes`); HEAD
            of the list of the level; SIZE of R_i. Of batches: START, number of elements of the sequence before the
            level; BATCH size; DEAD members of the batch; BUILT, size of R_i when the level was built; GROWN,
            insertions into R_i since then
marks       float64 (3 + n_groups, K + 2): VALUE, f(I_z) in entry z; LOWER ends u_i of the buckets of batches, and in
            entry 0 f of their living members; SCALES of the guess: GUESS o, THRESHOLD t, and EPSILON, the tolerance
            of batches; row BAR + g, entry z: the least marginal on I_z at which an element of group g is accepted,
            inf where I_z is full
numbers     int64 (10,), see below
stairs      int32 (6, n_entries) and
table       float64: the sequence e_1, ..., e_T, see `prefixes`
==========  ============================================================================================================
"""

from __future__ import annotations

import math
import sys
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import flat, kernel
from lrtheory._validation import must
from lrtheory.dynamic_submodular.structures import prefixes
from lrtheory.dynamic_submodular.structures.prefixes import (
    BEGIN,
    CONCAVE,
    EMPTY,
    LOGDET,
    MAX,
    MEMBER,
    NOBODY,
    ONE,
    VALUE,
)

__all__ = [
    "BEGIN",
    "EMPTY",
    "MEMBER",
    "NEARLY",
    "NOBODY",
    "ONE",
    "VALUE",
    "GroupedWorkspace",
    "Runs",
    "State",
    "Workspace",
    "asked",
    "at",
    "clear",
    "floor",
    "gather",
    "link",
    "log_ratio",
    "n_buckets",
    "new_states",
    "new_workspace",
    "on_grid",
    "passes",
    "set_guess",
    "slot_of",
    "transplant",
    "unlink",
]

#: rows of the tables; the first rows of ``levels`` and ``marks`` are those of `prefixes`
DEEPEST, AFTER, BEFORE, SEQUENCE_INDEX = range(4)
HEAD, SIZE, START, BATCH, DEAD, BUILT, GROWN = range(2, 9)
LOWER, SCALES, BAR = range(1, 4)
GUESS, THRESHOLD, EPSILON = range(3)
#: entries of ``numbers``: length of the sequence, number of levels, dead members, number j of the guess, updates seen,
#: the word of the random stream, and counts: marginals asked for, profiles computed, rebuilds, elements they touched
LENGTH, LEVELS, N_DEAD, INDEX, CURSOR, RANDOM, QUERIES, PROFILES, REBUILDS, REBUILT = range(10)
#: the least double whose digits are all kept
SMALLEST = sys.float_info.min
#: a marginal of at least this multiple of a bar passes, since equal values summed in other orders differ by rounding
NEARLY = 1 - 1e-12
#: marks[LOWER, 0] while f of the living members of batches is not known
UNKNOWN = -1.0
#: DEEPEST of an element that the guess does not know
ABSENT = -1
#: rows of ``integers`` in the scratch: a pool of elements, the bucket of each, sizes of buckets, the group of each
#: element, and how many of each group may be chosen
POOL, BUCKET_OF, BUCKETS, GROUP, LIMIT = range(5)
#: largest number of bytes that tables may take
MOST_BYTES = 2**33


class State(NamedTuple):
    """The arrays of one guess, or of a table of guesses; the table at the top of this module explains each row."""

    elements: np.ndarray
    levels: np.ndarray
    marks: np.ndarray
    numbers: np.ndarray
    stairs: np.ndarray
    table: np.ndarray


class Workspace(NamedTuple):
    """Scratch, and the groups of the elements; the comment at POOL explains the rows of `integers`."""

    integers: np.ndarray  # int64 (5, ...)
    gains: np.ndarray  # float64


class GroupedWorkspace(Workspace):
    """Scratch of several groups. Without them it has another class, and their kernels are not compiled."""


class Runs(NamedTuple):
    """The outcomes of many runs of one guess, row r for run r; the kernels `run_many` write them."""

    members: np.ndarray  # int64 (n_runs, k), filled up with -1
    values: np.ndarray  # float64 (n_runs,): f of the sequences
    asked_by: np.ndarray  # int64 (n_runs, 2): marginals that insertions, and that deletions asked for


def new_states(record: Any, n: int, length: int, *, n_entries: int, n_groups: int = 1, n_slots: int = 1) -> State:
    """Allocate a table of guesses for n elements, none of them known yet, and for sequences of at most `length`."""
    rule, columns = getattr(record, "rule", -1), getattr(record, "n_columns", 0)  # an oracle in Python has no tables
    # rows of `stairs` by column and rows by entry of the pool lie in one array, as long as the longer ones
    steps = max(columns, n_entries) if rule == MAX else 0
    shape = {MAX: (2, steps), CONCAVE: (length + 1, columns), LOGDET: (length + 1, length + 1)}.get(rule, (0, 0))
    per_slot = 16 * n + 8 * (9 + BAR + n_groups) * (length + 2) + 24 * steps + 8 * math.prod(shape)
    affordable(n_slots * per_slot)
    state = State(
        elements=np.zeros((n_slots, 4, n), np.int32),
        levels=np.zeros((n_slots, 9, length + 2), np.int64),
        marks=np.zeros((n_slots, BAR + n_groups, length + 2)),
        numbers=np.zeros((n_slots, 10), np.int64),
        stairs=np.full((n_slots, 6, steps), -1, np.int32),
        table=np.zeros((n_slots, *shape)),
    )
    state.elements[:, DEEPEST] = ABSENT
    state.levels[:, HEAD] = -1
    state.marks[:, BAR:] = np.inf
    return state


def new_workspace(n: int, length: int, *, groups: Any = 0, limits: Any = 0, n_buckets: int = 0) -> Workspace:
    """Allocate scratch for guesses of n elements; without groups all elements are of group 0."""
    affordable(40 * n_buckets + 16 * length)
    integers = np.zeros((5, max(n, n_buckets, np.size(limits))), np.int64)
    if np.any(groups):  # else the memory of the row is never touched, and a large n costs less
        integers[GROUP, :n] = groups
    integers[LIMIT, : np.size(limits)] = limits
    # a profile takes the first length + 1 entries; `levels.raise_bar` keeps weights of one group at the end
    kind = GroupedWorkspace if np.size(limits) > 1 else Workspace
    return kind(integers, np.zeros(max(n, length) + length + 4))


def affordable(n_bytes: int) -> None:
    """Raise a ValueError where tables would take more than `MOST_BYTES`, before they are allocated."""
    if n_bytes > MOST_BYTES:
        rule = f"small enough, and `epsilon` large enough, for tables of {MOST_BYTES / 2**30:g} GiB"
        raise must("k", rule, f"tables of {n_bytes / 2**30:.3g} GiB")


def n_buckets(epsilon: float) -> int:
    """Return how many buckets of ratio 1 + epsilon cover all positive doubles, their logarithms within 1500."""
    return math.ceil(1500 / math.log1p(epsilon)) + 2


def at(table: State, slot: int) -> State:
    """Return one guess of a table as views, for use in Python."""
    return State(*(rows[slot] for rows in table))


def transplant(old: Any, new: Any) -> None:
    """Copy each array into the beginning of a larger one; the other entries of the larger one stay."""
    for source, target in zip(old, new, strict=True):
        target[tuple(slice(size) for size in source.shape)] = source


# --- kernels ----------------------------------------------------------------------------------------------------------


@kernel(_nrt=True)
def slot_of(states, slot):
    """Return one guess of a table as views; compiled with reference counts, since arrays go back to Python."""
    return State(
        states.elements[slot],
        states.levels[slot],
        states.marks[slot],
        states.numbers[slot],
        states.stairs[slot],
        states.table[slot],
    )


@flat
def clear(record, state):
    """Forget every element and the sequence; the counts of queries and rebuilds stay."""
    elements, length = state.elements, state.numbers[LENGTH]
    prefixes.truncate(record, state, length, EMPTY)
    state.numbers[LENGTH] = state.numbers[LEVELS] = state.numbers[N_DEAD] = 0
    state.marks[LOWER, 0] = UNKNOWN
    for z in range(1, length + 1):  # a dead member is in no list
        v = state.levels[MEMBER, z]
        if elements[SEQUENCE_INDEX, v] > 0:  # memory that nobody has written to is not touched: levels keep no index
            elements[SEQUENCE_INDEX, v] = 0
    # the lists hold all elements that the guess knows, which may be few of many
    for i in range(state.levels.shape[1]):
        v = state.levels[HEAD, i]
        while v >= 0:
            elements[DEEPEST, v] = ABSENT
            v = elements[AFTER, v]
        state.levels[HEAD, i] = -1
        state.levels[SIZE, i] = 0


@flat
def log_ratio(a, b):
    """Return log(a / b) of positive numbers, also where the quotient overflows or loses digits below `SMALLEST`."""
    ratio = a / b
    return math.log(ratio) if SMALLEST <= ratio < math.inf else math.log(a) - math.log(b)


@flat
def on_grid(unit, epsilon, j):
    """Return unit (1 + epsilon)^j, multiplied in thirds, so that no power overflows where the product does not."""
    third = (1 + epsilon) ** (j // 3)
    return unit * third * third * (1 + epsilon) ** (j - 2 * (j // 3))


@flat
def set_guess(state, index, value, threshold, epsilon, word):
    """Give a new or cleared state its number j, the guess o_j, the threshold and the word of its random stream."""
    state.numbers[INDEX] = index
    state.numbers[RANDOM] = word
    state.marks[SCALES, GUESS] = value
    state.marks[SCALES, THRESHOLD] = threshold
    state.marks[SCALES, EPSILON] = epsilon
    # a prefix of K elements is full, whatever the marginal
    for z in range(state.marks.shape[1]):
        for g in range(BAR, state.marks.shape[0]):
            state.marks[g, z] = threshold if z < state.marks.shape[1] - 2 else math.inf


@flat
def floor(bar):
    """Return the least marginal that passes a bar."""
    return bar * NEARLY


@flat
def passes(gain, bar):
    """Return whether a marginal reaches a bar; equal values do, whatever rounding made of them."""
    return gain >= floor(bar)


@flat
def link(state, v, level):
    """Set the deepest level of v, and put v in front of the list of that level."""
    elements, head = state.elements, state.levels[HEAD, level]
    elements[DEEPEST, v], elements[AFTER, v], elements[BEFORE, v] = level, head, -1
    if head >= 0:
        elements[BEFORE, head] = v
    state.levels[HEAD, level] = v


@flat
def unlink(state, v):
    """Take v out of the list of its deepest level; the caller updates SIZE and DEEPEST."""
    elements = state.elements
    after, before = elements[AFTER, v], elements[BEFORE, v]
    if after >= 0:
        elements[BEFORE, after] = before
    if before >= 0:
        elements[AFTER, before] = after
    else:
        state.levels[HEAD, elements[DEEPEST, v]] = after


@flat
def gather(state, level, last, integers):
    """Write R_level to the pool, empty the lists and sizes from this level to the last, and return the size of R_level.

    Pools are nested: R_level is everything whose deepest level is this one or a later one.
    """
    n = 0
    for i in range(level, last + 1):
        v = state.levels[HEAD, i]
        while v >= 0:
            integers[POOL, n] = v
            n += 1
            v = state.elements[AFTER, v]
        state.levels[HEAD, i] = -1
        state.levels[SIZE, i] = 0
    return n


@flat
def asked(n):
    """Return how many marginals a binary search among n prefixes asks for: ceil(log2 n)."""
    questions = 0
    while (1 << questions) < n:
        questions += 1
    return questions
