"""Arguments: points of the simplex, arrays and numbers of any kind (floats, Fractions, balls)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._array import to_numpy
from lrtheory._numbers import HUGE, number
from lrtheory._validation import as_array, must

__all__ = [
    "above_zero",
    "entries",
    "entropy",
    "labels",
    "quadratic",
    "rows",
    "simplex",
    "square",
    "table",
    "weights",
]

ROUNDING = 1e-3  # of sums of rows; thousands of numbers in single precision stay below


def table(name: str, value: Any, low: Any = -HUGE, *, shape: tuple[int | str, ...] = ()) -> np.ndarray:
    """An array of finite numbers of any kind on the host; a sparse one dense, axes with a letter of any length."""
    x = value.toarray() if sparse.issparse(value) else as_array(name, to_numpy(value))
    if x.dtype.kind not in "biufO":
        raise must(name, "an array of numbers", value, TypeError)
    fits = x.ndim == len(shape) and all(isinstance(w, str) or n == w for n, w in zip(x.shape, shape, strict=True))
    if (shape and not fits) or x.ndim == 0 or x.shape[-1] == 0:
        wanted = ", ".join(map(str, shape or ("...", "K"))) + ("," if len(shape) == 1 else "")
        raise must(name, f"of shape ({wanted})", x.shape)
    if x.dtype.kind == "O":
        for entry in x.flat:
            number(name, entry, low)
    # compared in double, since the end of the range is infinite in single precision
    elif not np.isfinite(x).all() or (x < np.float64(low)).any():
        rule = "finite" if low == -HUGE else f"in [{low}, inf)"
        raise must(name, rule, x[~(np.isfinite(x) & (x >= np.float64(low)))].flat[0])
    return x.astype(np.int64) if x.dtype.kind == "b" else x


def entries(name: str, value: Any, low: Any = -HUGE, high: Any = HUGE, *, ends: str = "[]") -> Any:
    """A number, or an array of numbers, each in an interval; see `lrtheory._numbers.number`."""
    value = to_numpy(value)
    if not isinstance(value, (list, tuple)) and np.ndim(value) == 0:
        return number(name, value, low, high, ends=ends)
    x = as_array(name, value)
    for entry in x.ravel().tolist():
        number(name, entry, low, high, ends=ends)
    return x


def rows(name: str, value: Any, *, shape: tuple[int | str, ...] = ("N", "K")) -> np.ndarray:
    """Points of the simplex, up to rounding of their sums."""
    return simplex(name, table(name, value, 0, shape=shape))


def simplex(name: str, Z: np.ndarray) -> np.ndarray:
    """Rows of numbers of any kind, none below 0 and with the sum 1 up to rounding."""
    if (Z < 0).any():
        raise must(name, "of rows in the simplex, with no entry below 0", Z[Z < 0].flat[0])
    sums = Z.sum(axis=-1)
    off = np.abs(sums - 1) > ROUNDING
    if np.any(off):
        raise must(name, "of rows with sum 1", f"a row with the sum {np.asarray(sums)[off].flat[0]}")
    return Z


def square(value: Any, n: int | None = None, *, name: str = "affinity") -> np.ndarray:
    """A square table, of n rows where they are known."""
    side: tuple[int | str, ...] = ("N", "N") if n is None else (n, n)
    W = table(name, value, shape=side)
    if W.shape[0] != W.shape[1]:
        raise must(name, "of shape (N, N)", W.shape)
    return W


def labels(name: str, value: Any, n: int, n_clusters: int) -> np.ndarray:
    """Clusters that are held, -1 where free."""
    held = table(name, value, -1, shape=(n,))
    if not all(int(entry) == entry < n_clusters for entry in held.tolist()):
        raise must(name, f"integers in [-1, {n_clusters - 1}]", held)
    return held.astype(np.int64)


def above_zero(name: str, value: Any) -> Any:
    """A number above 0."""
    return number(name, value, 0, ends="(]")


def weights(lam: Any, temperature: Any) -> tuple[Any, Any]:
    """lambda at or above 0, and T above 0."""
    return number("lam", lam, 0), above_zero("temperature", temperature)


def quadratic(Z: np.ndarray, W: np.ndarray, Y: np.ndarray | None = None) -> Any:
    """tr(Z' W Y); of Z with itself where Y is not given."""
    return (Z * (W @ (Z if Y is None else Y))).sum()


def entropy(Z: np.ndarray) -> Any:
    """sum z log z with 0 log 0 = 0; entries are floats or balls."""
    positive = Z[Z > 0]
    return (positive * np.log(positive)).sum()
