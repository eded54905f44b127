"""Rewards in other units leave quotients alone and scale differences; everything else is a share or a count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import policy_gradients as pg

RNG = np.random.default_rng(11)
REWARDS = RNG.integers(0, 4, (6, 5)) / 4 + 0.5
LIKELY = -RNG.random((6, 5))


def advantages(c: float, norm: str) -> Any:
    """Advantages of rewards in units c, with offset and tolerance in the same units, and of punished ones."""
    offset = {} if norm in ("none", "loo") else {"std_offset": 0.125 * c}
    plain = pg.group_advantages(REWARDS * c, norm=norm, tie_tol=0.25 * c, **offset)
    punished = pg.group_advantages(REWARDS * c, norm=norm, log_probs=LIKELY, unlikeliness=0.5, **offset)
    unit = c if norm in ("none", "loo") else 1.0
    return plain.advantages / unit, plain.no_signal, punished.advantages / unit, punished.rewards / c


UNITS: dict[str, Callable[[float], Any]] = {
    f"group_advantages:{norm}": lambda c, norm=norm: advantages(c, norm)
    for norm in ("std", "sample", "none", "loo", "batch", "mean")
}
FAR = {name: (1e-150, 1e150) for name in UNITS}
#: why a factor on the data means nothing
UNITLESS: dict[str, str] = {
    "AnswerLog": "it counts answers",
    "expected_gradient": "rewards are 0 or 1, and probabilities have no unit",
    "flow": "rewards are 0 or 1, and probabilities have no unit",
    "inner_updates": "rewards are 0 or 1, and probabilities have no unit",
    "pass_at_k": "it counts answers",
    "sharpening_report": "it counts answers",
    "signal_share": "it counts answers",
    "stationary_points": "rewards are 0 or 1, and probabilities have no unit",
    "train": "rewards are 0 or 1, and probabilities have no unit",
}
