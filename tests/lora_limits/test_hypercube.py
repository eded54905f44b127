"""The cube against dense attention: spectrum by SVD, rank bounds by truncation, gradients by products."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from lrtheory.bounds import Ball
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.theory.hypercube import walsh_hadamard
from proofs_checks.lora_limits.cube.spectra import hypercube_spectrum


def attention(cube: theory.Hypercube) -> np.ndarray:
    f = np.exp(cube.beta * cube.C1 @ cube.W @ cube.C2.T)
    return f / f.sum(1, keepdims=True)


@pytest.mark.parametrize("n_bits", [1, 2, 6, 8])
@pytest.mark.parametrize("gamma", [0.5, 1.4, 2.5])
def test_spectrum_against_svd(n_bits: int, gamma: float) -> None:
    values, multiplicities = hypercube_spectrum(n_bits, gamma)
    assert sum(multiplicities) == 2**n_bits
    found = np.linalg.svd(attention(theory.make_hypercube(n_bits, gamma)), compute_uv=False)
    np.testing.assert_allclose(found, np.repeat(values, multiplicities.astype(int)), atol=1e-13)


def test_tokens_are_all_sign_vectors_once() -> None:
    cube = theory.make_hypercube(3, 2.0)
    assert {tuple(row) for row in cube.C1} == set(itertools.product((-2.0, 2.0), repeat=3))


def test_spectrum_takes_balls() -> None:
    values, _ = hypercube_spectrum(3, Ball(1))
    assert float(values[2]) == pytest.approx(math.tanh(1 / 3) ** 2)


@pytest.mark.parametrize(("n_bits", "c", "a"), [(6, 0.1, 0.5), (8, 0.25, 0.5), (10, 0.1, 0.5), (10, 0.25, 1.0)])
def test_rank_bound_against_the_singular_values(n_bits: int, c: float, a: float) -> None:
    cube = theory.make_hypercube(n_bits, math.sqrt(c * n_bits * math.log(2)))
    squares = np.linalg.svd(attention(cube), compute_uv=False) ** 2
    tails = np.append(np.cumsum(squares[::-1])[::-1], 0.0)
    rank = int((tails > 2.0 ** (-2 * a * n_bits)).sum())
    assert theory.hypercube_rank_lower_bound(n_bits, c, a) == rank


def test_rank_bound_cuts_inside_a_level() -> None:
    assert theory.hypercube_rank_lower_bound(10, 0.1, 0.5) == 15  # 11 + 45 would be the whole level
    assert theory.spectral_rank_bound([1.0, 0.5], [1, 4], allowed=0.5) == 3
    assert theory.spectral_rank_bound([1.0], [2], allowed=5.0) == 0


def test_limits_against_a_table() -> None:
    table = {(0.05, 0.25): 0.468, (0.25, 0.25): 0.829, (0.05, 0.5): 0.660, (0.25, 0.5): 0.962, (0.05, 1.0): 0.877}
    assert {at: round(theory.rank_exponent_limit(*at), 3) for at in table} == table


def test_exponents_approach_their_limit() -> None:
    for c, a in ((0.05, 0.25), (0.25, 0.5), (0.1, 1.0)):
        exponents = [math.log2(theory.hypercube_rank_lower_bound(d, c, a)) / d for d in (20, 80, 320)]
        limit = theory.rank_exponent_limit(c, a)
        assert exponents[0] < exponents[1] < exponents[2] < limit < exponents[2] + 0.03


def test_limit_falls_to_zero_and_is_one_for_large_norms() -> None:
    limits = [theory.rank_exponent_limit(c, 0.5) for c in (1e-8, 1e-4, 1e-2, 0.1, 0.5)]
    assert limits == sorted(limits)
    assert 0 < limits[0] < 0.3
    assert theory.rank_exponent_limit(2.0, 0.5) == 1.0


def test_transform_against_the_hadamard_matrix() -> None:
    from scipy.linalg import hadamard

    Z = np.random.default_rng(0).normal(size=(16, 3))
    table = Z.copy()
    walsh_hadamard(table)
    np.testing.assert_allclose(table, hadamard(16) @ Z, atol=1e-13)


@pytest.mark.parametrize("n_bits", [1, 3, 6])
@pytest.mark.parametrize("gamma", [0.0, 0.7, 3.0])
def test_gradient_against_finite_differences(n_bits: int, gamma: float) -> None:
    rng = np.random.default_rng(n_bits)
    cube = theory.make_hypercube(n_bits, gamma)
    C3, Y = rng.normal(size=(2**n_bits, 2)), rng.normal(size=(2**n_bits, 2))

    def loss(W: np.ndarray) -> float:
        f = np.exp(cube.beta * cube.C1 @ W @ cube.C2.T)
        return 0.5 * float((((f / f.sum(1, keepdims=True)) @ C3 - Y) ** 2).sum())

    step = 1e-5
    differences = np.array(
        [
            [(loss(np.eye(n_bits) + step * E) - loss(np.eye(n_bits) - step * E)) / (2 * step) for E in row]
            for row in np.eye(n_bits * n_bits).reshape(n_bits, n_bits, n_bits, n_bits)
        ]
    )
    found = theory.hypercube_gradient(C3, Y, gamma=gamma)
    np.testing.assert_allclose(found, differences, atol=1e-7 * 2**n_bits)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="`n_bits` must be"):
        theory.make_hypercube(0, 1.0)
    with pytest.raises(ValueError, match="`C3` must be an array whose number of rows is a power of two"):
        theory.hypercube_gradient(np.zeros((3, 1)), np.zeros((3, 1)), gamma=1.0)
    with pytest.raises(ValueError, match="`c` must be"):
        theory.rank_exponent_limit(0.0, 0.5)
    with pytest.raises(ValueError, match="`allowed` must be"):
        theory.spectral_rank_bound([1.0], [1], allowed=0.0)
