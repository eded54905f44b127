"""The strategy itself, with its own factors.

E = A B^T / sqrt(r) is a perturbation of an m x n weight M, `shape` = (m, n), with the factors A (m, r) and B (n, r),
and kA and kB are the excess kurtosis of their entries: 0 for Gaussian ones, -2 for signs. sigma scales E, and P
mirrored pairs give the mean of E (f(M + sigma E) - f(M - sigma E)) / (2 sigma). r is an integer, or infinity for full
Gaussian noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Derived, Family, Identity, Inequality, Sides, Statement, formula, saboteur
from lrtheory.low_rank_optimizers.evolution.low_rank_es import LowRankES
from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations
from lrtheory.low_rank_optimizers.theory.moments import sides
from proofs_checks.low_rank_optimizers.families.estimates import sides_of

HALF = Fraction(1, 2)


Found = dict[str, Any]


def _strategy(case: Any, rng: np.random.Generator) -> LowRankES:
    N = len(case.fitness)
    return LowRankES(case.shapes, sigma=float(case.sigma), rank=case.rank, population_size=N, rng=rng)


def _answers(case: Any, rng: np.random.Generator, first: np.ndarray, second: np.ndarray, again: bool = False) -> Found:
    """Return the factors, and the updates for two fitness vectors of one generation, or of the next one."""
    es = _strategy(case, rng)
    generation, other = es.ask(), es.copy()
    found: Found = {"A": tuple(map(np.array, generation.A)), "B": tuple(map(np.array, generation.B))}
    found["plain"] = es.tell(first).update
    if again:
        es.ask()
        other = es
    return found | {"shifted": other.tell(second).update}


def odd_groups(case: Any, rng: np.random.Generator) -> Found:
    """Subtract the first value from the first member alone, as the mean of a group that splits a pair."""
    f = np.array(case.fitness, float)
    moved = f.copy()
    moved[0] -= f[0]
    return _answers(case, rng, f, moved)


def asked_again(case: Any, rng: np.random.Generator) -> Found:
    """Answer the second time with the factors of the next step."""
    f = np.array(case.fitness, float)
    return _answers(case, rng, f, f, again=True)


def unhalved(case: Any, rng: np.random.Generator) -> Found:
    """Forget that the difference of a pair is halved."""
    f = 2 * np.array(case.fitness, float)
    return _answers(case, rng, f, f)


@dataclass(frozen=True)
class Told:
    """One generation of a strategy with sign factors, what its members are worth, and groups of members in order."""

    shapes: tuple[tuple[int, int], ...]
    rank: int
    sigma: Fraction
    fitness: tuple[int, ...]
    groups: tuple[int, ...]
    constant: int = 0


def is_told(case: Told) -> bool:
    """Decide whether doubles carry all sums exactly: the rank is a square, and populations are powers of 2."""
    N = len(case.fitness)
    sizes = [*case.groups, N, case.sigma.numerator, case.sigma.denominator]
    powers = all(one > 0 and one & (one - 1) == 0 for one in sizes)
    small = max(map(abs, (*case.fitness, case.constant)), default=0) <= 2**20
    shapes = len(case.shapes) > 0 and all(len(one) == 2 and 1 <= min(one) and max(one) <= 16 for one in case.shapes)
    return shapes and powers and small and N >= 2 and sum(case.groups) == N and case.rank in (1, 4, 16)


def is_whole(case: Told) -> bool:
    """Decide whether each group holds whole pairs."""
    return all(one % 2 == 0 for one in case.groups)


def strategy_of(case: Told, rng: np.random.Generator) -> LowRankES:
    """Return the library's strategy."""
    N = len(case.fitness)
    return LowRankES(case.shapes, sigma=float(case.sigma), rank=case.rank, population_size=N, rng=rng)


def shifted(case: Told) -> np.ndarray:
    """Return the fitness without the mean of each group, plus a constant."""
    parts = np.split(np.array(case.fitness, float), np.cumsum(case.groups)[:-1])
    return np.concatenate([part - part.mean() for part in parts]) + case.constant


def told(case: Told, rng: np.random.Generator) -> Found:
    """Return the factors, and the updates for the fitness as it is and without means."""
    es = strategy_of(case, rng)
    generation, other = es.ask(), es.copy()
    factors = {"A": tuple(np.array(a) for a in generation.A), "B": tuple(np.array(b) for b in generation.B)}
    plain, moved = es.tell(np.array(case.fitness, float)), other.tell(shifted(case))
    return factors | {"plain": plain.update, "shifted": moved.update}


