"""Dual mirror descent written out in Python, in whatever numbers: slow, plain, and independent of the kernels."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np


class Plain(NamedTuple):
    """What `run` returns; the prices have T + 1 rows."""

    proposed: list[int]
    actions: list[int]
    prices: list[list[Any]]
    reward: Any
    remaining: list[Any]
    stopping_time: int
    dual_values: Any
    path_regret: Any


def step(geometry, start, g, eta, rate, f_bar):
    """One mirror step from `start`; for Euclidean ones before the projection."""
    m = range(len(start))
    if geometry == "euclidean":
        return [start[j] - eta * g[j] for j in m]
    if geometry == "scaled-euclidean":
        return [start[j] - eta * g[j] / rate[j] ** 2 for j in m]
    if geometry == "entropy":
        return [start[j] * math.exp(-eta * g[j]) for j in m]
    v = [start[j] * math.exp(-eta * g[j] / rate[j]) for j in m]
    total = sum(rate[j] * v[j] for j in m)
    return [x * f_bar / total for x in v] if total > f_bar else v


def run(rewards, costs, budget, *, geometry="euclidean", eta, init, lazy=False, f_bar=None, b_bar=None, tolerance=0):
    """The algorithm with rejection and a constant step size; lists of numbers."""
    horizon, m = len(rewards), len(budget)
    f_bar = max(max(row) for row in rewards) if f_bar is None else f_bar
    b_bar = max(max(max(c) for c in row) for row in costs) if b_bar is None else b_bar
    rate = [b / horizon for b in budget]
    left, mirror, prices = list(budget), list(init), [list(init)]
    proposed, actions, reward, dual, regret = [], [], 0, 0, 0
    tau = 0 if any(b_bar > b + tolerance for b in budget) else None
    for menu, used in zip(rewards, costs, strict=True):
        mu = prices[-1]
        reduced = [r - sum(mu[j] * c[j] for j in range(m)) for r, c in zip(menu, used, strict=True)]
        best = max(range(len(menu)), key=lambda i: reduced[i])
        proposal = best if reduced[best] > 0 else -1
        b = used[proposal] if proposal >= 0 else [0] * m
        action = proposal if all(b[j] <= left[j] + tolerance for j in range(m)) else -1
        if action >= 0:
            left = [left[j] - b[j] for j in range(m)]
            reward += menu[action]
        g = [rate[j] - b[j] for j in range(m)]
        if tau is None:
            dual += max(reduced[best], 0) + sum(mu[j] * rate[j] for j in range(m))
            regret += sum(mu[j] * g[j] for j in range(m))
            if any(left[j] <= b_bar + tolerance for j in range(m)):
                tau = len(actions) + 1
        mirror = step(geometry, mirror if lazy else mu, g, eta, rate, f_bar)
        prices.append([max(0, x) for x in mirror])
        proposed.append(proposal)
        actions.append(action)
    return Plain(proposed, actions, prices, reward, left, horizon if tau is None else tau, dual, regret)


def best_assortment(revenues, weights, outside, k):
    """The largest expected revenue over all offers of at most k products."""
    n, best = len(revenues), 0.0
    for size in range(1, min(k, n) + 1):
        for offer in combinations(range(n), size):
            total = outside + sum(weights[j] for j in offer)
            best = max(best, sum(revenues[j] * weights[j] for j in offer) / total)
    return best


def random_menus(rng, horizon, d, m, parts=8):
    """Rewards and costs that are multiples of 1 / parts, so that Euclidean runs are exact in doubles."""
    return rng.integers(0, parts, (horizon, d)) / parts, rng.integers(0, parts, (horizon, d, m)) / parts


def lists(array: np.ndarray) -> Any:
    return np.asarray(array).tolist()
