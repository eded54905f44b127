"""Levels of Clopper-Pearson intervals that hold at all numbers of trials at once."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["anytime_level"]


def anytime_level(delta: float, n: np.ndarray) -> np.ndarray:
    """Share a probability to miss among all numbers of trials, for intervals that hold at all of them (RG-T1).

    At n trials it is 6 / (pi^2 n^2) of `delta`, as the sum of 1 / n^2 is pi^2 / 6; the result has the shape of `n`.
    """
    return delta * 6 / (math.pi * np.maximum(n, 1)) ** 2
