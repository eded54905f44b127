"""Two points that swap or agree, directed rings that turn, and two starts of one problem."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family
from proofs_checks.transductive_clustering.families.definitions import Case
from proofs_checks.transductive_clustering.families.problems import two_points

SWAPS = 60  # updates


def draw_printed(draws: Draws) -> Case:
    """On the same side, with a lambda between T and 2 T."""
    case = two_points(draws.integers(17, 31) / 16, share=draws.integers(33, 62) / 64, side="same")
    return replace(case, path=draws.choice(("dense", "sparse")))


#: not safe for the energy that the published code prints, though safe for the right one
PRINTED = Family(
    "printed",
    always=tuple(two_points(lam, share=share, side="same") for lam, share in ((1.5, 0.75), (1.90625, 0.9375))),
    draw=draw_printed,
)


def ring(n: int, lam: float, own: float = 0.8) -> Case:
    """n points in a circle, each pulled by the next one alone; point i starts near label i."""
    affinity = np.roll(np.eye(n), 1, axis=1)
    init = np.full((n, n), (1 - own) / (n - 1)) + (own - (1 - own) / (n - 1)) * np.eye(n)
    return Case(np.zeros((n, n)), affinity, lam, 1.0, init, np.full(n, -1))


CYCLES = Family("directed-cycles", always=(ring(3, 4.0),))


@dataclass(frozen=True)
class Pairwise:
    """A problem, and another start with the same clamped rows."""

    case: Case
    other: np.ndarray


def are_equal_where_clamped(pair: Pairwise) -> bool:
    """Whether both starts agree on the clamped rows."""
    return bool((pair.case.init == pair.other)[~pair.case.free].all())
