"""Which sequences are items, where the others leave, and which tables let out what is no item."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.constrained_decoding import LiveIndex, Sequences, TrieIndex, baselines, valid
from tests.constrained_decoding.oracle import Language, draw_rows


@pytest.mark.parametrize("seed", range(30))
def test_against_sets(seed):
    rng = np.random.default_rng(seed)
    rows, asked = draw_rows(rng, 3, ragged=True), draw_rows(rng, 4, ragged=True)
    language = Language(rows)
    index = TrieIndex(rows, 3, terminator=3)
    for catalogue in (index, LiveIndex(index)):
        found = valid(catalogue, asked)
        for row, is_item, item, left in zip(asked, found.valid, found.items, found.left_at, strict=True):
            row = row[:-1] if row and row[-1] == 3 and tuple(row[:-1]) in language.items else row
            assert is_item == (tuple(row) in language.items)
            assert item < 0 or catalogue.sequences(int(item)) == [row]
            # the first token with which no item goes on, or the end
            first = next((i for i in range(len(row)) if tuple(row[: i + 1]) not in language.prefixes), len(row))
            ended = 3 in row and tuple(row[: row.index(3)]) in language.items  # and something stands behind the end
            assert left == (-1 if is_item else row.index(3) + 1 if ended else first)


def test_a_title_that_is_switched_off_is_not_in_the_catalogue():
    live = LiveIndex(TrieIndex.from_strings(["Alien", "Aliens"]))
    live.toggle(0, False)
    assert valid(live, ["Alien", "Aliens"]).valid.tolist() == [True, False]


def test_tokens_of_any_size():
    index = TrieIndex([[0, 1]], 2)
    found = valid(index, [[0, 2**62], [-1, 0], [0, 1, 0], [0, 1]])
    assert found.left_at.tolist() == [1, 0, 2, -1]
    assert found._decided() is False
    assert valid(index, []).valid.tolist() == []


def test_lines_of_a_file(tmp_path):
    (tmp_path / "titles.txt").write_text("#1 Cheerleader Camp\nGood, the Bad\n")
    titles = Sequences.from_file(tmp_path / "titles.txt")
    index = TrieIndex.from_strings(titles.lines)
    assert valid(index, titles).valid.all(), "no line is a comment, and no comma ends a cell"
    (tmp_path / "ids.txt").write_text("0 1\n0,2\n")
    assert valid(TrieIndex([[0, 1]], 3), Sequences.from_file(tmp_path / "ids.txt")).valid.tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "sentence"), [("a\n\nb\n", ":2: an empty line"), ("0 x\n", ":1: token ids are whole")]
)
def test_bad_lines(text, sentence, tmp_path):
    (tmp_path / "lines.txt").write_text(text)
    with pytest.raises(ValueError, match="lines.txt") as caught:
        valid(TrieIndex([[0, 1]], 3), Sequences.from_file(tmp_path / "lines.txt"))
    assert sentence in str(caught.value)


def test_refusals():
    with pytest.raises(TypeError, match="`index` must be a TrieIndex or a LiveIndex"):
        valid([[0]], [[0]])
    with pytest.raises(ValueError, match="`index` must be one of strings whose tokenizer it keeps"):
        valid(TrieIndex([[0]], 1), ["a"])


@pytest.mark.parametrize("seed", range(20))
def test_baselines_follow_like_the_index(seed):
    rng = np.random.default_rng(seed)
    rows = draw_rows(rng, 3, ragged=False)
    language, index = Language(rows), TrieIndex(rows, 3)
    for follow in (baselines.dict_trie(rows), baselines.sorted_ranges(rows)):
        for prefix in [*language.states(), (7,)]:
            assert follow(prefix) == index.allowed(index.state(prefix)).tokens.tolist()


def test_a_table_of_positions_lets_out_what_is_no_item():
    rows = [[0, 0, 0], [1, 0, 1]]
    assert baselines.position_table(rows)([0, 0]) == [0, 1]
    assert valid(TrieIndex(rows, 2), [[0, 0, 1]]).left_at.tolist() == [2]
