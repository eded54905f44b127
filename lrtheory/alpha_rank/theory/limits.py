r"""The limits of infinite selection strength that are known, with proofs; part of `theory`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory._validation import array, must
from lrtheory.alpha_rank.chains.response_graph import response_signs
from lrtheory.alpha_rank.problem import payoff_tables
from lrtheory.alpha_rank.stationary.distribution import stationary_distribution

__all__ = ["coordination_limits", "has_no_ties", "order_only", "single_sink_limit"]


class HasPayoffs(Protocol):
    """A game of any class."""

    @property
    def payoffs(self) -> Any: ...


def has_no_ties(game: HasPayoffs | ArrayLike) -> bool:
    """Tell whether every deviation changes the payoff of the deviating player (a hypothesis of statement AR-T6).

    Parameters
    ----------
    game : object with `payoffs`, or array of shape (K, s_1, ..., s_K)
        A game.

    Returns
    -------
    bool
        True when every edge of the response graph has one direction.

    Raises
    ------
    ValueError
        If the payoffs are not a game.

    Examples
    --------
    >>> has_no_ties(np.array([[0.0, 0.0]]))
    False
    """
    payoffs: Any = getattr(game, "payoffs", game)
    return bool((response_signs(payoff_tables(payoffs, name="game"), batch=False) != 0).all())


def single_sink_limit(rates: ArrayLike) -> np.ndarray:
    r"""Compute the law of the walk on the only sink of a game without ties, the limit of both kinds (AR-T6).

    Parameters
    ----------
    rates : array of shape (n, n)
        Rates at epsilon = 0, up to a factor: 1 uphill, 0 downhill.

    Returns
    -------
    ndarray of shape (n,)
        Fractions when the rates are Fractions; 0 outside the sink.

    Raises
    ------
    ValueError
        If the rates are not square and at least 0, or the walk has several sinks.

    Proof
    -----
    Assumes: one sink (checked here) and no ties (hypothesis of AR-T6). The error of order epsilon needs one sink alone
    (hypothesis of AR-T6-rate).

    Proof: of the limits. Without ties both chains have rates that converge to those of the walk, as epsilon -> 0 and as
    alpha -> infinity, where rho -> 1 uphill and -> 0 downhill. So any limit point of their laws is stationary for the
    walk. The walk leaves every state outside the sink for good and is irreducible on the sink, so it has one stationary
    law, and both laws converge to it.

    Of the error in epsilon: it is of the order of epsilon, or 0 at every epsilon. The rates are affine in epsilon, so
    the law is a rational function of epsilon; it is bounded, hence without a pole at 0, and the error is O(epsilon).
    Where a profile lies outside the sink, some deviation joins the two, and it leads into the sink. In each step mass
    of at least c epsilon goes back along it, c > 0, and all of that must return, so the mass outside is at least c
    epsilon, while it is 0 in the limit. Otherwise the walk is irreducible. With the generator A + epsilon B, pi =
    pi_0 + epsilon p + O(epsilon^2), where p A = -pi_0 B. If p = 0, then pi_0 B = 0, and pi_0 is the law at every
    epsilon.

    Checked by: AR-T6 for the limits, AR-T6-rate for the error.

    Examples
    --------
    >>> single_sink_limit([[0, 1], [0, 0]]).tolist()
    [0.0, 1.0]
    """
    from scipy.sparse.csgraph import connected_components  # here, so that importing a system stays quick

    rates = array("rates", rates, shape=(None, None), low=0)
    if rates.shape[0] != rates.shape[1] or len(rates) == 0:
        raise must("rates", "square, with at least one state", rates.shape)
    n, component = connected_components((rates != 0).astype(int), connection="strong")
    leaves = [bool((rates[component == c][:, component != c] != 0).any()) for c in range(n)]
    sinks = [np.flatnonzero(component == c) for c in range(n) if not leaves[c]]
    if len(sinks) != 1:
        raise must("rates", f"a walk with one sink, not {len(sinks)}", rates)
    (sink,) = sinks
    law = stationary_distribution(rates[np.ix_(sink, sink)]).pi
    whole = np.full(len(rates), law[0] * 0, law.dtype)
    whole[sink] = law
    return whole


def coordination_limits() -> tuple[list[Fraction], list[Fraction]]:
    r"""Return both limits of the 2 x 2 game with common payoffs diag(a, b), a > b > 0 (statement AR-T7).

    Returns
    -------
    tuple of two lists of Fraction
        The limit epsilon -> 0 and the limit alpha -> infinity at any population size, profiles in C-order.

    Proof
    -----
    Assumes: a > b > 0 (hypothesis of AR-T7), and populations of at least two (argument check of `alpha_rank`).

    Proof: both (0,0) and (1,1) are sinks. To leave either at all takes one step down, after which both ways lead up:
    the perturbed chain does so at rate 2 epsilon / D from each, and from the middle goes to either with probability
    1/2. The two exchange roles when both players rename their strategies, which keeps all directions, so their masses
    are equal, and what is in the middle vanishes. At finite alpha a common payoff is a potential, and pi ~ exp((m - 1)
    alpha phi), see `potential_log_law`, so all mass goes to the larger payoff.

    Checked by: AR-T7.

    Examples
    --------
    >>> coordination_limits()[1]
    [Fraction(1, 1), Fraction(0, 1), Fraction(0, 1), Fraction(0, 1)]
    """
    half, one, zero = Fraction(1, 2), Fraction(1), Fraction(0)
    return [half, zero, zero, half], [one, zero, zero, zero]


def order_only(payoffs: ArrayLike) -> np.ndarray:
    r"""Return all that the perturbed chain reads of a game, the directions of its deviations (AR-T5-limit).

    Parameters
    ----------
    payoffs : array of shape (K, s_1, ..., s_K)
        Payoffs.

    Returns
    -------
    int8 array of shape (\|S\|, D)
        Signs of the gains.

    Raises
    ------
    ValueError
        If the payoffs are not a game.

    Proof
    -----
    Assumes: the map keeps the direction of every deviation (hypothesis of AR-T5-limit), as increasing maps do in exact
    arithmetic.

    Proof: the rates are (1 - epsilon) / D, epsilon / D or 1 / (2 D), by the sign of M^k(sigma) - M^k(s). A map that
    keeps every sign keeps the chain, its law and the limit. The limit alpha -> infinity also reads the sizes of the
    losses, through (m - 1) times their sums along trees.

    Checked by: AR-T5-limit.

    Examples
    --------
    >>> order_only([[[3, 0], [5, 1]], [[3, 5], [0, 1]]]).tolist()
    [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    """
    return response_signs(payoffs, batch=False)
