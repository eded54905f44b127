r"""Kernels of dual mirror descent, which every solver of this system runs.

Request t is a row of the tables ``rewards`` (N, d) and ``costs`` (N, d, m). With prices mu of the resources,

.. math:: \tilde x_t = \arg\max_x f_t(x) - \mu_t \cdot b_t(x), \qquad
          g_t = \rho_t - b_t(\tilde x_t), \qquad
          \mu_{t+1} = \arg\min_{\mu \ge 0} g_t \cdot \mu + V_h(\mu, \mu_t) / \eta_t .

This is online mirror descent on the dual (statement DMD-L3); with `lazy` it is dual averaging, also known as follow the
regularized leader. The void action (-1) earns and uses nothing. What is implemented differs from the proposal only
where that does not fit the budget any more; the prices always move by the proposal, as the proof of the path identity
asks (statement DMD-L6).

Arrays over the m resources come in three tables:

===========  =======================================================================================================
state        PRICE mu, the bid price of revenue management, the pacing multiplier of auctions; MIRROR, the point that
             a step moves (log prices for entropies, prices before the projection when lazy); LEFT, the units that
             remain; CARRY, what rounding has left out of LEFT so far (Kahan)
resources    RATE rho, units per period; SCALE, factor of the gradient in a step (1, 1 / rate or 1 / rate^2); CAP,
             the largest price; SLACK, the units that rounding may overdraw; BOUND, the largest cost of any request
path         sums along a run: PRICES of mu_t, VALUES of mu_t rho_t, REGRET of mu_t g_t, SQUARES of g_t^2
===========  =======================================================================================================

The bodies also run on object arrays of Fractions (`lrtheory._array.interpreted`); entropies take exp and need floats.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from lrtheory._array import PLAIN, kernel, kernel_input
from lrtheory.dual_mirror_descent.prices import registers

__all__ = [
    "DEPLETION",
    "GEOMETRIES",
    "Ledger",
    "Menus",
    "Rules",
    "Setup",
    "conjugate_sum",
    "gradient_of",
    "price_step",
    "serve",
]

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
#: log prices are clamped here before exp: e^700 is about 1e304, so the price and its products with costs stay finite
LOG_MAX = 700.0
#: empty arrays that stand for `types` and for counts where each row comes once
NO_TYPES = kernel_input(np.empty(0, np.int64))
NO_COUNTS = kernel_input(np.empty(0))


class Rules(NamedTuple):
    """Rules are the options that the kernels branch on; `geometry` and `depletion` index GEOMETRIES and DEPLETION."""

    geometry: int
    lazy: bool
    adaptive: bool
    depletion: int
    fairness: Any
    reward_bound: Any


class Menus(NamedTuple):
    """The tables of the requests, and the order of arrival; read-only, as they come from `kernel_input`."""

    rewards: np.ndarray  # (N, d), in double precision or exact
    costs: np.ndarray  # (N, d, m), in single or double precision or exact
    types: np.ndarray  # the row of each request (T,), or empty where request t is row t; (n_runs, T) for many runs


class Setup(NamedTuple):
    """The tables that a run starts from, all of them writable."""

    state: np.ndarray  # (4, m), moved in place by a run
    resources: np.ndarray  # (5, m)
    etas: np.ndarray  # step sizes: one for all periods (1,), or one per period (T,)
    targets: np.ndarray  # units that a period should use: (1, m) for all periods, or (T, m); "adaptive" writes row 0
    rules: Rules


class Ledger(NamedTuple):
    """Output of a run: decisions, and sums in row 0 for the whole run and in row 1 up to the stopping time."""

    proposed: np.ndarray  # the action that is best at the prices, -1 for none (T,)
    actions: np.ndarray  # the action that is taken, -1 for none (T,)
    paths: np.ndarray  # sums along the path (2, 4, m)
    totals: np.ndarray  # rewards and conjugates (2, 2)
    counts: np.ndarray  # QUERIES, UPDATES, CLIPPED of the whole run (3,)
    trace: np.ndarray  # prices before each request and after the last one (T + 1, m), or without rows


# --- the proposal -----------------------------------------------------------------------------------------------------


@kernel(forceinline=True)
def priced(costs, row, action, state):
    """Compute the cost mu . b of one action, in four interleaved sums: fast, and in one order on every machine."""
    first, second, third, fourth = four_sums(costs, row, action, state)
    for j in range(state.shape[1] - state.shape[1] % 4, state.shape[1]):
        first += state[PRICE, j] * costs[row, action, j]
    return (first + second) + (third + fourth)


def four_sums(costs, row, action, state):
    """Sum price times cost over the resources in four interleaved sums, but for those beyond a multiple of four."""
    first = 0 * state[PRICE, 0]  # a zero of the number type of the state, so that Fractions stay Fractions
    second, third, fourth = first, first, first
    for j in range(0, state.shape[1] - state.shape[1] % 4, 4):
        first += state[PRICE, j] * costs[row, action, j]
        second += state[PRICE, j + 1] * costs[row, action, j + 1]
        third += state[PRICE, j + 2] * costs[row, action, j + 2]
        fourth += state[PRICE, j + 3] * costs[row, action, j + 3]
    return first, second, third, fourth


@overload(four_sums, inline="always")
def _compiled_sums(costs, row, action, state):
    return four_sums if PLAIN else lambda costs, row, action, state: registers.four_sums(costs, row, action, state)


@kernel(forceinline=True)
def best_action(rewards, costs, row, state, counts):
    """Return the proposed action and its reduced reward f*(mu): void unless positive, the lowest index among ties."""
    counts[QUERIES] += 1
    # starting from the void action and comparing strictly makes both rules: no gain, no action; first index on ties
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
    """Tell whether an action fits what remains; an action that uses up a budget exactly fits."""
    short = 0  # counted to the end, since a loop without exits is faster
    for j in range(state.shape[1]):
        short += costs[row, action, j] > state[LEFT, j] + resources[SLACK, j]
    return short == 0


@kernel
def share_that_fits(costs, row, action, state):
    """Return the largest share of an action, in [0, 1], that fits what remains."""
    share = 0 * state[LEFT, 0] + 1
    for j in range(state.shape[1]):
        cost = costs[row, action, j]
        # rounding may have left a budget slightly negative; a resource that is not used never limits the share
        if cost > max(0, state[LEFT, j]):
            share = min(share, max(0, state[LEFT, j]) / cost)
    return share


@kernel
def best_affordable(rewards, costs, row, state, resources, counts):
    """Return the action with the largest positive reduced reward among those that fit what remains, or -1."""
    counts[QUERIES] += 1
    best = 0 * state[PRICE, 0]
    chosen = -1
    for i in range(rewards.shape[1]):
        value = rewards[row, i] - priced(costs, row, i, state)
        if value > best and affordable(costs, row, i, state, resources):
            best = value
            chosen = i
    return chosen


# The tables are passed one by one and not as `Menus`: this runs once per request, and each time an array is taken out
# of a tuple its references are counted, which costs a tenth of a run with small menus.
@kernel(forceinline=True)
def implement(rewards, costs, row, proposal, state, resources, rules, counts):
    """Return the action that is taken when `proposal` is the best reply, and the share of it that is taken."""
    whole = 0 * state[LEFT, 0] + 1
    if proposal < 0:
        return -1, whole
    if affordable(costs, row, proposal, state, resources):
        return proposal, whole
    if rules.depletion == RESTRICT:
        return best_affordable(rewards, costs, row, state, resources, counts), whole
    if rules.depletion == CLIP:
        # the last units go to a part of the request, so that none are left over; the loss is one request in all
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
    """Tell whether a request may no longer fit; tau is the first time after which this holds (statement DMD-L5)."""
    low = 0
    for j in range(state.shape[1]):
        low += state[LEFT, j] <= resources[BOUND, j] + resources[SLACK, j]
    return low > 0


@kernel
def exceeds_budget(state, resources):
    """Tell whether one request may need more than the whole budget; the stopping time is 0 then."""
    # with tau = 1 the first proposal might not fit, and the path identity up to tau would fail (statement DMD-L6)
    over = 0
    for j in range(state.shape[1]):
        over += resources[BOUND, j] > state[LEFT, j] + resources[SLACK, j]
    return over > 0


# --- the prices -------------------------------------------------------------------------------------------------------


@kernel(forceinline=True)
def euclidean_step(state, gradient, eta, resources, rules):
    """Make a gradient step and project on [0, cap]; lazy steps start from the point before the projection."""
    # h is separable, so clipping coordinate by coordinate is the exact Bregman projection on the box
    start = MIRROR if rules.lazy else PRICE
    for j in range(gradient.shape[0]):
        moved = state[start, j] - eta * resources[SCALE, j] * gradient[j]
        state[MIRROR, j] = moved
        state[PRICE, j] = min(resources[CAP, j], max(0, moved))


@kernel(forceinline=True)
def entropy_step(state, gradient, eta, resources, rules):
    """Make a multiplicative step on log prices; the capped entropy rescales to rho . mu <= reward_bound."""
    value = 0.0  # rho . mu
    for j in range(gradient.shape[0]):
        state[MIRROR, j] -= eta * resources[SCALE, j] * gradient[j]
        state[PRICE, j] = min(resources[CAP, j], math.exp(min(LOG_MAX, state[MIRROR, j])))
        if state[PRICE, j] == resources[CAP, j] and not rules.lazy:
            state[MIRROR, j] = math.log(resources[CAP, j])  # an eager step starts from the projected price
        value += resources[RATE, j] * state[PRICE, j]
    # for h = sum_j y_j log y_j in y = rho mu, the projection on sum_j y_j <= f_bar multiplies by one factor; for the
    # entropy of mu itself it would not, unless all rates agree
    if rules.geometry == CAPPED and value > rules.reward_bound:
        shrink = rules.reward_bound / value
        for j in range(gradient.shape[0]):
            state[PRICE, j] *= shrink
            if not rules.lazy:
                state[MIRROR, j] += math.log(shrink)


@kernel
def fair_step(state, gradient, eta, resources, rules):
    """Make a gradient step and project on the domain of the max-min fair objective, which has negative prices."""
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
    breakpoints finds how many (O(m log m)), as in the projection on a simplex.
    """
    # the subsidies that the negative prices pay, per period
    owed = 0 * state[PRICE, 0]
    for j in range(state.shape[1]):
        owed += resources[RATE, j] * max(0, -state[PRICE, j])
    if owed <= fairness:
        return
    # price j reaches 0 when the multiplier of the constraint does breakpoints[j]; `level` is the multiplier that solves
    # the constraint with equality for the resources seen so far
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
    """Set g_t = rho_t - b_t: the units that the plan wants used in period t, less those that the proposal uses."""
    for j in range(gradient.shape[0]):
        gradient[j] = targets[t, j]
    if proposal >= 0:
        for j in range(gradient.shape[0]):
            gradient[j] -= costs[row, proposal, j]


