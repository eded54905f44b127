"""Sentences on what a board did not use, and on what it could not compare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lrtheory.alpha_rank.boards.battles import Battles, Results
from lrtheory.alpha_rank.matches.log import MatchLog

__all__ = ["left_out", "unconnected"]

#: models that a sentence names
MOST_NAMED = 5
#: columns that say who has judged
JUDGES = ("judge", "judge_id", "voter", "voter_id", "user", "user_id", "annotator", "annotator_id")


def unconnected(results: Results, names: Sequence[str], shares: np.ndarray) -> list[str]:
    """Say which part of the information the tests use, and which pairs they cannot compare.

    Parameters
    ----------
    results : Results
        The battles.
    names : sequence of str
        Names of the models.
    shares : float64 array of shape (n,)
        Shares of the information, found by `information_shares`.

    Returns
    -------
    list of str
        Sentences.
    """
    n, facts = len(names), []
    known = shares[~np.isnan(shares)]
    if known.size:
        told = f"the tests use {100 * known.mean():.0f}% of what Bradley-Terry learns of differences to the leader"
        facts.append(f"{told} (SST-8)")
    _, place, times = np.unique(results.keys, return_inverse=True, return_counts=True)
    alone = int(results.games[times[place.ravel()] == 1].sum())
    if alone:
        total = int(results.games.sum())
        facts.append(
            f"{100 * alone / total:.0f}% of results are against an opponent whom no other model met (direct battles)"
        )
    models = np.repeat(np.arange(n), np.diff(results.starts))
    met = np.zeros((n, n), np.float32)
    met[models, results.keys // results.n_cells] = 1
    never = [names[i] for i in np.flatnonzero(~met.any(axis=1)).tolist()]
    if never:
        facts.append(f"without a battle: {', '.join(never[:MOST_NAMED])}{', ...' * (len(never) > MOST_NAMED)}")
    apart = np.argwhere(np.triu((met == 0) & (met @ met.T == 0), 1))
    if len(apart):
        i, j = apart[0].tolist()
        pairs = "1 pair has" if len(apart) == 1 else f"{len(apart):,} pairs have"
        facts.append(f"{pairs} neither met nor met a common opponent, such as {names[i]} and {names[j]}")
    return facts


def left_out(log: MatchLog, battles: Battles) -> list[str]:
    """Say how many battles count, how many were tied, and how many were left out and why.

    Parameters
    ----------
    log : MatchLog
        Log as it was read.
    battles : Battles
        Battles of the log that count.

    Returns
    -------
    list of str
        Sentences.
    """
    ties = int((battles.points == 1).sum())
    told = f"{len(battles.points):,} battles of {battles.n_models} models, {ties:,} of them ties"
    bad = int(log.both_bad.sum())
    if bad and "both bad" not in battles.dropped:
        told += f", and {bad:,} of these both bad in the log"
    gone = [f"{count:,} {why}" for why, count in battles.dropped.items() if count]
    facts = [told + (f"; left out: {', '.join(gone)}" if gone else "")]
    judges = [name for name in log.marks if name.strip().lower() in JUDGES]
    facts += [_repeated(log, name) for name in judges if f"repeated by one `{name}`" not in battles.dropped]
    if log.in_order and "in the order of" not in log.message:
        facts.append("battles are in the order of their rows")
    return [fact for fact in (*facts, log.message) if fact]


def _repeated(log: MatchLog, name: str) -> str:
    """Say how many battles are the second or a later one of a judge on the same pair, who is not independent."""
    first, second = log.players.T
    judge, n = log.marks[name], len(log.names)
    codes = (judge * n + np.minimum(first, second)) * n + np.maximum(first, second)
    codes = codes[(judge >= 0) & (first != second)]
    many = len(codes) - len(np.unique(codes))
    return f"{many:,} battles repeat a pair for the same `{name}`; --once {name} counts the first alone" if many else ""
