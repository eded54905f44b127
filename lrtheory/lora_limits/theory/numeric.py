"""Numbers of `theory`: which of them are doubles, and tables of them."""

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
    """A number of any kind that is at least 0, or infinity, which bounds everything."""
    return value if isinstance(value, float) and value == math.inf else number(name, value, 0)


def between(name: str, value: Any, low: float, high: float) -> float:
    """A number strictly between low and high; NaN is told its interval as any other number is."""
    if isinstance(value, Real) and value != value:
        raise must(name, f"a number in ({low:g}, {high:g}), which NaN is not", value)
    return open_interval(name, value, low, high)


def is_double(value: Any) -> bool:
    """Whether a number may go through floating-point functions: a float or an integer, no Fraction and no ball."""
    return isinstance(value, (int, float))


def largest(values: Any) -> Any:
    """The largest entry in absolute value; 0 of none."""
    sizes = np.abs(np.asarray(values))
    return plain(sizes.max()) if sizes.size else 0


def given_array(name: str, value: Any) -> Any:
    """What a caller gave as an array: arrays of any library as they are, lists and data frames as NumPy's."""
    unmasked(name, value)
    found = value if is_foreign(value) or isinstance(value, np.ndarray) else as_array(name, value)
    if not isinstance(found, np.ndarray) or found.dtype.kind in "fiub":
        return found
    others = [x for x in found.ravel().tolist() if not isinstance(x, Real)]
    if found.dtype.kind != "O" or others:
        raise must(name, "an array of real numbers", others[0] if found.dtype.kind == "O" else found.dtype, TypeError)
    return found.astype(np.float64)  # what frames with columns of several types become


def real_array(xp: Any, name: str, value: Any) -> Any:
    """An array of finite real numbers, float32 or float64; integers become float64, lists and frames arrays."""
    value = given_array(name, value)
    foreign = array_namespace(value) is not array_namespace()
    if not foreign and xp is not array_namespace():
        raise must(name, "an array of the library of the other inputs", value, TypeError)
    value = value.detach() if foreign and hasattr(value, "detach") else value  # no graph of what is done here
    known = value.dtype.kind in "fiub" if isinstance(value, np.ndarray) else None
    if not (xp.isdtype(value.dtype, ("real floating", "integral", "bool")) if known is None else known):
        raise must(name, "an array of real numbers", value.dtype, TypeError)
    if value.dtype not in (xp.float32, xp.float64):
        value = xp.astype(value, xp.float64)
    # extremes carry a NaN through, and are quicker than a look at every entry
    if 0 not in value.shape and not bool(xp.isfinite(xp.max(value)) & xp.isfinite(xp.min(value))):
        raise must(name, "finite", "an infinity or NaN")
    return value


def table(name: str, value: Any) -> np.ndarray:
    """Finite numbers of any kind on the host, in any shape, as they are."""
    found = as_array(name, to_numpy(value))
    if found.dtype.kind not in "fiubO" or any(x is None or isinstance(x, (str, bytes)) for x in _objects(found)):
        raise must(name, "an array of numbers", value, TypeError)
    floats = found if found.dtype.kind == "f" else np.array([x for x in _objects(found) if isinstance(x, float)])
    if not np.isfinite(floats).all():
        raise must(name, "finite", float(floats[~np.isfinite(floats)].flat[0]))
    return found


def _objects(values: np.ndarray) -> list[Any]:
    return values.ravel().tolist() if values.dtype.kind == "O" else []


def matrix(name: str, value: Any) -> np.ndarray:
    """A matrix of finite numbers of any kind on the host, as it is."""
    found = table(name, value)
    if found.ndim != 2 or found.size == 0:
        raise must(name, "a non-empty matrix", found.shape)
    return found
