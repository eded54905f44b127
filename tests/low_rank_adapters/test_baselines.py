"""What is done in practice, against dense formulas, and random subspaces against drawn ones."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.low_rank_adapters import baselines
from lrtheory.low_rank_adapters.fit import fit
from lrtheory.low_rank_adapters.kinds.lora import lora, lora_fa
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.problem import make_update

RNG = np.random.default_rng(0)
X, Y, W = (RNG.normal(size=shape) for shape in ((9, 6), (9, 5), (5, 6)))
START = lora(np.zeros((5, 2)), np.zeros((2, 6)), scale=-0.5)


def truncated(D: np.ndarray, rank: int) -> np.ndarray:
    U, S, Vt = np.linalg.svd(D, full_matrices=False)
    return U[:, :rank] * S[:rank] @ Vt[:rank]


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_truncation_is_the_best_of_its_rank(unit):
    D = unit * RNG.normal(size=(5, 6))
    found, best = baselines.truncated_svd(START, D), fit(START, D)
    assert found.adapter.dense() / unit == pytest.approx(truncated(D, 2) / unit, abs=1e-12)
    assert found.loss == pytest.approx(best.loss, rel=1e-12)
    assert found.certificate.verify(D)


def test_a_rank_beyond_the_sides_is_filled_with_zeros():
    found = baselines.truncated_svd(lora(np.zeros((2, 5)), np.zeros((5, 3))), np.arange(6.0).reshape(2, 3))
    assert found.adapter.dense() == pytest.approx(np.arange(6.0).reshape(2, 3), abs=1e-12)
    assert found.captured == pytest.approx(1.0)


@pytest.mark.parametrize(("unit", "inner"), [(1.0, 1.0), (1e12, 1e-12), (1e-12, 1e6)])
@pytest.mark.parametrize("ridge", [0.0, 0.5, None])
def test_truncation_of_the_whole_update(ridge, unit, inner):
    lam = 1e-2 * np.sum(X * X) / 6 if ridge is None else ridge
    E = Y - X @ W.T
    D = np.linalg.solve(X.T @ X + lam * np.eye(6), X.T @ E).T
    given = {"X": inner * X, "Y": unit * Y, "weight": W * unit / inner}
    found = baselines.ridge_then_svd(START, **given, ridge=None if ridge is None else ridge * inner**2)
    assert found.adapter.dense() * inner / unit == pytest.approx(truncated(D, 2), abs=1e-9)
    assert found.loss / unit**2 == pytest.approx(np.sum((E - X @ truncated(D, 2).T) ** 2), rel=1e-9)
    best = fit(START, **given)
    assert found.lower == pytest.approx(best.loss, rel=1e-9)
    assert found.loss > best.loss * (1 + 1e-6)
    assert found.certificate.verify((given["X"], given["Y"], given["weight"]))


def test_random_subspaces_are_as_good_as_drawn_ones():
    """The mean and the spread of the share, against projections onto subspaces that were made."""
    start, D = lora_fa(np.zeros((3, 2)), np.eye(2, 4)), make_update("power", (3, 4), rng=1).target
    K, n = start.dimension, D.size
    ours = np.array([baselines.random_linear(start, D, rng=k).captured for k in range(2000)])
    made = []
    for _ in range(2000):
        Q = np.linalg.qr(RNG.normal(size=(n, K)))[0]
        made.append(np.sum((Q.T @ D.ravel()) ** 2) / np.sum(D * D))
    assert ours.mean() == pytest.approx(K / n, abs=0.02)
    assert ours.mean() == pytest.approx(np.mean(made), abs=0.02)
    assert ours.std() == pytest.approx(np.std(made), abs=0.02)


def test_a_projection_is_orthogonal_to_what_it_leaves():
    D = 1e-12 * RNG.normal(size=(5, 6))
    found = baselines.random_linear(START, D, rng=0)
    P = found.adapter.dense()
    assert np.vdot(P, D - P) / np.sum(D * D) == pytest.approx(0, abs=1e-12)
    assert found.captured == pytest.approx(np.sum(P * P) / np.sum(D * D), rel=1e-9)
    assert found.loss == pytest.approx(np.sum((D - P) ** 2), rel=1e-9)
    assert baselines.random_linear(START, 0 * D, rng=0).captured == 1


def test_conversion_through_the_whole_update():
    adapter = make_adapter("uni-lora", (8, 6), rank=4, d=20, rng=0)
    found = baselines.peft_convert_like(adapter, rank=2)
    values = np.linalg.svd(adapter.dense(), compute_uv=False)
    assert found.loss == pytest.approx(np.sum(values[2:] ** 2), rel=1e-9)
    assert found.adapter.dense() == pytest.approx(truncated(adapter.dense(), 2), abs=1e-12)


def test_single_precision_stays_single():
    single = lora(np.zeros((5, 2), np.float32), np.zeros((2, 6), np.float32))
    for found in (
        baselines.truncated_svd(single, W),
        baselines.ridge_then_svd(single, X=X, Y=Y),
        baselines.random_linear(single, W, rng=0),
        baselines.peft_convert_like(single, rank=1),
    ):
        assert found.adapter.dense().dtype == np.float32


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: baselines.truncated_svd(make_adapter("vera", (5, 6)), W), ValueError, "`adapter` must be a LoRA"),
        (lambda: baselines.truncated_svd(W, W), TypeError, "`adapter` must be an adapter"),
        (lambda: baselines.truncated_svd(START, W.T), ValueError, r"`target` must be finite of shape \(5, 6\)"),
        (lambda: baselines.ridge_then_svd(START, X=X, Y=Y, ridge=-1.0), ValueError, "`ridge` must be"),
        (lambda: baselines.ridge_then_svd(START, X=X, Y=Y[1:]), ValueError, "`Y` must be finite of shape"),
        (lambda: baselines.random_linear(W, W), TypeError, "`adapter` must be an adapter"),
        (lambda: baselines.peft_convert_like(START, rank=6), ValueError, r"`rank` must be an integer in \[1, 5\]"),
        (lambda: baselines.peft_convert_like(W, rank=1), TypeError, "`adapter` must be an adapter"),
    ],
)
def test_bad_input_is_refused(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()
