"""Ranks of sparse changes: on a mask of changed entries, numbers without a relation have the rank of a matching.

A matching of a mask is a set of its entries, no two of which share a row or a column; it is perfect if it has one in
each of the n rows. Entries of a mask are changed independently with probability rho.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    All,
    Classical,
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Probability,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.low_rank_optimizers.rounding.bfloat16 import rounded
from lrtheory.low_rank_optimizers.rounding.compare_checkpoints import compare_checkpoints
from proofs_checks.low_rank_optimizers.families.inverses import determinant


def matched(mask: np.ndarray) -> int:
    """Return the size of a largest matching, by augmenting paths."""
    columns = [np.flatnonzero(row).tolist() for row in np.asarray(mask)]
    row_of: dict[int, int] = {}

    def augment(row: int, seen: set[int]) -> bool:
        for column in columns[row]:
            if column not in seen:
                seen.add(column)
                if column not in row_of or augment(row_of[column], seen):
                    row_of[column] = row
                    return True
        return False

    return sum(augment(row, set()) for row in range(len(columns)))


def matched_by_enumeration(mask: np.ndarray) -> int:
    """Return the size of a largest matching: the most entries of the mask on any order of the columns."""
    n, m = mask.shape
    if n > m:
        return matched_by_enumeration(mask.T)
    return max(sum(bool(mask[i, j]) for i, j in enumerate(order)) for order in itertools.permutations(range(m), n))


@dataclass(frozen=True)
class Changed:
    """Integers (n, m) that weights change by, 0 where one is not changed."""

    change: np.ndarray


def is_change(case: Changed) -> bool:
    """Decide whether there are one to four rows and columns of integers below 1000."""
    change = np.asarray(case.change)
    fits = change.ndim == 2 and change.dtype.kind in "iu" and 1 <= min(change.shape) and max(change.shape) <= 4
    return fits and bool((np.abs(change) < 1000).all())


def has_no_relation(case: Changed) -> bool:
    """Decide whether every minor that has a term which is not 0 is not 0: no sum of products cancels."""
    change = np.asarray(case.change).astype(object)
    n, m = change.shape
    for k in range(1, min(n, m) + 1):
        for rows, columns in itertools.product(*(itertools.combinations(range(size), k) for size in (n, m))):
            minor = change[np.ix_(rows, columns)]
            if matched_by_enumeration(minor != 0) == k and determinant(minor) == 0:
                return False
    return True


def ranked(case: Changed, rng: np.random.Generator | None = None) -> int:
    """Return the rank that the library finds of the change of weights that are 1."""
    before = np.ones(np.shape(case.change))
    found = compare_checkpoints({"weight": before}, {"weight": before + case.change})
    return int(found.ranks[0])


#: distinct primes, with which no minor of a mask cancels
PRIMES = np.array([[2, 211, 13, 41], [89, 3, 157, 7], [5, 61, 17, 113], [241, 19, 67, 11]])


def small_masks() -> Iterator[Changed]:
    """Yield primes on every mask of up to three rows and as many columns."""
    for n in (1, 2, 3):
        for mask in itertools.product((0, 1), repeat=n * n):
            yield Changed(PRIMES[:n, :n] * np.reshape(mask, (n, n)))


def draw_change(draws: Draws) -> Changed:
    """Draw a mask of up to four rows and columns, and primes on it."""
    shape = draws.integers(1, 4), draws.integers(1, 4)
    return Changed(PRIMES[: shape[0], : shape[1]] * draws.integers(0, 1, shape=shape))


CHANGES = Family(
    "changes-on-masks",
    always=(
        Changed(np.array([[2]])),
        Changed(np.array([[0]])),
        Changed(np.array([[2, 3], [0, 0]])),
        Changed(np.array([[2, 3], [5, 0]])),  # the first free column of the first row is the only one of the second
        Changed(np.array([[2, 0, 5], [7, 0, 11], [0, 3, 0]])),
        Changed(np.array([[2, 0, 0], [3, 0, 0], [5, 7, 11]])),  # no row is empty, and two share one column
        Changed(PRIMES),
    ),
    draw=draw_change,
)


RELATED = Family("changes-with-relations", always=(Changed(np.ones((2, 2), int)), Changed(np.full((3, 3), 4))))


def rows_changed(case: Changed, rng: np.random.Generator | None = None) -> int:
    """Return the number of rows or columns with a change, whichever is less."""
    mask = np.asarray(case.change) != 0
    return int(min(mask.any(0).sum(), mask.any(1).sum()))


def greedily_matched(case: Changed, rng: np.random.Generator | None = None) -> int:
    """Return the size of a matching of the first free column of each row."""
    taken: set[int] = set()
    for row in np.asarray(case.change):
        free = [j for j in np.flatnonzero(row).tolist() if j not in taken]
        taken |= set(free[:1])
    return len(taken)


def has_rank_of_matching(case: Changed, rank: int) -> Sides:
    """Bound the reported rank by a largest matching from both sides."""
    due = matched_by_enumeration(np.asarray(case.change) != 0)
    return Sides([rank, due], [due, rank], trivial=[4, 4], least=[0, 0])


RN_5 = Statement(
    id="low_rank_optimizers/RN-5",
    title="A sparse change without relations has the rank of a matching of its mask",
    says=(
        "Weights change by numbers of which no sum of products in a minor cancels, and only on a mask. Then the "
        "change has the rank of a largest matching of the mask, a set of entries of which no two share a row or a "
        "column. So a change may be sparse and of full rank."
    ),
    source=Classical("term rank", "Edmonds, Systems of distinct representatives and linear algebra, 1967"),
    tex=r"\mathrm{rank}(D) = \nu(\mathrm{supp}\,D)",
    hypotheses={"integers of a small matrix": is_change, "no relation": has_no_relation},
    instances=CHANGES,
    for_all=(All("masks of one to three rows and as many columns, with primes on them", small_masks, members=530),),
    solve=ranked,
    claim=Inequality(has_rank_of_matching),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the number of rows or columns with a change", solve=rows_changed),
        saboteur("the first free column of each row", solve=greedily_matched),
        saboteur("equal numbers", breaks="no relation", instances=RELATED),
    ),
)


@dataclass(frozen=True)
class Layer:
    """A layer (n, n) of equal weights of sixteen bits, the share of them that a step changes, and copies of a row."""

    n: int
    density: Fraction
    copies: int = 1


def is_layer(case: Layer) -> bool:
    """Decide whether there are up to 64 rows, a multiple of the copies, and the share is between 0 and 1."""
    return 1 <= case.n <= 64 and 0 < case.density < 1 and case.copies >= 1 and case.n % case.copies == 0


def is_informative(case: Layer) -> bool:
    """Decide whether the bound is below 1, and not every mask is sparse."""
    return full_and_sparse_failure(case.n, case.density) < 1 and case.density * case.n + 2 < case.n


def changed(case: Layer, rng: np.random.Generator, n: int, length: float = 1.0) -> np.ndarray:
    """Return which weights are changed by a normal step and the library's rounding, (n runs, rows, columns).

    The step has the deviation at which a share of `case.density` crosses half of the gap, times `length`.
    """
    from scipy.special import ndtri

    weight, half_gap = 1.5, 2.0**-8
    deviation = length * half_gap / -float(ndtri(float(case.density) / 2))
    steps = rng.normal(size=(n, case.n // case.copies, case.n)) * deviation
    return np.repeat(np.asarray(rounded(weight + steps)) != weight, case.copies, axis=1)


@formula(n="[1, 512]", rho="[0, 1]")
def matching_failure(n: int, rho: Number) -> Number:
    """A mask has no perfect matching with at most this probability.

    For rho = (log n + c) / n the first and the last term are each about exp(-c).

    Proof
    -----
    Assumes: each entry of the n x n mask is there with probability rho, independently of all others.

    Proof: by Koenig's theorem, a mask without a perfect matching has, for some k from 1 to n, k rows whose entries all
    lie in k - 1 columns. The other n - k + 1 columns are empty in these rows, with probability (1 - rho)^(k (n - k +
    1)). There are C(n, k) choices of rows and C(n, k - 1) of columns; add up.
    """
    terms = (math.comb(n, k) * math.comb(n, k - 1) * (1 - rho) ** (k * (n - k + 1)) for k in range(1, n + 1))
    return sum(terms, start=0 * rho)


@formula(n="[1, 512]", rho="[0, 1]")
def full_and_sparse_failure(n: int, rho: Number) -> float:
    """A mask has no perfect matching, or more than rho n^2 + 2 n entries, with at most this probability.

    Proof
    -----
    Assumes: each entry of the n x n mask is there with probability rho, independently of all others.

    Proof: by `matching_failure` for the first. By Hoeffding's inequality, n^2 independent entries exceed their mean by
    2 n with a probability of at most exp(-2 (2 n)^2 / n^2) = exp(-8).
    """
    return float(matching_failure(n, rho)) + math.exp(-8)


def not_full_or_not_sparse(case: Layer, masks: np.ndarray) -> np.ndarray:
    """Decide for each run whether the mask has no perfect matching, or more entries than are sparse."""
    n = case.n
    good = masks.any(1).all(1) & masks.any(2).all(1) & (masks.sum((1, 2)) <= float(case.density) * n * n + 2 * n)
    return np.array([not (one and matched(mask) == n) for one, mask in zip(good, masks, strict=True)])


def failure(case: Layer) -> float:
    """Return the bound."""
    return full_and_sparse_failure(case.n, case.density)


def empty_row(case: Layer) -> float:
    """Return the bound with the first term alone: masks with an empty row."""
    return float(case.n * (1 - case.density) ** case.n) + math.exp(-8)


def draw_layer(draws: Draws) -> Layer:
    """Draw a size, and take the least share in fortieths at which the bound is below 2/5."""
    n = draws.integers(8, 20)
    shares = (Fraction(k, 40) for k in range(1, 40))
    return Layer(n, next(share for share in shares if matching_failure(n, share) < Fraction(2, 5)))


LAYERS = Family(
    "layers-of-changes",
    always=(
        Layer(8, Fraction(9, 20)),
        Layer(16, Fraction(3, 10)),
        Layer(32, Fraction(1, 5)),
    ),
    draw=draw_layer,
)


REPEATED = Family("layers-with-equal-rows", always=(Layer(16, Fraction(3, 10), 2),))


RN_5B = Statement(
    id="low_rank_optimizers/RN-5b",
    title="Rounding alone changes a layer in a mask of full rank",
    says=(
        "A step of independent entries changes each weight of an n x n layer with probability rho after rounding. The "
        "changed entries have no perfect matching, or are more than rho n^2 + 2 n, with a probability of at most sum_k "
        "C(n, k) C(n, k-1) (1 - rho)^(k (n - k + 1)) + exp(-8), where the sum is about 2 exp(-c) for rho = (log n + c) "
        "/ n. So changes that are sparse and of full rank need no signal."
    ),
    source=Derived(full_and_sparse_failure),
    tex=(
        r"P(\nu < n \text{ or } |S| > \rho n^2 + 2n) \le \sum_{k=1}^n \binom nk \binom n{k-1} "
        r"(1 - \rho)^{k(n - k + 1)} + e^{-8}"
    ),
    hypotheses={
        "a layer": is_layer,
        "the bound is below 1, and a mask may have too many entries": is_informative,
        "independent entries": lambda case: case.copies == 1,
    },
    instances=LAYERS,
    solve=changed,
    claim=Probability(event=not_full_or_not_sparse, at_most=failure),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the first term alone", claim=Probability(event=not_full_or_not_sparse, at_most=empty_row)),
        saboteur("steps of half the length", solve=partial(changed, length=0.5)),
        saboteur("equal rows in pairs", breaks="independent entries", instances=REPEATED),
    ),
)
