r"""One sample per level: a maintained sequence e_1, ..., e_T for one guess o of the optimum, with threshold o / (2k).

With t = o / (2k):

.. math:: R_1 = \{v : f(v) \ge t\}, \qquad e_i \text{ uniform in } R_i, \qquad
          R_{i+1} = \{v \in R_i : v \ne e_i,\ f(v \mid e_1, \dots, e_i) \ge t\}, \qquad T \le k.

The pools are nested, so one number per element says in which ones it is: the last i with v in R_i. An insertion walks
down the pools and replaces each e_i that it meets with probability 1 / \|R_i\|; a deletion costs nothing unless it hits
an e_i, which is then drawn anew. Either way all levels below are built again by one pass over R_i in random order: the
first element that passes at the present end of the sequence is uniform among all that do. So e_i is uniform in R_i
after every update that does not look at the coins (statement DS-T4), which is what makes rebuilds rare (DS-T3).

Kernels; the state is a `states.State`. With groups (the swap rule of Chakrabarti and Kale, see `matroid`) the bar that
an element must reach depends on its group and on the prefix, and never falls; without, it is t for the first k
prefixes. After every kernel: R_{T+1} is empty where T < k, the deepest level of e_i is i, and SIZE counts each pool.
"""

from __future__ import annotations

import math

import numpy as np
from numba.extending import overload

from lrtheory._array import flat
from lrtheory.dynamic_submodular.structures import prefixes, randomness, states
from lrtheory.dynamic_submodular.structures.prefixes import MEMBER, VALUE
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
    """Write the bars after z picks, the last one of this group: a full group asks for twice the least weight it keeps.

    The weight of a pick is its marginal when it was picked. Every swap throws out the least weight, so a group keeps
    the largest weights among its picks. The factor 2 bounds the sum of all weights that were thrown out by the sum of
    those that are kept (statement DS-T16). The last column keeps its inf, or the next pick would be written outside of
    the tables: under exact replay a guess is shown elements that are worth far more than the guess, and picks more than
    `PartitionMatroid.n_levels` of them.
    """
    marks, limit, kept = state.marks, work.integers[LIMIT, group], work.gains.shape[0] - work.integers[LIMIT, group]
    if z == marks.shape[1] - 2:
        return
    for g in range(BAR, marks.shape[0]):
        marks[g, z] = marks[g, z - 1]
    n_picks = 0
    for y in range(1, z + 1):  # the weights are kept at the end of the scratch, which profiles do not reach
        if work.integers[GROUP, state.levels[MEMBER, y]] == group:
            index = kept + min(n_picks, limit - 1)
            if n_picks >= limit:  # a swap: the new weight takes the entry of the least one
                for x in range(kept, kept + limit):
                    index = x if work.gains[x] < work.gains[index] else index
            work.gains[index] = marks[VALUE, y] - marks[VALUE, y - 1]
            n_picks += 1
    if n_picks >= limit:
        least = math.inf
        for x in range(kept, kept + limit):
            least = min(least, work.gains[x])
        marks[BAR + group, z] = max(state.marks[SCALES, THRESHOLD], 2.0 * least)


def raise_bars(state, work, z, group):
    """Raise the bars where there are groups; the compiler sees by the class of the scratch whether there are."""
    if isinstance(work, states.GroupedWorkspace):
        raise_bar(state, work, z, group)


@overload(raise_bars)
def _raise_bars(state, work, z, group):
    if work.instance_class is states.GroupedWorkspace:
        return lambda state, work, z, group: raise_bar(state, work, z, group)
    return lambda state, work, z, group: None


vars(raise_bars)["py_func"] = raise_bars  # `interpreted` takes it for a kernel, as it is


@flat
def depth(gains, bars, first, opened, last):
    """Return the first prefix from `first` to `last` at which a profile is below its bar, last + 1 for none.

    A profile is known at all prefixes, so a linear search does. Behind a Python callable every marginal costs a call,
    and `objectives.counting` exchanges this kernel for the binary search that the counts assume; `opened` is for that
    one.
    """
    while first <= last and passes(gains[first], bars[first]):
        first += 1
    return first


