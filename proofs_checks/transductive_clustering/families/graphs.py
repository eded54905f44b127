"""All small graphs, with costs, starts and held rows of a few kinds, up to the names of points where they are alike."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lrtheory.bounds import All
from lrtheory.transductive_clustering import theory
from proofs_checks.orbits import Symmetry
from proofs_checks.transductive_clustering.families.definitions import Case
from proofs_checks.transductive_clustering.families.problems import with_clamped_rows

NAMES = "the names of points"


def graphs(n: int) -> Iterator[np.ndarray]:
    """Yield the affinities of all graphs of n points, 1 for an edge."""
    above = np.triu_indices(n, 1)
    for edges in itertools.product((0.0, 1.0), repeat=len(above[0])):
        W = np.zeros((n, n))
        W[above] = edges
        yield W + W.T


def renamed(case: Case) -> Iterator[bytes]:
    """Yield costs, affinity, start and held labels with the points in every order."""
    for order in map(list, itertools.permutations(range(case.n))):
        parts = (case.costs[order], case.affinity[np.ix_(order, order)], case.init[order], case.clamp[order])
        yield b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


POINTS = Symmetry(renamed)


def rows(*kinds: tuple[float, float], n: int) -> Iterator[np.ndarray]:
    """Yield all tables of n rows that are of some kinds."""
    yield from map(np.array, itertools.product(kinds, repeat=n))


def with_costs() -> Iterator[Case]:
    """Yield all graphs of three points, each of which prefers one of two clusters or none."""
    start = np.tile([0.75, 0.25], (3, 1))
    for W, A in itertools.product(graphs(3), rows((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), n=3)):
        yield Case(A, W, 1.0, 1.0, start, np.full(3, -1))


def with_starts() -> Iterator[Case]:
    """Yield all graphs of three points that prefer the first cluster or none, and start even or near the other."""
    for W, A in itertools.product(graphs(3), rows((0.0, 0.0), (0.0, 1.0), n=3)):
        for Z in rows((0.5, 0.5), (0.25, 0.75), n=3):
            yield Case(A, W, 2.0, 1.0, Z, np.full(3, -1))


def with_held_rows() -> Iterator[Case]:
    """Yield all graphs of three points, of which none, one or two are held at either label."""
    costs, start = np.array([[0.0, 1.0], [0.5, 0.0], [0.25, 1.0]]), np.array([[0.75, 0.25]] * 3)
    for W, clamp in itertools.product(graphs(3), itertools.product((-1, 0, 1), repeat=3)):
        if -1 in clamp:
            yield with_clamped_rows(Case(costs, W, 1.0, 1.0, start, np.array(clamp)))


def pulled() -> Iterator[Case]:
    """Yield all graphs of four points that start near either cluster, of alike ones the first, at lambda = 4 T."""
    costs, held = np.tile([0.0, 0.25], (4, 1)), np.full(4, -1)
    starts = itertools.product(graphs(4), rows((0.75, 0.25), (0.25, 0.75), n=4))
    return POINTS.one_of_each(Case(costs, W, 4.0, 1.0, Z, held) for W, Z in starts)


def below_threshold(case: Case) -> Case:
    """Lower lambda to one or two 1024ths below the largest one of TC-T5, or below T for a graph without edges."""
    least = case.spectrum[0]
    safe = theory.largest_monotone_lam(least, temperature=1.0) if least < 0 else 1.0
    # in 1024ths, far from the threshold beside the rounding of the eigenvalue
    return replace(case, lam=(math.floor(1024 * safe) - 1) / 1024)


COSTS = All(
    "problems of three points on any graph, where each point has the cost 1 for one of two clusters or for none, at "
    "lambda = T",
    lambda: POINTS.one_of_each(with_costs()),
    members=56,
    orbit=POINTS.size,
    total=8 * 27,
    up_to=NAMES,
)
STARTS = All(
    "problems of three points on any graph, where each point has the costs (0, 1) or none and starts at (1/4, 3/4) or "
    "(1/2, 1/2), at lambda = 2 T",
    with_starts,
    members=8 * 8 * 8,
)
HELD = All(
    "problems of three points with fixed costs on any graph, where up to two points are held at either label",
    with_held_rows,
    members=8 * 19,
)
PULLS = "problems of four points with costs (0, 1/4) on any graph, where each point starts at (1/4, 3/4) or (3/4, 1/4)"
PULLED = All(
    f"{PULLS}, at lambda = 4 T",
    pulled,
    members=90,
    orbit=POINTS.size,
    total=64 * 16,
    up_to=NAMES,
)
THRESHOLDS = All(
    f"{PULLS}, at lambda just below its threshold",
    lambda: map(below_threshold, pulled()),
    members=90,
    orbit=POINTS.size,
    total=64 * 16,
    up_to=NAMES,
)
