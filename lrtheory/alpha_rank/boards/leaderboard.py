r"""Leaderboards from logs of matches: intervals on the ranking, Elo ratings beside them, and who can be first.

The masses are those of the perturbed chain of alpha-Rank. Their intervals hold for all tables of mean scores that the
counts leave possible (statement RU-T5 for one population, RU-T2 for seats), so "first can be" lists everybody whom the
log does not rule out, which a list of ratings does not tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from os import PathLike
from typing import Any, Literal

import numpy as np

from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike
from lrtheory._validation import choice, integer, must, open_interval
from lrtheory.alpha_rank.intervals import RankingIntervals, in_order, open_edges, solve_box, solve_many
from lrtheory.alpha_rank.matches.boxes import Box, box_of
from lrtheory.alpha_rank.matches.elo import EloResult, elo
from lrtheory.alpha_rank.matches.log import MatchLog, known_log
from lrtheory.alpha_rank.matches.seats import SeatTable, count_seats
from lrtheory.alpha_rank.matches.table import MatchTable, count_pairs, is_of_pairs
from lrtheory.alpha_rank.problem import profile_columns
from lrtheory.alpha_rank.ranking import MOST_INTERVALS, alpha_rank
from lrtheory.alpha_rank.theory.perturbation import certain_directions

__all__ = ["Leaderboard", "NextMatches", "is_single", "leaderboard", "next_matches", "refuse_for_masses"]

Matches = MatchLog | MatchTable | SeatTable | ArrayLike | Mapping[str, ArrayLike] | str | PathLike[str]
#: for how many profiles of seats masses are solved where a game has more than `MOST_INTERVALS`
N_SOLVED = 20
#: sum of cubes of the sizes of linear systems where more players than `MOST_INTERVALS` are ranked
MOST_WORK = 1e10
#: the largest game of seats that is ranked
MOST_PROFILES = 1500
#: matches that are too many to be planned, or to be worth a number
MOST_PLAYED = 10**9
#: the most deviations of a game of seats whose next matches are chosen
MOST_DEVIATIONS = 2**24


@result
class Leaderboard(Result):
    """Players, or profiles of seats, with intervals on their masses, in the order of those.

    Attributes
    ----------
    intervals : RankingIntervals
        On the masses of all players, or profiles.
    ratings : EloResult or None
        Elo ratings of the same matches; None where seats are kept apart.
    estimate : float64 array of shape (n_profiles,), or None
        Masses for payoffs in the middle of their intervals, where seats are kept apart; nothing is certain about them.
    table : MatchTable or SeatTable
        Table of the counted matches.
    message : str
        Assumptions of the intervals.
    """

    intervals: RankingIntervals
    ratings: EloResult | None
    estimate: np.ndarray | None
    table: MatchTable | SeatTable
    message: str

    def _columns(self) -> dict[str, Any]:
        lower, upper = self.intervals.ends()
        games = self.table.games
        if isinstance(self.table, MatchTable):
            total, scored = games.sum(axis=1), self.table.wins.sum(axis=1)
            ratings = np.zeros(len(games)) if self.ratings is None else self.ratings.ratings
            order = self._solved_first(in_order(lower, upper, ratings), ratings)
            return {
                "player": [self.table.names[i] for i in order],
                "lower": lower[order],
                "upper": upper[order],
                "elo": ratings[order],
                "games": total[order],
                "win rate": [scored[i] / total[i] if total[i] else None for i in order],
            }
        estimate = np.zeros(lower.size) if self.estimate is None else self.estimate
        order = self._solved_first(in_order(lower, upper, estimate), estimate)
        shown = profile_columns(self.table.names, games.shape, order)
        shown |= {"lower": lower[order], "estimate": estimate[order], "upper": upper[order]}
        shown |= {"games": games.ravel()[order]}
        scores = self.table.means.reshape(len(self.table.means), -1)[:, order]
        return shown | {f"score {k + 1}": [None if np.isnan(x) else x for x in row] for k, row in enumerate(scores)}

    def _solved_first(self, order: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Move those whose masses were solved for to the front; all others follow by decreasing `others`."""
        if self.intervals.targets is None:
            return order
        solved = np.isin(order, self.intervals.targets)
        return np.concatenate([order[solved], order[~solved][np.argsort(-others[order[~solved]], kind="stable")]])

    def _facts(self) -> list[str]:
        facts = [*self.intervals._facts(), *self.table._facts()]
        if self.intervals.targets is not None:
            what, why = "profiles", ""
            if isinstance(self.table, MatchTable):
                what, why = "players", ", as each takes linear systems of all players with a certain direction"
            n_solved = len(self.intervals.targets) or "no"
            facts.append(f"masses of {n_solved} {what} were solved for, the others may be anything{why}")
        if self.ratings is not None and not self.ratings.message.startswith("the ratings exist"):
            facts.append(f"Elo: {self.ratings.message}")
        return facts

    def _draw(self, ax: Any) -> None:
        columns = display.plain(self._columns())
        n_names = 1 if isinstance(self.table, MatchTable) else self.table.games.ndim
        names = [", ".join(row) for row in zip(*list(columns.values())[:n_names], strict=True)]
        middle = columns.get("estimate")
        display.intervals(ax, names, columns["lower"], columns["upper"], middle=middle, label="mass of alpha-Rank")
        ax.set_xlim(-0.02, 1.02)

    def _decided(self) -> bool | None:
        return self.intervals._decided()


