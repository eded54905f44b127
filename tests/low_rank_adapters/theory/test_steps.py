"""Half-steps in rational numbers against the formulas of their changes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_adapters import theory


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
    new_A, new_B = A - lr * theory.pseudo_inverse(B) @ R, B - lr * R @ theory.pseudo_inverse(A)
    assert (new_B @ new_A - B @ A == theory.joint_change(R, B, A, step_size=lr)).all()
    energy = squared(theory.projected(R, left=B))
    assert squared(B @ new_A - M) == squared(R) - theory.half_step_decrease(energy, step_size=lr)


@pytest.mark.parametrize("seed", range(20))
def test_two_half_steps_reach_what_the_ranks_say(seed: int) -> None:
    B, left, right = drawn(seed, (4, 2), (4, 2), (2, 4))
    M = left[:, : 1 + seed % 2] @ right[: 1 + seed % 2]
    B[0], B[1] = [1, 0], [0, 1]
    M = M * np.array([[seed % 3 != 0], [1], [1], [1]])
    A = theory.pseudo_inverse(B) @ M
    B2 = B - (B @ A - M) @ theory.pseudo_inverse(A)
    assert bool((B2 @ A == M).all()) == theory.two_steps_suffice(B, M)


@pytest.mark.parametrize("seed", range(10))
def test_transport_is_the_nearest_velocity(seed: int) -> None:
    B, before, momentum = drawn(seed, (4, 2), (4, 2), (2, 3))
    B[:2] += 9 * np.eye(2, dtype=int)
    wanted = np.linalg.lstsq(B.astype(float), (before @ momentum).astype(float), rcond=None)[0]
    np.testing.assert_allclose(theory.transported(B, before, momentum).astype(float), wanted, atol=1e-12)


def test_other_factors_have_the_same_product() -> None:
    B, A, T = drawn(1, (3, 2), (2, 3), (2, 2))
    T = T + 5 * np.eye(2, dtype=int)
    left, right = theory.changed_gauge(B, A, T)
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
        assert set(np.linalg.eigvalsh(T)) == {float(x) for x in theory.local_factors(lr, method=method)}


def test_stalls() -> None:
    B, A, M = np.array([[0.0], [1.0]]), np.array([[0.0, 1.0]]), np.diag([1.0, 0.0])
    for k in range(6):
        assert squared(B @ A - M) == theory.stalled_energy(k)
        R = B @ A - M
        B, A = (B, A - np.linalg.pinv(B) @ R / 2) if k % 2 == 0 else (B - R @ np.linalg.pinv(A) / 2, A)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.changed_gauge([[1]], [[1]], [[0]]), r"`gauge` must be a nonsingular matrix of shape \(1, 1\)"),
        (lambda: theory.transported([[1]], [[1, 2]], [[1]]), r"`B, before, momentum` must be factors of one shape"),
        (lambda: theory.half_step_decrease(-1, step_size=1), r"`squared_norm` must be in"),
        (lambda: theory.two_steps_suffice([[1]], [[1], [2]]), r"`B` must be a factor of a matrix"),
        (lambda: theory.local_factors(1, method="sgd"), r"`method` must be"),
        (lambda: theory.stalled_energy(-1), r"`n_steps` must be"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
