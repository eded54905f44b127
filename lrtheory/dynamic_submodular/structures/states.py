r"""The state of one guess of the optimum, in flat arrays; in a table of guesses every array has a leading axis.

==========  ============================================================================================================
elements    int32 (4, n): DEEPEST, the last i with v in R_i, 0 for none, -1 where the guess knows no v; AFTER and BEFORE
            in the list of all v with one deepest level; PLACE of v in the sequence, 0 for none (batches alone)
levels      int64 (9, K + 2), entry i of level i: MEMBER e_i and BEGIN of its entries (`prefixes`); HEAD of the list;
            SIZE of R_i. Of batches: START, the elements of the sequence before the level; BATCH size; DEAD members of
            the batch; BUILT, size of R_i when the level was built; GROWN, insertions into R_i since then
marks       float64 (3 + n_groups, K + 2): VALUE f(I_z); LOWER ends u_i of the buckets of batches, and at 0 the value of
            their living members; SCALES of the guess: GUESS o, THRESHOLD t, and EPSILON, the tolerance of batches; from
            row BAR on, the least marginal at which I_z accepts an element of a group, inf for never
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

from lrtheory._array import kernel
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
from lrtheory.dynamic_submodular.structures.randomness import flat, inner

__all__ = [
    "BEGIN",
    "EMPTY",
    "MEMBER",
    "NEARLY",
    "NOBODY",
    "ONE",
    "VALUE",
    "State",
    "Work",
    "asked",
    "at",
    "clear",
    "floor",
    "gather",
    "link",
    "log_ratio",
    "n_buckets",
    "new_states",
    "new_work",
    "on_grid",
    "passes",
    "set_guess",
    "slot_of",
    "transplant",
    "unlink",
]

#: rows of the tables; the first rows of ``levels`` and ``marks`` are those of `prefixes`
DEEPEST, AFTER, BEFORE, PLACE = range(4)
HEAD, SIZE, START, BATCH, DEAD, BUILT, GROWN = range(2, 9)
LOWER, SCALES, BAR = range(1, 4)
GUESS, THRESHOLD, EPSILON = range(3)
#: entries of ``numbers``: length of the sequence, number of levels, dead members, number j of the guess, updates seen,
#: the word of the random stream, and counts: marginals asked for, profiles computed, rebuilds, elements they touched
LENGTH, LEVELS, N_DEAD, INDEX, CURSOR, RANDOM, QUERIES, PROFILES, REBUILDS, REBUILT = range(10)
#: the least double whose digits are all kept
SMALLEST = sys.float_info.min
#: what a marginal may lack of a bar that it reaches, since equal values differ by rounding
NEARLY = 1 - 1e-12
#: what stands in marks[LOWER, 0] while the value of the living members of batches is to be found anew
UNKNOWN = -1.0
#: what stands in DEEPEST for an element that the guess does not know
ABSENT = -1
#: rows of ``whole`` in the scratch: a pool of elements, the bucket of each, sizes of buckets, the group of each
#: element, and how many of each group may be chosen
POOL, BUCKET_OF, BUCKETS, GROUP, LIMIT = range(5)
#: bytes of tables that are allocated at most
MOST_BYTES = 2**33


class State(NamedTuple):
    """See the table at the top of this module."""

    elements: np.ndarray
    levels: np.ndarray
    marks: np.ndarray
    numbers: np.ndarray
    stairs: np.ndarray
    table: np.ndarray


class Work(NamedTuple):
    """Scratch, and the groups of the elements."""

    whole: np.ndarray  # int64 (5, ...)
    gains: np.ndarray  # float64


def new_states(record: Any, n: int, length: int, *, n_entries: int, n_groups: int = 1, n_slots: int = 1) -> State:
    """A table of guesses that know none of n elements, for sequences of at most `length`."""
    rule, columns = getattr(record, "rule", -1), getattr(record, "n_columns", 0)  # an oracle in Python has no tables
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


def new_work(n: int, length: int, *, groups: Any = 0, limits: Any = 0, n_buckets: int = 0) -> Work:
    """Scratch for guesses of n elements; without groups all elements are of group 0."""
    affordable(40 * n_buckets + 16 * length)
    whole = np.zeros((5, max(n, n_buckets, np.size(limits))), np.int64)
    whole[GROUP, :n] = groups
    whole[LIMIT, : np.size(limits)] = limits
    return Work(whole, np.zeros(max(n, length) + length + 4))


def affordable(n_bytes: int) -> None:
    """Raise an error in the place of asking for more memory than a machine has."""
    if n_bytes > MOST_BYTES:
        rule = f"small enough, and `epsilon` large enough, for tables of {MOST_BYTES / 2**30:g} GiB"
        raise must("k", rule, f"tables of {n_bytes / 2**30:.3g} GiB")


def n_buckets(epsilon: float) -> int:
    """Buckets of ratio 1 + epsilon from the smallest to the largest double."""
    return math.ceil(1500 / math.log1p(epsilon)) + 2


def at(table: State, slot: int) -> State:
    """One guess of a table, for use in Python."""
    return State(*(rows[slot] for rows in table))


def transplant(old: Any, new: Any) -> None:
    """Copy tables into the beginning of larger ones, whose other entries stand for what is new."""
    for source, target in zip(old, new, strict=True):
        target[tuple(slice(size) for size in source.shape)] = source


# --- kernels ----------------------------------------------------------------------------------------------------------


@kernel(_nrt=True)
def slot_of(states, slot):
    """One guess of a table; with reference counts, since what it returns to Python are arrays."""
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
    """Forget every element and the sequence; the counts stay."""
    prefixes.truncate(record, state, state.numbers[LENGTH], EMPTY)
    state.numbers[LENGTH] = state.numbers[LEVELS] = state.numbers[N_DEAD] = 0
    state.marks[LOWER, 0] = UNKNOWN
    for v in range(state.elements.shape[1]):
        state.elements[DEEPEST, v] = ABSENT
        state.elements[PLACE, v] = 0
    for i in range(state.levels.shape[1]):
        state.levels[HEAD, i] = -1
        state.levels[SIZE, i] = 0


@inner
def log_ratio(a, b):
    """log(a / b) of positive numbers, also where the quotient is none."""
    ratio = a / b
    return math.log(ratio) if SMALLEST <= ratio < math.inf else math.log(a) - math.log(b)


@flat
def on_grid(unit, epsilon, j):
    """unit (1 + epsilon)^j, multiplied in thirds, so that no power overflows where the number does not."""
    third = (1 + epsilon) ** (j // 3)
    return unit * third * third * (1 + epsilon) ** (j - 2 * (j // 3))


@flat
def set_guess(state, index, value, threshold, epsilon, word):
    """Make this, new or cleared, the guess with a number, a value and a threshold, and a stream of random numbers."""
    state.numbers[INDEX] = index
    state.numbers[RANDOM] = word
    state.marks[SCALES, GUESS] = value
    state.marks[SCALES, THRESHOLD] = threshold
    state.marks[SCALES, EPSILON] = epsilon
    for z in range(state.marks.shape[1]):
        for g in range(BAR, state.marks.shape[0]):
            state.marks[g, z] = threshold if z < state.marks.shape[1] - 2 else math.inf


@flat
def floor(bar):
    """The least marginal that passes a bar."""
    return bar * NEARLY


@flat
def passes(gain, bar):
    """Whether a marginal reaches a bar; equal values do, whatever rounding made of them."""
    return gain >= floor(bar)


@flat
def link(state, v, level):
    """Put v into the list of the elements whose deepest level this is."""
    elements, head = state.elements, state.levels[HEAD, level]
    elements[DEEPEST, v], elements[AFTER, v], elements[BEFORE, v] = level, head, -1
    if head >= 0:
        elements[BEFORE, head] = v
    state.levels[HEAD, level] = v


@flat
def unlink(state, v):
    """Take v out of its list."""
    elements = state.elements
    after, before = elements[AFTER, v], elements[BEFORE, v]
    if after >= 0:
        elements[BEFORE, after] = before
    if before >= 0:
        elements[AFTER, before] = after
    else:
        state.levels[HEAD, elements[DEEPEST, v]] = after


@flat
def gather(state, level, last, whole):
    """Write R_level into the pool and empty the lists from this level to the last; returns how many they are."""
    n = 0
    for i in range(level, last + 1):
        v = state.levels[HEAD, i]
        while v >= 0:
            whole[POOL, n] = v
            n += 1
            v = state.elements[AFTER, v]
        state.levels[HEAD, i] = -1
        state.levels[SIZE, i] = 0
    return n


@flat
def asked(n):
    """Marginals that a binary search among n prefixes asks for: ceil(log2 n)."""
    questions = 0
    while (1 << questions) < n:
        questions += 1
    return questions
