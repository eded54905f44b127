"""Adam in chosen columns against a trace that keeps the moments of each column under its number."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import fft

from lrtheory import low_rank_optimizers as lro
from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.columns.moved_moments import moved_moments


def gradients(*shape: int, count: int = 12, rng: int = 3) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=(count, *shape))


def trace(
    G: np.ndarray, Q: np.ndarray, rank: int, *, every: int, feedback: bool, epsilon: float = 1e-3
) -> list[np.ndarray]:
    """Directions of tall gradients, as the formulas say: moments in a dictionary by column, all in lists."""
    (m, n), moments, error = G[0].shape, {}, np.zeros_like(G[0])
    made = []
    for t, gradient in enumerate(G, start=1):
        A = gradient + error
        S = [[sum(A[i, k] * Q[k, j] for k in range(n)) for i in range(m)] for j in range(n)]
        if (t - 1) % every == 0:
            order = sorted(range(n), key=lambda j: (-sum(x * x for x in S[j]), j))
            moments = {j: moments.get(j, ([0.0] * m, [0.0] * m)) for j in order[:rank]}
        direction, used = np.zeros((m, n)), np.zeros((m, n))
        for j, (first, second) in moments.items():
            for i in range(m):
                first[i] = 0.9 * first[i] + 0.1 * S[j][i]
                second[i] = 0.999 * second[i] + 0.001 * S[j][i] ** 2
                u = (first[i] / (1 - 0.9**t)) / (math.sqrt(second[i] / (1 - 0.999**t)) + epsilon)
                direction[i] += u * Q[:, j]
                used[i] += S[j][i] * Q[:, j]
        error = A - used if feedback else 0 * A
        made.append(direction)
    return made


@pytest.mark.parametrize("feedback", [False, True])
@pytest.mark.parametrize("every", [1, 3, 200])
@pytest.mark.parametrize("shape", [(5, 4), (4, 5), (4, 4), (3, 1)])
def test_steps_follow_the_formulas(shape: tuple[int, int], every: int, feedback: bool) -> None:
    G, rank = gradients(*shape), min(2, *shape)
    tall = G if shape[1] <= shape[0] else G.transpose(0, 2, 1)
    due = trace(tall, fft.dct(np.eye(min(shape)), axis=1, norm="ortho"), rank, every=every, feedback=feedback)
    for method in ("fft", "gemm"):
        optimizer = lro.DCTAdamW(
            rank, step_size=0.5, refresh_every=every, error_feedback=feedback, epsilon_root=1e-3, method=method
        )
        for t, (gradient, direction) in enumerate(zip(G, due, strict=True)):
            step = optimizer.step(gradient)
            found = step.update if tall is G else step.update.T
            np.testing.assert_allclose(found, -0.5 * direction, atol=1e-12)
            assert (step.certificate is not None) == (t % every == 0)
            assert bool(step.message) == (step.certificate is None)
            assert step.counts == {"steps": t + 1, "refreshes": 1 + t // every}


def test_columns_change_in_these_traces() -> None:
    optimizer = lro.DCTAdamW(2, step_size=1.0, refresh_every=1)
    seen = {tuple(optimizer.indices.tolist()) for G in gradients(5, 4) if optimizer.step(G)}
    assert len(seen) > 2


def test_moments_of_columns_that_stay_move_along_by_hand() -> None:
    optimizer = lro.DCTAdamW(2, step_size=1.0, refresh_every=1, basis=np.eye(3), epsilon_root=0.0)
    first, second = np.diag([0.0, 2.0, 3.0]), np.diag([4.0, 0.0, 3.0])
    optimizer.step(first)
    assert optimizer.indices.tolist() == [1, 2]
    before = optimizer.get_state()
    optimizer.step(second)
    after = optimizer.get_state()
    assert optimizer.indices.tolist() == [0, 2]
    for name, b, power in (("mean", 0.9, 1), ("square", 0.999, 2)):
        own = b * before[f"kept.{name}"][:, 1] + (1 - b) * second[:, 2] ** power
        new = (1 - b) * second[:, 0] ** power
        np.testing.assert_allclose(after[f"kept.{name}"], np.column_stack([new, own]), rtol=1e-14)
        due = moved_moments(before[f"kept.{name}"], [1, 2], [0, 2])
        np.testing.assert_array_equal(np.asarray(due, float), np.column_stack([0 * new, before[f"kept.{name}"][:, 1]]))


def test_ties_go_to_the_smaller_column_by_hand() -> None:
    """A trace in numbers that are exact: all columns have one length until the error levels them otherwise."""
    optimizer = lro.DCTAdamW(1, step_size=1.0, refresh_every=1, basis=np.eye(3), error_feedback=True, epsilon_root=0.0)
    G = np.ones((3, 3))
    chosen = []
    for _ in range(6):
        optimizer.step(G)
        chosen.append(optimizer.indices.tolist())
    assert chosen == [[0], [1], [2], [0], [1], [2]]
    np.testing.assert_array_equal(np.asarray(optimizer.error), [[2.0, 1.0, 0.0]] * 3)


def test_the_error_is_what_the_signed_column_leaves_by_hand() -> None:
    """With columns -e_1 and e_2 the coefficients are -3 and 1: an error of another sign would keep 6 or 0."""
    optimizer = lro.DCTAdamW(1, step_size=1.0, basis=np.diag([-1.0, 1.0]), error_feedback=True, epsilon_root=0.0)
    step = optimizer.step([[3.0, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(np.asarray(optimizer.error), [[0.0, 1.0], [0.0, 0.0]])
    np.testing.assert_allclose(step.update + 0.0, [[-1.0, 0.0], [0.0, 0.0]], atol=1e-12)
    assert optimizer.get_state()["kept.mean"][0, 0] == pytest.approx(-0.3)


@pytest.mark.parametrize("every", [1, 4])
def test_all_used_parts_sum_to_all_gradients_up_to_the_error(every: int) -> None:
    G, used, error = gradients(6, 5), np.zeros((6, 5)), np.zeros((6, 5))
    optimizer = lro.DCTAdamW(2, step_size=1.0, refresh_every=every, error_feedback=True)
    for gradient in G:
        optimizer.step(gradient)
        Q = lro.dct_basis(5, columns=optimizer.indices)
        used += (gradient + error) @ Q @ Q.T
        error = np.asarray(optimizer.error)
    np.testing.assert_allclose(used, G.sum(axis=0) - error, atol=1e-12)


def test_the_error_is_bounded_with_fresh_columns_and_grows_with_stale_ones() -> None:
    n, rank = 8, 2
    bound = float(theory.feedback_bound(Fraction(1), n, rank))
    largest = {}
    for every in (1, 200):
        optimizer = lro.DCTAdamW(rank, step_size=1.0, refresh_every=every, error_feedback=True)
        G = gradients(n, n, count=200) + np.eye(n)
        norms = [np.linalg.norm(np.asarray(optimizer.error)) for g in G if optimizer.step(g / np.linalg.norm(g))]
        largest[every] = max(norms)
    assert largest[1] <= bound < largest[200]


def test_vectors_and_all_columns_of_unit_vectors_are_adam() -> None:
    for shape, options in (((5,), {}), ((6, 4), {"basis": np.eye(4)}), ((3, 4), {"basis": np.eye(3)})):
        own = lro.DCTAdamW(4, step_size=0.1, **options)  # type: ignore[arg-type]
        due = lro.AdamW(step_size=0.1)
        for G in gradients(*shape):
            np.testing.assert_allclose(own.step(G).update, due.step(G).update, atol=1e-15)


def test_a_column_that_is_chosen_late_starts_with_a_longer_step() -> None:
    betas = {"beta1": 0.5, "beta2": 0.9, "epsilon_root": 0.0}
    optimizer = lro.DCTAdamW(1, step_size=1.0, refresh_every=200, basis=np.eye(2), **betas)
    for _ in range(200):
        optimizer.step(np.diag([1.0, 0.0]))
    late = optimizer.step(np.diag([0.0, 1.0])).update
    assert late[1, 1] == pytest.approx(-0.5 / math.sqrt(0.1), rel=1e-8)


def test_the_certificate_of_a_step_is_of_its_gradient() -> None:
    G = gradients(6, 4)[0]
    certificate = lro.DCTAdamW(2, step_size=1.0).step(G).certificate
    assert certificate is not None
    assert certificate.verify(G)
    assert not certificate.verify(2 * G)


def test_squares_above_the_range_are_a_matter_of_the_gradient() -> None:
    for make in (lro.DCTAdamW, lro.Trion):
        with pytest.raises(ValueError, match="`gradient` must be so small that its squares are finite; got entries up"):
            make(1, step_size=0.1).step(np.full((3, 2), 1e200))
