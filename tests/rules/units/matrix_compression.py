"""Stacks in other units: errors are relative, so only singular values and energies carry one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import matrix_compression as mc
from lrtheory.matrix_compression import baselines

BLOCKS = mc.make_stack("decades", 8, 3, n_blocks=12, rng=0).blocks
FAMILIES = mc.make_families([3, 2], 16, 3, noise=0.1, overlap=0.2, rng=0).blocks
METHODS = ("gram", "fd", "sketch")


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
    return [found.error, found.optimum_lower, found.optimum_upper, found.part_errors]


UNITS: dict[str, Callable[[float], Any]] = {
    **{f"StackSketch: blocks, {m}": lambda c, m=m: sketched(c, m) for m in METHODS},
    **{f"compress_stack: blocks, {m}": lambda c, m=m: compressed(c, m) for m in METHODS},
    **{f"error_bounds: blocks, {m}": lambda c, m=m: bounded(c, m) for m in ("spectra", "weyl", "residual", "sketch")},
    "cluster_blocks: blocks": lambda c: clustered(c, mc.cluster_blocks),
    "baselines: clusters of blocks": lambda c: clustered(c, baselines.published_clusters),
    "baselines: update by blocks": lambda c: baselines.published_update(scaled(c), 2).singular_values / c,
    "certify: blocks": certified,
}
UNITLESS: dict[str, str] = {}
