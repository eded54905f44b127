"""Elo differences to a leader with intervals, and the share of the information that the tests of an order use."""

from __future__ import annotations

import math

import numpy as np

from lrtheory._array import kernel
from lrtheory._numbers.confidence import clopper_pearson
from lrtheory.alpha_rank.boards.battles import Battles, Results
from lrtheory.alpha_rank.boards.strata import common
from lrtheory.alpha_rank.theory.exact_intervals import anytime_level

__all__ = ["decided_wins", "elo_intervals", "information_shares"]

POINTS = 400 / math.log(10)  # of one natural logit


def decided_wins(battles: Battles) -> np.ndarray:
    """Count the decided battles that the row won against the column, in an int64 array of shape (n, n)."""
    n = battles.n_models
    pairs = battles.first * n + battles.second
    won, lost = (np.bincount(pairs[battles.points == points], minlength=n * n).reshape(n, n) for points in (2, 0))
    return (won + lost.T).astype(np.int64)


def elo_intervals(
    results: Results, wins: np.ndarray, leader: int, *, delta: float, schedule: str
) -> tuple[np.ndarray, np.ndarray]:
    """Compute intervals for the Elo difference of every model to one.

    Parameters
    ----------
    results : Results
        The battles.
    wins : int64 array of shape (n, n)
        Decided battles that the row won against the column.
    leader : int
        The model that others are compared with.
    delta : float
        Probability, in (0, 1), that an interval misses, for each of them.
    schedule : str
        "fixed", "anytime", or another one, under which direct battles alone are coins that no outcome has chosen.

    Returns
    -------
    lower, upper : float64 array of shape (n,)
        In points, infinite where coins say nothing; 0 for the leader.
    """
    n = len(wins)
    if schedule in ("fixed", "anytime"):
        strata = np.zeros((int(np.diff(results.starts).max()) + 1, 8), np.int64)
        coins = _coins(results, n, leader, strata)
        heads, tails = coins[:, 0], coins[:, 1]
    else:  # where seats are kept apart, direct battles are no coins of one chance
        heads, tails = (np.zeros(n, np.int64),) * 2 if results.seats else (wins[:, leader], wins[leader])
    n_coins = heads + tails
    low, high = clopper_pearson(heads, n_coins, delta if schedule == "fixed" else anytime_level(delta, n_coins))
    with np.errstate(divide="ignore"):
        lower, upper = (POINTS * (np.log(q) - np.log1p(-q)) for q in (low, high))
    lower[leader] = upper[leader] = 0.0
    return lower, upper


@kernel
def _coins(log, n, leader, strata):
    """Count heads and tails of each model: its m-th decided result in a stratum beside the leader's m-th."""
    coins = np.zeros((n, 2), np.int64)
    for i in range(n):
        if i == leader:
            continue
        found, decided, won = common(log, i, leader, strata)
        coins[i, 0] += won
        coins[i, 1] += decided - won
        for s in range(found):
            if log.keys[strata[s, 6]] // log.n_cells == leader:
                continue  # seats are exchanged, and the odds are those of twice the difference
            a, b = log.heads[strata[s, 6]], log.heads[strata[s, 7]]
            end_a, end_b = log.heads[strata[s, 6] + 1], log.heads[strata[s, 7] + 1]
            while True:
                while a < end_a and log.points[a] == 1:
                    a += 1
                while b < end_b and log.points[b] == 1:
                    b += 1
                if a >= end_a or b >= end_b:
                    break
                if log.points[a] > log.points[b]:
                    coins[i, 0] += 1
                elif log.points[a] < log.points[b]:
                    coins[i, 1] += 1
                a += 1
                b += 1
    return coins


def information_shares(wins: np.ndarray, predicted: np.ndarray, leader: int) -> np.ndarray:
    """Compute which share of the Fisher information on a difference the exact test has (statement SST-8).

    Parameters
    ----------
    wins : int64 array of shape (n, n)
        Decided battles that the row won against the column.
    predicted : float64 array of shape (n, n)
        Probabilities under Bradley-Terry that the row beats the column.
    leader : int
        The model that others are compared with.

    Returns
    -------
    float64 array of shape (n,)
        Direct battles and paths over one common opponent, divided by the effective conductance; NaN for the leader and
        for models to which no path leads.
    """
    from scipy.sparse import csgraph  # takes long to import

    conductance = (wins + wins.T) * predicted * (1 - predicted)
    both = conductance + conductance[leader]
    with np.errstate(invalid="ignore", divide="ignore"):
        paths = np.where(both > 0, conductance * conductance[leader] / both, 0.0).sum(axis=1)
    direct = conductance[:, leader]
    laplacian = np.diag(conductance.sum(axis=1)) - conductance
    part = csgraph.connected_components(conductance > 0, directed=False)[1]
    others = np.flatnonzero((part == part[leader]) & (np.arange(len(wins)) != leader))
    found = np.full(len(wins), np.nan)
    if others.size:
        resistance = np.diag(np.linalg.pinv(laplacian[np.ix_(others, others)], hermitian=True))
        found[others] = (direct + paths)[others] * resistance
    return found
