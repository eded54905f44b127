"""Truths about a stream of edits, in exact numbers and in doubles, with bounds on the rounding of doubles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from lrtheory.bounds import Sides, rounding
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.theory.ridge import information_matrix, inverse, of_one_kind
from proofs_checks.continual_learning.families.streams import Stream

#: runs in Fractions, in doubles and in single precision, whose unit of rounding is so much larger
KINDS, SINGLE = ("exact", "doubles", "singles"), 2.0**29


@lru_cache(maxsize=512)
def truth(stream: Stream, is_exact: bool = True) -> Truth:
    """Return what is true of a stream, remembered for all statements."""
    return Truth(stream, is_exact)


def information(stream: Stream, t: int | None = None) -> np.ndarray:
    """Return the information matrix after t edits, after all by default, in Fractions."""
    return information_matrix(stream.W0, stream.pairs[:t], **stream.weights)


def as_fractions(array: np.ndarray) -> np.ndarray:
    """Return the Fractions that doubles are."""
    found = np.empty(array.shape, object)
    found.ravel()[:] = [Fraction(entry) for entry in array.ravel().tolist()]
    return found


def energy(X: Any) -> Any:
    """Return the sum of all squares."""
    return (np.asarray(X) ** 2).sum()


@dataclass(frozen=True, eq=False)
class Truth:
    """Numbers that follow from a stream, in Fractions or doubles: a list has one entry before and after each edit."""

    stream: Stream
    is_exact: bool

    def of_kind(self, array: Any) -> np.ndarray:
        """Return an array in Fractions, or in doubles."""
        return of_one_kind(np.array(array))[0] if self.is_exact else np.array(array, float)

    @cached_property
    def start(self) -> np.ndarray:
        """The map before all edits."""
        return self.of_kind(self.stream.W0)

    @cached_property
    def edits(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Keys and values."""
        d, p = self.start.shape
        return [(self.of_kind(K).reshape(len(K), d), self.of_kind(V).reshape(len(K), p)) for K, V in self.stream.edits]

    @cached_property
    def anchors(self) -> np.ndarray:
        """The anchors."""
        return self.of_kind(self.stream.anchors).reshape(-1, len(self.start))

    @cached_property
    def ridge(self) -> Any:
        """The ridge."""
        return self.stream.ridge if self.is_exact else float(self.stream.ridge)

    @cached_property
    def weight(self) -> Any:
        """The weight of the anchors."""
        return self.stream.anchor_weight if self.is_exact else float(self.stream.anchor_weight)

    @cached_property
    def covariances(self) -> list[np.ndarray]:
        """The covariances."""
        prefixes = range(len(self.edits) + 1)
        return [self.of_kind(inverse(information(self.stream, t))) for t in prefixes]

    @cached_property
    def leverages(self) -> list[np.ndarray]:
        """The leverage of each edit when it comes."""
        return [K @ C @ K.T for (K, _), C in zip(self.edits, self.covariances, strict=False)]

    @cached_property
    def maps(self) -> list[np.ndarray]:
        """The maps of least cost."""
        one = self.stream
        found = [theory.ridge_solution(one.W0, one.pairs[:t], **one.weights) for t in range(len(self.edits) + 1)]
        return [self.of_kind(W) for W in found]

    def surprises(self, W: np.ndarray) -> list[np.ndarray]:
        """Return V - K W of each edit with the map before it."""
        return [V - K @ before for (K, V), before in zip(self.edits, W, strict=False)]

    def formula(self, of: Callable[[np.ndarray, np.ndarray], Any], W: np.ndarray) -> list[Any]:
        """Evaluate a formula of surprise and leverage at each edit, in Fractions for maps as they are."""
        true = truth(self.stream)
        found = [of(E, P) for E, P in zip(true.surprises(as_fractions(W)), true.leverages, strict=True)]
        return found if self.is_exact else [np.array(value, float) for value in found]

    def penalty(self, D: np.ndarray) -> Any:
        """Return what a change of the map costs the weights and the anchors."""
        return self.ridge * energy(D) + self.weight * energy(self.anchors @ D)

    def cost(self, t: int, W: np.ndarray) -> Any:
        """Return the cost of a map after t edits, by its definition."""
        return sum((energy(K @ W - V) for K, V in self.edits[:t]), start=self.penalty(W - self.start))


def norm(X: Any) -> float:
    """Return the Frobenius norm in doubles."""
    return float(np.linalg.norm(np.asarray(X, float)))


@lru_cache(maxsize=512)
def condition(stream: Stream) -> float:
    """Return the largest condition that the information of a stream has at any time, before all edits included."""
    matrices = [norm(information(stream, t)) for t in range(len(stream.edits) + 1)]
    return max(M * norm(C) for M, C in zip(matrices, truth(stream, False).covariances, strict=True))


