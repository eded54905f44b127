"""Instances of payoffs that are known to lie in a box."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.alpha_rank import kuhn_policies, load_kuhn, sample_matches, theory
from lrtheory.bounds import Draws, Family


@dataclass(frozen=True)
class Box:
    """The payoffs of a game (K, *sizes), intervals that should contain them, and the perturbation of its chain."""

    payoffs: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    epsilon: float


def is_inside(box: Box) -> bool:
    """Tell whether every payoff lies in its interval."""
    return bool(((box.lower <= box.payoffs) & (box.payoffs <= box.upper)).all())


def kuhn_box(n_matches: int = 2000, delta: float = 0.1) -> Box:
    """Make intervals from sampled matches of three-player Kuhn poker, around exact payoffs of fictitious play."""
    game, policies = load_kuhn(3, iterations=1), kuhn_policies(3, iterations=1)
    rng = np.random.default_rng(0)
    means = np.empty(game.payoffs.shape)
    for profile in np.ndindex(game.sizes):
        means[(slice(None), *profile)] = sample_matches(policies, profile, n_matches, rng=rng).mean(0)
    radius = 6 * theory.hoeffding_radius(n_matches, delta=delta, n_means=means.size, anytime=False)  # -2 to 4 chips
    return Box(game.payoffs, means - radius, means + radius, 0.125)


def draw_box(draws: Draws, sizes: tuple[tuple[int, ...], ...] = ((2, 2), (1, 3), (2, 3))) -> Box:
    """Draw a small game, and intervals that contain its payoffs."""
    chosen = draws.choice(sizes)
    shape = (len(chosen), *chosen)
    # in quarters ends often coincide, and sums are exact
    payoffs, below, above = (draws.integers(0, high, shape=shape) / 4.0 for high in (20, 5, 5))
    return Box(payoffs, payoffs - below, payoffs + above, draws.choice((0.125, 0.25)))


def at_a_point(payoffs: list) -> Box:
    """Make a box of known payoffs, without width; edges that are ties stay open."""
    known = np.array(payoffs)
    return Box(known, known, known, 0.125)


BOXES = Family(
    "boxes",
    always=lambda: (
        Box(np.array([[0.0, 1.0]]), np.array([[0.0, 0.0]]), np.array([[1.0, 1.0]]), 0.25),
        Box(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.5]]), 0.25),  # nothing is open
        at_a_point([[[0.0, 0.0], [0.25, 0.0]], [[0.25, 0.0], [0.0, 0.0]]]),
        kuhn_box(),
    ),
    draw=draw_box,
)
MISSED_BOXES = Family(
    "missed-boxes",
    always=(Box(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.5]]), 0.25),),
)
# large enough that the distance to the target, in steps, and the hitting time order the ends of some edge differently
FOUR_OPEN_EDGES = Box(
    payoffs=np.array([[[5.0, 2, 1], [8, 0, 2], [5, 7, 5]], [[7, -1, 2], [4, 3, 3], [3, 0, -1]]]),
    lower=np.array([[[5.0, 2, 1], [8, 0, 2], [5, 7, 5]], [[7, -1, 2], [4, 3, 3], [3, 0, -1]]]),
    upper=np.array([[[6.0, 3, 2], [9, 1, 3], [6, 7, 6]], [[7, 1, 3], [6, 3, 3], [3, 0, 0]]]),
    epsilon=0.125,
)
THREE_BY_THREE = Family("three-by-three-boxes", always=(FOUR_OPEN_EDGES,))
SMALL_BOXES = Family(
    "small-boxes",
    always=(
        Box(np.array([[0.0, 1.0]]), np.array([[0.0, 0.0]]), np.array([[1.0, 1.0]]), 0.25),
        Box(np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]]), np.array([[1.0, 2.0]]), 0.125),  # intervals that touch
        FOUR_OPEN_EDGES,
    ),
    draw=lambda draws: draw_box(draws, sizes=((2, 2), (1, 3), (1, 2))),
)


def touching(low: float, below: float, above: float, epsilon: float) -> Box:
    """Make two strategies, the interval of the first just below that of the second; payoffs at the outer ends."""
    ends = np.array([[low - below, low]]), np.array([[low, low + above]])
    return Box(np.array([[low - below, low + above]]), *ends, epsilon)


TOUCHING = Family(
    "touching-intervals",
    always=(touching(1.0, 1.0, 1.0, 0.25), touching(0.0, 1.0, 3.0, 0.125), touching(-2.0, 1.0, 7.0, 0.0625)),
    draw=lambda draws: touching(*(draws.integers(0, 8) / 4 for _ in range(3)), draws.choice((0.125, 0.25, 0.375))),
)


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
UNNESTED_BOXES = Family("unnested-boxes", always=(NestedBoxes(WIDE, POINT),))


# --- single populations ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SquareBox:
    """A table of a single population (n, n), intervals that should contain it, and the perturbation of its chain."""

    table: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    epsilon: float


def holds_table(box: SquareBox) -> bool:
    """Tell whether every payoff lies in its interval."""
    return bool(((box.lower <= box.table) & (box.table <= box.upper)).all())


def win_rates(above: list, width: list, epsilon: float = 0.125) -> SquareBox:
    """Make win rates of the pairs in the upper triangle, in eighths, and intervals that reach as far on both sides."""
    n = round((1 + (1 + 8 * len(above)) ** 0.5) / 2)
    table, reach = np.full((n, n), 0.5), np.zeros((n, n))
    pairs = np.triu_indices(n, 1)
    table[pairs], reach[pairs] = np.array(above) / 8, np.array(width) / 8
    table.T[pairs], reach.T[pairs] = 1 - table[pairs], reach[pairs]
    return SquareBox(table, table - reach, table + reach, epsilon)


def at_the_table(table: list, reach: float) -> SquareBox:
    """Make a table of any payoffs, and intervals that reach as far on both sides of every entry."""
    known = np.array(table, dtype=np.float64)
    return SquareBox(known, known - reach, known + reach, 0.125)


def draw_square(draws: Draws) -> SquareBox:
    """Draw win rates of three to five players, or payoffs without a constant sum; few pairs are open, ends coincide."""
    n = draws.choice((3, 4, 5))
    n_pairs = n * (n - 1) // 2
    if draws.choice((True, False)):
        reach = draws.integers(0, 3, shape=(n_pairs,)) * draws.integers(0, 2, shape=(n_pairs,))
        return win_rates(draws.integers(0, 9, shape=(n_pairs,)), reach, draws.choice((0.125, 0.25)))
    table = draws.integers(-8, 9, shape=(n, n)) / 4.0
    below, above = (draws.integers(0, 5, shape=(n, n)) / 4.0 for _ in range(2))
    return SquareBox(table, table - below, table + above, draws.choice((0.125, 0.25)))


SQUARES = Family(
    "square-boxes",
    always=(
        win_rates([6, 2, 6], [0, 0, 0]),  # a cycle that is certain
        win_rates([5, 7, 6], [2, 0, 0], 0.25),  # who is first is open
        win_rates([4, 6, 5], [0, 1, 2]),  # a tie that is certain, and intervals that touch
        at_the_table([[3, 2, 5], [4, 1, 0], [5, 3, 2]], 1),  # payoffs of no constant sum
        win_rates([5, 5, 2, 6, 5, 4], [1, 2, 3, 1, 2, 1]),
        win_rates([6, 5, 3, 4, 7, 4, 5, 5, 2, 6], [1, 2, 0, 3, 0, 1, 2, 0, 1, 3]),
    ),
    draw=draw_square,
)
MISSED_SQUARES = Family(
    "missed-square-boxes",
    always=(replace(win_rates([6, 6, 6], [1, 1, 1]), table=win_rates([2, 2, 2], [1, 1, 1]).table),),
)
