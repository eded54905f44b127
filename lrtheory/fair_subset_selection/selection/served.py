r"""The greedy choice where each ranking counts its best item alone, with marginals that are kept and not computed anew.

.. math:: F(i | S) = \sum_v \max(0, w_{vi} - b_v), \qquad b_v = \max_{s \in S} w_{vs} .

When an item lifts b_v to b'_v, every marginal falls by what its w_vi has between the two levels,

.. math:: \min(\max(w_{vi}, b_v), b'_v) - b_v ,

so a step reads only the rankings that the chosen item serves better than those before, each from one end to the other.
In n uniform rankings these are about n / t in step t. Bounds are renewed where the lazy method of `greedy` renews them:
items, gains and ties are the same to the last bit; where sums are not exact, what rounding may have done to a kept
marginal is added to its bound. The marginals in the end are those of the set, up to rounding.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel
from lrtheory.fair_subset_selection.problem import Rankings
from lrtheory.fair_subset_selection.scores import ScoreRule
from lrtheory.fair_subset_selection.selection.greedy import cc_gain, fitting

__all__ = ["rounding_slack", "served_steps", "sums_between", "workspace"]

#: Rankings whose levels are summed before the sum is carried over: below 2^15 each, they fit into four bytes.
BLOCK = 2**16


def rounding_slack(rankings: Rankings, rule: ScoreRule, k: int) -> float:
    """What rounding can move a marginal by, that is kept over k steps; 0 where all sums are exact in doubles.

    Proof: a sum of N terms with the partial sums at most T is off by at most N u T (1 + O(N u)), u = 2^-53. A marginal
    is a sum over n rankings, less one such sum a step, and is compared with one more; differences, products with
    multiplicities and carried sums add at most 4 u T each time. In all (k + 2)(n + 4) u T, where T is the largest
    weight times the number of voters. The factor 2 pays for the higher order.
    """
    weights = rule.weights(rankings.n_items)
    largest = float(rankings.total) * float(weights.max())
    whole = _is_whole(weights) and (rankings.weights is None or _is_whole(rankings.weights))
    if whole and rankings.shared is None and largest < 2.0**53:
        return 0.0
    return (k + 2) * (rankings.n_rankings + 4) * 2.0**-52 * largest


def _is_whole(numbers: np.ndarray) -> bool:
    return numbers.dtype.kind in "iu" or bool((numbers == np.floor(numbers)).all())


def workspace(worths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Levels that no worth exceeds, and where `sums_between` adds up a block of rankings."""
    n, m = worths.shape
    above = np.inf if worths.dtype.kind == "f" else np.iinfo(worths.dtype).max
    return np.full(n, above, worths.dtype), np.zeros(m, np.int32 if worths.dtype == np.int16 else np.float64)


# --- kernels ---------------------------------------------------------------------------------------------------------


@kernel
def between(worth, least, most):
    """What a worth has between two levels."""
    return max(least, min(most, worth)) - least


@kernel
def sums_between(worths, low, high, voters, part):
    """sum_v voters_v (min(max(worths_vi, low_v), high_v) - low_v) for every item i, over rankings with low < high."""
    n, m = worths.shape
    sums = np.zeros(m)
    for first in range(0, n, BLOCK):
        part[:] = 0
        for v in range(first, min(first + BLOCK, n)):
            least, most = low[v], high[v]
            if most <= least:
                continue
            if len(voters) > 0:
                for i in range(m):
                    sums[i] += voters[v] * float(between(worths[v, i], least, most))
            else:
                for i in range(m):
                    part[i] += part.dtype.type(between(worths[v, i], least, most))
        for i in range(m):
            sums[i] += float(part[i])
    return sums


@kernel
def served_steps(worths, voters, groups, low, high, priority, k, slack, above, part):
    """What `greedy_steps` finds lazily, and the score of the set; `worths` has a row for each ranking.

    Marginals within twice the slack of the largest are computed anew, so that rounding decides as it does there.
    """
    n, m = worths.shape
    top = np.zeros(n, worths.dtype)
    marginals = sums_between(worths, top, above, voters, part)
    bound = np.full(m, np.inf)
    open_ = np.ones(m, np.bool_)
    count = np.zeros(len(low), np.int64)
    items, gains = np.empty(k, np.int64), np.empty(k)
    ties = np.zeros((k, m), np.bool_)
    evaluations = 0
    for step in range(k):
        fits = fitting(open_, groups, count, low, high, k)
        near = largest_of(marginals, fits) - 2 * slack
        if slack > 0:
            for i in range(m):
                if fits[i] and not marginals[i] < near:
                    marginals[i] = cc_gain(worths[:, i].copy(), top, voters)
        gain = largest_of(marginals, fits)
        best = -1
        for i in range(m):
            if not fits[i] or bound[i] < gain:  # the lazy method has found the largest before it looks at these
                continue
            bound[i] = marginals[i] + (slack if marginals[i] < near else 0.0)
            evaluations += 1
            if bound[i] == gain:
                ties[step, i] = True
                if best < 0 or priority[i] < priority[best]:
                    best = i
        items[step], gains[step] = best, gain
        count[groups[best]] += 1
        open_[best] = False
        lifted = np.maximum(top, worths[:, best])
        if step < k - 1 or slack == 0:
            marginals -= sums_between(worths, top, lifted, voters, part)
        top = lifted
    if slack > 0:
        marginals = sums_between(worths, top, above, voters, part)
    return items, gains, ties, marginals, evaluations, weighted_sum(top, voters)


@kernel
def largest_of(marginals, fits):
    """The largest marginal of an item that fits."""
    largest = -np.inf
    for i in range(len(fits)):
        if fits[i] and marginals[i] > largest:
            largest = marginals[i]
    return largest


@kernel
def weighted_sum(top, voters):
    """The score: what the best items are worth to all voters, ranking by ranking."""
    total = 0.0
    for v in range(len(top)):
        total += float(top[v]) * (voters[v] if len(voters) > 0 else 1.0)
    return total
