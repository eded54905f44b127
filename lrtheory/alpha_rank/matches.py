r"""Tables of mean scores from a log of matches, and intervals on the means.

The score of a match is 1 for a win, 0 for a loss and d (`draws`) for a draw, so the mean score of i against j is

.. math:: M_{ij} = (1-d)\, P(i \text{ wins}) + d\, (1 - P(j \text{ wins})),

and exact intervals for the two probabilities give one for the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np

from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, as_array, must, open_interval, real
from lrtheory.alpha_rank.theory.exact_intervals import clopper_pearson

__all__ = ["MatchTable", "table_from_matches"]


@result
class MatchTable(Result):
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
    labels : tuple of str
        Names of the players, in sorted order.
    draws : float or None
        Score of a draw; None where matches have no draws.
    message : str
        Which pairs have not met.
    counts : mapping
        ``matches``, and ``unplayed`` pairs.
    """

    means: np.ndarray
    wins: np.ndarray
    decided: np.ndarray
    games: np.ndarray
    labels: tuple[str, ...]
    draws: float | None
    message: str
    counts: Mapping[str, int]

    def intervals(self, delta: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
        """Compute intervals that contain all mean scores together, from Clopper-Pearson intervals.

        Parameters
        ----------
        delta : float
            Failure probability for all pairs together, in (0, 1), for a log whose length does not depend on outcomes.

        Returns
        -------
        lower, upper : float64 array of shape (n, n)
            [0, 1] where the two have not met. For two players, or populations, `ranking_intervals` takes
            ``[lower, lower.T], [upper, upper.T]``.

        Raises
        ------
        ValueError
            If `delta` is out of range.

        Notes
        -----
        A union bound over the probabilities that one of a pair wins: two per pair, or one where there are no draws.
        """
        delta = open_interval("delta", delta, 0, 1)
        n = len(self.labels)
        n_unknown = max(1, n * (n - 1) // (2 if self.draws is None else 1))
        low, high = clopper_pearson(self.decided, self.games, delta / n_unknown)
        # M = (1-d) P(win) + d (1 - P(loss)) rises in the first probability and falls in the second
        d = 0.0 if self.draws is None else self.draws
        lower, upper = (1 - d) * low + d * (1 - high.T), (1 - d) * high + d * (1 - low.T)
        own = np.eye(n, dtype=bool)
        lower[own] = upper[own] = self.means[own]
        return lower, upper


def table_from_matches(players: ArrayLike, outcomes: ArrayLike, *, draws: float | None = 0.5) -> MatchTable:
    """Count a log of matches; pairs may have met any number of times.

    Parameters
    ----------
    players : array of shape (n_matches, 2)
        Names or integer ids of the two players of each match.
    outcomes : array of shape (n_matches,)
        For the first player 1, 0 or the value of `draws`; or the words "win", "loss", "draw".
    draws : float or None
        Score of a draw, strictly between 0 and 1; None where there are none, which makes intervals narrower.

    Returns
    -------
    MatchTable
        Win rates `means`, `wins` and `games`, each of shape (n, n) for n players, and `labels` (n,); its `intervals`
        method gives confidence intervals.

    Raises
    ------
    ValueError
        If a player has no name or meets itself, an outcome is none of the three, or the shapes do not fit.

    Examples
    --------
    >>> log = [("ann", "bob"), ("bob", "ann"), ("bob", "cat")]
    >>> table = table_from_matches(log, ["win", "draw", "loss"])
    >>> table.means[0].tolist(), table.message
    ([0.5, 0.75, nan], '1 pair has not met: ann and cat')
    """
    if draws is not None:
        draws = open_interval("draws", real("draws", draws), 0, 1)
    pairs = _names(players)
    if pairs.dtype.kind not in "iuUSO" or pairs.ndim != 2 or pairs.shape[1:] != (2,) or len(pairs) == 0:
        raise must("players", "of shape (n_matches, 2), names or integer ids, with a match", pairs)
    names, ids = np.unique(pairs, return_inverse=True)
    first, second = ids.reshape(pairs.shape).T
    if (first == second).any():
        raise must("players", "two different players in each match", names[first[first == second][0]])
    scores = _scores(outcomes, draws, len(pairs))
    n = len(names)
    decided, games, wins = np.zeros((n, n), np.int64), np.zeros((n, n), np.int64), np.zeros((n, n))
    np.add.at(decided, (first, second), scores == 1)
    np.add.at(decided, (second, first), scores == 0)
    np.add.at(games, (first, second), 1)
    np.add.at(games, (second, first), 1)
    drawn = games - decided - decided.T
    wins = decided + (drawn * draws if draws is not None else 0.0)
    with np.errstate(invalid="ignore"):
        means = wins / games
    means[np.eye(n, dtype=bool)] = 0.5 if draws is None else draws
    labels = tuple(map(str, names.tolist()))
    unmet = [(labels[i], labels[j]) for i, j in zip(*np.triu_indices(n, 1), strict=True) if games[i, j] == 0]
    counts = {"matches": len(pairs), "unplayed": len(unmet)}
    return MatchTable(means, wins, decided, games, labels, draws, _unmet_message(unmet), counts)


def _names(players: Any) -> np.ndarray:
    """Return the players as one array of words or integers; refuse everything else, such as None and NaN."""
    given = as_array("players", players)
    if given.dtype.kind in "US" and not isinstance(players, np.ndarray):  # NaN among names has become a word
        given = np.asarray(players, dtype=object)
    if given.dtype.kind != "O":
        return given
    for player in given.flat:
        if isinstance(player, bool) or not isinstance(player, (str, bytes, Integral)):
            raise must("players", "names or integer ids, two in each match", player)
    return given.astype(str)


def _scores(outcomes: Any, draws: float | None, n: int) -> np.ndarray:
    """Return the outcomes as numbers, and refuse everything but wins, losses and draws."""
    given = as_array("outcomes", outcomes)
    if given.dtype.kind in "US" or (given.dtype.kind == "O" and all(isinstance(word, str) for word in given.flat)):
        words = {"win": 1.0, "loss": 0.0, "draw": draws}
        known = [words.get(str(word)) for word in given.ravel()]
        if None in known:
            raise must("outcomes", "win, draw or loss, and no draw for `draws` None", given.ravel()[known.index(None)])
        given = np.array(known, dtype=np.float64).reshape(given.shape)
    scores = array("outcomes", given, shape=(n,)).astype(np.float64)
    fits = np.isin(scores, [0.0, 1.0] if draws is None else [0.0, 1.0, draws])
    if not fits.all():
        raise must("outcomes", f"1, 0 or a draw ({draws})", scores[~fits][0])
    return scores


def _unmet_message(unmet: list[tuple[str, str]]) -> str:
    """Write a sentence that names the pairs without a match, up to five of them."""
    if not unmet:
        return "all pairs have met"
    start = "1 pair has not met: " if len(unmet) == 1 else f"{len(unmet)} pairs have not met: "
    return start + ", ".join(f"{a} and {b}" for a, b in unmet[:5]) + (", ..." if len(unmet) > 5 else "")
