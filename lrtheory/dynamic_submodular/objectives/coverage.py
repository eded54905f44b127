"""Weighted coverage f(S) = w(union of the sets in S), of given sets or of the neighborhoods in a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, Protocol, TypeAlias

import numpy as np

from lrtheory._array import sparse, to_numpy
from lrtheory._files import Columns, Table, as_table
from lrtheory._types import ArrayLike, Frame, SparseArray
from lrtheory._validation import array, flag, must
from lrtheory.dynamic_submodular.objectives.base import MOST_COLUMNS, Objective, integers, rows_of, rows_record
from lrtheory.dynamic_submodular.objectives.reading import is_network, network_of, sets_of, settled
from lrtheory.dynamic_submodular.structures.prefixes import MAX

__all__ = ["Coverage"]


class Graph(Protocol):
    """A graph of networkx, or any other object with its interface."""

    def __len__(self) -> int: ...
    def adjacency(self) -> Any: ...


#: the items of each element: item numbers one after the other, or a matrix whose entries say which items are covered
Sets: TypeAlias = Sequence[Iterable[int]] | Mapping[Any, Iterable[Any]] | np.ndarray | SparseArray


class Coverage(Objective):
    r"""Weighted coverage: f(S) is the weight of the items in the union of the sets in S.

    Parameters
    ----------
    sets : sequence of sequences of int, mapping, or sparse array of shape (n, n_items)
        Items that each element covers, numbered from 0; of a sparse array the columns that are not zero in its row. A
        mapping from the names of elements to collections of names of items numbers both as they come.
    weights : array of shape (n_items,) or None
        Weight of each item, at least 0; None is 1.

    Attributes
    ----------
    n : int
        Number of elements.
    weights : float64 array of shape (n_items,)
        Weight of each item.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or an item has none.
    TypeError
        If an item is not an integer.

    Examples
    --------
    >>> f = Coverage([[0, 1], [1, 2], [2]], weights=[1.0, 2.0, 4.0])
    >>> f.value([0, 2]), f.gain(1, [0]), f.gains([1]).tolist()
    (7.0, 4.0, [1.0, 0.0, 0.0])
    """

    def __init__(self, sets: Sets, weights: ArrayLike | None = None) -> None:
        checked = None if weights is None else _weights(weights)
        names = None
        if isinstance(sets, Mapping):
            names, sets = tuple(sets), _numbered(sets)
        rows = membership("sets", sets, 0 if checked is None else len(checked))
        self.weights = np.ones(rows.shape[1]) if checked is None else checked
        if len(self.weights) != rows.shape[1]:
            raise must("weights", f"of shape ({rows.shape[1]},), one per item", self.weights.shape)
        self._set_rows(rows)
        self.names = names

    @classmethod
    def from_graph(
        cls, graph: Graph | SparseArray, *, closed: bool = True, weights: ArrayLike | None = None
    ) -> Coverage:
        """Make the coverage of neighborhoods: f(S) is the number (or weight) of the nodes that S dominates.

        Parameters
        ----------
        graph : networkx graph, or sparse adjacency array of shape (n, n)
            Nodes are numbered in the order of the graph; of a directed graph the successors are covered.
        closed : bool
            Whether a node covers itself.
        weights : array of shape (n,) or None
            Weight of each node.

        Returns
        -------
        Coverage
            One element per node.
        """
        adjacency = adjacency_of(graph)
        if flag("closed", closed):
            adjacency = sparse.csr_array(adjacency + sparse.eye_array(adjacency.shape[0], format="csr"))
        made = cls(adjacency, weights)
        made.names = node_names(graph)
        return made

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        columns: Columns = None,
        form: str | None = None,
        header: bool | None = None,
        directed: bool = False,
    ) -> Coverage:
        """Read a list of edges, whose nodes cover themselves and their neighbors, or a table of sets and elements.

        Parameters
        ----------
        path : path
            Edges as networkx writes them, with comments from # on, or a table with the columns source and target, or
            set, element and perhaps weight; packed by gzip or not. "-" is standard input.
        columns : str, sequence or mapping, optional
            The two columns. None looks for customary names. Where names are strange, rows are edges if the first column
            names something that the second names too.
        form : str or None
            "table", "json", "jsonl" or "npz" where suffix and first line do not tell.
        header : bool or None
            Whether the first line names the columns; None looks. A file without names holds edges.
        directed : bool
            Whether an edge goes from its source to its target alone.

        Returns
        -------
        Coverage
            Objective with the names of the nodes or sets, in the order in which they come.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If a row is not a pair; file and line are named.
        """
        return cls._from_table(as_table(path, form=form, header=header), columns, directed=directed)

    @classmethod
    def from_frame(
        cls,
        frame: Frame,
        *,
        columns: Columns = None,
        directed: bool = False,
    ) -> Coverage:
        """Read edges, or sets and elements, from a data frame.

        Parameters
        ----------
        frame : data frame
            Table of pandas or another library, or a mapping from names to columns.
        columns : str, sequence or mapping, optional
            As in `from_file`.
        directed : bool
            Whether edges have a direction.

        Returns
        -------
        Coverage
            As `from_file` makes it.

        Raises
        ------
        ValueError
            If a row is not a pair.

        Examples
        --------
        >>> f = Coverage.from_frame({"set": ["a", "a", "b"], "element": ["x", "y", "y"]})
        >>> f.names, f.value(["a"]), f.value(["b"])
        (('a', 'b'), 2.0, 1.0)
        """
        return cls._from_table(as_table(frame), columns, directed=directed)

    @classmethod
    def _from_table(cls, table: Table, columns: Any, *, directed: bool) -> Any:
        table, about = settled(table, columns)
        if is_network(table, columns):
            network = network_of(table, columns, directed=directed)
            made = cls.from_graph(network.adjacency)
            made.names = network.names
            made.origin = f"{network.told}; a node covers itself and its neighbors{about}"
            return made
        if directed:
            raise must("directed", "left out for a table of sets and elements", directed)
        found = sets_of(table, columns)
        made = cls(found.rows, found.weights)
        made.names, made.origin = found.names, found.told + about
        return made

    def append(self, rows: Sets) -> np.ndarray:
        """Add elements; items that did not exist get weight 1.

        Parameters
        ----------
        rows : sequence of sequences of int, or sparse array of shape (n_new, n_items)
            Items that each new element covers.

        Returns
        -------
        int64 array of shape (n_new,)
            Numbers of the new elements.
        """
        new = membership("rows", rows, 0)
        record = self._record  # it has an entry for each item that is covered, of weight 0 too
        covered = np.ones(len(record.indices), bool)
        old = sparse.csr_array((covered, record.indices, record.indptr), shape=(self.n, record.n_columns))
        width = max(old.shape[1], new.shape[1])
        self.weights = np.concatenate([self.weights, np.ones(width - old.shape[1])])
        stacked = [sparse.csr_array((m.data, m.indices, m.indptr), shape=(m.shape[0], width)) for m in (old, new)]
        self._set_rows(sparse.csr_array(sparse.vstack(stacked, format="csr")))
        return np.arange(old.shape[0], self.n)

    def room_for(self, k: int) -> int:
        """Return how many staircase entries k elements may need: no more than items, since each is covered once.

        Parameters
        ----------
        k : int
            Number of elements.

        Returns
        -------
        int
            A bound.
        """
        return min(super().room_for(k), self._record.n_columns)

    def _set_rows(self, rows: Any) -> None:
        weighted = sparse.csr_array((self.weights[rows.indices], rows.indices, rows.indptr), shape=rows.shape)
        self._record = rows_record(MAX, weighted)


def node_names(graph: Any) -> tuple[Any, ...] | None:
    """Return the names of the nodes of a networkx graph, None where they are the numbers of the nodes."""
    if sparse.issparse(graph) or not hasattr(graph, "adjacency"):
        return None
    names = tuple(graph)
    return None if names == tuple(range(len(names))) else names


def _numbered(sets: Mapping[Any, Any]) -> list[list[int]]:
    """Return the items of named sets by number, in the order in which they come."""
    numbers: dict[Any, int] = {}
    return [[numbers.setdefault(item, len(numbers)) for item in items] for items in sets.values()]


def adjacency_of(graph: Any) -> Any:
    """Return the adjacency matrix of a networkx graph or a square sparse array, as CSR."""
    if sparse.issparse(graph):
        matrix = rows_of("graph", graph, -np.inf)  # a stored zero is no edge
    elif hasattr(graph, "adjacency"):
        import networkx as nx  # here, so that importing the system stays quick

        if len(graph) == 0:  # networkx makes no matrix of it
            return sparse.csr_array((0, 0))
        matrix = sparse.csr_array(nx.to_scipy_sparse_array(graph, weight=None, dtype=np.float64, format="csr"))
    else:
        raise must("graph", "a networkx graph or a sparse array", graph, TypeError)
    if matrix.shape[0] != matrix.shape[1]:
        raise must("graph", "a square adjacency array", matrix.shape)
    return matrix


def membership(name: str, sets: Any, n_items: int) -> Any:
    """Return sets as a CSR array of True with sorted rows, one row per set."""
    if sparse.issparse(sets):
        rows = rows_of(name, sets, -np.inf)
        rows.data = np.ones(len(rows.data), bool)
        return rows
    if isinstance(sets, (str, bytes)) or not isinstance(sets, (Sequence, np.ndarray)):
        raise must(name, "a sequence of sequences of integers, or a sparse array", sets, TypeError)
    arrays = [_items(f"{name}[{index}]", items) for index, items in enumerate(sets)]
    indptr = np.concatenate([[0], np.cumsum([len(items) for items in arrays])]).astype(np.int64)
    indices = np.concatenate([np.zeros(0, np.int64), *arrays]).astype(np.int64)
    width = max(int(indices.max(initial=-1)) + 1, n_items)
    return sparse.csr_array((np.ones(len(indices), bool), indices, indptr), shape=(len(arrays), width))


def _items(name: str, given: Any) -> np.ndarray:
    """Return the distinct items of one set, increasing; refuse what is not a sequence of item numbers."""
    items = integers(name, given, "a sequence of integers")
    if items.size and not 0 <= items.min() <= items.max() < MOST_COLUMNS:
        low = items.min() < 0
        rule = "of at least 0" if low else f"below {MOST_COLUMNS}, numbered from 0"
        raise must(name, f"a sequence of items {rule}", int(items.min() if low else items.max()))
    return np.unique(items)


def _weights(weights: Any) -> np.ndarray:
    checked = array("weights", to_numpy(weights), shape=(None,), low=0.0).astype(np.float64)
    with np.errstate(over="ignore"):
        total = checked.sum()
    if not np.isfinite(total):
        raise must("weights", "small enough for a finite sum", float(checked.max()))
    return checked
