r"""Frequent Directions: one pass over rows of any number, at most l rows at the end, and a certificate of the loss."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from lrtheory._kernels.units import scaled, true_value, upper_value
from lrtheory._result.states import Filed
from lrtheory._validation import array, choice, integer, must, real, state_entry, state_value
from lrtheory.continual_learning.sketching.buffer import DROPPED, SketchBuffer, Snapshot
from lrtheory.continual_learning.sketching.result import STATEMENT, UNITS, SketchCertificate
from lrtheory.continual_learning.sketching.rows import Rows, checked_rows, energy_of

__all__ = ["METHODS", "FrequentDirections", "chosen"]

METHODS = ("auto", "fd", "gram")
#: numbers of a state beside its counts
SUMS = ("missed", "mass", "roundoff")
#: the exact Gram matrix is cheaper up to so many columns a row of the sketch
EXACT = 4


class FrequentDirections(Filed):
    r"""The sketch of a stream of rows A that is seen once: at most l rows B with A^T A close to B^T B.

    .. math:: 0 \preceq A^T A - B^T B \preceq \delta I, \qquad
        \delta \le \min_{k \le \ell} \frac{\|A - A_k\|_F^2}{\ell + 1 - k}

    where A_k is the best approximation of rank k and delta, or `missed`, is added up in the pass (FD-1, FD-6). A buffer
    gathers rows; when it is full, it is rotated to orthogonal rows, and the squared length of the (l+1)-th is
    subtracted from all squared lengths.

    Parameters
    ----------
    n_features : int
        n, the length of a row, at least 1.
    rank : int
        l, the most rows of the sketch, from 1 to n.
    buffer : int or None
        Rows that are held before a shrink, above `rank`; None takes twice the rank.
    decay : float
        In (0, 1]: what all earlier rows are multiplied by before each batch of rows. Batches are then not exchangeable.
    method : {"auto", "fd", "gram"}
        "fd" is the pass with a buffer. "gram" keeps the n x n matrix A^T A and shrinks it once, when it is read, so
        that `missed` is the (l+1)-th squared singular value of A: no l rows miss less. "auto" is "gram" where n is at
        most 4 l, and there it is also faster.

    Attributes
    ----------
    n_features, rank, buffer, decay : int, int, int, float
        Arguments of these names.
    method : str
        "fd" or "gram".

    Raises
    ------
    ValueError
        If an option is out of range.
    TypeError
        If it is of the wrong kind.

    See Also
    --------
    sketch : The same for rows that are all there.
    SubspaceProtector : Steps that leave the directions of a sketch alone.

    Notes
    -----
    Memory is 8 n times `buffer` bytes, or 8 n^2 for "gram"; a shrink costs O(n buffer^2). Rows in float32 stay float32
    until the first float64 comes. Reading shrinks a copy, so that it does not change the run.

    References
    ----------
    Liberty, "Simple and deterministic matrix sketching", KDD 2013. Ghashami, Liberty, Phillips and Woodruff, "Frequent
    directions: simple and deterministic matrix sketching", SIAM Journal on Computing 45 (2016). Both keep l - 1 rows of
    l; here all l rows are used.

    Examples
    --------
    >>> import numpy as np
    >>> stream = FrequentDirections(3, 1, method="fd")
    >>> stream.update([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> np.abs(np.round(stream.sketch, 12)).tolist(), stream.missed, stream.mass
    ([[2.645751311065, 0.0, 0.0]], 2.0, 11.0)
    """

    def __init__(
        self,
        n_features: int,
        rank: int,
        *,
        buffer: int | None = None,
        decay: float = 1.0,
        method: str = "auto",
    ) -> None:
        self.n_features = integer("n_features", n_features, low=1)
        self.rank = integer("rank", rank, low=1, high=self.n_features)
        self.buffer = 2 * self.rank if buffer is None else integer("buffer", buffer, low=1)
        if self.buffer <= self.rank:
            raise must("buffer", f"an integer above rank {self.rank}", buffer)
        self.decay = real("decay", decay)
        if not 0.0 < self.decay <= 1.0:
            raise must("decay", "in (0, 1]", decay)
        self.method = chosen(self.n_features, self.rank, method)[0]
        self._held = self._empty()
        self._known: Snapshot | None = None

    def __repr__(self) -> str:
        return f"FrequentDirections({self.n_features}, {self.rank}, method={self.method!r}): {self.n_rows} rows"

    @property
    def n_rows(self) -> int:
        """Rows that were seen."""
        return self._held.n_rows

    @property
    def n_shrinks(self) -> int:
        """Shrinks that the pass needed so far; reading adds none."""
        return self._held.n_shrinks

    @property
    def counts(self) -> dict[str, int]:
        """Rows that were seen, and shrinks."""
        return {"rows": self.n_rows, "shrinks": self.n_shrinks}

    @property
    def mass(self) -> float:
        """The sum of squares of all rows that were seen."""
        return true_value(self._held.mass, 2 * self._held.unit)

    @property
    def sketch(self) -> np.ndarray:
        """B of shape (r, n_features), r at most `rank`; the rows themselves while there are no more than that."""
        return scaled(self._read().rows, self._held.unit).copy()

    @property
    def missed(self) -> float:
        """The sum of all that was subtracted from squared lengths, in squared units of the rows.

        Rounded up where it is too small for the digits of doubles, so that it stays a bound.
        """
        return upper_value(self._read().missed, 2 * self._held.unit)

    @property
    def certificate(self) -> SketchCertificate:
        """Proof of the loss of `sketch` (statement FD-6)."""
        read, unit = self._read(), self._held.unit
        allowed = (self._held.mass - energy_of(read.rows)) / (self.rank + 1)
        bound = max(self.missed, true_value(allowed, 2 * unit))
        sizes = (self.rank, self.buffer, read.roundoff)
        return SketchCertificate._of(self.missed, bound, STATEMENT, self.sketch, self.mass, *sizes)

    def update(self, rows: Rows) -> None:
        """Take in one batch of rows; with `decay` below 1, earlier ones are multiplied by it first.

        Parameters
        ----------
        rows : array or sparse matrix of shape (u, n_features)
            Dense or CSR. A batch without rows changes nothing.

        Raises
        ------
        TypeError
            If the entries are not real numbers.
        ValueError
            If a row is not finite, which the sentence names, or the rows have another length; nothing changes then.
        """
        given = checked_rows("rows", rows, self.n_features)
        if given.shape[0] == 0:
            return
        self._known = None
        if self.decay < 1.0:
            self._held.fade(self.decay)
        self._held.take(given)

    def merge(self, other: FrequentDirections) -> None:
        """Take in all that another sketch has seen; guarantees of both add up (statement FD-6 for all rows).

        Parameters
        ----------
        other : FrequentDirections
            Sketch with the same length of rows, rank, decay and method, and any buffer; it stays as it is.

        Raises
        ------
        TypeError
            If it is not such a sketch.
        ValueError
            If it differs in one of these.
        """
        if not isinstance(other, FrequentDirections):
            raise must("other", "a FrequentDirections", other, TypeError)
        for name in ("n_features", "rank", "decay", "method"):
            own, given = getattr(self, name), getattr(other, name)
            if own != given:
                raise must("other", f"a sketch with {name} {own!r}", given)
        self._known = None
        self._held.merge(copy.deepcopy(other._held) if other is self else other._held)

    def components(self, rank: int) -> np.ndarray:
        """Return the leading directions as orthonormal rows.

        Parameters
        ----------
        rank : int
            Number of directions, from 1 to the rank of the sketch.

        Returns
        -------
        array of shape (rank, n_features)
            The leading one first; fewer where fewer directions were seen.

        Raises
        ------
        ValueError
            If `rank` is out of range.
        TypeError
            If it is not an integer.
        """
        k = integer("rank", rank, low=1, high=self.rank)
        read = self._read()
        least = DROPPED * np.finfo(read.energies.dtype).eps * read.energies[:1].sum()
        n = int(np.count_nonzero(read.energies[:k] > least))
        Q, R = np.linalg.qr(read.F[:, :n])
        return np.ascontiguousarray((Q * np.sign(R.diagonal())).T)

    def projection_bound(self, rank: int) -> float:
        r"""Bound what the k leading directions V of the sketch miss of all rows, from what is held alone.

        .. math:: \|A - A V^T V\|_F^2 \le \|A\|_F^2 - \sum_{i \le k} \sigma_i^2 \le \|A - A_k\|_F^2 + k \delta

        with the singular values of what is held before the shrink of reading (statement FD-2). The first sign is an
        equation for method "gram".

        Parameters
        ----------
        rank : int
            Number k of directions, from 0 to the rank of the sketch.

        Returns
        -------
        float
            In squared units of the rows, at least 0.

        Raises
        ------
        ValueError
            If `rank` is out of range.
        TypeError
            If it is not an integer.
        """
        k = integer("rank", rank, low=0, high=self.rank)
        kept = float(self._read().energies[:k].sum(dtype=np.float64))
        return upper_value(max(self._held.mass - kept, 0.0), 2 * self._held.unit)

    def _learned(self) -> dict[str, Any]:
        held = self._held
        state = {"rows": held.rows.copy()}
        if held.gram is not None:
            state["gram"] = held.gram.copy()
        return state | {name: getattr(held, name) for name in ("n_rows", "n_shrinks", "unit", *SUMS)}

    def _restore(self, state: Mapping[str, Any]) -> None:
        held, n = self._empty(), self.n_features
        rows = array("state['rows']", state_entry(state, "rows"), shape=(None, n))
        if len(rows) > self.buffer or (held.gram is not None and len(rows)):
            raise must("state['rows']", f"at most {self.buffer if held.gram is None else 0} rows", rows.shape)
        if held.gram is not None:
            held.gram = array("state['gram']", state_entry(state, "gram"), shape=(n, n)).astype(np.float64)
            if np.linalg.eigvalsh(held.gram)[0] < -n * 2.0**-24 * np.trace(held.gram):
                raise must("state['gram']", "a Gram matrix, with no negative eigenvalue", held.gram)
        for name, low in (("n_rows", 0), ("n_shrinks", 0), ("unit", -5000)):
            value = state_value(state, name)
            setattr(held, name, integer(f"state[{name!r}]", value, low=low, high=5000 if name == "unit" else None))
        for name in SUMS:
            value = state_value(state, name)
            setattr(held, name, real(f"state[{name!r}]", value, low=0.0, high=np.finfo(float).max))
        choice("state['roundoff']", held.roundoff, UNITS)
        held.buffer = np.zeros((self.buffer if len(rows) else 0, n), rows.dtype)
        held.filled = len(rows)
        held.rows[:] = rows
        self._refuse_losses(held)
        self._held, self._known = held, None

    @classmethod
    def _from_arrays(cls, found: Mapping[str, Any]) -> Self:
        names = ("n_features", "rank", "buffer", "decay", "method")
        made = cls(**{name: state_value(found, name) for name in names})
        made.set_state(found)
        return made

    def _refuse_losses(self, held: SketchBuffer) -> None:
        """Refuse a state that missed more than shrinks can have taken from its mass (statement FD-6)."""
        kept = energy_of(held.rows) if held.gram is None else float(np.trace(held.gram))
        # each shrink rounds rows, and so does each batch before which they faded; sums are added up in doubles
        steps = 2 * held.n_shrinks + self.buffer + self.n_features + (held.n_rows if self.decay < 1.0 else 0)
        slack = (16 * held.roundoff * steps + 16 * UNITS[1] * held.n_rows) * held.mass
        if not held.missed * (self.rank + 1) <= held.mass - kept + slack:
            raise must("state['missed']", f"at most the mass that is lost over rank + 1, {self.rank + 1}", held.missed)

    def _read(self) -> Snapshot:
        if self._known is None:
            self._known = self._held.read()
        return self._known

    def _empty(self) -> SketchBuffer:
        return SketchBuffer(self.n_features, self.rank, self.buffer, exact=self.method == "gram")

    def _parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("n_features", "rank", "buffer", "decay", "method")}


def chosen(n_features: int, rank: int, method: str) -> tuple[str, str]:
    """Return the method that is meant, and why."""
    choice("method", method, METHODS)
    if method != "auto":
        return method, ""
    if n_features <= EXACT * rank:
        return "gram", f"{n_features} columns are at most {EXACT} times rank {rank}: the exact Gram matrix is cheaper"
    return "fd", f"{n_features} columns are more than {EXACT} times rank {rank}"
