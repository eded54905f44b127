"""Finite laws of features by an old and a new encoder, on which gaps are exact numbers.

The vertices of a regular simplex with K vertices stand in R^K as K e_c - 1, which are integers: two different ones
have the product -K, and each has the square K (K - 1). Divided by K (K - 1) these are the products of unit prototypes,
1 and -1 / (K - 1). A class has a power of two of equally likely items, so that means are exact in doubles.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Draws, Family, OutcomeError
from lrtheory.compatible_representations import compatibility_gap


@dataclass(frozen=True)
class Collapsed:
    """Counts of the items of each class on each vertex, by both encoders: K rows of K counts with one sum."""

    old: tuple[tuple[int, ...], ...]
    new: tuple[tuple[int, ...], ...]

    @property
    def n_items(self) -> int:
        """The number of items of a class."""
        return sum(self.old[0])

    @property
    def products(self) -> np.ndarray:
        """The products of unit prototypes, (K I - J) / (K - 1)."""
        K = len(self.old)
        return np.array([[Fraction(1) if i == j else Fraction(-1, K - 1) for j in range(K)] for i in range(K)], object)


def laws(counts: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """Return the probability of each vertex, given each class."""
    return np.array([[Fraction(int(n), sum(row)) for n in row] for row in counts], object)


def listed(counts: tuple[tuple[int, ...], ...], vertices: np.ndarray) -> np.ndarray:
    """Return the features of all items, class after class."""
    return np.concatenate([np.repeat(vertices, row, axis=0) for row in counts])


def all_gaps(new: np.ndarray, old: np.ndarray, gallery: np.ndarray, n_classes: int) -> np.ndarray:
    """Ask the library for the gap of each class of queries on the items of each class of a gallery.

    The rows are the items of all classes, as many of each, class after class.
    """
    labels = np.repeat(np.arange(n_classes), len(old) // n_classes)
    found = np.zeros((n_classes, n_classes))
    for other in range(n_classes):
        gap = compatibility_gap(
            new,
            old,
            gallery[labels == other],
            query_labels=labels,
            gallery_labels=labels[labels == other],
            delta=None,
        )
        one = gap.by_class
        labelled = np.array(one.classes)
        found[labelled, other] = np.where(labelled == other, one.pair_same, one.pair_different)
    return found


def measured(case: Collapsed, rng: np.random.Generator, *, stretch: int = 1, turned: bool = False) -> np.ndarray:
    """Return the gaps of all pairs of classes by the library, in units of K (K - 1).

    The first vertex is moved out by the factor `stretch`; `turned` exchanges both encoders.
    """
    K = len(case.old)
    vertices = K * np.eye(K) - 1
    vertices[0] *= stretch
    old, new = (listed(counts, vertices) for counts in (case.old, case.new))
    return all_gaps(old, new, new, K) if turned else all_gaps(new, old, old, K)


def in_units(case: Collapsed, gaps: np.ndarray) -> np.ndarray:
    """Return gaps as those of unit prototypes, in rational numbers."""
    K = len(case.old)
    if np.shape(gaps) != (K, K):
        raise OutcomeError("a gap is due for every class of queries and every class of the gallery")
    return np.array([Fraction(gap) / (K * (K - 1)) for gap in np.ravel(gaps).tolist()], object).reshape(K, K)


def is_power(case: Collapsed) -> bool:
    """Decide whether each class has one and the same power of two of items, by both encoders."""
    sums = {sum(row) for row in (*case.old, *case.new)}
    square = {len(row) for row in (*case.old, *case.new)} == {len(case.old)} == {len(case.new)}
    counts = all(n >= 0 for row in (*case.old, *case.new) for n in row)
    return square and counts and len(case.old) > 1 and len(sums) == 1 and case.n_items in (1, 2, 4, 8, 16, 32)


def spread(K: int, n_items: int, others: int) -> tuple[tuple[int, ...], ...]:
    """Return counts that put `others` items of a class on each other vertex, and the rest on its own."""
    own = n_items - (K - 1) * others
    return tuple(tuple(own if c == y else others for c in range(K)) for y in range(K))


def draw_counts(draws: Draws, K: int, n_items: int) -> tuple[tuple[int, ...], ...]:
    """Draw counts of each class: where each of its items is put."""
    places = draws.integers(0, K - 1, shape=(K, n_items))
    return tuple(tuple(np.bincount(row, minlength=K).tolist()) for row in places)


def draw_collapsed(draws: Draws) -> Collapsed:
    """Draw the counts of two encoders on two to five vertices."""
    K, n_items = draws.integers(2, 5), draws.choice((2, 4, 8, 16))
    return Collapsed(draw_counts(draws, K, n_items), draw_counts(draws, K, n_items))


#: an old model that puts nine of sixteen items of the first class on the other vertex, and a new one without errors
SKEWED = Collapsed(((7, 9), (2, 14)), ((16, 0), (0, 16)))

COLLAPSED = Family(
    "collapsed-features",
    always=(
        Collapsed(((2, 0), (1, 1)), ((1, 1), (0, 2))),
        Collapsed(spread(3, 4, 1), spread(3, 4, 0)),
        SKEWED,
        Collapsed(((1, 2, 1), (0, 4, 0), (2, 1, 1)), ((4, 0, 0), (1, 3, 0), (0, 1, 3))),
        Collapsed(spread(5, 16, 3), spread(5, 16, 1)),
    ),
    draw=draw_collapsed,
)
