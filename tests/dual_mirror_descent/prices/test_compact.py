"""Costs in single precision where that is exact, and certificates that wait until they are read."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from lrtheory import dual_mirror_descent as dmd
from lrtheory.dual_mirror_descent.prices.scan_costs import BLOCK, survey

RNG = np.random.default_rng(0)
SHAPES = [(1, 1, 1), (7, 1, 1), (300, 1, 1), (211, 3, 2), (5, 2, 300), (64, 4, 8), (1, 1, 3 * BLOCK), (97, 1, 101)]


def whole(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, shape).astype(float)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_survey_finds_what_reductions_find(shape: tuple[int, ...]) -> None:
    for costs in (whole(shape), RNG.random(shape), whole(shape) * 2.0**-140, whole(shape) - 0.0):
        are_costs, largest, compact = survey(costs, True)
        assert are_costs
        np.testing.assert_array_equal(largest, costs.max(axis=(0, 1)))
        exact = np.array_equal(costs.astype(np.float32).astype(float), costs)
        assert (compact is not None) == exact
        assert survey(costs, False)[2] is None
        if compact is not None:
            assert not compact.flags.writeable
            np.testing.assert_array_equal(compact.astype(float), costs)
            assert compact.shape == shape


@pytest.mark.parametrize("value", [np.nan, -1.0, -1e-300, np.inf, -np.inf])
@pytest.mark.parametrize("shape", SHAPES)
def test_one_wrong_cost_is_found_anywhere(shape: tuple[int, ...], value: float) -> None:
    for at in {0, int(np.prod(shape)) // 2, int(np.prod(shape)) - 1}:
        costs = whole(shape)
        costs.ravel()[at] = value
        assert not survey(costs, True)[0]
        with pytest.raises(ValueError, match="`costs` must be"):
            dmd.RequestStream(np.ones(shape[:2]), costs, np.ones(shape[2]))
        with pytest.raises(ValueError, match="`costs` must be"):
            dmd.allocate(np.ones(shape[:2]), costs, np.ones(shape[2]))


@pytest.mark.parametrize("value", [0.1, 2.0**24 + 1, 1e300, 5e-324, 1 + 2.0**-52])
@pytest.mark.parametrize("shape", SHAPES)
def test_one_number_that_single_precision_changes_is_found_anywhere(shape: tuple[int, ...], value: float) -> None:
    for at in {0, int(np.prod(shape)) // 2, int(np.prod(shape)) - 1}:
        costs = whole(shape)
        costs.ravel()[at] = value
        are_costs, largest, compact = survey(costs, True)
        assert are_costs
        assert compact is None
        np.testing.assert_array_equal(largest, costs.max(axis=(0, 1)))


def streams(seed=0, horizon=80, d=3, m=5):
    """Rewards, costs that single precision holds, and budgets of which some run out."""
    rng = np.random.default_rng(seed)
    return rng.random((horizon, d)) * m, whole((horizon, d, m), seed), rng.uniform(5, horizon / 2, m)


def everything(found):
    """All fields of a result that are numbers, its certificate's among them."""
    kept = {name: np.asarray(getattr(found, name)) for name in ("actions", "proposed", "reward", "consumption")}
    kept |= {name: np.asarray(getattr(found, name)) for name in ("prices", "last_prices", "stopping_time")}
    return kept | dict(found.path) | {"bound": found.certificate.bound, "gap": found.certificate.gap}


@pytest.mark.parametrize("geometry", ["euclidean", "scaled-euclidean", "entropy", "capped-entropy"])
@pytest.mark.parametrize("rule", ["reject", "clip", "restrict"])
def test_a_compact_stream_gives_the_same_bits(geometry: str, rule: str) -> None:
    for seed in range(5):
        given = streams(seed)
        options = {"geometry": geometry, "on_depletion": rule, "step_size": 0.05}
        compact = everything(dmd.allocate(dmd.RequestStream(*given), **options))
        wide = everything(dmd.allocate(*given, **options))
        for name, value in wide.items():
            np.testing.assert_array_equal(compact[name], value)


