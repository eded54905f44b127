"""Singular values of matrices, and whether their squares keep all digits in doubles."""

from __future__ import annotations

from typing import Any

import numpy as np


def largest(X: Any) -> float:
    """Return the squared largest singular value."""
    return float(np.linalg.norm(np.asarray(X, float), 2) ** 2)


def spectrum(X: Any) -> list[float]:
    """Return all singular values."""
    return [float(value) for value in np.linalg.svd(np.asarray(X, float), compute_uv=False)]


def is_matrix(X: Any) -> bool:
    """Decide whether something is a matrix of doubles whose entries are 0 or so large and small that squares fit."""
    array = np.asarray(X)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind != "f":
        return False
    sizes = np.abs(array[array != 0])
    # products of two squares keep all their digits in doubles
    return bool(((sizes >= 2.0**-200) & (sizes <= 2.0**200)).all())
