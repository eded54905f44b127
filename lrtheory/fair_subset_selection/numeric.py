"""Numbers of `theory`: Fractions where the arguments are exact, floats otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import to_numpy

__all__ = ["exact", "listed"]


def exact(value: Any) -> Any:
    """An integer as a Fraction, so that quotients stay exact; everything else unchanged."""
    return Fraction(int(value)) if isinstance(value, (int, np.integer)) else value


def listed(values: Any) -> list[Any]:
    """The entries of an array or a sequence; integers as Fractions."""
    entries = values if isinstance(values, Sequence) else to_numpy(values).tolist()
    return [exact(entry) for entry in entries]
