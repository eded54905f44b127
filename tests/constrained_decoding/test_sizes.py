"""Sizes of catalogues beside enumeration, and where numbers leave the range of doubles."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest

from lrtheory.constrained_decoding import theory


@pytest.mark.parametrize(("n_items", "vocab_size", "length"), [(1, 2, 1), (2, 2, 2), (3, 2, 1), (2, 3, 2)])
def test_expected_prefixes_are_the_mean_over_all_tables(n_items: int, vocab_size: int, length: int) -> None:
    rows = list(itertools.product(range(vocab_size), repeat=length))
    tables = list(itertools.product(rows, repeat=n_items))
    mean = Fraction(sum(len(set(table)) for table in tables), len(tables))
    assert theory.expected_nodes(n_items, vocab_size=vocab_size, length=length) == pytest.approx(float(mean), rel=1e-14)


@pytest.mark.parametrize("length", [6, 20, 91, 200])
def test_long_prefixes_are_all_different(length: int) -> None:
    found = theory.expected_nodes(1000, vocab_size=2048, length=length)
    assert found == pytest.approx(1000, rel=1e-12)
    assert found <= 1000


def test_probes_are_those_of_a_bisection() -> None:
    for n in (1, 2, 3, 7, 8, 1000):
        low, high, probes = 0, n, 0
        while low < high:  # the longest way
            middle = (low + high) // 2
            low, probes = (middle + 1 if high - middle - 1 >= middle - low else low), probes + 1
            high = high if low == middle + 1 else middle
        assert theory.probes_ppv(n, vocab_size=5) == 5 * probes