@kernel
def spread(targets, state, periods_left):
    """Make an equal share of what remains the plan of this period."""
    for j in range(state.shape[1]):
        targets[0, j] = state[LEFT, j] / periods_left


# --- the run ----------------------------------------------------------------------------------------------------------


@kernel(forceinline=True)
def account(path, state, gradient, targets, t):
    """Add one period to the sums along the path, for each resource; the sums over resources are taken at the end."""
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
def settle_in_parts(costs, period, tables, gradient, eta, rules):
    """Settle a period: take out what is taken whole, add to the sums, move the prices; tell whether a budget is low."""
    row, proposal, plan, taken = period
    targets, state, resources, path = tables
    if taken:
        consume(costs, row, proposal, 0 * state[LEFT, 0] + 1, state)
    set_gradient(gradient, costs, row, proposal, targets, plan)
    account(path, state, gradient, targets, plan)
    low = is_nearly_depleted(state, resources)
    price_step(state, gradient, eta, resources, rules)
    return low


def settle(costs, period, tables, eta, rules):
    """Settle a period of Euclidean steps in one sweep over the resources; this body is the interpreted one."""
    return settle_in_parts(costs, period, tables, np.empty_like(tables[2][RATE]), eta, rules)


@overload(settle, inline="always")
def _compiled_sweep(costs, period, tables, eta, rules):
    return lambda costs, period, tables, eta, rules: registers.swept(costs, period, tables, eta, rules)


