"""A catalogue that changes: items are switched on and off in a write a token, and new ones come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self, overload

import numpy as np

from lrtheory._array import kernel_input, read_only
from lrtheory._result.states import Filed
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, as_array, flag, must, real, state_entry, state_value
from lrtheory.constrained_decoding.index import living
from lrtheory.constrained_decoding.index.build import Arrays, built
from lrtheory.constrained_decoding.index.overlay import Overlay
from lrtheory.constrained_decoding.index.reading import Ragged, joined, read_prefix, read_sequences
from lrtheory.constrained_decoding.index.trie_index import Allowed, TrieIndex, ended, integers, is_single

__all__ = ["Insertion", "LiveIndex"]

#: a state is a number made of three: the state in the index plus 1, the node of the overlay plus 1, and how many merges
#: there were, so that states of before a merge are refused
NODE, MERGES = 34, 58
_LOW, _MIDDLE, _HIGH = (1 << NODE) - 1, (1 << (MERGES - NODE)) - 1, (1 << (63 - MERGES)) - 1

#: what an object counts from its beginning on
TOTALS = ("version", "n_writes", "n_moved", "n_merges")


class Insertion(NamedTuple):
    """Answer of an insertion: the numbers of its items, and which of them changed.

    Parameters
    ----------
    items : int64 array of shape (n,)
        Number of the item of each sequence.
    changed : bool array of shape (n,)
        Whether the item was new, or had been switched off.
    """

    items: np.ndarray
    changed: np.ndarray


class LiveIndex(Filed):
    """An index whose items are switched on and off, and that takes new ones.

    Each edge keeps the number of living items below it, and may be followed while that is not 0: a switch writes one
    number for each token of the item. Unknown items go to an overlay, a small tree beside the index. When it holds more
    than `alpha` times as many items as the index, both are merged. So n new items move at most n (2 + 1 / alpha) rows
    in all (statement ST-11).

    An item keeps its number for ever: those of `index` have their ranks, the others follow in the order of their
    coming. States are numbers without a meaning of their own, and end with the next merge; those of before it are
    refused. Arrays: host.

    Parameters
    ----------
    index : TrieIndex
        Items to begin with; it is not changed.
    alive : bool array of shape (N,), optional
        Items that live, as a mask; by default all.
    alpha : float
        Largest size of the overlay, as a share of the index, above 0.

    Raises
    ------
    TypeError
        If `index` is no `TrieIndex`.
    ValueError
        If `alive` has another shape, or `alpha` is not positive.

    Examples
    --------
    >>> from lrtheory.constrained_decoding import LiveIndex, TrieIndex
    >>> live = LiveIndex(TrieIndex([[0, 2], [1, 0], [1, 1]], vocab_size=3))
    >>> live.toggle([1, 2], False), live.allowed(live.root).tokens.tolist()
    (2, [0])
    >>> live.insert([[2, 2]]).items, live.allowed(live.root).tokens.tolist()
    (array([3]), [0, 2])
    """

    def __init__(self, index: TrieIndex, *, alive: ArrayLike | None = None, alpha: float = 0.1) -> None:
        if not isinstance(index, TrieIndex):
            raise must("index", "a TrieIndex", index, TypeError)
        self.alpha = real("alpha", alpha, low=0, high=float(np.finfo(float).max))
        if not self.alpha > 0:
            raise must("alpha", "positive", alpha)
        live = np.ones(index.n_items, bool) if alive is None else _truths(alive, index.n_items)
        #: number of times that something was changed
        self.version = 0
        #: number of counts that switches have written
        self.n_writes = 0
        #: number of rows that insertions and merges have moved
        self.n_moved = 0
        self.n_merges = 0
        self._begin(index, np.arange(index.n_items), live)

    def _begin(self, index: TrieIndex, numbers: np.ndarray, live: np.ndarray) -> None:
        """Start with an index whose items have these numbers, and an empty overlay."""
        self._index, self._numbers, self._alive = index, numbers, live
        self._ranks = np.empty(len(numbers), np.int64)  # of the items, by number
        self._ranks[numbers] = np.arange(len(numbers))
        ends = np.zeros(index.n_states, bool)
        ends[index.leaves(np.flatnonzero(live))] = True
        self._counts = living.count_below(index.indptr, kernel_input(ends), index.n_states)
        self._overlay, self._overlay_alive = Overlay(), list[bool]()

    # --- sizes -------------------------------------------------------------------------------------------------------

    @property
    def index(self) -> TrieIndex:
        """The items of the last merge, living or not."""
        return self._index

    @property
    def alive(self) -> np.ndarray:
        """Whether each item lives, by number."""
        found = np.empty(len(self._alive) + len(self._overlay), bool)
        found[self._numbers] = self._alive
        found[len(self._alive) :] = self._overlay_alive
        return read_only(found)

    @property
    def n_alive(self) -> int:
        """Number of living items."""
        return int(self._alive.sum()) + sum(self._overlay_alive)

    @property
    def n_items(self) -> int:
        """Number of living items, as an index of them alone has it."""
        return self.n_alive

    @property
    def n_known(self) -> int:
        """Number of items, living or not."""
        return len(self._alive) + len(self._overlay)

    @property
    def vocab_size(self) -> int:
        """Number of tokens of the model."""
        return self._index.vocab_size

    @property
    def terminator(self) -> int | None:
        """Token that ends each item, None if there is none."""
        return self._index.terminator

    @property
    def encoding(self) -> dict[str, str]:
        """Encoding of strings as tokens, as in `TrieIndex`."""
        return self._index.encoding

    @property
    def n_tokens(self) -> int:
        """Number of tokens of a mask."""
        return self._index.n_tokens

    @property
    def max_length(self) -> int:
        """Number of tokens of the longest item, living or not, its terminator included."""
        return max(self._index.max_length, self._overlay.depth)

    @property
    def counts(self) -> np.ndarray:
        """Number of living items below each edge of `index`."""
        return read_only(self._counts)

    @property
    def root(self) -> int:
        """The state of the empty prefix."""
        return int(self._coded(np.zeros(1, np.int64), np.zeros(1, np.int64))[0])

    def __len__(self) -> int:
        return self.n_alive

    def __repr__(self) -> str:
        return f"LiveIndex({self.n_alive} living of {self.n_known} items, {len(self._overlay)} of them in the overlay)"

    # --- changes -----------------------------------------------------------------------------------------------------

    def toggle(self, items: int | ArrayLike, alive: bool) -> int:
        """Switch items on or off.

        Parameters
        ----------
        items : int, or integer array of shape (n,)
            Numbers of items.
        alive : bool
            Whether they shall live.

        Returns
        -------
        int
            Number of items that changed; 0 says that all were so before.

        Raises
        ------
        ValueError
            If there is no such item; nothing is changed then.
        """
        given, value = self._known(items), flag("alive", alive)
        ranks = self._ranks[given[given < len(self._ranks)]]
        changes, writes = living.toggle(
            self._index.indptr, self._counts, self._alive, kernel_input(self._index.leaves(ranks)), ranks, value
        )
        for place in (given[given >= len(self._ranks)] - len(self._ranks)).tolist():
            if self._overlay_alive[place] != value:
                self._overlay_alive[place] = value
                writes += self._overlay.toggle(place, 1 if value else -1)
                changes += 1
        self.n_writes += int(writes)
        self.version += changes > 0
        return int(changes)

    def insert(self, sequences: ArrayLike, *, lengths: ArrayLike | None = None) -> Insertion:
        """Add items; one that is there already is switched on.

        Parameters
        ----------
        sequences : array of shape (n, L), array of shape (total,) with `lengths`, or list of lists
            Token ids, without the terminator.
        lengths : array of shape (n,), optional
            As in `TrieIndex`.

        Returns
        -------
        Insertion
            Numbers of the items, and which of them changed something.

        Raises
        ------
        ValueError
            If an entry is no token id, or a sequence begins an item or is begun by one; nothing is changed then.
        """
        rows = read_sequences(sequences, lengths, self.vocab_size)
        rows = rows if self.terminator is None else ended(rows, self.terminator)
        built(rows, self.n_tokens)  # refuses empty sequences, and those that begin each other
        paths = rows.lists()
        for number, path in enumerate(paths):
            self._refuse_clash(path, number)
        items, changed = np.empty(len(paths), np.int64), np.zeros(len(paths), bool)
        for number, path in enumerate(paths):
            items[number], changed[number] = self._add(path)
        return Insertion(items, changed)

    def merge(self) -> None:
        """Make one index of all items, living or not; an empty overlay leaves all as it is."""
        if not len(self._overlay):
            return
        rows, numbers, alive = self._all()
        arrays = built(rows, self.n_tokens)
        self.n_moved += len(numbers)
        self.n_merges += 1
        self.version += 1
        self._begin(self._index_of(arrays), numbers[arrays.order], alive[arrays.order])

    def compact(self) -> TrieIndex:
        """An index of the living items alone.

        Returns
        -------
        TrieIndex
            Index whose `order` has the number that each item has here.
        """
        rows, numbers, alive = self._all()
        arrays = built(Ragged(rows.values[np.repeat(alive, rows.lengths)], rows.lengths[alive]), self.n_tokens)
        return self._index_of(arrays._replace(order=kernel_input(numbers[alive][arrays.order], np.int64)))

    # --- steps -------------------------------------------------------------------------------------------------------

    def allowed(self, states: int | ArrayLike) -> Allowed:
        """The tokens that may follow each state, and the states to which they lead, as `TrieIndex.allowed`.

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
        ValueError
            If there is no such state, or it is one of before the last merge.
        """
        base, nodes = self._decoded(states)
        starts, tokens, heads = living.gather_living(self._index.indptr, self._index.tokens, self._counts, base)
        if not len(self._overlay) or (nodes < 0).all():
            return Allowed(starts, tokens, self._coded(heads, np.full(len(heads), -1)))
        lists = []
        for b, node in enumerate(nodes.tolist()):
            mine = slice(starts[b], starts[b + 1])
            follows = {
                token: (head, -1) for token, head in zip(tokens[mine].tolist(), heads[mine].tolist(), strict=True)
            }
            for token, child in self._overlay.children[node].items() if node >= 0 else ():
                if self._overlay.living[child]:
                    follows[token] = (follows[token][0] if token in follows else -1, child)
            lists.append(sorted((token, *pair) for token, pair in follows.items()))
        found = np.array([one for row in lists for one in row], np.int64).reshape(-1, 3)
        indptr = np.concatenate([[0], np.cumsum([len(row) for row in lists], dtype=np.int64)])
        return Allowed(indptr, found[:, 0].copy(), self._coded(found[:, 1], found[:, 2]))

    def mask(self, states: int | ArrayLike) -> np.ndarray:
        """Which tokens may follow each state, as rows of all tokens.

        Parameters
        ----------
        states : int, or integer array of shape (B,)
            States; the row of -1 is False throughout.

        Returns
        -------
        bool array of shape (B, n_tokens)
            The masks.

        Raises
        ------
        ValueError
            If there is no such state, or it is one of before the last merge.
        """
        found = self.allowed(states)
        out = np.zeros((len(found.indptr) - 1, self.n_tokens), bool)
        out[np.repeat(np.arange(len(out)), np.diff(found.indptr)), found.tokens] = True
        return out

    @overload
    def advance(self, states: int, tokens: int) -> int: ...
    @overload
    def advance(self, states: ArrayLike, tokens: ArrayLike) -> np.ndarray: ...
    def advance(self, states: int | ArrayLike, tokens: int | ArrayLike) -> int | np.ndarray:
        """The states to which tokens lead, as `TrieIndex.advance`.

        Parameters
        ----------
        states : int, or integer array of shape (B,)
            States.
        tokens : int, or integer array of shape (B,)
            One token for each state; one that may not follow leads to -1.

        Returns
        -------
        int, or int64 array of shape (B,)
            Next states, -1 where the token may not follow.

        Raises
        ------
        ValueError
            If there is no such state, or the numbers of states and tokens differ.
        """
        base, nodes = self._decoded(states)
        steps = self._index._tokens(tokens)
        if len(steps) != len(base):
            raise must("tokens", f"one token for each of {len(base)} states", np.shape(tokens))
        after = living.advance_living(self._index.indptr, self._index.tokens, self._counts, base, steps)
        child = np.full(len(base), -1)
        for b in np.flatnonzero(nodes >= 0) if len(self._overlay) else ():
            found = self._overlay.follow(int(nodes[b]), int(steps[b]))
            child[b] = found if found > 0 and self._overlay.living[found] else -1
        coded = self._coded(after, child)
        return int(coded[0]) if is_single(states) else coded

    def state(self, prefix: ArrayLike) -> int:
        """The state of a prefix.

        Parameters
        ----------
        prefix : sequence of int
            Tokens from the root on.

        Returns
        -------
        int
            State of the prefix, -1 if no living item begins with it.

        Raises
        ------
        TypeError
            If some token is not an integer.
        """
        state = self.root
        for token in read_prefix(prefix):
            if state < 0 or not 0 <= token < self.n_tokens:
                return -1
            state = self.advance(state, token)
        return state

    # --- items -------------------------------------------------------------------------------------------------------

    @overload
    def item(self, states: int) -> int: ...
    @overload
    def item(self, states: ArrayLike) -> np.ndarray: ...
    def item(self, states: int | ArrayLike) -> int | np.ndarray:
        """The numbers of the living items that end in states.

        Parameters
        ----------
        states : int, or integer array of shape (B,)
            States.

        Returns
        -------
        int, or int64 array of shape (B,)
            Numbers, -1 for states in which no living item ends.

        Raises
        ------
        ValueError
            If there is no such state, or it is one of before the last merge.
        """
        base, nodes = self._decoded(states)
        ranks = self._index.item(base)
        found = np.full(len(base), -1)
        ends = ranks >= 0
        found[ends] = np.where(self._alive[ranks[ends]], self._numbers[ranks[ends]], -1)
        for b in np.flatnonzero(nodes > 0):
            item = self._overlay.items.get(int(nodes[b]), -1)
            if item >= 0 and self._overlay_alive[item - len(self._ranks)]:
                found[b] = item
        return int(found[0]) if is_single(states) else found

    def sequences(self, items: int | ArrayLike | None = None) -> list[list[int]]:
        """The token ids of items, living or not, without the terminator.

        Parameters
        ----------
        items : int, or integer array of shape (n,), optional
            Numbers; by default those of all items.

        Returns
        -------
        list of lists of int
            Token ids.

        Raises
        ------
        ValueError
            If there is no such item.
        """
        given = self._known(np.arange(self.n_known) if items is None else items)
        old = given < len(self._ranks)
        known = iter(self._index.sequences(self._ranks[given[old]]))
        end = None if self.terminator is None else -1
        places = (given - len(self._ranks)).tolist()
        return [
            next(known) if is_old else self._overlay.path(place)[:end]
            for is_old, place in zip(old.tolist(), places, strict=True)
        ]

    # --- states and files --------------------------------------------------------------------------------------------

    def _parameters(self) -> dict[str, Any]:
        end = -1 if self.terminator is None else self.terminator
        return {"vocab_size": self.vocab_size, "terminator": end, "alpha": self.alpha}

    def _learned(self) -> dict[str, Any]:
        rows, new = self._rows(), self._new_rows()
        totals = {name: getattr(self, name) for name in TOTALS}
        old = {"values": rows.values, "lengths": rows.lengths, "numbers": self._numbers.copy()}
        alive = {"alive": self._alive.copy(), "new_alive": np.array(self._overlay_alive, bool)}
        return old | {"new_values": new.values, "new_lengths": new.lengths} | alive | totals

    def _restore(self, state: Mapping[str, Any]) -> None:
        size = self.n_tokens
        names = ("values", "lengths", "numbers", "alive", "new_values", "new_lengths", "new_alive")
        found = {name: np.asarray(state_entry(state, name)) for name in names}
        totals = {name: int(state_value(state, name)) for name in TOTALS}
        rows = read_sequences(found["values"], found["lengths"], size, "state['values']")
        new = read_sequences(found["new_values"], found["new_lengths"], size, "state['new_values']")
        arrays, both = built(rows, size), built(joined(rows, new), size)
        numbers, n = found["numbers"].astype(np.int64), len(rows.lengths)
        known = n + len(new.lengths)
        sorted_once = len(arrays.order) == n and (arrays.order == np.arange(n)).all() and len(both.order) == known
        if not sorted_once or sorted(numbers.tolist()) != [*range(n)]:
            raise must("state", "one that `get_state` returned", Words("items that are not sorted or numbered"))
        alive, new_alive = _truths(found["alive"], n), _truths(found["new_alive"], len(new.lengths))
        self._begin(self._index_of(arrays), numbers, alive)
        for number, (path, lives) in enumerate(zip(new.lists(), new_alive.tolist(), strict=True), start=n):
            self._overlay.insert(path, number)
            self._overlay_alive.append(lives)
            if lives:
                self._overlay.toggle(number - n, 1)
        vars(self).update(totals)

    @classmethod
    def _from_arrays(cls, found: Mapping[str, Any]) -> Self:
        end = int(state_value(found, "terminator"))
        empty = TrieIndex([], int(state_value(found, "vocab_size")), terminator=None if end < 0 else end)
        live = cls(empty, alpha=float(state_value(found, "alpha")))
        live.set_state(found)
        return live

    # --- inside ------------------------------------------------------------------------------------------------------

    def _rows(self) -> Ragged:
        """The items of the index with their terminators, in the order of their ranks."""
        table, lengths = self._index._paths(self._index.leaves(np.arange(self._index.n_items)))
        return Ragged(table[np.arange(table.shape[1]) < lengths[:, None]], lengths)

    def _new_rows(self) -> Ragged:
        """The items of the overlay with their terminators, as they came."""
        paths = [self._overlay.path(place) for place in range(len(self._overlay))]
        values = np.array([token for path in paths for token in path], np.int64)
        return Ragged(values, np.array([len(path) for path in paths], np.int64))

    def _all(self) -> tuple[Ragged, np.ndarray, np.ndarray]:
        """All items with their terminators, their numbers, and whether they live."""
        numbers = np.concatenate([self._numbers, np.arange(len(self._numbers), self.n_known)])
        alive = np.concatenate([self._alive, np.array(self._overlay_alive, bool)])
        return joined(self._rows(), self._new_rows()), numbers, alive

    def _index_of(self, arrays: Arrays) -> TrieIndex:
        """The index of arrays, with the tokens and the terminator of this one."""
        index = TrieIndex.__new__(TrieIndex)
        index._take(arrays, self.vocab_size, self.terminator, len(arrays.order), None)
        index.encoding = self.encoding
        return index

    def _refuse_clash(self, path: list[int], number: int) -> None:
        """Refuse a sequence that begins an item, living or not, or is begun by one."""
        state, ended_early = 0, False
        for token in path:
            after = self._index.advance(state, token)
            if after < 0:
                ended_early = True
                break
            state = after
        if (self._index.item(state) >= 0) == ended_early or self._overlay.clash(path):
            got = Words(f"row {number} and an item of the index")
            raise must("terminator", "given when one sequence is a prefix of another", got)

    def _add(self, path: list[int]) -> tuple[int, bool]:
        """The number of a sequence that clashes with none, which lives from now on, and whether that is a change."""
        rank = self._index.item(self._index.state(path))
        if rank >= 0:
            number = int(self._numbers[rank])
            return number, self.toggle(number, True) > 0
        node = self._overlay.walk(path)
        if node > 0:
            number = self._overlay.items[node]
            return number, self.toggle(number, True) > 0
        number = self.n_known
        self._overlay.insert(path, number)
        self._overlay_alive.append(False)
        self.toggle(number, True)
        self.n_moved += 1
        if len(self._overlay) > self.alpha * len(self._numbers) or len(self._overlay.children) >= _MIDDLE - 1:
            self.merge()
        return number, True

    def _known(self, items: Any) -> np.ndarray:
        given = integers("items", items)
        if given.size and not (given.min() >= 0 and given.max() < self.n_known):
            wrong = given[(given < 0) | (given >= self.n_known)][0]
            raise must("items", f"numbers of items in 0..{self.n_known - 1}", wrong)
        return given.astype(np.int64)

    def _coded(self, base: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        """The numbers of states; -1 where there is neither a state of the index nor a node of the overlay."""
        codes = ((self.n_merges & _HIGH) << MERGES) | ((nodes + 1) << NODE) | (base + 1)
        return np.where((base < 0) & (nodes < 0), -1, codes)

    def _decoded(self, states: Any) -> tuple[np.ndarray, np.ndarray]:
        """The states in the index and the nodes of the overlay, -1 where there is none."""
        given = integers("states", states)
        wide = given.astype(np.int64)
        there = wide != -1
        base, nodes = (wide & _LOW) - 1, ((wide >> NODE) & _MIDDLE) - 1
        base[~there], nodes[~there] = -1, -1
        fits = (base < self._index.n_states) & (nodes < len(self._overlay.children))
        fits &= (wide >> MERGES) == (self.n_merges & _HIGH)
        if not (fits | ~there).all():
            wrong = wide[there & ~fits][0]
            raise must("states", "states of this index since its last merge, or -1", wrong)
        return kernel_input(base), nodes


def _truths(value: Any, n: int) -> np.ndarray:
    found = as_array("alive", value)
    if found.dtype != np.bool_ or found.shape != (n,):
        raise must("alive", f"{n} truth values", value, TypeError if found.dtype != np.bool_ else ValueError)
    return np.array(found)
