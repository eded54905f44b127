"""The accounts of a run at every stopping time: of baselines, of sparse costs, and the network that is written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse

from lrtheory import dual_mirror_descent as dmd
from lrtheory.dual_mirror_descent.streams import applications

#: of the table as it is meant to stand, so that a number which is changed by accident is seen
SUMS = [281.0466, 895.5552, 2829.471, 7318.504, 13209.676, 548.3592, 10854.7908]
WEIGHTED_RATES = 5.8708
BUDGETS = [0.5, 1.0, 2.5, 4.0, 6.0, 9.0]


@pytest.mark.parametrize("budget", BUDGETS)
def test_a_baseline_that_never_learns_is_dual_descent_without_steps(budget: float) -> None:
    rewards = np.array([1.0, 3.0, 0.5, 2.0, 1.5, 1.0])
    never = dmd.baselines.history_dependent(rewards, np.ones(6), budget, every=10**6)
    still = dmd.allocate(rewards, np.ones(6), budget, step_size=0, init=0.0)
    assert (never.actions.tolist(), never.proposed.tolist()) == (still.actions.tolist(), still.proposed.tolist())
    assert (never.stopping_time, dict(never.path)) == (still.stopping_time, dict(still.path))
    assert never.counts["queries"] == 6


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("step_size", [0.0, 0.25])
def test_sparse_costs_stop_when_dense_ones_do(budget: float, step_size: float) -> None:
    rewards, costs = np.array([1.0, 3.0, 0.5, 2.0, 1.5, 1.0]), np.ones((6, 1))
    dense = dmd.allocate(rewards, costs, budget, step_size=step_size)
    found = dmd.allocate(rewards, sparse.csr_array(costs), budget, step_size=step_size)
    assert found.stopping_time == dense.stopping_time
    assert found.actions.tolist() == dense.actions.tolist()
    for name, value in dense.path.items():
        assert math.isclose(found.path[name], value, rel_tol=1e-12, abs_tol=1e-12)


def test_the_publisher_is_the_one_that_is_written_out() -> None:
    """Sums weighted by position, which a change of one number in the table moves."""
    sums = [
        sum((i + 1) * (j + 2) * (k + 3) * float(x) for j, part in enumerate(visitor) for k, x in enumerate(_flat(part)))
        for i, visitor in enumerate(applications.VISITORS)
    ]
    np.testing.assert_allclose(sums, SUMS, rtol=1e-12)
    assert math.isclose(sum((i + 1) * rate for i, rate in enumerate(applications.RATES)), WEIGHTED_RATES, rel_tol=1e-12)
    assert math.isclose(sum(visitor[0] for visitor in applications.VISITORS), 1.0, rel_tol=1e-12)


def _flat(part: float | tuple[float, ...]) -> tuple[float, ...]:
    return part if isinstance(part, tuple) else (part,)
