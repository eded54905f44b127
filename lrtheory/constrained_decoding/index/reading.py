"""Token sequences as the caller has them: tables, values with lengths, or lists of unlike length."""

from __future__ import annotations

from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import Words, as_array, is_iterable, must, sequence, unmasked

__all__ = ["Ragged", "joined", "read_prefix", "read_sequences"]

#: what a table of tokens is counted with while it is sorted
COUNTS = np.int64


class Ragged(NamedTuple):
    """Sequences one after the other, and their lengths."""

    values: np.ndarray
    lengths: np.ndarray

    def table(self, fill: int, width: int) -> np.ndarray:
        """The sequences as rows of one width, filled up on the right."""
        if width and (self.lengths == width).all():
            return self.values.reshape(-1, width)
        rows = np.full((len(self.lengths), width), fill, self.values.dtype)
        rows[np.arange(width) < self.lengths[:, None]] = self.values
        return rows

    def lists(self) -> list[list[int]]:
        """The sequences as lists."""
        ends = np.cumsum(self.lengths)
        values = self.values.tolist()
        return [values[end - length : end] for end, length in zip(ends.tolist(), self.lengths.tolist(), strict=True)]


def joined(first: Ragged, second: Ragged) -> Ragged:
    """Sequences with others behind them."""
    return Ragged(np.concatenate([first.values, second.values]), np.concatenate([first.lengths, second.lengths]))


def read_sequences(value: Any, lengths: Any, n_tokens: int | None, name: str = "sequences") -> Ragged:
    """Sequences of token ids in [0, n_tokens), checked; of any integers where `n_tokens` is None.

    Parameters
    ----------
    value : array of shape (N, L), array of shape (total,) with `lengths`, or list of lists
        Token ids.
    lengths : array of shape (N,) or None
        Lengths of the sequences in a table that is filled up on the right, or one after the other.
    n_tokens : int or None
        Number of tokens; None lets every integer pass.
    name : str
        Name of the argument in error sentences.

    Returns
    -------
    Ragged
        Values of type int64.

    Raises
    ------
    TypeError
        If the entries are not integers.
    ValueError
        If an entry is no token id, or lengths do not fit.
    """
    found = to_numpy(value)
    if isinstance(found, (list, tuple)):
        found = [to_numpy(row) for row in found]
        if lengths is None:
            return _from_lists(name, found, n_tokens)
    table = as_array(name, found)
    if table.size == 0 and table.dtype == np.float64:  # what an empty list becomes
        table = table.astype(COUNTS)
    _refuse_other_kinds(name, table)
    if lengths is None:
        if table.ndim != 2 and table.size:
            raise must(name, "a table of shape (N, L), or come with `lengths`", table.shape)
        rows, width = table.shape if table.ndim == 2 else (0, 0)
        _refuse_outside(name, table, n_tokens)
        return Ragged(table.astype(COUNTS).reshape(-1), np.full(rows, width, COUNTS))
    return _with_lengths(name, table, lengths, n_tokens)


def read_prefix(value: Any) -> list[int]:
    """The token ids of one prefix, of any size; what is no token leads nowhere."""
    found = as_array("prefix", to_numpy(value))
    if found.size and found.dtype.kind not in "iu" and not _are_integers(found):
        raise must("prefix", "a sequence of integers", value, TypeError)
    if found.ndim != 1:
        raise must("prefix", "a sequence of token ids", found.shape)
    return [int(token) for token in found]


def _with_lengths(name: str, table: np.ndarray, lengths: Any, n_tokens: int | None) -> Ragged:
    counts = as_array("lengths", to_numpy(lengths))
    if counts.size and counts.dtype.kind not in "iu":
        raise must("lengths", "an integer array", Words(counts.dtype), TypeError)
    counts = counts.astype(COUNTS)
    if counts.ndim != 1 or (counts < 0).any():
        raise must("lengths", "one non-negative number for each sequence", lengths)
    if table.ndim == 1:
        if int(counts.sum()) != len(table):
            raise must("lengths", f"numbers with the sum {len(table)}, as `{name}` has entries", int(counts.sum()))
        values = table
    elif table.ndim == 2:
        if len(counts) != len(table) or (counts > table.shape[1]).any():
            rule = f"{len(table)} numbers of at most {table.shape[1]}, as `{name}` has rows and columns"
            raise must("lengths", rule, lengths)
        values = table[np.arange(table.shape[1]) < counts[:, None]]
    else:
        raise must(name, "a table of shape (N, L), or one sequence after the other", table.shape)
    _refuse_outside(name, values, n_tokens, counts)
    return Ragged(values.astype(COUNTS), counts)


def _from_lists(name: str, rows: list[Any], n_tokens: int | None) -> Ragged:
    for number, row in enumerate(rows):
        if isinstance(row, (str, bytes)) or not is_iterable(row):
            raise must(name, "sequences of token ids", Words(f"{row!r} at row {number}"), TypeError)
        unmasked(name, row)
        sequence(f"{name}[{number}]", row)
    counts = np.fromiter(map(len, rows), COUNTS, len(rows))
    values = as_array(name, list(chain.from_iterable(rows)))
    if not values.size:
        return Ragged(np.empty(0, COUNTS), counts)
    if values.ndim != 1:
        raise must(name, "sequences of token ids, in one list", values.shape)
    _refuse_other_kinds(name, values)
    _refuse_outside(name, values, n_tokens, counts)
    return Ragged(values.astype(COUNTS), counts)


def _are_integers(table: np.ndarray) -> bool:
    """Whether an array of objects holds Python's integers, some of which have more than 64 bits."""
    return table.dtype.kind == "O" and all(type(one) is int for one in table.flat)


def _refuse_other_kinds(name: str, table: np.ndarray) -> None:
    if _are_integers(table):
        raise must(name, "token ids of at most 64 bits", next(one for one in table.flat if one.bit_length() > 63))
    if table.dtype.kind not in "iu":
        raise must(name, "an integer array", Words(table.dtype), TypeError)


def _refuse_outside(name: str, values: np.ndarray, n_tokens: int | None, lengths: np.ndarray | None = None) -> None:
    """Refuse what is no token id, and say where the first one stands."""
    if not values.size or n_tokens is None or (values.min() >= 0 and values.max() < n_tokens):
        return
    place = int(np.flatnonzero((values < 0) | (values >= n_tokens))[0])
    if lengths is None:
        row, column = divmod(place, values.shape[1])
    else:
        ends = np.cumsum(lengths)
        row = int(np.searchsorted(ends, place, side="right"))
        column = place - int(ends[row] - lengths[row])
    got = Words(f"{values.flat[place]} at row {row}, column {column}")
    raise must(name, f"token ids in 0..{n_tokens - 1}", got)
