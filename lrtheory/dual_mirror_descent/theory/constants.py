r"""Constants of the geometries: Bregman divergences, and the C1, C2, C3 that every regret bound is made of.

Notation: m resources with rates rho_j (units per period), rewards in [0, reward_bound], costs of resource j in
[0, cost_bound_j] (f_bar and b_bar in the papers, which have one b_bar for all resources), step size eta, first prices
mu_1.

All of it is plain arithmetic on numbers and lists, so Fractions stay Fractions where no log, exp or sqrt is needed,
and balls of a rigorous arithmetic work where one is.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lrtheory._numbers import divergence, inexact, number
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, integer, must
from lrtheory.dual_mirror_descent.prices.steps import GEOMETRIES
from lrtheory.dual_mirror_descent.theory.resources import (
    cost_bounds,
    first_prices,
    largest_ratio,
    per_resource,
    positive_rates,
)

__all__ = ["Constants", "bregman", "gradient_bound", "price_bound", "regret_constants", "step_size"]

HALF = Fraction(1, 2)  # not 0.5, which would turn Fractions into floats


class Constants(NamedTuple):
    """Constants of a bound C1 + C2 eta T + C3 / eta (statement DMD-T1).

    Parameters
    ----------
    C1 : number
        f_bar max_j b_bar_j / rho_j, what is lost when a budget runs out.
    C2 : number
        G^2 / (2 sigma), what is lost because prices move.
    C3 : number
        Largest Bregman divergence of a comparator from the first prices.
    """

    C1: Number
    C2: Number
    C3: Number


def bregman(
    to: Number | ArrayLike,
    start: Number | ArrayLike,
    *,
    geometry: str = "euclidean",
    rate: Number | ArrayLike | None = None,
) -> Any:
    r"""Compute the Bregman divergence V_h(to, start) of the reference function h of a geometry.

    Parameters
    ----------
    to, start : array of shape (m,)
        Prices, in units of reward per unit of the resource; for entropies `to` at least 0 and `start` positive.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        Geometry, which determines h, see Notes.
    rate : array of shape (m,)
        rho; needed for the scaled and the capped geometry.

    Returns
    -------
    number
        V_h >= 0.

    Raises
    ------
    ValueError
        If a number is out of range, what the geometry needs is missing, or there is no such geometry.

    Notes
    -----
    With y = mu, and y = rho mu in the scaled and the capped geometry: h = sum y_j^2 / 2 gives sum (y_j - x_j)^2 / 2,
    h = sum y_j log y_j gives sum y_j log(y_j / x_j) - y_j + x_j, where 0 log 0 = 0 (statement DMD-L3).

    References
    ----------
    .. [1] S. Balseiro, H. Lu, V. Mirrokni, The Best of Many Worlds: Dual Mirror Descent for Online Allocation Problems,
       Operations Research 71, 2023.

    Examples
    --------
    >>> bregman([1.0, 0.0], [0.0, 2.0])
    2.5
    """
    ends, starts = two_prices(to, start, geometry)
    rates = None if rate is None else per_resource("rate", rate, len(ends), 0, ends="(]")
    ends, starts = _in_coordinates(geometry, rates, ends, starts)
    if "entropy" in geometry:
        terms = [divergence(y, x) for y, x in zip(ends, starts, strict=True)]
    else:
        terms = [(y - x) * (y - x) * HALF for y, x in zip(ends, starts, strict=True)]
    total = sum(terms[1:], terms[0])
    return float(total) if isinstance(total, np.floating) else total


def two_prices(
    to: Any, start: Any, geometry: str, names: tuple[str, str] = ("to", "start")
) -> tuple[list[Any], list[Any]]:
    """Check two vectors of prices in the domain of a geometry, the second one positive for entropies."""
    if "entropy" in choice("geometry", geometry, GEOMETRIES):
        ends = per_resource(names[0], to, low=0)
        return ends, per_resource(names[1], start, len(ends), 0, ends="(]")
    ends = per_resource(names[0], to)
    return ends, per_resource(names[1], start, len(ends))


def _in_coordinates(geometry: str, rates: list[Any] | None, *prices: list[Any]) -> list[list[Any]]:
    """Return the prices, multiplied by the rates in the geometries that are free of the units of the resources."""
    if geometry in ("euclidean", "entropy"):
        return list(prices)
    if rates is None:
        raise must("rate", "given for the scaled and the capped geometry", rates)
    return [[r * p for r, p in zip(rates, vector, strict=True)] for vector in prices]


def gradient_bound(
    *, rate: Number | ArrayLike, cost_bound: Number | ArrayLike, geometry: str = "euclidean", constants: str = "tight"
) -> Any:
    r"""Bound the entries of a gradient g = rho - b, in the coordinates of the geometry.

    Parameters
    ----------
    rate : array of shape (m,)
        rho, units per period.
    cost_bound : float, or array of shape (m,)
        b_bar, of all resources or of each.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        In the scaled and the capped geometry the entries are g_j / rho_j.
    constants : {"tight", "paper"}
        Version of the constant.

    Returns
    -------
    number
        G = max(b_bar, max rho), in the paper b_bar + max rho with the largest b_bar; A = max(1, max_j b_bar_j / rho_j),
        or 1 + that ratio.

    Raises
    ------
    ValueError
        If there are no such constants or no such geometry, or a number is out of range.

    Proof
    -----
    Assumes: the costs of every action lie in [0, b_bar_j] (checked where a `RequestStream` is made), and the rates are
    positive (argument check).

    Proof: g_j = rho_j - b_j lies in [-b_bar_j, rho_j], so its size is at most max(b_bar_j, rho_j), and at most their
    sum. In the scaled and the capped geometry the interval is divided by rho_j.

    Checked by: the statements DMD-T1 to DMD-T5, into whose C2 this number enters.

    Examples
    --------
    >>> gradient_bound(rate=[0.25, 0.5], cost_bound=1.0)
    1.0
    """
    choice("constants", constants, ("tight", "paper"))
    choice("geometry", geometry, GEOMETRIES)
    rates = positive_rates(rate)
    bounds = cost_bounds(cost_bound, len(rates))
    used, unused = max(bounds), max(rates)
    if geometry in ("scaled-euclidean", "capped-entropy"):
        used, unused = largest_ratio(bounds, rates), 1
    return max(used, unused) if constants == "tight" else used + unused


def price_bound(
    *,
    rate: Number | ArrayLike,
    reward_bound: Number,
    cost_bound: Number | ArrayLike,
    step_size: Number,
    init: Number | ArrayLike | None = None,
    geometry: str = "euclidean",
) -> list[Any]:
    r"""Bound the prices from above, one number per resource (statement DMD-L4).

    Parameters
    ----------
    rate : array of shape (m,)
        rho, units per period.
    reward_bound : float
        f_bar, at least 0.
    cost_bound : float, or array of shape (m,)
        b_bar, of all resources or of each, at least 0.
    step_size : number
        eta, or the largest one of a schedule.
    init : array of shape (m,), optional
        mu_1, by default that of `default_init`.
    geometry : {"euclidean", "scaled-euclidean", "entropy"}
        The geometry; of the capped entropy rho . mu <= f_bar is known.

    Returns
    -------
    list of m numbers
        max(mu_1j, f_bar / rho_j + eta s_j (b_bar_j - rho_j)^+) with s_j = 1 or 1 / rho_j^2; for the entropy
        max(mu_1j, (f_bar / rho_j) exp(eta (b_bar_j - rho_j)^+)); for the capped one f_bar / rho_j.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such geometry.

    Proof
    -----
    Assumes: rewards are at most f_bar and costs lie in [0, b_bar_j] (checked where a `RequestStream` is made); the
    first prices are at least 0 (hypothesis of the statement), and no price is ever negative, so not with `fairness`
    (the caller).

    Proof: let s_j be the factor of the gradient in a step. If mu_tj > f_bar / rho_j, the proposal has mu_tj b_j <= mu_t
    . b <= f_t <= f_bar, hence b_j < rho_j, and the price of j falls. If not, it rises by at most one step against g_j
    >= rho_j - b_bar_j: by eta s_j (b_bar_j - rho_j)^+ in the Euclidean geometries, by the factor exp(eta (b_bar_j -
    rho_j)^+) under the entropy. Lazy Euclidean steps move the point before the projection. Where that is positive it is
    the price, so it falls above f_bar / rho_j, and from any point below it rises by at most one such step. The capped
    entropy projects on rho . mu <= f_bar.

    Checked by: DMD-L4 and DMD-L4-geometries.

    Examples
    --------
    >>> price_bound(rate=[0.5], reward_bound=1.0, cost_bound=1.0, step_size=0.5)
    [2.25]
    """
    choice("geometry", geometry, GEOMETRIES)
    rates = positive_rates(rate)
    bounds = cost_bounds(cost_bound, len(rates))
    high, eta = number("reward_bound", reward_bound, 0), number("step_size", step_size, 0)
    first = first_prices(init, rates, reward_bound, geometry)
    found = []
    for r, b, start in zip(rates, bounds, first, strict=True):
        base, rise = high / r, eta * max(0, b - r)
        if geometry == "entropy":
            base = base * np.exp(inexact(rise))
        elif geometry != "capped-entropy":
            base = base + (rise / (r * r) if geometry == "scaled-euclidean" else rise)
        found.append(max(start, base))
    return found


def regret_constants(
    *,
    rate: Number | ArrayLike,
    reward_bound: Number,
    cost_bound: Number | ArrayLike,
    geometry: str = "euclidean",
    step_size: Number | None = None,
    init: Number | ArrayLike | None = None,
    alpha: Number = 1,
    constants: str = "tight",
) -> Constants:
    r"""Compute C1, C2, C3 of the bounds C1 + C2 eta T + C3 / eta.

    Parameters
    ----------
    rate : array of shape (m,)
        rho, units per period.
    reward_bound : float
        f_bar, at least 0.
    cost_bound : float, or array of shape (m,)
        b_bar, of all resources or of each, at least 0.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        The geometry.
    step_size : number, optional
        eta; the C2 of the entropy depends on it, through the largest price.
    init : array of shape (m,), optional
        mu_1, by default that of `default_init`.
    alpha : number
        Competitive ratio, at least 1; above it for the adversarial bound (statement DMD-T2).
    constants : {"tight", "paper"}
        Version of the bound on the gradient, and for the entropy of the largest price (in the paper f_bar / rho_j + 1).

    Returns
    -------
    Constants
        C1 = f_bar max_j b_bar_j / rho_j, C2 = G^2 / (2 sigma) with sigma the strong convexity in the l1 norm, and C3
        the largest V_h(mu, mu_1) over mu in {0} and {f_bar / (alpha rho_j) e_j} (statement DMD-T1).

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such geometry.

    Notes
    -----
    1 / sigma is m for both Euclidean geometries, the sum of the largest prices for the entropy, f_bar for the capped
    entropy, in the coordinates rho mu for the scaled and the capped one, where A of `gradient_bound` stands for G.

    References
    ----------
    .. [1] S. Balseiro, H. Lu, V. Mirrokni, The Best of Many Worlds: Dual Mirror Descent for Online Allocation Problems,
       Operations Research 71, 2023, Theorem 1.

    Examples
    --------
    >>> found = regret_constants(rate=[0.5], reward_bound=1, cost_bound=1)
    >>> [float(value) for value in found]
    [2.0, 0.5, 2.0]
    """
    rates = positive_rates(rate)
    m = len(rates)
    reward_bound = number("reward_bound", reward_bound, 0)
    alpha = number("alpha", alpha, 1)
    if step_size is not None:
        step_size = number("step_size", step_size, 0)
    first = first_prices(init, rates, reward_bound, geometry)
    size = gradient_bound(rate=rates, cost_bound=cost_bound, geometry=geometry, constants=constants)
    if geometry == "entropy":
        if constants == "paper":
            largest = [reward_bound / r + 1 for r in rates]
        else:
            largest = price_bound(
                rate=rates,
                reward_bound=reward_bound,
                cost_bound=cost_bound,
                step_size=number("step_size", step_size, 0),
                init=first,
                geometry=geometry,
            )
        inverse: Any = sum(largest[1:], largest[0])  # 1 / sigma
    else:
        inverse = reward_bound if geometry == "capped-entropy" else m
    # the proof compares with 0 where no budget runs out, and with f_bar / (alpha rho_j) e_j where that of j does
    comparators = [[0 * r for r in rates]]
    for j, r in enumerate(rates):
        comparators.append([reward_bound / (alpha * r) if i == j else 0 * r for i in range(m)])
    farthest = max(bregman(point, first, geometry=geometry, rate=rates) for point in comparators)
    lost = reward_bound * largest_ratio(cost_bounds(cost_bound, m), rates)
    return Constants(lost, size * size * inverse * HALF, farthest)


def step_size(
    *,
    horizon: int,
    rate: Number | ArrayLike,
    reward_bound: Number,
    cost_bound: Number | ArrayLike,
    geometry: str = "euclidean",
    init: Number | ArrayLike | None = None,
    constants: str = "tight",
) -> float:
    r"""Compute the constant step size that minimizes the bound for independent requests, sqrt(C3 / (C2 T)).

    Parameters
    ----------
    horizon : int
        T, at least 1.
    rate : array of shape (m,)
        rho, units per period.
    reward_bound : float
        f_bar, at least 0.
    cost_bound : float, or array of shape (m,)
        b_bar, of all resources or of each, at least 0.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        The geometry.
    init : array of shape (m,), optional
        mu_1, by default that of `default_init`.
    constants : {"tight", "paper"}
        As in `regret_constants`.

    Returns
    -------
    float
        eta: reward per squared cost (euclidean), reward (scaled), 1 / cost (entropy), a pure number (capped); 0 when
        C3 is 0, that is when there is nothing to earn.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such geometry.

    Notes
    -----
    From mu_1 = 0 the Euclidean one is f_bar / (min rho G sqrt(m T)) (statement DMD-T1). For the entropy C2 depends on
    eta; the largest price is taken as e f_bar / rho_j, which holds while eta (b_bar_j - rho_j) <= 1 for all j, and eta
    is cut there. All is computed with f_bar and the smallest rate as units, so that no square leaves the range of
    doubles. The result changes with the unit of the rewards, and with a unit that all resources share, as the prices
    need it (statement DMD-S1); in the scaled and the capped geometry each resource may also have a unit of its own.

    References
    ----------
    .. [1] S. Balseiro, H. Lu, V. Mirrokni, The Best of Many Worlds: Dual Mirror Descent for Online Allocation Problems,
       Operations Research 71, 2023, Theorem 1.

    Examples
    --------
    >>> step_size(horizon=100, rate=[0.5], reward_bound=1.0, cost_bound=1.0)
    0.2
    """
    horizon = integer("horizon", horizon, low=1)
    rates = [float(r) for r in positive_rates(rate)]
    bounds = [float(b) for b in cost_bounds(cost_bound, len(rates))]
    first = first_prices(init, rates, number("reward_bound", reward_bound, 0), geometry)
    # in units in which f_bar and the least rate are 1
    money, unit = float(reward_bound) or 1.0, min(rates)
    rates, bounds = [r / unit for r in rates], [b / unit for b in bounds]
    excess = max(b - r for b, r in zip(bounds, rates, strict=True))
    # up to this eta, eta (b_bar_j - rho_j) <= 1 for all j, so the largest price is e f_bar / rho_j at most
    limit = 1 / excess if geometry == "entropy" and constants == "tight" and excess > 0 else float("inf")
    found = regret_constants(
        rate=rates,
        reward_bound=float(reward_bound) / money,
        cost_bound=bounds,
        geometry=geometry,
        step_size=limit if limit < float("inf") else 0.0,
        init=[float(price) / money * unit for price in first],
        constants=constants,
    )
    size = {"euclidean": money / unit / unit, "scaled-euclidean": money, "entropy": 1 / unit, "capped-entropy": 1.0}
    if found.C2 == 0:
        return limit * size[geometry] if limit < float("inf") else 0.0
    return min(limit, float(np.sqrt(float(found.C3) / (float(found.C2) * horizon)))) * size[geometry]
