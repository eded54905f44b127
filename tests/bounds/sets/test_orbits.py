"""One case of every orbit, and the sizes of orbits, against counts that know no orbit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from proofs_checks.matrix_completion.samples import determined_samples as samples
from proofs_checks.orbits import Symmetry


def reordered(mask: np.ndarray) -> Iterator[bytes]:
    """Yield a table with its rows and columns in every order."""
    for rows, columns in itertools.product(*(itertools.permutations(range(size)) for size in mask.shape)):
        yield mask[list(rows)][:, list(columns)].tobytes()


def tables(m: int, n: int) -> Iterator[np.ndarray]:
    """Yield all tables of truth values."""
    for entries in itertools.product((False, True), repeat=m * n):
        yield np.reshape(entries, (m, n))


def by_cycles(m: int, n: int) -> int:
    """Count the tables up to order by the lemma of Burnside: the mean of 2 to the number of cycles of each element."""
    total = elements = 0
    for rows, columns in itertools.product(itertools.permutations(range(m)), itertools.permutations(range(n))):
        left, cycles = set(itertools.product(range(m), range(n))), 0
        while left:
            place, cycles = left.pop(), cycles + 1
            while (place := (rows[place[0]], columns[place[1]])) in left:
                left.remove(place)
        total, elements = total + 2**cycles, elements + 1
    return total // elements


@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 2), (2, 3), (3, 3)])
def test_one_of_each_is_as_many_as_fixed_points_say_and_sizes_add_up(m: int, n: int) -> None:
    orders = Symmetry(reordered)
    found = list(orders.one_of_each(tables(m, n)))
    assert len(found) == by_cycles(m, n)
    assert sum(map(orders.size, found)) == 2 ** (m * n)


def test_samples_of_a_small_table_are_those_of_the_lemma_but_the_empty_one() -> None:
    found = list(samples.small_patterns(1))
    assert len(found) == by_cycles(4, 4) - 1
    assert sum(map(samples.alike, found)) == 2**16 - 1


def test_connected_samples_are_as_many_as_connected_bipartite_graphs() -> None:
    # connected graphs with named points, four on either side: OEIS A005333
    assert sum(map(samples.alike, samples.small_connected())) == 36317
