"""Integers that do not wrap: NumPy's have 64 bits at most, and say nothing where a sum or a product needs more.

A claim is evaluated exactly on Python's integers, in arrays of objects. An array that the claim uses as an index cannot
be one; then its arrays of integers are `Guarded`, which compute in Python's integers and come back to 64 bits where the
result fits. What no conversion of data reaches are integers of 64 bits that the claim itself makes in NumPy, such as
``np.arange(1, 30).prod()``, or ``np.asarray(place) ** 9`` where `place` is an index too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.data import leaves, mapped
from lrtheory.bounds.errors import StatementError

__all__ = ["Guarded", "as_guarded", "as_objects", "may_wrap"]

_SAFE = 2**15  # products of four such integers have 60 bits
_LOW, _HIGH = -(2**63), 2**63 - 1
_WRAPPING = {np.add, np.subtract, np.multiply, np.power, np.negative, np.absolute, np.square, np.left_shift, np.matmul}
_WRAPPING |= {np.floor_divide, np.divmod}
_WRAPPING |= {getattr(np, name) for name in ("vecdot", "matvec", "vecmat") if hasattr(np, name)}  # NumPy 2.0 and 2.2
_PRODUCTS = {np.dot, np.inner, np.vdot, np.outer, np.tensordot, np.einsum, np.convolve, np.correlate, np.kron, np.cross}


def as_objects(value: Any) -> Any:
    """Plain data in which arrays of integers hold Python's integers, and NumPy's integers are Python's."""
    return mapped(value, _object)


def as_guarded(value: Any) -> Any:
    """Plain data in which arrays of integers are `Guarded`, or hold Python's integers where 64 bits are too few."""
    return mapped(value, _guarded)


def may_wrap(value: Any) -> bool:
    """Whether a sum or a short product of integers of plain data may wrap: large ones, and those of few bits."""
    return any(map(_wraps, leaves(value)))


def _wraps(leaf: Any) -> bool:
    if not isinstance(leaf, (np.ndarray, np.integer)) or leaf.dtype.kind not in "iu" or leaf.size == 0:
        return False
    # unsigned integers wrap at 0, whatever their size
    if leaf.dtype.kind == "u" or leaf.dtype.itemsize < 8:
        return True
    return not -_SAFE < int(leaf.min()) <= int(leaf.max()) < _SAFE


def _object(leaf: Any) -> Any:
    if isinstance(leaf, np.integer):
        return int(leaf)
    if not isinstance(leaf, np.ndarray) or leaf.dtype.kind not in "iuO":
        return leaf
    if leaf.dtype.kind in "iu":
        return np.asarray(leaf).astype(object)
    flat = np.empty(leaf.size, object)
    flat[:] = [int(item) if isinstance(item, np.integer) else item for item in leaf.ravel().tolist()]
    return flat.reshape(leaf.shape)


def _guarded(leaf: Any) -> Any:
    exact = _object(leaf)
    is_whole = isinstance(leaf, np.ndarray) and leaf.dtype.kind in "iu"
    return _shrunk(exact) if is_whole else exact


def _shrunk(result: Any) -> Any:
    """A result of exact arithmetic as `Guarded` where all of it are integers of 64 bits; else as it is."""
    if isinstance(result, tuple):
        return tuple(_shrunk(one) for one in result)
    if isinstance(result, np.integer):
        return int(result)
    if not isinstance(result, np.ndarray):
        return result
    if result.dtype == object and all(type(one) is int and _LOW <= one <= _HIGH for one in result.flat):
        return result.astype(np.int64).view(Guarded)
    return result.view(Guarded) if result.dtype.kind in "iu" and type(result) is np.ndarray else result


def _widened(operand: Any) -> Any:
    """An operand of NumPy's as an array of Python's integers, if it holds integers."""
    plain = np.asarray(operand)
    return plain.astype(object) if plain.dtype.kind in "iub" else plain


class Guarded(np.ndarray):
    """An array of 64-bit integers whose sums, products and powers never wrap; it serves as an index as any other."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        plain = [np.asarray(one) if isinstance(one, np.ndarray) else one for one in inputs]
        kinds = {np.asarray(one).dtype.kind for one in (plain if method in ("__call__", "outer") else plain[:1])}
        # an integer of Python's that has more than 64 bits comes as an array of objects
        wraps = ufunc in _WRAPPING and kinds <= {"i", "u", "b", "O"} and kinds & {"i", "u"}
        if not wraps:
            targets = {} if out is None else {"out": tuple(None if one is None else np.asarray(one) for one in out)}
            result = getattr(ufunc, method)(*plain, **targets, **options)
            return out[0] if out is not None and len(out) == 1 else _shrunk(result)
        if np.dtype(options.get("dtype") or int).kind in "iu":
            options.pop("dtype", None)
        if method == "at":
            target = _widened(plain[0])
            ufunc.at(target, plain[1], *map(_widened, plain[2:]))
            return _stored(inputs[0], target)
        keeps_indices = plain[1:] if method == "reduceat" else map(_widened, plain[1:])
        result = getattr(ufunc, method)(_widened(plain[0]), *keeps_indices, **options)
        return _shrunk(result) if out is None else _stored(out[0], result)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function in _PRODUCTS:
            # by position or by name; a target stays as it is, and NumPy refuses one of integers
            named = {name: one if name == "out" else _exact(one) for name, one in options.items()}
            return _shrunk(function(*map(_exact, args), **named))
        result = super().__array_function__(function, types, args, options)
        return result if result is NotImplemented else _shrunk(result)

    def __getitem__(self, key: Any) -> Any:
        return _shrunk(super().__getitem__(key))

    def __iter__(self) -> Any:
        return (self[place] for place in range(len(self)))

    def dot(self, other: Any, out: Any = None) -> Any:  # type: ignore[override]
        """The product of two arrays, as `numpy.dot`."""
        return np.dot(self, other) if out is None else _stored(out, np.dot(self, other))


def _exact(argument: Any) -> Any:
    """An argument of a product without guards, which would come back here, and with Python's integers."""
    return mapped(argument, lambda leaf: _object(np.asarray(leaf) if isinstance(leaf, np.ndarray) else leaf))


def _stored(target: Any, result: Any) -> Any:
    """The target of an operation in place, filled with its result; an error if 64 bits are too few."""
    place = np.asarray(target)
    entries = np.asarray(result, object)
    if place.dtype.kind in "iu":
        low, high = np.iinfo(place.dtype).min, np.iinfo(place.dtype).max
        if not all(low <= one <= high for one in entries.flat):
            raise StatementError(f"a sum in place does not fit an array of {place.dtype}; write a = a + b for a += b")
    place[...] = entries
    return target
