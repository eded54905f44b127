"""Switches against the merged weight before and after, its rank, and gradients at both factors."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.low_rank_adapters.products.switches import gradient_jump, switched_rank, switched_weight


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("side", ["A", "B"])
def test_switches_keep_the_merged_weight(seed: int, side: str) -> None:
    rng = np.random.default_rng(seed)
    W, B, A = rng.integers(-5, 6, (4, 3)), rng.integers(-5, 6, (4, 2)), rng.integers(-5, 6, (2, 3))
    new, k = rng.integers(-5, 6, 3 if side == "A" else 4), seed % 2
    found = switched_weight(W, B[:, k], A[k], new, 3, side)
    C, D = B.copy(), A.copy()
    if side == "A":
        D[k] = new
    else:
        C[:, k] = new
    assert (W + 3 * B @ A == found + 3 * C @ D).all()
    assert np.linalg.matrix_rank((found - W).astype(float)) <= 1 < switched_rank((4, 3), 2, 1)


def test_the_gradient_of_the_counterpart_alone_jumps() -> None:
    rng = np.random.default_rng(0)
    G, A = rng.integers(-5, 6, (4, 3)), rng.integers(-5, 6, (2, 3))
    new = A.copy()
    new[1] = [1, 2, 3]
    jump = 2 * G @ new.T - 2 * G @ A.T
    assert (jump[:, 1] == gradient_jump(G, A[1], new[1], 2)).all()
    assert not jump[:, 0].any()


def test_ranks() -> None:
    assert switched_rank((3, 9), 2, 5) == 3
    assert switched_rank((8, 9), 2, 0) == 2
