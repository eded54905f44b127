r"""Greedy selection for submodular scores under quotas: the largest marginal that fits, k times.

.. math:: i_t \in \arg\max_{i \text{ fits}} F(S_{t-1} + i) - F(S_{t-1}),
          \qquad F(S_k) \ge \tfrac12 \max_{S \text{ within the quotas}} F(S)

(statement FSS-G1), and 1 - (1 - 1/k)^k instead of 1/2 without quotas (FSS-G2). Marginals only fall while the set grows,
so an old marginal is an upper bound: the lazy method evaluates items by decreasing bound, and stops at the first bound
below the best marginal of the step. It picks what the plain method picks, and sees the same ties. Where each ranking
counts its best item alone, `chamberlin_courant` finds the same with less work.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel

__all__ = ["Objective", "cc_gain", "fitting", "greedy_steps", "insert", "owa_gain"]


class Objective(NamedTuple):
    """The score function F, by what the kernels read of the panel and the rule; all arrays are read-only."""

    values: np.ndarray  # w(pos_v(i)) of item i in ranking v (m, n): one row per item
    voters: np.ndarray  # number of voters behind each ranking (n,); without entries where it is one each
    lam: np.ndarray  # OWA weights lambda without the zeros at their end


# --- kernels ---------------------------------------------------------------------------------------------------------


@kernel
def rise(value, best):
    """Return max(0, value - best) in the type of the arguments."""
    more = value - best  # `more * 0` below is a zero of this type, so that the compiled function returns one type
    return more if more > 0 else more * 0


@kernel
def cc_gain(values, best, voters):
    """Return the marginal sum_v voters_v max(0, value_v - best_v) of an item where a ranking counts its best alone.

    `values` and `best` have shape (n,); `voters` has shape (n,), or (0,) where every ranking stands for one voter.
    """
    if len(voters) > 0:
        weighted = 0.0
        for v in range(len(values)):
            if values[v] > best[v]:
                weighted += voters[v] * (float(values[v]) - float(best[v]))
        return weighted
    n = len(values)
    half = n // 2
    # The last ranking is counted here if n is odd; if n is even this is a zero. The int64 factor turns differences of
    # int16 into int64, so that their sum is exact and does not wrap; differences of floats stay floats.
    first = rise(values[n - 1], best[n - 1]) * np.int64(n % 2)
    second = first * 0
    for v in range(half):  # two sums, so that no addition waits for the one before
        first += rise(values[v], best[v])
        second += rise(values[half + v], best[half + v])
    return float(first + second)


@kernel
def owa_gain(values, top, lam, voters):
    """Return the marginal of an item where each ranking weighs its t-th best chosen item with lambda_t.

    ``top[t, v]`` is the t-th largest value of the chosen items in ranking v, t from 0, and 0 while fewer are chosen.
    """
    total = 0.0
    last = len(lam) - 1
    for v in range(len(values)):
        if values[v] <= top[last, v]:  # the item is not among those that this ranking weighs
            continue
        value, gain = float(values[v]), 0.0
        for t in range(len(lam)):
            if value > top[t, v]:
                gain += lam[t] * (value - top[t, v])
                value = top[t, v]  # the value that was here moves one rank down, where it may gain or be lost
        total += gain * (voters[v] if len(voters) > 0 else 1.0)
    return total


@kernel
def insert(values, top):
    """Insert the values of the chosen item into `top`, sorted in decreasing order for each ranking; the last drops out.

    An item is inserted when it is chosen and never leaves, so `top` is all that later marginals need of the set.
    """
    for v in range(len(values)):
        value = values[v]
        for t in range(top.shape[0]):
            if value > top[t, v]:
                value, top[t, v] = top[t, v], value


@kernel
def fitting(quotas, unused, count):
    """Mark the items that can be chosen next such that the set can still be completed within the quotas.

    An unused item fits if its group is below its lower bound, or is below its upper bound while seats are free. `count`
    has the numbers of chosen items of the groups.
    """
    groups, low, high = quotas.groups, quotas.low, quotas.high
    free = quotas.k  # seats that are neither taken nor needed to meet the lower bounds of groups
    for g in range(len(low)):
        free -= max(low[g], count[g])
    fits = np.zeros(len(groups), np.bool_)
    for i in range(len(groups)):
        g = groups[i]
        fits[i] = unused[i] and count[g] < high[g] and (count[g] < low[g] or free > 0)
    return fits


@kernel
def greedy_steps(objective, quotas, priority, lazy):
    """Choose k items one by one, each with the largest marginal that fits; of equal ones that with the least priority.

    Returned are the items in the order of their choice (k,), their gains (k,), the items that tied in each step (k, m),
    the marginals of all items given the final set (m,), and the number of marginals that were evaluated before the last
    choice was made.
    """
    values, voters, lam = objective
    m, n = values.shape
    k = quotas.k
    top = np.zeros((len(lam), n), values.dtype)
    # Invariant: bound[i] is a marginal of item i given an earlier or the present set, and never below the present one.
    bound = np.full(m, np.inf)
    unused = np.ones(m, np.bool_)
    count = np.zeros(len(quotas.low), np.int64)
    items, gains = np.empty(k, np.int64), np.empty(k)
    ties = np.zeros((k, m), np.bool_)
    evaluations = 0
    for step in range(k):
        best = -1
        fits = fitting(quotas, unused, count)
        for i in np.argsort(-bound):
            if not fits[i]:
                continue
            # no later bound is larger; an equal one is evaluated, since it may be a tie
            if lazy and best >= 0 and bound[i] < bound[best]:
                break
            bound[i] = cc_gain(values[i], top[0], voters) if len(lam) == 1 else owa_gain(values[i], top, lam, voters)
            evaluations += 1
            if best < 0 or bound[i] > bound[best]:
                ties[step] = False  # whoever tied before, tied for less
                best = i
            elif bound[i] == bound[best] and priority[i] < priority[best]:
                best = i
            ties[step, i] = bound[i] == bound[best]
        items[step], gains[step] = best, bound[best]
        count[quotas.groups[best]] += 1
        unused[best] = False
        insert(values[best], top)
    # The certificate needs all marginals of the final set. With k = 0 lambda is empty, and no marginal is defined.
    for i in range(m if k > 0 else 0):
        bound[i] = cc_gain(values[i], top[0], voters) if len(lam) == 1 else owa_gain(values[i], top, lam, voters)
    return items, gains, ties, bound, evaluations
