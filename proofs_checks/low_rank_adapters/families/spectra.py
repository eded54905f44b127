"""Singular values of matrices."""

from __future__ import annotations

import numpy as np


def values(X: np.ndarray) -> np.ndarray:
    """Return the singular values."""
    return np.asarray(np.linalg.svd(np.asarray(X, float), compute_uv=False))
