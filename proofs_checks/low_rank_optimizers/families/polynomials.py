"""Polynomials with integer coefficients under discrete factors of low rank, small enough to go through all factors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np

from lrtheory.bounds import Draws


@dataclass(frozen=True)
class Factor:
    """A law of the entries of both factors: values of A, values of B, their weights, moments of one entry.

    Three values stand for a Gaussian up to degree 5 in each entry, and seven up to degree 7. Those of the three-point
    law are multiples of sqrt(3), so its A has the values times sqrt(3) and its B over sqrt(3): products are the same.
    """

    A: tuple[Fraction, ...]
    B: tuple[Fraction, ...]
    weights: tuple[int, ...]
    kurtosis: Any = 0
    skewness: Fraction = Fraction(0)


def whole(*values: int) -> tuple[Fraction, ...]:
    """Return integers as Fractions."""
    return tuple(map(Fraction, values))


HALF = Fraction(1, 2)


LAWS = {
    "sign": Factor(whole(-1, 1), whole(-1, 1), (1, 1), -2),
    "three-point": Factor(whole(-3, 0, 3), whole(-1, 0, 1), (1, 4, 1)),
    "seven-point": Factor(whole(*range(-3, 4)), whole(*range(-3, 4)), (1, 9, 45, 70, 45, 9, 1)),
    "skewed": Factor((-HALF, Fraction(2)), (-HALF, Fraction(2)), (4, 1), Fraction(1, 4), Fraction(3, 2)),
}


LARGEST = {"sign": 4096, "three-point": 6561, "seven-point": 2401, "skewed": 1024}


Term = tuple[int, ...]


@dataclass(frozen=True)
class Task:
    """A polynomial around `start`, and the strategy that estimates its gradient.

    A term is its coefficient with the entries of W - start, all layers in one row, that are multiplied. The scale is
    sigma over the root of the rank. Without mirrored pairs, `pairs` counts members. With `vectors`, a strategy takes
    layers of one column as vectors, whose noise has the law of rank 1 if factors are signs.
    """

    shapes: tuple[tuple[int, int], ...]
    rank: int
    law: str
    scale: Fraction
    terms: tuple[Term, ...]
    pairs: int = 1
    mirrored: bool = True
    start: tuple[int, ...] = ()
    vectors: bool = False

    @property
    def n_weights(self) -> int:
        """The number of all weights."""
        return sum(m * n for m, n in self.shapes)

    @property
    def degree(self) -> int:
        """The degree of the polynomial."""
        return max((len(term) - 1 for term in self.terms), default=0)

    @property
    def variance(self) -> Fraction:
        """The square of sigma."""
        return self.scale**2 * self.rank

    @property
    def factor(self) -> Factor:
        """The law of factors."""
        return LAWS[self.law]

    @property
    def n_entries(self) -> int:
        """The number of all entries of all factors."""
        return self.pairs * self.rank * sum(m + n for m, n in self.shapes)

    @property
    def center(self) -> np.ndarray:
        """The weights in the middle of all members, in one row."""
        return np.array(self.start or (0,) * self.n_weights)

    def value(self, offsets: np.ndarray) -> np.ndarray:
        """Return the polynomial at offsets from the center as rows, in their kind of number."""
        total = offsets[:, :1].sum(axis=1) * 0
        for coefficient, *places in self.terms:
            total = total + coefficient * np.prod(offsets[:, places], axis=1)
        return np.asarray(total)


@lru_cache(maxsize=64)
def _numbers(law: str, n_entries: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the value of each entry in each pattern, and the weights of patterns as Python integers."""
    choices = np.array(list(product(range(len(LAWS[law].weights)), repeat=n_entries)))
    weights = np.array([1, *LAWS[law].weights], object)[1:][choices].prod(axis=1)
    return choices, weights


