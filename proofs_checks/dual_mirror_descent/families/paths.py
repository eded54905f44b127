"""Runs on sequences of requests: gradients, roundings and rules that several rooms share."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lrtheory.bounds import Number, Numbers, Sides, formula, rounding
from lrtheory.dual_mirror_descent.prices import steps
from proofs_checks.dual_mirror_descent.families.streams import Requests, Walk, off_the_rules, spent


def gradients(requests: Requests, walk: Walk) -> np.ndarray:
    """Compute g_t = rate - b_t(proposed action), (T, m)."""
    return requests.rate - spent(requests, walk.proposed)


def path_rounding(requests: Requests, walk: Walk) -> float:
    """Bound the rounding of sums along a run whose prices take exp and log; Euclidean runs are exact here."""
    if requests.geometry == "euclidean":
        return 0.0
    # a step adds terms of the size of `largest`, and logarithms of prices are compared after a division by eta; the
    # scaled and the capped geometry divide by rates once or twice
    largest = 1 + np.abs(walk.prices).max() * (requests.cost_bound.max() + requests.rate.max())
    scale = largest * (1 + 1 / requests.step_size) / requests.rate.min() ** 2
    return rounding(64 * requests.horizon * len(requests.rate), requests.horizon * scale)


def comparators(requests: Requests) -> np.ndarray:
    """Return the comparators of the regret bounds, prices 0 and (f bar / rate_j) e_j, one per row, (m + 1, m)."""
    # integers in the identity matrix leave Fractions and balls as they are
    m, top = len(requests.rate), requests.reward_bound / requests.rate
    return np.vstack([0 * requests.rate[None], np.eye(m, dtype=int) * top])


WALK = ("prices", "proposed")


def with_rules(requests: Requests, walk: Walk, lhs: np.ndarray, rhs: np.ndarray, trivial: np.ndarray = None) -> Sides:
    """Add to the two sides that the prices start at mu_1 and the proposals are best replies to them."""
    # without these two entries any constant prices, or proposals that ignore them, would satisfy a bound on the prices
    off = off_the_rules(requests, walk)
    most = None if trivial is None else np.r_[trivial.ravel(), np.inf, np.inf]
    allowed = path_rounding(requests, walk) or None
    return Sides(np.r_[lhs.ravel(), off], np.r_[rhs.ravel(), 0 * off], trivial=most, rounding=allowed)


FLIPPED = "the price rises when too little is spent"


FIRST_GAINFUL = (steps.best_action, "if value > best:", "if value > 0 and chosen < 0:")


@formula(mu="[0, inf)", total="(-inf, inf)", rho="[0, inf)")
def least_price(
    mu: Numbers,
    total: Numbers,
    rho: Numbers,
    geometry: Literal["euclidean", "scaled-euclidean", "entropy", "capped-entropy"],
) -> Numbers:
    """A price that begins at mu is at or above zero, and at least this, where the step size times all g_t is `total`.

    Here rho is the rate of the resource, and `geometry` says what a step minimizes.

    Proof
    -----
    Assumes: mu >= 0 and a constant step size eta (hypotheses of the statements).

    Proof: a step minimizes over prices at or above zero, so none is below. A Euclidean step takes mu_t to the larger of
    0 and mu_t - eta g_t, or of 0 and mu_t - eta g_t / rho^2 where it is scaled, so that each step lowers the price by
    its own term at most; a lazy one takes the first price to the larger of 0 and mu_1 less all terms. A step of the
    entropy multiplies by e^{-eta g_t}. That of the capped entropy lowers prices by its projection, too, so 0 alone is
    known.
    """
    if geometry == "entropy":
        return mu * np.exp(-total)
    if geometry == "capped-entropy":
        return 0 * total
    return mu - (total / rho**2 if geometry == "scaled-euclidean" else total)


def least_prices(requests: Requests, walk: Walk) -> np.ndarray:
    """Bound the prices after each request from below, (T, m)."""
    total = requests.step_size * np.cumsum(gradients(requests, walk), axis=0)
    return np.asarray(least_price(requests.init, total, requests.rate, requests.geometry))


@formula(D="(-inf, inf)", w="(-inf, inf)")
def path_identity(D: Number, w: Number) -> Number:
    """The reward up to the stopping time, where D sums the dual values, and w price times gradient.

    Proof
    -----
    Assumes: the proposals are best replies to the prices (what the kernels do), and both sums end at tau, up to which
    every proposal is implemented, since each resource had more than b_bar_j left before (definition of tau; tau is 0
    where b_bar_j exceeds a budget).

    Proof: D_t(mu_t) = f_t(x) - mu_t . b_t(x) + mu_t . rho = f_t(x) + w_t(mu_t) at the proposal x, which is the action
    x_t for t <= tau.
    """
    return D - w
