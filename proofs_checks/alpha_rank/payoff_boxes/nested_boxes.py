"""Ranking intervals of a box that lies in another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lrtheory.alpha_rank import theory
from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Sides, Statement, saboteur
from proofs_checks.alpha_rank.families.boxes import Box, brute_force, draw_box, exact_intervals
from proofs_checks.alpha_rank.families.response_graphs import (
    CERTAIN,
    HIDDEN,
    LOWER,
    NAMES,
    PAYOFF,
    TIED,
    UPPER,
    edges,
    renamed,
)
from proofs_checks.alpha_rank.families.wrong_solvers import midpoints


@dataclass(frozen=True)
class NestedBoxes:
    """A box inside another one, for the same payoffs."""

    inner: Box
    outer: Box


def is_nested(boxes: NestedBoxes) -> bool:
    """Tell whether the inner box lies in the outer one."""
    inner, outer = boxes.inner, boxes.outer
    boxed = (outer.lower <= inner.lower) & (inner.lower <= inner.upper) & (inner.upper <= outer.upper)
    return bool(boxed.all() and inner.epsilon == outer.epsilon)


def draw_nested(draws: Draws) -> NestedBoxes:
    """Draw a box, and one that is wider by quarters on every side."""
    box = draw_box(draws, sizes=((2, 2), (1, 3), (1, 2)))
    below, above = (draws.integers(0, 4, shape=box.payoffs.shape) / 4 for _ in range(2))
    return NestedBoxes(box, replace(box, lower=box.lower - below, upper=box.upper + above))


POINT = Box(np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]]), 0.25)


WIDE = replace(POINT, lower=POINT.lower - 1, upper=POINT.upper + 1)


NESTED_BOXES = Family("nested-boxes", always=(NestedBoxes(POINT, POINT), NestedBoxes(POINT, WIDE)), draw=draw_nested)


def nested_edges() -> Iterator[NestedBoxes]:
    """Yield pairs of boxes: HIDDEN edges are known in the inner box alone, and TIED ones in neither."""
    for table, epsilon in edges((*CERTAIN, *HIDDEN, *TIED), (1 / 4,)):
        M, L, U = PAYOFF[table], LOWER[table], UPPER[table]
        hidden = np.isin(table, HIDDEN)
        inner = Box(M, np.where(hidden, M, L), np.where(hidden, M, U), epsilon)
        yield NestedBoxes(inner, Box(M, L, U, epsilon))


def n_nested(boxes: NestedBoxes) -> int:
    """Count the pairs of boxes that differ from one by names."""
    ends = (boxes.inner.lower, boxes.inner.upper, boxes.outer.lower, boxes.outer.upper)
    return len(renamed((2, 2), tuple(map(int, sum(4**k * end.ravel() for k, end in enumerate(ends))))))


NESTED_EDGES = All(
    "pairs of nested boxes of payoffs of two players with two strategies each, at epsilon 1/4, in which every edge is "
    "known to point up or down in both or in the inner one alone, or open in both",
    nested_edges,
    members=90,
    orbit=n_nested,
    total=5**4,
    up_to=NAMES,
)


UNNESTED_BOXES = Family("unnested-boxes", always=(NestedBoxes(WIDE, POINT),))


def nested_midpoints(boxes: NestedBoxes, rng: np.random.Generator) -> np.ndarray:
    """Rank the middles of a box and of one around it."""
    return np.stack([midpoints(boxes.inner, rng), midpoints(boxes.outer, rng)])


def nested(boxes: NestedBoxes, rng: np.random.Generator) -> np.ndarray:
    """Compute the ends for the inner and for the outer box."""
    return np.stack([exact_intervals(boxes.inner, rng), exact_intervals(boxes.outer, rng)])


def in_order(boxes: NestedBoxes, ends: np.ndarray) -> Sides:
    """Claim that outer lower, inner lower, inner upper and outer upper end rise, and that their sums enclose 1.

    The ends are compared with the extremes over all orientations, too.
    """
    ordered = np.stack([ends[1, 0], ends[0, 0], ends[0, 1], ends[1, 1]]).reshape(4, -1)
    off = abs(ends.reshape(2, 2, -1) - np.stack([brute_force(boxes.inner), brute_force(boxes.outer)])).ravel()
    sums, n = ordered.sum(axis=1), ordered.shape[1]
    lhs = np.r_[ordered[:-1].ravel(), off, sums[1], -sums[2]]
    rhs = np.r_[ordered[1:].ravel(), 0 * off, Fraction(1), Fraction(-1)]
    return Sides(lhs, rhs, trivial=np.r_[np.ones(len(lhs) - 2), n, 0])


RU_T4 = Statement(
    id="alpha_rank/RU-T4",
    title="Smaller intervals on payoffs give smaller intervals on masses",
    says=(
        "If the box of payoffs [L', U'] lies in the box [L, U], then the interval [l', u'] that it gives for the mass "
        "of a profile lies in the interval [l, u] that the larger box gives."
    ),
    source=Derived(theory.mass_interval),
    tex=r"[L', U'] \subseteq [L, U] \Rightarrow [l', u'] \subseteq [l, u]",
    hypotheses={"nested": is_nested, "epsilon in (0, 1/2)": lambda boxes: 0 < boxes.inner.epsilon < 0.5},
    instances=NESTED_BOXES,
    for_all=(NESTED_EDGES,),
    solve=nested,
    claim=Inequality(in_order),
    saboteurs=(
        saboteur("inner and outer exchanged", breaks="nested", instances=UNNESTED_BOXES),
        saboteur("the middle of each box", solve=nested_midpoints),
    ),
)
