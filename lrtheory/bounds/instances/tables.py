"""Families of metrics on points of a grid, and of matrices of integers or of doubles that are exact."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory._validation import flag, integer, must
from lrtheory.bounds.families import Draws, Family
from lrtheory.bounds.instances._arguments import family_name, interval, table

__all__ = ["Matrix", "Metric", "matrices", "metrics"]

Range = tuple[int, int]


@dataclass(frozen=True)
class Metric:
    """Points with integer coordinates, whose distances in the 1-norm are integers.

    Parameters
    ----------
    points : (n, d) array of integers
        One point a row; equal rows are points at distance 0.
    """

    points: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", table("points", self.points, kinds="iu"))

    @property
    def distances(self) -> np.ndarray:
        """The (n, n) int64 array of distances, the sum of the absolute differences of the coordinates."""
        return np.abs(self.points[:, None, :] - self.points[None, :, :]).sum(2)

    def nx(self, *, length: str = "weight") -> Any:
        """Build the complete graph on the points as one of networkx.

        Parameters
        ----------
        length : str
            Name of the attribute of edges that holds the distances.

        Returns
        -------
        networkx.Graph
            A new graph on the nodes 0..n-1.
        """
        import networkx

        graph = networkx.complete_graph(len(self.points))
        distances = self.distances.tolist()
        for u, v in graph.edges:
            graph.edges[u, v][length] = distances[u][v]
        return graph


@dataclass(frozen=True)
class _Metrics:
    """The ways to enumerate, draw and change the metrics of a family."""

    sizes: Range
    dimension: int
    side: int
    enumerated: int

    def always(self) -> list[Metric]:
        """Corners of a cube, up to renaming points, then points on a line and on the axes."""
        found: dict[tuple[int, ...], Metric] = {}
        corners = list(itertools.product((0, 1), repeat=self.dimension))
        for n in range(self.sizes[0], self.enumerated + 1):
            for points in itertools.combinations_with_replacement(corners, n):
                metric = Metric(np.array(points))
                # two sets of corners that a symmetry of the cube maps to each other have one table of distances
                found.setdefault(_canonical(metric.distances), metric)
        return [*found.values(), *self._lines()]

    def _lines(self) -> Iterator[Metric]:
        """Points 0, 1, 2, ... on a line, and a center with a point on either side of it on every axis."""
        n = min(self.sizes[1], self.side + 1)
        if n >= max(3, self.sizes[0]):
            yield Metric(np.eye(1, self.dimension, dtype=np.int64) * np.arange(n)[:, None])
        axes = np.eye(self.dimension, dtype=np.int64)
        # one is added, so that all coordinates are on the grid, which begins at 0
        star = np.vstack([0 * axes[:1], axes, -axes]) + 1
        if self.side >= 2 and self.sizes[0] <= len(star) <= self.sizes[1]:
            yield Metric(star)

    def draw(self, draws: Draws) -> Metric:
        """Points that are uniform on the grid."""
        return Metric(draws.integers(0, self.side, shape=(draws.integers(*self.sizes), self.dimension)))

    def climb(self, metric: Metric, draws: Draws) -> Metric:
        """Move a point by one step, or double a point."""
        points = metric.points.copy()
        n = len(points)
        row = draws.integers(0, n - 1)
        # equal points are where algorithms for metrics divide by zero
        if n < self.sizes[1] and draws.integers(0, 3) == 0:
            return Metric(np.vstack([points, points[row]]))
        axis = draws.integers(0, self.dimension - 1)
        points[row, axis] = np.clip(points[row, axis] + draws.choice((1, -1)), 0, self.side)
        return Metric(points)


def _canonical(distances: np.ndarray) -> tuple[int, ...]:
    """The least table of distances, row after row, over all orders of the points."""
    orders = itertools.permutations(range(len(distances)))
    return min(tuple(distances[np.ix_(order, order)].ravel().tolist()) for order in orders)


def metrics(
    top: int = 6, *, bottom: int = 1, dimension: int = 2, side: int = 4, enumerated: int = 4, name: str = "metrics"
) -> Family:
    """Make a family of metrics: points on the grid {0, ..., side}^dimension with distances in the 1-norm.

    Distances are integers, so that lengths of tours and trees are exact. Points may coincide, since algorithms for
    metrics often stumble over distances of 0. Every metric on at most four corners of a cube always runs, one of each
    kind up to renaming points; in the plane these are 16.

    Parameters
    ----------
    top : int
        The largest number of points of a drawn metric.
    bottom : int
        The smallest number of points.
    dimension : int
        Number of coordinates.
    side : int
        Largest coordinate; the smallest is 0.
    enumerated : int
        The largest number of corners of a cube that always run, at most 5.
    name : str
        The name of the family, which names its random streams.

    Returns
    -------
    Family
        Family of `Metric`; the climb moves a point by one step, or doubles a point.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as said above.

    Examples
    --------
    >>> metrics(3).smallest()[2].distances.tolist()
    [[0, 1], [1, 0]]
    """
    bottom = integer("bottom", bottom, low=1, high=5)
    top = integer("top", top, low=bottom)
    dimension = integer("dimension", dimension, low=1, high=3)
    side = integer("side", side, low=1, high=2**20)
    limit = max(bottom, min(top, integer("enumerated", enumerated, low=1, high=5)))
    maker = _Metrics((bottom, top), dimension, side, limit)
    return Family(family_name(name), always=maker.always, draw=maker.draw, climb=maker.climb)


# --- matrices ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Matrix:
    """A matrix of integers or of finite doubles.

    Parameters
    ----------
    entries : (m, n) array
        The entries, stored as int64 or as float64.
    """

    entries: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", table("entries", self.entries, kinds="iuf"))


@dataclass(frozen=True)
class _Matrices:
    """The ways to enumerate, draw and change the matrices of a family; entries are counted in steps of 1/per_unit."""

    rows: Range
    columns: Range | None
    steps: Range
    per_unit: int
    symmetric: bool

    def _matrix(self, steps: np.ndarray) -> Matrix:
        return Matrix(steps if self.per_unit == 1 else steps / float(self.per_unit))

    def _shapes(self) -> list[tuple[int, int]]:
        rows = range(self.rows[0], self.rows[1] + 1)
        if self.columns is None:
            return [(n, n) for n in rows]
        return sorted(itertools.product(rows, range(self.columns[0], self.columns[1] + 1)), key=lambda one: sum(one))

    def always(self) -> list[Matrix]:
        """All matrices of extreme entries with at most four of them, and for every shape some simple ones."""
        found: dict[tuple[Any, ...], np.ndarray] = {}
        for shape in self._shapes():
            for steps in (*self._extremes(shape), *self._simple(shape)):
                inside = self.steps[0] <= steps.min() and steps.max() <= self.steps[1]
                if inside and not (self.symmetric and (steps != steps.T).any()):
                    found.setdefault((*shape, *steps.ravel().tolist()), steps)
        return [self._matrix(steps) for steps in found.values()]

    def _extremes(self, shape: tuple[int, int]) -> Iterator[np.ndarray]:
        cells = shape[0] * shape[1]
        # five cells would double the number of matrices that always run, for every shape
        for entries in itertools.product(self.steps, repeat=cells) if cells <= 4 else ():
            yield np.array(entries, dtype=np.int64).reshape(shape)

    def _simple(self, shape: tuple[int, int]) -> Iterator[np.ndarray]:
        """Zeros, constants, a diagonal, and entries that go through the whole range."""
        low, high = self.steps
        for constant in (0, low, high):
            yield np.full(shape, constant, dtype=np.int64)
        yield high * np.eye(*shape, dtype=np.int64)
        i, j = np.ogrid[: shape[0], : shape[1]]
        # symmetric in i and j, so that it serves symmetric matrices too
        yield low + (i * i + j * j + i * j) % (high - low + 1)

    def draw(self, draws: Draws) -> Matrix:
        """Uniform entries; every fourth matrix has few different ones."""
        shape = draws.choice(self._shapes())
        # the ends of the range alone make the matrices on which comparisons tie and pivots vanish
        if draws.integers(0, 3) == 3:
            steps = np.array(self.steps)[draws.integers(0, 1, shape=shape)]
        else:
            steps = draws.integers(*self.steps, shape=shape)
        return self._matrix(np.triu(steps) + np.triu(steps, 1).T if self.symmetric else steps)

    def climb(self, matrix: Matrix, draws: Draws) -> Matrix:
        """Move an entry by one step, or to an end of the range."""
        steps = np.rint(matrix.entries * self.per_unit).astype(np.int64)
        i, j = (draws.integers(0, size - 1) for size in steps.shape)
        low, high = self.steps
        moved = draws.choice((int(steps[i, j]) + 1, int(steps[i, j]) - 1, low, high))
        steps[i, j] = np.clip(moved, low, high)
        if self.symmetric:
            steps[j, i] = steps[i, j]
        return self._matrix(steps)


def matrices(
    rows: int | Range = (1, 4),
    columns: int | Range | None = None,
    *,
    low: int = -4,
    high: int = 4,
    per_unit: int = 1,
    symmetric: bool = False,
    name: str = "matrices",
) -> Family:
    """Make a family of matrices of integers, or of doubles that are integers over a power of two.

    Sums and products of few such doubles are exact, so that neither side of a claim carries rounding. All matrices of
    at most four entries, each at an end of the range, always run; so do zeros, constants and diagonals of every shape.

    Parameters
    ----------
    rows : int or (int, int)
        Number of rows, or the smallest and the largest one.
    columns : int, (int, int) or None
        Number of columns likewise; None makes square matrices.
    low, high : int
        Smallest and largest entry.
    per_unit : int
        A power of two: entries are multiples of 1/per_unit. With 1 they are int64, otherwise doubles.
    symmetric : bool
        Whether all matrices equal their transposes, which then are square.
    name : str
        The name of the family, which names its random streams.

    Returns
    -------
    Family
        Family of `Matrix`; the climb moves an entry by one step, or to an end of the range.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as said above.

    Examples
    --------
    >>> [matrix.entries.tolist() for matrix in matrices(1, low=0, high=1, per_unit=2).smallest()]
    [[[0.0]], [[1.0]]]
    """
    first, last = interval("(low, high)", (low, high))
    per_unit = integer("per_unit", per_unit, low=1, high=2**20)
    # a power of two has a single bit; with others the entries would be rounded
    if per_unit & (per_unit - 1):
        raise must("per_unit", "a power of two", per_unit)
    if flag("symmetric", symmetric) and columns is not None:
        raise must("columns", "left out where matrices are symmetric, and hence square", columns)
    numbers = interval("rows", rows, low=1), None if columns is None else interval("columns", columns, low=1)
    maker = _Matrices(*numbers, (first * per_unit, last * per_unit), per_unit, symmetric)
    return Family(family_name(name), always=maker.always, draw=maker.draw, climb=maker.climb)
