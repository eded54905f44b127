"""Objects with a state: what is rejected changes nothing, copies go on alike, and switches keep the merged weight."""

from __future__ import annotations

import io
import json
import pickle

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lrtheory.low_rank_adapters.kinds.lora import lora
from lrtheory.low_rank_adapters.training.optimizer import AdapterOptimizer
from lrtheory.low_rank_adapters.training.switched import SwitchedLoRA

BAD = [np.full((4, 3), np.nan), np.ones((3, 4)), {"B": np.ones((4, 2))}, {"B": np.ones((4, 2)), "A": np.ones((3, 2))}]
METHODS = ("altlora", "joint", "scaled", "sgd", "adam")


def through_a_file(state):
    """The state as a file without pickled objects returns it."""
    buffer = io.BytesIO()
    np.savez(buffer, **state)
    buffer.seek(0)
    with np.load(buffer, allow_pickle=False) as file:
        return dict(file)


def same(first, other):
    """Whether two states are equal to the bit."""
    return first.keys() == other.keys() and all(np.array_equal(first[key], other[key]) for key in first)


def optimizer_of(method, rng=0, **options):
    draw = np.random.default_rng(rng)
    start = lora(draw.standard_normal((4, 2)), draw.standard_normal((2, 3)), scale=2.0)
    return AdapterOptimizer(start, method=method, **({"step_size": 0.05, "momentum": 0.5} | options))


class Optimizers(RuleBasedStateMachine):
    """An optimizer and a twin, which is another copy of it now and then, are told the same."""

    def __init__(self):
        super().__init__()
        self.draw = np.random.default_rng(1)
        self.ours, self.twin = optimizer_of("altlora"), optimizer_of("altlora")

    @rule(method=st.sampled_from(METHODS))
    @precondition(lambda self: self.ours.n_steps == 0)
    def choose(self, method):
        self.ours, self.twin = optimizer_of(method), optimizer_of(method)

    @rule(parts=st.booleans())
    def tell(self, parts):
        gradient = self.draw.integers(-2, 3, (4, 3)).astype(float)
        told = self.ours.adapter.gradient(gradient) if parts else gradient
        for one in (self.ours, self.twin):
            one.step(told)

    @rule(bad=st.sampled_from(BAD))
    def reject(self, bad):
        before = self.ours.get_state()
        with pytest.raises(ValueError, match="^`gradient"):
            self.ours.step(bad)
        assert same(before, self.ours.get_state())

    @rule(how=st.sampled_from(["copy", "pickle", "file"]))
    def replace(self, how):
        if how == "file":
            fresh = optimizer_of(self.ours._rule.method, rng=5)
            fresh.set_state(through_a_file(self.ours.get_state()))
        else:
            fresh = self.ours.copy() if how == "copy" else pickle.loads(pickle.dumps(self.ours))
        self.twin = fresh

    @invariant()
    def equal(self):
        assert same(self.ours.get_state(), self.twin.get_state())


