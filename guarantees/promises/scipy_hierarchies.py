"""scipy: trees of clusters, their leaves in the best order, and cuts into a given number of clusters.

A tree of clusters has 2^(n - 1) orders of its n leaves, all of which are tried.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise, product

import numpy as np
from lrtheory.bounds import (
    Documented,
    Family,
    Identity,
    Inequality,
    Sides,
    Statement,
    Violated,
    repair,
    saboteur,
)
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist

# --- orders of leaves ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Distances:
    """Distances of all pairs of points, integers, row after row; and how those of clusters follow from them."""

    pairs: tuple[int, ...]
    linkage: str

    def tree(self):
        """The tree of clusters, which has all distances rising."""
        return hierarchy.linkage(np.array(self.pairs, float), self.linkage)


def length(distances, order):
    between = dict(zip(combinations(range(len(order)), 2), distances.pairs, strict=True))
    return sum(between[min(step), max(step)] for step in pairwise(order))


@cache
def orders(distances):
    """All orders of the leaves in which every cluster stays together, its two parts one after the other."""
    tree = distances.tree()
    known = [[(v,)] for v in range(len(tree) + 1)]
    for one, other, *_ in tree:
        a, b = known[int(one)], known[int(other)]
        known.append([x + y for x, y in product(a, b)] + [y + x for x, y in product(a, b)])
    return tuple(known[-1])


def shortest(factor=1):
    """The leaves are in one of the orders of the tree, whose length is at most ``factor`` times that of each other."""

    def sides(distances, order):
        top = 1 + sum(distances.pairs)
        found = length(distances, order) if tuple(order) in orders(distances) else top
        return Sides(found, factor * min(length(distances, one) for one in orders(distances)), trivial=top)

    return Inequality(sides)


def ordered(distances, rng):
    best = hierarchy.optimal_leaf_ordering(distances.tree(), np.array(distances.pairs, float))
    return tuple(hierarchy.leaves_list(best).tolist())


def as_linked(distances, rng):
    return tuple(hierarchy.leaves_list(distances.tree()).tolist())


def by_trial(distances, rng):
    """A solver that does it right."""
    return min(orders(distances), key=lambda order: length(distances, order))


LINKAGES = ("single", "complete", "average", "weighted")
#: the tree is ((0, 2), 1), 3; the order 3, 0, 2, 1 has length 34, and 3, 2, 0, 1, which is returned, has 37
FOUR = Distances((12, 10, 11, 13, 14, 15), "complete")


def drawn(draws):
    n = draws.integers(2, 6)
    pairs = draws.integers(9, 18, shape=n * (n - 1) // 2).tolist()
    return Distances(tuple(pairs), draws.choice(LINKAGES))


def few():
    """All distances of three points between 2 and 4, which satisfy the triangle inequality."""
    return [Distances(pairs, linkage) for pairs in product((2, 3, 4), repeat=3) for linkage in LINKAGES[:2]]


LEAVES = Statement(
    id="scipy/optimal-leaf-ordering",
    title="Leaves in the order with the shortest steps",
    says="Among the orders of the leaves x_i that the tree of clusters admits, the one that is returned has the least "
    "sum of distances d between leaves that follow each other.",
    source=Documented(
        "scipy", "cluster.hierarchy.optimal_leaf_ordering", "reordered so that the distance of adjacent leaves is least"
    ),
    tex=r"\sum_i d(x_i, x_{i+1}) = \min",
    hypotheses={"positive": lambda distances: min(distances.pairs) > 0},
    instances=Family("leaves", always=lambda: [FOUR, *few()], draw=drawn),
    solve=ordered,
    claim=shortest(),
    violated=Violated(
        "From four leaves on the tree may admit an order that is shorter than the one returned", "scipy #11227"
    ),
    repairs=(repair("by trying all orders", solve=by_trial),),
    notes="Four points are the fewest that show it; the distances are those of a metric, and all different.",
)

THREE_LEAVES = Statement(
    id="scipy/optimal-leaf-ordering-three",
    title="Three leaves in the order with the shortest steps",
    says="Among the orders of up to three leaves x_i that the tree of clusters admits, the one that is returned has "
    "the least sum of distances d between leaves that follow each other.",
    source=LEAVES.source,
    tex=r"\sum_i d(x_i, x_{i+1}) = \min",
    hypotheses={"three points": lambda distances: len(distances.pairs) <= 3 and min(distances.pairs) > 0},
    instances=Family(
        "leaves-three",
        always=few,
        draw=lambda draws: Distances(tuple(draws.integers(1, 9, shape=3).tolist()), draws.choice(LINKAGES)),
    ),
    solve=ordered,
    claim=shortest(),
    saboteurs=(
        saboteur("as they were linked", solve=as_linked),
        saboteur("nine tenths", claim=shortest(Fraction(9, 10))),
    ),
)

# --- cuts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """Points in the plane, integers; how they are linked; and the numbers of clusters, each of which is asked for."""

    points: tuple[tuple[int, int], ...]
    linkage: str
    clusters: tuple[int, ...]

    def tree(self):
        """The tree of clusters."""
        return hierarchy.linkage(pdist(np.array(self.points, float)), self.linkage)


def cut(points, rng):
    return [len(set(column.tolist())) for column in hierarchy.cut_tree(points.tree(), list(points.clusters)).T]


def cut_one_by_one(points, rng):
    return [len(set(hierarchy.cut_tree(points.tree(), k).ravel().tolist())) for k in points.clusters]


def joined_in_turn(points, rng):
    """A solver that does it right: as many clusters are joined as it takes, in the order of the rows of the tree."""
    n, tree = len(points.points), points.tree()
    found = []
    for k in points.clusters:
        parts = {v: {v} for v in range(n)}
        for new, (one, other, *_) in enumerate(tree[: n - k], start=n):
            parts[new] = parts.pop(int(one)) | parts.pop(int(other))
        found.append(len(parts))
    return found


def flat(points, rng):
    """By `fcluster`, which promises at most as many."""
    return [len(set(hierarchy.fcluster(points.tree(), k, "maxclust").tolist())) for k in points.clusters]


def as_many(more=0):
    return Identity(lambda points, found: Sides(found, [k + more for k in points.clusters]))


def drawn_cut(linkages, several=1):
    def draw(draws):
        n = draws.integers(2, 6)
        points = draws.integers(0, 9, shape=(n, 2)).tolist()
        clusters = sorted({draws.integers(1, n) for _ in range(several)})
        return Cut(tuple(map(tuple, points)), draws.choice(linkages), tuple(clusters))

    return draw


RISING = ("single", "complete", "average", "weighted", "ward")
ON_A_LINE = ((0, 0), (1, 0), (3, 0), (7, 0))
#: the centroid of the first and the last point is nearer to the other one than the two are to each other
TRIANGLE = ((0, 0), (0, 4), (3, 2))
SOURCE = Documented("scipy", "cluster.hierarchy.cut_tree", "a cut of the tree at which there are so many clusters")
ENOUGH = {
    "no more clusters than points": lambda points: (
        0 < min(points.clusters) <= max(points.clusters) <= len(points.points)
    )
}

CUT = Statement(
    id="scipy/cut-tree",
    title="A cut into a given number of clusters",
    says="If distances of clusters rise from the leaves to the root, the cut for k clusters has k of them, n = k.",
    source=SOURCE,
    tex=r"n = k",
    hypotheses=ENOUGH | {"rising": lambda points: bool(hierarchy.is_monotonic(points.tree()))},
    instances=Family(
        "cuts",
        always=[Cut(ON_A_LINE[:n], linkage, (k,)) for n in range(2, 5) for k in range(1, n + 1) for linkage in RISING],
        draw=drawn_cut(RISING),
    ),
    solve=cut,
    claim=as_many(),
    saboteurs=(
        saboteur(
            "flat clusters, of points with equal distances",
            solve=flat,
            instances=Family(
                "cuts-square",
                always=(Cut(((0, 0), (0, 1), (1, 0), (1, 1)), "single", (2,)),),
                complete="the corners of a square",
                members=1,
            ),
        ),
        saboteur("one more", claim=as_many(more=1)),
    ),
)

CUTS = Statement(
    id="scipy/cut-tree-several",
    title="Cuts into several numbers of clusters at once",
    says="With several numbers k_j of clusters, column j of the result is a cut into n_j = k_j clusters.",
    source=Documented(
        "scipy", "cluster.hierarchy.cut_tree", "columns that correspond to the numbers of clusters that are given"
    ),
    tex=r"n_j = k_j",
    hypotheses=CUT.hypotheses,
    instances=Family(
        "cuts-several",
        always=[Cut(ON_A_LINE[:n], "single", ks) for n in range(2, 5) for ks in combinations(range(1, n + 1), 2)],
        draw=drawn_cut(RISING, several=3),
    ),
    solve=cut,
    claim=as_many(),
    violated=Violated(
        "Clusters of single points are written into the first column, whichever was asked for them", "scipy #9818"
    ),
    repairs=(
        repair(
            "the column that was asked for them",
            patch=(hierarchy.cut_tree, "groups[0] = last_group", "groups[np.nonzero(cols_idx == 0)[0]] = last_group"),
        ),
        repair("one by one", solve=cut_one_by_one),
    ),
    notes="The last column then joins all points. If the largest number comes first, the result is right.",
)

CENTROIDS = Statement(
    id="scipy/cut-tree-centroids",
    title="A cut into a given number of clusters, linked by their centroids",
    says="If clusters are linked by the distance of their centroids or medians, the cut for k clusters has k of them, "
    "n = k, though distances need not rise from the leaves to the root.",
    source=SOURCE,
    tex=r"n = k",
    hypotheses=ENOUGH,
    instances=Family(
        "cuts-centroids",
        always=[Cut(TRIANGLE, linkage, (k,)) for linkage in ("centroid", "median") for k in (1, 2, 3)],
        draw=drawn_cut(("centroid", "median")),
    ),
    solve=cut,
    claim=as_many(),
    violated=Violated(
        "Clusters are joined in the order of their distances, so that a cluster may be joined before its parts",
        "scipy #8063",
    ),
    repairs=(repair("in the order of the tree", solve=joined_in_turn),),
    notes="For a cut at a height the documentation asks for a tree whose distances rise; for a number of clusters not.",
)
