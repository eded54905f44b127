"""Log probabilities of all edges of an index, and sums over paths; logarithms do not underflow.

An edge leads from a state, a prefix of items, to the prefix that is one token longer. Edge e leads to state e + 1, and
the edges of the states of one level follow each other, so a sum over paths goes over one array, level by level.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._validation import Words, must
from lrtheory.constrained_decoding.decoding.asked import Model, checked_rows, tempered
from lrtheory.constrained_decoding.index.trie_index import TrieIndex
from lrtheory.constrained_decoding.live import LiveIndex

__all__ = [
    "Edges",
    "ask",
    "backward",
    "choose",
    "cumulate",
    "edges_of",
    "forward",
    "non_empty",
    "parents",
]

#: numbers in one answer of a model, so that long vocabularies are asked for in parts
MOST_NUMBERS = 1 << 22
#: what rounding of single precision may add to the sum of a row of probabilities, whose sum is at most 1
EXCESS = 1e-3


class Edges(NamedTuple):
    """An index in arrays, with the log probability of each edge.

    Parameters
    ----------
    base : TrieIndex
        Index; of a living one that of its living items.
    indptr : int64 array
        First edge of each state, up to the last state that has edges.
    log_probs : float64 array of shape (n_edges,)
        Logarithm of the probability of the token of each edge after its prefix.
    numbers : int64 array of shape (n_items,)
        Number of the item of each rank: the rank, or the number in a living index.
    """

    base: TrieIndex
    indptr: np.ndarray
    log_probs: np.ndarray
    numbers: np.ndarray


def non_empty(index: Any) -> TrieIndex | LiveIndex:
    """An index with items."""
    if not isinstance(index, TrieIndex | LiveIndex):
        raise must("index", "a TrieIndex or a LiveIndex", index, TypeError)
    if not index.n_items:
        raise must("index", "non-empty to sample", Words("0 items"))
    return index


def edges_of(index: TrieIndex | LiveIndex, model: Model, temperature: float) -> Edges:
    """Ask a model for the row of each prefix that goes on, level by level."""
    base = index.compact() if isinstance(index, LiveIndex) else index
    numbers = base.order if isinstance(index, LiveIndex) else np.arange(base.n_items)
    indptr, levels = kernel_input(base.indptr, np.int64), base.level_offsets
    tokens, found = base.tokens, np.empty(base.n_edges)
    # the states of the caller's index, which a model may look at, stand in the order of those of `base`
    states, prefixes = np.full(1, index.root, np.int64), np.zeros((1, 0), np.int64)
    for level in range(base.max_length):
        first = int(levels[level])
        degrees = np.diff(indptr[first : int(levels[level + 1]) + 1])
        inner = np.flatnonzero(degrees)
        start = int(indptr[first])
        for part in _parts(inner, degrees, base.n_tokens):
            rows = ask(model, prefixes[part], states[part], base.n_tokens, temperature)
            stop = start + int(degrees[part].sum())
            found[start:stop] = rows[np.repeat(np.arange(len(part)), degrees[part]), tokens[start:stop]]
            start = stop
        heads = index.allowed(states[inner]).states if isinstance(index, LiveIndex) else None
        edges = slice(int(indptr[first]), start)
        states = np.arange(edges.start + 1, edges.stop + 1) if heads is None else heads
        prefixes = np.column_stack([np.repeat(prefixes[inner], degrees[inner], axis=0), tokens[edges]])
    return Edges(base, indptr, found, numbers)


def _parts(inner: np.ndarray, degrees: np.ndarray, n_tokens: int) -> list[np.ndarray]:
    """States of a level in parts whose rows are not too many numbers."""
    size = max(1, MOST_NUMBERS // n_tokens)
    return [inner[at : at + size] for at in range(0, len(inner), size)]


def ask(model: Model, prefixes: np.ndarray, states: np.ndarray, n_tokens: int, temperature: float) -> np.ndarray:
    """The checked rows of a model, whose probabilities sum to at most 1."""
    rows = checked_rows(model(prefixes, states), prefixes, n_tokens)
    sums = np.exp(rows).sum(axis=1)
    if (highest := sums.max(initial=0.0)) > 1 + EXCESS:
        where = Words(f"{highest:g} after the prefix {prefixes[int(sums.argmax())].tolist()}")
        raise must("model", "a function that returns probabilities that sum to at most 1", where)
    return tempered(rows, temperature)


def parents(indptr: np.ndarray) -> np.ndarray:
    """The state that each edge leaves."""
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


def forward(edges: Edges, steps: np.ndarray) -> np.ndarray:
    """For each state the sum of what the edges on its path have."""
    found, levels, last = np.zeros(edges.base.n_states), edges.base.level_offsets, len(edges.indptr) - 1
    tails = parents(edges.indptr)
    for level in range(edges.base.max_length):
        first, stop = (int(edges.indptr[min(int(one), last)]) for one in levels[level : level + 2])
        found[first + 1 : stop + 1] = found[tails[first:stop]] + steps[first:stop]
    return found


@kernel
def backward(indptr, log_probs):  # type: ignore[no-untyped-def]
    """For each state the logarithm of the sum over all items below it of the product of the probabilities from there.

    States are numbered level by level, so the states below one have larger numbers.
    """
    rows = len(indptr) - 1
    out = np.zeros(len(log_probs) + 1)
    for s in range(rows - 1, -1, -1):
        first, stop = indptr[s], indptr[s + 1]
        if first == stop:  # an item ends here
            continue
        highest = -np.inf
        for e in range(first, stop):
            highest = max(highest, log_probs[e] + out[e + 1])
        if highest == -np.inf:
            out[s] = -np.inf
            continue
        total = 0.0
        for e in range(first, stop):
            total += np.exp(log_probs[e] + out[e + 1] - highest)
        out[s] = highest + np.log(total)
    return out


@kernel
def cumulate(indptr, log_weights):  # type: ignore[no-untyped-def]
    """Sums of the weights of each row up to each entry, in units of its largest one, and logarithms of whole sums."""
    rows = len(indptr) - 1
    sums, totals = np.zeros(len(log_weights)), np.full(rows, -np.inf)
    for s in range(rows):
        first, stop = indptr[s], indptr[s + 1]
        highest = -np.inf
        for e in range(first, stop):
            highest = max(highest, log_weights[e])
        if highest == -np.inf:
            continue
        total = 0.0
        for e in range(first, stop):
            total += np.exp(log_weights[e] - highest)
            sums[e] = total
        totals[s] = highest + np.log(total)
    return sums, totals


@kernel
def choose(indptr, sums, rows, uniforms):  # type: ignore[no-untyped-def]
    """Draw an entry of each of these rows in proportion to its weight, by the inverse of the sums; none is empty.

    The entry is the first one whose sum exceeds a uniform share of the whole sum, so entries without weight are never
    drawn. A share that rounding makes the whole sum is the double below it.
    """
    out = np.empty(len(rows), np.int64)
    for i in range(len(rows)):
        low, high = indptr[rows[i]], indptr[rows[i] + 1] - 1
        whole = sums[high]
        share = min(uniforms[i] * whole, np.nextafter(whole, 0.0))
        while low < high:
            middle = (low + high) >> 1
            if sums[middle] > share:
                high = middle
            else:
                low = middle + 1
        out[i] = low
    return out
