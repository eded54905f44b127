"""Gaussian numbers that strategies draw.

E = A B^T / sqrt(r) is a perturbation of an m x n weight M, `shape` = (m, n), with the factors A (m, r) and B (n, r),
and kA and kB are the excess kurtosis of their entries: 0 for Gaussian ones, -2 for signs. sigma scales E, and P
mirrored pairs give the mean of E (f(M + sigma E) - f(M - sigma E)) / (2 sigma). r is an integer, or infinity for full
Gaussian noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Family, Law, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers.evolution.low_rank_es import LowRankES
from lrtheory.low_rank_optimizers.evolution.noise import Noise
from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations
from proofs_checks.low_rank_optimizers.families.strategies import reused


class _Uniform(LowRankES):
    """A strategy with uniform numbers of the variance 1."""

    def ask(self) -> Perturbations:
        generation, rng = super().ask(), np.random.default_rng([self.seed, self.n_steps])
        A, B = zip(*map(generation.factors, range(len(self.shapes))), strict=True)
        made = [
            [None if one is None else (rng.random(one.shape) - 0.5) * math.sqrt(12) for one in side] for side in (A, B)
        ]
        self._open = Perturbations(*made, scale=generation.scale, mirrored=True)
        return self._open


def uniform(*arguments: Any, **options: Any) -> LowRankES:
    """Return a strategy with uniform numbers."""
    return _Uniform(*arguments, **options)


@dataclass(frozen=True)
class Numbers:
    """The layers of a strategy with Gaussian factors, and the places of two of the numbers that it draws.

    A place is (step, layer, side, pair, row, column), with the sides 0 of A and 1 of B; there are 2 steps and 2 pairs.
    """

    shapes: tuple[tuple[int, ...], ...]
    rank: int
    first: tuple[int, ...]
    second: tuple[int, ...]

    @property
    def factors(self) -> list[tuple[int, ...]]:
        """The shapes of all factors of a step in order, none for the B of a vector."""
        return [(2, size, self.rank if len(shape) == 2 else 1) for shape in self.shapes for size in shape]

    def position(self, place: tuple[int, ...]) -> int:
        """Return the number of a place in a row of all numbers."""
        step, layer, side, *rest = place
        before = sum(map(len, self.shapes[:layer])) + side
        sizes = [math.prod(shape) for shape in self.factors]
        at = np.ravel_multi_index(tuple(rest), self.factors[before])
        return step * sum(sizes) + sum(sizes[:before]) + int(at)


def are_places(case: Numbers) -> bool:
    """Decide whether there are two different places of numbers that are drawn."""
    if case.rank < 1 or not all(1 <= len(one) <= 2 and min(one) >= 1 for one in case.shapes):
        return False
    for place in (case.first, case.second):
        inside = len(place) == 6 and min(place) >= 0 and place[0] < 2 and place[1] < len(case.shapes)
        if not inside or place[2] >= len(case.shapes[place[1]]):
            return False
        factor = case.factors[sum(map(len, case.shapes[: place[1]])) + place[2]]
        if any(one >= size for one, size in zip(place[3:], factor, strict=True)):
            return False
    return case.first != case.second


Found = dict[str, Any]


#: runs that are made of the pairs of one strategy, two pairs each
RUNS = 16


def fitness_of(runs: int) -> np.ndarray:
    """Return what the members of a strategy for a few runs are worth."""
    return np.arange(4 * runs) ** 2 % 7.0


def drawn(case: Numbers, rng: np.random.Generator, n: int, strategy: Any = LowRankES) -> Found:
    """Return all numbers of two steps in n runs as rows, and with each the updates of the strategy that it is from."""
    numbers, updates = [], []
    for begin in range(0, n, RUNS):
        runs = min(RUNS, n - begin)
        es = strategy(case.shapes, sigma=0.5, rank=case.rank, population_size=4 * runs, factors="gaussian", rng=rng)
        parts, made = [], []
        for _ in range(2):
            generation = es.ask()
            for layer in range(len(case.shapes)):
                parts += [one.reshape(runs, -1) for one in generation.factors(layer) if one is not None]
            made += [one.ravel() for one in es.tell(fitness_of(runs)).update]
        numbers.append(np.concatenate(parts, axis=1))
        updates += [np.concatenate(made)] * runs
    return {"numbers": np.concatenate(numbers), "updates": np.array(updates)}


def follow(case: Numbers, numbers: np.ndarray, updates: np.ndarray) -> bool:
    """Decide whether the updates of a strategy are those of its numbers."""
    runs, sizes = len(numbers), [math.prod(shape) for shape in case.factors] * 2
    f = fitness_of(runs)
    d = (f[::2] - f[1::2]) / 2
    parts = iter(np.split(numbers.astype(float), np.cumsum(sizes)[:-1], axis=1))
    due = []
    for shape in case.shapes * 2:  # over sigma = 1/2 and the number of pairs, for matrices over the root of the rank
        A = next(parts).reshape(2 * runs, shape[0], -1)
        if len(shape) == 2:
            B = next(parts).reshape(2 * runs, shape[1], -1)
            due.append(np.einsum("p,pir,pjr->ij", d, A, B).ravel() / (runs * math.sqrt(case.rank)))
        else:
            due.append(d @ A[:, :, 0] / runs)
    allowed = rounding(2 * runs + case.rank + 8, 2 * 3 * 6.8**2 * case.rank)
    return bool((np.abs(np.concatenate(due) - updates) <= allowed).all())


#: where an eighth, a quarter and three eighths of a standard Gaussian lie between 0 and this
OCTILES = (0.31863936396437514, 0.6744897501960817, 1.1503493803760079)


def cells(case: Numbers, found: Found) -> np.ndarray:
    """Return the octile of the first number with the quartile of the second, and one more where updates are others."""
    first, second = (np.asarray(found["numbers"])[:, case.position(place)] for place in (case.first, case.second))
    edges = np.array([*[-one for one in OCTILES[::-1]], 0.0, *OCTILES])
    cell = 4 * np.searchsorted(edges, first) + np.searchsorted(edges[1::2], second)
    for begin in range(0, len(cell), RUNS):
        some = slice(begin, begin + RUNS)
        numbers, updates = np.asarray(found["numbers"])[some], np.asarray(found["updates"])[some]
        if not follow(case, numbers, updates[0]) or (updates != updates[0]).any():
            cell[some] = 32
    return np.asarray(cell)


def draw_numbers(draws: Any) -> Numbers:
    """Draw layers, among them vectors, and two places."""
    pool: tuple[tuple[int, ...], ...] = ((1, 1), (2, 1), (4, 3), (3,), (1,))
    shapes = (draws.choice(pool), draws.choice(pool))
    rank = draws.choice((1, 2, 4))
    case = Numbers(shapes, rank, (), ())
    places = []
    for _ in range(2):
        layer = draws.integers(0, 1)
        side = draws.integers(0, len(shapes[layer]) - 1)
        factor = case.factors[(len(shapes[0]) if layer else 0) + side]
        places.append((draws.integers(0, 1), layer, side, *(draws.integers(0, size - 1) for size in factor)))
    if places[0] == places[1]:
        places[1] = (1 - places[0][0], *places[0][1:])
    return Numbers(shapes, rank, places[0], places[1])


NUMBERS = Family(
    "gaussian-numbers",
    always=(
        Numbers(((1, 1),), 1, (0, 0, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0)),
        Numbers(((1, 1), (1, 1)), 1, (0, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0)),
        Numbers(((4, 1), (3,)), 1, (0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 2, 0)),  # a radius and an angle for both
        Numbers(((4, 1), (3,)), 2, (0, 1, 0, 0, 1, 0), (1, 1, 0, 0, 1, 0)),
        Numbers(((2, 3),), 2, (1, 0, 1, 0, 2, 0), (1, 0, 1, 1, 2, 0)),
    ),
    draw=draw_numbers,
)


EG_VG = Statement(
    id="low_rank_optimizers/EG-VG",
    title="Gaussian factors are Gaussian, and any two numbers are independent",
    says=(
        "Of any two entries of the factors of a strategy with Gaussian factors, in the same layer or not, in the same "
        "pair or not, in the same step or not, in a matrix or in a vector, the first is in each eighth of a standard "
        "Gaussian and the second in each quarter with the probability 1/32. The updates are those of the factors."
    ),
    source=Classical(
        "the transform of Box and Muller", "Box, Muller, A note on the generation of random normal deviates, 1958"
    ),
    tex=r"P(\Phi(a) \in [\tfrac i8, \tfrac{i+1}8],\ \Phi(b) \in [\tfrac j4, \tfrac{j+1}4]) = \tfrac1{32}",
    hypotheses={"two places": are_places},
    instances=NUMBERS,
    solve=drawn,
    claim=Law(category=cells, probabilities=lambda case: np.append(np.full(32, 1 / 32), 0.0), within=0.04),
    decisions=("numbers", "updates"),
    saboteurs=(
        saboteur("noise keyed without the layer", patch=(Noise.draw, "2 * layer + side", "side")),
        saboteur("noise keyed without the side", patch=(Noise.draw, "2 * layer + side", "2 * layer")),
        saboteur("noise of the first step in every step", solve=partial(drawn, strategy=reused)),
        saboteur("uniform numbers of the same variance", solve=partial(drawn, strategy=uniform)),
        saboteur("the mean over members", patch=(Perturbations.gradient, "self.pairs * (", "self.population_size * (")),
    ),
    notes=(
        "Words of 32 bits move the probabilities by less than 1e-9. A width of 0.04, by which a class may be more "
        "frequent and still counts as equally likely, takes 1024 runs; the exact test against the stated law, which "
        "comes first, has no width."
    ),
)
