"""Two points that swap, directed rings that turn, and two starts of one problem."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family
from proofs_checks.transductive_clustering.families.problems import (
    ALWAYS,
    Case,
    Descent,
    descend,
    draw_directed,
    draw_simplex,
    held,
    two_points,
)


def ring(n: int, lam: float, own: float = 0.8) -> Case:
    """n points in a circle, each pulled by the next one alone; point i starts near label i."""
    affinity = np.roll(np.eye(n), 1, axis=1)
    init = np.full((n, n), (1 - own) / (n - 1)) + (own - (1 - own) / (n - 1)) * np.eye(n)
    return Case(np.zeros((n, n)), affinity, lam, 1.0, init, np.full(n, -1))


def ring_run(case: Case, rng: np.random.Generator | None = None, symmetric: bool = False) -> Descent:
    """Many whole updates."""
    if symmetric:
        case = replace(case, affinity=(case.affinity + case.affinity.T) / 2)
    return descend(case, n_updates=600)


RINGS = Family("rings", always=(ring(3, 3.0), ring(3, 4.0), ring(4, 4.0)))
SLOW_RINGS = Family("slow-rings", always=(ring(3, 2.5),))
CYCLES = Family("directed-cycles", always=(ring(3, 4.0),))
FAR = Family("far-above", always=(two_points(4.0, share=0.59375), two_points(3.0, share=0.59375)))
#: not safe for the energy that the published code prints, though safe for the right one
PRINTED = Family("printed", always=tuple(two_points(lam, share=0.9375, side="same") for lam in (1.5, 1.90625)))


@dataclass(frozen=True)
class Pairwise:
    """A problem, and another start with the same rows where labels are held."""

    case: Case
    other: np.ndarray


def two_updates(pair: Pairwise, rng: np.random.Generator | None = None, colder: bool = False) -> np.ndarray:
    """One update from each start, (2, N, K)."""
    case = replace(pair.case, temperature=pair.case.temperature / (1 + colder))
    return np.stack([descend(replace(case, init=Z), n_updates=1).assignments[1] for Z in (case.init, pair.other)])


def draw_pair(draws: Draws) -> Pairwise:
    """Any weights, and two starts."""
    case = draw_directed(draws)
    other = held(replace(case, init=draw_simplex(draws, case.n, case.n_clusters))).init
    return Pairwise(case, other)


#: near the uniform assignments the bound is met
NEAR = two_points(1.0, share=0.5 + 2.0**-10)
PAIRS = Family(
    "two-starts",
    always=(Pairwise(NEAR, np.full((2, 2), 0.5)), *(Pairwise(one, one.init) for one in ALWAYS)),
    draw=draw_pair,
)
