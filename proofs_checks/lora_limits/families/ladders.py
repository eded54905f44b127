"""Instances of growing size, and the power at which costs grow along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Ladder:
    """Instances of growing size."""

    rungs: tuple[Any, ...]


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Fit the power at which costs grow with sizes: the slope of the least-squares line through their logarithms.

    Costs below the smallest positive double count as that, so that a cost of 0 has a logarithm.
    """
    above = np.maximum(np.asarray(costs, float), np.finfo(float).tiny)
    return float(np.polyfit(np.log(np.asarray(sizes, float)), np.log(above), 1)[0])
