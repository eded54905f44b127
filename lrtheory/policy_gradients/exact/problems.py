"""Checks of one problem: a law of answers, which of them are right, and how far a ratio may go."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._validation import Words, array, must, open_interval

__all__ = ["check_clip", "check_correct", "check_law", "check_problem"]


def check_law(name: str, p: Any) -> np.ndarray:
    """Return a law of at least one answer, in doubles."""
    law = array(name, p, shape=(None,), low=0.0, high=1.0).astype(np.float64)
    total = float(law.sum())
    if abs(total - 1) > 1e-12 * max(1, len(law)):
        raise ValueError(f"`{name}` must sum to 1; got {total:.12g}.")
    return law


def check_problem(p: Any, correct: Any, name: str = "p") -> tuple[np.ndarray, np.ndarray]:
    """Return a law, and which of its answers are right."""
    law = check_law(name, p)
    right = check_correct(correct)
    if right.shape != law.shape:
        raise must("correct", f"of shape ({len(law)},), as `{name}`", Words(f"shape {right.shape}"))
    return law, right


def check_correct(correct: Any) -> np.ndarray:
    """Return which answers are right, from truth values or from numbers 0 and 1."""
    right = array("correct", correct)
    other = ~np.isin(right, (0, 1))
    if other.any():
        raise must("correct", "boolean", right[other].flat[0])
    return right.astype(bool)


def check_clip(clip: Any) -> tuple[float, float]:
    """Return the least and the largest ratio at which a sample still counts."""
    if clip is None:
        return 0.0, np.inf
    if isinstance(clip, (tuple, list)):
        if len(clip) != 2:
            raise must("clip", "a number, a pair of numbers, or None", clip)
        low, high = (open_interval("clip", one, 0, 1) for one in clip)
    else:
        low = high = open_interval("clip", clip, 0, 1)
    return 1 - low, 1 + high
