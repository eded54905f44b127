"""What these figures share: colours, streams, slopes, and claims that are inequalities with margins."""

from __future__ import annotations

from typing import Any

import numpy as np

#: of Okabe and Ito, told apart by colour-blind eyes
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")


def stream(seed: int, *key: int) -> np.random.Generator:
    """The randomness of one run, whatever else is computed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def slope(x: Any, y: Any) -> float:
    """The exponent of growth: least squares of log y on log x; NaN unless all are positive."""
    if not (np.asarray(y) > 0).all():
        return float("nan")
    return float(np.polyfit(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)), 1)[0])


def below(value: Any, limit: Any) -> tuple[bool, float]:
    """The claim that value < limit, everywhere."""
    return _positive(np.asarray(limit) - np.asarray(value))


def between(value: Any, low: float, high: float) -> tuple[bool, float]:
    """The claim that low < value < high, everywhere."""
    return _positive(np.minimum(np.asarray(value) - low, high - np.asarray(value)))


def _positive(slack: np.ndarray) -> tuple[bool, float]:
    """Where nothing is compared nothing is shown, so an empty claim fails."""
    margin = float(slack.min()) if slack.size else float("nan")
    return margin > 0, margin
