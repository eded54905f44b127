"""scipy: graphs as sparse matrices, in which an entry of 0 that is stored is an edge of length 0.

Truths are found by trying all walks, flows, cuts or matchings, in integers.
"""

from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, permutations, product

import numpy as np
from lrtheory.bounds import Documented, Family, Identity, Inequality, Sides, Statement, Tight, saboteur
from scipy.sparse import csgraph, csr_array


@dataclass(frozen=True)
class Entries:
    """A square matrix of integers, row by row; None where no entry is stored."""

    rows: tuple[tuple[int | None, ...], ...]

    def sparse(self, dtype=float):
        """The matrix with all entries stored that are given, zeros too."""
        stored = [(i, j, x) for i, row in enumerate(self.rows) for j, x in enumerate(row) if x is not None]
        i, j, data = zip(*stored, strict=True) if stored else ((), (), ())
        return csr_array((np.array(data, dtype), (np.array(i, int), np.array(j, int))), shape=(len(self.rows),) * 2)


# --- truth and claims ------------------------------------------------------------------------------------------------

#: what stands for no path in tables of integers: more than any path is long
NO_PATH = 10**6


@cache
def distances(entries, directed):
    """The least length of a path from each node to each, by going through every node in turn."""
    n = len(entries.rows)
    step = lambda i, j: NO_PATH if entries.rows[i][j] is None else entries.rows[i][j]
    both = lambda i, j: step(i, j) if directed else min(step(i, j), step(j, i))
    table = {(i, j): 0 if i == j else both(i, j) for i in range(n) for j in range(n)}
    for k in range(n):
        table = {(i, j): min(one, table[i, k] + table[k, j], NO_PATH) for (i, j), one in table.items()}
    return [table[i, j] for i in range(n) for j in range(n)]


def forest(entries):
    """The number of edges and the weight of a lightest spanning forest, edges by weight and without cycles."""
    n, parts = len(entries.rows), list(range(len(entries.rows)))
    pairs = [
        (min(x for x in (entries.rows[i][j], entries.rows[j][i]) if x is not None), i, j)
        for i, j in combinations(range(n), 2)
        if (entries.rows[i][j], entries.rows[j][i]) != (None, None)
    ]
    count = weight = 0
    for x, i, j in sorted(pairs):
        if parts[i] != parts[j]:
            parts = [parts[j] if part == parts[i] else part for part in parts]
            count, weight = count + 1, weight + x
    return [count, weight]


def largest_matching(entries):
    """The largest number of stored entries of which no two share a row or a column."""
    n = len(entries.rows)
    return max(sum(entries.rows[i][j] is not None for i, j in enumerate(order)) for order in permutations(range(n)))


def smallest_cut(entries):
    """The least capacity of arcs out of a set with the first node and without the last one."""
    n = len(entries.rows)
    inner = [s for size in range(n - 1) for s in combinations(range(1, n - 1), size)]
    crossing = lambda part: ((i, j) for i in part for j in set(range(n)) - set(part))
    return min(sum(entries.rows[i][j] or 0 for i, j in crossing((0, *s))) for s in inner)


def equals(truth, add=0):
    return Identity(lambda entries, found: Sides(list(found), [one + add for one in truth(entries)]))


def is_flow(entries, flow):
    """Whether a matrix stays within the capacities, is its own negative transpose, and keeps what flows in."""
    n, capacities = len(entries.rows), [[x or 0 for x in row] for row in entries.rows]
    flow = [[int(x) for x in row] for row in flow]
    within = all(flow[i][j] <= capacities[i][j] and flow[i][j] == -flow[j][i] for i, j in product(range(n), repeat=2))
    return within and all(sum(row) == 0 for row in flow[1:-1])


def reaches_cut(more=0):
    """For every method the flow is valid, and its value at least that of the smallest cut."""

    def sides(entries, found):
        values = [sum(map(int, flow[0])) if is_flow(entries, flow) else -1 for flow in found]
        return Sides([smallest_cut(entries) + more] * len(values), values, least=-1)

    return Inequality(sides)


# --- what is under test ----------------------------------------------------------------------------------------------


