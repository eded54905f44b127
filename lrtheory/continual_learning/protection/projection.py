"""Projections of steps off a subspace, in the library and on the device of the step."""

from __future__ import annotations

from typing import Any

from lrtheory._array import real_array
from lrtheory.continual_learning.layouts import wrong_shape

__all__ = ["projected", "typed", "weight"]

#: a projection is repeated when it leaves less than this part of a step: the rest may then be rounding
TWICE = 0.7


def weight(xp: Any, name: str, value: Any, n_features: int, axis: int, other: str) -> Any:
    """A finite matrix with `n_features` on one axis, and any number on the other one."""
    found = real_array(xp, name, value)
    shape = tuple(found.shape)
    if len(shape) == 2 and shape[axis] == n_features:
        return found
    wanted = f"({other}, {n_features})" if axis == 1 else f"({n_features}, {other})"
    raise wrong_shape(name, wanted, shape, turned=len(shape) == 2 and shape[1 - axis] == n_features)


def projected(xp: Any, step: Any, M: Any, axis: int) -> Any:
    """The step without what orthonormal columns M hold of it along an axis."""
    largest = xp.max(xp.abs(step)) if M.shape[1] and 0 not in step.shape else 0.0
    if not float(largest) > 0.0:
        return xp.asarray(step, copy=True)
    left = _once(step, M, axis)
    before, after = (float(xp.sum((one / largest) ** 2)) for one in (step, left))
    return _once(left, M, axis) if after < TWICE**2 * before else left


def _once(step: Any, M: Any, axis: int) -> Any:
    return step - (step @ M) @ M.T if axis == 1 else step - M @ (M.T @ step)


def typed(xp: Any, value: Any, like: Any) -> Any:
    """The value in the type of what the caller gave, where that is half precision."""
    dtype = getattr(like, "dtype", value.dtype)
    if dtype == value.dtype or not xp.isdtype(dtype, "real floating"):
        return value
    return xp.astype(value, dtype)
