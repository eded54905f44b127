"""Errors in one line that other tests would not see, against formulas written out anew."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lrtheory import low_rank_adapters as lra


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_steps_of_adam_have_the_size_of_the_formula(momentum: float, scale: float) -> None:
    B, A, M = normal(6, 2), normal(2, 5, rng=1), normal(6, 5, rng=2)
    found = lra.train(
        lra.lora(B, A, scale=scale),
        lambda update: update - M,
        method="adam",
        step_size=0.01,
        momentum=momentum,
        max_iter=4,
        tol=0.0,
        record=True,
    )
    assert found.trace is not None
    x = {"B": B, "A": A}
    m, v = ({name: np.zeros(value.shape) for name, value in x.items()} for _ in range(2))
    for t in range(1, 5):
        G = scale * x["B"] @ x["A"] - M
        g = {"B": scale * G @ x["A"].T, "A": scale * x["B"].T @ G}
        for name in x:
            m[name] = momentum * m[name] + (1 - momentum) * g[name]
            v[name] = 0.999 * v[name] + 0.001 * g[name] ** 2
            step = (m[name] / (1 - momentum**t)) / np.sqrt(v[name] / (1 - 0.999**t))
            x[name] = x[name] - 0.01 * step
            np.testing.assert_allclose(found.trace[name][t], x[name], rtol=1e-9, atol=1e-12)
        if t == 1:  # the first step has one size in every entry
            np.testing.assert_allclose(np.abs(x["A"] - A), 0.01, rtol=1e-9)


@pytest.mark.parametrize("method", ["altlora", "joint"])
def test_momenta_of_both_factors_move_to_the_factors_of_now(method: str) -> None:
    B, A, M, scale, b, size = normal(6, 2), normal(2, 5, rng=1), normal(6, 5, rng=2), 2.0, 0.75, 0.25
    found = lra.train(
        lra.lora(B, A, scale=scale),
        lambda update: update - M,
        method=method,
        step_size=size,
        momentum=b,
        max_iter=6,
        tol=0.0,
        record=True,
    )
    assert found.trace is not None
    mean_A, mean_B, at_A, at_B = np.zeros(A.shape), np.zeros(B.shape), A, B
    for k in range(6):
        G, before = scale * B @ A - M, (B, A)
        if method == "joint" or k % 2 == 0:
            inverse = np.linalg.pinv(before[0])
            mean_A = b * inverse @ at_B @ mean_A + (1 - b) * inverse @ G / scale
            A, at_B = before[1] - size * mean_A, before[0]
        if method == "joint" or k % 2 == 1:
            inverse = np.linalg.pinv(before[1])
            mean_B = b * mean_B @ at_A @ inverse + (1 - b) * G @ inverse / scale
            B, at_A = before[0] - size * mean_B, before[1]
        np.testing.assert_allclose(found.trace["momentum_A"][k + 1], mean_A, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.trace["momentum_B"][k + 1], mean_B, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.trace["B"][k + 1] @ found.trace["A"][k + 1], B @ A, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5)])
@pytest.mark.parametrize("method", ["random", "orthogonal", "sign"])
@pytest.mark.parametrize("kind", ["lora", "lora-fa", "lora-xs"])
def test_a_start_captures_what_dense_projectors_say(kind: str, method: str, shape: tuple[int, int]) -> None:
    G, larger = normal(*shape, rng=4), set()
    for seed in range(6):
        start = lra.initialize(lra.make_adapter(kind, shape, rank=2, rng=0), G, method=method, rng=seed)
        B, A = (np.asarray({**start.adapter.params, **start.adapter.frozen}[name]) for name in "BA")
        U, V = (start.certificate.B, start.certificate.A) if not B.any() else (B, A)
        P, Q = np.asarray(U) @ np.linalg.pinv(U), np.linalg.pinv(V) @ np.asarray(V)
        left, right, both = (np.linalg.norm(X) ** 2 / np.linalg.norm(G) ** 2 for X in (P @ G, G @ Q, P @ G @ Q))
        due = {"lora": max(left, right), "lora-fa": right, "lora-xs": both}[kind]
        assert start.captured == pytest.approx(due, rel=1e-10)
        larger.add(bool(left > right))
    # either share is the larger one for some seed; LoRA-FA starts with B = 0, whose share is 0
    assert kind == "lora-fa" or shape != (5, 5) or method == "sign" or larger == {True, False}


def test_switches_follow_the_schedule_from_the_first_step_on() -> None:
    """With rank 10, interval 1 and horizon 1 the first step has 10 x 0.3 = 3 switches a side, and the next .9."""
    firsts, nexts = [], []
    for seed in range(200):
        run = lra.SwitchedLoRA(normal(12, 11), 10, step_size=1e-3, horizon=1, interval=1, rng=seed)
        counts = []
        for _ in range(2):
            run.step(normal(12, 11, rng=seed))
            counts.append(run.n_switches)
        firsts.append(counts[0])
        nexts.append(counts[1] - counts[0])
    assert set(firsts) <= {6, 8}  # 3 a side, and one more where the product is rounded up
    assert abs(np.mean(firsts) - 6) < 0.1
    assert set(nexts) <= {0, 1, 2}
    assert abs(np.mean(nexts) - 1.8) < 5 * math.sqrt(2 * 0.9 * 0.1 / 200)


@pytest.mark.parametrize("share", [1e-9, 1e-6, 1e-3, 1e-2])
def test_weights_near_rank_one_have_no_exact_distance(share: float) -> None:
    """Nearly is not exactly: then the lower end is below what is attained, by as much as the weights vary."""
    D = normal(6, 5, rng=3)
    even = np.outer(np.exp(normal(6, rng=4)), np.exp(normal(5, rng=5)))
    W = even * (1 + share * np.random.default_rng(6).uniform(-1, 1, (6, 5)))
    found = lra.distance(lra.hadamard(W, np.zeros((6, 2)), np.zeros((2, 5))), D)
    assert not found.exact
    assert found.lower < found.upper
    assert found.lower >= (1 - 3 * share) * found.upper * (1 - 1e-6)
    assert lra.distance(lra.hadamard(even, np.zeros((6, 2)), np.zeros((2, 5))), D).exact
    bases = np.linalg.qr(normal(6, 4, rng=7)).Q.reshape(6, 2, 2).transpose(1, 0, 2)
    blank = {"lambdas": np.zeros((2, 2)), "gammas": np.zeros((2, 5))}
    signs = np.sign(normal(2, 5, rng=8))
    varied = signs * (1 + share * np.random.default_rng(9).uniform(-1, 1, (2, 5)))
    assert lra.distance(lra.randlora(bases, signs, **blank), D).exact
    for adapter in (
        lra.randlora(bases, varied, **blank),
        lra.randlora(bases + share * normal(2, 6, 2), signs, **blank),
    ):
        near = lra.distance(adapter, D)
        assert not near.exact
        assert near.lower < near.upper


@pytest.mark.parametrize("gap", [1e-12, 1e-9, 1e-6])
def test_singular_values_beside_each_other_are_no_tie(gap: float) -> None:
    Q, P = np.linalg.qr(normal(5, 5)).Q, np.linalg.qr(normal(4, 4, rng=1)).Q
    adapter = lra.lora(np.zeros((5, 1)), np.zeros((1, 4)))
    for values, tied in (((1.0, 1 - gap, 0.5, 0.1), False), ((1.0, 1.0, 0.5, 0.1), True)):
        D = (Q[:, :4] * values) @ P
        assert ("equal" in lra.distance(adapter, D).message) is tied
        for method in ("gram", "svd"):
            told = lra.to_lora(lra.full(D), rank=1, method=method).message
            assert gap < 1e-9 or ("equal" in told or "as near" in told) is tied, (method, told)
