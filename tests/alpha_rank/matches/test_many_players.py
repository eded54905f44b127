"""Leaderboards of many players, of whom most are alike, against those of the whole game."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from lrtheory.alpha_rank import leaderboard, ranking_intervals, theory
from lrtheory.alpha_rank.intervals import solve_many
from lrtheory.alpha_rank.matches.boxes import box_of
from tests.alpha_rank.matches.test_leaderboard import win_rates


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_alike", [0, 1, 2, 9])
def test_players_who_are_alike_have_the_masses_of_the_whole_game(n_alike, seed):
    rng = np.random.default_rng(seed)
    _, lower, upper = win_rates(5, 0.45, seed)
    n = 5 + n_alike
    low, high = np.zeros((n, n)), np.ones((n, n))
    low[:5, :5], high[:5, :5] = lower, upper
    np.fill_diagonal(low, 0.5)
    np.fill_diagonal(high, 0.5)
    mixed = rng.permutation(n)
    low, high = low[np.ix_(mixed, mixed)], high[np.ix_(mixed, mixed)]
    whole = ranking_intervals(low, high, population="single", perturbation=0.01)
    found = solve_many(box_of(low, high, population="single"), 0.01, np.arange(n), 1e9)
    assert found.targets is None
    assert found.counts == whole.counts
    np.testing.assert_allclose(found.lower, whole.lower, rtol=1e-11)
    np.testing.assert_allclose(found.upper, whole.upper, rtol=1e-11)
    some = solve_many(box_of(low, high, population="single"), 0.01, np.arange(n), 2.5 * 6**3)
    solved = np.arange(n) if some.targets is None else some.targets
    np.testing.assert_allclose(some.upper, whole.upper[solved], rtol=1e-11)
    untouched = np.flatnonzero((theory.certain_directions(low, high) == 0).all(axis=1))
    assert np.isin(untouched, solved).all()


def test_many_players_are_ranked_and_what_is_not_solved_for_is_said(monkeypatch):
    names = [f"p{i}" for i in range(600)]
    log = {"winner": names[:-1] + ["p7"] * 60 + ["p8"] * 60, "loser": names[1:] + ["p8"] * 60 + ["p9"] * 60}
    found = leaderboard(log)
    assert found.intervals.targets is None
    certain = found.intervals.counts["edges"] - found.intervals.counts["open_edges"]
    assert certain == 2
    by_name = dict(zip(found.table.names, found.intervals.upper.tolist(), strict=True))
    assert len({by_name[name] for name in names if name not in ("p7", "p8", "p9")}) == 1
    assert by_name["p0"] > by_name["p8"]
    assert by_name["p0"] > by_name["p9"]
    monkeypatch.setattr(importlib.import_module("lrtheory.alpha_rank.boards.leaderboard"), "MOST_WORK", 1.0)
    part = leaderboard(log)
    assert part.intervals.targets.size == 0
    assert len(part._columns()["player"]) == 600
    assert part.intervals.first().endswith("and 592 more")
    assert any(fact.startswith("masses of no players were solved for") for fact in part._facts())
    assert part._decided() is None
