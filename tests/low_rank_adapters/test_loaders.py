"""Updates of a real transformer, against numbers that were measured by independent code."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.low_rank_adapters.loaders import load_update

RANKS = (1, 4, 16, 64)


def left(D: np.ndarray) -> list[float]:
    """The share of the energy beyond the largest singular values."""
    energies = np.linalg.svd(D, compute_uv=False) ** 2
    return [float(energies[r:].sum() / energies.sum()) for r in RANKS]


@pytest.mark.parametrize(
    ("kind", "module", "expected"),
    [
        ("int4", "attention.self.query", [0.989, 0.958, 0.847, 0.517]),
        ("int4", "output.dense", [0.924, 0.799, 0.733, 0.534]),
        ("healing", "output.dense", [0.224, 0.164, 0.135, 0.071]),
        ("gradient", "output.dense", [0.162, 0.0034, 0.0008, 0.0001]),
    ],
)
def test_spectra_are_those_that_others_measured(kind, module, expected, data):
    data("update")
    assert left(load_update(kind, module=module).target) == pytest.approx(expected, abs=6e-4)


def test_rounding_leaves_sixteen_codes_a_group(data):
    data("update")
    problem = load_update("int4", layer=0, module="attention.self.key")
    groups = problem.weight.reshape(384, 6, 64)
    scale = np.abs((problem.weight + problem.target).reshape(384, 6, 64)).max(axis=-1, keepdims=True) / 7
    assert groups / scale == pytest.approx(np.round(groups / scale), abs=1e-9)
    assert np.abs(problem.target.reshape(384, 6, 64) / scale).max() <= 0.5 + 1e-9


def test_the_removed_layer_is_made_up_for(data):
    data("update")
    healing, gradient = load_update("healing"), load_update("gradient")
    E = healing.Y - healing.X @ healing.weight.T
    loss = np.sum((E - healing.X @ healing.target.T) ** 2) / np.sum(E**2)
    assert loss == pytest.approx(4e-4, abs=1e-4)
    assert gradient.target == pytest.approx(-E.T @ healing.X, rel=1e-9, abs=1e-9)
    assert healing.X.shape == (464, 1536)
    assert len(healing.names) == 464


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kind": "int3"}, "`kind` must be one of"),
        ({"layer": 6}, r"`layer` must be an integer in \[0, 5\]"),
        ({"kind": "healing", "layer": 0}, r"`layer` must be an integer in \[1, 5\]"),
        ({"module": "pooler"}, "`module` must be one of"),
        ({"kind": "healing", "module": "intermediate.dense"}, '`module` must be "output.dense" for the update'),
    ],
)
def test_bad_input_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_update(**options)
