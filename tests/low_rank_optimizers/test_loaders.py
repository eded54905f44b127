"""Data of other packages, where they are installed."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import load_encoder_weights, load_text


def test_the_encoder_has_ten_million_weights_in_its_layers(data):
    data("encoder_weights")
    encoder = load_encoder_weights()
    assert len(encoder) == 36
    assert sum(w.size for w in encoder.values()) == 10_616_832
    assert {w.dtype for w in encoder.values()} == {np.dtype(np.float32)}
    assert encoder["encoder.layer.3.output.dense.weight"].shape == (384, 1536)
    everything = np.concatenate([w.ravel() for w in encoder.values()])
    assert everything.std() == pytest.approx(0.0614, abs=5e-5)
    assert np.median(np.abs(everything)) == pytest.approx(0.0349, abs=5e-5)


def test_the_text_has_thirty_two_symbols(data):
    data("text")
    problem = load_text()
    assert (len(problem.symbols), problem.n_symbols) == (39_492, 32)
    assert problem.unigram == pytest.approx(4.278, abs=5e-4)
    spelled = "".join(problem.alphabet[i] for i in problem.symbols[:2000])
    assert "optical recognition of handwritten digits" in spelled or "breast cancer" in spelled
