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
    same_run(rewards, costs, {"geometry": geometry, "target": target, "on_depletion": rule, **bounds})


PLAN = np.tile([[0.25, 0.125], [0.0, 0.375]], (25, 1))
OTHER_OPTIONS = [
    {"lazy": True},
    {"lazy": True, "geometry": "entropy"},
    {"lazy": True, "geometry": "capped-entropy"},
    {"step_size": 1 / np.arange(1, 51)},
    {"step_size": lambda t: t**-0.5, "target": PLAN},
    {"target": PLAN},
    {"target": [0.25, 0.375]},
    {"fairness": 0.5},
    {"fairness": 0.5, "geometry": "scaled-euclidean", "lazy": True, "init": [-1.0, 0.25]},
    {"price_cap": 0.25},
    {"price_cap": [0.25, 0.125], "geometry": "entropy", "init": 0.125},
]


@pytest.mark.parametrize("rule", ["reject", "clip", "restrict"])
@pytest.mark.parametrize("options", OTHER_OPTIONS)
def test_decides_as_allocate_does_under_other_options(options, rule):
    rewards, costs = oracles.random_menus(np.random.default_rng(0), 50, 3, 2)
    same_run(rewards, costs, {"reward_bound": 1.0, "cost_bound": 1.0, "on_depletion": rule, **options})


def same_run(rewards, costs, options):
    """Menus one by one, by `decide` and as oracles, are the run of `allocate`; shares are for oracles alone."""
    found = dmd.allocate(rewards, costs, [10.0, 12.0], record=True, **options)
    one, other = (dmd.DualMirrorDescent([10.0, 12.0], 50, **options) for _ in range(2))
    for t, action in enumerate(found.actions.tolist()):
        taken = other.decide_with(dmd.oracles.menu(rewards[t], costs[t]))
        assert (-1 if taken.action is None else taken.action) == action
        if options["on_depletion"] == "clip":
            with pytest.raises(ValueError, match="`on_depletion` must be .*decide_with"):
                one.decide(rewards[t], costs[t])
        else:
            np.testing.assert_array_equal(one.prices, found.trace["prices"][t])
            assert one.decide(rewards[t], costs[t]) == action
    for online in (other,) if options["on_depletion"] == "clip" else (one, other):
        assert online.reward == pytest.approx(found.reward)
        assert online.stopping_time == found.stopping_time
        np.testing.assert_allclose(online.remaining, found.remaining, rtol=1e-12)
        np.testing.assert_allclose(online.prices, found.last_prices, rtol=1e-9)


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
    online = dmd.DualMirrorDescent(2.0, 4, step_size=0.5, init=2.0)  # the price 2 turns everything down
    online.decide([1.0], [[1.0]])
    assert online.prices.tolist() == [1.75]  # 2 - (2 / 4) / 2
    online.add_budget(1.5)
    online.decide([1.0], [[1.0]])
    assert online.prices.tolist() == [1.25]  # 1.75 - (1/2 + 1.5 / 3) / 2
    assert online.remaining.tolist() == [3.5]


def test_requests_that_come_later():
    online = dmd.DualMirrorDescent(2.0, 2, step_size=[0.5, 0.25], init=2.0)
    online.decide([3.0], [[1.0]])
    assert (online.prices.tolist(), online.remaining.tolist()) == ([2.0], [1.0])  # 2 - (1 - 1) / 2
    online.extend(5)  # 1/4 in each of four periods, at the last step of the schedule
    for price in (1.9375, 1.875, 1.8125, 1.75):
        online.decide([1.0], [[1.0]])
        assert online.prices.tolist() == [price]
    assert online.horizon == 5


def test_rewards_are_restored():
    online = dmd.DualMirrorDescent(2.0, 3, step_size=0.5, cost_bound=1.0)
    online.decide([0.75], [[1.0]])
    again = dmd.DualMirrorDescent(2.0, 3, step_size=0.5, cost_bound=1.0)
    again.set_state(online.get_state())
    assert (again.reward, again.n_seen, again.stopping_time) == (0.75, 1, 1)
    assert again.prices.tolist() == online.prices.tolist()
    assert again.remaining.tolist() == [1.0]


