r"""The custom of leaderboards: Bradley-Terry is fitted, battles are resampled, and intervals compared.

No theorem says how often these rules are right. `rank_models` answers the same questions with one.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, Literal

import numpy as np

from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import choice, generator, integer, open_interval
from lrtheory.alpha_rank.boards.battles import Battles, battles_of
from lrtheory.alpha_rank.boards.comparing import log_of_pairs
from lrtheory.alpha_rank.boards.differences import POINTS
from lrtheory.alpha_rank.matches.elo import elo
from lrtheory.alpha_rank.matches.log import MatchLog

__all__ = ["BradleyTerryBoard", "bradley_terry_board"]

#: weight of the prior, in parts of the number of battles; it keeps ratings of resamples finite
RIDGE = 1e-5
#: steps of Newton's method in all resamples, and the largest change of a rating, in logits, at which they stop
MOST_STEPS, SMALL = 100, 1e-7
#: entries of the tables of wins that are fitted at a time, 32 MB
MOST_ENTRIES = 2**22
#: resamples, whose ratings are all kept; ends of intervals hardly change after some thousands
MOST_RESAMPLES = 10**6


@result
class BradleyTerryBoard(Result):
    """Models of a leaderboard by the customary rules, for which no theorem stands.

    Attributes
    ----------
    can_be_first : bool array of shape (n,)
        Whether the rule puts no model above this one.
    above : bool array of shape (n, n)
        Whether the rule puts the row above the column.
    elo : float64 array of shape (n,)
        Ratings in points; their mean is 0 in each part of the log that battles connect.
    elo_lower, elo_upper : float64 array of shape (n,)
        Ends of the interval of each rating by itself.
    names : tuple of str
        Names of the models.
    delta : float
        Probability that the rule is to be wrong.
    method : str
        The rule.
    converged : bool
        Whether Newton's method came to its end, in the log and in all resamples.
    message : str
        Sentence about the rule.
    counts : mapping
        ``battles`` and ``resamples``.
    """

    can_be_first: np.ndarray
    above: np.ndarray
    elo: np.ndarray
    elo_lower: np.ndarray
    elo_upper: np.ndarray
    names: tuple[str, ...]
    delta: float
    method: str
    converged: bool
    message: str
    counts: Mapping[str, int]

    def _order(self) -> list[int]:
        return [int(i) for i in np.argsort(-self.elo, kind="stable")]

    def _columns(self) -> dict[str, Any]:
        order = self._order()
        columns: dict[str, Any] = {"model": [self.names[i] for i in order], "elo": self.elo[order]}
        columns |= {"elo from": self.elo_lower[order], "elo to": self.elo_upper[order]}
        return columns | {"can be first": self.can_be_first[order]}

    def _facts(self) -> list[str]:
        end = [] if self.converged else ["some ratings, of the log or of resamples, have not converged"]
        return [f"{self.message}; a baseline without a theorem", *end]

    def _draw(self, ax: Any) -> None:
        order = self._order()
        display.bars(ax, [self.names[i] for i in order], self.elo[order].tolist(), label="Elo, points")


def bradley_terry_board(
    matches: MatchLog | Mapping[str, ArrayLike] | ArrayLike | str | PathLike[str],
    *,
    method: Literal["overlap", "difference", "wald"] = "overlap",
    delta: float = 0.05,
    n_resamples: int = 1000,
    rng: Rng = None,
) -> BradleyTerryBoard:
    """Say who can be first by a customary rule: maximum likelihood under Bradley-Terry, and intervals around it.

    Parameters
    ----------
    matches : MatchLog, path or data frame
        The log, as for `rank_models`.
    method : {"overlap", "difference", "wald"}
        One model is above another where its bootstrap interval lies above that of the other, the rule of public
        leaderboards [1]_; where the bootstrap interval of their difference lies above 0; or where their difference is
        above the normal quantile at delta over the number of comparisons (Bonferroni), in standard errors.
    delta : float
        Probability, in (0, 1), that the rule is to be wrong.
    n_resamples : int
        Resamples of the bootstrap, from 2 to 10^6.
    rng : Generator, int or None
        Source of randomness of the bootstrap.

    Returns
    -------
    BradleyTerryBoard
        Models that can be first, pairs, ratings and their intervals.

    Raises
    ------
    TypeError
        If `matches` is none of these.
    ValueError
        If the log cannot be read or has other matches, or a number is out of range.

    Notes
    -----
    Ties count half for both. Resamples are of whole battles, and percentile intervals are taken as they are. Where no
    chain of battles connects two models, none is above the other. With 40 models, 12,000 battles of uniform pairs and a
    standard deviation of 30 points the overlap rule put some pair in the wrong order in 17.5 % of the logs, and
    differences did in 85 % (``benchmarks/BOARDS.md``).

    References
    ----------
    .. [1] W.-L. Chiang et al., Chatbot Arena: An Open Platform for Evaluating LLMs by Human Preference,
       arXiv:2403.04132.

    Examples
    --------
    >>> log = {"winner": ["ann"] * 30 + ["bob"] * 10, "loser": ["bob"] * 30 + ["ann"] * 10}
    >>> bradley_terry_board(log, rng=0).can_be_first.tolist()
    [True, False]
    """
    from scipy.sparse import csgraph  # takes long to import

    delta, n_resamples = (
        open_interval("delta", delta, 0, 1),
        integer("n_resamples", n_resamples, low=2, high=MOST_RESAMPLES),
    )
    choice("method", method, ("overlap", "difference", "wald"))
    log, rng = log_of_pairs(matches), generator(rng)
    battles = battles_of(log)
    n, n_battles = battles.n_models, len(battles.points)
    ridge = RIDGE * n_battles
    wins = _wins(battles)
    fit = elo(wins, ridge=ridge)
    theta, converged, told = fit.ratings / POINTS, fit.converged, _MESSAGES[method]
    n_parts, part = csgraph.connected_components(wins + wins.T > 0, directed=False)
    connected = np.equal.outer(part, part)
    if n_parts > 1:
        told += f"; {n_parts} parts of the log have no battle between them, and are not compared"
    if method == "wald":
        errors, own = _standard_errors(wins, theta, ridge, connected)
        gaps = np.subtract.outer(theta, theta)
        above, challenged = (gaps > _normal(delta / n_tests) * errors for n_tests in (n * (n - 1) // 2, n - 1))
        reach = _normal(delta / 2) * own
        low, high = theta - reach, theta + reach
    else:
        draws, resamples_converged = _resample(battles, theta, ridge, n_resamples, rng)
        converged = converged and resamples_converged
        low, high = np.quantile(draws, [delta / 2, 1 - delta / 2], axis=0)
        if method == "overlap":
            above = low[:, None] > high
        else:
            lower_ends = [np.quantile(draws[:, [i]] - draws, delta / 2, axis=0) for i in range(n)]
            above = np.array(lower_ends) > 0
        challenged = above
    return BradleyTerryBoard(
        can_be_first=~(challenged & connected).any(axis=0),
        above=above & connected,
        elo=POINTS * theta,
        elo_lower=POINTS * low,
        elo_upper=POINTS * high,
        names=log.names,
        delta=delta,
        method=method,
        converged=converged,
        message=told,
        counts={"battles": n_battles, "resamples": 0 if method == "wald" else n_resamples},
    )


_MESSAGES = {
    "overlap": "a model is above another if their bootstrap intervals do not overlap",
    "difference": "a model is above another if the bootstrap interval of the difference is above 0",
    "wald": "a model is above another if the difference is large in standard errors, with Bonferroni's correction",
}


def _normal(level: float) -> float:
    """The upper normal quantile; never below 0, so that no model is above one with a larger rating."""
    from scipy import special  # here, so that importing the system stays quick

    return max(0.0, -float(special.ndtri(level)))


def _wins(battles: Battles) -> np.ndarray:
    """Count wins of the row over the column, a tie half for both."""
    n = battles.n_models
    won = np.bincount(battles.first * n + battles.second, weights=battles.points / 2, minlength=n * n).reshape(n, n)
    lost = np.bincount(battles.second * n + battles.first, weights=1 - battles.points / 2, minlength=n * n)
    return won + lost.reshape(n, n)


def _standard_errors(
    wins: np.ndarray, theta: np.ndarray, ridge: float, connected: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors, in logits, of all differences, and of ratings whose mean is 0 in each connected part."""
    weights = (wins + wins.T) / (2 + 2 * np.cosh(np.subtract.outer(theta, theta)))
    np.fill_diagonal(weights, 0.0)
    # along the ones, where differences do not look, the matrix is made regular
    inverse = np.linalg.inv(np.diag(weights.sum(axis=1) + ridge) - weights + weights.mean())
    variances = np.diag(inverse)
    between = variances[:, None] + variances - 2 * inverse
    center = np.eye(len(theta)) - connected / connected.sum(axis=1)
    return np.sqrt(np.maximum(between, 0.0)), np.sqrt(np.diag(center @ inverse @ center))


