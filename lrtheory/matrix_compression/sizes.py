"""The size of an answer: a rank, an error or a budget, of which exactly one is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._kernels.low_rank import rank_within
from lrtheory._validation import exactly_one, integer, real

__all__ = ["one_of", "rank_for", "rank_of_one"]


def one_of(**given: Any) -> str:
    """Check that exactly one is given, and the range of a rank and an epsilon; return its name."""
    name = exactly_one(**given)
    if name == "epsilon":
        real("epsilon", given["epsilon"], low=0, high=1)
    elif name == "rank":
        integer("rank", given["rank"], low=0)
    return name


def rank_of_one(rank: int | None, *sides: int) -> None:
    """Refuse a rank that one matrix of these sides cannot have."""
    if rank is not None:
        integer("rank", rank, low=0, high=min(sides))


def rank_for(values: np.ndarray, rank: int | None, epsilon: float | None) -> int:
    """The rank that is given, up to the number of singular values, or the smallest one within a relative error."""
    return min(rank, len(values)) if rank is not None else rank_within(values, float(epsilon or 0.0))
