r"""Identities and inequalities of dual mirror descent that hold for every stream, with their proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import entries, gathered, inexact, number, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must
from lrtheory.dual_mirror_descent.theory.resources import cost_bounds, per_resource

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


def weak_duality(conjugates: ArrayLike, prices: ArrayLike, budget: ArrayLike) -> Any:
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
    Assumes: prices and budgets are at least 0, and so are the conjugates, since doing nothing is always possible
    (argument checks).

    Proof: for a feasible x, f_t(x_t) <= f*_t(mu) + mu . b_t(x_t). Sum over t, and use sum_t b_t(x_t) <= B with mu >= 0.
    Equality at the best mu is duality of linear programs, since the relaxation is feasible (take nothing) and bounded.

    Checked by: DMD-L1; equality by DMD-L2.

    Examples
    --------
    >>> weak_duality(np.array([1.0, 0.0]), np.array([0.5]), np.array([2.0]))
    2.0
    """
    units = table("budget", budget, 0, shape=("m",))
    mu = table("prices", prices, 0, shape=(len(units),))
    value = table("conjugates", conjugates, 0, shape=("T",)).sum() + (mu * units).sum()
    return float(value) if isinstance(value, np.floating) else value


def fluid_bound(horizon: int, value: Number) -> Any:
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
    Assumes: the requests have one law P, or laws of which P is the average (the caller).

    Proof: OPT <= sum_t D_t(mu) for every mu >= 0 (`weak_duality`). The mean of the sum is T D_P(mu), so E OPT <= T
    D_P(mu); take the smallest over mu, which is the value of the fluid program by duality.

    Checked by: DMD-F1.

    Examples
    --------
    >>> fluid_bound(10, 0.5)
    5.0
    """
    return integer("horizon", horizon, low=1) * number("value", value, 0)


def change_of_units(
    prices: Number | ArrayLike, *, reward_factor: Number = 1, resource_factors: Number | ArrayLike = 1
) -> Any:
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
    Assumes: rewards, costs, rates and first prices are translated, and so is the step size: eta becomes c eta in both
    Euclidean geometries and stays as it is for both entropies (the caller). All s_j are 1 in the plain Euclidean
    geometry and for the plain entropy (hypothesis of the statement).

    Proof: reduced rewards are multiplied by c, so the proposals stay, and gradients are multiplied by s_j. Euclidean
    steps with s = 1 and c eta move prices c times as far. Scaled Euclidean steps divide by rho_j^2, that is by s_j^2
    more, so with c eta they move prices c s_j / s_j^2 times as far. Entropy steps multiply prices by exp(-eta g_j), the
    same factor where s = 1, and capped ones by exp(-eta g_j / rho_j), the same factor for any s; the cap rho . mu <=
    f_bar is multiplied by c on both sides.

    Checked by: DMD-S1, whose saboteur shows that plain Euclidean steps are not invariant to s.

    Examples
    --------
    >>> change_of_units(np.array([1.0, 2.0]), reward_factor=4.0, resource_factors=2.0).tolist()
    [2.0, 4.0]
    """
    mu, scale = entries("prices", prices), entries("resource_factors", resource_factors, 0, ends="(]")
    try:
        np.broadcast_shapes(np.shape(mu), np.shape(scale))
    except ValueError as error:
        raise must("resource_factors", f"one number, or of shape {np.shape(mu)[-1:]}", np.shape(scale)) from error
    found = mu * number("reward_factor", reward_factor, 0, ends="(]") / scale
    return gathered(found) if isinstance(found, np.ndarray) else found


