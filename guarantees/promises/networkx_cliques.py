"""networkx: cliques and independent sets by the method of Ramsey, and what is said of their size.

The documentation calls them the largest, or maximal; what is true is a bound that goes back to Erdos and Szekeres.
Nodes that are no clique, or that are not independent, count as worse than none. All small graphs run in every
numbering, since the method begins with the first node.
"""

from dataclasses import replace
from functools import cache
from itertools import combinations
from math import comb

import networkx as nx
import ready
from lrtheory.bounds import Documented, Inequality, Sides, Statement, Tight, always, saboteur
from ready import oracles

Graph = ready.Graph


# --- truth and claims ------------------------------------------------------------------------------------------------


def are_nodes(graph, nodes):
    return len(set(nodes)) == len(nodes) and set(nodes) <= set(range(graph.n))


def is_clique(graph, nodes):
    return are_nodes(graph, nodes) and all(pair in graph.edges for pair in combinations(sorted(nodes), 2))


def is_independent(graph, nodes):
    return are_nodes(graph, nodes) and not any(pair in graph.edges for pair in combinations(sorted(nodes), 2))


@cache
def largest(graph, kind):
    """The largest number of nodes that are a clique, or that are independent."""
    return oracles.best_subset(range(graph.n), len, feasible=lambda nodes: kind(graph, nodes)).value


def is_maximal(graph, kind, nodes, among):
    return kind(graph, nodes) and not any(kind(graph, (*nodes, v)) for v in among if v not in nodes)


def below_ramsey(pair_of_sizes, more=1):
    """The number n of nodes is below C(s + t, s) for two sizes s and t; a pair that is not valid has no sizes."""

    def sides(graph, found):
        sizes = pair_of_sizes(graph, found)
        # a valid pair has at least one node each, so C(s + t, s) is at least 2, and no pair at all has 0
        return Sides(lhs=graph.n + more, rhs=0 if sizes is None else comb(sum(sizes), sizes[0]), least=0)

    return Inequality(sides)


def of_pair(graph, found):
    clique, independent = found
    valid = is_clique(graph, clique) and is_independent(graph, independent)
    return (len(clique), len(independent)) if valid else None


def of_clique(graph, clique):
    return (len(clique), largest(graph, is_independent)) if is_clique(graph, clique) else None


def of_independent(graph, independent):
    return (largest(graph, is_clique), len(independent)) if is_independent(graph, independent) else None


def at_least_largest(*kinds):
    """What is returned has as many nodes as the largest of its kind."""

    def sides(graph, found):
        parts = found if len(kinds) == 2 else (found,)
        sizes = [len(part) if kind(graph, part) else 0 for kind, part in zip(kinds, parts, strict=True)]
        return Sides(lhs=[largest(graph, kind) for kind in kinds], rhs=sizes, least=0)

    return Inequality(sides)


def is_removal(graph, found):
    """Whether the first part is independent, and the others are cliques that share the nodes among themselves."""
    independent, cliques = found
    nodes = sorted(node for clique in cliques for node in clique)
    valid = nodes == list(range(graph.n)) and all(is_clique(graph, clique) for clique in cliques)
    return valid and is_independent(graph, independent)


def between(graph, found):
    """The independent set is at most as large as the largest, which has at most one node in each clique."""
    independent, cliques = found
    alpha = largest(graph, is_independent)
    lhs, rhs = ([len(independent), alpha], [alpha, len(cliques)]) if is_removal(graph, found) else ([99, 99], [0, 0])
    return Sides(lhs=lhs, rhs=rhs, trivial=[99, 0], least=[0, 0])


def not_maximal(count):
    """None of what is returned can be made larger by a node; ``count`` tells of how many that is false."""
    return Inequality(lambda graph, found: Sides(lhs=count(graph, *found), rhs=0, trivial=graph.n + 1))


def cliques_to_extend(graph, independent, cliques):
    return sum(not is_maximal(graph, is_clique, clique, range(graph.n)) for clique in cliques)


def cliques_to_extend_by_what_was_left(graph, independent, cliques):
    left = [[node for later in cliques[place:] for node in later] for place in range(len(cliques))]
    return sum(not is_maximal(graph, is_clique, clique, nodes) for clique, nodes in zip(cliques, left, strict=True))


def sets_to_extend(graph, independent, cliques):
    return int(not is_maximal(graph, is_independent, independent, range(graph.n)))


def size_of_clique(more=0):
    """The number that is returned is the size of a clique, so at most that of the largest."""
    return Inequality(
        lambda graph, size: Sides(min(size, graph.n) + more, largest(graph, is_clique), trivial=graph.n + more + 1)
    )


# --- what is under test ----------------------------------------------------------------------------------------------


def ramsey(graph, rng):
    return tuple(tuple(sorted(part)) for part in nx.approximation.ramsey_R2(graph))


def greedy_pair(graph, rng):
    """The first node with its first neighbor, and the first node alone."""
    first = min(graph)
    return (first, *sorted(graph[first])[:1]), (first,)


def clique(graph, rng):
    return tuple(sorted(nx.approximation.max_clique(graph)))


def independent_set(graph, rng):
    return tuple(sorted(nx.approximation.maximum_independent_set(graph)))


def removal(graph, rng):
    independent, cliques = nx.approximation.clique_removal(graph)
    return tuple(sorted(independent)), tuple(tuple(sorted(one)) for one in cliques)


def size(graph, rng):
    return nx.approximation.large_clique_size(graph)


# --- statements ------------------------------------------------------------------------------------------------------

