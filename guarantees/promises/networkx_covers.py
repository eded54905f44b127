"""networkx: vertex covers and dominating sets.

Every answer is compared with the lightest one, which is found by trying all subsets. Nodes that leave an edge
uncovered, or a node undominated, count as heavier than all nodes together.
"""

from dataclasses import replace
from fractions import Fraction
from functools import cache

import networkx as nx
import ready
from lrtheory.bounds import Ball, Documented, Inequality, Sides, Statement, Tight, Violated, log, repair, saboteur
from ready import oracles

# --- truth and claims -------------------------------------------------------------------------------------------------


def weight(graph, nodes):
    return sum(graph.weights[node] for node in nodes)


def covers(graph, nodes):
    return all(u in nodes or v in nodes for u, v in graph.edges)


def dominates(graph, nodes):
    near = {end for edge in graph.edges for end in edge if set(edge) & set(nodes)}
    return near | set(nodes) == set(range(graph.n))


@cache
def lightest(graph, feasible):
    """The least weight of nodes that are feasible."""
    return oracles.best_subset(
        range(graph.n), lambda s: weight(graph, s), feasible=lambda s: feasible(graph, s), largest=False
    ).value


def within(feasible, factor, numbers=Fraction):
    """The weight of the chosen nodes is at most ``factor(graph)`` times the least."""

    def sides(graph, nodes):
        worst = 1 + 2 * sum(graph.weights)
        lhs = weight(graph, nodes) if feasible(graph, nodes) else worst
        return Sides(lhs=lhs, rhs=factor(graph) * lightest(graph, feasible), trivial=worst)

    return Inequality(sides, numbers=numbers)


def harmonic(graph):
    """H(D + 1) = 1 + 1/2 + ... + 1/(D + 1), where D is the largest number of neighbors of a node."""
    degree = max(sum(node in edge for edge in graph.edges) for node in range(graph.n))
    return sum(Fraction(1, k) for k in range(1, degree + 2))


# --- what is under test -----------------------------------------------------------------------------------------------


def vertex_cover(graph, rng):
    return tuple(sorted(nx.approximation.min_weighted_vertex_cover(graph, weight="weight")))


def heavier_ends(graph, rng):
    heavier = lambda edge: max(edge, key=lambda node: (graph.nodes[node]["weight"], node))
    return tuple(sorted({heavier(edge) for edge in graph.edges}))


def dominating_set(graph, rng):
    return tuple(sorted(nx.approximation.min_weighted_dominating_set(graph, weight="weight")))


def all_but_one(solve):
    """A solver that forgets the last of what it has found."""
    return lambda graph, rng: solve(graph, rng)[:-1]


# --- statements -------------------------------------------------------------------------------------------------------

FAMILY = replace(ready.graphs(6, weights=(0, 9), name="covers"), view=lambda graph: graph.nx())
POSITIVE = replace(ready.graphs(6, weights=(1, 9), name="covers-positive"), view=FAMILY.view)


def unit(n, edges):
    return ready.Graph(n, edges, (1,) * n)


def clique_with_tail(m):
    """All edges among m nodes, and two more nodes on a string."""
    clique = tuple((u, v) for v in range(m) for u in range(v))
    return unit(m + 2, (*clique, (0, m), (m, m + 1)))


#: networkx 3.7 mended the weight that nodes are chosen by (#8531); the promise must hold from there on
MENDED_UPSTREAM = tuple(map(int, nx.__version__.split(".")[:2])) >= (3, 7)
NEIGHBORS_NOT_CHOSEN = (
    "The weight of a node is shared among its neighbors that are not chosen yet, in place of those that are not "
    "dominated yet, so nodes that dominate nothing new are chosen too."
)
#: an edge beside a node of its own: node 1 is taken though 0 dominates it; and the fewest nodes of weight 1
SMALLEST = (ready.Graph(3, ((0, 1),), weights=(1, 2, 2)), unit(4, ((0, 1), (0, 2))))
#: the fewest nodes in one piece on which more are returned than the documented logarithm admits
SMALLEST_CONNECTED = unit(6, ((0, 1), (0, 2), (0, 3), (0, 5), (1, 2), (1, 3), (2, 3), (4, 5)))
CONNECTED = ready.graphs(6, bottom=3, connected=True, weights=(1, 1), name="covers-connected")
MENDED = repair(
    "shared among those that are not dominated yet",
    patch=(
        nx.approximation.min_weighted_dominating_set,
        "/ len(neighborhood - dom_set)",
        "/ len(neighborhood & vertices) if neighborhood & vertices else float('inf')",
    ),
)

