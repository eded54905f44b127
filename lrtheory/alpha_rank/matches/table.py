r"""Tables of mean scores from a log of matches, and intervals on the means.

The score of a match is 1 for a win, 0 for a loss and d (`draws`) for a draw, so the mean score of i against j is

.. math:: M_{ij} = (1-d)\, P(i \text{ wins}) + d\, (1 - P(j \text{ wins})),

and exact intervals for the two probabilities give one for the mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._files import Columns, Table
from lrtheory._numbers.confidence import clopper_pearson
from lrtheory._result import Result, result
from lrtheory._result.display import name_ticks
from lrtheory._types import ArrayLike
from lrtheory._validation import flag, must, open_interval
from lrtheory.alpha_rank.matches.from_matches import FromMatches
from lrtheory.alpha_rank.matches.log import MatchLog, as_log
from lrtheory.alpha_rank.matches.seats import SeatTable, count_seats
from lrtheory.alpha_rank.theory.exact_intervals import anytime_level

__all__ = ["MatchTable", "count_pairs", "draw_means", "is_of_pairs", "table_from_matches"]

#: how many pairs without a match a sentence names
MOST_UNMET = 5


@result
class MatchTable(FromMatches, Result):
    """The counts and mean scores of n players in a log of matches.

    Attributes
    ----------
    means : float64 array of shape (n, n)
        Mean score of the row against the column; NaN where the two have not met, `draws` (or 1/2) on the diagonal.
    wins : float64 array of shape (n, n)
        Sum of scores of the row against the column, a draw counted as `draws`; `elo` takes this table.
    decided : int64 array of shape (n, n)
        Matches that the row won against the column.
    games : int64 array of shape (n, n)
        Matches of the two, symmetric.
    names : tuple of str
        Names of the players, in sorted order.
    draws : float or None
        Score of a draw; None where matches have no draws.
    message : str
        Pairs that have not met, and matches that were left out, in words.
    counts : mapping
        ``matches``, ``unplayed`` pairs, and matches of a player with itself, ``self_matches``, which were left out.

    Notes
    -----
    `from_file` and `from_frame` read a log as `MatchLog` does, in any of its forms; its matches are of two players who
    win, lose or draw.
    """

    means: np.ndarray
    wins: np.ndarray
    decided: np.ndarray
    games: np.ndarray
    names: tuple[str, ...]
    draws: float | None
    message: str
    counts: Mapping[str, int]

    @classmethod
    def _from_table(cls, table: Table, columns: Columns, draws: float | None) -> MatchTable:
        return count_pairs(MatchLog._from_table(table, columns, draws))

    def intervals(self, delta: float = 0.1, *, anytime: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Compute intervals that contain all mean scores together, from Clopper-Pearson intervals.

        Parameters
        ----------
        delta : float
            Failure probability for all pairs together, in (0, 1).
        anytime : bool
            Hold at all numbers of games at once, for a log whose length, or whose pairs, were chosen by its outcomes;
            the intervals are wider. Without, they hold for a log whose length does not depend on outcomes.

        Returns
        -------
        lower, upper : float64 array of shape (n, n)
            [0, 1] where the two have not met. `ranking_intervals` takes the table itself; for two populations also
            ``[lower, lower.T], [upper, upper.T]``.

        Raises
        ------
        ValueError
            If `delta` is out of range.

        Notes
        -----
        A union bound over the probabilities that one of a pair wins: two per pair, or one where there are no draws.
        """
        delta, anytime = open_interval("delta", delta, 0, 1), flag("anytime", anytime)
        n = len(self.names)
        n_unknown = max(1, n * (n - 1) // (2 if self.draws is None else 1))
        level = delta / n_unknown
        low, high = clopper_pearson(self.decided, self.games, anytime_level(level, self.games) if anytime else level)
        # M = (1-d) P(win) + d (1 - P(loss)) rises in the first probability and falls in the second
        d = 0.0 if self.draws is None else self.draws
        lower, upper = (1 - d) * low + d * (1 - high.T), (1 - d) * high + d * (1 - low.T)
        own = np.eye(n, dtype=bool)
        lower[own] = upper[own] = self.means[own]
        return lower, upper

    def _columns(self) -> dict[str, Any]:
        rows, columns = np.triu_indices(len(self.names), 1)
        met = self.games[rows, columns] > 0
        rows, columns = rows[met], columns[met]
        games, won, lost = self.games[rows, columns], self.decided[rows, columns], self.decided[columns, rows]
        return {
            "player": [self.names[i] for i in rows],
            "other": [self.names[j] for j in columns],
            "games": games,
            "won": won,
            "drawn": games - won - lost,
            "lost": lost,
            "score": self.means[rows, columns],
        }

    def _facts(self) -> list[str]:
        return [f"{self.counts['matches']:,} matches of {len(self.names)} players; {self.message}"]

    def _draw(self, ax: Any) -> None:
        draw_means(ax, self.means, self.names)


def table_from_matches(
    players: MatchLog | ArrayLike | str | PathLike[str],
    outcomes: ArrayLike | None = None,
    *,
    draws: float | None = 0.5,
    seats: bool = False,
) -> MatchTable | SeatTable:
    """Count a log of matches; players may have met any number of times.

    Parameters
    ----------
    players : MatchLog, path, data frame, or array of shape (n_matches, 2) or (n_matches, K)
        A log as `MatchLog.from_file` reads it, or the names or integer ids of the players of each match.
    outcomes : array of shape (n_matches,) or (n_matches, K), optional
        Outcomes of the matches beside an array of players. For the first of two players 1, 0 or the value of `draws`;
        words such as "win", "loss" and "draw", "model_a" and "tie", "1-0" and "1/2-1/2"; or the name of the winner. For
        K players the scores of all.
    draws : float or None
        Score of a draw, strictly between 0 and 1; None where there are none, which makes intervals narrower. A
        `MatchLog` has its own.
    seats : bool
        Keep apart who sat where, which a log of more than two players, or of scores other than wins, losses and draws,
        does by itself.

    Returns
    -------
    MatchTable or SeatTable
        For two players the win rates `means`, `wins` and `games`, each of shape (n, n) for n players, and `names`
        (n,). For K seats `means` (K, s_1, ..., s_K), `games` (s_1, ..., s_K) and the names in each seat. The method
        `intervals` gives confidence intervals; `alpha_rank`, `ranking_intervals` and `leaderboard` take both classes.

    Raises
    ------
    ValueError
        If a player has no name, an outcome is none of these, or the shapes do not fit.

    Examples
    --------
    >>> log = [("ann", "bob"), ("bob", "ann"), ("bob", "cat")]
    >>> table = table_from_matches(log, ["win", "draw", "loss"])
    >>> table.means[0].tolist(), table.message
    ([0.5, 0.75, nan], '1 pair has not met: ann and cat')
    """
    log = as_log(players, outcomes, draws=draws)
    return count_seats(log) if flag("seats", seats) or not is_of_pairs(log) else count_pairs(log)


def is_of_pairs(log: MatchLog) -> bool:
    """Tell whether every match is of two players, one of whom wins unless they draw."""
    if log.players.shape[1] != 2:
        return False
    first, second = log.scores.T
    decided = ((first == 1) & (second == 0)) | ((first == 0) & (second == 1))
    drawn = np.zeros(len(first), bool) if log.draws is None else (first == log.draws) & (second == log.draws)
    return bool((decided | drawn).all())


def count_pairs(log: MatchLog) -> MatchTable:
    """Count a log of matches of two players; matches of a player with itself say nothing, and are left out."""
    if log.players.shape[1] != 2:
        raise must("matches", "of two players for a MatchTable; `table_from_matches` takes more", log.players.shape)
    if not is_of_pairs(log):
        rule = f"wins, losses and draws (1 and 0, {log.draws} for both) for a MatchTable; `seats=True` takes any scores"
        raise must("scores", rule, log.scores)
    n, scores = len(log.names), log.scores[:, 0]
    pairs = log.players[:, 0] * n + log.players[:, 1]
    met, won, lost = (
        np.bincount(pairs if chosen is None else pairs[chosen], minlength=n * n).reshape(n, n)
        for chosen in (None, scores == 1, scores == 0)
    )
    left_out = int(np.trace(met))
    if left_out == len(pairs):
        raise must("players", "two different players in at least one match", log.names)
    decided, games = (won + lost.T).astype(np.int64), (met + met.T).astype(np.int64)
    np.fill_diagonal(decided, 0)
    np.fill_diagonal(games, 0)
    drawn = games - decided - decided.T
    wins = decided + (drawn * log.draws if log.draws is not None else 0.0)
    with np.errstate(invalid="ignore"):
        means = wins / games
    means[np.eye(n, dtype=bool)] = 0.5 if log.draws is None else log.draws
    apart = np.argwhere(np.triu(games == 0, 1))
    unmet = [(log.names[i], log.names[j]) for i, j in apart[:MOST_UNMET].tolist()]
    counts = {"matches": len(pairs) - left_out, "unplayed": len(apart), "self_matches": left_out}
    parts = [unmet_message(unmet, len(apart)), log.message]
    parts += [f"{left_out:,} of a player with itself left out"] * bool(left_out)
    message = "; ".join(part for part in parts if part)
    return MatchTable(means, wins, decided, games, log.names, log.draws, message, counts)


def draw_means(ax: Any, means: np.ndarray, names: Sequence[str]) -> None:
    """Draw a table of mean scores as colors; what was not played stays white."""
    image = ax.imshow(means, vmin=0, vmax=1, cmap="RdBu")
    name_ticks(ax.xaxis, names, rotation=90)
    name_ticks(ax.yaxis, names)
    ax.set(xlabel="against", ylabel="player")
    ax.figure.colorbar(image, ax=ax, label="mean score")


def unmet_message(unmet: list[tuple[str, str]], n: int) -> str:
    """Write a sentence that names the first of n pairs without a match."""
    if not unmet:
        return "all pairs have met"
    start = "1 pair has not met: " if n == 1 else f"{n} pairs have not met: "
    return start + ", ".join(f"{a} and {b}" for a, b in unmet) + (", ..." if n > len(unmet) else "")