def as_integers(table):
    return [NO_PATH if np.isinf(x) else int(x) for x in np.asarray(table).ravel()]


def all_methods(directed):
    def solve(entries, rng):
        options = {"directed": directed}
        tables = [
            csgraph.shortest_path(entries.sparse(), method=method, **options) for method in ("D", "FW", "BF", "J")
        ]
        return [x for table in tables for x in as_integers(table)]

    return solve


def without_zeros(entries, rng):
    """A wrong solver: a dense matrix, in which 0 is no edge."""
    dense = np.array([[x or 0 for x in row] for row in entries.rows], float)
    return 4 * as_integers(csgraph.shortest_path(dense))


def spanning_forest(entries, rng):
    tree = csgraph.minimum_spanning_tree(entries.sparse())
    return [int(tree.nnz), int(tree.sum())]


def heaviest(entries, rng):
    tree = csgraph.minimum_spanning_tree(-entries.sparse())
    return [int(tree.nnz), -int(tree.sum())]


def matchings(entries, rng):
    matrix = entries.sparse()
    by = [csgraph.maximum_bipartite_matching(matrix, perm_type=kind) for kind in ("row", "column")]
    return [int(csgraph.structural_rank(matrix)), *(valid_matches(entries, found, k) for k, found in enumerate(by))]


def valid_matches(entries, found, transposed):
    """The number of matched pairs, or -1 if one of them is not stored or a row or column is matched twice."""
    pairs = [(int(i), j)[:: 1 - 2 * transposed] for j, i in enumerate(found) if i >= 0]
    valid = all(entries.rows[i][j] is not None for i, j in pairs) and len(set(found[found >= 0].tolist())) == len(pairs)
    return len(pairs) if valid else -1


def on_diagonal(entries, rng):
    return [sum(row[i] is not None for i, row in enumerate(entries.rows))] * 3


def flows(entries, rng):
    matrix, last = entries.sparse(np.int32), len(entries.rows) - 1
    methods = ("dinic", "edmonds_karp")
    return [csgraph.maximum_flow(matrix, 0, last, method=method).flow.toarray().tolist() for method in methods]


def straight(entries, rng):
    """A wrong solver: what flows from the first node to the last one without a node between them."""
    n = len(entries.rows)
    flow = np.zeros((n, n), int)
    flow[0, -1] = entries.rows[0][-1] or 0
    return 2 * [(flow - flow.T).tolist()]


# --- statements ------------------------------------------------------------------------------------------------------


def from_entries(n, entries):
    left = iter(entries)
    return Entries(tuple(tuple(None if i == j else next(left) for j in range(n)) for i in range(n)))


def small(values, values_of_three):
    two = [from_entries(2, entries) for entries in product(values, repeat=2)]
    return [*two, *(from_entries(3, entries) for entries in product(values_of_three, repeat=6))]


def drawn(low, top=5):
    """Entries from `low` to 4, some of which are not stored."""

    def draw(draws):
        n = draws.integers(2, top)
        entries = draws.integers(low - 1, 4, shape=n * (n - 1)).tolist()
        return from_entries(n, [None if x < low else x for x in entries])

    return draw


NOT_NEGATIVE = {"not negative": lambda entries: all((x or 0) >= 0 for row in entries.rows for x in row)}
ZEROS = Family("entries", always=lambda: small((None, 0, 1), (None, 0)), draw=drawn(0))

SHORTEST = Statement(
    id="scipy/shortest-path-zeros",
    title="Shortest paths along edges of length 0 too",
    says="In a directed graph whose edges are the stored entries of a sparse matrix, those of length 0 too, the table "
    "of all distances d(i, j) is that of the shortest paths, by four methods.",
    source=Documented(
        "scipy", "sparse.csgraph.shortest_path", "a sparse matrix allows for edges of weight zero, which are stored"
    ),
    tex=r"d(i, j) = \min_{i \to^* j} \sum_e \ell_e",
    hypotheses=NOT_NEGATIVE,
    instances=ZEROS,
    solve=all_methods(directed=True),
    claim=equals(lambda entries: 4 * distances(entries, True)),
    saboteurs=(
        saboteur("zeros are not edges", solve=without_zeros),
        saboteur("in both directions", solve=all_methods(directed=False)),
        saboteur("one more", claim=equals(lambda entries: 4 * distances(entries, True), add=1)),
    ),
)

