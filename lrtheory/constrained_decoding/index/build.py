"""The arrays of the tree, from sequences in any order and with repetitions.

States are numbered level by level, and in the order of their prefixes inside a level. Edges are numbered by the state
that they leave, and in the order of their tokens inside a row. So edge e leads to state e + 1 (statement ST-1b), and no
array of children is kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._validation import Words, must
from lrtheory.constrained_decoding.index.reading import Ragged

__all__ = ["Arrays", "built"]

#: the largest token id that two bytes hold, and the largest number of edges that pointers of four bytes count
SHORT, FEW = 2**16 - 1, 2**31 - 1


class Arrays(NamedTuple):
    """A tree.

    Parameters
    ----------
    indptr : array of shape (rows + 1,)
        First edge of each state, up to the last state that has edges.
    tokens : array of shape (edges,)
        Token of each edge.
    levels : array of shape (L + 2,)
        First state of each level, and the number of states.
    items : array of shape (states,), or empty
        Rank of the item that ends in each state, -1 where none does; empty where all items have one length, since the
        states of the last level are then the items in their order.
    order : array of shape (N,)
        First row of the caller's that is the item of each rank.
    """

    indptr: np.ndarray
    tokens: np.ndarray
    levels: np.ndarray
    items: np.ndarray
    order: np.ndarray


def built(rows: Ragged, n_tokens: int) -> Arrays:
    """Sort sequences, drop repetitions, and make the tree.

    Parameters
    ----------
    rows : Ragged
        Sequences of token ids in [0, n_tokens), none of which begins another one.
    n_tokens : int
        Number of tokens.

    Returns
    -------
    Arrays
        Tree; tokens of two bytes where they fit, pointers of four.

    Raises
    ------
    ValueError
        If one sequence begins another one, or a sequence is empty.
    """
    lengths = rows.lengths
    width = int(lengths.max(initial=0))
    if len(lengths) and int(lengths.min()) == 0:
        got = Words(f"an empty one at row {int(np.flatnonzero(lengths == 0)[0])}")
        raise must("sequences", "of at least one token each, unless `terminator` ends them", got)
    even = not len(lengths) or bool((lengths == width).all())
    kind = np.uint16 if n_tokens <= SHORT + 1 else np.uint32
    # where sequences end before others, the end is less than every token, so that a prefix stands before what it begins
    values = rows.values.astype(kind) if even else rows.values + 1
    table = Ragged(values, lengths).table(0, width)
    order = _sorted(table, n_tokens + (not even))
    table = table if order is None else table[order]
    fresh = np.ones(len(table), bool)
    differs = table[1:] != table[:-1]
    fresh[1:] = differs.any(axis=1)
    first = np.zeros(len(table), np.int64)
    first[1:] = differs.argmax(axis=1) if width else 0
    order = (np.arange(len(table)) if order is None else order)[fresh]
    table, first, lengths = table[fresh], first[fresh], lengths[order]
    if not even:
        _refuse_prefixes(first, lengths, order)
        table = (table - 1).astype(kind)  # entries after the end wrap around, and are never read
    return _assembled(table, first, lengths, order, even)


def _assembled(table: np.ndarray, first: np.ndarray, lengths: np.ndarray, order: np.ndarray, even: bool) -> Arrays:
    """The tree of rows that are sorted and differ, each from the one before in the column `first` and not earlier."""
    width = table.shape[1]
    levels = np.zeros(width + 2, np.int64)
    levels[1] = 1
    tokens, pointers, items = [], [], [np.full(1, -1, np.int64)]
    edges = 0
    heads = np.zeros(min(1, len(table)), np.int64)  # the first row below each state of the level
    for level in range(width):
        opens = first <= level if even else (first <= level) & (lengths > level)
        below = np.flatnonzero(opens)
        # the edges of a state begin after those that earlier rows have opened
        before = np.searchsorted(below, heads)
        pointers.append(edges + before)
        tokens.append(table[below, level])
        edges += len(below)
        levels[level + 2] = levels[level + 1] + len(below)
        heads = below
        if not even:
            items.append(np.where(lengths[below] == level + 1, below, -1))
    indptr = np.concatenate([*(pointers or [np.zeros(1, np.int64)]), [edges]])
    last = int(np.searchsorted(indptr, edges)) if edges else 1  # states after it have no edges
    wide = np.int32 if edges <= FEW else np.int64
    return Arrays(
        kernel_input(indptr[: last + 1], wide),
        kernel_input(np.concatenate(tokens) if tokens else np.empty(0, table.dtype)),
        kernel_input(levels),
        kernel_input(np.concatenate(items) if not even else np.empty(0), np.int32 if len(table) <= FEW else np.int64),
        kernel_input(order, np.int64),
    )


def _sorted(table: np.ndarray, n_tokens: int) -> np.ndarray | None:
    """The order of the rows, earlier rows first among equal ones; None where they stand in it already."""
    if len(table) < 2:
        return None
    bits = max(1, (n_tokens - 1).bit_length())
    share = 64 // bits  # tokens in a key of 64 bits
    keys = []
    for start in range(0, table.shape[1], share):
        key = np.zeros(len(table), np.uint64)
        for column in table.T[start : start + share]:
            key = (key << np.uint64(bits)) | column.astype(np.uint64)
        keys.append(key)
    if len(keys) == 1:
        return None if (keys[0][1:] >= keys[0][:-1]).all() else np.argsort(keys[0], kind="stable")
    order = np.lexsort(keys[::-1])
    return None if (order[1:] > order[:-1]).all() else order


def _refuse_prefixes(first: np.ndarray, lengths: np.ndarray, order: np.ndarray) -> None:
    """Refuse a sequence that begins the next one: it would end in the middle of a path."""
    short = np.flatnonzero(first[1:] == lengths[:-1])
    if len(short):
        rows = sorted(int(row) for row in order[short[0] : short[0] + 2])
        got = Words(f"rows {rows[0]} and {rows[1]}")
        raise must("terminator", "given when one sequence is a prefix of another", got)
