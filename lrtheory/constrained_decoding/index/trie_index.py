"""A catalogue as a prefix tree: what may follow, where a token leads, and which items lie below."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, NamedTuple, Self, TypeGuard, overload

import numpy as np

from lrtheory._array import kernel_input, read_only, to_numpy
from lrtheory._types import ArrayLike
from lrtheory._validation import as_array, flag, integer, must
from lrtheory.constrained_decoding.index import step
from lrtheory.constrained_decoding.index.build import Arrays, built
from lrtheory.constrained_decoding.index.reading import Ragged, read_prefix, read_sequences

__all__ = ["Allowed", "TrieIndex"]

#: token ids that are counted in four bytes
MOST_TOKENS = 2**31 - 1


class Allowed(NamedTuple):
    """Tokens that may follow each of some states, as lists of unlike length, one after the other.

    Parameters
    ----------
    indptr : int64 array of shape (B + 1,)
        Place at which the list of each state begins; the last entry is the number of all candidates.
    tokens : int64 array of shape (candidates,)
        Tokens, ascending in each list.
    states : int64 array of shape (candidates,)
        States to which they lead.
    """

    indptr: np.ndarray
    tokens: np.ndarray
    states: np.ndarray


class TrieIndex:
    """The prefix tree of a catalogue, in arrays.

    Items are sorted, and repetitions dropped. The rank of an item is its place in this order, from 0. A state is a
    prefix of items, the empty one and whole items included; states are numbered level by level, in the order of their
    prefixes, so the root is 0, and the number -1 is no state. Arrays: host.

    Parameters
    ----------
    sequences : array of shape (N, L), array of shape (total,) with `lengths`, or list of lists
        Token ids of the items, in any order. No item may begin another one, unless `terminator` ends each.
    vocab_size : int
        Number of tokens of the model.
    lengths : array of shape (N,), optional
        Numbers of tokens of the items: of a table that is filled up on the right, or of items one after the other.
    terminator : int, optional
        Token that ends each item, which is appended here: a token of the model that no item contains, such as its end
        of sequence, or `vocab_size`, a token that is added.
    names : sequence of str, optional
        Names of the sequences, in their order.

    Raises
    ------
    TypeError
        If the entries are not integers.
    ValueError
        If an entry is no token id, or one sequence begins another one.

    Examples
    --------
    >>> from lrtheory.constrained_decoding import TrieIndex
    >>> index = TrieIndex([[0, 2, 1], [0, 1, 1], [2, 0, 0]], vocab_size=3)
    >>> index.allowed([index.root, index.state([0])]).tokens
    array([0, 2, 1, 2])
    >>> index.item(index.state([0, 2, 1])), index.level_sizes.tolist()
    (1, [1, 2, 3, 3])
    """

    def __init__(
        self,
        sequences: ArrayLike,
        vocab_size: int,
        *,
        lengths: ArrayLike | None = None,
        terminator: int | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        size = integer("vocab_size", vocab_size, low=1, high=MOST_TOKENS)
        end = None if terminator is None else integer("terminator", terminator, low=0, high=size)
        rows = read_sequences(sequences, lengths, size)
        n_rows = len(rows.lengths)
        arrays = built(rows if end is None else ended(rows, end), size + (end == size))
        self._take(arrays, size, end, n_rows, _named(names, n_rows, arrays.order))

    def _take(
        self, arrays: Arrays, vocab_size: int, terminator: int | None, n_rows: int, names: tuple[str, ...] | None
    ) -> None:
        """Keep the arrays, and what is asked of them at every step."""
        self._arrays = arrays
        #: number of tokens of the model
        self.vocab_size = vocab_size
        #: token that ends each item, None if there is none
        self.terminator = terminator
        #: names of the items by rank, None if they have none
        self.names = names
        #: number of sequences that repeat an earlier one
        self.n_duplicates = n_rows - len(arrays.order)
        self._n_states = int(arrays.levels[-1])
        self._rows = len(arrays.indptr) - 1
        #: how strings become tokens: an alphabet, or a tokenizer as JSON; empty for an index of token ids
        self.encoding: dict[str, str] = {}

    @classmethod
    def from_strings(
        cls,
        strings: Sequence[str],
        *,
        alphabet: str | None = None,
        tokenizer: Any = None,
        terminator: int | None = None,
    ) -> Self:
        """Build the tree of strings, whose tokens are characters or the word pieces of a tokenizer.

        Parameters
        ----------
        strings : sequence of str
            The items, which become their names. Where their numbers of tokens differ, a terminator ends each.
        alphabet : str, optional
            The characters, whose places are the token ids; by default those that occur, sorted.
        tokenizer : path or object, optional
            A ``tokenizer.json``, which needs the package tokenizers, or an object whose method ``encode`` takes a
            string and ``add_special_tokens=False``, in place of an alphabet.
        terminator : int, optional
            Token that ends each item; by default one that is added, where numbers of tokens differ.

        Returns
        -------
        TrieIndex
            Tree of the strings.

        Raises
        ------
        TypeError
            If some item is not a string.
        ValueError
            If a character is not in the alphabet, or the tokenizer cannot be read.
        """
        from lrtheory.constrained_decoding.index.strings import encode_all

        rows, size, encoding = encode_all(strings, alphabet, tokenizer)
        if terminator is None and len({*rows.lengths.tolist()}) > 1:
            terminator = size
        index = cls(rows.values, size, lengths=rows.lengths, terminator=terminator, names=list(strings))
        index.encoding = encoding
        return index

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Open an index that `to_file` wrote; its arrays are mapped into memory, and shared by processes.

        Parameters
        ----------
        path : path
            A safetensors file.

        Returns
        -------
        TrieIndex
            Equal to the one that was written.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, or no index.
        """
        from lrtheory.constrained_decoding.index.file import read_index

        index: Self = read_index(cls, path)
        return index

    def to_file(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the index into one safetensors file.

        Parameters
        ----------
        path : path
            The file.
        force : bool
            Whether a file that is there may be replaced.

        Raises
        ------
        FileExistsError
            If the file is there and `force` is False.
        """
        from lrtheory.constrained_decoding.index.file import write_index

        write_index(self, path, force=force)

    def encode(self, strings: Sequence[str]) -> list[list[int]]:
        """The token ids of strings, as those of the items of `from_strings` were made, without the terminator.

        Parameters
        ----------
        strings : sequence of str
            Strings.

        Returns
        -------
        list of lists of int
            Token ids; -1 for a character that is not in the alphabet.

        Raises
        ------
        ValueError
            If the index was not made from strings, or with a tokenizer that cannot be written down.
        """
        from lrtheory.constrained_decoding.index.strings import encode_with

        return encode_with(self.encoding, strings).lists()

    # --- sizes -------------------------------------------------------------------------------------------------------

    @property
    def n_items(self) -> int:
        """Number of different items."""
        return len(self._arrays.order)

    @property
    def n_states(self) -> int:
        """Number of prefixes, the empty one and whole items included."""
        return self._n_states

    @property
    def n_edges(self) -> int:
        """Number of prefixes that are not empty."""
        return len(self._arrays.tokens)

    @property
    def n_tokens(self) -> int:
        """Number of tokens of a mask: those of the model, and the terminator where it was added."""
        return self.vocab_size + (self.terminator == self.vocab_size)

    @property
    def max_length(self) -> int:
        """Number of tokens of the longest item, its terminator included."""
        return len(self._arrays.levels) - 2

    @property
    def level_offsets(self) -> np.ndarray:
        """First state of each level, and the number of states at the end."""
        return self._arrays.levels

    @property
    def level_sizes(self) -> np.ndarray:
        """Number of prefixes of each length, from 0."""
        return np.diff(self._arrays.levels)

    @property
    def max_branching(self) -> int:
        """Largest number of tokens that may follow one prefix."""
        return int(np.diff(self._arrays.indptr).max(initial=0))

    @property
    def nbytes(self) -> int:
        """Bytes of the tokens of all edges and the pointers of all states that have edges."""
        return int(self._arrays.tokens.nbytes + self._arrays.indptr.nbytes)

    @property
    def order(self) -> np.ndarray:
        """The first of the caller's rows that is the item of each rank."""
        return self._arrays.order

    @property
    def root(self) -> int:
        """The state of the empty prefix."""
        return 0

    @property
    def indptr(self) -> np.ndarray:
        """First edge of each state, up to the last state that has edges; edge e leads to state e + 1."""
        return self._arrays.indptr

    @property
    def tokens(self) -> np.ndarray:
        """Token of each edge."""
        return self._arrays.tokens

    def __len__(self) -> int:
        return self.n_items

    def __repr__(self) -> str:
        sizes = f"{self.n_items} items, {self.n_states} states, at most {self.max_length} tokens of {self.n_tokens}"
        return f"TrieIndex({sizes}, {self.nbytes} bytes)"

    # --- steps -------------------------------------------------------------------------------------------------------

    def allowed(self, states: int | ArrayLike) -> Allowed:
        """The tokens that may follow each state, and the states to which they lead.

        Parameters
        ----------
        states : int, or integer array of shape (B,)
            States; -1, which is none, has an empty list, and so has a whole item.

        Returns
        -------
        Allowed
            Lists one after the other.

        Raises
        ------
        TypeError
            If some state is not an integer.
        ValueError
            If there is no such state.
        """
        if type(states) is int and 0 <= states < self._rows:  # a step of one sequence, without a kernel's overhead
            first, last = int(self._arrays.indptr[states]), int(self._arrays.indptr[states + 1])
            found = self._arrays.tokens[first:last].astype(np.int64)
            return Allowed(np.array((0, last - first)), found, np.arange(first + 1, last + 1))
        return Allowed(*step.gather(self._arrays.indptr, self._arrays.tokens, self._checked(states)))

    def mask(self, states: int | ArrayLike, *, out: np.ndarray | None = None, packed: bool = False) -> np.ndarray:
        """Which tokens may follow each state, as rows of all tokens.

        Parameters
        ----------
        states : int, or integer array of shape (B,)
            States; the row of -1 is False throughout.
        out : array, optional
            Array that is written, of the shape and kind that is returned.
        packed : bool
            Whether each byte holds eight tokens, the first one in its lowest bit, as ``numpy.packbits`` packs them with
            ``bitorder="little"``.

        Returns
        -------
        bool array of shape (B, n_tokens), or uint8 array of shape (B, ceil(n_tokens / 8))
            The masks.

        Raises
        ------
        ValueError
            If there is no such state, or `out` does not fit.
        """
        # the kernel checks all states before it writes, so that they need no pass of their own here
        given = read_only(states) if is_plain(states) else self._checked(states)
        bits = flag("packed", packed)
        shape = len(given), -(-self.n_tokens // 8) if bits else self.n_tokens
        kind = np.dtype(np.uint8 if bits else np.bool_)
        if out is None:
            out = np.empty(shape, kind)
        elif (
            type(out) is not np.ndarray
            or (out.shape, out.dtype) != (shape, kind)
            or not (out.flags.c_contiguous and out.flags.writeable)
        ):
            raise must("out", f"a writable, contiguous {kind} array of shape {shape}", out)
        fill = step.fill_packed if bits else step.fill_mask
        place = fill(self._arrays.indptr, self._arrays.tokens, self._n_states, given, out)
        if place >= 0:
            raise must("states", f"states in -1..{self._n_states - 1}", given[place])
        return out

    @overload
    def advance(self, states: int, tokens: int) -> int: ...
    @overload
    def advance(self, states: ArrayLike, tokens: ArrayLike) -> np.ndarray: ...
    def advance(self, states: int | ArrayLike, tokens: int | ArrayLike) -> int | np.ndarray:
        """The states to which tokens lead.

        Parameters
        ----------
        states : int, or integer array of shape (B,)
            States.
        tokens : int, or integer array of shape (B,)
            One token for each state; any integer, since one that may not follow leads to -1.

        Returns
        -------
        int, or int64 array of shape (B,)
            Next states, -1 where the token may not follow.

        Raises
        ------
        ValueError
            If there is no such state, or the numbers of states and tokens differ.
        """
        given, steps = self._checked(states), self._tokens(tokens)
        if len(given) != len(steps):
            raise must("tokens", f"one token for each of {len(given)} states", np.shape(tokens))
        found = step.advance(self._arrays.indptr, self._arrays.tokens, given, steps)
        return int(found[0]) if is_single(states) else found

    def state(self, prefix: ArrayLike) -> int:
        """The state of a prefix.

        Parameters
        ----------
        prefix : sequence of int
            Tokens from the root on.

        Returns
        -------
        int
            State of the prefix, -1 if no item begins with it.

        Raises
        ------
        TypeError
            If some token is not an integer.
        """
        state = 0
        for token in read_prefix(prefix):
            if not 0 <= state < self._rows or not 0 <= token < self.n_tokens:
                return -1
            first, last = (int(place) for place in self._arrays.indptr[state : state + 2])
            row = self._arrays.tokens[first:last]
            place = int(row.searchsorted(token))
            if place == len(row) or row[place] != token:
                return -1
            state = first + place + 1
        return state

    # --- items -------------------------------------------------------------------------------------------------------

    @overload
    def item(self, states: int) -> int: ...
    @overload
    def item(self, states: ArrayLike) -> np.ndarray: ...
    def item(self, states: int | ArrayLike) -> int | np.ndarray:
        """The ranks of the items that end in states.

        Parameters
        ----------
        states : int, or integer array of shape (B,)
            States.

        Returns
        -------
        int, or int64 array of shape (B,)
            Ranks, -1 for states in which no item ends.

        Raises
        ------
        ValueError
            If there is no such state.
        """
        given = self._checked(states)
        found = self._ranks(given)
        return int(found[0]) if is_single(states) else found

    def items_below(self, state: int) -> range:
        """The items that begin with a prefix, whose ranks follow each other.

        Parameters
        ----------
        state : int
            State of the prefix; -1 has no items.

        Returns
        -------
        range
            Ranks.

        Raises
        ------
        ValueError
            If there is no such state.
        """
        given = self._checked(integer("state", state, low=-1, high=self._n_states - 1))
        if not self.n_items or given[0] < 0:
            return range(0)
        first, last = self._ranks(np.concatenate(step.descend(self._arrays.indptr, given)))
        return range(int(first), int(last) + 1)

    def leaves(self, items: int | ArrayLike) -> np.ndarray:
        """The states in which items end.

        Parameters
        ----------
        items : int, or integer array of shape (n,)
            Ranks.

        Returns
        -------
        int64 array of shape (n,)
            States.

        Raises
        ------
        ValueError
            If there is no such item.
        """
        ranks = integers("items", items)
        if ranks.size and not (ranks.min() >= 0 and ranks.max() < self.n_items):
            wrong = ranks[(ranks < 0) | (ranks >= self.n_items)][0]
            raise must("items", f"ranks in 0..{self.n_items - 1}" if self.n_items else "left out without items", wrong)
        if not len(self._arrays.items):
            return ranks + (self._n_states - self.n_items)
        ends = np.flatnonzero(self._arrays.items >= 0)
        found = np.empty(self.n_items, np.int64)
        found[self._arrays.items[ends]] = ends
        return found[ranks]

    def sequences(self, items: int | ArrayLike | None = None) -> list[list[int]]:
        """The token ids of items, without the terminator.

        Parameters
        ----------
        items : int, or integer array of shape (n,), optional
            Ranks; by default all items in their order.

        Returns
        -------
        list of lists of int
            Token ids.

        Raises
        ------
        ValueError
            If there is no such item.
        """
        return self.prefixes(self.leaves(np.arange(self.n_items) if items is None else items))

    def prefixes(self, states: int | ArrayLike) -> list[list[int]]:
        """The token ids that lead to states, without the terminator.

        Parameters
        ----------
        states : int, or integer array of shape (B,)
            States.

        Returns
        -------
        list of lists of int
            Token ids; of -1 none.

        Raises
        ------
        ValueError
            If there is no such state.
        """
        given = self._checked(states)
        rows, lengths = self._paths(given)
        if self.terminator is not None:
            lengths = lengths - (self._ranks(given) >= 0)
        return [row[:length] for row, length in zip(rows.tolist(), lengths.tolist(), strict=True)]

    # --- inside ------------------------------------------------------------------------------------------------------

    def _paths(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The tokens that lead to states which were checked, in rows of one width, and how many they are."""
        rows = np.zeros((len(states), self.max_length), np.int64)
        return rows, step.ascend(self._arrays.indptr, self._arrays.tokens, kernel_input(states, np.int64), rows)

    def _ranks(self, states: np.ndarray) -> np.ndarray:
        """The items that end in states which were checked."""
        if len(self._arrays.items):
            return np.where(states >= 0, self._arrays.items[states].astype(np.int64), -1)
        return np.maximum(states - (self._n_states - self.n_items), -1)

    def _checked(self, states: Any) -> np.ndarray:
        """States as an array for a kernel."""
        if is_plain(states):
            # -1 wraps to the largest number, and one more is 0, so one maximum decides
            if (states.view(np.uint64) + np.uint64(1)).max(initial=0) <= self._n_states:
                return read_only(states)
        given = integers("states", states)
        if given.size and not (given.min() >= -1 and given.max() < self._n_states):
            wrong = given[(given < -1) | (given >= self._n_states)][0]
            raise must("states", f"states in -1..{self._n_states - 1}", wrong)
        return kernel_input(given, np.int64)

    def _tokens(self, tokens: Any) -> np.ndarray:
        """Tokens as an array for a kernel; what is no token becomes -1, which may follow nothing."""
        given = integers("tokens", tokens)
        return kernel_input(np.where((given >= 0) & (given < self.n_tokens), given, -1), np.int64)


def is_plain(states: Any) -> TypeGuard[np.ndarray]:
    """Whether states are an array as steps hand it on, which a kernel can take."""
    if type(states) is not np.ndarray:
        return False
    return states.dtype == np.int64 and states.ndim == 1 and bool(states.flags.c_contiguous)


def is_single(value: Any) -> bool:
    """Whether one state was given, and not an array of them."""
    return np.ndim(value) == 0


def integers(name: str, value: Any) -> np.ndarray:
    """One integer, or an array of integers with one axis."""
    found = np.atleast_1d(as_array(name, to_numpy(value)))
    if found.size and found.dtype.kind not in "iu":
        raise must(name, "integers", found.dtype, TypeError)
    if found.ndim != 1:
        raise must(name, "an array with one axis", found.shape)
    return found if found.size else found.astype(np.int64)


def ended(rows: Ragged, terminator: int) -> Ragged:
    """Sequences with the terminator behind each."""
    if (rows.values == terminator).any():
        ends = np.cumsum(rows.lengths)
        row = int(np.searchsorted(ends, int(np.flatnonzero(rows.values == terminator)[0]), side="right"))
        raise must("terminator", "a token that no sequence contains", f"{terminator}, which row {row} contains")
    return Ragged(np.insert(rows.values, np.cumsum(rows.lengths), terminator), rows.lengths + 1)


def _named(names: Sequence[str] | None, n_rows: int, order: np.ndarray) -> tuple[str, ...] | None:
    """Names of the items by rank."""
    if names is None:
        return None
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise must("names", "a sequence of strings", names, TypeError)
    if len(names) != n_rows:
        raise must("names", f"one string for each of {n_rows} sequences", len(names))
    return tuple(names[row] for row in order.tolist())
