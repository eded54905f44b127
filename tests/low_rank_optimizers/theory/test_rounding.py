"""Formulas of rounding against tables of all numbers, plain loops of Adam, and enumeration of masks."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.rounding.absorbed_steps import absorbing_weight
from proofs_checks.low_rank_optimizers.rounding.overlaps import change_probability, random_density, random_overlap

CODES = {"bfloat16": np.arange(1, 0x7F7F, dtype=np.uint32) << 16, "float16": np.arange(1, 0x7BFF, dtype=np.uint16)}


@pytest.mark.parametrize(("dtype", "kind"), [("bfloat16", np.float32), ("float16", np.float16)])
def test_half_gaps_are_half_of_the_distances_of_a_table(dtype, kind):
    values = CODES[dtype].view(kind).astype(np.float64)
    gaps = theory.half_gaps(values, dtype=dtype)
    np.testing.assert_array_equal(gaps.outward[:-1], np.diff(values) / 2)
    np.testing.assert_array_equal(gaps.inward[1:], np.diff(values) / 2)
    np.testing.assert_array_equal(gaps.even, np.arange(1, len(values) + 1) % 2 == 0)
    mirrored = theory.half_gaps(-values, dtype=dtype)
    assert all(np.array_equal(one, other) for one, other in zip(gaps, mirrored, strict=True))


def longest_step(beta1, beta2, t):
    """C_t by sums of its proof, in Fractions up to the root."""
    b1, b2 = Fraction(beta1), Fraction(beta2)
    total = sum((((1 - b1) * b1**i) ** 2 / ((1 - b2) * b2**i) for i in range(t)), Fraction(0))
    return math.sqrt(total * (1 - b2**t) / (1 - b1**t) ** 2)


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.9, 0.95), (0.5, 0.25), (0.0, 0.9), (0.9, 0.5), (0.999, 0.9)])
@pytest.mark.parametrize("t", [1, 2, 7, 40])
def test_the_bound_of_a_step_is_its_sum(betas, t):
    assert theory.adam_step_bound(*betas, step=t) == pytest.approx(longest_step(*betas, t), rel=1e-9)


def test_bounds_that_grow_are_sums_up_to_the_largest_double():
    """With b1 = 7/8 and b2 = 1/2 the square of the bound is a sum of fractions of integers, in any size."""
    largest = Fraction(np.finfo(float).max)
    for t, fits in ((1600, True), (2000, True), (3330, True), (3345, False)):
        total = Fraction(sum(49**i * 32 ** (t - 1 - i) for i in range(t)), 32 * 32 ** (t - 1))  # (1 - b1)^2 / (1 - b2)
        square = total * (1 - Fraction(1, 2) ** t) / (1 - Fraction(7, 8) ** t) ** 2
        assert (square < largest**2) == fits
        if fits:
            found = Fraction(theory.adam_step_bound(0.875, 0.5, step=t)) ** 2
            assert float(abs(found / square - 1)) < 1e-11
        else:
            with pytest.raises(ValueError, match=f"`step` must be so small that the bound is a double; got {t}"):
                theory.adam_step_bound(0.875, 0.5, step=t)


def test_limits():
    limits = [theory.adam_step_bound(0.9, beta2) for beta2 in (0.999, 0.99, 0.95)]
    assert limits == pytest.approx([7.270, 2.345, 1.165], abs=5e-4)
    assert theory.adam_step_bound(0.9, 0.95, step=5000) == pytest.approx(limits[2], rel=1e-9)
    assert theory.adam_step_bound(0.5, 0.25) == math.inf
    assert theory.adam_step_bound(0.9, 0.5) == math.inf


def test_bounds_do_not_fall():
    for beta1, beta2 in itertools.product((0.0, 0.3, 0.9, 0.99), (0.05, 0.5, 0.95, 0.999)):
        bounds = np.array([theory.adam_step_bound(beta1, beta2, step=t) for t in range(1, 40)])
        assert (np.diff(bounds) >= -1e-12 * bounds[1:]).all()
        assert bounds[-1] <= theory.adam_step_bound(beta1, beta2) * (1 + 1e-12)


def test_weights_that_absorb():
    assert absorbing_weight(Fraction(1, 3)) == Fraction(512, 3)
    assert absorbing_weight(0.25, "float16") == 1024.0


def test_the_probability_of_a_change():
    std, w = 0.003, np.array([1.0, 1.5, 2.0, 0.0])

    def tail(gap):
        return math.erfc(gap / std / math.sqrt(2)) / 2

    least = tail(2.0**-134)
    expected = [tail(2.0**-9) + tail(2.0**-8), 2 * tail(2.0**-8), tail(2.0**-8) + tail(2.0**-7), 2 * least]
    np.testing.assert_allclose(change_probability(w, std), expected, rtol=1e-12)
    assert change_probability(2.0**120, 1e-300) == 0.0


def test_overlap_is_that_of_all_masks():
    q = [Fraction(1, 2), Fraction(1, 3), Fraction(0), Fraction(1)]
    masks = list(itertools.product((0, 1), repeat=4))

    def weight(mask):
        return math.prod(p if changed else 1 - p for p, changed in zip(q, mask, strict=True))

    density = sum(weight(mask) * sum(mask) for mask in masks) / 4
    both = sum(
        weight(one) * weight(other) * sum(a * b for a, b in zip(one, other, strict=True))
        for one in masks
        for other in masks
    )
    assert random_density(q) == density
    assert random_overlap(q) == both / (4 * density)
    assert random_overlap(q, [Fraction(1)] * 4) == 1
    assert random_overlap([Fraction(1, 3)] * 5) == random_density([Fraction(1, 3)] * 5)


def test_bad_input():
    with pytest.raises(ValueError, match="`weights` must be numbers of bfloat16"):
        theory.half_gaps(1.001)
    with pytest.raises(ValueError, match="`weights` must be numbers of float16"):
        theory.half_gaps(2.0**17, dtype="float16")
    with pytest.raises(ValueError, match=r"`beta2` must be in \(0, 1\); got 0"):
        theory.adam_step_bound(0.9, 0)
    with pytest.raises(ValueError, match=r"`beta1` must be in \[0, 1\); got 1"):
        theory.adam_step_bound(1, 0.9)
    with pytest.raises(ValueError, match="`step` must be an integer of at least 1; got 0"):
        theory.adam_step_bound(0.9, 0.99, step=0)
    with pytest.raises(ValueError, match="`step` must be so small that the bound is a double"):
        theory.adam_step_bound(0.9, 0.01, step=10**6)
    with pytest.raises(ValueError, match="`q` must be not all 0"):
        random_overlap([0.0, 0.0])
    with pytest.raises(ValueError, match="`others` must be 2 numbers"):
        random_overlap([0.5, 0.5], [0.5])
