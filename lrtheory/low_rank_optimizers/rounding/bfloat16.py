"""Numbers rounded to sixteen bits, to even where two are equally near, by operations on integers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, real_array
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import choice
from lrtheory.low_rank_optimizers.theory.rounding import FORMATS

__all__ = ["blocks", "codes_of", "numbers_of", "rounded"]

#: numbers that are converted at once, so that what comes between stays in the cache
BLOCK = 1 << 18


@arrays("host")
def rounded(x: ArrayLike, *, dtype: str = "bfloat16") -> Array:
    """Round numbers to bfloat16 or half precision, to the nearest, and to even where two are equally near.

    Doubles are rounded once, and not to single precision first.

    Parameters
    ----------
    x : array of any shape
        Finite numbers.
    dtype : {"bfloat16", "float16"}
        The format.

    Returns
    -------
    array of the shape of `x`
        Numbers of the format, in the type of `x`: float32 stays float32, and integers become float64. What is half a
        gap or more beyond the largest number becomes an infinity.

    Raises
    ------
    TypeError
        If the entries are not real numbers.
    ValueError
        If an entry is not finite, or the format is unknown.

    Notes
    -----
    Arrays: any (copied to the host).

    Examples
    --------
    >>> rounded([1.0 - 0.003, 1.0 - 0.0019, 3.14159]).tolist()
    [0.99609375, 1.0, 3.140625]
    """
    choice("dtype", dtype, tuple(FORMATS))
    found = np.asarray(real_array(array_namespace(), "x", x))
    return numbers_of(codes_of(found, dtype), dtype).astype(found.dtype)


def codes_of(x: np.ndarray, dtype: str) -> np.ndarray:
    """The sixteen bits of each number in a format; finite floats of any type."""
    if dtype == "float16":
        with np.errstate(over="ignore"):
            return np.asarray(x.astype(np.float16).view(np.uint16))
    if x.dtype == np.float64:
        bits = _single_bits_to_odd(x)
    else:
        bits = x.astype(np.float32).view(np.uint32)  # a copy
    bits += ((bits >> 16) & 1) + np.uint32(0x7FFF)
    bits >>= 16
    return bits.astype(np.uint16)


def numbers_of(codes: np.ndarray, dtype: str) -> np.ndarray:
    """The numbers that codes stand for, in single precision."""
    if dtype == "float16":
        return np.asarray(codes.view(np.float16).astype(np.float32))
    return (codes.astype(np.uint32) << 16).view(np.float32)


def _single_bits_to_odd(x: np.ndarray) -> np.ndarray:
    """The bits of doubles in single precision, cut, and with a last bit of 1 where something was cut off.

    Rounded once more to fewer bits they give what rounding the doubles gives, since no new ties arise.
    """
    with np.errstate(over="ignore"):
        single = x.astype(np.float32)
    bits = single.view(np.uint32)
    inexact, longer = single != x, np.abs(single) > np.abs(x)
    bits -= longer
    bits |= inexact
    return bits


def blocks(*arrays: Any) -> Iterator[tuple[np.ndarray, ...]]:
    """Arrays of one size in pieces of one length, as views."""
    flat = [np.ascontiguousarray(one).reshape(-1) for one in arrays]
    for start in range(0, flat[0].size, BLOCK):
        yield tuple(one[start : start + BLOCK] for one in flat)
