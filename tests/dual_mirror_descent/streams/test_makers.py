"""Streams of makers follow the laws of their docstrings: formulas on the same draws, and laws of many draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from lrtheory import dual_mirror_descent as dmd
from lrtheory.dual_mirror_descent.streams import applications


def test_rates_of_the_online_program_are_uniform_shares_of_its_mean_costs():
    ratio, m, d, horizon = 0.2, 300, 10, 400
    stream = dmd.make_online_lp(horizon, n_resources=m, n_actions=d, budget_ratio=ratio, rng=0)
    means = stream.costs.mean(axis=(0, 1))  # of Bernoulli numbers, each within 0.004 or so
    assert stats.kstest(2 * means - 1, stats.beta(3, 1).cdf).pvalue > 1e-3
    shares = stream.budget / horizon / means
    assert stats.kstest(shares, stats.uniform(ratio / 2, 0.5).cdf).pvalue > 1e-3


@pytest.mark.parametrize("kind", ["two-level", "sinusoid"])
def test_rewards_of_a_period(kind):
    q, horizon = 6, 30
    u = np.random.default_rng(4).random(horizon)
    found = dmd.make_periodic(horizon, period=q, kind=kind, rng=4).rewards.ravel()
    for t in range(horizon):
        if kind == "sinusoid":
            expected = (1 + math.sin(2 * math.pi * (t % q) / q)) / 4 + u[t] / 2
        else:
            expected = (9 if t % q >= q / 2 else 4) / 10 + u[t] / 10
        assert found[t] == pytest.approx(expected, rel=1e-14)


UNIT_COSTS = {
    "make_uniform": (9,),
    "make_phases": (3, 4),
    "make_markov": (9,),
    "make_periodic": (20,),
    "make_corrupted": (9,),
}


@pytest.mark.parametrize("name", UNIT_COSTS)
def test_bounds_of_unit_costs_and_of_rewards_up_to_one(name):
    stream = getattr(dmd, name)(*UNIT_COSTS[name])
    assert set(stream.costs.ravel()) == {1.0}
    assert stream.cost_bound.tolist() == [1.0]
    assert stream.reward_bound == 1.0
    assert 0 <= stream.rewards.min() <= stream.rewards.max() <= 1


def test_shrinking_qualities_deviate_less_by_one_factor():
    c = 0.6
    one, other = (dmd.make_display_ads(300, correlation=c, marginal=how, rng=5) for how in ("preserved", "shrinking"))
    n_seen = 0
    for _, wanted, means, _, _ in applications.VISITORS:
        columns = np.array(wanted) - 1
        of_type = [t for t in range(300) if set(np.flatnonzero(one.rewards[t])) == set(columns.tolist())]
        for t in of_type:
            kept, less = one.rewards[t, columns], other.rewards[t, columns]
            uncut = (kept < 1) & (less < 1)
            deviations = [(np.log(300 * x) - np.array(means))[uncut] for x in (kept, less)]
            # (1 - c) / sqrt(1 - c^2)
            assert np.allclose(deviations[1], deviations[0] * math.sqrt((1 - c) / (1 + c)), rtol=1e-9, atol=1e-12)
            n_seen += int(uncut.sum())
    assert n_seen > 500


def test_advertisers_of_the_same_visitors_are_alike():
    """In the authors' data advertisers 2, 4 and 10 are wanted by the same visitors with one law, and so are 6 and 7."""
    assert sum(visitor[0] for visitor in applications.VISITORS) == pytest.approx(1)
    for _, wanted, means, deviations, correlation in applications.VISITORS:
        assert len(wanted) == len(set(wanted)) == len(means) == len(deviations)
        assert 0 <= correlation < 1
        for alike in ({2, 4, 10}, {6, 7}):
            places = [i for i, number in enumerate(wanted) if number in alike]
            assert len(places) in (0, len(alike))
            for law in (means, deviations):
                assert np.ptp([law[i] for i in places] or [0.0]) <= 0.01 + 1e-12
