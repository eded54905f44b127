"""What must be refused, with one clear sentence, and what must not."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import sparse

from lrtheory import dual_mirror_descent as dmd

ONES = np.ones(4)
TABLE = dmd.RequestStream([1.0], [1.0], 1.0, types=[[0], [0]])


def online():
    return dmd.DualMirrorDescent(1.0, 2, step_size=0.5)


def rich():
    """A run that has earned as much as a double holds, almost."""
    solver = online()
    solver.decide([1e308], [[0.0]])
    return solver


def late():
    """Two proposals whose consumption is not known yet, and half a unit."""
    solver = dmd.DualMirrorDescent(0.5, 2, step_size=0.5)
    for _ in range(2):
        solver.propose(dmd.oracles.menu([1.0], [[0.25]]))
    return solver


REFUSED = [
    (lambda: dmd.allocate(ONES, ONES, 0), "`budget` must be positive"),
    (lambda: dmd.allocate(ONES, ONES, -1), "`budget` must be positive"),
    (lambda: dmd.allocate(ONES, ONES, np.inf), "`budget` must be positive and finite"),
    (lambda: dmd.allocate([1, np.nan, 1, 1], ONES, 1), "`rewards` must be free of NaN"),
    (lambda: dmd.allocate([1, -np.inf, 1, 1], ONES, 1), "`rewards` must be finite"),
    (lambda: dmd.allocate(ONES, [1, 1, np.inf, 1], 1), "`costs` must be finite"),
    (lambda: dmd.allocate(ONES, [1, 1, -1, 1], 1), "`costs` must be in [0, inf]"),
    (lambda: dmd.allocate(ONES, np.ones(3), 1), "`costs` must be of shape"),
    (lambda: dmd.allocate([[1.0], [1.0, 2.0]], ONES, 1), "`rewards` must be an array with rows of equal length"),
    (lambda: dmd.allocate([], [], 1), "`rewards` must be a non-empty array"),
    (lambda: dmd.allocate(ONES), "`costs` must be given"),
    (lambda: dmd.allocate(ONES, ONES), "`budget` must be given"),
    (lambda: dmd.allocate(ONES, np.ones((len(ONES), 0)), []), "`budget` must be a number, or of shape (m,) with at"),
    (lambda: dmd.RequestStream(ONES, ONES, [[1.0]]), "`budget` must be a number, or of shape (m,) with at least one"),
    (lambda: dmd.allocate(ONES, ONES, 1, types=[0, 4]), "`types` must be in [0, 3]"),
    (lambda: dmd.allocate(ONES, ONES, 1, types=[0.5]), "`types` must be a non-empty integer array"),
    (lambda: dmd.allocate(ONES, ONES, 1, geometry="manhattan"), "`geometry` must be one of"),
    (lambda: dmd.allocate(ONES, ONES, 1, geometry="entropy", init=0.0), "`init` must be positive for entropies"),
    (lambda: dmd.allocate(ONES, ONES, 1, init=-1.0), "`init` must be in [0, inf]"),
    (lambda: dmd.allocate(ONES, ONES, 1, init=[1.0, 1.0]), "`init` must be one number, or 1 of them"),
    (lambda: dmd.allocate(ONES, ONES, 1, step_size=-1.0), "`step_size` must be finite and at least 0"),
    (lambda: dmd.allocate(ONES, ONES, 1, step_size=[0.1]), "`step_size` must be of shape (4,)"),
    (lambda: dmd.allocate(ONES, ONES, 1, step_size="best"), "`step_size` must be one of"),
    (lambda: dmd.allocate(ONES, ONES, 1, target=[1.0, 1.0]), "`target` must be"),
    (lambda: dmd.allocate(ONES, ONES, 1, target="often"), "`target` must be one of"),
    (lambda: dmd.allocate(ONES, ONES, 1, fairness=-1), "`fairness` must be finite and at least 0"),
    (
        lambda: dmd.allocate(ONES, ONES, 1, fairness=1, geometry="entropy"),
        '`fairness` must be left out with geometry "entropy"',
    ),
    (lambda: dmd.allocate(ONES, ONES, 1, price_cap=0), "`price_cap` must be positive"),
    (
        lambda: dmd.allocate(ONES, ONES, 1, price_cap=[1, 2]),
        "`price_cap` must be positive, one number or of shape (1,)",
    ),
    (lambda: dmd.allocate(ONES, ONES, 1, reward_bound=0.5), "`reward_bound` must be at least the largest"),
    (lambda: dmd.allocate(ONES, ONES, 1, on_depletion="stop"), "`on_depletion` must be one of"),
    (lambda: dmd.allocate(ONES, sparse.eye_array(4), ONES, target="adaptive"), "`costs` must be dense for targets"),
    (lambda: dmd.allocate(np.ones((4, 2)), sparse.eye_array(4), ONES), "`rewards` must be of shape (T,)"),
    (lambda: dmd.dual_bound(ONES, ONES, 1), "`prices` must be given"),
    (lambda: dmd.dual_bound(ONES, ONES, 1, -1.0), "`prices` must be in [0, inf]"),
    (lambda: dmd.hindsight_optimum(np.ones((2, 2)), np.ones((2, 2)), 1, method="sort"), "`method` must be"),
    (lambda: dmd.allocate_batch(lambda rng: None), "`n_runs` must be given"),
    (lambda: dmd.pace(ONES, -ONES, 1), "`competing_bids` must be in [0, inf]"),
    (lambda: dmd.pace(ONES, ONES, 0), "`budget` must be in (0, inf)"),
    (lambda: dmd.DualMirrorDescent(1, 0, step_size=1), "`horizon` must be an integer of at least 1"),
    (lambda: dmd.DualMirrorDescent(0, 1, step_size=1), "`budget` must be positive"),
    (lambda: dmd.DualMirrorDescent([], 1, step_size=1), "`budget` must be a number, or of shape (m,) with at least"),
    (lambda: dmd.DualMirrorDescent(1, 1), "`reward_bound` must be given"),
    (lambda: dmd.oracles.matching([1.0], temperature=0), "`temperature` must be in (0, inf)"),
    (lambda: dmd.oracles.menu([], np.empty((0, 1))), "`rewards` must be of at least one action"),
    (
        lambda: online().decide_with(dmd.oracles.menu([1.0], [[1.0, 1.0]])),
        "`costs` must be of shape (1, 1), one column",
    ),
    (lambda: online().decide_with(lambda prices: (None, 1.0, [0.0])), "`oracle` must be a function whose void action"),
    (lambda: online().decide_with(lambda prices: (None, 0.0, [1.0])), "`oracle` must be a function whose void action"),
    (lambda: online().decide_with(lambda prices: (0, np.inf, [1.0])), "`reward` must be finite"),
    (lambda: dmd.oracles.second_price(np.inf, 1.0), "`value` must be finite and at least 0"),
    (lambda: dmd.oracles.second_price(1.0, np.inf), "`competing_bid` must be finite and at least 0"),
    (lambda: dmd.allocate([1e308, 1e308], [0.0, 0.0], 1, step_size=0), "`rewards` must be small enough"),
    (lambda: dmd.pace([1e308, 1e308], [0.0, 0.0], 1, step_size=0), "`values` must be small enough"),
    (lambda: rich().decide([1e308], [[0.0]]), "`reward` must be small enough"),
    (lambda: rich().decide_with(dmd.oracles.menu([1e308], [[0.0]])), "`reward` must be small enough"),
    (lambda: dmd.allocate_batch(TABLE, cost_bound=0.5), "`cost_bound` must be at least the largest"),
    (lambda: dmd.allocate_batch(TABLE, reward_bound=0.5), "`reward_bound` must be at least the largest"),
    (lambda: dmd.allocate(TABLE), "`types` must be of shape (T,)"),
    (lambda: dmd.hindsight_optimum(TABLE), "`types` must be of shape (T,)"),
    (lambda: dmd.dual_bound(TABLE, prices=1.0), "`types` must be of shape (T,)"),
    (lambda: dmd.allocate(np.ma.masked_equal([1.0, 2.0], 2.0), [1, 1], 1), "`rewards` must be an array without a mask"),
    (lambda: dmd.allocate([1, 1], np.ma.masked_equal([1, 2], 2), 1), "`costs` must be an array without a mask"),
    (lambda: dmd.allocate([1, 1], [1, 1], np.ma.masked_equal([1.0], 2)), "`budget` must be an array without a mask"),
    (lambda: dmd.allocate_batch(lambda rng: 3.0, 2), "`make` must be a function that returns a RequestStream"),
    (lambda: dmd.allocate([1, 1], [1e3, 1e3], 1500, step_size=1e307), "`rewards` must be small enough"),
    (lambda: dmd.RequestStream([1.0], [[1.0, 1.0]], [1.0, 1.0], cost_bound=[1.0] * 3), "`cost_bound` must be one"),
    (lambda: late().observe(1.0, [0.75]), "`cost` must be at most what is left, [0.5]"),
    (lambda: late().observe([1.0, 1.0], [[0.25], [0.375]]), "`cost` must be at most what is left, [0.5]"),
    (lambda: dmd.baselines.resolve([1, 1], sparse.eye_array(2), [1, 1], types=[0, 1]), "`costs` must be dense"),
    (lambda: dmd.DualMirrorDescent(1, 2, step_size=True), "`step_size` must be a real number; got True"),
    (lambda: dmd.baselines.fast_online_lp(ONES, ONES, 1, step_size=True), "`step_size` must be a real number; got Tr"),
    (lambda: dmd.baselines.static_price(ONES, ONES, 1, prices=[np.nan]), "`prices` must be in [0, inf); got nan"),
    (lambda: dmd.baselines.static_price(ONES, ONES, 1, prices=[1, 2]), "`prices` must be one number, or 1 of them"),
    (lambda: dmd.fluid_optimum((ONES, ONES), ONES / 4, True), "`rate` must be a number or an array of shape (m,)"),
    (lambda: dmd.fluid_optimum((ONES, ONES), ONES / 4, np.nan), "`rate` must be free of NaN"),
    (lambda: dmd.fluid_optimum((ONES, ONES), ONES / 4, [[1]]), "`rate` must be positive and finite, one number or of"),
    (lambda: dmd.allocate(ONES, ONES, 1).certificate.verify(None), "`problem` must be a RequestStream; got None"),
    (lambda: dmd.hindsight_optimum(ONES, ONES, 1).certificate.verify("abc"), "`problem` must be a RequestStream"),
    (lambda: online().decide_with(3), "`oracle` must be callable; got 3"),
    (lambda: online().propose(3), "`oracle` must be callable; got 3"),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED)
def test_refused(call, sentence):
    with pytest.raises((ValueError, TypeError), match=re.escape(sentence)) as caught:
        call()
    assert re.fullmatch(r"`[^`]+` must be .*; got .*\.", str(caught.value), re.DOTALL)


def test_a_run_tells_how_far_it_is():
    assert repr(late()) == "DualMirrorDescent(1, geometry='euclidean'): 0 of 2 requests, 2 pending, reward 0"


def test_running_past_the_horizon_is_refused_and_extending_it_is_not():
    online = dmd.DualMirrorDescent(1.0, 1, step_size=0.5)
    online.decide([1.0], [[0.5]])
    with pytest.raises(ValueError, match="`horizon` must be at least 2"):
        online.decide([1.0], [[0.5]])
    online.extend(2)
    assert online.decide([1.0], [[0.5]]) == 0


@pytest.mark.parametrize("geometry", ["entropy", "capped-entropy"])
def test_huge_steps_leave_finite_prices(geometry):
    found = dmd.allocate(ONES, ONES, 1, geometry=geometry, step_size=1e4, init=0.1, record=True)
    assert np.isfinite(found.trace["prices"]).all()


def test_log_prices_come_back_after_a_long_slack():
    rewards = np.r_[np.zeros(3000), np.ones(3000)]
    found = dmd.allocate(rewards, np.ones(6000), 2000.0, geometry="entropy", step_size=2.0, init=0.1, record=True)
    assert found.trace["prices"][3000] == 0.0  # below the smallest double
    assert found.last_prices[0] > 0.1


def test_a_cost_without_use_and_a_huge_request():
    assert dmd.allocate(ONES, np.zeros(4), 1).reward == 4.0
    found = dmd.allocate([1.0, 9.0, 1.0], [1.0, 100.0, 1.0], 3.0, step_size=0.1)
    assert found.stopping_time == 0
    assert found.actions[1] == -1


def test_a_refused_observation_changes_nothing():
    solver = late()
    before = solver.get_state()
    with pytest.raises(ValueError, match="at most what is left"):
        solver.observe([1.0, 1.0], [[0.25], [0.375]])
    assert solver.get_state() == before
    solver.observe([1.0, 1.0], [[0.25], [0.25]])
    assert solver.remaining.tolist() == [0.0]
