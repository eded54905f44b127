"""Arguments of `theory`: floats, Fractions, or balls of a rigorous arithmetic, in arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._array import to_numpy
from lrtheory._validation import must

__all__ = ["above", "at_least", "entropy", "inner", "plain", "quadratic", "table"]


def table(value: Any) -> np.ndarray:
    """An array of numbers of any kind on the host; a sparse one dense."""
    return value.toarray() if sparse.issparse(value) else np.asarray(to_numpy(value))


def inner(A: Any, B: Any) -> Any:
    """<A, B>, the sum of the products of the entries."""
    return (table(A) * table(B)).sum()


def quadratic(Z: Any, affinity: Any, Y: Any = None) -> Any:
    """tr(Z' W Y); of Z with itself where Y is not given."""
    Z = table(Z)
    return (Z * (table(affinity) @ (Z if Y is None else table(Y)))).sum()


def entropy(Z: Any) -> Any:
    """sum z log z with 0 log 0 = 0; entries are floats or balls."""
    Z = table(Z)
    positive = Z[Z > 0]
    return (positive * np.log(positive)).sum()


def at_least(name: str, value: Any, low: Any = 0) -> Any:
    """A number of any kind that is not below another."""
    if not value >= low:
        raise must(name, f"at least {low}", value)
    return value


def above(name: str, value: Any, low: Any = 0) -> Any:
    """A number of any kind above another."""
    if not value > low:
        raise must(name, f"above {low}", value)
    return value


def plain(value: Any) -> Any:
    """A NumPy number as a Python number, exact ones unchanged."""
    return value.item() if isinstance(value, np.generic) else value
