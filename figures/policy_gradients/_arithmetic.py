"""A small policy that learns to write sums, trained from several starts; two figures show it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from figures._tools import stream
from lrtheory.policy_gradients import make_arithmetic, train

SEED = 0
SAMPLES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
STRENGTHS = [0.0, 0.25, 1.0]
#: size of a step of what all targets share; that of what each target has for itself is `OWN`
WEAK, STRONG, OWN = 0.5, 2.0, 0.05
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"starts": 24, "steps": 150, "group_size": 16},
    "full": {"starts": 200, "steps": 150, "group_size": 16},
}


@cache
def train_on_sums(profile: str, shared: float) -> dict[str, np.ndarray]:
    raise NotImplementedError
