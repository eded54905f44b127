"""The stateful solver: the decisions of `allocate`, late observations, and a state that no rejected call changes."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lrtheory import dual_mirror_descent as dmd
from tests.dual_mirror_descent import oracles


@pytest.mark.parametrize("rule", ["reject", "clip", "restrict"])
@pytest.mark.parametrize("target", [None, "adaptive"])
@pytest.mark.parametrize("geometry", ["euclidean", "scaled-euclidean", "entropy", "capped-entropy"])
def test_decides_as_allocate_does(geometry, target, rule):
    rewards, costs = oracles.random_menus(np.random.default_rng(0), 50, 3, 2)
    bounds = {"reward_bound": 1.0, "cost_bound": 1.0}
    options = {"geometry": geometry, "target": target, "on_depletion": rule, **bounds}
    found = dmd.allocate(rewards, costs, [10.0, 12.0], record=True, **options)
    online = dmd.DualMirrorDescent([10.0, 12.0], 50, **options)
    for t in range(50):
        np.testing.assert_array_equal(online.prices, found.trace["prices"][t])
        assert online.decide(rewards[t], costs[t]) == found.actions[t]
    assert online.reward == pytest.approx(found.reward)
    assert online.stopping_time == found.stopping_time
    np.testing.assert_array_equal(online.remaining, found.remaining)


def test_menus_as_oracles_give_the_same_run():
    rewards, costs = oracles.random_menus(np.random.default_rng(1), 50, 3, 2)
    one, other = (dmd.DualMirrorDescent([6.0, 7.0], 50, step_size=0.25) for _ in range(2))
    for menu, used in zip(rewards, costs, strict=True):
        action = one.decide(menu, used)
        found = other.decide_with(dmd.oracles.menu(menu, used)).action
        assert found == (None if action < 0 else action)
    np.testing.assert_array_equal(one.prices, other.prices)


def test_late_observations_in_batches():
    online = dmd.DualMirrorDescent(10.0, 4, step_size=0.5)
    oracle = dmd.oracles.menu([1.0], [[2.0]])
    first, second = online.propose(oracle), online.propose(oracle)
    assert (first.action, second.action, online.n_pending, online.n_seen) == (0, 0, 2, 0)
    online.observe([1.0, 0.0], [[3.0], [0.0]])
    assert (online.n_pending, online.n_seen, online.reward) == (0, 2, 1.0)
    assert online.prices.tolist() == [0.0]  # 0 - (2.5 - 3) / 2 = 1/4, then 1/4 - 2.5 / 2 < 0
    assert online.remaining.tolist() == [7.0]
    with pytest.raises(ValueError, match="at most 0 proposals"):
        online.observe(1.0, [1.0])


def test_fractional_actions_are_cut_where_they_do_not_fit():
    options = {"step_size": 0.1, "reward_bound": 2.0, "cost_bound": 1.0}
    oracle = dmd.oracles.matching([1.0, 1.0], temperature=0.5)
    rejecting = dmd.DualMirrorDescent([0.5, 20.0], 20, **options)
    clipping = dmd.DualMirrorDescent([0.5, 20.0], 20, on_depletion="clip", **options)
    for _ in range(20):
        rejecting.decide_with(oracle)
        clipping.decide_with(oracle)
    np.testing.assert_array_equal(clipping.prices, rejecting.prices)  # prices move by the proposal
    assert clipping.reward > 3 * rejecting.reward
    assert (clipping.remaining >= 0).all()


def test_budget_that_comes_later():
    online = dmd.DualMirrorDescent(1.0, 4, step_size=0.5)
    online.decide([1.0], [[1.0]])
    online.add_budget(3.0)  # a target of 1/4 + 3/3 for each of the three that are left
    online.decide([0.0], [[1.0]])
    assert online.remaining.tolist() == [3.0]
    assert online.prices.tolist() == [0.0]  # 3/8 - 1.25 / 2 < 0


class Machine(RuleBasedStateMachine):
    """Any sequence of calls; a plain model of the budget beside it."""

    def __init__(self):
        super().__init__()
        self.online = dmd.DualMirrorDescent([4.0, 3.0], 12, step_size=0.25, init=[0.25, 0.0], cost_bound=1.0)
        self.left = np.array([4.0, 3.0])
        self.seen = self.pending = 0

    def room(self):
        return self.seen + self.pending < self.online.horizon

    @precondition(room)
    @rule(reward=st.integers(-2, 8), cost=st.tuples(st.integers(0, 4), st.integers(0, 4)))
    def decide(self, reward, cost):
        used, mu = np.array(cost) / 4, self.online.prices
        wanted = reward / 8 - mu @ used > 0
        action = self.online.decide([reward / 8], [used])
        assert action == (0 if wanted and (used <= self.left).all() else -1)
        self.left -= used * (action == 0)
        self.seen += 1

    @precondition(room)
    @rule()
    def propose(self):
        self.online.propose(dmd.oracles.menu([1.0], [[0.5, 0.5]]))
        self.pending += 1

    @precondition(lambda self: self.pending > 0)
    @rule(cost=st.tuples(st.integers(0, 4), st.integers(0, 4)))
    def observe(self, cost):
        used = np.minimum(np.array(cost) / 4, self.left)
        self.online.observe(0.5, used)
        self.left = self.left - used
        self.pending, self.seen = self.pending - 1, self.seen + 1

    @precondition(room)
    @rule(amount=st.integers(0, 4))
    def add_budget(self, amount):
        self.online.add_budget(amount / 2)
        self.left = self.left + amount / 2

    @rule(more=st.integers(1, 3))
    def extend(self, more):
        self.online.extend(max(self.online.horizon, self.seen + self.pending) + more)

    @rule(kind=st.sampled_from(["shape", "nan", "negative", "observe", "extend", "state", "oracle"]))
    def rejected(self, kind):
        before = self.online.get_state()
        calls = {
            "shape": lambda: self.online.decide([1.0], [[1.0]]),
            "nan": lambda: self.online.decide([np.nan], [[1.0, 1.0]]),
            "negative": lambda: self.online.decide([1.0], [[-1.0, 1.0]]),
            "observe": lambda: self.online.observe(np.ones(self.pending + 1), np.ones((self.pending + 1, 2))),
            "extend": lambda: self.online.extend(self.seen + self.pending),
            "state": lambda: self.online.set_state({**before, "n_seen": -1}),
            "oracle": lambda: self.online.decide_with(lambda prices: (0, 1.0, [np.inf, 0.0])),
        }
        with pytest.raises(ValueError):
            calls[kind]()
        assert self.online.get_state() == before

    @rule(way=st.sampled_from(["pickle", "json", "copy"]))
    def restore(self, way):
        if way == "pickle":
            self.online = pickle.loads(pickle.dumps(self.online))
        elif way == "copy":
            self.online = self.online.copy()
        else:
            state = json.loads(json.dumps(self.online.get_state()))
            self.online = dmd.DualMirrorDescent([4.0, 3.0], 12, step_size=0.25, init=[0.25, 0.0], cost_bound=1.0)
            self.online.set_state(state)

    @invariant()
    def books_agree(self):
        np.testing.assert_allclose(self.online.remaining, self.left, atol=1e-12)
        assert (self.online.prices >= 0).all()
        assert (self.online.n_seen, self.online.n_pending) == (self.seen, self.pending)
        assert 0 <= self.online.stopping_time <= self.seen


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
