"""Formulas of selected columns against plain sums, enumerations and sequences of errors."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import scipy.fft

from lrtheory.bounds import Ball
from lrtheory.low_rank_optimizers import theory
from tests.rules.refusals import assert_refused

AT_ZERO, ONE = "in [0, inf)", "an integer of at least 1"


@pytest.mark.parametrize("seed", range(5))
def test_no_choice_of_columns_captures_more(seed: int) -> None:
    energies = np.random.default_rng(seed).integers(0, 4, 6).tolist()
    for rank in range(7):
        best = max(sum(chosen) for chosen in combinations(energies, rank))
        assert theory.captured_energy(energies, rank) == best
        if rank:
            assert sum(energies) - best <= theory.selection_bound(sum(energies), 6, rank)


def test_equal_columns_attain_the_bound() -> None:
    for rank in range(1, 6):
        assert theory.selection_bound(5, 5, rank) == 5 - theory.captured_energy([1] * 5, rank)


@pytest.mark.parametrize("m", [1, 2, 5, 64])
def test_a_spike_loses_to_a_constant_column(m: int) -> None:
    flat = Fraction(1, m) + Fraction(1, 10**9)
    assert m * flat > 1  # the rule of absolute values takes the constant column
    share = theory.absolute_rule_share(m)
    assert share <= m * flat**2 <= share + Fraction(3, 10**9)


@pytest.mark.parametrize("seed", range(5))
def test_moments_move_as_the_rotation_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    old, new = rng.permutation(6)[:3], rng.permutation(6)[:3]
    moments = rng.integers(-5, 6, (2, 3))
    assert np.allclose(theory.moved_moments(moments, old, new), moments @ (Q[:, old].T @ Q[:, new]), atol=1e-13)


@pytest.mark.parametrize(("n", "rank"), [(1, 1), (4, 1), (4, 3), (64, 63), (400, 1)])
def test_bounds_of_carried_errors_are_geometric_series(n: int, rank: int) -> None:
    for found, square in (
        (theory.feedback_bound(3.0, n, rank), 1 - rank / n),
        (theory.momentum_bound(3.0, n, rank, momentum=0.75), 1 - (1 - 0.75**2) * rank / n),
    ):
        carried, q = 0.0, np.sqrt(square)
        for _ in range(60_000):
            carried = q * (carried + 3.0)
        assert found == pytest.approx(carried, rel=1e-10)


def test_bounds_of_carried_errors_in_exact_numbers() -> None:
    assert theory.feedback_bound(Fraction(2), 4, 3) == 2.0
    ball = theory.momentum_bound(Ball(Fraction(2)), 4, 2, momentum=Fraction(1, 2))
    assert isinstance(ball, Ball)
    assert float(ball) == pytest.approx(theory.momentum_bound(2.0, 4, 2, momentum=0.5))


@pytest.mark.parametrize("n", [1, 2, 5, 16])
def test_entries_of_the_cosine_basis_are_those_of_the_transform(n: int) -> None:
    Q = np.array([[theory.dct_entry(n, j, k) for k in range(n)] for j in range(n)])
    assert np.allclose(Q.T @ Q, np.eye(n), atol=1e-14)
    assert np.allclose(Q, scipy.fft.dct(np.eye(n), norm="ortho"), atol=1e-14)


#: function, its arguments, its options, the argument named, the rule
REFUSED: list[tuple[str, Any, dict[str, Any], str, str]] = [
    ("captured_energy", ([-1], 1), {}, "energies", AT_ZERO),
    ("captured_energy", ([1], 2), {}, "rank", "an integer in [0, 1]"),
    ("selection_bound", (-1, 2, 1), {}, "energy", AT_ZERO),
    ("selection_bound", (1, 0, 1), {}, "n", ONE),
    ("selection_bound", (1, 2, 3), {}, "rank", "an integer in [1, 2]"),
    ("absolute_rule_share", (0,), {}, "length", ONE),
    ("moved_moments", ([[1]], [0, 1], [0, 1]), {}, "moments", "of shape (m, 2)"),
    ("moved_moments", ([[1, 2]], [0, 0], [0, 1]), {}, "old", "columns of which none comes twice"),
    ("moved_moments", ([[1, 2]], [0, 1], [0]), {}, "new", "2 columns"),
    ("feedback_bound", (-1, 2, 1), {}, "gradient", AT_ZERO),
    ("feedback_bound", (1, 0, 1), {}, "n", ONE),
    ("feedback_bound", (1, 2, 0), {}, "rank", "an integer in [1, 2]"),
    ("momentum_bound", (np.inf, 2, 1), {"momentum": 0}, "gradient", AT_ZERO),
    ("momentum_bound", (1, 0, 1), {"momentum": 0}, "n", ONE),
    ("momentum_bound", (1, 2, 0), {"momentum": 0}, "rank", "an integer in [1, 2]"),
    ("momentum_bound", (1, 2, 1), {"momentum": 1}, "momentum", "in [0, 1)"),
    ("dct_entry", (0, 0, 0), {}, "n", ONE),
    ("dct_entry", (2, 2, 0), {}, "j", "an integer in [0, 1]"),
    ("dct_entry", (2, 0, -1), {}, "k", "an integer in [0, 1]"),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[0]}-{row[3]}")
def test_what_a_formula_says_nothing_about_is_refused(row: tuple[str, Any, dict[str, Any], str, str]) -> None:
    name, args, options, argument, rule = row
    assert_refused(getattr(theory, name), args, options, argument, rule)
