"""Masks as others make them: a dictionary a prefix, ranges of a sorted table, and a table that is no tree.

Each of the first three takes the items, and returns a function from a prefix to the tokens that may follow.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from lrtheory._validation import integer, must
from lrtheory.constrained_decoding.index.trie_index import TrieIndex

__all__ = ["Ranking", "brute_force", "dict_trie", "position_table", "sorted_ranges"]

#: takes a prefix and returns tokens, ascending
Follow = Callable[[Sequence[int]], list[int]]


def dict_trie(sequences: Iterable[Sequence[int]]) -> Follow:
    """Nested dictionaries, one for each prefix: what most programs call a trie.

    Parameters
    ----------
    sequences : iterable of sequences of int
        Items, none of which begins another one.

    Returns
    -------
    callable
        Function from a prefix to the tokens that may follow, ascending; the answer is that of `TrieIndex.allowed`.
    """
    root: dict[int, Any] = {}
    for row in sequences:
        node = root
        for token in row:
            node = node.setdefault(int(token), {})

    def allowed(prefix: Sequence[int]) -> list[int]:
        node = root
        for token in prefix:
            if token not in node:
                return []
            node = node[token]
        return sorted(node)

    return allowed


def sorted_ranges(sequences: Iterable[Sequence[int]]) -> Follow:
    """A sorted table, in which a prefix is a range of rows that bisection finds.

    Parameters
    ----------
    sequences : iterable of sequences of int
        Items.

    Returns
    -------
    callable
        Function from a prefix to the tokens that may follow, ascending.
    """
    rows = sorted({tuple(int(token) for token in row) for row in sequences})

    def allowed(prefix: Sequence[int]) -> list[int]:
        key = tuple(prefix)
        found, place = [], bisect_left(rows, key)
        while place < len(rows) and rows[place][: len(key)] == key:
            if len(rows[place]) == len(key):
                place += 1
                continue
            found.append(rows[place][len(key)])
            place = bisect_left(rows, (*key, found[-1] + 1))
        return found

    return allowed


def position_table(sequences: Iterable[Sequence[int]]) -> Follow:
    """A dictionary from a position and the last token to the next tokens: no tree, although it is often called one.

    It lets out sequences that are no items. Of the items 0 0 0 and 1 0 1 it allows 0 0 1 (statement ST-1).

    Parameters
    ----------
    sequences : iterable of sequences of int
        Items.

    Returns
    -------
    callable
        Function from a prefix to tokens, ascending: those that follow the last token at this position in some item.
    """
    table: dict[tuple[int, int], set[int]] = {}
    for row in sequences:
        before = -1
        for position, token in enumerate(row):
            table.setdefault((position, before), set()).add(int(token))
            before = int(token)

    def allowed(prefix: Sequence[int]) -> list[int]:
        return sorted(table.get((len(prefix), int(prefix[-1]) if len(prefix) else -1), ()))

    return allowed


class Ranking(NamedTuple):
    """The best items.

    Parameters
    ----------
    items : int64 array
        Ranks, the best first; equal scores in the order of the sequences.
    log_probs : float64 array
        Log probabilities of the items.
    """

    items: np.ndarray
    log_probs: np.ndarray


def brute_force(index: TrieIndex, model: Callable[[np.ndarray, np.ndarray], Any], k: int) -> Ranking:
    """Score every item of a catalogue by the model, and sort.

    Parameters
    ----------
    index : TrieIndex
        Catalogue.
    model : callable
        As in `search`.
    k : int
        Number of items.

    Returns
    -------
    Ranking
        The k best items, or all if there are fewer.

    Raises
    ------
    ValueError
        If k is below 1.
    """
    if not isinstance(index, TrieIndex):
        raise must("index", "a TrieIndex", index, TypeError)
    number = integer("k", k, low=1)
    totals = np.zeros(index.n_states)
    for level in range(index.max_length):
        first, last = (int(place) for place in index.level_offsets[level : level + 2])
        states = np.arange(first, last)
        found = index.allowed(states)
        inner = np.flatnonzero(np.diff(found.indptr))
        prefixes, _ = index._paths(states[inner])
        scores = np.asarray(model(prefixes[:, :level], states[inner]))
        owner = np.repeat(np.arange(len(inner)), np.diff(found.indptr)[inner])
        totals[found.states] = totals[states[inner][owner]] + scores[owner, found.tokens]
    ends = totals[index.leaves(np.arange(index.n_items))]
    order = np.argsort(-ends, kind="stable")[:number]
    return Ranking(order, ends[order])
