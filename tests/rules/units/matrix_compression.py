"""Stacks, adapters and weights in other units: errors are relative, so only values and energies carry one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import matrix_compression as mc
from lrtheory.matrix_compression import baselines

BLOCKS = mc.make_stack("decades", 8, 3, n_blocks=12, rng=0).blocks
FAMILIES = mc.make_families([3, 2], 16, 3, noise=0.1, overlap=0.2, rng=0).blocks
METHODS = ("gram", "fd", "sketch")
BEFORE = ("spectra", "weyl", "residual", "sketch", "gram")


def scaled(c: float, blocks: Any = BLOCKS) -> list[np.ndarray]:
    return [block * c for block in blocks]


def sketched(c: float, method: str) -> list[Any]:
    sketch = mc.StackSketch(2, oversampling=1, method=method, buffer=4)
    sketch.update_many(scaled(c))
    found = sketch.interval()
    values = [sketch.singular_values / c, sketch.value_intervals[:, 1] / c]
    return [found.lower, found.upper, found.lower2 / c / c, found.total / c / c, *values]


def compressed(c: float, method: str) -> list[Any]:
    found = mc.compress_stack(scaled(c), 2, method=method, oversampling=1)
    return [found.error, found.lower, found.upper, found.norm / c, found.singular_values / c, found.block_errors]


def bounded(c: float, method: str) -> list[Any]:
    found = mc.error_bounds(scaled(c), 2, method=method)
    return [found.lower, found.upper, found.upper2 / c / c]


def clustered(c: float, solve: Any) -> list[Any]:
    found = solve(scaled(c, FAMILIES), 3, 0.3)
    return [found.labels, found.errors, found.storage]


def certified(c: float) -> list[Any]:
    found = mc.certify(scaled(c), [block + 0.1 * c for block in scaled(c)], 2)
    return [found.achieved, found.bound, found.attainable, found.part_errors]


RNG = np.random.default_rng(5)
B, A, W, X = (RNG.normal(size=shape) for shape in ((7, 4), (4, 6), (7, 6), (9, 6)))
VALUES = [np.array([3.0, 1.0]), np.array([2.0, 2.0, 0.5])]


def adapters(c: float) -> list[mc.AdapterFile]:
    """Two adapters whose updates are in units c, of which each factor carries a part."""
    modules = [
        {
            "query": mc.AdapterModule(B * c, A, dtype="F64"),
            "value": mc.AdapterModule(k * A.T, B.T, scale=-2.0 * c, dtype="F64"),
        }
        for k in (1.0, 0.5)
    ]
    return [mc.AdapterFile(one) for one in modules]


def of_adapter(found: mc.AdapterResult, c: float, given: list[mc.AdapterFile]) -> Any:
    assert found.certificate.verify(tuple(given))
    deltas = [found.adapter.dense(name) / c for name in found.adapter]
    return *deltas, found.error, list(found.ranks.values()), found.certificate.bound / c, found.certificate.achieved / c


def of_factors(found: mc.LowRankFactors, c: float, problem: Any) -> Any:
    assert found.certificate.verify(problem)
    proof = found.certificate
    return (
        found.B / c @ found.A * found.scale,
        found.error,
        found.singular_values / c,
        proof.bound / c,
        proof.achieved / c,
    )


def costs(found: mc.RankCosts) -> Any:
    return found.ranks, found.numbers, found.alike, found.budget, found.floor


def ranks(found: mc.RankAllocation, c: float) -> Any:
    proof = found.certificate
    return found.ranks, found.error, found.errors, proof.bound / c / c, proof.achieved / c / c, proof.gap / c / c


def worst_ranks(found: mc.RankAllocation) -> Any:
    proof = found.certificate
    return found.ranks, found.error, found.errors, proof.bound, proof.achieved, proof.gap


def attention(c: float) -> Any:
    found = mc.attention_rank(W * c, X / c, X * c, max_error=0.3 * c)
    return found.rank, found.Q @ found.K.T, found.max_errors / c, found.bounds / c


def pruned(c: float) -> Any:
    found = mc.prune_step(W * c, 0.01 * W * c)
    return found.W / c, found.rank, found.rank_before, found.safe, found.limit / c, found.step_norm / c


def salt(c: float) -> tuple[np.ndarray]:
    """The update that the layer makes."""
    U, s, Vt = np.linalg.svd(W, full_matrices=False)
    return ((U[:, :2] * (np.array([1.0, -0.5]) * s[:2] * c + np.array([0.5, 0.1]) * c)) @ Vt[:2],)


UNITS: dict[str, Callable[[float], Any]] = {
    **{f"StackSketch: blocks, {m}": lambda c, m=m: sketched(c, m) for m in METHODS},
    **{f"compress_stack: blocks, {m}": lambda c, m=m: compressed(c, m) for m in METHODS},
    **{f"error_bounds: blocks, {m}": lambda c, m=m: bounded(c, m) for m in BEFORE},
    "cluster_blocks: blocks": lambda c: clustered(c, mc.cluster_blocks),
    "baselines: clusters of blocks": lambda c: clustered(c, baselines.published_clusters),
    "baselines: update by blocks": lambda c: baselines.published_update(scaled(c), 2).singular_values / c,
    "certify: blocks": certified,
    "allocate_ranks: singular values": lambda c: ranks(mc.allocate_ranks([s * c for s in VALUES], 7, cost=[2, 3]), c),
    "allocate_ranks: the worst": lambda c: worst_ranks(
        mc.allocate_ranks([s * c for s in VALUES], 7, cost=[2, 3], objective="max")
    ),
    "attention_rank: all inputs": attention,
    "certify_ranks: singular values": lambda c: ranks(mc.certify_ranks([s * c for s in VALUES], [2, 1]), c),
    "compress_adapter: factors": lambda c: of_adapter(mc.compress_adapter(adapters(c)[0], 40), c, adapters(c)[:1]),
    "compress_adapter: epsilon": lambda c: of_adapter(
        mc.compress_adapter(adapters(c)[0], epsilon=0.3), c, adapters(c)[:1]
    ),
    "merge_adapters: factors": lambda c: of_adapter(mc.merge_adapters(adapters(c), rank=2), c, adapters(c)),
    "merge_adapters: stream": lambda c: of_adapter(
        mc.merge_adapters(adapters(c), rank=2, method="stream"), c, adapters(c)
    ),
    "prune_step: weight and step": pruned,
    "rank_costs: factors": lambda c: costs(mc.rank_costs(adapters(c)[0])),
    "salt_to_adapter: weight and shift": lambda c: of_factors(
        mc.salt_to_adapter(W * c, [2.0, 0.5], [0.5 * c, 0.1 * c]), c, *salt(c)
    ),
    "squeeze: factors": lambda c: of_factors(mc.squeeze(B * c, A, 2), c, (B * c, A)),
    "squeeze: scale": lambda c: of_factors(mc.squeeze(B, A, 2, scale=c, out_scale=1.0), c, (B, A, c)),
    "truncate: weight": lambda c: of_factors(mc.truncate(W * c, 2), c, W * c),
    "truncate: inputs": lambda c: of_factors(mc.truncate(W, 2, inputs=X * c), 1.0, (W, X * c))[0],
}
UNITLESS: dict[str, str] = {}
