"""Formulas of selected columns against plain sums, enumerations and sequences of errors."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import scipy.fft

from lrtheory.bounds import Ball
from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.columns.cosines import dct_entry
from proofs_checks.low_rank_optimizers.columns.feedback import momentum_bound
from proofs_checks.low_rank_optimizers.columns.moved_moments import moved_moments
from proofs_checks.low_rank_optimizers.columns.selections import absolute_rule_share, captured_energy, selection_bound


@pytest.mark.parametrize("seed", range(5))
def test_no_choice_of_columns_captures_more(seed: int) -> None:
    energies = np.random.default_rng(seed).integers(0, 4, 6).tolist()
    for rank in range(7):
        best = max(sum(chosen) for chosen in combinations(energies, rank))
        assert captured_energy(energies, rank) == best
        if rank:
            assert sum(energies) - best <= selection_bound(sum(energies), 6, rank)


def test_equal_columns_attain_the_bound() -> None:
    for rank in range(1, 6):
        assert selection_bound(5, 5, rank) == 5 - captured_energy([1] * 5, rank)


@pytest.mark.parametrize("m", [1, 2, 5, 64])
def test_a_spike_loses_to_a_constant_column(m: int) -> None:
    flat = Fraction(1, m) + Fraction(1, 10**9)
    assert m * flat > 1  # the rule of absolute values takes the constant column
    share = absolute_rule_share(m)
    assert share <= m * flat**2 <= share + Fraction(3, 10**9)


@pytest.mark.parametrize("seed", range(5))
def test_moments_move_as_the_rotation_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    old, new = rng.permutation(6)[:3], rng.permutation(6)[:3]
    moments = rng.integers(-5, 6, (2, 3))
    assert np.allclose(moved_moments(moments, old, new), moments @ (Q[:, old].T @ Q[:, new]), atol=1e-13)


@pytest.mark.parametrize(("n", "rank"), [(1, 1), (4, 1), (4, 3), (64, 63), (400, 1)])
def test_bounds_of_carried_errors_are_geometric_series(n: int, rank: int) -> None:
    for found, square in (
        (theory.feedback_bound(3.0, n, rank), 1 - rank / n),
        (momentum_bound(3.0, n, rank, 0.75), 1 - (1 - 0.75**2) * rank / n),
    ):
        carried, q = 0.0, np.sqrt(square)
        for _ in range(60_000):
            carried = q * (carried + 3.0)
        assert found == pytest.approx(carried, rel=1e-10)


def test_bounds_of_carried_errors_in_exact_numbers() -> None:
    assert theory.feedback_bound(Fraction(2), 4, 3) == 2.0
    ball = momentum_bound(Ball(Fraction(2)), 4, 2, Fraction(1, 2))
    assert isinstance(ball, Ball)
    assert float(ball) == pytest.approx(momentum_bound(2.0, 4, 2, 0.5))


@pytest.mark.parametrize("n", [1, 2, 5, 16])
def test_entries_of_the_cosine_basis_are_those_of_the_transform(n: int) -> None:
    Q = np.array([[dct_entry(n, j, k) for k in range(n)] for j in range(n)])
    assert np.allclose(Q.T @ Q, np.eye(n), atol=1e-14)
    assert np.allclose(Q, scipy.fft.dct(np.eye(n), norm="ortho"), atol=1e-14)


def test_what_a_formula_says_nothing_about_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`r` must be an integer in \[0, 1\]"):
        captured_energy([1], 2)
    with pytest.raises(ValueError, match=r"`moments` must be of shape \(m, 2\)"):
        moved_moments([[1]], [0, 1], [0, 1])
    with pytest.raises(ValueError, match="`old` must be columns of which none comes twice"):
        moved_moments([[1, 2]], [0, 0], [0, 1])
    with pytest.raises(ValueError, match="`new` must be 2 columns"):
        moved_moments([[1, 2]], [0, 1], [0])
