"""Outcomes of matches in the words of the field, and tuples of names or of scores, from the cells of a log."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["OUTCOME_RULE", "UNFINISHED", "plain_word", "read_scores", "read_tuple", "score_of_word", "scores_of_words"]

_FIRST = (
    "win", "won", "w", "1-0", "1", "a", "model_a", "player_a", "player_1", "player1", "p1", "first", "left", "white",
)  # fmt: skip
_SECOND = (
    "loss", "lost", "lose", "l", "0-1", "0", "b", "model_b", "player_b", "player_2", "player2", "p2", "second", "right",
    "black",
)  # fmt: skip
_DRAW = (
    "draw", "drawn", "d", "tie", "tied", "tie (bothbad)", "tie(bothbad)", "bothbad", "both_bad", "both bad", "1/2-1/2",
    "0.5-0.5", "½-½", "1/2", "0.5", ".5", "½",
)  # fmt: skip
#: how chess notation marks a game without a result
UNFINISHED = "*"
OUTCOME_RULE = "win, draw or loss; model_a, tie or model_b; 1-0, 1/2-1/2 or 0-1; 1, 0.5 or 0; or who won"


def words_for(draws: float | None) -> dict[str, float]:
    """The score of the first player for every word, in small letters; without words for a draw where there are none."""
    known = dict.fromkeys(_FIRST, 1.0) | dict.fromkeys(_SECOND, 0.0)
    if draws is not None:
        known |= dict.fromkeys(_DRAW, draws)
        known[f"{draws:g}"] = draws
    return known


def score_of_word(word: str) -> float | None:
    """The score of the first player that a word means, 0.5 for a draw; None for any other word."""
    return words_for(0.5).get(plain_word(word))


def scores_of_words(
    words: Sequence[str], first: Sequence[str], second: Sequence[str], draws: float | None
) -> tuple[np.ndarray, int | None, str]:
    """Read outcomes as scores of the first player: 1, 0 or `draws`, and NaN for a match without a result.

    Parameters
    ----------
    words : sequence of str
        One outcome a match: the seat that won, or the name of the player who did.
    first, second : sequence of str
        The names of the players of each match.
    draws : float or None
        The score of a draw; None where there are none.

    Returns
    -------
    scores : float64 array of shape (n_matches,)
        One a match; of no meaning where one is wrong.
    wrong : int or None
        The first match whose outcome says nothing, or None.
    rule : str
        Rule that the outcome of that match breaks.
    """
    known = words_for(draws) | {UNFINISHED: math.nan}
    place = {word: i for i, word in enumerate(dict.fromkeys(words))}
    meanings = [known.get(plain_word(word)) for word in place]
    codes, is_first, is_second = _places(place, words), _places(place, first), _places(place, second)
    is_first, is_second = is_first == codes, is_second == codes
    seats = np.array([math.nan if score is None else score for score in meanings])[codes]
    by_seat = np.array([score is not None for score in meanings])[codes]
    drawn = np.array([score is not None and score not in (0.0, 1.0) for score in meanings])[codes]
    # a column may name the player who won, and players may be called "a" and "b": a reading must fit all rows
    names = np.where(drawn, seats, np.where(is_first, 1.0, 0.0))
    by_name = drawn | is_first | is_second
    fits_seats, fits_names = bool(by_seat.all()), bool(by_name.all())
    if fits_seats and fits_names:
        differs = (seats != names) & ~(np.isnan(seats) & np.isnan(names))
        if differs.any():
            return names, int(differs.argmax()), "a word that does not name both a seat and another player"
    if fits_seats or fits_names:
        return seats if fits_seats else names, None, ""
    # the mistake is what breaks the reading that fits more rows
    reading = by_name if by_name.sum() > by_seat.sum() else by_seat
    return names, int(reading.argmin()), OUTCOME_RULE


def _places(place: Mapping[str, int], words: Sequence[str]) -> np.ndarray:
    """Return the place of each word in a list, -1 for those that are not in it."""
    found = {word: place.get(word, -1) for word in set(words)}
    return np.fromiter(map(found.__getitem__, words), np.int64, len(words))


def plain_word(word: str) -> str:
    """The word in small letters with single blanks; a number in its shortest form."""
    plain = " ".join(word.lower().split())
    try:
        return f"{float(plain):g}"  # 1.0 is 1
    except ValueError:
        return plain


def read_tuple(cell: Any) -> tuple[Any, ...] | None:
    """A tuple, or the literal of one such as ``("a", "b")``; None for anything else, and nothing is evaluated."""
    if isinstance(cell, str):
        try:
            cell = ast.literal_eval(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    if hasattr(cell, "tolist"):
        cell = cell.tolist()
    return tuple(cell) if isinstance(cell, (list, tuple)) else None


def read_scores(cell: Any) -> tuple[float, ...] | None:
    """A tuple of finite numbers, or its literal; None for anything else."""
    found = read_tuple(cell)
    if found is None or not all(type(x) in (int, float) and math.isfinite(x) for x in found):
        return None
    return tuple(map(float, found))
