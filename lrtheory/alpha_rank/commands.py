"""The verbs of alpha_rank: who is first, and which matches to play next."""

from __future__ import annotations

from typing import Literal

from lrtheory.alpha_rank.leaderboard import Leaderboard, NextMatches, leaderboard, next_matches
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
) -> Leaderboard:
    """Rank players or strategies from a log of matches, with intervals.

    Who can be first, whatever the mean scores are that the counts leave possible, and Elo ratings beside it.

    Parameters
    ----------
    matches : MatchLog
        A log of matches, a row each: model_a,model_b,winner; white,black,result; winner,loser; agents,scores with
        tuples; or p1,...,pK,r1,...,rK. A column count, weight or games says how often a row happened.
    delta : float
        Probability that some interval is wrong.
    population : {"auto", "single", "multi"}
        One population that meets itself, or one in each seat; auto looks whether seats have players of their own.
    anytime : bool
        Wider intervals, for a log whose length or whose pairs were chosen by its outcomes.

    Returns
    -------
    Leaderboard
        A row for each player, or for each profile of seats.

    Examples
    --------
    lrtheory alpha_rank rank arena.csv
    lrtheory alpha_rank rank arena.csv --plot arena.png
    lrtheory alpha_rank rank games.csv --anytime --decided
    lrtheory alpha_rank rank three_seats.jsonl -o ranking.csv
    """
    return leaderboard(matches, delta=delta, population=population, anytime=anytime)


def next(  # the word for it; the function of Python is not used here
    matches: MatchLog,
    *,
    n: int = 50,
    delta: float = 0.05,
    population: Literal["auto", "single", "multi"] = "auto",
) -> NextMatches:
    """Choose the matches to play next, which may settle what a log leaves open.

    Parameters
    ----------
    matches : MatchLog
        A log of matches so far, in the forms that `rank` reads.
    n : int
        Number of matches to play.
    delta : float
        Probability that some direction is ever settled wrongly.
    population : {"auto", "single", "multi"}
        One population that meets itself, or one in each seat; auto looks whether seats have players of their own.

    Returns
    -------
    NextMatches
        Matches to play, the number of plays of each, and the number of directions that wait for it.

    Examples
    --------
    lrtheory alpha_rank next arena.csv -n 50
    lrtheory alpha_rank next three_seats.jsonl -n 20 -o plan.csv
    """
    return next_matches(matches, n=n, delta=delta, population=population)
