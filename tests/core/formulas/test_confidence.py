"""Intervals of a mean and the sign test, against laws whose every sample is enumerated in Fractions."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory import alpha_rank
from lrtheory._numbers import confidence
from lrtheory._numbers.confidence import clopper_pearson, mean_interval, sign_test

LAWS = (
    {Fraction(0): Fraction(9, 10), Fraction(1): Fraction(1, 10)},
    {Fraction(0): Fraction(1, 2), Fraction(1): Fraction(1, 2)},
    {Fraction(0): Fraction(1, 5), Fraction(1, 4): Fraction(3, 5), Fraction(1): Fraction(1, 5)},
    {Fraction(1, 2): Fraction(19, 20), Fraction(1): Fraction(1, 20)},
)


@pytest.mark.parametrize("delta", [0.05, 0.5])
@pytest.mark.parametrize("law", LAWS)
def test_an_interval_of_a_mean_misses_on_each_side_as_seldom_as_it_says(law, delta):
    n, mean = 9, sum(value * chance for value, chance in law.items())
    misses = [Fraction(0), Fraction(0)]
    for counts in itertools.product(range(n + 1), repeat=len(law)):
        if sum(counts) != n:
            continue
        ways, left = Fraction(1), n
        for count, chance in zip(counts, law.values(), strict=True):
            ways *= math.comb(left, count) * chance**count
            left -= count
        ends = mean_interval([float(v) for v, count in zip(law, counts, strict=True) for _ in range(count)], delta)
        misses[0] += ways * (Fraction(ends[0]) > mean)
        misses[1] += ways * (Fraction(ends[1]) < mean)
    assert max(misses) <= Fraction(delta) / 2
    if delta == 0.5:
        assert max(misses) > 0  # an interval that never misses would say nothing


def test_an_interval_of_a_mean_is_the_edge_of_the_means_that_bets_reject():
    values = [Fraction(1, 8), Fraction(1, 2), Fraction(1, 2), Fraction(1)]
    lower, upper = mean_interval([float(v) for v in values], 0.5)

    def capital(mean, values):
        shares = [Fraction(1), Fraction(1, 2), Fraction(1, 4)]
        return sum(math.prod(1 - b + b * v / mean for v in values) for b in shares) / 3

    step = Fraction(1, 10**9)
    assert capital(Fraction(lower), values) >= 4 > capital(Fraction(lower) + step, values)
    mirrored = [1 - v for v in values]
    assert capital(1 - Fraction(upper), mirrored) >= 4 > capital(1 - Fraction(upper) + step, mirrored)


def test_an_interval_of_a_mean_depends_on_no_order_and_is_narrow_for_small_variance():
    rng = np.random.default_rng(0)
    values = rng.uniform(0.45, 0.55, 400)
    lower, upper = mean_interval(values, 0.05)
    assert mean_interval(np.sort(values), 0.05) == (lower, upper)
    assert upper - lower < 0.25 * 2 * math.sqrt(math.log(2 / 0.05) / (2 * 400))
    assert lower < values.mean() < upper


@pytest.mark.parametrize(
    ("values", "ends"),
    [([], (0.0, 1.0)), ([0.0] * 50, (0.0, None)), ([1.0] * 50, (None, 1.0)), (np.zeros(0, np.int64), (0.0, 1.0))],
)
def test_ends_of_the_range_stay(values, ends):
    assert all(end is None or end == found for end, found in zip(ends, mean_interval(values, 0.05), strict=True))


def test_values_that_are_no_shares_are_refused():
    for values in ([1.5], [-1e-9], [math.nan], [[0.5]], ["a"]):
        with pytest.raises((ValueError, TypeError), match="`values` must be"):
            mean_interval(values, 0.05)
    for delta in (0, 1, math.nan):
        with pytest.raises(ValueError, match="`delta` must be"):
            mean_interval([0.5], delta)


def test_the_sign_test_is_the_tail_of_fair_coins_on_both_sides():
    for wins, losses in itertools.product(range(7), repeat=2):
        n, most = wins + losses, max(wins, losses)
        tail = Fraction(sum(math.comb(n, k) for k in range(most, n + 1)), 2**n)
        assert sign_test(wins, losses) == pytest.approx(float(min(1, 2 * tail)), rel=1e-13)
    assert 0 < sign_test(1000, 0) < 1e-300
    with pytest.raises(ValueError, match="`losses` must be"):
        sign_test(3, -1)
    with pytest.raises(TypeError, match="`wins` must be an integer"):
        sign_test(2.5, 1)


def test_clopper_pearson_is_one_function_in_the_core_and_in_alpha_rank():
    assert alpha_rank.theory.clopper_pearson is clopper_pearson is confidence.clopper_pearson
    n, x, delta = 7, 2, Fraction(1, 20)
    lower, upper = (Fraction(float(end)) for end in clopper_pearson(x, n, float(delta)))

    def at_least(k, p):
        return sum(math.comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1))

    assert abs(at_least(x, lower) - delta / 2) < 1e-12
    assert abs(1 - at_least(x + 1, upper) - delta / 2) < 1e-12


def test_counts_stand_for_values_that_come_several_times():
    values, counts = [0.2, 0.9, 0.2, 0.5], [3, 1, 2, 40]
    due = mean_interval(np.repeat(values, counts), 0.1)
    assert mean_interval(values, 0.1, counts=counts) == due
    for wrong in ([1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1.5], [1, 1, 1, float("nan")]):
        with pytest.raises(ValueError, match="`counts` must be"):
            mean_interval(values, 0.1, counts=wrong)
