"""The kernels of a living index: how many living items lie below each edge."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel
from lrtheory.constrained_decoding.index.step import follow

__all__ = ["advance_living", "count_below", "gather_living", "toggle"]


@kernel
def count_below(indptr, living, n_states):  # type: ignore[no-untyped-def]
    """The number of living items below each edge; `living` says of each state whether a living item ends there."""
    counts = np.zeros(n_states - 1, np.int32)
    rows = len(indptr) - 1
    for s in range(n_states - 1, 0, -1):
        total = 1 if living[s] else 0
        if s < rows:
            for e in range(indptr[s], indptr[s + 1]):
                total += counts[e]
        counts[s - 1] = total
    return counts


@kernel
def toggle(indptr, counts, living, leaves, ranks, value):  # type: ignore[no-untyped-def]
    """Switch items on or off, and return how many changed, and how many counts were written."""
    changes, writes = 0, 0
    for i in range(len(ranks)):
        rank = ranks[i]
        if living[rank] == value:
            continue
        living[rank] = value
        changes += 1
        s = leaves[i]
        while s > 0:
            counts[s - 1] += 1 if value else -1
            writes += 1
            low, high = np.int64(0), np.int64(len(indptr) - 1)  # the state that edge s - 1 leaves
            while low < high:
                middle = (low + high) >> 1
                if indptr[middle + 1] <= s - 1:
                    low = middle + 1
                else:
                    high = middle
            s = low
    return changes, writes


@kernel
def gather_living(indptr, tokens, counts, states):  # type: ignore[no-untyped-def]
    """The lists of tokens and next states of each state, where a living item lies below."""
    rows = len(indptr) - 1
    starts = np.zeros(len(states) + 1, np.int64)
    for b in range(len(states)):
        starts[b + 1] = starts[b]
        if 0 <= states[b] < rows:
            for e in range(indptr[states[b]], indptr[states[b] + 1]):
                starts[b + 1] += counts[e] > 0
    found = np.empty(starts[-1], np.int64)
    heads = np.empty(starts[-1], np.int64)
    place = 0
    for b in range(len(states)):
        if starts[b + 1] > starts[b]:
            for e in range(indptr[states[b]], indptr[states[b] + 1]):
                if counts[e] > 0:
                    found[place] = tokens[e]
                    heads[place] = e + 1
                    place += 1
    return starts, found, heads


@kernel
def advance_living(indptr, tokens, counts, states, steps):  # type: ignore[no-untyped-def]
    """The states to which the tokens lead, -1 where no living item lies below."""
    out = np.empty(len(states), np.int64)
    for b in range(len(states)):
        after = follow(indptr, tokens, states[b], steps[b])
        out[b] = after if after > 0 and counts[after - 1] > 0 else np.int64(-1)
    return out