def _resample(
    battles: Battles, theta: np.ndarray, ridge: float, n_resamples: int, rng: np.random.Generator
) -> tuple[np.ndarray, bool]:
    """Fit resamples of the battles, many at once; return their ratings in logits, and whether all have converged."""
    n, n_battles = battles.n_models, len(battles.points)
    low, high = np.minimum(battles.first, battles.second), np.maximum(battles.first, battles.second)
    halves = np.where(battles.first == low, battles.points, 2 - battles.points)
    kinds, times = np.unique((low * n + high) * 3 + halves, return_counts=True)
    pair, halves = np.divmod(kinds, 3)
    ratings, converged = np.empty((n_resamples, n)), True
    at_once = max(1, MOST_ENTRIES // n**2)
    for start in range(0, n_resamples, at_once):
        block = ratings[start : start + at_once]
        drawn = rng.multinomial(n_battles, times / n_battles, size=len(block))
        wins = np.zeros((len(block), n, n))
        for points in (0, 1, 2):
            at = halves == points
            rows, columns = np.divmod(pair[at], n)
            wins[:, rows, columns] += drawn[:, at] * (points / 2)
            wins[:, columns, rows] += drawn[:, at] * (1 - points / 2)
        block[:], all_converged = _fit_all(wins, theta, ridge)
        converged = converged and all_converged
    return ratings, converged


def _fit_all(wins: np.ndarray, start: np.ndarray, ridge: float) -> tuple[np.ndarray, bool]:
    """Maximize the likelihood of every table of wins by Newton's method, from the ratings of the whole log."""
    games, theta = wins + wins.transpose(0, 2, 1), np.tile(start, (len(wins), 1))
    active, diagonal = np.arange(len(wins)), np.arange(wins.shape[1])
    for _ in range(MOST_STEPS):
        gaps = theta[active, :, None] - theta[active, None, :]
        p = 0.5 + 0.5 * np.tanh(gaps / 2)
        gradient = (wins[active] - games[active] * p).sum(axis=2) - ridge * theta[active]
        hessian = -games[active] * p * (1 - p)
        hessian[:, diagonal, diagonal] = ridge - hessian.sum(axis=2)
        # where a model wins all its battles curves are flat, and a full step would overshoot
        change = np.clip(np.linalg.solve(hessian, gradient[..., None])[..., 0], -1.0, 1.0)
        theta[active] += change
        active = active[abs(change).max(axis=1) > SMALL]
        if not active.size:
            return theta, True
    return theta, False
