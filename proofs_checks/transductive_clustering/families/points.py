"""Points to cluster, and prototypes that move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.transductive_clustering import Turns as TaskTurns
from lrtheory.transductive_clustering import cluster, few_shot
from lrtheory.transductive_clustering.clusters import prototypes
from proofs_checks.transductive_clustering.families.definitions import Case, energy, update
from proofs_checks.transductive_clustering.families.paths import Descent
from proofs_checks.transductive_clustering.families.problems import (
    draw_affinity,
    draw_simplex,
    has_clear_neighbors,
    neighbor_graph,
    with_clamped_rows,
)

# turns per run: few, since every claim computes all of them again by the definition
TURNS = 8


@dataclass(frozen=True)
class Points:
    """Points, an affinity, first prototypes, clamped labels, parameters of the energy; `hard` for means of labels."""

    features: np.ndarray
    affinity: np.ndarray
    first: np.ndarray
    prototype: str
    lam: float
    temperature: float
    clamp: np.ndarray
    hard: bool = False

    @property
    def bandwidth(self) -> float:
        """The bandwidth of the kernel of modes."""
        return 1.0

    def costs(self, centers: np.ndarray) -> np.ndarray:
        """Return A(M), entry by entry."""
        squares = ((self.features[:, None] - np.asarray(centers)[None]) ** 2).sum(2)
        return squares if self.prototype == "mean" else -np.exp(-squares / (2 * self.bandwidth**2))

    def case(self, centers: np.ndarray) -> Case:
        """The assignment problem for these prototypes; its start is uniform but for clamped rows."""
        K = len(centers)
        uniform = np.full((len(self.features), K), 1 / K)
        return with_clamped_rows(
            Case(self.costs(centers), self.affinity, self.lam, self.temperature, uniform, self.clamp, "sparse")
        )

    @property
    def diameter(self) -> float:
        """The largest distance of two means, which lie in the hull of the points and of the first prototypes."""
        known = np.concatenate([self.features, np.asarray(self.first)])
        return float(np.sqrt(((known[:, None] - known[None]) ** 2).sum(2).max()))

    @property
    def highest(self) -> float:
        """A number that no energy exceeds: all points at the diameter for means; other costs are not positive."""
        largest = self.diameter**2 if self.prototype == "mean" else 0.0
        return len(self.features) * largest + self.lam / 2 * float(np.maximum(-self.affinity, 0).sum())

    @property
    def start(self) -> np.ndarray:
        """First prototypes: those of clusters with clamped points are their means, medoids the nearest points."""
        own = [self.features[self.clamp == c] for c in range(len(self.first))]
        centers = np.stack([X.mean(0) if len(X) else m for X, m in zip(own, self.first, strict=True)])
        apart = ((self.features[:, None] - centers[None]) ** 2).sum(2)
        return self.features[apart.argmin(0)] if self.prototype == "medoid" else centers

    @property
    def begin(self) -> np.ndarray:
        """Z_0, the softmax of the first costs in the free rows."""
        case = self.case(self.start)
        return update(replace(case, lam=0.0), case.init)

    @property
    def spoiled(self) -> float:
        """Rounding of sums over all points, features and clusters; squares are taken by products."""
        largest = 1 + np.abs(self.features).max() + np.abs(self.first).max()
        return rounding(16 * self.features.size * len(self.first), float(4 * largest**2 * self.case(self.first).heat))


@dataclass(frozen=True)
class Turns:
    """A run: assignments (n + 1, N, K) and prototypes (n + 1, K, d) after each turn, energies (2 n + 1,) of halves.

    It has `TURNS` turns, or fewer where nothing moves.
    """

    assignments: np.ndarray
    prototypes: np.ndarray
    energies: np.ndarray


def run(points: Points, n_turns: int, **options: Any) -> Any:
    """Return the result of `cluster` after `n_turns` turns of one update each."""
    given: dict[str, Any] = {
        "prototype": points.prototype,
        "lam": points.lam,
        "temperature": points.temperature,
        "affinity": sparse.csr_array(points.affinity),
        "bandwidth": None if points.prototype == "mean" else points.bandwidth,
        "init": points.first,
        "clamp": points.clamp,
        "hard": points.hard,
        "max_inner_iter": 1,
        "tol": 0.0,
        "max_iter": n_turns,
        "record": True,
    }
    return cluster(points.features, len(points.first), **(given | options))


def clustered(points: Points, rng: np.random.Generator | None = None, n_turns: int = TURNS, **options: Any) -> Turns:
    """Some turns; the state after each is that of a run which ends there."""
    # a run reports its prototypes at the end alone, so there is one run for each number of turns
    found = [run(points, n, **options) for n in range(1, n_turns + 1)]
    # a run that stands still ends early, and all longer ones are this one again
    found = found[: found[-1].n_iter]
    Z = np.stack([points.begin, *(one.assignments for one in found)])
    return Turns(Z, np.stack([points.start, *(one.prototypes for one in found)]), found[-1].trace["energies"])


def draw_points(draws: Draws) -> Points:
    """Up to seven points in the plane, two or three clusters, any of the prototypes with a guarantee."""
    n, k = draws.integers(4, 7), draws.integers(2, 3)
    features = draws.integers(-8, 8, shape=(n, 2)) / 4
    clamp = np.full(n, -1)
    prototype = draws.choice(("mean", "mode", "medoid"))
    if prototype != "medoid" and draws.integers(0, 1):
        clamp[draws.integers(0, n - 1)] = draws.integers(0, k - 1)
    return Points(
        features,
        draw_affinity(draws, n),
        features[draws.permutation(n)[:k]],
        prototype,
        draws.choice((0.0, 0.25, 1.0)),
        draws.choice((0.25, 1.0)),
        clamp,
    )


def draw_means(draws: Draws) -> Points:
    """Points with means, and a lambda for which whole steps are safe."""
    points = replace(draw_points(draws), prototype="mean")
    least = points.case(points.first).spectrum[0]
    largest = 2 * points.temperature / -least if least < 0 else points.lam
    # clearly below the threshold: the hypothesis asks for more than equality, so that steps take something off
    return replace(points, lam=min(points.lam, 0.75 * largest))


LINE = np.array([[-2.0], [-1.5], [-1.0], [0.0], [0.25], [1.0], [2.0]])
CHAIN = (np.eye(7, k=1) + np.eye(7, k=-1)) / 2
ONE = Points(LINE, CHAIN, np.array([[-1.0], [0.25]]), "mean", 0.25, 1.0, np.full(7, -1))
SOME_CLAMPED = replace(ONE, clamp=np.array([-1, 1, -1, -1, 0, -1, -1]))
#: neighbors on the other side: whole steps of a strong pull exchange all labels, which costs more than it gains
EXCHANGED = Points(
    np.array([[-0.5], [0.5], [-0.5], [0.5]]),
    (np.eye(4, k=1) + np.eye(4, k=-1)) / 2,
    np.array([[-0.5], [0.5]]),
    "mean",
    4.0,
    0.25,
    np.full(4, -1),
)
ALWAYS = (
    ONE,
    SOME_CLAMPED,
    EXCHANGED,
    replace(ONE, prototype="mode"),
    replace(ONE, prototype="medoid"),
    replace(ONE, lam=0.0),
    replace(ONE, lam=8.0, temperature=0.25),
)
POINTS = Family("points", always=ALWAYS, draw=draw_points)
HARD = Family(
    "hard-means",
    always=tuple(replace(ONE, hard=True, temperature=t, first=ONE.first + s) for t in (1.0, 4.0) for s in (0, 0.5)),
)
#: a medoid between two points would cost less than any point
BETWEEN = Points(np.array([[-1.0], [1.0]]), np.zeros((2, 2)), np.array([[0.0]]), "medoid", 0.0, 1.0, np.full(2, -1))
PAIR = Family("pair-of-points", always=(BETWEEN,))
MEANS = Family("points-with-means", always=(ONE, SOME_CLAMPED, replace(ONE, lam=0.0)), draw=draw_means)
DEEP = replace(ONE, temperature=0.25)
SETTLING = Family(
    "settling",
    always=(
        ONE,
        SOME_CLAMPED,
        replace(ONE, lam=0.0),
        DEEP,
        replace(DEEP, clamp=SOME_CLAMPED.clamp),
        replace(DEEP, lam=0.125),
    ),
    draw=draw_means,
)


def has_masses(points: Points) -> bool:
    """Whether weights are not negative, by which no cluster loses all of its mass."""
    return bool((points.affinity >= 0).all())


def is_gentle(points: Points) -> bool:
    """Whether lambda lambda_min > -2 T, so that whole steps take something off the energy."""
    least, _ = points.case(points.first).spectrum
    return points.prototype == "mean" and points.lam * least > -2 * points.temperature


# --- runs to the end -------------------------------------------------------------------------------------------------

LONG = 400


@dataclass(frozen=True)
class End:
    """The last assignments and prototypes of a long run."""

    assignments: np.ndarray
    prototypes: np.ndarray


def settled(points: Points, rng: np.random.Generator | None = None, n_turns: int = LONG, **options: Any) -> End:
    """Turns until nothing moves."""
    found = run(points, n_turns, record=False, **options)
    return End(found.assignments, found.prototypes)


def settles(points: Points) -> bool:
    """Whether turns by their definition move nothing any more, long before the end."""
    M, Z = points.start, points.begin
    # half of the turns of the run, which rounds in another way and may need a few more
    for _ in range(LONG // 2):
        before = Z
        Z = update(points.case(M), Z)
        M = weighted_means(points.features, Z)
    return bool(np.abs(Z - before).max() <= 1e-11)


# --- few-shot tasks --------------------------------------------------------------------------------------------------


def few_shot_turns(
    points: Points, rng: np.random.Generator | None = None, query_shift: bool = False, **options: Any
) -> Descent:
    """Assignments and energies after each turn of a task; its first K points are its support, one for each class."""
    K = len(points.first)
    # one update per turn, so that every half turn of the claim is one that the call reports
    given: dict[str, Any] = {
        "lam": points.lam,
        "temperature": points.temperature,
        "normalize": None,
        "query_shift": query_shift,
        "turns": TaskTurns(**({"max_inner_iter": 1} | options)),
        "tol": 0.0,
    }
    Z = [points.begin]
    energies = [energy(points.case(points.start), Z[0])]
    for n in range(1, TURNS + 1):
        found = few_shot(points.first, np.arange(K), points.features[K:], max_iter=n, **given)
        if found.n_iter < n:
            break
        Z.append(np.concatenate([np.eye(K), found.probabilities]))
        energies.append(found.energy)
    return Descent(np.stack(Z), np.array(energies))


def has_its_graph(points: Points) -> bool:
    """Whether the affinity is the graph of the points, and these leave no choice of neighbors."""
    return np.array_equal(points.affinity, neighbor_graph(points.features)) and has_clear_neighbors(points.features)


def task_points(features: np.ndarray, n_classes: int, lam: float, temperature: float) -> Points:
    """The points of a task, the support first and clamped, with the graph of them all."""
    clamp = np.r_[np.arange(n_classes), np.full(len(features) - n_classes, -1)]
    return Points(features, neighbor_graph(features), features[:n_classes], "mean", lam, temperature, clamp)


def draw_task_points(draws: Draws) -> Points:
    """Three to six queries around two or three labeled points, with a mild or strong pull."""
    n, k = draws.integers(3, 6), draws.integers(2, 3)
    features = draws.floats(-1.0, 1.0, shape=(k + n, 2))
    # the claim computes the graph again, so nearly equal distances, which rounding could order, are left out
    if not has_clear_neighbors(features):
        features = FIXED_TASK[: k + n]
    return task_points(features, k, draws.choice((0.25, 1.0, 4.0)), draws.choice((0.25, 1.0)))


FIXED_TASK = np.array(
    [[-1.0, 0.0], [1.0, 0.0], [-0.5, 0.25], [-0.25, -0.5], [0.125, 0.5], [0.75, 0.0], [0.5, -0.625], [0.0, 1.5], [2, 1]]
)
#: queries in a square whose neighbors are all on the other side of the middle
CROSSED = np.array([[-3.0, 0, 0], [3, 0, 0], [-1 / 64, 1, 1], [1 / 64, 1, -1], [-1 / 64, -1, -1], [1 / 64, -1, 1]])
TASKS = Family(
    "tasks-in-turns",
    always=(
        task_points(FIXED_TASK[:6], 2, 0.25, 1.0),
        task_points(FIXED_TASK, 3, 4.0, 0.25),
        task_points(CROSSED, 2, 4.0, 1.0),
    ),
    draw=draw_task_points,
)


# --- motions ---------------------------------------------------------------------------------------------------------

# 3/5 and 4/5 are sine and cosine of an angle that is no symmetry of a grid
ROTATION = np.array([[0.6, -0.8], [0.8, 0.6]])
SHIFT = np.array([3.0, -5.0])


@dataclass(frozen=True)
class Moved:
    """Assignments and prototypes after a turn, of points and of the same points after a motion."""

    assignments: np.ndarray
    prototypes: np.ndarray
    moved_assignments: np.ndarray
    moved_prototypes: np.ndarray


def in_motion(points: Points, rng: np.random.Generator | None = None, rotation: np.ndarray = ROTATION) -> Moved:
    """One turn of the points, and one after all of them and the first prototypes are turned and shifted."""
    turned = replace(points, features=points.features @ rotation.T + SHIFT, first=points.first @ rotation.T + SHIFT)
    ends = [run(one, 1) for one in (points, turned)]
    return Moved(*(part for one in ends for part in (one.assignments, one.prototypes)))


def draw_planar(draws: Draws) -> Points:
    """Points with means."""
    points = draw_points(draws)
    return replace(points, prototype="mean")


PLANAR = Family(
    "planar",
    always=(
        Points(
            np.stack([LINE[:, 0], LINE[::-1, 0] ** 2], axis=1),
            CHAIN,
            np.array([[-1.0, 0.0], [0.5, 1.0]]),
            "mean",
            0.25,
            1.0,
            np.full(7, -1),
        ),
    ),
    draw=draw_planar,
)


# --- one step of the prototypes --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weighted:
    """Points, soft assignments, and prototypes."""

    features: np.ndarray
    assignments: np.ndarray
    centers: np.ndarray

    @property
    def spoiled(self) -> float:
        """Rounding of sums over all points and features."""
        largest = 1 + np.abs(self.features).max() + np.abs(self.centers).max()
        return rounding(256 * self.features.size * len(self.centers), float(4 * largest**2 * self.features.size))


def weighted_means(X: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return sum_p w_pl x_p / sum_p w_pl, by definition."""
    return weights.T @ X / weights.sum(0)[:, None]


def means(weighted: Weighted, rng: np.random.Generator | None = None) -> np.ndarray:
    """The soft means."""
    return prototypes.weighted_means(np, weighted.features, weighted.assignments, weighted.centers)


def one_shift(weighted: Weighted, rng: np.random.Generator | None = None, bandwidth: float = 1.0) -> np.ndarray:
    """One step of mean shift, as `shifted` repeats it."""
    squares = prototypes.squared_distances(np, weighted.features, weighted.centers)
    pull = weighted.assignments * prototypes.kernel_of(np, squares, bandwidth)
    return prototypes.weighted_means(np, weighted.features, pull, weighted.centers)


def draw_weighted(draws: Draws) -> Weighted:
    """Up to seven points in the plane."""
    n, k = draws.integers(2, 7), draws.integers(2, 3)
    features = draws.integers(-8, 8, shape=(n, 2)) / 4
    return Weighted(features, draw_simplex(draws, n, k), draws.integers(-8, 8, shape=(k, 2)) / 4)


WEIGHTED = Family(
    "weighted", always=(Weighted(LINE, np.full((7, 2), 0.5), np.array([[-1.0], [1.0]])),), draw=draw_weighted
)
