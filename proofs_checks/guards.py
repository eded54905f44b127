"""Sides that fail where an outcome has the wrong form, and how far squares of doubles may be off."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.bounds import Sides, rounding

__all__ = ["allowance", "misfit", "signed_square", "square", "unlike"]


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


def signed_square(norms: Any) -> Any:
    """Return x |x| of each reported norm: its square, which a negative norm does not have."""
    return norms * np.abs(norms)


def allowance(*arrays: Any, steps: int = 1) -> float:
    """Return what squares may err by in doubles, after some factorizations of matrices of these sizes."""
    if not all(map(np.ndim, arrays)):  # a number of steps by its place would count as a square
        raise TypeError("arrays of at least one axis are due, and the number of factorizations as `steps`")
    # backward errors of a factorization are a small multiple of the sides of the matrix; 64 times as a margin
    sides = sum(sum(np.shape(one)) for one in arrays)
    return float(rounding(64 * (sides + 8) * steps, sum(map(square, arrays))))
