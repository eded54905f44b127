r"""One pass over blocks of any number: a sketch with a bracket of the error at every rank, at every step.

.. math:: \hat T_r \le T_r(M) \le \hat T_r + D_r, \qquad E_r(M)^2 = \|M\|^2 - T_r(M)
"""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from lrtheory._kernels.units import bracket_in_units, true_value
from lrtheory._result.states import Resumable
from lrtheory._validation import choice, flag, integer, must, same_parameters, state_entry
from lrtheory.matrix_compression.stacks import scaling
from lrtheory.matrix_compression.stacks.accumulator import Accumulator, count_of
from lrtheory.matrix_compression.stacks.inputs import Block, as_block
from lrtheory.matrix_compression.stacks.interval import ErrorInterval, interval_of

__all__ = ["Method", "StackSketch", "smallest_rank"]

Method = Literal["auto", "gram", "fd", "sketch"]
METHODS = ("auto", "gram", "fd", "sketch")


class StackSketch(Resumable):
    r"""The sketch of a stack M = [A_1 .. A_K] that is seen once, block after block, in any order.

    Parameters
    ----------
    rank : int
        r, the rank that is wanted, at least 0.
    oversampling : int
        Columns that are kept beyond it; more make the bracket narrower.
    method : {"auto", "gram", "fd", "sketch"}
        "gram" keeps the m x m matrix M M^T: exact at every rank. "fd" (Frequent Directions) subtracts what it drops
        from all that it keeps: what it may have lost is known in advance. "sketch" drops alone: narrower on most data,
        but there are streams on which it sees nothing of the best direction, and its bracket says so. "auto" is "gram"
        up to 2048 rows, else "fd".
    buffer : int or None
        Columns that are gathered between two factorizations; None takes twice as many as are kept.
    record : bool
        Whether `trace` keeps what every factorization left and dropped.

    Attributes
    ----------
    rank, oversampling : int
        Arguments of these names.
    method : str
        Argument of this name, or the method that "auto" chose at the first block.
    n_blocks, n_columns : int
        Number of blocks and of columns that were seen.
    trace : dict or None
        Lists with an entry for each factorization, those of merged sketches before the one that joins them:
        ``factors``, the energies ``dropped``, and ``floors`` of E_j^2 for j from 0; in units of 2^``unit``.

    Raises
    ------
    ValueError
        If an option is out of range.

    See Also
    --------
    compress_stack : The same with a basis and a certificate at the end, over processes.

    Notes
    -----
    Memory is 8 m (3 (rank + oversampling) + 2) bytes, and 10 m^2 for "gram". The bracket is proved by statements CM-3,
    CM-7, CM-13 and CM-16, for exact arithmetic; `ErrorInterval.floor` is an allowance for rounding. Blocks of any float
    type are added up in float64. A sketch that goes on from a saved state has an empty `trace`. A spectral error is not
    the loss of a task.

    Examples
    --------
    >>> import numpy as np
    >>> sketch = StackSketch(1, oversampling=1)
    >>> sketch.update_many([[[3.0], [0.0]], [[0.0], [1.0]]])
    >>> round(sketch.interval().upper2, 9), sketch.singular_values.tolist()
    (1.0, [3.0])
    """

    def __init__(
        self,
        rank: int,
        *,
        oversampling: int = 8,
        method: Method = "auto",
        buffer: int | None = None,
        record: bool = False,
    ) -> None:
        self.rank = integer("rank", rank, low=0)
        self.oversampling = integer("oversampling", oversampling, low=0)
        method = choice("method", method, METHODS)
        room = None if buffer is None else integer("buffer", buffer, low=1)
        self._held = Accumulator(method, max(1, self.rank + self.oversampling), room, record=flag("record", record))
        self.n_blocks, self.n_columns = 0, 0

    def __repr__(self) -> str:
        seen = f"{self.n_blocks} blocks of {self.n_rows} rows" if self.n_rows else "no blocks yet"
        return f"StackSketch(rank={self.rank}, oversampling={self.oversampling}, method={self.method!r}): {seen}"

    @property
    def n_rows(self) -> int:
        """Rows of the blocks; 0 before the first one."""
        return self._held.n_rows

    @property
    def method(self) -> str:
        """As given, or the one that "auto" chose at the first block."""
        return self._held.method

    @property
    def trace(self) -> dict[str, list[Any]] | None:
        """Factors, dropped energies and floors that were recorded, or None."""
        return self._held.trace

    @property
    def unit(self) -> int:
        """The power of two by which everything is divided inside; 0 while nothing but zeros was seen."""
        return 0 if self._held.unit == scaling.EMPTY else self._held.unit

    @property
    def total(self) -> float:
        """The energy of all that was seen, in units of 4^`unit`."""
        return self._held.total.value

    def update(self, block: Block) -> None:
        """Take in one block.

        Parameters
        ----------
        block : array of shape (m, n)
            Block of as many rows as the others; it may have no columns.

        Raises
        ------
        ValueError
            If it is not a matrix, is not finite, or has another number of rows; nothing changes then.
        TypeError
            If its entries are not real numbers.
        """
        self._take(as_block(block, self.n_blocks, self.n_rows or -1).astype(np.float64, copy=False))

    def update_many(self, blocks: Iterable[Block]) -> None:
        """Take in blocks one after the other.

        Parameters
        ----------
        blocks : iterable of arrays of shape (m, n_k)
            Blocks.

        Raises
        ------
        ValueError
            If one of them is wrong; nothing changes then, whatever came before it.
        TypeError
            If the entries of one are not real numbers, or `blocks` cannot be iterated.
        """
        if not hasattr(blocks, "__iter__"):
            raise must("blocks", "matrices", blocks, TypeError)
        before = copy.deepcopy(self.__dict__)
        try:
            for block in blocks:
                self.update(block)
        except BaseException:
            self.__dict__.update(before)
            raise

    def merge(self, other: StackSketch) -> None:
        """Take in all that another sketch has seen.

        Parameters
        ----------
        other : StackSketch
            Sketch of the same rank, oversampling and method; it stays as it is.

        Raises
        ------
        TypeError
            If it is not a sketch.
        ValueError
            If it has another rank, oversampling, method, or number of rows.
        """
        if not isinstance(other, StackSketch):
            raise must("other", "a StackSketch", other, TypeError)
        for name in ("rank", "oversampling", "method"):
            own, given = getattr(self, name), getattr(other, name)
            if own != given and not ("auto" in (own, given) and 0 in (self.n_rows, other.n_rows)):
                raise must("other", f"a sketch of {name} {own!r}", given)
        if self.n_rows and other.n_rows and self.n_rows != other.n_rows:
            raise must("other", f"a sketch of matrices with {self.n_rows} rows", other.n_rows)
        if other.n_rows == 0:
            return
        if other._held.filled or other is self:
            other = other.copy()
        other._held.settle()
        self._held.merge(other._held)
        self.n_blocks, self.n_columns = self.n_blocks + other.n_blocks, self.n_columns + other.n_columns

    def interval(self, rank: int | None = None) -> ErrorInterval:
        """Bracket the relative error of the best approximation of what was seen so far.

        Parameters
        ----------
        rank : int or None
            Any rank; None takes that of the sketch. Beyond the columns that are kept the bracket becomes wide.

        Returns
        -------
        ErrorInterval
            Bracket of zero width, rounding aside, for method "gram" and wherever nothing was dropped.

        Raises
        ------
        ValueError
            If the rank is below 0.
        """
        r = self.rank if rank is None else integer("rank", rank, low=0)
        total, bracket = self.total, (0.0, 0.0)
        exact = r >= min(self.n_rows, self.n_columns) or total == 0.0
        if not exact:
            seen = self._held.now()
            tail = None if seen.exact is None else float(seen.exact[r:].sum())
            bracket = seen.factor.bracket(total, r) if tail is None else (tail, tail)
        noise, method = self._held.noise(), self.method
        return interval_of(
            bracket, total, self.unit, rank=r, noise=noise, method=method, counts=self.counts, exact=exact
        )

    @property
    def basis(self) -> np.ndarray:
        """The `rank` leading directions, of shape (m, rank), or fewer where there are fewer rows or columns."""
        return self._directions(self.rank)

    def _directions(self, n: int) -> np.ndarray:
        """Return n orthonormal columns, the leading direction first, or fewer where there are fewer that are not 0."""
        if min(n, self.n_rows, self.n_columns) == 0:
            return np.empty((self.n_rows, 0))
        Q = np.linalg.qr(self._held.now().factor.F[:, :n])[0]
        return np.asarray(Q)

    @property
    def singular_values(self) -> np.ndarray:
        """The leading singular values of the sketch, at most `rank` of them; never above those of the stack."""
        return self._lengths(self.rank)

    @property
    def value_intervals(self) -> np.ndarray:
        """Brackets of the leading singular values of the stack, of shape (rank, 2) (statement CM-10)."""
        if self.n_rows == 0:
            return np.empty((0, 2))
        found = self._held.now().factor
        noise = self._held.noise() * self.total
        lower = found.energies[: min(self.rank, self.n_columns)]
        ends = np.stack([lower - noise, lower + found.lost_most + noise], axis=1)
        ends = np.sqrt(np.clip(ends, 0.0, None))
        return np.array([bracket_in_units(low, high, self.unit) for low, high in ends.tolist()]).reshape(-1, 2)

    @property
    def counts(self) -> dict[str, int]:
        """Blocks and columns that were seen, and factorizations."""
        return {"blocks": self.n_blocks, "columns": self.n_columns, "factorizations": self._held.n_steps}

    def _learned(self) -> dict[str, Any]:
        seen = {"n_blocks": self.n_blocks, "n_columns": self.n_columns}
        return {"method": self.method} | seen | self._held.state()

    def _restore(self, state: Mapping[str, Any]) -> None:
        method = str(state_entry(state, "method"))
        if self.method == "auto" or (self.n_rows == 0 and method == "auto"):
            choice("state['method']", method, METHODS)
        else:
            same_parameters(state, {"method": self.method})
        fresh = Accumulator(method, self._held.keep, self._held.room, record=self.trace is not None)
        fresh.read(state)
        n_blocks, n_columns = (count_of(state, name) for name in ("n_blocks", "n_columns"))
        self.n_blocks, self.n_columns, self._held = n_blocks, n_columns, fresh

    def _lengths(self, n: int) -> np.ndarray:
        """Return the n leading singular values, in the caller's units."""
        if self.n_rows == 0:
            return np.empty(0)
        lengths = np.sqrt(self._held.now().factor.energies[: min(n, self.n_columns)])
        return np.array([true_value(length, self.unit) for length in lengths.tolist()])

    def _widen(self, rank: int) -> None:
        """Answer for a larger rank, as a Gram matrix can."""
        self.rank, self._held.keep, self._held.known = rank, max(1, rank + self.oversampling), None

    def _parameters(self) -> dict[str, Any]:
        room = self._held.room or 0
        return {"rank": self.rank, "oversampling": self.oversampling, "buffer": room}

    def _take(self, block: np.ndarray) -> None:
        """Take in a checked block."""
        self._held.take(block)
        self.n_blocks, self.n_columns = self.n_blocks + 1, self.n_columns + block.shape[1]


def smallest_rank(sketch: StackSketch, epsilon: float) -> int:
    """The smallest rank whose error is surely at most epsilon, or below the noise if epsilon is."""
    allowed = max(epsilon, 2 * sketch.interval(0).floor)
    ranks = range(min(sketch.n_rows, sketch.n_columns))
    return bisect_left(ranks, True, key=lambda rank: sketch.interval(rank).upper <= allowed)
