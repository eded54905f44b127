r"""Facts about dual mirror descent that hold for every stream, with their proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["change_of_units", "fluid_bound", "lazy_entropy", "pacing_bid", "weak_duality"]


def weak_duality(conjugates: Any, prices: Any, budget: Any) -> Any:
    r"""The dual function sum_t D_t(mu) = sum_t f*_t(mu) + mu . B, never below OPT (statement DMD-L1).

    Parameters
    ----------
    conjugates : array of shape (T,)
        f*_t(mu).
    prices : array of shape (m,)
        mu, at least 0.
    budget : array of shape (m,)
        B.

    Returns
    -------
    number
        The bound; the smallest over mu is OPT of the relaxation (statement DMD-L2).

    Proof
    -----
    For a feasible x, f_t(x_t) <= f*_t(mu) + mu . b_t(x_t); sum over t, and sum_t b_t(x_t) <= B with mu >= 0. Equality
    at the best mu is duality of linear programs, since the relaxation is feasible and bounded.

    Examples
    --------
    >>> weak_duality(np.array([1.0, 0.0]), np.array([0.5]), np.array([2.0]))
    2.0
    """
    value = np.asarray(conjugates).sum() + (np.asarray(prices) * np.asarray(budget)).sum()
    return float(value) if isinstance(value, np.floating) else value


def fluid_bound(horizon: int, value: Any) -> Any:
    r"""The fluid value of a horizon, T min_mu E D(mu), never below E OPT (statement DMD-F1).

    Parameters
    ----------
    horizon : int
        T.
    value : number
        min_mu E D(mu), as of `fluid_optimum`.

    Returns
    -------
    number
        T times the value.

    Proof
    -----
    OPT <= sum_t D_t(mu) for every mu (`weak_duality`). The mean of D_t(mu) is D_P(mu), so E OPT <= T D_P(mu); take the
    smallest over mu, which is the value of the fluid program by duality.

    Examples
    --------
    >>> fluid_bound(10, 0.5)
    5.0
    """
    return horizon * value


def change_of_units(prices: Any, *, reward_factor: Any = 1, resource_factors: Any = 1) -> Any:
    r"""Prices in other units of reward and of the resources (statement DMD-S1).

    Parameters
    ----------
    prices : array of shape (..., m)
        mu.
    reward_factor : number
        c: rewards are multiplied by it.
    resource_factors : array of shape (m,), or number
        s_j: costs and budget of resource j are multiplied by it.

    Returns
    -------
    array of shape (..., m)
        c mu_j / s_j, which dual mirror descent goes through with the same actions.

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
    return np.asarray(prices) * reward_factor / np.asarray(resource_factors)


def lazy_entropy(gradients: Any, init: Any, *, step_size: Any) -> Any:
    r"""Prices of dual averaging under the entropy, which are those of eager steps (statement DMD-S2).

    Parameters
    ----------
    gradients : array of shape (n, m)
        g_1, ..., g_n.
    init : array of shape (m,)
        mu_1, positive.
    step_size : number
        eta.

    Returns
    -------
    array of shape (n + 1, m)
        mu_1j exp(-eta sum_{s < t} g_sj).

    Proof
    -----
    The gradient of sum mu log mu takes all values on mu > 0, so nothing is projected. Eager steps multiply by exp(-eta
    g_t), and lazy ones by the product of these factors.

    Examples
    --------
    >>> lazy_entropy(np.array([[0.0], [0.0]]), [0.5], step_size=1.0).ravel().tolist()
    [0.5, 0.5, 0.5]
    """
    g = np.asarray(gradients)
    total = np.concatenate([0 * g[:1], np.cumsum(g, axis=0)])
    return np.asarray(init) * np.exp(-step_size * total)


def pacing_bid(value: Any, multiplier: Any) -> Any:
    r"""The bid of adaptive pacing in a second-price auction (statement DMD-S6).

    Parameters
    ----------
    value : number or array
        v, what winning is worth.
    multiplier : number or array
        mu, at least 0.

    Returns
    -------
    number or array
        v / (1 + mu).

    Proof
    -----
    Winning against d earns v - d and uses d, so it is proposed when v - d - mu d > 0, that is when v / (1 + mu) > d. To
    bid this wins exactly then, whatever d is, and it falls in mu.

    Examples
    --------
    >>> pacing_bid(1.0, 0.25)
    0.8
    """
    return value / (1 + multiplier)
