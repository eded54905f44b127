"""Runs whose resources are counted in other units, and rewards at the ends of the doubles."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import dual_mirror_descent as dmd
from proofs_checks.dual_mirror_descent.paths.overspending import depletion_bound
from proofs_checks.dual_mirror_descent.replies.best_replies import conjugate_difference
from tests.dual_mirror_descent.test_allocate import GEOMETRIES


@pytest.mark.parametrize("geometry", ["scaled-euclidean", "capped-entropy"])
@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_a_resource_in_thousandths_changes_no_action(geometry, factor):
    network = dmd.make_hub_and_spoke(2000, rng=0)
    units = np.r_[factor, np.ones(7)]
    other = dmd.RequestStream(network.rewards, network.costs * units, network.budget * units, types=network.types)
    found, again = dmd.allocate(network, geometry=geometry), dmd.allocate(other, geometry=geometry)
    assert again.actions.tolist() == found.actions.tolist()
    np.testing.assert_allclose(again.prices * units, found.prices, rtol=1e-9)


def test_every_resource_has_a_cost_bound_of_its_own():
    costs = np.array([[[4.0, 0.25]], [[1.0, 0.125]], [[0.5, 0.25]]])
    stream = dmd.RequestStream(np.ones((3, 1)), costs, [6.0, 1.0])
    assert stream.cost_bound.tolist() == [4.0, 0.25]
    # after two requests 1 and 5/8 units are left: the first resource stops the time, the second would not
    assert dmd.allocate(stream, step_size=0.0).stopping_time == 1
    known = {"rate": stream.rate, "reward_bound": 1.0}
    bounds = [dmd.theory.regret_constants(**known, cost_bound=bound).C1 for bound in ([4.0, 0.25], 4.0)]
    assert bounds == [2.0, 12.0]  # max(4 / 2, 0.25 / (1 / 3)) and 4 / (1 / 3)
    assert dmd.theory.price_bound(**known, cost_bound=[4.0, 0.25], step_size=0.5)[1] == pytest.approx(3.0)
    assert conjugate_difference([1.0, 0.0], [0.5, 1.0], [4.0, 0.25]) == 2.25
    assert depletion_bound([1.0, 1.0], [0, 0], [1, 1], [4, 2], 0.5) == [6, 4]
    with pytest.raises(ValueError, match="`cost_bound` must be at least the largest of the stream, 4, 0.25"):
        dmd.RequestStream(np.ones((3, 1)), costs, [6.0, 1.0], cost_bound=[4.0, 0.125])
    online = dmd.DualMirrorDescent([6.0, 1.0], 3, step_size=0.0, cost_bound=[4.0, 0.25])
    online.decide([1.0], costs[0])
    assert online.stopping_time == 1


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("size", [1e-300, 1e-155, 1e155, 1e300])
def test_rewards_at_the_ends_of_the_doubles(geometry, size):
    rewards = np.array([1.0, 0.5, 0.25, 0.75])
    found = dmd.allocate(rewards * size, np.ones(4), 2.0, geometry=geometry)
    expected = dmd.allocate(rewards, np.ones(4), 2.0, geometry=geometry)
    assert found.actions.tolist() == expected.actions.tolist()
    assert found.certificate.bound == pytest.approx(size * expected.certificate.bound, rel=1e-9, abs=0)
