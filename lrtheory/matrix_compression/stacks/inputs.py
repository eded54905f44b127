"""Blocks as callers hold them, in a list, an array, a stream or a function, become checked matrices one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from lrtheory._array import is_foreign, sparse, to_numpy
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import Words, array, as_array, integer, must, unmasked

__all__ = ["Block", "Blocks", "Stream", "as_block", "as_matrix", "relative"]

Block: TypeAlias = ArrayLike | SparseArray


class HasBlocks(Protocol):
    """A problem that holds a stack."""

    @property
    def blocks(self) -> Sequence[np.ndarray]: ...
    @property
    def rank(self) -> int | None: ...


#: many matrices: in memory, as a stream, as a function that starts the stream again, or in a problem
Blocks: TypeAlias = Sequence[Block] | Iterable[Block] | np.ndarray | Callable[[], Iterable[Block]] | HasBlocks


def as_matrix(value: Any, place: str, name: str = "blocks") -> np.ndarray:
    """Check one matrix, which becomes float64 unless it is float32, and say in which place a wrong one stands."""
    if type(value) is not np.ndarray or value.dtype not in (np.float64, np.float32):
        value = value.toarray() if sparse.issparse(value) else to_numpy(value)
        found = as_array(name, value)
        if found.dtype.kind not in "biufO":
            raise must(name, "matrices of real numbers", Words(f"{found.dtype}{place}"), TypeError)
        found = array(name, found, finite=False) if found.dtype.kind == "O" else found
        value = found.astype(np.float32 if found.dtype in (np.float16, np.float32) else np.float64)
    if value.ndim != 2:
        raise must(name, "matrices", Words(f"shape {value.shape}{place}"))
    largest = max(float(value.max()), -float(value.min())) if value.size else 0.0
    if not largest < np.inf:
        wrong = value[~np.isfinite(value)].flat[0]
        raise must(name, "finite", Words(f"{float(wrong)}{place}"))
    return value


def as_block(value: Any, index: int, n_rows: int, name: str = "blocks") -> np.ndarray:
    """Check a block after others of `n_rows` rows, or the first one, for which that is -1."""
    block = as_matrix(value, f" in block {index}", name)
    if n_rows >= 0 and len(block) != n_rows:
        got = Words(f"{len(block)} rows in block {index} after {n_rows}")
        raise must(name, "matrices with the same number of rows", got)
    if len(block) == 0 and n_rows < 0:
        raise must(name, "matrices with at least one row", Words(f"none in block {index}"))
    return block


class Stream:
    """The blocks of a call, of at least `rank` rows, which can be started once or as often as they are asked for."""

    def __init__(self, blocks: Any, name: str = "blocks", *, rank: int | None = None) -> None:
        blocks = getattr(blocks, "blocks", blocks)
        if hasattr(blocks, "__array__") or is_foreign(blocks):
            blocks = np.asarray(to_numpy(unmasked(name, blocks)))
        one_matrix = sparse.issparse(blocks) or (isinstance(blocks, np.ndarray) and blocks.ndim != 3)
        if (
            one_matrix
            or isinstance(blocks, (str, bytes, dict))
            or not (callable(blocks) or hasattr(blocks, "__iter__"))
        ):
            what = Words(f"an array of shape {blocks.shape}") if hasattr(blocks, "shape") else blocks
            raise must(name, "a sequence or a stream of matrices, or an array of shape (K, m, n)", what, TypeError)
        self._given, self._name, self._rank = blocks, name, rank
        self.in_memory = not callable(blocks) and not isinstance(blocks, Iterator)
        #: whether the blocks can be read more than once
        self.restarts = callable(blocks) or self.in_memory
        self.dtype = np.dtype(np.float32)  # float64 once a block was not of single precision
        self.n_rows = -1

    def need_restart(self, why: str) -> None:
        """Refuse a stream that is used up by one pass."""
        if not self.restarts:
            rule = f"a callable that starts the stream again for {why}"
            raise must(self._name, rule, Words("an iterator"))

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the blocks, checked, each with the same number of rows; refuse a stream without any."""
        given = self._given() if callable(self._given) else self._given
        index = -1
        for index, value in enumerate(given):
            block = as_block(value, index, self.n_rows, self._name)
            self.n_rows = len(block)
            if self._rank is not None:
                integer("rank", self._rank, low=0, high=self.n_rows)
            if block.dtype == np.float64:
                self.dtype = block.dtype
            yield block
        if index < 0:
            raise must(self._name, "at least one matrix", Words("none"))


def relative(energy: float, total: float) -> float:
    """Root of the quotient of an energy and the whole energy, clipped to [0, 1]; 0 where there is no energy."""
    return math.sqrt(min(max(float(energy) / float(total), 0.0), 1.0)) if total > 0 else 0.0
