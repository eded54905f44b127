"""Projections and captured energies against least squares and tangent vectors, in doubles."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_adapters import theory


def drawn(seed: int, *shapes: tuple[int, int]) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(-3, 4, shape).astype(float) for shape in shapes]


@pytest.mark.parametrize("seed", range(20))
def test_pseudo_inverses_of_any_rank_satisfy_the_four_equations(seed: int) -> None:
    left, right = drawn(seed, (4, 2), (2, 3))
    X = theory.pseudo_inverse(theory.pseudo_inverse(left @ right))
    P = theory.pseudo_inverse(left @ right)
    assert (X == left @ right).all()
    assert (X @ P @ X == X).all()
    assert (P @ X @ P == P).all()
    assert (X @ P == (X @ P).T).all()
    assert (P @ X == (P @ X).T).all()


@pytest.mark.parametrize("seed", range(10))
def test_projections_are_the_nearest_points(seed: int) -> None:
    B, A, G = drawn(seed, (5, 2), (2, 4), (5, 4))
    found = theory.projected(G, left=B, right=A).astype(float)
    R = np.linalg.lstsq(np.kron(B, A.T), G.ravel(), rcond=None)[0]
    np.testing.assert_allclose(found.ravel(), np.kron(B, A.T) @ R, atol=1e-12)
    assert (theory.projected(G).astype(float) == G).all()


@pytest.mark.parametrize("seed", range(10))
def test_energies_are_those_of_least_squares(seed: int) -> None:
    B, A, G = drawn(seed, (4, 2), (2, 3), (4, 3))
    ways = {
        "xs": np.kron(B, A.T),
        "a_step": np.kron(B, np.eye(3)),
        "b_step": np.kron(np.eye(4), A.T),
        "total": np.eye(12),
    }
    ways["tangent"] = np.hstack([ways["a_step"], ways["b_step"]])
    for name, energy in theory.split_energies(G, B, A).items():
        near = ways[name] @ np.linalg.lstsq(ways[name], G.ravel(), rcond=None)[0]
        assert float(energy) == pytest.approx((near**2).sum(), abs=1e-10)


@pytest.mark.parametrize("seed", range(10))
def test_the_share_of_signs_is_what_their_leading_pair_captures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    u, v = rng.integers(1, 6, 4) * rng.choice((-1, 1), 4), rng.integers(1, 6, 3) * rng.choice((-1, 1), 3)
    U, _, Vt = np.linalg.svd(np.sign(np.outer(u, v)))
    captured = (U[:, 0] @ u) ** 2 * (Vt[0] @ v) ** 2 / ((u @ u) * (v @ v))
    assert float(theory.sign_capture(u, v)) == pytest.approx(captured, rel=1e-12)


def test_values() -> None:
    assert theory.captured_limit([Fraction(1, 2), 3, 2], 2) == 13
    assert theory.captured_limit([2], 5) == 4
    assert theory.training_floor(np.diag([2, 4]), [[1], [0]], [[1, 0]]) == 8
    assert theory.training_floor([[0.5]], [[0.0]], [[1.0]]) == Fraction(1, 8)
    assert theory.sign_capture([1, 0], [2, 2]) == 1
    assert isinstance(theory.projected([[0.1]])[0, 0], Fraction)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.projected([[1, 2]], left=[[1], [2]]), r"`left` must be a factor of a matrix of shape"),
        (lambda: theory.projected([[1, 2]], right=[[1]]), r"`right` must be a factor"),
        (lambda: theory.projected([[np.nan]]), r"`G` must be in"),
        (lambda: theory.pseudo_inverse([1, 2]), r"`X` must be of shape \(m, n\)"),
        (lambda: theory.sign_capture([0, 0], [1]), r"`u` must be a vector other than 0"),
        (lambda: theory.captured_limit([-1], 1), r"`spectrum` must be in \[0, inf\)"),
        (lambda: theory.captured_limit([1], -1), r"`rank` must be"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
