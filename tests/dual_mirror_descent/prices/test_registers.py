"""The loops for vector registers against the kernels that do the same in parts, bit by bit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory._array import PLAIN, interpreted, kernel_input
from lrtheory.dual_mirror_descent import RequestStream
from lrtheory.dual_mirror_descent.prices import steps
from lrtheory.dual_mirror_descent.runs.setup import prepare

WIDTHS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 33, 100]
KINDS = [np.float64, np.float32]
EXTREMES = [0.0, 5e-324, 1e-300, 1e-12, 1.0, 3.0, 1e12, 1e300]


def run(rewards, costs, budget, gradient_of, module=steps, **options):
    """Everything that a run writes, as one list of arrays."""
    horizon, m = len(rewards), len(budget)
    given = {"reward_bound": np.abs(rewards).max(), "cost_bound": costs.max(axis=(0, 1)).astype(float)}
    setup = prepare(budget, horizon, 1e-12, **given, **options)
    ledger = steps.Ledger(
        proposed=np.empty(horizon, np.int64),
        actions=np.empty(horizon, np.int64),
        paths=np.zeros((2, 4, m)),
        totals=np.zeros((2, 2)),
        counts=np.zeros(3, np.int64),
        trace=np.zeros((horizon + 1, m)),
    )
    menus = steps.Menus(kernel_input(rewards), kernel_input(costs), steps.NO_TYPES)
    tau = module.serve(menus, setup, ledger, gradient_of(setup))
    return [np.array(tau), *ledger, setup.state, setup.targets]


def in_parts(setup):
    return np.empty_like(setup.resources[steps.RATE])


def same_bits(ours, theirs):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)  # equal, NaN included, and then down to the sign of zero
        np.testing.assert_array_equal(np.signbit(one), np.signbit(other))


def menus(rng, m, horizon=60, d=3):
    return rng.normal(size=(horizon, d)), rng.random((horizon, d, m)), rng.uniform(1, horizon / 6, m)


OPTIONS = [
    {},
    {"lazy": True},
    {"geometry": "scaled-euclidean", "on_depletion": "clip"},
    {"on_depletion": "restrict", "target": "adaptive"},
    {"on_depletion": "clip", "target": "adaptive", "price_cap": 0.3},
    {"price_cap": 0.05, "lazy": True, "on_depletion": "restrict"},
]


@pytest.mark.skipif(PLAIN, reason="the environment asks for plain loops alone")
@pytest.mark.parametrize("m", WIDTHS)
def test_one_sweep_is_the_parts(m: int) -> None:
    rng, cut = np.random.default_rng(m), 0
    for kind in KINDS:
        for options in OPTIONS:
            rewards, costs, budget = menus(rng, m)
            given = rewards, costs.astype(kind), budget
            assert steps.gradient_of(prepare(budget, 2, 0, reward_bound=1, cost_bound=1, step_size=0.1)) is None
            ours, theirs = (run(*given, how, step_size=0.1, **options) for how in (steps.gradient_of, in_parts))
            same_bits(ours, theirs)
            cut += int((ours[1] != ours[2]).sum() + ours[5][steps.CLIPPED])
            assert len(set(ours[1].tolist())) > 1
    assert cut > 0


@pytest.mark.skipif(PLAIN, reason="the environment asks for plain loops alone")
@pytest.mark.parametrize("m", [1, 3, 8, 13])
def test_one_sweep_is_the_parts_at_extremes(m: int) -> None:
    rng = np.random.default_rng(m)
    for _ in range(40):
        horizon = 12
        rewards, costs = rng.choice(EXTREMES, (horizon, 2)), rng.choice(EXTREMES[:-1], (horizon, 2, m))
        budget = rng.choice(EXTREMES[2:], m)
        options = {"step_size": float(rng.choice([0.0, 1e-300, 1.0, 1e300])), "lazy": bool(rng.integers(2))}
        with np.errstate(all="ignore"):
            same_bits(*(run(rewards, costs, budget, how, **options) for how in (steps.gradient_of, in_parts)))


@pytest.mark.parametrize("m", WIDTHS)
def test_a_price_of_costs_is_its_four_sums(m: int) -> None:
    rng = np.random.default_rng(m)
    prices, costs = rng.normal(size=(4, m)), rng.random((2, 3, m))
    for kind in KINDS:
        table = costs.astype(kind)
        terms = prices[0] * table[1, 2].astype(float)
        sums = [0.0, 0.0, 0.0, 0.0]
        for j, term in enumerate(terms.tolist()):
            sums[0 if j >= m - m % 4 else j % 4] += term
        assert steps.priced(kernel_input(table), 1, 2, prices) == (sums[0] + sums[1]) + (sums[2] + sums[3])


@pytest.mark.parametrize("m", [1, 5, 8])
def test_interpreted_kernels_settle_likewise(m: int) -> None:
    given = menus(np.random.default_rng(m), m, horizon=20)
    options = {"step_size": 0.1, "on_depletion": "clip"}
    same_bits(run(*given, lambda _: None, interpreted(steps), **options), run(*given, in_parts, **options))


def test_only_floats_and_euclidean_steps_are_swept() -> None:
    def room(budget=(1.0, 1.0), **options):
        budget = np.array(budget)
        return steps.gradient_of(prepare(budget, 2, 0, reward_bound=1, cost_bound=1, step_size=0.1, **options))

    assert (room() is None) == (not PLAIN)
    assert (room(geometry="scaled-euclidean") is None) == (not PLAIN)
    for options in ({"geometry": "entropy"}, {"geometry": "capped-entropy"}, {"fairness": 0.1}):
        assert room(**options).shape == (2,)
    assert room(budget=[Fraction(1), Fraction(2)]).dtype == object


def test_rows_are_read_and_written_within_their_ends() -> None:
    for m in (3, 8, 11):
        stream = RequestStream(np.ones((1, 1)), np.ones((1, 1, m)), np.ones(m))
        setup = prepare(stream.budget, 1, 0, reward_bound=1, cost_bound=1, step_size=0.5)
        fence = np.full((6, m), 7.0)
        fence[1:5] = setup.state
        paths = np.full((4, 4, m), 7.0)
        paths[1:3] = 0
        decisions, totals, counts = np.empty((2, 1), np.int64), np.zeros((2, 2)), np.zeros(3, np.int64)
        ledger = steps.Ledger(*decisions, paths[1:3], totals, counts, trace=np.zeros((0, m)))
        menus = steps.Menus(kernel_input(stream.rewards), kernel_input(stream.costs), steps.NO_TYPES)
        steps.serve(menus, setup._replace(state=fence[1:5]), ledger, steps.gradient_of(setup))
        assert (fence[[0, 5]] == 7).all()
        assert (paths[[0, 3]] == 7).all()
        np.testing.assert_array_equal(fence[1 + steps.LEFT], 0)
