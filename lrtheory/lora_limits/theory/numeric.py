"""Readers of the arguments of `theory` and of arrays of any library: numbers, tables and matrices of several kinds.

A formula that needs no logarithm, exponential or root takes Fractions and balls as they are, so that a statement can
evaluate it exactly; only doubles may go through floating-point functions.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, is_foreign, to_numpy
from lrtheory._numbers import number, plain
from lrtheory._validation import as_array, must, open_interval, unmasked

__all__ = ["between", "given_array", "is_double", "largest", "matrix", "nonnegative", "real_array", "table"]


def nonnegative(name: str, value: Any) -> Any:
    """Check a number of any kind that is at least 0; infinity is allowed, as the bound that is always true."""
    return value if isinstance(value, float) and value == math.inf else number(name, value, 0)


def between(name: str, value: Any, low: float, high: float) -> float:
    """Check a number strictly between low and high; the error for NaN names the interval too."""
    if isinstance(value, Real) and value != value:
        raise must(name, f"a number in ({low:g}, {high:g}), which NaN is not", value)
    return open_interval(name, value, low, high)


def is_double(value: Any) -> bool:
    """Return whether a number may go through floating-point functions: a float or an integer, not exact, not a ball."""
    return isinstance(value, (int, float))


def largest(values: Any) -> Any:
    """Return the largest absolute value of the entries, or 0 if there are none."""
    sizes = np.abs(np.asarray(values))
    return plain(sizes.max()) if sizes.size else 0


def given_array(name: str, value: Any) -> Any:
    """Accept arrays of any library as they are; turn lists and data frames into NumPy arrays."""
    unmasked(name, value)
    found = value if is_foreign(value) or isinstance(value, np.ndarray) else as_array(name, value)
    if not isinstance(found, np.ndarray) or found.dtype.kind in "fiub":
        return found
    others = [x for x in found.ravel().tolist() if not isinstance(x, Real)]
    if found.dtype.kind != "O" or others:
        raise must(name, "an array of real numbers", others[0] if found.dtype.kind == "O" else found.dtype, TypeError)
    return found.astype(np.float64)  # data frames with columns of several types arrive as objects


def real_array(xp: Any, name: str, value: Any) -> Any:
    """Check an array of finite real numbers; the result is float32 or float64, and integers become float64."""
    value = given_array(name, value)
    foreign = array_namespace(value) is not array_namespace()
    if not foreign and xp is not array_namespace():
        raise must(name, "an array of the library of the other inputs", value, TypeError)
    value = value.detach() if foreign and hasattr(value, "detach") else value  # autograd shall not record what follows
    known = value.dtype.kind in "fiub" if isinstance(value, np.ndarray) else None
    if not (xp.isdtype(value.dtype, ("real floating", "integral", "bool")) if known is None else known):
        raise must(name, "an array of real numbers", value.dtype, TypeError)
    if value.dtype not in (xp.float32, xp.float64):
        value = xp.astype(value, xp.float64)
    # maximum and minimum of an array with a NaN are NaN, so two reductions do without an array of bools
    if 0 not in value.shape and not bool(xp.isfinite(xp.max(value)) & xp.isfinite(xp.min(value))):
        raise must(name, "finite", "an infinity or NaN")
    return value


def table(name: str, value: Any) -> np.ndarray:
    """Check finite numbers of any kind (doubles, Fractions, balls) in any shape; they stay as they are, on the host."""
    found = as_array(name, to_numpy(value))
    if found.dtype.kind not in "fiubO" or any(x is None or isinstance(x, (str, bytes)) for x in _objects(found)):
        raise must(name, "an array of numbers", value, TypeError)
    floats = found if found.dtype.kind == "f" else np.array([x for x in _objects(found) if isinstance(x, float)])
    if not np.isfinite(floats).all():
        raise must(name, "finite", float(floats[~np.isfinite(floats)].flat[0]))
    return found


def _objects(values: np.ndarray) -> list[Any]:
    """List the entries of an array of objects; an array of numbers has none to list."""
    return values.ravel().tolist() if values.dtype.kind == "O" else []


def matrix(name: str, value: Any) -> np.ndarray:
    """Check a non-empty matrix of finite numbers of any kind; the numbers stay as they are, on the host."""
    found = table(name, value)
    if found.ndim != 2 or found.size == 0:
        raise must(name, "a non-empty matrix", found.shape)
    return found
