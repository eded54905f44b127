"""Wrong lines of the kernels, many of which no regret bound can see, each caught by a trace that is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import dual_mirror_descent as dmd
from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.dual_mirror_descent.prices import steps


def short_trace():
    """Three requests; the price rises, comes back to 0, and a proposal does not fit."""
    found = dmd.allocate([1, 0.2, 0.6], [1, 1, 1], 1.5, step_size=0.5, record=True)
    return found, [0, -1, -1], [0, 0.25, 0, 0.25], 1


def early_depletion():
    """Two resources; the second request is proposed and does not fit the first one."""
    costs = [[[1.0, 0.0]], [[1.0, 1.0]], [[0.0, 1.0]]]
    found = dmd.allocate(np.ones((3, 1)), costs, [1.5, 1.5], step_size=0.5, record=True)
    return found, [0, -1, 0], [0, 0, 0.25, 0, 0.5, 0.25, 0.25, 0.5], 1


def exact_fit():
    """The last unit goes to a request that uses it up; the price stays below the rewards."""
    found = dmd.allocate([2, 2, 2, 2], [1, 1, 1, 1], 2, step_size=0.5, record=True)
    return found, [0, 0, -1, -1], [0, 0.25, 0.5, 0.75, 1], 1


def tie():
    """A reward equal to the price is left, and of two equal actions the first is taken."""
    found = dmd.allocate([[1.0, 1.0], [0.0, 0.0]], np.ones((2, 2, 1)), 2, step_size=0.0, record=True)
    return found, [0, -1], [0, 0, 0], 1


def second_action():
    """The better action stands second."""
    found = dmd.allocate([[1.0, 2.0]], np.ones((1, 2, 1)), 1, step_size=0.5, record=True)
    return found, [1], [0, 0], 1


def slack():
    """A price that would fall below 0, then rises from there."""
    found = dmd.allocate([0.0, 1.0], [1.0, 1.0], 1, step_size=1.0, record=True)
    return found, [-1, 0], [0, 0, 0.5], 1


def half_units():
    """A stopping time that a budget of half units tells from its neighbors."""
    found = dmd.allocate(np.ones(3), np.ones(3), 2.5, step_size=0.0, record=True)
    return found, [0, 0, -1], [0, 0, 0, 0], 2


TRACES = (short_trace, early_depletion, exact_fit, tie, second_action, slack, half_units)
WRONG_LINES = {
    "the sign of the gradient": (steps.euclidean_step, "- eta *", "+ eta *"),
    "a step twice as long": (steps.euclidean_step, "- eta *", "- 2 * eta *"),
    "no projection at 0": (steps.euclidean_step, "max(0, moved)", "moved"),
    "lazy for eager": (steps.euclidean_step, "MIRROR if rules.lazy else PRICE", "PRICE if rules.lazy else MIRROR"),
    "the implemented action moves the prices": (steps.serve, "row, proposal, t if", "row, action, t if"),
    "an exact fit is refused": (steps.affordable, "> state[LEFT, j] + resources[SLACK, j]", ">= state[LEFT, j]"),
    "everything is affordable": (steps.affordable, "short == 0", "True"),
    "the stopping time is one late": (steps.serve, "stopping_time = t + 1", "stopping_time = t + 2"),
    "the stopping time is one early": (steps.serve, "stopping_time = t + 1", "stopping_time = t"),
    "no slack for the next request": (
        steps.is_nearly_depleted,
        "<= resources[BOUND, j] +",
        "<= 0 * resources[BOUND, j] +",
    ),
    "ties are taken": (steps.best_action, "value > best", "value >= best"),
    "the first gainful action": (steps.best_action, "value > best", "value > 0 and chosen < 0"),
    "prices are ignored": (steps.best_action, "- priced(costs, row, i, state)", ""),
    "nothing is used up": (steps.consume, "left = state[LEFT, j] - used", "left = state[LEFT, j]"),
}


def agrees(trace):
    found, actions, prices, tau = trace()
    same = found.actions.tolist() == actions and found.trace["prices"].ravel().tolist() == prices
    return same and found.stopping_time == tau


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.__name__)
def test_the_traces_are_right(trace):
    assert agrees(trace)


@pytest.mark.parametrize("name", WRONG_LINES)
def test_some_trace_catches(name):
    with patched(Patch(*WRONG_LINES[name])):
        assert not all(agrees(trace) for trace in TRACES)


def test_rescaling_is_the_projection_in_the_capped_geometry():
    """The next price solves the problem that defines it: no point of the domain rho . mu <= f_bar is better."""
    rng = np.random.default_rng(0)
    rate = rng.uniform(0.2, 1.0, 3)
    start, gradient, f_bar = 0.9 / (3 * rate), rng.uniform(-1, 0, 3), 1.0
    state = np.array([start, np.log(start), rate, 0 * rate])
    resources = np.array([rate, 1 / rate, np.full(3, np.inf), 0 * rate, 0 * rate + 1])
    rules = steps.Rules(steps.CAPPED, False, False, 0, 0.0, f_bar)
    steps.price_step(state, gradient, 1.0, resources, rules)
    moved = state[0]
    assert rate @ moved == pytest.approx(f_bar)

    def objective(mu):
        return gradient @ mu + dmd.theory.bregman(mu, start, geometry="capped-entropy", rate=rate)

    for _ in range(200):  # no point of the domain is better
        other = rng.dirichlet(np.ones(4))[:3] * f_bar / rate
        assert objective(other) >= objective(moved) - 1e-12
