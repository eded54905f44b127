"""Numbers of players and scores of words, against loops that do one match after the other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lrtheory.alpha_rank import table_from_matches
from lrtheory.alpha_rank.matches.numbering import LONGEST_TABLE, numbered
from lrtheory.alpha_rank.matches.outcomes import UNFINISHED, plain_word, scores_of_words, words_for

NAMES = ["ann", "Ann", "", " ann", "änn", "Zoë", "a", "b", "draw", "10", "9", "name with many letters", "𝔘"]


def by_hand(rows):
    names = sorted({name for row in rows for name in row})
    return tuple(map(str, names)), [[names.index(name) for name in row] for row in rows]


@pytest.mark.parametrize("n_seats", [2, 3])
@pytest.mark.parametrize(
    "form", [list, tuple, np.array, lambda rows: np.array(rows, object), lambda rows: [*map(tuple, rows)]]
)
def test_names_are_numbered_as_by_hand(form, n_seats: int) -> None:
    rng = np.random.default_rng(n_seats)
    for n in (1, 2, 50):
        rows = [[NAMES[i] for i in row] for row in rng.integers(0, len(NAMES), (n, n_seats))]
        names, ids = numbered(form(rows))
        expected = by_hand(rows)
        assert names == expected[0]
        assert all(type(label) is str for label in names)
        assert ids.tolist() == expected[1]
        assert ids.dtype == np.int64


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.int64, np.uint64])
def test_ids_are_numbered_as_by_hand(kind: type) -> None:
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    near = [3, 7, 100, 12]
    for values in (near, [low, high, 0, 5], [high, high - 1], [low, low + 1], [0, min(high, LONGEST_TABLE)]):
        rows = np.random.default_rng(0).choice(np.array(values, kind), (40, 2))
        names, ids = numbered(rows)
        expected = by_hand(rows.tolist())
        assert names == expected[0]
        assert ids.tolist() == expected[1]


def test_zeros_at_the_end_of_a_name_are_no_part_of_it_in_any_form() -> None:
    rows = [["a\0", "b"], ["a", "b\0\0"], ["c\0d", "a"]]
    for form in (rows, np.array(rows), np.array(rows, object)):
        names, ids = numbered(form)
        assert names == ("a", "b", "c\0d")
        assert ids.tolist() == [[0, 1], [0, 1], [2, 0]]


@pytest.mark.parametrize(
    "rows",
    [
        [["a", None]],
        [["a", math.nan]],
        [["a", True]],
        [["a", 1.5]],
        [],
        [[]],
        [["a"]],
        ["ab"],
        [["a", "b"], ["a"]],
        [[["a", "b"]]],
        [["a", ["b"]]],
        np.array([[True, False]]),
        np.array([[1.0, 2.0]]),
        np.array(["a", "b"]),
        np.array([["a", None]], object),
    ],
)
def test_everything_else_is_refused(rows) -> None:
    with pytest.raises((ValueError, TypeError), match="`players` must be"):
        table_from_matches(rows, ["win"] * len(rows))


def one_by_one(words, first, second, draws):
    """What `scores_of_words` says, one row after the other."""
    known = words_for(draws) | {UNFINISHED: math.nan}
    by_seat = [known.get(plain_word(word)) for word in words]
    by_name = []
    for word, a, b, seat in zip(words, first, second, by_seat, strict=True):
        is_draw = seat is not None and seat not in (0.0, 1.0)
        by_name.append(seat if is_draw else 1.0 if word == a else 0.0 if word == b else None)
    if None not in by_seat and None not in by_name:
        for row, (x, y) in enumerate(zip(by_seat, by_name, strict=True)):
            if x != y and not (math.isnan(x) and math.isnan(y)):
                return None, row
    for reading in (by_seat, by_name):
        if None not in reading:
            return reading, None
    return None, (by_name if by_name.count(None) < by_seat.count(None) else by_seat).index(None)


@pytest.mark.parametrize("draws", [0.5, 0.25, None])
def test_words_mean_what_they_mean_one_by_one(draws: float | None) -> None:
    rng, seen = np.random.default_rng(0), set()
    pools = (
        ["win", "loss", "1-0"],
        ["win", "draw", "*"],
        ["a", "b"],
        ["ann", "bob", "draw"],
        ["ann", "*", "what", "win"],
    )
    for _ in range(600):
        n, pool, players = (
            rng.integers(1, 6),
            pools[rng.integers(5)],
            [["a", "b"], ["ann", "bob"], ["b", "x"]][rng.integers(3)],
        )
        words = rng.choice(pool, n).tolist()
        first, second = rng.choice(players, n).tolist(), rng.choice(players, n).tolist()
        scores, wrong, rule = scores_of_words(words, first, second, draws)
        expected, at = one_by_one(words, first, second, draws)
        seen.add((at, expected is None))
        assert wrong == at
        assert (rule == "") == (at is None)
        if expected is not None:
            np.testing.assert_array_equal(scores, expected)
    assert len(seen) > 4


def test_counts_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(0)
    rows, outcomes = rng.integers(0, 5, (300, 2)), rng.choice([0.0, 0.5, 1.0], 300)
    table = table_from_matches(rows, outcomes)
    games, decided = np.zeros((5, 5), int), np.zeros((5, 5), int)
    for (a, b), score in zip(rows.tolist(), outcomes.tolist(), strict=True):
        if a != b:
            games[a, b] += 1
            games[b, a] += 1
            decided[a, b] += score == 1
            decided[b, a] += score == 0
    assert table.games.dtype == table.decided.dtype == np.int64
    np.testing.assert_array_equal(table.games, games)
    np.testing.assert_array_equal(table.decided, decided)
    alike = int((rows[:, 0] == rows[:, 1]).sum())
    assert table.counts == {"matches": 300 - alike, "unplayed": 0, "self_matches": alike}