def patterns(task: Task, exact: bool = True) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Return A of shape (N, P, m, r) and B of shape (N, P, n, r) of each layer, in all N patterns, and their weights.

    Entries are Fractions, or doubles where they are not to be exact.
    """
    choices, weights = _numbers(task.law, task.n_entries)
    values = [np.array(one, object if exact else float) for one in (task.factor.A, task.factor.B)]
    made: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    at = 0
    for shape in task.shapes:
        for side, size in enumerate(shape):
            count = task.pairs * size * task.rank
            made[side].append(values[side][choices[:, at : at + count]].reshape(-1, task.pairs, size, task.rank))
            at += count
    return made[0], made[1], weights


def in_doubles(task: Task) -> bool:
    """Decide whether doubles carry everything about a task exactly: whatever is divided by is a power of 2."""
    divisors = (task.scale.numerator * task.rank * task.pairs, task.scale.denominator)
    return all(one & (one - 1) == 0 for one in divisors)


def is_task(task: Task) -> bool:
    """Decide whether factors can all be gone through, and numbers stay so small that doubles carry them."""
    if task.vectors and (task.law, task.rank) != ("sign", 1):
        return False
    if task.law not in LAWS or task.rank < 1 or task.pairs < 1 or not task.shapes or not task.scale > 0:
        return False
    if min(min(shape) for shape in task.shapes) < 1 or len(task.factor.weights) ** task.n_entries > LARGEST[task.law]:
        return False
    places = all(0 <= place < task.n_weights for term in task.terms for place in term[1:])
    small = all(abs(term[0]) <= 64 for term in task.terms) and max(map(abs, task.start), default=0) <= 64
    sizes = task.scale.denominator <= 16 and task.scale <= 4 and len(task.start) in (0, task.n_weights)
    return places and small and sizes and task.degree <= 5 and len(task.terms) <= 40


def is_task_twice(task: Task) -> bool:
    """Decide whether factors of twice the rank can all be gone through."""
    return is_task(replace(task, rank=2 * task.rank))


def is_single(task: Task) -> bool:
    """Decide whether there is one layer."""
    return len(task.shapes) == 1


def is_mirrored(task: Task) -> bool:
    """Decide whether members come in pairs."""
    return task.mirrored


def is_symmetric(task: Task) -> bool:
    """Decide whether the law of factors is symmetric."""
    return task.factor.skewness == 0


def is_sign(task: Task) -> bool:
    """Decide whether factors are signs."""
    return task.law == "sign"


def at_most(degree: int) -> Callable[[Task], bool]:
    """Make the hypothesis that a polynomial has no larger degree."""
    return lambda task: task.degree <= degree


def combinations(most: dict[str, int], times: int = 1) -> tuple[tuple[str, int, int, int], ...]:
    """Return all (law, rank, m, n) with few enough factor entries, `times` that of one pair."""
    return tuple(
        (law, rank, m, n)
        for law, entries in most.items()
        for rank in (1, 2, 3, 4)
        for m in (1, 2, 3)
        for n in (1, 2, 3)
        if times * rank * (m + n) <= entries
    )


def monomials(n_weights: int, degree: int) -> list[tuple[int, ...]]:
    """Return all monomials up to a degree."""
    return [one for k in range(degree + 1) for one in combinations_with_replacement(range(n_weights), k)]


def random_terms(draws: Draws, n_weights: int, degree: int) -> tuple[Term, ...]:
    """Draw coefficients in -3..3 of some monomials; few of them are drawn where there are many."""
    every = monomials(n_weights, degree)
    order = draws.permutation(len(every))[: draws.integers(0, min(10, len(every)))]
    coefficients = draws.integers(-3, 3, shape=len(order))
    return tuple((int(c), *every[place]) for c, place in zip(coefficients, order, strict=True) if c)


SCALES = (HALF, Fraction(1), Fraction(2), Fraction(1, 4), Fraction(1, 3))


def drawing(
    degree: int, most: dict[str, int], *, layers: int = 1, times: int = 1, mirrored: bool = True
) -> Callable[[Draws], Task]:
    """Make the draw of a family: shape, rank, law, scale, center, and a polynomial up to a degree."""

    def draw(draws: Draws) -> Task:
        law, rank, m, n = draws.choice(combinations(most, times * layers))
        shapes = ((m, n),) * layers
        if layers > 1:
            least = most[law] // (times * rank) - (m + n)
            others = [(a, b) for a in (1, 2, 3) for b in (1, 2, 3) if a + b <= least]
            shapes = ((m, n), draws.choice(others))
        d = sum(a * b for a, b in shapes)
        start = tuple(int(one) for one in draws.integers(-2, 2, shape=d))
        return Task(shapes, rank, law, draws.choice(SCALES), random_terms(draws, d, degree), times, mirrored, start)

    return draw


def dense_terms(n_weights: int, degree: int) -> tuple[Term, ...]:
    """Return a polynomial with all terms up to a degree, coefficients in -3..3."""
    every = monomials(n_weights, degree)
    return tuple(((5 * i + i * i) % 7 - 3, *one) for i, one in enumerate(every) if (5 * i + i * i) % 7 != 3)


SHAPES = (
    *(("three-point", rank, 1, 1) for rank in (1, 2)),
    *(("three-point", rank, 2, 1) for rank in (1, 2)),
    ("three-point", 1, 2, 2),
    ("three-point", 1, 1, 3),
    ("three-point", 1, 3, 2),
    *(("sign", rank, 1, 1) for rank in (1, 2, 3, 4)),
    *(("sign", rank, 2, 1) for rank in (1, 3)),
    *(("sign", rank, 2, 2) for rank in (1, 2)),
    ("sign", 1, 3, 2),
    ("sign", 1, 3, 3),
)


def polynomials_of(degree: int, shapes: Any = SHAPES) -> Iterator[Task]:
    """Yield one task a shape, rank and law, with all terms up to a degree."""
    for law, rank, m, n in shapes:
        terms = dense_terms(m * n, degree) if m * n <= 4 else dense_terms(m * n, 1) + ((2, 0, 1), (-1, 3, 3))
        if degree > 2 and m * n > 4:
            terms += ((1, 0, 1, 4), (-2, 2, 2, 3), (1, 5, 5, 5))
        yield Task(((m, n),), rank, law, HALF if rank < 3 else Fraction(1), terms, start=(1,) * (m * n))


FEW = {"three-point": 4, "sign": 6}


def traceless() -> tuple[Task, ...]:
    """Return the cubics without traces on 2 x 2: each product of three entries."""
    terms = ((2, 1, 2, 3), (1, 0, 2, 3), (-1, 0, 1, 3), (3, 0, 1, 2))
    return (
        Task(((2, 2),), 1, "three-point", HALF, terms),
        Task(((2, 2),), 1, "sign", HALF, terms),
        Task(((2, 2),), 2, "sign", HALF, terms[:1]),
    )


def cubics() -> tuple[Task, ...]:
    """Return cubics of all shapes, the cube, rank 4 on two rows, and no trace."""
    one = Task(((1, 1),), 1, "three-point", HALF, ((1, 0, 0, 0),))
    return (
        one,
        replace(one, law="sign"),
        replace(one, law="sign", shapes=((2, 1),), terms=((1, 0, 0, 0), (1, 0, 1, 1))),
        replace(one, law="sign", shapes=((2, 1),), rank=4, terms=((1, 0, 0, 0), (1, 0, 1, 1))),
        *traceless(),
        *polynomials_of(3),
    )
