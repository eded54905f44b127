"""Arguments that the formulas share: points of the simplex, affinities, clamped labels, weights; and terms of energies.

All of them may be numbers of any kind (floats, Fractions, balls), as `lrtheory._numbers` checks them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import in_range, inexact, number, table
from lrtheory._validation import Words, must

__all__ = ["entropy", "fitting", "labels", "quadratic", "rows", "simplex", "square", "weights", "with_columns"]

# by which the sum of a row may differ from 1: rows of thousands of numbers in single precision stay below
ROUNDING = 1e-3


def with_columns(name: str, value: Any, *, shape: tuple[int | str, ...] | None = ("N", "K")) -> np.ndarray:
    """A table of finite numbers with at least one column, so that each row has a least and a largest entry."""
    x = table(name, value, shape=shape)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise must(name, "an array with at least one column", x.shape)
    return x


def fitting(name: str, value: Any, beside: Any) -> Any:
    """A number, or an array of the shape of another value; that may be a number, too."""
    if () != np.shape(value) != np.shape(beside) != ():
        raise must(name, f"a number or an array of shape {np.shape(beside)}", np.shape(value))
    return value


def rows(name: str, value: Any, *, shape: tuple[int | str, ...] | None = ("N", "K")) -> np.ndarray:
    """Points of the simplex, up to rounding of their sums; None admits any number of axes above 0."""
    Z = table(name, value, 0, shape=shape)
    if Z.ndim == 0:
        raise must(name, "of shape (..., K)", Z.shape)
    return simplex(name, Z)


def simplex(name: str, Z: np.ndarray) -> np.ndarray:
    """Rows of numbers of any kind, none below 0 and with the sum 1 up to rounding."""
    if (Z < 0).any():
        raise must(name, "of rows in the simplex, with no entry below 0", Z[Z < 0].flat[0])
    sums = Z.sum(axis=-1)
    off = np.abs(sums - 1) > ROUNDING
    if np.any(off):
        raise must(name, "of rows with sum 1", Words(f"a row with the sum {np.asarray(sums)[off].flat[0]}"))
    return Z


def square(value: Any, n: int | None = None, *, name: str = "affinity") -> np.ndarray:
    """A square table, of n rows where their number is known."""
    W = table(name, value, shape=("N", "N") if n is None else (n, n))
    if W.shape[0] != W.shape[1]:
        raise must(name, "of shape (N, N)", W.shape)
    return W


def labels(name: str, value: Any, n: int, n_clusters: int) -> np.ndarray:
    """Labels of the clamped points, -1 for free ones."""
    clamped = table(name, value, -1, shape=(n,))
    if not all(int(entry) == entry < n_clusters for entry in clamped.tolist()):
        raise must(name, f"integers in [-1, {n_clusters - 1}]", clamped)
    return clamped.astype(np.int64)


def weights(lam: Any, temperature: Any) -> tuple[Any, Any]:
    """lambda at or above 0, and T above 0."""
    return number("lam", lam, 0), number("temperature", temperature, 0, ends="(]")


def quadratic(Z: np.ndarray, W: np.ndarray, Y: np.ndarray | None = None) -> Any:
    """tr(Z' W Y); of Z with itself where Y is not given."""
    return in_range(lambda Z, W, Y: (Z * (W @ Y)).sum(), Z, W, Z if Y is None else Y)


def entropy(Z: np.ndarray) -> Any:
    """sum z log z with 0 log 0 = 0; entries are floats or balls."""
    positive = Z[Z > 0]
    return (positive * np.log(inexact(positive))).sum()
