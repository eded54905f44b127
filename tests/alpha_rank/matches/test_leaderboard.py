"""Leaderboards and intervals of a single population, against enumeration."""

from __future__ import annotations

import itertools
import json
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtheory.alpha_rank import (
    alpha_rank,
    leaderboard,
    next_matches,
    ranking_intervals,
    table_from_matches,
    theory,
)
from lrtheory.alpha_rank.theory.exact_intervals import anytime_level
from lrtheory.cli import main
from tests.alpha_rank.oracles import law


def orientations(lower, upper, epsilon):
    """Least and largest mass over all directions of the pairs that intervals on win rates leave open."""
    n = len(lower)
    pairs = list(itertools.combinations(range(n), 2))
    still_open = [pair for pair in pairs if lower[pair] <= 0.5 <= upper[pair]]
    found = []
    for bits in itertools.product((True, False), repeat=len(still_open)):
        chosen, chain = dict(zip(still_open, bits, strict=True)), np.full((n, n), Fraction(0), object)
        for r, s in pairs:
            # who wins is invaded less often: s moves to r with 1 - epsilon
            r_wins = chosen.get((r, s), lower[r, s] > 0.5)
            chain[s, r], chain[r, s] = (1 - epsilon, epsilon) if r_wins else (epsilon, 1 - epsilon)
        found.append(law(chain / (n - 1)))
    return np.min(found, axis=0), np.max(found, axis=0), len(still_open)


def win_rates(n, width, seed):
    rng = np.random.default_rng(seed)
    above = np.triu(rng.uniform(0, 1, (n, n)), 1)
    reach = np.triu(rng.uniform(0, width, (n, n)), 1)
    rates, reach = above + np.tril(1 - above.T, -1) + np.eye(n) / 2, reach + reach.T
    return rates, np.clip(rates - reach, 0, 1), np.clip(rates + reach, 0, 1)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(6))
def test_a_single_population_against_all_orientations(n, seed):
    rates, lower, upper = win_rates(n, 0.45, seed)
    least, most, n_open = orientations(lower, upper, Fraction(1, 20))
    found = ranking_intervals(lower, upper, population="single", perturbation=0.05)
    assert np.allclose(found.lower, least.astype(float), rtol=1e-10)
    assert np.allclose(found.upper, most.astype(float), rtol=1e-10)
    assert found.counts == {"edges": n * (n - 1) // 2, "open_edges": n_open}
    exact = ranking_intervals(lower, upper, population="single", perturbation=Fraction(1, 20), targets=[1])
    assert exact.lower == least[1]
    pi = alpha_rank(rates, population="single", perturbation=0.05).pi
    assert (found.lower <= pi * (1 + 1e-12)).all()
    assert (pi <= found.upper * (1 + 1e-12)).all()
    assert int(pi.argmax()) in found.candidates()


@given(st.integers(2, 6), st.floats(0, 0.6), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_whoever_is_first_in_the_box_is_a_candidate(n, width, seed):
    """Tables drawn from the box, not only win rates: their masses lie inside, their first is listed."""
    rng = np.random.default_rng(seed)
    lower = rng.uniform(0, 1, (n, n))
    upper = lower + rng.uniform(0, width, (n, n))
    found = ranking_intervals(lower, upper, population="single", perturbation=0.01)
    for _ in range(5):
        pi = alpha_rank(rng.uniform(lower, upper), population="single", perturbation=0.01).pi
        assert (found.lower <= pi * (1 + 1e-9)).all()
        assert (pi <= found.upper * (1 + 1e-9)).all()
        assert int(pi.argmax()) in found.candidates()


def test_labels_and_rules_of_a_single_population():
    lower, upper = np.zeros((2, 2)), np.ones((2, 2))
    found = ranking_intervals(lower, upper, population="single", names=("ann", "bob"))
    assert found.names == (("ann", "bob"),)
    assert found.first() == "first can be: ann, bob"
    with pytest.raises(ValueError, match="`lower` must be one square table for a single population"):
        ranking_intervals([lower, lower.T], [upper, upper.T], population="single")
    with pytest.raises(ValueError, match="`upper` must be of shape"):
        ranking_intervals(lower, np.ones((3, 3)), population="single")
    with pytest.raises(ValueError, match="`lower` must be at most `upper`"):
        ranking_intervals(upper, lower, population="single")
    with pytest.raises(ValueError, match="`upper` must be given beside an array"):
        ranking_intervals(lower)
    with pytest.raises(ValueError, match="`population` must be one of"):
        ranking_intervals(lower, upper, population="both")
    with pytest.raises(ValueError, match="`delta` must be left out"):
        ranking_intervals(lower, upper, population="single", delta=0.1)
    for names in (3, [3, 4]):
        with pytest.raises(TypeError, match="`names` must be names for the strategies of each player"):
            ranking_intervals(lower, upper, population="single", names=names)
    with pytest.raises(ValueError, match="`delta` must be of a shape that fits that of the counts"):
        theory.clopper_pearson([1, 2], [3, 3], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="square and of the shape"):
        theory.certain_directions(lower, np.ones((2, 3)))
    pandas = pytest.importorskip("pandas")
    frames = [pandas.DataFrame(table, ["x", "y"], ["x", "y"]) for table in (lower, upper)]
    assert ranking_intervals(*frames, population="single").names == (("x", "y"),)


def test_touching_intervals_of_a_pair_stay_open():
    tie = np.full((2, 2), 0.5)
    assert ranking_intervals(tie, tie, population="single", perturbation=0.1).counts["open_edges"] == 1


def arena(n_matches, seed, names=("ann", "bob", "cat", "dan"), gap=1.0):
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(len(names), 2, replace=False) for _ in range(n_matches)])
    first_wins = rng.random(n_matches) < 1 / (1 + np.exp(gap * (pairs[:, 0] - pairs[:, 1])))
    return {
        "model_a": [names[i] for i in pairs[:, 0]],
        "model_b": [names[i] for i in pairs[:, 1]],
        "winner": ["model_a" if won else "model_b" for won in first_wins],
    }


