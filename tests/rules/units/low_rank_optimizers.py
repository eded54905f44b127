"""Gradients, weights and objectives in other units: estimates follow their objective, steps their gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import low_rank_optimizers as lro

RNG = np.random.default_rng(11)
GRADIENT = RNG.normal(size=(6, 9))

UNITS: dict[str, Callable[[float], Any]] = {}
UNITLESS: dict[str, str] = {}
