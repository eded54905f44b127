"""Optima where the tolerances of the solver, which are absolute, would decide: small and large units, near misses."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from lrtheory import dual_mirror_descent as dmd
from lrtheory.dual_mirror_descent.duality import programs

FACTORS = (1e-12, 1e-10, 1e-8, 1e-7, 1.0, 1e12)


def network(reward_factor=1.0, cost_factor=1.0, budget_factor=None):
    """The airline in other units."""
    stream = dmd.make_hub_and_spoke(400, rng=0)
    budget = stream.budget * (cost_factor if budget_factor is None else budget_factor)
    return dmd.RequestStream(stream.rewards * reward_factor, stream.costs * cost_factor, budget, types=stream.types)


def most_used(stream, solution):
    """The largest share of a budget that a solution uses."""
    return float((np.einsum("nd,ndm->m", solution, stream.costs) / stream.budget).max())


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("cost_factor", FACTORS)
@pytest.mark.parametrize("reward_factor", FACTORS)
def test_units_do_not_change_an_optimum(reward_factor, cost_factor, integer):
    expected = dmd.hindsight_optimum(network(), integer=integer)
    stream = network(reward_factor, cost_factor)
    found = dmd.hindsight_optimum(stream, integer=integer)
    assert found.value == pytest.approx(reward_factor * expected.value, rel=1e-9)
    assert most_used(stream, found.solution) <= 1 + 1e-12
    assert found.certificate.verify(stream)
    if not integer:
        assert found.certificate.gap <= 1e-9 * found.value


@pytest.mark.parametrize("factor", [1e-10, 1e15])
def test_costs_in_other_units_than_the_budget(factor):
    stream = network(cost_factor=factor, budget_factor=1.0)
    found = dmd.hindsight_optimum(stream)
    assert found.certificate.verify(stream)
    assert most_used(stream, found.solution) <= 1 + 1e-12
    if factor < 1:
        assert found.value == pytest.approx(stream.rewards[stream.types].sum())
    # what is left of a request at its own price is rounding of its reward
    assert found.certificate.gap <= 1e-9 * found.value + 1e-15 * stream.rewards[stream.types].sum()


def test_requests_beyond_the_budget_are_priced_by_it():
    found = dmd.hindsight_optimum([[1.0, 0.5]] * 3, [[[4.0], [1.0]]] * 3, 0.5, method="lp")
    assert (found.value, found.certificate.gap) == (0.25, 0.0)
    assert found.prices.tolist() == [0.5]


def test_display_ads_in_other_units():
    ads = dmd.make_display_ads(200, rng=0)
    expected = dmd.hindsight_optimum(ads)
    for reward_factor, cost_factor in product((1e-12, 1e-7, 1e12), (1e-12, 1e12)):
        stream = dmd.RequestStream(ads.rewards * reward_factor, ads.costs * cost_factor, ads.budget * cost_factor)
        found = dmd.hindsight_optimum(stream)
        assert found.value == pytest.approx(reward_factor * expected.value, rel=1e-9)
        assert found.certificate.verify(stream)


def test_a_fluid_optimum_of_rare_types_in_small_units():
    rewards, costs = np.array([8e-9, 1e-9]), np.array([1e9, 2e9])
    found = dmd.fluid_optimum((rewards, costs), [1e-9, 1 - 1e-9], 0.5e9)
    best = 8e-9 * 1e-9 + 1e-9 * (0.5 - 1e-9) / 2  # all of the rare type, and the other as far as the rate goes
    assert found.value == pytest.approx(best, rel=1e-12)
    menus = dmd.fluid_optimum(
        (rewards[:, None] * [1, 1], costs[:, None, None] * np.ones((1, 2, 1))), [1e-9, 1 - 1e-9], 0.5e9
    )
    assert menus.value == pytest.approx(best, rel=1e-12)
    assert menus.method == "lp"
    assert found.certificate.verify(dmd.RequestStream(rewards, costs, 0.5e9))


def test_rewards_of_many_sizes():
    rewards = np.r_[1e12, np.full(5000, 0.125)]
    found = dmd.hindsight_optimum(rewards, np.ones(5001), 4001.0, method="lp")
    assert found.value == 1e12 + 500


# --- whole requests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("over", [4e-7, 1e-9, 1e-11])
def test_two_requests_that_do_not_fit_together(over):
    found = dmd.hindsight_optimum([1.0, 1.0], [0.5, 0.5 + over], 1.0, integer=True)
    assert found.value == 1.0


def test_an_exact_fit_is_taken():
    found = dmd.hindsight_optimum(np.ones(10), np.full(10, 0.1), 1.0, integer=True)
    assert found.value == 10.0


def best_by_enumeration(rewards, costs, budget):
    """In Fractions."""
    best = Fraction(0)
    for take in product((0, 1), repeat=len(rewards)):
        used = sum((Fraction(c) for c, x in zip(costs, take, strict=True) if x), Fraction(0))
        if used <= Fraction(budget):
            best = max(best, sum((Fraction(r) for r, x in zip(rewards, take, strict=True) if x), Fraction(0)))
    return best


@pytest.mark.parametrize("magnitude", [1.0, programs.WHOLE_MAGNITUDE])
@pytest.mark.parametrize("seed", range(6))
def test_near_misses_are_cut_off(monkeypatch, seed, magnitude):
    monkeypatch.setattr(programs, "WHOLE_MAGNITUDE", magnitude)  # with 1 the solver's own solutions overdraw
    rng = np.random.default_rng(seed)
    rewards = rng.integers(1, 9, 8).astype(float)
    costs = rng.integers(1, 5, 8) / 8 + rng.integers(0, 3, 8) * 1e-8
    found = dmd.hindsight_optimum(rewards, costs, 1.0, integer=True)
    assert found.value == best_by_enumeration(rewards.tolist(), costs.tolist(), 1.0)


def test_near_misses_of_requests_that_come_many_times(monkeypatch):
    monkeypatch.setattr(programs, "WHOLE_MAGNITUDE", 1.0)
    found = dmd.hindsight_optimum([1.0, 1.0], [0.25 + 1e-8, 0.25], 1.0, counts=[3, 2], integer=True)
    assert found.value == 3.0  # two and two overdraw by 2e-8, as do three and one


def test_giving_up_is_said(monkeypatch):
    monkeypatch.setattr(programs, "WHOLE_MAGNITUDE", 1.0)
    monkeypatch.setattr(programs, "MOST_CUTS", 1)
    with pytest.raises(RuntimeError, match="HiGHS found no optimum within the budget"):
        dmd.hindsight_optimum(np.ones(8), np.full(8, 0.25 + 1e-8), 1.0, integer=True)
