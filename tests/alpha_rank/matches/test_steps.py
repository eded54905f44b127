"""From a log to tables, ratings, intervals and rankings: names stay, and estimates are never taken for the truth."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.alpha_rank import (
    MatchLog,
    MatchTable,
    ResponseGraphUCB,
    alpha_rank,
    complete_table,
    elo,
    leaderboard,
    load_kuhn,
    make_bernoulli_game,
    next_matches,
    ranking_intervals,
    response_graph,
    table_from_matches,
)


def write(folder, text):
    path = folder / "log.csv"
    path.write_text(text)
    return path


def test_names_go_from_function_to_function():
    rng = np.random.default_rng(1)
    pairs = rng.choice(["ann", "bob", "cat"], (600, 2))
    outcomes = (rng.random(600) < 0.5 + 0.2 * (pairs[:, 0] < pairs[:, 1])).astype(float)
    table = table_from_matches(pairs, outcomes)
    assert elo(table).names == ("ann", "bob", "cat")
    assert np.array_equal(elo(table).ratings, elo(table.wins).ratings)
    assert ranking_intervals(table).names == (("ann", "bob", "cat"),)
    assert alpha_rank(table).names == (("ann", "bob", "cat"),)
    assert complete_table(table, rng=0).names == ("ann", "bob", "cat")
    completed = alpha_rank(complete_table(table, rng=0))
    assert completed.names == (("ann", "bob", "cat"),)
    assert "estimates are taken for the payoffs here" in completed.message
    assert elo(table)._columns()["player"][0] == "ann"
    both = ranking_intervals(table, population="multi")
    low, high = table.intervals(0.05)
    old = ranking_intervals([low, low.T], [high, high.T])
    assert np.array_equal(both.lower, old.lower)
    assert both.names == (("ann", "bob", "cat"),) * 2
    names = response_graph(table.means, population="single", names=table.names)._columns()["from"]
    assert set(names) <= {"ann", "bob", "cat"}
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(table.wins, table.names, table.names)
    assert elo(frame).names == table.names


def test_elo_from_a_path(tmp_path):
    path = write(tmp_path, "winner,loser\nann,bob\nbob,ann\nann,bob\n")
    assert elo(path).names == ("ann", "bob")
    assert elo(str(path)).ratings[0] > 0


def test_a_graph_estimate_brings_its_intervals():
    game = make_bernoulli_game(2, min_gap=0.2, rng=0)
    found = ResponseGraphUCB(game.sizes, max_samples=500, rng=1).run(game)
    known = ranking_intervals(found)
    old = ranking_intervals(found.lower, found.upper)
    assert np.array_equal(known.lower, old.lower)
    assert np.array_equal(known.upper, old.upper)
    ranked = alpha_rank(found)
    assert np.array_equal(ranked.intervals.lower, old.lower)
    with pytest.raises(ValueError, match="`delta` must be left out"):
        ranking_intervals(found, delta=0.1)
    with pytest.raises(ValueError, match="`upper` must be left out beside a GraphEstimate"):
        ranking_intervals(found, found.upper)
    with pytest.raises(ValueError, match='`population` must be "multi" for a GraphEstimate'):
        alpha_rank(found, population="single")
    with pytest.raises(ValueError, match='`population` must be "multi" for a GraphEstimate'):
        ranking_intervals(found, population="single")


def test_a_counted_table_is_never_ranked_without_a_word():
    """The first of a close pair has mass 1 by its means; what is certain stands beside it."""
    log = [("ann", "bob")] * 19
    table = table_from_matches(log, ["win"] * 10 + ["loss"] * 9)
    found = alpha_rank(table)
    assert found.pi[0] == pytest.approx(0.999)
    assert found.intervals.lower[0] == pytest.approx(0.001)
    assert "first can be: ann, bob" in repr(found)
    assert (found.intervals.lower <= found.pi * (1 + 1e-12)).all()
    assert (found.pi <= found.intervals.upper * (1 + 1e-12)).all()
    for options in ({"alpha": 1.0}, {"limit": "alpha"}, {"tie_tol": 0.1}, {"method": "leading"}):
        assert "estimates are taken for the payoffs here" in repr(alpha_rank(table, **options))
    known = alpha_rank(table.means, population="single")
    assert known.intervals is None
    assert known.pi[0] == 1
    assert "estimates" not in known.message


def test_pairs_that_have_not_met_are_named():
    table = table_from_matches([("ann", "bob"), ("bob", "cat")], ["win", "win"])
    sentence = "ann and cat have not met: `complete_table`, or intervals"
    with pytest.raises(ValueError, match=sentence):
        alpha_rank(table)
    with pytest.raises(ValueError, match=sentence):
        alpha_rank(table.means, population="single", names=table.names)
    with pytest.raises(ValueError, match="0 and 2 have not met"):
        alpha_rank(table.means)
    seats = table_from_matches([("a", "b"), ("c", "d")], [(1, 0), (0, 1)], seats=True)
    with pytest.raises(ValueError, match=r"\(a, d\) has not been played: intervals"):
        alpha_rank(seats)
    with pytest.raises(ValueError, match="must be finite"):
        alpha_rank(seats.means)
    with pytest.raises(ValueError, match="must be finite"):
        alpha_rank([[[np.inf, 0.0]]])
    assert "first can be: ann" in repr(ranking_intervals(table))
    game = load_kuhn(2, iterations=1)
    assert alpha_rank(game).intervals is None


def test_next_matches_and_leaderboard_take_everything(tmp_path):
    path = write(tmp_path, "winner,loser\n" + "ann,bob\n" * 40 + "bob,cat\n")
    for matches in (path, str(path), MatchLog.from_file(path), MatchTable.from_file(path)):
        assert leaderboard(matches).table.names == ("ann", "bob", "cat")
        assert next_matches(matches, n=4).plays.sum() == 4
