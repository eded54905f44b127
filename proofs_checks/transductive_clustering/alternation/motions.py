"""Turns follow the points under rotations and shifts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Draws, Family, Identity, Sides, Statement, saboteur
from proofs_checks.transductive_clustering.families.paths import strays
from proofs_checks.transductive_clustering.families.points import CHAIN, LINE, Points, draw_points, run

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


def unmoved_prototypes(points: Points, rng: np.random.Generator) -> Moved:
    """Prototypes that do not go with the points."""
    found = in_motion(points)
    return replace(found, moved_prototypes=found.prototypes)


def carried(points: Points, found: Moved) -> Sides:
    """Compare assignments and prototypes of the moved points with those of the points, moved."""
    lhs = np.r_[found.moved_assignments.ravel(), found.moved_prototypes.ravel()]
    rhs = np.r_[found.assignments.ravel(), (found.prototypes @ ROTATION.T + SHIFT).ravel()]
    off = strays(points.case(points.start), np.stack([points.begin, found.assignments]), damped=True)[1]
    return Sides(np.r_[lhs, off], np.r_[rhs, 0.0], rounding=16 * points.spoiled)


TC_S9_MOTION = Statement(
    id="transductive_clustering/TC-S9-motion",
    title="Turning and shifting all points turns and shifts the prototypes alone",
    says=(
        "If all points X and first prototypes are turned by a rotation Q and shifted by a vector t, then the "
        "assignments Z stay as they are, and the prototypes M move along: M becomes M Q' + 1 t', where 1 is a column "
        "of ones."
    ),
    source=Classical("invariance of distances under motions", "definition"),
    tex=r"X \to X Q' + 1 t' \Rightarrow Z \to Z,\ M \to M Q' + 1 t'",
    hypotheses={"means": lambda points: points.prototype == "mean"},
    instances=PLANAR,
    solve=in_motion,
    claim=Identity(carried),
    saboteurs=(
        saboteur("the points are sheared", solve=partial(in_motion, rotation=np.array([[1.0, 0.5], [0.0, 1.0]]))),
        saboteur("the prototypes stay", solve=unmoved_prototypes),
    ),
)
