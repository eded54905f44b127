"""Limits, powers and plans against sums over all counts, and average compatibility against its definition."""

from __future__ import annotations

import functools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from lrtheory.compatible_representations import compare_hits, theory


def trinomial(won: float, lost: float, n: int) -> dict[tuple[int, int], float]:
    """The probability of each number of won and of lost queries, from factorials."""
    rest = 1 - won - lost
    return {
        (b, c): math.comb(n, b) * math.comb(n - b, c) * won**b * lost**c * max(rest, 0.0) ** (n - b - c)
        for b in range(n + 1)
        for c in range(n + 1 - b)
    }


def fair_tail(won: int, lost: int) -> Fraction:
    total = won + lost
    return Fraction(sum(math.comb(total, k) for k in range(won, total + 1)), 2**total)


@functools.cache
def ends(successes: int, n: int, delta: float) -> tuple[float, float]:
    """The exact interval that belongs to the test of a binomial law."""
    found = stats.binomtest(successes, n).proportion_ci(1 - delta, method="exact")
    return float(found.low), float(found.high)


def limit(won: int, lost: int, n: int, delta: float) -> float:
    return ends(won, n, delta)[0] - ends(lost, n, delta)[1]


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (3, 1), (0, 4), (9, 0), (5, 5)])
def test_levels_of_the_sign_are_those_of_fair_coins(won: int, lost: int) -> None:
    assert theory.sign_level(won, lost) == float(fair_tail(won, lost))


@pytest.mark.parametrize(("won", "lost", "n"), [(0, 0, 5), (7, 2, 20), (20, 0, 20), (0, 3, 300)])
def test_limits_are_differences_of_exact_ones(won: int, lost: int, n: int) -> None:
    lower, upper = theory.difference_limits(won, lost, n, delta=0.1)
    assert lower == pytest.approx(limit(won, lost, n, 0.1), abs=1e-9)
    assert upper == pytest.approx(-limit(lost, won, n, 0.1), abs=1e-9)


@pytest.mark.parametrize(("won", "lost", "n"), [(0.4, 0.1, 12), (0.2, 0.2, 15), (0.9, 0.1, 9)])
def test_the_power_of_the_sign_is_a_sum_over_all_counts(won: float, lost: float, n: int) -> None:
    law = trinomial(won, lost, n)
    due = sum(p for (b, c), p in law.items() if b + c and fair_tail(b, c) <= Fraction(0.1))
    assert theory.replacement_power(won, lost, n, delta=0.1) == pytest.approx(due, abs=1e-12)


@pytest.mark.parametrize(("won", "lost", "n"), [(0.3, 0.05, 14), (0.02, 0.02, 25)])
def test_the_power_with_a_margin_is_a_sum_over_all_counts(won: float, lost: float, n: int) -> None:
    law, margin = trinomial(won, lost, n), 0.25
    due = sum(p for (b, c), p in law.items() if limit(b, c, n, 0.2) > -margin)
    assert theory.replacement_power(won, lost, n, margin=margin, delta=0.2) == pytest.approx(due, abs=1e-9)


def test_a_plan_has_the_power_that_it_promises_and_much_fewer_queries_have_not() -> None:
    for won, lost, margin in ((0.1, 0.02, 0.0), (0.3, 0.1, 0.0), (0.05, 0.05, 0.1)):
        n = theory.queries_needed(won, lost, margin=margin, delta=0.05, miss=0.1)
        assert n is not None
        power = [theory.replacement_power(won, lost, m, margin=margin, delta=0.05) for m in (n, 9 * n // 10)]
        assert power[0] >= 0.9 > power[1]


def test_no_number_of_queries_tells_equals_apart() -> None:
    assert theory.queries_needed(0.2, 0.2) is None
    assert theory.queries_needed(0.1, 0.2) is None
    assert theory.queries_needed(0.2, 0.2, margin=0.05) is not None


def test_the_bound_of_one_mean_is_too_small() -> None:
    """Hoeffding's number of queries shows a gain of 0.2 in two thirds of the runs, and the bound in nearly all."""
    powers = []
    for n in (math.ceil(2 * math.log(10) / 0.04), theory.queries_bound(0.2, delta=0.1, miss=0.1)):
        b = np.arange(n + 1)
        lower = theory.difference_limits(b, n - b, n, delta=0.1)[0]
        powers.append(float(stats.binom.pmf(b, n, 0.6)[np.asarray(lower) > 0].sum()))
    assert powers == pytest.approx([0.657, 0.998], abs=0.001)


def test_the_sign_says_yes_where_limits_do_not() -> None:
    new, old = np.repeat([True, False], [14, 26]), np.repeat([False, True, False], [34, 2, 4])
    found = compare_hits(new, old, delta=0.1)
    assert (found.won, found.lost, found.verdict) == (14, 2, "yes")
    closer = compare_hits(np.repeat([True, False], [7, 93]), np.repeat([False, True, False], [97, 2, 1]), delta=0.1)
    assert closer.verdict == "yes"
    assert closer.lower < 0


# --- average compatibility -------------------------------------------------------------------------------------------


def test_average_compatibility_counts_strict_gains() -> None:
    matrix = np.array([[0.5, 9, 9], [0.5, 0.6, 9], [0.7, 0.5, 0.8]])
    assert theory.average_compatibility(matrix) == pytest.approx(1 / 3)  # a tie is no gain, and one is a loss
    assert math.isnan(theory.average_compatibility(np.array([[0.5]])))


@pytest.mark.parametrize(("accuracy", "n", "due"), [(0.9, 200, 0.4667), (0.99, 200, 0.3962), (0.9, 1000, 0.4851)])
def test_equals_are_compatible_less_than_half_of_the_time(accuracy: float, n: int, due: float) -> None:
    law = stats.binom.pmf(np.arange(n + 1), n, accuracy)
    found = theory.average_compatibility_of_equals(accuracy, n_queries=n)
    assert found == pytest.approx((1 - (law**2).sum()) / 2, abs=1e-12)
    assert found == pytest.approx(due, abs=5e-5)
