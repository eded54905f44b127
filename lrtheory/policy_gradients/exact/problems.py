"""Checks of one problem: a law of answers, which of them are right, and how far a ratio may go."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._validation import Words, array, integer, must, open_interval

__all__ = ["check_clip", "check_correct", "check_law", "check_laws", "check_problem", "check_size"]

#: sums over larger groups take gigabytes
MOST_SAMPLES = 10**7


def check_law(name: str, p: Any) -> np.ndarray:
    """Return a law of at least one answer, in doubles."""
    return check_laws(name, array(name, p, shape=(None,))[None])[0]


def check_laws(name: str, laws: Any) -> np.ndarray:
    """Return the laws in the rows of a table, in doubles; those in single precision are divided by their sums."""
    given = array(name, laws, shape=(None, None), low=0.0, high=1.0)
    found = given.astype(np.float64)
    totals = found.sum(axis=1, keepdims=True)
    is_short = given.dtype in (np.float16, np.float32)
    unit = float(np.finfo(given.dtype).eps) if is_short else 1e-12
    off = np.abs(totals[:, 0] - 1) > unit * max(1, found.shape[1])
    if off.any():
        b = int(np.argmax(off))
        rule, where = (" for each problem", f" for problem {b}") if len(found) > 1 else ("", "")
        raise ValueError(f"`{name}` must sum to 1{rule}; got {totals[b, 0]:.12g}{where}.")
    return np.asarray(found / totals) if is_short else found


def check_size(group_size: Any, low: int = 1) -> int:
    """Return the number of answers of a group, of which a sum goes over all numbers of right ones."""
    return integer("group_size", group_size, low=low, high=MOST_SAMPLES)


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
