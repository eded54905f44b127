"""scipy: assignments of least cost, in a dense matrix and along the edges of a bipartite graph.

The least cost is found by trying all assignments, in integers. Pairs that are no full assignment cost more than any.
"""

from dataclasses import dataclass, replace
from itertools import permutations, product

import numpy as np
from lrtheory.bounds import Documented, Family, Inequality, Sides, Statement, Tight, saboteur
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching


@dataclass(frozen=True)
class Costs:
    """Integers, a row per worker; None where a worker cannot do a job, in the sparse problem."""

    rows: tuple[tuple[int | None, ...], ...]

    def matrix(self):
        """The costs as doubles."""
        return np.array(self.rows, float)


def full(costs):
    """All full assignments, as pairs; the shorter side is assigned completely."""
    m, n = len(costs.rows), len(costs.rows[0])
    if m <= n:
        return [tuple(zip(range(m), chosen, strict=True)) for chosen in permutations(range(n), m)]
    return [tuple(zip(chosen, range(n), strict=True)) for chosen in permutations(range(m), n)]


def possible(costs):
    return [pairs for pairs in full(costs) if all(costs.rows[i][j] is not None for i, j in pairs)]


def cost(costs, pairs):
    return sum(costs.rows[i][j] for i, j in pairs)


def worst(costs):
    """More than any assignment can cost; it stands for pairs that are no assignment."""
    return 1 + sum(abs(entry or 0) for row in costs.rows for entry in row)


def at_most_least(less=0):
    def sides(costs, pairs):
        admitted = possible(costs)
        found = tuple(sorted((int(i), int(j)) for i, j in pairs))
        valid = found in {tuple(sorted(one)) for one in admitted}
        top = worst(costs)
        least = min(cost(costs, one) for one in admitted)
        return Sides(lhs=cost(costs, found) if valid else top, rhs=least - less, trivial=top)

    return Inequality(sides)


def dense(costs, rng):
    return np.transpose(linear_sum_assignment(costs.matrix()))


def greedy(costs, rng):
    """A wrong solver: the rows take the cheapest columns that are left, one after the other."""
    left, pairs = set(range(len(costs.rows[0]))), []
    for i, row in enumerate(costs.rows):
        if left:
            pairs.append((i, min(left, key=lambda j: (row[j] is None, row[j] or 0))))
            left.remove(pairs[-1][1])
    return np.array(pairs)


def drawn(draws):
    m, n = draws.integers(1, 5), draws.integers(1, 5)
    return Costs(tuple(map(tuple, draws.integers(-9, 9, shape=(m, n)).tolist())))


def squares(values):
    """All matrices of two rows and two columns with these entries."""
    return [Costs((entries[:2], entries[2:])) for entries in product(values, repeat=4)]


SMALLEST = [Costs(((0,),)), Costs(((-1,),)), Costs(((1, 0),)), Costs(((1,), (0,)))]

DENSE = Statement(
    id="scipy/linear-sum-assignment",
    title="The assignment has the least cost",
    says="The pairs of `linear_sum_assignment` are a full assignment of a matrix c of costs, whose cost is at most "
    "that of every assignment.",
    source=Documented(
        "scipy", "optimize.linear_sum_assignment", "the result is an assignment of least cost, of any shape and sign"
    ),
    tex=r"\sum_i c_{i \sigma(i)} \le \min_\tau \sum_i c_{i \tau(i)}",
    hypotheses={"every pair is possible": lambda costs: all(entry is not None for row in costs.rows for entry in row)},
    instances=Family(
        "costs",
        always=lambda: [*SMALLEST, *squares((0, 1, 2))],
        tight=(Tight(Costs(((1, 2), (2, 4))), 1, 1),),
        draw=drawn,
    ),
    solve=dense,
    claim=at_most_least(),
    saboteurs=(
        saboteur("row by row", solve=greedy),
        saboteur("the diagonal", solve=lambda costs, rng: np.array([(i, i) for i in range(min(np.shape(costs.rows)))])),
        saboteur("one less", claim=at_most_least(less=1)),
    ),
    decisions=("outcome",),
)


def sparse(costs, rng):
    entries = [(i, j, entry) for i, row in enumerate(costs.rows) for j, entry in enumerate(row) if entry is not None]
    i, j, data = zip(*entries, strict=True)
    return np.transpose(
        min_weight_full_bipartite_matching(csr_array((np.array(data, float), (i, j)), np.shape(costs.rows)))
    )


def drawn_sparse(draws):
    costs = drawn(draws)
    holes = lambda entry: None if draws.integers(0, 3) == 0 or entry == 0 else entry
    return Costs(tuple(tuple(map(holes, row)) for row in costs.rows))


SPARSE = replace(
    DENSE,
    id="scipy/full-bipartite-matching",
    title="The full matching has the least weight",
    says="Where a bipartite graph with weights c that are not 0 has a matching of all nodes of the smaller side, the "
    "pairs of `min_weight_full_bipartite_matching` are one, whose weight is at most that of every other.",
    source=Documented(
        "scipy",
        "sparse.csgraph.min_weight_full_bipartite_matching",
        "the result is a full matching of least weight; no weight is 0, and without a full matching it raises an error",
    ),
    hypotheses={
        "a full matching": lambda costs: bool(possible(costs)),
        "no weight of 0": lambda costs: all(entry != 0 for row in costs.rows for entry in row),
    },
    instances=Family(
        "weights",
        always=lambda: [Costs(((1,),)), Costs(((-1,),)), *filter(possible, squares((None, 1, 2)))],
        tight=(Tight(Costs(((1, 2), (2, 4))), 1, 1),),
        draw=drawn_sparse,
    ),
    solve=sparse,
    saboteurs=(saboteur("row by row", solve=greedy), saboteur("one less", claim=at_most_least(less=1))),
)
