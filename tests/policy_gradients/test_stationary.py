"""Stationary laws against the update and the pull at them, and against changes of sign on fine grids."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lrtheory.policy_gradients import expected_gradient, stationary, stationary_points
from lrtheory.policy_gradients.exact.binomials import binomial_mean, divisors

NORMS = ("std", "sample", "none", "loo", "mean")
REF = np.array([0.05, 0.1, 0.25, 0.6])
RIGHT = np.array([True, True, False, False])


@pytest.mark.parametrize("direction", ["reverse", "forward"])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("size", [2, 3, 8, 40])
def test_nothing_moves_at_rest(direction, norm, size):
    for lam in (0.3, 0.8, 2.0):
        found = stationary_points(REF, RIGHT, lam=lam, group_size=size, norm=norm, direction=direction)
        assert len(found.p) == 1 or direction == "reverse"
        for p in found.p:
            update = expected_gradient(
                p, RIGHT, group_size=size, norm=norm, kl=direction, lam=lam, ref=REF, method="closed"
            ).gradient
            np.testing.assert_allclose(update, 0, atol=1e-12 * (1 + lam + math.sqrt(size) / lam))
            np.testing.assert_allclose(p[RIGHT] / p[RIGHT].sum(), REF[RIGHT] / REF[RIGHT].sum())
        assert (found.lower <= found.success).all()
        assert (found.success <= found.upper).all()
        assert (found.upper - found.lower < 1e-14).all()


def weight(P, size):
    """The factor for the norm "std", by a sum over right answers."""
    s = np.arange(1, size)[:, None]
    chances = np.array([math.comb(size, k) for k in range(1, size)], float)[:, None]
    return (chances * P ** (s - 1) * (1 - P) ** (size - s - 1) * np.sqrt(s * (size - s)) / size).sum(axis=0)


@pytest.mark.parametrize(
    ("size", "lam", "reference", "roots"),
    [
        (8, 0.2, 1e-4, [0.51806, 0.82184, 0.97040]),
        (16, 0.3, 1e-3, [0.41037, 0.86413, 0.99718]),
        (32, 0.5, 0.01, [0.37125, 0.93341, 0.99831]),
    ],
)
def test_three_roots_of_which_the_middle_one_is_unstable(size, lam, reference, roots):
    options = {"lam": lam, "group_size": size}
    found = stationary_points([reference, 1 - reference], [True, False], **options)
    np.testing.assert_allclose(found.success, roots, atol=6e-6)
    assert found.is_stable.tolist() == [True, False, True]
    plain = stationary_points([reference, 1 - reference], [True, False], norm="none", **options)
    x = math.log(reference / (1 - reference)) + (size - 1) / size / lam
    np.testing.assert_allclose(plain.success, [1 / (1 + math.exp(-x))])


def test_no_root_is_missed():
    rng = np.random.default_rng(4)
    grid = np.linspace(-40, 40, 20_001)
    P = 1 / (1 + np.exp(-grid))
    several = 0
    for _ in range(60):
        size, lam, reference = int(rng.integers(2, 40)), rng.uniform(0.15, 1), 10 ** rng.uniform(-5, -0.5)
        gaps = grid - math.log(reference / (1 - reference)) - weight(P, size) / lam
        changes = int((np.sign(gaps[1:]) != np.sign(gaps[:-1])).sum())
        found = stationary_points([reference, 1 - reference], [True, False], lam=lam, group_size=size)
        if np.abs(gaps).min() > 1e-12:
            assert len(found.p) == changes
        several += changes > 1
    assert several > 3


@pytest.mark.parametrize("lam", [1e-8, 1e-3, 1e3, 1e12])
def test_weak_and_strong_pulls(lam):
    forward = stationary_points(REF, RIGHT, lam=lam, group_size=8, direction="forward")
    P = forward.success[0]
    assert len(forward.p) == 1
    assert 0.15 <= P <= 1
    wrong = forward.p[0][~RIGHT].sum()  # has all digits, where 1 - P has none
    due = lam * (0.85 - wrong)
    assert due == pytest.approx(float(weight(np.array([P]), 8)[0]) * P * wrong, rel=1e-6, abs=1e-12 * lam)
    reverse = stationary_points(REF, RIGHT, lam=lam, group_size=8)
    assert (reverse.success >= 0.15 - 1e-12).all()
    assert np.isfinite(reverse.p).all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"lam": 0}, "`lam` must be above 0"),
        ({"lam": -1}, "`lam` must be"),
        ({"lam": math.nan}, "`lam` must be"),
        ({"group_size": 1}, "`group_size` must be"),
        ({"norm": "batch"}, "`norm` must be one of"),
        ({"norm": "loo", "std_offset": 0.1}, "`std_offset` must be left out"),
        ({"direction": "both"}, "`direction` must be one of"),
        ({"ref": [0.5, 0.1, 0.2, 0.1]}, r"`ref` must sum to 1; got 0.9"),
        ({"ref": [0, 0, 0.4, 0.6]}, "`ref` must be of a success strictly between 0 and 1"),
        ({"correct": [1, 1, 0, 0.5]}, "`correct` must be boolean; got 0.5"),
    ],
)
def test_what_is_refused(change, sentence):
    given = {"ref": REF, "correct": RIGHT, "lam": 1.0, "group_size": 4, **change}
    with pytest.raises(ValueError, match=sentence):
        stationary_points(given.pop("ref"), given.pop("correct"), **given)


@pytest.mark.parametrize("size", [2, 40, 900])
def test_what_is_said_of_an_interval_holds_on_a_grid(size):
    """Where the reverse equation is said to have no root, or to be monotone, it is so at all points of a grid."""
    rng, values = np.random.default_rng(size), divisors(size, "std")
    said = np.zeros(2, int)
    for _ in range(150):
        lam, start, low = 10 ** rng.uniform(-1, 1), rng.uniform(-6, 6), rng.uniform(-8, 8)
        high = low + 10 ** rng.uniform(-1, 1.2)
        grid = np.linspace(low, high, 40)
        shares = 1 / (1 + np.exp(-grid))
        factors = np.array([binomial_mean(P, values) for P in shares])
        equation = grid - start - factors / lam
        slopes = np.diff(equation)
        if stationary._has_no_root(low, high, start, values, lam):
            assert len(set(np.sign(equation))) == 1
            said[0] += 1
        if stationary._is_monotone(low, high, values, lam):
            assert len(set(np.sign(slopes[np.abs(slopes) > 1e-12]))) == 1
            said[1] += 1
    assert (said > 20).all()


def test_the_mean_over_a_binomial_without_chance_is_the_value_that_is_certain():
    values = np.array([3.0, 5.0, 8.0])
    assert [binomial_mean(P, values) for P in (0.0, 1.0)] == [3.0, 8.0]
    assert binomial_mean(0.25, values) == pytest.approx((9 * 3 + 6 * 5 + 8) / 16, rel=1e-15)
