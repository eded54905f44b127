"""Data of other packages, where they are installed."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import load_encoder_weights
from tests.backends import missing


@pytest.fixture(scope="module")
def encoder():
    """The matrices, loaded once."""
    try:
        return load_encoder_weights()
    except ImportError as error:
        missing("encoder_weights", error)


def test_the_encoder_has_ten_million_weights_in_its_layers(encoder):
    assert len(encoder) == 36
    assert sum(w.size for w in encoder.values()) == 10_616_832
    assert {w.dtype for w in encoder.values()} == {np.dtype(np.float32)}
    assert encoder["encoder.layer.3.output.dense.weight"].shape == (384, 1536)
    everything = np.concatenate([w.ravel() for w in encoder.values()])
    assert everything.std() == pytest.approx(0.0614, abs=5e-5)
    assert np.median(np.abs(everything)) == pytest.approx(0.0349, abs=5e-5)
