"""Strings as items: by characters, and by the pieces of a tokenizer."""

from __future__ import annotations

import json

import pytest

from lrtheory.constrained_decoding import TrieIndex


class Words:
    """A tokenizer as some libraries have it: `encode` returns a list of numbers."""

    def __init__(self):
        self.vocabulary = {"the": 0, "alien": 1, "aliens": 2}

    def encode(self, text, *, add_special_tokens):
        assert not add_special_tokens
        return [self.vocabulary[word] for word in text.split()]

    def get_vocab(self):
        return self.vocabulary


def test_characters():
    index = TrieIndex.from_strings(["ba", "ab", "ba"], alphabet="ab")
    assert (index.sequences(), index.names, index.terminator, index.n_duplicates) == (
        [[0, 1], [1, 0]], ("ab", "ba"), None, 1,
    )  # fmt: skip
    assert TrieIndex.from_strings(["ba", "ab"]).encoding == {"alphabet": "ab"}
    assert index.encode(["aba", "c"]) == [[0, 1, 0], [-1]]


def test_strings_of_unlike_length_get_a_terminator():
    index = TrieIndex.from_strings(["Alien", "Aliens"])
    assert (index.terminator, index.n_tokens) == (index.vocab_size, index.vocab_size + 1)
    assert index.names == ("Aliens", "Alien")
    assert index.allowed(index.state(index.encode(["Alien"])[0])).tokens.tolist() == [5, index.terminator]


def test_a_tokenizer_of_ones_own():
    index = TrieIndex.from_strings(["the alien", "the aliens", "alien the"], tokenizer=Words())
    assert index.sequences() == [[0, 1], [0, 2], [1, 0]]
    with pytest.raises(ValueError, match="`index` must be one of strings whose tokenizer it keeps"):
        index.encode(["the"])


def test_a_tokenizer_of_a_file(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "b": 1, "?": 5}, unk_token="?"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.enable_padding(length=9)
    made.enable_truncation(1)
    made.save(str(tmp_path / "tokenizer.json"))
    index = TrieIndex.from_strings(["a b", "b a b", "c"], tokenizer=tmp_path / "tokenizer.json")
    assert (index.vocab_size, index.sequences()) == (6, [[0, 1], [1, 0, 1], [5]]), "no padding, and nothing is cut"
    index.to_file(tmp_path / "x.safetensors")
    assert TrieIndex.from_file(tmp_path / "x.safetensors").encode(["b b"]) == [[1, 1]]
    assert TrieIndex.from_strings(["a b"], tokenizer=made).sequences() == [[0, 1]]


def test_a_tokenizer_that_cannot_be_read(tmp_path):
    pytest.importorskip("tokenizers")
    place = tmp_path / "tokenizer.json"
    for text in ("no json", json.dumps({"model": 3})):
        place.write_text(text)
        with pytest.raises(ValueError, match="no tokenizer of the package tokenizers"):
            TrieIndex.from_strings(["a"], tokenizer=place)
    with pytest.raises(FileNotFoundError):
        TrieIndex.from_strings(["a"], tokenizer=tmp_path / "none.json")


@pytest.mark.parametrize(
    ("strings", "options", "sentence"),
    [
        ("abc", {}, "`strings` must be a sequence of strings; got 'abc'"),
        (["a", 3], {}, "`strings` must be a sequence of strings; got 3 at row 1"),
        (["a", ""], {}, "`strings` must be of at least one token each; got '' at row 1"),
        (["ab", "ac"], {"alphabet": "ab"}, "`strings` must be made of the characters of `alphabet`; got 'c' at row 1"),
        (["a"], {"alphabet": "aa"}, "`alphabet` must be a string of different characters"),
        (["a"], {"alphabet": ""}, "`alphabet` must be a string of different characters"),
        (["a"], {"tokenizer": 3}, "`tokenizer` must be a path, or an object with the method `encode`"),
        (["a"], {"tokenizer": "t.json", "alphabet": "a"}, "`alphabet, tokenizer` must be at most one of these"),
    ],
)
def test_bad_strings(strings, options, sentence):
    with pytest.raises((TypeError, ValueError)) as caught:
        TrieIndex.from_strings(strings, **options)
    assert sentence in str(caught.value)
