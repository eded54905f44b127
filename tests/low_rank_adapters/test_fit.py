"""Fits against alternating least squares, formulas and each other."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_adapters.distance import distance
from lrtheory.low_rank_adapters.fit import FitState, fit
from lrtheory.low_rank_adapters.kinds.lora import lora
from lrtheory.low_rank_adapters.kinds.make import KINDS as ALL
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.training.train import train

SHAPE = (5, 4)
#: the weights of a Queryable LoRA are not free, and have tests of their own
KINDS = [kind for kind in ALL if kind != "queryable"]
BLANK = lora(np.zeros((5, 2)), np.zeros((2, 4)))


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


def data(n: int, rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    X = normal(n, rank) @ normal(rank, 4, rng=1)
    return X, normal(n, 5, rng=2), normal(5, 4, rng=3)


def alternated(X: np.ndarray, E: np.ndarray, ridge: float, rank: int = 2) -> float:
    """The loss that plain alternating least squares reaches from several starts."""
    X = np.vstack([X, ridge**0.5 * np.eye(4)])
    E = np.vstack([E, np.zeros((4, 5))])
    best = np.inf
    for k in range(5):
        A = normal(rank, 4, rng=k)
        for _ in range(300):
            B = np.linalg.lstsq(X @ A.T, E, rcond=None)[0].T
            A = np.linalg.pinv(B) @ E.T @ np.linalg.pinv(X.T)
        best = min(best, float(np.sum((E - X @ (B @ A).T) ** 2)))
    return best


@pytest.mark.parametrize("ridge", [0.0, 0.5])
@pytest.mark.parametrize(("n", "rank"), [(12, 4), (3, 3), (9, 2), (1, 1)])
def test_reduced_rank_regression_is_never_beaten(n: int, rank: int, ridge: float) -> None:
    X, Y, W = data(n, rank)
    found = fit(BLANK, X=X, Y=Y, weight=W, ridge=ridge)
    E, delta = Y - X @ W.T, found.adapter.dense()
    loss = np.sum((E - X @ delta.T) ** 2) + ridge * np.sum(delta**2)
    size = np.sum(E**2)
    assert found.method == "closed-form"
    assert found.loss == pytest.approx(loss, abs=1e-12 * size)
    assert found.lower <= alternated(X, E, ridge) + 1e-12 * size
    assert found.loss == pytest.approx(alternated(X, E, ridge), abs=1e-6 * size)
    assert found.captured == pytest.approx(1 - loss / size)
    assert found.certificate.verify((X, Y, W))
    outside = np.eye(4) - np.linalg.pinv(X) @ X
    assert np.linalg.norm(delta @ outside) < 1e-12 * (1 + np.linalg.norm(delta))  # nothing where there are no inputs


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "rank"), [(12, 4), (6, 2)])
def test_losses_fall_and_lie_above_the_bound(kind: str, n: int, rank: int) -> None:
    X, Y, W = data(n, rank)
    adapter = make_adapter(kind, SHAPE, rank=2, rng=0, weight=normal(*SHAPE) if kind == "hadamard" else None)
    found = fit(adapter, X=X, Y=Y, weight=W, rng=0, max_iter=20, record=True)
    E = Y - X @ W.T
    assert found.loss == pytest.approx(np.sum((E - X @ found.adapter.dense().T) ** 2), rel=1e-9, abs=1e-12)
    assert found.trace is not None
    assert (np.diff(found.trace["loss"]) <= 0).all()
    assert len(found.trace["loss"]) == found.n_iter + 1
    assert found.lower <= found.loss
    assert found.certificate.bound == found.lower
    assert found.certificate.verify((X, Y, W))
    assert not dataclasses.replace(found.certificate, ridge=1.0).verify((X, Y, W))
    scaled = fit(adapter, X=X * 2.0**-41, Y=Y * 2.0**300, weight=W * 2.0**341, rng=0, max_iter=20)
    assert scaled.captured == pytest.approx(found.captured, rel=1e-12)  # powers of two change no digit of any step


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_is_the_same_as_orthonormal_inputs(kind: str) -> None:
    D, Q = normal(*SHAPE), np.linalg.qr(normal(4, 4, rng=5)).Q
    adapter = make_adapter(kind, SHAPE, rank=2, rng=0, weight=normal(*SHAPE) if kind == "hadamard" else None)
    target, outputs = fit(adapter, D, rng=0, n_starts=5), fit(adapter, X=Q, Y=Q @ D.T, rng=0, n_starts=5)
    assert target.lower == pytest.approx(outputs.lower, abs=1e-9)
    assert target.captured == pytest.approx(outputs.captured, abs=0.05)
    assert target.captured >= distance(adapter, D).captured - 1e-4


def test_more_starts_do_no_harm_and_one_rng_gives_one_result() -> None:
    adapter = make_adapter("uni-lora", SHAPE, rank=2, rng=0)
    first, again, more = (fit(adapter, normal(*SHAPE), n_starts=k, rng=3, max_iter=20) for k in (2, 2, 6))
    assert first.loss == again.loss
    assert more.loss <= first.loss
    assert more.counts["starts"] == 6


def test_the_callback_sees_each_step_and_can_stop() -> None:
    adapter, D, seen = make_adapter("vera", SHAPE, rank=2, rng=0), normal(*SHAPE), []

    def callback(state: FitState) -> None:
        seen.append(state)
        if state.n_iter == 2:
            raise StopIteration

    found = fit(adapter, D, tol=0.0, callback=callback)
    assert [state.n_iter for state in seen] == [1, 2]
    assert not found.converged
    assert "callback" in found.message
    assert seen[-1].loss == pytest.approx(found.loss)
    assert np.sum((D - seen[-1].adapter.dense()) ** 2) == pytest.approx(found.loss)


def test_what_is_not_proved_is_said() -> None:
    adapter = make_adapter("hadamard", SHAPE, rank=2, rng=0, weight=normal(*SHAPE))
    found = fit(adapter, X=normal(2, 4), Y=normal(2, 5), max_iter=1, n_starts=1, tol=0.0)
    assert found.message.startswith("no lower bound: the inputs do not span")
    assert "max_iter" in found.message


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({}, "`target` must be given"),
        ({"X": normal(3, 4)}, "`target` must be given"),
        ({"target": normal(5, 4), "X": normal(3, 4)}, "`X` must be left out"),
        ({"target": normal(5, 4), "ridge": 1.0}, "`ridge` must be left out"),
        ({"target": normal(4, 5)}, r"finite of shape \(5, 4\)"),
        ({"X": normal(3, 5), "Y": normal(3, 5)}, r"`X` must be finite of shape \(T, 4\)"),
        ({"X": normal(3, 4), "Y": normal(2, 5)}, r"`Y` must be finite of shape \(3, 5\)"),
        ({"X": normal(3, 4), "Y": normal(3, 5), "weight": normal(4, 5)}, "`weight` must be finite"),
        ({"X": normal(3, 4), "Y": normal(3, 5), "ridge": -1.0}, "`ridge`"),
        ({"X": normal(3, 4), "Y": normal(3, 5), "ridge": np.inf}, "`ridge`"),
        ({"target": normal(5, 4), "method": "best"}, "`method`"),
        ({"target": normal(5, 4), "tol": -1.0}, "`tol`"),
        ({"target": normal(5, 4), "max_iter": 0}, "`max_iter`"),
        ({"target": normal(5, 4), "n_starts": 0}, "`n_starts`"),
    ],
)
def test_bad_input(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        fit(BLANK, **options)


def test_nothing_to_fit() -> None:
    zero = fit(BLANK, X=np.zeros((3, 4)), Y=normal(3, 5))
    assert zero.captured == pytest.approx(0.0, abs=1e-15)
    assert not zero.adapter.dense().any()
    assert fit(BLANK, X=normal(3, 4), Y=np.zeros((3, 5))).captured == 1.0


def test_a_callback_is_callable() -> None:
    with pytest.raises(TypeError, match="^`callback` must be callable or None; got 3"):
        fit(BLANK, normal(5, 4), callback=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="^`callback` must be callable or None; got 3"):
        train(lora(normal(5, 2), normal(2, 4)), lambda delta: delta, step_size=0.1, callback=3)  # type: ignore[arg-type]
