"""One small call of every public function of `matrix_compression`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrtheory import matrix_compression as mc
from tests.backends import need_data
from tests.examples import Call, call

BLOCKS = [np.array([[3.0, 1.0], [0.0, 2.0], [1.0, 0.0]]), np.array([[0.5], [1.0], [-1.0]]), np.zeros((3, 0))]
SPECTRA = [[3.0, 1.0], [2.0]]
FAMILIES = list(mc.make_families([3, 2], 12, 2, rng=0).blocks)


def loaded(name: str, *args: object, **options: object) -> Call:
    need_data(name)
    return call(*args, **options)


CALLS: dict[str, Callable[[], Call]] = {
    "baselines.published_clusters": lambda: call(FAMILIES, 2, 0.1),
    "baselines.published_update": lambda: call(BLOCKS, 1),
    "certify": lambda: call(BLOCKS[0], BLOCKS[0] + 0.01, 1),
    "cluster_blocks": lambda: call(FAMILIES, 2, 0.1),
    "compress_stack": lambda: call(BLOCKS, 1),
    "error_bounds": lambda: call(BLOCKS, 1),
    "load_digit_blocks": lambda: loaded("digit_blocks", n_blocks=2),
    "load_transformer_heads": lambda: loaded("transformer_heads"),
    "load_transformer_weights": lambda: loaded("transformer_weights"),
    "make_families": lambda: call([2, 1], 8, 2, rng=0),
    "make_hidden_direction": lambda: call(3),
    "make_stack": lambda: call("noisy", 5, 2, rng=0),
    "theory.distance_bracket": lambda: call(0.5, 0.25),
    "theory.family_limit": lambda: call(3),
    "theory.fd_bound": lambda: call(6.0, 4, 2),
    "theory.fd_bracket": lambda: call([4.0, 1.0], 1.0, 2),
    "theory.isometric_block": lambda: call(np.ones((3, 1)), np.ones((1, 2))),
    "theory.largest_alone_bound": lambda: call(SPECTRA, 1),
    "theory.residual_bound": lambda: call(14.0, SPECTRA, 1),
    "theory.residual_gram_bound": lambda: call(2, 3.0),
    "theory.subspace_bracket": lambda: call(9.0, 1.0),
    "theory.superadditive_floor": lambda: call(SPECTRA, 1),
    "theory.tail_energy": lambda: call([3.0, 1.0], 1),
    "theory.top_energy": lambda: call([3.0, 1.0], 1),
    "theory.truncation_bracket": lambda: call([4.0, 1.0], [[1.0], [0.5]], 1),
    "theory.union_bound": lambda: call(SPECTRA, 1),
}
