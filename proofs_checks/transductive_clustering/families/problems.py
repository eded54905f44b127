"""Families of small assignment problems: mild or strong pulls, some rows clamped, cold ones, and few-shot tasks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering.families.definitions import Case, one_hot, update

NEIGHBORS = 2  # of the graph of a task


def with_clamped_rows(case: Case) -> Case:
    """Return the case with its clamped rows at their labels."""
    labels = one_hot(np.maximum(case.clamp, 0), case.n_clusters)
    return replace(case, init=np.where(case.free[:, None], case.init, labels))


def two_points(lam: float, share: float = 0.625, side: str = "opposite") -> Case:
    """Return two points that attract each other without costs, and start on opposite sides or on one."""
    first = np.array([share, 1 - share])
    init = np.stack([first, first[::-1] if side == "opposite" else first])
    return Case(np.zeros((2, 2)), np.array([[0.0, 1.0], [1.0, 0.0]]), lam, 1.0, init, np.array([-1, -1]))


def neighbor_graph(X: np.ndarray) -> np.ndarray:
    """Return the mean of both directions of the graph of nearest neighbors."""
    n = len(X)
    apart = ((X[:, None] - X[None]) ** 2).sum(2) + np.where(np.eye(n), np.inf, 0.0)
    W = np.zeros((n, n))
    np.put_along_axis(W, np.argsort(apart, axis=1)[:, :NEIGHBORS], 1.0, 1)
    return (W + W.T) / 2


def task(features: np.ndarray, n_classes: int, lam: float, temperature: float) -> Case:
    """The assignment problem of a few-shot task: squared distances to its prototypes, and the graph of its points."""
    prototypes, X = features[:n_classes], features[n_classes:]
    costs, n = ((X[:, None] - prototypes[None]) ** 2).sum(2), len(X)
    empty = Case(costs, np.zeros((n, n)), 0.0, temperature, costs, np.full(n, -1))
    start = update(empty, np.zeros_like(costs))
    return replace(empty, affinity=neighbor_graph(X), lam=lam, init=start, path="tasks", features=features)


def draw_affinity(draws: Draws, n: int, diagonal: int = 0) -> np.ndarray:
    """A symmetric table of small weights; `diagonal` is added to the diagonal, which is 0 otherwise."""
    # halves are exact in doubles, and so are sums of a few of them: a claim sees the rounding of the solver alone
    upper = np.triu(draws.integers(0, 3, shape=(n, n)), 1)
    return (upper + upper.T) / 2 + diagonal * np.eye(n)


def draw_simplex(draws: Draws, n: int, n_clusters: int) -> np.ndarray:
    """Rows of sixteenths that add up to one, all positive."""
    weights = draws.integers(1, 4, shape=(n, n_clusters))
    # the first entry takes what is left of 16, so that rows are exact in doubles as well
    weights[:, 0] = np.maximum(1, 16 - weights[:, 1:].sum(1))
    return weights / weights.sum(1, keepdims=True)


def draw_case(draws: Draws) -> Case:
    """Up to six points and three clusters; the pull of the neighbors is mild or strong, some rows are clamped."""
    n, n_clusters = draws.integers(2, 6), draws.integers(2, 3)
    costs = draws.integers(0, 8, shape=(n, n_clusters)) / 4
    clamp = np.where(draws.integers(0, 3, shape=n) == 0, draws.integers(0, n_clusters - 1, shape=n), -1)
    # one row at least is free: without free rows there is nothing to update
    clamp[draws.integers(0, n - 1)] = -1
    case = Case(
        costs,
        draw_affinity(draws, n, draws.integers(0, 1)),
        # from no pull to one with which whole steps often raise the energy
        draws.choice((0.0, 0.25, 1.0, 4.0)),
        draws.choice((0.5, 1.0, 2.0)),
        draw_simplex(draws, n, n_clusters),
        clamp,
        draws.choice(("dense", "sparse")),
    )
    return with_clamped_rows(case)


def draw_task(draws: Draws) -> Case:
    """Three to six points around two or three prototypes in the plane."""
    n, n_classes = draws.integers(3, 6), draws.integers(2, 3)
    features = draws.floats(-1.0, 1.0, shape=(n_classes + n, 2))
    return task(features, n_classes, draws.choice((0.25, 1.0, 4.0)), draws.choice((0.5, 1.0)))


def has_clear_neighbors(X: np.ndarray) -> bool:
    """Whether at no point the last neighbor and the next point are at the same distance."""
    squares = np.sort(((X[:, None] - X[None]) ** 2).sum(2), axis=1)
    return bool((np.diff(squares, axis=1)[:, NEIGHBORS : NEIGHBORS + 1] > 1e-9).all())


def draw_any(draws: Draws) -> Case:
    """A problem for any of the three codes; a task whose graph is not clear gives way to a plain problem."""
    if draws.integers(0, 2) > 0:
        return draw_case(draws)
    found = draw_task(draws)
    return found if has_clear_neighbors(found.features[found.n_clusters :]) else two_points(1.0)


def draw_safe(draws: Draws) -> Case:
    """Problems with a lambda for which whole steps are safe."""
    case = draw_any(draws)
    least = case.spectrum[0]
    if least >= 0:
        return case
    largest = theory.largest_monotone_lam(least, temperature=case.temperature)
    # rounded down to a grid and one step further, so that rounding of the eigenvalue cannot cross the threshold
    return replace(case, lam=min(case.lam, max(0.0, float(np.floor(1024 * largest) - 1) / 1024)))


def draw_small(draws: Draws) -> Case:
    """At most four points, for all labels."""
    case = draw_case(draws)
    keep = slice(0, min(case.n, 4))
    return replace(
        case, costs=case.costs[keep], affinity=case.affinity[keep, keep], init=case.init[keep], clamp=case.clamp[keep]
    )


ALONE = Case(np.array([[0.0, 1.0]]), np.zeros((1, 1)), 1.0, 1.0, np.array([[0.5, 0.5]]), np.array([-1]))


CLAMPED = with_clamped_rows(replace(two_points(2.0), clamp=np.array([1, -1])))


ALWAYS = (ALONE, two_points(1.0), two_points(4.0), replace(two_points(4.0), path="sparse"), CLAMPED)


#: entries of the updates underflow
COLD = replace(two_points(1.0), costs=np.array([[0.0, 1.0], [0.5, 0.25]]), temperature=1 / 1024)


TASK = task(np.array([[-1.0, 0.0], [1.0, 0.0], [-0.5, 0.25], [-0.25, -0.5], [0.125, 0.5], [0.75, 0.0]]), 2, 1.0, 0.5)


CASES = Family("assignment-problems", always=(*ALWAYS, COLD, replace(COLD, path="sparse"), TASK), draw=draw_any)


#: without tasks, for checks that change costs or starts
PLAIN = Family("plain-problems", always=(*ALWAYS, COLD), draw=draw_case)


SAFE = Family(
    "safe-problems",
    # 1.96875 is just below the threshold lambda = 2 T of two points, 2.0625 in UNSAFE is just above
    always=(
        ALONE,
        two_points(1.0),
        two_points(1.96875),
        CLAMPED,
        replace(CLAMPED, path="sparse"),
        replace(TASK, lam=0.5),
    ),
    draw=draw_safe,
)