def test_intervals_miss_the_truth_less_often_than_promised():
    """Four players of known win rates: the true masses leave their intervals in at most delta of the logs."""
    names, delta = ("ann", "bob", "cat", "dan"), 0.2
    gaps = np.subtract.outer(np.arange(4), np.arange(4)).T * 0.4
    truth = alpha_rank(1 / (1 + np.exp(-gaps)), population="single", perturbation=1e-3).pi
    missed = 0
    for seed in range(60):
        found = leaderboard(arena(120, seed, names, 0.4), delta=delta).intervals
        missed += bool(((truth < found.lower * (1 - 1e-9)) | (truth > found.upper * (1 + 1e-9))).any())
    assert missed <= 12


def test_intervals_at_all_times_are_needed_by_who_looks_at_all_times():
    """Two equal players, looked at after every match: intervals for one length are left by most logs at some time."""
    won = np.cumsum(np.random.default_rng(0).random((400, 300)) < 0.5, axis=1)
    games = np.broadcast_to(np.arange(1, 301), won.shape)
    left = {}
    for anytime in (True, False):
        level = anytime_level(0.3, games) if anytime else 0.3
        low, high = theory.clopper_pearson(won, games, level)
        left[anytime] = float(((low > 0.5) | (high < 0.5)).any(axis=1).mean())
    assert left[True] <= 0.3
    assert left[False] > 0.6
    table = table_from_matches([("ann", "bob")] * 300, won[0] - np.concatenate([[0], won[0, :-1]]), draws=None)
    assert (
        table.intervals(0.3, anytime=True)[0][0, 1]
        == theory.clopper_pearson(won[0, -1], 300, anytime_level(0.3, 300))[0]
    )


def test_a_leaderboard_by_hand():
    log = arena(2000, 3)
    board = leaderboard(log)
    columns = board._columns()
    assert columns["player"][0] == "ann"
    assert board.intervals.first() == "first is certain: ann"
    table = table_from_matches(log)
    order = [table.names.index(name) for name in columns["player"]]
    assert list(columns["games"]) == table.games.sum(axis=1)[order].tolist()
    assert np.allclose(columns["win rate"], (table.wins.sum(axis=1) / table.games.sum(axis=1))[order])
    low, high = table.intervals(0.05)
    again = ranking_intervals(low, high, population="single")
    assert np.array_equal(board.intervals.lower, again.lower)
    assert board._decided() is True
    assert "RU-T5" in board._facts()[0]
    wider = leaderboard(log, anytime=True).intervals
    assert wider.counts["open_edges"] >= board.intervals.counts["open_edges"]
    assert "at all times" in wider.message
    assert "at all times" not in board.intervals.message  # unless it is asked for
    open_board = leaderboard(arena(12, 0))
    assert open_board._decided() is None
    cycle = {"winner": ["a", "b", "c"] * 60, "loser": ["b", "c", "a"] * 60}
    assert leaderboard(cycle)._decided() is False
    assert leaderboard(cycle).intervals.first() == "first is shared for certain: a, b, c"


