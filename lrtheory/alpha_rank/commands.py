"""The verbs of alpha_rank: who can be first, and which matches to play next."""

from __future__ import annotations

from typing import Any, Literal

from lrtheory.alpha_rank.boards.board import Board, rank_models
from lrtheory.alpha_rank.boards.leaderboard import (
    Leaderboard,
    NextMatches,
    is_single,
    leaderboard,
    next_matches,
    refuse_for_masses,
)
from lrtheory.alpha_rank.boards.next_battles import NextBattles, next_battles
from lrtheory.alpha_rank.matches.log import MatchLog

#: yes or no: is the first certain?
DECIDES = ("rank",)
#: arguments of the functions that a verb calls, and its own names for them
RENAMED = {"rank": {"players": "matches"}, "next": {"players": "matches"}}


def rank(
    matches: MatchLog,
    *,
    delta: float = 0.05,
    population: Literal["auto", "single", "multi"] = "auto",
    anytime: bool = False,
    any_schedule: bool = False,
    batch: str | None = None,
    horizon: int | None = None,
    by: tuple[str, ...] | None = None,
    once: str | None = None,
    seats: bool = False,
    both_bad: Literal["tie", "drop"] = "tie",
    model: str | None = None,
    masses: bool = False,
) -> Board | Leaderboard:
    """Rank models, players or strategies from a log of matches: who can be first, ranks and Elo differences.

    For matches of two in one population a better model is taken to do better against everybody (SST), which gives
    exact tests. Other games, and --masses, get intervals on the masses of alpha-Rank, which assume no order.

    Parameters
    ----------
    matches : MatchLog
        A log of matches, a row each: model_a,model_b,winner; model_a,model_b,winner_model_a,winner_model_b,winner_tie;
        white,black,result; winner,loser; agents,scores with tuples; or p1,...,pK,r1,...,rK. A column count, weight or
        games says how often a row happened, tstamp when.
    delta : float
        Probability that the first is not among those who can be, and that some certain direction is wrong.
    population : {"auto", "single", "multi"}
        One population that meets itself, or one in each seat; auto looks whether seats have players of their own.
    anytime : bool
        For who looks at a growing log again and again, whose matches no outcome has chosen.
    any_schedule : bool
        For a log whose matches or whose length outcomes have chosen, in any way.
    batch : str
        A column that numbers batches, each chosen before its first match by outcomes of earlier ones.
    horizon : int
        Beside any-schedule, the number of matches if it was fixed beforehand.
    by : tuple of str
        Columns, such as language,day; matches are compared only where these are equal.
    once : str
        A column, such as judge: of each judge only the first match of each pair counts.
    seats : bool
        Compare only results from the same seat.
    both_bad : {"tie", "drop"}
        Meaning of a match in which both answers were bad.
    model : str
        One model named before looking at the log, whose rank interval is then narrower.
    masses : bool
        Intervals on the masses of alpha-Rank, which assume no order.

    Returns
    -------
    Board or Leaderboard
        A row for each model, or for each profile of seats.

    Examples
    --------
    lrtheory alpha_rank rank arena.csv
    lrtheory alpha_rank rank arena.csv --plot arena.png
    lrtheory alpha_rank rank arena.csv --any-schedule --model gpt-x
    lrtheory alpha_rank rank votes.csv --once judge --by language
    lrtheory alpha_rank rank sampled.csv --batch round
    lrtheory alpha_rank rank games.csv --anytime --decided
    lrtheory alpha_rank rank games.csv --masses
    lrtheory alpha_rank rank three_seats.jsonl -o ranking.csv
    """
    schedule: dict[str, Any] = {"any_schedule": any_schedule, "batch": batch, "horizon": horizon}
    cells: dict[str, Any] = {"by": by or (), "once": once, "seats": seats}
    if masses or not is_single(matches, population):
        refuse_for_masses(**schedule, **cells, both_bad=both_bad == "drop" and both_bad, model=model)
        return leaderboard(matches, delta=delta, population=population, anytime=anytime)
    return rank_models(matches, delta=delta, anytime=anytime, both_bad=both_bad, model=model, **schedule, **cells)


def next(  # the word for it; the function of Python is not used here
    matches: MatchLog,
    *,
    n: int = 50,
    delta: float = 0.05,
    population: Literal["auto", "single", "multi"] = "auto",
    any_schedule: bool = False,
    batch: str | None = None,
    masses: bool = False,
) -> NextBattles | NextMatches:
    """Choose the matches to play next, which may settle what a log leaves open.

    For matches of two in one population these are direct matches of the leader with the others who can be first; for
    other games, and with --masses, those that settle the open directions between profiles.

    Parameters
    ----------
    matches : MatchLog
        A log of matches so far, in the forms that `rank` reads.
    n : int
        Number of matches to play.
    delta : float
        Probability that the first is ruled out, or that some direction is ever settled wrongly.
    population : {"auto", "single", "multi"}
        One population that meets itself, or one in each seat; auto looks whether seats have players of their own.
    any_schedule : bool
        Whether outcomes have chosen matches of the log already.
    batch : str
        A column that numbers batches, each chosen before its first match by outcomes of earlier ones.
    masses : bool
        Matches that settle directions for the masses of alpha-Rank.

    Returns
    -------
    NextBattles or NextMatches
        Matches to play, and the number of plays of each.

    Examples
    --------
    lrtheory alpha_rank next arena.csv -n 50
    lrtheory alpha_rank next arena.csv -n 50 --any-schedule
    lrtheory alpha_rank next three_seats.jsonl -n 20 -o plan.csv
    """
    if masses or not is_single(matches, population):
        refuse_for_masses(any_schedule=any_schedule, batch=batch)
        return next_matches(matches, n=n, delta=delta, population=population)
    return next_battles(matches, n=n, delta=delta, any_schedule=any_schedule, batch=batch)
