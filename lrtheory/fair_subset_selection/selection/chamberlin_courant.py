r"""Greedy selection for Chamberlin-Courant scores (lambda = 1, 0, 0, ...) with marginals that are updated in each step.

.. math:: F(i | S) = \sum_v \max(0, w_{vi} - b_v), \qquad b_v = \max_{s \in S} w_{vs} .

Each ranking v is represented by the chosen item with the largest value w_vi to it, which is facility location; the
level b_v is the value of its representative so far. When an item that represents v better lifts b_v to b'_v, every
marginal falls by the part of its w_vi that lies between the two levels,

.. math:: \min(\max(w_{vi}, b_v), b'_v) - b_v ,

so a step reads only the rankings that change their representative, each from one end to the other. Of n uniform
rankings these are about n / t in step t. Bounds are renewed where the lazy method of `greedy` renews them, so that
items, gains and ties are the same to the last bit; where sums are not exact, what rounding may have done to a kept
marginal is added to its bound. The returned marginals are those given the final set, up to rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel
from lrtheory.fair_subset_selection.problem import Rankings
from lrtheory.fair_subset_selection.scores import ScoreRule
from lrtheory.fair_subset_selection.selection.greedy import cc_gain, fitting

__all__ = ["Workspace", "representation_steps", "rounding_slack", "sums_between", "workspace"]

#: Number of rankings that are summed in the narrow type before their sum is carried over into doubles: 2^16 values of
#: int16 are below 2^16 (2^15 - 1) < 2^31 - 1 together, so that they fit into int32.
BLOCK = 2**16


def rounding_slack(rankings: Rankings, rule: ScoreRule, k: int) -> float:
    """Bound how far rounding can move a marginal that is updated over k steps; 0 where all sums are exact in doubles.

    Proof
    -----
    Assumes: position weights and multiplicities are non-negative, which `ScoreRule` and `Rankings` check.

    Proof: a sum of N terms with the partial sums at most T is off by at most N u T (1 + O(N u)), u = 2^-53. A marginal
    is a sum over n rankings, less one such sum per step, and is compared with one more; differences, products with
    multiplicities and carried sums add at most 4 u T each time. In all (k + 2)(n + 4) u T, where T is the largest
    weight times the number of voters. The factor 2 pays for the higher order.

    Checked by: FSS-A4, and by tests that compare every bit with the plain method on sums that round.
    """
    weights = rule.weights(rankings.n_items)
    largest = float(rankings.total) * float(weights.max())
    whole = _is_whole(weights) and (rankings.weights is None or _is_whole(rankings.weights))
    if whole and rankings.shared is None and largest < 2.0**53:
        return 0.0
    return (k + 2) * (rankings.n_rankings + 4) * 2.0**-52 * largest


def _is_whole(numbers: np.ndarray) -> bool:
    return numbers.dtype.kind in "iu" or bool((numbers == np.floor(numbers)).all())


class Workspace(NamedTuple):
    """Arrays that a call allocates once for all steps."""

    above: np.ndarray  # levels (n,) that no value exceeds; never written to
    part: np.ndarray  # buffer (m,) in which `sums_between` adds up a block of rankings


def workspace(values: np.ndarray) -> Workspace:
    """Allocate the workspace for values of shape (n, m)."""
    n, m = values.shape
    above = np.inf if values.dtype.kind == "f" else np.iinfo(values.dtype).max
    part = np.zeros(m, np.int32 if values.dtype == np.int16 else np.float64)
    return Workspace(np.full(n, above, values.dtype), part)


# --- kernels ---------------------------------------------------------------------------------------------------------


@kernel
def between(value, least, most):
    """Return the length of the part of [0, value] that lies between two levels; 0 where the value is below both."""
    return max(least, min(most, value)) - least


@kernel
def sums_between(values, low, high, voters, part):
    """Sum voters_v (min(max(values_vi, low_v), high_v) - low_v) over the rankings v, for every item i.

    With low_v = b_v and a high_v above every value these are the marginals; with high_v = b'_v, what they lose when the
    levels rise from b to b'. `part` is the buffer of the workspace.
    """
    n, m = values.shape
    sums = np.zeros(m)
    for first in range(0, n, BLOCK):
        part[:] = 0
        for v in range(first, min(first + BLOCK, n)):
            least, most = low[v], high[v]
            if most <= least:  # the chosen item did not lift this ranking, so that no marginal changes here
                continue
            if len(voters) > 0:
                for i in range(m):
                    sums[i] += voters[v] * float(between(values[v, i], least, most))
            else:
                for i in range(m):
                    part[i] += part.dtype.type(between(values[v, i], least, most))
        for i in range(m):
            sums[i] += float(part[i])
    return sums


@kernel
def representation_steps(values, voters, quotas, priority, slack, work):
    """Return what the lazy `greedy_steps` returns, and the score of the set; `values` has one row per ranking, (n, m).

    Marginals within twice the slack of the largest are computed anew, so that rounding decides as it does there.
    """
    n, m = values.shape
    k = quotas.k
    top = np.zeros(n, values.dtype)  # the levels b_v; no value is negative, so 0 is the level of the empty set
    # Invariant: marginals[i] is F(i | S) up to the slack, and bound[i] the upper bound that the lazy method has now.
    marginals = sums_between(values, top, work.above, voters, work.part)
    bound = np.full(m, np.inf)
    unused = np.ones(m, np.bool_)
    count = np.zeros(len(quotas.low), np.int64)
    items, gains = np.empty(k, np.int64), np.empty(k)
    ties = np.zeros((k, m), np.bool_)
    evaluations = 0
    for step in range(k):
        fits = fitting(quotas, unused, count)
        # Two marginals can each be off by the slack, so the largest exact one is among those not below `near`. These
        # are computed by the function that `greedy` calls; otherwise rounding could decide a tie in another way here.
        near = largest_of(marginals, fits) - 2 * slack
        if slack > 0:
            for i in range(m):
                if fits[i] and not marginals[i] < near:
                    marginals[i] = cc_gain(values[:, i].copy(), top, voters)
        gain = largest_of(marginals, fits)
        best = -1
        for i in range(m):
            # By decreasing bound the lazy method meets the best item, whose bound is at least `gain`, before these, and
            # stops there. It evaluates all others, since no marginal is above `gain`.
            if not fits[i] or bound[i] < gain:
                continue
            # an updated marginal may be too small by the slack; with it, it is an upper bound, and still below `gain`
            bound[i] = marginals[i] + (slack if marginals[i] < near else 0.0)
            evaluations += 1
            if bound[i] == gain:
                ties[step, i] = True
                if best < 0 or priority[i] < priority[best]:
                    best = i
        items[step], gains[step] = best, gain
        count[quotas.groups[best]] += 1
        unused[best] = False
        lifted = np.maximum(top, values[:, best])
        # after the last step only the returned marginals matter; where sums are inexact they are computed anew below
        if step < k - 1 or slack == 0:
            marginals -= sums_between(values, top, lifted, voters, work.part)
        top = lifted
    if slack > 0:
        marginals = sums_between(values, top, work.above, voters, work.part)
    return items, gains, ties, marginals, evaluations, weighted_sum(top, voters)


@kernel
def largest_of(marginals, fits):
    """Return the largest marginal of an item that fits; -inf where none does."""
    largest = -np.inf
    for i in range(len(fits)):
        if fits[i] and marginals[i] > largest:
            largest = marginals[i]
    return largest


@kernel
def weighted_sum(top, voters):
    """Return the score of the set, the sum of the levels times the multiplicities, ranking by ranking."""
    total = 0.0
    for v in range(len(top)):
        total += float(top[v]) * (voters[v] if len(voters) > 0 else 1.0)
    return total