#: the second clique that is removed could take one of the nodes that are left
LEFT = Graph(5, ((0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)))
#: the heuristic misses a clique of five nodes; for each node the neighbors that come later
LATER_NEIGHBORS = ("1345678", "23468", "3678", "8", "567", "678", "7", "8")
MISSED = Graph(9, tuple((u, int(v)) for u, row in enumerate(LATER_NEIGHBORS) for v in row))
ALL = ready.graphs(6, labeled=True, name="cliques")
FAMILY = replace(
    ALL, always=lambda: (*ALL.smallest(), LEFT), tight=(Tight(Graph(1, ()), 1, 1),), view=lambda graph: graph.nx()
)
LARGE = replace(FAMILY, name="cliques-large", always=lambda: (*ALL.smallest(), MISSED))

RAMSEY = Statement(
    id="networkx/ramsey",
    title="A clique and an independent set as Ramsey's theorem promises",
    says="A graph on n nodes yields a clique of s nodes and t independent nodes such that n is below s + t choose s.",
    source=Documented("networkx", "approximation.ramsey_R2", "a pair that estimates two-color Ramsey numbers"),
    tex=r"n < \binom{s + t}{s}",
    hypotheses={"none": always},
    instances=FAMILY,
    solve=ramsey,
    claim=below_ramsey(of_pair),
    may_vary=dict.fromkeys(("0", "1"), "an answer is a set of any size, which the claim judges"),
    saboteurs=(
        saboteur("a pair from the first node", solve=greedy_pair),
        saboteur(
            "the second branch is not looked at",
            patch=(
                nx.approximation.ramsey_R2,
                "return max(c_1, c_2, key=len), max(i_1, i_2, key=len)",
                "return c_1, i_2",
            ),
        ),
        saboteur("one more node", claim=below_ramsey(of_pair, more=2)),
        saboteur("the largest of both", claim=at_least_largest(is_clique, is_independent), printed=True),
    ),
    notes="The documentation promises the largest clique and the largest independent set. The bound is that of Erdos "
    "and Szekeres, by the same recursion.",
)

MAX_CLIQUE = Statement(
    id="networkx/max-clique",
    title="A clique that Ramsey's theorem makes large where no large set is independent",
    says="A graph on n nodes, of which at most t are independent, yields a clique of s nodes such that n is below s + "
    "t choose s.",
    source=Documented("networkx", "approximation.max_clique", "a clique within O(n / (log n)^2) of the largest"),
    tex=r"n < \binom{s + \alpha(G)}{s}",
    hypotheses={"none": always},
    instances=FAMILY,
    solve=clique,
    claim=below_ramsey(of_clique),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("one node alone", solve=lambda graph, rng: (min(graph),)),
        saboteur("one more node", claim=below_ramsey(of_clique, more=2)),
        saboteur("the largest", claim=at_least_largest(is_clique)),
    ),
    notes="The documented factor has no constant, so no graph contradicts it; this bound is what it rests on.",
)

INDEPENDENT_SET = Statement(
    id="networkx/independent-set",
    title="Independent nodes that Ramsey's theorem makes many where no clique is large",
    says="A graph on n nodes, with at most s of them in a clique, yields t independent nodes such that n is below s + "
    "t choose s.",
    source=Documented("networkx", "approximation.maximum_independent_set", "within O(n / (log n)^2) of the largest"),
    tex=r"n < \binom{\omega(G) + t}{t}",
    hypotheses={"none": always},
    instances=FAMILY,
    solve=independent_set,
    claim=below_ramsey(of_independent),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("one node alone", solve=lambda graph, rng: (min(graph),)),
        saboteur("one more node", claim=below_ramsey(of_independent, more=2)),
        saboteur("the largest", claim=at_least_largest(is_independent)),
    ),
)

CLIQUE_REMOVAL = Statement(
    id="networkx/clique-removal",
    title="Cliques that are removed bound the independent sets",
    says="The returned set I is independent, so it has at most as many nodes as the largest one, a; the returned "
    "cliques share the nodes among themselves, so a is at most their number c.",
    source=Documented(
        "networkx", "approximation.clique_removal", "an independent set, and the cliques that it removes"
    ),
    tex=r"|I| \le \alpha(G) \le c",
    hypotheses={"none": always},
    instances=FAMILY,
    solve=removal,
    claim=Inequality(between),
    may_vary=dict.fromkeys(("0", "1", "1.*"), "an answer is a set of any size, which the claim judges"),
    closed="a part of an answer keeps the promise too, so no other answer can be told from it",
    saboteurs=(
        saboteur(
            "the last clique is forgotten",
            solve=lambda graph, rng: (removal(graph, rng)[0], removal(graph, rng)[1][:-1]),
        ),
        saboteur("the independent set is maximal", claim=not_maximal(sets_to_extend), printed=True),
        saboteur("every clique is maximal", claim=not_maximal(cliques_to_extend), printed=True),
        saboteur("maximal in what was left", claim=not_maximal(cliques_to_extend_by_what_was_left)),
    ),
    notes="The documentation says maximal of both; the cliques are not even maximal in what earlier ones have left.",
)

LARGE_CLIQUE = Statement(
    id="networkx/large-clique-size",
    title="The size of a large clique is that of a clique",
    says="The number k that is returned is at most the number w of nodes in a largest clique.",
    source=Documented("networkx", "approximation.large_clique_size", "the size of a large clique, by a heuristic"),
    tex=r"k \le \omega(G)",
    hypotheses={"none": always},
    instances=LARGE,
    solve=size,
    claim=size_of_clique(),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("most neighbors, and one", solve=lambda graph, rng: 1 + max(d for _, d in graph.degree)),
        saboteur("one more", claim=size_of_clique(1)),
        saboteur(
            "the largest", claim=Inequality(lambda graph, size: Sides(largest(graph, is_clique), max(size, 0), least=0))
        ),
    ),
)
