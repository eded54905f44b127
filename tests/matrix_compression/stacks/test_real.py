"""Real stacks: digits, heads and weights of a transformer, and errors of theirs that others have measured."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from tests.matrix_compression.stacks.oracles import dense_energies


@pytest.mark.parametrize("n_blocks", [5, 10, 40])
def test_digits(n_blocks, data):
    data("digit_blocks")
    problem = mc.load_digit_blocks(n_blocks=n_blocks)
    energies = dense_energies(problem.blocks)
    exact = np.sqrt(energies[16:].sum() / energies.sum())
    assert mc.error_bounds(problem, method="gram").upper == pytest.approx(exact, rel=1e-6)
    assert exact <= mc.error_bounds(problem, method="sketch").upper <= 1.05 * exact
    coarse, fine, published = (
        mc.error_bounds(problem, groups=size, method=method).upper
        for size, method in ((4, "spectra"), (1, "spectra"), (1, "weyl"))
    )
    assert exact < coarse < fine < published


def test_heads_hardly_share_a_basis_and_the_certificate_says_so(data):
    data("transformer_heads")
    problem = mc.load_transformer_heads()
    found = mc.compress_stack(problem)
    assert found.error == pytest.approx(0.7369, abs=1e-4)
    assert found.certificate.gap < 1e-5
    by_head, by_layer = (mc.error_bounds(problem, groups=size).upper for size in (None, 12))
    assert (by_head, by_layer) == pytest.approx((0.949, 0.891), abs=6e-4)
    assert len(problem) == 72
    assert problem.names[13] == "1.1"


def test_weights_of_a_transformer(data):
    data("transformer_weights")
    weights = mc.load_transformer_weights()
    shapes = [W.shape for W in weights.values()]
    assert (len(shapes), shapes.count((384, 384)), shapes.count((1536, 384)), shapes.count((384, 1536))) == (
        36,
        24,
        6,
        6,
    )
    square = [W for W in weights.values() if W.shape == (384, 384)]
    assert mc.compress_stack(square, 64, passes=1).error == pytest.approx(0.841, abs=6e-4)
