"""networkx: tree decompositions by two heuristics, and dense subgraphs by two methods.

A decomposition is measured by its three axioms, and by the treewidth that all orders of elimination give; a subgraph by
the densest of all sets of nodes.
"""

from dataclasses import replace
from fractions import Fraction
from functools import cache

import networkx as nx
import ready
from lrtheory.bounds import Documented, Inequality, Sides, Statement, Tight, always, saboteur
from ready import oracles

Graph = ready.Graph


# --- tree decompositions: truth and claims ---------------------------------------------------------------------------


@cache
def treewidth(graph):
    """The least width over all orders of the nodes, each of which joins its neighbors when it is removed."""

    def width(order):
        near = {node: {end for edge in graph.edges if node in edge for end in edge} - {node} for node in order}
        widest = 0
        for node in order:
            around = near.pop(node)
            widest = max(widest, len(around))
            for one in around:
                near[one] = (near[one] | around) - {one, node}
        return widest

    return oracles.best_permutation(range(graph.n), width, largest=False).value


def one_piece(places, links):
    """Whether bags are connected by those links that have both ends among them."""
    found = set(places[:1])
    while more := {end for link in links for end in link if found & set(link) and set(link) <= set(places)} - found:
        found |= more
    return found == set(places)


def faults(graph, width, bags, links):
    """How many axioms fail: a tree, each edge in a bag, the bags of each node in one piece, and the width."""
    is_tree = len(links) == len(bags) - 1 and one_piece(range(len(bags)), links)
    open_edges = sum(not any(set(edge) <= set(bag) for bag in bags) for edge in graph.edges)
    torn = 0
    for node in range(graph.n):
        places = [place for place, bag in enumerate(bags) if node in bag]
        torn += not places or not one_piece(places, links)
    return (not is_tree) + open_edges + torn + (width != max(map(len, bags), default=0) - 1)


def decomposition(more=0):
    """No axiom fails, and the width is at least the treewidth, with ``more`` to spare."""

    def sides(graph, found):
        width, bags, links = found
        bad = faults(graph, width, bags, links)
        return Sides([bad, treewidth(graph) + more], [0, width], trivial=[1 + bad, graph.n + 2], least=[-1, -1])

    return Inequality(sides)


def as_narrow_as_all(graph, found):
    return Sides(found[0], treewidth(graph), trivial=graph.n)


# --- dense subgraphs: truth and claims -------------------------------------------------------------------------------


def density(graph, nodes):
    """Edges among some nodes, for each of them; a set that is empty has none."""
    inside = sum(u in nodes and v in nodes for u, v in graph.edges)
    return Fraction(inside, len(nodes)) if nodes else Fraction(0)


@cache
def densest(graph):
    return oracles.best_subset(range(graph.n), lambda nodes: density(graph, nodes)).value


def share_of_densest(share):
    """The density is at least ``share`` of the largest, and the number that is returned is the double next to it."""

    def sides(graph, found):
        told, nodes = found
        true = density(graph, nodes)
        valid = set(nodes) <= set(range(graph.n)) and told == Fraction(float(true))
        return Sides(share * densest(graph), true if valid else -1, least=-1)

    return Inequality(sides)


# --- what is under test ----------------------------------------------------------------------------------------------


def numbered(found):
    """Width, bags in their order, and the links between them by number."""
    width, tree = found
    place = {bag: number for number, bag in enumerate(tree)}
    return width, tuple(tuple(sorted(bag)) for bag in tree), tuple((place[a], place[b]) for a, b in tree.edges)


def by_degree(graph, rng):
    return numbered(nx.approximation.treewidth_min_degree(graph))


def by_fill_in(graph, rng):
    return numbered(nx.approximation.treewidth_min_fill_in(graph))


def bag_dropped(solve):
    def dropped(graph, rng):
        width, bags, links = solve(graph, rng)
        return width, bags[:-1], tuple(link for link in links if len(bags) - 1 not in link)

    return dropped


def edges_as_bags(graph, rng):
    """The edges and the nodes as bags, along a path: every edge is in a bag, and nodes lie torn apart."""
    bags = (*sorted(tuple(sorted(edge)) for edge in graph.edges), *((node,) for node in sorted(graph)))
    links = tuple((place, place + 1) for place in range(len(bags) - 1))
    return max(map(len, bags)) - 1, bags, links


