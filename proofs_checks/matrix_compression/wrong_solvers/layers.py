"""Wrong truncations of a layer; each must be caught by a statement."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.matrix_compression import truncate
from proofs_checks.matrix_compression.families.layers import Layer, Taught, both, distilled, whitened


def plain(case: Layer, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return factors that do not look at the inputs, in the place of those that do."""
    return whitened(case) | {name: getattr(truncate(case.W, case.rank), name) for name in "BA"}


def ridge(case: Layer, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Add a thousandth of the largest direction to the covariance, as though all directions had inputs."""
    C = case.X.T @ case.X
    found = truncate(case.W, case.rank, covariance=C + 1e-3 * max(float(np.trace(C)), 1.0) * np.eye(len(C)))
    return whitened(case) | {"B": found.B, "A": found.A}


def plain_twice(case: Layer, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Answer with the plain truncation for both."""
    found = both(case)
    return found | {"whitened": found["plain"]}


def untaught(case: Taught, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Fit a weight to the inputs first, and truncate it in their metric without the outputs that it misses."""
    W = np.linalg.lstsq(case.X, case.Y, rcond=None)[0].T
    found = truncate(W, case.rank)
    return distilled(case) | {"B": found.B, "A": found.A}
