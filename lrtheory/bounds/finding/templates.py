"""The texts of the files that ``lrtheory new`` writes; each holds a theorem that passes, with two saboteurs."""

from __future__ import annotations

__all__ = ["TEMPLATES"]

_INEQUALITY = '''\
"""A theorem of one's own: any maximal matching covers a graph with at most twice the least number of nodes.

Change it piece by piece. `NAME/cover` is its id; `lrtheory check NAME/cover` measures it.
"""

from dataclasses import dataclass
from itertools import combinations

from lrtheory.bounds import Classical, Family, Inequality, Number, Sides, Statement, formula, saboteur


@dataclass(frozen=True)
class Graph:
    """An instance is plain data, so that it can be printed and replayed."""

    n: int
    edges: tuple[tuple[int, int], ...]


PATH, STAR = Graph(3, ((0, 1), (1, 2))), Graph(3, ((0, 1), (0, 2)))


def drawn(draws):
    """Draw a graph; every choice goes through `draws`, so that a counterexample can be simplified.

    It is sparse: on a dense graph twice the least is more than all nodes, and the bound would say nothing.
    """
    n = draws.integers(2, 8)
    return Graph(n, tuple(edge for edge in combinations(range(n), 2) if draws.integers(0, 4) == 4))


def cover(graph, rng):
    """The algorithm under test: take both ends of each edge that is not covered yet."""
    chosen = set()
    for u, v in graph.edges:
        if u not in chosen and v not in chosen:
            chosen |= {u, v}
    return tuple(sorted(chosen))


def first_ends(graph, rng):
    """A wrong solver: one end of each edge of the matching is not enough."""
    return tuple(sorted({u for u, v in graph.edges if u in cover(graph, rng)})[:1])


def covers(graph, chosen):
    return all(u in chosen or v in chosen for u, v in graph.edges)


def least(graph):
    """The truth, by enumeration; the claim knows it, and the algorithm under test does not."""
    subsets = (s for size in range(graph.n + 1) for s in combinations(range(graph.n), size))
    return next(len(s) for s in subsets if covers(graph, s))


@formula(factor="[1, inf)", k="[0, inf)")
def largest(factor: Number, k: int) -> Number:
    """S has at most this many nodes where a least cover has k; the line above says what the arguments may be."""
    return factor * k


def within(factor):
    """At most `factor` times the least; what is no cover counts as larger than any cover (write 3/2 as a Fraction)."""
    is_cover = lambda graph, chosen: set(chosen) <= set(range(graph.n)) and covers(graph, chosen)
    size = lambda graph, chosen: len(set(chosen)) if is_cover(graph, chosen) else 10 * graph.n
    bound = lambda graph: largest(factor, least(graph))
    return Inequality(lambda graph, chosen: Sides(lhs=size(graph, chosen), rhs=bound(graph), trivial=graph.n))


COVER = Statement(
    id="NAME/cover",
    title="Both ends of a maximal matching cover within twice the least",
    says="The nodes S of a maximal matching cover all edges, and S is at most twice as large as a least cover S*.",
    source=Classical("matching bound for vertex covers", "V. V. Vazirani, Approximation Algorithms, 2001, section 1.1"),
    tex=r"|S| \\le 2 |S^*|",
    hypotheses={"no loops": lambda graph: all(u != v for u, v in graph.edges)},
    instances=Family("NAME-graphs", always=(Graph(2, ((0, 1),)), PATH, STAR), draw=drawn),
    solve=cover,
    claim=within(2),
    decisions=("*",),  # all of the outcome; whatever else it held would have to follow from them
    # an answer is judged only in the form of that of `solve`, and a saboteur with fewer nodes would have another
    may_vary={"outcome": "how many nodes cover the edges is the solver's"},
    saboteurs=(saboteur("one node alone", solve=first_ends), saboteur("no factor", claim=within(1))),
)
'''

