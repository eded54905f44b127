"""Formulas of protected subspaces against matrices that they bound, by enumeration and by chance."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.continual_learning.subspaces.best_directions import worst_leak
from proofs_checks.continual_learning.subspaces.blind_sides import blind_change
from proofs_checks.continual_learning.subspaces.old_momentum import momentum_leak
from proofs_checks.continual_learning.subspaces.protected_steps import leak_limit
from proofs_checks.continual_learning.subspaces.sketched_inputs import energy_rank, leak_bounds
from tests.rules.refusals import assert_refused


def energy(X: np.ndarray) -> float:
    return float((X**2).sum())


def values(X: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.svd(X, compute_uv=False))


@pytest.mark.parametrize("seed", range(10))
def test_leaks_are_within_their_limits_and_attain_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, k = rng.standard_normal((6, 5)), int(rng.integers(1, 5))
    M = np.linalg.qr(rng.standard_normal((5, k)))[0]
    free = np.eye(5) - M @ M.T
    step = free @ rng.standard_normal((5, 5))
    limit = leak_limit(energy(X @ free), values(step)[0] ** 2)
    assert energy(X @ step) <= limit * (1 + 1e-12)  # an equation where one direction is free
    # the projector itself is a step of largest singular value 1 that attains the limit
    assert energy(X @ free) == pytest.approx(leak_limit(energy(X @ free), values(free)[0] ** 2))
    assert energy(X @ free) >= worst_leak(values(X), k) - 1e-12
    best = np.linalg.svd(X)[2][:k].T
    assert energy(X - X @ best @ best.T) == pytest.approx(worst_leak(values(X), k))


@pytest.mark.parametrize("seed", range(10))
def test_bounds_from_rows_that_lost_a_known_amount(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, step, missed = rng.standard_normal((6, 4)), rng.standard_normal((4, 3)), 0.25
    w, U = np.linalg.eigh(X.T @ X)
    B = (np.sqrt(np.maximum(w - missed * rng.uniform(0, 1, 4), 0)) * U).T
    low, high = leak_bounds(energy(B @ step), missed, energy(step))
    assert low - 1e-12 <= energy(X @ step) <= high + 1e-12


def test_the_number_of_directions_reaches_its_share() -> None:
    assert energy_rank([3, 1, 1], 1) == 3
    assert energy_rank([0, 0], 0.5) == 0
    assert energy_rank([1, 7, 5], Fraction(49, 75)) == 1
    assert energy_rank([1, 7, 5], Fraction(50, 75)) == 2
    assert energy_rank([1, 7, 5], Fraction(50, 75), Fraction(200)) is None
    for share in np.linspace(0.01, 1, 37):
        rank = energy_rank([9.0, 3.0, 2.0, 1.0], share)
        sums = [0, 81, 90, 94, 95]
        assert rank is not None
        assert sums[rank - 1] < share * 95 <= sums[rank]


def test_one_direction_with_nearly_all_energy_is_protected() -> None:
    spectrum = np.sqrt([99.0, 1.0])
    below = int((np.cumsum(spectrum**2) / 100 < 0.98).sum())
    assert (energy_rank(spectrum, 0.98), below) == (1, 0)


@pytest.mark.parametrize("n_steps", range(5))
def test_momentum_leaks_what_it_had(n_steps: int) -> None:
    beta, size = Fraction(1, 3), Fraction(2, 5)
    start = np.array([[Fraction(2), Fraction(-1)]], object)
    m, moved = start, 0 * start
    for _ in range(n_steps):
        m = beta * m
        moved = moved - size * m
    found = momentum_leak(start, beta, size, n_steps)
    assert (found == moved).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_change_moves_one_output_where_one_wants_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(1, 5, 3), rng.integers(-4, 5, 2)
    change = blind_change(x, y)
    assert change.shape == (3, 2)
    assert (x @ change == y).all()
    assert sum(entry**2 for entry in change.flat) * int(x @ x) == int(y @ y)
    assert np.linalg.matrix_rank(change.astype(float)) <= 1


def test_what_no_domain_says_is_refused() -> None:
    assert_refused(blind_change, ([0, 0], [1]), {}, "x", "a vector that is not 0")
    assert_refused(energy_rank, ([-1], 0.5), {}, "s", "in [0, inf)")
    assert_refused(worst_leak, ([-1], 1), {}, "s", "in [0, inf)")
    assert_refused(momentum_leak, ([np.nan], 0.5, 1, 1), {}, "m", "in (-inf, inf)")
