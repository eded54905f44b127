"""Rankings from real data."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    ScoreRule,
    item_scores,
    load_applicants,
    load_cambridge_ballots,
    load_pref_profiles,
    load_rated_items,
    select,
)


def test_cambridge_ballots(data) -> None:
    data("cambridge_ballots")
    panel = load_cambridge_ballots(4000, candidates=(9, 3), majority_first=0.7, rng=0)
    assert (panel.n_rankings, panel.n_items, panel.names[9]) == (4000, 12, "C1")
    orders = panel.as_orders()
    assert ((orders[:, 0] >= 0) & (orders[:, 0] < 9)).mean() == pytest.approx(0.7, abs=0.03)
    lengths = (panel.positions >= 0).sum(axis=1)
    assert lengths.min() >= 1
    assert 2 < lengths.mean() < 8
    again = load_cambridge_ballots(4000, candidates=(9, 3), majority_first=0.7, rng=0)
    np.testing.assert_array_equal(panel.positions, again.positions)
    first = np.bincount(orders[:, 0], minlength=12)[:9]
    np.testing.assert_allclose(first / first.sum(), 1 / 9, atol=0.03)
    assert select(panel, ScoreRule("borda"), 6, groups=np.arange(12) >= 9, at_least={True: 2}).group_counts[True] >= 2
    for options in ({"candidates": (0, 3)}, {"candidates": (1, 2, 3)}, {"majority_first": 2}):
        with pytest.raises(ValueError, match="must be"):
            load_cambridge_ballots(5, **options)


def test_pref_profiles(data) -> None:
    data("pref_profiles")
    profiles = load_pref_profiles()
    assert len(profiles) == 10
    for method, panel in profiles.items():
        assert panel.positions.min() >= 0
        ahead = np.array(
            [
                [(panel.weights * (panel.positions[:, i] < panel.positions[:, j])).sum() for j in range(panel.n_items)]
                for i in range(panel.n_items)
            ]
        )
        beats = ahead > ahead.T
        if method not in ("Pareto",):
            assert beats.sum(axis=1).max() == panel.n_items - 1  # somebody beats all others
    borda = profiles["Borda"]
    winner = int(np.argmax(item_scores(borda, ScoreRule("borda"))))
    assert select(borda, ScoreRule("borda"), 1).items.tolist() == [winner]


def test_rated_items(data) -> None:
    data("rated_items")
    found = load_rated_items(30)
    panel = found.rankings
    assert panel.n_items == 30
    assert panel.names[0] == "Star Wars"
    assert panel.shared.max() > 1
    assert {len(groups) for groups in found.item_groups.values()} == {30}
    assert {len(groups) for groups in found.voter_groups.values()} == {panel.n_rankings}
    assert set(found.voter_groups["gender"]) == {"F", "M"}
    chosen = select(panel, ScoreRule("borda"), 6, groups=found.item_groups["class"], at_least={"Comedy": 2})
    assert chosen.group_counts["Comedy"] >= 2
    assert len(chosen.names) == 6


def test_applicants(data) -> None:
    data("applicants")
    found = load_applicants()
    panel, young = found.rankings, found.item_groups["age"] < 30
    assert (panel.n_rankings, panel.n_items) == (5, 4454)
    assert found.criteria == ("seniority", "income", "assets", "debt", "expenses")
    assert (panel.positions < 0).sum(axis=1).tolist() == [0, 381, 47, 18, 0]  # unknown ones of the table
    assert found.good.sum() == 3200
    assert {len(groups) for groups in found.item_groups.values()} == {4454}
    free = select(panel, ScoreRule("borda"), 100)
    fair = select(panel, ScoreRule("borda"), 100, groups=young, at_least={True: 25})
    assert young[free.items].sum() < 25 == fair.group_counts[True]
    assert 0.9 * free.score < fair.score < free.score
