r"""Alpha-Rank in a single population of m individuals, all of whom play one symmetric game.

A population of s meets a mutant r; see `transition` for the three kinds of fitness.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._result import result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, must
from lrtheory.alpha_rank.chains.profiles import ProfileChain, profile_neighbors
from lrtheory.alpha_rank.problem import Game, payoff_tables

__all__ = ["GlobalChain", "single_chain", "square_table"]


def square_table(payoffs: Game | ArrayLike) -> np.ndarray:
    """Check a symmetric game and return its one table: float32, float64, or Fractions.

    Parameters
    ----------
    payoffs : Game or array of shape (n, n)
        A square table, or a two-player game in which the second player's table is the first one's transpose.

    Returns
    -------
    ndarray of shape (n, n)
        ``table[r, s]`` is the payoff of r against s.

    Raises
    ------
    ValueError
        If the table is not square and finite, or the game is not symmetric.
    """
    if isinstance(payoffs, Game):
        tables = payoffs.payoffs
        if len(tables) != 2 or tables.shape[1] != tables.shape[2] or (tables[1] != tables[0].T).any():
            raise must("payoffs", "a symmetric two-player game, or one square table", payoffs.sizes)
        return tables[0]
    table = array("payoffs", payoffs)
    if table.ndim != 2 or len(table) != table.shape[-1] or table.size == 0:
        raise must("payoffs", "one square table for a single population", table.shape)
    return payoff_tables(np.stack([table, table]))[0]


def single_chain(table: np.ndarray, fitness: str, m: int, tie_tol: float) -> ProfileChain:
    """Build the chain on the n strategies of a square table."""
    if table.dtype == np.float32:
        table = table.astype(np.float64)
    sizes = (len(table),)
    others, _ = profile_neighbors(sizes)
    residents = np.arange(len(table))[:, None]
    differences = table[others, residents] - table[residents, others]  # M(r, s) - M(s, r) for the mutant r
    if tie_tol > 0:
        differences = np.where(abs(differences) <= tie_tol, 0 * differences, differences)
    if fitness == "local":
        return ProfileChain(sizes, others, differences)
    if is_constant_sum(table):  # then M(r, s) - c/2 is half of that difference
        return ProfileChain(sizes, others, differences * m / (2 * (m - 1)))
    return GlobalChain(sizes, others, differences, table)


def is_constant_sum(table: np.ndarray) -> bool:
    """Tell whether M(r,s) + M(s,r) = 2 M(t,t) for all r, s, t; up to rounding unless the payoffs are Fractions."""
    excess = abs(table + table.T - 2 * table[0, 0])
    return bool((excess <= (0 if table.dtype == object else 1e-14 * abs(table).max())).all())


@result
class GlobalChain(ProfileChain):
    r"""The chain of a single population in which everybody meets everybody else.

    With p mutants r among m - p residents s the payoffs are

    .. math:: f_r(p) = \frac{(p-1) M_{rr} + (m-p) M_{rs}}{m-1}, \qquad f_s(p) = \frac{p M_{sr} + (m-p-1) M_{ss}}{m-1}

    and the mutant takes over with probability 1 / (1 + sum_{l=1}^{m-1} exp(-alpha F(l))),
    F(l) = sum_{p=1}^l (f_r(p) - f_s(p)), the absorption probability of a birth-death chain.

    Attributes
    ----------
    sizes : tuple of int
        (n,).
    neighbors : int64 array of shape (n, n - 1)
        Number of the strategy to which each mutation leads.
    differences : array of shape (n, n - 1)
        M(r,s) - M(s,r), which the perturbed chain and the response graph go by.
    table : array of shape (n, n)
        M.
    """

    table: np.ndarray

    @property
    def largest_gain(self) -> float:
        """A bound on what a mutant gains or loses per meeting: the payoff of a mutant less that of a resident."""
        return 2 * float(abs(self.table).max())

    def advantages(self, population_size: int, *, incoming: bool = False) -> np.ndarray:
        """Sum the payoff advantages to F(l), l = 1, ..., m - 1, along the last axis of shape (n, n - 1, m - 1).

        Parameters
        ----------
        population_size : int
            m in the paper.
        incoming : bool
            Return the sums for the opposite takeover, in which s is the mutant and r the resident.

        Returns
        -------
        array of shape (n, n - 1, m - 1)
            In units of payoff; F is a quadratic function of l.
        """
        m, residents = population_size, np.arange(len(self.table))[:, None]
        r, s = (residents, self.neighbors) if incoming else (self.neighbors, residents)
        rr, rs, sr, ss = (self.table[x, y][..., None] for x, y in ((r, r), (r, s), (s, r), (s, s)))
        # the sum over p = 1, ..., l of f_r(p) - f_s(p) in closed form; pairs[l] = 1 + 2 + ... + l
        steps = np.arange(1, m)
        pairs = steps * (steps + 1) // 2
        return (pairs * (rr - rs - sr + ss) + steps * (m * rs - rr - (m - 1) * ss)) / (m - 1)

    def log_rates(self, alpha: float, population_size: int) -> np.ndarray:
        """Compute log probabilities of the mutations, as `ProfileChain.log_rates` does.

        Parameters
        ----------
        alpha : float
            Ranking intensity, finite.
        population_size : int
            m in the paper.

        Returns
        -------
        float64 array of shape (n, n - 1)
            Log probabilities.
        """
        return self._log_rates(alpha, self.advantages(population_size))

    def rates(self, alpha: float, population_size: int, *, incoming: bool = False) -> np.ndarray:
        """Compute probabilities of the mutations, as `ProfileChain.rates` does.

        Parameters
        ----------
        alpha : float
            Ranking intensity, finite.
        population_size : int
            m in the paper.
        incoming : bool
            Return the probabilities of the opposite takeovers instead.

        Returns
        -------
        float64 array of shape (n, n - 1)
            Probabilities, which may underflow.
        """
        return np.exp(self._log_rates(alpha, self.advantages(population_size, incoming=incoming)))

    def alpha_terms(self, population_size: int) -> tuple[np.ndarray, np.ndarray]:
        """Return leading terms c exp(-alpha p) of D times the rates as alpha grows.

        The sum 1 + sum_l exp(-alpha F(l)) is led by its smallest exponent: with F(0) = 0, p = -min F(l), and c is one
        over the number of l = 0, ..., m - 1 that attain it.

        Parameters
        ----------
        population_size : int
            m in the paper.

        Returns
        -------
        coefficients, orders : array of shape (n, n - 1)
            Orders in units of payoff.
        """
        barriers = -self.advantages(population_size)
        barriers = np.concatenate([0 * barriers[..., :1], barriers], axis=-1)
        orders = barriers.max(axis=-1)
        # F is a sum of up to m payoffs in doubles, so ties among its values are told up to m roundings of a payoff
        tol = 0 if self.exact else 1e-12 * float(abs(self.table).max(initial=0.0)) * population_size
        count = np.asarray(barriers >= orders[..., None] - tol).sum(axis=-1)
        one = orders * 0 + 1
        return one / (count.astype(object) if self.exact else count), orders

    def _log_rates(self, alpha: float, advantages: np.ndarray) -> np.ndarray:
        """Return -log(1 + sum of exp(-alpha F)) - log D, with the largest exponent taken out of the sum."""
        exponents = -alpha * advantages.astype(np.float64)
        top = np.maximum(exponents.max(axis=-1), 0.0)
        total = np.exp(-top) + np.exp(exponents - top[..., None]).sum(axis=-1)
        return -top - np.log(total) - math.log(exponents.shape[1] or 1)
