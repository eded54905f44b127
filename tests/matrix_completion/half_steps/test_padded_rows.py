"""The sweeps over padded panels against their definitions in NumPy, on integers, whose sums are exact in any order."""

from __future__ import annotations

import subprocess
import sys

import numba
import numpy as np
import pytest

from lrtheory._array import kernel_input
from lrtheory._kernels import lanes
from lrtheory.matrix_completion.entries.regressions import padded_rows, registers
from tests.rules.public_names import ROOT

WIDTHS = (1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 20, 31, 33, 48, 50, 64, 79, 80, 81, 90, 160, 161)
KINDS = (np.float64, np.float32)


def gathered(F, chosen, x, panel, u, gradient, target):
    return padded_rows.gathered(F, chosen, x, panel, u, gradient, target)


def squared(panel, d, p, ridge, w):
    return padded_rows.squared(panel, d, p, ridge, w)


def gram(panel, d, k, G):
    padded_rows.gram(panel, d, k, G)


def eliminated(G, c):
    padded_rows.eliminated(G, c)


# without a cache: one test below compiles them for another width of vectors
COMPILED = {body.__name__: numba.njit(body) for body in (gathered, squared, gram, eliminated)}
BODIES = {body.__name__: body for body in (gathered, squared, gram, eliminated)}


def check_sweeps(sweeps: dict, k: int, d: int, kind: type) -> None:
    """Compare all sweeps at one rank and one number of rows; what they must not write is NaN before and after."""
    rng = np.random.default_rng(1000 * k + d)
    whole = lambda *shape: rng.integers(-3, 4, shape).astype(kind)
    F, x, chosen = whole(30, k), whole(d), rng.integers(0, 30, d).astype(np.int32)
    P, (u, p) = F[chosen], whole(2, k)
    fixed, (start, direction) = kernel_input(padded_rows.padded(F, kind)), padded_rows.padded(np.stack([u, p]), kind)
    panel, (r, b, w) = padded_rows.aligned((d + 1, fixed.shape[1]), kind), padded_rows.padded(np.full((3, k), 7), kind)
    panel[d] = np.nan
    squares = sweeps["gathered"](fixed, kernel_input(chosen), kernel_input(x), panel, start, r, b)
    rest = x - P @ u
    assert squares == rest @ rest
    np.testing.assert_array_equal(panel[:d], fixed[chosen])
    np.testing.assert_array_equal(r[:k], P.T @ rest)
    np.testing.assert_array_equal(b[:k], P.T @ x)
    curvature = sweeps["squared"](panel, d, direction, kind(2), w)
    np.testing.assert_array_equal(w[:k], P.T @ (P @ p) + 2 * p)
    assert curvature == (P @ p) @ (P @ p) + 2 * (p @ p)
    assert not any(row[..., k:].any() for row in (panel[:d], r, b, w))
    assert np.isnan(panel[d]).all()
    if d > 0:
        G = padded_rows.aligned((padded_rows.height(k), fixed.shape[1]), kind)
        sweeps["gram"](panel, d, k, G)
        np.testing.assert_array_equal(np.triu(G[:k, :k]), np.triu(P.T @ P))
        assert not G[:k, k:].any()
    H = padded_rows.padded(np.triu(whole(k, k)), kind)
    for c in {0, k // 3, k - 1}:
        after = H.copy()
        sweeps["eliminated"](after, c)
        np.testing.assert_array_equal(after[c, c:], H[c, c:] - H[:c, c] @ H[:c, c:])
        np.testing.assert_array_equal(np.delete(after, c, 0), np.delete(H, c, 0))


def check_every_width() -> None:
    for kind in KINDS:
        for k in WIDTHS:
            for d in (0, 1, 2, 3, 4, 5, 23):
                check_sweeps(COMPILED, k, d, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", WIDTHS)
def test_sweeps_of_integers_are_exact(k: int, kind: type) -> None:
    for d in (0, 1, 2, 3, 4, 5, 23):
        check_sweeps(COMPILED, k, d, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bodies_that_are_interpreted_mean_the_same(kind: type) -> None:
    for k, d in ((1, 3), (5, 0), (9, 7)):
        check_sweeps(BODIES, k, d, kind)


def test_narrow_and_wide_rows_are_both_swept() -> None:
    assert min(WIDTHS) <= registers.WIDEST * padded_rows.width(1, np.float64) < max(WIDTHS)


def test_sweeps_for_processors_with_vectors_of_256_bits() -> None:
    code = (
        "from lrtheory._kernels import lanes; lanes.BYTES = 32\n"
        "from tests.matrix_completion.half_steps import test_padded_rows as tests\n"
        "assert (tests.registers.REGISTERS, tests.padded_rows.width(9, 'f8')) == (16, 12)\n"
        "tests.check_every_width()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=300)


def test_padded_rows_start_where_vectors_do() -> None:
    for kind in KINDS:
        found = padded_rows.padded(np.arange(15).reshape(5, 3), kind)
        assert found.dtype == kind
        assert found.ctypes.data % lanes.BYTES == found.strides[0] % lanes.BYTES == 0
        np.testing.assert_array_equal(found[:, :3], np.arange(15).reshape(5, 3))
        assert not found[:, 3:].any()
    assert padded_rows.aligned((0, 4), np.float64).shape == (0, 4)
