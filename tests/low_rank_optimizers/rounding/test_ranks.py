"""Matchings of masks against enumeration and another program, and their probability against all masks."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.low_rank_optimizers.rounding.ranks import (
    PRIMES,
    Changed,
    has_no_relation,
    matched,
    matched_by_enumeration,
    matching_failure,
)


def test_augmenting_paths_find_what_enumeration_finds() -> None:
    for n, m in ((1, 3), (3, 1), (2, 3), (3, 2), (3, 3)):
        for mask in itertools.product((False, True), repeat=n * m):
            both = np.reshape(mask, (n, m))
            assert matched(both) == matched_by_enumeration(both)


def test_augmenting_paths_find_what_scipy_finds() -> None:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import structural_rank

    rng = np.random.default_rng(0)
    for n in (5, 16, 40, 64):
        for _ in range(20):
            mask = rng.random((n, n)) < rng.uniform(0.5, 3) / n
            assert matched(mask) == structural_rank(csr_array(mask.astype(int)))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_bound_holds_over_all_masks_and_is_sharp_for_one_entry(n: int) -> None:
    codes = np.arange(1 << (n * n))
    full = np.zeros(len(codes), bool)
    for order in itertools.permutations(range(n)):
        term = sum(1 << (i * n + j) for i, j in enumerate(order))
        full |= codes & term == term
    entries = sum((codes >> place) & 1 for place in range(n * n))
    counts = np.bincount(entries[~full], minlength=n * n + 1).tolist()
    for rho in (Fraction(k, 20) for k in range(1, 20)):
        terms = [count * rho**k * (1 - rho) ** (n * n - k) for k, count in enumerate(counts)]
        exact = sum(terms, start=Fraction(0))
        assert exact <= matching_failure(n, rho)
        assert (exact == matching_failure(n, rho)) == (n == 1)


def test_no_mask_of_the_primes_has_a_relation() -> None:
    """A minor of a mask whose terms cancel would be one of these."""
    for mask in itertools.product((0, 1), repeat=9):
        assert has_no_relation(Changed(PRIMES[:3, :3] * np.reshape(mask, (3, 3))))
    assert has_no_relation(Changed(PRIMES))
    assert not has_no_relation(Changed(np.ones((2, 2), int)))
