"""networkx: all shortest paths, where some edges have length 0.

All paths without a repeated node are tried. With lengths of 0 there may be closed walks of length 0, and the
documentation says what is returned then: the paths that repeat no node.
"""

from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, permutations, product

import networkx as nx
from lrtheory.bounds import Documented, Family, Identity, Sides, Statement, Violated, repair, saboteur


@dataclass(frozen=True)
class Roads:
    """Lengths of arcs, integers, by rows from each node to each other; None where there is none."""

    lengths: tuple[tuple[int | None, ...], ...]

    def nx(self):
        """The directed graph."""
        graph = nx.DiGraph()
        graph.add_nodes_from(range(len(self.lengths)))
        graph.add_weighted_edges_from(
            (u, v, length)
            for u, row in enumerate(self.lengths)
            for v, length in enumerate(row)
            if u != v and length is not None
        )
        return graph


# --- truth and claims ------------------------------------------------------------------------------------------------


def paths_between_ends(n):
    """All ways from the first of n nodes to the last one that repeat no node, whether their arcs are there or not."""
    return [(0, *inner, n - 1) for count in range(n - 1) for inner in permutations(range(1, n - 1), count)]


@cache
def shortest(roads):
    """The shortest paths from the first node to the last one, which repeat no node."""
    found = {}
    for path in paths_between_ends(len(roads.lengths)):
        steps = [roads.lengths[u][v] for u, v in pairwise(path)]
        if None not in steps:
            found.setdefault(sum(steps), []).append(path)
    return sorted(found[min(found)]) if found else []


def places(roads, found):
    """How often each path that repeats no node is there; what is no path is counted at the end."""
    every = paths_between_ends(len(roads.lengths))
    return [*(found.count(path) for path in every), sum(path not in every for path in found)]


def each_once(roads, found):
    return Sides(places(roads, list(found)), places(roads, shortest(roads)))


def as_a_set(roads, found):
    return Sides(places(roads, sorted(set(found))), places(roads, shortest(roads)))


# --- what is under test ----------------------------------------------------------------------------------------------


def paths(method):
    def solve(graph, rng):
        ends = 0, len(graph) - 1
        return tuple(sorted(map(tuple, nx.all_shortest_paths(graph, *ends, weight="weight", method=method))))

    return solve


def distinct(graph, rng):
    """A solver that does it right."""
    return tuple(sorted(set(paths("dijkstra")(graph, rng))))


def single(graph, rng):
    return (tuple(nx.dijkstra_path(graph, 0, len(graph) - 1)),)


def by_arcs(graph, rng):
    return tuple(sorted(map(tuple, nx.all_shortest_paths(graph, 0, len(graph) - 1))))


# --- statements ------------------------------------------------------------------------------------------------------


def from_entries(n, entries):
    left = iter(entries)
    return Roads(tuple(tuple(None if u == v else next(left) for v in range(n)) for u in range(n)))


def reachable(roads):
    return [one for one in roads if shortest(one)]


def small():
    """All roads between two nodes, and those between three nodes whose lengths are 0 or 1."""
    two = [from_entries(2, entries) for entries in product((1, 0, None), repeat=2)]
    three = [from_entries(3, entries) for entries in product((1, 0, None), repeat=6)]
    return reachable([*two, *three])


def drawn(draws):
    n = draws.integers(2, 5)
    entries = draws.integers(-1, 2, shape=n * (n - 1)).tolist()
    return from_entries(n, [None if entry < 0 else entry for entry in entries])


ROADS = Family("roads", always=small, draw=drawn, view=lambda roads: roads.nx())

SET = Statement(
    id="networkx/all-shortest-paths",
    title="All shortest paths are found, and no others",
    says="As a set, what is returned is P, the set of all shortest paths without a repeated node, with lengths of 0 "
    "too, by the method of Dijkstra.",
    source=Documented("networkx", "all_shortest_paths", "all shortest paths, those that repeat no node"),
    tex=r"\{p_1, p_2, \dots\} = P",
    hypotheses={"reached": lambda roads: bool(shortest(roads))},
    instances=ROADS,
    solve=paths("dijkstra"),
    claim=Identity(as_a_set),
    may_vary={"*": "how many paths there are, of how many arcs, is what it decides"},
    saboteurs=(
        saboteur("a single one", solve=single),
        saboteur("by the number of arcs", solve=by_arcs),
    ),
)

BELLMAN_FORD = replace(
    SET,
    id="networkx/all-shortest-paths-bellman-ford",
    title="All shortest paths are found by the method of Bellman and Ford",
    says="As a set, what is returned is P, the set of all shortest paths without a repeated node, with lengths of 0 "
    "too, by the method of Bellman and Ford.",
    instances=replace(ROADS, name="roads-bellman-ford"),
    solve=paths("bellman-ford"),
)

ONCE = replace(
    SET,
    id="networkx/all-shortest-paths-once",
    title="Every shortest path is returned once",
    says="Each path of P, the set of all shortest paths without a repeated node, is returned once, and nothing else "
    "is, with lengths of 0 too.",
    tex=r"(p_1, p_2, \dots) \text{ lists } P",
    instances=replace(ROADS, name="roads-once"),
    claim=Identity(each_once),
    saboteurs=(),
    violated=Violated(
        "A path is returned again when the first node is reached from a later one at length 0", "networkx #8833"
    ),
    repairs=(repair("without what is there already", solve=distinct),),
    notes="Version 3.6.1 breaks the promise with two nodes. Version 3.7 mends that case, and breaks it with three.",
)
