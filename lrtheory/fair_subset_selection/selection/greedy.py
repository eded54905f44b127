r"""Greedy selection for submodular scores under quotas: the largest marginal that fits, k times.

.. math:: i_t \in \arg\max_{i \text{ fits}} F(S_{t-1} + i) - F(S_{t-1}),
          \qquad F(S_k) \ge \tfrac12 \max_{S \text{ within the quotas}} F(S)

(statement FSS-G1), and 1 - (1 - 1/k)^k instead of 1/2 without quotas (FSS-G2). Marginals only fall while the set grows,
so an old marginal is an upper bound: the lazy method evaluates items by decreasing bound, and stops at the first bound
below the best marginal of the step. It picks what the plain method picks, and sees the same ties. Where each ranking
counts its best item alone, `served` finds the same with less work.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel

__all__ = ["cc_gain", "fitting", "greedy_steps", "insert", "owa_gain"]


@kernel
def rise(value, best):
    """max(0, value - best)."""
    more = value - best
    return more if more > 0 else more * 0


@kernel
def cc_gain(values, best, voters):
    """sum_v voters_v max(0, value_v - best_v): what an item adds when each ranking counts its best item alone."""
    if len(voters) > 0:
        weighted = 0.0
        for v in range(len(values)):
            if values[v] > best[v]:
                weighted += voters[v] * (float(values[v]) - float(best[v]))
        return weighted
    n = len(values)
    half = n // 2
    first = rise(values[n - 1], best[n - 1]) * np.int64(n % 2)  # of integers a wide one, whose sum is exact and quick
    second = first * 0
    for v in range(half):  # two sums, so that no addition waits for the one before
        first += rise(values[v], best[v])
        second += rise(values[half + v], best[half + v])
    return float(first + second)


@kernel
def owa_gain(values, top, lam, voters):
    """What an item adds when each ranking weighs its t-th best item with lambda_t; `top` holds the best, sorted."""
    total = 0.0
    last = len(lam) - 1
    for v in range(len(values)):
        if values[v] <= top[last, v]:
            continue
        value, gain = float(values[v]), 0.0
        for t in range(len(lam)):
            if value > top[t, v]:
                gain += lam[t] * (value - top[t, v])
                value = top[t, v]  # what was here moves one place down
        total += gain * (voters[v] if len(voters) > 0 else 1.0)
    return total


@kernel
def insert(values, top):
    """Enter the values of the chosen item into the sorted best of each ranking."""
    for v in range(len(values)):
        value = values[v]
        for t in range(top.shape[0]):
            if value > top[t, v]:
                value, top[t, v] = top[t, v], value


@kernel
def fitting(open_, groups, count, low, high, k):
    """Which items can come next: those left whose group lacks items, or has room while places are free."""
    free = k
    for g in range(len(low)):
        free -= max(low[g], count[g])
    fits = np.zeros(len(groups), np.bool_)
    for i in range(len(groups)):
        g = groups[i]
        fits[i] = open_[i] and count[g] < high[g] and (count[g] < low[g] or free > 0)
    return fits


@kernel
def greedy_steps(values, voters, lam, groups, low, high, priority, k, lazy):
    """Items in the order of their choice, gains, who tied for each choice, marginals in the end, evaluations before.

    Of equal gains the one with the smaller priority is chosen.
    """
    m, n = values.shape
    top = np.zeros((len(lam), n), values.dtype)
    bound = np.full(m, np.inf)
    open_ = np.ones(m, np.bool_)
    count = np.zeros(len(low), np.int64)
    items, gains = np.empty(k, np.int64), np.empty(k)
    ties = np.zeros((k, m), np.bool_)
    evaluations = 0
    for step in range(k):
        best = -1
        fits = fitting(open_, groups, count, low, high, k)
        for i in np.argsort(-bound):
            if not fits[i]:
                continue
            if lazy and best >= 0 and bound[i] < bound[best]:
                break
            bound[i] = cc_gain(values[i], top[0], voters) if len(lam) == 1 else owa_gain(values[i], top, lam, voters)
            evaluations += 1
            if best < 0 or bound[i] > bound[best]:
                ties[step] = False
                best = i
            elif bound[i] == bound[best] and priority[i] < priority[best]:
                best = i
            ties[step, i] = bound[i] == bound[best]
        items[step], gains[step] = best, bound[best]
        count[groups[best]] += 1
        open_[best] = False
        insert(values[best], top)
    for i in range(m if k > 0 else 0):
        bound[i] = cc_gain(values[i], top[0], voters) if len(lam) == 1 else owa_gain(values[i], top, lam, voters)
    return items, gains, ties, bound, evaluations