CHANGES = {
    "geometry": "entropy",
    "lazy": True,
    "adaptive": True,
    "on_depletion": "clip",
    "fairness": 1.0,
    "reward_bound": 2.0,
    "cost_bound": 2.0,
    "rate": [0.25],
    "price_cap": [1.0],
    "state": [[-1.0], [0.0], [1.0], [0.0]],
    "etas": [-0.5],
    "targets": [[0.5, 0.5]],
    "horizon": 0,
    "n_seen": 5,
    "n_pending": 4,
    "stopped": 3,
    "reward": float("inf"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_states_of_others_are_refused(name):
    online = dmd.DualMirrorDescent(2.0, 4, step_size=0.5)
    online.decide([0.75], [[1.0]])
    before = online.get_state()
    assert set(before) == set(CHANGES)
    with pytest.raises(ValueError, match=name):
        online.set_state({**before, name: CHANGES[name]})
    with pytest.raises(ValueError, match=f"`state` must be a mapping with the key '{name}'"):
        online.set_state({key: value for key, value in before.items() if key != name})
    assert online.get_state() == before
    with pytest.raises(TypeError, match="`state` must be a mapping"):
        online.set_state(None)


def test_fair_runs_go_on_from_where_they_ended():
    rewards = np.tile([1.0, -0.5], (40, 1))  # the second action pays at prices below -1/2 alone
    costs, budget = np.broadcast_to(np.eye(2), (40, 2, 2)), np.array([20.0, 10.0])
    options = {"fairness": 0.5, "step_size": 0.25}
    whole = dmd.allocate(rewards, costs, budget, record=True, **options)
    first = dmd.allocate(rewards[:20], costs[:20], budget / 2, **options)
    assert first.last_prices.min() < 0
    rest = dmd.allocate(rewards[20:], costs[20:], budget / 2, init=first.last_prices, record=True, **options)
    np.testing.assert_allclose(rest.trace["prices"], whole.trace["prices"][20:], atol=1e-12)
    online = dmd.DualMirrorDescent(budget / 2, 20, init=first.last_prices, **options)
    np.testing.assert_array_equal(online.prices, first.last_prices)
    bound = dmd.dual_bound(rewards, costs, budget, whole.prices, fairness=0.5)
    assert bound == whole.certificate.bound
    for call in (
        lambda: dmd.dual_bound(rewards, costs, budget, whole.prices - 5, fairness=0.5),
        lambda: dmd.allocate(rewards, costs, budget, init=[-5.0, 0.0], **options),
    ):
        with pytest.raises(ValueError, match=r"must be of a sum of rate \* max\(0, -price\) of at most 0.5"):
            call()


class Machine(RuleBasedStateMachine):
    """Any sequence of calls; a plain model of the budget beside it."""

    def __init__(self):
        super().__init__()
        self.online = dmd.DualMirrorDescent([4.0, 3.0], 12, step_size=0.25, init=[0.25, 0.0], cost_bound=1.0)
        self.left = np.array([4.0, 3.0])
        self.seen = self.pending = 0

    def requests_are_left(self):
        return self.seen + self.pending < self.online.horizon

    @precondition(requests_are_left)
    @rule(reward=st.integers(-2, 8), cost=st.tuples(st.integers(0, 4), st.integers(0, 4)))
    def decide(self, reward, cost):
        used, mu = np.array(cost) / 4, self.online.prices
        wanted = reward / 8 - mu @ used > 0
        action = self.online.decide([reward / 8], [used])
        assert action == (0 if wanted and (used <= self.left).all() else -1)
        self.left -= used * (action == 0)
        self.seen += 1

    @precondition(requests_are_left)
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

    @precondition(requests_are_left)
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


def test_a_state_out_of_range_is_refused():
    """Prices of 0 under an entropy, and units that are less than none; JSON can hold either."""
    online = dmd.DualMirrorDescent([5.0], 10, step_size=0.1, geometry="entropy", reward_bound=1.0)
    before = online.get_state()
    for row, value in ((0, 0.0), (2, -1e9)):
        table = [list(line) for line in before["state"]]
        table[row][0] = value
        with pytest.raises(ValueError, match=rf"`state\['state'\]\[{row}\]` must be"):
            online.set_state({**before, "state": table})
    assert online.get_state() == before


def test_only_the_chosen_reward_counts_for_the_total():
    online = dmd.DualMirrorDescent([5.0], 10, step_size=0.1)
    assert online.decide([1e308, 1e308], [[0.0], [0.0]]) == 0
