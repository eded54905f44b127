"""Numbers of the theorems: in exact numbers or 50 digits, at both ends, and for groups of ten thousand."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.policy_gradients import expected_gradient, stationary_points, theory


def weight_of(P, G, norm):
    """The factor a(P), as the mean of (1/G) sum A_i r_i over P (1 - P), with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        P = Decimal(P)
        total = Decimal(0)
        for s in range(1, G):
            centred = Decimal(s * (G - s)) / (G * G)
            divisor = {
                "std": lambda c=centred: c.sqrt(),
                "sample": lambda c=centred: (c * G / (G - 1)).sqrt(),
                "none": lambda c=centred: Decimal(1),
                "loo": lambda c=centred: Decimal(G - 1) / G,
                "mean": lambda c=centred, s=s: Decimal(s) / G,
            }[norm]()
            total += math.comb(G, s) * P ** (s - 1) * (1 - P) ** (G - s - 1) * centred / divisor
        return float(total)


@pytest.mark.parametrize("norm", ["std", "sample", "none", "loo", "mean"])
@pytest.mark.parametrize("P", [1e-18, 1e-3, 0.3, 0.5, 0.999, 1 - 2.0**-53])
def test_weights(norm, P):
    for G in (2, 3, 8, 64, 300):
        assert theory.weight(P, group_size=G, norm=norm) == pytest.approx(weight_of(P, G, norm), rel=2e-14)


def test_weights_at_both_ends_and_of_large_groups():
    for P in (0.0, 1.0, 0, Fraction(1)):
        assert theory.weight(P, group_size=10) == pytest.approx(3, rel=1e-15)
    G = 10_000
    for P in (1e-6, 0.01, 0.4):
        # E sqrt(x (1 - x)) of a narrow law, to the second order
        value, slope = math.sqrt(P * (1 - P)), -1 / (4 * (P * (1 - P)) ** 1.5)
        if P > 1e-3:
            due = (value + slope * P * (1 - P) / (2 * G)) / (P * (1 - P))
            assert theory.weight(P, group_size=G) == pytest.approx(due, rel=1e-4)
        assert theory.weight(P, group_size=G) == pytest.approx(theory.weight(1 - P, group_size=G), rel=1e-10)
    assert theory.weight(Fraction(1, 3), group_size=4, norm="mean") == Fraction(19, 9)
    assert theory.weight(Fraction(1, 3), group_size=4, norm="none") == Fraction(3, 4)


def test_weights_decide_the_gradient():
    for offset in (0.0, 0.25):
        found = expected_gradient([0.2, 0.8], [1, 0], group_size=7, std_offset=offset, method="enumerate")
        told = theory.weight(0.2, group_size=7, std_offset=offset)
        assert found.gradient[0] == pytest.approx(0.16 * told, rel=1e-13)


@pytest.mark.parametrize("G", [1, 2, 5])
def test_groups_without_signal(G):
    P = Fraction(2, 7)
    due = sum(math.comb(G, s) * P**s * (1 - P) ** (G - s) for s in (0, G))
    assert theory.no_signal_probability(P, group_size=G) == (due if G > 0 else 1)


@pytest.mark.parametrize("p", [1 / 2, 1 / 8, 1 / 32, 1 / 512])
@pytest.mark.parametrize("uplift", [0.1, 0.7])
def test_the_best_number_of_samples(p, uplift):
    whole = np.arange(1, 5000)
    best = whole[np.argmax((1 - p) ** whole - (1 - (1 + uplift) * p) ** whole)]
    assert abs(best - theory.best_n(p, uplift=uplift)) < 1


def test_the_threshold_of_the_penalty():
    law, right = [Fraction(k, 20) for k in (8, 3, 1, 8)], [True, True, True, False]
    for G, first, second in ((2, 1.493, 0.941), (5, 1.110, 0.734), (16, 0.993, 0.667), (64, 0.958, 0.646)):
        assert float(theory.unlikeliness_threshold(law, right, likely=0, rare=2, group_size=G)) == pytest.approx(
            first, abs=6e-4
        )
        found = theory.unlikeliness_threshold(law, right, likely=0, rare=1, group_size=G)
        assert float(found) == pytest.approx(second, abs=6e-4)
        p = [float(one) for one in law]
        options = {"group_size": G, "norm": "none", "unlikeliness": float(found)}
        gradient = expected_gradient(p, right, **options).gradient
        assert gradient[0] == pytest.approx(gradient[1], abs=1e-15)


