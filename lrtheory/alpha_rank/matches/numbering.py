"""Numbers for the names of players, found by hashing, which takes a fraction of the time of sorting all names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from lrtheory._validation import as_array, must

__all__ = ["numbered"]

#: integer ids are found in a table with an entry for each number in their range, if it is this short
LONGEST_TABLE = 2**22


def numbered(players: Any) -> tuple[tuple[str, ...], np.ndarray]:
    """Number the players of a log by their sorted names, or by their sorted ids.

    Parameters
    ----------
    players : array or nested sequence of shape (n_matches, K)
        Names or integer ids, K >= 2.

    Returns
    -------
    names : tuple of str
        The names of all players, sorted; of ids the digits, sorted as numbers.
    ids : int64 array of shape (n_matches, K)
        Number of each player in `names`.

    Raises
    ------
    ValueError
        If a player has no name, or the shape is another.
    """
    lists = _names_in_lists(players)
    if lists is not None:
        return _by_hashing(*lists)
    given = _checked(players)
    if given.dtype.kind not in "iuUSO" or given.ndim != 2 or given.shape[1] < 2 or len(given) == 0:
        rule = "of shape (n_matches, 2), or (n_matches, K) for K players, names or integer ids, with a match"
        raise must("players", rule, given)
    if given.dtype.kind in "UO":
        return _by_hashing(given.ravel().tolist(), given.shape[1])
    if given.dtype.kind in "iu":
        low, high = int(given.min()), int(given.max())
        if high - low < LONGEST_TABLE and high <= np.iinfo(np.int64).max:
            return _by_table(given.astype(np.int64), low, high)
    names, ids = np.unique(given, return_inverse=True)
    return tuple(map(str, names.tolist())), ids.reshape(given.shape).astype(np.int64)


def _names_in_lists(players: Any) -> tuple[list[str], int] | None:
    """The names of a list of matches one after the other, and how many a match has; None for anything else."""
    if not isinstance(players, (list, tuple)) or not set(map(type, players)) <= {list, tuple}:
        return None
    sizes = set(map(len, players))
    names = list(chain.from_iterable(players))
    if len(sizes) != 1 or min(sizes) < 2 or set(map(type, names)) != {str}:
        return None
    return names, sizes.pop()


def _by_hashing(names: Sequence[str], n_seats: int) -> tuple[tuple[str, ...], np.ndarray]:
    # zeros at the end of a word are no part of it, as in the words of an array
    found = {name: name.rstrip("\0") for name in set(names)}
    distinct = sorted(set(found.values()))
    place = {name: i for i, name in enumerate(distinct)}
    number = {name: place[label] for name, label in found.items()}
    ids = np.fromiter(map(number.__getitem__, names), np.int64, len(names))
    return tuple(distinct), ids.reshape(-1, n_seats)


def _by_table(given: np.ndarray, low: int, high: int) -> tuple[tuple[str, ...], np.ndarray]:
    shifted = given - low
    occurs = np.zeros(high - low + 1, bool)
    occurs[shifted] = True
    names = tuple(map(str, (low + np.flatnonzero(occurs)).tolist()))
    return names, (np.cumsum(occurs) - 1)[shifted]


def _checked(players: Any) -> np.ndarray:
    """Return the players as one array of words or integers; refuse everything else, such as None and NaN."""
    given = as_array("players", players)
    if given.dtype.kind in "US" and not isinstance(players, np.ndarray):  # NaN among names has become a word
        given = np.asarray(players, dtype=object)
    if given.dtype.kind != "O":
        return given
    cells = given.ravel().tolist()
    if set(map(type, cells)) == {str}:
        return given
    for player in cells:
        if isinstance(player, bool) or not isinstance(player, (str, bytes, int, np.integer)):
            raise must("players", "names or integer ids, one for each seat of a match", player)
    return given.astype(str)
