"""The arrays of an index, and every step through them, against sets of tuples."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest

from lrtheory.constrained_decoding import TrieIndex
from lrtheory.constrained_decoding.index.build import built
from lrtheory.constrained_decoding.index.reading import Ragged
from tests.constrained_decoding.oracle import Language, draw_rows


def check(index: TrieIndex, language: Language) -> None:
    """All that an index says of all of its states."""
    states = language.states()
    number = {prefix: state for state, prefix in enumerate(states)}
    levels = [len(language.level(length)) for length in range(language.longest + 1)]
    assert index.level_sizes.tolist() == levels
    assert (index.n_states, index.n_edges, index.n_items) == (len(states), len(states) - 1, len(language.items))
    found = index.allowed(np.arange(len(states)))
    children = [language.children(prefix) for prefix in states]
    assert found.indptr.tolist() == [0, *itertools.accumulate(map(len, children))]
    assert found.tokens.tolist() == [token for row in children for token in row]
    assert found.states.tolist() == list(range(1, len(states)))
    assert index.max_branching == max(map(len, children))
    masks = index.mask(np.arange(-1, len(states)))
    assert [np.flatnonzero(row).tolist() for row in masks] == [[], *children]
    packed = index.mask(np.arange(-1, len(states)), packed=True)
    assert (packed == np.packbits(masks, axis=1, bitorder="little")).all()
    for prefix, state in number.items():
        assert index.state(prefix) == state
        one = index.allowed(state)
        assert (one.indptr.tolist(), one.tokens.tolist()) == ([0, len(children[state])], children[state])
        assert list(index.items_below(state)) == language.below(prefix)
        assert index.item(state) == (language.items.index(prefix) if prefix in language.items else -1)
        steps = np.arange(-1, index.n_tokens + 1)
        after = index.advance(np.full(len(steps), state), steps)
        assert after.tolist() == [number.get((*prefix, int(step)), -1) for step in steps]


@pytest.mark.parametrize(("v", "length"), [(1, 1), (2, 2), (1, 3)])
def test_all_languages(v, length):
    words = [*itertools.product(range(v), repeat=length)]
    for size in range(len(words) + 1):
        for rows in itertools.combinations(words, size):
            check(TrieIndex(np.array(rows[::-1], int).reshape(-1, length), v), Language(rows))


@pytest.mark.parametrize("seed", range(60))
def test_drawn_languages(seed):
    rng = np.random.default_rng(seed)
    v = int(rng.integers(1, 5))
    rows = draw_rows(rng, v, ragged=False)
    index = TrieIndex(rows, v)
    check(index, Language(rows))
    assert index.nbytes == 2 * index.n_edges + 4 * (index.n_edges + 2 - index.n_items)
    rows = draw_rows(rng, v, ragged=True)
    check(TrieIndex(rows, v, terminator=v), Language(rows, v))
    shifted = [[token + 1 for token in row] for row in rows]
    check(TrieIndex(shifted, v + 1, terminator=0), Language(shifted, 0))


@pytest.mark.parametrize("seed", range(20))
def test_lengths_without_a_terminator(seed):
    """Items of unlike length are fine while none begins another; else the two rows are named."""
    rng = np.random.default_rng(seed)
    rows = [row for row in draw_rows(rng, 3, ragged=True) if row]
    language = Language(rows)
    if any(language.children(item) for item in language.items):
        with pytest.raises(ValueError, match="`terminator` must be given when one sequence is a prefix of another"):
            TrieIndex(rows, 3)
    else:
        check(TrieIndex(rows, 3), language)


def test_forms_of_sequences_are_one_index():
    rows = [[1, 2], [0], [2, 2, 1]]
    lengths = [2, 1, 3]
    table = np.array([[1, 2, 9], [0, 9, 9], [2, 2, 1]])  # what stands behind the end does not count
    flat = np.concatenate(rows)
    for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
        for given in (table.astype(kind), flat.astype(kind)):
            made = TrieIndex(given, 3, lengths=lengths)
            assert made.sequences() == [[0], [1, 2], [2, 2, 1]]
            assert made.order.tolist() == [1, 0, 2]
    assert TrieIndex(rows, 3).sequences() == [[0], [1, 2], [2, 2, 1]]


def test_items_of_one_length_need_no_array_of_ranks():
    """The states of the last level are the items in their order, so nothing more is kept of them."""
    even, ragged = np.array([0, 2, 1, 0, 0, 2]), np.array([0, 2, 1])
    assert built(Ragged(even, np.full(3, 2)), 3).items.size == 0
    assert built(Ragged(even[:0], np.zeros(0, int)), 3).items.size == 0
    assert built(Ragged(ragged, np.array([2, 1])), 3).items.tolist() == [-1, -1, 1, 0]


def test_repetitions_are_dropped_and_the_first_row_is_kept():
    index = TrieIndex([[1, 1], [0, 1], [1, 1], [0, 1]], 2, names=["a", "b", "c", "d"])
    assert (index.n_items, index.n_duplicates, index.order.tolist(), index.names) == (2, 2, [1, 0], ("b", "a"))


def test_wide_tokens():
    """Ids above two bytes, at both ends of the range, in few and in many columns."""
    v = 2**31 - 1
    rows = [[0, v - 1], [v - 1, 0], [v - 1, v - 1]]
    check_rows = TrieIndex(rows, v)
    assert check_rows.sequences() == rows
    assert check_rows.allowed([0, 2]).tokens.tolist() == [0, v - 1, 0, v - 1]
    rng = np.random.default_rng(0)
    table = rng.integers(0, 2048, (50, 100))
    assert TrieIndex(table, 2048).sequences() == sorted(table.tolist())
    at_the_border = [TrieIndex([[v - 1]], v).tokens.dtype for v in (2**16, 2**16 + 1)]
    assert at_the_border == [np.uint16, np.uint32]


def test_long_items_have_no_narrow_first_difference():
    """Rows that agree on 200 tokens: a first difference in one byte would wrap around."""
    rows = [[0] * 200 + [token] * 100 for token in (1, 0, 2)]
    index = TrieIndex(rows, 3)
    assert index.sequences() == sorted(rows)
    assert index.level_sizes.tolist() == [1] * 201 + [3] * 100


def test_nothing_follows_an_item():
    """The root is state 0, and no other number means it: a step past an item leads to -1 and stays there."""
    index = TrieIndex([[0, 1], [1, 1]], 2)
    end = index.state([0, 1])
    assert index.advance(end, 0) == index.advance(-1, 0) == index.state([0, 1, 0]) == -1
    assert index.allowed([end, -1]).tokens.tolist() == []
    assert index.item([0, -1, end]).tolist() == [-1, -1, 0]


def test_the_root_alone():
    for rows in ([], np.empty((0, 3), int), np.empty((0,), int)):
        index = TrieIndex(rows, 5)
        assert (index.n_items, index.n_states, index.n_edges, index.sequences()) == (0, 1, 0, [])
        assert not index.mask(0).any()
        assert index.allowed(0).tokens.tolist() == list(index.items_below(0)) == []


def test_the_empty_item_has_a_terminator():
    index = TrieIndex([[], [1]], 2, terminator=2)
    assert index.allowed(0).tokens.tolist() == [1, 2]
    assert index.sequences() == [[1], []]


def test_masks_are_written_where_the_caller_wants():
    index = TrieIndex([[0, 2], [1, 0]], 3)
    out = np.ones((2, 3), bool)
    assert index.mask([0, -1], out=out) is out
    assert out.tolist() == [[True, True, False], [False] * 3]
    for wrong in (np.ones((2, 3), np.uint8), np.ones((3, 3), bool), np.ones((2, 6), bool)[:, ::2], [[True] * 3] * 2):
        with pytest.raises(ValueError, match="`out` must be a writable, contiguous bool array of shape"):
            index.mask([0, -1], out=wrong)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("wrong", [-2, 5, 2**62, -(2**63)])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_number_that_is_no_state_leaves_masks_as_they_were(wrong, place, packed):
    index = TrieIndex([[0, 2], [1, 0]], 3)
    states = np.array([4, 0, -1])
    states[place] = wrong
    out = np.full((3, 1), 255, np.uint8) if packed else np.ones((3, 3), bool)
    for given in (states, states.tolist(), np.repeat(states, 2)[::2]):
        with pytest.raises(ValueError, match=f"`states` must be states in -1..4; got {wrong}."):
            index.mask(given, out=out, packed=packed)
    assert (out == (255 if packed else 1)).all()


def test_an_index_is_pickled():
    index = TrieIndex.from_strings(["ab", "b"])
    again = pickle.loads(pickle.dumps(index))
    assert again.sequences() == index.sequences()
    assert again.names == index.names
    assert again.mask([0]).tolist() == index.mask([0]).tolist()
