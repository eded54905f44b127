"""Sketches that lose rows without a word, and directions that are none of theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from proofs_checks.continual_learning.families.rows import Axes, Parts, Rows, counted, merged, sketched
from proofs_checks.guards import square


def left_vectors(case: Rows, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Take left singular vectors of the sketch for its directions, with zeros where they are too short."""
    found = sketched(case)
    B = np.zeros((case.rows.shape[1], case.rows.shape[1]))
    B[: len(found["sketch"])] = found["sketch"]
    return found | {"components": np.linalg.svd(B)[0][:, : case.k].T.copy()}


def last_vectors(case: Rows, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Take the last right singular vectors of the sketch for the first."""
    found = sketched(case)
    return found | {"components": np.linalg.svd(found["sketch"])[2][-case.k :].copy()}


def truncated_parts(case: Parts, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Keep the first directions of each part, without a shrink, and merge sketches of what is left."""
    parts = []
    for part in case.parts:
        _, s, Vt = np.linalg.svd(part, full_matrices=False)
        parts.append(s[: case.rank, None] * Vt[: case.rank])
    return merged(replace(case, parts=tuple(parts))) | {"mass": square(case.rows)}


def eager(case: Axes, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Shrink at every row that does not fit into the rows that are kept."""
    return counted(replace(case, buffer=case.rank + 1))
