"""The kernels of a step: what may follow a state, where a token leads, and which items lie below.

A state of the number `rows` or above, and -1, has no edges.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel

__all__ = ["advance", "ascend", "descend", "fill_mask", "fill_packed", "follow", "gather", "stray"]


@kernel
def gather(indptr, tokens, states):  # type: ignore[no-untyped-def]
    """The lists of tokens and next states of each state, one after the other."""
    rows = len(indptr) - 1
    starts = np.zeros(len(states) + 1, np.int64)
    for b in range(len(states)):
        s = states[b]
        starts[b + 1] = starts[b] + (indptr[s + 1] - indptr[s] if 0 <= s < rows else 0)
    found = np.empty(starts[-1], np.int64)
    heads = np.empty(starts[-1], np.int64)
    for b in range(len(states)):
        place = starts[b]
        first = indptr[states[b]] if starts[b + 1] > place else 0
        for i in range(starts[b + 1] - place):
            found[place + i] = tokens[first + i]
            heads[place + i] = first + i + 1
    return starts, found, heads


@kernel
def stray(states, n_states):  # type: ignore[no-untyped-def]
    """The place of the first number that is neither a state nor -1; -1 if there is none."""
    for b in range(len(states)):
        if not -1 <= states[b] < n_states:
            return b
    return -1


@kernel
def fill_mask(indptr, tokens, n_states, states, out):  # type: ignore[no-untyped-def]
    """Write True for each token that may follow, and False for all others, unless `stray` finds a place."""
    rows, wrong = len(indptr) - 1, stray(states, n_states)
    if wrong >= 0:
        return wrong
    for b in range(len(states)):
        row = out[b]
        row[:] = False
        s = states[b]
        if 0 <= s < rows:
            for e in range(indptr[s], indptr[s + 1]):
                row[tokens[e]] = True
    return wrong


@kernel
def fill_packed(indptr, tokens, n_states, states, out):  # type: ignore[no-untyped-def]
    """Write masks with eight tokens a byte, the first one in its lowest bit, unless `stray` finds a place."""
    rows, wrong = len(indptr) - 1, stray(states, n_states)
    if wrong >= 0:
        return wrong
    for b in range(len(states)):
        row = out[b]
        row[:] = 0
        s = states[b]
        if 0 <= s < rows:
            for e in range(indptr[s], indptr[s + 1]):
                token = tokens[e]
                row[token >> 3] |= np.uint8(1 << (token & 7))
    return wrong


@kernel
def follow(indptr, tokens, s, token):  # type: ignore[no-untyped-def]
    """The state to which a token leads, by bisection in the row; -1 if it may not follow."""
    if s < 0 or s >= len(indptr) - 1:
        return np.int64(-1)
    low, high = np.int64(indptr[s]), np.int64(indptr[s + 1])
    end = high
    while low < high:
        middle = (low + high) >> 1
        if tokens[middle] < token:
            low = middle + 1
        else:
            high = middle
    return low + 1 if low < end and tokens[low] == token else np.int64(-1)


@kernel
def advance(indptr, tokens, states, steps):  # type: ignore[no-untyped-def]
    """The states to which the tokens lead, one for each state."""
    out = np.empty(len(states), np.int64)
    for b in range(len(states)):
        out[b] = follow(indptr, tokens, states[b], steps[b])
    return out


@kernel
def descend(indptr, states):  # type: ignore[no-untyped-def]
    """The first and the last state without edges below each state; -1 below none."""
    rows = len(indptr) - 1
    first, last = states.copy(), states.copy()
    for b in range(len(states)):
        while 0 <= first[b] < rows and indptr[first[b]] < indptr[first[b] + 1]:
            first[b] = indptr[first[b]] + 1
        while 0 <= last[b] < rows and indptr[last[b]] < indptr[last[b] + 1]:
            last[b] = indptr[last[b] + 1]
    return first, last


@kernel
def ascend(indptr, tokens, states, out):  # type: ignore[no-untyped-def]
    """Write the tokens that lead from the root to each state, and return how many they are."""
    lengths = np.zeros(len(states), np.int64)
    for b in range(len(states)):
        s = states[b]
        while s > 0:
            low, high = np.int64(0), np.int64(len(indptr) - 1)  # the state that edge s - 1 leaves
            while low < high:
                middle = (low + high) >> 1
                if indptr[middle + 1] <= s - 1:
                    low = middle + 1
                else:
                    high = middle
            out[b, lengths[b]] = tokens[s - 1]
            lengths[b] += 1
            s = low
        for i in range(lengths[b] // 2):
            j = lengths[b] - 1 - i
            out[b, i], out[b, j] = out[b, j], out[b, i]
    return lengths
