"""The core of two factors: its spectrum and its best factors against the product itself, in exact arithmetic."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lrtheory._kernels.low_rank import UNIT, cast_error, core, difference, rank_within, tail
from lrtheory._result.low_rank import certified

SHAPES = [(20, 4, 15), (3, 5, 4), (1, 1, 1), (6, 9, 2), (50, 8, 40), (5, 5, 5), (2, 1, 7)]


def factors(m: int, q: int, n: int, rng: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(rng)
    return draw.normal(size=(m, q)), draw.normal(size=(q, n))


def product(B: np.ndarray, A: np.ndarray) -> np.ndarray:
    """B A, each entry as the exact sum of exact products, rounded once."""
    rows = [[Fraction(x) for x in row] for row in B.tolist()]
    columns = [[Fraction(x) for x in column] for column in A.T.tolist()]
    return np.array([[float(sum(x * y for x, y in zip(r, c, strict=True))) for c in columns] for r in rows])


@pytest.mark.parametrize("unit", [1.0, 1e-150, 1e150, 1e-12, 1e12])
@pytest.mark.parametrize("method", ["auto", "qr", "gram"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_spectrum_and_every_rank(shape: tuple[int, int, int], method: str, unit: float) -> None:
    B, A = factors(*shape)
    B = B * unit
    W = product(B, A)
    s = np.linalg.svd(W / unit, compute_uv=False) * unit
    found = core(B, A, method)
    assert len(found.values) == min(shape)
    np.testing.assert_allclose(found.values, s[: min(shape)], atol=1e-13 * s[0])
    for rank in range(min(shape) + 1):
        C, D = found.factors(rank)
        error = np.linalg.norm((W - C @ D) / unit)
        assert error == pytest.approx(np.linalg.norm(s[rank:] / unit), abs=1e-13 * s[0] / unit)
        assert difference((B, A, 1.0), (C, D, 1.0))[0] / unit == pytest.approx(error, abs=1e-13 * s[0] / unit)


@pytest.mark.parametrize("condition", [1.0, 1e2, 1e3, 1e5, 1e9])
def test_cores_of_many_inner_indices(condition: float) -> None:
    """Roots of Gram matrices by Cholesky, by eigenvectors, and QR; a zero and a repeated index among them."""
    B, A = factors(90, 48, 70)
    U, V = (np.linalg.qr(np.random.default_rng(i).normal(size=(48, 48)))[0] for i in range(2))
    powers = np.geomspace(1, condition, 48)
    B, A = B @ (U * powers) @ V.T, (V / powers) @ U.T @ A
    load = np.linalg.norm(B, axis=0) @ np.linalg.norm(A, axis=1)
    for C, D in ((B, A), (np.hstack([B, np.zeros((90, 1))]), np.vstack([A, np.ones((1, 70))]))):
        found, exact = core(C, D), np.linalg.svd(C @ D, compute_uv=False)
        assert found.method == ("gram" if condition < 1e5 else "qr")
        np.testing.assert_allclose(found.values, exact[: len(found.values)], atol=found.rounding + 1e-15 * load)
        left, right = found.factors(48)
        np.testing.assert_allclose(left @ right, C @ D, atol=found.rounding + 1e-14 * load)
    same = core(np.hstack([B, B[:, :1]]), np.vstack([A, A[:1]]))
    assert same.method == "qr"  # a Gram matrix that is not regular


def test_single_precision_is_summed_in_doubles() -> None:
    B, A = (x.astype(np.float32) for x in factors(1000, 40, 700))
    found = core(B, A)
    exact = core(B.astype(np.float64), A.astype(np.float64), "qr").values
    np.testing.assert_allclose(found.values, exact, rtol=1e-13)


@pytest.mark.parametrize("unit", [1.0, 1e-30, 1e30, 1e-120, 1e120])
@pytest.mark.parametrize("distance", [1.0, 1e-3, 1e-7, 0.0])
def test_squares_lose_no_more_than_they_say(unit: float, distance: float) -> None:
    B, A = factors(40, 5, 30)
    C, D = B + distance * factors(40, 5, 1, 1)[0], A
    norm, rounding = difference((B, A, unit), (C, D, unit), within=1e-9)
    exact = np.linalg.norm(product(C - B, A))  # C - B is exact, or rounded by a unit of it
    assert abs(norm / unit - exact) <= rounding / unit + 1e-15 * exact
    assert rounding <= max(1e-9 * norm, 1e-13 * unit * np.linalg.norm(B, axis=0) @ np.linalg.norm(A, axis=1))


def test_factors_that_hide_their_difference_are_compared_by_qr() -> None:
    B, A = factors(40, 5, 30)
    near = (B * (1 + 1e-7), A, 1.0)
    assert difference((B, A, 1.0), near, within=1e-9) == difference((B, A, 1.0), near)
    far = (B * 0.5, A, 1.0)
    assert difference((B, A, 1.0), far, within=1e-9) != difference((B, A, 1.0), far)


@pytest.mark.parametrize("exponents", [(-6, 6), (-12, 12), (-150, 150)])
def test_a_diagonal_gauge_changes_nothing(exponents: tuple[int, int]) -> None:
    B, A = factors(30, 6, 25)
    powers = 2.0 ** np.linspace(3.3 * exponents[0], 3.3 * exponents[1], 6).astype(int)
    plain, gauged = core(B, A), core(B * powers, A / powers[:, None])
    assert gauged.method == "gram"
    np.testing.assert_allclose(gauged.values, plain.values, rtol=1e-13)


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e6, 1e8, 1e10, 1e12])
@pytest.mark.parametrize("rng", range(3))
def test_the_rounding_that_is_stated_covers_every_gauge(condition: float, rng: int) -> None:
    B, A = factors(12, 4, 10, rng)
    U, V = (np.linalg.qr(np.random.default_rng([rng, i]).normal(size=(4, 4)))[0] for i in range(2))
    powers = np.geomspace(1, condition, 4)
    B, A = B @ (U * powers) @ V.T, (V / powers) @ U.T @ A
    s = np.linalg.svd(product(B, A), compute_uv=False)[:4]  # of these doubles, which are the adapter now
    for method in ("auto", "qr"):
        found = core(B, A, method)
        assert np.abs(found.values - s).max() <= found.rounding
    if condition >= 1e6:
        assert core(B, A).method == "qr"


def test_gram_alone_would_lose_what_the_guard_saves() -> None:
    B, A = np.array([[1.0, 1.0], [0.0, 1e-8], [0.0, 0.0]]), np.array([[1.0, -1e8, 0.0], [0.0, 1e8, 0.0]])
    assert core(B, A).method == "qr"
    s = np.linalg.svd(product(B, A), compute_uv=False)
    np.testing.assert_allclose(core(B, A).values, s[:2], atol=core(B, A).rounding)
    assert abs(core(B, A, "gram").values - s[:2]).max() > 1e-3


def test_zero_and_missing_columns() -> None:
    assert core(np.zeros((3, 2)), np.ones((2, 4))).values.tolist() == [0.0, 0.0]
    assert core(np.zeros((3, 0)), np.zeros((0, 4))).values.size == 0
    B, A = factors(6, 3, 5)
    B[:, 1] = 0.0
    found = core(B, A)
    assert found.method == "gram"
    np.testing.assert_allclose(found.values[:2], np.linalg.svd(B @ A, compute_uv=False)[:2], rtol=1e-14)
    assert found.values[2] == 0.0
    C, D = found.factors(3)
    np.testing.assert_allclose(C @ D, B @ A, atol=1e-14)


def test_units_outside_every_square() -> None:
    rng = np.random.default_rng(0)
    B, A = factors(30, 6, 30)
    powers = 2.0 ** rng.integers(-900, 900, 6)
    np.testing.assert_allclose(core(B * powers, A / powers[:, None]).values, core(B, A).values, rtol=1e-13)
    assert tail(np.array([3e200, 4e200]), 0) == pytest.approx(5e200)
    assert tail(np.array([3e-200, 4e-200]), 0) == pytest.approx(5e-200)


def test_the_smallest_rank_within_a_share() -> None:
    values = np.array([3.0, 2.0, 1.0, 0.5])
    for epsilon in (0.0, 0.1, 0.3, 0.62, 0.99, 1.0):
        errors = [np.linalg.norm(values[r:]) / np.linalg.norm(values) for r in range(5)]
        assert rank_within(values, epsilon) == next(r for r, error in enumerate(errors) if error <= epsilon)
    assert rank_within(np.zeros(3), 0.0) == 0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("balanced", [True, False])
def test_certificates_are_true_and_notice_a_change(dtype: type, balanced: bool) -> None:
    B, A = (x.astype(dtype) for x in factors(9, 5, 7))
    found = core(B, A)
    for rank in range(6):
        pair = tuple(x.astype(dtype) for x in found.factors(rank, ratio=-2 / 0.5, balanced=balanced))
        made = certified(found, rank, pair, 0.5, stretch=-2.0, balanced=balanced)
        truth = np.linalg.norm(-2.0 * B.astype(float) @ A - 0.5 * pair[0].astype(float) @ pair[1])
        assert made.certificate.bound <= truth + 4 * UNIT * truth <= made.certificate.achieved * (1 + 8 * UNIT)
        assert made.certificate.verify((B, A, -2.0))
        assert made.certificate.verify(-2.0 * B.astype(float) @ A)
        assert not made.certificate.verify((B * dtype(1.01), A, -2.0))
        assert not made.certificate.verify((B[:-1], A, -2.0))
        assert not replace(made.certificate, achieved=np.inf, gap=0.0).verify((B, A, -2.0))


def test_rounding_of_factors_is_within_its_bound() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        B, A = rng.normal(size=(8, 3)) * 10.0 ** rng.integers(-6, 2), rng.normal(size=(3, 6))
        moved = np.linalg.norm(B.astype(np.float16).astype(float) @ A.astype(np.float16).astype(float) - B @ A)
        norms = float(np.linalg.norm(B)), float(np.linalg.norm(A))
        assert moved <= cast_error(norms, (B.size, A.size), "float16") * (1 + 1e-12)


@pytest.mark.parametrize("shape", [(3, 2, 3), (8, 5, 3), (8, 3, 8), (20, 4, 20)])
def test_factors_of_every_gauge_are_within_the_stated_rounding(shape: tuple[int, int, int]) -> None:
    """Inner indices of very different sizes, for which LAPACK leaves up to 90 roundings of the norm."""
    rng, (m, q, n), worst = np.random.default_rng(0), shape, 0.0
    for _ in range(200):
        sizes = 10.0 ** rng.integers(-20, 20, size=(2, q))
        B, A = rng.normal(size=(m, q)) * sizes[0], rng.normal(size=(q, n)) * sizes[1][:, None]
        found = core(B, A, "qr")
        left, right = found.factors(len(found.values))
        wide = [x.astype(np.longdouble) for x in (B, A, left, right)]
        off = float(np.sqrt(((wide[0] @ wide[1] - wide[2] @ wide[3]) ** 2).sum()))
        worst = max(worst, off / found.rounding)
    assert worst <= 1
