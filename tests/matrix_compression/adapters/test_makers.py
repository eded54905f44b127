"""Made adapters are what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lrtheory import matrix_compression as mc


def test_families_share_their_subspace() -> None:
    made = mc.make_adapters(2, 3, d=20, rank=4, rng=0)
    deltas = [one.dense("layers.0.query") for one in made]
    for first in (0, 3):
        s = np.linalg.svd(np.hstack(deltas[first : first + 3]), compute_uv=False)
        assert s[4] < 1e-5 * s[0]
    assert np.linalg.svd(np.hstack(deltas), compute_uv=False)[7] > 1e-2
    apart = mc.make_adapters(1, 3, d=20, rank=4, spread=0.5, rng=0)
    assert np.linalg.svd(np.hstack([one.dense("layers.0.query") for one in apart]), compute_uv=False)[4] > 0.1


def test_residuals_are_what_rounding_leaves() -> None:
    rng = np.random.default_rng(0)
    W = rng.normal(size=(6, 9))
    full = mc.make_quantization_residuals({"w": W}, 6, bits=3, block=4)
    off = W - full.dense("w")  # the rounded weight itself: at most seven numbers a block
    for i in range(6):
        for first in range(0, 9, 4):
            steps = off[i, first : first + 4] / np.abs(W[i, first : first + 4]).max() * 3
            np.testing.assert_allclose(steps, np.round(steps), atol=1e-5)
            assert np.abs(steps).max() == pytest.approx(3, abs=1e-5)


def test_real_weights(data: Callable[[str], None]) -> None:
    data("transformer_weights")
    weights = mc.load_transformer_weights()
    names = [name for name in weights if name.startswith("encoder.layer.0.attention")][:2]
    made = mc.make_quantization_residuals({name: weights[name] for name in names}, 64)
    small = mc.compress_adapter(made, made.storage // 2)
    assert 0.0 < small.error < 0.9
    assert small.certificate.verify(made)
