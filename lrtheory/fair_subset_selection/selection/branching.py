r"""The best set under a submodular score by branch and bound, where few are chosen of few items.

Sets are built item by item in one order. A set S of t items that only items of R can join is left as soon as

.. math:: F(S) + \max_{T \subseteq R, |T| = k - t} \sum_{i \in T} F(i | S) \le F(S_0)

for the best set S_0 so far, since the left side bounds every set of k items that S can grow to. Of the last item the
marginals themselves tell the best one. So no more than binom(m, k - 1) sets are extended, each by the marginals of at
most m items; that number decides beforehand whether it is tried, and in practice it is far fewer.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory.fair_subset_selection.problem import Rankings
from lrtheory.fair_subset_selection.scores import ScoreRule, item_scores, item_values, whole_owa
from lrtheory.fair_subset_selection.selection.greedy import Objective, insert, owa_gain
from lrtheory.fair_subset_selection.selection.quotas import Bounds

__all__ = ["LARGEST", "best_items", "work_of"]

#: values that may be read in the worst case. Measured on one core with random rankings, the hardest: 0.3 s for 6 10^9
#: in 100 rankings of 30 items, and 1.3 s for 1.6 10^9 in 2000, where bounds leave out less: about six for all of it
LARGEST = 7 * 10**9


class Limits(NamedTuple):
    """The bounds of all attributes in the form that the kernel reads, with as many groups for each."""

    groups: np.ndarray  # int64 (attributes, m)
    low: np.ndarray  # int64 (attributes, groups)
    high: np.ndarray  # int64 (attributes, groups)
    k: int


def work_of(rankings: Rankings, rule: ScoreRule, k: int) -> int:
    """Count the values that are read in the worst case."""
    depth, m = max(1, len(rule.owa_weights(k))), rankings.n_items
    return math.comb(m, max(0, k - 1)) * m * rankings.n_rankings * depth


def best_items(
    rankings: Rankings, rule: ScoreRule, k: int, bounds: list[Bounds], priority: np.ndarray
) -> tuple[np.ndarray, int] | None:
    """Return the items of a best set and the number of sets that were extended; None if no set keeps the quotas."""
    if k == 0:  # each attribute by itself allows the empty set
        return np.zeros(0, np.int64), 0
    lam, _ = whole_owa(rankings, rule, k)
    voters = kernel_input(np.zeros(0) if rankings.weights is None else rankings.weights, np.float64)
    objective = Objective(kernel_input(item_values(rankings, rule)), voters, kernel_input(lam))
    n_groups = max(len(one.names) for one in bounds)
    low, high = (np.zeros((len(bounds), n_groups), np.int64) for _ in range(2))
    for row, one in enumerate(bounds):
        low[row, : len(one.low)], high[row, : len(one.high)] = one.low, one.high
    limits = Limits(kernel_input(np.stack([one.groups for one in bounds])), kernel_input(low), kernel_input(high), k)
    order = np.lexsort((priority, -item_scores(rankings, rule)))
    items, is_found, extended = best_set(objective, limits, kernel_input(order))
    return (items, int(extended)) if is_found else None


# --- kernels ---------------------------------------------------------------------------------------------------------


@kernel
def best_set(objective, limits, order):
    """Return the items of the first best set in this order, whether there is one, and how many sets were extended."""
    values, voters, lam = objective
    m, n = values.shape
    k = limits.k
    tops = np.zeros((k, len(lam), n), values.dtype)
    marginals = np.zeros((k, m))
    reached = np.zeros(k + 1)
    places = np.zeros(k, np.int64)  # the place in the order of each item of the set
    found, best, is_found, extended = np.zeros(k, np.int64), -np.inf, False, 0
    count = np.zeros(limits.low.shape, np.int64)
    # `place` is that of the item tried last at this depth; a new depth starts behind the last item of the set
    depth, place = 0, -1
    fresh = True
    while depth >= 0:
        if fresh:
            extended += 1
            place = places[depth - 1] if depth > 0 else -1
            for q in range(place + 1, m):
                marginals[depth, q] = owa_gain(values[order[q]], tops[depth], lam, voters)
            fresh = False
        bound = reached[depth] + largest_sum(marginals[depth], place + 1, k - depth)
        if m - place - 1 < k - depth or bound <= best:
            depth -= 1  # nothing that is left here does better
            if depth >= 0:
                place = places[depth]
                added(limits, count, order[place], -1)
            continue
        place += 1
        item = order[place]
        added(limits, count, item, 1)
        if not can_grow(limits, count, k - depth - 1):
            added(limits, count, item, -1)
            continue
        score = reached[depth] + marginals[depth, place]
        if depth == k - 1:
            added(limits, count, item, -1)
            if score > best:
                best, is_found = score, True
                for t in range(k - 1):
                    found[t] = order[places[t]]
                found[k - 1] = item
            continue
        places[depth], reached[depth + 1] = place, score
        extend(tops, depth, values[item])
        depth, fresh = depth + 1, True
    return found, is_found, extended


@kernel
def extend(tops, depth, row):
    """Set the best values at the next depth: those at this one, and the item's."""
    for i in range(tops.shape[1]):
        for j in range(tops.shape[2]):
            tops[depth + 1, i, j] = tops[depth, i, j]
    insert(row, tops[depth + 1])


@kernel
def largest_sum(numbers, start, n):
    """Return the sum of the n largest numbers from `start` on; of all where there are fewer."""
    rest = np.sort(numbers[start:])
    total = 0.0
    for i in range(max(0, len(rest) - n), len(rest)):
        total += rest[i]
    return total


@kernel
def added(limits, count, item, change):
    """Change the numbers of items of the groups of an item."""
    for a in range(len(limits.groups)):
        count[a, limits.groups[a, item]] += change


@kernel
def can_grow(limits, count, seats):
    """Decide whether no group has too many items, and the free seats are enough for those that have too few."""
    for a in range(len(count)):
        missing = 0
        for g in range(count.shape[1]):
            if count[a, g] > limits.high[a, g]:
                return False
            missing += max(0, limits.low[a, g] - count[a, g])
        if missing > seats:
            return False
    return True