def updates_of(case: Told, found: Found) -> list[np.ndarray]:
    """Return (1 / (P sigma sqrt r)) sum_p d_p A_p B_p^T of each layer from the factors, by Fractions."""
    f = [Fraction(x) for x in case.fitness]
    d = [(a - b) / 2 for a, b in zip(f[::2], f[1::2], strict=True)]
    divisor = len(d) * case.sigma * math.isqrt(case.rank)
    updates = []
    for shape, A, B in zip(case.shapes, found["A"], found["B"], strict=True):
        total = np.full(shape, Fraction(0), object)
        for worth, a, b in zip(d, np.asarray(A), np.asarray(B), strict=True):
            whole = [[int(x) for x in row] for row in a], [[int(x) for x in row] for row in b]
            total = total + worth * (np.array(whole[0], object) @ np.array(whole[1], object).T)
        updates.append(total / divisor)
    return updates


def are_signs(found: Found) -> list[tuple[Any, Any]]:
    """Return sides that hold where all factors are signs."""
    return [(np.asarray(one, object) ** 2, np.ones(np.shape(one), int)) for one in (*found["A"], *found["B"])]


def unmoved(case: Told, found: Found) -> Sides:
    """Compare both updates with what follows from the factors and the fitness."""
    pairs: list[Any] = are_signs(found)
    for due, plain, moved in zip(updates_of(case, found), found["plain"], found["shifted"], strict=True):
        pairs += [(plain, due), (moved, due)]
    return Sides(*sides_of(*pairs))


