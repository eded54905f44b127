"""Constants of the bounds against sums written out here, where a term more or less would show."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from lrtheory.dual_mirror_descent import theory
from proofs_checks.dual_mirror_descent.fairness import fair_regret_bound


@pytest.mark.parametrize("f", [0, 1, Fraction(7, 2)])
def test_the_published_largest_price_is_one_above_reward_over_rate(f: Fraction | int) -> None:
    rates, b = [Fraction(1, 2), Fraction(1, 5)], Fraction(2)
    setting = {"rate": rates, "cost_bound": b, "geometry": "entropy", "constants": "paper"}
    found = theory.regret_constants(reward_bound=f, init=[1, 1], step_size=Fraction(1, 10), **setting)
    G = theory.gradient_bound(rate=rates, cost_bound=b, geometry="entropy", constants="paper")
    assert found.C2 == pytest.approx(float(G * G * sum(f / r + 1 for r in rates) / 2), rel=1e-14)


def test_the_step_of_the_entropy_is_limited_by_one_over_the_largest_excess() -> None:
    # costs of 5 against a rate of 1: eta times the excess of 4 is at most 1, so the price is at most e
    found = theory.step_size(horizon=1, rate=[1.0], reward_bound=1.0, cost_bound=5.0, geometry="entropy", init=[1e-9])
    known = theory.regret_constants(
        rate=[1.0], reward_bound=1.0, cost_bound=5.0, geometry="entropy", init=[1e-9], step_size=1 / 4
    )
    assert math.sqrt(known.C3 / known.C2) > 1 / 4  # so the limit alone decides
    assert found == 1 / 4


def test_prices_that_begin_high_are_farthest_from_no_price_at_all() -> None:
    """With first prices above f / rho the comparator 0 is the farthest, |rho mu_1|^2 / 2 away when scaled."""
    setting = {
        "T": 10,
        "rho": [Fraction(1, 2)],
        "f_bar": 1,
        "b_bar": 1,
        "lam": 0,
        "geometry": "scaled-euclidean",
    }
    low, high = (fair_regret_bound(**setting, init=[start], eta=Fraction(1, 10)) for start in (0, Fraction(5)))
    assert low - 10 * Fraction(1) ** 2 / 2 == high - 10 * Fraction(5, 2) ** 2 / 2
