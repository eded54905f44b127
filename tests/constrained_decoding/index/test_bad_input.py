"""What an index refuses, word for word."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.constrained_decoding import TrieIndex

INDEX = TrieIndex([[0, 2], [1, 0]], 3)
TABLE = np.zeros((4, 3), int)
TABLE[3, 1] = 2048


@pytest.mark.parametrize(
    ("sequences", "size", "options", "sentence"),
    [
        (TABLE, 2048, {}, "`sequences` must be token ids in 0..2047; got 2048 at row 3, column 1."),
        ([[0, 1], [0, 1, 2, 7]], 3, {}, "`sequences` must be token ids in 0..2; got 7 at row 1, column 3."),
        (-TABLE, 2048, {}, "`sequences` must be token ids in 0..2047; got -2048 at row 3, column 1."),
        (np.zeros((2, 2)), 3, {}, "`sequences` must be an integer array; got float64."),
        ([[0.5]], 3, {}, "`sequences` must be an integer array; got float64."),
        ([[float("nan")]], 3, {}, "`sequences` must be an integer array; got float64."),
        (np.zeros((2, 2), bool), 3, {}, "`sequences` must be an integer array; got bool."),
        ([[2**70]], 3, {}, "`sequences` must be token ids of at most 64 bits; got 1180591620717411303424."),
        (np.array([[2**63]], np.uint64), 3, {}, "token ids in 0..2; got 9223372036854775808 at row 0, column 0."),
        (np.ma.masked_array([[1, 2]], [[0, 1]]), 3, {}, "`sequences` must be an array without a mask"),
        ([[0, 1], 2], 3, {}, "`sequences` must be sequences of token ids; got 2 at row 1."),
        (["ab"], 3, {}, "`sequences` must be sequences of token ids; got 'ab' at row 0."),
        (np.zeros(3, int), 3, {}, "`sequences` must be a table of shape (N, L), or come with `lengths`; got (3,)."),
        (
            [[0], [0, 1]],
            3,
            {},
            "`terminator` must be given when one sequence is a prefix of another; got rows 0 and ",
        ),
        ([[1], [2, 2], [2]], 3, {}, "given when one sequence is a prefix of another; got rows 1 and 2."),
        ([[1], []], 3, {}, "of at least one token each, unless `terminator` ends them; got an empty one at row 1."),
        ([[0, 1], [1, 2]], 3, {"terminator": 2}, "a token that no sequence contains; got '2, which row 1 contains'."),
        ([[0]], 3, {"terminator": 4}, "`terminator` must be an integer in [0, 3]; got 4."),
        ([[0]], 0, {}, "`vocab_size` must be an integer in [1, 2147483647]; got 0."),
        ([[0]], 2.0, {}, "`vocab_size` must be an integer; got 2.0."),
        (TABLE, 2049, {"lengths": [1, 2]}, "`lengths` must be 4 numbers of at most 3, as `sequences` has rows and"),
        (
            [1, 2],
            3,
            {"lengths": [1, 2]},
            "`lengths` must be numbers with the sum 2, as `sequences` has entries; got",
        ),
        ([1, 2], 3, {"lengths": [3, -1]}, "`lengths` must be one non-negative number for each sequence"),
        ([1, 2], 3, {"lengths": [1.0, 1.0]}, "`lengths` must be an integer array; got float64."),
        ([[0]], 3, {"names": "a"}, "`names` must be a sequence of strings; got 'a'."),
        ([[0]], 3, {"names": ["a", "b"]}, "`names` must be one string for each of 1 sequences; got 2."),
    ],
)
def test_bad_sequences(sequences, size, options, sentence):
    with pytest.raises((TypeError, ValueError)) as caught:
        TrieIndex(sequences, size, **options)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: INDEX.allowed(5), "`states` must be states in -1..4; got 5."),
        (lambda: INDEX.allowed([0, -2]), "`states` must be states in -1..4; got -2."),
        (lambda: INDEX.mask(0.0), "`states` must be integers; got dtype('float64')."),
        (lambda: INDEX.mask(True), "`states` must be integers; got dtype('bool')."),
        (lambda: INDEX.item([[0]]), "`states` must be an array with one axis; got (1, 1)."),
        (lambda: INDEX.advance([0, 1], [0]), "`tokens` must be one token for each of 2 states; got (1,)."),
        (lambda: INDEX.items_below(7), "`state` must be an integer in [-1, 4]; got 7."),
        (lambda: INDEX.sequences(2), "`items` must be ranks in 0..1; got 2."),
        (lambda: INDEX.state([0.5]), "`prefix` must be a sequence of integers; got [0.5]."),
        (lambda: INDEX.mask(0, packed=1), "`packed` must be True or False; got 1."),
        (lambda: INDEX.encode(["a"]), "`index` must be one of strings whose tokenizer it keeps; got one of token ids."),
    ],
)
def test_bad_queries(call, sentence):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert sentence in str(caught.value)


@pytest.mark.parametrize("wrong", [-2, 5, 6, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_array_as_steps_hand_it_on_is_checked_to_the_last_state(wrong, place):
    """The number of states is the first that is no state."""
    states = np.array([-1, 0, 4])
    assert INDEX.item(states).tolist() == [-1, -1, 1]
    states[place] = wrong
    for call in (INDEX.allowed, INDEX.item, INDEX.prefixes, lambda given: INDEX.advance(given, [0, 0, 0])):
        with pytest.raises(ValueError, match=rf"`states` must be states in -1\.\.4; got {wrong}\."):
            call(states)


def test_tokens_of_any_size_lead_nowhere():
    assert INDEX.advance(0, 2**63) == INDEX.advance(0, -(2**62)) == INDEX.state([2**80]) == -1
    assert INDEX.advance([0, 0], np.array([2**63, 1], np.uint64)).tolist() == [-1, 2]
