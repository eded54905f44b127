"""Strings as token ids: the places of characters in an alphabet, or the word pieces of a tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import text_of
from lrtheory._validation import Words, at_most_one, is_iterable, must
from lrtheory.constrained_decoding.index.reading import Ragged, read_sequences

__all__ = ["encode_all", "encode_with", "read_strings"]


def encode_all(strings: Any, alphabet: str | None, tokenizer: Any) -> tuple[Ragged, int, dict[str, str]]:
    """The token ids of strings, which are going to be items.

    Parameters
    ----------
    strings : sequence of str
        Strings of at least one token each.
    alphabet : str or None
        Characters; None takes those that occur, where there is no tokenizer.
    tokenizer : path, object or None
        As in `TrieIndex.from_strings`.

    Returns
    -------
    tuple of Ragged, int and dict
        Token ids, number of tokens, and what `encode_with` needs to do the same again; empty where the tokenizer is an
        object that cannot be written down.
    """
    rows = read_strings(strings)
    at_most_one(alphabet=alphabet, tokenizer=tokenizer)
    if tokenizer is None:
        letters = "".join(sorted(set().union(*rows))) or " " if alphabet is None else _alphabet(alphabet)
        found = _places(rows, letters)
        if (found.values < 0).any():
            row = int(np.searchsorted(np.cumsum(found.lengths), int((found.values < 0).argmax()), side="right"))
            strange = next(letter for letter in rows[row] if letter not in letters)
            raise must("strings", "made of the characters of `alphabet`", Words(f"{strange!r} at row {row}"))
        size, encoding = len(letters), {"alphabet": letters}
    else:
        found, size, encoding = _pieces(rows, tokenizer)
    if (found.lengths == 0).any():
        row = int((found.lengths == 0).argmax())
        raise must("strings", "of at least one token each", Words(f"{rows[row]!r} at row {row}"))
    return found, size, encoding


def encode_with(encoding: Mapping[str, str], strings: Any) -> Ragged:
    """The token ids of strings, as those of the items were made; -1 for a character that no item can have.

    Parameters
    ----------
    encoding : mapping
        Encoding that `encode_all` returned.
    strings : sequence of str
        Strings.

    Returns
    -------
    Ragged
        Token ids.

    Raises
    ------
    ValueError
        If the index was not made from strings, or its tokenizer was not kept.
    """
    rows = read_strings(strings)
    if "alphabet" in encoding:
        return _places(rows, encoding["alphabet"])
    if "tokenizer" not in encoding:
        raise must("index", "one of strings whose tokenizer it keeps", Words("one of token ids"))
    return _pieces(rows, _read_tokenizer(encoding["tokenizer"], "index"))[0]


def read_strings(strings: Any, name: str = "strings") -> list[str]:
    """Strings in a sequence, checked."""
    if isinstance(strings, (str, bytes)) or not is_iterable(strings):
        raise must(name, "a sequence of strings", strings, TypeError)
    rows = list(strings)
    for number, row in enumerate(rows):
        if not isinstance(row, str):
            raise must(name, "a sequence of strings", Words(f"{row!r} at row {number}"), TypeError)
    return [str(row) for row in rows]


def _alphabet(alphabet: Any) -> str:
    if not isinstance(alphabet, str):
        raise must("alphabet", "a string", alphabet, TypeError)
    if not alphabet or len(set(alphabet)) < len(alphabet):
        raise must("alphabet", "a string of different characters", alphabet)
    return alphabet


def _places(rows: Sequence[str], letters: str) -> Ragged:
    place = {letter: number for number, letter in enumerate(letters)}
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    values = np.fromiter((place.get(letter, -1) for row in rows for letter in row), np.int64, int(lengths.sum()))
    return Ragged(values, lengths)


def _pieces(rows: Sequence[str], tokenizer: Any) -> tuple[Ragged, int, dict[str, str]]:
    """The word pieces of strings, without those that begin and end a text for a model."""
    encoding = {}
    if isinstance(tokenizer, (str, PathLike)):
        tokenizer = _read_tokenizer(text_of(Path(tokenizer)), str(tokenizer))
    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(tokenizer, "to_str"):
        text = tokenizer.to_str()
        tokenizer, encoding = _read_tokenizer(text, "tokenizer"), {"tokenizer": text}
        ids = [found.ids for found in tokenizer.encode_batch(list(rows), add_special_tokens=False)]
    elif hasattr(tokenizer, "encode"):
        encoded = (tokenizer.encode(row, add_special_tokens=False) for row in rows)
        ids = [list(getattr(found, "ids", found)) for found in encoded]
    else:
        raise must("tokenizer", "a path, or an object with the method `encode`", tokenizer, TypeError)
    known = tokenizer.get_vocab()
    size = max(known.values(), default=0) + 1
    return read_sequences(ids, None, size, "tokenizer"), size, encoding


def _read_tokenizer(text: str, origin: str) -> Any:
    """The tokenizer of a text in JSON, which neither fills texts up nor cuts them."""
    try:
        from tokenizers import Tokenizer  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise ImportError("word pieces need the package tokenizers: pip install tokenizers") from error
    try:
        json.loads(text)
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the package raises bare exceptions, and whichever it is, the tokenizer is unusable
        raise ValueError(f"{origin}: no tokenizer of the package tokenizers ({error})") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
