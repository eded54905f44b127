"""A living index after any order of switches, insertions, merges and reloads, against the set of what lives."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lrtheory.constrained_decoding import LiveIndex, TrieIndex
from tests.constrained_decoding.oracle import Language

V = 3
WORDS = st.lists(st.integers(0, V - 1), max_size=3).map(tuple)


class Catalogue(RuleBasedStateMachine):
    @initialize(words=st.sets(WORDS, max_size=5), ended=st.booleans(), alpha=st.sampled_from([0.1, 0.5, 1.0, 3.0]))
    def begin(self, words, ended, alpha):
        self.terminator = V if ended else None
        words = {self.fitting(word) for word in words}
        index = TrieIndex([list(word) for word in words], V, terminator=self.terminator)
        self.live = LiveIndex(index, alpha=alpha)
        self.numbers = {tuple(row): number for number, row in enumerate(index.sequences())}
        self.alive = dict.fromkeys(words, True)

    def fitting(self, word):
        """Words of one length, where no terminator ends them."""
        return word if self.terminator is not None else (*word, 0, 0, 0)[:3]

    @rule(word=WORDS)
    def insert(self, word):
        word = self.fitting(word)
        found = self.live.insert([list(word)])
        assert found.changed.tolist() == [self.alive.get(word) is not True]
        assert self.numbers.setdefault(word, len(self.numbers)) == found.items[0]
        self.alive[word] = True

    @precondition(lambda self: self.alive)
    @rule(pick=st.integers(0, 99), alive=st.booleans())
    def toggle(self, pick, alive):
        word = sorted(self.alive)[pick % len(self.alive)]
        before, changes = self.live.n_writes, self.alive[word] != alive
        assert self.live.toggle(self.numbers[word], alive) == changes
        assert self.live.n_writes - before == changes * (len(word) + (self.terminator is not None))
        self.alive[word] = alive

    @rule()
    def merge(self):
        self.live.merge()

    @rule()
    def reload(self):
        with tempfile.TemporaryDirectory() as folder:
            self.live.to_file(Path(folder) / "live.npz")
            again = LiveIndex.from_file(Path(folder) / "live.npz")
        assert again.alive.tolist() == self.live.alive.tolist()
        self.live = again

    @rule()
    def copy(self):
        twin = self.live.copy()
        self.live.insert([list(self.fitting(()))])
        self.live = twin

    @invariant()
    def every_step_is_that_of_what_lives(self):
        language = Language((word for word, alive in self.alive.items() if alive), self.terminator)
        states = {(): self.live.root}
        for prefix in language.states():
            found = self.live.allowed(states[prefix])
            children = language.children(prefix)
            assert found.tokens.tolist() == children
            assert np.flatnonzero(self.live.mask(states[prefix])[0]).tolist() == children
            steps = np.arange(-1, V + 2)
            after = dict(
                zip(steps.tolist(), self.live.advance(np.full(len(steps), states[prefix]), steps), strict=True)
            )
            assert [token for token, state in after.items() if state >= 0] == children
            assert [after[token] for token in children] == found.states.tolist()
            states |= {(*prefix, token): after[token] for token in children}
            assert self.live.state(prefix) == states[prefix]
            item = self.live.item(states[prefix])
            assert (item >= 0) == (prefix in language.items)
            if item >= 0:
                word = prefix if self.terminator is None else prefix[:-1]
                assert (item, tuple(self.live.sequences(item)[0])) == (self.numbers[word], word)

    @invariant()
    def a_fresh_index_of_what_lives_is_the_same(self):
        compact = self.live.compact()
        living = sorted(word for word, alive in self.alive.items() if alive)
        assert sorted(map(tuple, compact.sequences())) == living
        assert self.live.n_alive == self.live.n_items == len(living)
        assert self.live.sequences(compact.order) == compact.sequences()


TestCatalogue = Catalogue.TestCase
TestCatalogue.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


def test_states_of_before_a_merge_are_refused():
    live = LiveIndex(TrieIndex([[0, 1]], 2), alpha=5)
    live.insert([[1, 1]])
    state = live.state([1])
    live.merge()
    for call in (live.allowed, live.mask, live.item, lambda state: live.advance(state, 1)):
        with pytest.raises(ValueError, match="`states` must be states of this index since its last merge, or -1"):
            call(state)


def test_items_of_the_overlay_are_switched_off_and_on():
    live = LiveIndex(TrieIndex([[0, 1]], 2), alpha=9)
    (number,) = live.insert([[1, 1]]).items.tolist()
    state, end = live.state([1]), live.state([1, 1])
    for alive in (False, True):
        assert [live.toggle(number, alive) for _ in range(2)] == [1, 0]
        assert live.alive.tolist() == [True, alive]
        assert live.allowed(live.root).tokens.tolist() == ([0, 1] if alive else [0])
        assert live.allowed(state).tokens.tolist() == ([1] if alive else [])
        assert live.item(end) == (number if alive else -1)


def test_no_state_is_no_node_of_the_overlay():
    """Nothing follows -1, whatever nodes the overlay has."""
    live = LiveIndex(TrieIndex([[0, 0, 0]], 2), alpha=9)
    live.insert([[1, 1, 1], [1, 0, 1]])
    assert len(live.allowed(-1).tokens) == len(live.allowed(np.full(3, -1)).tokens) == 0
    assert not live.mask([-1, -1]).any()
    assert live.advance(np.full(2, -1), [0, 1]).tolist() == [-1, -1]
    assert live.item([-1]).tolist() == [-1]


def test_a_merge_moves_no_more_rows_than_its_bound():
    rng = np.random.default_rng(0)
    for alpha in (0.1, 0.7, 1, 4):
        live = LiveIndex(TrieIndex(rng.integers(0, 50, (40, 3)), 50), alpha=alpha)
        found = live.insert(rng.integers(0, 50, (500, 3)))
        assert live.n_moved <= found.changed.sum() * (2 + 1 / alpha)
        assert live.n_merges >= 1


def test_nothing_changes_when_one_of_many_is_refused():
    live = LiveIndex(TrieIndex([[0, 1]], 3))
    before = live.get_state()
    for rows in ([[2, 2], [0]], [[2, 2], [0, 1, 2]], [[2, 2], [2]], [[2, 2], [5]], [[2, 2], []]):
        with pytest.raises(ValueError, match="must be"):
            live.insert(rows)
    with pytest.raises(ValueError, match=r"`items` must be numbers of items in 0..0; got 1"):
        live.toggle([0, 1], False)
    after = live.get_state()
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda index: LiveIndex([[0]]), "`index` must be a TrieIndex"),
        (lambda index: LiveIndex(index, alpha=0), "`alpha` must be positive; got 0."),
        (lambda index: LiveIndex(index, alive=[True]), "`alive` must be 2 truth values; got [True]."),
        (lambda index: LiveIndex(index, alive=[1, 0]), "`alive` must be 2 truth values; got [1, 0]."),
        (lambda index: LiveIndex(index).toggle(0, 1), "`alive` must be True or False; got 1."),
        (lambda index: LiveIndex(index).toggle(0.5, True), "`items` must be integers"),
        (lambda index: LiveIndex(index).set_state({}), "`state` must be a mapping with the key 'vocab_size'"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises((TypeError, ValueError)) as caught:
        call(TrieIndex([[0], [1]], 2))
    assert sentence in str(caught.value)


def test_a_state_that_was_tampered_with_changes_nothing():
    live = LiveIndex(TrieIndex([[0], [1]], 2), alpha=9)
    live.toggle(1, False)
    state = live.get_state()
    for name, value in {
        "numbers": np.array([0, 0]), "values": np.array([1, 0]), "alive": np.array([1, 0]),
        "new_values": np.array([0]), "new_lengths": np.array([1]), "lengths": np.array([2]),
    }.items():  # fmt: skip
        with pytest.raises((TypeError, ValueError)):
            live.set_state(state | {name: value})
        assert live.alive.tolist() == [True, False]
        assert live.allowed(live.root).tokens.tolist() == [0]
