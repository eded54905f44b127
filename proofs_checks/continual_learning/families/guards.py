"""Sides that fail where an outcome is not what it has to be, and what doubles may err by."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.bounds import Sides, rounding


def unlike(off: Any, allowed: Any) -> Sides | None:
    """Return sides that fail where something is not what it has to be, up to rounding; None where everything is."""
    off = np.abs(np.ravel(off)).astype(float)
    off = np.where(np.isfinite(off), off, 1e300)
    if bool((off <= allowed).all()):
        return None
    most = 1 + 2 * np.asarray(allowed, float)  # a difference counts up to here
    return Sides(np.minimum(off, most), np.zeros(off.shape), rounding=np.minimum(allowed, most), trivial=most)


def misfit(*pairs: tuple[Any, tuple[int, ...]]) -> Sides | None:
    """Return sides that fail where an array is not finite or of another shape than it has to be."""
    good = all(np.shape(array) == shape and np.isfinite(np.asarray(array, float)).all() for array, shape in pairs)
    return None if good else Sides([1.0], [0.0], trivial=2.0, rounding=0.0)


def square(X: Any) -> float:
    """Return the squared Frobenius norm."""
    return float(np.sum(np.asarray(X, float) ** 2))


def largest(X: Any) -> float:
    """Return the squared largest singular value."""
    return float(np.linalg.norm(np.asarray(X, float), 2) ** 2)


def spectrum(X: Any) -> list[float]:
    """Return all singular values."""
    return [float(value) for value in np.linalg.svd(np.asarray(X, float), compute_uv=False)]


def allowance(*arrays: Any, steps: int = 1) -> float:
    """Return what squares may err by in doubles, after some factorizations of matrices of these sizes."""
    # backward errors of a factorization are a small multiple of the sides of the matrix; 64 times as a margin
    sides = sum(sum(np.shape(one)) for one in arrays)
    return float(rounding(64 * (sides + 8) * steps, sum(map(square, arrays))))


def is_matrix(X: Any) -> bool:
    """Decide whether something is a matrix of doubles whose entries are 0 or so large and small that squares fit."""
    array = np.asarray(X)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind != "f":
        return False
    sizes = np.abs(array[array != 0])
    # products of two squares keep all their digits in doubles
    return bool(((sizes >= 2.0**-200) & (sizes <= 2.0**200)).all())
