"""The certified spectra by which the claims know the truth: roots that are looked for one by one are those of all."""

import numpy as np
import pytest

from proofs_checks.matrix_compression.families import exact

RNG = np.random.default_rng(0)
MATRICES = {
    "integers": RNG.integers(-2, 3, size=(40, 50)).astype(float),
    "doubles": RNG.normal(size=(40, 36)),
    "a tiny unit": 2.0**-500 * RNG.normal(size=(34, 34)),
    "far apart": np.diag(2.0 ** -np.arange(40.0)),
    "further apart than doubles": np.diag(2.0 ** np.linspace(-400, 400, 40).round()),
    "one zero": np.diag(np.arange(40.0)),
    "of low rank, so that 0 is a root many times": RNG.normal(size=(40, 3)) @ RNG.normal(size=(3, 45)),
    "one root many times": 3 * np.eye(40),
    "neighbors that doubles cannot part": np.diag([1.0, np.nextafter(1.0, 2.0), *range(2, 40)]),
}


@pytest.mark.parametrize("name", MATRICES)
def test_roots_one_by_one_are_those_of_all_at_once(name, monkeypatch):
    matrix = MATRICES[name]
    exact._energies.cache_clear()
    found = exact.energies(matrix)
    exact._energies.cache_clear()
    monkeypatch.setattr(exact, "LARGE", 1000)
    np.testing.assert_array_equal(found, exact.energies(matrix))


def test_roots_are_found_one_by_one_and_refused_where_guesses_do_not_part_them():
    polynomial = exact.flint.fmpz_poly([-6, 11, -6, 1])  # (x - 1) (x - 2) (x - 3)
    roots = exact._simple_roots(polynomial, [1 - 1e-12, 2.0, 3 + 1e-12])
    assert roots is not None
    assert [float(root.mid()) for root in roots] == [1.0, 2.0, 3.0]
    assert exact._simple_roots(polynomial, [0.9, 1.1, 3.0]) is None
    assert exact._simple_roots(exact.flint.fmpz_poly([-2, 5, -4, 1]), [1.0, 1.0, 2.0]) is None  # (x - 1)^2 (x - 2)
