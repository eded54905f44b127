r"""Right-hand sides of the steps of the proofs, as plain functions; they hold along every single run.

Part of `theory`, where users find these functions. Arithmetic on arrays of any numbers: doubles, Fractions, balls.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.dual_mirror_descent.constants import HALF, _log, bregman
from lrtheory.dual_mirror_descent.numeric import numbers

__all__ = [
    "adversarial_step",
    "conjugate_difference",
    "depletion_bound",
    "mirror_descent_bound",
    "mirror_descent_error",
    "movement_bound",
    "path_identity",
    "violation_bound",
]


def mirror_descent_error(
    gradients: Any,
    *,
    step_size: Any,
    geometry: str = "euclidean",
    prices: Any = None,
    rate: Any = None,
    reward_bound: Any = None,
) -> Any:
    r"""Sum of the local errors E_n of mirror descent, after each step n.

    Parameters
    ----------
    gradients : array of shape (n, m)
        g_1, ..., g_n, in units of the resources.
    step_size : number
        eta, constant.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        The geometry.
    prices : array of shape (n + 1, m), optional
        mu_1, ..., mu_{n+1}; needed for the entropy.
    rate : array of shape (m,), optional
        rho; needed for the scaled and the capped geometry.
    reward_bound : number, optional
        f_bar; needed for the capped entropy.

    Returns
    -------
    array of shape (n,)
        (eta / 2) times the cumulative sum of \|g\|^2 (euclidean), \|g / rho\|^2 (scaled), sum_j max(mu_tj, mu_{t+1,j})
        g_tj^2 (entropy), f_bar max_j (g_tj / rho_j)^2 (capped) (statement DMD-L3).

    Proof
    -----
    One step costs eta g . (mu_t - mu_{t+1}) - V_h(mu_{t+1}, mu_t) at most. For the Euclidean h this is at most eta^2
    \|g\|^2 / 2. For the entropy each coordinate of V_h is (mu_{t+1} - mu_t)^2 / (2 max) at least; for the capped one
    use strong convexity 1 / f_bar in l1 of rho mu. Lazy Euclidean steps obey the same bound.

    Examples
    --------
    >>> mirror_descent_error(np.array([[0.5], [-0.5]]), step_size=1.0).tolist()
    [0.125, 0.25]
    """
    g = np.asarray(gradients)
    if geometry in ("scaled-euclidean", "capped-entropy"):
        g = g / np.asarray(rate)
    if geometry == "entropy":
        mu = np.asarray(prices)
        squares = (np.maximum(mu[:-1], mu[1:]) * g * g).sum(axis=1)
    elif geometry == "capped-entropy":
        squares = reward_bound * (g * g).max(axis=1)
    else:
        squares = (g * g).sum(axis=1)
    return _scaled(squares.cumsum(), step_size * HALF)


def _scaled(values: np.ndarray, factor: Any) -> np.ndarray:
    """The product, in doubles where the values are doubles."""
    return values * factor if values.dtype == object else values * float(factor)


def mirror_descent_bound(
    gradients: Any,
    comparator: Any,
    init: Any,
    *,
    step_size: Any,
    geometry: str = "euclidean",
    prices: Any = None,
    rate: Any = None,
    reward_bound: Any = None,
) -> Any:
    r"""Regret sum_{t <= n} g_t . (mu_t - mu) of the prices against a comparator mu, after each step n.

    Parameters
    ----------
    gradients : array of shape (n, m)
        g_1, ..., g_n.
    comparator : array of shape (m,)
        mu, in the domain; 0 gives the bound of complementary slackness (statement DMD-L10).
    init : array of shape (m,)
        mu_1.
    step_size : number
        eta, constant.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        The geometry.
    prices, rate, reward_bound : array, array, number, optional
        As in `mirror_descent_error`.

    Returns
    -------
    array of shape (n,)
        V_h(mu, mu_1) / eta + E_n (statement DMD-L3).

    Proof
    -----
    Optimality of mu_{t+1} gives eta g_t . (mu_{t+1} - mu) <= V_h(mu, mu_t) - V_h(mu, mu_{t+1}) - V_h(mu_{t+1}, mu_t).
    Add eta g_t . (mu_t - mu_{t+1}), sum over t, and bound the local errors as in `mirror_descent_error`.

    Examples
    --------
    >>> mirror_descent_bound(np.array([[0.5], [-0.5]]), [0.0], [0.0], step_size=1.0).tolist()
    [0.125, 0.25]
    """
    start = bregman(comparator, init, geometry=geometry, rate=rate) / step_size
    error = mirror_descent_error(
        gradients, step_size=step_size, geometry=geometry, prices=prices, rate=rate, reward_bound=reward_bound
    )
    return error + (start if error.dtype == object else float(start))


def depletion_bound(
    last: Any, first: Any, *, rate: Any, cost_bound: Any, step_size: Any, geometry: str = "euclidean"
) -> list[Any]:
    r"""Periods T - tau that a resource which stopped the time may be short of, a number a resource.

    Parameters
    ----------
    last, first : array of shape (m,)
        mu_{tau+1} and mu_1.
    rate : array of shape (m,)
        rho, units a period.
    cost_bound : float
        b_bar.
    step_size : number
        eta, constant.
    geometry : {"euclidean", "scaled-euclidean", "entropy"}
        The geometry; the rescaling of the capped entropy lowers prices, and nothing is known.

    Returns
    -------
    list of m numbers
        (b_bar + (h_j'(mu_{tau+1,j}) - h_j'(mu_1j)) / eta) / rho_j (statement DMD-L5).

    Proof
    -----
    Projections at 0 only raise prices, so h_j'(mu_{t+1,j}) >= h_j'(mu_tj) - eta g_tj. Summed up to tau, eta times
    (consumption_j - tau rho_j) is h_j'(mu_{tau+1,j}) - h_j'(mu_1j) at most, and the consumption is T rho_j - b_bar at
    least when j stops the time.

    Examples
    --------
    >>> depletion_bound([1.0], [0.0], rate=[0.5], cost_bound=1.0, step_size=0.5)
    [6.0]
    """
    rates = numbers(rate)
    found = []
    for end, start, r in zip(numbers(last), numbers(first), rates, strict=True):
        if geometry == "entropy":
            rise = _log(end / start)
        else:
            rise = (end - start) * (r * r if geometry == "scaled-euclidean" else 1)
        found.append((cost_bound + rise / step_size) / r)
    return found


def violation_bound(
    last: Any, first: Any, *, step_size: Any, rate: Any = None, geometry: str = "euclidean"
) -> list[Any]:
    r"""Units beyond the budget that proposals use when nothing is refused, a number a resource.

    Parameters
    ----------
    last, first : array of shape (m,)
        mu_{T+1} and mu_1.
    step_size : number
        eta, constant.
    rate : array of shape (m,), optional
        rho; needed for the scaled geometry.
    geometry : {"euclidean", "scaled-euclidean", "entropy"}
        The geometry; an equality for the entropy.

    Returns
    -------
    list of m numbers
        (h_j'(mu_{T+1,j}) - h_j'(mu_1j)) / eta >= sum_t b_tj - T rho_j (statement DMD-R1).

    Proof
    -----
    A projection at 0 only raises a price, so h_j'(mu_{t+1,j}) >= h_j'(mu_tj) - eta (rho_j - b_tj), with equality for
    the entropy, which is never projected. Sum over all t and divide by eta.

    Examples
    --------
    >>> violation_bound([0.25], [0.0], step_size=0.5)
    [0.5]
    """
    ends, starts = numbers(last), numbers(first)
    if geometry == "entropy":
        return [_log(end / start) / step_size for end, start in zip(ends, starts, strict=True)]
    scales = [r * r for r in numbers(rate)] if geometry == "scaled-euclidean" else [1] * len(ends)
    return [(end - start) * s / step_size for end, start, s in zip(ends, starts, scales, strict=True)]


def movement_bound(
    gradients: Any, *, step_size: Any, geometry: str = "euclidean", rate: Any = None, reward_bound: Any = None
) -> Any:
    r"""How far the prices move in one step, in l1 (statement DMD-L8).

    Parameters
    ----------
    gradients : array of shape (n, m)
        g_t.
    step_size : number
        eta.
    geometry : {"euclidean", "capped-entropy"}
        The geometry.
    rate : array of shape (m,), optional
        rho, for the capped entropy.
    reward_bound : number, optional
        f_bar, for the capped entropy.

    Returns
    -------
    array of shape (n,)
        eta \|g_t\|_1 for \|mu_{t+1} - mu_t\|_1; eta f_bar max_j \|g_tj\| / rho_j for the move of rho mu in l1.

    Proof
    -----
    Euclidean: a projection on [0, inf) moves no coordinate further from where it was. Capped: strong convexity 1 /
    f_bar gives \|y_{t+1} - y_t\|_1^2 / f_bar <= eta g . (y_t - y_{t+1}) / rho <= eta max_j \|g_j\| / rho_j \|y_{t+1} -
    y_t\|_1.

    Examples
    --------
    >>> movement_bound(np.array([[0.5, -1.0]]), step_size=0.5).tolist()
    [0.75]
    """
    size = abs(np.asarray(gradients))
    if geometry == "capped-entropy":
        return step_size * reward_bound * (size / np.asarray(rate)).max(axis=1)
    return step_size * size.sum(axis=1)


def conjugate_difference(first: Any, second: Any, *, cost_bound: Any) -> Any:
    r"""Bound on \|f*_t(mu) - f*_t(nu)\| between two prices (statement DMD-L9).

    Parameters
    ----------
    first, second : array of shape (m,)
        mu and nu.
    cost_bound : float
        b_bar.

    Returns
    -------
    number
        b_bar \|mu - nu\|_1.

    Proof
    -----
    f*_t is a maximum of functions f(x) - mu . b(x) with 0 <= b_j(x) <= b_bar, each with this Lipschitz constant, and so
    is their maximum. Moreover f*_t(nu) >= f_t(x) - nu . b_t(x) for the x that is best at mu, so rho - b_t(x) is a
    subgradient of D_t at mu.

    Examples
    --------
    >>> conjugate_difference([1.0, 0.0], [0.5, 1.0], cost_bound=2.0)
    3.0
    """
    return cost_bound * sum(abs(x - y) for x, y in zip(numbers(first), numbers(second), strict=True))


def path_identity(dual_values: Any, path_regret: Any) -> Any:
    r"""Reward up to the stopping time, from the certificate of a run (statement DMD-L6).

    Parameters
    ----------
    dual_values : number
        sum_{t <= tau} D_t(mu_t).
    path_regret : number
        sum_{t <= tau} w_t(mu_t), with w_t(mu) = mu . g_t.

    Returns
    -------
    number
        Their difference; equal to sum_{t <= tau} f_t(x_t).

    Proof
    -----
    D_t(mu_t) = f_t(x) - mu_t . b_t(x) + mu_t . rho = f_t(x) + w_t(mu_t) at the proposal x, which is implemented up to
    tau.

    Examples
    --------
    >>> path_identity(5.0, 2.0)
    3.0
    """
    return dual_values - path_regret


def adversarial_step(rewards: Any, *, regret: Any, alpha: Any) -> Any:
    r"""What alpha times the reward of the proposal is at least, compared with every other action (statement DMD-L12).

    Parameters
    ----------
    rewards : array
        f_t(x) of the actions x.
    regret : array
        w_t(mu_t) = mu_t . g_t.
    alpha : number
        At least max(1, max b / rho).

    Returns
    -------
    array
        f_t(x) - alpha mu_t . g_t.

    Proof
    -----
    The proposal x~ is the best reply: f_t(x~) >= f_t(x) - mu . b(x) + mu . b(x~), and f_t(x~) >= mu . b(x~) since doing
    nothing is possible. Add alpha - 1 times the second to the first, and use b(x) <= alpha rho:
    alpha f_t(x~) >= f_t(x) - alpha mu . rho + alpha mu . b(x~) = f_t(x) - alpha mu . g_t.

    Examples
    --------
    >>> adversarial_step(1.0, regret=0.25, alpha=2)
    0.5
    """
    return rewards - alpha * regret
