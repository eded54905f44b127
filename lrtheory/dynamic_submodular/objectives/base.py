"""The base of all objectives: value, marginals, growth, and a probe for functions that are not submodular."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Protocol, TypeAlias

import numpy as np

from lrtheory._array import kernel_input, to_numpy
from lrtheory._result import Result, result
from lrtheory._types import Rng
from lrtheory._validation import array, as_array, generator, integer, must, real
from lrtheory.dynamic_submodular.structures import prefixes, states
from lrtheory.dynamic_submodular.structures.prefixes import LOGDET, MAX, RECORDS, Record

__all__ = ["MOST_COLUMNS", "Objective", "SubmodularityProbe", "integers", "probe_submodular", "subset"]

#: largest number of columns of a matrix, or of items of a coverage; their indices fit into the int32 of kernels
MOST_COLUMNS = 2**28


class HasItems(Protocol):
    """A result that holds a selection."""

    @property
    def items(self) -> np.ndarray: ...


#: elements by number or by name, or a result that holds them
Chosen: TypeAlias = Iterable[int] | Iterable[str] | HasItems


class Objective:
    """A set function f on the elements 0, ..., n - 1 with f(empty) = 0; the base class of all objectives.

    The numbers of a function are kept as float64, so that kernels have one form and integer data are exact.

    Attributes
    ----------
    n : int
        Number of elements.
    names : tuple or None
        Names of the elements, which may be set; what takes elements takes names that are words, too. An element that
        was appended since is called by its number.
    origin : str
        Description of the file or frame from which the objective was read, in one sentence; else empty.

    Raises
    ------
    TypeError, ValueError
        If the data from which an objective is made are not what its class says.
    """

    _record: Any  # the function as kernels see it
    origin: str = ""
    _names: tuple[Any, ...] | None = None
    _numbers: dict[Any, int] | None = None
    _n_numbered: int = -1

    @property
    def names(self) -> tuple[Any, ...] | None:
        """Names of the elements, or None."""
        if self._names is None or len(self._names) == self.n:
            return self._names
        return (*self._names, *range(len(self._names), self.n))

    @names.setter
    def names(self, names: Iterable[Hashable] | None) -> None:
        if names is not None and (isinstance(names, (str, bytes)) or not isinstance(names, Iterable)):
            raise must("names", f"None or a sequence of {self.n} names, one per element", names, TypeError)
        given = None if names is None else tuple(names)
        if given is not None and len(given) != self.n:
            raise must("names", f"None or a sequence of {self.n} names, one per element", given)
        self._names, self._numbers = given, None

    def number(self, name: Hashable) -> int:
        """Return the number of an element that is given by its name.

        Parameters
        ----------
        name : hashable
            One of `names`.

        Returns
        -------
        int
            Number of the element, in [0, n).

        Raises
        ------
        KeyError
            If no element is called so, or several are.
        """
        names = self.names or ()
        if self._numbers is None or len(names) != self._n_numbered:
            self._numbers, self._n_numbered = {}, len(names)
            for number, one in enumerate(names):
                self._numbers[one] = -1 if one in self._numbers else number  # a name of several is none
        number = self._numbers.get(name, -1)
        if number < 0:
            rule = "the name of one element" if names else "an element, as there are no names"
            raise must("name", rule, name, KeyError)
        return number

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n} elements)"

    @property
    def n(self) -> int:
        """Number of elements."""
        return len(self._record.indptr) - 1

    def value(self, S: Chosen) -> float:
        """Return f(S).

        Parameters
        ----------
        S : iterable of int or str, or a result that holds a selection
            Elements, by number or name; repetitions count once.

        Returns
        -------
        float
            The value; a `CountingOracle` asks its function once, and once more for the empty set.

        Raises
        ------
        KeyError
            If an element does not exist.
        """
        return self._value(subset("S", elements(self, "S", S), self.n))

    def gain(self, v: int | str, S: Chosen) -> float:
        r"""Return the marginal f(v \| S) = f(S + v) - f(S).

        Parameters
        ----------
        v : int or str
            An element.
        S : iterable of int or str, or a result that holds a selection
            Elements.

        Returns
        -------
        float
            The marginal; 0 for an element of S. A `CountingOracle` asks its function twice.

        Raises
        ------
        KeyError
            If an element does not exist.
        """
        (found,) = subset("v", elements(self, "v", [v]), self.n, "an element").tolist()
        return self._gain(found, subset("S", elements(self, "S", S), self.n))

    def gains(self, S: Chosen) -> np.ndarray:
        """Return the marginals of all elements on top of S.

        Parameters
        ----------
        S : iterable of int or str, or a result that holds a selection
            Elements.

        Returns
        -------
        float64 array of shape (n,)
            0 for the elements of S. A `CountingOracle` asks its function n + 1 times at most.

        Raises
        ------
        KeyError
            If an element does not exist.
        """
        return self._gains(subset("S", elements(self, "S", S), self.n))

    def row_sizes(self) -> np.ndarray:
        """Return the number of entries of each row of the matrix, int64 (n,).

        Returns
        -------
        array
            The sizes.
        """
        return np.diff(self._record.indptr)

    def room_for(self, k: int) -> int:
        """Return how many staircase entries a sequence of k elements may need: the entries of the k longest rows.

        Parameters
        ----------
        k : int
            Number of elements.

        Returns
        -------
        int
            A bound.

        Raises
        ------
        ValueError
            If `k` is below 1.
        """
        k = integer("k", k, low=1)
        if self._record.rule != MAX:
            return 0
        sizes = self.row_sizes()
        return int(np.sort(np.partition(sizes, -min(k, len(sizes)))[-k:]).sum()) if len(sizes) else 0

    def _value(self, items: np.ndarray) -> float:
        return float(self._after(items).marks[prefixes.VALUE, len(items)])

    def _gain(self, v: int, items: np.ndarray) -> float:
        return float(self._gains(items)[v])

    def _gains(self, items: np.ndarray) -> np.ndarray:
        state, found = self._after(items), np.zeros(self.n)
        prefixes.gains_of(self._record, state, len(items), np.arange(self.n), found, np.zeros(len(items) + 2))
        found[items] = 0.0
        return found

    def _after(self, items: np.ndarray) -> Any:
        """Return the state of a sequence of these elements in their order."""
        n_entries = int(self.row_sizes()[items].sum()) if self._record.rule == MAX else 0
        state = states.at(states.new_states(self._record, 0, len(items), n_entries=n_entries), 0)
        scratch = np.zeros(len(items) + 2)
        for z, v in enumerate(items.tolist()):
            marginal = prefixes.gain(self._record, state, z, v, scratch)
            prefixes.extend(self._record, state, z + 1, v, marginal)
        return state


def elements(objective: Objective, name: str, S: Any) -> Any:
    """Return the elements of a result, or the numbers of those that are given by name; all else as it is."""
    for field in ("items", "solution"):
        if isinstance(getattr(S, field, None), np.ndarray):
            return getattr(S, field)
    given = S.to_numpy() if hasattr(S, "to_numpy") else S
    given = given.tolist() if isinstance(given, np.ndarray) and given.dtype.kind in "OUS" else given
    if not isinstance(given, (list, tuple, set, frozenset)) or not any(isinstance(v, str) for v in given):
        return S
    if objective.names is None:
        raise must(name, "a collection of integers", S, TypeError)
    return [objective.number(v) if isinstance(v, str) else v for v in given]


def integers(name: str, values: Any, rule: str) -> np.ndarray:
    """Return a one-dimensional array of integers on the host; raise a TypeError with the rule for anything else."""
    values = to_numpy(values)
    # sets, dictionaries and generators have no array interface of their own
    is_collection = isinstance(values, Iterable) and not isinstance(values, (str, bytes))
    found = as_array(name, list(values) if is_collection and not hasattr(values, "__array__") else values)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise must(name, rule, values, TypeError)
    return found if found.size else found.astype(np.int64)  # an empty list has no kind


def subset(name: str, S: Any, n: int, what: str = "a collection of elements") -> np.ndarray:
    """Return the distinct elements of a collection in their order, as int64; raise a KeyError where one is unknown."""
    distinct = list(dict.fromkeys(integers(name, S, what.replace("elements", "integers")).tolist()))
    for v in distinct:
        if not 0 <= v < n:
            raise must(name, f"{what} in [0, {n - 1}]", v, KeyError)
    return np.array(distinct, np.int64)


def rows_of(name: str, matrix: Any, low: float = 0.0) -> Any:
    """Copy a sparse matrix to a CSR array without stored zeros; refuse entries that are not finite or below `low`."""
    from scipy import sparse

    if matrix.ndim != 2:
        raise must(name, "of shape (n, n)", matrix.shape)
    if matrix.shape[1] > MOST_COLUMNS:
        raise must(name, f"an array of at most {MOST_COLUMNS} columns", matrix.shape[1])
    rows = sparse.csr_array(matrix, copy=True)
    rows.sum_duplicates()
    rows.data = array(name, rows.data, low=low).astype(np.float64)
    rows.eliminate_zeros()
    return rows


def rows_record(rule: int, rows: Any, *, concave: int = 0, scale: float = 1.0, weights: Any = ()) -> Record:
    """Return the record of a dense or sparse matrix; a dense one gets the index arrays of a full CSR array."""
    from scipy import sparse

    is_sparse = sparse.issparse(rows)
    if is_sparse:
        indptr, indices, data = rows.indptr, rows.indices, rows.data
    else:
        n, width = rows.shape
        indptr, data = np.arange(n + 1) * width, rows.ravel()
        # kernels of LOGDET find entry (v, e) of the square matrix at indptr[v] + e, without indices
        indices = np.tile(np.arange(width, dtype=np.int32), n) if rule != LOGDET else np.zeros(0)
    return RECORDS[rule](
        rule=rule,
        concave=concave,
        scale=float(scale),
        is_sparse=bool(is_sparse),
        n_columns=int(rows.shape[1]),
        indptr=kernel_input(indptr, np.int64),
        indices=kernel_input(indices, np.int32),
        data=kernel_input(data, np.float64),
        weights=kernel_input(weights, np.float64),
    )


@result
class SubmodularityProbe(Result):
    """The outcome of a probe: a counterexample, or none.

    Attributes
    ----------
    kind : str or None
        ``"submodular"`` or ``"monotone"``, the property that fails; None where nothing was found.
    violation : float
        Amount by which the inequality fails, in units of f; 0 where nothing was found.
    A, B : tuple of int
        Sets with A inside B; for a function that is not monotone, A = B.
    v : int
        The element, outside of B, whose marginal is larger on B than on A, or negative on B; -1 for none.
    counts : mapping
        ``queries``.
    """

    kind: str | None
    violation: float
    A: tuple[int, ...]
    B: tuple[int, ...]
    v: int
    counts: dict[str, int]


class SetFunction(Protocol):
    """Any object with ``n`` elements and the value of each set of them."""

    @property
    def n(self) -> int: ...
    def value(self, S: list[int], /) -> float: ...


def probe_submodular(
    objective: SetFunction, *, n_probes: int = 200, rounding: float = 1e-9, rng: Rng = None
) -> SubmodularityProbe:
    r"""Look for a counterexample: random sets A inside B and v outside B with f(v \| A) < f(v \| B) or f(v \| B) < 0.

    A function that passes may still be neither; one that fails is not what the guarantees ask for.

    Parameters
    ----------
    objective : Objective
        Any object with ``n`` and ``value(S)``.
    n_probes : int
        Number of random triples, at least 1.
    rounding : float
        Violations up to this multiple of the largest value seen count as rounding.
    rng : Generator, int or None
        Draws the triples.

    Returns
    -------
    SubmodularityProbe
        The first counterexample, named, or none.

    Raises
    ------
    ValueError
        If `n_probes` or `rounding` is out of range.
    TypeError
        If `objective` has no elements or no values.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import CountingOracle
    >>> found = probe_submodular(CountingOracle(lambda S: len(S) ** 2, 5), rng=0)
    >>> found.kind, found.violation > 0
    ('submodular', True)
    """
    if not (hasattr(objective, "n") and hasattr(objective, "value")):
        raise must("objective", "an object with `n` and `value(S)`, such as Coverage", objective, TypeError)
    n_probes, rounding, rng = integer("n_probes", n_probes, low=1), real("rounding", rounding, low=0), generator(rng)
    n, queries = objective.n, 0
    for _ in range(n_probes if n else 0):
        # nested sets of random sizes a <= b < n, and one more element, are prefixes of one permutation
        order = rng.permutation(n)
        b = int(rng.integers(n))
        a = int(rng.integers(b + 1))
        A, B, v = order[:a].tolist(), order[:b].tolist(), int(order[b])
        low, high = objective.value(A), objective.value(B)
        on_a, on_b = objective.value([*A, v]) - low, objective.value([*B, v]) - high
        queries += 4
        slack = rounding * max(abs(low) + abs(on_a), abs(high) + abs(on_b))
        if on_b < -slack:
            return SubmodularityProbe("monotone", -on_b, tuple(B), tuple(B), v, {"queries": queries})
        if on_a < on_b - slack:
            return SubmodularityProbe("submodular", on_b - on_a, tuple(A), tuple(B), v, {"queries": queries})
    return SubmodularityProbe(None, 0.0, (), (), -1, {"queries": queries})
