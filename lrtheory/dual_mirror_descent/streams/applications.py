r"""Makers of streams from applications: online linear programs, an airline network, display advertising."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lrtheory._types import Number, Rng
from lrtheory._validation import choice, generator, integer, open_interval, real
from lrtheory.dual_mirror_descent.duality.optimum import fluid_optimum
from lrtheory.dual_mirror_descent.problem import RequestStream

__all__ = ["make_display_ads", "make_hub_and_spoke", "make_online_lp"]


def make_online_lp(
    horizon: int = 1000,
    *,
    n_resources: int = 100,
    n_actions: int = 10,
    budget_ratio: Number = 0.5,
    rng: Rng = None,
) -> RequestStream:
    r"""Make a random online linear program, as in the paper's experiment.

    Parameters
    ----------
    horizon : int
        Number of requests.
    n_resources, n_actions : int
        m and d.
    budget_ratio : float
        Tightness in (0, 1); rates are p_j times uniform numbers on [ratio / 2, (1 + ratio) / 2].
    rng : Generator, int or None
        Source of randomness; the parameters come first, then the requests.

    Returns
    -------
    RequestStream
        Costs are Bernoulli(p_j) with p_j = (1 + Beta(3, 1)) / 2, rewards theta . cost plus a standard normal number,
        clipped to [0, 10], for a random direction theta >= 0.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] S. Balseiro, H. Lu, V. Mirrokni, The Best of Many Worlds: Dual Mirror Descent for Online Allocation Problems,
       Operations Research 71, 2023, appendix H.1.

    Examples
    --------
    >>> make_online_lp(5, n_resources=3, n_actions=2, rng=0).costs.shape
    (5, 2, 3)
    """
    horizon, m = integer("horizon", horizon, low=1), integer("n_resources", n_resources, low=1)
    d, ratio = integer("n_actions", n_actions, low=1), open_interval("budget_ratio", budget_ratio, 0, 1)
    rng = generator(rng)
    p = (1 + rng.beta(3, 1, size=m)) / 2
    rate = p * rng.uniform(ratio / 2, (1 + ratio) / 2, size=m)
    theta = np.abs(rng.standard_normal(m))
    theta /= np.linalg.norm(theta)
    costs = (rng.random((horizon, d, m)) < p).astype(np.float64)
    rewards = np.clip(costs @ theta + rng.standard_normal((horizon, d)), 0, 10)
    return RequestStream(rewards, costs, rate * horizon, reward_bound=10.0, cost_bound=1.0)


def make_hub_and_spoke(horizon: int = 800, *, rng: Rng = None) -> RequestStream:
    r"""Make requests for seats of an airline with one hub and four spokes: 8 legs, 40 products, one product each.

    Parameters
    ----------
    horizon : int
        Number of requests.
    rng : Generator, int or None
        Source of the requests and of their order; the network is always the same.

    Returns
    -------
    RequestStream
        A table of 40 types; local legs and connections, two fares with ratio 4, of which the low one is asked for three
        times as often, and 1.6 times as much demand as there are seats. Its truth has ``probabilities``,
        ``fluid_value`` (143.0402 a request) and ``fluid_prices``.

    Raises
    ------
    ValueError
        If the horizon is so short that a leg has no seat.

    Examples
    --------
    >>> stream = make_hub_and_spoke(800, rng=0)
    >>> round(stream.truth["fluid_value"], 4), stream.costs.shape
    (143.0402, (40, 1, 8))
    """
    horizon = integer("horizon", horizon, low=10)
    network = np.random.default_rng(3)  # the parameters of this network, not a source of randomness
    products: list[tuple[list[int], float, float]] = []
    for leg in range(8):  # leg 2 s flies from spoke s to the hub, leg 2 s + 1 back
        base = float(network.integers(60, 120))
        products += [([leg], base, 3.0), ([leg], 4 * base, 1.0)]
    for start in range(4):
        for end in range(4):
            if start != end:
                base, legs = float(network.integers(80, 180)), [2 * start, 2 * end + 1]
                products += [(legs, base, 1.5), (legs, 4 * base, 0.5)]
    fares, weights = np.array([fare for _, fare, _ in products]), np.array([weight for *_, weight in products])
    costs = np.zeros((len(products), 8))
    for row, (legs, _, _) in zip(costs, products, strict=True):
        row[legs] = 1.0
    law = weights / weights.sum()
    rate = law @ costs / 1.6  # demand is 1.6 times the capacity of each leg
    fluid = fluid_optimum((fares, costs), law, rate)
    types = generator(rng).choice(len(products), size=horizon, p=law)
    known = {"probabilities": law, "fluid_value": fluid.value, "fluid_prices": fluid.prices}
    return RequestStream(fares, costs, np.floor(rate * horizon), types=types, truth=known)


#: an anonymous publisher of 12 advertisers: their rates, and for each type of visitor its probability, the advertisers
#: that want it, means and standard deviations of the logarithms of its qualities, and their average correlation
RATES = (0.0291, 0.0151, 0.1461, 0.0237, 0.0838, 0.0824, 0.2408, 0.0884, 0.0455, 0.0262, 0.0097, 0.0995)
Visitor = tuple[float, tuple[int, ...], tuple[float, ...], tuple[float, ...], float]
VISITORS: tuple[Visitor, ...] = (
    (0.0711, (5, 9), (2.95, 2.97), (0.78, 0.93), 0.80),
    (0.0396, (1, 5, 9), (6.01, 3.28, 3.30), (0.60, 0.65, 0.82), 0.58),
    (0.1545, (2, 4, 6, 7, 10), (3.70, 3.70, 3.44, 3.44, 3.70), (0.57, 0.57, 0.65, 0.65, 0.57), 0.89),
    (
        0.2960,
        (2, 4, 6, 7, 10, 11, 12),
        (3.57, 3.57, 3.58, 3.58, 3.57, 3.57, 3.78),
        (0.58, 0.58, 0.63, 0.63, 0.57, 0.57, 0.59),
        0.88,
    ),
    (
        0.1442,
        (2, 3, 4, 6, 7, 8, 10, 11, 12),
        (3.63, 3.00, 3.63, 3.39, 3.39, 3.40, 3.63, 3.63, 3.84),
        (0.48, 1.04, 0.48, 0.58, 0.58, 0.71, 0.48, 0.48, 0.49),
        0.63,
    ),
    (0.0672, (5,), (2.97,), (0.69,), 0.0),
    (
        0.2274,
        (2, 3, 4, 6, 7, 8, 10),
        (3.67, 3.02, 3.66, 3.39, 3.39, 3.42, 3.66),
        (0.47, 1.03, 0.47, 0.57, 0.57, 0.69, 0.47),
        0.56,
    ),
)
LARGEST_QUALITY = 300.0  # the unit of the rewards; higher qualities are cut


def make_display_ads(
    horizon: int = 1000,
    *,
    correlation: Number = 0.0,
    marginal: Literal["preserved", "shrinking"] = "preserved",
    rng: Rng = None,
) -> RequestStream:
    r"""Make visitors of a web page, each of whom may be shown to one of 12 advertisers.

    Parameters
    ----------
    horizon : int
        Number of visitors.
    correlation : float
        c in [0, 1): the type of the last visitor comes again with probability c, and the logarithms of the qualities
        follow an autoregression with coefficient c.
    marginal : {"preserved", "shrinking"}
        The variance of the innovations: 1 - c^2 times that of the law, which keeps the law of a single visitor; or (1 -
        c)^2 times, as in the authors' code, where more correlation also means less variance.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    RequestStream
        A menu of 12 actions, action j uses one unit of advertiser j; its rewards are also what `oracles.matching`
        takes. Qualities are in units of 300 and cut at 1. The parameters are rounded from the authors' data.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] S. Balseiro, J. Feldman, V. Mirrokni, S. Muthukrishnan, Yield optimization of display advertising with ad
       exchange, Management Science 60, 2014.

    Examples
    --------
    >>> make_display_ads(20, rng=0).rewards.shape
    (20, 12)
    """
    horizon, c = integer("horizon", horizon, low=1), real("correlation", correlation, low=0)
    if c > 0:
        open_interval("correlation", c, 0, 1)
    spread = (1 - c * c) ** 0.5 if choice("marginal", marginal, ("preserved", "shrinking")) == "preserved" else 1 - c
    rng = generator(rng)
    law = np.array([visitor[0] for visitor in VISITORS])
    fresh = rng.choice(len(VISITORS), size=horizon, p=law / law.sum())
    drawn = np.where(rng.random(horizon) < c, -1, np.arange(horizon))
    drawn[0] = 0
    types = fresh[np.maximum.accumulate(drawn)]  # index of the last visitor whose type was drawn anew
    n = len(RATES)
    rewards = np.zeros((horizon, n))
    for kind, (_, wanted, means, deviations, rho) in enumerate(VISITORS):
        size = len(wanted)
        root = np.linalg.cholesky(rho * np.ones((size, size)) + (1 - rho) * np.eye(size))
        noise = _autoregression(rng.standard_normal((horizon, size)), c, spread) @ root.T
        quality = np.exp(np.array(means) + np.array(deviations) * noise) / LARGEST_QUALITY
        at = types == kind
        rewards[np.ix_(at, np.array(wanted) - 1)] = np.minimum(quality[at], 1.0)
    costs = np.broadcast_to(np.eye(n), (horizon, n, n))
    return RequestStream(rewards, costs, np.array(RATES) * horizon, reward_bound=1.0, cost_bound=1.0)


def _autoregression(noise: np.ndarray, c: float, spread: float) -> np.ndarray:
    """Compute the process z_t = c z_{t-1} + spread noise_t along the first axis, stationary from the start."""
    from scipy.signal import lfilter

    if c == 0:
        return spread * noise
    innovations = spread * noise
    innovations[0] /= (1 - c * c) ** 0.5  # the stationary deviation is that of an innovation over sqrt(1 - c^2)
    return lfilter([1.0], [1.0, -c], innovations, axis=0)
