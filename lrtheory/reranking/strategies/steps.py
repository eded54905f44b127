"""How a strategy is written: a generator that yields rounds of calls, and is sent their answers.

A round is a list of arrays of documents that may be asked at once. The answer to a call is the array of its documents,
the best first, or an array of one score. What the generator returns at last is the order of all documents.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, TypeAlias

import numpy as np

__all__ = ["Scored", "Steps", "ahead"]


class Scored(NamedTuple):
    """An order of documents, and the score of each document by its number."""

    order: np.ndarray
    scores: np.ndarray


Steps: TypeAlias = Generator[list[np.ndarray], list[np.ndarray], "np.ndarray | Scored"]


def ahead(first: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The order that begins with some documents, the others behind them as they stood."""
    return np.concatenate([first, order[~np.isin(order, first)]]).astype(np.int64)
