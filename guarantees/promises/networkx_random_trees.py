"""networkx: random trees, and the laws that are promised for them.

The trees are enumerated: every set of edges that is a tree, or one tree of each form. What is no tree has no category,
and ends the check.
"""

from fractions import Fraction
from functools import cache
from itertools import combinations
from math import prod

import networkx as nx
import numpy as np
import ready
from lrtheory.bounds import Documented, Family, Law, Statement, saboteur

Graph = ready.Graph


# --- truth and claims ------------------------------------------------------------------------------------------------


def joined(n, edges):
    """Whether n - 1 edges connect n nodes."""
    found = {0}
    while more := {end for edge in edges for end in edge if found & set(edge)} - found:
        found |= more
    return len(found) == n


@cache
def trees(graph):
    """The spanning trees, each as its edges in order."""
    return tuple(edges for edges in combinations(graph.edges, graph.n - 1) if joined(graph.n, edges))


def complete(n):
    return Graph(n, tuple(combinations(range(n), 2)))


def weights(graph, combine):
    """The law in which a tree has the weight that ``combine`` makes of the lengths of its edges."""
    length = dict(zip(graph.edges, graph.lengths, strict=True))
    found = [combine([length[edge] for edge in tree]) for tree in trees(graph)]
    return np.array([float(Fraction(one, sum(found))) for one in found])


def product_of_lengths(graph):
    return weights(graph, prod)


def sum_of_lengths(graph):
    return weights(graph, sum)


def all_alike(graph):
    return weights(graph, lambda lengths: 1)


def form(edges, root, parent=None):
    """The form of a rooted tree: those of its branches, in order."""
    branches = [end for edge in edges if root in edge for end in edge if end not in (root, parent)]
    return tuple(sorted(form(edges, end, root) for end in branches))


@cache
def rooted_form(n, edges, root):
    return form(edges, root)


@cache
def free_form(n, edges):
    return min(form(edges, root) for root in range(n))


@cache
def forms(n, rooted):
    """All forms of trees on n nodes."""
    every = trees(complete(n))
    if rooted:
        return tuple(sorted({rooted_form(n, tree, root) for tree in every for root in range(n)}))
    return tuple(sorted({free_form(n, tree) for tree in every}))


def among(known, one):
    """The place of what was drawn; -1, which is no category, for what cannot be drawn."""
    return known.index(one) if one in known else -1


def of_trees(graph, outcomes):
    return np.array([among(trees(graph), edges) for edges in outcomes])


def of_labeled(n, outcomes):
    return of_trees(complete(n), outcomes)


def of_free(n, outcomes):
    return np.array([among(forms(n, False), free_form(n, edges)) for edges in outcomes])


def of_rooted(n, outcomes):
    return np.array([among(forms(n, True), rooted_form(n, edges, root)) for edges, root in outcomes])


def uniform(count):
    return lambda n: np.full(count(n), 1 / count(n))


LABELED = uniform(lambda n: n ** (n - 2))
FREE = uniform(lambda n: len(forms(n, False)))
ROOTED = uniform(lambda n: len(forms(n, True)))
#: how far support may leave a probability open; trees with lengths take a few milliseconds each
WITHIN = Fraction(1, 6)


# --- what is under test ----------------------------------------------------------------------------------------------


def as_edges(tree):
    return tuple(sorted(tuple(sorted(edge)) for edge in tree.edges))


def spanning(multiplicative=True, weight="weight"):
    def solve(graph, rng, n):
        stream = np.random.RandomState(rng.integers(2**31))
        draw = lambda: nx.random_spanning_tree(graph, weight, multiplicative=multiplicative, seed=stream)
        return tuple(as_edges(draw()) for _ in range(n))

    return solve


def labeled(n, rng, runs):
    stream = np.random.RandomState(rng.integers(2**31))
    return tuple(as_edges(nx.random_labeled_tree(n, seed=stream)) for _ in range(runs))


def free(n, rng, runs):
    stream = np.random.RandomState(rng.integers(2**31))
    return tuple(as_edges(one) for one in nx.random_unlabeled_tree(n, number_of_trees=runs, seed=stream))


def rooted(n, rng, runs):
    stream = np.random.RandomState(rng.integers(2**31))
    found = nx.random_unlabeled_rooted_tree(n, number_of_trees=runs, seed=stream)
    return tuple((as_edges(one), one.graph["root"]) for one in found)


def attached(n, rng, runs):
    """Each node hangs on one of those before it."""
    return tuple(tuple(sorted((int(rng.integers(v)), v) for v in range(1, n))) for _ in range(runs))


def rooted_labeled(n, rng, runs):
    """A labeled tree with a node of it as the root."""
    return tuple((edges, int(rng.integers(n))) for edges in labeled(n, rng, runs))


# --- statements ------------------------------------------------------------------------------------------------------

