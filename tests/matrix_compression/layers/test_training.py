"""Steps of training that keep ranks, and scaled spectra as adapters."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.matrix_compression import prune_step, salt_to_adapter
from proofs_checks.matrix_compression.layers.scaled_spectra import salt_energy
from proofs_checks.matrix_compression.layers.truncated_steps import drift_limit


def rank_of(W: np.ndarray, share: float) -> int:
    s = np.linalg.svd(W, compute_uv=False)
    return next(r for r in range(len(s) + 1) if np.sum(s[r:] ** 2) <= share * np.sum(s**2))


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12, 1e170])
@pytest.mark.parametrize("rng", range(20))
def test_steps_against_dense_svd(rng: int, unit: float) -> None:
    draw = np.random.default_rng(rng)
    W, step = draw.normal(size=(6, 5)) * [10, 5, 1, 0.3, 0.1], draw.normal(size=(6, 5)) * draw.choice([0.01, 0.3])
    share = 0.03
    found = prune_step(W * unit, step * unit, keep_energy=1 - share)
    U, s, Vt = np.linalg.svd(W, full_matrices=False)
    k = rank_of(W, share)
    T = U[:, :k] * s[:k] @ Vt[:k]
    assert found.rank_before == k
    assert found.rank == rank_of(T + step, share)
    assert np.linalg.matrix_rank(found.W / unit, tol=1e-10) == found.rank
    assert np.linalg.norm(T + step - found.W / unit) ** 2 <= share * np.linalg.norm(T + step) ** 2 * (1 + 1e-12)
    assert found.safe == (np.linalg.norm(step) <= np.sqrt(share) * np.linalg.norm(T))
    if found.safe:
        assert found.rank <= found.rank_before


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_the_limit_is_sharp(share: float) -> None:
    T = np.diag([3.0, 2.0, 0.0])
    x = np.sqrt(share * (1 - share)) * np.linalg.norm(T)
    step = np.diag([0.0, 0.0, x]) - share * T
    assert prune_step(T, 0.999 * step, keep_energy=1 - share).rank == 2
    beyond = prune_step(T, 1.001 * step, keep_energy=1 - share)
    assert beyond.rank == 3
    assert not beyond.safe
    assert beyond.step_norm == pytest.approx(1.001 * beyond.limit, rel=1e-12)


def test_truncation_drifts_within_its_limit() -> None:
    W = np.diag(np.sqrt([1.0, 0.1, 0.1]))
    once = prune_step(W, 0 * W, keep_energy=0.9)
    assert (once.rank_before, once.rank) == (2, 1)  # one call truncates twice, and no step lies between
    lost = np.linalg.norm(W - once.W) ** 2 / np.linalg.norm(W) ** 2
    assert 0.1 < lost <= drift_limit(2, 0.1)


def test_zero_weights() -> None:
    found = prune_step(np.zeros((3, 2)), np.zeros((3, 2)))
    assert (found.rank, found.rank_before, found.safe, found.lost) == (0, 0, True, 0.0)


@pytest.mark.parametrize("shape", [(6, 5), (4, 7), (3, 3)])
@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12])
def test_scaled_spectra_are_an_adapter(shape: tuple[int, int], unit: float) -> None:
    draw = np.random.default_rng(0)
    W = draw.normal(size=shape) * unit
    U, s, Vt = np.linalg.svd(W)
    p, k, r = len(s), 2, 1
    a, b = draw.normal(size=k), draw.normal(size=k) * unit
    X, Y = draw.normal(size=(p - k, r)), draw.normal(size=(r, p - k)) * unit
    middle = np.zeros(shape)
    middle[:k, :k] = np.diag(a * s[:k] + b)
    middle[k:p, k:p] = np.diag(s[k:]) + X @ Y
    due = U @ middle @ Vt - W
    found = salt_to_adapter((U[:, :p], s, Vt[:p]), a, b, factors=(X, Y))
    np.testing.assert_allclose(found.dense(), due, atol=1e-13 * unit * 10)
    assert found.rank == k + r
    values = np.sort([*abs((a - 1) * s[:k] + b), *np.linalg.svd(X @ Y, compute_uv=False)[:r]])[::-1]
    np.testing.assert_allclose(found.singular_values[: k + r], values, rtol=1e-10, atol=1e-13 * unit)
    rest = float(np.linalg.norm(X @ Y) ** 2)
    energy = salt_energy(s[:k], a, b, rest)
    assert np.linalg.norm(due) ** 2 == pytest.approx(float(energy), rel=1e-10)
    small = salt_to_adapter((U[:, :p], s, Vt[:p]), a, b, factors=(X, Y), rank=1)
    assert np.linalg.norm(due - small.dense()) == pytest.approx(np.linalg.norm(values[1:]), rel=1e-10)


def test_the_signs_of_a_decomposition_do_not_matter_without_the_rest() -> None:
    W = np.random.default_rng(1).normal(size=(4, 5))
    U, s, Vt = np.linalg.svd(W, full_matrices=False)
    signs = np.array([1, -1, -1, 1])
    found = [salt_to_adapter(x, [2.0, 0.5], [0.1, 0.2]).dense() for x in (W, (U * signs, s, signs[:, None] * Vt))]
    np.testing.assert_allclose(*found, atol=1e-13)


REFUSED: list[tuple[Any, str]] = [
    (lambda: prune_step(np.eye(2), np.eye(3)), "`step` must be of shape (2, 2); got (3, 3)."),
    (lambda: prune_step(np.eye(2), np.eye(2), keep_energy=1.0), "`keep_energy` must be in (0, 1); got 1.0."),
    (
        lambda: salt_to_adapter(np.eye(2), [1.0] * 3, [1.0] * 3),
        "`scale` must be of at most 2 numbers, as the weight has singular values; got 3.",
    ),
    (lambda: salt_to_adapter(np.eye(2), [1.0], [1.0, 2.0]), "`shift` must be of shape (1,); got (2,)."),
    (
        lambda: salt_to_adapter(np.eye(3), [1.0], [1.0], factors=(np.ones((2, 1)), np.ones((1, 3)))),
        "`factors` must be X of shape (2, r) and Y of shape (r, 2); got ((2, 1), (1, 3)).",
    ),
    (
        lambda: salt_to_adapter(np.eye(2), [1.0], [1.0], factors=(np.ones((1, 1)),)),  # type: ignore[arg-type]
        "`factors` must be a pair X and Y; got (array([[1.]]),).",
    ),
    (
        lambda: salt_to_adapter((2 * np.eye(2), [2.0, 1.0], np.eye(2)), [1.0], [1.0]),
        "`U` must be orthonormal; got array([[2., 0.], [0., 2.]]).",
    ),
    (
        lambda: salt_to_adapter((np.eye(2), [1.0, 2.0], np.eye(2)), [1.0], [1.0]),
        "`s` must be decreasing; got array([1., 2.]).",
    ),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED)
def test_refusals(call: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == sentence


def test_a_share_that_is_met_exactly_may_be_lost() -> None:
    assert prune_step(np.eye(2), np.zeros((2, 2)), keep_energy=0.5).rank_before == 1


def test_exact_weights_come_back_as_doubles() -> None:
    W, step = np.array([[8.0, 0.25], [0.5, 1.0]]), np.array([[0.0, 0.5], [-0.25, 0.0]])
    exactly = np.vectorize(Fraction, otypes=[object])
    found = prune_step(exactly(W), exactly(step))
    assert found.W.dtype == np.float64
    np.testing.assert_array_equal(found.W, prune_step(W, step).W)
    adapter = salt_to_adapter(exactly(W), exactly(np.array([1.5])), exactly(np.array([0.5])))
    np.testing.assert_array_equal(adapter.dense(), salt_to_adapter(W, [1.5], [0.5]).dense())
