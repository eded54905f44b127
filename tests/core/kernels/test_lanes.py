"""Sums of weighted rows and products in vector registers against their definitions."""

from __future__ import annotations

import itertools
import re

import numba
import numpy as np
import pytest

from lrtheory._array import PLAIN, kernel, kernel_input
from lrtheory._kernels.lanes import GROUP, ROWS, add_block, columns, product, weighted_sum


@kernel
def each(table, starts, rows, weights, sums):
    for p in range(len(starts) - 1):
        weighted_sum(table, rows, weights, starts[p], starts[p + 1], sums, p)


STARTS = np.array([0, 3, 3, 4, 40])  # the second sum is of nothing


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("width", [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 24, 31, 32, 33, 50])
def test_sums_of_integers_are_exact(width: int, kind: type) -> None:
    rng = np.random.default_rng(width)
    table, weights = rng.integers(-9, 9, (20, width)).astype(kind), rng.integers(-9, 9, 40).astype(kind)
    rows = rng.integers(0, 20, 40).astype(np.uint32)
    sums = np.full((4, width), np.nan, kind)
    each(table, STARTS, rows, weights, sums)
    expected = [weights[a:b] @ table[rows[a:b]] for a, b in itertools.pairwise(STARTS)]
    np.testing.assert_array_equal(sums, expected)
    interpreted = np.full((4, width), np.nan, kind)
    each.py_func(table, STARTS, rows, weights, interpreted)
    np.testing.assert_array_equal(interpreted, expected)


@pytest.mark.parametrize("kind", [np.int64, np.uint32])
def test_read_only_rows_of_any_integers(kind: type) -> None:
    table, rows = np.eye(3), np.array([2, 0], kind)
    sums = np.empty((1, 3))
    each(kernel_input(table), np.array([0, 2]), kernel_input(rows), kernel_input(np.array([5.0, 7.0])), sums)
    assert sums.tolist() == [[7.0, 0.0, 5.0]]


def test_rows_of_a_table_beyond_the_caches_are_added_alike() -> None:
    """There rows are fetched ahead, at the end the last one again and again."""
    rng = np.random.default_rng(0)
    table = rng.integers(-9, 9, (1 << 15, 5)).astype(float)
    rows, weights = rng.integers(0, len(table), 300), np.ones(300)
    sums = np.empty((3, 5))
    each(table, np.array([0, 150, 299, 300]), rows, weights, sums)
    np.testing.assert_array_equal(sums, [table[rows[a:b]].sum(axis=0) for a, b in ((0, 150), (150, 299), (299, 300))])


def test_only_the_row_asked_for_is_written() -> None:
    sums = np.zeros((3, 10))
    each(np.ones((1, 10)), np.array([0, 1]), np.zeros(1, np.uint32), np.array([2.0]), sums)
    assert sums.tolist() == [[2.0] * 10, [0.0] * 10, [0.0] * 10]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("rows", [0, GROUP, 3 * GROUP])
def test_products_of_integers_are_exact(kind: type, rows: int, compiled: bool) -> None:
    rng, width = np.random.default_rng(rows), columns(kind)
    multiply = product if compiled else product.py_func
    A, B = rng.integers(-3, 4, (rows, 40)).astype(kind), rng.integers(-3, 4, (50, width)).astype(kind)
    out = np.full((rows + 1, width), np.nan, kind)
    multiply(A, B, out, 0, 40, False)
    np.testing.assert_array_equal(out[:rows], A @ B[:40])
    multiply(A, B, out, 39, 40, True)  # one term more
    np.testing.assert_array_equal(out[:rows], A @ B[:40] + A[:, 39:] @ B[39:40])
    multiply(A, B, out, 7, 8, False)
    np.testing.assert_array_equal(out[:rows], A[:, 7:8] @ B[7:8])
    assert np.isnan(out[rows:]).all()


def test_two_vectors_hold_the_columns() -> None:
    assert columns(np.float32) == 2 * columns(np.float64) in (16, 32)


def two_blocks(A, B, out):
    add_block(A, 0, 0, 8, B, out, False)
    add_block(A, 0, 8, 16, B, out, True)


@pytest.mark.skipif(PLAIN, reason="the loops of plain Numba are LLVM's to unroll")
def test_no_loop_of_a_product_is_made_longer() -> None:
    rng, width = np.random.default_rng(0), columns(np.float64)
    A, B, out = rng.integers(-3, 4, (GROUP, 16)).astype(float), rng.normal(size=(16, width)), np.empty((GROUP, width))
    compiled = numba.njit(two_blocks)
    compiled(A, B, out)
    np.testing.assert_allclose(out[:ROWS], (A @ B)[:ROWS], rtol=1e-13, atol=1e-13)
    code = next(iter(compiled.inspect_llvm().values()))
    assert len(set(re.findall(r"!llvm\.loop (!\d+)", code))) == 2
    assert code.count('!"llvm.loop.unroll.disable"') == 1
