r"""Lemmas: the right-hand sides of the steps of the proofs, as plain functions; they hold along every single run.

Part of `theory`, where users find these functions. Arithmetic on arrays of any numbers: doubles, Fractions, balls.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import HUGE, gathered, inexact, number, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, must
from lrtheory.dual_mirror_descent.prices.steps import GEOMETRIES
from lrtheory.dual_mirror_descent.theory.constants import HALF, bregman, two_prices
from lrtheory.dual_mirror_descent.theory.resources import cost_bounds, per_resource, positive_rates

__all__ = [
    "depletion_bound",
    "mirror_descent_bound",
    "mirror_descent_error",
    "movement_bound",
    "violation_bound",
]


def mirror_descent_error(
    gradients: ArrayLike,
    *,
    step_size: Number,
    geometry: str = "euclidean",
    prices: ArrayLike | None = None,
    rate: Number | ArrayLike | None = None,
    reward_bound: Number | None = None,
) -> Any:
    r"""Sum the local errors of mirror descent: E_n of the first n steps, for each n (statement DMD-L3).

    Parameters
    ----------
    gradients : array of shape (n, m)
        g_1, ..., g_n, in units of the resources.
    step_size : number
        eta, constant, at least 0.
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

    Raises
    ------
    ValueError
        If a number is out of range, what the geometry needs is missing, or there is no such geometry.

    Proof
    -----
    Assumes: eta is constant (argument check), the prices are those of steps with these gradients (the caller), and
    there is no `price_cap` under the entropy.

    Proof: in the proof of `mirror_descent_bound` a step costs eta g . d - V_h(mu_{t+1}, mu_t) with d = mu_t - mu_{t+1}.
    For the Euclidean h this is eta g . d - \|d\|^2 / 2 <= eta^2 \|g\|^2 / 2, for the scaled one the same with g_j /
    rho_j and rho_j d_j. The entropy has the second derivative 1 / mu_j, so coordinate j of V_h is at least d_j^2 / (2
    M) with M = max(mu_tj, mu_{t+1,j}), and eta g_j d_j - d_j^2 / (2 M) <= eta^2 M g_j^2 / 2. In y = rho mu the capped
    entropy is (1 / f_bar)-strongly convex in l1, because sum_j v_j^2 / y_j >= (sum_j \|v_j\|)^2 / sum_j y_j and sum_j
    y_j <= f_bar; so the cost is at most eta^2 f_bar max_j (g_j / rho_j)^2 / 2. Divide by eta and sum.

    Checked by: DMD-L3 and DMD-L3-geometries.

    Examples
    --------
    >>> mirror_descent_error(np.array([[0.5], [-0.5]]), step_size=1.0).tolist()
    [0.125, 0.25]
    """
    choice("geometry", geometry, GEOMETRIES)
    g, eta = table("gradients", gradients, shape=("n", "m")), number("step_size", step_size, 0)
    _check_given(g, rate, reward_bound)
    if geometry in ("scaled-euclidean", "capped-entropy"):
        g = _per_rate(g, rate)
    if geometry == "entropy" or prices is not None:
        mu = table("prices", prices, 0 if geometry == "entropy" else -HUGE, shape=(len(g) + 1, g.shape[1]))
    if geometry == "entropy":
        # the second derivative 1 / mu of the entropy is least at the larger end of a step: strong convexity 1 / max
        squares = (np.maximum(mu[:-1], mu[1:]) * g * g).sum(axis=1)
    elif geometry == "capped-entropy":
        squares = number("reward_bound", reward_bound, 0) * (g * g).max(axis=1)
    else:
        squares = (g * g).sum(axis=1)
    return _scaled(squares.cumsum(), eta * HALF)


def _check_given(gradients: np.ndarray, rate: Number | ArrayLike | None, reward_bound: Number | None) -> None:
    """Check what only some geometries need, wherever it is given."""
    if rate is not None:
        per_resource("rate", rate, gradients.shape[1], 0, ends="(]")
    if reward_bound is not None:
        reward_bound = number("reward_bound", reward_bound, 0)


def _per_rate(gradients: np.ndarray, rate: Number | ArrayLike | None) -> np.ndarray:
    """Divide gradients (n, m) by the rates, so that their units cancel."""
    return gradients / np.array(per_resource("rate", rate, gradients.shape[1], 0, ends="(]"))


def _scaled(values: np.ndarray, factor: Any) -> np.ndarray:
    """Multiply by a factor, which becomes a double where the values are doubles."""
    return gathered(values * factor if values.dtype == object else values * float(factor))


def mirror_descent_bound(
    gradients: ArrayLike,
    comparator: Number | ArrayLike,
    init: Number | ArrayLike,
    *,
    step_size: Number,
    geometry: str = "euclidean",
    prices: ArrayLike | None = None,
    rate: Number | ArrayLike | None = None,
    reward_bound: Number | None = None,
) -> Any:
    r"""Bound the regret sum_{t <= n} g_t . (mu_t - mu) of the prices against a comparator mu, for each n.

    Parameters
    ----------
    gradients : array of shape (n, m)
        g_1, ..., g_n.
    comparator : array of shape (m,)
        mu, in the domain; 0 gives the bound of complementary slackness (statement DMD-L10).
    init : array of shape (m,)
        mu_1.
    step_size : number
        eta, constant, above 0.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        The geometry.
    prices, rate, reward_bound : array of shape (n + 1, m), array of shape (m,), number, optional
        As in `mirror_descent_error`.

    Returns
    -------
    array of shape (n,)
        V_h(mu, mu_1) / eta + E_n (statement DMD-L3).

    Raises
    ------
    ValueError
        If a number is out of range, what the geometry needs is missing, or there is no such geometry.

    Proof
    -----
    Assumes: the comparator lies in the domain of the prices (the caller), the first prices too (hypothesis of the
    statement), and eta is constant (argument check).

    Proof: optimality of mu_{t+1} gives eta g_t . (mu_{t+1} - mu) <= V_h(mu, mu_t) - V_h(mu, mu_{t+1}) - V_h(mu_{t+1},
    mu_t). Add eta g_t . (mu_t - mu_{t+1}), sum over t, and bound the local errors as in `mirror_descent_error`. For
    lazy steps mu_{t+1} minimizes F_t(mu) = eta (g_1 + ... + g_t) . mu + V_h(mu, mu_1) over the domain, and min F_0 = 0.
    As mu_t minimizes F_{t-1}, F_{t-1}(mu_{t+1}) >= F_{t-1}(mu_t) + V_h(mu_{t+1}, mu_t), hence min F_t - min F_{t-1} >=
    eta g_t . mu_t less the same local error. Sum over t, and use min F_n <= F_n(mu).

    Checked by: DMD-L3 and DMD-L3-geometries, in which Euclidean, scaled and plain entropy steps are eager or lazy;
    DMD-L10 at mu = 0; each single step by DMD-L3-step.

    Examples
    --------
    >>> mirror_descent_bound(np.array([[0.5], [-0.5]]), [0.0], [0.0], step_size=1.0).tolist()
    [0.125, 0.25]
    """
    two_prices(comparator, init, geometry, ("comparator", "init"))
    start = bregman(comparator, init, geometry=geometry, rate=rate) / number("step_size", step_size, 0, ends="(]")
    error = mirror_descent_error(
        gradients, step_size=step_size, geometry=geometry, prices=prices, rate=rate, reward_bound=reward_bound
    )
    return gathered(error + (start if error.dtype == object else float(start)))


def depletion_bound(
    last: Number | ArrayLike,
    first: Number | ArrayLike,
    *,
    rate: Number | ArrayLike,
    cost_bound: Number | ArrayLike,
    step_size: Number,
    geometry: str = "euclidean",
) -> list[Any]:
    r"""Bound the periods T - tau that are left when a resource is nearly depleted, one number per resource.

    Parameters
    ----------
    last, first : array of shape (m,)
        mu_{tau+1} and mu_1; positive for the entropy.
    rate : array of shape (m,)
        rho, units per period, above 0.
    cost_bound : float, or array of shape (m,)
        b_bar, of all resources or of each, at least 0.
    step_size : number
        eta, constant, above 0.
    geometry : {"euclidean", "scaled-euclidean", "entropy"}
        The geometry; the rescaling of the capped entropy lowers prices, and nothing is known.

    Returns
    -------
    list of m numbers
        (b_bar_j + (h_j'(mu_{tau+1,j}) - h_j'(mu_1j)) / eta) / rho_j (statement DMD-L5).

    Raises
    ------
    ValueError
        If a number is out of range, what the geometry needs is missing, or there is no such geometry.

    Proof
    -----
    Assumes: eta is constant (argument check), there is no `price_cap`, and j is a resource of which at most b_bar_j is
    left at tau (the caller).

    Proof: a projection at 0 only raises a price. So eager steps have h_j'(mu_{t+1,j}) >= h_j'(mu_tj) - eta g_tj, and
    lazy ones mu_{t+1} >= the point before the projection, which has moved by -eta g_s in each step. Summed up to tau,
    eta times (consumption_j - tau rho_j) is at most h_j'(mu_{tau+1,j}) - h_j'(mu_1j). The consumption is at least T
    rho_j - b_bar_j when j stops the time.

    Checked by: DMD-L5 for Euclidean steps.

    Examples
    --------
    >>> depletion_bound([1.0], [0.0], rate=[0.5], cost_bound=1.0, step_size=0.5)
    [6.0]
    """
    rates = positive_rates(rate)
    bounds = cost_bounds(cost_bound, len(rates))
    choice("geometry", geometry, ("euclidean", "scaled-euclidean", "entropy"))
    used = rates if geometry == "scaled-euclidean" else None
    rises = violation_bound(last, first, step_size=step_size, rate=used, geometry=geometry)
    if len(rises) != len(rates):
        raise must("last", f"of shape ({len(rates)},)", last)
    return [(b + rise) / r for b, rise, r in zip(bounds, rises, rates, strict=True)]


def violation_bound(
    last: Number | ArrayLike,
    first: Number | ArrayLike,
    *,
    step_size: Number,
    rate: Number | ArrayLike | None = None,
    geometry: str = "euclidean",
) -> list[Any]:
    r"""Bound the units beyond the budget that proposals use when nothing is refused, one number per resource.

    Parameters
    ----------
    last, first : array of shape (m,)
        mu_{T+1} and mu_1; positive for the entropy.
    step_size : number
        eta, constant, above 0.
    rate : array of shape (m,), optional
        rho, above 0; needed for the scaled geometry.
    geometry : {"euclidean", "scaled-euclidean", "entropy"}
        The geometry; an equality for the entropy.

    Returns
    -------
    list of m numbers
        (h_j'(mu_{T+1,j}) - h_j'(mu_1j)) / eta >= sum_t b_tj - T rho_j (statement DMD-R1).

    Raises
    ------
    ValueError
        If a number is out of range, what the geometry needs is missing, or there is no such geometry.

    Proof
    -----
    Assumes: eta is constant (argument check), and there is neither a cap nor `price_cap` (the caller).

    Proof: a projection at 0 only raises a price. So eager steps have h_j'(mu_{t+1,j}) >= h_j'(mu_tj) - eta (rho_j -
    b_tj), with equality for the entropy, which is never projected, and lazy ones mu_{T+1} >= the point before the
    projection, which has moved by -eta (rho - b_t) in each step. Sum over all t and divide by eta.

    Checked by: DMD-R1 and DMD-R1-entropy.

    Examples
    --------
    >>> violation_bound([0.25], [0.0], step_size=0.5)
    [0.5]
    """
    choice("geometry", geometry, ("euclidean", "scaled-euclidean", "entropy"))
    eta = number("step_size", step_size, 0, ends="(]")
    low: dict[str, Any] = {"low": 0, "ends": "(]"} if geometry == "entropy" else {}
    ends = per_resource("last", last, **low)
    starts, scales = per_resource("first", first, len(ends), **low), [1] * len(ends)
    if geometry == "scaled-euclidean" or rate is not None:
        rates = per_resource("rate", rate, len(ends), 0, ends="(]")
        scales = [r * r for r in rates] if geometry == "scaled-euclidean" else scales
    if geometry == "entropy":
        return [np.log(inexact(end / start)) / eta for end, start in zip(ends, starts, strict=True)]
    return [(end - start) * s / eta for end, start, s in zip(ends, starts, scales, strict=True)]


def movement_bound(
    gradients: ArrayLike,
    *,
    step_size: Number,
    geometry: str = "euclidean",
    rate: Number | ArrayLike | None = None,
    reward_bound: Number | None = None,
) -> Any:
    r"""Bound how far the prices move in one step, in l1 (statement DMD-L8).

    Parameters
    ----------
    gradients : array of shape (n, m)
        g_t.
    step_size : number
        eta, at least 0.
    geometry : {"euclidean", "capped-entropy"}
        The geometry.
    rate : array of shape (m,), optional
        rho, above 0, for the capped entropy.
    reward_bound : number, optional
        f_bar, at least 0, for the capped entropy.

    Returns
    -------
    array of shape (n,)
        eta \|g_t\|_1 for \|mu_{t+1} - mu_t\|_1; eta f_bar max_j \|g_tj\| / rho_j for the move of rho mu in l1.

    Raises
    ------
    ValueError
        If a number is out of range, what the geometry needs is missing, or there is no such geometry.

    Proof
    -----
    Assumes: the prices are in their domain before the step (the caller); the capped entropy makes eager steps.

    Proof: Euclidean: a projection on [0, inf) moves no coordinate further from where it was. Capped: with y = rho mu,
    optimality of y_{t+1} tried at y_t, and (1 / f_bar)-strong convexity in l1 (`mirror_descent_error`), give \|y_{t+1}
    - y_t\|_1^2 / f_bar <= eta sum_j (g_j / rho_j) (y_tj - y_{t+1,j}) <= eta max_j (\|g_j\| / rho_j) \|y_{t+1} -
    y_t\|_1.

    Checked by: DMD-L8 and DMD-L8-capped.

    Examples
    --------
    >>> movement_bound(np.array([[0.5, -1.0]]), step_size=0.5).tolist()
    [0.75]
    """
    choice("geometry", geometry, ("euclidean", "capped-entropy"))
    size, eta = abs(table("gradients", gradients, shape=("n", "m"))), number("step_size", step_size, 0)
    _check_given(size, rate, reward_bound)
    if geometry == "capped-entropy":
        return gathered(eta * number("reward_bound", reward_bound, 0) * _per_rate(size, rate).max(axis=1))
    return gathered(eta * size.sum(axis=1))