class Switches(RuleBasedStateMachine):
    """Switches of integers keep the merged weight exactly, and its rank grows by one at most."""

    def __init__(self):
        super().__init__()
        self.draw = np.random.default_rng(2)
        self.ours = SwitchedLoRA(
            np.zeros((4, 3)), 2, step_size=1.0, horizon=5, scale=3.0, interval=4, frozen_steps=2, rng=3
        )
        state = self.ours.get_state()
        for name in ("weight", "A", "B", "candidates_A", "candidates_B"):
            state[name] = self.draw.integers(-3, 4, np.shape(state[name])).tolist()
        self.ours.set_state(json.loads(json.dumps(state)))
        self.first = np.array(self.ours.weight)
        self.twin = self.ours.copy()

    @rule(k=st.integers(0, 1), side=st.sampled_from("AB"))
    def switch(self, k, side):
        other = "B" if side == "A" else "A"
        turn = (lambda value: value) if side == "A" else np.transpose
        before, slot = self.ours.copy(), self.ours.next_candidate[side]
        for one in (self.ours, self.twin):
            one.switch(k, side)
        np.testing.assert_array_equal(self.ours.merged(), before.merged())
        old, new = turn(before.adapter.params[side]), turn(self.ours.adapter.params[side])
        np.testing.assert_array_equal(new[k], turn(before.candidates[side])[slot])
        np.testing.assert_array_equal(old[k], turn(self.ours.candidates[side])[slot])
        np.testing.assert_array_equal(new[1 - k], old[1 - k])
        np.testing.assert_array_equal(self.ours.adapter.params[other], before.adapter.params[other])
        assert self.ours.resting[other][k] == 2

    @rule()
    def step(self):
        gradient = self.draw.integers(-1, 2, (4, 3)).astype(float)
        for one in (self.ours, self.twin):
            one.step(gradient)

    @rule(bad=st.sampled_from(BAD))
    def reject(self, bad):
        before = self.ours.get_state()
        with pytest.raises(ValueError, match="^`gradient"):
            self.ours.step(bad)
        with pytest.raises(ValueError, match="^`index` must be an integer in"):
            self.ours.switch(2, "A")
        with pytest.raises(ValueError, match="^`side` must be one of"):
            self.ours.switch(0, "C")
        assert before == self.ours.get_state()

    @rule(how=st.sampled_from(["copy", "pickle", "state"]))
    def replace(self, how):
        if how == "state":
            self.twin = SwitchedLoRA(
                np.ones((4, 3)), 2, step_size=1.0, horizon=5, scale=3.0, interval=4, frozen_steps=2
            )
            self.twin.set_state(json.loads(json.dumps(self.ours.get_state())))
        else:
            self.twin = self.ours.copy() if how == "copy" else pickle.loads(pickle.dumps(self.ours))

    @invariant()
    def bounded(self):
        assert self.ours.get_state() == self.twin.get_state()
        change = self.ours.merged() - self.first
        assert np.linalg.matrix_rank(change) <= self.ours.delta_rank_bound


TestOptimizers = settings(max_examples=25, stateful_step_count=15)(Optimizers).TestCase
TestSwitches = settings(max_examples=25, stateful_step_count=15)(Switches).TestCase


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("entry", "value"),
    [("method", "other"), ("step_size", 0.5), ("n_steps", -1), ("turn", "C"), ("params.B", np.full((4, 2), np.inf)),
     ("params.A", np.ones((3, 2))), ("rank_deficient", 2)],
)  # fmt: skip
def test_states_of_others_are_refused(method, entry, value):
    optimizer = optimizer_of(method)
    optimizer.step(np.ones((4, 3)))
    before = optimizer.get_state()
    with pytest.raises((ValueError, TypeError), match="^`state"):
        optimizer.set_state(before | {entry: value})
    with pytest.raises(ValueError, match="^`state` must be a mapping with the key"):
        optimizer.set_state({key: held for key, held in before.items() if key != entry})
    assert same(before, optimizer.get_state())


def test_a_step_out_of_range_is_rejected():
    optimizer = optimizer_of("sgd", step_size=1e300)
    before = optimizer.get_state()
    with pytest.raises(ValueError, match="^`step_size` must be so small"):
        optimizer.step(np.full((4, 3), 1e300))
    assert same(before, optimizer.get_state())
    assert "sgd" in repr(optimizer)


@pytest.mark.parametrize(
    ("entry", "value"),
    [("rank", 1), ("n_steps", -1), ("weight", [[1.0]]), ("resting_A", [9, 0]), ("next_index", [0, 0.5]), ("rng", {})],
)
def test_states_of_other_switches_are_refused(entry, value):
    switched = SwitchedLoRA(np.eye(4), 2, step_size=0.1, horizon=10, rng=0)
    before = switched.get_state()
    with pytest.raises(ValueError, match="^`state"):
        switched.set_state(before | {entry: value})
    assert before == switched.get_state()


@pytest.mark.parametrize("name", ["A", "B"])
def test_a_step_out_of_the_range_of_numbers_is_refused(name):
    switched = SwitchedLoRA(np.eye(4), 2, step_size=1e10, horizon=10, interval=10**9, rng=0)
    before = switched.get_state()
    gradient = {"A": np.zeros((2, 4)), "B": np.zeros((4, 2))}
    gradient[name][0, 0] = 1e305
    with pytest.raises(ValueError, match="`step_size` must be so small that both factors stay finite"):
        switched.step(gradient)
    assert before == switched.get_state()


