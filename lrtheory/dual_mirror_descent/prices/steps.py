r"""Dual mirror descent, one decision a line: the kernels that every solver of this package runs.

Request t is a row of the tables ``rewards`` (N, d) and ``costs`` (N, d, m). With prices mu of the resources,

.. math:: \tilde x_t = \arg\max_x f_t(x) - \mu_t \cdot b_t(x), \qquad
          g_t = \rho_t - b_t(\tilde x_t), \qquad
          \mu_{t+1} = \arg\min_{\mu \ge 0} g_t \cdot \mu + V_h(\mu, \mu_t) / \eta_t .

The void action (-1) earns and uses nothing. What is implemented differs from the proposal only where that does not
fit the budget any more; the prices always move by the proposal.

Arrays over the m resources come in three tables:

===========  =======================================================================================================
state        PRICE mu; MIRROR, the point that a step moves (log prices for entropies, prices before the projection
             when lazy); LEFT, the units that remain; CARRY, what rounding has left out of LEFT so far
resources    RATE, units a period; SCALE, factor of the gradient in a step (1, 1 / rate or 1 / rate^2); CAP, the
             largest price; SLACK, the units that rounding may overdraw; BOUND, the largest cost of any request
path         sums along a run: PRICES of mu_t, VALUES of mu_t rho_t, REGRET of mu_t g_t, SQUARES of g_t^2
===========  =======================================================================================================

The bodies also run on object arrays of Fractions (`lrtheory._array.interpreted`); entropies take exp and need floats.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input

__all__ = ["DEPLETION", "GEOMETRIES", "Rules", "conjugate_sum", "price_step", "serve"]

#: names of the geometries and of the rules at depletion, in the order of their numbers in the kernels
GEOMETRIES = ("euclidean", "scaled-euclidean", "entropy", "capped-entropy")
EUCLIDEAN, SCALED, ENTROPY, CAPPED = range(4)
DEPLETION = ("reject", "clip", "restrict")
REJECT, CLIP, RESTRICT = range(3)
#: rows of the tables
PRICE, MIRROR, LEFT, CARRY = range(4)
RATE, SCALE, CAP, SLACK, BOUND = range(5)
PRICES, VALUES, REGRET, SQUARES = range(4)
#: columns of the totals: reward, and conjugates f*_t(mu_t)
REWARD, CONJUGATE = range(2)
#: entries of the counts: menus evaluated, steps of the prices, proposals of which a share was taken
QUERIES, UPDATES, CLIPPED = range(3)
#: largest logarithm of a price whose exponential is a finite double with room for products
LOG_MAX = 700.0
#: what stands for `types` and for counts where each row comes once
NO_TYPES = kernel_input(np.empty(0, np.int64))
NO_COUNTS = kernel_input(np.empty(0))


class Rules(NamedTuple):
    """The choices of a run; geometry and depletion by number."""

    geometry: int
    lazy: bool
    adaptive: bool
    depletion: int
    fairness: Any
    reward_bound: Any


# --- the proposal -----------------------------------------------------------------------------------------------------


@kernel(forceinline=True)
def priced(costs, row, action, state):
    """The cost mu . b of one action, in four interleaved sums: fast, and in one order on every machine."""
    m = state.shape[1]
    even = m - m % 4
    first = 0 * state[PRICE, 0]
    second, third, fourth = first, first, first
    for j in range(0, even, 4):
        first += state[PRICE, j] * costs[row, action, j]
        second += state[PRICE, j + 1] * costs[row, action, j + 1]
        third += state[PRICE, j + 2] * costs[row, action, j + 2]
        fourth += state[PRICE, j + 3] * costs[row, action, j + 3]
    for j in range(even, m):
        first += state[PRICE, j] * costs[row, action, j]
    return (first + second) + (third + fourth)


@kernel(forceinline=True)
def best_action(rewards, costs, row, state, counts):
    """The proposed action and its reduced reward f*(mu): void unless positive, the lowest index among ties."""
    counts[QUERIES] += 1
    best = 0 * state[PRICE, 0]
    chosen = -1
    for i in range(rewards.shape[1]):
        value = rewards[row, i] - priced(costs, row, i, state)
        if value > best:
            best = value
            chosen = i
    return chosen, best


# --- the implementation -----------------------------------------------------------------------------------------------


@kernel(forceinline=True)
def affordable(costs, row, action, state, resources):
    """Whether an action fits what remains; to use up a budget exactly is to fit."""
    short = 0  # counted to the end, since a loop without exits is faster
    for j in range(state.shape[1]):
        short += costs[row, action, j] > state[LEFT, j] + resources[SLACK, j]
    return short == 0


@kernel
def share_that_fits(costs, row, action, state):
    """The largest part of an action, in [0, 1], that fits what remains."""
    share = 0 * state[LEFT, 0] + 1
    for j in range(state.shape[1]):
        cost = costs[row, action, j]
        if cost > max(0, state[LEFT, j]):
            share = min(share, max(0, state[LEFT, j]) / cost)
    return share


@kernel
def best_affordable(rewards, costs, row, state, resources, counts):
    """As `best_action`, among the actions that fit what remains."""
    counts[QUERIES] += 1
    best = 0 * state[PRICE, 0]
    chosen = -1
    for i in range(rewards.shape[1]):
        value = rewards[row, i] - priced(costs, row, i, state)
        if value > best and affordable(costs, row, i, state, resources):
            best = value
            chosen = i
    return chosen


@kernel(forceinline=True)
def implement(rewards, costs, row, proposal, state, resources, rules, counts):
    """The action that is taken in place of the proposal, and the share of it."""
    whole = 0 * state[LEFT, 0] + 1
    if proposal < 0:
        return -1, whole
    if affordable(costs, row, proposal, state, resources):
        return proposal, whole
    if rules.depletion == RESTRICT:
        return best_affordable(rewards, costs, row, state, resources, counts), whole
    if rules.depletion == CLIP:
        share = share_that_fits(costs, row, proposal, state)
        if share > 0:
            counts[CLIPPED] += 1
            return proposal, share
    return -1, whole


@kernel(forceinline=True)
def consume(costs, row, action, share, state):
    """Take the cost of an action out of what remains, by compensated summation."""
    for j in range(state.shape[1]):
        used = share * costs[row, action, j] + state[CARRY, j]
        left = state[LEFT, j] - used
        state[CARRY, j] = (left - state[LEFT, j]) + used
        state[LEFT, j] = left


@kernel(forceinline=True)
def is_nearly_depleted(state, resources):
    """Whether a request may not fit any more: the stopping time is the first time after which this holds."""
    low = 0
    for j in range(state.shape[1]):
        low += state[LEFT, j] <= resources[BOUND, j] + resources[SLACK, j]
    return low > 0


@kernel
def exceeds_budget(state, resources):
    """Whether one request may be more than all there is; then the stopping time is 0."""
    over = 0
    for j in range(state.shape[1]):
        over += resources[BOUND, j] > state[LEFT, j] + resources[SLACK, j]
    return over > 0


# --- the prices -------------------------------------------------------------------------------------------------------


@kernel(forceinline=True)
def euclidean_step(state, gradient, eta, resources, rules):
    """Gradient step and projection on [0, cap]; lazy steps start from the point before the projection."""
    start = MIRROR if rules.lazy else PRICE
    for j in range(gradient.shape[0]):
        moved = state[start, j] - eta * resources[SCALE, j] * gradient[j]
        state[MIRROR, j] = moved
        state[PRICE, j] = min(resources[CAP, j], max(0, moved))


@kernel(forceinline=True)
def entropy_step(state, gradient, eta, resources, rules):
    """Multiplicative step on log prices; the capped entropy rescales to rho . mu <= reward_bound."""
    value = 0.0
    for j in range(gradient.shape[0]):
        state[MIRROR, j] -= eta * resources[SCALE, j] * gradient[j]
        state[PRICE, j] = min(resources[CAP, j], math.exp(min(LOG_MAX, state[MIRROR, j])))
        if state[PRICE, j] == resources[CAP, j] and not rules.lazy:
            state[MIRROR, j] = math.log(resources[CAP, j])
        value += resources[RATE, j] * state[PRICE, j]
    if rules.geometry == CAPPED and value > rules.reward_bound:
        shrink = rules.reward_bound / value
        for j in range(gradient.shape[0]):
            state[PRICE, j] *= shrink
            if not rules.lazy:
                state[MIRROR, j] += math.log(shrink)


@kernel
def fair_step(state, gradient, eta, resources, rules):
    """Gradient step and projection on the larger domain of the max-min fair objective."""
    start = MIRROR if rules.lazy else PRICE
    for j in range(gradient.shape[0]):
        moved = state[start, j] - eta * resources[SCALE, j] * gradient[j]
        state[MIRROR, j] = moved
        state[PRICE, j] = min(resources[CAP, j], moved)
    project_fair(state, resources, rules.fairness)


@kernel
def project_fair(state, resources, fairness):
    r"""Project on \sum_j max(0, -rho_j mu_j) <= fairness: negative prices rise by a multiple of rho_j scale_j.

    In the order of -mu_j / (rho_j scale_j) the resources that stay negative come first; one pass over the sorted
    breakpoints finds how many (O(m log m)).
    """
    owed = 0 * state[PRICE, 0]
    for j in range(state.shape[1]):
        owed += resources[RATE, j] * max(0, -state[PRICE, j])
    if owed <= fairness:
        return
    breakpoints = -state[PRICE] / (resources[RATE] * resources[SCALE])
    excess, weight = -fairness, 0 * owed
    level = 0 * owed
    for j in np.argsort(-breakpoints):
        if breakpoints[j] <= 0 or (weight > 0 and excess / weight >= breakpoints[j]):
            break
        excess += resources[RATE, j] * -state[PRICE, j]
        weight += resources[RATE, j] * resources[RATE, j] * resources[SCALE, j]
        level = excess / weight
    for j in range(state.shape[1]):
        if state[PRICE, j] < 0:
            state[PRICE, j] = min(0, state[PRICE, j] + level * resources[RATE, j] * resources[SCALE, j])


@kernel(forceinline=True)
def price_step(state, gradient, eta, resources, rules):
    """Move the prices of a state by one step of mirror descent."""
    if rules.geometry == ENTROPY or rules.geometry == CAPPED:
        entropy_step(state, gradient, eta, resources, rules)
    elif rules.fairness > 0:
        fair_step(state, gradient, eta, resources, rules)
    else:
        euclidean_step(state, gradient, eta, resources, rules)


@kernel(forceinline=True)
def set_gradient(gradient, costs, row, proposal, targets, t):
    """What the plan wants used in period t, less what the proposal uses."""
    for j in range(gradient.shape[0]):
        gradient[j] = targets[t, j]
    if proposal >= 0:
        for j in range(gradient.shape[0]):
            gradient[j] -= costs[row, proposal, j]


@kernel
def spread(targets, state, periods_left):
    """An equal share of what remains as the plan."""
    for j in range(state.shape[1]):
        targets[0, j] = state[LEFT, j] / periods_left


# --- the run ----------------------------------------------------------------------------------------------------------


@kernel(forceinline=True)
def account(path, state, gradient, targets, t):
    """Add one period to the sums along the path; the sums over resources are taken at the end."""
    for j in range(gradient.shape[0]):
        path[PRICES, j] += state[PRICE, j]
        path[VALUES, j] += state[PRICE, j] * targets[t, j]
        path[REGRET, j] += state[PRICE, j] * gradient[j]
        path[SQUARES, j] += gradient[j] * gradient[j]


@kernel
def copy_into(target, source):
    """Copy a table entry by entry."""
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@kernel
def serve(
    rewards, costs, types, proposed, actions, state, paths, totals, counts, etas, targets, trace, resources, rules
):
    """Serve all requests in turn; returns the stopping time.

    ``types`` names the row of each request and is empty where request t is row t; ``etas`` (1,) or (T,) and
    ``targets`` (1, m) or (T, m) hold one entry for all times or one a period; ``trace`` (T + 1, m) takes the prices.
    The sums along the path stand in ``paths`` and ``totals`` twice, for the whole run and up to the stopping time;
    ``counts`` is of the whole run.
    """
    horizon = proposed.shape[0]
    gradient = np.empty_like(resources[RATE])
    path, path_stopped = paths[0], paths[1]
    stopping_time = 0 if exceeds_budget(state, resources) else -1
    for t in range(horizon):
        row = types[t] if types.shape[0] > 0 else t
        proposal, value = best_action(rewards, costs, row, state, counts)
        action, share = implement(rewards, costs, row, proposal, state, resources, rules, counts)
        if rules.adaptive:
            spread(targets, state, horizon - t)
        plan = t if targets.shape[0] > 1 else 0
        set_gradient(gradient, costs, row, proposal, targets, plan)
        if action >= 0:
            consume(costs, row, action, share, state)
            totals[0, REWARD] += share * rewards[row, action]
        proposed[t] = proposal
        actions[t] = action
        totals[0, CONJUGATE] += value
        account(path, state, gradient, targets, plan)
        if stopping_time < 0 and is_nearly_depleted(state, resources):
            stopping_time = t + 1
            copy_into(path_stopped, path)
            copy_into(totals[1:], totals[:1])
        if trace.shape[0] > 0:
            note(trace, t, state)
        price_step(state, gradient, etas[t if etas.shape[0] > 1 else 0], resources, rules)
        counts[UPDATES] += 1
    if trace.shape[0] > 0:
        note(trace, horizon, state)
    if stopping_time < 0:
        stopping_time = horizon
        copy_into(path_stopped, path)
        copy_into(totals[1:], totals[:1])
    return stopping_time


@kernel
def note(trace, t, state):
    """Record the prices before request t."""
    for j in range(state.shape[1]):
        trace[t, j] = state[PRICE, j]


@kernel(forceinline=True, fastmath={"contract", "reassoc"})
def priced_in_any_order(costs, row, action, state):
    """As `priced`, summed in whatever order is fastest: for values that decide nothing, within m roundings."""
    total = 0 * state[PRICE, 0]
    for j in range(state.shape[1]):
        total += state[PRICE, j] * costs[row, action, j]
    return total


@kernel
def conjugate_sum(rewards, costs, counts, state):
    """The sum of counts[k] f*_k(mu) over the rows; no counts mean one each."""
    total = 0 * state[PRICE, 0]
    for row in range(rewards.shape[0]):
        best = 0 * total
        for i in range(rewards.shape[1]):
            best = max(best, rewards[row, i] - priced_in_any_order(costs, row, i, state))
        total += best * counts[row] if counts.shape[0] > 0 else best
    return total
