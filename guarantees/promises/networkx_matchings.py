"""networkx: edge dominating sets, maximal matchings and edge covers.

Every answer is compared with the best one, which is found by trying all subsets of the edges. Edges that are not even
feasible, such as a matching in which two meet, count as more than all edges together.
"""

from dataclasses import replace
from functools import cache

import networkx as nx
import ready
from lrtheory.bounds import Documented, Family, Identity, Inequality, Sides, Statement, Tight, always, saboteur
from ready import oracles

Graph = ready.Graph

# --- truth and claims -------------------------------------------------------------------------------------------------


def no_loops(graph):
    return all(u != v for u, v in graph.edges)


def no_isolated_node(graph):
    return set(range(graph.n)) == {end for edge in graph.edges for end in edge}


def meets_every_edge(graph, edges):
    """Whether every edge of the graph has an end in common with one of these, which are edges of the graph."""
    ends = {end for edge in edges for end in edge}
    return set(edges) <= set(graph.edges) and all(ends & set(edge) for edge in graph.edges)


def is_matching(graph, edges):
    ends = [end for edge in edges for end in edge]
    return set(edges) <= set(graph.edges) and len(set(ends)) == len(ends)


def is_maximal_matching(graph, edges):
    return is_matching(graph, edges) and meets_every_edge(graph, edges)


def covers_every_node(graph, edges):
    return set(edges) <= set(graph.edges) and {end for edge in edges for end in edge} == set(range(graph.n))


@cache
def size(graph, feasible, largest):
    """The least or the largest number of edges that are feasible."""
    return oracles.best_subset(graph.edges, len, feasible=lambda s: feasible(graph, s), largest=largest).value


def within(feasible, factor):
    """The number of the chosen edges is at most ``factor`` times the least."""

    def sides(graph, edges):
        worst = 1 + 2 * len(graph.edges)
        lhs = len(set(edges)) if feasible(graph, edges) else worst
        return Sides(lhs=lhs, rhs=factor * size(graph, feasible, False), trivial=worst)

    return Inequality(sides)


def matching_of_share(factor):
    """The largest matching has at most ``factor`` times as many edges as the one that is returned."""
    found = lambda graph, edges: len(edges) if is_maximal_matching(graph, edges) else -1
    return Inequality(
        lambda graph, edges: Sides(lhs=size(graph, is_matching, True), rhs=factor * found(graph, edges), least=-factor)
    )


def smallest_edge_cover(less):
    """The cover that is returned has as many edges as the smallest one, less ``less``."""
    found = lambda graph, edges: len(set(edges)) if covers_every_node(graph, edges) else 10 * graph.n
    return Identity(lambda graph, edges: Sides(found(graph, edges), size(graph, covers_every_node, False) - less))


# --- what is under test -----------------------------------------------------------------------------------------------


def as_edges(pairs):
    """Edges as an instance stores them, the smaller end first."""
    return tuple(sorted(tuple(sorted(pair)) for pair in pairs))


def edge_dominating_set(graph, rng):
    return as_edges(nx.approximation.min_edge_dominating_set(graph))


def first_edges(graph, rng):
    """An edge for each node, which dominates all others, and which is far too many."""
    return as_edges({min(graph.edges(node)) for node in graph if graph.degree(node)})


def least_maximal_matching(graph, rng):
    return as_edges(nx.approximation.min_maximal_matching(graph))


def maximal_matching(graph, rng):
    return as_edges(nx.maximal_matching(graph))


def edge_cover(graph, rng):
    return as_edges(nx.min_edge_cover(graph))


def all_but_one(solve):
    """A solver that forgets the last of what it has found."""
    return lambda graph, rng: solve(graph, rng)[:-1]


# --- statements -------------------------------------------------------------------------------------------------------

PATH = ((0, 1), (1, 2), (2, 3))
FAMILY = replace(ready.graphs(5, name="matchings"), view=lambda graph: graph.nx())
CONNECTED = replace(ready.graphs(5, bottom=2, connected=True, name="matchings-connected"), view=FAMILY.view)
LOOP = Family("matchings-loop", always=(Graph(1, ((0, 0),)),), complete="the loop alone", members=1, view=FAMILY.view)

EDGE_DOMINATING_SET = Statement(
    id="networkx/edge-dominating-set",
    title="An edge dominating set within twice the least size",
    says="Every edge has an end in common with one of the returned edges F, of which there are at most twice the least "
    "number |F*|.",
    source=Documented("networkx", "approximation.min_edge_dominating_set", "dominates, with at most 2 OPT edges"),
    tex=r"|F| \le 2\, |F^*|",
    hypotheses={"no loops": no_loops},
    instances=replace(FAMILY, tight=(Tight(Graph(4, PATH), 1, 1),)),
    solve=edge_dominating_set,
    claim=within(meets_every_edge, 2),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("an edge for each node", solve=first_edges),
        saboteur("one edge short", solve=all_but_one(edge_dominating_set)),
        saboteur("the least", claim=within(meets_every_edge, 1)),
        saboteur(
            "loops",
            breaks="no loops",
            instances=LOOP,
            printed=True,
        ),
    ),
    notes="The documentation asks for an undirected graph. Of a loop alone the empty set is returned, which does not "
    "dominate it.",
)

LEAST_MAXIMAL_MATCHING = Statement(
    id="networkx/minimum-maximal-matching",
    title="A maximal matching within twice the smallest one",
    says="The returned edges M are a maximal matching, with at most twice as many edges as the smallest one, M*.",
    source=Documented("networkx", "approximation.min_maximal_matching", "a maximal matching with at most 2 OPT edges"),
    tex=r"|M| \le 2\, |M^*|",
    hypotheses={"none": always},
    instances=replace(FAMILY, tight=(Tight(Graph(4, PATH), 1, 1),)),
    solve=least_maximal_matching,
    claim=within(is_maximal_matching, 2),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("one edge short", solve=all_but_one(least_maximal_matching)),
        saboteur("the smallest of all", claim=within(is_maximal_matching, 1), printed=True),
    ),
    notes="The summary line of the documentation says that the smallest of all maximal matchings is returned.",
)

MAXIMAL_MATCHING = Statement(
    id="networkx/maximal-matching",
    title="A maximal matching has half as many edges as the largest",
    says="The returned edges M are a maximal matching, so the largest matching N has at most twice as many edges.",
    source=Documented("networkx", "maximal_matching", "a matching to which no edge can be added"),
    tex=r"|N| \le 2\, |M|",
    hypotheses={"none": always},
    instances=replace(FAMILY, tight=(Tight(Graph(4, ((0, 1), (0, 2), (1, 3))), 1, 1),)),
    solve=maximal_matching,
    claim=matching_of_share(2),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("one edge short", solve=all_but_one(maximal_matching)),
        saboteur("the largest", claim=matching_of_share(1)),
    ),
)

EDGE_COVER = Statement(
    id="networkx/edge-cover",
    title="The edge cover that is returned is a smallest one",
    says="The returned edges C meet every node, and no edge cover C* has fewer edges.",
    source=Documented("networkx", "min_edge_cover", "an edge cover with the least number of edges"),
    tex=r"|C| = |C^*|",
    hypotheses={"no isolated node": no_isolated_node},
    instances=replace(CONNECTED, tight=(Tight(Graph(4, ((0, 1), (2, 3))), 1, 1),)),
    solve=edge_cover,
    claim=smallest_edge_cover(0),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("an edge for each node", solve=first_edges),
        saboteur("one edge short", solve=all_but_one(edge_cover)),
        saboteur("one edge less", claim=smallest_edge_cover(1)),
    ),
)