@flat
def settle(record, state, work, n, level, opened):
    """Sort the first n elements of the pool, in random order, into the levels from `level` on.

    They are R_level without e_level, or all elements present where everything is built from level 1. An element that
    passes at the end of the sequence is appended to it; the marginals at all prefixes come from one profile, and are
    counted as a binary search would ask for them (statement DS-T3). ``opened`` is the first level that may still be
    started: `level`, or `level` + 1 where e_level is set; then every element is first asked whether it passes after
    e_level.
    """
    numbers, marks, pool = state.numbers, state.marks, work.integers[POOL]
    least = floor(marks[SCALES, THRESHOLD])
    numbers[REBUILDS] += 1
    numbers[PROFILES] += n
    numbers[REBUILT] += n
    for a in range(n):
        # the next element of a uniform permutation (Fisher and Yates); without it e_i would not be uniform in R_i
        b = a + randomness.below(numbers, n - a)
        v = pool[b]
        pool[b] = pool[a]
        last, bar = numbers[LENGTH], BAR + work.integers[GROUP, v]
        prefixes.profile(record, state, v, level - 1, last, least, work.gains)
        deepest = depth(work.gains, marks[bar], level - 1, opened, last)
        # counted: e_level if it is new, the end of the sequence unless that is full, then the search in between; on
        # I_{level-1} nothing is asked: v is in R_level, or f(v) is known
        numbers[QUERIES] += opened - level
        if deepest >= opened:
            numbers[QUERIES] += marks[bar, last] < math.inf
            numbers[QUERIES] += states.asked(last - opened + 1) if deepest <= last else 0
        if deepest > last:  # it passes on all of I_T: R_{T+1} is not empty, and v is its sample
            prefixes.extend(record, state, deepest, v, work.gains[last])
            numbers[LENGTH] = deepest
            raise_bars(state, work, deepest, work.integers[GROUP, v])
        states.link(state, v, deepest)
        for i in range(level, deepest + 1):
            state.levels[SIZE, i] += 1


@flat
def rebuild(record, state, work, level, v, marginal):
    """Drop the levels from this one on and build them again from R_level; v, unless -1, becomes e_level."""
    numbers = state.numbers
    n = states.gather(state, level, numbers[LENGTH], work.integers)  # all of R_level; a new v is not among them yet
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
        states.link(state, work.integers[POOL, a], level)
    state.levels[SIZE, level] += n


@flat
def start(record, state, work, level, v, marginal):
    """Append v to the sequence as e_level, the first element that R_level counts."""
    prefixes.extend(record, state, level, v, marginal)
    state.numbers[LENGTH] = level
    raise_bars(state, work, level, work.integers[GROUP, v])
    states.link(state, v, level)
    state.levels[SIZE, level] += 1


@flat
def insert(record, state, work, v):
    """Insert a new element: it joins the pools as deep as its marginals allow, and may become one of the e_i."""
    numbers, marks, bar = state.numbers, state.marks, BAR + work.integers[GROUP, v]
    last = numbers[LENGTH]
    prefixes.profile(record, state, v, EMPTY, last, floor(marks[SCALES, THRESHOLD]), work.gains)
    numbers[PROFILES] += 1
    # invariant: v is in R_1, ..., R_level, and their sizes count it
    level = 0
    while marks[bar, level] < math.inf:
        numbers[QUERIES] += 1
        if not passes(work.gains[level], marks[bar, level]):
            break
        level += 1
        if level > last:  # R_{T+1} was empty: v is all of it
            start(record, state, work, level, v, work.gains[last])
            return
        coin = 1.0 / (state.levels[SIZE, level] + 1)  # the size of R_level with v in it
        # e_level stays with probability (m - 1) / m or is v: uniform in the m elements of R_level again (DS-T4)
        if randomness.uniform(numbers) < coin:
            rebuild(record, state, work, level, v, work.gains[level - 1])
            return
        state.levels[SIZE, level] += 1
    states.link(state, v, level)


@flat
def delete(record, state, work, v):
    """Delete an element: no marginal is asked for unless it is one of the e_i."""
    deepest = np.int64(state.elements[DEEPEST, v])  # int64 as at all other calls, else kernels are compiled twice
    states.unlink(state, v)
    for i in range(1, deepest + 1):
        state.levels[SIZE, i] -= 1
    state.elements[DEEPEST, v] = ABSENT
    # e_i has marginal 0 on I_i, so it is in R_i and no deeper; any other element leaves e_i uniform on the rest
    if deepest > 0 and state.levels[MEMBER, deepest] == v:
        rebuild(record, state, work, deepest, NOBODY, 0.0)


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
    """Apply the updates once for every word of randomness, and write the outcomes to `runs`."""
    for r in range(words.shape[0]):
        states.clear(record, state)
        state.numbers[RANDOM] = words[r]
        run(record, state, work, ops, runs.asked_by[r])
        length = state.numbers[LENGTH]
        for z in range(length):
            runs.members[r, z] = state.levels[MEMBER, z + 1]
        runs.values[r] = state.marks[VALUE, length]
