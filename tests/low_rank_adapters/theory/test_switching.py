"""Switches against the merged weight before and after, its rank, and gradients at both factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_adapters import theory


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("side", ["A", "B"])
def test_switches_keep_the_merged_weight(seed: int, side: str) -> None:
    rng = np.random.default_rng(seed)
    W, B, A = rng.integers(-5, 6, (4, 3)), rng.integers(-5, 6, (4, 2)), rng.integers(-5, 6, (2, 3))
    new, k = rng.integers(-5, 6, 3 if side == "A" else 4), seed % 2
    found = theory.switched_weight(W, B[:, k], A[k], candidate=new, scale=3, side=side)
    C, D = B.copy(), A.copy()
    if side == "A":
        D[k] = new
    else:
        C[:, k] = new
    assert (W + 3 * B @ A == found + 3 * C @ D).all()
    assert np.linalg.matrix_rank((found - W).astype(float)) <= 1 < theory.switched_rank((4, 3), 2, 1)


def test_the_gradient_of_the_counterpart_alone_jumps() -> None:
    rng = np.random.default_rng(0)
    G, A = rng.integers(-5, 6, (4, 3)), rng.integers(-5, 6, (2, 3))
    new = A.copy()
    new[1] = [1, 2, 3]
    jump = 2 * G @ new.T - 2 * G @ A.T
    assert (jump[:, 1] == theory.gradient_jump(G, A[1], new[1], scale=2)).all()
    assert not jump[:, 0].any()


def test_ranks() -> None:
    assert theory.switched_rank((3, 9), 2, 5) == 3
    assert theory.switched_rank((8, 9), 2, 0) == 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.switched_weight([[1]], [1], [1], candidate=[1], side="C"), "`side` must be"),
        (lambda: theory.switched_weight([[1]], [1, 2], [1], candidate=[1]), "`left` must be of shape"),
        (lambda: theory.switched_rank((0, 1), 1, 1), r"`shape\[0\]` must be"),
        (lambda: theory.gradient_jump([[1]], [1], [1, 2]), "`after` must be of shape"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
