"""The statistics against independent computations."""

import numpy as np
import pytest
from scipy import integrate, stats

from lrtheory.bounds.arithmetic import evalues
from lrtheory.bounds.session import chunks


@pytest.mark.parametrize(("failures", "runs", "delta"), [(0, 10, 0.3), (4, 10, 0.3), (12, 17, 0.05), (1, 64, 0.1)])
def test_mixtures_are_the_integrals_that_they_claim_to_be(failures, runs, delta):
    def ratio(q):
        return stats.binom.pmf(failures, runs, q) / stats.binom.pmf(failures, runs, delta)

    prior = stats.beta(0.5, 0.5)
    above = integrate.quad(lambda q: ratio(q) * prior.pdf(q), delta, 1)[0] / prior.sf(delta)
    below = integrate.quad(lambda q: ratio(q) * prior.pdf(q), 0, delta)[0] / prior.cdf(delta)
    assert np.exp(evalues.log_failures_above(failures, runs, delta)) == pytest.approx(above, rel=1e-6)
    assert np.exp(evalues.log_failures_below(failures, runs, delta)) == pytest.approx(below, rel=1e-6)


@pytest.mark.parametrize("delta", [0.01, 0.05, 0.3])
def test_mixtures_are_fair_on_the_edge(delta):
    n = 50
    k = np.arange(n + 1)
    weights = stats.binom.pmf(k, n, delta)
    for e in (evalues.log_failures_above, evalues.log_failures_below):
        assert sum(w * np.exp(e(int(i), n, delta)) for i, w in zip(k, weights, strict=True)) == pytest.approx(1)


@pytest.mark.parametrize(("delta", "runs"), [(0.1, 168), (0.05, 345), (0.01, 1759)])
def test_runs_without_failure_that_support_at_the_level_of_the_suite(delta, runs):
    assert evalues.log_failures_below(0, runs, delta) >= np.log(1e7) > evalues.log_failures_below(0, runs - 1, delta)


def test_wealth_is_fair_when_all_outcomes_are_enumerated():
    outcomes = np.array(np.meshgrid(*[[0.0, 1.0]] * 8)).reshape(8, -1).T
    for mean in (0.2, 0.5):
        chance = np.prod(np.where(outcomes == 1, mean, 1 - mean), axis=1)
        for wealth in (evalues.log_wealth_above, evalues.log_wealth_unbounded):
            final = np.exp([wealth(x, mean)[-1] for x in outcomes])
            assert (chance * final).sum() == pytest.approx(1)


def test_a_stake_does_not_see_the_observation_on_which_it_is_placed():
    x = np.random.default_rng(0).random(50)
    changed = x.copy()
    changed[20:] = 1.0
    assert evalues.log_wealth_above(x, 0.4)[:20] == pytest.approx(evalues.log_wealth_above(changed, 0.4)[:20])


def test_wealth_at_the_ends_of_the_range():
    assert (evalues.log_wealth_above(np.zeros(3), 0.0) == 0).all()
    assert evalues.log_wealth_above(np.array([0.0, 0.1]), 0.0)[-1] == np.inf
    assert (evalues.log_wealth_above(np.ones(3), 1.0) == 0).all()
    for wealth in (evalues.log_wealth_above, evalues.log_wealth_unbounded):
        assert (wealth(np.zeros(3), 0.0) == 0).all()
        assert (wealth(np.zeros(3), -0.1) == np.inf).all()  # no law on [0, inf) has such a mean


def test_clopper_pearson_is_scipys():
    low, high = evalues.clopper_pearson(np.array([0, 3, 10]), 10, 0.05)
    for k, lo, hi in zip((0, 3, 10), low, high, strict=True):
        interval = stats.binomtest(k, 10).proportion_ci(0.95, method="exact")
        assert (lo, hi) == pytest.approx((interval.low, interval.high))


def test_dirichlet_e_value_is_fair():
    p = np.array([0.2, 0.3, 0.5])
    total = 0.0
    for a in range(7):
        for b in range(7 - a):
            counts = np.array([a, b, 6 - a - b])
            total += stats.multinomial.pmf(counts, 6, p) * np.exp(evalues.log_dirichlet(counts, p))
    assert total == pytest.approx(1)


def test_median_interval_covers_and_is_not_wasteful():
    n, level = 101, 0.05
    low, high = evalues.median_interval(np.arange(1.0, n + 1), level)
    miss = stats.binom.cdf(low - 1, n, 0.5)  # x_(low) lies above the median iff fewer than `low` values lie below it
    assert miss <= level / 2 < stats.binom.cdf(low, n, 0.5)
    assert high == n + 1 - low
    assert evalues.median_interval(np.arange(5.0), 1e-7) == (-np.inf, np.inf)


def test_slope_interval_contains_every_slope_and_is_attained():
    x = np.log([1.0, 2.0, 4.0, 8.0])
    rng = np.random.default_rng(1)
    low = rng.random(4)
    high = low + rng.random(4)
    slopes = [np.polyfit(x, np.where(np.array(pick), low, high), 1)[0] for pick in np.ndindex(2, 2, 2, 2)]
    assert evalues.slope_interval(x, low, high) == pytest.approx((min(slopes), max(slopes)))


def test_chunks_have_a_fixed_schedule():
    assert chunks(8192) == [64, 64, 128, 256, 512, 1024, 2048, 4096]
    assert chunks(200) == [64, 64, 72]
