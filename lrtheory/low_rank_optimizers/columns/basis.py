"""The orthonormal cosine basis, whose arguments are reduced as integers."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, array, as_array, choice, integer, must

__all__ = ["Basis", "dct_basis", "type_name"]

#: up to this size whole matrices are kept, and columns are taken from them, which is faster than to compute them
KEPT = 1024


def dct_basis(n: int, *, columns: ArrayLike | None = None, dtype: str = "float64") -> np.ndarray:
    r"""Compute the orthonormal matrix of the DCT-II, or some of its columns.

    .. math:: Q_{jk} = \sqrt{\frac{2 - [k = 0]}{n}} \cos\frac{\pi k (2 j + 1)}{2 n}

    G Q is the DCT-II of the rows of G, as ``scipy.fft.dct(G, norm="ortho")`` computes it (statement DC-8). The cosine
    has the period 4n in k (2j + 1), which is reduced in integers, so that no argument is rounded where it is large.

    Parameters
    ----------
    n : int
        Length of a row, at least 1.
    columns : sequence of int or None
        Numbers of the columns, in their order; None is all of them.
    dtype : {"float64", "float32"}
        Precision of the entries of the result; each cosine is rounded to it once.

    Returns
    -------
    array of shape (n, n) or (n, number of columns)
        Orthonormal columns.

    Raises
    ------
    ValueError
        If an argument is out of range.
    TypeError
        If it is of the wrong kind.

    References
    ----------
    Ahmed, Natarajan and Rao, "Discrete cosine transform", IEEE Transactions on Computers 23 (1974).

    Examples
    --------
    >>> dct_basis(2).round(4).tolist()
    [[0.7071, 0.7071], [0.7071, -0.7071]]
    """
    size = integer("n", n, low=1)
    choice("dtype", dtype, ("float64", "float32"))
    chosen = np.arange(size) if columns is None else as_array("columns", columns)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
        raise must("columns", "a sequence of integers", columns, TypeError)
    if chosen.size and not (0 <= chosen.min() and chosen.max() < size):
        raise must("columns", f"integers in [0, {size - 1}]", columns)
    table = _cosines(size, dtype)
    kind: Any = np.int32 if size < 2**15 else np.int64  # products stay below 2 n^2
    made = table[np.outer(np.arange(1, 2 * size, 2, dtype=kind), chosen.astype(kind)) % kind(4 * size)]
    made[:, chosen == 0] = np.asarray(math.sqrt(1 / size), dtype)
    return made


def type_name(dtype: Any) -> str:
    """The name of a type of numbers, without that of its library."""
    return str(dtype).rpartition(".")[2]


@lru_cache(maxsize=16)
def _cosines(n: int, dtype: str) -> np.ndarray:
    """sqrt(2/n) cos(pi t / (2n)) for t below 4n, 0 where it is 0."""
    table = math.sqrt(2 / n) * np.cos(np.pi * np.arange(4 * n) / (2 * n))
    table[[n, 3 * n]] = 0.0
    return table.astype(dtype)


def _whole(n: int, dtype: str) -> np.ndarray:
    """The whole matrix, whose columns lie one behind the other; a small one is kept for later calls."""
    return _kept(n, dtype) if n <= KEPT else np.asfortranarray(dct_basis(n, dtype=dtype))


@lru_cache(maxsize=4)
def _kept(n: int, dtype: str) -> np.ndarray:
    return np.asfortranarray(dct_basis(n, dtype=dtype))


class Basis:
    """An orthogonal matrix whose columns are chosen from: the cosines of whatever size is asked for, or one matrix.

    Parameters
    ----------
    given : "dct" or array of shape (n, n)
        Arrays of Fractions stay exact.

    Raises
    ------
    ValueError
        If it is not an orthogonal matrix.
    TypeError
        If its entries are not real numbers.
    """

    __slots__ = ("matrix",)

    def __init__(self, given: Any) -> None:
        self.matrix: np.ndarray | None = None
        if isinstance(given, str):
            choice("basis", given, ("dct",))
        else:
            self.matrix = _orthogonal(given)

    @property
    def is_exact(self) -> bool:
        """Answer whether the matrix holds exact numbers."""
        return self.matrix is not None and self.matrix.dtype.kind == "O"

    def whole(self, n: int, dtype: str) -> np.ndarray:
        """The matrix of size n, of float64 numbers, float32 ones or objects."""
        if self.matrix is None:
            return _whole(n, dtype)
        self.check_size(n)
        return self.matrix.astype(dtype, copy=False)

    def part(self, n: int, columns: np.ndarray, dtype: str) -> np.ndarray:
        """Some columns."""
        if self.matrix is None:
            return (
                _whole(n, dtype).T.take(columns, axis=0).T if n <= KEPT else dct_basis(n, columns=columns, dtype=dtype)
            )
        return self.matrix[:, columns].astype(dtype, copy=False)

    def check_size(self, n: int) -> None:
        """Refuse a matrix of another size."""
        if self.matrix is not None and len(self.matrix) != n:
            raise must("basis", f"of shape {(n, n)}, as the smaller side asks for", self.matrix.shape)


def _orthogonal(given: Any) -> np.ndarray:
    """A matrix whose columns are orthonormal, exactly or up to rounding."""
    Q = array("basis", to_numpy(given), shape=(None, None))
    n = len(Q)
    if Q.shape[1] != n or n == 0:
        raise must("basis", "a square matrix", Q.shape)
    off = np.abs(Q.T @ Q - np.eye(n, dtype=int)).max()
    if off > (0 if Q.dtype.kind == "O" else 16 * n * float(np.finfo(Q.dtype).eps)):
        raise must("basis", "orthogonal", Words(f"an entry of Q^T Q that is off by {float(off):.3g}"))
    return Q
