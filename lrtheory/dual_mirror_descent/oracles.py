r"""Oracles find the best action at given prices, for requests with many or infinitely many actions.

An oracle is called with prices (m,) and returns an `Action`: what is done, what it earns, what it uses. It must attain
f*(mu) = max_x f(x) - mu . b(x), and return None where that is 0; an oracle that is off by epsilon adds epsilon T to
every bound. The four of the applications stand here; any function of the prices will do.

Where actions touch every resource, rejecting them once one resource is empty loses everything. With ``on_depletion``
other than "reject", the method ``fit(action, remaining, *, prices, rule)`` of an oracle returns the `Action` that is
done instead: `remaining` (m,) are the units that it may use, `rule` is "clip" or "restrict".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from lrtheory._numbers import HUGE
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, integer, must, open_interval, real

__all__ = ["Action", "assortment", "matching", "menu", "second_price"]


class Action(NamedTuple):
    """An action is the answer of an oracle: what is done, what it earns and what it uses.

    Parameters
    ----------
    action : object
        Action in the terms of the oracle; None for nothing.
    reward : float
        Reward of the action.
    cost : float64 array of shape (m,)
        Units that it uses.
    """

    action: Any  # of a type of the oracle's own choice
    reward: float
    cost: np.ndarray


Oracle: TypeAlias = Callable[[np.ndarray], Action]


def menu(rewards: ArrayLike, costs: ArrayLike) -> Oracle:
    r"""Make the oracle of finitely many actions, as in network revenue management and online linear programming.

    Parameters
    ----------
    rewards : array of shape (d,)
        Reward of each action.
    costs : array of shape (d, m)
        Units that each uses.

    Returns
    -------
    callable
        From prices to the `Action` with the largest reward - prices . cost, the lowest index among ties; nothing
        unless that is positive.

    Raises
    ------
    ValueError
        If shapes do not fit, there is no action, or a cost is negative.

    Examples
    --------
    >>> menu([1.0, 3.0], [[1.0], [2.0]])(np.array([0.5])).action
    1
    """
    values = array("rewards", rewards, shape=(None,))
    if len(values) == 0:
        raise must("rewards", "of at least one action", values.shape)
    return _Menu(values, array("costs", costs, shape=(len(values), None), low=0.0))


@dataclass(frozen=True, eq=False)
class _Menu:
    rewards: np.ndarray
    costs: np.ndarray

    def __call__(self, prices: np.ndarray) -> Action:
        wanted = (len(self.rewards), len(prices))
        if self.costs.shape != wanted:
            raise must("costs", f"of shape {wanted}, one column per resource", self.costs.shape)
        return self.best(self.rewards - self.costs @ prices)

    def best(self, reduced: np.ndarray) -> Action:
        """Return the action with the largest reduced reward, or nothing unless that is positive."""
        best = int(reduced.argmax())
        if not reduced[best] > 0:
            return Action(None, 0.0, 0 * self.costs[0])
        return Action(best, float(self.rewards[best]), self.costs[best])

    def fit(self, action: int, remaining: np.ndarray, *, prices: np.ndarray, rule: str) -> Action:
        """Return the best action that fits under "restrict", or the share of this one that fits under "clip"."""
        if rule == "restrict":
            fits = (self.costs <= remaining).all(axis=1)
            return self.best(np.where(fits, self.rewards - self.costs @ prices, 0.0))
        used = self.costs[action]  # resources of cost 0 limit nothing, even where they are depleted
        share = min(1.0, float((remaining[used > 0] / used[used > 0]).min(initial=1.0)))
        if not share > 0:
            return Action(None, 0.0, 0 * used)
        return Action(action, share * float(self.rewards[action]), share * used)


def second_price(value: Number, competing_bid: Number) -> Oracle:
    r"""Make the oracle of a second-price auction: to win or not, with money as the one resource.

    Parameters
    ----------
    value : float
        v, what winning is worth, at least 0.
    competing_bid : float
        d, what winning costs, at least 0.

    Returns
    -------
    callable
        From prices to the `Action` True when v / (1 + mu) > d: to bid v / (1 + mu) does this without knowing d.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Examples
    --------
    >>> second_price(1.0, 0.5)(np.array([0.25])).reward
    0.5
    """
    worth = real("value", value, low=0, high=HUGE)
    return _SecondPrice(worth, real("competing_bid", competing_bid, low=0, high=HUGE))


@dataclass(frozen=True)
class _SecondPrice:
    value: float
    competing_bid: float

    def __call__(self, prices: np.ndarray) -> Action:
        if self.value / (1 + float(prices[0])) > self.competing_bid:
            return Action(True, self.value - self.competing_bid, np.array([self.competing_bid]))
        return Action(None, 0.0, np.zeros(1))


def matching(rewards: ArrayLike, *, temperature: Number) -> Oracle:
    r"""Make the oracle of proportional matching: shares x of a request go to m resources, spread by an entropy.

    Parameters
    ----------
    rewards : array of shape (m,)
        r, of a whole unit of each resource.
    temperature : float
        lambda > 0; the smaller, the closer to the single best resource.

    Returns
    -------
    callable
        From prices to the `Action` x_j = e^{z_j} / (1 + sum_k e^{z_k}), z = (r - mu) / lambda, which maximizes r . x -
        mu . x - lambda (sum x_j log x_j + x_0 log x_0) with the slack x_0 = 1 - sum x_j.

    Raises
    ------
    ValueError
        If the temperature is not positive.

    Examples
    --------
    >>> matching([0.0, 0.0], temperature=1.0)(np.zeros(2)).action.round(3).tolist()
    [0.333, 0.333]
    """
    values = array("rewards", rewards, shape=(None,))
    return _Matching(values, open_interval("temperature", temperature, 0, np.inf))


@dataclass(frozen=True, eq=False)
class _Matching:
    rewards: np.ndarray
    temperature: float

    def __call__(self, prices: np.ndarray) -> Action:
        z = (self.rewards - prices) / self.temperature
        top = max(0.0, float(z.max()))  # subtracted, so that no exponential overflows
        weights = np.exp(z - top)
        shares = weights / (np.exp(-top) + weights.sum())  # e^-top is the 1 of the slack x_0, so a softmax over m + 1
        return Action(shares, self.reward(shares), shares)

    def reward(self, shares: np.ndarray) -> float:
        """Compute the objective of given shares, the reward with the entropy of shares and slack, 0 log 0 = 0."""
        slack = max(0.0, 1.0 - float(shares.sum()))
        logs = [x * np.log(x) for x in (*shares, slack) if x > 0]
        return float(self.rewards @ shares - self.temperature * sum(logs))

    def fit(self, action: np.ndarray, remaining: np.ndarray, *, prices: np.ndarray, rule: str) -> Action:
        """Cut each share at what remains of its resource, under both rules."""
        shares = np.minimum(action, np.maximum(remaining, 0.0))
        return Action(shares, self.reward(shares), shares)


def assortment(revenues: ArrayLike, weights: ArrayLike, *, outside: Number = 1.0, k: int | None = None) -> Oracle:
    r"""Make the oracle of assortments: at most k products are offered to a customer who chooses by a multinomial logit.

    Parameters
    ----------
    revenues : array of shape (m,)
        r_j, earned when one unit of product j is sold.
    weights : array of shape (m,)
        u_j, at least 0: from the offer S, j is bought with probability u_j / (u_0 + sum_S u).
    outside : float
        u_0 > 0, the weight of buying nothing.
    k : int or None
        Largest number of products on offer.

    Returns
    -------
    callable
        From prices to the `Action`, a tuple of products in ascending order; reward and cost are expectations.

    Raises
    ------
    ValueError
        If shapes do not fit or a weight is negative.

    Notes
    -----
    The value z of the best offer is a fixed point: offer the k products of largest u_j (r_j - mu_j - z), if positive,
    and take for z what that offer is worth (Dinkelbach). Without a limit the best offer is a prefix of the products in
    descending order of r_j - mu_j (statement DMD-L11-assortment).

    Proof
    -----
    Assumes: weights are at least 0 and the weight of buying nothing is positive (argument checks).

    Proof: an offer S is worth at least z if and only if sum_S u_j (r_j - mu_j - z) >= u_0 z, and the left side is
    largest for the k largest positive terms. So as long as some offer is worth more than z, the next one is, z rises,
    and it does so through finitely many offers. Where none is, z is the best value and the offer attains it.

    Checked by: DMD-L11-assortment, by enumeration of all offers.

    Examples
    --------
    >>> assortment([1.0, 0.3], [1.0, 1.0])(np.zeros(2)).action
    (0,)
    """
    values = array("revenues", revenues, shape=(None,))
    u = array("weights", weights, shape=values.shape, low=0.0)
    limit = len(values) if k is None else integer("k", k, low=1)
    return _Assortment(values, u, open_interval("outside", outside, 0, np.inf), limit)


@dataclass(frozen=True, eq=False)
class _Assortment:
    revenues: np.ndarray
    weights: np.ndarray
    outside: float
    k: int

    def __call__(self, prices: np.ndarray) -> Action:
        margins = self.revenues - prices
        value = 0.0
        while True:
            gains = self.weights * (margins - value)
            offer = np.argsort(-gains, kind="stable")[: self.k]
            offer = offer[gains[offer] > 0]
            better = float(self.weights[offer] @ margins[offer]) / (self.outside + float(self.weights[offer].sum()))
            # in exact arithmetic the value rises until its offer attains it; a rise of rounding could repeat for ever
            if not better > value * (1 + 1e-15):
                return self.offered(offer)
            value, best = better, offer
            if len(best) == 0:
                return self.offered(best)

    def offered(self, offer: np.ndarray) -> Action:
        """Return an offer with its expected reward and sales."""
        sales = np.zeros_like(self.revenues)
        sales[offer] = self.weights[offer] / (self.outside + self.weights[offer].sum())
        action = tuple(sorted(int(j) for j in offer)) or None
        return Action(action, float(self.revenues @ sales), sales)

    def fit(self, action: tuple[int, ...], remaining: np.ndarray, *, prices: np.ndarray, rule: str) -> Action:
        """Leave out the products of which less than one unit remains, under both rules; sales come in whole units."""
        return self.offered(np.array([j for j in action if remaining[j] >= 1], dtype=np.int64))


def proposed(oracle: Any, prices: np.ndarray) -> Action:
    """Ask an oracle at these prices, and check its answer."""
    if not callable(oracle):
        raise must("oracle", "callable", oracle, TypeError)
    return checked(oracle(prices), len(prices))


def checked(found: Any, n_resources: int) -> Action:
    """Check and return the answer of an oracle."""
    if not isinstance(found, tuple) or len(found) != 3:
        raise must("oracle", "a function that returns an Action: action, reward and cost", found, TypeError)
    reward = real("reward", found[1])
    if not math.isfinite(reward):
        raise must("reward", "finite", reward)
    cost = array("cost", found[2], shape=(n_resources,), low=0.0)
    if found[0] is None and (reward != 0 or cost.any()):
        raise must("oracle", "a function whose void action, None, earns and uses nothing", found)
    return Action(found[0], reward, cost.astype(np.float64))
