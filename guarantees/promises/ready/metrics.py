"""Families of metrics on points of a grid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from lrtheory.bounds import Draws, Family

__all__ = ["Metric", "metrics"]

SIDE = 4  # the largest coordinate, the smallest is 0


@dataclass(frozen=True)
class Metric:
    """Points with integer coordinates, one a row, whose distances in the 1-norm are integers."""

    points: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", np.asarray(self.points, np.int64))

    @property
    def distances(self) -> np.ndarray:
        """The (n, n) int64 array of distances, the sum of the absolute differences of the coordinates."""
        return np.abs(self.points[:, None, :] - self.points[None, :, :]).sum(2)

    def nx(self, *, length: str = "weight") -> Any:
        """The complete graph on the points as one of networkx, whose edges hold the distances."""
        import networkx

        graph = networkx.complete_graph(len(self.points))
        distances = self.distances.tolist()
        for u, v in graph.edges:
            graph.edges[u, v][length] = distances[u][v]
        return graph


@dataclass(frozen=True)
class _Metrics:
    """The ways to enumerate, draw and change the metrics of a family."""

    sizes: tuple[int, int]
    enumerated: int

    def always(self) -> list[Metric]:
        """Corners of a square, up to renaming points, then points on a line and on the axes."""
        found: dict[tuple[int, ...], Metric] = {}
        corners = list(itertools.product((0, 1), repeat=2))
        for n in range(self.sizes[0], self.enumerated + 1):
            for points in itertools.combinations_with_replacement(corners, n):
                metric = Metric(np.array(points))
                # two sets of corners that a symmetry of the square maps to each other have one table of distances
                found.setdefault(_canonical(metric.distances), metric)
        return [*found.values(), *self._lines()]

    def _lines(self) -> Iterator[Metric]:
        """Points 0, 1, 2, ... on a line, and a center with a point on either side of it on every axis."""
        n = min(self.sizes[1], SIDE + 1)
        if n >= max(3, self.sizes[0]):
            yield Metric(np.eye(1, 2, dtype=np.int64) * np.arange(n)[:, None])
        axes = np.eye(2, dtype=np.int64)
        # one is added, so that all coordinates are on the grid, which begins at 0
        star = np.vstack([0 * axes[:1], axes, -axes]) + 1
        if self.sizes[0] <= len(star) <= self.sizes[1]:
            yield Metric(star)

    def draw(self, draws: Draws) -> Metric:
        """Points that are uniform on the grid."""
        return Metric(draws.integers(0, SIDE, shape=(draws.integers(*self.sizes), 2)))

    def climb(self, metric: Metric, draws: Draws) -> Metric:
        """Move a point by one step, or double a point."""
        points = metric.points.copy()
        n = len(points)
        row = draws.integers(0, n - 1)
        # equal points are where algorithms for metrics divide by zero
        if n < self.sizes[1] and draws.integers(0, 3) == 0:
            return Metric(np.vstack([points, points[row]]))
        axis = draws.integers(0, 1)
        points[row, axis] = np.clip(points[row, axis] + draws.choice((1, -1)), 0, SIDE)
        return Metric(points)


def _canonical(distances: np.ndarray) -> tuple[int, ...]:
    """The least table of distances, row after row, over all orders of the points."""
    orders = itertools.permutations(range(len(distances)))
    return min(tuple(distances[np.ix_(order, order)].ravel().tolist()) for order in orders)


def metrics(top: int = 6, *, bottom: int = 1, name: str = "metrics") -> Family:
    """Make a family of metrics on at most `top` points of the grid {0, ..., 4}^2 with distances in the 1-norm.

    Distances are integers, so that lengths of tours and trees are exact. Points may coincide, since algorithms for
    metrics often stumble over distances of 0. Every metric on at most four corners of a square always runs, one of each
    kind up to renaming points, 16 of them.
    """
    maker = _Metrics((bottom, top), max(bottom, min(top, 4)))
    return Family(name, always=maker.always, draw=maker.draw, climb=maker.climb)
