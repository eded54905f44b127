r"""Makers of streams with known laws: one resource and unit costs, in each of the input models."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from lrtheory._types import Number, Rng
from lrtheory._validation import choice, generator, integer, must, open_interval, real
from lrtheory.dual_mirror_descent.problem import RequestStream
from lrtheory.dual_mirror_descent.theory.known_optima import corrupted_total_variation, uniform_fluid, uniform_hindsight

__all__ = ["make_corrupted", "make_markov", "make_periodic", "make_phases", "make_uniform"]


def _one_resource(rewards: np.ndarray, rate: float, **known: Any) -> RequestStream:
    """Make a stream of unit costs from rewards (T,) in [0, 1], with rate T units of budget; `known` is its truth."""
    horizon = len(rewards)
    return RequestStream(
        rewards, np.ones(horizon), rate * horizon, truth=known or None, reward_bound=1.0, cost_bound=1.0
    )


def make_uniform(horizon: int, *, rate: Number = 0.3, rng: Rng = None) -> RequestStream:
    """Make independent rewards, uniform on [0, 1].

    Parameters
    ----------
    horizon : int
        Number of requests.
    rate : float
        Units per request, in (0, 1).
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    RequestStream
        Stream whose truth has ``fluid_value`` per request, ``fluid_prices``, and ``hindsight``, the mean optimum, where
        the budget is whole.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> make_uniform(100, rate=0.25, rng=0).truth["fluid_prices"]
    (0.75,)
    """
    horizon, rate = integer("horizon", horizon, low=1), open_interval("rate", rate, 0, 1)
    rewards = generator(rng).random(horizon)
    units = round(rate * horizon)
    known: dict[str, Any] = {"fluid_value": uniform_fluid(1, rate), "fluid_prices": (1 - rate,)}
    # the closed form of the mean optimum needs a whole budget, which 0.3 * 10 is up to rounding only
    if math.isclose(units, rate * horizon, rel_tol=1e-12):
        known["hindsight"] = float(uniform_hindsight(horizon, units))
        return RequestStream(rewards, np.ones(horizon), float(units), truth=known, reward_bound=1.0, cost_bound=1.0)
    return _one_resource(rewards, rate, **known)


def make_phases(n_phases: int, length: int, *, last: int | None = None, growth: Number = 0.01) -> RequestStream:
    r"""Make rewards that grow from phase to phase and stop without notice: the adversary of the competitive ratio.

    Parameters
    ----------
    n_phases : int
        K, at least 1.
    length : int
        Requests of a phase, and units of the budget.
    last : int, optional
        kappa in 1, ..., K: after this phase rewards are 0; by default K.
    growth : float
        epsilon in (0, 1): phase k has rewards epsilon^(K - k).

    Returns
    -------
    RequestStream
        Stream whose truth has ``hindsight``, the optimum length epsilon^(K - kappa) (statement DMD-LB2).

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> make_phases(2, 2, growth=0.5).rewards.ravel().tolist()
    [0.5, 0.5, 1.0, 1.0]
    """
    n_phases, length = integer("n_phases", n_phases, low=1), integer("length", length, low=1)
    last = n_phases if last is None else integer("last", last, low=1, high=n_phases)
    growth = open_interval("growth", growth, 0, 1)
    levels = growth ** (n_phases - np.arange(1.0, n_phases + 1))
    levels[last:] = 0.0
    rewards = np.repeat(levels, length)
    known = {"hindsight": length * growth ** (n_phases - last)}
    return RequestStream(rewards, np.ones(len(rewards)), float(length), truth=known, reward_bound=1.0, cost_bound=1.0)


def make_markov(horizon: int, *, switch: Number = 0.1, rate: Number = 0.4, rng: Rng = None) -> RequestStream:
    r"""Make rewards uniform on [0, 1/2] or [1/2, 1], by the state of a Markov chain that starts stationary.

    Parameters
    ----------
    horizon : int
        Number of requests.
    switch : float
        Probability p that the state changes, in [0, 1]; 1/2 is independent.
    rate : float
        Units per request, in (0, 1).
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    RequestStream
        On average uniform on [0, 1]; its truth has ``switch`` and the ``fluid_value`` of a request. The mixing
        coefficient is `theory.markov_mixing` (statement DMD-T4).

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> found = make_markov(100, switch=0.0, rng=1).rewards  # never switches
    >>> bool((found <= 0.5).all() or (found >= 0.5).all())
    True
    """
    horizon, rate = integer("horizon", horizon, low=1), open_interval("rate", rate, 0, 1)
    switch = real("switch", switch, low=0, high=1)
    rng = generator(rng)
    turns = rng.random(horizon) < switch
    turns[0] = rng.random() < 0.5
    high = np.cumsum(turns) % 2  # the parity of the number of switches so far is the state
    rewards = 0.5 * rng.random(horizon) + 0.5 * high
    return _one_resource(rewards, rate, switch=switch, fluid_value=uniform_fluid(1, rate))


def make_periodic(
    horizon: int,
    *,
    period: int = 20,
    kind: Literal["two-level", "sinusoid"] = "two-level",
    rate: Number = 0.4,
    rng: Rng = None,
) -> RequestStream:
    r"""Make rewards whose law repeats with a period.

    Parameters
    ----------
    horizon : int
        Number of requests, a multiple of the period.
    period : int
        q, even for two levels.
    kind : {"two-level", "sinusoid"}
        Uniform on [0.4, 0.5] in the first and on [0.9, 1] in the second half of each period, or uniform on [s, s + 1/2]
        with s a sinusoid between 0 and 1/2.
    rate : float
        Units per request, in (0, 1).
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    RequestStream
        Stream whose truth has the ``period`` (statement DMD-T5).

    Raises
    ------
    ValueError
        If a number is out of range, the horizon is not a multiple of the period, or two levels have an odd one.

    Examples
    --------
    >>> bool((make_periodic(40, period=4, rng=0).rewards[2:4] >= 0.9).all())
    True
    """
    horizon, rate = integer("horizon", horizon, low=1), open_interval("rate", rate, 0, 1)
    period = integer("period", period, low=1, high=horizon)
    choice("kind", kind, ("two-level", "sinusoid"))
    if horizon % period:
        raise must("horizon", f"a multiple of the period {period}", horizon)
    if kind == "two-level" and period % 2:
        raise must("period", "even for two levels", period)
    phase, u = np.arange(horizon) % period, generator(rng).random(horizon)
    if kind == "two-level":
        rewards = np.where(2 * phase >= period, 0.9, 0.4) + 0.1 * u
    else:
        rewards = 0.25 + 0.25 * np.sin(2 * math.pi * phase / period) + 0.5 * u
    return _one_resource(np.minimum(rewards, 1.0), rate, period=period)


def make_corrupted(horizon: int, *, fraction: Number = 0.2, rate: Number = 0.4, rng: Rng = None) -> RequestStream:
    r"""Make independent rewards uniform on [0, 1], of which the last ones are uniform on [0.9, 1] instead.

    Parameters
    ----------
    horizon : int
        Number of requests.
    fraction : float
        Share of corrupted requests, in [0, 1].
    rate : float
        Units per request, in (0, 1).
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    RequestStream
        Stream whose truth has ``n_corrupted`` and ``total_variation``, the sum over time of the total variation between
        the law of a request and the average law (statement DMD-T3).

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    The two laws are 0.9 apart in total variation, and the sum is 0.9 times `theory.corrupted_total_variation`.

    Examples
    --------
    >>> make_corrupted(10, fraction=0.5, rng=0).truth["total_variation"]
    4.5
    """
    horizon, rate = integer("horizon", horizon, low=1), open_interval("rate", rate, 0, 1)
    n_corrupted = round(real("fraction", fraction, low=0, high=1) * horizon)
    rewards = generator(rng).random(horizon)
    late = horizon - n_corrupted
    rewards[late:] = 0.9 + 0.1 * rewards[late:]
    distance = 0.9 * float(corrupted_total_variation(horizon, n_corrupted, alike=True))
    known = {"n_corrupted": n_corrupted, "total_variation": distance}
    return _one_resource(rewards, rate, **known)
