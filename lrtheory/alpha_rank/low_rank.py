r"""Ranking from a few entries of a table of win rates, which is completed first because its payoffs have low rank.

With W the win rates of n players, the payoffs A = 2 W - 1 are antisymmetric, so their rank is even: rank 2 is one cycle
of styles, and each further pair of ranks is another one. The win rates themselves have one rank more, that of the
constant 1/2, so the payoffs are completed and not they [1]_.

References
----------
.. [1] Y. Du, X. Yan, X. Chen, J. Wang, H. Zhang, Estimating alpha-Rank from A Few Entries with Low Rank Matrix
   Completion, ICML 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, real_array
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import as_array, integer, must
from lrtheory.alpha_rank.matches.table import MatchTable, draw_means
from lrtheory.alpha_rank.problem import names_of

__all__ = ["CompletedTable", "complete_table"]


@result
class CompletedTable(Result):
    """A table of win rates without gaps.

    Attributes
    ----------
    means : float64 array of shape (n, n)
        Win rates in [0, 1] with ``means[i, j] + means[j, i] = 1``.
    names : tuple of str, or None
        Names of the players.
    residual : float
        Relative error of the payoffs on the entries that were given.
    n_observed : int
        Entries that were given or follow by antisymmetry, the diagonal included.
    rank : int
        Rank of the payoffs 2 W - 1.
    n_iter : int
        Iterations of the completion.
    converged : bool
        Whether the completion has converged.
    message : str
        The message of the completion, for instance that some player has met too few others.
    """

    means: np.ndarray
    names: tuple[str, ...] | None
    residual: float
    n_observed: int
    rank: int
    n_iter: int
    converged: bool
    message: str

    def _columns(self) -> dict[str, Any]:
        names = [str(i) for i in range(len(self.means))] if self.names is None else self.names
        return {"player": names} | {f"against {name}": column for name, column in zip(names, self.means.T, strict=True)}

    def _facts(self) -> list[str]:
        fit = f"payoffs of rank {self.rank} fit {self.n_observed:,} entries up to {self.residual:.2g}"
        return [fit, *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        draw_means(ax, self.means, self.names or [str(i) for i in range(len(self.means))])


@arrays("host")
def complete_table(
    means: MatchTable | ArrayLike,
    *,
    rank: int = 2,
    ridge: float = 0.0,
    max_iter: int = 200,
    names: Sequence[str] | None = None,
    rng: Rng = None,
) -> CompletedTable:
    """Fill the gaps of a table of win rates by low-rank completion of its payoffs.

    Arrays: any (copied to the host)

    Parameters
    ----------
    means : MatchTable, or array of shape (n, n)
        Win rates in [0, 1], NaN where a pair has not met. One of the two entries of a pair is enough.
    rank : int
        Rank of the payoffs 2 W - 1, even and at most n.
    ridge : float
        Weight of the squared factors, for noisy win rates.
    max_iter : int
        Largest number of iterations of the completion.
    names : sequence of str, optional
        Names of the players; by default those of the `MatchTable`, or on the axes of a pandas frame.
    rng : Generator, int or None
        Source of randomness of the start.

    Returns
    -------
    CompletedTable
        The win rates `means` of shape (n, n), and how well they fit in `residual`; `alpha_rank` takes this result.

    Raises
    ------
    ValueError
        If the table is not square or of one player, a win rate is not in [0, 1], a pair's rates do not sum to 1, the
        rank is odd, or nothing was played.

    Notes
    -----
    The response graph of the completed table is that of the truth as soon as no entry is off by half of the smallest
    payoff gap (statement LR-T1).

    References
    ----------
    .. [1] Y. Du, X. Yan, X. Chen, J. Wang, H. Zhang, Estimating alpha-Rank from A Few Entries with Low Rank Matrix
       Completion, ICML 2021.

    Examples
    --------
    Rock, paper and scissors, of which one pair has not met:

    >>> table = [[0.5, 0.2, np.nan], [np.nan, 0.5, 0.2], [np.nan, np.nan, 0.5]]
    >>> complete_table(table, rank=2, rng=0).means.round(3)[0].tolist()[:2]
    [0.5, 0.2]
    """
    if isinstance(means, MatchTable):
        names, means = names or means.names, means.means
    given = as_array("means", means)
    rates = np.array(real_array(array_namespace(), "means", given, finite=False), np.float64)  # a copy, with NaN
    if rates.ndim != 2 or rates.shape[0] != rates.shape[1]:
        raise must("means", "a square table of win rates", rates.shape)
    if len(rates) < 2:
        raise must("means", "a table of at least two players", rates.shape)
    called = names_of(means, names, rates.shape[:1])
    # rates that were rounded to half or single precision sum to 1 up to that rounding
    within = max(1e-9, 2 * np.finfo(given.dtype).eps if given.dtype.kind == "f" else 0.0)
    n = len(rates)
    if ((rates < 0) | (rates > 1)).any():
        raise must("means", "in [0, 1], or NaN where a pair has not met", rates)
    np.fill_diagonal(rates, 0.5)  # a player scores 1/2 against itself; the diagonal is not read
    other = 1 - rates.T
    if (abs(rates - other) > within).any():  # comparisons with NaN are false
        raise must("means", "rates that sum to 1 for each pair", float(np.nanmax(abs(rates - other))))
    rates = np.where(np.isnan(rates), other, rates)
    rank = integer("rank", rank, low=2, high=n)
    if rank % 2:
        raise must("rank", "even, as the rank of antisymmetric payoffs is", rank)
    if np.isnan(rates[~np.eye(n, dtype=bool)]).all():
        raise must("means", "a table with at least one pair that has met", rates)
    from lrtheory.matrix_completion import complete  # here, so that importing this system stays quick

    found = complete(2 * rates - 1, rank, method="exact", ridge=ridge, max_iter=max_iter, tol=1e-12, rng=rng)
    payoffs = found.block()
    payoffs = (payoffs - payoffs.T) / 2  # the completion knows nothing of antisymmetry, which this restores
    return CompletedTable(
        means=np.clip((1 + payoffs) / 2, 0.0, 1.0),
        names=None if called is None else called[0],
        residual=float(found.residual),
        n_observed=int((~np.isnan(rates)).sum()),
        rank=rank,
        n_iter=found.n_iter,
        converged=found.converged,
        message=found.message,
    )
