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
B = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, 0.0]])
A = np.array([[1.0, 0.5, 0.0, -1.0], [0.0, 2.0, 1.0, 0.25]])
LORAS = mc.make_adapters(1, 2, d=6, rank=2, n_modules=2, rng=0)
VALUES = [np.array([3.0, 1.0]), np.array([2.0, 2.0, 0.5])]


def loaded(name: str, *args: object, **options: object) -> Call:
    need_data(name)
    return call(*args, **options)


CALLS: dict[str, Callable[[], Call]] = {
    "allocate_ranks": lambda: call(VALUES, 3, cost=np.array([2, 3])),
    "attention_rank": lambda: call(B, A.T[:3, :2].copy(), B, rank=1),
    "baselines.dense_svd": lambda: call(B, A, 1, scale=0.5),
    "baselines.factor_average": lambda: call(LORAS, [0.5, -1.0]),
    "baselines.published_clusters": lambda: call(FAMILIES, 2, 0.1),
    "baselines.published_update": lambda: call(BLOCKS, 1),
    "baselines.randomized_svd": lambda: call(B, A, 1, oversampling=1, rng=0),
    "baselines.uniform_ranks": lambda: call(VALUES, [(4, 4), (6, 3)], ratio=1.0),
    "certify": lambda: call(BLOCKS[0], BLOCKS[0] + 0.01, 1),
    "certify_ranks": lambda: call(VALUES, np.array([2, 1])),
    "cluster_blocks": lambda: call(FAMILIES, 2, 0.1),
    "compress_adapter": lambda: call(LORAS[0], 18),
    "compress_stack": lambda: call(BLOCKS, 1),
    "error_bounds": lambda: call(BLOCKS, 1),
    "load_digit_blocks": lambda: loaded("digit_blocks", n_blocks=2),
    "load_transformer_heads": lambda: loaded("transformer_heads"),
    "load_transformer_weights": lambda: loaded("transformer_weights"),
    "make_adapters": lambda: call(1, 1, d=4, rank=1, rng=0),
    "make_families": lambda: call([2, 1], 8, 2, rng=0),
    "make_hidden_direction": lambda: call(3),
    "make_quantization_residuals": lambda: call({"query": A}, 1, bits=2),
    "make_stack": lambda: call("noisy", 5, 2, rng=0),
    "merge_adapters": lambda: call(LORAS, [0.5, -1.0], rank=1, method="stream", record=True),
    "prune_step": lambda: call(B, np.full((3, 2), 0.01)),
    "rank_costs": lambda: call(LORAS[0]),
    "salt_to_adapter": lambda: call(B, np.array([1.5]), np.array([0.25])),
    "squeeze": lambda: call(B, A, 1, scale=0.5),
    "theory.distance_bracket": lambda: call(0.5, 0.25),
    "theory.dual_bound": lambda: call([[3, 1], [2]], 2, price=1),
    "theory.fd_bound": lambda: call(6.0, 4, 2),
    "theory.kept_alpha_factor": lambda: call(8, 2),
    "theory.largest_alone_bound": lambda: call(SPECTRA, 1),
    "theory.residual_bound": lambda: call(14.0, SPECTRA, 1),
    "theory.sketch_bound": lambda: call(4, 3, 4),
    "theory.step_limit": lambda: call(10.0, 0.01),
    "theory.stream_bracket": lambda: call([1, 0, 3]),
    "theory.subspace_bracket": lambda: call(9, 1, 0.5),
    "theory.superadditive_floor": lambda: call(SPECTRA, 1),
    "theory.tail_energy": lambda: call([3.0, 1.0], 1),
    "theory.tanh_bound": lambda: call(1.0, 2.0),
    "theory.union_bound": lambda: call(SPECTRA, 1),
    "truncate": lambda: call(B, 1, inputs=np.array([[1.0, 0.0], [2.0, 1.0]])),
}

#: calls of formulas of rooms whose arguments do not follow from their domains
OF_ROOMS: dict[str, Callable[[], Call]] = {
    "best_of_equal_costs": lambda: call([[3, 1], [2]], 2),
    "cast_error": lambda: call((1.0, 2.0), (4, 4), "float16"),
    "least_worst_energy": lambda: call([[3, 1], [2]], 3, [1, 2]),
    "factor_inner_product": lambda: call((B, A), (B, A)),
    "truncation_bracket": lambda: call([4.0, 1.0], [[1.0], [0.5]], 1),
}
