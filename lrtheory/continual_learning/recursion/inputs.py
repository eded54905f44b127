"""The checks of keys and values, of any library, for all forms."""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, real_array, to_numpy
from lrtheory._kernels.units import largest_of
from lrtheory._validation import Words, array, must
from lrtheory.continual_learning.layouts import wrong_shape
from lrtheory.continual_learning.recursion.forms.algebra import is_exact

__all__ = ["anchors", "copied", "exact", "finite", "fitting", "matrix", "number", "pair", "precision", "same"]

#: least and largest positive number of each kind of float, which NumPy takes a microsecond to say
_RANGE = {
    np.dtype(kind): (float(np.finfo(kind).smallest_subnormal), float(np.finfo(kind).max))
    for kind in (np.float32, np.float64)
}


def matrix(name: str, value: Any, like: Any) -> Any:
    """A matrix of the kind, precision and device of another array; Fractions where that one holds Fractions."""
    if is_exact(like):
        return exact(array(name, to_numpy(value), shape=(None, None)))
    if type(value) is type(like) is np.ndarray and value.dtype == like.dtype:
        found: Any = value  # as it is, the usual one, in a tenth of the time
    else:
        host = isinstance(like, np.ndarray)
        xp = array_namespace(like)
        device = None if host else like.device
        found = real_array(xp, name, to_numpy(value) if host else value, device=device, finite=False)
        found = found if found.dtype == like.dtype else xp.astype(found, like.dtype)
    if found.ndim != 2:
        raise must(name, "a matrix", Words(f"an array of shape {tuple(found.shape)}"))
    return found


def exact(given: np.ndarray) -> np.ndarray:
    """An array of the Fractions that its numbers are."""
    out = np.empty(given.shape, dtype=object)
    out.ravel()[:] = [_fraction(entry) for entry in given.ravel().tolist()]
    return out


def _fraction(value: Any) -> Fraction:
    """A number as the Fraction that it is."""
    return Fraction(value) if isinstance(value, (Rational, float, str)) else Fraction(float(value))


def number(value: Any, exactly: bool) -> Any:
    """A checked number as a double, or as the Fraction that it is."""
    return _fraction(value) if exactly else float(value)


def fitting(name: str, value: Any, like: Any) -> Any:
    """A checked number, unless it is lost in the precision of an array."""
    if not is_exact(like) and value != 0:
        kind = precision(like)
        least, largest = _RANGE[kind]
        if not least <= value <= largest:
            raise must(name, f"a number of {kind}", float(value))
    return value


def pair(keys: Any, values: Any, W: Any, weight: Any = 1) -> tuple[Any, Any]:
    """Copies of keys (u, d) and values (u, p) with finite squares: of keys times their weight, of values as they are.

    Raises
    ------
    ValueError
        If a shape is another one, or a number is not finite or too large.
    TypeError
        If the entries are not real numbers.
    """
    d, p = W.shape
    K, V = matrix("keys", keys, W), matrix("values", values, W)
    if K.shape[1] != d:
        raise wrong_shape("keys", f"(u, {d})", tuple(K.shape), turned=K.shape[1] == p)
    if V.shape[0] != K.shape[0]:
        raise ValueError(f"`values` must have one row a key, {K.shape[0]}; got {V.shape[0]}.")
    if V.shape[1] != p:
        raise must("values", f"of shape ({K.shape[0]}, {p})", tuple(V.shape))
    K, V = copied(K), copied(V)
    _bounded("keys", K, weight)
    _bounded("values", V, 1)
    return K, V


def anchors(given: Any, W: Any, weight: Any) -> Any:
    """The anchors (m, d) as a copy; they are finite, and their squares times their weight are."""
    d, p = W.shape
    K0 = matrix("anchors", given, W)
    if K0.shape[1] != d:
        raise wrong_shape("anchors", f"(m, {d})", tuple(K0.shape), turned=K0.shape[1] == p)
    _bounded("anchors", K0, weight)
    return copied(K0)


def finite(A: Any) -> bool:
    """Whether all numbers are finite, as Fractions are."""
    return is_exact(A) or bool(array_namespace(A).all(array_namespace(A).isfinite(A)))


def copied(A: Any) -> Any:
    """A copy, its rows contiguous where it is NumPy's."""
    return np.array(A, order="C") if isinstance(A, np.ndarray) else array_namespace(A).asarray(A, copy=True)


def same(own: Any, given: Any) -> bool:
    """Whether two arrays of one kind are equal."""
    return bool(own.shape == given.shape and np.array_equal(to_numpy(own), to_numpy(given)))


def precision(like: Any) -> np.dtype[Any]:
    """The kind of float of an array of any library, as NumPy's."""
    return like.dtype if isinstance(like, np.ndarray) else np.dtype(str(like.dtype).rpartition(".")[2])


def _bounded(name: str, rows: Any, weight: Any) -> None:
    """Refuse a row that is not finite, and one whose squares times the weight are not."""
    if is_exact(rows) or 0 in rows.shape:
        return
    most = _RANGE[precision(rows)][1] / (4 * rows.shape[0] * rows.shape[1])
    # no square is larger than the sum of all of them, which comes in one pass and is NaN where an entry is; the half
    # is for its rounding, and a row between the two is looked at closely
    if isinstance(rows, np.ndarray) and float(np.vdot(rows, rows)) * max(1.0, weight) <= most / 2:
        return
    size = largest_of(rows) * max(1.0, math.sqrt(weight))
    if size <= math.sqrt(most):
        return
    host = np.asarray(to_numpy(rows), np.float64)
    for i, row in enumerate(host):
        if not np.isfinite(row).all():
            raise ValueError(f"`{name}` must be finite; got an infinity or NaN in row {i}.")
    lengths = [math.hypot(*row) * math.sqrt(weight) for row in host.tolist()]
    raise ValueError(f"`{name}` must keep squares finite in {precision(rows)}; got a row of size {max(lengths):.6g}.")
