"""Families of graphs and digraphs: all small ones up to isomorphism, then drawn ones; weights and lengths as asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from lrtheory._validation import flag, integer, must
from lrtheory.bounds.families import Draws, Family
from lrtheory.bounds.instances._arguments import family_name, integers, interval

__all__ = ["Digraph", "Graph", "digraphs", "graphs", "is_connected"]

Edge = tuple[int, int]
Range = tuple[int, int]


@dataclass(frozen=True)
class _Network:
    """The fields that graphs and digraphs have in common."""

    n: int
    edges: tuple[Edge, ...]
    weights: tuple[Any, ...] = ()
    lengths: tuple[Any, ...] = ()
    directed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        n = integer("n", self.n, low=0)
        edges = tuple(self._edge(edge, n) for edge in self.edges)
        if len(set(edges)) < len(edges):
            raise must("edges", "different from each other", self.edges)
        for name, value in {"n": n, "edges": edges}.items():
            object.__setattr__(self, name, value)  # lists and NumPy's integers become tuples and Python's
        for name, count in {"weights": n, "lengths": len(edges)}.items():
            object.__setattr__(self, name, _numbers(name, getattr(self, name), count))

    @classmethod
    def _edge(cls, edge: Any, n: int) -> Edge:
        ends = integers("an edge", edge)
        if len(ends) != 2 or not all(0 <= end < n for end in ends):
            raise must("edges", f"pairs of nodes in 0..{n - 1}", edge)
        return _oriented(ends[0], ends[1], cls.directed)

    def nx(self, *, weight: str = "weight", length: str = "weight") -> Any:
        """Build the graph as one of networkx.

        Parameters
        ----------
        weight : str
            Name of the attribute of nodes that holds the weights, where there are any.
        length : str
            Name of the attribute of edges that holds the lengths, where there are any.

        Returns
        -------
        networkx.Graph or networkx.DiGraph
            A new graph on the nodes 0..n-1.
        """
        import networkx

        graph = networkx.DiGraph() if self.directed else networkx.Graph()
        graph.add_nodes_from(range(self.n))
        graph.add_edges_from(self.edges)
        for node, number in enumerate(self.weights):
            graph.nodes[node][weight] = number
        for edge, number in zip(self.edges, self.lengths, strict=bool(self.lengths)):
            graph.edges[edge][length] = number
        return graph


def _numbers(name: str, values: Any, count: int) -> tuple[Any, ...]:
    """The numbers of the nodes or of the edges: one for each, or none at all."""
    values = tuple(value.item() if isinstance(value, np.generic) else value for value in values)
    if len(values) not in (0, count):
        raise must(name, f"empty, or {count} numbers", values)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise must(name, "real numbers", value, TypeError)
    return values


def _oriented(u: int, v: int, directed: bool) -> Edge:
    """The edge as it is stored: the smaller end of an undirected one comes first."""
    return (u, v) if directed or u <= v else (v, u)


@dataclass(frozen=True)
class Graph(_Network):
    """An undirected graph on the nodes 0..n-1.

    Parameters
    ----------
    n : int
        Number of nodes.
    edges : sequence of (int, int)
        Pairs of nodes, each once; they are stored with the smaller node first. A pair (u, u) is a loop.
    weights : sequence of numbers
        The weight of each node; empty where nodes have none.
    lengths : sequence of numbers
        The length of each edge, in the order of `edges`; empty where edges have none.

    Examples
    --------
    >>> Graph(3, ((1, 0), (1, 2)), weights=(1, 4, 1)).nx().nodes[1]
    {'weight': 4}
    """


@dataclass(frozen=True)
class Digraph(_Network):
    """A directed graph on the nodes 0..n-1.

    Parameters
    ----------
    n : int
        Number of nodes.
    edges : sequence of (int, int)
        Arcs as pairs (tail, head), each once. A pair (u, u) is a loop.
    weights : sequence of numbers
        The weight of each node; empty where nodes have none.
    lengths : sequence of numbers
        The length of each arc, in the order of `edges`; empty where arcs have none.
    """

    directed: ClassVar[bool] = True


def is_connected(graph: Graph | Digraph) -> bool:
    """Tell whether every node is reached from every other; in a digraph along arcs in their direction.

    Parameters
    ----------
    graph : Graph or Digraph
        The graph.

    Returns
    -------
    bool
        True for a graph with a single node, and for one without nodes.
    """
    return graph.n == 0 or _connected(graph.n, graph.edges, graph.directed)  # networkx refuses a graph without nodes


def _connected(n: int, edges: Iterable[Edge], directed: bool) -> bool:
    """Whether each of at least one node reaches every other."""
    import networkx  # here and not above, since statements without graphs need not wait for it

    graph = networkx.DiGraph() if directed else networkx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(edges)
    return bool(networkx.is_strongly_connected(graph) if directed else networkx.is_connected(graph))


# --- enumeration ------------------------------------------------------------------------------------------------------


def _pairs(n: int, directed: bool, loops: bool) -> list[Edge]:
    """All edges that a graph on n nodes may have."""
    every = itertools.product(range(n), repeat=2)
    return [(u, v) for u, v in every if (u < v) or (u > v and directed) or (u == v and loops)]


@cache
def _all_graphs(n: int, directed: bool, loops: bool, labeled: bool) -> tuple[tuple[Edge, ...], ...]:
    """The edges of all graphs on n nodes, or of one of each kind, those with fewer edges first.

    A set of edges is a number whose bits say which pairs are in it. Of the numbers that renaming nodes turns into each
    other the least is kept: a number is dropped as soon as one renaming makes it smaller.
    """
    pairs = _pairs(n, directed, loops)
    place = {pair: bit for bit, pair in enumerate(pairs)}
    kept = np.arange(2 ** len(pairs), dtype=np.int64)
    for names in () if labeled else itertools.permutations(range(n)):
        renamed = np.zeros_like(kept)
        for bit, (u, v) in enumerate(pairs):
            renamed |= (kept >> bit & 1) << place[_oriented(names[u], names[v], directed)]
        kept = kept[renamed >= kept]
    found = [tuple(pair for bit, pair in enumerate(pairs) if number >> bit & 1) for number in kept.tolist()]
    return tuple(sorted(found, key=len))


# --- families ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Maker:
    """The properties that the graphs of a family share, and the ways to enumerate, draw and change them."""

    kind: type[Graph] | type[Digraph]
    sizes: Range
    enumerated: int
    weights: Range | None
    lengths: Range | None
    connected: bool | None
    loops: bool
    labeled: bool

    def always(self) -> list[Any]:
        """All small graphs, or one of each kind, with equal numbers and, where they differ, with uneven ones."""
        found = []
        for n in range(self.sizes[0], self.enumerated + 1):
            for serial, edges in enumerate(_all_graphs(n, self.kind.directed, self.loops, self.labeled)):
                if self.connected in (None, _connected(n, edges, self.kind.directed)):
                    found += self._with_numbers(n, edges, serial)
        return found

    def _with_numbers(self, n: int, edges: tuple[Edge, ...], serial: int) -> list[Any]:
        counts = ((self.weights, n), (self.lengths, len(edges)))
        equal = self.kind(n, edges, *(_equal(span, count) for span, count in counts))
        uneven = self.kind(n, edges, *(_uneven(span, count, serial) for span, count in counts))
        return [equal] if uneven == equal else [equal, uneven]

    def draw(self, draws: Draws) -> Any:
        """A graph in which an edge is present with probability 1/4, 1/2 or 3/4."""
        n = draws.integers(*self.sizes)
        pairs = _pairs(n, self.kind.directed, self.loops)
        quarters = draws.integers(1, 3)
        # an edge is there where its number is large, so that Hypothesis, which makes numbers small, drops edges
        numbers = draws.integers(0, 3, shape=len(pairs)).tolist()
        edges = {pair for pair, number in zip(pairs, numbers, strict=True) if number + quarters > 3}
        if self.connected is not None and _connected(n, edges, self.kind.directed) != self.connected:
            edges = self._joined(n, edges, draws) if self.connected else self._parted(n, edges, draws)
        return self.kind(n, tuple(sorted(edges)), *(_drawn(*one, draws) for one in self._spans(n, len(edges))))

    def _spans(self, n: int, edges: int) -> tuple[tuple[Range | None, int], ...]:
        return (self.weights, n), (self.lengths, edges)

    def _joined(self, n: int, edges: set[Edge], draws: Draws) -> set[Edge]:
        """Add a random tree to a graph, or a cycle through all nodes to a digraph."""
        order = draws.permutation(n).tolist()
        if self.kind.directed:
            return edges | set(zip(order, order[1:] + order[:1], strict=True))
        return edges | {_oriented(order[i], order[draws.integers(0, i - 1)], False) for i in range(1, n)}

    def _parted(self, n: int, edges: set[Edge], draws: Draws) -> set[Edge]:
        """Remove the edges between some nodes and the others; in a digraph those that leave them."""
        inside = set(draws.permutation(n).tolist()[: draws.integers(1, n - 1)])
        crossing = {(u, v) for u, v in edges if u in inside and v not in inside}
        if not self.kind.directed:
            crossing |= {(u, v) for u, v in edges if v in inside and u not in inside}
        return edges - crossing

    def climb(self, graph: Any, draws: Draws) -> Any:
        """Flip an edge, change a number, or add a node; the graph itself where the family would not have the result."""
        moves = ["flip"] if _pairs(graph.n, graph.directed, self.loops) else []
        moves += ["grow"] if graph.n < self.sizes[1] else []
        moves += [name for name in ("weights", "lengths") if getattr(graph, name) and getattr(self, name)]
        if not moves:
            return graph
        move = draws.choice(moves)
        if move == "flip":
            return self._flipped(graph, draws)
        return self._grown(graph, draws) if move == "grow" else self._renumbered(graph, move, draws)

    def _flipped(self, graph: Any, draws: Draws) -> Any:
        pair = draws.choice(_pairs(graph.n, graph.directed, self.loops))
        lengths = dict(zip(graph.edges, graph.lengths or [None] * len(graph.edges), strict=True))
        if pair in lengths:
            del lengths[pair]
        else:
            lengths[pair] = None if self.lengths is None else draws.integers(*self.lengths)
        if self.connected not in (None, _connected(graph.n, lengths, graph.directed)):
            return graph
        edges = tuple(sorted(lengths))
        return replace(graph, edges=edges, lengths=() if self.lengths is None else tuple(lengths[e] for e in edges))

    def _grown(self, graph: Any, draws: Draws) -> Any:
        # hanging the new node on an old one leaves a graph as connected or disconnected as it was
        old, new = draws.integers(0, graph.n - 1), graph.n
        added = ((old, new), (new, old)) if graph.directed else ((old, new),)
        (weight, lengths) = (_drawn(*one, draws) for one in self._spans(1, len(added)))
        numbers = {"weights": graph.weights + weight, "lengths": graph.lengths + lengths}
        return replace(graph, n=graph.n + 1, edges=graph.edges + added, **numbers)

    def _renumbered(self, graph: Any, which: str, draws: Draws) -> Any:
        numbers = list(getattr(graph, which))
        numbers[draws.integers(0, len(numbers) - 1)] = draws.integers(*getattr(self, which))
        return replace(graph, **{which: tuple(numbers)})


def _equal(span: Range | None, count: int) -> tuple[int, ...]:
    """Ones, where the range has a one, else its largest number."""
    return () if span is None else (1 if span[0] <= 1 <= span[1] else span[1],) * count


def _uneven(span: Range | None, count: int, serial: int) -> tuple[int, ...]:
    """Numbers that go through the range in steps 1, 3, 5, ..., from a start that moves on with each graph."""
    if span is None:
        return ()
    return tuple(span[0] + (i * i + serial) % (span[1] - span[0] + 1) for i in range(count))


def _drawn(span: Range | None, count: int, draws: Draws) -> tuple[int, ...]:
    return () if span is None else tuple(draws.integers(*span, shape=count).tolist())


#: up to how many nodes all graphs are enumerated usually and at most, by what they are: directed, with loops, labeled
_LIMITS = {
    (False, False, False): (5, 7),
    (False, False, True): (4, 5),
    (False, True, False): (4, 5),
    (False, True, True): (3, 4),
    (True, False, False): (3, 4),
    (True, False, True): (3, 3),
    (True, True, False): (2, 3),
    (True, True, True): (2, 3),
}


def _family(
    kind: type[Graph] | type[Digraph],
    sizes: tuple[int, int],
    enumerated: int | None,
    numbers: tuple[Any, Any],
    connected: bool | None,
    flags: dict[str, bool],
    name: str,
) -> Family:
    """Check what both makers are given, and make the family."""
    flag("connected", connected, undecided=True)
    for which, value in flags.items():
        flag(which, value)
    usual, largest = _LIMITS[kind.directed, flags["loops"], flags["labeled"]]
    bottom = integer("bottom", sizes[0], low=1, high=largest)  # or no graph would be small enough to be enumerated
    bottom = max(bottom, 2) if connected is False else bottom  # a single node is connected
    top = integer("top", sizes[1], low=bottom)
    limit = (
        min(max(usual, bottom), top) if enumerated is None else integer("enumerated", enumerated, low=0, high=largest)
    )
    if not bottom <= limit <= top:
        raise must("enumerated", f"between `bottom` and `top`, here {bottom} and {top}", limit)
    weights, lengths = (
        None if span is None else interval(which, span)
        for which, span in zip(("weights", "lengths"), numbers, strict=True)
    )
    maker = _Maker(kind, (bottom, top), limit, weights, lengths, connected, **flags)
    return Family(family_name(name), always=maker.always, draw=maker.draw, climb=maker.climb)


def graphs(
    top: int = 6,
    *,
    bottom: int = 1,
    enumerated: int | None = None,
    weights: Range | None = None,
    lengths: Range | None = None,
    connected: bool | None = None,
    loops: bool = False,
    labeled: bool = False,
    name: str = "graphs",
) -> Family:
    """Make a family of undirected graphs: one of each kind on few nodes, then drawn ones.

    Up to isomorphism there are 1, 2, 4, 11, 34, 156, 1044 graphs on 1, 2, ..., 7 nodes, and 2, 6, 20, 90, 544 on 1 to 5
    nodes where loops are allowed. All on at most 5 nodes always run, 52 of them; with loops all on at most 4 nodes, 118
    of them. An algorithm that goes over nodes in their order may fail on one numbering of a graph alone: `labeled` runs
    all graphs on at most 4 nodes instead, 75 of them, or 74 on at most 3 with loops. Where there are weights or
    lengths, each runs twice: with equal numbers, and with uneven ones.

    Parameters
    ----------
    top : int
        The largest number of nodes of a drawn graph.
    bottom : int
        The smallest number of nodes, at most the largest `enumerated`; a disconnected graph has at least two.
    enumerated : int or None
        The largest number of nodes up to which all graphs always run: at most 7, at most 5 with loops or labels, and at
        most 4 with both. None takes the numbers above, as far as `bottom` and `top` allow.
    weights : (int, int) or None
        Smallest and largest weight of a node; None leaves nodes without weights.
    lengths : (int, int) or None
        Smallest and largest length of an edge; None leaves edges without lengths.
    connected : bool or None
        True for connected graphs only, False for disconnected ones only, None for both.
    loops : bool
        Whether edges from a node to itself may occur.
    labeled : bool
        Whether all graphs on the nodes 0..n-1 always run, and not one of each kind up to isomorphism.
    name : str
        The name of the family, which names its random streams.

    Returns
    -------
    Family
        Family of `Graph`; the climb flips an edge, changes a number or adds a node.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as said above.

    Examples
    --------
    >>> [len(graph.edges) for graph in graphs(3, connected=True).smallest()]
    [0, 1, 2, 3]
    """
    flags = {"loops": loops, "labeled": labeled}
    return _family(Graph, (bottom, top), enumerated, (weights, lengths), connected, flags, name)


def digraphs(
    top: int = 5,
    *,
    bottom: int = 1,
    enumerated: int | None = None,
    weights: Range | None = None,
    lengths: Range | None = None,
    connected: bool | None = None,
    loops: bool = False,
    labeled: bool = False,
    name: str = "digraphs",
) -> Family:
    """Make a family of directed graphs: one of each kind on few nodes, then drawn ones.

    Up to isomorphism there are 1, 3, 16, 218 digraphs on 1 to 4 nodes, and 2, 10, 104 on 1 to 3 nodes where loops are
    allowed. All on at most 3 nodes always run, 20 of them; with loops all on at most 2 nodes, 12 of them. An algorithm
    that goes over nodes in their order may fail on one numbering alone: `labeled` runs all of them on as many nodes, 69
    of them, or 18 with loops. Where there are weights or lengths, each runs twice: with equal numbers, and with uneven
    ones.

    Parameters
    ----------
    top : int
        The largest number of nodes of a drawn digraph.
    bottom : int
        The smallest number of nodes, at most the largest `enumerated`; at least two where `connected` is False.
    enumerated : int or None
        The largest number of nodes up to which all digraphs always run: at most 4, and at most 3 with loops or labels.
        None takes the numbers above, as far as `bottom` and `top` allow.
    weights : (int, int) or None
        Smallest and largest weight of a node; None leaves nodes without weights.
    lengths : (int, int) or None
        Smallest and largest length of an arc; None leaves arcs without lengths.
    connected : bool or None
        True for digraphs in which every node reaches every other, False for the others only, None for both.
    loops : bool
        Whether arcs from a node to itself may occur.
    labeled : bool
        Whether all digraphs on the nodes 0..n-1 always run, and not one of each kind up to isomorphism.
    name : str
        The name of the family, which names its random streams.

    Returns
    -------
    Family
        Family of `Digraph`; the climb flips an arc, changes a number or adds a node.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as said above.

    Examples
    --------
    >>> len(digraphs().smallest())
    20
    """
    flags = {"loops": loops, "labeled": labeled}
    return _family(Digraph, (bottom, top), enumerated, (weights, lengths), connected, flags, name)
