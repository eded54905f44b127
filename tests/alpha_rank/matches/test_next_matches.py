"""What to play next, against the sampler's rule and one match after the other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtheory.alpha_rank import (
    ResponseGraphUCB,
    leaderboard,
    next_matches,
    table_from_matches,
)


@pytest.mark.parametrize("bound", ["hoeffding", "clopper-pearson"])
def test_next_matches_of_seats_are_those_of_the_sampler(bound):
    """One after the other, with outcomes that change no interval so far: the profile that the sampler asks for."""
    rng = np.random.default_rng(4)
    players = np.concatenate([np.array(list(np.ndindex(2, 3))), rng.integers(0, (2, 3), (3000, 2))])
    means = np.array([[0.1, 0.5, 0.9], [0.15, 0.95, 0.5]])
    scores = rng.random((len(players), 2)) < np.stack([means[tuple(players.T)], 1 - means[tuple(players.T)]], axis=1)
    scores = scores.astype(float) if bound == "clopper-pearson" else 0.05 + 0.9 * scores
    learner = ResponseGraphUCB((2, 3), delta=0.2, bound=bound)
    for profile, outcomes in zip(players, scores, strict=True):
        learner.tell(profile, outcomes)
    table = table_from_matches(players, scores, seats=True)
    found = next_matches(table, n=1, delta=0.2)
    low, high = table.intervals(0.2, anytime=True)
    assert np.allclose(low.reshape(2, -1), np.maximum(learner._state.low, 0), atol=1e-9)
    assert np.allclose(high.reshape(2, -1), np.minimum(learner._state.high, 1), atol=1e-9)
    assert 0 < found.counts["open_edges"] < 9
    assert tuple(found.profiles[0]) == learner.ask()


def test_next_matches_of_too_large_a_game_are_refused():
    """Of 204 players a seat: 204^2 profiles, each with 2 * 203 deviations, are more than 2^24."""
    seats = np.stack([np.arange(204)] * 2, axis=1)
    table = table_from_matches(seats, np.ones(seats.shape))
    with pytest.raises(ValueError, match="of profiles with at most 16,777,216 deviations; got 16896096"):
        next_matches(table, n=1)


def test_next_matches_go_to_the_fewest_first():
    log = {"winner": ["ann"] * 60 + ["bob"], "loser": ["bob"] * 60 + ["cat"]}
    found = next_matches(log, n=4)
    assert found.profiles.tolist() == [[0, 2], [1, 2]]
    assert found.games.tolist() == [0, 1]
    assert found.plays.tolist() == [3, 1]  # of equals the first
    assert found.counts["matches"] == 4
    certain = next_matches({"winner": ["ann"] * 200, "loser": ["bob"] * 200})
    assert certain.plays.size == 0
    assert "0 directions are open" in repr(certain)
    for n in (0, 10**9 + 1, 10**30):
        with pytest.raises(ValueError, match=r"`n` must be an integer in \[1, 1000000000\]"):
            next_matches(log, n=n)


def fewest_first(games, n):
    """Give the matches one after the other."""
    plays = dict.fromkeys(games, 0)
    for _ in range(n):
        plays[min(games, key=lambda pair: (games[pair] + plays[pair], pair))] += 1
    return plays


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=6, max_size=6).filter(lambda games: min(games[:3]) > 0), st.integers(1, 60))
def test_many_matches_are_shared_as_one_after_the_other(played, n):
    games = dict(zip(itertools.combinations(range(4), 2), played, strict=True))
    pairs = [pair for pair, many in games.items() for _ in range(many)]
    # so sure that every direction is open
    found = next_matches(table_from_matches(pairs, np.full(len(pairs), 0.5)), n=n, delta=1e-9)
    plays = {tuple(pair): many for pair, many in zip(found.profiles.tolist(), found.plays.tolist(), strict=True)}
    assert plays == {pair: many for pair, many in fewest_first(games, n).items() if many}


def test_a_thousand_million_matches_are_shared_at_once():
    log = {"winner": ["ann"] * 3 + ["bob"], "loser": ["bob"] * 3 + ["cat"]}
    found = next_matches(log, n=10**9)
    ends = found.games + found.plays
    assert found.plays.sum() == 10**9
    assert ends.max() - ends.min() <= 1


def test_rank_next_and_rank_again_settle_a_tournament():
    """The loop of the two verbs ends with the right first, at intervals that hold although outcomes chose the pairs."""
    rng, log = np.random.default_rng(0), {"winner": ["ann", "bob", "cat"], "loser": ["bob", "cat", "dan"]}
    names = ["ann", "bob", "cat", "dan"]
    for _ in range(60):
        board = leaderboard(log, anytime=True)
        if board._decided():
            break
        plan = next_matches(log, n=40)
        for (i, j), plays in zip(plan.profiles, plan.plays, strict=True):
            first_wins = rng.random(plays) < 1 / (1 + np.exp(i - j))
            log["winner"] += [names[i if won else j] for won in first_wins]
            log["loser"] += [names[j if won else i] for won in first_wins]
    assert board.intervals.first() == "first is certain: ann"