def dense(method, iterations=1):
    def solve(graph, rng):
        told, nodes = nx.approximation.densest_subgraph(graph, iterations, method=method)
        return told, tuple(sorted(nodes))

    return solve


def one_forgotten(graph, rng):
    """The density of the nodes that are found, without one of them."""
    told, nodes = dense("fista")(graph, rng)
    return told, nodes[1:]


def star_of_most(graph, rng):
    """The node with the most neighbors, and two of them."""
    center = max(graph, key=graph.degree)
    nodes = (center, *sorted(graph[center])[:2])
    inside = graph.subgraph(nodes)
    return inside.number_of_edges() / len(inside), tuple(sorted(nodes))


# --- statements ------------------------------------------------------------------------------------------------------

#: two stars, of which the larger one is denser than both together
STARS = Graph(5, ((0, 1), (1, 2), (3, 4)))
LARGER_STARS = Graph(7, ((0, 3), (0, 4), (1, 2), (2, 5), (2, 6)))
GRAPHS = ready.graphs(5, name="decompositions")
FAMILY = replace(GRAPHS, view=lambda graph: graph.nx())
SPARSE = replace(FAMILY, name="decompositions-sparse", always=lambda: (*GRAPHS.smallest(), STARS, LARGER_STARS))

TREEWIDTH_MIN_DEGREE = Statement(
    id="networkx/treewidth-min-degree",
    title="A tree decomposition by least degrees",
    says="The bags make a tree decomposition of the width w that is returned, so the treewidth t is at most w.",
    source=Documented("networkx", "approximation.treewidth_min_degree", "a tree decomposition, and its width"),
    tex=r"\operatorname{tw}(G) \le w",
    hypotheses={"none": always},
    instances=replace(FAMILY, tight=(Tight(Graph(2, ((0, 1),)), 1, 1),)),
    solve=by_degree,
    claim=decomposition(),
    may_vary={"*": "how many bags of which size there are is what it decides"},
    saboteurs=(
        saboteur("the last bag is dropped", solve=bag_dropped(by_degree)),
        saboteur("edges as bags", solve=edges_as_bags),
        saboteur("one less", claim=decomposition(1)),
    ),
)

TREEWIDTH_MIN_FILL_IN = replace(
    TREEWIDTH_MIN_DEGREE,
    id="networkx/treewidth-min-fill-in",
    title="A tree decomposition by least fill-in",
    source=Documented("networkx", "approximation.treewidth_min_fill_in", "a tree decomposition, and its width"),
    solve=by_fill_in,
    may_vary={"*": "how many bags of which size there are is what it decides"},
    saboteurs=(
        saboteur("the last bag is dropped", solve=bag_dropped(by_fill_in)),
        saboteur("edges as bags", solve=edges_as_bags),
        saboteur("one less", claim=decomposition(1)),
    ),
)

DENSEST_GREEDY = Statement(
    id="networkx/densest-subgraph-greedy",
    title="Peeling once finds half of the largest density",
    says="The nodes S that one round of peeling returns have at least half of the largest density d, the number of "
    "edges inside for each node.",
    source=Documented("networkx", "approximation.densest_subgraph", "one round of greedy++ is the 1/2 of Charikar"),
    tex=r"d(S) \ge \tfrac{1}{2} d(S^*)",
    hypotheses={"none": always},
    instances=SPARSE,
    solve=dense("greedy++"),
    claim=share_of_densest(Fraction(1, 2)),
    may_vary={"1": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("three nodes around the one with most neighbors", solve=star_of_most),
        saboteur("more than the densest", claim=share_of_densest(Fraction(9, 8))),
        saboteur("the densest", claim=share_of_densest(1)),
    ),
)

DENSEST_FISTA = replace(
    DENSEST_GREEDY,
    id="networkx/densest-subgraph-fista",
    title="The density that a gradient method returns is that of its nodes",
    says="The number d that is returned is the number of edges inside the returned nodes S for each of them.",
    source=Documented("networkx", "approximation.densest_subgraph", "the nodes that it finds, and their density"),
    tex=r"d = |E(S)| / |S|",
    solve=dense("fista"),
    claim=share_of_densest(0),
    may_vary={"1": "an answer is a set of any size, which the claim judges"},
    closed="any nodes with their own density keep the promise, since it names no factor",
    saboteurs=(
        saboteur("one node is forgotten", solve=one_forgotten),
        saboteur("the densest", claim=share_of_densest(1)),
    ),
    notes="No factor is promised for a number of steps.",
)
