"""Battles of a log in the order in which they were played, and the results of each model by opponent and cell.

Here players are called models and matches battles, as on the leaderboards of language models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._validation import must
from lrtheory.alpha_rank.matches.log import MatchLog

__all__ = ["Battles", "Results", "battles_of", "marked", "number_cells", "results_of"]


class Battles(NamedTuple):
    """Battles of two models, in the order in which they were played."""

    first: np.ndarray  # int64 (T,)
    second: np.ndarray  # int64 (T,)
    points: np.ndarray  # int64 (T,): 2 for a win of the first, 1 for a tie, 0 for a loss
    cells: np.ndarray  # int64 (T,): only battles of one cell are compared with each other
    n_models: int
    dropped: Mapping[str, int]  # why battles are not here, and how many each


class Results(NamedTuple):
    """The results of every model, grouped in strata: an opponent in a cell, and the seat where seats are kept apart."""

    starts: np.ndarray  # int64 (n + 1,): the first stratum of each model
    keys: np.ndarray  # int64 (R,): opponent * n_cells + cell, rising within a model
    games: np.ndarray  # int64 (R,)
    wins: np.ndarray  # int64 (R,)
    ties: np.ndarray  # int64 (R,)
    heads: np.ndarray  # int64 (R + 1,): the first result of each stratum
    points: np.ndarray  # int64 (2 T,): 2 for a win, 1 for a tie, 0 for a loss, in the order of time within a stratum
    times: np.ndarray  # int64 (2 T,): number of the battle
    n_cells: int  # twice that of the battles where seats are kept apart
    seats: bool


def battles_of(log: MatchLog, *, by: tuple[str, ...] = (), once: str | None = None, both_bad: str = "tie") -> Battles:
    """Take the battles of a log that are compared.

    Parameters
    ----------
    log : MatchLog
        Matches of two who win, lose or draw.
    by : tuple of str
        Columns whose values are compared only with themselves.
    once : str or None
        A column, such as the judge: of each of its values the first battle of each pair of models is kept.
    both_bad : {"tie", "drop"}
        Meaning of a battle in which both answers were bad.

    Returns
    -------
    Battles
        Without those of a model with itself.

    Raises
    ------
    ValueError
        If the log has no such column, a cell of it is empty, or no battle is left.
    """
    first, second = log.players.T
    kept = first != second
    dropped = {"of a model with itself": int((~kept).sum())}
    if both_bad == "drop":
        dropped["both bad"] = int((kept & log.both_bad).sum())
        kept &= ~log.both_bad
    if once is not None:
        judge, n = marked(log, "once", once), len(log.names)
        pair = np.minimum(first, second) * n + np.maximum(first, second)
        found = np.flatnonzero(kept)
        _, earliest = np.unique(np.stack([judge, pair])[:, found], axis=1, return_index=True)
        alone = np.zeros(len(kept), bool)
        alone[found[earliest]] = True
        dropped[f"repeated by one `{once}`"] = int((kept & ~alone).sum())
        kept = alone
    if not kept.any():
        raise must("matches", "a log with a battle of two different models that counts", dropped)
    points = np.where(log.scores[:, 0] == 1, 2, np.where(log.scores[:, 0] == 0, 0, 1))[kept]
    cells = number_cells(log, by)[kept]
    return Battles(first[kept], second[kept], points, cells, len(log.names), dropped)


def number_cells(log: MatchLog, by: tuple[str, ...]) -> np.ndarray:
    """Number the combinations of the values of some columns, from 0 without a gap."""
    cells = np.zeros(len(log.players), np.int64)
    for name in by:
        marks = marked(log, "by", name)
        cells = np.unique(cells * (marks.max() + 1) + marks, return_inverse=True)[1].ravel()
    return cells


def marked(log: MatchLog, argument: str, name: str) -> np.ndarray:
    """The marks of a column, which must be there and without empty cells."""
    if name not in log.marks:
        there = ", ".join(log.marks) or "none beside players and outcomes"
        raise must(argument, f"a column of the log ({there})", name)
    marks = log.marks[name]
    if (marks < 0).any():
        raise must(argument, f"a column without empty cells; `{name}` has", int((marks < 0).sum()))
    return marks


def results_of(battles: Battles, *, seats: bool = False) -> Results:
    """Group battles by model, opponent and cell, each once from the side of either model.

    Parameters
    ----------
    battles : Battles
        In the order in which they were played.
    seats : bool
        Keep apart in which seat a model sat.

    Returns
    -------
    Results
        Two entries for each battle.
    """
    n, n_cells = battles.n_models, int(battles.cells.max()) + 1
    own, cells = battles.cells, battles.cells
    if seats:
        n_cells, own, cells = 2 * n_cells, 2 * own, 2 * cells + 1
    if n * n * n_cells >= 2**62:
        raise must("by", "columns with fewer different values", n_cells)
    of_first = (battles.first * n + battles.second) * n_cells + own
    of_second = (battles.second * n + battles.first) * n_cells + cells
    codes = np.stack([of_first, of_second], axis=1).ravel()
    points = np.stack([battles.points, 2 - battles.points], axis=1).ravel()
    order = np.argsort(codes, kind="stable")
    codes, points, times = codes[order], points[order], order // 2
    heads = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    strata = codes[heads]
    return Results(
        starts=kernel_input(np.searchsorted(strata, np.arange(n + 1) * n * n_cells)),
        keys=kernel_input(strata % (n * n_cells)),
        games=kernel_input(np.diff(np.r_[heads, len(codes)])),
        wins=kernel_input(np.add.reduceat((points == 2).astype(np.int64), heads)),
        ties=kernel_input(np.add.reduceat((points == 1).astype(np.int64), heads)),
        heads=kernel_input(np.r_[heads, len(codes)]),
        points=kernel_input(points),
        times=kernel_input(times),
        n_cells=n_cells,
        seats=seats,
    )
