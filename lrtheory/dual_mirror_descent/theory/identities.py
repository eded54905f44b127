r"""Identities and inequalities of dual mirror descent that hold for every stream, with their proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import number
from lrtheory._validation import integer, must
from lrtheory.dual_mirror_descent.theory.numeric import cost_bounds, entries, per_resource

__all__ = [
    "adversarial_step",
    "change_of_units",
    "conjugate_difference",
    "fluid_bound",
    "lazy_entropy",
    "pacing_bid",
    "path_identity",
    "weak_duality",
]


def weak_duality(conjugates: Any, prices: Any, budget: Any) -> Any:
    r"""Compute the dual function sum_t D_t(mu) = sum_t f*_t(mu) + mu . B, never below OPT (statement DMD-L1).

    Parameters
    ----------
    conjugates : array of shape (T,)
        f*_t(mu), at least 0.
    prices : array of shape (m,)
        mu, at least 0.
    budget : array of shape (m,)
        B, at least 0.

    Returns
    -------
    number
        The bound; the smallest over mu is OPT of the relaxation (statement DMD-L2).

    Raises
    ------
    ValueError
        If a number is out of range, or there is not one price for each budget.

    Proof
    -----
    For a feasible x, f_t(x_t) <= f*_t(mu) + mu . b_t(x_t); sum over t, and sum_t b_t(x_t) <= B with mu >= 0. Equality
    at the best mu is duality of linear programs, since the relaxation is feasible and bounded.

    Examples
    --------
    >>> weak_duality(np.array([1.0, 0.0]), np.array([0.5]), np.array([2.0]))
    2.0
    """
    prices, budget = entries("prices", prices, 0, ndim=1), entries("budget", budget, 0, ndim=1)
    if len(prices) != len(budget):
        raise must("prices", f"of shape {budget.shape}", prices.shape)
    value = entries("conjugates", conjugates, 0, ndim=1).sum() + (prices * budget).sum()
    return float(value) if isinstance(value, np.floating) else value


def fluid_bound(horizon: int, value: Any) -> Any:
    r"""Compute the fluid value of a horizon, T min_mu E D(mu), never below E OPT (statement DMD-F1).

    Parameters
    ----------
    horizon : int
        T, at least 1.
    value : number
        min_mu E D(mu), as of `fluid_optimum`; at least 0.

    Returns
    -------
    number
        T times the value.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    OPT <= sum_t D_t(mu) for every mu (`weak_duality`). The mean of D_t(mu) is D_P(mu), so E OPT <= T D_P(mu); take the
    smallest over mu, which is the value of the fluid program by duality.

    Examples
    --------
    >>> fluid_bound(10, 0.5)
    5.0
    """
    return integer("horizon", horizon, low=1) * number("value", value, 0)


def change_of_units(prices: Any, *, reward_factor: Any = 1, resource_factors: Any = 1) -> Any:
    r"""Translate prices into other units of reward and of the resources (statement DMD-S1).

    Parameters
    ----------
    prices : array of shape (..., m)
        mu.
    reward_factor : number
        c, above 0: rewards are multiplied by it.
    resource_factors : array of shape (m,), or number
        s_j, above 0: costs and budget of resource j are multiplied by it.

    Returns
    -------
    array of shape (..., m)
        c mu_j / s_j, which dual mirror descent goes through with the same actions.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Reduced rewards are multiplied by c, so proposals stay. Gradients are multiplied by s_j. Under the Euclidean step
    with s = 1 and eta c, prices move c times as far; scaled Euclidean steps divide by rho_j^2, that is by s_j^2, and
    moves are c / s_j times as far; entropy steps multiply by exp(-eta g_j), the same factor with s = 1, and capped ones
    by exp(-eta g_j / rho_j), the same factor for any s. Plain Euclidean steps are not invariant to s.

    Examples
    --------
    >>> change_of_units(np.array([1.0, 2.0]), reward_factor=4.0, resource_factors=2.0).tolist()
    [2.0, 4.0]
    """
    scale = entries("resource_factors", resource_factors, 0, ends="(]")
    return entries("prices", prices) * number("reward_factor", reward_factor, 0, ends="(]") / scale


def lazy_entropy(gradients: Any, init: Any, *, step_size: Any) -> Any:
    r"""Compute the prices of dual averaging under the entropy, which are those of eager steps (statement DMD-S2).

    Parameters
    ----------
    gradients : array of shape (n, m)
        g_1, ..., g_n.
    init : array of shape (m,)
        mu_1, at least 0; a price of 0 stays 0.
    step_size : number
        eta, at least 0.

    Returns
    -------
    array of shape (n + 1, m)
        mu_1j exp(-eta sum_{s < t} g_sj).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    The gradient of sum mu log mu takes all values on mu > 0, so nothing is projected. Eager steps multiply by exp(-eta
    g_t), and lazy ones by the product of these factors.

    Examples
    --------
    >>> lazy_entropy(np.array([[0.0], [0.0]]), [0.5], step_size=1.0).ravel().tolist()
    [0.5, 0.5, 0.5]
    """
    g, eta = entries("gradients", gradients, ndim=2), number("step_size", step_size, 0)
    first = np.array(per_resource("init", init, g.shape[1], 0))
    total = np.concatenate([0 * g[:1], np.cumsum(g, axis=0)])
    return first * np.exp(-eta * total)


def pacing_bid(value: Any, multiplier: Any) -> Any:
    r"""Compute the bid of adaptive pacing in a second-price auction (statement DMD-S6).

    Parameters
    ----------
    value : number, or array of shape (T,)
        v, what winning is worth, at least 0.
    multiplier : number, or array of shape (T,)
        mu, at least 0.

    Returns
    -------
    number, or array of shape (T,)
        v / (1 + mu).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Winning against d earns v - d and uses d, so it is proposed when v - d - mu d > 0, that is when v / (1 + mu) > d. To
    bid this wins exactly then, whatever d is, and it falls in mu.

    Examples
    --------
    >>> pacing_bid(1.0, 0.25)
    0.8
    """
    entries("value", value, 0)
    entries("multiplier", multiplier, 0)
    return value / (1 + multiplier)


def conjugate_difference(first: Any, second: Any, *, cost_bound: Any) -> Any:
    r"""Bound the change \|f*_t(mu) - f*_t(nu)\| of the conjugate between two vectors of prices (statement DMD-L9).

    Parameters
    ----------
    first, second : array of shape (m,)
        mu and nu.
    cost_bound : float, or array of shape (m,)
        b_bar, of all resources or of each, at least 0.

    Returns
    -------
    number
        sum_j b_bar_j \|mu_j - nu_j\|.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    f*_t is a maximum of functions f(x) - mu . b(x) with 0 <= b_j(x) <= b_bar_j, each of which changes by this at
    most, and so does their maximum. Moreover f*_t(nu) >= f_t(x) - nu . b_t(x) for the x that is best at mu, so
    rho - b_t(x) is a subgradient of D_t at mu.

    Examples
    --------
    >>> conjugate_difference([1.0, 0.0], [0.5, 1.0], cost_bound=2.0)
    3.0
    """
    one = per_resource("first", first)
    two, bounds = per_resource("second", second, len(one)), cost_bounds(cost_bound, len(one))
    return sum(b * abs(x - y) for b, x, y in zip(bounds, one, two, strict=True))


def path_identity(dual_values: Any, path_regret: Any) -> Any:
    r"""Compute the reward up to the stopping time from the sums along the path of a run (statement DMD-L6).

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

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    D_t(mu_t) = f_t(x) - mu_t . b_t(x) + mu_t . rho = f_t(x) + w_t(mu_t) at the proposal x, which is implemented up to
    tau.

    Examples
    --------
    >>> path_identity(5.0, 2.0)
    3.0
    """
    return number("dual_values", dual_values) - number("path_regret", path_regret)


def adversarial_step(rewards: Any, *, regret: Any, alpha: Any) -> Any:
    r"""Bound alpha times the reward of the proposal from below by the reward of every other action (statement DMD-L12).

    Parameters
    ----------
    rewards : number, or array of shape (T, d)
        f_t(x) of the actions x.
    regret : number, or array of shape (T, 1)
        w_t(mu_t) = mu_t . g_t.
    alpha : number
        At least max(1, max b / rho).

    Returns
    -------
    number, or array of the shape of `rewards`
        f_t(x) - alpha mu_t . g_t.

    Raises
    ------
    ValueError
        If a number is out of range.

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
    alpha = number("alpha", alpha, 1)
    entries("rewards", rewards)
    entries("regret", regret)
    return rewards - alpha * regret