#: its trees weigh 4, 16, 64 by products and 5, 17, 20 by sums: laws far from each other, and from equal weights
TRIANGLE = Graph(3, ((0, 1), (0, 2), (1, 2)), lengths=(1, 4, 16))
SPANNED = Family(
    "random-trees-spanning",
    always=(Graph(2, ((0, 1),), lengths=(3,)), TRIANGLE),
    complete="an edge, and a triangle whose lengths are 1, 4 and 16",
    members=2,
    view=lambda graph: graph.nx(),
)


def sizes(name, *numbers):
    return Family(f"random-trees-{name}", always=numbers, complete="trees on a few nodes", members=len(numbers))


def law(category, probabilities, within=WITHIN):
    return Law(category, probabilities, within=float(within))


SPANNING_PRODUCT = Statement(
    id="networkx/random-spanning-tree-product",
    title="A random spanning tree has the product of its lengths as weight",
    says="The probability of each spanning tree T is the product of the lengths w_e of its edges, divided by the sum "
    "of those products over all spanning trees.",
    source=Documented("networkx", "random_spanning_tree", "by default the product of the weights of its edges"),
    tex=r"P(T) \propto \prod_{e \in T} w_e",
    hypotheses={"connected": ready.is_connected},
    instances=SPANNED,
    solve=spanning(),
    claim=law(of_trees, product_of_lengths),
    saboteurs=(
        saboteur("lengths are not read", solve=spanning(weight=None)),
        saboteur("all trees alike", claim=law(of_trees, all_alike)),
        saboteur("their sum", claim=law(of_trees, sum_of_lengths)),
    ),
)

SPANNING_SUM = Statement(
    id="networkx/random-spanning-tree-sum",
    title="A random spanning tree has the sum of its lengths as weight",
    says="If asked to, the probability of each spanning tree T is the sum of the lengths w_e of its edges, divided by "
    "the sum of those sums over all spanning trees.",
    source=Documented("networkx", "random_spanning_tree", "on demand the sum of the weights of its edges"),
    tex=r"P(T) \propto \sum_{e \in T} w_e",
    hypotheses={"connected": ready.is_connected},
    instances=SPANNED,
    solve=spanning(multiplicative=False),
    claim=law(of_trees, sum_of_lengths),
    saboteurs=(
        saboteur("by the product", solve=spanning()),
        saboteur("their product", claim=law(of_trees, product_of_lengths)),
    ),
)

LABELED_TREE = Statement(
    id="networkx/random-labeled-tree",
    title="All labeled trees are equally likely",
    says="Each of the n^(n - 2) trees T on n numbered nodes has the same probability.",
    source=Documented("networkx", "random_labeled_tree", "uniform among labeled trees"),
    tex=r"P(T) = n^{2 - n}",
    hypotheses={"two nodes": lambda n: n >= 2},
    instances=sizes("labeled", 2, 3, 4),
    solve=labeled,
    claim=law(of_labeled, LABELED, Fraction(1, 16)),
    saboteurs=(
        saboteur("each node hangs on an earlier one", solve=attached),
        saboteur(
            "the first tree more often", claim=law(of_labeled, lambda n: (LABELED(n) + np.eye(n ** (n - 2))[0]) / 2)
        ),
    ),
)

UNLABELED_TREE = Statement(
    id="networkx/random-unlabeled-tree",
    title="All forms of trees are equally likely",
    says="Each form F of a tree on n nodes, whatever their names, has the same probability, one by their number f(n).",
    source=Documented("networkx", "random_unlabeled_tree", "uniform among trees without labels"),
    tex=r"P(F) = 1 / f(n)",
    hypotheses={"two nodes": lambda n: n >= 2},
    instances=sizes("free", 2, 3, 4, 5, 6),
    solve=free,
    claim=law(of_free, FREE, Fraction(1, 8)),
    saboteurs=(
        saboteur("uniform among labeled trees", solve=labeled),
        saboteur("the first form more often", claim=law(of_free, lambda n: (FREE(n) + np.eye(len(FREE(n)))[0]) / 2)),
    ),
)

ROOTED_TREE = Statement(
    id="networkx/random-unlabeled-rooted-tree",
    title="All forms of rooted trees are equally likely",
    says="Each form F of a rooted tree on n nodes has the same probability, one by their number r(n).",
    source=Documented("networkx", "random_unlabeled_rooted_tree", "uniform among rooted trees without labels"),
    tex=r"P(F) = 1 / r(n)",
    hypotheses={"two nodes": lambda n: n >= 2},
    instances=sizes("rooted", 2, 3, 4, 5),
    solve=rooted,
    claim=law(of_rooted, ROOTED, Fraction(1, 8)),
    saboteurs=(
        saboteur("a labeled tree and a node of it", solve=rooted_labeled),
        saboteur(
            "the first form more often", claim=law(of_rooted, lambda n: (ROOTED(n) + np.eye(len(ROOTED(n)))[0]) / 2)
        ),
    ),
)
