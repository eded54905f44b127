r"""One sample a level: a maintained sequence e_1, ..., e_T for one guess o of the optimum, with threshold t = o / (2k).

.. math:: R_1 = \{v : f(v) \ge t\}, \qquad e_i \text{ uniform in } R_i, \qquad
          R_{i+1} = \{v \in R_i : v \ne e_i,\ f(v \mid e_1, \dots, e_i) \ge t\}, \qquad T \le k.

The pools are nested, so one number a level is kept of each element: the last i with v in R_i. An insertion walks down
the pools and takes the place of each e_i that it meets with probability 1 / \|R_i\|; a deletion costs nothing unless it
hits an e_i, which then is drawn anew. Either way all below is built again by one pass over R_i in random order: the
first element that passes at the present end of the sequence is uniform among all that do.

Kernels; the state is a `states.State`. With groups the bar that an element must reach depends on its group and on the
prefix, and never falls (see `matroid`); without, it is t for the first k prefixes.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory.dynamic_submodular.structures import prefixes, randomness, states
from lrtheory.dynamic_submodular.structures.prefixes import MEMBER, VALUE
from lrtheory.dynamic_submodular.structures.randomness import flat
from lrtheory.dynamic_submodular.structures.states import (
    ABSENT,
    BAR,
    DEEPEST,
    EMPTY,
    GROUP,
    LENGTH,
    LIMIT,
    NOBODY,
    POOL,
    PROFILES,
    QUERIES,
    RANDOM,
    REBUILDS,
    REBUILT,
    SCALES,
    SIZE,
    THRESHOLD,
    floor,
    passes,
)

__all__ = ["delete", "insert", "rebuild", "run", "run_many", "settle"]


@flat
def raise_bar(state, work, z, group):
    """The bars after z picks: where a group is full, twice the least weight of what it holds.

    The weight of a pick is its marginal. Every swap throws out the least, so a group holds the largest weights of its
    picks.
    """
    marks, limit, kept = state.marks, work.whole[LIMIT, group], work.gains.shape[0] - work.whole[LIMIT, group]
    for g in range(BAR, marks.shape[0]):
        marks[g, z] = marks[g, z - 1]
    held = 0
    for y in range(1, z + 1):  # the weights stand at the end of the scratch, which profiles do not reach
        if work.whole[GROUP, state.levels[MEMBER, y]] == group:
            place = kept + min(held, limit - 1)
            if held >= limit:
                for x in range(kept, kept + limit):
                    place = x if work.gains[x] < work.gains[place] else place
            work.gains[place] = marks[VALUE, y] - marks[VALUE, y - 1]
            held += 1
    if held >= limit and z < marks.shape[1] - 2:
        least = math.inf
        for x in range(kept, kept + limit):
            least = min(least, work.gains[x])
        marks[BAR + group, z] = max(state.marks[SCALES, THRESHOLD], 2.0 * least)


@flat
def depth(gains, bars, first, opened, last):
    """The first prefix from `first` to `last` on at which a profile is below the bar, last + 1 for none.

    Here profiles are cheap and looked through; a callable is asked instead as the counts say (`objectives.counting`).
    """
    while first <= last and passes(gains[first], bars[first]):
        first += 1
    return first


@flat
def settle(record, state, work, n, level, opened):
    """Sort the first n elements of the pool, in random order, into the levels from `level` on.

    An element that passes at the end of the sequence is appended to it; the marginals at all prefixes come from one
    profile, and are counted as a binary search would ask for them. ``opened`` is `level`, or `level` + 1 where e_level
    stands already: then every element is first asked whether it stays in the pool after it.
    """
    numbers, marks, pool = state.numbers, state.marks, work.whole[POOL]
    least = floor(marks[SCALES, THRESHOLD])
    numbers[REBUILDS] += 1
    numbers[PROFILES] += n
    numbers[REBUILT] += n
    for a in range(n):
        b = a + randomness.below(numbers, n - a)
        v = pool[b]
        pool[b] = pool[a]
        last, bar = numbers[LENGTH], BAR + work.whole[GROUP, v]
        prefixes.profile(record, state, v, level - 1, last, least, work.gains)
        deepest = depth(work.gains, marks[bar], level - 1, opened, last)
        numbers[QUERIES] += opened - level
        if deepest >= opened:
            numbers[QUERIES] += marks[bar, last] < math.inf
            numbers[QUERIES] += states.asked(last - opened + 1) if deepest <= last else 0
        if deepest > last:
            prefixes.extend(record, state, deepest, v, work.gains[last])
            numbers[LENGTH] = deepest
            if marks.shape[0] > BAR + 1:
                raise_bar(state, work, deepest, work.whole[GROUP, v])
        states.link(state, v, deepest)
        for i in range(level, deepest + 1):
            state.levels[SIZE, i] += 1


@flat
def rebuild(record, state, work, level, v, marginal):
    """Throw away what stands from this level on, and build it again from R_level; v, unless -1, becomes e_level."""
    numbers = state.numbers
    n = states.gather(state, level, numbers[LENGTH], work.whole)  # all of R_level
    prefixes.truncate(record, state, numbers[LENGTH], level - 1)
    numbers[LENGTH] = level - 1
    if v < 0:
        settle(record, state, work, n, level, level)
        return
    start(record, state, work, level, v, marginal)
    if level < state.levels.shape[1] - 2:
        settle(record, state, work, n, level, level + 1)
        return
    for a in range(n):  # no level is below the last one: its pool stays as it is
        states.link(state, work.whole[POOL, a], level)
    state.levels[SIZE, level] += n


@flat
def start(record, state, work, level, v, marginal):
    """Make v, the first of R_level, the element e_level at the end of the sequence."""
    prefixes.extend(record, state, level, v, marginal)
    state.numbers[LENGTH] = level
    if state.marks.shape[0] > BAR + 1:
        raise_bar(state, work, level, work.whole[GROUP, v])
    states.link(state, v, level)
    state.levels[SIZE, level] += 1


@flat
def insert(record, state, work, v):
    """A new element: it joins the pools as deep as its marginals allow, and may become one of the e_i."""
    numbers, marks, bar = state.numbers, state.marks, BAR + work.whole[GROUP, v]
    last = numbers[LENGTH]
    prefixes.profile(record, state, v, EMPTY, last, floor(marks[SCALES, THRESHOLD]), work.gains)
    numbers[PROFILES] += 1
    level = 0
    while marks[bar, level] < math.inf:
        numbers[QUERIES] += 1
        if not passes(work.gains[level], marks[bar, level]):
            break
        level += 1
        if level > last:
            start(record, state, work, level, v, work.gains[last])
            return
        coin = 1.0 / (state.levels[SIZE, level] + 1)  # the size of R_level with v in it
        if randomness.uniform(numbers) < coin:
            rebuild(record, state, work, level, v, work.gains[level - 1])
            return
        state.levels[SIZE, level] += 1
    states.link(state, v, level)


@flat
def delete(record, state, work, v):
    """An element goes: no marginal is asked for unless it is one of the e_i."""
    deepest = np.int64(state.elements[DEEPEST, v])
    states.unlink(state, v)
    for i in range(1, deepest + 1):
        state.levels[SIZE, i] -= 1
    state.elements[DEEPEST, v] = ABSENT
    if deepest > 0 and state.levels[MEMBER, deepest] == v:
        rebuild(record, state, work, deepest, NOBODY, 0.0)


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
    """Apply the same updates once for every word of randomness; row r of the tables is what run r ended with."""
    for r in range(words.shape[0]):
        states.clear(record, state)
        state.numbers[RANDOM] = words[r]
        run(record, state, work, ops, asked_by[r])
        length = state.numbers[LENGTH]
        for z in range(length):
            members[r, z] = state.levels[MEMBER, z + 1]
        values[r] = state.marks[VALUE, length]
