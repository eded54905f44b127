"""Streams of edits in small integers: instances of all statements about recursive ridge regression."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import All, Draws, Family

Rows = tuple[tuple[int, ...], ...]
HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)


@dataclass(frozen=True)
class Stream:
    """A map with edits, anchors and weights, and what shall be done with them.

    Rows are tuples of integers: d rows of p numbers in `W0`, u rows of d and of p numbers in the keys and the values of
    an edit, m rows of d numbers in `anchors`; `ridge` is lambda^2, and `anchor_weight` mu^2.

    `order` is another order of the edits, `split` how many of them one of two workers has, `gone` the edit that is
    taken out before the last one comes, `decay` the factor of the statements about decay, `rank` that of an adapter.
    """

    W0: Rows
    edits: tuple[tuple[Rows, Rows], ...]
    ridge: Fraction
    anchors: Rows = ()
    anchor_weight: Fraction = Fraction(1)
    order: tuple[int, ...] = ()
    split: int = 1
    gone: int = 0
    decay: Fraction = HALF
    rank: int = 1

    @property
    def pairs(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The edits as pairs of arrays of integers, of shapes (u, d) and (u, p)."""
        d, p = len(self.W0), len(self.W0[0])
        return [(np.array(K, int).reshape(-1, d), np.array(V, int).reshape(-1, p)) for K, V in self.edits]

    @property
    def weights(self) -> dict[str, Any]:
        """Ridge, anchors and their weight, as the formulas take them."""
        return {"ridge": self.ridge, "anchors": self.anchors or None, "anchor_weight": self.anchor_weight}


def is_stream(case: Stream) -> bool:
    """Decide whether shapes fit, and the weights are not negative."""
    d, p = len(case.W0), len(case.W0[0])
    fits = all(len(K) == len(V) and all(len(k) == d for k in K) and all(len(v) == p for v in V) for K, V in case.edits)
    return fits and all(len(k) == d for k in case.anchors) and case.ridge >= 0 and case.anchor_weight >= 0


def anchored(case: Stream) -> int:
    """Count the directions that the anchors hold."""
    if not case.anchors or case.anchor_weight == 0:
        return 0
    return int(np.linalg.matrix_rank(np.array(case.anchors, float)))


def is_held(case: Stream) -> bool:
    """Decide whether the ridge and the anchors leave no direction free."""
    return case.ridge > 0 or anchored(case) == len(case.W0)


def draw_stream(draws: Draws, least: int = 1) -> Stream:
    """Draw a stream of integers of at most 3 in up to 3 coordinates; now and then an edit comes again."""
    d, p, T = draws.integers(1, 3), draws.integers(1, 2), draws.integers(least, 4)
    rows = lambda n, width: tuple(map(tuple, draws.integers(-3, 3, shape=(n, width)).tolist()))
    edits: list[tuple[Rows, Rows]] = []
    for t in range(T):
        u = draws.integers(1, 2)
        again = t > 0 and draws.integers(0, 4) == 0
        K = edits[0][0] if again else rows(u, d)
        edits.append((K, rows(len(K), p)))
    anchors = rows(draws.integers(0, 2), d)
    return Stream(
        rows(d, p),
        tuple(edits),
        draws.choice((Fraction(4), Fraction(1), QUARTER)),
        anchors,
        draws.choice((Fraction(1), Fraction(4), Fraction(0))),
        order=tuple(map(int, draws.permutation(T))),
        split=draws.integers(0, T),
        gone=draws.integers(0, max(T - 2, 0)),
        decay=draws.choice((HALF, Fraction(3, 4), QUARTER)),
        rank=draws.integers(1, min(d, p)),
    )


def key(*numbers: int) -> Rows:
    """Return one row."""
    return (numbers,)


SMALLEST = Stream(key(1), ((key(1), key(3)),), Fraction(1), order=(0,))

STREAM = Stream(
    ((1, 0), (0, -1), (2, 1)),
    (
        (((1, 0, 2), (0, 1, 1)), ((3, -1), (0, 2))),
        (((2, 1, 0),), ((1, 1),)),
        (((1, 0, 2), (0, 1, 1)), ((-3, 2), (1, 1))),
        (((0, 0, 1),), ((2, -2),)),
    ),
    Fraction(4),
    ((1, 1, 1), (0, 2, -1)),
    Fraction(4),
    order=(2, 0, 3, 1),
    split=2,
    gone=0,
    rank=1,
)

ALWAYS = (
    SMALLEST,
    # twice the same key with other values, without anchors
    Stream(key(1), ((key(1), key(3)), (key(1), key(-3))), QUARTER, order=(1, 0)),
    STREAM,
    # no ridge: the anchors alone hold the map; a zero key, and an edit without keys
    Stream(
        ((1,), (2,)),
        ((((1, 1), (0, 0)), ((3,), (1,))), ((), ()), (((1, -1),), ((2,),))),
        Fraction(0),
        ((2, 0), (1, 1)),
        order=(2, 1, 0),
        split=2,
    ),
    # more keys than coordinates, dependent keys and a key of zeros, at ridges far below their squares
    Stream(key(0), ((((10**4,), (3 * 10**4,)), ((1,), (2,))),), Fraction(1, 10**8), order=(0,)),
    Stream(key(0), ((((1,), (3,)), ((1,), (2,))),), Fraction(1, 10**12), order=(0,)),
    Stream(
        ((0,), (1,)),
        (
            (((100, 0), (100, 0), (0, 100), (0, 0)), ((1,), (2,), (1,), (3,))),
            (((100, 300),), ((2,),)),
            (((0, 300),), ((-1,),)),
        ),
        Fraction(1, 100),
        order=(1, 2, 0),
        split=1,
        gone=1,
    ),
    # the residual alone falls from the ridge 1/4 to the ridge 1
    Stream(
        ((0,), (0,)),
        ((((2, 2),), ((3,),)), (((3, 2),), ((1,),))),
        QUARTER,
        ((-2, -3),),
        order=(1, 0),
    ),
)

STREAMS = Family("edit-streams", always=ALWAYS, draw=draw_stream)
EDITS = {"a stream of edits": is_stream}
HELD = EDITS | {"ridge and anchors leave no direction free": is_held}


def two_edits() -> Iterator[Stream]:
    """Yield two edits with one or two of the keys (1, 0), (0, 1) and (1, 1) each, with the anchor (1, 1) or without."""
    keys = ((1, 0), (0, 1), (1, 1))
    some = [(one,) for one in keys] + list(itertools.combinations(keys, 2))
    for first, second, anchors in itertools.product(some, some, ((), key(1, 1))):
        edits = (first, ((1,), (2,))[: len(first)]), (second, ((2,), (-1,))[: len(second)])
        yield Stream(((1,), (0,)), edits, Fraction(4), anchors, order=(1, 0))


TWO_EDITS = All(
    "streams of two edits, each of one or two of the keys (1, 0), (0, 1) and (1, 1) with fixed values, with the "
    "anchor (1, 1) or none",
    two_edits,
    members=72,
)
