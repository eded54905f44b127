"""Two points that swap or agree, directed rings that turn, and two starts of one problem."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering.families.definitions import Case, is_safe
from proofs_checks.transductive_clustering.families.paths import Descent, descend
from proofs_checks.transductive_clustering.families.problems import (
    ALWAYS,
    draw_directed,
    draw_simplex,
    two_points,
    with_clamped_rows,
)

# --- two points ------------------------------------------------------------------------------------------------------

SWAPS = 60  # updates


def offset(case: Case) -> float:
    """e of a start (1/2 + e, 1/2 - e)."""
    return float(case.init[0, 0]) - 0.5


def are_two_points(case: Case, side: str) -> bool:
    """Whether two free points attract each other, cost nothing, and start away from 1/2 as they should."""
    if case.costs.shape != (2, 2) or not case.free.all() or not 0 < offset(case) < 0.5:
        return False
    wanted = two_points(case.lam, case.init[0, 0], side)
    same = zip((case.costs, case.affinity, case.init), (wanted.costs, wanted.affinity, wanted.init), strict=True)
    return all(np.array_equal(a, b) for a, b in same)


def start_rises(case: Case) -> bool:
    """Whether lambda / T is above the threshold of the start."""
    e = offset(case)
    return 0 < e < 0.5 and case.lam / case.temperature > float(theory.two_point_threshold(e))


def printed_rises(case: Case) -> bool:
    """Whether lambda / T is above the threshold of the printed energy, up to 2, where the right one falls."""
    e = offset(case)
    threshold = float(theory.printed_energy_threshold(e)) if 0 < e < 0.5 else np.inf
    return is_safe(case) and case.lam / case.temperature > threshold


def draw_far(draws: Draws) -> Case:
    """Far enough above the threshold, or not."""
    # 33 / 16 is just above 2, the threshold of small offsets; for large ones it is higher, and the hypothesis decides
    case = two_points(draws.integers(33, 96) / 16, share=draws.integers(33, 56) / 64)
    return replace(case, path=draws.choice(("dense", "sparse")))


def draw_printed(draws: Draws) -> Case:
    """On the same side, with a lambda between T and 2 T."""
    case = two_points(draws.integers(17, 31) / 16, share=draws.integers(33, 62) / 64, side="same")
    return replace(case, path=draws.choice(("dense", "sparse")))


FAR = Family("far-above", always=(two_points(4.0, share=0.59375), two_points(3.0, share=0.59375)), draw=draw_far)
#: the first start is too far out, for the second lambda is below 2 T
CALM = Family("calm", always=(two_points(2.0078125, share=0.59375), two_points(1.0)))
#: not safe for the energy that the published code prints, though safe for the right one
PRINTED = Family(
    "printed",
    always=tuple(two_points(lam, share=share, side="same") for lam, share in ((1.5, 0.75), (1.90625, 0.9375))),
    draw=draw_printed,
)
MILD = Family("mild", always=(two_points(0.5, share=0.75, side="same"), two_points(1.0, share=0.9375, side="same")))

# --- rings -----------------------------------------------------------------------------------------------------------


def ring(n: int, lam: float, own: float = 0.8) -> Case:
    """n points in a circle, each pulled by the next one alone; point i starts near label i."""
    affinity = np.roll(np.eye(n), 1, axis=1)
    init = np.full((n, n), (1 - own) / (n - 1)) + (own - (1 - own) / (n - 1)) * np.eye(n)
    return Case(np.zeros((n, n)), affinity, lam, 1.0, init, np.full(n, -1))


def is_a_ring(case: Case) -> bool:
    """Whether the points are in a circle, cost nothing, and start alike, with more than 1/K of their own label."""
    n = case.n
    if case.costs.shape != (n, n) or n < 3 or not case.free.all() or not 1 / n < case.init[0, 0] < 1:
        return False
    wanted = ring(n, case.lam, float(case.init[0, 0]))
    return bool(
        np.array_equal(case.affinity, wanted.affinity)
        and not case.costs.any()
        and np.abs(case.init - wanted.init).max() <= 1e-15
    )


def ring_is_kept(case: Case) -> bool:
    """Whether lambda / T is above the weight from which the ring keeps the share that it starts with."""
    own = float(case.init[0, 0])
    return 1 / case.n < own < 1 and case.lam / case.temperature > float(theory.ring_weight(own, case.n))


def ring_run(
    case: Case, rng: np.random.Generator | None = None, symmetric: bool = False, n_updates: int = SWAPS
) -> Descent:
    """Many whole updates."""
    if symmetric:
        case = replace(case, affinity=(case.affinity + case.affinity.T) / 2)
    return descend(case, n_updates=n_updates)


def draw_ring(draws: Draws) -> Case:
    """Three to five points, with a weight that may be above the threshold."""
    n = draws.integers(3, 5)
    case = ring(n, draws.integers(20, 48) / 8, own=draws.integers(8, 15) / 16)
    return replace(case, path=draws.choice(("dense", "sparse")))


RINGS = Family("rings", always=(ring(3, 3.0), ring(3, 4.0), ring(4, 4.0)), draw=draw_ring)
SLOW_RINGS = Family("slow-rings", always=(ring(3, 2.5),))
CYCLES = Family("directed-cycles", always=(ring(3, 4.0),))

# --- two starts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pairwise:
    """A problem, and another start with the same clamped rows."""

    case: Case
    other: np.ndarray


def are_equal_where_clamped(pair: Pairwise) -> bool:
    """Whether both starts agree on the clamped rows."""
    return bool((pair.case.init == pair.other)[~pair.case.free].all())


def two_updates(pair: Pairwise, rng: np.random.Generator | None = None, colder: bool = False) -> np.ndarray:
    """One update from each start, (2, N, K)."""
    case = replace(pair.case, temperature=pair.case.temperature / (1 + colder))
    return np.stack([descend(replace(case, init=Z), n_updates=1).assignments[1] for Z in (case.init, pair.other)])


def draw_pair(draws: Draws) -> Pairwise:
    """Any weights, and two starts."""
    case = draw_directed(draws)
    other = with_clamped_rows(replace(case, init=draw_simplex(draws, case.n, case.n_clusters))).init
    return Pairwise(case, other)


#: near the uniform assignments the bound is met
NEAR = two_points(1.0, share=0.5 + 2.0**-10)
PAIRS = Family(
    "two-starts",
    always=(Pairwise(NEAR, np.full((2, 2), 0.5)), *(Pairwise(one, one.init) for one in ALWAYS)),
    draw=draw_pair,
)


def draw_near_uniform(draws: Draws) -> Case:
    """An affinity with its eigenvector of the largest eigenvalue in size, along which the start is off uniform."""
    case = draw_directed(draws)
    W = (case.affinity + case.affinity.T) / 2
    K = case.n_clusters
    # along this difference rows keep the sum 1
    across = np.eye(K)[0] - np.eye(K)[1]
    values, vectors = np.linalg.eigh(W)
    along = vectors[:, np.abs(values).argmax()]
    return Case(
        np.zeros_like(case.costs),
        W,
        # not 0, since without a pull the update is uniform at once
        case.lam + 0.25,
        case.temperature,
        # so near that the quadratic term is far below the linear one, and still far above rounding
        1 / K + 2.0**-12 * along[:, None] * across,
        np.full(case.n, -1),
        case.path,
    )


def is_along_an_eigenvector(case: Case) -> bool:
    """Whether no row is clamped and the start is off uniform along eigenvectors of the largest eigenvalue in size."""
    off = case.init - 1 / case.n_clusters
    radius = float(np.abs(np.linalg.eigvalsh(case.affinity)).max())
    missing = radius * np.linalg.norm(off) - np.linalg.norm(case.affinity @ off)
    return bool(case.free.all()) and abs(missing) <= 1e-12 * radius * np.linalg.norm(off)


UNIFORM = Family("near-uniform", always=(NEAR, replace(NEAR, path="sparse")), draw=draw_near_uniform)