def draw_told(draws: Any) -> Told:
    """Draw layers, a rank, small fitness values, and groups that are powers of 2."""
    shapes = tuple((draws.integers(1, 4), draws.integers(1, 4)) for _ in range(draws.integers(1, 2)))
    N = draws.choice((2, 4, 8, 16))
    size = draws.choice([one for one in (2, 4, 8, 16) if one <= N])
    fitness = tuple(int(x) for x in draws.integers(-4, 4, shape=N))
    sigma = draws.choice((HALF, Fraction(1), Fraction(2)))
    return Told(shapes, draws.choice((1, 4)), sigma, fitness, (size,) * (N // size), draws.integers(-9, 9))


GENERATIONS = Family(
    "generations",
    always=(
        Told(((1, 1),), 1, Fraction(1), (3, 1), (2,)),
        Told(((2, 3),), 1, HALF, (3, 1, -2, 5), (2, 2), 7),
        Told(((2, 3), (4, 1)), 4, HALF, (3, 1, -2, 5, 0, 0, 2, 2), (4, 2, 2), -1),
        Told(((2, 2), (2, 2)), 1, Fraction(2), (3, 1, -2, 5, 0, 0, 2, 1), (8,), 1000),
        Told(((3, 2),), 4, Fraction(1), (1, 1, 1, 1), (4,)),
    ),
    draw=draw_told,
)


EG_C = Statement(
    id="low_rank_optimizers/EG-C",
    title="A baseline changes nothing for mirrored pairs",
    says=(
        "The update of a strategy with mirrored pairs is (1 / (P sigma sqrt r)) sum_p (f_2p - f_2p+1)/2 A_p B_p^T with "
        "the factors that it has drawn, and it is the same after any constant, or the mean of any group of whole "
        "pairs, has been subtracted from the fitness f of all members."
    ),
    source=Classical(
        "antithetic variates", "Hammersley, Morton, A new Monte Carlo technique: antithetic variates, 1956"
    ),
    tex=r"\hat g(f - b) = \hat g(f) = \frac{1}{P\sigma\sqrt r} \sum_p \frac{f_{2p} - f_{2p+1}}2 A_p B_p^\top",
    hypotheses={"sums are exact in doubles": is_told, "groups of whole pairs": is_whole},
    instances=GENERATIONS,
    solve=told,
    claim=Identity(unmoved),
    decisions=("A.*", "B.*", "plain.*", "shifted.*"),
    saboteurs=(
        saboteur("a mean that is taken from one member of a pair", solve=odd_groups),
        saboteur(
            "groups that split pairs",
            breaks="groups of whole pairs",
            instances=Family(
                "split-generations",
                always=(
                    Told(((1, 1),), 1, Fraction(1), (3, 1), (1, 1)),
                    Told(((2, 3),), 1, HALF, (3, 1, -2, 5), (1, 2, 1)),
                ),
                complete="two generations in groups that split pairs",
                members=2,
            ),
        ),
        saboteur("fresh factors for the second update", solve=asked_again),
        saboteur("the mean over members", patch=(Perturbations.gradient, "self.pairs * (", "self.population_size * (")),
        saboteur("differences are not halved", solve=unhalved),
    ),
)


def fresh(case: Any, rng: np.random.Generator) -> Found:
    """Draw new factors for the second members."""
    f = np.array(case.fitness, float)
    one, two = f.copy(), f.copy()
    one[1::2], two[::2] = 0, 0
    found = _answers(case, rng, one, two, again=True)
    return found | {"plain": tuple(a + b for a, b in zip(found["plain"], found["shifted"], strict=True))}


def rank_of(matrix: Any) -> int:
    """Return the rank of a matrix by elimination in Fractions."""
    rows = [[Fraction(x) for x in row] for row in np.asarray(matrix).tolist()]
    rank = 0
    for column in range(len(rows[0])):
        place = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if place is None:
            continue
        rows[rank], rows[place] = rows[place], rows[rank]
        for i in range(rank + 1, len(rows)):
            share = rows[i][column] / rows[rank][column]
            rows[i] = [x - share * y for x, y in zip(rows[i], rows[rank], strict=True)]
        rank += 1
    return rank


@formula(r="[1, inf)", k="[0, inf)")
def update_rank_bound(shape: Sequence[int], r: int, k: int) -> int:
    """The rank of the update of a weight by k mirrored pairs that differ in fitness is at most this.

    Gaussian factors attain it with probability 1.

    Proof
    -----
    Assumes: both members of a pair share their factors.

    Proof: the update is a sum of one multiple of A_p B_p^T, of rank at most r, for each pair whose difference is not 0,
    and ranks are subadditive. For factors with a density, determinants are polynomials in the entries of the factors
    that do not vanish identically, so their zeros have probability 0.
    """
    m, n = sides(shape)
    return min(r * k, m, n)


def of_low_rank(case: Told, found: Found, less: int = 0) -> Sides:
    """Bound the rank of each update, and compare it with what follows from factors and fitness."""
    active = sum(a != b for a, b in zip(case.fitness[::2], case.fitness[1::2], strict=True))
    pairs: list[Any] = []
    most: list[Any] = []
    for shape, due, plain in zip(case.shapes, updates_of(case, found), found["plain"], strict=True):
        bound = update_rank_bound(shape, case.rank, active) - less
        pairs += [(rank_of(plain), bound), (plain, due), (due, plain)]
        most += [min(shape), *[math.inf] * (2 * due.size)]
    signs = are_signs(found)
    signs += [(one, square) for square, one in signs]
    pairs += signs
    most += [math.inf] * sum(np.size(one) for one, _ in signs)
    return Sides(*sides_of(*pairs), trivial=np.array(most))


def draw_wide(draws: Any) -> Told:
    """Draw a generation of few pairs on large layers, some of them tied."""
    N = draws.choice((2, 4))
    fitness = tuple(int(x) for x in draws.integers(0, 2, shape=N))
    shape = (draws.integers(2, 5), draws.integers(3, 6))
    return Told((shape,), draws.choice((1, 1, 4)), Fraction(1), fitness, (N,))


WIDE = Family(
    "wide-generations",
    always=(
        Told(((2, 2),), 1, Fraction(1), (3, 1), (2,)),
        Told(((4, 5),), 1, HALF, (3, 1, 2, 2), (4,)),
        Told(((5, 5),), 1, HALF, (3, 1, 2, 2, 4, 0, 1, 1), (8,)),
        Told(((6, 7),), 4, HALF, (3, 1), (2,)),
        Told(((3, 3),), 1, HALF, (2, 2), (2,)),
    ),
    draw=draw_wide,
)


EG_6 = Statement(
    id="low_rank_optimizers/EG-6",
    title="k pairs of rank r make an update of rank r k at most",
    says=(
        "The update of an m x n weight by mirrored pairs of rank r has at most the rank min(r k, m, n), where k counts "
        "the pairs whose members differ in fitness; and it is the sum that follows from factors and fitness."
    ),
    source=Derived(update_rank_bound),
    tex=r"\mathrm{rank}\,\hat g \le \min(r\,\#\{p : f_{2p} \ne f_{2p+1}\},\, m,\, n)",
    hypotheses={"sums are exact in doubles": is_told},
    instances=WIDE,
    solve=told,
    claim=Inequality(of_low_rank, unbounded="an update may be as large as its solver likes"),
    decisions=("A.*", "B.*", "plain.*"),
    unread={"shifted.*": "the statement EG-C is about updates after a shift"},
    saboteurs=(
        saboteur("one less", claim=Inequality(partial(of_low_rank, less=1))),
        saboteur("fresh factors in the second member", solve=fresh),
        saboteur("differences are not halved", solve=unhalved),
    ),
)
