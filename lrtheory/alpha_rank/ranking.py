r"""alpha-Rank: strategy profiles ranked by the stationary law of an evolutionary chain.

.. math:: \pi C = \pi, \qquad C_{s\sigma} = \tfrac1D \, \rho_m(\alpha\,(M^k(\sigma) - M^k(s)))

for every profile sigma that differs from s in the strategy of one player k; see `chain` for rho. At infinite alpha the
chain is reducible and its law is a limit, of which there are two: that of the chain perturbed by epsilon as epsilon ->
0 (``limit="epsilon"``, which the papers call infinite-alpha alpha-Rank), and that of alpha -> infinity at a fixed
population size (``limit="alpha"``). They agree for one sink without ties (statement AR-T6), and differ in general
(AR-T7).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._validation import choice, must
from lrtheory.alpha_rank import power
from lrtheory.alpha_rank.chain import ProfileChain, check_chain, profile_chain
from lrtheory.alpha_rank.problem import Game, payoff_tables, strategy_labels
from lrtheory.alpha_rank.response_graph import graph_of_chain
from lrtheory.alpha_rank.stationary import (
    MAX_DENSE,
    Reducible,
    StationaryResult,
    solve_gth,
    solve_leading,
    solve_log_gth,
    solve_power,
)

__all__ = ["AlphaRankResult", "alpha_rank"]


@result
class AlphaRankResult(Result):
    r"""A ranking of strategy profiles.

    Attributes
    ----------
    pi : array of shape (s_1, ..., s_K)
        Mass of every profile; Fractions for exact payoffs in a limit.
    log_pi : array of shape (s_1, ..., s_K)
        Its logarithm, also where `pi` underflows; -inf for mass 0.
    order : array of shape (s_1, ..., s_K), or None
        In a limit: the mass vanishes like x^order, with x = epsilon or x = exp(-alpha); 0 where mass remains.
    ranking : int64 array of shape (\|S\|,)
        Profile numbers by decreasing mass, then by increasing order, then by number; `numpy.unravel_index` turns them
        into profiles.
    marginals : tuple of K arrays
        Mass of every strategy of each player.
    sinks : tuple of int64 arrays
        The Markov-Conley chains of the response graph, as profile numbers.
    labels : tuple of tuples of str, or None
        Names of the strategies.
    residual : float or Fraction
        l1 norm of pi C - pi; 0 exactly for Fractions. In a limit, C is the limit chain.
    method, reason : str
        The method used, and why.
    n_iter : int
        Sweeps of the power iteration, or states eliminated.
    converged : bool
        False only for a power iteration that was cut short.
    message : str
        How it ended.
    counts : mapping
        ``flops`` and ``profiles``.
    """

    pi: Any
    log_pi: Any
    order: Any
    ranking: Any
    marginals: tuple[Any, ...]
    sinks: tuple[Any, ...]
    labels: tuple[tuple[str, ...], ...] | None
    residual: Any
    method: str
    reason: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]


@arrays("host")
def alpha_rank(
    payoffs: Game | Any,
    *,
    alpha: float = math.inf,
    population_size: int = 50,
    limit: Literal["epsilon", "alpha"] = "epsilon",
    epsilon: float | Fraction | None = None,
    tie_tol: float = 0.0,
    method: Literal["auto", "gth", "log-gth", "leading", "power"] = "auto",
    labels: Any = None,
) -> AlphaRankResult:
    r"""Rank the strategy profiles of a game.

    Parameters
    ----------
    payoffs : Game, array of shape (K, s_1, ..., s_K), or sequence of K tables
        Mean payoffs. Fractions give exact limits. float32 is computed in float64 and returned as float32.
    alpha : float
        Ranking intensity in units of 1 / payoff, in [0, inf].
    population_size : int
        m in the paper, at least 2. Without effect on the epsilon chain and its limit.
    limit : {"epsilon", "alpha"}
        Which limit infinite alpha means: of the perturbed chain as `epsilon` -> 0, or of alpha -> infinity at this
        population size.
    epsilon : float, Fraction or None
        At infinite alpha: a perturbation in (0, 0.5), or None for the exact limit.
    tie_tol : float
        Payoff differences of at most this size are ties. Infinite-alpha rankings jump there.
    method : {"auto", "gth", "log-gth", "leading", "power"}
        Solver for the stationary law, see `stationary_distribution`; "leading" solves limits and nothing else.
    labels : sequence of K sequences of str, optional
        Names of the strategies; by default those of the game.

    Returns
    -------
    AlphaRankResult
        With `pi` of shape (s_1, ..., s_K), `ranking`, `marginals`, `sinks`, ...

    Raises
    ------
    ValueError
        If the payoffs are no game, a number is out of range, `method` cannot solve what is asked, or there are more
        than 4096 profiles for a dense method.

    Notes
    -----
    The law is unique and positive for alpha < infinity (statement AR-T1). With an exact potential phi it is
    pi(s) = exp((m - 1) alpha phi(s)) / Z (AR-T4).

    References
    ----------
    .. [1] S. Omidshafiei et al., alpha-Rank: Multi-Agent Evaluation by Evolution, Scientific Reports 9:9937, 2019.
    .. [2] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019.

    Examples
    --------
    Two sinks, and two limits that differ:

    >>> coordination = [[[2, 0], [0, 1]], [[2, 0], [0, 1]]]
    >>> alpha_rank(coordination).pi.tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    >>> alpha_rank(coordination, limit="alpha").pi.tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    alpha, m, epsilon = check_chain(alpha, population_size, epsilon)
    choice("limit", limit, ("epsilon", "alpha"))
    choice("method", method, ("auto", "gth", "log-gth", "leading", "power"))
    if limit == "alpha" and epsilon is not None:
        raise must("epsilon", 'None for `limit` "alpha"', epsilon)
    tables = payoff_tables(payoffs)
    chain = profile_chain(tables, tie_tol=tie_tol)
    if math.isinf(alpha) and epsilon is None:
        law, reason = _limit(chain, limit, m, method)
    else:
        law, reason = _law(chain, alpha, m, epsilon, method)
    if labels is None and isinstance(payoffs, Game):
        labels = payoffs.labels
    sinks = graph_of_chain(chain).markov_conley_chains()
    return as_ranking(law, tables, sinks=sinks, labels=labels, reason=reason)


