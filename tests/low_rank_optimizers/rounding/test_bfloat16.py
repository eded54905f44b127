"""Rounding against tables of all numbers of a format, and against ml_dtypes where it is installed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import rounded

RNG = np.random.default_rng(3)
#: all finite numbers of both formats that are not negative, and the largest one
CODES = {"bfloat16": np.arange(0x7F80, dtype=np.uint32), "float16": np.arange(0x7C00, dtype=np.uint16)}
TABLES = {
    "bfloat16": (CODES["bfloat16"] << 16).view(np.float32).astype(np.float64),
    "float16": CODES["float16"].view(np.float16).astype(np.float64),
}


def nearest(x: float, dtype: str) -> float:
    """The number of the table that is nearest to x, by Fractions; the even code of two."""
    table = TABLES[dtype]
    i = int(np.searchsorted(table, abs(x)))
    near = [j for j in (i - 1, i) if 0 <= j < len(table)]
    gaps = [abs(Fraction(table[j]) - Fraction(abs(x))) for j in near]
    best = min((gap, j % 2, j) for gap, j in zip(gaps, near, strict=True))[2]
    return float(np.copysign(table[best], x))


def hard_numbers(dtype: str) -> np.ndarray:
    """Numbers of the table, ties between neighbors, and doubles right beside both, all far below the largest one."""
    table = TABLES[dtype]
    at = np.concatenate([np.arange(300), RNG.integers(0, len(table) - 2, 300)])
    points = np.concatenate([table[at], (table[at] + table[at + 1]) / 2])
    beside = np.concatenate([points, np.nextafter(points, np.inf), np.nextafter(points, 0.0)])
    return beside * RNG.choice([-1.0, 1.0], len(beside))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_doubles_go_to_the_nearest_number_and_ties_to_even(dtype):
    x = hard_numbers(dtype)
    expected = [nearest(float(one), dtype) for one in x]
    found = rounded(x, dtype=dtype)
    assert found.tolist() == expected
    assert np.signbit(found).tolist() == np.signbit(x).tolist()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_single_precision_goes_to_the_nearest_number_too(dtype):
    x = hard_numbers(dtype).astype(np.float32)
    found = rounded(x, dtype=dtype)
    assert found.dtype == np.float32
    assert found.tolist() == [nearest(float(one), dtype) for one in x]


def test_many_sizes_agree_with_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = RNG.standard_normal(20_000) * 10.0 ** RNG.uniform(-44, 38, 20_000)
    for one in (x, x[np.abs(x) < 1e38].astype(np.float32)):
        np.testing.assert_array_equal(rounded(one), one.astype(ml_dtypes.bfloat16).astype(one.dtype))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_what_is_past_the_largest_number_is_infinite(dtype):
    largest = TABLES[dtype][-1]
    step = largest - TABLES[dtype][-2]
    x = [largest + step / 2, np.nextafter(largest + step / 2, 0.0), -largest - step, 1e300]
    assert rounded(x, dtype=dtype).tolist() == [np.inf, largest, -np.inf, np.inf]


def test_shapes_and_types_stay_and_the_input_is_left_alone():
    x = np.float32([[1.003, -0.0], [3.0, 1e-40]])
    kept = x.copy()
    found = rounded(x)
    assert found.shape == (2, 2)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(x, kept)
    assert rounded(np.array([257, 259])).tolist() == [256.0, 260.0]
    assert rounded(1.0).shape == ()
    assert rounded(np.zeros((0, 3))).shape == (0, 3)


def test_bad_input():
    with pytest.raises(ValueError, match="`x` must be finite; got"):
        rounded([1.0, np.nan])
    with pytest.raises(ValueError, match="`dtype` must be one of 'bfloat16', 'float16'; got 'int8'"):
        rounded([1.0], dtype="int8")
    with pytest.raises(TypeError, match="`x` must be an array of real numbers"):
        rounded([1j])
