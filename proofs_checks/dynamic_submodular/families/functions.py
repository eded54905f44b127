"""Set functions on few elements, given by all 2^n values, from which hypotheses and optima are read off.

A set is a bit mask. The values are computed here from the data by the definitions, by other code than the objectives
of the package, so a statement compares two evaluations of everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws
from lrtheory.dynamic_submodular import CountingOracle, Coverage, FacilityLocation, FeatureBased, LogDet

KINDS = ("coverage", "facility", "features", "log-det")


def mask_of(chosen: Any) -> int:
    """Return the bit mask of a set: bit v stands for element v."""
    return sum(1 << v for v in {int(v) for v in chosen})


@dataclass(frozen=True)
class SetFunction:
    """A function of sets of n elements by its data, and all its values.

    Attributes
    ----------
    kind : str
        One of `KINDS`, or "values" where the values are all there is.
    table : ndarray of shape (n, d)
        One row per element: the items that it covers, its similarities, its features, or its row of the kernel matrix.
    weights : ndarray of shape (d,)
        Weights of the items of a coverage; 1 elsewhere.
    values : ndarray of shape (2**n,)
        f of each set, by bit mask.
    """

    kind: str
    table: np.ndarray
    weights: np.ndarray
    values: np.ndarray

    @property
    def n(self) -> int:
        """Number of elements."""
        return len(self.table)

    def objective(self) -> Any:
        """The objective of the package with these data."""
        if self.kind == "coverage":
            return Coverage([np.flatnonzero(row) for row in self.table], self.weights)
        if self.kind == "facility":
            return FacilityLocation(self.table)
        if self.kind == "features":
            return FeatureBased(self.table)
        if self.kind == "log-det":
            return LogDet(self.table)
        return CountingOracle(lambda chosen: float(self.values[mask_of(chosen)]), self.n)

    @property
    def is_exact(self) -> bool:
        """Whether all values are integers, on which doubles are exact."""
        return self.kind in ("coverage", "facility", "values")


def members(masks: np.ndarray, n: int) -> np.ndarray:
    """Return which elements each set holds, bool (len(masks), n)."""
    return (masks[:, None] >> np.arange(n)) & 1 == 1


def value(kind: str, rows: np.ndarray, weights: np.ndarray, columns: np.ndarray) -> float:
    """Return f of one set by its definition; ``rows`` are the data of its elements, ``columns`` their numbers."""
    if not len(rows):
        return 0.0
    if kind == "coverage":
        return float((rows.any(0) * weights).sum())
    if kind == "facility":
        return float(rows.max(0).sum())
    if kind == "features":
        return float(np.sqrt(rows.sum(0)).sum())
    # another route than the Cholesky factor of the library, which is the point
    return float(np.log(np.linalg.det(np.eye(len(rows)) + rows[:, columns])))


def set_function(kind: str, table: np.ndarray, weights: np.ndarray | None = None) -> SetFunction:
    """Return the function with these data and all its values."""
    n = len(table)
    weights = np.ones(table.shape[1]) if weights is None else weights
    inside = members(np.arange(1 << n), n)
    values = [value(kind, table[one], weights, np.flatnonzero(one)) for one in inside]
    return SetFunction(kind, table, weights, np.array(values))


def by_values(values: np.ndarray) -> SetFunction:
    """Return a function of which nothing is known but its values, by bit mask."""
    n = len(values).bit_length() - 1
    return SetFunction("values", np.zeros((n, 1)), np.ones(1), values.astype(float))


def draw_function(draws: Draws, n: int, kinds: tuple[str, ...] = KINDS) -> SetFunction:
    """Draw a function of one of the kinds, with small integers as data, so that ties are common."""
    # few columns and small integers: sets overlap, marginals tie and vanish, and sums of integers are exact in doubles
    kind, d = draws.choice(kinds), draws.integers(1, 6)
    if kind == "coverage":
        return set_function(kind, draws.integers(0, 2, shape=(n, d)) > 1, draws.integers(1, 8, shape=d).astype(float))
    if kind == "log-det":
        points = draws.integers(-4, 4, shape=(n, d)) / 4  # a product of points is positive semidefinite
        return set_function(kind, points @ points.T)
    return set_function(kind, draws.integers(0, 6, shape=(n, d)).astype(float))


def slack_of(function: SetFunction) -> float:
    """Return by how much rounding may violate an inequality between values; 0 where they are integers."""
    return 0.0 if function.is_exact else 1e-12 * max(1.0, float(function.values[-1]))


def is_monotone(function: SetFunction) -> bool:
    """Return whether no element ever lowers the value, and the empty set has value 0."""
    masks = np.arange(1 << function.n)
    gains = [function.values[masks | 1 << v] - function.values for v in range(function.n)]
    return bool(function.values[0] == 0 and np.min(gains) >= -slack_of(function))


def is_submodular(function: SetFunction) -> bool:
    """Return whether f(A + u) + f(A + v) >= f(A) + f(A + u + v) for all sets A and pairs u, v outside of A."""
    # the condition on pairs implies the one on all nested sets, by adding elements one by one
    masks, f = np.arange(1 << function.n), function.values
    for u in range(function.n):
        for v in range(u):
            free = masks[(masks & (1 << u | 1 << v)) == 0]
            change = f[free | 1 << u] + f[free | 1 << v] - f[free] - f[free | 1 << u | 1 << v]
            if change.min() < -slack_of(function):
                return False
    return True


def optima(function: SetFunction, present: np.ndarray, k: int) -> np.ndarray:
    """Return the largest value of at most k present elements after each update; ``present`` is bool (T, n)."""
    masks = np.arange(1 << function.n)
    small = masks[members(masks, function.n).sum(1) <= k]
    alive = present @ (1 << np.arange(function.n))
    allowed = (small & ~alive[:, None]) == 0
    return np.array([function.values[small[row]].max() for row in allowed])


def value_of(function: SetFunction, chosen: Any) -> float | Fraction:
    """Return f of a set of element numbers; entries of -1 stand for no element."""
    return function.values[mask_of(v for v in chosen if v >= 0)]


def gain(function, v: int, chosen) -> Fraction | float:
    """Return f(v | S) by the table of all values."""
    return value_of(function, [*chosen, v]) - value_of(function, chosen)
