"""Graphs, sets and points from tables: what the classes of objectives are made of, with the names of their elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import sparse
from lrtheory._files import Table, warn_alike
from lrtheory._files.cells import is_missing, is_number
from lrtheory._validation import flag

__all__ = ["Network", "Points", "SetTable", "is_network", "network_of", "points_of", "sets_of", "settled"]

EDGES = {
    "source": ("from", "src", "u", "node1", "node_1", "source_id", "tail", "start", "follower", "user1"),
    "target": ("to", "dst", "v", "node2", "node_2", "target_id", "head", "end", "followee", "user2"),
}
SETS = {
    "set": ("sets", "subset", "group", "document", "doc", "basket", "customer", "user", "facility", "site"),
    "element": ("elements", "item", "member", "covers", "covered", "word", "product", "customer", "node"),
    "weight": ("weights", "element_weight"),
}
NAMES = ("name", "id", "item", "element", "label", "title", "point", "key")


class Network(NamedTuple):
    """The adjacency matrix of a graph, the names of its nodes in the order in which they come, and what was read."""

    adjacency: Any
    names: tuple[str, ...]
    told: str


class SetTable(NamedTuple):
    """Which set covers which element, the weights of the elements, the names of the sets, and what was read."""

    rows: Any
    weights: np.ndarray | None
    names: tuple[str, ...]
    told: str


class Points(NamedTuple):
    """Points, a row each, their names or None, and what was read."""

    X: np.ndarray
    names: tuple[str, ...] | None
    told: str


def is_network(table: Table, columns: Any = None) -> bool:
    """Whether the rows are edges of a graph; else they say which set covers which element.

    Parameters
    ----------
    table : Table
        Table of the file or the frame.
    columns : None, str, sequence or mapping
        Columns that the caller names.

    Returns
    -------
    bool
        True for the names that columns of edges have; where the names are strange, whether the first column names what
        the second names too. Without names it is a list of edges.
    """
    if isinstance(columns, Mapping):
        return "source" in columns or "target" in columns
    if columns is None and (not table.header or _known(table, EDGES, ("source", "target"))):
        return True
    if columns is None and _known(table, SETS, ("set", "element")):
        return False
    named = table.names[:2] if columns is None else columns
    pair = list(table.pick(named, {"source": (), "target": (), "weight": ()}, optional=("weight",)).values())[:2]
    first, second = (set(map(str, table.columns[name])) for name in pair)
    return not first.isdisjoint(second)


def _known(table: Table, customs: Mapping[str, Sequence[str]], roles: Sequence[str]) -> bool:
    """Whether customary names stand for all roles."""
    try:
        table.pick(None, {role: customs[role] for role in roles})
    except ValueError:
        return False
    return True


def network_of(table: Table, columns: Any = None, *, directed: bool = False) -> Network:
    """Read a graph from a list of edges, such as networkx writes it.

    Parameters
    ----------
    table : Table
        Table of two columns or more.
    columns : None, str, sequence or mapping
        The columns of source and target.
    directed : bool
        Whether an edge goes from its source to its target alone.

    Returns
    -------
    Network
        A loop or a repeated edge counts once.

    Raises
    ------
    ValueError
        If a cell is empty, or there is one column alone.
    """
    flag("directed", directed)
    is_strange = columns is None and table.header and not _known(table, EDGES, ("source", "target"))
    roles = table.pick(table.names[:2] if is_strange else columns, EDGES)
    ends = [table.text(roles[role]) for role in ("source", "target")]
    numbers: dict[str, int] = {}
    for one, other in zip(*ends, strict=True):  # in the order of networkx: by first appearance, an edge after the other
        numbers.setdefault(one, len(numbers))
        numbers.setdefault(other, len(numbers))
    source, target = (np.array([numbers[name] for name in column]) for column in ends)
    n = len(numbers)
    pairs = (np.append(source, target), np.append(target, source)) if not directed else (source, target)
    adjacency = sparse.csr_array((np.ones(len(pairs[0])), pairs), shape=(n, n))
    adjacency.data[:] = 1.0
    n_loops = int((adjacency.diagonal() > 0).sum())
    n_edges = adjacency.nnz if directed else (adjacency.nnz + n_loops) // 2
    left_out = [name for name in table.names if name not in roles.values()]
    also = f"; columns not read: {', '.join(left_out)}" if left_out else ""
    kind = "a directed" if directed else "an undirected"
    warn_alike(numbers, table.origin)
    return Network(
        adjacency, tuple(numbers), f"{table.origin}: {kind} graph of {n:,} nodes and {n_edges:,} edges{also}"
    )


def settled(table: Table, columns: Any = None) -> tuple[Table, str]:
    """Take the first line for data where it names what the lines below it name; else say what it was taken for.

    Parameters
    ----------
    table : Table
        Table of pairs.
    columns : None, str, sequence or mapping
        Columns that the caller names.

    Returns
    -------
    tuple of Table and str
        The table, and a sentence about its first line, empty where nobody can doubt it.

    Raises
    ------
    ValueError
        If there is one column alone, or no row.
    """
    if not len(table):
        raise ValueError(f"{table.origin}: no row")
    if len(table.columns) < 2:
        raise ValueError(f"{table.origin}: two columns are needed, such as source and target; there is one")
    known = any(_known(table, customs, list(customs)[:2]) for customs in (EDGES, SETS))
    if columns is not None or table.said_header is not None or not table.header or known:
        return table, ""
    cells = {str(cell).strip() for column in list(table.columns.values())[:2] for cell in column}
    if any(name in cells for name in table.names[:2]):
        return table.without_header(), ""
    return table, f"; its first line was read as the names of columns, {', '.join(table.names[:4])}"


def sets_of(table: Table, columns: Any = None) -> SetTable:
    """Read which set covers which element, from a row for each pair.

    Parameters
    ----------
    table : Table
        Table of the columns set and element, and perhaps the weight of the element.
    columns : None, str, sequence or mapping
        The columns of set, element and weight.

    Returns
    -------
    SetTable
        Sets and elements in the order in which they come; a repeated pair counts once.

    Raises
    ------
    ValueError
        If a cell is empty, a weight is negative, or an element has two weights.
    """
    is_strange = columns is None and not _known(table, SETS, ("set", "element"))
    roles = table.pick(table.names[:2] if is_strange else columns, SETS, optional=("weight",))
    names, elements = (dict[str, int](), dict[str, int]())
    rows = np.array([names.setdefault(word, len(names)) for word in table.text(roles["set"])])
    items = np.array([elements.setdefault(word, len(elements)) for word in table.text(roles["element"])])
    weights = None
    if "weight" in roles:
        given = table.floats(roles["weight"])
        if (given < 0).any():
            raise table.refuse(int((given < 0).argmax()), roles["weight"], "at least 0")
        weights = np.zeros(len(elements))
        weights[items[::-1]] = given[::-1]
        differs = np.flatnonzero(weights[items] != given)
        if differs.size:
            raise table.refuse(int(differs[0]), roles["weight"], "the same in all rows of an element")
    for named in (names, elements):
        warn_alike(named, table.origin)
    matrix = sparse.csr_array((np.ones(len(rows)), (rows, items)), shape=(len(names), len(elements)))
    told = f"{table.origin}: {len(names):,} sets of {len(elements):,} elements"
    return SetTable(matrix, weights, tuple(names), told + ("" if weights is None else " with weights"))


def points_of(table: Table, columns: Any = None, *, low: float = -np.inf) -> Points:
    """Read points: a row each, with a column of names or none, and numbers in all other columns.

    Parameters
    ----------
    table : Table
        Table of the file or the frame.
    columns : None, str or sequence
        The columns to use; the first may be that of the names. None takes all.
    low : float
        The least number that is allowed.

    Returns
    -------
    Points
        Points that have names where a column has a customary name for them, or where the first holds words.

    Raises
    ------
    ValueError
        If a cell is not a number, or there is no column of numbers.
    """
    names = table.names if columns is None else table.listed(columns)
    folded = {name.lower().strip(): name for name in reversed(names)} if table.header else {}
    title = next((folded[name] for name in NAMES if name in folded), None)
    if title is None and not is_number(next((cell for cell in table.columns[names[0]] if not is_missing(cell)), "")):
        title = names[0]
    features = [name for name in names if name != title]
    if not features:
        raise ValueError(f"{table.origin}: a column of numbers is needed; there is {', '.join(map(repr, names))}")
    X = np.stack([table.floats(name) for name in features], axis=1)
    if (X < low).any():
        row, place = (int(index[0]) for index in np.nonzero(X < low))
        raise table.refuse(row, features[place], f"at least {low:g}")
    called = None if title is None else tuple(table.text(title))
    warn_alike(called or (), table.origin)
    return Points(X, called, f"{table.origin}: {len(X):,} points of {len(features)} numbers")