def lazy_entropy(gradients: ArrayLike, init: Number | ArrayLike, *, step_size: Number) -> Any:
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
    Assumes: the first prices are at least 0 and eta is constant (argument checks); there is neither a cap nor
    `price_cap` (hypothesis of the statement).

    Proof: the derivative 1 + log mu of mu log mu takes all values on mu > 0, so nothing is projected. Eager steps
    multiply a price by exp(-eta g_tj), and lazy ones multiply its first value by the product of these factors.

    Checked by: DMD-S2.

    Examples
    --------
    >>> lazy_entropy(np.array([[0.0], [0.0]]), [0.5], step_size=1.0).ravel().tolist()
    [0.5, 0.5, 0.5]
    """
    g, eta = table("gradients", gradients, shape=("n", "m")), number("step_size", step_size, 0)
    first = np.array(per_resource("init", init, g.shape[1], 0))
    total = np.concatenate([0 * g[:1], np.cumsum(g, axis=0)])
    return gathered(first * np.exp(inexact(-eta * total)))


def pacing_bid(value: Number | ArrayLike, multiplier: Number | ArrayLike) -> Any:
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
    Assumes: the payment of the winner is the highest competing bid d (second-price auction; the caller), and v, d and
    mu are at least 0 (argument checks).

    Proof: winning against d earns v - d and uses d, so it is proposed when v - d - mu d > 0, that is when v / (1 + mu)
    > d. A bid of v / (1 + mu) wins exactly then, whatever d is.

    Checked by: DMD-S6.

    Examples
    --------
    >>> pacing_bid(1.0, 0.25)
    0.8
    """
    return entries("value", value, 0) / (1 + entries("multiplier", multiplier, 0))


def conjugate_difference(
    first: Number | ArrayLike, second: Number | ArrayLike, *, cost_bound: Number | ArrayLike
) -> Any:
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
    Assumes: the costs of every action lie in [0, b_bar_j] (checked where a `RequestStream` is made).

    Proof: f*_t is a maximum of functions f(x) - mu . b(x) with 0 <= b_j(x) <= b_bar_j. Each of them changes by at most
    this between mu and nu, and so does their maximum. Moreover f*_t(nu) >= f_t(x) - nu . b_t(x) for the x that is best
    at mu, so rho - b_t(x) is a subgradient of D_t at mu.

    Checked by: DMD-L9.

    Examples
    --------
    >>> conjugate_difference([1.0, 0.0], [0.5, 1.0], cost_bound=2.0)
    3.0
    """
    one = per_resource("first", first)
    two, bounds = per_resource("second", second, len(one)), cost_bounds(cost_bound, len(one))
    return sum(b * abs(x - y) for b, x, y in zip(bounds, one, two, strict=True))


def path_identity(dual_values: Number, path_regret: Number) -> Any:
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
        dual_values - path_regret; equal to sum_{t <= tau} f_t(x_t).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the proposals are best replies to the prices (what the kernels do), and both sums end at tau, up to which
    every proposal is implemented, since each resource had more than b_bar_j left before (definition of tau; tau is 0
    where b_bar_j exceeds a budget).

    Proof: D_t(mu_t) = f_t(x) - mu_t . b_t(x) + mu_t . rho = f_t(x) + w_t(mu_t) at the proposal x, which is the action
    x_t for t <= tau.

    Checked by: DMD-L6; the proposals by DMD-L11.

    Examples
    --------
    >>> path_identity(5.0, 2.0)
    3.0
    """
    return number("dual_values", dual_values) - number("path_regret", path_regret)


def adversarial_step(rewards: Number | ArrayLike, *, regret: Number | ArrayLike, alpha: Number) -> Any:
    r"""Bound alpha times the reward of the proposal from below by the reward of every other action (statement DMD-L12).

    Parameters
    ----------
    rewards : number, or array of shape (T, d)
        f_t(x) of the actions x.
    regret : number, or array of shape (T, 1)
        w_t(mu_t) = mu_t . g_t.
    alpha : number
        Competitive ratio, at least max(1, max b / rho).

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
    Assumes: prices are at least 0 and b(x) <= alpha rho for all actions x, which alpha >= max(1, max b / rho) says (the
    caller; alpha >= 1 is an argument check).

    Proof: the proposal x~ is a best reply: f_t(x~) >= f_t(x) - mu . b(x) + mu . b(x~), and f_t(x~) >= mu . b(x~) since
    doing nothing is possible. Add alpha - 1 times the second to the first, and use b(x) <= alpha rho: alpha f_t(x~) >=
    f_t(x) - alpha mu . rho + alpha mu . b(x~) = f_t(x) - alpha mu . g_t.

    Checked by: DMD-L12.

    Examples
    --------
    >>> adversarial_step(1.0, regret=0.25, alpha=2)
    0.5
    """
    return entries("rewards", rewards) - number("alpha", alpha, 1) * entries("regret", regret)
