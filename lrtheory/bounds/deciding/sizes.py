"""The sizes of instances: the ranges of the numbers in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.data import parts

__all__ = ["sizes_of"]

_MOST = 4
_LARGE = 1e300  # beyond it are infinities, and integers that are no sizes


def sizes_of(instances: Sequence[Any]) -> dict[str, list[float]]:
    """The ranges of the numbers of instances that vary, at most four; of their lengths where no number does.

    Parameters
    ----------
    instances : sequence of object
        Plain data.

    Returns
    -------
    dict of str to list of float
        The least and the largest number by its name.
    """
    seen: dict[str, list[float]] = {}
    lengths: dict[str, list[float]] = {}
    for instance in instances:
        for name, value in _named(instance):
            if _is_number(value):
                seen.setdefault(name, []).append(value)
            elif isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
                lengths.setdefault(f"len({name})", []).append(len(value))
    varied = [
        {name: _ends(found) for name, found in some.items() if min(found) < max(found)} for some in (seen, lengths)
    ]
    return dict(list((varied[0] or varied[1]).items())[:_MOST])


def _named(instance: Any) -> list[tuple[str, Any]]:
    if _is_number(instance):
        return [("n", instance)]
    inner = None if isinstance(instance, (list, tuple)) and not hasattr(instance, "_fields") else parts(instance)
    return [("instance", instance)] if inner is None else [(name, value) for _, name, value in inner]


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating, Fraction)):
        return False
    number: Any = value
    return bool(abs(number) < _LARGE)


def _ends(found: Sequence[Any]) -> list[float]:
    ends = min(found), max(found)
    return [int(end) if isinstance(end, (int, np.integer)) else float(end) for end in ends]
