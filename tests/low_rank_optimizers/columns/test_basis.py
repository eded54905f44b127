"""The cosine basis against scipy, and bases that are refused."""

from __future__ import annotations

import gc
import math
import weakref
from fractions import Fraction

import numpy as np
import pytest
from scipy import fft

from lrtheory.low_rank_optimizers import dct_basis, select_columns
from lrtheory.low_rank_optimizers.columns.basis import KEPT, _whole


@pytest.mark.parametrize("n", [1, 2, 3, 8, 100, 513])
def test_rows_times_the_basis_are_their_cosine_transform(n: int) -> None:
    due = fft.dct(np.eye(n), axis=1, norm="ortho")
    np.testing.assert_allclose(dct_basis(n), due, rtol=0, atol=8 * np.finfo(float).eps)
    some = np.arange(n)[:: max(1, n // 3)]
    np.testing.assert_array_equal(dct_basis(n, columns=some), dct_basis(n)[:, some])


def test_entries_are_cosines_of_small_arguments_in_both_precisions() -> None:
    n = 1024
    for j, k in ((0, 0), (0, 1), (1023, 1), (700, 1023), (1023, 1023), (511, 512)):
        due = math.sqrt((2 - (k == 0)) / n) * math.cos(math.pi * (k * (2 * j + 1) % (4 * n)) / (2 * n))
        assert abs(dct_basis(n)[j, k] - due) < 1e-17 + 4e-16 * abs(due)
        assert dct_basis(n, dtype="float32")[j, k] == np.float32(dct_basis(n)[j, k])


def test_single_precision_is_orthogonal_up_to_its_own_rounding() -> None:
    Q = dct_basis(1024, dtype="float32")
    assert Q.dtype == np.float32
    assert np.abs(Q.astype(float).T @ Q.astype(float) - np.eye(1024)).max() < 1.5e-7


def test_arguments_of_long_bases_do_not_overflow() -> None:
    n, k = 70_001, 69_999
    due = [math.sqrt(2 / n) * math.cos(math.pi * (k * (2 * j + 1) % (4 * n)) / (2 * n)) for j in range(n)]
    np.testing.assert_allclose(dct_basis(n, columns=[k])[:, 0], due, rtol=0, atol=1e-17)


def test_large_matrices_are_not_kept() -> None:
    large = weakref.ref(_whole(KEPT + 1, "float32"))
    gc.collect()
    assert large() is None
    assert _whole(KEPT, "float32") is _whole(KEPT, "float32")


def test_no_columns_and_a_basis_of_one() -> None:
    assert dct_basis(3, columns=[]).shape == (3, 0)
    assert dct_basis(1).tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"n": 0}, ValueError, "`n` must be an integer of at least 1; got 0."),
        ({"n": 2.0}, TypeError, "`n` must be an integer; got 2.0."),
        ({"n": 2, "dtype": "float16"}, ValueError, "`dtype` must be one of"),
        ({"n": 2, "columns": [2]}, ValueError, r"`columns` must be integers in \[0, 1\]"),
        ({"n": 2, "columns": [-1]}, ValueError, r"`columns` must be integers in \[0, 1\]"),
        ({"n": 2, "columns": [0.5]}, TypeError, "`columns` must be a sequence of integers"),
    ],
)
def test_bad_arguments(options: dict[str, object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        dct_basis(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("basis", "says"),
    [
        (np.ones((2, 2)), "`basis` must be orthogonal; got an entry of Q"),
        (np.eye(2) + 1e-12, "`basis` must be orthogonal"),
        (np.array([[Fraction(10**12 + 1, 10**12), 0], [0, 1]]), "`basis` must be orthogonal"),
        (np.eye(3), r"`basis` must be of shape \(2, 2\)"),
        (np.eye(2, 3), "`basis` must be a square matrix"),
        (np.array([[np.nan, 0], [0, 1]]), "`basis` must be finite"),
        ("dft", "`basis` must be one of 'dct'"),
    ],
)
def test_bad_bases(basis: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        select_columns(np.ones((3, 2)), 1, basis=basis)  # type: ignore[arg-type]
