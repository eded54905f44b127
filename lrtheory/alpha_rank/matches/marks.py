"""Columns of a log beside players and outcomes: times, judges and languages; and winners in three columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from lrtheory._files import Table
from lrtheory.alpha_rank.matches.outcomes import plain_word

__all__ = ["is_both_bad", "marks_of", "one_hot", "order_of_time", "to_write"]

#: columns with 1 where the first player, the second one, or none has won
_ONE_HOT = ("winner_model_a", "winner_model_b", "winner_tie")
#: a fourth one, where both answers were bad
_BOTH_BAD_COLUMNS = ("winner_tie (bothbad)", "winner_tie_bothbad", "winner_both_bad", "winner_bothbad")
_BOTH_BAD = ("tie (bothbad)", "tie(bothbad)", "bothbad", "both_bad", "both bad")
#: columns that say when a match was played
_TIMES = ("tstamp", "timestamp")
#: a column with longer words, such as whole conversations, marks nothing
_LONGEST = 200


def one_hot(table: Table, draws: float | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Read winners from a column for each outcome, as in ``winner_model_a,winner_model_b,winner_tie``.

    Parameters
    ----------
    table : Table
        Table of any kind.
    draws : float or None
        Score of a draw; None where there are none.

    Returns
    -------
    scores : float64 array of shape (n_rows,)
        Scores of the first player.
    both_bad : bool array of shape (n_rows,)
        Whether a column of its own says that both answers were bad.

    Raises
    ------
    ValueError
        If a row has not exactly one 1 in these columns, or a draw where there are none.
    """
    folded = {name.strip().lower(): name for name in reversed(table.names)} if table.header else {}
    if not all(word in folded for word in _ONE_HOT[:2]):
        return None
    drawn = [folded[word] for word in (_ONE_HOT[2], *_BOTH_BAD_COLUMNS) if word in folded]
    names = [folded[word] for word in _ONE_HOT[:2]] + drawn
    cells = np.stack([_truths(table, name) for name in names], axis=1)
    wrong = cells.sum(axis=1) != 1
    if wrong.any():
        rule = f"1 in exactly one of {', '.join(names)} in a row, and 0 in the others"
        raise table.refuse(int(wrong.argmax()), names[0], rule)
    ties = cells[:, 2:].any(axis=1)
    if draws is None and ties.any():
        raise table.refuse(int(ties.argmax()), names[0], "1 here or in that of the other, as there are no draws")
    bad = [column for column, name in enumerate(names) if name.strip().lower() in _BOTH_BAD_COLUMNS]
    scores = np.where(ties, 0.0 if draws is None else draws, cells[:, 0])
    return scores, np.asarray(cells[:, bad].any(axis=1))


def _truths(table: Table, name: str) -> np.ndarray:
    """The cells of a column of zeros and ones, or of false and true."""
    known = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}
    return np.array(table.each(name, lambda cell: known.get(str(cell).strip().lower()), "0 or 1"), bool)


def is_both_bad(words: Sequence[str]) -> np.ndarray:
    """Where an outcome says that both answers were bad, which counts as a draw."""
    known = {word: plain_word(word) in _BOTH_BAD for word in set(words)}
    return np.fromiter(map(known.__getitem__, words), bool, len(words))


def marks_of(table: Table, read: Sequence[str]) -> dict[str, np.ndarray]:
    """Number the words of every column that is not one of players or outcomes.

    Parameters
    ----------
    table : Table
        The log.
    read : sequence of str
        Columns of players and outcomes, in small letters.

    Returns
    -------
    dict of str to int64 array of shape (n_rows,)
        Equal numbers stand for equal words, -1 for an empty cell. Columns of lists or of long texts are left out.
    """
    marks = {}
    for name, cells in table.columns.items() if table.header else ():
        if name.strip().lower() in read or not all(
            isinstance(cell, (str, int, float, type(None))) for cell in cells[:1000]
        ):
            continue
        try:
            place: dict[object, int] = {word: i for i, word in enumerate(dict.fromkeys(cells))}
        except TypeError:  # a list among the words
            continue
        if any(isinstance(word, str) and len(word) > _LONGEST for word in place):
            continue
        place |= {word: -1 for word in place if word is None or word != word or str(word).strip() == ""}
        marks[name] = np.fromiter(map(place.__getitem__, cells), np.int64, len(cells))
    return marks


def to_write(marks: Mapping[str, np.ndarray]) -> dict[str, list[int | None]]:
    """Marks as columns of a file, empty for -1; without times, whose numbers would give another order."""
    shown = {name: codes.tolist() for name, codes in marks.items() if name.strip().lower() not in _TIMES}
    return {name: [None if code < 0 else code for code in codes] for name, codes in shown.items()}


def order_of_time(table: Table) -> tuple[np.ndarray | None, str]:
    """Find the order in which matches were played.

    Parameters
    ----------
    table : Table
        The log.

    Returns
    -------
    order : int64 array of shape (n_rows,), or None
        Rows by time, the first of equals first; None for the order of the file.
    message : str
        Name of the column that gives the order.
    """
    folded = {name.strip().lower(): name for name in reversed(table.names)} if table.header else {}
    name = next((folded[word] for word in _TIMES if word in folded), None)
    if name is None:
        return None, ""
    times = _times(table.columns[name])
    if times is None:
        return None, f"matches are in the order of the file, as `{name}` does not say the time of each"
    return np.argsort(times, kind="stable"), f"matches are in the order of `{name}`"


def _times(cells: Sequence[object]) -> np.ndarray | None:
    """Times as numbers, whether given as numbers or as dates; None where a cell is neither."""
    try:
        found = np.array(cells, dtype=np.float64)
    except (TypeError, ValueError):
        try:
            found = np.array([_seconds(cell) for cell in cells])
        except ValueError:
            return None
    return found if np.isfinite(found).all() else None


def _seconds(cell: object) -> float:
    # a date without a zone is one of UTC, so that the clock of this computer does not matter
    moment = cell if isinstance(cell, datetime) else datetime.fromisoformat(str(cell).strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def kept(marks: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """The marks of some rows."""
    return {name: numbers[rows] for name, numbers in marks.items()}
