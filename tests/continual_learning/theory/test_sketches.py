"""Bounds of Frequent Directions against a plain sketch in exact numbers and against enumeration, and counters."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from lrtheory.continual_learning import theory
from proofs_checks.continual_learning.sketches.counters import misra_gries
from proofs_checks.continual_learning.sketches.errors import shrinkage_limit
from proofs_checks.continual_learning.sketches.projections import projection_bound
from tests.rules.refusals import assert_refused


def decremented(items: tuple[int, ...], rank: int) -> tuple[dict[int, int], int]:
    """Misra and Gries with unit weights: one more for a known item, a new counter where there is room, else minus."""
    counters: dict[int, int] = {}
    missed = 0
    for item in items:
        if item in counters or len(counters) < rank:
            counters[item] = counters.get(item, 0) + 1
        else:
            counters = {key: value - 1 for key, value in counters.items() if value > 1}
            missed += 1
    return counters, missed


@pytest.mark.parametrize(("n", "rank", "length"), [(2, 1, 6), (3, 1, 6), (3, 2, 5)])
def test_counters_are_those_of_misra_and_gries(n: int, rank: int, length: int) -> None:
    for T in range(1, length + 1):
        for items in product(range(n), repeat=T):
            found = misra_gries([(item, Fraction(1)) for item in items], rank, rank + 1)
            assert (found.counters, found.missed) == decremented(items, rank)
            assert sum(found.counters.values()) == T - (rank + 1) * found.missed


def test_a_larger_buffer_shrinks_less_often() -> None:
    items = [(item, 1) for item in (0, 1, 2, 3) * 12]
    small, large = (misra_gries(items, 2, buffer) for buffer in (3, 12))
    assert large.n_shrinks < small.n_shrinks
    assert misra_gries(items, 6) == misra_gries(items, 6, 12)
    assert misra_gries(items, 6).counters == {0: 12, 1: 12, 2: 12, 3: 12}


@pytest.mark.parametrize("seed", range(20))
def test_counters_keep_the_bounds_exactly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, T = int(rng.integers(2, 8)), int(rng.integers(1, 60))
    rank, buffer = (int(x) for x in (rng.integers(1, n), rng.integers(0, 9)))
    items = [(int(i), int(w)) for i, w in zip(rng.integers(0, n, T), rng.integers(1, 10, T), strict=True)]
    found = misra_gries(items, rank, rank + 1 + buffer)
    weights = [sum(w for i, w in items if i == axis) for axis in range(n)]
    missed = [weight - found.counters.get(axis, 0) for axis, weight in enumerate(weights)]
    assert min(missed) >= 0
    assert max(missed) <= found.missed
    assert len(found.counters) <= rank
    kept, mass = sum(found.counters.values()), sum(weights)
    assert found.missed <= shrinkage_limit(mass, kept, rank)
    values = np.sqrt(weights)
    assert found.missed <= theory.fd_bound(values, rank) * (1 + 1e-12)
    for k in range(rank + 1):
        first = sorted(range(n), key=lambda axis: -found.counters.get(axis, 0))[:k]
        left = mass - sum(weights[axis] for axis in first)
        after = projection_bound(values, k, rank, found.missed)
        before = projection_bound(values, k, rank)
        assert left <= after * (1 + 1e-12)
        assert after <= before * (1 + 1e-12)


def test_formulas_are_exact_on_fractions() -> None:
    values = [Fraction(1, 2), Fraction(3), Fraction(2)]
    assert theory.tail_energy(values, 1) == Fraction(17, 4)
    assert theory.tail_energy(values, 5) == 0
    assert theory.fd_bound(values, 1) == min(Fraction(53, 8), Fraction(17, 4))
    assert theory.fd_bound([3, 2, 1], 2) == Fraction(1)
    assert projection_bound(values, 1, 2) == Fraction(3, 2) * Fraction(17, 4)
    assert projection_bound(values, 1, 2, Fraction(1, 4)) == Fraction(9, 2)
    assert shrinkage_limit(Fraction(7), Fraction(1, 2), 1) == Fraction(13, 4)


@pytest.mark.parametrize("epsilon", [0.5, 0.1, 0.02])
def test_the_rank_that_is_needed_is_the_least(epsilon: float) -> None:
    for values in (np.ones(200), np.arange(1.0, 30) ** -1.0, np.array([5.0])):
        rank, energy = theory.fd_rank_needed(values, epsilon), theory.tail_energy(values, 0)
        assert theory.fd_bound(values, rank) <= epsilon * energy
        assert rank == 1 or theory.fd_bound(values, rank - 1) > epsilon * energy
        assert rank <= 1 / epsilon


#: function, its arguments, the argument named, the rule: what no domain says
REFUSED: list[tuple[Any, Any, str, str]] = [
    (theory.tail_energy, ([-1], 0), "spectrum", "in [0, inf)"),
    (theory.fd_bound, ([np.nan], 1), "spectrum", "in [0, inf)"),
    (theory.fd_rank_needed, ([-1], 0.5), "spectrum", "in [0, inf)"),
    (misra_gries, ([(0, 0)], 1), "items", "in (0, inf)"),
    (misra_gries, (3, 1), "items", "a sequence"),
    (misra_gries, ("abc", 1), "items", "a sequence"),
    (misra_gries, ([3], 1), "items[0]", "a sequence"),
    (misra_gries, ([(0, 1)], 2, 2), "m", "an integer above rank 2"),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[0].__name__}-{row[2]}")
def test_what_no_domain_says_is_refused(row: tuple[Any, Any, str, str]) -> None:
    formula, args, argument, rule = row
    assert_refused(formula, args, {}, argument, rule)
