"""Tables of mean scores of matches with K seats, which keep apart who sat where."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._files import Columns, Table
from lrtheory._numbers.confidence import clopper_pearson
from lrtheory._result import Result, result
from lrtheory._validation import flag, must, open_interval
from lrtheory.alpha_rank.matches.from_matches import FromMatches
from lrtheory.alpha_rank.matches.log import MatchLog
from lrtheory.alpha_rank.problem import profile_columns
from lrtheory.alpha_rank.theory.adaptive_samples import hoeffding_radius
from lrtheory.alpha_rank.theory.exact_intervals import anytime_level

__all__ = ["SeatTable", "count_seats"]

#: the largest table that is counted; beyond, a log fills next to nothing of it
MOST_PROFILES = 2**22


@result
class SeatTable(FromMatches, Result):
    """The counts and mean scores of every profile of K seats in a log of matches.

    Attributes
    ----------
    means : float64 array of shape (K, s_1, ..., s_K)
        Mean score of each seat in each profile; NaN where a profile was not played.
    games : int64 array of shape (s_1, ..., s_K)
        Matches of each profile.
    names : tuple of K tuples of str
        Names of the players in each seat, sorted.
    score_range : tuple of two float
        Scores lie in this range: [0, 1] where all of the log do, otherwise from the least to the largest score.
    is_coin : bool
        Whether every score of the log is one of the two ends of that range, as of wins and losses.
    message : str
        Number of profiles that were not played, and the matches that were left out.
    counts : mapping
        ``matches``, and ``unplayed`` profiles.

    Notes
    -----
    `from_file` and `from_frame` read a log as `MatchLog` does, in any of its forms where rows say who sat where.
    """

    means: np.ndarray
    games: np.ndarray
    names: tuple[tuple[str, ...], ...]
    score_range: tuple[float, float]
    is_coin: bool
    message: str
    counts: Mapping[str, int]

    @classmethod
    def _from_table(cls, table: Table, columns: Columns, draws: float | None) -> SeatTable:
        return count_seats(MatchLog._from_table(table, columns, draws))

    def intervals(self, delta: float = 0.1, *, anytime: bool = False) -> tuple[np.ndarray, np.ndarray]:
        r"""Compute intervals that contain all mean scores together.

        Clopper-Pearson's where every score is one of the two ends of `score_range`, and Hoeffding's otherwise.

        Parameters
        ----------
        delta : float
            Failure probability for all K \|S\| means together, in (0, 1).
        anytime : bool
            Hold at all numbers of matches at once, for a log whose length, or whose profiles, were chosen by its
            outcomes; the intervals are wider.

        Returns
        -------
        lower, upper : float64 array of shape (K, s_1, ..., s_K)
            The whole `score_range` where a profile was not played.

        Raises
        ------
        ValueError
            If `delta` is out of range.
        """
        delta, anytime = open_interval("delta", delta, 0, 1), flag("anytime", anytime)
        low, high = self.score_range
        width, n_means = high - low, self.means.size
        share = np.nan_to_num((self.means - low) / (width or 1.0))
        games = np.broadcast_to(self.games, self.means.shape)
        if self.is_coin:
            level = anytime_level(delta / n_means, games) if anytime else delta / n_means
            ends = clopper_pearson(np.rint(share * games).astype(np.int64), games, level)
        else:
            radius = hoeffding_radius(np.maximum(games, 1), delta=delta, n_means=n_means, anytime=anytime)
            radius = np.where(games > 0, radius, 1.0)
            ends = np.maximum(share - radius, 0.0), np.minimum(share + radius, 1.0)
        return low + width * ends[0], low + width * ends[1]

    def _columns(self) -> dict[str, Any]:
        played = np.flatnonzero(self.games)
        means = self.means.reshape(len(self.means), -1)[:, played]
        shown = profile_columns(self.names, self.games.shape, played) | {"games": self.games.ravel()[played]}
        return shown | {f"score {k + 1}": mean for k, mean in enumerate(means)}

    def _facts(self) -> list[str]:
        sizes = " x ".join(str(len(names)) for names in self.names)
        facts = [f"{self.counts['matches']:,} matches of {sizes} profiles; {self.message}"]
        if self.score_range != (0.0, 1.0):
            low, high = self.score_range
            facts.append(f"intervals assume that all scores lie in [{low:g}, {high:g}], as those of the log do")
        return facts

    def _draw(self, ax: Any) -> None:
        from lrtheory._result import display

        n_names = sum(map(len, self.names))
        for seat, names in enumerate(self.names):
            others = tuple(i for i in range(len(self.names)) if i != seat)
            games, total = self.games.sum(axis=others), np.nansum(self.means[seat] * self.games, axis=others)
            heights = seat + np.arange(len(names)) / (len(names) + 1)
            ax.plot(total / games, heights, "o", color=display.BLUE)
            shown = zip(names, total / games, heights, strict=True) if n_names <= display.MOST_NAMES else ()
            for name, score, height in shown:
                ax.annotate(f" {name}", (score, height), va="center", fontsize="small")
        ax.set_yticks(range(len(self.names)), [f"seat {k + 1}" for k in range(len(self.names))])
        ax.set(xlabel="mean score")


def count_seats(log: MatchLog) -> SeatTable:
    """Count a log of matches for every profile, each seat with the players that sat there."""
    if not log.has_seats:
        raise must("matches", "a log of who sat where; one of winners and losers is of one population", "winner, loser")
    seats = [np.unique(seat, return_inverse=True) for seat in log.players.T]
    names = tuple(tuple(log.names[i] for i in found) for found, _ in seats)
    sizes = tuple(map(len, names))
    if math.prod(sizes) > MOST_PROFILES:
        raise must("matches", f"of at most {MOST_PROFILES:,} profiles of players", sizes)
    numbers = np.ravel_multi_index(tuple(np.ravel(inverse) for _, inverse in seats), sizes)
    n = math.prod(sizes)
    games = np.bincount(numbers, minlength=n)
    with np.errstate(invalid="ignore"):
        means = np.stack([np.bincount(numbers, weights=scores, minlength=n) / games for scores in log.scores.T])
    least, most = float(log.scores.min()), float(log.scores.max())
    score_range = (0.0, 1.0) if least >= 0 and most <= 1 else (least, most)
    unplayed = int((games == 0).sum())
    parts = ["all profiles were played" if not unplayed else f"{unplayed:,} of {n:,} profiles have no match"]
    return SeatTable(
        means=means.reshape(len(sizes), *sizes),
        games=games.astype(np.int64).reshape(sizes),
        names=names,
        score_range=score_range,
        is_coin=bool(np.isin(log.scores, score_range).all()),
        message="; ".join([*parts, log.message] if log.message else parts),
        counts={"matches": len(numbers), "unplayed": unplayed},
    )
