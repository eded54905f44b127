"""Half-steps in rational numbers against the formulas of their changes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofs_checks.low_rank_adapters.alternation.decreases import half_step_decrease, joint_change
from proofs_checks.low_rank_adapters.alternation.stability import local_factors, stalled_energy
from proofs_checks.low_rank_adapters.alternation.transport import changed_gauge, transported
from proofs_checks.low_rank_adapters.alternation.two_half_steps import two_steps_suffice
from proofs_checks.low_rank_adapters.families.rationals import pseudo_inverse
from proofs_checks.low_rank_adapters.projections.projected_steps import projected


def drawn(seed: int, *shapes: tuple[int, int]) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    fractions = np.vectorize(lambda x: Fraction(int(x)), otypes=[object])
    return [fractions(rng.integers(-3, 4, shape)) for shape in shapes]


def squared(X: np.ndarray) -> Any:
    return (X * X).sum()


@pytest.mark.parametrize("seed", range(20))
def test_joint_steps_and_half_steps(seed: int) -> None:
    B, A, M = drawn(seed, (3, 2), (2, 4), (3, 4))
    lr, R = Fraction(seed - 3, 4), B @ A - M
    new_A, new_B = A - lr * pseudo_inverse(B) @ R, B - lr * R @ pseudo_inverse(A)
    assert (new_B @ new_A - B @ A == joint_change(R, B, A, lr)).all()
    energy = squared(projected(R, B))
    assert squared(B @ new_A - M) == squared(R) - half_step_decrease(energy, lr)


@pytest.mark.parametrize("seed", range(20))
def test_two_half_steps_reach_what_the_ranks_say(seed: int) -> None:
    B, left, right = drawn(seed, (4, 2), (4, 2), (2, 4))
    M = left[:, : 1 + seed % 2] @ right[: 1 + seed % 2]
    B[0], B[1] = [1, 0], [0, 1]
    M = M * np.array([[seed % 3 != 0], [1], [1], [1]])
    A = pseudo_inverse(B) @ M
    B2 = B - (B @ A - M) @ pseudo_inverse(A)
    assert bool((B2 @ A == M).all()) == two_steps_suffice(B, M)


@pytest.mark.parametrize("seed", range(10))
def test_transport_is_the_nearest_velocity(seed: int) -> None:
    B, before, momentum = drawn(seed, (4, 2), (4, 2), (2, 3))
    B[:2] += 9 * np.eye(2, dtype=int)
    wanted = np.linalg.lstsq(B.astype(float), (before @ momentum).astype(float), rcond=None)[0]
    np.testing.assert_allclose(transported(B, before, momentum).astype(float), wanted, atol=1e-12)


def test_other_factors_have_the_same_product() -> None:
    B, A, T = drawn(1, (3, 2), (2, 3), (2, 2))
    T = T + 5 * np.eye(2, dtype=int)
    left, right = changed_gauge(B, A, T)
    assert (left @ right == B @ A).all()
    assert (left == B @ T).all()


@pytest.mark.parametrize("lr", [Fraction(1, 2), Fraction(3, 2)])
def test_local_factors_are_the_eigenvalues_of_the_linear_maps(lr: Fraction) -> None:
    P, Q = np.diag([1.0, 0.0]), np.diag([1.0, 0.0, 0.0])
    one, left, right = np.eye(6), np.kron(P, np.eye(3)), np.kron(np.eye(2), Q)
    maps = {
        "joint": one - float(lr) * (left + right),
        "altlora": (one - float(lr) * left) @ (one - float(lr) * right),
    }
    for method, T in maps.items():
        assert set(np.linalg.eigvalsh(T)) == {float(x) for x in local_factors(lr, method)}


def test_stalls() -> None:
    B, A, M = np.array([[0.0], [1.0]]), np.array([[0.0, 1.0]]), np.diag([1.0, 0.0])
    for k in range(6):
        assert squared(B @ A - M) == stalled_energy(k)
        R = B @ A - M
        B, A = (B, A - np.linalg.pinv(B) @ R / 2) if k % 2 == 0 else (B - R @ np.linalg.pinv(A) / 2, A)