_PROBABILITY = '''\
"""A theorem about chance of one's own: contracting random edges often enough leaves a minimum cut.

Change it piece by piece. `NAME/min-cut` is its id; `lrtheory check NAME/min-cut` measures it.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lrtheory.bounds import Classical, Family, Number, Probability, Statement, formula, saboteur


@dataclass(frozen=True)
class Graph:
    """An instance is plain data, so that it can be printed and replayed."""

    n: int
    edges: tuple[tuple[int, int], ...]


def drawn(draws):
    """Draw a tree with double edges; every choice goes through `draws`, so that a counterexample can be simplified."""
    edges = [(draws.integers(0, v - 1), v) for v in range(1, draws.integers(3, 8))]
    return Graph(len(edges) + 1, tuple(edge for edge in edges for _ in range(draws.integers(1, 2))))


def cliques(size):
    """Two complete graphs that one edge connects: a single cut is the minimum."""
    one = tuple(combinations(range(size), 2))
    return Graph(2 * size, (*one, *((u + size, v + size) for u, v in one), (0, size)))


SQUARE = Graph(4, ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2)))  # with one diagonal


def contract(graph, pairs):
    """Merge the ends of pairs, in their order, until two parts are left; tell who is on the side of node 0."""
    part = list(range(graph.n))
    for u, v in pairs:
        if part[u] != part[v] and len(set(part)) > 2:
            part = [part[u] if one == part[v] else one for one in part]
    return np.array(part) == part[0]


def cut(graph, rng, n):
    """The algorithm under test: n independent runs, shape (n, nodes)."""
    return np.array([contract(graph, rng.permutation(graph.edges)) for _ in range(n)])


def any_pairs(graph, rng, n):
    """A wrong solver: it merges any two nodes, connected or not."""
    pairs = list(combinations(range(graph.n), 2))
    return np.array([contract(graph, rng.permutation(pairs)) for _ in range(n)])


def size(graph, side):
    return sum(side[u] != side[v] for u, v in graph.edges)


def minimum(graph):
    """The truth, by enumeration; the claim knows it, and the algorithm under test does not."""
    sides = [np.array([(bits >> v) & 1 for v in range(graph.n)]) == 0 for bits in range(2, 2**graph.n, 2)]
    return min(sides, key=lambda side: size(graph, side))


def is_missed(graph, sides):
    """Tell for each run whether it is another cut: the event, computed from the decisions alone."""
    due = minimum(graph)
    return np.array([(side != due).any() and (side == due).any() for side in sides])


@formula(factor="[1, inf)", n="[2, inf)")
def failure(factor: Number, n: int) -> Number:
    """A run on n nodes fails with at most this probability; the line above says what the arguments may be."""
    return 1 - factor * 2 / (n * (n - 1))


def at_most(factor):
    """Claim that a run fails with at most 1 minus `factor` times 2 / (n (n - 1))."""
    return Probability(event=is_missed, at_most=lambda graph: failure(factor, graph.n))


MIN_CUT = Statement(
    id="NAME/min-cut",
    title="Contracting random edges finds a minimum cut",
    says="Edges of a connected graph of n nodes are contracted in a random order until two nodes are left. For each "
    "minimum cut C, the edges between these two are C with a probability of at least 2/(n(n-1)).",
    source=Classical("contraction algorithm", "D. R. Karger, Global min-cuts in RNC, SODA 1993"),
    tex=r"P[\\text{the cut is not } C] \\le 1 - \\frac{2}{n(n-1)}",
    hypotheses={
        "three nodes or more": lambda graph: graph.n >= 3,
        "connected": lambda graph: size(graph, minimum(graph)) > 0,
    },
    instances=Family("NAME-graphs", always=(cliques(4), SQUARE), draw=drawn),
    solve=cut,
    claim=at_most(1),
    # the forger demands that nothing depends on what is free
    free={"outcome": "both sides of a cut are alike, whichever is called true"},
    saboteurs=(
        saboteur("any two nodes are merged", solve=any_pairs),
        saboteur("three times as often", claim=at_most(3)),
    ),
    notes="On cycles the bound is attained, which no number of runs can decide, so the family has none.",
)
'''

_IDENTITY = '''\
"""A theorem about floating point of one's own: leading singular vectors leave the least error of any projection.

Change it piece by piece. `NAME/leading` is its id; `lrtheory check NAME/leading` measures it.
"""

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Classical, Family, Identity, Sides, Statement, rounding, saboteur


@dataclass(frozen=True)
class Case:
    """An instance is plain data: a matrix, and how many vectors are due."""

    matrix: np.ndarray
    k: int


def drawn(draws):
    """Draw a matrix; every choice goes through `draws`, so that a counterexample can be simplified."""
    rows, columns = draws.integers(2, 5), draws.integers(2, 5)
    return Case(draws.floats(-1.0, 1.0, (rows, columns)), draws.integers(1, min(rows, columns) - 1))


def leading(case, rng):
    """The algorithm under test: the first k left singular vectors, shape (rows, k)."""
    return np.linalg.svd(case.matrix)[0][:, : case.k]


def last(case, rng):
    """A wrong solver: the last vectors."""
    return np.linalg.svd(case.matrix)[0][:, -case.k :]


def compared(case, vectors, dropped=0):
    """Compare what the projection leaves with the tail of the spectrum, and the vectors with an orthonormal basis."""
    M, V = case.matrix, vectors
    due = (np.linalg.svd(M, compute_uv=False)[case.k + dropped :] ** 2).sum()
    lhs = np.append((V.T @ V).ravel(), ((M - V @ (V.T @ M)) ** 2).sum())
    rhs = np.append(np.eye(case.k).ravel(), due)
    # close sides would be computed again from Fractions, which no factorization takes; so the sides say what doubles
    # may err by: a small multiple of the number of operations on numbers of this size
    return Sides(lhs, rhs, rounding=rounding(100 * M.size, 1 + (M**2).sum()))


LEADING = Statement(
    id="NAME/leading",
    title="Leading singular vectors leave the tail of the spectrum",
    says="The first k left singular vectors V of M are orthonormal, and M - V V^T M has as squared Frobenius norm the "
    "sum of all but the k largest squared singular values s_i.",
    source=Classical("Eckart and Young", "G. Golub, C. Van Loan, Matrix Computations, 2013, section 2.4"),
    tex=r"\\|M - V V^\\top M\\|^2 = \\sum_{i > k} s_i^2",
    hypotheses={"k below both sides": lambda case: 1 <= case.k < min(case.matrix.shape)},
    instances=Family("NAME-matrices", always=(Case(np.diag([2.0, 1.0]), 1), Case(np.ones((3, 2)), 1)), draw=drawn),
    solve=leading,
    claim=Identity(compared),
    decisions=("outcome",),
    # the forger demands that nothing depends on what is free
    free={"outcome": "a singular vector has no sign"},
    saboteurs=(
        saboteur("the last vectors", solve=last),
        saboteur("one value less", claim=Identity(lambda case, vectors: compared(case, vectors, dropped=1))),
    ),
)
'''

#: by the word that ``--claim`` takes: the name of the statement, and the file
TEMPLATES = {
    "inequality": ("cover", _INEQUALITY),
    "probability": ("min-cut", _PROBABILITY),
    "identity": ("leading", _IDENTITY),
}
