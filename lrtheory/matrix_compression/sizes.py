"""The size of an answer: a rank, an error or a budget, of which exactly one is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._kernels.low_rank import rank_within
from lrtheory._validation import Words, integer, must, real

__all__ = ["one_of", "rank_for"]


def one_of(**given: Any) -> str:
    """Check that exactly one is given, and the range of a rank and an epsilon; return its name."""
    said = [name for name, value in given.items() if value is not None]
    first, *others = given
    if not said:
        rule = f"given, or {' or '.join(f'`{name}`' for name in others)}"
        raise must(first, rule, Words("neither" if len(others) == 1 else "none of them"))
    if len(said) > 1:
        raise must(said[0], f"given without `{said[1]}`", Words("both"))
    if said[0] == "epsilon":
        real("epsilon", given["epsilon"], low=0, high=1)
    elif said[0] == "rank":
        integer("rank", given["rank"], low=0)
    return said[0]


def rank_for(values: np.ndarray, rank: int | None, epsilon: float | None) -> int:
    """The rank that is given, up to the number of singular values, or the smallest one within a relative error."""
    return min(rank, len(values)) if rank is not None else rank_within(values, float(epsilon or 0.0))
