"""Keys, values and weights in other units: the map follows its values, the ridge weight its squared keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

RNG = np.random.default_rng(7)