def test_the_population_is_seen_by_names_and_scores():
    shared = leaderboard({"winner": ["a", "b"], "loser": ["b", "c"]})
    assert shared.intervals.population == "single"
    seated = {"model_a": ["a", "b"], "model_b": ["x", "y"], "winner": ["a", "y"]}
    apart = leaderboard(seated)
    assert apart.intervals.population == "multi"
    assert apart.ratings is None
    assert list(apart._columns())[:2] == ["p1", "p2"]
    assert leaderboard(seated, population="single").table.games.shape == (4, 4)
    mixed = {"model_a": ["a", "b"], "model_b": ["b", "c"], "winner": ["a", "c"]}
    assert leaderboard(mixed, population="multi").table.games.shape == (2, 2)
    assert leaderboard(mixed).table.games.shape == (3, 3)
    # one player against all others is no population of one
    assert leaderboard({"white": ["a", "a"], "black": ["x", "y"], "result": ["1-0", "0-1"]}).table.games.shape == (3, 3)
    # winners are no seat: they would win every match of theirs
    assert leaderboard({"winner": ["a", "b"], "loser": ["x", "y"]}).intervals.population == "single"
    with pytest.raises(ValueError, match="a log of who sat where"):
        leaderboard({"winner": ["a", "b"], "loser": ["x", "y"]}, population="multi")
    table = table_from_matches({"winner": ["a", "b"], "loser": ["b", "c"]})
    with pytest.raises(ValueError, match='`population` must be "single" for a MatchTable'):
        leaderboard(table, population="multi")
    with pytest.raises(ValueError, match="`population` must be one of"):
        leaderboard(table, population="some")
    with pytest.raises(ValueError, match="`delta`"):
        leaderboard(table, delta=0)
    for epsilon in (0, 0.5, 0.7):
        with pytest.raises(ValueError, match="`perturbation` must be in"):
            leaderboard(table, perturbation=epsilon)
    for wrong in (None, 3, [("a", "b")], alpha_rank([[0, 1]])):
        with pytest.raises(TypeError, match="`matches` must be a MatchLog, MatchTable, SeatTable, path or data frame"):
            leaderboard(wrong)


def test_large_games_of_seats_are_solved_in_part_or_refused():
    rng = np.random.default_rng(0)
    players = rng.integers(0, 17, (3000, 2))
    board = leaderboard(table_from_matches(players, rng.random((3000, 2))))
    assert len(board.intervals.targets) == 20
    lower, upper = board.intervals.ends()
    assert (lower[board.intervals.targets] > 0).all()
    rest = np.setdiff1d(np.arange(17 * 17), board.intervals.targets)
    assert (lower[rest] == 0).all()
    assert (upper[rest] == 1).all()
    shown = board._columns()
    first = np.array([shown["p1"][:20], shown["p2"][:20]], dtype=int).T @ (17, 1)
    assert set(first) == set(board.intervals.targets)
    assert (np.diff(shown["estimate"][20:]) <= 0).all()
    assert shown["estimate"].sum() == pytest.approx(1)
    assert (shown["lower"] <= shown["estimate"] * (1 + 1e-9)).all()
    assert (shown["estimate"] <= shown["upper"] * (1 + 1e-9)).all()
    assert board._decided() is None
    assert any("the others may be anything" in fact for fact in board._facts())
    many = rng.integers(0, 40, (9000, 2))
    with pytest.raises(ValueError, match="at most 1500 profiles of seats"):
        leaderboard(table_from_matches(many, rng.random((9000, 2))))


# --- the shell -------------------------------------------------------------------------------------------------------


def test_the_verbs_answer(tmp_path, capsys):
    path = tmp_path / "arena.csv"
    log = arena(2000, 3)
    path.write_text("model_a,model_b,winner\n" + "\n".join(map(",".join, zip(*log.values(), strict=True))))
    assert main(["alpha_rank", "rank", str(path), "--masses", "--decided"]) == 0
    out = capsys.readouterr().out
    assert "first is certain: ann (RU-T5); " in out
    assert "all of this at 95% confidence" in out
    assert main(["alpha_rank", "rank", str(path), "--masses", "--json", "--delta", "0.5"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["columns"] == ["player", "lower", "upper", "elo", "games", "win rate"]
    assert told["rows"][0][1] == float(leaderboard(log, delta=0.5).intervals.lower[0])
    assert main(["alpha_rank", "next", str(path), "--masses", "-n", "7", "-o", "-"]) == 0
    assert capsys.readouterr().out.startswith("p1,p2,play,games so far,open directions\n")
    path.write_text("winner,loser\na,b\n")
    assert main(["alpha_rank", "rank", str(path), "--masses", "--decided"]) == 2
    path.write_text("winner,loser\n" + "a,b\nb,c\nc,a\n" * 60)
    assert main(["alpha_rank", "rank", str(path), "--masses", "--decided"]) == 1


def test_many_matches_take_seconds(tmp_path):
    """Half a million matches of forty players: reading, counting and all intervals, in processor time."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 40, 500_000)
    second = (first + rng.integers(1, 40, 500_000)) % 40
    won = np.where(rng.random(500_000) < 0.5 + (second - first) / 100, "model_a", "model_b")
    path = tmp_path / "log.csv"
    lines = (f"m{a},m{b},{c}\n" for a, b, c in zip(first.tolist(), second.tolist(), won.tolist(), strict=True))
    path.write_text("model_a,model_b,winner\n" + "".join(lines))
    leaderboard({"winner": ["a"], "loser": ["b"]})  # compiles
    started = time.process_time()
    assert leaderboard(path).table.counts["matches"] == 500_000
    assert time.process_time() - started < 10


def test_pictures():
    plt = pytest.importorskip("matplotlib.pyplot")
    log = arena(100, 1)
    table = table_from_matches(log)
    seats = table_from_matches([("a", "x"), ("b", "y")], [(1, 0), (0, 1)], seats=True)
    for answer in (leaderboard(log), next_matches(log), table, seats, ranking_intervals(table), alpha_rank(table)):
        assert answer.plot().figure is not None
        assert "<table>" in answer._repr_html_()
    plt.close("all")
