r"""The chain that payoffs define, with one population for each player or a single one, and its transition matrix.

With ``population="multi"`` a profile has one strategy for each player and a game has K tables. With
``population="single"`` all individuals play one symmetric game M, M(r, s) the payoff of r against s; the states are the
n strategies, D = n - 1, and a mutant r in a population of s has one of three advantages [1]_:

=======================  =====================================  ==============================================
fitness                  games                                  advantage
=======================  =====================================  ==============================================
local                    any                                    u = alpha (M(r,s) - M(s,r))
global, constant-sum     M(r,s) + M(s,r) = c, M(s,s) = c/2      u = alpha m / (m-1) (M(r,s) - c/2)
global, general          all others                             depends on the number of mutants, see `GlobalChain`
=======================  =====================================  ==============================================

The perturbed chain compares M(r,s) with M(s,r), whatever the fitness.

References
----------
.. [1] S. Omidshafiei et al., alpha-Rank: Multi-Agent Evaluation by Evolution, Scientific Reports 9:9937, 2019.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays, sparse
from lrtheory._types import ArrayLike
from lrtheory._validation import choice, integer, must, open_interval, real
from lrtheory.alpha_rank.chains.profiles import ProfileChain, payoff_differences, profile_neighbors
from lrtheory.alpha_rank.chains.single_population import single_chain, square_table
from lrtheory.alpha_rank.problem import LARGEST, Game, payoff_tables

__all__ = ["profile_chain", "transition_matrix"]


def profile_chain(
    payoffs: Game | ArrayLike,
    *,
    population: Literal["multi", "single"] = "multi",
    fitness: Literal["local", "global"] = "local",
    population_size: int = 50,
    tie_tol: float = 0.0,
) -> ProfileChain:
    r"""Build the regular tables of a game's chain, before alpha is chosen.

    Parameters
    ----------
    payoffs : Game, array of shape (K, s_1, ..., s_K), or sequence of K tables
        Mean payoffs; one square table, or a symmetric two-player game, for a single population.
    population : {"multi", "single"}
        One population for each player, or one for all.
    fitness : {"local", "global"}
        Fitness in a single population, see the table at the top of this module.
    population_size : int
        m in the paper, at least 2; here it is used by global fitness alone.
    tie_tol : float
        Payoff differences of at most this size are ties.

    Returns
    -------
    ProfileChain
        Tables of \|S\| D entries.

    Raises
    ------
    ValueError
        If the payoffs are not a game, or an option is out of range.

    Examples
    --------
    >>> profile_chain(([[3, 0], [5, 1]], [[3, 5], [0, 1]])).differences.tolist()
    [[2.0, 2.0], [1.0, -2.0], [-2.0, 1.0], [-1.0, -1.0]]
    >>> profile_chain([[3, 0], [5, 1]], population="single").differences.tolist()
    [[5.0], [-5.0]]
    """
    tie_tol = real("tie_tol", tie_tol, low=0)
    m = integer("population_size", population_size, low=2)
    if check_population(population, fitness) == "single":
        return single_chain(square_table(payoffs), fitness, m, tie_tol)
    tables = payoff_tables(payoffs)
    if tables.dtype == np.float32:
        tables = tables.astype(np.float64)
    sizes = tables.shape[1:]
    neighbors, players = profile_neighbors(sizes)
    differences = payoff_differences(tables.reshape(len(sizes), -1), neighbors, players)
    if tie_tol > 0:
        differences = np.where(abs(differences) <= tie_tol, 0 * differences, differences)
    return ProfileChain(sizes, neighbors, differences)


def check_population(population: str, fitness: str) -> str:
    """Check the kind of population together with its fitness, and return it."""
    choice("population", population, ("multi", "single"))
    if choice("fitness", fitness, ("local", "global")) == "global" and population == "multi":
        raise must("fitness", '"local" unless `population` is "single"', fitness)
    return population


@arrays("host")
def transition_matrix(
    payoffs: Game | ArrayLike,
    *,
    alpha: float,
    population_size: int = 50,
    population: Literal["multi", "single"] = "multi",
    fitness: Literal["local", "global"] = "local",
    perturbation: float | Fraction | None = None,
    format: Literal["csr", "dense"] = "csr",
) -> sparse.csr_array | np.ndarray:
    r"""Compute the transition matrix of alpha-Rank's chain, from rows to columns.

    Arrays: any (copied to the host)

    Parameters
    ----------
    payoffs : Game, array of shape (K, s_1, ..., s_K), or sequence of K tables
        Mean payoffs, or one square table for a single population; with Fractions, or with a Fraction for
        `perturbation`, the perturbed chain is exact.
    alpha : float
        Ranking intensity, in [0, inf].
    population_size : int
        m in the paper, at least 2; without effect at infinite alpha.
    population : {"multi", "single"}
        One population for each player, or one for all.
    fitness : {"local", "global"}
        Fitness in a single population, see the table at the top of this module.
    perturbation : float, Fraction or None
        Perturbation at infinite alpha, in (0, 0.5); None at finite alpha.
    format : {"csr", "dense"}
        Sparse, or a square array; exact chains are dense.

    Returns
    -------
    csr_array or ndarray of shape (\|S\|, \|S\|)
        Row-stochastic; \|S\| (D + 1) stored entries (statement AR-T10).

    Raises
    ------
    ValueError
        If a number is out of range, or `perturbation` is given at finite alpha or missing at infinite alpha.

    Examples
    --------
    >>> game = ([[3, 0], [5, 1]], [[3, 5], [0, 1]])
    >>> transition_matrix(game, alpha=float("inf"), perturbation=0.1, format="dense")[0].round(3).tolist()
    [0.1, 0.45, 0.45, 0.0]
    """
    alpha, m, perturbation = check_chain(alpha, population_size, perturbation)
    choice("format", format, ("csr", "dense"))
    chain = profile_chain(payoffs, population=population, fitness=fitness, population_size=m)
    if math.isinf(alpha) and perturbation is None:
        raise must(
            "perturbation", "in (0, 0.5) at infinite alpha, where the chain has no unique law without it", perturbation
        )
    check_intensity(chain, alpha, m)
    rates = chain.perturbed_rates(perturbation) if math.isinf(alpha) else chain.rates(alpha, m)
    stay = 1 - rates.sum(axis=1)
    if format == "dense":
        matrix = chain.dense(rates)
        matrix[np.diag_indices(len(matrix))] = stay
        return matrix
    if rates.dtype == object:
        raise must("format", '"dense" for exact payoffs', format)
    n, degree = rates.shape
    # every row has D + 1 entries, the diagonal first, so the row pointers are an arithmetic sequence
    columns = np.concatenate([np.arange(n)[:, None], chain.neighbors], axis=1).ravel()
    starts = np.arange(0, n * (degree + 1) + 1, degree + 1)
    return sparse.csr_array((np.concatenate([stay[:, None], rates], axis=1).ravel(), columns, starts), shape=(n, n))


def check_intensity(chain: ProfileChain, alpha: float, m: int) -> None:
    """Refuse a finite alpha at which log masses, up to n m alpha times the largest gain, leave the range of doubles."""
    most = LARGEST / max(len(chain.neighbors) * m * chain.largest_gain, 1 / LARGEST)
    if math.isfinite(alpha) and alpha > most:
        raise must("alpha", f"at most {most:.3g} for these payoffs, or infinite", alpha)


def check_chain(alpha: Any, population_size: Any, perturbation: Any) -> tuple[float, int, Any]:
    """Check alpha, population size and perturbation, each alone and together, and return them."""
    alpha = real("alpha", alpha, low=0)
    m = integer("population_size", population_size, low=2)
    if perturbation is not None:
        open_interval("perturbation", perturbation, 0, 0.5)
        if math.isfinite(alpha):
            raise must("perturbation", "None at finite alpha, whose chain needs no perturbation", perturbation)
    return alpha, m, perturbation