def test_counterparts_rest_and_the_others_move():
    switched = SwitchedLoRA(
        np.eye(4), 2, step_size=0.1, horizon=10, momentum=0.5, interval=10**9, frozen_steps=2, rng=0
    )
    gradient = np.arange(16.0).reshape(4, 4)
    switched.step(gradient)
    switched.switch(1, "A")
    assert not switched.momenta["B"][:, 1].any()
    for rests in (True, True, False):
        before = np.array(switched.adapter.params["B"])
        switched.step(gradient)
        moved = (switched.adapter.params["B"] != before).any(axis=0)
        assert moved.tolist() == [True, not rests]


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_an_interrupt_leaves_no_half_of_a_step(monkeypatch, fails_at):
    switched = SwitchedLoRA(np.eye(4), 2, step_size=0.1, horizon=10, interval=1, rng=0)
    before = switched.get_state()
    calls = iter(range(1, 10))
    exchange = SwitchedLoRA._exchange

    def interrupted(self, k, side):
        exchange(self, k, side)
        if next(calls) == fails_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(SwitchedLoRA, "_exchange", interrupted)
    with pytest.raises(KeyboardInterrupt):
        switched.step(np.eye(4))
    monkeypatch.undo()
    assert before == switched.get_state()  # with the generator, so that the same step follows


def test_rows_and_columns_take_turns_half_of_the_rank_apart():
    switched = SwitchedLoRA(np.eye(6), 4, step_size=1.0, horizon=10**9, interval=4, rng=0)
    for k in range(5):
        before = {name: np.array(value) for name, value in switched.adapter.params.items()}
        switched.step(np.zeros((6, 6)))
        after = switched.adapter.params
        assert np.flatnonzero((after["A"] != before["A"]).any(axis=1)).tolist() == [k % 4]
        assert np.flatnonzero((after["B"] != before["B"]).any(axis=0)).tolist() == [(k + 2) % 4]


def test_the_update_of_the_start_has_the_size_of_the_weight():
    W = 7.0 * np.random.default_rng(0).standard_normal((40, 30))
    made = (SwitchedLoRA(W, 4, step_size=1.0, horizon=1, scale=-3.0, rng=rng) for rng in range(20))
    squares = [np.sum(one.adapter.dense() ** 2) for one in made]
    # a product of Gaussian factors has a relative variance of about 2 / (m r) + 2 / (n r)
    assert abs(np.mean(squares) / np.sum(W**2) - 1) <= 5 * np.sqrt((2 / 160 + 2 / 120) / 20)


def test_switches_become_rare():
    switched = SwitchedLoRA(np.eye(6), 4, step_size=1e-3, horizon=300, interval=8, frozen_steps=0, rng=1)
    counts = []
    for _ in range(300):
        switched.step(np.zeros((6, 6)))
        counts.append(switched.n_switches)
    due = 2 * 4 / 8 * 0.3 ** (np.arange(1, 301) / 300)
    # sums of independent roundings, whose variances are at most 1/4 for each factor
    assert abs(counts[-1] - due.sum()) <= 5 * np.sqrt(300 / 2)
    assert counts[149] > counts[-1] - counts[149]


@pytest.mark.parametrize("factor", [1e-200, 1e-12, 1e12, 1e200])
def test_switches_in_other_units(factor):
    made = [SwitchedLoRA(np.eye(4) * x, 2, step_size=0.1, horizon=10, interval=2, rng=0) for x in (1.0, factor)]
    for _ in range(5):
        for one, x in zip(made, (1.0, factor), strict=True):
            one.switch(0, "A")
            one.switch(1, "B")
            np.testing.assert_allclose(one.merged(), np.eye(4) * x, atol=1e-14 * x)
    np.testing.assert_allclose(made[1].weight / factor, made[0].weight, atol=1e-13)


