"""networkx: Steiner trees, and spanners that keep distances up to a factor.

The least Steiner tree is found by trying all trees, the distances in a spanner by going through each node in turn. A
graph that is no tree, or that does not reach a node, counts as heavier, or longer, than any.
"""

import random
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise

import networkx as nx
import ready
from lrtheory.bounds import Documented, Family, Inequality, Sides, Statement, Tight, saboteur

Graph = ready.Graph


# --- Steiner trees: truth and claim ----------------------------------------------------------------------------------


def terminals(graph):
    """The nodes that a tree must contain; an instance marks them by the weight 1."""
    return {node for node, mark in enumerate(graph.weights) if mark}


def is_tree(nodes, edges):
    """Whether edges among nodes make a tree, which is connected and has one edge less than nodes."""
    parts = [{node} for node in nodes]
    for u, v in edges:
        joined = [part for part in parts if u in part or v in part]
        parts = [part for part in parts if part not in joined] + [set().union(*joined)]
    return len(parts) == 1 and len(edges) == len(nodes) - 1


@cache
def steiner(graph):
    """The least weight of a tree that contains all terminals, and the least number of leaves of those trees."""
    weight = dict(zip(graph.edges, graph.lengths, strict=True))
    best = []
    for size in range(graph.n):
        for edges in combinations(graph.edges, size):
            nodes = {end for edge in edges for end in edge} or set(sorted(terminals(graph))[:1])
            if terminals(graph) <= nodes and is_tree(nodes, edges):
                leaves = sum(sum(node in edge for edge in edges) == 1 for node in nodes)
                best.append((sum(weight[edge] for edge in edges), leaves))
    return min(best)


def by_leaves(leaves):
    return 2 - Fraction(2, max(leaves, 1))


def tree_within(factor):
    """The weight of the tree is at most ``factor(l)`` times the least, where l is the number of leaves."""

    def sides(graph, found):
        nodes, edges = found
        weight, worst = dict(zip(graph.edges, graph.lengths, strict=True)), 1 + 2 * sum(graph.lengths)
        valid = terminals(graph) <= set(nodes) and set(edges) <= set(graph.edges) and is_tree(nodes, edges)
        least, leaves = steiner(graph)
        lhs = sum(weight[edge] for edge in edges) if valid else worst
        return Sides(lhs=lhs, rhs=factor(leaves) * least, trivial=worst)

    return Inequality(sides)


# --- spanners: truth and claim ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stretched:
    """A graph with lengths, and the factor by which distances may grow."""

    graph: Graph
    stretch: Fraction


def distances(n, lengths):
    """The distances between all nodes; infinite ones are None."""
    far = 1 + sum(lengths.values())
    table = {(u, v): far * (u != v) for u in range(n) for v in range(n)}
    for (u, v), one in lengths.items():
        table[u, v] = table[v, u] = min(one, table[u, v])
    for k in range(n):
        table = {(u, v): min(one, table[u, k] + table[k, v]) for (u, v), one in table.items()}
    return {pair: None if one == far else one for pair, one in table.items()}


def stretched_by(share):
    """The subgraph has distances of at most ``share`` times the stretch times those of the graph."""

    def sides(instance, edges):
        graph, stretch = instance.graph, Fraction(instance.stretch)
        lengths = dict(zip(graph.edges, graph.lengths, strict=True))
        before, worst = distances(graph.n, lengths), 1 + 10 * sum(graph.lengths)
        after = distances(graph.n, {edge: lengths[edge] for edge in edges if edge in lengths})
        pairs = [pair for pair in combinations(range(graph.n), 2) if before[pair] is not None]
        # first of all no edge is made up
        lhs = [len(set(edges) - set(lengths)), *(worst if after[pair] is None else after[pair] for pair in pairs)]
        rhs = [0, *(share * stretch * before[pair] for pair in pairs)]
        return Sides(lhs=lhs, rhs=rhs, trivial=[1 + len(edges), *(worst for _ in pairs)])

    return Inequality(sides)


# --- what is under test ----------------------------------------------------------------------------------------------


def as_edges(pairs):
    return tuple(sorted(tuple(sorted(pair)) for pair in pairs))


def marked(graph):
    return [node for node, mark in graph.nodes(data="terminal") if mark]


def steiner_tree(method):
    def solve(graph, rng):
        tree = nx.approximation.steiner_tree(graph, marked(graph), weight="length", method=method)
        return tuple(sorted(tree)), as_edges(tree.edges)

    return solve


def star_of_paths(graph, rng):
    """A shortest path from the first terminal to each of the others, cut down to a tree."""
    first, *others = marked(graph)
    paths = [nx.dijkstra_path(graph, first, other, weight="length") for other in others]
    union = graph.edge_subgraph([step for path in paths for step in pairwise(path)])
    tree = nx.bfs_tree(union, first)
    return tuple(sorted(tree)), as_edges(tree.edges)


