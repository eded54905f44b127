"""Trion against a trace with singular values, and its buffer against the bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import fft

from lrtheory import low_rank_optimizers as lro
from proofs_checks.low_rank_optimizers.columns.feedback import momentum_bound

QUINTIC = (3.4445, -4.7750, 2.0315)


def gradients(*shape: int, count: int = 8) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(count, *shape))


def pushed(S: np.ndarray) -> np.ndarray:
    """The polynomial on singular values, by the decomposition."""
    U, s, V = np.linalg.svd(S / np.linalg.norm(S), full_matrices=False)
    for _ in range(5):
        s = QUINTIC[0] * s + QUINTIC[1] * s**3 + QUINTIC[2] * s**5
    return (U * s) @ V


@pytest.mark.parametrize("scaling", ["muon", "rms", "spectral"])
@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_steps_follow_the_formulas(shape: tuple[int, int], scaling: str) -> None:
    G, mu, n = gradients(*shape), 0.8, min(shape)
    Q = fft.dct(np.eye(n), axis=1, norm="ortho")
    R, C = shape
    factor = {"muon": math.sqrt(max(1, R / C)), "rms": 0.2 * math.sqrt(max(R, C)), "spectral": math.sqrt(R / C)}
    optimizer = lro.Trion(2, step_size=0.1, momentum=mu, scaling=scaling)
    M = np.zeros(shape if shape[1] <= shape[0] else shape[::-1])
    for g in G:
        M = M + (g if shape[1] <= shape[0] else g.T)
        S = M @ Q
        some = sorted(sorted(range(n), key=lambda j: (-(S[:, j] ** 2).sum(), j))[:2])
        due = -0.1 * factor[scaling] * pushed(S[:, some]) @ Q[:, some].T
        M = M - (1 - mu) * S[:, some] @ Q[:, some].T
        step = optimizer.step(g)
        assert optimizer.indices.tolist() == some
        np.testing.assert_allclose(step.update if shape[1] <= shape[0] else step.update.T, due, atol=1e-9)
        own = np.asarray(optimizer.buffer)
        np.testing.assert_allclose(own if shape[1] <= shape[0] else own.T, M, atol=1e-12)


def test_ties_and_the_part_that_is_kept_by_hand() -> None:
    optimizer = lro.Trion(1, step_size=1.0, momentum=0.5, basis=np.eye(2))
    buffers, chosen = [], []
    for _ in range(3):
        optimizer.step(np.ones((2, 2)))
        chosen.append(optimizer.indices.tolist())
        buffers.append(np.asarray(optimizer.buffer)[0].tolist())
    assert chosen == [[0], [1], [0]]
    assert buffers == [[0.5, 1.0], [1.5, 1.0], [1.25, 2.0]]


def test_the_buffer_is_bounded_with_squares_and_not_with_absolute_values() -> None:
    m, n, rank, mu = 64, 8, 7, 0.9
    bound = float(momentum_bound(1, n, rank, mu))
    spiked = np.full((m, n), (1 + 1e-9) / m)
    spiked[:, 0] = 0
    spiked[0, 0] = 1.0
    spiked /= np.linalg.norm(spiked)
    for given in ([spiked] * 100, [g / np.linalg.norm(g) for g in gradients(m, n, count=100)]):
        optimizer = lro.Trion(rank, step_size=1.0, momentum=mu, basis=np.eye(n))
        assert max(np.linalg.norm(np.asarray(optimizer.buffer)) for g in given if optimizer.step(g)) <= bound
    absolute = lro.Trion(rank, step_size=1.0, momentum=mu, basis=np.eye(n), rule="l1")
    assert max(np.linalg.norm(np.asarray(absolute.buffer)) for _ in range(100) if absolute.step(spiked)) > bound


def test_units_do_not_matter_and_all_columns_are_muon_with_its_own_buffer() -> None:
    G = gradients(5, 4)[0]
    due = lro.Trion(4, step_size=0.1).step(G).update
    for size in (1e-12, 1e12):
        np.testing.assert_allclose(lro.Trion(4, step_size=0.1).step(G * size).update, due, rtol=1e-9)
    np.testing.assert_allclose(due, -0.1 * math.sqrt(5 / 4) * pushed(G), atol=1e-9)


def test_vectors_get_adam() -> None:
    own, due = lro.Trion(2, step_size=0.1), lro.AdamW(step_size=0.1)
    for g in gradients(5):
        np.testing.assert_array_equal(own.step(g).update, due.step(g).update)
    assert own.buffer is None
    assert own.indices.tolist() == []
