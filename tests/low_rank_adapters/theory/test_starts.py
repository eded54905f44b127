"""Projections and captured energies against least squares and tangent vectors, in doubles."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.low_rank_adapters.families.rationals import pseudo_inverse
from proofs_checks.low_rank_adapters.projections.captured_energies import captured_limit, sign_capture, split_energies
from proofs_checks.low_rank_adapters.projections.floors import training_floor
from proofs_checks.low_rank_adapters.projections.projected_steps import projected


def drawn(seed: int, *shapes: tuple[int, int]) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(-3, 4, shape).astype(float) for shape in shapes]


@pytest.mark.parametrize("seed", range(20))
def test_pseudo_inverses_of_any_rank_satisfy_the_four_equations(seed: int) -> None:
    left, right = drawn(seed, (4, 2), (2, 3))
    X = pseudo_inverse(pseudo_inverse(left @ right))
    P = pseudo_inverse(left @ right)
    assert (X == left @ right).all()
    assert (X @ P @ X == X).all()
    assert (P @ X @ P == P).all()
    assert (X @ P == (X @ P).T).all()
    assert (P @ X == (P @ X).T).all()


@pytest.mark.parametrize("seed", range(10))
def test_projections_are_the_nearest_points(seed: int) -> None:
    B, A, G = drawn(seed, (5, 2), (2, 4), (5, 4))
    found = projected(G, B, A).astype(float)
    R = np.linalg.lstsq(np.kron(B, A.T), G.ravel(), rcond=None)[0]
    np.testing.assert_allclose(found.ravel(), np.kron(B, A.T) @ R, atol=1e-12)
    assert (projected(G).astype(float) == G).all()


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
    for name, energy in split_energies(G, B, A).items():
        near = ways[name] @ np.linalg.lstsq(ways[name], G.ravel(), rcond=None)[0]
        assert float(energy) == pytest.approx((near**2).sum(), abs=1e-10)


@pytest.mark.parametrize("seed", range(10))
def test_the_share_of_signs_is_what_their_leading_pair_captures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    u, v = rng.integers(1, 6, 4) * rng.choice((-1, 1), 4), rng.integers(1, 6, 3) * rng.choice((-1, 1), 3)
    U, _, Vt = np.linalg.svd(np.sign(np.outer(u, v)))
    captured = (U[:, 0] @ u) ** 2 * (Vt[0] @ v) ** 2 / ((u @ u) * (v @ v))
    assert float(sign_capture(u, v)) == pytest.approx(captured, rel=1e-12)


def test_values() -> None:
    assert captured_limit([Fraction(1, 2), 3, 2], 2) == 13
    assert captured_limit([2], 5) == 4
    assert training_floor(np.diag([2, 4]), [[1], [0]], [[1, 0]]) == 8
    assert training_floor([[0.5]], [[0.0]], [[1.0]]) == Fraction(1, 8)
    assert sign_capture([1, 0], [2, 2]) == 1
    assert isinstance(projected([[0.1]])[0, 0], Fraction)
