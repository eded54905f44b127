"""networkx: k-components, the largest parts of a graph that do not fall apart when fewer than k nodes are removed.

The truth comes from all sets of nodes, and from removing every set of nodes from each.
"""

from dataclasses import replace
from functools import cache
from itertools import combinations

import networkx as nx
import ready
from lrtheory.bounds import Documented, Inequality, Sides, Statement, Violated, always, repair, saboteur
from networkx.algorithms.connectivity import kcomponents

Graph = ready.Graph


# --- truth and claims -------------------------------------------------------------------------------------------------


def connected(nodes, edges):
    found = {min(nodes)}
    while more := {v for edge in edges for v in edge if found & set(edge) and set(edge) <= nodes} - found:
        found |= more
    return found == nodes


@cache
def connectivity(nodes, edges):
    """The least number of nodes without which the others are not connected, or a single one is left."""
    for size in range(len(nodes) - 1):
        for removed in combinations(sorted(nodes), size):
            left = nodes - set(removed)
            if not connected(left, edges):
                return size
    return max(len(nodes) - 1, 0)


@cache
def components(graph):
    """For every k the largest sets of nodes whose connectivity is at least k, which are no part of each other."""
    every = [frozenset(s) for size in range(2, graph.n + 1) for s in combinations(range(graph.n), size)]
    at_least = lambda k: [nodes for nodes in every if connectivity(nodes, graph.edges) >= k]
    maximal = lambda found: {nodes for nodes in found if not any(nodes < other for other in found)}
    return {(k, nodes) for k in range(1, graph.n) for nodes in maximal(at_least(k))}


def none_unsound(more=0):
    """No set of nodes is returned at a level k that its connectivity does not reach, with ``more`` to spare."""
    unsound = lambda graph, k, nodes: connectivity(frozenset(nodes), graph.edges) < k + more
    return Inequality(
        lambda graph, found: Sides(sum(unsound(graph, k, nodes) for k, nodes in found), 0, trivial=1 + len(found))
    )


def none_missing(graph, found):
    """No k-component is left out, and nothing else stands for one."""
    return Sides(len(components(graph) ^ {(k, frozenset(s)) for k, s in found}), 0, trivial=2**graph.n)


# --- what is under test -----------------------------------------------------------------------------------------------


def levels(found):
    return tuple((k, tuple(sorted(nodes))) for k, sets in sorted(found.items()) for nodes in sets)


def k_components(graph, rng):
    return levels(nx.k_components(graph))


def k_components_approximately(graph, rng):
    return levels(nx.approximation.k_components(graph))


def cores(graph, rng):
    """The connected parts of the k-cores, whose nodes have k neighbors in them, and no k paths to each other."""
    core = lambda k: nx.k_core(graph, k)
    return levels({k: list(nx.connected_components(core(k))) for k in range(1, len(graph)) if core(k)})


# --- statements -------------------------------------------------------------------------------------------------------

#: the complete graph on 0, 2, 3, 4, whose nodes all lie in the two least cuts
IN_CUTS = Graph(6, ((0, 2), (0, 3), (0, 4), (0, 5), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (4, 5)))
#: two complete graphs on four nodes with a common edge
COMMON_EDGE = Graph(6, ((0, 1), (0, 2), (0, 5), (1, 2), (1, 3), (1, 4), (1, 5), (2, 5), (3, 4), (3, 5), (4, 5)))
GRAPHS = ready.graphs(6, name="k-components")
FAMILY = replace(GRAPHS, always=lambda: (*GRAPHS.smallest(), COMMON_EDGE), view=lambda graph: graph.nx())
CUTS = replace(FAMILY, name="k-components-cuts", always=lambda: (IN_CUTS, *FAMILY.smallest()))

K_COMPONENTS_SOUND = Statement(
    id="networkx/k-components-sound",
    title="What is returned as a k-component is k-connected",
    says="No set of nodes that is returned at a level k falls apart when fewer than k of its nodes are removed.",
    source=Documented("networkx", "k_components", "subgraphs of node connectivity at least k, by levels k"),
    tex=r"\kappa(G[S]) \ge k",
    hypotheses={"none": always},
    instances=FAMILY,
    solve=k_components,
    claim=none_unsound(),
    may_vary={"*": "an answer is a set of any size, which the claim judges"},
    closed="a part of an answer keeps the promise too, so no other answer can be told from it",
    saboteurs=(saboteur("cores", solve=cores), saboteur("one more", claim=none_unsound(1))),
)

ONE_CUT_AT_A_TIME = repair(
    "one cut at a time",
    patch=(
        kcomponents._generate_partition,
        "n_in_cuts = {n for cut in cuts for n in cut}",
        "n_in_cuts = set(*cuts[:1])",
    ),
)
#: networkx 3.7 finds them (#8734); the promise must hold from there on
MENDED_UPSTREAM = tuple(map(int, nx.__version__.split(".")[:2])) >= (3, 7)

K_COMPONENTS = Statement(
    id="networkx/k-components",
    title="The k-components are all found",
    says="The sets that are returned at each level k are all the largest ones that are k-connected, and no others.",
    source=Documented("networkx", "k_components", "the maximal subgraphs of node connectivity at least k, for every k"),
    tex=r"\mathcal{S}_k = \{S \text{ maximal with } \kappa(G[S]) \ge k\}",
    hypotheses={"none": always},
    instances=CUTS,
    solve=k_components,
    claim=Inequality(none_missing),
    saboteurs=(saboteur("cores", solve=cores),),
    violated=None
    if MENDED_UPSTREAM
    else Violated("A component all of whose nodes lie in some least cut is not found.", "networkx #8734"),
    repairs=() if MENDED_UPSTREAM else (ONE_CUT_AT_A_TIME,),
    notes="Version 3.6.1 breaks the promise, 3.7 keeps it.",
)

K_COMPONENTS_APPROXIMATE = Statement(
    id="networkx/k-components-approximate",
    title="What is returned as an approximate k-component is k-connected",
    says="No set of nodes that the heuristic returns at a level k falls apart when fewer than k of them are removed.",
    source=Documented("networkx", "approximation.k_components", "sets of nodes that form k-components, by a heuristic"),
    tex=r"\kappa(G[S]) \ge k",
    hypotheses={"none": always},
    instances=FAMILY,
    solve=k_components_approximately,
    claim=none_unsound(),
    may_vary={"*": "an answer is a set of any size, which the claim judges"},
    closed="a part of an answer keeps the promise too, so no other answer can be told from it",
    saboteurs=(
        saboteur("cores", solve=cores),
        saboteur("one more", claim=none_unsound(1)),
        saboteur("all of them", claim=Inequality(none_missing)),
    ),
)
