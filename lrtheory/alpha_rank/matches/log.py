"""Logs of matches: who sat where and what everybody scored, from files, data frames and arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._files import Columns, Table, warn_alike
from lrtheory._result import Result, result
from lrtheory._validation import array, as_array, must
from lrtheory.alpha_rank.matches.from_matches import FromMatches, check_draws
from lrtheory.alpha_rank.matches.marks import is_both_bad, kept, marks_of, one_hot, order_of_time, to_write
from lrtheory.alpha_rank.matches.numbering import numbered
from lrtheory.alpha_rank.matches.outcomes import read_scores, read_tuple, score_of_word, scores_of_words

__all__ = ["MatchLog", "as_log", "known_log"]

#: customary names of the columns of a match of two
_TWO = {
    "a": ("model_a", "player_a", "player_1", "player1", "p1", "white", "first", "home", "agent_a", "bot_a", "name_a"),
    "b": ("model_b", "player_b", "player_2", "player2", "p2", "black", "second", "away", "agent_b", "bot_b", "name_b"),
    "winner": ("result", "outcome", "score", "label", "winner_model"),
}
_AGENTS = ("agents", "players", "profile", "strategies", "models", "bots")
_SCORES = ("scores", "rewards", "returns", "payoffs", "outcomes", "results", "utilities")
#: of who won and who lost, and of how the match ended, which says draws there
_WON, _LOST = ("winner", "winner_name", "winner_id"), ("loser", "loser_name", "loser_id")
_ENDED = ("result", "outcome")
#: columns that say for how many matches a row stands, and columns that may mean this or something else
_COUNTS = ("count", "counts", "weight", "weights", "games", "n_games")
_UNREAD = ("n", "times", "matches", "n_matches")
#: how many matches the rows of a file may stand for
MOST_MATCHES = 2**26
#: columns that are read, so that they mark nothing else
_READ = (*_TWO["a"], *_TWO["b"], "winner", *_TWO["winner"], *_WON, *_LOST, *_COUNTS, *_AGENTS, *_SCORES)
_SEAT = re.compile(r"(p|player|agent|strategy|r|reward|score|return|payoff)_?(\d+)")
_PLAYER_WORDS = ("p", "player", "agent", "strategy")


@result
class MatchLog(FromMatches, Result):
    """Matches of K players each, from a file or a data frame.

    Attributes
    ----------
    players : int64 array of shape (n_matches, K)
        Player in each seat of each match, as numbers of `names`.
    scores : float64 array of shape (n_matches, K)
        Score of each player; with two players 1 for a win, 0 for a loss, and `draws` for a draw, unless the log has
        scores of its own.
    names : tuple of str
        Names of all players, sorted; numbers as numbers.
    draws : float or None
        Score of a draw; None where matches have no draws.
    has_seats : bool
        Whether the order of the players of a match has a meaning: not in a log that lists the winner first.
    in_order : bool
        Whether each match has a row of its own, so that the log knows in which order they were played.
    both_bad : bool array of shape (n_matches,)
        Whether the match is a draw of which the log says that both answers were bad.
    marks : mapping of str to int64 array of shape (n_matches,)
        Numbers for the words of the other columns, such as the language or the judge of a match: equal numbers stand
        for equal words, -1 for an empty cell.
    message : str
        Number of matches that were left out, the reason, and the order of matches where the log has times.
    counts : mapping
        ``matches``, and ``unfinished`` ones, which were left out.

    Notes
    -----
    `from_file` and `from_frame` read tables with a row for each match: ``model_a,model_b,winner``,
    ``model_a,model_b,winner_model_a,winner_model_b,winner_tie`` with a 1 in one of the last three,
    ``white,black,result``, ``winner,loser``, ``agents,scores`` with tuples, or ``p1,...,pK,r1,...,rK``. A column
    ``count``, ``weight`` or ``games`` beside these says how often a row happened, and the log has as many matches;
    ``tstamp`` or ``timestamp`` says when, and the log is in that order. Where the caller names columns, no other one
    is read. `to_file` and `to_frame` write ``p1,...,pK,r1,...,rK`` and the numbers of `marks`, but no times: rows are
    in the order of the log.
    """

    players: np.ndarray
    scores: np.ndarray
    names: tuple[str, ...]
    draws: float | None
    has_seats: bool
    in_order: bool
    both_bad: np.ndarray
    marks: Mapping[str, np.ndarray]
    message: str
    counts: Mapping[str, int]

    @classmethod
    def _from_table(cls, table: Table, columns: Columns, draws: float | None) -> MatchLog:
        if not len(table):
            raise ValueError(f"{table.origin}: no row")
        names, scores, has_seats, both_bad = _read(table, columns, draws)
        repeats, told = _repeats(table) if columns is None else (None, [])
        order, when = order_of_time(table) if columns is None else (None, "")
        rows = np.arange(len(table)) if order is None else order
        if order is not None:
            names, scores = [[seat[i] for i in order.tolist()] for seat in names], scores[order]
            repeats = None if repeats is None else repeats[order]
        log = _log(names, scores, draws, repeats)
        warn_alike(log.names, table.origin)
        rows = rows if repeats is None else np.repeat(rows, repeats)
        rows = rows[~np.isnan(scores if repeats is None else np.repeat(scores, repeats, axis=0)).any(axis=1)]
        in_order = repeats is None or bool((repeats <= 1).all())
        message = "; ".join(part for part in (log.message, *told, when) if part)
        of_seats = [one.strip().lower() for side in _seat_columns(table, columns) or () for one in side]
        marks = kept(marks_of(table, (*_READ, *of_seats)), rows)
        return replace(
            log, has_seats=has_seats, in_order=in_order, both_bad=both_bad[rows], marks=marks, message=message
        )

    def _columns(self) -> dict[str, Any]:
        names, n_seats = np.array(self.names, object), self.players.shape[1]
        shown = {f"p{k + 1}": names[self.players[:, k]] for k in range(n_seats)}
        shown |= {f"r{k + 1}": self.scores[:, k] for k in range(n_seats)}
        # a name of a seat would be read as one
        others = {name: codes for name, codes in self.marks.items() if not _SEAT.fullmatch(name.strip().lower())}
        return shown | to_write(others)

    def _facts(self) -> list[str]:
        return [self.message] if self.message else []

    def _draw(self, ax: Any) -> None:
        from lrtheory._result import display

        games = np.bincount(self.players.ravel(), minlength=len(self.names))
        order = np.argsort(-games, kind="stable")
        display.bars(ax, [self.names[i] for i in order], games[order].tolist(), label="matches")


def as_log(players: Any, outcomes: Any = None, *, draws: float | None = 0.5) -> MatchLog:
    """Make a log of matches from a path, a data frame or arrays; a log is returned as it is.

    Parameters
    ----------
    players : MatchLog, path, data frame, or array of shape (n_matches, K)
        The log, or the names or integer ids of the players.
    outcomes : array of shape (n_matches,) or (n_matches, K), optional
        Outcomes of the matches beside an array of players: those of the first of two, or the scores of all.
    draws : float or None
        Score of a draw, in (0, 1); None where there are none.

    Returns
    -------
    MatchLog
        Log of these matches.

    Raises
    ------
    ValueError
        If a player has no name, an outcome says nothing, or the shapes do not fit.
    """
    draws = check_draws(draws)
    if outcomes is None:
        log = known_log(players, draws=draws)
        if log is None:
            raise must("outcomes", "given beside an array of players", outcomes)
        return log
    names, ids = numbered(players)
    results = as_array("outcomes", outcomes)
    if results.ndim == 2 or ids.shape[1] > 2:
        scores = _numbers("outcomes", results, ids.shape)
    else:
        scores = _both(_results(results, ids, names, draws))
    return _finished(ids, scores, names, draws)


def known_log(source: Any, *, draws: float | None = 0.5) -> MatchLog | None:
    """The log that a path, a data frame or a log means; None for anything else."""
    if isinstance(source, MatchLog):
        return source
    if isinstance(source, (str, PathLike)):
        return MatchLog.from_file(source, draws=draws)
    is_frame = isinstance(source, (Mapping, Table)) or hasattr(source, "columns")
    return MatchLog.from_frame(source, draws=draws) if is_frame else None


# --- columns ---------------------------------------------------------------------------------------------------------


def _read(
    table: Table, columns: Columns, draws: float | None
) -> tuple[Sequence[Sequence[str]], np.ndarray, bool, np.ndarray]:
    """Return the names in each seat, the scores, whether it means something who sat where, and who were both bad."""
    none = np.zeros(len(table), bool)
    seats = _seat_columns(table, columns)
    if seats is not None:
        scores = np.stack([table.floats(one) for one in seats[1]], axis=1)
        return [table.text(one) for one in seats[0]], scores, True, none
    tuples = _tuple_columns(table, columns)
    if tuples is not None:
        return *_of_tuples(table, *tuples), True, none
    ends = _winner_and_loser(table) if columns is None else None
    if ends is not None:
        return [table.text(column) for column in ends], _both(_won_or_drawn(table, draws)), False, none
    hot = one_hot(table, draws) if columns is None else None
    if hot is not None:
        chosen = table.pick(columns, {role: _TWO[role] for role in ("a", "b")})
        return [table.text(chosen[role]) for role in ("a", "b")], _both(hot[0]), True, hot[1]
    chosen = table.pick(columns, _TWO)
    first, second, words = (table.text(chosen[role]) for role in ("a", "b", "winner"))
    won, wrong, rule = scores_of_words(words, first, second, draws)
    if wrong is not None:
        end = "" if draws is not None else "; there are no draws here"
        raise table.refuse(wrong, chosen["winner"], rule + end)
    return [first, second], _both(won), True, is_both_bad(words)


def _repeats(table: Table) -> tuple[np.ndarray | None, list[str]]:
    """Return how often each row happened, None for once, and sentences about the columns that say so."""
    named = {name: name.strip().lower() for name in table.names} if table.header else {}
    found = [name for name, word in named.items() if word in _COUNTS]
    told = [f"`{name}` is not read, as each row is one match" for name, word in named.items() if word in _UNREAD]
    if not found:
        return None, told
    if len(found) > 1:
        raise ValueError(f"{table.origin}: only one column may say how often a row happened; {', '.join(found)}")
    given = table.floats(found[0])
    wrong = (given < 0) | (given != np.rint(given))
    if wrong.any():
        raise table.refuse(int(np.argmax(wrong)), found[0], "a whole number of matches, at least 0")
    if given.sum() > MOST_MATCHES:
        raise ValueError(f"{table.origin}: `{found[0]}` must sum to at most {MOST_MATCHES:,}; got {given.sum():,.0f}")
    return given.astype(np.int64), [f"`{found[0]}` says how often each row happened"]


def _seat_columns(table: Table, columns: Columns) -> tuple[list[str], list[str]] | None:
    """The columns of K players and of their K scores; None where the table is of another kind."""
    given = [one.strip() for one in columns.split(",")] if isinstance(columns, str) else columns
    if given is not None:
        if not isinstance(given, Sequence) or len(given) < 4:
            return None
        if len(given) % 2:
            raise must("columns", "three names, or those of K players and then of K scores", columns)
        picked = list(table.pick(given, {f"column {i}": () for i in range(len(given))}).values())
        return picked[: len(picked) // 2], picked[len(picked) // 2 :]
    players: dict[int, str] = {}
    scores: dict[int, str] = {}
    for name in table.names if table.header else ():
        found = _SEAT.fullmatch(name.strip().lower())
        if found is not None:
            (players if found[1] in _PLAYER_WORDS else scores).setdefault(int(found[2]), name)
    if len(players) < 2 or not scores:
        return None
    if set(players) != set(scores):
        alone = sorted(set(players) ^ set(scores))[0]
        raise ValueError(
            f"{table.origin}: seat {alone} has a player or a score, and not both; {', '.join(table.names)}"
        )
    return [players[k] for k in sorted(players)], [scores[k] for k in sorted(players)]


def _named_one(table: Table, words: Sequence[str]) -> str | None:
    """The column with the first of some names, whatever the case of its letters."""
    folded = {name.strip().lower(): name for name in reversed(table.names)}
    return next((folded[word] for word in words if word in folded), None) if table.header else None


def _winner_and_loser(table: Table) -> tuple[str, str] | None:
    """The columns of who won and of who lost; None where the table is of another kind."""
    won, lost = _named_one(table, _WON), _named_one(table, _LOST)
    return None if won is None or lost is None else (won, lost)


def _won_or_drawn(table: Table, draws: float | None) -> np.ndarray:
    """The scores of those in the column of winners: 1, or that of a draw where a column of results says so."""
    ended = _named_one(table, _ENDED)
    if ended is None:
        return np.ones(len(table))
    scores = np.ones(len(table))
    for row, cell in enumerate(table.columns[ended]):
        score = score_of_word(str(cell))  # words such as "resigned" say how it was won
        if score == 0.0 or (score == 0.5 and draws is None):
            raise table.refuse(row, ended, "a win, as the winner stands in a column, or a draw if there are any")
        scores[row] = draws if score == 0.5 and draws is not None else 1.0
    return scores


def _tuple_columns(table: Table, columns: Columns) -> tuple[str, str] | None:
    """The columns of tuples of agents and of scores; None where the table is of another kind."""
    customs = {"agents": _AGENTS, "scores": _SCORES}
    if columns is None:
        found = [_named_one(table, words) for words in customs.values()]
        if None not in found:
            return str(found[0]), str(found[1])
        # two columns without names can be nothing else
        return (table.names[0], table.names[1]) if not table.header and len(table.names) == 2 else None
    named = columns.split(",") if isinstance(columns, str) else columns
    is_pair = isinstance(named, Sequence) and len(named) == 2
    if not is_pair and not (isinstance(named, Mapping) and "agents" in named):
        return None
    chosen = table.pick(columns, customs)
    return chosen["agents"], chosen["scores"]


def _of_tuples(table: Table, agents: str, scores: str) -> tuple[list[list[str]], np.ndarray]:
    """The names in each seat and the scores of a table of tuples."""
    rule = 'a tuple of names, such as ("a", "b")'
    profiles = table.each(agents, _read_names, rule)
    results = table.each(scores, read_scores, "a tuple of finite numbers, such as (1.0, 0.0)")
    n_seats = len(profiles[0])
    for row, (profile, given) in enumerate(zip(profiles, results, strict=True)):
        if len(profile) != n_seats or n_seats < 2:
            raise table.refuse(row, agents, f"a tuple of {max(2, n_seats)} names, as in the first row")
        if len(given) != n_seats:
            raise table.refuse(row, scores, f"a tuple of {n_seats} numbers, one for each agent")
    return [list(seat) for seat in zip(*profiles, strict=True)], np.array(results)


def _read_names(cell: Any) -> tuple[str, ...] | None:
    found = read_tuple(cell)
    if found is None or not all(type(name) in (str, int) and str(name).strip() for name in found):
        return None
    return tuple(str(name).strip() for name in found)


# --- from names and scores to a log ----------------------------------------------------------------------------------


def _log(
    names: Sequence[Sequence[str]], scores: np.ndarray, draws: float | None, repeats: np.ndarray | None
) -> MatchLog:
    """Number the players by their sorted names, digits as numbers, and write out rows that happened more than once."""
    if repeats is not None and not repeats.all():  # a player is known by matches that happened
        happened = np.flatnonzero(repeats)
        names, scores, repeats = (
            [[seat[i] for i in happened.tolist()] for seat in names],
            scores[happened],
            repeats[happened],
        )
    found = {name for seat in names for name in set(seat)}
    as_numbers = all(name.isdecimal() for name in found)
    players = sorted(found, key=lambda name: (int(name), name)) if as_numbers else sorted(found)
    number = {name: i for i, name in enumerate(players)}
    ids = np.stack([np.fromiter(map(number.__getitem__, seat), np.int64, len(seat)) for seat in names], axis=1)
    if repeats is not None:
        ids, scores = np.repeat(ids, repeats, axis=0), np.repeat(scores, repeats, axis=0)
    return _finished(ids, scores, tuple(players), draws)


def _finished(players: np.ndarray, scores: np.ndarray, names: tuple[str, ...], draws: float | None) -> MatchLog:
    """Leave out the matches without a result, whose scores are NaN, and count them."""
    missing, n_matches = np.isnan(scores), len(players)
    if missing.any() or n_matches == 0:
        finished = ~missing.any(axis=1)
        if not finished.any():
            raise must("outcomes", "the result of a match at least once", "matches without results alone")
        players, scores = players[finished], scores[finished]
    unfinished = n_matches - len(players)
    message = "" if not unfinished else f"{unfinished:,} matches without a result are left out"
    counts = {"matches": len(players), "unfinished": unfinished}
    return MatchLog(players, scores, names, draws, True, True, np.zeros(len(players), bool), {}, message, counts)


def _both(scores: np.ndarray) -> np.ndarray:
    """The scores of both players from those of the first: a draw is one for both."""
    return np.stack([scores, np.where((scores == 0) | (scores == 1), 1 - scores, scores)], axis=1)


def _results(given: np.ndarray, ids: np.ndarray, names: tuple[str, ...], draws: float | None) -> np.ndarray:
    """Return the outcomes of matches of two as scores of the first, and refuse what says nothing."""
    n = len(ids)
    if given.shape != (n,):
        raise must("outcomes", f"of shape {(n,)}", given.shape)
    if given.dtype.kind in "US" or (given.dtype.kind == "O" and all(isinstance(word, str) for word in given.flat)):
        first, second = np.array(names, object)[ids.T].tolist()
        words = given.tolist()
        stripped = {word: str(word).strip() for word in set(words)}
        words = list(map(stripped.__getitem__, words))
        scores, wrong, rule = scores_of_words(words, first, second, draws)
        if wrong is not None:
            none = "" if draws is not None else ", and no draw for `draws` None"
            raise must("outcomes", rule + none, words[wrong])
        return scores
    found = _numbers("outcomes", given, (n,))
    fits = np.isin(found, [0.0, 1.0] if draws is None else [0.0, 1.0, draws])
    if not fits.all():
        raise must("outcomes", f"1, 0 or a draw ({draws})", found[~fits][0])
    return found


def _numbers(name: str, given: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return array(name, given, shape=shape).astype(np.float64)