def test_switches_in_all_libraries(xp):
    W, G = np.eye(4, dtype=np.float32), np.arange(16, dtype=np.float32).reshape(4, 4) / 16
    here, there = (SwitchedLoRA(w, 2, step_size=0.1, horizon=10, interval=2, rng=0) for w in (W, xp.asarray(W)))
    for _ in range(6):
        here.step(G)
        there.step(xp.asarray(G))
    assert here.n_switches == there.n_switches > 0
    found = xp.to_numpy(there.merged())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, here.merged(), atol=1e-5)


def test_no_switch_makes_a_weight_infinite():
    largest = np.finfo(float).max
    switched = SwitchedLoRA(np.eye(3), 1, step_size=1.0, horizon=10**9, interval=1, rng=0)
    switched.weight = np.full((3, 3), largest) * np.sign(switched.weight)
    switched.adapter = switched.adapter.with_params({"B": np.full((3, 1), 1e300), "A": np.zeros((1, 3))})
    switched.candidates = {name: value * 1e10 for name, value in switched.candidates.items()}
    before = switched.get_state()
    for attempt in (lambda: switched.switch(0, "A"), lambda: switched.step(np.zeros((3, 3)))):
        with pytest.raises(ValueError, match="^`weight` must be so small that it stays finite"):
            attempt()
        assert before == switched.get_state()


@pytest.mark.parametrize(
    ("change", "error", "rule"),
    [
        ({"weight": np.full((4, 3), 1.7e308)}, ValueError, "`(weight|scale)` must be so"),
        ({"scale": 1e-309}, ValueError, "`scale` must be so large"),
        ({"rank": 0}, ValueError, "`rank` must be an integer in"),
        ({"rank": 4}, ValueError, "`rank` must be an integer in"),
        ({"weight": np.ones(3)}, ValueError, "`weight` must be of shape"),
        ({"weight": np.full((4, 3), np.inf)}, ValueError, "`weight` must be finite"),
        ({"scale": 0.0}, ValueError, "`scale` must be a finite number other than 0"),
        ({"step_size": 0.0}, ValueError, "`step_size` must be in"),
        ({"horizon": 0}, ValueError, "`horizon` must be an integer"),
        ({"interval": 0}, ValueError, "`interval` must be an integer"),
        ({"frozen_steps": -1}, ValueError, "`frozen_steps` must be an integer"),
        ({"momentum": 1.0}, ValueError, r"`momentum` must be in \[0, 1\); got 1\.0\."),
    ],
)
def test_what_switches_refuse(change, error, rule):
    given = {"weight": np.ones((4, 3)), "rank": 2, "step_size": 0.1, "horizon": 10} | change
    with pytest.raises(error, match=f"^{rule}"):
        SwitchedLoRA(given.pop("weight"), given.pop("rank"), **given)


@pytest.mark.parametrize("entry", ["weight", "A", "candidates_B", "momentum_B"])
def test_states_beyond_single_precision_are_refused(entry):
    switched = SwitchedLoRA(np.eye(4, dtype=np.float32), 2, step_size=0.1, horizon=10, rng=0)
    before = switched.get_state()
    large = np.array(before[entry])
    large[0, 0] = 1e300
    with pytest.raises(ValueError, match=rf"^`state\['{entry}'\]` must be finite in float32; got 1e\+300"):
        switched.set_state(before | {entry: large.tolist()})
    assert before == switched.get_state()
    switched.set_state(before | {entry: np.sign(large).tolist()})
    assert switched.get_state()[entry] == np.sign(large).tolist()


def test_states_that_adam_cannot_have_are_refused():
    optimizer = optimizer_of("adam")
    optimizer.step(np.ones((4, 3)))
    before = optimizer.get_state()
    for sign in (-1.0, np.nan):
        with pytest.raises(ValueError, match=r"^`state\['roots.A'\]` must be"):
            optimizer.set_state(before | {"roots.A": sign * before["roots.A"]})
    assert same(before, optimizer.get_state())
    single = AdapterOptimizer(lora(np.ones((4, 2), np.float32), np.ones((2, 3), np.float32)), step_size=0.1)
    with pytest.raises(ValueError, match=r"^`state\['momenta.B'\]` must be finite in float32"):
        single.set_state(single.get_state() | {"momenta.B": np.full((4, 2), 1e300)})
