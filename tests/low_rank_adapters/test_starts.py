"""Upper ends of distances against minimizers from many starts, and against adapters that somebody already has."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

from lrtheory import low_rank_adapters as lra

KINDS = ("vera", "randlora", "hadamard", "uni-lora")
Image = Callable[[np.ndarray], np.ndarray]


def drawn(kind: str, number: int) -> tuple[lra.Adapter, Image, np.ndarray]:
    """A tiny adapter of zeros, its update as a function of all trained numbers in one vector, and a target."""
    draw = np.random.default_rng((number, KINDS.index(kind)))

    def entries(*shape: int) -> np.ndarray:
        return draw.normal(size=shape) if number % 2 else draw.integers(-4, 5, shape).astype(float)

    m, n, r = (int(size) for size in draw.integers(1, [5, 5, 4]))
    D = entries(m, n)
    if kind == "vera":
        B, A = entries(m, r), entries(r, n)
        return lra.vera(B, A, b=np.zeros(m), d=np.zeros(r)), lambda x: x[:m, None] * ((B * x[m:]) @ A), D
    if kind == "hadamard":
        W = entries(m, n)
        made = lra.hadamard(W, np.zeros((m, r)), np.zeros((r, n)))
        return made, lambda x: W * (x[: m * r].reshape(m, r) @ x[m * r :].reshape(r, n)), D
    if kind == "randlora":
        N, A = int(draw.integers(1, 4)), entries(r, n)
        A[A == 0] = 1.0
        bases = entries(N, m, r)

        def image(x: np.ndarray) -> np.ndarray:
            lambdas, gammas = x[: N * r].reshape(N, r), x[N * r :].reshape(N, n)
            return np.einsum("jbk,jk,kc,jc->bc", bases, lambdas, A, gammas)

        return lra.randlora(bases, A, lambdas=np.zeros((N, r)), gammas=np.zeros((N, n))), image, D
    size = r * (m + n)
    groups = draw.permutation(np.arange(size) % int(draw.integers(1, size + 1)))
    roots = np.sqrt(np.bincount(groups))

    def shared(x: np.ndarray) -> np.ndarray:
        v = (x / roots)[groups]
        return v[r * n :].reshape(m, r) @ v[: r * n].reshape(r, n)

    return lra.uni_lora(np.zeros(len(roots)), (m, n), r, assignment=groups), shared, D


def eight_starts(image: Image, size: int, D: np.ndarray) -> float:
    """The least distance that Levenberg and Marquardt's method finds."""
    draw, short = np.random.default_rng(3), max(0, size - D.size)

    def residual(x: np.ndarray) -> np.ndarray:
        return np.pad((D - image(x)).ravel(), (0, short))  # the method wants as many residuals as unknowns

    found = []
    for _ in range(8):
        x = draw.normal(size=size)
        x *= (np.linalg.norm(D) / max(float(np.linalg.norm(image(x))), 1e-9)) ** 0.5
        found.append(float(np.linalg.norm(least_squares(residual, x, method="lm", max_nfev=60 * size).fun)))
    return min(found)


@pytest.mark.parametrize("kind", KINDS)
def test_no_upper_end_is_above_what_eight_starts_find(kind: str) -> None:
    for number in range(12):
        adapter, image, D = drawn(kind, number)
        found, reached = lra.distance(adapter, D), eight_starts(image, adapter.n_parameters, D)
        assert found.upper <= 1.01 * reached + 1e-9 * np.linalg.norm(D), number
        assert found.lower <= reached * (1 + 1e-9) + 1e-9 * np.linalg.norm(D)
        assert found.certificate.verify(D)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [*KINDS, "lora", "lora-fa", "lora-xs", "full"])
def test_no_adapter_is_called_farther_than_it_is(kind: str, dtype: Any) -> None:
    draw = np.random.default_rng(8)
    for seed in range(3):
        D, W = draw.normal(size=(2, 5, 4)).astype(dtype)
        plain = lra.make_adapter(kind, (5, 4), rank=2, rng=seed, weight=W if kind == "hadamard" else None)
        made = {name: draw.normal(size=value.shape).astype(dtype) for name, value in plain.params.items()}
        kept = {name: v.astype(dtype) if v.dtype.kind == "f" else v for name, v in plain.frozen.items()}
        drawn_one = dataclasses.replace(plain, params=made, frozen=kept)
        for adapter in (drawn_one, lra.fit(drawn_one, D, rng=seed).adapter):
            for target in (D, adapter.dense()):
                own = np.linalg.norm(target.astype(np.float64) - exact_update(adapter))
                rounding = 1e-14 * np.linalg.norm(target.astype(np.float64))
                for found in (lra.distance(adapter, target, n_starts=1), lra.distance(adapter, target)):
                    assert found.upper <= own + rounding
                    assert found.nearest.dense().dtype == dtype
                    assert found.certificate.verify(target)
                assert lra.fit(adapter, target, n_starts=1).loss ** 0.5 <= own + rounding


def exact_update(adapter: lra.Adapter) -> np.ndarray:
    """The update of the adapter's numbers, in doubles."""
    fields = {
        name: {key: v.astype(np.float64) if v.dtype.kind == "f" else v for key, v in getattr(adapter, name).items()}
        for name in ("params", "frozen")
    }
    return np.asarray(dataclasses.replace(adapter, **fields).dense())


def test_more_starts_come_nearer_and_one_source_gives_one_answer() -> None:
    gains = 0
    for number in range(30):
        adapter, _, D = drawn("vera", number)
        one, many = (lra.distance(adapter, D, n_starts=count).upper for count in (1, 32))
        assert many <= one * (1 + 1e-6) + 1e-12
        gains += many < 0.99 * one
        assert lra.distance(adapter, D, n_starts=4, rng=2).upper == lra.distance(adapter, D, n_starts=4, rng=2).upper
        assert lra.distance(adapter, D).upper == lra.distance(adapter, D).upper
    assert gains >= 2
    with pytest.raises(ValueError, match="`n_starts` must be"):
        lra.distance(adapter, D, n_starts=0)


def test_an_upper_end_says_of_how_many_runs_it_is_the_best() -> None:
    D, W = np.random.default_rng(0).normal(size=(2, 5, 4))
    blank = lra.hadamard(W, np.zeros((5, 1)), np.zeros((1, 4)))
    assert "best of 3 runs" in lra.distance(blank, D, n_starts=3).message
    assert "distance from" in lra.distance(blank, D)._facts()[0]
    given = lra.hadamard(W, np.ones((5, 1)), np.ones((1, 4)))
    assert "best of 4 runs" in lra.distance(given, D, n_starts=3).message
    exact = lra.distance(lra.lora(np.zeros((5, 1)), np.zeros((1, 4))), D)
    assert "runs" not in exact.message
    assert exact._facts()[0].startswith(f"distance {exact.upper:.6g} (")
    assert "best of 5 runs" in lra.fit(blank, D, n_starts=5).message
