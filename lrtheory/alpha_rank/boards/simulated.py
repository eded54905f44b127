"""Logs of battles between models whose ratings are known, by schedules that outcomes choose or do not choose."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, choice, generator, integer, must, real
from lrtheory.alpha_rank.boards.battles import Battles
from lrtheory.alpha_rank.boards.differences import POINTS, decided_wins
from lrtheory.alpha_rank.matches.elo import elo
from lrtheory.alpha_rank.matches.log import MatchLog

__all__ = ["make_battles"]

#: a skewed schedule takes the r-th model with a weight of r to this power
SKEW = -0.7
#: an adaptive one begins uniformly, and then looks at the ratings again and again: these parts of the log
WARM_UP, BLOCK = 1 / 6, 1 / 24
#: the strength of the prior on ratings that an adaptive schedule fits, in battles
RIDGE = 1.0
#: battles of a log, which take about 100 bytes each while they are drawn
MOST = 10**8


def make_battles(
    ratings: ArrayLike,
    n: int,
    *,
    schedule: Literal["uniform", "skewed", "adaptive"] = "uniform",
    ties: float = 0.0,
    rng: Rng = None,
) -> MatchLog:
    r"""Draw battles of models that follow Bradley and Terry, with ties as Davidson has them.

    .. math:: P(i \text{ wins}) : P(\text{tie}) : P(k \text{ wins})
       = e^{\theta_i} : \nu e^{(\theta_i + \theta_k) / 2} : e^{\theta_k}, \qquad \theta = r \log(10) / 400 .

    Parameters
    ----------
    ratings : array of shape (n_models,)
        Elo ratings r in points, of at least two models, in [-10000, 10000].
    n : int
        Number of battles, from 1 to 10^8.
    schedule : {"uniform", "skewed", "adaptive"}
        All pairs alike; the first models far more often than the last, by a power of their place; or, after a sixth of
        the battles, one half uniform and the other half by the odds of ratings that are fitted 20 times, so that
        outcomes choose battles.
    ties : float
        nu, in [0, 10^6]; equals tie with probability nu / (2 + nu).
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    MatchLog
        One row a battle, in order. Models are called by their places in `ratings`, such as ``model-07``; the column
        ``block`` numbers the parts between which an adaptive schedule looks at outcomes.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] R. R. Davidson, On Extending the Bradley-Terry Model to Accommodate Ties in Paired Comparison Experiments,
       Journal of the American Statistical Association 65, 1970.

    Examples
    --------
    >>> log = make_battles([100, 0, -100], 5, rng=0)
    >>> log.names, log.scores.shape
    (('model-1', 'model-2', 'model-3'), (5, 2))
    """
    theta = array("ratings", ratings, low=-1e4, high=1e4).astype(np.float64) / POINTS
    if theta.ndim != 1 or len(theta) < 2:
        raise must("ratings", "of at least two models", theta.shape)
    n, rng = integer("n", n, low=1, high=MOST), generator(rng)
    ties = real("ties", ties, low=0, high=1e6)
    choice("schedule", schedule, ("uniform", "skewed", "adaptive"))
    weights = np.ones(len(theta))
    if schedule == "skewed":
        weights = np.arange(1.0, len(theta) + 1) ** SKEW
    begin = min(n, max(1, round(WARM_UP * n))) if schedule == "adaptive" else n
    players = _pairs(weights, begin, rng)
    points, blocks = _played(theta, players, ties, rng), [begin]
    while len(players) < n:
        size = min(n - len(players), max(1, round(BLOCK * n)))
        seen = Battles(players[:, 0], players[:, 1], points, np.zeros(len(players), np.int64), len(theta), {})
        fitted = elo(decided_wins(seen), ridge=RIDGE).ratings / POINTS
        half = size // 2
        chosen = rng.permutation(
            np.concatenate([_pairs(weights, half, rng), _pairs(np.exp(fitted - fitted.max()), size - half, rng)])
        )
        players = np.concatenate([players, chosen])
        points = np.concatenate([points, _played(theta, chosen, ties, rng)])
        blocks.append(size)
    scores = np.stack([points / 2, 1 - points / 2], axis=1)
    width = len(str(len(theta)))
    names = tuple(f"model-{i + 1:0{width}d}" for i in range(len(theta)))
    marks = {"block": np.repeat(np.arange(len(blocks)), blocks)}
    counts = {"matches": n, "unfinished": 0}
    return MatchLog(players, scores, names, 0.5, True, True, np.zeros(n, bool), marks, "", counts)


def _pairs(weights: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw pairs of different models, each with the product of their weights."""
    both = np.outer(weights, weights)
    np.fill_diagonal(both, 0.0)
    drawn = rng.choice(both.size, n, p=both.ravel() / both.sum())
    return np.stack(np.divmod(drawn, len(weights)), axis=1).astype(np.int64)


def _played(theta: np.ndarray, players: np.ndarray, ties: float, rng: np.random.Generator) -> np.ndarray:
    """Draw results: 2 for a win of the first, 1 for a tie, 0 for a loss."""
    gaps = theta[players[:, 0]] - theta[players[:, 1]]
    first = 1 / (1 + ties * np.exp(-gaps / 2) + np.exp(-gaps))
    second = 1 / (1 + ties * np.exp(gaps / 2) + np.exp(gaps))
    drawn = rng.random(len(gaps))
    return np.where(drawn < first, 2, np.where(drawn >= 1 - second, 0, 1)).astype(np.int64)
