"""Leading singular vectors, of which subspaces and copies are made."""

from __future__ import annotations

import numpy as np


def leading(M: np.ndarray, q: int) -> np.ndarray:
    """Return the leading left singular vectors."""
    return np.linalg.svd(M)[0][:, :q]
