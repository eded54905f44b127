"""Layers that share one vector, lines of numbers in groups, and targets for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.low_rank_adapters.kinds.base import FactoredAdapter
from lrtheory.low_rank_adapters.kinds.uni_lora import uni_lora


@dataclass(frozen=True)
class Shared:
    """One vector, and for each layer its shape and the place in the vector of each entry of its factors."""

    theta: np.ndarray
    shapes: tuple[tuple[int, int], ...]
    places: tuple[np.ndarray, ...]

    @property
    def sizes(self) -> np.ndarray:
        """The number of entries of all layers at each place."""
        return np.bincount(np.concatenate(self.places).astype(np.int64), minlength=len(self.theta))

    def rank(self, layer: int) -> int:
        """The rank of the factors of a layer."""
        return len(self.places[layer]) // sum(self.shapes[layer])


@dataclass(frozen=True)
class Line:
    """A line of numbers, the group of each, and the number of groups, of which none is empty."""

    values: np.ndarray
    groups: np.ndarray
    n_groups: int

    def assignments(self) -> Iterator[np.ndarray]:
        """List all ways to give the groups, in their sizes, to the numbers."""
        for one in sorted(set(permutations(self.groups.tolist()))):
            yield np.array(one)


def is_shared(case: Shared) -> bool:
    """Decide whether layers fit to the vector, each place of which is used."""
    lengths = [len(one) % sum(shape) == 0 < len(one) for one, shape in zip(case.places, case.shapes, strict=True)]
    inside = all(((one >= 0) & (one < len(case.theta))).all() for one in case.places)
    return bool(all(lengths) and inside and case.sizes.all() and np.isfinite(case.theta).all())


def is_line(case: Line) -> bool:
    """Decide whether there is a group for every number, and no group is empty."""
    fits = case.values.shape == case.groups.shape and case.values.ndim == 1 and bool(np.isfinite(case.values).all())
    return fits and sorted(set(case.groups.tolist())) == list(range(case.n_groups))


def layers(case: Shared, *, own: bool = False) -> list[FactoredAdapter]:
    """Make the library's adapters of all layers; with `own`, each wrongly counts its own entries alone."""
    sizes = [np.maximum(np.bincount(one, minlength=len(case.theta)), 1) if own else case.sizes for one in case.places]
    return [
        uni_lora(case.theta, shape, case.rank(layer), assignment=case.places[layer], sizes=sizes[layer])
        for layer, shape in enumerate(case.shapes)
    ]


def draw_shared(draws: Draws) -> Shared:
    """Draw up to three layers of small integers."""
    count = draws.integers(1, 3)
    shapes = tuple((draws.integers(1, 4), draws.integers(1, 4)) for _ in range(count))
    lengths = [draws.integers(1, 2) * sum(shape) for shape in shapes]
    total = sum(lengths)
    d = draws.integers(1, min(total, 6))
    line = np.concatenate([np.arange(d), draws.integers(0, d - 1, shape=(total - d,))])[draws.permutation(total)]
    theta = draws.integers(-9, 9, shape=(d,)).astype(float)
    return Shared(theta, shapes, tuple(np.split(line, np.cumsum(lengths)[:-1])))


def draw_line(draws: Draws, most: int = 12) -> Line:
    """Draw a line of integers in groups."""
    size = draws.integers(1, most)
    d = draws.integers(1, size)
    groups = np.concatenate([np.arange(d), draws.integers(0, d - 1, shape=(size - d,))])[draws.permutation(size)]
    return Line(draws.integers(-6, 9, shape=(size,)).astype(float), groups, d)


#: B = A = 3 of one layer: the norm 9 of the product is half of the squared norm 18 of the vector
BALANCED = Shared(np.array([3.0, 3.0]), ((1, 1),), (np.array([0, 1]),))
TWO_LAYERS = Shared(np.array([4.0, -2.0]), ((1, 1), (2, 1)), (np.array([0, 0]), np.array([1, 0, 0])))
SHARED = Family(
    "layers-of-one-vector",
    always=(Shared(np.array([2.0]), ((1, 1),), (np.array([0, 0]),)), TWO_LAYERS),
    tight=(Tight(BALANCED, 1 - 1e-12, 1),),
    draw=draw_shared,
)
LINES = Family(
    "lines-in-groups",
    always=(Line(np.array([2.0]), np.array([0]), 1), Line(np.array([1.0, 3.0, 5.0, 5.0]), np.array([0, 0, 1, 1]), 2)),
    draw=draw_line,
)
ENUMERATED = Family(
    "short-lines-in-groups",
    always=lambda: (
        Line(np.array([2.0]), np.array([0]), 1),
        *(
            Line(np.array([1.0, 3.0, 5.0, 5.0, -2.0, 8.0]), np.repeat(np.arange(len(sizes)), sizes), len(sizes))
            for sizes in ((2, 2, 2), (3, 2, 1), (5, 1), (6,))
        ),
    ),
    draw=lambda draws: draw_line(draws, 5),
)