@pytest.mark.parametrize("G", [2, 3, 4, 17, 300])
def test_bounds_on_weights(G):
    for P in (0.0, 1e-300, 1e-18, 1e-3, 0.3, 0.5, 0.999, 1 - 2.0**-53, 1.0):
        lower, upper = theory.weight_bounds(P, group_size=G)
        w = theory.weight(P, group_size=G)
        assert lower * (1 - 1e-14) <= w <= upper * (1 + 1e-14)
        assert (lower, upper) == pytest.approx(
            (2 - 2 / G, min(math.sqrt(G - 1), math.sqrt((G - 1) / (G * P * (1 - P))) if 0 < P < 1 else math.inf)),
            rel=1e-14,
        )
    if G == 2:  # both bounds are attained, and w does not depend on P
        assert theory.weight_bounds(0.0, group_size=G) == (1, 1)
    assert theory.weight_bounds(Fraction(1, 3), group_size=3)[0] == Fraction(4, 3)


@pytest.mark.parametrize("norm", ["none", "loo"])
@pytest.mark.parametrize("direction", ["reverse", "forward"])
@pytest.mark.parametrize("P", [1e-12, 1e-4, 0.3, 0.5, 0.999])
def test_success_at_rest(norm, direction, P):
    for lam in (0.02, 0.5, 0.75, 1, 1 + 2.0**-52, 30.0):
        options = {"lam": lam, "group_size": 4, "norm": norm, "direction": direction}
        told = theory.stationary_success(P, **options)
        (found,) = stationary_points([P, 1 - P], [True, False], **options).success
        assert told == pytest.approx(found, rel=1e-12)


def decimal_root(P, e):
    """The root in [0, 1] of e x^2 + (1 - e) x - P, with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        e, P = Decimal(e.numerator) / e.denominator, Decimal(P)
        r = ((1 - e) ** 2 + 4 * e * P).sqrt()
        return float(2 * P / (1 - e + r) if e <= 1 else (e - 1 + r) / (2 * e))


@pytest.mark.parametrize("P", [1e-300, 1e-18, 0.25, 1 - 2.0**-53])
@pytest.mark.parametrize("lam", [5e-324, 1e-300, 1e-8, 0.75 * (1 - 2.0**-40), 0.75, 0.75 * (1 + 2.0**-40), 1e8, 1e300])
def test_success_at_rest_keeps_its_digits(P, lam):
    forward = theory.stationary_success(P, lam=lam, group_size=4, direction="forward")
    assert forward == pytest.approx(decimal_root(P, Fraction(3, 4) / Fraction(lam)), rel=1e-14)
    reverse = theory.stationary_success(P, lam=lam, group_size=4)
    with localcontext() as context:
        context.prec = 60
        fall = (Decimal("-.75") / Decimal(lam)).exp()
        assert reverse == pytest.approx(float(Decimal(P) / (Decimal(P) + (1 - Decimal(P)) * fall)), rel=1e-13)


def test_success_at_rest_of_the_other_norms_is_refused():
    with pytest.raises(ValueError, match="`norm` must be"):
        theory.stationary_success(0.5, lam=1, group_size=2, norm="std")
    with pytest.raises(ValueError, match="`direction` must be"):
        theory.stationary_success(0.5, lam=1, group_size=2, direction="k3")
    with pytest.raises(ValueError, match="`lam` must be"):
        theory.stationary_success(0.5, lam=0, group_size=2)
    for P in (0, 1, Fraction(1, 10**400)):
        with pytest.raises(ValueError, match="`P_ref` must be"):
            theory.stationary_success(P, lam=1, group_size=2)


def test_refusals():
    with pytest.raises(ValueError, match="`uplift` must be below"):
        theory.best_n(0.95, uplift=0.1)
    with pytest.raises(ValueError, match="`rare` must be"):
        theory.unlikeliness_threshold([0.4, 0.6], [True, False], likely=0, rare=1, group_size=4)
    with pytest.raises(ValueError, match="`group_size` must be"):
        theory.weight(0.5, group_size=1)
    with pytest.raises(ValueError, match="`P` must be"):
        theory.weight(1.5, group_size=4)


def test_a_divisor_has_no_offset_unless_one_is_given():
    for norm in ("std", "sample", "mean"):
        plain, none, some = (
            theory.weight(0.25, group_size=4, norm=norm, **o) for o in ({}, {"std_offset": 0}, {"std_offset": 1})
        )
        assert plain == none > some
    # one right answer of two, with chance 2 P (1 - P), has the deviation 1/2
    assert theory.weight(0.25, group_size=2) == pytest.approx(1.0, rel=1e-15)
