"""Intervals of mean gaps: queries are independent, and pairs of queries and items of a gallery are not.

A query x of class y has the gap g(x), the mean of <f_n(x) - f_o(x), f_o(x')> over the items x' of class y in a fixed
gallery. With features of norm 1 it lies in [-2, 2].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from lrtheory._numbers.confidence import mean_interval
from lrtheory.bounds import Derived, Draws, Family, OutcomeError, Probability, Statement, saboteur
from lrtheory.compatible_representations import compatibility_gap


@dataclass(frozen=True)
class Asked:
    """Angles of features in the plane, in degrees: queries by both encoders with their classes, and a gallery.

    A query of the law is each of the listed ones with the same probability; n of them are asked.
    """

    new: tuple[int, ...]
    old: tuple[int, ...]
    classes: tuple[int, ...]
    gallery: tuple[int, ...]
    gallery_classes: tuple[int, ...]
    n: int
    delta: float

    @property
    def gaps(self) -> np.ndarray:
        """The gap of each query of the law on items of its class."""
        moved, items = on_circle(self.new) - on_circle(self.old), on_circle(self.gallery)
        same = np.equal.outer(self.classes, self.gallery_classes)
        return ((moved @ items.T) * same).sum(1) / same.sum(1)


def on_circle(degrees: tuple[int, ...]) -> np.ndarray:
    """Return the unit vectors at these angles."""
    angles = np.radians(np.asarray(degrees, float))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def has_partners(case: Asked) -> bool:
    """Decide whether each query of the law has items of its class, and there is a query of each kind of encoder."""
    lengths = len(case.new) == len(case.old) == len(case.classes) > 0 and len(case.gallery) == len(case.gallery_classes)
    return lengths and set(case.classes) <= set(case.gallery_classes) and case.n > 0 and 0 < case.delta < 1


def draw_asked(draws: Draws) -> Asked:
    """Draw a law of four to eight queries of two or three classes, and a gallery of twelve items."""
    K, kinds = draws.integers(2, 3), draws.integers(4, 8)
    new, old = (tuple(draws.integers(0, 359, shape=(kinds,)).tolist()) for _ in range(2))
    classes = tuple(draws.integers(0, K - 1, shape=(kinds,)).tolist())
    gallery = tuple(draws.integers(0, 359, shape=(12,)).tolist())
    return Asked(new, old, classes, gallery, tuple(i % K for i in range(12)), draws.integers(10, 40), 0.3)


#: a gallery of three hundred items in three classes, around their prototypes
AROUND = tuple(120 * (i % 3) + (7 * i) % 41 - 20 for i in range(300))

ASKED = Family(
    "queries-with-gaps",
    always=(
        Asked((0, 60, 0), (30, 30, 60), (0, 0, 0), AROUND, tuple(i % 3 for i in range(300)), 30, 0.3),
        Asked((0, 130, 250, 40), (20, 120, 230, 0), (0, 1, 2, 0), AROUND, tuple(i % 3 for i in range(300)), 60, 0.3),
        Asked((0, 90), (90, 0), (0, 1), (0, 10, 80, 90), (0, 0, 1, 1), 10, 0.3),
    ),
    draw=draw_asked,
)


@dataclass(frozen=True)
class Spanned:
    """The numbers of the queries that were asked in each run, and the ends of its interval of the mean gap."""

    asked: np.ndarray
    ends: np.ndarray


def spanned(case: Asked, rng: np.random.Generator, n: int) -> Spanned:
    """Let the library find the interval of each run."""
    new, old, gallery = on_circle(case.new), on_circle(case.old), on_circle(case.gallery)
    classes, ends = np.array(case.classes), []
    asked = rng.integers(0, len(case.new), size=(n, case.n))
    for run in asked:
        found = compatibility_gap(
            new[run],
            old[run],
            gallery,
            query_labels=classes[run],
            gallery_labels=case.gallery_classes,
            delta=case.delta,
        )
        ends.append(found.same_interval)
    return Spanned(asked, np.array(ends))


def over_pairs(case: Asked, rng: np.random.Generator, n: int) -> Spanned:
    """Take all pairs of a query and an item of its class for independent, with the normal law of their mean."""
    moved, items = on_circle(case.new) - on_circle(case.old), on_circle(case.gallery)
    products, same = moved @ items.T, np.equal.outer(case.classes, case.gallery_classes)
    asked, ends = rng.integers(0, len(case.new), size=(n, case.n)), []
    for run in asked:
        values = products[run][same[run]]
        half = stats.norm.isf(case.delta / 2) * values.std() / math.sqrt(len(values))
        ends.append((values.mean() - half, values.mean() + half))
    return Spanned(asked, np.array(ends))


def missed_or_unfounded(case: Asked, found: Spanned) -> np.ndarray:
    """Whether the interval misses the mean gap of the law, or is not the one of the queries that were asked."""
    gaps, asked, ends = case.gaps, np.asarray(found.asked), np.asarray(found.ends)
    if ends.shape != (len(asked), 2) or asked.shape[1:] != (case.n,):
        raise OutcomeError("the queries of each run and an interval are due")
    known = np.all((asked >= 0) & (asked < len(gaps)), axis=1).tolist()
    truth, events = gaps.mean(), []
    for run, is_known, (low, high) in zip(asked, known, ends, strict=True):
        due = mean_interval((gaps[run] + 2) / 4, case.delta) if is_known else (math.nan, math.nan)
        founded = abs(low - (4 * due[0] - 2)) <= 1e-9 and abs(high - (4 * due[1] - 2)) <= 1e-9
        events.append(not (founded and low <= truth <= high))
    return np.array(events)


SX_20 = Statement(
    id="compatible_representations/SX-20",
    title="Intervals of the mean gap of queries",
    says=(
        "With features of norm 1, independent queries x and a fixed gallery, the interval [l, u] by bets on the gaps "
        "g(x) of n queries, each the mean over the items of its class, misses the mean gap of the law of queries with "
        "probability at most delta."
    ),
    source=Derived(mean_interval),
    tex=r"P(\mathbb E\, g(x) \notin [l, u]) \le \delta",
    hypotheses={"queries with items of their class": has_partners},
    instances=ASKED,
    solve=spanned,
    decisions=("asked",),
    claim=Probability(missed_or_unfounded, lambda case: case.delta),
    saboteurs=(saboteur("pairs taken for independent", solve=over_pairs),),
    notes="The mean over all pairs weighs queries by the sizes of their classes, and has no such interval.",
)