def spanner(instance, rng):
    graph, stretch = instance
    # a generator of Python's own, which the function takes below its decorators too
    made = nx.spanner(graph, float(stretch), weight="weight", seed=random.Random(int(rng.integers(2**31))))
    return as_edges(made.edges)


def forest(instance, rng):
    return as_edges(nx.minimum_spanning_edges(instance[0], data=False))


# --- statements ------------------------------------------------------------------------------------------------------

#: a hub with three spokes of length 1, and a rim of length 2 between the three terminals
SPOKES = Graph(4, ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)), weights=(0, 1, 1, 1), lengths=(1, 1, 1, 2, 2, 2))
#: two terminals close to each other, and far from the third
ONE_FAR = Graph(3, ((0, 1), (0, 2), (1, 2)), weights=(1, 1, 1), lengths=(2, 2, 1))
GRAPHS = ready.graphs(5, bottom=2, weights=(0, 1), lengths=(0, 9), connected=True, name="trees")
FAMILY = replace(
    GRAPHS,
    always=lambda: [*(graph for graph in GRAPHS.smallest() if len(terminals(graph)) >= 2), ONE_FAR],
    tight=(Tight(SPOKES, 1, 1),),
    view=lambda graph: graph.nx(weight="terminal", length="length"),
)
ALONE = Family(
    "trees-alone",
    always=(Graph(1, (), weights=(1,)), Graph(2, ((0, 1),), weights=(1, 0), lengths=(1,))),
    complete="one terminal in a graph of one node, and in one of two",
    members=2,
    view=FAMILY.view,
)
LENGTHS = ready.graphs(6, lengths=(0, 9), enumerated=4, name="trees-lengths")
STRETCHED = Family(
    "trees-stretched",
    always=lambda: [Stretched(graph, Fraction(2 + place % 9, 2)) for place, graph in enumerate(LENGTHS.smallest())],
    draw=lambda draws: Stretched(LENGTHS.draw(draws), Fraction(draws.integers(2, 10), 2)),
    climb=lambda one, draws: replace(one, graph=LENGTHS.climb(one.graph, draws)),
    view=lambda one: (one.graph.nx(), one.stretch),
)

STEINER_MEHLHORN = Statement(
    id="networkx/steiner-tree-mehlhorn",
    title="A Steiner tree within 2 - 2/l of the least, by the method of Mehlhorn",
    says="The weight w(T) of the returned tree T, which contains all terminals, is at most 2 - 2/l times that of the "
    "least one, w(T*), where l is the least number of leaves of such a T*.",
    source=Documented("networkx", "approximation.steiner_tree", "within 2 - 2/l of the least tree for the terminals"),
    tex=r"w(T) \le \left(2 - \tfrac{2}{l}\right) w(T^*)",
    hypotheses={
        "connected": ready.is_connected,
        "two terminals": lambda graph: len(terminals(graph)) >= 2,
    },
    instances=FAMILY,
    solve=steiner_tree("mehlhorn"),
    claim=tree_within(by_leaves),
    may_vary={"0": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("a star of shortest paths", solve=star_of_paths),
        saboteur("the least", claim=tree_within(lambda leaves: 1)),
        saboteur("a single terminal", breaks="two terminals", instances=ALONE, printed=True),
    ),
    notes="For a single terminal a graph without nodes is returned, which does not contain it. The documentation "
    "speaks of three methods, and there are two.",
)

STEINER_KOU = replace(
    STEINER_MEHLHORN,
    id="networkx/steiner-tree-kou",
    title="A Steiner tree within 2 - 2/l of the least, by the method of Kou, Markowsky and Berman",
    solve=steiner_tree("kou"),
)

SPANNER = Statement(
    id="networkx/spanner",
    title="A spanner keeps distances up to its stretch",
    says="The distance d_H of two nodes in the returned subgraph H is at most t times their distance d_G in the graph.",
    source=Documented("networkx", "spanner", "a subgraph in which distances grow at most by the stretch"),
    tex=r"d_H(u, v) \le t\, d_G(u, v)",
    hypotheses={"stretch of at least 1": lambda one: one.stretch >= 1},
    instances=replace(STRETCHED, tight=(Tight(Stretched(Graph(2, ((0, 1),), lengths=(1,)), Fraction(1)), 1, 1),)),
    solve=spanner,
    claim=stretched_by(1),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("a spanning forest", solve=forest),
        saboteur(
            "a round more", patch=(nx.spanner, "\n    k = (stretch + 1) // 2\n", "\n    k = (stretch + 3) // 2\n")
        ),
        saboteur("half of the stretch", claim=stretched_by(Fraction(1, 2))),
    ),
)
