"""Families of graphs and digraphs: all small ones up to isomorphism, then drawn ones; weights and lengths as asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar

import numpy as np
from lrtheory.bounds import Draws, Family

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
        edges = tuple(_oriented(u, v, self.directed) for u, v in self.edges)
        if len(set(edges)) < len(edges) or not all(0 <= end < self.n for edge in edges for end in edge):
            raise ValueError(f"`edges` must be different pairs of nodes in 0..{self.n - 1}; got {self.edges!r}.")
        object.__setattr__(self, "edges", edges)

    def nx(self, *, weight: str = "weight", length: str = "weight") -> Any:
        """The graph as one of networkx, whose attributes of nodes and edges hold the weights and the lengths."""
        import networkx

        graph = networkx.DiGraph() if self.directed else networkx.Graph()
        graph.add_nodes_from(range(self.n))
        graph.add_edges_from(self.edges)
        for node, number in enumerate(self.weights):
            graph.nodes[node][weight] = number
        for edge, number in zip(self.edges, self.lengths, strict=bool(self.lengths)):
            graph.edges[edge][length] = number
        return graph


def _oriented(u: int, v: int, directed: bool) -> Edge:
    """The edge as it is stored: the smaller end of an undirected one comes first."""
    return (u, v) if directed or u <= v else (v, u)


@dataclass(frozen=True)
class Graph(_Network):
    """An undirected graph on the nodes 0..n-1.

    Edges are stored with the smaller node first. `weights` are those of nodes and `lengths` those of edges, in their
    order; either is empty where there are none.
    """


@dataclass(frozen=True)
class Digraph(_Network):
    """A directed graph on the nodes 0..n-1; edges are pairs (tail, head)."""

    directed: ClassVar[bool] = True


def is_connected(graph: Graph | Digraph) -> bool:
    """Whether every node is reached from every other; in a digraph along arcs in their direction."""
    return graph.n == 0 or _connected(graph.n, graph.edges, graph.directed)  # networkx refuses a graph without nodes


def _connected(n: int, edges: Iterable[Edge], directed: bool) -> bool:
    """Whether each of at least one node reaches every other."""
    import networkx  # here and not above, since statements without graphs need not wait for it

    graph = networkx.DiGraph() if directed else networkx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(edges)
    return bool(networkx.is_strongly_connected(graph) if directed else networkx.is_connected(graph))


# --- enumeration ------------------------------------------------------------------------------------------------------


def _pairs(n: int, directed: bool) -> list[Edge]:
    """All edges that a graph on n nodes may have."""
    return [(u, v) for u, v in itertools.product(range(n), repeat=2) if u < v or (u > v and directed)]


@cache
def _all_graphs(n: int, directed: bool, labeled: bool) -> tuple[tuple[Edge, ...], ...]:
    """The edges of all graphs on n nodes, or of one of each kind, those with fewer edges first.

    A set of edges is a number whose bits say which pairs are in it. Of the numbers that renaming nodes turns into each
    other the least is kept: a number is dropped as soon as one renaming makes it smaller.
    """
    pairs = _pairs(n, directed)
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
    labeled: bool

    def always(self) -> list[Any]:
        """All small graphs, or one of each kind, with equal numbers and, where they differ, with uneven ones."""
        found = []
        for n in range(self.sizes[0], self.enumerated + 1):
            for serial, edges in enumerate(_all_graphs(n, self.kind.directed, self.labeled)):
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
        pairs = _pairs(n, self.kind.directed)
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
        moves = ["flip"] if _pairs(graph.n, graph.directed) else []
        moves += ["grow"] if graph.n < self.sizes[1] else []
        moves += [name for name in ("weights", "lengths") if getattr(graph, name) and getattr(self, name)]
        if not moves:
            return graph
        move = draws.choice(moves)
        if move == "flip":
            return self._flipped(graph, draws)
        return self._grown(graph, draws) if move == "grow" else self._renumbered(graph, move, draws)

    def _flipped(self, graph: Any, draws: Draws) -> Any:
        pair = draws.choice(_pairs(graph.n, graph.directed))
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


#: up to how many nodes all graphs are enumerated usually, by what they are: directed, labeled
_USUAL = {(False, False): 5, (False, True): 4, (True, False): 3, (True, True): 3}


def _family(kind, top, bottom, enumerated, weights, lengths, connected, labeled, name) -> Family:
    bottom = max(bottom, 2) if connected is False else bottom  # a single node is connected
    usual = min(max(_USUAL[kind.directed, labeled], bottom), top)
    limit = usual if enumerated is None else enumerated
    if not 1 <= bottom <= limit <= top:
        raise ValueError(f"`enumerated` must be between `bottom` and `top`, here {bottom} and {top}; got {limit}.")
    maker = _Maker(kind, (bottom, top), limit, weights, lengths, connected, labeled)
    return Family(name, always=maker.always, draw=maker.draw, climb=maker.climb)


def graphs(
    top: int = 6,
    *,
    bottom: int = 1,
    enumerated: int | None = None,
    weights: Range | None = None,
    lengths: Range | None = None,
    connected: bool | None = None,
    labeled: bool = False,
    name: str = "graphs",
) -> Family:
    """Make a family of undirected graphs: one of each kind on few nodes, then drawn ones on at most `top` nodes.

    Up to isomorphism there are 1, 2, 4, 11, 34, 156, 1044 graphs on 1, 2, ..., 7 nodes. All on at most 5 nodes always
    run, 52 of them, unless `enumerated` says up to how many. An algorithm that goes over nodes in their order may fail
    on one numbering of a graph alone: `labeled` runs all graphs on at most 4 nodes instead, 75 of them. Where there are
    weights of nodes or lengths of edges, integers in a closed range, each runs twice: with equal numbers, and with
    uneven ones. `connected` is True or False for graphs of that kind alone.
    """
    return _family(Graph, top, bottom, enumerated, weights, lengths, connected, labeled, name)


def digraphs(
    top: int = 5, *, bottom: int = 1, connected: bool | None = None, labeled: bool = False, name: str = "digraphs"
) -> Family:
    """Make a family of directed graphs: one of each kind on few nodes, then drawn ones on at most `top` nodes.

    Up to isomorphism there are 1, 3, 16, 218 digraphs on 1 to 4 nodes. All on at most 3 nodes always run, 20 of them;
    `labeled` runs 69. Connected are those in which every node reaches every other.
    """
    return _family(Digraph, top, bottom, None, None, None, connected, labeled, name)