def leaderboard(
    matches: Matches,
    *,
    delta: float = 0.05,
    population: Literal["auto", "single", "multi"] = "auto",
    perturbation: float | Fraction = 1e-3,
    anytime: bool = False,
) -> Leaderboard:
    """Rank players from a log of matches, with intervals on the ranking.

    Parameters
    ----------
    matches : MatchLog, MatchTable, SeatTable, path or data frame
        The log, as `MatchLog.from_file` reads it, or what was counted.
    delta : float
        Probability, in (0, 1), that some interval is wrong.
    population : {"auto", "single", "multi"}
        One population that meets itself, or one population in each seat; "auto" is single where matches of two are won,
        lost or drawn, unless both seats have players of their own, two or more.
    perturbation : float or Fraction
        Perturbation of the chain, in (0, 0.5).
    anytime : bool
        Wider intervals, for a log whose length or whose pairs were chosen by its outcomes, as by `next_matches`.

    Returns
    -------
    Leaderboard
        A row for each player, or for each profile of seats, in `to_frame()`; who can be first stands in
        ``intervals.first()``.

    Raises
    ------
    TypeError
        If `matches` is none of these.
    ValueError
        If the log cannot be read, or has too many profiles of seats (1500).

    Notes
    -----
    With probability 1 - delta all masses lie in their intervals, if matches are independent (statement RU-T5 for one
    population, RU-T2 for seats). With more than 128 profiles of seats the 20 most massive of the midpoints are solved
    for. With more than 512 players of one population masses are found in doubles, and those whose pairs are all open
    have one mass; all are solved for while about 300 players have a certain direction, fewer beyond, with the highest
    ratings, and none where more than 2153 have one. What was not solved for has the interval [0, 1].

    Examples
    --------
    >>> log = {"model_a": ["ann", "bob", "cat"] * 40, "model_b": ["bob", "cat", "ann"] * 40}
    >>> log["winner"] = ["model_a", "model_a", "model_b"] * 40
    >>> found = leaderboard(log)
    >>> found.intervals.first()
    'first is certain: ann'
    """
    delta = open_interval("delta", delta, 0, 1)
    table = _counted(matches, population)
    box = box_of(table, delta=delta, anytime=anytime)
    if isinstance(table, MatchTable):
        ratings = elo(table)
        if len(table.names) <= MOST_INTERVALS["single"]:
            return Leaderboard(solve_box(box, perturbation), ratings, None, table, box.message)
        found = solve_many(box, perturbation, np.argsort(-ratings.ratings, kind="stable"), MOST_WORK)
        return Leaderboard(found, ratings, None, table, box.message)
    n = table.games.size
    if n > MOST_PROFILES:
        rule = f"of at most {MOST_PROFILES} profiles of seats, as intervals take linear systems for each"
        raise must("matches", rule, " x ".join(map(str, table.games.shape)))
    guess = alpha_rank((box.lower + box.upper) / 2, perturbation=perturbation)
    targets = None if n <= MOST_INTERVALS["multi"] else np.sort(guess.ranking[:N_SOLVED])
    estimate = guess.pi.ravel().astype(np.float64)
    return Leaderboard(solve_box(box, perturbation, targets), None, estimate, table, box.message)


