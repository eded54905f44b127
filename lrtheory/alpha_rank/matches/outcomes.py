"""Outcomes of matches in the words of the field, and tuples of names or of scores, from the cells of a log."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from typing import Any

__all__ = ["OUTCOME_RULE", "UNFINISHED", "read_scores", "read_tuple", "score_of_word", "scores_of_words"]

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
    return words_for(0.5).get(_plain(word))


def scores_of_words(
    words: Sequence[str], first: Sequence[str], second: Sequence[str], draws: float | None
) -> tuple[list[float], int | None, str]:
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
    scores : list of float
        One a match.
    wrong : int or None
        The first match whose outcome says nothing, or None.
    rule : str
        What its outcome must be.
    """
    known = words_for(draws) | {UNFINISHED: math.nan}
    seats = {word: known.get(_plain(word)) for word in set(words)}
    by_seat = [seats[word] for word in words]
    drawn = {word for word, score in seats.items() if score is not None and score not in (0.0, 1.0)}
    # a column may name the player who won, and players may be called "a" and "b": a reading must fit all rows
    by_name = [
        seats[word] if word in drawn else 1.0 if word == a else 0.0 if word == b else None
        for word, a, b in zip(words, first, second, strict=True)
    ]
    fits_seats, fits_names = None not in by_seat, None not in by_name
    if fits_seats and fits_names:
        differs = next((i for i, (x, y) in enumerate(zip(by_seat, by_name, strict=True)) if _differ(x, y)), None)
        if differs is not None:
            return [], differs, "a word that does not name both a seat and another player"
    if fits_seats or fits_names:
        return [score for score in (by_seat if fits_seats else by_name) if score is not None], None, ""
    # the mistake is what breaks the reading that fits more rows
    names_players = by_name.count(None) < by_seat.count(None)
    return [], (by_name if names_players else by_seat).index(None), OUTCOME_RULE


def _differ(one: float | None, other: float | None) -> bool:
    return one != other and not (one != one and other != other)


def _plain(word: str) -> str:
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
