"""Which generated sequences are in a catalogue, and where the others leave it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.constrained_decoding.index.reading import Ragged, read_sequences
from lrtheory.constrained_decoding.index.strings import encode_with
from lrtheory.constrained_decoding.index.trie_index import TrieIndex
from lrtheory.constrained_decoding.live import LiveIndex
from lrtheory.constrained_decoding.problem import Sequences

__all__ = ["Validity", "valid"]


@result
class Validity(Result):
    """Which sequences are items, and where the others leave the catalogue.

    Attributes
    ----------
    valid : bool array of shape (n,)
        Whether the sequence is an item.
    items : int64 array of shape (n,)
        Rank of the item, or its number in a `LiveIndex`; -1 where there is none.
    left_at : int64 array of shape (n,)
        Place, from 0, of the first token with which no item goes on; the length of the sequence where it ends before an
        item does; -1 for items.
    sequences : tuple of str
        The sequences as text.
    message : str
        Number of items among them, in a sentence.
    """

    valid: np.ndarray
    items: np.ndarray
    left_at: np.ndarray
    sequences: tuple[str, ...]
    message: str

    def _columns(self) -> dict[str, Any]:
        return {"sequence": self.sequences, "valid": self.valid, "item": self.items, "left_at": self.left_at}

    def _decided(self) -> bool:
        return bool(self.valid.all())


def valid(
    index: TrieIndex | LiveIndex, sequences: ArrayLike | Sequences, *, lengths: ArrayLike | None = None
) -> Validity:
    """Look up generated sequences in a catalogue.

    Arrays: host

    Parameters
    ----------
    index : TrieIndex or LiveIndex
        Catalogue; of a living index, the items that live.
    sequences : array of shape (n, L), array of shape (total,) with `lengths`, lists, Sequences, or strings
        Token ids of any value, with or without the terminator at the end. Strings are made into tokens as those of the
        index were.
    lengths : array of shape (n,), optional
        As in `TrieIndex`.

    Returns
    -------
    Validity
        An answer for each sequence.

    Raises
    ------
    TypeError
        If entries are neither integers nor strings, or `index` is no index.
    ValueError
        If the index was not made from strings, and strings are given.

    Examples
    --------
    >>> from lrtheory.constrained_decoding import TrieIndex, valid
    >>> index = TrieIndex.from_strings(["Alien", "Aliens"])
    >>> valid(index, ["Aliens", "Alias", "Ali"]).left_at
    array([-1,  3,  3])
    """
    if not isinstance(index, (TrieIndex, LiveIndex)):
        raise must("index", "a TrieIndex or a LiveIndex", index, TypeError)
    rows, texts = _read(index, sequences, lengths)
    n, lasts = len(rows.lengths), rows.lengths
    starts = np.cumsum(lasts) - lasts
    states, left = np.full(n, index.root), np.full(n, -1)
    for place in range(int(lasts.max(initial=0))):
        going = np.flatnonzero((lasts > place) & (left < 0))
        if not len(going):
            break
        states[going] = index.advance(states[going], rows.values[starts[going] + place])
        left[going[states[going] < 0]] = place
    if index.terminator is not None:
        ended = (states >= 0) & (np.asarray(index.item(states)) < 0)
        states[ended] = index.advance(states[ended], np.full(int(ended.sum()), index.terminator))
    items = np.asarray(index.item(states))
    is_item = items >= 0
    left = np.where(is_item, -1, np.where(left < 0, lasts, left))
    message = f"{int(is_item.sum())} of {n} sequences are in the catalogue"
    return Validity(is_item, items, left, texts, message)


def _read(index: TrieIndex | LiveIndex, sequences: Any, lengths: Any) -> tuple[Ragged, tuple[str, ...]]:
    """The token ids of sequences, and their texts."""
    if isinstance(sequences, Sequences):
        sequences = sequences.lines if index.encoding else sequences.token_ids()
    if isinstance(sequences, (list, tuple)) and sequences and all(isinstance(row, str) for row in sequences):
        return encode_with(index.encoding, sequences), tuple(sequences)
    rows = read_sequences(sequences, lengths, None)
    return rows, tuple(" ".join(map(str, row)) for row in rows.lists())
