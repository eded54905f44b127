r"""Elo ratings by maximum likelihood: the ratings of most leaderboards, which cannot show a cycle.

.. math:: P(i \text{ beats } j) = \frac{1}{1 + 10^{(r_j - r_i)/400}} = \sigma(\theta_i - \theta_j),
   \qquad \theta = r \log(10) / 400 .
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, integer, must, open_interval
from lrtheory.alpha_rank.matches.table import MatchTable
from lrtheory.alpha_rank.problem import names_of

__all__ = ["EloResult", "elo"]

POINTS = 400 / math.log(10)  # of one natural logit
#: doubles count no farther than this, one by one
MOST_GAMES = 2.0**53
#: smallest ridge, in parts of the largest number of wins, where it alone makes the ratings finite
LEAST_RIDGE = 1e-12


@result
class EloResult(Result):
    """The Elo ratings of n players, and how they were found.

    Attributes
    ----------
    ratings : float64 array of shape (n,)
        Ratings in points; their sum is 0.
    predicted : float64 array of shape (n, n)
        Probability that the row beats the column.
    names : tuple of str, or None
        Names of the players.
    log_likelihood : float
        Log-likelihood of the wins, without the ridge, in nats.
    n_iter : int
        Newton steps.
    converged : bool
        Whether the last step changed no rating by more than 1e-6 points.
    message : str
        Whether ratings exist without the ridge.
    counts : mapping
        ``games``, rounded down.
    """

    ratings: np.ndarray
    predicted: np.ndarray
    names: tuple[str, ...] | None
    log_likelihood: float
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        order = np.argsort(-self.ratings, kind="stable")
        names = range(len(order)) if self.names is None else self.names
        return {"player": [names[i] for i in order], "elo": self.ratings[order]}

    def _facts(self) -> list[str]:
        return [self.message] if self.converged else [self.message, f"not converged after {self.n_iter} Newton steps"]


@arrays("host")
def elo(
    wins: MatchTable | ArrayLike | str | PathLike[str],
    *,
    ridge: float = 1e-6,
    max_iter: int = 200,
    names: Sequence[str] | None = None,
) -> EloResult:
    r"""Compute the Elo ratings that make the wins most likely.

    Arrays: any (copied to the host)

    Parameters
    ----------
    wins : MatchTable, path of a log of matches, or array of shape (n, n)
        ``wins[i, j]``: how often i has beaten j; a draw counts half for both. In [0, 2^53]; the diagonal is ignored.
    ridge : float
        Weight of sum theta^2 / 2 in natural logits, in (0, 1e300), in units of `wins`. It fixes the sum, and gives
        finite ratings to players who won all games or none; there it must be at least 1e-12 of the largest number of
        wins.
    max_iter : int
        Largest number of Newton steps.
    names : sequence of str, optional
        Names of the players; by default those of the `MatchTable`, or on the axes of a pandas frame.

    Returns
    -------
    EloResult
        The `ratings` (n,) and the win rates that they predict, `predicted` (n, n).

    Raises
    ------
    ValueError
        If `wins` is not square with entries in [0, 2^53], or `ridge` is out of range or too small.

    Notes
    -----
    The objective sum_ij w_ij log sigma(theta_i - theta_j) - ridge \|theta\|^2 / 2 is strictly concave. Its gradient
    sums to -ridge sum theta, so the sum is 0 at the maximum. Without ridge a maximum exists if and only if every player
    can be reached from every other one along wins [1]_.

    References
    ----------
    .. [1] L. R. Ford Jr., Solution of a Ranking Problem from Binary Comparisons,
       American Mathematical Monthly 64, 1957.

    Examples
    --------
    >>> elo([[0, 10], [1, 0]]).ratings.round(1).tolist()
    [200.0, -200.0]
    """
    if isinstance(wins, (str, PathLike)):
        wins = MatchTable.from_file(wins)
    if isinstance(wins, MatchTable):
        names, wins = names or wins.names, wins.wins
    table = array("wins", wins, low=0, high=MOST_GAMES).astype(np.float64)
    if table.ndim != 2 or len(table) != table.shape[-1] or table.size == 0:
        raise must("wins", "square, with a player", table.shape)
    called = names_of(wins, names, table.shape[:1])
    ridge, max_iter = open_interval("ridge", ridge, 0, 1e300), integer("max_iter", max_iter, low=1)
    table[np.eye(len(table), dtype=bool)] = 0
    most = float(table.max()) or 1.0
    message = _existence(table, ridge, LEAST_RIDGE * most)
    theta, n_iter, converged = _newton(table / most, ridge / most, max_iter)
    gaps = np.subtract.outer(theta, theta)
    return EloResult(
        ratings=POINTS * theta,
        predicted=0.5 + 0.5 * np.tanh(gaps / 2),
        names=None if called is None else called[0],
        log_likelihood=-float((table * np.logaddexp(0, -gaps)).sum()),
        n_iter=n_iter,
        converged=converged,
        message=message,
        counts={"games": int(table.sum())},
    )


def _newton(wins: np.ndarray, ridge: float, max_iter: int) -> tuple[np.ndarray, int, bool]:
    """Maximize the likelihood by Newton's method, steps halved until it does not fall; `wins` are at most 1."""
    from scipy.special import expit

    # the log likelihood is concave and the ridge makes it strictly so: the maximum is unique
    games, n = wins + wins.T, len(wins)

    def objective(theta: np.ndarray) -> float:
        gaps = np.subtract.outer(theta, theta)
        return -float((wins * np.logaddexp(0, -gaps)).sum()) - ridge / 2 * float(theta @ theta)

    theta, value = np.zeros(n), objective(np.zeros(n))
    for step in range(1, max_iter + 1):
        gaps = np.subtract.outer(theta, theta)
        p, q = expit(gaps), expit(-gaps)  # q, since 1 - p would lose small ones
        gradient = (wins * q - wins.T * p).sum(axis=1) - ridge * theta
        curvature = games * p * q
        # the steps sum to 0, as the gradients do; so the ones keep the matrix regular and change no step
        hessian = np.diag(curvature.sum(axis=1) + ridge) - curvature + curvature.max(initial=0.0)
        change = np.linalg.solve(hessian, gradient - gradient.mean())
        change -= change.mean()
        if abs(change).max() * POINTS > 1000:  # where curves are flat a full step would overshoot
            change *= 1000 / POINTS / abs(change).max()
        while (after := objective(theta + change)) < value - 1e-12 * abs(value) and abs(change).max() > 1e-12:
            change /= 2
        theta, value = theta + change, after
        theta -= theta.mean()
        if abs(change).max() * POINTS <= 1e-6:
            return theta, step, True
    return theta, max_iter, False


def _existence(wins: np.ndarray, ridge: float, least: float) -> str:
    """Say whether the ratings exist without ridge (Ford's condition), and refuse a ridge that rounding would lose.

    The condition: the graph with an arc from i to j where i has beaten j is strongly connected.
    """
    from scipy.sparse.csgraph import connected_components

    if connected_components(wins > 0, directed=True, connection="strong")[0] == 1:
        return "the ratings exist without ridge"
    if ridge < least:
        raise must("ridge", f"at least {least:.3g} for these wins, whose ratings do not exist without it", ridge)
    if connected_components(wins > 0, directed=False)[0] > 1:
        return "some players are connected by no games; each group has mean 0 by the ridge alone"
    return "some players win all their games against the others; the ridge alone keeps their ratings finite"
