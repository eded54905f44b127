"""Merging: the sum is cast once, at the end, and the largest change is reported."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.low_rank_adapters.kinds.lora import lora
from tests.backends import QUICK, Backend

B, A = np.array([[1.0], [0.5], [3.0]]), np.array([[0.1, 1.0, -2.0, 1 / 3]])
W = np.array([[1.0, 2.0, 3.0, 4.0], [0.1, 0.2, 0.3, 0.4], [-1e-3, 0.0, 7.0, 1e3]])
BITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}


def rounded(value: float, bits: int) -> float:
    """The nearest number whose mantissa has the given count of binary digits; halfway cases go to the even one."""
    if value == 0:
        return 0.0
    unit = Fraction(2) ** (int(np.frexp(value)[1]) - bits)
    return float(round(Fraction(value) / unit) * unit)


@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("scale", [0.0, 0.7, -2.0])
def test_the_sum_is_rounded_to_nearest_once(dtype: str, scale: float) -> None:
    adapter = lora(B, A, scale=scale)
    total = W + adapter.dense()
    merged = adapter.merge(W, dtype=dtype)
    expected = [[rounded(entry, BITS[dtype]) for entry in row] for row in total.tolist()]
    assert np.asarray(merged.weight, np.float64).tolist() == expected
    assert merged.rounding == np.max(np.abs(np.asarray(expected) - total))
    assert (merged.rounding == 0) == (dtype == "float64")
    assert not merged.weight.flags.writeable


@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("xp", QUICK, indirect=True)
def test_libraries_cast_alike(dtype: str, xp: Backend) -> None:
    if not hasattr(xp.namespace, dtype) and dtype != "bfloat16":
        pytest.skip(f"{xp.name} has no {dtype}")
    if not hasattr(xp.namespace, dtype) and not xp.name.startswith("numpy"):
        pytest.skip(f"{xp.name} has no {dtype}")
    adapter, reference = lora(xp.asarray(B), xp.asarray(A)), lora(B, A)
    found, expected = adapter.merge(xp.asarray(W), dtype=dtype), reference.merge(W, dtype=dtype)
    assert found.rounding == expected.rounding
    assert type(found.weight) is type(xp.asarray(W))


def test_the_type_of_the_weight_is_kept() -> None:
    for given in ("float16", "float32", "float64"):
        assert lora(B, A).merge(W.astype(given)).weight.dtype == given
    assert lora(B, A).merge([[1, 2, 3, 4]] * 3).weight.dtype == np.float64


def test_sums_outside_the_range_of_the_type_are_refused() -> None:
    sentence = "`dtype` must be a type in whose range the merged weight lies, as float16 is not; got 'float16'."
    with pytest.raises(ValueError, match=sentence):
        lora(B, A).merge(1e6 * W, dtype="float16")
    with pytest.raises(ValueError, match="`dtype` must be one of 'float64', 'float32', 'float16', 'bfloat16'"):
        lora(B, A).merge(W, dtype="int8")
