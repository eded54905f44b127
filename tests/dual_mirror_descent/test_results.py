"""What results say of a run: counts, what was cut, certificates; and that every door to a run says the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from lrtheory import dual_mirror_descent as dmd
from tests.dual_mirror_descent import oracles

ONE_BIG_ONE_SMALL = ([[3.0, 1.0]] * 3, [[[2.0], [1.0]]] * 3, 3)


def test_the_callers_sparse_matrix_is_neither_changed_nor_shared():
    costs = sparse.csr_array((np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 2))
    stream = dmd.RequestStream([1.0, 1.0], costs, [5.0, 5.0])
    assert costs.data.tolist() == [1.0, 2.0, 3.0]  # duplicates were summed elsewhere
    costs.data[:] = -1.0
    assert stream.costs.toarray().tolist() == [[3.0, 0.0], [0.0, 3.0]]
    with pytest.raises(ValueError, match="read-only"):
        stream.costs.data[0] = 7.0
    assert dmd.allocate(stream, step_size=0.0).reward == 2.0
    assert dmd.hindsight_optimum(stream).value == 2.0


# --- counts and cuts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "queries"), [("reject", 3), ("clip", 3), ("restrict", 5)])
def test_a_second_look_at_the_menu_is_counted(rule, queries):
    found = dmd.allocate(*ONE_BIG_ONE_SMALL, step_size=0, on_depletion=rule)
    assert dict(found.counts) == {"queries": queries, "updates": 3}


def test_sparse_runs_auctions_and_baselines_count():
    thin = dmd.allocate([1.0, 1.0], sparse.csr_array([[1.0], [1.0]]), 1, step_size=0.5)
    assert dict(thin.counts) == {"queries": 2, "updates": 2}
    assert dict(dmd.pace([1.0, 1.0, 1.0], [0.5, 0.5, 2.0], 1.0).counts) == {"queries": 3, "updates": 3}
    found = dmd.baselines.history_dependent([1.0, 3.0, 2.0, 2.0], np.ones(4), 2.0, every=2, record=True)
    moves = np.diff(found.trace["prices"][:-1], axis=0).any(axis=1).sum()
    assert dict(found.counts) == {"queries": 4, "updates": moves}


@pytest.mark.parametrize("thin", [False, True])
def test_cut_proposals_are_told(thin):
    costs = [[2.0], [2.0], [2.0]]
    found = dmd.allocate([3.0] * 3, sparse.csr_array(costs) if thin else costs, 3, step_size=0, on_depletion="clip")
    assert (found.actions.tolist(), found.reward) == ([0, 0, -1], 4.5)
    assert (found.n_rejected, found.n_clipped) == (1, 1)
    assert found.message == "proposals that did not fit the budget: 1 taken in part, 1 not taken"
    whole = dmd.allocate([3.0], [2.0], 3, step_size=0, on_depletion="clip")
    assert (whole.n_rejected, whole.n_clipped, whole.message) == (0, 0, "every proposal was taken")


# --- batches ----------------------------------------------------------------------------------------------------------

BATCH_OPTIONS = [
    {},
    {"geometry": "entropy", "step_size": 0.01, "init": 0.01},
    {"geometry": "capped-entropy", "step_size": 0.01, "init": 0.01},
    {"target": "adaptive", "step_size": 0.1},
    {"on_depletion": "clip"},
    {"on_depletion": "restrict", "lazy": True},
    {"fairness": 0.5, "geometry": "scaled-euclidean"},
    {"price_cap": 0.25, "init": 0.125, "reward_bound": 2.0, "cost_bound": 1.5},
]


@pytest.mark.parametrize("options", BATCH_OPTIONS)
def test_batches_are_their_runs_in_every_field(options):
    rng = np.random.default_rng(7)
    rewards, costs = oracles.random_menus(rng, 4, 2, 2)
    types, budget = rng.integers(4, size=(6, 50)), [10.0, 12.0]
    found = dmd.allocate_batch(dmd.RequestStream(rewards, costs, budget, types=types), **options)
    runs = [dmd.allocate(rewards, costs, budget, types=kinds, **options) for kinds in types]
    for name in ("reward", "stopping_time", "n_rejected", "n_clipped", "last_prices"):
        np.testing.assert_array_equal(getattr(found, name), [getattr(one, name) for one in runs])
    for name in ("prices", "consumption"):
        np.testing.assert_allclose(getattr(found, name), [getattr(one, name) for one in runs], rtol=1e-12)
    for name in ("bound", "gap"):
        expected = [getattr(one.certificate, name) for one in runs]
        np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-10, atol=1e-10)
    for name in ("dual_values", "path_regret", "squared_gradients"):
        np.testing.assert_allclose(getattr(found, name), [one.path[name] for one in runs], rtol=1e-10, atol=1e-10)
    for name in ("queries", "updates"):
        assert found.counts[name] == sum(one.counts[name] for one in runs)
    assert (found.n_rejected > 0).any() or (found.n_clipped > 0).any()
    assert found.trace is None
    kept = dmd.allocate_batch(dmd.RequestStream(rewards, costs, budget, types=types), **options, record=True)
    runs = [dmd.allocate(rewards, costs, budget, types=kinds, **options, record=True) for kinds in types]
    np.testing.assert_array_equal(kept.reward, found.reward)
    np.testing.assert_array_equal(kept.trace["prices"], [one.trace["prices"] for one in runs])
    for name in ("proposed", "actions"):
        np.testing.assert_array_equal(kept.trace[name], [getattr(one, name) for one in runs])


def test_batches_over_functions_say_the_same():
    found = dmd.allocate_batch(lambda rng: dmd.make_uniform(40, rng=rng), 3, rng=1, on_depletion="clip")
    streams = [dmd.make_uniform(40, rng=rng) for rng in np.random.default_rng(1).spawn(3)]
    runs = [dmd.allocate(stream, on_depletion="clip") for stream in streams]
    for name in ("reward", "stopping_time", "n_rejected", "n_clipped", "prices", "last_prices", "consumption"):
        np.testing.assert_array_equal(getattr(found, name), [getattr(one, name) for one in runs])
    for name in ("bound", "gap"):
        np.testing.assert_array_equal(getattr(found, name), [getattr(one.certificate, name) for one in runs])
    for name in ("dual_values", "path_regret", "squared_gradients"):
        np.testing.assert_array_equal(getattr(found, name), [one.path[name] for one in runs])
    assert dict(found.counts) == {"queries": 120, "updates": 120}
    kept = dmd.allocate_batch(lambda rng: dmd.make_uniform(40, rng=rng), 3, rng=1, on_depletion="clip", record=True)
    assert kept.trace["prices"].shape == (3, 41, 1)
    np.testing.assert_array_equal(kept.trace["actions"], [one.actions for one in runs])
    with pytest.raises(ValueError, match="`record` must be False for streams of different lengths"):
        dmd.allocate_batch(lambda rng: dmd.make_uniform(int(rng.integers(2, 99)), rng=rng), 3, rng=1, record=True)


# --- certificates -----------------------------------------------------------------------------------------------------


def false_certificates(true):
    """What a wrong proof could look like."""
    return {
        "a bound that is too low": replace(true, bound=true.bound - 0.5, gap=max(true.gap - 0.5, 0.0)),
        "a bound that is too high": replace(true, bound=true.bound + 0.5, gap=true.gap + 0.5),
        "a bound that is no number": replace(true, bound=np.nan),
        "a value above the bound": replace(true, achieved=true.bound + 1, gap=0.0),
        "a gap that hides": replace(true, gap=true.gap + 0.5),
        "other prices": replace(true, prices=true.prices + 1.0),
        "too many prices": replace(true, prices=np.r_[true.prices, 0.0]),
    }


def test_false_certificates_are_not_verified():
    rewards, costs = oracles.random_menus(np.random.default_rng(3), 40, 2, 2)
    stream = dmd.RequestStream(rewards, costs, [6.0, 7.0])
    for true in (dmd.allocate(stream).certificate, dmd.hindsight_optimum(stream).certificate):
        assert true.verify(stream)
        for name, false in false_certificates(true).items():
            assert not false.verify(stream), name
    assert not dmd.allocate(stream).certificate.verify(dmd.RequestStream(2 * rewards, costs, [6.0, 7.0]))


def test_negative_prices_prove_nothing():
    # with the price -1 the dual function is 4 (1 + 1) - 6 = 2, less than the 4 that can be earned
    stream = dmd.RequestStream(np.ones(4), np.ones(4), 6.0)
    true = dmd.hindsight_optimum(stream).certificate
    assert not replace(true, prices=np.array([-1.0]), bound=2.0, achieved=1.0, gap=1.0).verify(stream)
    run = dmd.allocate(stream).certificate
    false = replace(run, prices=np.array([-1.0]), bound=2.0, achieved=1.0, gap=1.0)
    assert not false.verify(stream)
    assert not replace(false, bound=6.0, gap=5.0, fairness=1.0).verify(stream)  # owed 1.5, allowed 1


def test_fluid_optima_and_those_of_counts_can_be_verified():
    rewards, costs = oracles.random_menus(np.random.default_rng(4), 4, 2, 2)
    fluid = dmd.fluid_optimum((rewards, costs), [0.1, 0.2, 0.3, 0.4], [0.25, 0.125])
    assert fluid.certificate.verify(dmd.RequestStream(rewards, costs, [0.25, 0.125]))
    assert not fluid.certificate.verify(dmd.RequestStream(rewards, costs, [0.25, 0.25]))
    counts = np.array([3.0, 0.0, 2.0, 5.0])
    found = dmd.hindsight_optimum(rewards, costs, [2.0, 1.5], counts=counts)
    problem = dmd.RequestStream(rewards, costs, [2.0, 1.5])
    assert found.certificate.verify(problem)
    assert not replace(found.certificate, weights=counts[::-1].copy()).verify(problem)
    assert not replace(found.certificate, weights=counts[:3]).verify(problem)


# --- auctions ---------------------------------------------------------------------------------------------------------


def test_bids_on_known_bounds_do_not_look_at_lost_auctions():
    rng = np.random.default_rng(0)
    values, others = rng.random(200), rng.random(200)
    known = {"reward_bound": 1.0, "cost_bound": 1.0}
    found = dmd.pace(values, others, 15.0, **known)
    raised = np.where(found.bids > others, others, 1.0)  # a lost auction tells nothing but that it was lost
    again = dmd.pace(values, raised, 15.0, **known)
    np.testing.assert_array_equal(again.bids, found.bids)
    assert again.wins.tolist() == found.wins.tolist()
    assert again.stopping_time == found.stopping_time
    assert (dmd.pace(values, raised, 15.0).bids != dmd.pace(values, others, 15.0).bids).any()  # the default looks
    with pytest.raises(ValueError, match="`cost_bound` must be at least the largest"):
        dmd.pace(values, others, 15.0, cost_bound=0.5)


# --- precision --------------------------------------------------------------------------------------------------------


def test_single_precision_has_a_slack_of_its_own():
    costs = np.full((3, 1, 1), 0.1, np.float32)  # 0.1 in single precision is more than 0.1
    found = dmd.allocate(np.ones((3, 1), np.float32), costs, 0.3, step_size=0)
    assert found.actions.tolist() == [0, 0, 0]
    assert found.remaining[0] == 0.0
    assert dmd.allocate(np.ones((3, 1)), costs.astype(np.float64), 0.3, step_size=0).actions.tolist() == [0, 0, -1]
    assert dmd.allocate(np.ones((3, 1), np.float32), costs, 0.2999, step_size=0).actions.tolist() == [0, 0, -1]


def test_the_certificate_of_pacing_counts_up_to_the_stop() -> None:
    rng = np.random.default_rng(3)
    values, others, budget = rng.random(60), rng.random(60) / 2, 2.0
    found = dmd.pace(values, others, budget, step_size=0.01, record=True)
    assert found.stopping_time < 60
    rate, seen = budget / 60, slice(0, found.stopping_time)
    mu = found.trace["multipliers"][:-1]
    won = values > others * (1 + mu)  # what a bid of value / (1 + mu) wins, before the budget says no
    paid = np.where(won, others, 0.0)
    terms = np.where(won, values - (1 + mu) * others, 0.0) + mu * rate
    assert found.path["dual_values"] == pytest.approx(terms[seen].sum(), rel=1e-12)
    assert found.path["path_regret"] == pytest.approx((mu * (rate - paid))[seen].sum(), rel=1e-12)
    assert found.path["squared_gradients"] == pytest.approx(((rate - paid)[seen] ** 2).sum(), rel=1e-12)
