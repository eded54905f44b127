"""Tables of low rank: exact recovery, antisymmetry, what noise does, and bad input."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import alpha_rank


def win_rates(n, rank, seed):
    rng = np.random.default_rng(seed)
    B, J = rng.normal(size=(n, rank)), np.kron(np.eye(rank // 2), [[0.0, 1.0], [-1.0, 0.0]])
    payoffs = B @ J @ B.T
    return (1 + payoffs / np.abs(payoffs).max()) / 2


def hidden(means, share, seed):
    rows, cols = np.triu_indices(len(means), 1)
    gone = np.random.default_rng(seed).random(len(rows)) < share
    table = means.copy()
    table[rows[gone], cols[gone]] = table[cols[gone], rows[gone]] = np.nan
    return table


@pytest.mark.parametrize(("n", "rank"), [(12, 2), (24, 4)])
def test_the_ranking_of_a_table_with_gaps_is_that_of_the_whole(n, rank):
    means = win_rates(n, rank, n)
    found = alpha_rank.complete_table(hidden(means, 0.3, 1), rank=rank, rng=0)
    np.testing.assert_allclose(found.means, means, atol=1e-6)
    assert found.converged
    whole, completed = (alpha_rank.alpha_rank(table, population="single") for table in (means, found.means))
    np.testing.assert_allclose(completed.pi, whole.pi)


def test_one_entry_of_a_pair_is_enough():
    means = win_rates(10, 2, 0)
    upper = np.where(np.triu(np.ones((10, 10)), 1) > 0, means, np.nan)
    np.testing.assert_allclose(alpha_rank.complete_table(upper, rng=0).means, means, atol=1e-6)


def test_rates_stay_rates_under_noise():
    means = np.clip(win_rates(15, 2, 3) + 0.1 * np.random.default_rng(0).normal(size=(15, 15)), 0, 1)
    upper = np.where(np.triu(np.ones((15, 15)), 1) > 0, means, np.nan)
    found = alpha_rank.complete_table(upper, ridge=0.1, rng=0).means
    assert (found >= 0).all()
    assert (found <= 1).all()
    np.testing.assert_allclose(found + found.T, 1, atol=1e-12)


@pytest.mark.parametrize(
    ("means", "options", "words"),
    [
        (np.ones((2, 3)) / 2, {}, "a square table"),
        ([[0.5, 1.5], [np.nan, 0.5]], {}, r"in \[0, 1\]"),
        ([[0.5, 0.7], [0.7, 0.5]], {}, "sum to 1 for each pair"),
        ([[0.5, np.nan], [np.nan, 0.5]], {}, "at least one pair"),
        ([[0.5, 0.7], [0.3, 0.5]], {"rank": 1}, "`rank`"),
        (np.full((4, 4), 0.5), {"rank": 3}, "even"),
    ],
)
def test_bad_tables(means, options, words):
    with pytest.raises(ValueError, match=words):
        alpha_rank.complete_table(means, **options)
