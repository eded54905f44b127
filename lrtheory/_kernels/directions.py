"""Leading directions of a few long columns by their small Gram matrix, and what a shrink of their lengths leaves.

Forming the Gram matrix squares the condition number: a direction is off by the rounding of the largest squared singular
value. That is what sums of squares of the whole matrix are compared with, so it is the right tool for energies.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["leading", "lengths_left"]


def leading(Z: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray]:
    """Squared singular values, the largest first, and the leading left singular vectors times singular values."""
    if Z.shape[1] <= Z.shape[0]:
        energies, V = np.linalg.eigh(Z.T @ Z)
        return np.maximum(energies[::-1], 0.0), Z @ V[:, ::-1][:, :keep]
    energies, U = np.linalg.eigh(Z @ Z.T)
    energies = np.maximum(energies[::-1], 0.0)
    return energies, U[:, ::-1][:, :keep] * np.sqrt(energies[:keep])


def lengths_left(energies: np.ndarray, delta: Any) -> np.ndarray:
    """By what lengths are multiplied when delta is subtracted from their squares, none of which is 0."""
    return np.asarray(np.sqrt(np.maximum(1.0 - delta / energies, 0.0)))
