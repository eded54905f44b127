"""Compiled loops over the positions of a panel: sums of position weights, tables by item, scores of one set.

Everywhere ``positions[v, i]`` is the position of item i in ranking v, 0 the best and -1 if it is not listed. A `table`
has m + 1 entries: the weights of the positions 0 .. m - 1 and, last, that of an unlisted item, which index -1 reads.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel

__all__ = ["add_scores", "count_first", "fill_values", "owa_score", "values_by_item"]


@kernel
def add_scores(positions, table, voters, scores):
    """Add voters[v] table[positions[v, i]] to the score of every item i, over all rankings v."""
    for v in range(positions.shape[0]):
        for i in range(positions.shape[1]):
            scores[i] += voters[v] * table[positions[v, i]]


@kernel
def count_first(positions, depth):
    """Count the rankings that have each item among their first `depth` positions, as int64 of shape (m,).

    `positions` are those of `narrow_positions`, in which an unlisted item is beyond every depth. Counts are as narrow
    as the positions, so that one vector instruction makes many, and four rankings share each access to the counts.
    """
    n, m = positions.shape
    counts, part, end = np.zeros(m, np.int64), np.zeros(m, positions.dtype), positions.dtype.type(depth)
    # a count grows by at most 1 per ranking: 252 fit into one byte, 2^14 into two, and both are multiples of four
    block = 252 if positions.itemsize == 1 else 2**14
    for first in range(0, n, block):
        part[:] = 0
        last = min(first + block, n)
        single = last - (last - first) % 4  # the rankings from here on, fewer than four, are counted one by one
        for v in range(first, single, 4):
            for i in range(m):
                two = int(positions[v, i] < end) + int(positions[v + 1, i] < end)
                part[i] += two + int(positions[v + 2, i] < end) + int(positions[v + 3, i] < end)
        for v in range(single, last):
            for i in range(m):
                part[i] += int(positions[v, i] < end)
        for i in range(m):
            counts[i] += part[i]
    return counts


@kernel
def values_by_item(positions, table):
    """Return the array (m, n) with table[positions[v, i]] in row i, written in blocks that stay in the cache."""
    n, m = positions.shape
    values = np.empty((m, n), table.dtype)
    # a transposition: blocks of 32 rankings are read again for each item, and 32 values of int16 fill a cache line
    for first in range(0, n, 32):
        for i in range(m):
            for v in range(first, min(first + 32, n)):
                values[i, v] = table[positions[v, i]]
    return values


@kernel
def fill_values(positions, table, values):
    """Write table[positions[v, i]] into row v of `values`, an array of shape (n, m)."""
    for v in range(positions.shape[0]):
        for i in range(positions.shape[1]):
            values[v, i] = table[positions[v, i]]


@kernel
def owa_score(values, chosen, lam, voters):
    """Return F(S): every ranking sorts the values of the chosen items in decreasing order and weighs them with lambda.

    `values` has shape (m, n), `chosen` the rows of the items, `voters` the multiplicities of the n rankings.
    """
    total = 0.0
    top = np.empty(len(lam))  # the largest values of one ranking, at most as many as lambda weighs
    for v in range(values.shape[1]):
        kept = 0
        for i in chosen:
            value = float(values[i, v])
            if kept < len(lam):  # a slot is free; else the value replaces the smallest, if it is larger than that
                kept += 1
            elif kept == 0 or value <= top[kept - 1]:
                continue
            rank = kept - 1  # insertion into the largest so far
            while rank > 0 and top[rank - 1] < value:
                top[rank] = top[rank - 1]
                rank -= 1
            top[rank] = value
        score = 0.0
        for t in range(kept):
            score += lam[t] * top[t]
        total += voters[v] * score
    return total
