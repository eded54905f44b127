"""Small assignment problems: costs, an affinity, lambda, T, a start, and rows that are held."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.transductive_clustering import BoundResult, bound_update


@dataclass(frozen=True)
class Case:
    """An assignment problem and the parameters of its energy.

    Attributes
    ----------
    costs : ndarray of shape (N, K)
        A.
    affinity : ndarray of shape (N, N)
        W.
    lam, temperature : float
        lambda and T.
    init : ndarray of shape (N, K)
        The start; rows that are held stand at their label.
    clamp : ndarray of shape (N,)
        Labels that are held; -1 is free.
    """

    costs: np.ndarray
    affinity: np.ndarray
    lam: float
    temperature: float
    init: np.ndarray
    clamp: np.ndarray

    @property
    def n(self) -> int:
        """Number of points."""
        return self.costs.shape[0]

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return self.costs.shape[1]

    @property
    def free(self) -> np.ndarray:
        """Which rows are free."""
        return self.clamp < 0

    @property
    def spectrum(self) -> tuple[float, float]:
        """Least eigenvalue and spectral norm of the free block of W."""
        block = self.affinity[np.ix_(self.free, self.free)].astype(float)
        if not len(block):
            return 0.0, 0.0
        values = np.linalg.eigvalsh((block + block.T) / 2)
        return float(values[0]), float(np.linalg.norm(block, 2))

    @property
    def scale(self) -> float:
        """What no part of an energy exceeds by much."""
        parts = np.abs(self.costs).sum() + self.lam * np.abs(self.affinity).sum()
        return float(1 + parts + self.temperature * self.n * np.log(self.n_clusters + 1))

    @property
    def spoiled(self) -> float:
        """Rounding of sums over all entries."""
        return rounding(64 * self.costs.size * (self.n + 1), self.scale)


@dataclass(frozen=True)
class Descent:
    """What an optimiser went through: assignments (n + 1, N, K) and energies (n + 1,), from the start on."""

    assignments: np.ndarray
    energies: np.ndarray


def optimised(case: Case, **options: Any) -> BoundResult:
    """What the optimiser returns after whole updates, or others on request, with no test of convergence."""
    given = {"lam": case.lam, "temperature": case.temperature, "init": case.init, "clamp": case.clamp}
    return bound_update(case.costs, case.affinity, **given, **({"damping": 1.0, "tol": 0.0} | options))


def descend(case: Case, rng: np.random.Generator | None = None, n_updates: int = 12, **options: Any) -> Descent:
    """So many updates, one by one."""
    found = optimised(case, max_iter=n_updates, record=True, **options)
    return Descent(found.trace["assignments"], found.trace["energies"])


# --- by their definitions --------------------------------------------------------------------------------------------


def pairs(case: Case, Z: np.ndarray, Y: np.ndarray | None = None) -> float:
    """tr(Z' W Y)."""
    return (Z * (case.affinity @ (Z if Y is None else Y))).sum()


def logs(Z: np.ndarray) -> np.ndarray:
    """z log z, 0 at 0."""
    Z = np.asarray(Z, dtype=float)
    return np.where(Z > 0, Z * np.log(np.where(Z > 0, Z, 1)), 0.0)


def energy(case: Case, Z: np.ndarray, weight: float = 0.5) -> float:
    """R_T(Z), term by term; `weight` is that of the pairs over lambda."""
    return case.temperature * logs(Z).sum() + (case.costs * Z).sum() - weight * case.lam * pairs(case, Z)


def divergence(case: Case, P: np.ndarray, Q: np.ndarray) -> float:
    """KL(P || Q) over the free rows; huge where Q has a zero that P has not."""
    P, Q = (np.asarray(one, dtype=float)[case.free] for one in (P, Q))
    ratio = np.where(P > 0, P, 1) / np.where(P > 0, np.maximum(Q, np.finfo(float).tiny), 1)
    return (P * np.log(ratio)).sum()


def update(case: Case, Z: np.ndarray) -> np.ndarray:
    """S(Z), the softmax of (lambda W Z - A) / T in the free rows."""
    logits = (case.lam * (case.affinity @ Z) - case.costs) / case.temperature
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.where(case.free[:, None], powers / powers.sum(1, keepdims=True), Z)


def vertices(case: Case) -> np.ndarray:
    """All labels that agree with those that are held, (n_vertices, N)."""
    options = [range(case.n_clusters) if held < 0 else [int(held)] for held in case.clamp]
    return np.array(list(itertools.product(*options)))


def one_hot(labels: np.ndarray, n_clusters: int) -> np.ndarray:
    """Assignments of labels."""
    return np.eye(n_clusters, dtype=int)[np.asarray(labels, dtype=np.int64)]


def discrete(case: Case, Z: np.ndarray):
    """<A, Z> - (lambda / 2) tr(Z' W Z)."""
    half = case.lam / 2
    return (case.costs * Z).sum() - half * pairs(case, Z)


# --- families --------------------------------------------------------------------------------------------------------


def draw_affinity(draws: Draws, n: int, diagonal: int = 0) -> np.ndarray:
    """A symmetric table of small weights; `diagonal` is added to the diagonal, which is 0 otherwise."""
    upper = np.triu(draws.integers(0, 3, shape=(n, n)), 1)
    return (upper + upper.T) / 2 + diagonal * np.eye(n)


def draw_simplex(draws: Draws, n: int, n_clusters: int) -> np.ndarray:
    """Rows of sixteenths that add up to one, all positive."""
    weights = draws.integers(1, 4, shape=(n, n_clusters))
    weights[:, 0] = np.maximum(1, 16 - weights[:, 1:].sum(1))
    return weights / weights.sum(1, keepdims=True)


def draw_case(draws: Draws) -> Case:
    """Up to six points and three clusters; the pull of the neighbours is mild or strong, some rows are held."""
    n, n_clusters = draws.integers(2, 6), draws.integers(2, 3)
    costs = draws.integers(0, 8, shape=(n, n_clusters)) / 4
    clamp = np.where(draws.integers(0, 3, shape=n) == 0, draws.integers(0, n_clusters - 1, shape=n), -1)
    clamp[draws.integers(0, n - 1)] = -1
    case = Case(
        costs,
        draw_affinity(draws, n, draws.integers(0, 1)),
        draws.choice((0.0, 0.25, 1.0, 4.0)),
        draws.choice((0.5, 1.0, 2.0)),
        draw_simplex(draws, n, n_clusters),
        clamp,
    )
    return held(case)


def held(case: Case) -> Case:
    """The same with the rows that are held at their label."""
    labels = one_hot(np.maximum(case.clamp, 0), case.n_clusters)
    return replace(case, init=np.where(case.free[:, None], case.init, labels))


def two_points(lam: float, share: float = 0.625, side: str = "opposite") -> Case:
    """Two points that attract each other, no costs; they start on opposite sides, or on the same."""
    first = np.array([share, 1 - share])
    init = np.stack([first, first[::-1] if side == "opposite" else first])
    return Case(np.zeros((2, 2)), np.array([[0.0, 1.0], [1.0, 0.0]]), lam, 1.0, init, np.array([-1, -1]))


ALONE = Case(np.array([[0.0, 1.0]]), np.zeros((1, 1)), 1.0, 1.0, np.array([[0.5, 0.5]]), np.array([-1]))
HELD = held(replace(two_points(2.0), clamp=np.array([1, -1])))
ALWAYS = (ALONE, two_points(1.0), two_points(4.0), HELD)
CASES = Family("assignment-problems", always=ALWAYS, draw=draw_case)


def is_symmetric(case: Case) -> bool:
    """Whether W is symmetric."""
    return bool((case.affinity == case.affinity.T).all())


def is_safe(case: Case) -> bool:
    """Whether lambda lambda_min >= -2 T, with a little to spare for the eigenvalue."""
    least = case.spectrum[0] - rounding(64 * case.n**2, 1 + float(np.abs(case.affinity).sum()))
    return case.lam * least >= -2 * case.temperature


def draw_safe(draws: Draws) -> Case:
    """Problems with a lambda for which whole steps are safe."""
    case = draw_case(draws)
    least = case.spectrum[0]
    largest = 2 * case.temperature / -least if least < 0 else case.lam
    return replace(
        case, lam=min(case.lam, float(np.floor(1024 * largest) / 1024) - 1 / 1024 if least < 0 else case.lam)
    )


SAFE = Family("safe-problems", always=(ALONE, two_points(1.0), two_points(1.96875), HELD), draw=draw_safe)
UNSAFE = Family("unsafe-problems", always=(two_points(2.5), two_points(4.0)))


def draw_directed(draws: Draws) -> Case:
    """Any weights, symmetric or not."""
    case = draw_case(draws)
    return replace(case, affinity=draws.integers(0, 3, shape=(case.n, case.n)) / 2)


DIRECTED = Family("directed", always=ALWAYS, draw=draw_directed)


def draw_small(draws: Draws) -> Case:
    """At most four points, for all labels."""
    case = draw_case(draws)
    keep = slice(0, min(case.n, 4))
    small = replace(
        case, costs=case.costs[keep], affinity=case.affinity[keep, keep], init=case.init[keep], clamp=case.clamp[keep]
    )
    return small


SMALL = Family("small-problems", always=ALWAYS, draw=draw_small)
NEGATIVE_DIAGONAL = Family(
    "negative-diagonal",
    always=(Case(np.zeros((1, 2)), np.array([[-1.0]]), 1.0, 1.0, np.array([[0.5, 0.5]]), np.array([-1])),),
)
#: argmax rounding loses here: every point follows the other one away
FICKLE = replace(two_points(1.0), init=np.array([[0.53125, 0.46875], [0.46875, 0.53125]]))
#: everything is equal
TIED = replace(two_points(1.0), init=np.full((2, 2), 0.5))
ROUNDED = Family("rounded", always=(*ALWAYS, FICKLE, TIED), draw=draw_small)