SHORTEST_UNDIRECTED = replace(
    SHORTEST,
    id="scipy/shortest-path-undirected",
    title="Shortest paths along edges in both directions",
    says="With `directed=False` the table of all distances d(i, j) is that of shortest paths along the stored entries "
    "in both directions, the smaller one where there are two, by four methods.",
    tex=r"d(i, j) = \min_{i \leftrightarrow^* j} \sum_e \ell_e",
    instances=replace(ZEROS, name="entries-undirected"),
    solve=all_methods(directed=False),
    claim=equals(lambda entries: 4 * distances(entries, False)),
    saboteurs=(
        saboteur("in one direction", solve=all_methods(directed=True)),
        saboteur("one more", claim=equals(lambda entries: 4 * distances(entries, False), add=1)),
    ),
)

FOREST = Statement(
    id="scipy/minimum-spanning-tree",
    title="A spanning forest of least weight",
    says="The result has as many edges as a spanning forest F* of least weight, and its weight w(F*), where the "
    "lighter one of the entries (i, j) and (j, i) is the weight of an edge.",
    source=Documented(
        "scipy", "sparse.csgraph.minimum_spanning_tree", "a spanning tree of least weight for each component"
    ),
    tex=r"|F| = |F^*|,\ w(F) = w(F^*)",
    hypotheses={"no weight of 0": lambda entries: all(x != 0 for row in entries.rows for x in row)},
    instances=Family("forests", always=lambda: small((None, 1, 2), (None, 1)), draw=drawn(1)),
    solve=spanning_forest,
    claim=equals(forest),
    saboteurs=(
        saboteur("the heaviest", solve=heaviest),
        saboteur("one edge more", claim=equals(forest, add=1)),
        saboteur(
            "with a weight of 0",
            breaks="no weight of 0",
            instances=Family("forests-zero", always=(from_entries(2, (0, None)),), complete="one edge", members=1),
        ),
    ),
    notes="A stored 0 is an edge elsewhere in this module. Here the documentation says that it is none, and the edge "
    "is lost, so that two nodes that it alone connects are not connected by the result (scipy #18892).",
)

MATCHING = Statement(
    id="scipy/bipartite-matching-zeros",
    title="As many stored entries as possible without a common row or column",
    says="The structural rank, and the numbers of pairs of `maximum_bipartite_matching` by rows and by columns, are m, "
    "the largest number of stored entries, zeros too, of which no two share a row or a column.",
    source=Documented(
        "scipy",
        "sparse.csgraph.maximum_bipartite_matching",
        "a matching at least as large as any other; explicit zeros count as edges",
    ),
    tex=r"r = |M| = m",
    hypotheses=NOT_NEGATIVE,
    instances=replace(ZEROS, name="entries-matching"),
    solve=matchings,
    claim=equals(lambda entries: 3 * [largest_matching(entries)]),
    saboteurs=(
        saboteur("on the diagonal", solve=on_diagonal),
        saboteur("one more", claim=equals(lambda entries: 3 * [largest_matching(entries)], add=1)),
    ),
)

FLOW = Statement(
    id="scipy/maximum-flow",
    title="A flow as large as the smallest cut",
    says="The flow from the first node to the last one keeps the capacities c and what flows into every other node, "
    "and its value f is at least that of the smallest cut, by both methods.",
    source=Documented(
        "scipy", "sparse.csgraph.maximum_flow", "a flow of largest value, which is that of a smallest cut"
    ),
    tex=r"f \ge \min_S c(S, \bar S)",
    hypotheses=NOT_NEGATIVE,
    instances=Family(
        "flows",
        always=lambda: small((None, 0, 1, 2), (1, 2)),
        tight=(Tight(from_entries(2, (3, 1)), 1, 1),),
        draw=drawn(0),
    ),
    solve=flows,
    claim=reaches_cut(),
    saboteurs=(saboteur("straight to the last node", solve=straight), saboteur("one more", claim=reaches_cut(more=1))),
)