def _counted(matches: Any, population: str) -> MatchTable | SeatTable:
    """Count a log in the way that the population asks for."""
    choice("population", population, ("auto", "single", "multi"))
    if isinstance(matches, (MatchTable, SeatTable)):
        meant = "single" if isinstance(matches, MatchTable) else "multi"
        if population not in ("auto", meant):
            rule = f'"{meant}" for a {type(matches).__name__}; a MatchLog is counted either way'
            raise must("population", rule, population)
        return matches
    log = known_log(matches)
    if log is None:
        raise must("matches", "a MatchLog, MatchTable, SeatTable, path or data frame", matches, TypeError)
    return count_pairs(log) if is_single(log, population) else count_seats(log)


def is_single(log: MatchLog, population: str) -> bool:
    """Whether a log is taken as of one population that meets itself."""
    if choice("population", population, ("auto", "single", "multi")) != "auto":
        return population == "single"
    first, second = (set(seat.tolist()) for seat in log.players.T[:2])
    # a seat with one player alone is no population, but the other side of every match
    apart = not first & second and min(len(first), len(second)) > 1 and log.has_seats
    return is_of_pairs(log) and not apart


def refuse_for_masses(**given: object) -> None:
    """Refuse options of `rank_models` where masses are asked for, or a log can have nothing else."""
    for name, value in given.items():
        if value:
            rule = "left out with `masses`, and for a log of seats or of other scores than wins, losses and draws"
            raise must(name, rule, value)


# --- what to play next -----------------------------------------------------------------------------------------------


@result
class NextMatches(Result):
    """The matches to play next.

    Attributes
    ----------
    profiles : int64 array of shape (n_rows, K)
        Players of each match, as numbers of `names`; two players of one population, or one of each seat.
    plays : int64 array of shape (n_rows,)
        Number of matches of each profile to play.
    games : int64 array of shape (n_rows,)
        Matches of the log so far.
    open_edges : int64 array of shape (n_rows,)
        Directions that wait for these matches.
    names : tuple of K tuples of str
        Names of the players in each seat.
    message : str
        Number of open directions, in words.
    counts : mapping
        ``matches`` to play, and ``open_edges`` of all.
    """

    profiles: np.ndarray
    plays: np.ndarray
    games: np.ndarray
    open_edges: np.ndarray
    names: tuple[tuple[str, ...], ...]
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        names = {
            f"p{k + 1}": [names[i] for i in seat]
            for k, (names, seat) in enumerate(zip(self.names, self.profiles.T, strict=True))
        }
        return names | {"play": self.plays, "games so far": self.games, "open directions": self.open_edges}

    def _facts(self) -> list[str]:
        return [self.message, "rank the longer log with intervals that hold at all times (anytime)"]

    def _draw(self, ax: Any) -> None:
        columns = display.plain(self._columns())
        names = [", ".join(row) for row in zip(*list(columns.values())[: len(self.names)], strict=True)]
        display.bars(ax, names, columns["play"], label="matches to play")


