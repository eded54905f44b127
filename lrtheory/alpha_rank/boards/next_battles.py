"""Which battles to play next, so that fewer models can be first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike
from lrtheory._validation import integer
from lrtheory.alpha_rank.boards.board import rank_models
from lrtheory.alpha_rank.boards.comparing import log_of_pairs
from lrtheory.alpha_rank.boards.differences import POINTS
from lrtheory.alpha_rank.boards.leaderboard import MOST_PLAYED
from lrtheory.alpha_rank.matches.log import MatchLog

__all__ = ["NextBattles", "next_battles"]


@result
class NextBattles(Result):
    """Direct battles of the leader with the others who can be first.

    Attributes
    ----------
    leader : int
        The model with the highest rating among those who can be first.
    others : int64 array of shape (n_rows,)
        Opponents of the leader, the one nearest to it in the log first.
    plays : int64 array of shape (n_rows,)
        Number of battles.
    p_values : float64 array of shape (n_rows,)
        The p values of the leader being above the other, so far.
    needed : int64 array of shape (n_rows,)
        Direct battles that are likely needed until the other cannot be first, if ratings are right; 10^9 for no end.
    names : tuple of str
        Names of all models.
    message : str
        Sentence that names all who can be first.
    counts : mapping
        ``battles`` to play, and battles ``needed`` in all.
    """

    leader: int
    others: np.ndarray
    plays: np.ndarray
    p_values: np.ndarray
    needed: np.ndarray
    names: tuple[str, ...]
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        columns: dict[str, Any] = {"model": [self.names[self.leader]] * len(self.others)}
        columns |= {"against": [self.names[i] for i in self.others], "play": self.plays, "p so far": self.p_values}
        return columns | {"likely needed": [None if many >= MOST_PLAYED else many for many in self.needed.tolist()]}

    def _facts(self) -> list[str]:
        if not self.others.size:
            return [self.message]
        many = self.counts["needed"]
        needed = (
            f"{many:,} battles are likely needed" if many < MOST_PLAYED else "more battles are needed than one can say"
        )
        return [
            self.message,
            f"{needed}, if ratings are right",
            "rank the longer log with --any-schedule, or with --batch where a column says which battles came after "
            "which look at the log",
        ]

    def _draw(self, ax: Any) -> None:
        display.bars(ax, [self.names[i] for i in self.others], self.plays, label="battles to play")


def next_battles(
    matches: MatchLog | Mapping[str, ArrayLike] | ArrayLike | str | PathLike[str],
    *,
    n: int = 50,
    delta: float = 0.05,
    anytime: bool = False,
    any_schedule: bool = False,
    batch: str | None = None,
    by: str | Sequence[str] = (),
) -> NextBattles:
    """Choose direct battles of the leader with the others who can be first.

    Parameters
    ----------
    matches : MatchLog, path or data frame
        The log so far, as for `rank_models`.
    n : int
        Number of battles to play, from 1 to 10^9.
    delta : float
        Probability, in (0, 1), that the first is not among those who can be first.
    anytime, any_schedule : bool
        As in `rank_models`.
    batch : str or None
        As in `rank_models`.
    by : str or sequence of str
        As in `rank_models`.

    Returns
    -------
    NextBattles
        Battles to play; no row where one model alone can be first.

    Raises
    ------
    TypeError
        If `matches` is none of these.
    ValueError
        If the log cannot be read or has other matches, or a number is out of range.

    Notes
    -----
    All who can be first get as many battles, and those whose p value is largest one more. A direct battle that the
    leader wins with probability q multiplies a bet on it by exp(KL(q, 1/2)) in the long run, and the p value is one
    over the bet at best, which gives the number that is likely needed.

    Examples
    --------
    >>> log = {"winner": ["ann"] * 60 + ["bob"], "loser": ["cat"] * 60 + ["cat"]}
    >>> found = next_battles(log, n=10)
    >>> found.message, found.plays.tolist()
    ('first can be: ann, bob', [10])
    """
    n = integer("n", n, low=1, high=MOST_PLAYED)
    log = log_of_pairs(matches)
    board = rank_models(log, delta=delta, anytime=anytime, any_schedule=any_schedule, batch=batch, by=by)
    p = board.p_values[board.leader]
    rivals = np.flatnonzero(board.can_be_first & (np.arange(len(p)) != board.leader))
    rivals = rivals[np.lexsort((-board.elo[rivals], -p[rivals]))]
    plays = n // max(1, len(rivals)) + (np.arange(len(rivals)) < n % max(1, len(rivals)))
    rivals, plays = rivals[plays > 0], plays[plays > 0].astype(np.int64)
    threshold = delta / (len(p) - 1)
    needed = np.array([_needed(-board.elo[i] / POINTS, math.log(p[i] / threshold)) for i in rivals], np.int64)
    counts = {"battles": int(plays.sum()), "needed": int(min(needed.sum(), MOST_PLAYED))}
    message = board.first()
    if board.circle:  # then no battle of the leader shows a first
        message += "; matches that settle directions without an order are found with --masses"
    return NextBattles(board.leader, rivals, plays, p[rivals], needed, board.names, message, counts)


def _needed(gap: float, missing: float) -> int:
    """Count the direct battles that bring a log p value down by `missing`, for a gap in natural logits."""
    q = 1 / (1 + math.exp(-min(gap, 500.0)))
    growth = math.log(2) + (q * math.log(q) if q > 0 else 0.0) + ((1 - q) * math.log(1 - q) if q < 1 else 0.0)
    return MOST_PLAYED if growth <= 0 or missing / growth >= MOST_PLAYED else max(1, math.ceil(missing / growth))
