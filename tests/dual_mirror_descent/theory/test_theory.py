"""Constants against numbers computed independently and against each other."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog

from lrtheory import dual_mirror_descent as dmd
from lrtheory.dual_mirror_descent import theory
from proofs_checks.dual_mirror_descent.fairness import fair_regret_bound
from proofs_checks.dual_mirror_descent.lower_bounds import three_point_hindsight, three_point_online
from proofs_checks.dual_mirror_descent.many_resources import capped_entropy_bound

UNIT = {"reward_bound": 1.0, "cost_bound": 1.0}


@pytest.mark.parametrize(("horizon", "bound"), [(250, 56), (1000, 109), (4000, 214), (16000, 425), (64000, 847)])
def test_the_bound_of_uniform_rewards(horizon, bound):
    found = theory.regret_bound("iid", horizon=horizon, rate=[0.3], **UNIT)
    assert found.total == pytest.approx(bound, abs=0.6)
    assert found.total == pytest.approx(sum(found.terms.values()))
    assert found.total == pytest.approx(1 / 0.3 + math.sqrt(horizon) / 0.3)
    other = theory.regret_bound("iid", horizon=horizon, rate=[0.3], step_size=horizon**-0.5, **UNIT)
    assert other.total >= found.total


@pytest.mark.parametrize(
    ("horizon", "bound"), [(100, 73), (200, 102), (400, 143), (800, 200), (1600, 281), (3200, 396)]
)
def test_the_bound_of_three_resources(horizon, bound):
    found = theory.regret_bound("iid", horizon=horizon, rate=[0.25, 0.3, 0.35], **UNIT)
    assert found.total == pytest.approx(bound, abs=0.6)


def test_other_geometries_and_models():
    rate = [0.25, 0.3, 0.35]
    assert theory.regret_bound(
        "iid", horizon=3200, rate=rate, geometry="scaled-euclidean", **UNIT
    ).total == pytest.approx(396, abs=0.6)
    capped = capped_entropy_bound(3200, rate, 1.0, 1.0, math.sqrt(2 * math.log(4) / 3200) / 4)
    assert float(capped) == pytest.approx(4 + 4 * math.sqrt(2 * 3200 * math.log(4)))
    exact = theory.regret_bound("iid", horizon=6400, rate=[0.4], **UNIT)
    assert exact.total == pytest.approx(202.5)
    for model, options in (
        ("independent", {"total_variation": 0}),
        ("ergodic", {"lag": 0, "mixing": 0}),
        ("periodic", {"period": 1}),
        ("adversarial", {"alpha": 1}),
    ):
        assert theory.regret_bound(model, horizon=6400, rate=[0.4], **options, **UNIT).total == pytest.approx(202.5)
    worse = theory.regret_bound("ergodic", horizon=6400, rate=[0.4], lag=3, mixing=0.01, **UNIT)
    assert worse.terms["shift"] == 6.0
    assert worse.terms["mixing"] == pytest.approx(128)
    assert worse.terms["drift"] == pytest.approx(3 * worse.step_size * 6400)
    assert math.isinf(theory.regret_bound("iid", horizon=10, rate=[0.5], step_size=0.0, **UNIT).total)
    paper = theory.regret_bound("iid", horizon=400, rate=rate, constants="paper", **UNIT).total
    assert paper > theory.regret_bound("iid", horizon=400, rate=rate, **UNIT).total


def test_fractions_stay_fractions():
    half = Fraction(1, 2)
    models = {
        "iid": {},
        "adversarial": {"alpha": half + 2},
        "periodic": {"period": 2},
        "ergodic": {"mixing": half, "lag": 1},
        "independent": {"total_variation": half},
    }
    known = {"horizon": 100, "rate": [half, Fraction(1, 3)], "reward_bound": 1, "cost_bound": 1, "step_size": half}
    for model, options in models.items():
        found = theory.regret_bound(model, **known, init=[0, half], **options)
        assert isinstance(found.total, (int, Fraction)), model
    assert theory.price_bound(rate=[half], reward_bound=1, cost_bound=1, step_size=half) == [Fraction(9, 4)]


def test_divergences_are_those_of_their_functions():
    rng = np.random.default_rng(0)
    y, x, rate = rng.random(3), rng.random(3), rng.random(3)
    functions = {
        "euclidean": (lambda z: z @ z / 2, lambda z: z),
        "scaled-euclidean": (lambda z: (rate * z) @ (rate * z) / 2, lambda z: rate**2 * z),
        "entropy": (lambda z: z @ np.log(z), lambda z: 1 + np.log(z)),
        "capped-entropy": (lambda z: (rate * z) @ np.log(rate * z), lambda z: rate * (1 + np.log(rate * z))),
    }
    for geometry, (h, gradient) in functions.items():
        expected = h(y) - h(x) - gradient(x) @ (y - x)
        assert theory.bregman(y, x, geometry=geometry, rate=rate) == pytest.approx(expected)


@pytest.mark.parametrize(("clean", "corrupted"), [(7, 3), (1, 1), (0, 4), (5, 0)])
def test_corruption_by_the_laws_themselves(clean, corrupted):
    # laws that share no reward: point masses, one for the clean requests, and one or many for the others
    for alike in (True, False):
        laws = np.eye(1 + corrupted)[[0] * clean + [1 if alike else 1 + i for i in range(corrupted)]]
        apart = np.abs(laws - laws.mean(axis=0)).sum() / 2
        found = theory.corrupted_total_variation(clean + corrupted, corrupted, alike=alike)
        assert float(found) == pytest.approx(apart)


@pytest.mark.parametrize(("horizon", "gap"), [(64, 0.1273), (256, 0.1286), (1024, 0.1289)])
def test_the_price_of_not_knowing(horizon, gap):
    e = horizon**-0.5
    law = ((1 - e) / 2, e, (1 - e) / 2)
    found = three_point_hindsight(horizon, horizon // 2, law) - three_point_online(horizon, horizon // 2, law)
    assert found / math.sqrt(horizon) == pytest.approx(gap, abs=1e-4)


@pytest.mark.parametrize("rate", [0.125, 0.25, 0.5, 1.0])
def test_the_fluid_value_of_uniform_rewards_is_that_of_the_program(rate):
    levels = (np.arange(64) + 0.5) / 64  # the mean of the best ones is that of uniform rewards, if they are whole
    best = dmd.fluid_optimum((levels, np.ones(64)), np.full(64, 1 / 64), rate)
    assert best.value == pytest.approx(theory.uniform_fluid(1, rate), rel=1e-12)


def test_exact_and_double_recursions_agree():
    law = (Fraction(3, 8), Fraction(1, 4), Fraction(3, 8))
    for function in (three_point_hindsight, three_point_online):
        exact = function(16, 8, law)
        assert isinstance(exact, Fraction)
        assert function(16, 8, tuple(map(float, law))) == pytest.approx(float(exact))


def test_phases_by_the_algorithm():
    found = []
    for last in (1, 2, 3, 4):
        stream = dmd.make_phases(4, 2000, last=last)
        result = dmd.allocate(stream, step_size=4 / math.sqrt(8000))
        found.append(stream.truth["hindsight"] / result.reward)
    np.testing.assert_allclose(found, [4.0, 3.96, 3.96, 3.96], atol=0.02)
    assert max(found) >= theory.phase_ratio(4, growth=0.01)


def kept_by(shares, growth):
    """What a policy that spends these shares of the budget keeps of each optimum, by the phase that is the last."""
    k = len(shares)
    rewards = [growth ** (k - 1 - j) for j in range(k)]
    return [sum(x * r for x, r in zip(shares[: i + 1], rewards, strict=False)) / rewards[i] for i in range(k)]


@pytest.mark.parametrize("growth", [Fraction(1, 128), Fraction(1, 3), Fraction(9, 10)])
@pytest.mark.parametrize("k", [1, 2, 3, 5, 8])
def test_the_ratio_of_phases_is_the_best_over_all_policies(k, growth):
    most = 1 / theory.phase_ratio(k, growth=growth)
    # a policy that attains it
    shares = [most, *[(1 - growth) * most] * (k - 1)]
    assert sum(shares) == 1
    assert kept_by(shares, growth) == [most] * k
    # the linear program over all policies: the largest z with z <= what is kept of each
    worth = np.array([[float(growth) ** (i - j) if j <= i else 0.0 for j in range(k)] for i in range(k)])
    matrix = np.vstack([np.c_[-worth, np.ones(k)], np.r_[np.ones(k), 0.0]])
    found = linprog(np.r_[np.zeros(k), -1.0], A_ub=matrix, b_ub=np.r_[np.zeros(k), 1.0])
    assert -found.fun == pytest.approx(float(most), rel=1e-9)
    for other in np.random.default_rng(k).dirichlet(np.ones(k), 20):
        assert min(kept_by(other.tolist(), float(growth))) <= most


def test_the_regret_of_three_points_is_smaller_for_few_requests():
    gaps = []
    for root in (2, 4, 8):
        law = (Fraction(root - 1, 2 * root), Fraction(1, root), Fraction(root - 1, 2 * root))
        ends = [f(root**2, root**2 // 2, law) for f in (three_point_hindsight, three_point_online)]
        gaps.append((ends[0] - ends[1]) / root)
    assert gaps[0] < gaps[1] < Fraction(1, 8) < gaps[2] < Fraction(13, 100)


def test_regret_stays_below_the_bound():
    runs = dmd.allocate_batch(lambda rng: dmd.make_uniform(400, rng=rng), 60, rng=0)
    regret = float(theory.uniform_hindsight(400, 120)) - runs.reward.mean()
    assert 0 < regret < theory.regret_bound("iid", horizon=400, rate=[0.3], **UNIT).total


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_the_bound_of_the_entropy_by_hand():
    # mu_1 = 1 / (2 * 1/2) = 1; largest price 2 e^(1/4 * 1/2); V(0, 1) = 1, V(2, 1) = 2 log 2 - 1 < 1
    found = theory.regret_bound("iid", horizon=100, rate=[0.5], step_size=0.25, geometry="entropy", **UNIT)
    terms = {"depletion": 2.0, "movement": math.exp(0.125) * 0.25 * 100, "start": 1 / 0.25}
    assert dict(found.terms) == pytest.approx(terms)
    assert found.total == pytest.approx(6 + 25 * math.exp(0.125))


def test_the_bound_of_scaled_steps_under_mixing_by_hand():
    # A = 2, C2 = 2^2 * 2 / 2 = 4, C3 = 1/2; b_bar / min rho = 2, G / sigma = A m = 4
    found = theory.regret_bound(
        "ergodic",
        horizon=100,
        rate=[0.5, 1.0],
        step_size=0.25,
        geometry="scaled-euclidean",
        lag=3,
        mixing=0.125,
        **UNIT,
    )
    terms = {"depletion": 2, "movement": 100, "start": 2, "shift": 6, "mixing": 25, "drift": 2 * 4 * 3 * 0.25 * 100}
    assert dict(found.terms) == pytest.approx(terms)
    assert found.total == pytest.approx(735)


def test_the_bound_against_an_adversary_by_hand():
    # alpha = 1 / (1/4) = 4: C1 = 4, C2 = 1/2, C3(4) = (1 / (4 * 1/4))^2 / 2 = 1/2
    found = theory.regret_bound("adversarial", horizon=100, rate=[0.25], step_size=0.125, **UNIT)
    assert dict(found.terms) == pytest.approx({"depletion": 4, "movement": 4 * 0.5 * 12.5, "start": 4 * 0.5 / 0.125})
    assert found.total == pytest.approx(45)


def test_the_fair_bound_by_hand():
    # high = 3/2; C1 = 3; A = 2, C2 = 2; y = rho mu: points 3/2 - 1/2 and -1/2 and 3/2, from 0: C3 = (3/2)^2 / 2
    options = {"T": 100, "rho": [0.5], "f_bar": 1.0, "b_bar": 1.0, "lam": 0.5, "eta": 0.25}
    assert fair_regret_bound(**options) == pytest.approx(3 + 2 * 25 + 1.125 / 0.25)
    # two resources: y = (3/2, -1/2) is farthest, 5/4; C2 = 4
    options["rho"] = [0.5, 0.5]
    assert fair_regret_bound(**options) == pytest.approx(3 + 4 * 25 + 1.25 / 0.25)
    # plain steps from mu_1 = 1: points 3 - 1, -1, 3, 0: (3 - 1)^2 / 2 = (-1 - 1)^2 / 2 = 2
    options |= {"rho": [0.5], "init": [1.0], "geometry": "euclidean"}
    assert fair_regret_bound(**options) == pytest.approx(3 + 0.5 * 25 + 2 / 0.25)


# --- what is out of range ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "name"), [({"horizon": 50, "period": 20}, "horizon"), ({"horizon": 60, "period": 5}, "period")]
)
def test_whole_periods(options, name):
    with pytest.raises(ValueError, match=f"`{name}` must be .*; got .*"):
        dmd.make_periodic(**options)


def test_the_ends_of_ranges_are_in_range():
    assert capped_entropy_bound(10, [0.5], 0, 1, 0.5) == 0
    assert theory.regret_bound("iid", horizon=10, rate=[0.5], reward_bound=0.0, cost_bound=0.0).total == 0
    assert theory.markov_mixing(0, 3) == theory.markov_mixing(Fraction(1), 0) == 0.5
    assert theory.uniform_fluid(10, 10) == 5
    assert dmd.make_periodic(60, period=5, kind="sinusoid", rng=0).horizon == 60


KNOWN = {"horizon": 10, "rate": [0.5], "reward_bound": 1.0, "cost_bound": 1.0, "step_size": 0.1}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"init": -1.0}, r"`init` must be in \[0, inf\)"),
        ({"init": math.nan}, r"`init` must be in \[0, inf\)"),
        ({"init": "x"}, "`init` must be a number"),
        ({"init": [1.0, 2.0]}, "`init` must be one number, or 1 of them"),
        ({"init": 0.0, "geometry": "entropy"}, "`init` must be positive for entropies"),
        ({"reward_bound": math.nan, "geometry": "entropy"}, r"`reward_bound` must be in \[0, inf\)"),
        ({"step_size": None}, "`step_size` must be a number"),
        ({"rate": None}, "`rate` must be a number"),
    ],
)
def test_bounds_refuse_what_is_out_of_range(changed, words):
    with pytest.raises((TypeError, ValueError), match=words):
        theory.regret_bound("iid", **{**KNOWN, **changed})


def test_a_fair_bound_takes_prices_below_zero():
    given = 10, [0.5], 1.0, 1.0, 0.5, 0.1
    assert fair_regret_bound(*given, init=-0.2) > fair_regret_bound(*given, init=0.0)


@pytest.mark.parametrize("probabilities", [(0.5, 0.5, 0.5), (-1, 1, 1), (0.5, 0.5)])
def test_probabilities_of_three_points_sum_to_one(probabilities):
    with pytest.raises(ValueError, match=r"`p` must be (3 numbers|in \[0, 1\])"):
        three_point_hindsight(2, 1, probabilities)