def gradient_of(setup: Setup) -> np.ndarray | None:
    """Return room for a gradient, (m,), for `serve`; None where its periods are settled in one sweep, without one."""
    rules, rate = setup.rules, setup.resources[RATE]
    swept = rules.geometry in (EUCLIDEAN, SCALED) and not rules.fairness > 0 and rate.dtype != object
    return None if swept and not PLAIN else np.empty_like(rate)


@kernel
def serve(menus, setup, ledger, gradient):
    """Serve all requests in turn, write the ledger, move the state of the setup, and return the stopping time.

    `gradient` is what `gradient_of` returns. Numba compiles the branch of the two that its type asks for alone, so that
    a run with Euclidean steps does not wait for the compilation of all geometries.
    """
    rewards, costs, types = menus
    state, resources, etas, targets, rules = setup
    proposed, actions, paths, totals, counts, trace = ledger
    horizon = proposed.shape[0]
    path, path_stopped = paths[0], paths[1]
    tables = targets, state, resources, path
    stopping_time = 0 if exceeds_budget(state, resources) else -1
    for t in range(horizon):
        row = types[t] if types.shape[0] > 0 else t
        proposal, value = best_action(rewards, costs, row, state, counts)
        action, share = implement(rewards, costs, row, proposal, state, resources, rules, counts)
        if rules.adaptive:  # before consumption: the target of a period is known before its request is served
            spread(targets, state, horizon - t)
        if trace.shape[0] > 0:
            note(trace, t, state)
        taken = False  # whether the whole proposal is, which is left to the settlement
        if action >= 0:
            taken = action == proposal and share == 1
            if not taken:
                consume(costs, row, action, share, state)
            totals[0, REWARD] += share * rewards[row, action]
        proposed[t] = proposal
        actions[t] = action
        totals[0, CONJUGATE] += value
        eta = etas[t if etas.shape[0] > 1 else 0]
        period = row, proposal, t if targets.shape[0] > 1 else 0, taken
        if gradient is None:
            low = settle(costs, period, tables, eta, rules)
        else:
            low = settle_in_parts(costs, period, tables, gradient, eta, rules)
        # every proposal up to here was taken, so LEFT is also what the proposals leave, by which tau is defined
        if stopping_time < 0 and low:
            stopping_time = t + 1
            copy_into(path_stopped, path)
            copy_into(totals[1:], totals[:1])
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
    """Record the prices before request t; row T has those after the last one."""
    for j in range(state.shape[1]):
        trace[t, j] = state[PRICE, j]


@kernel
def conjugate_sum(rewards, costs, counts, state):
    """Sum counts[k] f*_k(mu) over the rows k, the first part of the dual function; no counts mean one each."""
    total = 0 * state[PRICE, 0]
    for row in range(rewards.shape[0]):
        best = 0 * total
        for i in range(rewards.shape[1]):
            best = max(best, rewards[row, i] - priced(costs, row, i, state))
        total += best * counts[row] if counts.shape[0] > 0 else best
    return total