VERTEX_COVER = Statement(
    id="networkx/vertex-cover",
    title="A vertex cover within twice the least weight",
    says="The nodes S that are returned cover all edges, and their weight w(S) is at most twice the least w(S*).",
    source=Documented(
        "networkx", "approximation.min_weighted_vertex_cover", "a cover of at most twice the least weight"
    ),
    tex=r"w(S) \le 2\, w(S^*)",
    hypotheses={"weights are not negative": lambda graph: min(graph.weights) >= 0},
    instances=replace(FAMILY, tight=(Tight(unit(3, ((0, 1), (1, 2))), 1, 1),)),
    solve=vertex_cover,
    claim=within(covers, lambda graph: 2),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("the heavier end of every edge", solve=heavier_ends),
        saboteur("one node short", solve=all_but_one(vertex_cover)),
        saboteur("3/2", claim=within(covers, lambda graph: Fraction(3, 2))),
    ),
)

DOMINATING_SET = Statement(
    id="networkx/dominating-set",
    title="A dominating set within the logarithm of the total weight",
    says="The weight w(D) of the returned dominating set is at most log w(V) times the least, w(D*); V are all nodes.",
    source=Documented("networkx", "approximation.min_weighted_dominating_set", "within log w(V) of the least weight"),
    tex=r"w(D) \le \log w(V)\, w(D^*)",
    hypotheses={"weights are positive": lambda graph: min(graph.weights) > 0},
    instances=POSITIVE,
    solve=dominating_set,
    claim=within(dominates, lambda graph: log(sum(graph.weights)), numbers=Ball),
    violated=Violated("A single node of weight 1 dominates itself at weight 1, and log 1 is 0."),
    notes="The bound is not even invariant under a change of the unit of weight: below total weight 1 it is negative. "
    "With a harmonic number in place of the logarithm it is a theorem: see networkx/dominating-set-greedy.",
)

DOMINATING_SET_CONNECTED = replace(
    DOMINATING_SET,
    id="networkx/dominating-set-connected",
    title="A dominating set of a connected graph within the logarithm of its number of nodes",
    says="In a connected graph on at least three nodes of weight 1 the number w(D) of nodes that are returned is at "
    "most log n times the least, w(D*), where n = w(V) is the number of all nodes.",
    hypotheses={"connected": ready.is_connected, "three nodes": lambda graph: graph.n >= 3},
    instances=replace(CONNECTED, always=lambda: (SMALLEST_CONNECTED, *CONNECTED.smallest()), view=FAMILY.view),
    saboteurs=(saboteur("one node short", solve=all_but_one(dominating_set)),),
    violated=None if MENDED_UPSTREAM else Violated(NEIGHBORS_NOT_CHOSEN, reference="networkx #8523"),
    repairs=() if MENDED_UPSTREAM else (MENDED,),
    notes="Here no logarithm is too small to admit a single node, so what is false is the code and not the formula.",
)

DOMINATING_SET_GREEDY = Statement(
    id="networkx/dominating-set-greedy",
    title="The greedy dominating set is within a harmonic number of the least",
    says="The weight w(D) of the greedy dominating set is at most H(d + 1) = 1 + 1/2 + ... + 1/(d + 1) times the "
    "least, w(D*), where d is the largest number of neighbors of a node.",
    source=Documented("networkx", "approximation.min_weighted_dominating_set", "greedily, as in the book of Vazirani"),
    tex=r"w(D) \le H(\Delta + 1)\, w(D^*)",
    hypotheses={"weights are not negative": lambda graph: min(graph.weights) >= 0},
    instances=replace(
        FAMILY,
        name="covers-greedy",
        always=lambda: (*SMALLEST, *map(clique_with_tail, range(4, 9)), *FAMILY.smallest()),
    ),
    solve=dominating_set,
    claim=within(dominates, harmonic),
    saboteurs=(saboteur("one node short", solve=all_but_one(dominating_set)),),
    violated=None if MENDED_UPSTREAM else Violated(NEIGHBORS_NOT_CHOSEN, reference="networkx #8523"),
    repairs=() if MENDED_UPSTREAM else (MENDED,),
    notes="Of a clique of m nodes with a tail of two more all m nodes are returned, and two suffice: the factor has no "
    "bound. Version 3.6.1 breaks the promise, 3.7 keeps it.",
)
