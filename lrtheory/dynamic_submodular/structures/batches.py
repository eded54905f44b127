r"""Batches of samples: a maintained sequence in which a fraction epsilon of each batch may die before a rebuild.

A level is built from the pool R of the elements with f(v \| G) >= t = o / (2k), G the sequence so far. Their marginals
fall into buckets [u, (1 + epsilon) u) with u = t (1 + epsilon)^b. The largest bucket is scanned in random order; an
element whose marginal is still in the bucket when its turn comes joins G, and the scan stops once about half of those
seen were no longer in it. Those that joined are the *batch* of the level. The next level is built from the rest of R.

Deleted members of G are dead and stay in G, so that all later marginals are measured against the undamaged sequence;
the answer is G without them. Since the marginals of a batch are equal up to 1 + epsilon, its dead members take about
their share of its value and no more (statement DS-T7). A level is rebuilt when a fraction epsilon of its batch is dead,
or when as many elements have joined its pool as it was built from.

The idea is that of the paper: buckets by marginals, and batches from the largest bucket. The constants were derived
here and are not the paper's.

Kernels; the state is a `states.State`, and R_i is the pool from which level i was built, with what came and went since.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._array import flat
from lrtheory.dynamic_submodular.structures import prefixes, randomness, states
from lrtheory.dynamic_submodular.structures.prefixes import MEMBER, VALUE
from lrtheory.dynamic_submodular.structures.states import (
    ABSENT,
    BATCH,
    BUCKET_OF,
    BUCKETS,
    BUILT,
    DEAD,
    DEEPEST,
    EMPTY,
    EPSILON,
    GROWN,
    LENGTH,
    LEVELS,
    LOWER,
    N_DEAD,
    ONE,
    POOL,
    PROFILES,
    QUERIES,
    RANDOM,
    REBUILDS,
    REBUILT,
    SCALES,
    SEQUENCE_INDEX,
    SIZE,
    START,
    THRESHOLD,
    UNKNOWN,
    floor,
    passes,
)

__all__ = ["bucket", "build", "delete", "insert", "rebuild", "run", "run_many"]

#: b0, the rejections that a scan allows besides half of what it has seen (DS-T8a)
FREE_REJECTIONS = 2


@flat
def bucket(gain, threshold, epsilon):
    """Return the number b of the bucket [t (1 + epsilon)^b, t (1 + epsilon)^(b + 1)) of a marginal that passes."""
    # with the slack of `passes`: a marginal of t less a rounding is in bucket 0, not in -1
    return max(0, math.floor((states.log_ratio(gain, threshold) + 1e-12) / math.log1p(epsilon)))


@flat
def filtered(record, state, work, level, n):
    """Keep those of the first n in the pool that pass at the end of G, find their buckets, and return how many."""
    integers, numbers, marks = work.integers, state.numbers, state.marks
    threshold, epsilon = marks[SCALES, THRESHOLD], marks[SCALES, EPSILON]
    numbers[QUERIES] += n
    numbers[PROFILES] += n
    left = 0
    for a in range(n):
        v = integers[POOL, a]
        gain = prefixes.gain(record, state, numbers[LENGTH], v, work.gains)
        if passes(gain, threshold):
            integers[POOL, left], integers[BUCKET_OF, left] = v, bucket(gain, threshold, epsilon)
            left += 1
        else:  # v was in R_{level-1} and is not in R_level
            states.link(state, v, level - 1)
    return left


@flat
def largest_bucket(work, n):
    """Move the largest bucket (of equal ones the highest) to the front of the pool; return its number and its size."""
    integers = work.integers
    for a in range(n):
        integers[BUCKETS, integers[BUCKET_OF, a]] += 1
    best = integers[BUCKET_OF, 0]
    for a in range(1, n):
        b = integers[BUCKET_OF, a]
        if (integers[BUCKETS, b], b) > (integers[BUCKETS, best], best):
            best = b
    size = integers[BUCKETS, best]
    front = 0
    for a in range(n):
        integers[BUCKETS, integers[BUCKET_OF, a]] = 0  # only what was counted, since most buckets are never used
        if integers[BUCKET_OF, a] == best:
            integers[POOL, front], integers[POOL, a] = integers[POOL, a], integers[POOL, front]
            integers[BUCKET_OF, a] = integers[BUCKET_OF, front]
            front += 1
    return best, size


@flat
def scan(record, state, work, level, size, lower):
    """Scan the first `size` of the pool in random order, append those that still reach `lower`, return how many."""
    pool, numbers = work.integers[POOL], state.numbers
    taken = seen = 0
    # pool[:taken] is the batch, pool[taken:seen] was rejected, the rest is not seen yet
    while seen < size and numbers[LENGTH] < state.levels.shape[1] - 2:
        b = seen + randomness.below(numbers, size - seen)
        v = pool[b]
        pool[b] = pool[seen]
        seen += 1
        numbers[QUERIES] += 1
        numbers[PROFILES] += 1
        gain = prefixes.gain(record, state, numbers[LENGTH], v, work.gains)
        if passes(gain, lower):
            numbers[LENGTH] += 1
            prefixes.extend(record, state, numbers[LENGTH], v, gain)
            state.elements[SEQUENCE_INDEX, v] = numbers[LENGTH]
            states.link(state, v, level)
            pool[seen - 1] = pool[taken]  # the batch goes to the front
            pool[taken] = v
            taken += 1
        else:
            pool[seen - 1] = v
            # the batch is at least about half of what was seen, so a share of deaths in it is a share of deaths in a
            # prefix of the permutation, which DS-L1 bounds for all prefixes at once, wherever the scan stops (DS-T8a)
            if seen - taken >= FREE_REJECTIONS + seen / 2:
                break
    return taken


@flat
def build(record, state, work, level, n):
    """Build the levels from this one on out of the first n elements of the pool."""
    integers, numbers, levels = work.integers, state.numbers, state.levels
    threshold, epsilon = state.marks[SCALES, THRESHOLD], state.marks[SCALES, EPSILON]
    numbers[REBUILDS] += 1
    numbers[REBUILT] += n
    state.marks[LOWER, 0] = UNKNOWN
    while numbers[LENGTH] < levels.shape[1] - 2:
        n = filtered(record, state, work, level, n)
        if n == 0:
            break
        best, size = largest_bucket(work, n)
        lower = states.on_grid(threshold, epsilon, best)
        levels[START, level], levels[SIZE, level], levels[BUILT, level] = numbers[LENGTH], n, n
        levels[DEAD, level] = levels[GROWN, level] = 0
        state.marks[LOWER, level] = lower
        taken = scan(record, state, work, level, size, lower)
        levels[BATCH, level] = taken
        for a in range(taken, n):  # members of the batch are in no later pool
            integers[POOL, a - taken] = integers[POOL, a]
        n -= taken
        level += 1
    numbers[LEVELS] = level - 1
    for a in range(n):  # the sequence is full: what is left stays in the last pool
        states.link(state, integers[POOL, a], level - 1)


@flat
def rebuild(record, state, work, level):
    """Drop the levels from this one on, dead members too, and build them again from R_level."""
    numbers, kept = state.numbers, state.levels[START, level]
    n = states.gather(state, level, numbers[LEVELS], work.integers)
    for z in range(kept + 1, numbers[LENGTH] + 1):
        v = state.levels[MEMBER, z]
        numbers[N_DEAD] -= state.elements[DEEPEST, v] == ABSENT
        state.elements[SEQUENCE_INDEX, v] = 0
    prefixes.truncate(record, state, numbers[LENGTH], kept)
    numbers[LENGTH] = kept
    build(record, state, work, level, n)


@flat
def level_of(state, index):
    """Return the level whose batch holds this index (from 1) of the sequence."""
    level = state.numbers[LEVELS]
    while state.levels[START, level] >= index:
        level -= 1
    return level


@flat
def insert(record, state, work, v):
    """Insert an element: it joins the pools as deep as its marginals allow; a dead member is revived."""
    numbers, levels = state.numbers, state.levels
    index = np.int64(state.elements[SEQUENCE_INDEX, v])  # of a dead member, else 0
    deepest = numbers[LEVELS]
    # taking a dead member for a new element would put it into the sequence twice
    if index > 0:  # it passes in all levels down to its own, since it did when it was chosen
        deepest = level_of(state, index)
        levels[DEAD, deepest] -= 1
        numbers[N_DEAD] -= 1
        state.marks[LOWER, 0] = UNKNOWN
    else:
        threshold = state.marks[SCALES, THRESHOLD]
        prefixes.profile(record, state, v, EMPTY, numbers[LENGTH], floor(threshold), work.gains)
        numbers[PROFILES] += 1
        # R_{i+1} holds what passes on the sequence before level i + 1, which has START[i + 1] elements
        level = 0
        while level < deepest and passes(work.gains[levels[START, level + 1]], threshold):
            level += 1
        numbers[QUERIES] += min(level + 1, deepest)
        deepest, is_through = level, level == deepest and numbers[LENGTH] < levels.shape[1] - 2
        numbers[QUERIES] += is_through
        is_through = is_through and passes(work.gains[numbers[LENGTH]], threshold)
    states.link(state, v, deepest)
    for level in range(1, deepest + 1):
        levels[SIZE, level] += 1
        levels[GROWN, level] += 1
        # as many came as it was built from: its bucket may be the largest no longer; the insertions pay for the rebuild
        if levels[GROWN, level] > levels[BUILT, level]:
            rebuild(record, state, work, level)
            return
    if index == 0 and is_through:  # an open guess leaves out nothing that passes (DS-P4): v starts a level
        states.unlink(state, v)
        work.integers[POOL, 0] = v
        build(record, state, work, deepest + 1, ONE)


@flat
def delete(record, state, work, v):
    """Delete an element; a member of the sequence stays in it, dead, until its level has too many dead ones."""
    levels, epsilon = state.levels, state.marks[SCALES, EPSILON]
    deepest = np.int64(state.elements[DEEPEST, v])
    states.unlink(state, v)
    state.elements[DEEPEST, v] = ABSENT
    for level in range(1, deepest + 1):
        levels[SIZE, level] -= 1
    if state.elements[SEQUENCE_INDEX, v] > 0:
        levels[DEAD, deepest] += 1
        state.numbers[N_DEAD] += 1
        state.marks[LOWER, 0] = UNKNOWN
        if levels[DEAD, deepest] >= epsilon * levels[BATCH, deepest]:
            rebuild(record, state, work, deepest)


# these two repeat the loops of `levels`, since a kernel takes no function as an argument


@flat
def run(record, state, work, ops, asked_by):
    """Apply updates, and add to `asked_by` (2,) the marginals that insertions and deletions asked for."""
    for op in ops:
        before = state.numbers[QUERIES]
        if op >= 0:
            insert(record, state, work, op)
        else:
            delete(record, state, work, ~op)
        asked_by[0 if op >= 0 else 1] += state.numbers[QUERIES] - before


@flat
def run_many(record, state, work, ops, words, runs):
    """Apply the updates once for every word of randomness, and write the outcomes to `runs`.

    `runs.values` takes f of the whole sequences, `runs.members` their living members.
    """
    for r in range(words.shape[0]):
        states.clear(record, state)
        state.numbers[RANDOM] = words[r]
        run(record, state, work, ops, runs.asked_by[r])
        size = 0
        for z in range(1, state.numbers[LENGTH] + 1):
            if state.elements[DEEPEST, state.levels[MEMBER, z]] != ABSENT:
                runs.members[r, size] = state.levels[MEMBER, z]
                size += 1
        runs.values[r] = state.marks[VALUE, state.numbers[LENGTH]]
