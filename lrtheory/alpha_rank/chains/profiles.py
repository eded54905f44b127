r"""The Markov chain of alpha-Rank on strategy profiles.

From profile s one of the D single-player deviations is tried, each with probability 1/D, and accepted with

.. math:: \rho_m(u) = \frac{1 - e^{-u}}{1 - e^{-mu}}, \qquad u = \alpha\,(M^k(\sigma) - M^k(s)),

the probability that one mutant takes over a population of size m. At infinite alpha it is accepted with probability
1 - epsilon, 1/2 or epsilon, with the perturbation epsilon, when the deviating player gains, ties or loses. See [1]_,
[2]_.

The papers write eta for 1/D. Every profile has the same number D of neighbors, so the chain is a table of shape
(\|S\|, D) and needs no sparse format.

References
----------
.. [1] S. Omidshafiei et al., alpha-Rank: Multi-Agent Evaluation by Evolution, Scientific Reports 9:9937, 2019.
.. [2] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, real_array
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import flag, integer, must

__all__ = ["ProfileChain", "fixation_probability", "profile_neighbors"]


@arrays("device")
def fixation_probability(u: Number | ArrayLike, *, population_size: int, log: bool = False) -> Any:
    r"""Compute the probability that one mutant takes over a population, given its advantage.

    Arrays: any (device)

    Stable for every u: it goes through expm1 of -\|u\|, and rho(-u) = rho(u) exp(-(m-1) u) (statement AR-T3).

    Parameters
    ----------
    u : float, or array of any shape
        Selection strength times payoff advantage of the mutant, dimensionless.
    population_size : int
        m in the paper, at least 2.
    log : bool
        Return the logarithm, which does not underflow.

    Returns
    -------
    array of the shape of `u`, or float
        rho_m(u) in [0, 1]: 1/m at u = 0, increasing; in single precision where `u` is in single or half precision.

    Raises
    ------
    ValueError
        If `population_size` is below 2, or `u` has a NaN.

    Notes
    -----
    rho_m(u) = 1 / (1 + sum_{l=1}^{m-1} exp(-l u)), the absorption probability of a birth-death chain (statement AR-T2).

    Examples
    --------
    >>> fixation_probability(0.0, population_size=50)
    0.02
    >>> fixation_probability(-100.0, population_size=50, log=True)
    -4900.0
    """
    m, log = integer("population_size", population_size, low=2), flag("log", log)
    xp = array_namespace(u)
    advantage = real_array(xp, "u", u, finite=False)
    if bool(xp.any(xp.isnan(advantage))):
        raise must("u", "free of NaN", math.nan)
    size = xp.abs(advantage)
    neutral = size == 0
    # both branches of a `where` are computed: 1 stands in for 0, where the formula would divide 0 by 0
    size = xp.where(neutral, xp.ones_like(size), size)
    one, all_of_them = -xp.expm1(-size), -xp.expm1(-m * size)
    # uphill rho(|u|) = one / all_of_them; downhill the same times exp(-(m-1)|u|)
    descent = xp.where(advantage < 0, (m - 1) * size, xp.zeros_like(size))
    if log:
        answer = xp.where(neutral, xp.full_like(size, -math.log(m)), xp.log(one) - xp.log(all_of_them) - descent)
    else:
        answer = xp.where(neutral, xp.full_like(size, 1 / m), one / all_of_them * xp.exp(-descent))
    return float(answer) if isinstance(u, (int, float)) else answer


# --- profiles and their neighbors ------------------------------------------------------------------------------------


def profile_neighbors(sizes: tuple[int, ...], profiles: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    r"""List the D single-player deviations of every profile.

    Parameters
    ----------
    sizes : tuple of int
        Number of strategies of each player.
    profiles : int array of shape (n,), optional
        The profiles that are wanted; by default all.

    Returns
    -------
    neighbors : int64 array of shape (\|S\|, D)
        Profile after the deviation. Columns run through the players, and for each player through the other strategies
        in ascending order.
    players : int64 array of shape (D,)
        Number of the player who deviates in each column.
    """
    profiles = np.arange(math.prod(sizes)) if profiles is None else profiles
    blocks, stride = [], math.prod(sizes)
    for size in sizes:
        stride //= size
        # in C-order a player's strategy is a digit of the profile number; a deviation adds (other - own) strides
        own = (profiles // stride % size)[:, None]
        other = np.arange(size - 1)[None, :]
        other = other + (other >= own)
        blocks.append(profiles[:, None] + (other - own) * stride)
    players = np.repeat(np.arange(len(sizes)), [size - 1 for size in sizes])
    return np.concatenate(blocks, axis=1), players


def payoff_differences(tables: np.ndarray, neighbors: np.ndarray, players: np.ndarray) -> np.ndarray:
    r"""Compute the gains of the deviating player: payoffs (..., K, \|S\|) become differences (..., \|S\|, D)."""
    mine = tables[..., players, :].swapaxes(-1, -2)  # (..., |S|, D): the payoff of the deviating player before
    return tables[..., players[None, :], neighbors] - mine


@result
class ProfileChain(Result):
    r"""The chain of a game as regular tables with D columns, one per deviation; the diagonal is not stored.

    Attributes
    ----------
    sizes : tuple of int
        Number of strategies of each player.
    neighbors : int64 array of shape (\|S\|, D)
        Number of the profile to which each deviation leads.
    differences : array of shape (\|S\|, D)
        Payoff gain of the deviating player, 0 where it counts as a tie; float64 or Fractions.
    """

    sizes: tuple[int, ...]
    neighbors: np.ndarray
    differences: np.ndarray

    def _columns(self) -> dict[str, Any]:
        profiles = np.repeat(np.arange(len(self.neighbors)), self.neighbors.shape[1])
        return {"profile": profiles, "neighbor": self.neighbors.ravel(), "gain": self.differences.ravel()}

    def _draw(self, ax: Any) -> None:
        ax.hist(self.differences.ravel().astype(np.float64), bins=40)
        ax.set(xlabel="gain of the deviating player", ylabel="deviations")

    @property
    def exact(self) -> bool:
        """True when the payoffs are Fractions, on which everything at infinite alpha is exact."""
        return self.differences.dtype == object

    @property
    def largest_gain(self) -> float:
        """A bound on what a mutant gains or loses in one meeting."""
        return float(abs(self.differences).max(initial=0))

    def log_rates(self, alpha: float, population_size: int) -> np.ndarray:
        r"""Compute log probabilities of the deviations at finite alpha.

        Parameters
        ----------
        alpha : float
            Ranking intensity, finite.
        population_size : int
            m in the paper.

        Returns
        -------
        float64 array of shape (\|S\|, D)
            log(rho_m(u) / D).
        """
        u = alpha * self.differences.astype(np.float64)
        return fixation_probability(u, population_size=population_size, log=True) - math.log(u.shape[1] or 1)

    def rates(self, alpha: float, population_size: int, *, incoming: bool = False) -> np.ndarray:
        r"""Compute probabilities of the deviations at finite alpha; they may underflow to 0.

        Parameters
        ----------
        alpha : float
            Ranking intensity, finite.
        population_size : int
            m in the paper.
        incoming : bool
            Return the probabilities of the moves from each neighbor to the profile instead.

        Returns
        -------
        float64 array of shape (\|S\|, D)
            rho_m(u) / D.

        Raises
        ------
        TypeError
            If `incoming` is neither True nor False.
        """
        u = (-alpha if flag("incoming", incoming) else alpha) * self.differences.astype(np.float64)
        return fixation_probability(u, population_size=population_size) / (u.shape[1] or 1)

    def perturbed_rates(self, perturbation: float | Fraction, *, incoming: bool = False) -> np.ndarray:
        r"""Compute probabilities of the deviations at infinite alpha with a perturbation.

        Parameters
        ----------
        perturbation : float or Fraction
            Perturbation, in (0, 0.5).
        incoming : bool
            Return the probabilities of the moves from each neighbor to the profile instead.

        Returns
        -------
        array of shape (\|S\|, D)
            Up (1 - perturbation) / D, tie 1 / (2 D), down perturbation / D; Fractions when the payoffs or the
            perturbation are.

        Raises
        ------
        TypeError
            If `incoming` is neither True nor False.
        """
        number: type = Fraction if self.exact or isinstance(perturbation, Fraction) else float
        perturbation, share = number(perturbation), number(1) / (self.neighbors.shape[1] or 1)
        up, down = (perturbation, 1 - perturbation) if flag("incoming", incoming) else (1 - perturbation, perturbation)
        return self._by_sign(share * up, share / 2, share * down)

    def perturbed_terms(self) -> tuple[np.ndarray, np.ndarray]:
        r"""Return leading terms c epsilon^p of D times the rates of the perturbed chain.

        Returns
        -------
        coefficients, orders : array of shape (\|S\|, D)
            Up (1, 0), tie (1/2, 0), down (1, 1).
        """
        number: type = Fraction if self.exact else float
        one, zero = number(1), number(0)
        return self._by_sign(one, one / 2, one), self._by_sign(zero, zero, one)

    def alpha_terms(self, population_size: int) -> tuple[np.ndarray, np.ndarray]:
        r"""Return leading terms c exp(-alpha p) of D times the rates as alpha grows.

        Parameters
        ----------
        population_size : int
            m in the paper.

        Returns
        -------
        coefficients, orders : array of shape (\|S\|, D)
            Up (1, 0), tie (1/m, 0), down (1, (m - 1) loss), the loss in units of payoff.
        """
        number: type = Fraction if self.exact else float
        one, zero = number(1), number(0)
        barrier = np.where(self.differences < 0, -(population_size - 1) * self.differences, np.asarray(zero))
        return self._by_sign(one, one / population_size, one), barrier

    def dense(self, values: np.ndarray, *, fill: float = 0) -> np.ndarray:
        r"""Spread a table of deviations over a square matrix.

        Parameters
        ----------
        values : array of shape (\|S\|, D)
            An entry for each deviation.
        fill : number
            The entries on the diagonal and where there is no deviation.

        Returns
        -------
        array of shape (\|S\|, \|S\|)
            Fresh and writable.
        """
        n = len(self.neighbors)
        filler = Fraction(fill) if values.dtype == object and fill == 0 else fill
        matrix = np.full((n, n), filler, dtype=values.dtype)
        matrix[np.arange(n)[:, None], self.neighbors] = values
        return matrix

    def _by_sign(self, up: Any, tie: Any, down: Any) -> np.ndarray:
        """Return a table with one of three values, by the sign of the payoff difference."""
        values = np.array([tie, up, down], dtype=object if isinstance(up, Fraction) else np.float64)
        # index 0 for a tie, 1 for a gain, 2 for a loss
        return values[(self.differences > 0).astype(np.intp) + 2 * (self.differences < 0)]
