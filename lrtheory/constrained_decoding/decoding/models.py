"""Models that ship: independent tokens, counts of short contexts, and a table of prefixes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from lrtheory._array import read_only
from lrtheory._types import ArrayLike
from lrtheory._validation import array, as_array, flag, integer, must, real

__all__ = ["NGram", "Product", "Table"]


def log_probs(name: str, value: Any, shape: tuple[int | None, ...]) -> np.ndarray:
    """Check natural logarithms of probabilities, of which those of 0 are minus infinity."""
    found = array(name, value, shape=shape, finite=False).astype(np.float64)
    if np.isnan(found).any() or (found > 0).any():
        wrong = found[np.isnan(found) | (found > 0)][0]
        raise must(name, "log probabilities of at most 0", float(wrong))
    return read_only(found)


class Product:
    """A model whose tokens do not depend on each other.

    Parameters
    ----------
    log_p : array of shape (L, V)
        Natural logarithm of the probability of each token at each position, minus infinity for 0.

    Raises
    ------
    ValueError
        If an entry is NaN or above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lrtheory.constrained_decoding import Product, TrieIndex, search
    >>> model = Product(np.log([[0.75, 0.25], [0.5, 0.5]]))
    >>> search(TrieIndex([[0, 1], [1, 0]], 2), model, k=1).sequences
    [[0, 1]]
    """

    def __init__(self, log_p: ArrayLike) -> None:
        self.log_p = log_probs("log_p", log_p, (None, None))

    def __call__(self, prefixes: np.ndarray, states: Any) -> np.ndarray:
        """The row of the position after the prefixes, once for each."""
        n, t = np.shape(prefixes)
        if t >= len(self.log_p):
            raise must("log_p", f"log probabilities of at least {t + 1} positions", self.log_p)
        return np.broadcast_to(self.log_p[t], (n, self.log_p.shape[1]))


class NGram:
    """A model that counts which token followed the last few, smoothed by a constant.

    Parameters
    ----------
    sequences : array of shape (n, L)
        Token ids from which counts are taken, at most 2^24 contexts and tokens in all.
    vocab_size : int
        Number V of tokens.
    order : int
        Tokens that count together: the next one and the `order` - 1 before it.
    add : float
        Number that is added to each count, above 0.
    by_position : bool
        Whether each position has counts of its own.

    Raises
    ------
    TypeError
        If the sequences are not integers.
    ValueError
        If a token is not in 0..V-1, `add` is not positive, or the table is too large.
    """

    def __init__(
        self, sequences: ArrayLike, vocab_size: int, *, order: int = 3, add: float = 0.05, by_position: bool = True
    ) -> None:
        rows = as_array("sequences", sequences)
        size, past = integer("vocab_size", vocab_size, low=1), integer("order", order, low=1) - 1
        more, own = real("add", add, low=0), flag("by_position", by_position)
        if rows.dtype.kind not in "iu" or rows.ndim != 2:
            kind = TypeError if rows.dtype.kind not in "iu" else ValueError
            raise must("sequences", "a matrix of integers", rows, kind)
        if rows.size and not (rows.min() >= 0 and rows.max() < size):
            raise must("sequences", f"token ids in 0..{size - 1}", rows[(rows < 0) | (rows >= size)][0])
        if not more > 0:
            raise must("add", "positive", add)
        n_positions = rows.shape[1] if own else 1
        # a context is a number in base V + 1, whose digit V stands for a place before the beginning
        n_contexts = (size + 1) ** past
        if n_positions * n_contexts * size > 1 << 24:
            raise must("order", f"small enough for a table of 2^24 numbers with {size} tokens", order)
        counts = np.full((n_positions, n_contexts, size), more)
        for t in range(rows.shape[1]):
            place: Any = t if own else 0, self._contexts(rows[:, :t], size, past), rows[:, t]
            np.add.at(counts, place, 1.0)
        self._log_p = read_only(np.log(counts / counts.sum(axis=-1, keepdims=True)))
        self.vocab_size, self.order, self.by_position = size, past + 1, own

    @staticmethod
    def _contexts(prefixes: np.ndarray, size: int, past: int) -> np.ndarray:
        """The number of the last tokens of each prefix."""
        n, t = prefixes.shape
        found = np.zeros(n, np.int64)
        for back in range(past, 0, -1):
            digit = prefixes[:, t - back].astype(np.int64) if back <= t else np.full(n, size)
            found = found * (size + 1) + digit
        return found

    def __call__(self, prefixes: np.ndarray, states: Any) -> np.ndarray:
        """The row of each prefix."""
        given = np.asarray(prefixes)
        t = given.shape[1]
        if self.by_position and t >= len(self._log_p):
            raise must("sequences", f"of at least {t + 1} positions", given)
        found: np.ndarray = self._log_p[
            t if self.by_position else 0, self._contexts(given, self.vocab_size, self.order - 1)
        ]
        return found


class Table:
    """A model as a table: the log probabilities of all tokens after each prefix.

    Parameters
    ----------
    rows : mapping from tuple of int to array of shape (V,)
        Natural logarithms, minus infinity for 0.

    Raises
    ------
    ValueError
        If rows have unlike lengths, or an entry is NaN or above 0.
    """

    def __init__(self, rows: Mapping[tuple[int, ...], Any]) -> None:
        if not isinstance(rows, Mapping) or not rows:
            raise must("rows", "a mapping with a row for each prefix", rows, TypeError)
        self.rows = {tuple(prefix): log_probs("rows", row, (None,)) for prefix, row in rows.items()}
        if len(widths := {len(row) for row in self.rows.values()}) > 1:
            raise must("rows", "rows of one length", sorted(widths))

    @classmethod
    def from_probabilities(cls, rows: Mapping[tuple[int, ...], Any]) -> Self:
        """Take probabilities in place of their logarithms.

        Parameters
        ----------
        rows : mapping from tuple of int to array of shape (V,)
            Probabilities, each in [0, 1].

        Returns
        -------
        Table
            Model of their logarithms.

        Raises
        ------
        ValueError
            If an entry is no probability.
        """
        with np.errstate(divide="ignore"):
            return cls(
                {prefix: np.log(array("rows", row, shape=(None,), low=0, high=1)) for prefix, row in rows.items()}
            )

    def __call__(self, prefixes: np.ndarray, states: Any) -> np.ndarray:
        """The row of each prefix."""
        try:
            return np.array([self.rows[tuple(prefix)] for prefix in np.asarray(prefixes).tolist()])
        except KeyError as missing:
            raise must("rows", "a mapping with a row for each prefix that is asked for", missing.args[0]) from None
