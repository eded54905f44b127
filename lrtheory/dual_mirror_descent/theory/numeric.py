"""Checks of arguments of `theory` that are not single numbers: vectors over resources, rates, and arrays of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import HUGE, number, numbers
from lrtheory._validation import as_array, must

__all__ = ["cost_bounds", "entries", "largest_ratio", "per_resource", "positive_rates"]


def per_resource(
    name: str, value: Any, m: int | None = None, low: Any = -HUGE, high: Any = HUGE, *, ends: str = "[]"
) -> list[Any]:
    """Return a vector over the resources as a list of numbers in an interval; one number stands for all m of them."""
    vector = to_numpy(value)
    if isinstance(vector, (str, bytes)) or not isinstance(vector, (Sequence, np.ndarray)) or np.ndim(vector) == 0:
        return [number(name, value, low, high, ends=ends)] * (m or 1)
    if m is not None and len(vector) != m:
        raise must(name, f"one number, or {m} of them", value)
    return numbers(name, vector, low, high, ends=ends)


def positive_rates(rate: Any) -> list[Any]:
    """Return the rates of the resources as a list, all positive."""
    return per_resource("rate", rate, low=0, ends="(]")


def cost_bounds(value: Any, m: int) -> list[Any]:
    """Return the largest cost of each resource as a list; one number stands for all of them."""
    return per_resource("cost_bound", value, m, 0)


def largest_ratio(bounds: list[Any], rates: list[Any]) -> Any:
    """Compute max_j b_j / rho_j; compared without division, so that equal ratios of balls are seen to be equal."""
    bound, rate = bounds[0], rates[0]
    for b, r in zip(bounds[1:], rates[1:], strict=True):
        if b * rate > bound * r:
            bound, rate = b, r
    return bound / rate


def entries(
    name: str, values: Any, low: Any = -HUGE, high: Any = HUGE, *, ends: str = "[]", ndim: int | None = None
) -> np.ndarray:
    """Return an array of numbers of any kind unchanged if all lie in an interval and it has `ndim` axes."""
    table = as_array(name, to_numpy(values))
    if table.dtype.kind not in "iufO":
        raise must(name, "an array of numbers", values, TypeError)
    if ndim is not None and table.ndim != ndim:
        raise must(name, "an array with one axis" if ndim == 1 else f"an array with {ndim} axes", table.shape)
    # the least and the largest one decide, and both are NaN where any is; numbers of other kinds are asked one by one
    asked = table.ravel() if table.dtype.kind == "O" else [table.min(), table.max()] if table.size else []
    for entry in asked:
        number(name, entry, low, high, ends=ends)
    return table