def share(stream: Stream, worst: float | None = None) -> float:
    """Return what a number may err by in doubles, relative to what it is made of, at a condition."""
    true = truth(stream, False)
    n = 32 * (len(true.start) + sum(len(K) for K, _ in true.edits) + len(true.anchors) + 8)
    return float(rounding(n, condition(stream) if worst is None else worst))


@lru_cache(maxsize=512)
def allowances(stream: Stream) -> tuple[float, float, float]:
    """Return what weights, outputs and energies may err by in doubles.

    A step of the map is made of C K^T E with the covariance after the edit, so that a ridge that is small beside the
    squares of keys allows nothing by itself: the condition of the information at some time must be bad.
    """
    true = truth(stream, False)
    steps = [
        norm(C) * norm(K) * norm(E)
        for (K, _), C, E in zip(true.edits, true.covariances[1:], true.surprises(np.stack(true.maps)), strict=True)
    ]
    keys = max((norm(K) for K, _ in true.edits), default=0.0)
    values = max((norm(V) for _, V in true.edits), default=0.0)
    maps = max(map(norm, true.maps))
    one = share(stream) * max(maps, *steps, 0.0)
    size = values + (keys + norm(true.anchors)) * maps
    outputs = keys * one + share(stream, 1.0) * size
    return one, outputs, 4 * size * outputs + norm(information(stream)) * one**2


def of_forms(
    stream: Stream, found: dict[str, Any], **shapes: tuple[int, ...]
) -> Iterator[tuple[dict[str, Any], Truth, tuple[float, ...]]]:
    """Yield each form with the truth in its kind of number, and what weights, outputs and energies may err by.

    ValueError where an array has another shape than it is said to have.
    """
    runs = [(found["exact"], 0.0)]
    for kind, unit in (("doubles", 1.0), ("singles", SINGLE)):
        stacked = found.get(kind, {})
        for place in range(len(next(iter(stacked.values()), ()))):
            runs.append(({name: values[place] for name, values in stacked.items()}, unit))
    for place, (one, unit) in enumerate(runs):
        for name, shape in shapes.items():
            if np.shape(one[name]) != shape:
                raise ValueError(f"`{name}` must be of shape {shape}; got {np.shape(one[name])}")
        reports = {name: values[place] for name, values in found.items() if name not in KINDS}
        yield one | reports, truth(stream, not place), tuple(unit * error for error in allowances(stream))


def _apart(left: Any, right: Any) -> Any:
    """Return a number, or the next double on its side of another one where both are Fractions that doubles confuse."""
    exact = isinstance(left, (int, Fraction)) and isinstance(right, (int, Fraction))
    if exact and left != right and float(left) == float(right):
        return float(np.nextafter(float(left), np.inf if left > right else -np.inf))
    return left


def path_of(stream: Stream) -> dict[str, tuple[int, ...]]:
    """Return the shape of the maps before and after each edit."""
    d, p = len(stream.W0), len(stream.W0[0])
    return {"weights": (len(stream.edits) + 1, d, p)}


def beside(pairs: list[tuple[Any, Any, float]], trivial: list[Any] | None = None) -> Sides:
    """Return the sides of all pairs (lhs, rhs, rounding), and what each lhs never exceeds."""
    lhs: list[Any] = []
    rhs: list[Any] = []
    allowed: list[float] = []
    most: list[Any] = []
    for place, (left, right, error) in enumerate(pairs):
        left, right = np.ravel(np.asarray(left)).tolist(), np.ravel(np.asarray(right)).tolist()
        if len(left) != len(right):
            raise ValueError(f"a side has {len(left)} entries, and the other one {len(right)}")
        lhs, rhs, allowed = lhs + list(map(_apart, left, right)), rhs + right, allowed + [error] * len(left)
        if trivial is not None:
            most += [trivial[place]] * len(left)
    as_objects = lambda entries: np.array([*entries, None], object)[:-1]
    return Sides(
        as_objects(lhs),
        as_objects(rhs),
        rounding=np.array(allowed),
        trivial=None if trivial is None else as_objects(most),
    )


def of_its_kind(true: Truth, exact: np.ndarray) -> np.ndarray:
    """Return Fractions as they are, or as doubles."""
    return exact if true.is_exact else exact.astype(float)


def probes(d: int) -> list[np.ndarray]:
    """Return rows whose outputs and variances are looked at: the axes, ones, and ones of alternating signs."""
    return [*np.eye(d, dtype=int), np.ones(d, int), (-1) ** np.arange(d)]
