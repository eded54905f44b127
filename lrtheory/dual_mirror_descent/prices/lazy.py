r"""Sparse costs: a price is brought up to date only when a request touches its resource.

While resource j is not used, its gradient is rho_j, so k such periods change its price in one go,

.. math:: \mu \to \max(0, \mu - k \delta) \quad\text{or}\quad \mu \to \mu e^{-k \delta},
          \qquad \delta = \eta \, s_j \rho_j,

and the prices in between have a closed sum. So a request takes time O(non-zeros), whatever the number of resources.
The prices are those of `steps.serve` up to rounding; "lazy" in the arguments below still means dual averaging.

One row of the state serves otherwise than in `steps`: MIRROR holds the price (its log for the entropy, the price before
the projection for dual averaging) as it was before period ``last[j]``, the first one that is not yet in ``sums[j]``.
Periods count from 0. PRICE[j] is current only right after `catch_up` of resource j.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._validation import must
from lrtheory.dual_mirror_descent.prices.steps import (
    BOUND,
    CAPPED,
    CARRY,
    CLIP,
    CLIPPED,
    CONJUGATE,
    ENTROPY,
    LEFT,
    LOG_MAX,
    MIRROR,
    PRICE,
    PRICES,
    QUERIES,
    RATE,
    REGRET,
    REWARD,
    SCALE,
    SLACK,
    SQUARES,
    UPDATES,
    VALUES,
    copy_into,
    exceeds_budget,
    is_nearly_depleted,
)

__all__ = ["run"]


def run(stream: Any, types: Any, *work: Any) -> int:
    """Serve a stream with sparse costs; the arguments after the stream are those of `steps.serve`."""
    *_, etas, targets, _, resources, rules = work
    # the closed forms need idle steps that are alike in all periods and move each price by itself; `move` has no cap
    capped = not np.isinf(resources[2]).all()
    for refused, name in (
        (rules.geometry == CAPPED, "the capped entropy, which changes all prices at once"),
        (rules.fairness > 0, "the fair objective, which changes all prices at once"),
        (rules.adaptive or len(targets) > 1, "targets that change over time"),
        (len(etas) > 1, "step sizes that change over time"),
        (capped, "capped prices"),
    ):
        if refused:
            raise must("costs", f"dense for {name}", "a sparse array")
    matrix = (stream.costs.data, stream.costs.indices.astype(np.int64), stream.costs.indptr.astype(np.int64))
    return serve_sparse(kernel_input(stream.rewards[:, 0], np.float64), *map(kernel_input, matrix), types, *work)


@kernel
def after_slack(start, delta, periods, entropic, lazy):
    """Compute the mirror coordinate after `periods` steps without consumption, each of which moves it by -delta."""
    if entropic or lazy:  # log prices, and sums of gradients, are not projected
        return start - periods * delta
    return max(0.0, start - periods * delta)  # once at 0, an eager price stays there: one clip stands for all


@kernel
def slack_sum(start, delta, periods, entropic):
    """Sum the prices of `periods` periods without consumption; the first is that of mirror coordinate `start`."""
    if entropic:  # a geometric series with quotient e^-delta; expm1 keeps its digits where delta is small
        first = math.exp(min(LOG_MAX, start))
        return periods * first if delta == 0.0 else first * math.expm1(-periods * delta) / math.expm1(-delta)
    if start <= 0.0:
        return 0.0
    # an arithmetic series start - k delta, of which only the positive terms count: the price is 0 from there on
    count = float(periods) if delta == 0.0 else min(float(periods), math.ceil(start / delta))
    return count * start - delta * (count * (count - 1.0) / 2.0)


@kernel
def catch_up(j, t, last, state, sums, delta, entropic, lazy):
    """Bring resource j from period last[j] to t: its mirror coordinate, its sum of prices, and its price."""
    periods = t - last[j]
    if periods > 0:
        sums[j] += slack_sum(state[MIRROR, j], delta[j], periods, entropic)
        state[MIRROR, j] = after_slack(state[MIRROR, j], delta[j], periods, entropic, lazy)
        last[j] = t
    state[PRICE, j] = math.exp(min(LOG_MAX, state[MIRROR, j])) if entropic else max(0.0, state[MIRROR, j])


@kernel
def close_path(path, t, last, state, sums, delta, rate, entropic, lazy):
    """Complete the sums along the path for periods 0, ..., t - 1, without moving the state."""
    # `move` noted in REGRET and SQUARES by how much touched periods differ from idle ones, whose terms mu rho and rho^2
    # are added here for all t periods at once
    for j in range(rate.shape[0]):
        total = sums[j] + slack_sum(state[MIRROR, j], delta[j], t - last[j], entropic)
        path[PRICES, j] = total
        path[VALUES, j] = rate[j] * total
        path[REGRET, j] += rate[j] * total
        path[SQUARES, j] += rate[j] * rate[j] * t


@kernel
def share_left(row, data, indices, indptr, state, resources, clip):
    """Return the share of a request that is taken: 1 where it fits, otherwise 0, or the share that fits if `clip`."""
    share, short = 1.0, False
    for i in range(indptr[row], indptr[row + 1]):
        left = state[LEFT, indices[i]]
        if data[i] > left + resources[SLACK, indices[i]]:
            short = True
            share = min(share, max(0.0, left) / data[i])
    if short and not clip:
        share = 0.0
    return share


@kernel
def use(row, share, data, indices, indptr, state, resources):
    """Take a share of a request out of what remains, and return whether a resource that it uses is nearly depleted."""
    low = False  # only resources that a request uses can have become so
    for i in range(indptr[row], indptr[row + 1]):
        j = indices[i]
        used = share * data[i] + state[CARRY, j]  # compensated summation, as in `steps.consume`
        left = state[LEFT, j] - used
        state[CARRY, j] = (left - state[LEFT, j]) + used
        state[LEFT, j] = left
        low = low or left <= resources[BOUND, j] + resources[SLACK, j]
    return low


@kernel
def move(row, t, data, indices, indptr, last, state, sums, path, eta, resources, entropic, lazy):
    """Move the prices that a proposal touches by its gradient, and note what it uses along the path."""
    for i in range(indptr[row], indptr[row + 1]):
        j = indices[i]
        gradient = resources[RATE, j] - data[i]
        sums[j] += state[PRICE, j]  # of period t itself; `catch_up` has summed the periods before
        path[REGRET, j] -= state[PRICE, j] * data[i]
        path[SQUARES, j] += gradient * gradient - resources[RATE, j] * resources[RATE, j]
        moved = state[MIRROR, j] - eta * resources[SCALE, j] * gradient
        state[MIRROR, j] = moved if entropic or lazy else max(0.0, moved)
        last[j] = t + 1


@kernel
def with_rate(resources, rate):
    """Copy the table of resources, with `rate` in place of the units that a period should use."""
    changed = resources.copy()
    changed[RATE] = rate
    return changed


@kernel
def serve_sparse(
    rewards,
    data,
    indices,
    indptr,
    types,
    proposed,
    actions,
    state,
    paths,
    totals,
    counts,
    etas,
    targets,
    trace,
    resources,
    rules,
):
    """Serve all requests in turn, as `steps.serve`, and return the stopping time.

    Request t uses ``data[i]`` units of resource ``indices[i]`` for i in [``indptr[row]``, ``indptr[row + 1]``), where
    row is ``types[t]``, or t where there are no types (compressed sparse rows).
    """
    horizon, m = proposed.shape[0], state.shape[1]
    entropic, lazy, eta = rules.geometry == ENTROPY, rules.lazy, etas[0]
    delta = eta * resources[SCALE] * targets[0]
    goal = with_rate(resources, targets[0])
    last, sums, path = np.zeros(m, np.int64), np.zeros(m), np.zeros((4, m))
    low = is_nearly_depleted(state, resources)
    stopping_time = 0 if exceeds_budget(state, resources) else -1
    for t in range(horizon):
        row = types[t] if types.shape[0] > 0 else t
        value = rewards[row]
        counts[QUERIES] += 1
        for i in range(indptr[row], indptr[row + 1]):
            catch_up(indices[i], t, last, state, sums, delta, entropic, lazy)
            value -= data[i] * state[PRICE, indices[i]]
        note_all(trace, t, last, state, delta, entropic, lazy)
        proposed[t] = actions[t] = -1
        if value > 0.0:
            proposed[t] = 0
            totals[0, CONJUGATE] += value
            share = share_left(row, data, indices, indptr, state, resources, rules.depletion == CLIP)
            if share > 0.0:
                actions[t] = 0
                counts[CLIPPED] += share < 1.0
                totals[0, REWARD] += share * rewards[row]
                low = use(row, share, data, indices, indptr, state, resources) or low
            move(row, t, data, indices, indptr, last, state, sums, path, eta, goal, entropic, lazy)
        counts[UPDATES] += 1  # of all prices; those that were not touched catch up later
        if low and stopping_time < 0:
            stopping_time = t + 1
            copy_into(paths[1], path)  # completed up to tau in a copy, since the run goes on with `path`
            close_path(paths[1], t + 1, last, state, sums, delta, targets[0], entropic, lazy)
            copy_into(totals[1:], totals[:1])
    note_all(trace, horizon, last, state, delta, entropic, lazy)
    copy_into(paths[0], path)
    close_path(paths[0], horizon, last, state, sums, delta, targets[0], entropic, lazy)
    if stopping_time < 0:
        stopping_time = horizon
        copy_into(paths[1], paths[0])
        copy_into(totals[1:], totals[:1])
    for j in range(m):
        catch_up(j, horizon, last, state, sums, delta, entropic, lazy)
    return stopping_time


@kernel
def note_all(trace, t, last, state, delta, entropic, lazy):
    """Record all prices before request t, which takes O(m), without moving any of them."""
    if trace.shape[0] == 0:
        return
    for j in range(trace.shape[1]):
        point = after_slack(state[MIRROR, j], delta[j], t - last[j], entropic, lazy)
        trace[t, j] = math.exp(min(LOG_MAX, point)) if entropic else max(0.0, point)
