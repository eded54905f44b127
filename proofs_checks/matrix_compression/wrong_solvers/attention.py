"""Wrong truncations of a head; each must be caught by a statement."""

from __future__ import annotations

import numpy as np

from proofs_checks.matrix_compression.families.heads import Head, truncated


def one_by_one(case: Head, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Answer with truncated queries and keys where the truncated product is asked for."""
    found = truncated(case)
    return found | {"logits": case.scale * (found["Q"] @ found["K"].T)}
