"""Vectors in coordinates c on the vertices of a regular simplex, f = sum over j of c_j w_j, in rational numbers."""

from __future__ import annotations

import numpy as np

from lrtheory.bounds import exactly

__all__ = ["in_frame", "norms"]


def in_frame(c: np.ndarray) -> np.ndarray:
    """Return the products <f, w_j> of each row with all vertices, (K c_j - sum c) / (K - 1)."""
    K, exact = c.shape[-1], _exact(c)
    return (K * exact - exact.sum(-1, keepdims=True)) / (K - 1)


def norms(c: np.ndarray) -> np.ndarray:
    """Return the square of the norm of each row, (K sum c^2 - (sum c)^2) / (K - 1)."""
    K, exact = c.shape[-1], _exact(c)
    return (K * (exact * exact).sum(-1) - exact.sum(-1) ** 2) / (K - 1)


def _exact(c: np.ndarray) -> np.ndarray:
    """Return rational numbers of any kind of numbers."""
    return np.asarray(exactly(np.asarray(c, float) if np.asarray(c).dtype != object else c))