def next_matches(
    matches: Matches,
    *,
    n: int = 50,
    delta: float = 0.05,
    population: Literal["auto", "single", "multi"] = "auto",
) -> NextMatches:
    """Choose the matches that may settle the directions which a log leaves open.

    Parameters
    ----------
    matches : MatchLog, MatchTable, SeatTable, path or data frame
        The log so far, as `MatchLog.from_file` reads it, or what was counted.
    n : int
        Number of matches to play, from 1 to 10^9.
    delta : float
        Probability, in (0, 1), that some direction is ever settled wrongly.
    population : {"auto", "single", "multi"}
        As in `leaderboard`.

    Returns
    -------
    NextMatches
        The players of each match, and how often they meet; no row where all directions are certain.

    Raises
    ------
    TypeError
        If `matches` is none of these.
    ValueError
        If the log cannot be read, has too many profiles of seats, or `n` is out of range.

    Notes
    -----
    The rule is that of `ResponseGraphUCB` with scheme "CW": each match goes to the profile with the fewest matches
    among those with an open direction, as if the intervals stayed what they are. These intervals hold at all times
    (statement RG-T1), since the log grows by its own outcomes. In a single population a pair has one direction, open
    while the interval of its mean score holds that of equals.

    Examples
    --------
    >>> log = {"winner": ["ann"] * 60 + ["bob"], "loser": ["bob"] * 60 + ["cat"]}
    >>> next_matches(log, n=3).plays.tolist()
    [2, 1]
    """
    n = integer("n", n, low=1, high=MOST_PLAYED)
    table = _counted(matches, population)
    box = box_of(table, delta=open_interval("delta", delta, 0, 1), anytime=True)
    names: tuple[tuple[str, ...], ...]
    if isinstance(table, MatchTable):
        profiles, games, waiting = _open_pairs(table, box)
        names, total = (table.names, table.names), int(waiting.sum())
    else:
        profiles, games, waiting = _open_profiles(table, box)
        names, total = table.names, int(waiting.sum()) // 2  # a direction waits for both of its profiles
    plays = _fewest_first(games, waiting, n)
    chosen = np.flatnonzero(plays)
    chosen = chosen[np.lexsort((games[chosen], -plays[chosen]))]
    message = f"{total:,} directions are open at {100 * (1 - delta):g}% confidence (alpha_rank/RG-T1)"
    counts = {"matches": int(plays.sum()), "open_edges": total}
    return NextMatches(profiles[chosen], plays[chosen], games[chosen], waiting[chosen], names, message, counts)


def _open_pairs(table: MatchTable, box: Box) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pairs of a single population, their matches so far, and 1 for those whose direction is open."""
    rows, columns = np.triu_indices(len(table.names), 1)
    still_open = certain_directions(box.lower, box.upper)[rows, columns] == 0
    return np.stack([rows, columns], axis=1), table.games[rows, columns], still_open.astype(np.int64)


def _open_profiles(table: SeatTable, box: Box) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the profiles of seats, their matches so far, and how many of their directions are open."""
    n_deviations = table.games.size * (sum(table.games.shape) - table.games.ndim)
    if n_deviations > MOST_DEVIATIONS:
        raise must("matches", f"of profiles with at most {MOST_DEVIATIONS:,} deviations", n_deviations)
    _, _, is_open = open_edges(box.lower, box.upper)
    profiles = np.stack(np.unravel_index(np.arange(table.games.size), table.games.shape), axis=1)
    return profiles, table.games.ravel(), is_open.sum(axis=1)


def _fewest_first(games: np.ndarray, waiting: np.ndarray, n: int) -> np.ndarray:
    """Give each of n matches to the one with the fewest among those that wait, the first of equals."""
    plays = np.zeros(len(games), np.int64)
    # one without a match is asked for its mean, also where no direction waits for it
    queue = np.flatnonzero((waiting > 0) | (games == 0))
    if not queue.size:
        return plays
    # how many more each has had than the fewest; n more are never reached
    ahead = np.minimum(games[queue] - games[queue].min(), n)
    ordered = np.sort(ahead)
    before = np.cumsum(ordered) - ordered
    # so many of them get as far as the next one, and share what is left
    k = int(np.searchsorted(np.arange(len(queue)) * ordered - before, n, side="right"))
    level, more = divmod(n + int(ordered[:k].sum()), k)
    plays[queue] = np.maximum(level - ahead, 0)
    plays[queue[ahead <= level][:more]] += 1
    return plays
