r"""Offline selection: kernels that build one sequence from the candidates of a `Search`.

``state`` is empty and large enough. Of equal marginals the earlier candidate wins. Elements whose marginal is not
positive are never taken. Every kernel returns the length of the sequence and the number of marginals asked for.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._array import flat
from lrtheory.dynamic_submodular.structures import prefixes, randomness
from lrtheory.dynamic_submodular.structures.prefixes import MEMBER
from lrtheory.dynamic_submodular.structures.states import EMPTY, NOBODY, passes

__all__ = ["Search", "exhaust", "lazy", "naive", "random", "stochastic", "threshold"]


class Search(NamedTuple):
    """The candidates of a greedy selection of k elements, and what is known of their marginals.

    ``bounds[a]`` is an upper bound of the marginal of candidate a on the solution so far: the last marginal asked for
    (marginals only fall), inf if none was, -inf for a candidate that was taken.
    """

    candidates: np.ndarray  # int64 (n_candidates,)
    k: int
    bounds: np.ndarray  # float64 (n_candidates,)
    gains: np.ndarray  # float64 (k + 2,), scratch of `prefixes`


@flat
def take(record, state, search, length, a, gain):
    """Append candidate a, with this marginal, and return the new length."""
    prefixes.extend(record, state, length + 1, search.candidates[a], gain)
    search.bounds[a] = -math.inf
    return length + 1


@flat
def naive(record, state, search):
    """Take the candidate of the largest marginal in every round."""
    candidates, k, bounds, gains = search
    length, queries = EMPTY, 0
    while length < k:
        best = NOBODY
        for a in range(candidates.shape[0]):
            if bounds[a] > -math.inf:
                bounds[a] = prefixes.gain(record, state, length, candidates[a], gains)
                queries += 1
                if best < 0 or bounds[a] > bounds[best]:
                    best = a
        if best < 0 or not bounds[best] > 0:
            break
        length = take(record, state, search, length, best, bounds[best])
    return length, queries


@flat
def sink(heap, size, bounds, index):
    """Restore the heap below this index, whose candidate may have a smaller bound than its children."""
    a = heap[index]
    while 2 * index + 1 < size:
        child = 2 * index + 1
        if child + 1 < size and comes_before(bounds, heap[child + 1], heap[child]):
            child += 1
        if not comes_before(bounds, heap[child], a):
            break
        heap[index] = heap[child]
        index = child
    heap[index] = a


@flat
def comes_before(bounds, a, b):
    """Return whether candidate a has the larger bound, or the same and comes first."""
    return bounds[a] > bounds[b] or (bounds[a] == bounds[b] and a < b)


@flat
def lazy(record, state, search, heap, asked_at):
    """Choose as `naive` does, but ask for a marginal again only when its last value is the largest of all.

    ``heap`` has the candidates in a binary heap by their bounds, ``asked_at[a]`` the length at which a was asked last.
    """
    candidates, k, bounds, gains = search
    size = candidates.shape[0]
    length, queries = EMPTY, size
    prefixes.gains_of(record, state, length, candidates, bounds, gains)
    for a in range(size):
        heap[a], asked_at[a] = a, 0
    for index in range(size // 2 - 1, -1, -1):
        sink(heap, size, bounds, index)
    while length < k and size > 0:
        a = heap[0]
        if not bounds[a] > 0:
            break
        # submodularity makes every older marginal an upper bound, so a fresh one on top of the heap is the largest;
        # ties are in the order of the heap, so the choice is that of `naive` (statement DS-T14-lazy)
        if asked_at[a] == length:
            length = take(record, state, search, length, a, bounds[a])
            size -= 1
            heap[0] = heap[size]
        else:
            bounds[a] = prefixes.gain(record, state, length, candidates[a], gains)
            asked_at[a] = length
            queries += 1
        if size > 0:
            sink(heap, size, bounds, EMPTY)
    return length, queries


@flat
def stochastic(record, state, search, rest, n_samples, numbers):
    """Take the best of a random sample of the remaining candidates in every round.

    ``rest`` is scratch of one entry per candidate; `numbers` has the word of the random stream, as in `states.State`.
    """
    candidates, k, bounds, gains = search
    size, length, queries = candidates.shape[0], EMPTY, 0
    for a in range(size):
        rest[a] = a
    for _ in range(k):
        best = NOBODY
        for index in range(min(n_samples, size)):  # rest[:index] is the sample so far, rest[size:] is taken
            other = index + randomness.below(numbers, size - index)
            rest[index], rest[other] = rest[other], rest[index]
            a = rest[index]
            bounds[a] = prefixes.gain(record, state, length, candidates[a], gains)
            queries += 1
            if best < 0 or comes_before(bounds, a, rest[best]):
                best = index
        if best >= 0 and bounds[rest[best]] > 0:
            a = rest[best]
            length = take(record, state, search, length, a, bounds[a])
            size -= 1
            rest[best] = rest[size]
    return length, queries


@flat
def threshold(record, state, search, epsilon):
    """Take all that reaches a threshold, which falls by 1 - epsilon from the best single value to epsilon / n of it."""
    candidates, k, bounds, gains = search
    n, length = candidates.shape[0], EMPTY
    prefixes.gains_of(record, state, length, candidates, bounds, gains)
    queries, top = n, 0.0
    for a in range(n):
        top = max(top, bounds[a])
    level = top
    while length < k and top > 0 and level >= epsilon * top / n:
        for a in range(n):
            if length < k and passes(bounds[a], level):  # marginals only fall
                bounds[a] = prefixes.gain(record, state, length, candidates[a], gains)
                queries += 1
                if passes(bounds[a], level):
                    length = take(record, state, search, length, a, bounds[a])
        level *= 1 - epsilon
    return length, queries


@flat
def random(record, state, search, best, numbers):
    """Draw one of the k best in every round, uniformly; a rank without a positive marginal adds nothing.

    ``best`` is scratch of k + 1 entries; `numbers` has the word of the random stream, as in `states.State`.
    """
    candidates, k, bounds, gains = search
    length, queries = EMPTY, 0
    for _ in range(k):
        size = 0
        for a in range(candidates.shape[0]):
            if bounds[a] > -math.inf:
                bounds[a] = prefixes.gain(record, state, length, candidates[a], gains)
                queries += 1
                index = size  # insertion into best[:size], the at most k best, in their order
                while index > 0 and comes_before(bounds, a, best[index - 1]):
                    if index < k:
                        best[index] = best[index - 1]
                    index -= 1
                if index < k:
                    best[index] = a
                    size = min(size + 1, k)
        drawn = randomness.below(numbers, k)
        if drawn < size and bounds[best[drawn]] > 0:
            a = best[drawn]
            length = take(record, state, search, length, a, bounds[a])
    return length, queries


@flat
def exhaust(record, state, search, indices, best):
    """Value all sets of at most k candidates, in lexicographic order, and leave the first best one in `best`.

    ``indices`` is scratch of k + 1 entries; the bounds of the search are not read.
    """
    candidates, k, _, gains = search
    n, depth, queries = candidates.shape[0], 0, 0
    best_value, best_size = 0.0, 0
    indices[0] = -1
    # indices[:depth] are the indices of the set that the state holds, increasing: a depth-first search, in which every
    # set costs one marginal on the set without its last element
    while depth >= 0:
        indices[depth] += 1
        if depth == k or indices[depth] >= n:
            depth -= 1
            if depth >= 0:
                prefixes.truncate(record, state, depth + 1, depth)
            continue
        v = candidates[indices[depth]]
        prefixes.extend(record, state, depth + 1, v, prefixes.gain(record, state, depth, v, gains))
        queries += 1
        depth += 1
        if state.marks[prefixes.VALUE, depth] > best_value:
            best_value, best_size = state.marks[prefixes.VALUE, depth], depth
            for z in range(depth):
                best[z] = state.levels[MEMBER, z + 1]
        indices[depth] = indices[depth - 1]
    return best_size, queries
