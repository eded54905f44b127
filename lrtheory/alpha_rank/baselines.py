"""Baselines: the dense eigenvectors of the authors' code, sampling by information gain, and boards by custom."""

from __future__ import annotations

import math

import numpy as np

from lrtheory._array import arrays
from lrtheory._types import ArrayLike
from lrtheory.alpha_rank.boards.resampled import BradleyTerryBoard, bradley_terry_board
from lrtheory.alpha_rank.chains.response_graph import graph_of_chain
from lrtheory.alpha_rank.chains.transition import check_chain, check_intensity, profile_chain
from lrtheory.alpha_rank.problem import Game, Names, names_of, payoff_tables
from lrtheory.alpha_rank.ranking import AlphaRankResult, as_ranking
from lrtheory.alpha_rank.sampling.information import information_gain
from lrtheory.alpha_rank.stationary.distribution import residual, stationary_answer
from lrtheory.alpha_rank.stationary.methods import check_dense

__all__ = ["BradleyTerryBoard", "bradley_terry_board", "eigenvector", "information_gain"]


@arrays("host")
def eigenvector(
    payoffs: Game | ArrayLike,
    *,
    alpha: float = math.inf,
    population_size: int = 50,
    perturbation: float | None = None,
    tie_tol: float = 0.0,
    names: Names | None = None,
) -> AlphaRankResult:
    r"""Compute alpha-Rank by the left eigenvector of eigenvalue 1 of the dense transition matrix.

    Arrays: any (copied to the host)

    Parameters
    ----------
    payoffs : Game, array of shape (K, s_1, ..., s_K), or sequence of K tables
        Mean payoffs.
    alpha : float
        Ranking intensity in [0, inf].
    population_size : int
        m in the paper, at least 2.
    perturbation : float or None
        Perturbation at infinite alpha; None means 0.01 there, as in the authors' code.
    tie_tol : float
        Payoff differences of at most this size are ties.
    names : sequence of K sequences of str, optional
        Names of the strategies; by default those of the game, or on the axes of pandas frames.

    Returns
    -------
    AlphaRankResult
        As `alpha_rank`, with an absolute error of some 1e-16 times the condition number.

    Raises
    ------
    numpy.linalg.LinAlgError
        If not exactly one eigenvalue is within 1e-10 of 1: the rates between two sinks are lost to rounding.
    ValueError
        As `alpha_rank`.

    References
    ----------
    .. [1] M. Lanctot et al., OpenSpiel: A Framework for Reinforcement Learning in Games, arXiv:1908.09453.

    Examples
    --------
    >>> prisoners = [[[3, 0], [5, 1]], [[3, 5], [0, 1]]]
    >>> eigenvector(prisoners).pi.round(3).tolist()
    [[0.0, 0.01], [0.01, 0.98]]
    """
    from scipy import linalg

    alpha, m, perturbation = check_chain(alpha, population_size, perturbation)
    if math.isinf(alpha) and perturbation is None:
        perturbation = 0.01
    tables = payoff_tables(payoffs)
    chain = profile_chain(tables, tie_tol=tie_tol)
    check_intensity(chain, alpha, m)
    names = names_of(payoffs, names, chain.sizes)
    check_dense(chain, '`alpha_rank` with `method` "power"')
    rates = chain.rates(alpha, m) if perturbation is None else chain.perturbed_rates(perturbation).astype(np.float64)
    matrix = chain.dense(rates)
    matrix[np.diag_indices(len(matrix))] = 1 - rates.sum(axis=1)
    values, left = linalg.eig(matrix, left=True, right=False)
    at_one = np.flatnonzero(abs(values - 1) < 1e-10)
    if len(at_one) != 1:
        raise np.linalg.LinAlgError(f"expected one eigenvalue 1, found {len(at_one)} within 1e-10")
    pi = left[:, at_one[0]].real  # of any sign and length, which the division by the sum sets right
    pi = pi / pi.sum()
    with np.errstate(invalid="ignore"):  # the route may give small negative masses
        law = stationary_answer("eig", pi, residual(matrix, pi), flops=25 * len(pi) ** 3, message="dense eigenvector")
    sinks = graph_of_chain(chain).markov_conley_chains()
    return as_ranking(law, chain.sizes, tables.dtype, sinks=sinks, names=names, reason="the authors' route")
