"""Formulas of cosines and of polynomials against searches and plain sums."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.low_rank_optimizers.orthogonalization.cosine_steps import auon_factors, cosh_excess_bounds
from proofs_checks.low_rank_optimizers.orthogonalization.newton_schulz_steps import (
    newton_schulz_growth,
    newton_schulz_value,
)


@pytest.mark.parametrize(("n", "length"), [(1, 1.0), (2, 1.5), (5, 3.0), (3, 1e-6)])
def test_ends_are_reached_and_not_passed(n: int, length: float) -> None:
    low, high = cosh_excess_bounds(n, length)
    x = np.random.default_rng(0).normal(size=(20_000, n))
    x *= length / np.linalg.norm(x, axis=1, keepdims=True)
    means = (np.sinh(x) ** 2).mean(axis=1)
    assert low * (1 - 1e-12) <= means.min()
    assert means.max() <= high * (1 + 1e-12)
    assert low == pytest.approx(math.sinh(length / math.sqrt(n)) ** 2, rel=1e-13)
    assert high == pytest.approx((np.sinh(np.r_[length, np.zeros(n - 1)]) ** 2).mean(), rel=1e-13)


def test_factors_of_a_large_matrix_and_of_a_tiny_gradient() -> None:
    least, most = auon_factors(512 * 512, 1.0, method="released")
    assert 1 - least == pytest.approx(math.sinh(1.5) ** 2 / 2 / 512**2 + 1e-8, rel=1e-4)
    assert 1 - most == pytest.approx(1.5**2 / 2 / 512**2 + 1e-8, rel=1e-4)
    # where the gradient is as long as what is added to its norm, its scale is a half
    found = auon_factors(4, 1e-7, method="released")
    due = [1 / (math.sqrt(1 + y) + 1e-8) for y in (math.sinh(0.75) ** 2 / 4, math.sinh(0.375) ** 2)]
    assert found == pytest.approx(due, rel=1e-14)
    assert found[1] == pytest.approx(0.934, abs=1e-3)
    assert auon_factors(4, 1e-7, method="released", e=0.0)[1] == pytest.approx(0.772, abs=1e-3)


def test_the_papers_form_is_short() -> None:
    for norm in (1e-9, 1.0, 1e9):
        least, most = auon_factors(6, norm, method="paper")
        assert 0 < least * norm <= most * norm < 1
    assert auon_factors(1, 1.0, method="paper", e=0.0)[0] == pytest.approx(1 / math.cosh(1.0))
    assert auon_factors(1, 1.0, method="paper", e=1.0)[1] == pytest.approx(1 / math.cosh(0.5) / 2)


def test_values_are_plain_compositions_in_any_kind_of_number() -> None:
    third = (Fraction(3, 2), Fraction(-1, 2), Fraction(0))
    assert newton_schulz_value(Fraction(1, 2), 1, third) == Fraction(11, 16)
    x = 0.3
    for _ in range(4):
        x = 3.4445 * x - 4.775 * x**3 + 2.0315 * x**5
    assert newton_schulz_value(0.3, 4) == pytest.approx(x, rel=1e-12)
    assert newton_schulz_value(0.3, 0) == 0.3


def test_no_value_grows_faster_than_the_slope() -> None:
    points = np.linspace(1e-6, 1, 2_001)
    for k in range(1, 7):
        values = [newton_schulz_value(float(x), k) for x in points]
        assert (values <= float(newton_schulz_growth(k)) * points * (1 + 1e-12)).all()
    assert newton_schulz_value(0.00103, 5) < 0.5
    assert newton_schulz_growth(2, 3) == 9


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: auon_factors(2, 1.0, 2.0), "`gamma` must be left out"),
        (lambda: newton_schulz_value(1.0, 1, (1, 2)), "3 numbers"),
        (lambda: newton_schulz_value(1.0, 1, 3), "`coefficients` must be a sequence"),
    ],
)
def test_bad_input_is_refused(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words):
        call()
