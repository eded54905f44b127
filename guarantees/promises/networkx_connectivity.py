"""networkx: how many nodes hold a graph together, and its diameter.

The truth comes from removing every set of nodes. A digraph counts as held together as long as it is so without regard
to the direction of its arcs, which is the reading of the documentation that is kindest to a lower bound.
"""

from dataclasses import replace
from functools import cache
from itertools import combinations

import networkx as nx
import ready
from lrtheory.bounds import Documented, Inequality, Sides, Statement, Tight, Violated, always, repair, saboteur

Graph, Digraph = ready.Graph, ready.Digraph


# --- truth -----------------------------------------------------------------------------------------------------------


def reached(start, nodes, edges, directed=False):
    """Those of the nodes to which a path leads, and how many edges the shortest one has."""
    distance, waiting = {start: 0}, [start]
    for node in waiting:
        for u, v in edges if directed else [*edges, *((v, u) for u, v in edges)]:
            if u == node and v in nodes and v not in distance:
                distance[v] = distance[node] + 1
                waiting.append(v)
    return distance


@cache
def connectivity(nodes, edges):
    """The least number of nodes without which the others are not connected, or a single one is left."""
    for size in range(len(nodes) - 1):
        for removed in combinations(sorted(nodes), size):
            left = nodes - set(removed)
            if len(reached(min(left), left, edges)) < len(left):
                return size
    return max(len(nodes) - 1, 0)


def whole(graph):
    return connectivity(frozenset(range(graph.n)), graph.edges)


@cache
def paths(graph, s, t):
    """The largest number of paths from s to t that share no other node, by Menger's theorem: an edge, and a cut."""
    edges = tuple(edge for edge in graph.edges if set(edge) != {s, t})
    between = [node for node in range(graph.n) if node not in (s, t)]
    cuts = (cut for size in range(graph.n) for cut in combinations(between, size))
    parted = lambda cut: t not in reached(s, set(range(graph.n)) - set(cut), edges)
    return len(graph.edges) - len(edges) + next(len(cut) for cut in cuts if parted(cut))


@cache
def diameter(graph):
    nodes = range(graph.n)
    return max(max(reached(start, set(nodes), graph.edges, graph.directed).values()) for start in nodes)


# --- claims ----------------------------------------------------------------------------------------------------------


def lower(truth, more=0):
    """The number that is returned is at most the truth, less ``more``; it counts as at most n."""
    return Inequality(lambda graph, k: Sides(min(k, graph.n) + more, truth(graph), trivial=graph.n + more))


def upper(truth):
    """The number that is returned is at least the truth."""
    return Inequality(lambda graph, k: Sides(truth(graph), max(k, 0), least=0))


def lower_for_pairs(more=0):
    """The number of paths that is returned for a pair of nodes is at most that of paths that there are."""

    def sides(graph, found):
        truth = [paths(graph, *pair) for pair in combinations(range(graph.n), 2)]
        return Sides([min(k, graph.n) + more for k in found], truth, trivial=[graph.n + more] * len(truth))

    return Inequality(sides)


def exact_for_pairs(graph, found):
    truth = [paths(graph, *pair) for pair in combinations(range(graph.n), 2)]
    return Sides(truth, [max(k, 0) for k in found], least=[0] * len(truth))


# --- what is under test ----------------------------------------------------------------------------------------------


def node_connectivity(graph, rng):
    return nx.approximation.node_connectivity(graph)


def least_degree(graph, rng):
    return min(degree for _, degree in graph.degree)


def all_pairs(graph, rng):
    found = nx.approximation.all_pairs_node_connectivity(graph)
    return tuple(found[u][v] for u, v in combinations(sorted(graph), 2))


def least_degrees(graph, rng):
    return tuple(min(graph.degree(u), graph.degree(v)) for u, v in combinations(sorted(graph), 2))


def two_sweeps(graph, rng):
    return nx.approximation.diameter(graph, seed=int(rng.integers(2**31)))


# --- statements ------------------------------------------------------------------------------------------------------

view = lambda graph: graph.nx()
#: the shortest path from 1 to 4 goes through 0, and then no second one is left
SHORTCUT = Graph(6, ((0, 1), (0, 3), (0, 5), (1, 2), (2, 3), (3, 4), (4, 5)))
GRAPHS = ready.graphs(6, name="connectivity")
FAMILY = replace(GRAPHS, always=lambda: (*GRAPHS.smallest(), SHORTCUT), view=view)
PAIRS = replace(FAMILY, name="connectivity-pairs", always=lambda: FAMILY.smallest()[1:])
ARCS = ready.digraphs(4, name="connectivity-arcs")
BOTH_ARCS = Digraph(2, ((0, 1), (1, 0)))
DIGRAPHS = replace(ARCS, always=lambda: (BOTH_ARCS, *ARCS.smallest()), view=view)
CONNECTED = replace(ready.graphs(6, connected=True, name="connectivity-connected"), view=view)
STRONG = replace(ready.digraphs(5, connected=True, name="connectivity-strong"), view=view)
TWO = Graph(2, ((0, 1),))

