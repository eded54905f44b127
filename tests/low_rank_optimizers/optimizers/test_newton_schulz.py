"""Newton-Schulz against singular values, and images of intervals against many points."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import newton_schulz, spectral_image
from tests.backends import BACKENDS, backend


def polynomial(x: np.ndarray, n_iter: int, coefficients: tuple[float, ...] = (3.4445, -4.775, 2.0315)) -> np.ndarray:
    for _ in range(n_iter):
        x = coefficients[0] * x + coefficients[1] * x**3 + coefficients[2] * x**5
    return x


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5), (1, 6), (1, 1)])
@pytest.mark.parametrize("n_iter", [0, 1, 5])
def test_singular_values_follow_the_polynomial(shape: tuple[int, int], n_iter: int) -> None:
    G = np.random.default_rng(1).normal(size=shape)
    U, s, Vt = np.linalg.svd(G, full_matrices=False)
    due = U @ np.diag(polynomial(s / np.linalg.norm(s), n_iter)) @ Vt
    np.testing.assert_allclose(newton_schulz(G, n_iter=n_iter), due, atol=1e-12)
    plain = U @ np.diag(polynomial(s / 8, n_iter, (1.5, -0.5, 0.0))) @ Vt
    found = newton_schulz(G / 8, n_iter=n_iter, coefficients=(1.5, -0.5, 0.0), normalize=False)
    np.testing.assert_allclose(found, plain, atol=1e-12)


@pytest.mark.parametrize("name", list(BACKENDS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_library(name: str, dtype: type) -> None:
    lib = backend(name)
    G = np.random.default_rng(2).normal(size=(3, 5))
    with lib.flags():
        found = lib.to_numpy(newton_schulz(lib.asarray(G.astype(dtype))))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, newton_schulz(G), atol=1e4 * np.finfo(dtype).eps)


def test_fractions_are_exact() -> None:
    half = np.array([[Fraction(1, 2), Fraction(0)], [Fraction(0), Fraction(3, 5)], [Fraction(0), Fraction(0)]])
    found = newton_schulz(half, n_iter=2, coefficients=(Fraction(3, 2), Fraction(-1, 2), 0), normalize=False)
    step = lambda x: Fraction(3, 2) * x - Fraction(1, 2) * x**3
    assert found.tolist() == [[step(step(Fraction(1, 2))), 0], [0, step(step(Fraction(3, 5)))], [0, 0]]
    with pytest.raises(TypeError, match="`normalize` must be False"):
        newton_schulz(half)


def test_zeros_and_sizes_far_from_one() -> None:
    assert not newton_schulz(np.zeros((2, 3))).any()
    G = np.random.default_rng(3).normal(size=(3, 4))
    for scale in (1e-300, 1e300):
        np.testing.assert_allclose(newton_schulz(G * scale), newton_schulz(G), rtol=1e-9)
    single = G.astype(np.float32)
    for scale in (1e30, 2.0**126):  # the norm of the second is above all numbers of single precision
        np.testing.assert_allclose(newton_schulz(single * np.float32(scale)), newton_schulz(single), rtol=1e-4)


@pytest.mark.parametrize(
    ("low", "n_iter", "due"),
    [
        (0.001, 5, (0.4705, 1.2024)),
        (0.003, 5, (0.6818, 1.2024)),
        (0.01, 5, (0.6818, 1.1344)),
        (0.2, 1, (0.6514, 1.2024)),
        (1.0, 1, (0.7010, 0.7010)),
        (0.3, 0, (0.3, 1.0)),
    ],
)
def test_images_of_intervals_from_a_low_end_to_one(low: float, n_iter: int, due: tuple[float, float]) -> None:
    found = spectral_image((low, 1.0), n_iter=n_iter)
    assert found == pytest.approx(due, abs=5e-5)
    values = polynomial(np.linspace(low, 1, 400_001), n_iter)
    assert found == pytest.approx((values.min(), values.max()), abs=1e-6)


@pytest.mark.parametrize(
    "coefficients",
    [(1.5, -0.5, 0.0), (2.0, 0.0, 0.0), (1.875, -1.25, 0.375), (1.0, 1.0, 1.0), (1.0, -2.0, 0.0), (1e-20, -1.0, 1.0)],
)
def test_images_under_other_polynomials(coefficients: tuple[float, float, float]) -> None:
    for ends in ((0.0, 0.7), (0.3, 1.7), (0.5, 0.5)):
        for n_iter in (1, 2, 3):
            values = polynomial(np.linspace(*ends, 200_001), n_iter, coefficients)
            found = spectral_image(ends, n_iter=n_iter, coefficients=coefficients)
            assert found == pytest.approx((values.min(), values.max()), rel=1e-6, abs=1e-8)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="`G` must be a matrix"):
        newton_schulz([1.0, 2.0])
    with pytest.raises(ValueError, match="n_iter"):
        newton_schulz(np.eye(2), n_iter=-1)
    with pytest.raises(ValueError, match="three numbers"):
        newton_schulz(np.eye(2), coefficients=(1.0, 2.0))
    with pytest.raises(ValueError, match="finite"):
        newton_schulz([[1.0, np.inf]])
    with pytest.raises(ValueError, match="all iterates are finite"):
        newton_schulz(1e3 * np.eye(2), n_iter=9, normalize=False)
    with pytest.raises(ValueError, match=r"interval\[1\]"):
        spectral_image((0.5, 0.25))
    with pytest.raises(ValueError, match=r"interval\[0\]"):
        spectral_image((-0.5, 0.25))
    for wrong in ((0.5,), 0.5, "ab", np.float64(0.5)):
        with pytest.raises(ValueError, match="a pair of numbers"):
            spectral_image(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one whose images are finite"):
        spectral_image((0.0, 100.0), n_iter=9)


def test_arrays_of_numbers_are_sequences_too() -> None:
    values: Any = np.array([1.5, -0.5, 0.0])
    ends: Any = np.array([0.01, 1.0])
    G = np.eye(2) / 2
    np.testing.assert_array_equal(newton_schulz(G, coefficients=values), newton_schulz(G, coefficients=(1.5, -0.5, 0)))
    assert spectral_image(ends, coefficients=values) == spectral_image((0.01, 1.0), coefficients=(1.5, -0.5, 0))
