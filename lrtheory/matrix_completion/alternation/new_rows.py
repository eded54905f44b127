"""Rows that were not in the data, such as new users, are fitted from their own entries, and join a completion."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import numpy as np

from lrtheory._validation import must
from lrtheory.matrix_completion.alternation import offsets
from lrtheory.matrix_completion.alternation.fitted import Fitted
from lrtheory.matrix_completion.entries.ids import Ids, named, numbers_of
from lrtheory.matrix_completion.problem import Observations

__all__ = ["extended"]

Completion = TypeVar("Completion", bound=Fitted)
NAMED = 5  # largest number of new rows that a message names


def extended(done: Completion, seen: Observations) -> Completion:
    """Add the rows of observations whose ids the completion does not know; nothing else changes."""
    if done.names is None or not isinstance(done.names[0], Ids) or done.names[1] is None:
        raise must("ratings", "for a completion whose rows and columns have ids", done)
    if seen.names is None or not isinstance(seen.names[0], Ids) or seen.names[1] is None:
        raise must("ratings", "with ids of rows and columns, as a file or a frame has them", seen)
    if (
        done.value_range is not None
        and not done.value_range[0] <= seen.values.min() <= seen.values.max() <= done.value_range[1]
    ):
        low, high = done.value_range
        raise must("ratings", f"in [{low:g}, {high:g}], the range of the completion", seen.values)
    known = numbers_of("ratings", seen.names[0], done.names[0], "rows", missing=True)
    new = np.flatnonzero(known < 0)
    cols = numbers_of("ratings", seen.names[1], done.names[1], "columns", missing=True)
    starts, indices, values = seen.by_row
    parts, lost = [], 0
    for row in new.tolist():
        here = slice(starts[row], starts[row + 1])
        j, x = cols[indices[here]], values[here].astype(np.float64)
        lost += int((j < 0).sum())
        parts.append(_row(done, j[j >= 0], x[j >= 0]))
    said = f"{len(new):,} rows were folded in ({named(seen.names[0], new, NAMED)})" if len(new) else "no row is new"
    said += f"; {len(known) - len(new):,} were known and stay as they are" if len(new) < len(known) else ""
    said += f"; {lost:,} of their entries are in columns that the completion does not know" if lost else ""
    whole: Any = done  # a dataclass, which no protocol can say
    if not parts:
        return dataclasses.replace(whole, message=f"{done.message}; {said}")
    factors, biases, alone, degrees = zip(*parts, strict=True)
    ids = Ids((*done.names[0], *(seen.names[0][row] for row in new.tolist())))
    return dataclasses.replace(
        whole,
        U=np.concatenate([done.U, np.array(factors, done.U.dtype).reshape(len(new), done.rank)]),
        row_bias=None if done.row_bias is None else np.concatenate([done.row_bias, biases]),
        biases_alone=done.biases_alone and (np.concatenate([done.biases_alone[0], alone]), done.biases_alone[1]),
        row_degrees=np.concatenate([done.row_degrees, np.array(degrees, done.row_degrees.dtype)]),
        names=(ids, done.names[1]),
        message=f"{done.message}; {said}",
    )


def _row(done: Fitted, j: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, float, float, int]:
    """Factor, bias, bias without a factor, and number of entries of a new row."""
    bias, factor = done._folded(j, x)
    alone = 0.0
    if done.biases_alone is not None:
        alone = offsets.bias_of_row(x - done.mean - done.biases_alone[1][j], done.V[j], 0.0)
    return factor, bias, alone, len(j)
