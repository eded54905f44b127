"""Compiled loops over the places of a panel: sums of position weights, tables by item, scores of one set."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel

__all__ = ["add_scores", "count_first", "fill_values", "owa_score", "values_by_item"]


@kernel
def add_scores(positions, table, voters, scores):
    """Add voters[v] table[positions[v, i]] to every item; the last entry of the table is that of unlisted items."""
    for v in range(positions.shape[0]):
        for i in range(positions.shape[1]):
            scores[i] += voters[v] * table[positions[v, i]]


@kernel
def count_first(places, depth):
    """How many rankings have each item among their first places; the places of unlisted items are beyond the depth.

    Counts are as narrow as the places, so that many are made at once, and four rankings share the way to memory.
    """
    n, m = places.shape
    counts, part, end = np.zeros(m, np.int64), np.zeros(m, places.dtype), places.dtype.type(depth)
    block = 252 if places.itemsize == 1 else 2**14  # multiples of four, and `part` can hold them
    for first in range(0, n, block):
        part[:] = 0
        last = min(first + block, n)
        single = last - (last - first) % 4
        for v in range(first, single, 4):
            for i in range(m):
                two = int(places[v, i] < end) + int(places[v + 1, i] < end)
                part[i] += two + int(places[v + 2, i] < end) + int(places[v + 3, i] < end)
        for v in range(single, last):
            for i in range(m):
                part[i] += int(places[v, i] < end)
        for i in range(m):
            counts[i] += part[i]
    return counts


@kernel
def values_by_item(positions, table):
    """table[positions[v, i]] in a row for each item, written in blocks that stay in the cache."""
    n, m = positions.shape
    values = np.empty((m, n), table.dtype)
    for first in range(0, n, 32):
        for i in range(m):
            for v in range(first, min(first + 32, n)):
                values[i, v] = table[positions[v, i]]
    return values


@kernel
def fill_values(positions, table, values):
    """The same in a row for each ranking, written into `values`."""
    for v in range(positions.shape[0]):
        for i in range(positions.shape[1]):
            values[v, i] = table[positions[v, i]]


@kernel
def owa_score(values, chosen, lam, voters):
    """F(S): every ranking sorts the values of the chosen items and weighs them with lambda."""
    total = 0.0
    top = np.empty(len(lam))
    for v in range(values.shape[1]):
        kept = 0
        for i in chosen:
            value = float(values[i, v])
            if kept < len(lam):
                kept += 1
            elif kept == 0 or value <= top[kept - 1]:
                continue
            place = kept - 1  # insertion into the largest so far
            while place > 0 and top[place - 1] < value:
                top[place] = top[place - 1]
                place -= 1
            top[place] = value
        score = 0.0
        for t in range(kept):
            score += lam[t] * top[t]
        total += voters[v] * score
    return total
