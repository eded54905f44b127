"""Readers of arguments: points, affinities, flags, and weights within the range of a dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import array_namespace, is_foreign, real_array, sparse, to_numpy
from lrtheory._validation import as_array, must, real
from lrtheory.transductive_clustering.data.reading import as_problem
from lrtheory.transductive_clustering.problem import ClusteringProblem
from lrtheory.transductive_clustering.updates.column_statistics import Survey, surveyed
from lrtheory.transductive_clustering.updates.edges import sizes_of

__all__ = [
    "at_least_zero",
    "class_labels",
    "in_range",
    "largest_coordinate",
    "library_of",
    "points",
    "positive",
    "sparse_affinity",
    "squarable",
    "step_factor",
    "weights",
]

#: weights lambda and temperatures T within [1/x, x], far enough from the ends of each dtype for products and quotients
LARGEST = {4: 1e30, 8: 1e290}


def library_of(*values: Any) -> tuple[Any, Any]:
    """The library of the values and the device of the first one; NumPy arrays and lists join any other library."""
    foreign = [value for value in values if is_foreign(value)]
    return (array_namespace(*foreign), foreign[0].device) if foreign else (array_namespace(), None)


def points(X: Any, name: str = "X") -> np.ndarray:
    """Points of a problem, a table or an array on the host, (n, d) with n and d above 0, in single or double precision.

    A path or a data frame is a table.
    """
    X = as_problem(X)
    X = real_array(array_namespace(), name, to_numpy(X.features if isinstance(X, ClusteringProblem) else X))
    if X.ndim != 2:
        raise must(name, "of shape (n, d)", X.shape)
    if len(X) == 0:
        raise must(name, "at least one point", X)
    if X.shape[1] == 0:
        raise must(name, "points with at least one coordinate", X.shape)
    return X


def squarable(X: np.ndarray, name: str = "X") -> Survey:
    """Refuse points unless squared distances stay within the range of their dtype, neither infinite nor all 0.

    Return what was found of the columns on the way.
    """
    known, high, columns = np.finfo(X.dtype), largest_coordinate(X), surveyed(X)
    quarter = X.dtype.type(0.25)
    largest = float(max(columns.highs.max(), -columns.lows.min()))
    spread = float((columns.highs * quarter - columns.lows * quarter).max())
    if largest > high or 0 < spread < float(np.sqrt(known.tiny)) / known.eps:
        raise must(name, f"points whose squared distances fit into {X.dtype}", largest if largest > high else spread)
    return columns


def largest_coordinate(X: np.ndarray) -> float:
    """Return the largest coordinate with which the squares of all points can be added up."""
    return float(np.sqrt(np.finfo(X.dtype).max / X.size)) / 16


def in_range(xp: Any, costs: Any, affinity: Any, lam: float) -> None:
    """Refuse costs and weights whose sums could leave the range of the dtype."""
    largest = float(xp.finfo(costs.dtype).max) / 64
    if max(float(xp.max(costs)), -float(xp.min(costs))) * costs.shape[-2] > largest:
        raise must("costs", f"of a size below {largest / costs.shape[-2]:.3g} in {costs.dtype}", costs)
    if sparse.issparse(affinity):
        pull = largest_pull(affinity)
        if not lam * pull * costs.shape[-2] <= largest:  # the bound is too coarse: add up the rows
            pull = float((sizes_of(affinity) @ np.ones(affinity.shape[1])).max())
    else:
        pull = float(xp.max(xp.sum(xp.abs(affinity), axis=-1, dtype=xp.float64)))
    if not lam * pull * costs.shape[-2] <= largest:
        raise must("lam", "so small that lam times the affinity stays finite", lam)


def largest_pull(W: Any) -> float:
    """Return a bound on the sums of the rows of |W|, sparse: the most entries of a row times the largest of them."""
    most = int(np.diff(sparse.csr_array(W).indptr).max(initial=0))
    return float(max(W.data.max(), -W.data.min())) * most if most else 0.0


def sparse_affinity(affinity: Any, n: int | None = None, dtype: Any = np.float64, name: str = "affinity") -> Any:
    """W as a square csr_array of finite real numbers of the dtype."""
    if sparse.issparse(affinity):
        if affinity.dtype.kind not in "fiub":
            raise must(name, "an array of real numbers", affinity.dtype, TypeError)
        W = sparse.csr_array(affinity)
    else:
        dense = real_array(array_namespace(), name, to_numpy(affinity))
        if dense.ndim != 2:
            raise must(name, "of shape (N, N)" if n is None else f"of shape ({n}, {n})", dense.shape)
        W = sparse.csr_array(dense)
    size = W.shape[0] if n is None else n
    if W.shape != (size, size) or size == 0:
        raise must(name, "square with at least one row" if n is None else f"of shape ({n}, {n})", W.shape)
    if not W.has_canonical_format:  # entries that are stored twice are added
        W = W.copy()
        W.sum_duplicates()
    W = W.astype(dtype, copy=False)
    if not np.isfinite(W.data).all():
        raise must(name, "finite", W.data[~np.isfinite(W.data)][0])
    return W


def positive(name: str, value: Any, dtype: Any = np.float64) -> float:
    """Return a number above 0 whose products and quotients stay within the range of the dtype."""
    largest = _largest(dtype)
    if real(name, value) <= 0:
        raise must(name, "positive", value)
    return real(name, value, low=1 / largest, high=largest)


def at_least_zero(name: str, value: Any, dtype: Any = np.float64) -> float:
    """Return a number of at least 0 whose products and quotients stay within the range of the dtype."""
    if real(name, value) < 0:
        raise must(name, "in [0, inf)", value)
    return real(name, value, low=0, high=_largest(dtype))


def step_factor(damping: Any) -> float:
    """Return the factor of all steps, where it is a number and not "auto"."""
    if isinstance(damping, str) or not 0 < real("damping", damping) <= 1:
        raise must("damping", "'auto' or a number in (0, 1]", damping)
    return positive("damping", damping)


def class_labels(name: str, value: Any) -> np.ndarray:
    """Return labels of classes, of any kind that can be sorted: strings, or finite real numbers."""
    labels = as_array(name, to_numpy(value))
    if labels.dtype.kind not in "biufUSO":
        raise must(name, "numbers or strings", labels.dtype, TypeError)
    if labels.dtype.kind in "fO":
        strange = labels[(labels != labels) | (labels == np.inf) | (labels == -np.inf)]  # NaN differs from itself
        if strange.size:
            raise must(name, "finite", strange.flat[0])
    return labels


def weights(lam: Any, temperature: Any, dtype: Any = np.float64) -> tuple[float, float]:
    """Return lambda and T, whose products and quotients stay within the range of the dtype."""
    return at_least_zero("lam", lam, dtype), positive("temperature", temperature, dtype)


def _largest(dtype: Any) -> float:
    return LARGEST[4 if "float32" in str(dtype) else 8]
