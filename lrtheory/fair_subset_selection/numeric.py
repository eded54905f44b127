"""Numbers of `theory`: Fractions where the arguments are exact, floats otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import to_numpy

__all__ = ["ROUNDING", "exact", "listed", "with_rounding"]

#: Ratios that agree up to this factor are equal: mean scores of m items are sums of a few rounded terms.
ROUNDING = 2.0**-47


def exact(value: Any) -> Any:
    """An integer as a Fraction, so that quotients stay exact; everything else unchanged."""
    return Fraction(int(value)) if isinstance(value, (int, np.integer)) else value


def listed(values: Any) -> list[Any]:
    """The entries of an array or a sequence; integers as Fractions."""
    entries = values if isinstance(values, Sequence) else to_numpy(values).tolist()
    return [exact(entry) for entry in entries]


def with_rounding(bound: Any, values: Sequence[Any]) -> Any:
    """An upper bound on ratios of values: a few units of rounding larger where something is a float, else itself."""
    return bound * (1 + ROUNDING) if any(isinstance(x, float) for x in (bound, *values)) else bound
