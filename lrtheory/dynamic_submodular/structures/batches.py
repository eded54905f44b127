r"""Batches of samples: a maintained sequence in which an epsilon part of each batch may die before anything is rebuilt.

A level is built from the pool R of the elements with f(v \| G) >= t = o / (2k), G the sequence so far. Their marginals
fall into buckets [u, (1 + epsilon) u) with u = t (1 + epsilon)^b. The largest bucket is scanned in random order; what
is still in its bucket when its turn comes joins G, and the scan stops once about half of what it has seen was no longer
there. What joined is the *batch* of the level. The next level is built from the rest of R.

Deleted members of G are dead and stay in G, so that all later marginals are measured against the undamaged sequence;
the answer is G without them. A level is rebuilt when an epsilon part of its batch is dead, or when its pool has
doubled.

This structure is derived: its idea is that of the paper (buckets by marginals, batches from the largest one), its
constants are not the paper's.

Kernels; the state is a `states.State`.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory.dynamic_submodular.structures import prefixes, randomness, states
from lrtheory.dynamic_submodular.structures.prefixes import MEMBER, VALUE
from lrtheory.dynamic_submodular.structures.randomness import flat
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
    PLACE,
    POOL,
    PROFILES,
    QUERIES,
    RANDOM,
    REBUILDS,
    REBUILT,
    SCALES,
    SIZE,
    START,
    THRESHOLD,
    UNKNOWN,
    floor,
    passes,
)

__all__ = ["bucket", "build", "delete", "insert", "rebuild", "run", "run_many"]

#: elements that a scan may reject before it looks at their share
FREE_REJECTIONS = 2


@flat
def bucket(gain, threshold, epsilon):
    """The number b of the bucket [t (1 + epsilon)^b, t (1 + epsilon)^(b + 1)) of a marginal that passes."""
    return max(0, math.floor((states.log_ratio(gain, threshold) + 1e-12) / math.log1p(epsilon)))


@flat
def filtered(record, state, work, level, n):
    """Drop from the first n of the pool what fails at the end of the sequence, and find the bucket of the rest."""
    whole, numbers, marks = work.whole, state.numbers, state.marks
    threshold, epsilon = marks[SCALES, THRESHOLD], marks[SCALES, EPSILON]
    numbers[QUERIES] += n
    numbers[PROFILES] += n
    left = 0
    for a in range(n):
        v = whole[POOL, a]
        gain = prefixes.gain(record, state, numbers[LENGTH], v, work.gains)
        if passes(gain, threshold):
            whole[POOL, left], whole[BUCKET_OF, left] = v, bucket(gain, threshold, epsilon)
            left += 1
        else:
            states.link(state, v, level - 1)
    return left


@flat
def largest_bucket(work, n):
    """Move the largest bucket (of equal ones the highest) to the front of the pool; its number and its size."""
    whole = work.whole
    for a in range(n):
        whole[BUCKETS, whole[BUCKET_OF, a]] += 1
    best = whole[BUCKET_OF, 0]
    for a in range(1, n):
        b = whole[BUCKET_OF, a]
        if (whole[BUCKETS, b], b) > (whole[BUCKETS, best], best):
            best = b
    size = whole[BUCKETS, best]
    front = 0
    for a in range(n):
        whole[BUCKETS, whole[BUCKET_OF, a]] = 0
        if whole[BUCKET_OF, a] == best:
            whole[POOL, front], whole[POOL, a] = whole[POOL, a], whole[POOL, front]
            whole[BUCKET_OF, a] = whole[BUCKET_OF, front]
            front += 1
    return best, size


@flat
def scan(record, state, work, level, size, lower):
    """Look at the first `size` of the pool in random order, and append those that still reach `lower`; how many."""
    pool, numbers = work.whole[POOL], state.numbers
    taken = seen = 0
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
            state.elements[PLACE, v] = numbers[LENGTH]
            states.link(state, v, level)
            pool[seen - 1] = pool[taken]  # the batch goes to the front
            pool[taken] = v
            taken += 1
        else:
            pool[seen - 1] = v
            if seen - taken >= FREE_REJECTIONS + seen / 2:
                break
    return taken


@flat
def build(record, state, work, level, n):
    """Build the levels from this one on out of the first n elements of the pool."""
    whole, numbers, levels = work.whole, state.numbers, state.levels
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
        for a in range(taken, n):
            whole[POOL, a - taken] = whole[POOL, a]
        n -= taken
        level += 1
    numbers[LEVELS] = level - 1
    for a in range(n):  # the sequence is full: what is left stays in the last pool
        states.link(state, whole[POOL, a], level - 1)


@flat
def rebuild(record, state, work, level):
    """Throw away what stands from this level on, dead members too, and build it again from R_level."""
    numbers, kept = state.numbers, state.levels[START, level]
    n = states.gather(state, level, numbers[LEVELS], work.whole)
    for z in range(kept + 1, numbers[LENGTH] + 1):
        v = state.levels[MEMBER, z]
        numbers[N_DEAD] -= state.elements[DEEPEST, v] == ABSENT
        state.elements[PLACE, v] = 0
    prefixes.truncate(record, state, numbers[LENGTH], kept)
    numbers[LENGTH] = kept
    build(record, state, work, level, n)


@flat
def level_of(state, place):
    """The level whose batch holds this place of the sequence."""
    level = state.numbers[LEVELS]
    while state.levels[START, level] >= place:
        level -= 1
    return level


@flat
def insert(record, state, work, v):
    """A new element joins the pools as deep as its marginals allow; a dead member of the sequence is revived."""
    numbers, levels = state.numbers, state.levels
    place = np.int64(state.elements[PLACE, v])  # of a dead member, else 0
    deepest = numbers[LEVELS]
    if place > 0:  # it passes in all levels down to its own, since it did when it was chosen
        deepest = level_of(state, place)
        levels[DEAD, deepest] -= 1
        numbers[N_DEAD] -= 1
        state.marks[LOWER, 0] = UNKNOWN
    else:
        threshold = state.marks[SCALES, THRESHOLD]
        prefixes.profile(record, state, v, EMPTY, numbers[LENGTH], floor(threshold), work.gains)
        numbers[PROFILES] += 1
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
        if levels[GROWN, level] > levels[BUILT, level]:
            rebuild(record, state, work, level)
            return
    if place == 0 and is_through:
        states.unlink(state, v)
        work.whole[POOL, 0] = v
        build(record, state, work, deepest + 1, ONE)


@flat
def delete(record, state, work, v):
    """An element goes; as a member of the sequence it stays there, dead, until its level has too many of them."""
    levels, epsilon = state.levels, state.marks[SCALES, EPSILON]
    deepest = np.int64(state.elements[DEEPEST, v])
    states.unlink(state, v)
    state.elements[DEEPEST, v] = ABSENT
    for level in range(1, deepest + 1):
        levels[SIZE, level] -= 1
    if state.elements[PLACE, v] > 0:
        levels[DEAD, deepest] += 1
        state.numbers[N_DEAD] += 1
        state.marks[LOWER, 0] = UNKNOWN
        if levels[DEAD, deepest] >= epsilon * levels[BATCH, deepest]:
            rebuild(record, state, work, deepest)


# the frame of these two is that of `levels`: a kernel takes no function as an argument, so it stands twice


@flat
def run(record, state, work, ops, asked_by):
    """Apply updates; `asked_by` (2,) takes the marginals that insertions and deletions asked for."""
    for op in ops:
        before = state.numbers[QUERIES]
        if op >= 0:
            insert(record, state, work, op)
        else:
            delete(record, state, work, ~op)
        asked_by[0 if op >= 0 else 1] += state.numbers[QUERIES] - before


@flat
def run_many(record, state, work, ops, words, members, values, asked_by):
    """Apply the same updates once for every word of randomness; row r of the tables is what run r ended with.

    The value is that of the whole sequence, the members are those of it that live.
    """
    for r in range(words.shape[0]):
        states.clear(record, state)
        state.numbers[RANDOM] = words[r]
        run(record, state, work, ops, asked_by[r])
        size = 0
        for z in range(1, state.numbers[LENGTH] + 1):
            if state.elements[DEEPEST, state.levels[MEMBER, z]] != ABSENT:
                members[r, size] = state.levels[MEMBER, z]
                size += 1
        values[r] = state.marks[VALUE, state.numbers[LENGTH]]
