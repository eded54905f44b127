r"""Deferred steps for sparse costs: a price is brought up to date only when a request touches its resource.

While resource j is not used, its gradient is rho_j, so k such periods change its price in one go,

.. math:: \mu \to \max(0, \mu - k \delta) \quad\text{or}\quad \mu \to \mu e^{-k \delta},
          \qquad \delta = \eta \, s_j \rho_j,

and the prices in between have a closed sum. So a request takes time O(non-zeros), whatever the number of resources.
The prices are those of `steps.serve` up to rounding.

One row of the state has another meaning than in `steps`: MIRROR holds the price (its log for the entropy, the price
before the projection for dual averaging) as it was before period ``last[j]``, the first one that is not yet in
``sums[j]``. Periods count from 0. PRICE[j] is current only right after `catch_up` of resource j.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input, sparse
from lrtheory._validation import must
from lrtheory.dual_mirror_descent.prices.steps import (
    BOUND,
    CAP,
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
    Ledger,
    Rules,
    Setup,
    copy_into,
    exceeds_budget,
    is_nearly_depleted,
)

__all__ = ["run"]


class SparseRequests(NamedTuple):
    """Requests for one action with sparse costs (compressed sparse rows); read-only, as they come from `kernel_input`.

    Request t uses ``data[i]`` units of resource ``indices[i]`` for i in [``indptr[row]``, ``indptr[row + 1]``), where
    row is ``types[t]``, or t where there are no types.
    """

    rewards: np.ndarray  # (N,)
    data: np.ndarray  # (non-zeros,)
    indices: np.ndarray  # (non-zeros,)
    indptr: np.ndarray  # (N + 1,)
    types: np.ndarray  # (T,), or empty


class Deferred(NamedTuple):
    """Progress of each price, and its move in a period without consumption."""

    last: np.ndarray  # the first period that is not yet in `sums` (m,)
    sums: np.ndarray  # sum of the prices of all periods before it (m,)
    delta: np.ndarray  # fall of the mirror coordinate in a period without consumption (m,)
    eta: float
    rules: Rules


def run(rewards: np.ndarray, costs: sparse.csr_array, types: np.ndarray, setup: Setup, ledger: Ledger) -> int:
    """Serve requests with sparse costs (N, m) as `steps.serve` serves dense ones; refuse what has no closed form."""
    _, resources, etas, targets, rules = setup
    # the closed forms need idle steps that are alike in all periods and move each price by itself; `move` has no cap
    capped = not np.isinf(resources[CAP]).all()
    for refused, name in (
        (rules.geometry == CAPPED, "the capped entropy, which changes all prices at once"),
        (rules.fairness > 0, "the fair objective, which changes all prices at once"),
        (rules.adaptive or len(targets) > 1, "targets that change over time"),
        (len(etas) > 1, "step sizes that change over time"),
        (capped, "capped prices"),
    ):
        if refused:
            raise must("costs", f"dense for {name}", "a sparse array")
    requests = SparseRequests(
        kernel_input(rewards[:, 0], np.float64),
        kernel_input(costs.data),
        kernel_input(costs.indices, np.int64),
        kernel_input(costs.indptr, np.int64),
        types,
    )
    return serve_sparse(requests, setup, ledger)


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


# The arrays are passed one by one and not as a `Deferred`: this runs once per non-zero, and each time an array is taken
# out of a tuple its references are counted, which costs a fifth of a run.
@kernel(forceinline=True)
def catch_up(j, t, last, sums, delta, state, rules):
    """Bring resource j from period last[j] to t: its mirror coordinate, its sum of prices, and its price."""
    entropic, periods = rules.geometry == ENTROPY, t - last[j]
    if periods > 0:
        sums[j] += slack_sum(state[MIRROR, j], delta[j], periods, entropic)
        state[MIRROR, j] = after_slack(state[MIRROR, j], delta[j], periods, entropic, rules.lazy)
        last[j] = t
    state[PRICE, j] = math.exp(min(LOG_MAX, state[MIRROR, j])) if entropic else max(0.0, state[MIRROR, j])


@kernel
def close_path(path, t, deferred, state, rate):
    """Complete the sums along the path for periods 0, ..., t - 1, without moving the state."""
    last, sums, delta, entropic = deferred.last, deferred.sums, deferred.delta, deferred.rules.geometry == ENTROPY
    # `move` noted in REGRET and SQUARES by how much touched periods differ from idle ones, whose terms mu rho and rho^2
    # are added here for all t periods at once
    for j in range(rate.shape[0]):
        total = sums[j] + slack_sum(state[MIRROR, j], delta[j], t - last[j], entropic)
        path[PRICES, j] = total
        path[VALUES, j] = rate[j] * total
        path[REGRET, j] += rate[j] * total
        path[SQUARES, j] += rate[j] * rate[j] * t


@kernel(forceinline=True)
def share_left(used, touched, state, resources, clip):
    """Return the share of a request that is taken: 1 where it fits, otherwise 0, or the share that fits if `clip`."""
    share, short = 1.0, False
    for i in range(touched.shape[0]):
        left = state[LEFT, touched[i]]
        if used[i] > left + resources[SLACK, touched[i]]:
            short = True
            share = min(share, max(0.0, left) / used[i])
    if short and not clip:
        share = 0.0
    return share


@kernel(forceinline=True)
def consume(share, used, touched, state, resources):
    """Take a share of a request out of what remains, and return whether a resource that it uses is nearly depleted."""
    low = False  # only resources that a request uses can have become so
    for i in range(touched.shape[0]):
        j = touched[i]
        units = share * used[i] + state[CARRY, j]  # compensated summation, as in `steps.consume`
        left = state[LEFT, j] - units
        state[CARRY, j] = (left - state[LEFT, j]) + units
        state[LEFT, j] = left
        low = low or left <= resources[BOUND, j] + resources[SLACK, j]
    return low


@kernel(forceinline=True)
def move(t, used, touched, deferred, state, path, resources):
    """Move the prices that a proposal touches by its gradient, and note what it uses along the path."""
    last, sums, rules = deferred.last, deferred.sums, deferred.rules
    projected = not (rules.geometry == ENTROPY or rules.lazy)
    for i in range(touched.shape[0]):
        j = touched[i]
        gradient = resources[RATE, j] - used[i]
        sums[j] += state[PRICE, j]  # of period t itself; `catch_up` has summed the periods before
        path[REGRET, j] -= state[PRICE, j] * used[i]
        path[SQUARES, j] += gradient * gradient - resources[RATE, j] * resources[RATE, j]
        moved = state[MIRROR, j] - deferred.eta * resources[SCALE, j] * gradient
        state[MIRROR, j] = max(0.0, moved) if projected else moved
        last[j] = t + 1


@kernel
def with_rate(resources, rate):
    """Copy the table of resources, with `rate` in place of the units that a period should use."""
    changed = resources.copy()
    for j in range(rate.shape[0]):
        changed[RATE, j] = rate[j]
    return changed


@kernel
def serve_sparse(requests, setup, ledger):
    """Serve all requests in turn, write the ledger, move the state of the setup, and return the stopping time."""
    rewards, data, indices, indptr, types = requests
    state, resources, etas, targets, rules = setup
    proposed, actions, paths, totals, counts, trace = ledger
    horizon, m = proposed.shape[0], state.shape[1]
    eta = etas[0]
    delta = eta * resources[SCALE] * targets[0]
    last, sums, path = np.zeros(m, np.int64), np.zeros(m), np.zeros((4, m))
    deferred, goal = Deferred(last, sums, delta, eta, rules), with_rate(resources, targets[0])
    low = is_nearly_depleted(state, resources)
    stopping_time = 0 if exceeds_budget(state, resources) else -1
    for t in range(horizon):
        row = types[t] if types.shape[0] > 0 else t
        value = rewards[row]
        counts[QUERIES] += 1
        used, touched = data[indptr[row] : indptr[row + 1]], indices[indptr[row] : indptr[row + 1]]
        for i in range(touched.shape[0]):
            catch_up(touched[i], t, last, sums, delta, state, rules)
            value -= used[i] * state[PRICE, touched[i]]
        note_all(trace, t, deferred, state)
        proposed[t] = actions[t] = -1
        if value > 0.0:
            proposed[t] = 0
            totals[0, CONJUGATE] += value
            share = share_left(used, touched, state, resources, rules.depletion == CLIP)
            if share > 0.0:
                actions[t] = 0
                counts[CLIPPED] += share < 1.0
                totals[0, REWARD] += share * rewards[row]
                low = consume(share, used, touched, state, resources) or low
            move(t, used, touched, deferred, state, path, goal)
        counts[UPDATES] += 1  # of all prices; those that were not touched catch up later
        if low and stopping_time < 0:
            stopping_time = t + 1
            copy_into(paths[1], path)  # completed up to tau in a copy, since the run goes on with `path`
            close_path(paths[1], t + 1, deferred, state, targets[0])
            copy_into(totals[1:], totals[:1])
    note_all(trace, horizon, deferred, state)
    copy_into(paths[0], path)
    close_path(paths[0], horizon, deferred, state, targets[0])
    if stopping_time < 0:
        stopping_time = horizon
        copy_into(paths[1], paths[0])
        copy_into(totals[1:], totals[:1])
    for j in range(m):
        catch_up(j, horizon, last, sums, delta, state, rules)
    return stopping_time


@kernel
def note_all(trace, t, deferred, state):
    """Record all prices before request t, which takes O(m), without moving any of them."""
    if trace.shape[0] == 0:
        return
    entropic = deferred.rules.geometry == ENTROPY
    for j in range(trace.shape[1]):
        point = after_slack(state[MIRROR, j], deferred.delta[j], t - deferred.last[j], entropic, deferred.rules.lazy)
        trace[t, j] = math.exp(min(LOG_MAX, point)) if entropic else max(0.0, point)
