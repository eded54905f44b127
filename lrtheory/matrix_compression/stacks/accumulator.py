"""The content of a sketch: columns that wait, and a factor or the Gram matrix of all before them, in one unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from lrtheory._kernels.units import scaled
from lrtheory._validation import array, integer, must, real, state_entry, state_value
from lrtheory.matrix_compression.stacks import factors, scaling
from lrtheory.matrix_compression.stacks.factors import Factor

__all__ = ["GRAM_ROWS", "Accumulator", "Spectrum", "count_of", "rescaled_trace"]

#: rows up to which a matrix of all their products is kept: 8 m^2 bytes, 32 MB
GRAM_ROWS = 2048
#: exponents up to which a power of two is a normal double; energies that are smaller by so much are 0 beside the others
FAR = 1000


class Spectrum(NamedTuple):
    """The answer of a sketch at one moment: left singular vectors times singular values, and brackets."""

    factor: Factor
    exact: np.ndarray | None  # all squared singular values, where they are known


class Accumulator:
    """Checked columns in any number; `keep` of them are kept, and `room` gathered between two factorizations."""

    def __init__(self, method: str, keep: int, room: int | None, *, record: bool = False) -> None:
        self.method, self.keep, self.room = method, keep, room
        self.trace: dict[str, list[Any]] | None = {"factors": [], "dropped": [], "floors": []} if record else None
        self.filled, self.n_steps = 0, 0
        self.unit, self.total = scaling.EMPTY, scaling.Sum()
        self.factor: Factor | None = None
        self.gram: np.ndarray | None = None
        self.columns = np.empty((0, 0))  # with the rows of all blocks from the first one on
        self.known: Spectrum | None = None

    @property
    def n_rows(self) -> int:
        """Rows of the blocks; 0 before the first one."""
        return len(self.columns)

    def take(self, block: np.ndarray) -> None:
        """Take in a block of float64: its energy, and its columns into the buffer."""
        self._begin(len(block))
        energy, of_block = scaling.energy_of(block)
        self.known = None
        if of_block == scaling.EMPTY:
            return
        shift = self._raise_unit(of_block) - of_block
        self.total = self.total.plus(energy * 2.0 ** max(-2 * shift, -FAR))
        if self.columns.shape[1] == 0:
            self.columns = np.empty((self.n_rows, self._width()))
        start, scale = 0, -self.unit
        while start < block.shape[1]:
            stop = min(block.shape[1], start + self.columns.shape[1] - self.filled)
            place = self.columns[:, self.filled : self.filled + stop - start]
            # one pass with a product where the power is a double of its own; `scaled` makes an array beside it
            if abs(scale) < FAR:
                np.multiply(block[:, start:stop], 2.0**scale, out=place)
            else:
                place[:] = scaled(block[:, start:stop], scale)
            self.filled += stop - start
            start = stop
            if self.filled == self.columns.shape[1]:
                self._flush()

    def settle(self) -> None:
        """Take the gathered columns in, and give their memory back."""
        self._flush()
        self.columns = np.empty((self.n_rows, 0))

    def merge(self, other: Accumulator) -> None:
        """Join the factor or the Gram matrix of another one, which has settled, and what it has recorded."""
        self.method = other.method
        self._begin(other.n_rows)
        self.settle()
        if other.unit == scaling.EMPTY:  # it has seen nothing but zeros
            return
        fresh = self.unit == scaling.EMPTY
        shift = self._raise_unit(other.unit) - other.unit
        self.total = self.total.plus(other.total.value * 2.0 ** max(-2 * shift, -FAR))
        self.n_steps += other.n_steps
        if self.trace is not None and other.trace is not None:
            for name, values in rescaled_trace(other.trace, -shift).items():
                self.trace[name].extend(values)
        if self.gram is not None and other.gram is not None:
            self.gram += scaled(other.gram, -2 * shift)
        elif other.factor is not None:
            factor = factors.rescaled_factor(other.factor, -shift)
            if fresh:  # there is nothing to join it with
                self.factor, self.known = factor, None
            else:
                self._join(factor)

    def now(self) -> Spectrum:
        """Return the factor of all that was seen, gathered columns included; nothing changes by asking."""
        if self.known is None:
            Z = self.columns[:, : self.filled]
            if self.gram is None:
                assert self.factor is not None
                self.known = Spectrum(self._joined(Z)[0] if self.filled else self.factor, None)
            else:
                self.known = self._exact(Z)
        return self.known

    def noise(self) -> float:
        """Return the allowance for rounding, as a part of the whole energy."""
        return factors.ROUNDING * (self._width() + 4 * self.keep + self.n_steps)

    def state(self) -> dict[str, Any]:
        """Write everything as numbers and arrays."""
        state: dict[str, Any] = {"n_steps": self.n_steps, "unit": self.unit, "total": np.array(self.total)}
        state["columns"] = self.columns[:, : self.filled].copy()
        if self.gram is not None:
            state["gram"] = self.gram.copy()
        if self.factor is not None:
            one = self.factor
            state |= {"factor": one.F.copy(), "lost": one.lost.copy(), "floors": one.floors.copy()}
            state["lost_sums"] = np.array([one.lost_whole, one.lost_most])
        return state

    def read(self, state: Mapping[str, Any]) -> None:
        """Fill an empty accumulator from a state."""
        self.n_steps, self.unit = count_of(state, "n_steps"), count_of(state, "unit", low=scaling.EMPTY)
        high, low = _array(state, "total", (2,)).tolist()
        self.total = scaling.Sum(real("state['total']", high, low=0.0), low)
        columns = _array(state, "columns", (None, None))
        if len(columns) == 0:
            return
        self._begin(len(columns))
        m, width = len(columns), self._width()
        if columns.shape[1] >= width:
            raise must("state['columns']", f"at most {width - 1} columns", columns.shape[1])
        self.columns = np.empty((m, width))
        self.filled = columns.shape[1]
        self.columns[:, : self.filled] = columns
        if self.gram is not None:
            self.gram = np.asfortranarray(_array(state, "gram", (m, m)))
            return
        F = _array(state, "factor", (m, None))
        if F.shape[1] > self.keep:
            raise must("state['factor']", f"of at most {self.keep} columns", F.shape)
        lost, floors = (_array(state, name, (self.keep + 1,), low=0.0) for name in ("lost", "floors"))
        whole, most = _array(state, "lost_sums", (2,), low=0.0).tolist()
        self.factor = Factor(F, lost, whole, most, floors)

    def _begin(self, n_rows: int) -> None:
        """Fix the number of rows, at the first block."""
        if self.n_rows:
            return
        if self.method == "auto":
            self.method = "gram" if n_rows <= GRAM_ROWS else "fd"
        if self.method == "gram":
            self.gram = np.zeros((n_rows, n_rows), order="F")
        else:
            self.factor = factors.empty(n_rows, self.keep)
        self.columns = np.empty((n_rows, 0))

    def _width(self) -> int:
        """Return the number of columns that are gathered between two factorizations."""
        if self.room is not None:
            return self.room
        # products of fewer than 64 columns leave the BLAS idle; a factor waits for twice as many columns as it keeps,
        # so that decompositions are few
        return max(64, self.n_rows // 4) if self.method == "gram" else max(2 * self.keep, 8)

    def _raise_unit(self, of_block: int) -> int:
        """Choose the unit in which both what there is and what comes fit, and bring what there is into it."""
        unit = scaling.raised(self.unit, of_block)
        if unit != self.unit and self.unit != scaling.EMPTY:
            down = self.unit - unit
            self.total = self.total.scaled(2.0 ** max(2 * down, -FAR))
            self.columns[:, : self.filled] = scaled(self.columns[:, : self.filled], down)
            if self.gram is not None:
                self.gram = scaled(self.gram, 2 * down)
            if self.factor is not None:
                self.factor = factors.rescaled_factor(self.factor, down)
            if self.trace is not None:
                self.trace = rescaled_trace(self.trace, down)
        self.unit = unit
        return unit

    def _flush(self) -> None:
        """Take the gathered columns into the factor or the Gram matrix."""
        self.known = None
        if self.filled == 0:
            return
        Z = self.columns[:, : self.filled]
        if self.gram is not None:
            self.gram = _with_products(self.gram, Z)
            self.n_steps += 1
        else:
            self._join(Z)
        self.filled = 0

    def _join(self, other: Factor | np.ndarray) -> None:
        self.factor, dropped = self._joined(other)
        self.n_steps += 1
        self.known = None
        if self.trace is not None:
            self.trace["factors"].append(self.factor.F)
            self.trace["dropped"].append(dropped)
            self.trace["floors"].append(self.factor.floors)

    def _joined(self, other: Factor | np.ndarray) -> tuple[Factor, np.ndarray]:
        assert self.factor is not None
        return factors.joined(self.factor, other, shrink=self.method == "fd")

    def _exact(self, Z: np.ndarray) -> Spectrum:
        """Factor the Gram matrix, or the gathered columns themselves while there are no others."""
        assert self.gram is not None
        keep = min(self.keep, self.n_rows)
        # squaring loses half of the digits, so columns that were never squared are decomposed themselves
        if self.n_steps == 0:
            energies, F = factors.leading(Z, keep)
        else:
            energies, U = np.linalg.eigh(_with_products(self.gram.copy(order="F"), Z))
            # a Gram matrix has no negative eigenvalue but by rounding
            energies = np.maximum(energies[::-1], 0.0)
            F = U[:, ::-1][:, :keep] * np.sqrt(energies[:keep])
        return Spectrum(replace(factors.empty(self.n_rows, self.keep), F=F), energies)


def rescaled_trace(trace: Mapping[str, list[Any]], exponent: int) -> dict[str, list[Any]]:
    """Multiply the matrix whose factorizations were recorded by a power of two."""
    powers = {"factors": 1, "dropped": 2, "floors": 2}
    return {name: [scaled(one, powers[name] * exponent) for one in values] for name, values in trace.items()}


def count_of(state: Mapping[str, Any], name: str, *, low: int = 0) -> int:
    """Check an integer of a state."""
    return integer(f"state[{name!r}]", state_value(state, name), low=low)


def _array(state: Mapping[str, Any], name: str, shape: tuple[int | None, ...], *, low: float = -np.inf) -> np.ndarray:
    """A copy of an array of a state in float64."""
    return np.array(array(f"state[{name!r}]", state_entry(state, name), shape=shape, low=low), np.float64)


def _with_products(G: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Add Z Z^T to the lower half of a matrix in Fortran order, in place where that can be."""
    if Z.shape[1] == 0:
        return G
    from scipy.linalg.blas import dsyrk

    return np.asarray(dsyrk(1.0, Z, beta=1.0, c=G, lower=1, overwrite_c=1))