def test_nothing_that_the_caller_writes_changes_a_certificate() -> None:
    # single precision holds the first costs and not the second, of which the stream has no copy
    for costs in (streams()[1], streams()[1] * 0.1):
        rewards, _, budget = streams()
        arrays = rewards.copy(), costs.copy(), budget.copy()
        expected = everything(dmd.allocate(rewards, costs, budget, step_size=0.05))
        found = dmd.allocate(dmd.RequestStream(*arrays), step_size=0.05)
        for one in arrays:
            one[:] = 1e9
        assert everything(found).keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_array_equal(everything(found)[name], value)


def test_types_may_be_written_to_after_a_run() -> None:
    rewards, costs, budget = streams()
    types = np.random.default_rng(1).integers(0, 80, 200)
    expected = dmd.allocate(rewards, costs, budget, types=types.copy(), step_size=0.05).certificate.bound
    found = dmd.allocate(dmd.RequestStream(rewards, costs, budget, types=types), step_size=0.05)
    types[:] = 0
    assert found.certificate.bound == expected


def test_a_compact_stream_is_what_was_given() -> None:
    rewards, costs, budget = streams()
    kept = costs.copy()
    stream = dmd.RequestStream(rewards, costs, budget)
    costs[:] = 7.0
    rewards[:] = 7.0
    np.testing.assert_array_equal(stream.costs, kept)
    assert stream.costs is stream.costs
    assert stream.costs.dtype == np.float64
    assert not stream.costs.flags.writeable
    assert not stream.rewards.flags.writeable
    assert stream.rewards.max() < 7.0
    with pytest.raises(AttributeError, match="cost_bounds"):
        _ = stream.cost_bounds


@pytest.mark.parametrize(
    "again", [lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy, lambda s: dataclasses.replace(s, names=["x"])]
)
def test_a_copy_of_a_stream_gives_the_same(again) -> None:
    stream = dmd.RequestStream(*streams())
    expected = everything(dmd.allocate(stream, step_size=0.05))
    for name, value in everything(dmd.allocate(again(stream), step_size=0.05)).items():
        np.testing.assert_array_equal(value, expected[name])


def test_another_budget_for_a_compact_stream() -> None:
    rewards, costs, budget = streams()
    expected = everything(dmd.allocate(rewards, costs, 2 * budget, step_size=0.05))
    found = everything(dmd.allocate(dmd.RequestStream(rewards, costs, budget), budget=2 * budget, step_size=0.05))
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_a_certificate_lets_go_of_the_stream_when_it_is_read() -> None:
    stream = dmd.RequestStream(*streams())
    for read in (
        lambda found: found.certificate.gap,
        lambda found: found.certificate.to_dict(),
        repr,
        lambda found: pickle.loads(pickle.dumps(found)).certificate.bound,
        lambda found: found.certificate.verify(stream),
    ):
        found = dmd.allocate(stream, step_size=0.05)
        assert found.certificate._stream is stream
        assert read(found) is not None
        assert found.certificate._stream is None
        assert found.certificate.verify(stream)
        with pytest.raises(AttributeError, match="limit"):
            _ = found.certificate.limit


# eleven times the eleventh part of the largest double is finite; eleven of them added one by one are not
@pytest.mark.parametrize("rewards", [[1e308] * 2, [np.finfo(float).max / 11] * 11])
def test_an_infinite_bound_is_refused_by_the_run_and_not_by_the_reader(rewards: list[float]) -> None:
    stream = dmd.RequestStream(rewards, np.ones(len(rewards)), 1.0)
    with pytest.raises(ValueError, match="`rewards` must be small enough"):
        dmd.allocate(stream, step_size=0.0)


def test_prices_that_are_at_most_negative_under_fairness_do_not_wait() -> None:
    found = dmd.allocate(dmd.RequestStream(*streams()), fairness=0.1, step_size=0.05)
    assert not hasattr(found.certificate, "_stream")
    assert found.certificate.verify(dmd.RequestStream(*streams()))


def test_single_precision_of_the_caller_keeps_its_tolerance() -> None:
    rewards, costs, budget = streams()
    assert dmd.RequestStream(rewards, costs, budget).tolerance == 1e-12
    assert dmd.RequestStream(rewards.astype(np.float32), costs.astype(np.float32), budget).tolerance == 1e-6
