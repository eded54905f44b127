"""networkx: random graphs with a given number of edges, and random forests.

All graphs, or forests, are enumerated. What cannot be drawn has no category, and ends the check.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import networkx as nx
import numpy as np
from lrtheory.bounds import Documented, Family, Identity, Law, Sides, Statement, Violated, repair, saboteur

#: how far support may leave a probability open
WITHIN = 1 / 12


# --- truth and claims ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """A number of nodes and one of edges; with two parts, the nodes of both.

    For forests `edges` is q, the most nodes that a tree may have.
    """

    n: int
    edges: int
    others: int = 0


def pairs(size):
    """The pairs of nodes that may have an edge."""
    if size.others:
        return list(product(range(size.n), range(size.n, size.n + size.others)))
    return list(combinations(range(size.n), 2))


@cache
def graphs(size):
    return tuple(combinations(pairs(size), size.edges))


@cache
def forests(n):
    """All forests on n numbered nodes with a root in each tree, as edges and roots."""
    found = []
    for count in range(n):
        for edges in combinations(combinations(range(n), 2), count):
            parts = components(n, edges)
            # with n - count parts there is no cycle
            if len(parts) == n - count:
                found += [(edges, tuple(sorted(roots))) for roots in product(*parts)]
    return tuple(found)


def components(n, edges):
    parts = [{v} for v in range(n)]
    for u, v in edges:
        one, other = (next(part for part in parts if end in part) for end in (u, v))
        if one is not other:
            parts.remove(other)
            one |= other
    return [sorted(part) for part in parts]


def branch(edges, root, parent=None):
    """The form of a rooted tree: those of its branches, in order."""
    ends = [end for edge in edges if root in edge for end in edge if end not in (root, parent)]
    return tuple(sorted(branch(edges, end, root) for end in ends))


@cache
def form(forest):
    edges, roots = forest
    return tuple(sorted(branch(edges, root) for root in roots))


@cache
def forms(n, most):
    """The forms of all forests on n nodes whose trees have at most `most` of them."""
    small = [forest for forest in forests(n) if max(map(len, components(n, forest[0]))) <= most]
    return tuple(sorted(set(map(form, small))))


def uniform(known):
    """All that is known has the same probability."""

    def category(instance, outcomes):
        index = {one: i for i, one in enumerate(known(instance))}
        return np.array([index.get(one, -1) for one in outcomes])

    return Law(category, lambda instance: np.full(len(known(instance)), 1 / len(known(instance))), within=WITHIN)


def more_often(known):
    """A wrong claim: half of the time the first one comes, and else any of them by its share."""
    law = uniform(known)

    def tilted(instance):
        even = law.probabilities(instance)
        return (even + np.eye(len(even))[0]) / 2

    return Law(law.category, tilted, within=WITHIN)


# --- what is under test ----------------------------------------------------------------------------------------------


def as_edges(graph):
    return tuple(sorted(tuple(sorted(edge)) for edge in graph.edges))


def seeded(draw):
    """Runs that share one stream of random numbers."""

    def solve(instance, rng, n):
        stream = np.random.RandomState(rng.integers(2**31))
        return tuple(draw(instance, stream) for _ in range(n))

    return solve


by_edges = seeded(lambda size, stream: as_edges(nx.gnm_random_graph(size.n, size.edges, seed=stream)))
densely = seeded(lambda size, stream: as_edges(nx.dense_gnm_random_graph(size.n, size.edges, seed=stream)))
in_parts = seeded(
    lambda size, stream: as_edges(nx.bipartite.gnmk_random_graph(size.n, size.others, size.edges, seed=stream))
)


def draw_forest(n, stream):
    graph = nx.random_labeled_rooted_forest(n, seed=stream)
    return as_edges(graph), tuple(sorted(graph.graph["roots"]))


def draw_form(size, stream):
    graph = nx.random_unlabeled_rooted_forest(size.n, q=size.edges, seed=stream)
    return form((as_edges(graph), tuple(sorted(graph.graph["roots"]))))


@seeded
def neighbors_only(size, stream):
    """A wrong solver: edges between nodes that follow each other come first."""
    order = sorted(pairs(size), key=lambda pair: (pair[1] - pair[0], stream.rand()))
    return tuple(sorted(order[: size.edges]))


@seeded
def tree_with_root(n, stream):
    """A wrong solver: a single tree, rooted anywhere."""
    return as_edges(nx.random_labeled_tree(n, seed=stream)), (int(stream.randint(n)),)


@seeded
def form_of_labeled(size, stream):
    """A wrong solver: the form of a forest on numbered nodes, with small trees alone."""
    while True:
        forest = draw_forest(size.n, stream)
        if max(map(len, components(size.n, forest[0]))) <= size.edges:
            return form(forest)


# --- statements ------------------------------------------------------------------------------------------------------


def sizes(name, words, *known):
    return Family(f"random-{name}", always=known, complete=words, members=len(known))


SOME = {"some edges, and not all": lambda size: 0 < size.edges < len(pairs(size))}


def of_number(item, words, function, solve, instances, hypotheses):
    """The law of a graph with a given number of edges."""
    return Statement(
        id=f"networkx/{item}",
        title=f"Graphs with m edges are equally likely {words}",
        says="Each graph with the given nodes and m edges, out of the N pairs that may have one, has the same "
        "probability, one by C(N, m).",
        source=Documented("networkx", function, "chosen among all graphs with these numbers of nodes and edges"),
        tex=r"P(G) = \binom{N}{m}^{-1}",
        hypotheses=hypotheses,
        instances=instances,
        solve=solve,
        claim=uniform(graphs),
        saboteurs=(
            saboteur("neighbors in the order of numbers first", solve=neighbors_only),
            saboteur("the first graph more often", claim=more_often(graphs)),
        ),
    )


FEW = "one to four edges among three or four nodes"
GNM = of_number(
    "gnm-random-graph",
    "by trial",
    "gnm_random_graph",
    by_edges,
    sizes("gnm", FEW, Size(3, 1), Size(3, 2), Size(4, 2), Size(4, 4)),
    SOME,
)
DENSE_GNM = of_number(
    "dense-gnm-random-graph",
    "by selection",
    "dense_gnm_random_graph",
    densely,
    sizes("dense-gnm", FEW, Size(3, 1), Size(3, 2), Size(4, 2), Size(4, 4)),
    SOME,
)
TWO_PARTS = of_number(
    "gnmk-random-graph",
    "in two parts",
    "bipartite.gnmk_random_graph",
    in_parts,
    sizes(
        "gnmk", "one to three edges between parts of two and three nodes", Size(2, 1, 2), Size(2, 2, 2), Size(2, 3, 3)
    ),
    SOME | {"two nodes in each part": lambda size: min(size.n, size.others) >= 2},
)


def number_of_edges(instance, found):
    return Sides(len(found), instance.edges)


def one(draw):
    return lambda size, rng: draw(size, rng, 1)[0]


NO_EDGES = Statement(
    id="networkx/dense-gnm-random-graph-no-edges",
    title="A random graph without edges",
    says="With m = 0 edges and at least two nodes, the only graph there is is returned.",
    source=Documented("networkx", "dense_gnm_random_graph", "a graph out of all that have n nodes and m edges"),
    tex=r"|E| = m = 0",
    hypotheses={"no edges": lambda size: size.edges == 0},
    instances=sizes("no-edges", "two to four nodes", *(Size(n, 0) for n in (2, 3, 4))),
    solve=one(densely),
    claim=Identity(number_of_edges),
    violated=Violated(
        "The selection ends when the last edge has been chosen, and where there is none to choose never."
    ),
    repairs=(
        repair(
            "nothing to choose",
            patch=(nx.dense_gnm_random_graph, "    if n == 1:", "    if n == 1 or m == 0:"),
        ),
    ),
    notes="After all pairs an error is raised about an empty range of random numbers.",
)

ONE_NODE = Statement(
    id="networkx/gnmk-random-graph-one-node",
    title="A random graph with a part of one node",
    says="With one node in a part and m edges, as many as there is room for or fewer, the graph has m edges.",
    source=Documented(
        "networkx", "bipartite.gnmk_random_graph", "a graph out of all that have n and m nodes in its parts and k edges"
    ),
    tex=r"|E| = m",
    hypotheses={"room": lambda size: 0 <= size.edges <= len(pairs(size))},
    instances=sizes(
        "one-node", "a part of one node, the other of up to three", Size(1, 1, 1), Size(1, 1, 2), Size(3, 2, 1)
    ),
    solve=one(in_parts),
    claim=Identity(number_of_edges),
    violated=Violated(
        "Where a part has a single node, the graph is returned before any edge is drawn", "networkx #6202"
    ),
    repairs=(
        repair(
            "edges for a single node too",
            patch=(nx.bipartite.gnmk_random_graph, "if n == 1 or m == 1:", "if n < 1 or m < 1:"),
        ),
    ),
)

LABELED_FOREST = Statement(
    id="networkx/random-labeled-rooted-forest",
    title="All rooted forests are equally likely",
    says="Each of the (n + 1)^(n - 1) forests F on n numbered nodes, with a root in each of its trees, has the same "
    "probability.",
    source=Documented("networkx", "random_labeled_rooted_forest", "uniform among labeled rooted forests"),
    tex=r"P(F) = (n + 1)^{1 - n}",
    hypotheses={"a node": lambda n: n >= 1},
    instances=sizes("forests", "forests on two and three nodes", 2, 3),
    solve=seeded(draw_forest),
    claim=uniform(forests),
    may_vary={"*": "how many trees a forest has is drawn"},
    saboteurs=(
        saboteur("a single tree", solve=tree_with_root),
        saboteur("the first one more often", claim=more_often(forests)),
    ),
)


def forms_of(size):
    return forms(size.n, size.edges)


FOREST = Statement(
    id="networkx/random-unlabeled-rooted-forest",
    title="All forms of rooted forests are equally likely",
    says="Each form F of a forest on n nodes, with a root in each tree and at most q nodes in a tree, has the same "
    "probability, one by their number f(n, q).",
    source=Documented(
        "networkx", "random_unlabeled_rooted_forest", "uniform among those whose trees have at most q nodes"
    ),
    tex=r"P(F) = 1 / f(n, q)",
    hypotheses={"a node in each tree": lambda size: 1 <= size.edges <= size.n},
    instances=sizes(
        "forms", "up to four nodes, in trees of up to four", Size(2, 2), Size(3, 2), Size(4, 3), Size(4, 4)
    ),
    solve=seeded(draw_form),
    claim=uniform(forms_of),
    may_vary={"*": "how many trees a forest has is drawn"},
    saboteurs=(
        saboteur("uniform among numbered nodes", solve=form_of_labeled),
        saboteur("the first one more often", claim=more_often(forms_of)),
    ),
)
