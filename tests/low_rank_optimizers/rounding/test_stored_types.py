"""Types of few bits in which weights are kept: the numbers that they hold, and what rounding to them adds up to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._files.safetensors import Stored, write_tensors
from lrtheory.low_rank_optimizers import absorb_adapter, rounded
from lrtheory.low_rank_optimizers.rounding.bfloat16 import numbers_of
from lrtheory.low_rank_optimizers.rounding.stored_types import NF4, kept

RNG = np.random.default_rng(0)


def nearest_codes(W: np.ndarray) -> np.ndarray:
    """The nearest of sixteen multiples of the largest entry of 64 entries, one after the other."""
    flat, found = W.ravel(), []
    for start in range(0, flat.size, 64):
        block = flat[start : start + 64]
        unit = np.abs(block).max() or 1.0
        found += [unit * min(NF4, key=lambda code, x=x: abs(code * unit - x)) for x in block]  # type: ignore[misc]
    return np.array(found).reshape(W.shape)


def integers(W: np.ndarray) -> np.ndarray:
    steps = np.abs(W).max(axis=1, keepdims=True) / 127
    return np.where(steps > 0, np.rint(W / np.where(steps > 0, steps, 1)) * steps, 0.0)


ORACLES: dict[str, Any] = {
    "bfloat16": lambda W: rounded(W),
    "float16": lambda W: rounded(W, dtype="float16"),
    "int8": integers,
    "nf4": nearest_codes,
}


@pytest.mark.parametrize("dtype", ORACLES)
@pytest.mark.parametrize("trained_on", [None, "int8", "nf4"])
def test_numbers_are_those_of_whole_matrices(dtype: str, trained_on: str | None) -> None:
    for rows, columns, size in ((5, 7, 1.0), (40, 12, 1e-3), (64, 64, 30.0), (3, 1, 1e-9)):
        W, B, A = size * RNG.normal(size=(rows, columns)), RNG.normal(size=(rows, 2)), RNG.normal(size=(2, columns))
        W[0] = 0.0
        adapter = AdapterFile({"q": AdapterModule(B, A, scale=0.05 * size)})
        found = absorb_adapter({"q.weight": W, "other": W}, adapter, dtype=dtype, trained_on=trained_on)
        D = 0.05 * size * (B @ A)
        made, alone = (ORACLES[dtype](one) for one in (W + D, W))
        meant = D + (W if trained_on is None else ORACLES[trained_on](W))
        norm = np.linalg.norm(D)
        assert found.update == pytest.approx(norm / np.linalg.norm(W))
        assert found.noise == pytest.approx(np.linalg.norm(made - meant) / norm)
        assert found.noise <= found.noise_bound
        assert found.unmoved == np.mean(made == alone)
        assert found.direction == pytest.approx(np.vdot(made - alone, D) / norm**2)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_numbers_of_every_size_are_rounded_as_files_hold_them(dtype: str) -> None:
    top = {"bfloat16": 38.0, "float16": 4.5}[dtype]
    x = RNG.normal(size=(200, 50)) * 10.0 ** RNG.uniform(-top - 6, top - 1, size=(200, 1))
    found, bound = kept(x, dtype)
    assert np.array_equal(found, rounded(x, dtype=dtype))
    assert np.linalg.norm(found - x) <= bound
    assert np.isinf(kept(np.full((1, 1), 10.0**39), dtype)[0]).all()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int8", "nf4"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_none_of_any_type(dtype: str, wrong: float, tmp_path: Path) -> None:
    x = RNG.normal(size=(2, 128))
    x[1, 70] = wrong
    assert not np.isfinite(kept(x, dtype)[0][1, 70])
    write_tensors(tmp_path / "model.safetensors", {"q.weight": Stored("F64", x.shape, x.tobytes())})
    adapter = AdapterFile({"q": AdapterModule(np.ones((2, 1)), np.ones((1, 128)))})
    with pytest.raises(ValueError, match=r"q.weight"):
        absorb_adapter(tmp_path, adapter, dtype=dtype)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int8", "nf4"])
@pytest.mark.parametrize("bits", [0x7FFFFFFFFFFFFFFF, 0x7FFFFFFFE0000000, 0x7FF0000000000001, -1])
def test_no_nan_becomes_a_number(dtype: str, bits: int) -> None:
    """Rounding of the last bits is carried into the exponent, and beyond it."""
    x = np.ones((1, 128))
    x.view(np.int64)[0, 3] = bits
    assert np.isnan(x[0, 3])
    assert not np.isfinite(kept(x, dtype)[0][0, 3])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_ties_and_numbers_below_the_normal_ones_are_rounded_to_even(dtype: str) -> None:
    """Every number of the type, its middles with both neighbors, and what lies one bit beside them."""
    codes = np.arange(0x7F80 if dtype == "bfloat16" else 0x7C00, dtype=np.uint16)
    numbers = numbers_of(codes, dtype).astype(np.float64)
    middles = (numbers[1:] + numbers[:-1]) / 2
    near = np.concatenate([numbers, middles, np.nextafter(middles, 0), np.nextafter(middles, np.inf)])
    found = kept(np.stack([near, -near]), dtype)[0]
    even = np.where(codes[:-1] % 2 == 0, numbers[:-1], numbers[1:])
    expected = np.concatenate([numbers, even, numbers[:-1], numbers[1:]])
    assert np.array_equal(found, np.stack([expected, -expected]))