def as_ranking(law: StationaryResult, tables: np.ndarray, *, sinks: list, labels: Any, reason: str) -> AlphaRankResult:
    """A stationary law on profile numbers as a ranking in the shape and float type of the payoffs."""
    sizes = tables.shape[1:]
    dtype = np.float32 if tables.dtype == np.float32 else law.pi.dtype
    pi = law.pi.astype(dtype).reshape(sizes)
    others = [tuple(i for i in range(len(sizes)) if i != player) for player in range(len(sizes))]
    order = None if law.order is None else law.order.reshape(sizes)
    ties = np.zeros(law.pi.size) if law.order is None else law.order.astype(np.float64)
    message = law.message
    if law.method == "power" and len(sinks) > 1:
        message += f"; the chain has {len(sinks)} sinks, which may exchange mass more slowly than that shows"
    return AlphaRankResult(
        pi=pi,
        log_pi=law.log_pi.astype(np.float32 if dtype == np.float32 else np.float64).reshape(sizes),
        order=order,
        ranking=np.lexsort((ties, -law.log_pi)),
        marginals=tuple(np.asarray(law.pi.reshape(sizes).sum(axis=axes)).astype(dtype) for axes in others),
        sinks=tuple(sinks),
        labels=strategy_labels(labels, sizes),
        residual=law.residual,
        method=law.method,
        reason=reason,
        n_iter=law.n_iter,
        converged=law.converged,
        message=message,
        counts={**law.counts, "profiles": law.pi.size},
    )


def _limit(chain: ProfileChain, limit: str, m: int, method: str) -> tuple[StationaryResult, str]:
    """The exact limit, from the leading terms of the rates."""
    if method not in ("auto", "leading"):
        raise must("method", '"auto" or "leading" for a limit (give `epsilon` for the others)', method)
    check_dense(chain, 'give `epsilon` and `method` "power"')
    coefficients, orders = chain.epsilon_terms() if limit == "epsilon" else chain.alpha_terms(m)
    # orders in epsilon are counts; those in exp(-alpha) are sums of payoff gaps, known up to rounding
    tol = 0.0 if limit == "epsilon" or chain.exact else 1e-11 * len(orders) * float(orders.max(initial=0.0))
    law = solve_leading(chain.dense(coefficients), chain.dense(orders, fill=math.inf), tol=tol)
    return law, "chosen by the caller" if method == "leading" else "a limit is exact on leading terms"


def _law(chain: ProfileChain, alpha: float, m: int, epsilon: Any, method: str) -> tuple[StationaryResult, str]:
    """The law at finite alpha or of the epsilon chain, and why by this method."""
    n = len(chain.neighbors)
    if method == "leading":
        raise must("method", 'other than "leading", which solves limits (`alpha` infinite, `epsilon` None)', method)
    if method != "auto":
        return _solve(chain, alpha, m, epsilon, method), "chosen by the caller"
    if n > MAX_DENSE:
        return _solve(chain, alpha, m, epsilon, "power"), f"more than {MAX_DENSE} profiles"
    try:
        return _solve(chain, alpha, m, epsilon, "gth"), "accurate in every entry"
    except Reducible:  # finite alpha is always irreducible (AR-T1): the doubles are at fault
        return _solve(chain, alpha, m, epsilon, "log-gth"), "rates underflow at this alpha"


def _solve(chain: ProfileChain, alpha: float, m: int, epsilon: Any, method: str) -> StationaryResult:
    """The law by one method."""
    finite = epsilon is None
    if method == "power":
        if finite:
            outgoing, incoming = chain.rates(alpha, m), chain.rates(alpha, m, incoming=True)
        else:
            outgoing, incoming = chain.epsilon_rates(epsilon), chain.epsilon_rates(epsilon, incoming=True)
        rates = power.regular_rates(chain, outgoing.astype(np.float64), incoming.astype(np.float64))
        return solve_power(rates, tol=1e-13, max_iter=100_000)
    check_dense(chain, '`method` "power"')
    if method == "log-gth":
        log_rates = chain.log_rates(alpha, m) if finite else np.log(chain.epsilon_rates(epsilon).astype(np.float64))
        return solve_log_gth(chain.dense(log_rates, fill=-math.inf))
    return solve_gth(chain.dense(chain.rates(alpha, m) if finite else chain.epsilon_rates(epsilon)))


def check_dense(chain: ProfileChain, instead: str) -> None:
    """Refuse games whose dense matrix would be too large."""
    n = len(chain.neighbors)
    if n > MAX_DENSE:
        raise must("payoffs", f"a game of at most {MAX_DENSE} profiles here ({instead} takes more)", n)