NODE_CONNECTIVITY = Statement(
    id="networkx/node-connectivity",
    title="The approximate connectivity of a graph is a lower bound",
    says="The number k that is returned is at most the number of nodes without which a graph falls apart, or is one "
    "node.",
    source=Documented("networkx", "approximation.node_connectivity", "a lower bound on the node connectivity"),
    tex=r"k \le \kappa(G)",
    hypotheses={"none": always},
    instances=replace(FAMILY, tight=(Tight(TWO, 1, 1),)),
    solve=node_connectivity,
    claim=lower(whole),
    saboteurs=(
        saboteur("the least number of neighbors", solve=least_degree),
        saboteur("strictly below", claim=lower(whole, more=1), printed=True),
        saboteur("exact", claim=upper(whole)),
    ),
    notes="The documentation calls it a strict lower bound. It is an equality wherever the heuristic is exact, "
    "first of all on two nodes.",
)

NODE_CONNECTIVITY_DIRECTED = Statement(
    id="networkx/node-connectivity-directed",
    title="The approximate connectivity of a digraph is a lower bound",
    says="The number k that is returned is at most the number of nodes without which a digraph falls apart, or is one "
    "node.",
    source=Documented("networkx", "approximation.node_connectivity", "a lower bound, for directed graphs too"),
    tex=r"k \le \kappa(G)",
    hypotheses={"none": always},
    instances=DIGRAPHS,
    solve=node_connectivity,
    claim=lower(whole),
    violated=Violated(
        "Arcs into a node and out of it are added up, so two nodes with both arcs have connectivity 2.",
        "networkx #8863",
    ),
    repairs=(
        repair(
            "the arcs out of a node, or those into it",
            patch=(
                nx.approximation.node_connectivity,
                "min(G.degree(), key=itemgetter(1))",
                "min(((v, min(G.in_degree(v), G.out_degree(v)) if G.is_directed() else d) for v, d in G.degree()), "
                "key=itemgetter(1))",
            ),
        ),
    ),
    notes="Whoever asks for paths in both directions between all nodes finds the least counterexample at a single arc.",
)

PAIRS_CONNECTIVITY = Statement(
    id="networkx/all-pairs-node-connectivity",
    title="The approximate number of paths between two nodes is a lower bound",
    says="For nodes s and t the returned number k is at most the number p of paths that share no other node.",
    source=Documented("networkx", "approximation.all_pairs_node_connectivity", "a lower bound on independent paths"),
    tex=r"k(s, t) \le p(s, t)",
    hypotheses={"two nodes": lambda graph: graph.n >= 2},
    instances=replace(PAIRS, tight=(Tight(TWO, 1, 1),)),
    solve=all_pairs,
    claim=lower_for_pairs(),
    saboteurs=(
        saboteur("the lesser number of neighbors", solve=least_degrees),
        saboteur("strictly below", claim=lower_for_pairs(more=1), printed=True),
        saboteur("exact", claim=Inequality(exact_for_pairs)),
    ),
)

DIAMETER = Statement(
    id="networkx/diameter",
    title="Two sweeps bound the diameter from below",
    says="The number d that is returned is at most the largest distance between two nodes of a connected graph.",
    source=Documented("networkx", "approximation.diameter", "a lower bound on the diameter"),
    tex=r"d \le \operatorname{diam}(G)",
    hypotheses={"connected": ready.is_connected},
    instances=replace(CONNECTED, tight=(Tight(TWO, 1, 1),)),
    solve=two_sweeps,
    claim=lower(diameter),
    saboteurs=(
        saboteur("twice the eccentricity", solve=lambda graph, rng: 2 * nx.eccentricity(graph, 0)),
        saboteur("strictly below", claim=lower(diameter, more=1)),
    ),
)

DIAMETER_DIRECTED = replace(
    DIAMETER,
    id="networkx/diameter-directed",
    title="Two sweeps along and against the arcs bound the diameter from below",
    says="The number d that is returned is at most the largest distance along arcs in a strongly connected digraph.",
    hypotheses={"strongly connected": ready.is_connected},
    instances=replace(STRONG, tight=(Tight(BOTH_ARCS, 1, 1),)),
)
