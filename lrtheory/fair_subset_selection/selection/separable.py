r"""The best set under quotas when the score of a set is a sum over its items (statement FSS-A2).

Groups are disjoint, and each has a least and a largest number of seats. Sets that can be completed to k items within
the bounds form a matroid, so taking items from the best to the worst, each when it fits, gives the best set:

.. math:: \text{take } i \iff c_g < \mathrm{low}_g \ \text{ or } \ (\text{free} > 0 \text{ and } c_g < \mathrm{high}_g),
          \qquad \text{free} = k - \sum_g \max(\mathrm{low}_g, c_g) .

Here g is the group of item i, and c_g is the number of its items that are chosen already.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input

__all__ = ["Curves", "Runs", "exchangeable", "fill_quotas", "ranked", "sweep_runs", "tied_items"]


def ranked(scores: np.ndarray, priority: np.ndarray) -> np.ndarray:
    """Sort the item numbers from the best to the worst score; equal scores by smaller priority."""
    return np.lexsort((priority, -scores))


def tied_items(
    scores: np.ndarray, chosen: np.ndarray, groups: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Find the chosen and rejected items of equal score that could be exchanged within the quotas, by number.

    No exchange that the quotas allow gains anything, so equality is between the least chosen score of a group and the
    largest rejected one of a group.
    """
    if scores.dtype not in (np.int64, np.float64):
        # the kernel is compiled for two types: ranks are equal where scores of any other type are
        scores = np.unique(scores, return_inverse=True)[1]
    return exchangeable(kernel_input(scores), kernel_input(chosen), groups, low, high)


class Runs(NamedTuple):
    """Read-only inputs of `sweep_runs`; of `judged` and `priority`, one row may stand for all runs."""

    scores: np.ndarray  # scores that choose, float64 (n_runs, m)
    judged: np.ndarray  # scores that are added up over the chosen items, float64 (n_runs or 1, m)
    priority: np.ndarray  # of items with equal scores the least comes first, int64 (n_runs or 1, m)


class Curves(NamedTuple):
    """Output buffers of `sweep_runs`."""

    values: np.ndarray  # sum of `judged` at every quota l = 0, ..., k, float64 (n_runs, k + 1)
    free: np.ndarray  # that over the k best items of all, float64 (n_runs,)
    counts: np.ndarray  # how many of these are disadvantaged, int64 (n_runs,)


# --- kernels ---------------------------------------------------------------------------------------------------------


@kernel
def fill_quotas(order, groups, low, high, k):
    """Take the first k items of the order that fit the quotas; fewer when the quotas are infeasible.

    One pass is enough: an item that was passed over cannot fit later, since counts only grow and free seats only fall.
    """
    count = np.zeros(len(low), np.int64)
    free = k - low.sum()  # seats beyond those kept for the lower bounds; the best items may not use up the latter
    chosen = np.empty(k, np.int64)
    n_chosen = 0
    for i in order:
        g = groups[i]
        if n_chosen < k and count[g] < high[g] and (count[g] < low[g] or free > 0):
            if count[g] >= low[g]:  # below its lower bound a group uses a seat that was kept for it
                free -= 1
            count[g] += 1
            chosen[n_chosen] = i
            n_chosen += 1
    return chosen[:n_chosen]


@kernel
def exchangeable(scores, chosen, groups, low, high):
    """Find the items of `tied_items`; `scores` are int64 or float64, `chosen` the item numbers of an optimal set."""
    m, n_groups = len(scores), len(low)
    inside = np.zeros(m, np.bool_)
    inside[chosen] = True
    count, rest = np.zeros(n_groups, np.int64), np.zeros(n_groups, np.int64)
    least, largest = np.zeros(n_groups, scores.dtype), np.zeros(n_groups, scores.dtype)
    # of each group: number and least score of its chosen items, number and largest score of its rejected ones
    for i in range(m):
        g = groups[i]
        if inside[i]:
            least[g] = scores[i] if count[g] == 0 else min(least[g], scores[i])
            count[g] += 1
        else:
            largest[g] = scores[i] if rest[g] == 0 else max(largest[g], scores[i])
            rest[g] += 1
    leaves, enters = np.zeros(n_groups, np.bool_), np.zeros(n_groups, np.bool_)
    # The set is optimal, so an allowed exchange of an item of g for one of h never gains, and ties if their scores are
    # equal. In a matroid every item by which another optimal set differs takes part in such an exchange.
    for g in range(n_groups):
        for h in range(n_groups):
            allowed = g == h or (count[g] > low[g] and count[h] < high[h])
            if allowed and count[g] > 0 and rest[h] > 0 and least[g] == largest[h]:
                leaves[g], enters[h] = True, True
    tied = np.zeros(m, np.bool_)
    for i in range(m):
        g = groups[i]
        tied[i] = (leaves[g] and scores[i] == least[g]) if inside[i] else (enters[g] and scores[i] == largest[g])
    return np.flatnonzero(tied)


@kernel
def sweep_runs(runs, disadvantaged, k, curves):
    """Add up `judged` over the k - l best advantaged and the l best disadvantaged items by `scores`, for every l.

    ``curves.values[run, l]`` stays as it is where a group is too small.
    """
    scores, judged, priority = runs
    values, free, counts = curves
    # sums[g, t] is the sum over the best t items of group g, 0 advantaged and 1 disadvantaged. It is not cleared after
    # a run: the groups have the same sizes in each, so that every entry that is read was written in this run.
    sums = np.zeros((2, k + 1))
    for run in range(len(scores)):
        worth = judged[run % len(judged)]
        # two stable sorts, by the second key and then by the first, as `ranked` sorts by both
        order = np.argsort(priority[run % len(priority)], kind="mergesort")
        order = order[np.argsort(-scores[run][order], kind="mergesort")]
        taken = np.zeros(2, np.int64)
        free[run], counts[run] = 0.0, 0
        for rank in range(len(order)):
            g = int(disadvantaged[order[rank]])
            if taken[g] < k:
                sums[g, taken[g] + 1] = sums[g, taken[g]] + worth[order[rank]]
                taken[g] += 1
            if rank < k:
                free[run] += worth[order[rank]]
                counts[run] += g
        for quota in range(k + 1):
            if quota <= taken[1] and k - quota <= taken[0]:
                values[run, quota] = sums[0, k - quota] + sums[1, quota]
