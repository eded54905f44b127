"""The ids of rows and columns as the caller wrote them: numbers of lines from ids, and ids from numbers."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from lrtheory._validation import must, unmasked

__all__ = ["Ids", "as_ids", "coded", "ids_at", "is_text", "named", "numbers_of"]

#: ids among which one like an unknown one is looked for
LOOKED_AT = 10_000


class Ids(tuple[Any, ...]):
    """The ids of all rows, or of all columns, that a file or a frame has: all integers, or all text."""

    _known: dict[Any, int]

    def number(self, cell: Any) -> int | None:
        """The number of the line with an id, from 0; 5, 5.0 and "5" are one id. None if there is none."""
        if not hasattr(self, "_known"):
            self._known = {one: i for i, one in enumerate(self)}
        plain = _plain(cell)
        found = self._known.get(plain)
        return self._known.get(str(plain)) if found is None else found

    def __reduce__(self) -> tuple[Any, ...]:
        return Ids, (tuple(self),)


def coded(words: Sequence[str]) -> tuple[np.ndarray, Ids]:
    """Number different words by their order: as integers if all of them are written as such, else as text.

    Parameters
    ----------
    words : sequence of str
        One for each entry.

    Returns
    -------
    numbers : int64 array
        One for each entry, from 0.
    ids : Ids
        The different words in order, integers where all are.
    """
    first = {word: i for i, word in enumerate(dict.fromkeys(words))}
    numbers = np.fromiter(map(first.__getitem__, words), np.int64, len(words))
    ids = as_ids(first)
    order = sorted(range(len(ids)), key=ids.__getitem__)
    place = np.empty(len(ids), dtype=np.int64)
    place[order] = np.arange(len(ids))
    return place[numbers], Ids(ids[i] for i in order)


def as_ids(words: Collection[Any]) -> Ids:
    """Ids in the order given, integers where all words are written as integers."""
    cells = [_plain(word) for word in words]
    return Ids(cells if all(type(cell) is int for cell in cells) else map(str, words))


def _plain(cell: Any) -> Any:
    """An integer for 5, 5.0 and "5", but text for "05", which is another id than "5"."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if not isinstance(cell, str):
        return cell
    word = cell.strip()
    digits = word.removeprefix("-")
    return int(word) if digits.isascii() and digits.isdecimal() and str(int(word)) == word else word


def is_text(given: Any) -> bool:
    """Whether somebody wrote names, and not numbers."""
    if isinstance(given, np.ndarray) and given.dtype.kind in "biuf":
        return False
    cells = np.asarray(given, dtype=object).ravel()
    return cells.size > 0 and all(isinstance(cell, str) for cell in cells)


def numbers_of(name: str, given: Any, ids: Sequence[Any], what: str, missing: bool = False) -> np.ndarray:
    """The numbers of lines whose ids, or names, are given; an array of the shape of what was given.

    With `missing` a line that does not exist has the number -1; else it is refused.
    """
    cells = np.asarray(unmasked(name, given), dtype=object)
    known = ids if isinstance(ids, Ids) else Ids(ids)
    found = [known.number(cell) for cell in cells.ravel().tolist()]
    if None in found and not missing:
        unknown = cells.ravel()[found.index(None)]
        near = difflib.get_close_matches(str(unknown), [str(one) for one in known[:LOOKED_AT]], 1)
        hint = f", such as {near[0]!r}" if near else ""
        raise must(name, f"among the ids of the {len(known):,} {what} of the data{hint}", unknown)
    return np.array([-1 if one is None else one for one in found], dtype=np.int64).reshape(cells.shape)


def ids_at(ids: Sequence[Any] | None, numbers: np.ndarray) -> list[Any]:
    """The ids of lines with these numbers; the numbers themselves where lines have no ids."""
    return numbers.tolist() if ids is None else [ids[i] for i in numbers.tolist()]


def named(ids: Sequence[Any] | None, numbers: np.ndarray, most: int) -> str:
    """The first few lines in words."""
    return ", ".join(map(str, ids_at(ids, numbers[:most]))) + (", ..." if len(numbers) > most else "")
