"""Optima against enumeration and against each other; oracles of the applications against brute force."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy import sparse

from lrtheory import dual_mirror_descent as dmd
from proofs_checks.dual_mirror_descent.paths.overspending import violation_bound
from tests.dual_mirror_descent import oracles


def best_by_enumeration(rewards, costs, budget):
    """The integral optimum over all sequences of actions."""
    best = 0.0
    for actions in product(range(-1, rewards.shape[1]), repeat=len(rewards)):
        used = sum((costs[t, a] for t, a in enumerate(actions) if a >= 0), np.zeros(len(budget)))
        if (used <= budget).all():
            best = max(best, sum(rewards[t, a] for t, a in enumerate(actions) if a >= 0))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_integral_and_relaxed(seed):
    rewards, costs = oracles.random_menus(np.random.default_rng(seed), 5, 2, 2)
    budget = np.array([1.0, 1.25])
    whole = dmd.hindsight_optimum(rewards, costs, budget, integer=True)
    relaxed = dmd.hindsight_optimum(rewards, costs, budget)
    assert whole.value == pytest.approx(best_by_enumeration(rewards, costs, budget))
    assert whole.value <= relaxed.value + 1e-9 <= whole.value + 2 * rewards.max() + 1e-9
    assert relaxed.certificate.gap == pytest.approx(0, abs=1e-9)
    assert relaxed.certificate.verify(dmd.RequestStream(rewards, costs, budget))
    used = np.einsum("nd,ndm->m", relaxed.solution, costs)
    assert (used <= budget + 1e-9).all()


@pytest.mark.parametrize("seed", range(6))
def test_sorting_is_the_linear_program(seed):
    rng = np.random.default_rng(seed)
    rewards, costs, budget = rng.integers(-1, 5, 30) / 4, rng.integers(0, 4, 30) / 2, 3.25
    one = dmd.hindsight_optimum(rewards, costs, budget)
    other = dmd.hindsight_optimum(rewards, costs, budget, method="lp")
    assert one.method == "sort"
    assert one.value == pytest.approx(other.value)
    assert one.certificate.gap == pytest.approx(0, abs=1e-9)
    thin = dmd.hindsight_optimum(rewards, sparse.csr_array(costs[:, None]), budget)
    assert thin.value == pytest.approx(one.value)


def test_types_counts_and_requests_agree():
    rng = np.random.default_rng(0)
    rewards, costs = oracles.random_menus(rng, 4, 2, 2)
    types, budget = rng.integers(4, size=40), np.array([8.0, 9.0])
    values = [
        dmd.hindsight_optimum(rewards, costs, budget, types=types).value,
        dmd.hindsight_optimum(rewards, costs, budget, counts=np.bincount(types, minlength=4)).value,
        dmd.hindsight_optimum(rewards[types], costs[types], budget).value,
        40 * dmd.fluid_optimum((rewards, costs), np.bincount(types, minlength=4) / 40, budget / 40).value,
    ]
    np.testing.assert_allclose(values, values[0])


def test_exact_knapsack():
    third = Fraction(1, 3)
    values = np.array([third, Fraction(1), Fraction(1, 2)], dtype=object)
    found = dmd.hindsight_optimum(values, np.array([1, 1, 1]), Fraction(3, 2))
    assert found.value == Fraction(5, 4)
    assert found.certificate.gap == 0
    thirds = np.array([Fraction(1, 3), Fraction(2, 7), Fraction(1, 11)], dtype=object)
    found = dmd.hindsight_optimum(thirds, np.array([Fraction(1, 3)] * 3, dtype=object), Fraction(1, 2))
    assert isinstance(found.value, Fraction)
    assert found.value == Fraction(1, 3) + Fraction(1, 7)
    assert found.certificate.gap == 0


def test_the_network_has_its_checksum():
    known = dmd.make_hub_and_spoke(100, rng=0).truth
    assert round(known["fluid_value"], 4) == 143.0402
    assert sorted(np.round(known["fluid_prices"]).astype(int).tolist()) == [19, 55, 58, 64, 65, 84, 88, 94]


@pytest.mark.parametrize("seed", range(40))
def test_assortments_against_enumeration(seed):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 7)), int(rng.integers(1, 7))
    revenues, weights, prices = rng.random(n), rng.exponential(size=n), rng.random(n)
    for limit in (None, k):
        found = dmd.oracles.assortment(revenues, weights, k=limit)(prices)
        best = oracles.best_assortment(revenues - prices, weights, 1.0, n if limit is None else k)
        assert found.reward - prices @ found.cost == pytest.approx(best, rel=1e-12, abs=1e-12)
        assert found.action is None or len(found.action) <= (limit or n)


@pytest.mark.parametrize("temperature", [1.0, 0.1, 1e-4])
def test_matching_attains_its_conjugate(temperature):
    rng = np.random.default_rng(0)
    for _ in range(20):
        rewards, prices = rng.random(4), rng.random(4)
        found = dmd.oracles.matching(rewards, temperature=temperature)(prices)
        z = (rewards - prices) / temperature
        top = max(0.0, z.max())
        conjugate = temperature * (top + np.log(np.exp(-top) + np.exp(z - top).sum()))
        assert found.reward - prices @ found.cost == pytest.approx(conjugate, rel=1e-9, abs=1e-12)
        assert found.cost.sum() <= 1 + 1e-12


def test_pacing_is_dual_mirror_descent():
    rng = np.random.default_rng(0)
    v, d = rng.integers(1, 17, 100) / 16, rng.integers(1, 17, 100) / 16
    found = dmd.pace(v, d, 8.0, step_size=0.25, record=True)
    run = dmd.allocate(v - d, d, 8.0, step_size=0.25, record=True)
    np.testing.assert_array_equal(found.trace["multipliers"], run.trace["prices"][:, 0])
    assert found.wins.tolist() == (run.actions == 0).tolist()
    assert (found.reward, found.stopping_time) == (run.reward, run.stopping_time)
    assert found.certificate.bound == pytest.approx(run.certificate.bound)
    assert found.path["path_regret"] == pytest.approx(run.path["path_regret"])
    byvalue = dmd.pace(v, d, 8.0, objective="value", step_size=0.25, record=True)
    run = dmd.allocate(v, d, 8.0, step_size=0.25, record=True)
    np.testing.assert_array_equal(byvalue.trace["multipliers"], run.trace["prices"][:, 0])


def test_baselines():
    stream = dmd.make_hub_and_spoke(300, rng=0)
    best, law = dmd.hindsight_optimum(stream).value, stream.truth["probabilities"]
    found = {
        "greedy": dmd.baselines.greedy(stream),
        "static": dmd.baselines.static_price(stream, prices=stream.truth["fluid_prices"]),
        "resolve": dmd.baselines.resolve(stream, probabilities=law, every=10),
        "learn": dmd.baselines.resolve(stream, every=20, rounding="random", rng=0),
        "history": dmd.baselines.history_dependent(stream, every=30),
        "adaptive": dmd.baselines.adaptive_target(stream),
    }
    for result in found.values():
        assert result.reward <= best + 1e-6
        assert result.certificate.verify(stream)
        c = result.path
        early = result.actions[: result.stopping_time]
        gained = sum(stream.rewards[stream.types[t], a] for t, a in enumerate(early.tolist()) if a >= 0)
        assert c["dual_values"] - c["path_regret"] == pytest.approx(gained)
    assert found["resolve"].reward > 0.9 * best > found["greedy"].reward
    free = dmd.baselines.fast_online_lp(stream, step_size=1.0, record=True)
    over = free.consumption - stream.budget
    assert (over <= np.array(violation_bound(free.last_prices, np.zeros(8), 1.0)) + 1e-9).all()
