"""Logs of matches from files and frames: every form of the field, and a sentence for every bad file."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import re
import sys

import numpy as np
import pytest

from lrtheory.alpha_rank import (
    MatchLog,
    MatchTable,
    SeatTable,
    leaderboard,
    table_from_matches,
)
from lrtheory.alpha_rank.matches.outcomes import read_scores, read_tuple
from lrtheory.cli import main

#: ann beats bob twice, they draw once, cat beats ann once, and bob meets himself
MATCHES = [("ann", "bob", 1), ("bob", "ann", 0), ("ann", "bob", 0.5), ("ann", "cat", 0), ("bob", "bob", 0.5)]
WINS = [[0, 2.5, 0], [0.5, 0, 0], [1, 0, 0]]
WORDS = {
    "arena": {1: "model_a", 0: "model_b", 0.5: "tie (bothbad)"},
    "chess": {1: "1-0", 0: "0-1", 0.5: "1/2-1/2"},
    "words": {1: "Win", 0: "LOSS", 0.5: " draw "},
    "numbers": {1: "1", 0: "0.0", 0.5: "0.5"},
    "colors": {1: "white", 0: "black", 0.5: "tie"},
}


def write(folder, text, name="log.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def same(table):
    assert table.names == ("ann", "bob", "cat")
    assert table.wins.tolist() == WINS
    assert table.counts["self_matches"] == 1
    assert table.message.startswith("1 pair has not met: bob and cat")
    assert "1 of a player with itself left out" in table.message


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize(
    "head", ["model_a,model_b,winner", "White,Black,Result", "Player 1,player_2,outcome", "a,b,score"]
)
def test_two_players_in_the_words_of_the_field(tmp_path, words, head):
    lines = [f"{a},{b},{WORDS[words][won]}" for a, b, won in MATCHES]
    same(MatchTable.from_file(write(tmp_path, "\n".join([head, *lines]))))
    same(table_from_matches(write(tmp_path, "\r\n".join([head, *lines]) + "\r\n")))


@pytest.mark.parametrize("delimiter", ["\t", ";", "::", "|"])
def test_delimiters_and_no_header(tmp_path, delimiter):
    lines = [delimiter.join((a, b, WORDS["arena"][won])) for a, b, won in MATCHES]
    same(MatchTable.from_file(write(tmp_path, "\n".join(lines)), header=False))


def test_packed_json_frames_and_standard_input(tmp_path, monkeypatch):
    rows = [{"model_a": a, "model_b": b, "winner": WORDS["arena"][won]} for a, b, won in MATCHES]
    text = "model_a,model_b,winner\n" + "\n".join(",".join(row.values()) for row in rows)
    same(MatchTable.from_file(write(tmp_path, gzip.compress(text.encode()), "log.csv.gz")))
    same(MatchTable.from_file(write(tmp_path, json.dumps(rows), "log.json")))
    same(MatchTable.from_file(write(tmp_path, "\n".join(map(json.dumps, rows)), "log.jsonl")))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    same(MatchTable.from_frame(columns))
    same(table_from_matches(columns))
    with write(tmp_path, text).open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        same(MatchTable.from_file("-"))
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows)
    same(table_from_matches(frame))
    same(table_from_matches(frame[["model_a", "model_b"]], frame.winner))
    same(leaderboard(frame).table)


def test_the_winner_by_name_and_columns_of_any_name(tmp_path):
    lines = [f"{a},{b},{a if won == 1 else b if won == 0 else 'draw'}" for a, b, won in MATCHES]
    same(MatchTable.from_file(write(tmp_path, "\n".join(["x,y,z", *lines])), columns="x,y,z"))
    same(MatchTable.from_file(write(tmp_path, "\n".join(["x,y,z", *lines])), columns=[1, 2, 3]))
    same(
        MatchTable.from_file(write(tmp_path, "\n".join(["z,y,x", *lines])), columns={"a": "z", "b": "y", "winner": "x"})
    )
    table = table_from_matches(write(tmp_path, "winner,loser\nann,bob\nbob,ann\nann,bob\n"))
    assert table.wins.tolist() == [[0, 2], [1, 0]]


@pytest.mark.parametrize(
    ("text", "wins"),
    [
        ("Winner,Loser\nx,y\nx,y\ny,x\n", [[0, 2], [1, 0]]),
        ("date,winner_name,loser_name,score\n1,x,y,6-4 6-3\n2,y,x,7-5 6-1\n", [[0, 1], [1, 0]]),
        ("winner,loser,result\nx,y,1-0\ny,x,Draw\ny,x,resigned\n", [[0, 1.5], [1.5, 0]]),
    ],
)
def test_winners_and_losers(tmp_path, text, wins):
    assert table_from_matches(write(tmp_path, text)).wins.tolist() == wins


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("white,black,result,Count", ["x,y,1-0,9", "y,z,*,2", "w,x,0-1,0", "z,x,1/2-1/2,3", "x,y,0-1,1.0"]),
        ("winner,loser,games", ["10,2,4", "2,10,1", "3,2,0", "10,2,2"]),
        ("agents,scores,weight", ['"(""a"", ""b"")","(1.0, 0.25)",3', '"(""b"", ""a"")","(0.5, 0.0)",2']),
        ("p1,p2,p3,r1,r2,r3,counts", ["a,b,c,1,2,3,2", "b,a,c,0,0,1,5"]),
    ],
)
def test_a_column_of_counts_repeats_its_rows(tmp_path, head, rows):
    counted = MatchLog.from_file(write(tmp_path, "\n".join([head, *rows])))
    split = [row.rpartition(",") for row in rows]
    lines = [row for row, _, count in split for _ in range(int(float(count)))]
    written_out = MatchLog.from_file(write(tmp_path, "\n".join([head.rpartition(",")[0], *lines])))
    assert (counted.names, counted.counts) == (written_out.names, written_out.counts)
    assert counted.has_seats == written_out.has_seats
    np.testing.assert_array_equal(counted.players, written_out.players)
    np.testing.assert_array_equal(counted.scores, written_out.scores)
    column = head.rpartition(",")[2]
    told = [written_out.message] * bool(written_out.message)
    assert counted.message == "; ".join([*told, f"`{column}` says how often each row happened"])
    both = [table_from_matches(one) for one in (counted, written_out)]
    np.testing.assert_array_equal(both[0].games, both[1].games)
    np.testing.assert_array_equal(both[0].means, both[1].means)


@pytest.mark.parametrize("count", ["-1", "2.5", "nan", "inf", "many", ""])
def test_counts_are_whole_numbers(tmp_path, count):
    text = f"winner,loser,count\nx,y,3\ny,x,{count}\n"
    with pytest.raises(ValueError, match=r"log.csv:3.*`count`"):
        MatchLog.from_file(write(tmp_path, text))


def test_what_counts_cannot_say_is_refused(tmp_path):
    with pytest.raises(ValueError, match="only one column may say how often a row happened; count, games"):
        MatchLog.from_file(write(tmp_path, "winner,loser,count,games\nx,y,3,3\n"))
    with pytest.raises(ValueError, match="`count` must sum to at most 67,108,864; got 1,000,000,000,000"):
        MatchLog.from_file(write(tmp_path, "winner,loser,count\nx,y,1000000000000\n"))
    with pytest.raises(ValueError, match="a match at least once"):
        MatchLog.from_file(write(tmp_path, "winner,loser,count\nx,y,0\n"))


def test_a_column_that_may_count_is_not_read_and_that_is_said(tmp_path):
    log = MatchLog.from_file(write(tmp_path, "white,black,result,N\nx,y,1-0,9\ny,x,*,2\n"))
    assert log.message == "1 matches without a result are left out; `N` is not read, as each row is one match"
    assert "`N` is not read" in leaderboard(log).table.message
    named = MatchLog.from_file(write(tmp_path, "white,black,result,count\nx,y,1-0,9\n"), columns="white,black,result")
    assert (named.message, len(named.players)) == ("", 1)


def test_words_that_could_be_a_seat_or_a_player_are_refused_where_it_matters(tmp_path):
    # in the first row "b" is the second seat and the first player
    text = "model_a,model_b,winner\nb,a,b\na,b,b\n"
    with pytest.raises(ValueError, match=r"log.csv:2: `winner` must be a word that does not name both"):
        MatchTable.from_file(write(tmp_path, text))
    # here both readings agree
    assert table_from_matches(write(tmp_path, "model_a,model_b,winner\na,b,b\na,b,a\n")).wins[0].tolist() == [0, 1]


def test_unfinished_games_are_left_out_and_counted(tmp_path):
    log = MatchLog.from_file(write(tmp_path, "white,black,result\na,b,1-0\na,b,*\n"))
    assert dict(log.counts) == {"matches": 1, "unfinished": 1}
    assert "1 matches without a result are left out" in table_from_matches(log).message
    with pytest.raises(ValueError, match="the result of a match at least once"):
        MatchLog.from_file(write(tmp_path, "white,black,result\na,b,*\n"))


def test_ids_are_sorted_as_numbers_and_may_be_huge(tmp_path):
    big = str(2**70)
    table = table_from_matches(write(tmp_path, f"a,b,winner\n10,9,1\n{big},10,0\n"))
    assert table.names == ("9", "10", big)
    pandas = pytest.importorskip("pandas")
    assert table_from_matches(pandas.DataFrame({"a": [10, 9], "b": [9, 10], "winner": [1.0, 0.5]})).names == (
        "9",
        "10",
    )


# --- seats -----------------------------------------------------------------------------------------------------------

THREE = [(("a", "b", "c"), (1.0, 0.0, 0.0)), (("a", "c", "c"), (0.0, 0.5, 0.5)), (("a", "b", "c"), (0.0, 0.0, 1.0))]


def three(table):
    assert isinstance(table, SeatTable)
    assert table.names == (("a",), ("b", "c"), ("c",))
    assert table.games.tolist() == [[[2], [1]]]
    assert table.means[:, 0, :, 0].tolist() == [[0.5, 0.0], [0.0, 0.5], [0.5, 0.5]]


def test_seats_in_every_form(tmp_path):
    text = "p1,p2,p3,r1,r2,r3\n" + "\n".join(",".join(map(str, (*names, *scores))) for names, scores in THREE)
    three(table_from_matches(write(tmp_path, text)))
    long = re.sub(r"p(\d)", r"Player_\1", re.sub(r"r(\d)", r"Score_\1", text))
    three(SeatTable.from_file(write(tmp_path, long)))
    other = re.sub(r"[pr](\d)", r"column \g<0>", text)
    three(SeatTable.from_file(write(tmp_path, other), columns="1,2,3,4,5,6"))
    quoted = "agents,scores\n" + "\n".join(f'"{names}","{scores}"' for names, scores in THREE)
    three(table_from_matches(write(tmp_path, quoted)))
    rows = [{"agents": names, "scores": scores} for names, scores in THREE]
    three(table_from_matches(write(tmp_path, "\n".join(map(json.dumps, rows)), "log.jsonl")))
    three(table_from_matches({"agents": [n for n, _ in THREE], "scores": [s for _, s in THREE]}))
    three(table_from_matches([n for n, _ in THREE], [s for _, s in THREE]))
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"agents": [str(n) for n, _ in THREE], "scores": [str(s) for _, s in THREE]})
    three(SeatTable.from_frame(frame))
    log = MatchLog.from_frame(frame)
    log.to_file(tmp_path / "again.csv")
    three(table_from_matches(tmp_path / "again.csv"))


def test_a_log_that_is_written_keeps_the_columns_beside_its_matches(tmp_path):
    log = {
        "model_a": ["x", "y", "x", "z"],
        "model_b": ["y", "z", "z", "x"],
        "winner": ["model_a", "tie", "model_b", "model_b"],
        "round": [7, 7, 8, 9],
        "language": ["en", "", "de", "en"],
        "score_1": [0, 1, 2, 3],
        "tstamp": [4.0, 1.0, 3.0, 2.0],
    }
    first = MatchLog.from_frame(log)
    first.to_file(tmp_path / "again.csv")
    again = MatchLog.from_file(tmp_path / "again.csv")
    assert (again.names, again.players.tolist()) == (first.names, first.players.tolist())
    assert again.scores.tolist() == first.scores.tolist()
    assert sorted(again.marks) == ["language", "round"]  # and no score is a mark
    for name, codes in again.marks.items():
        there = first.marks[name]
        assert ((codes[:, None] == codes) == (there[:, None] == there)).all()
        assert ((codes < 0) == (there < 0)).all()


def test_a_column_of_longer_words_marks_nothing():
    log = {"winner": ["x", "y"], "loser": ["y", "x"], "topic": ["t" * 200, ""], "text": ["t" * 201, ""]}
    assert {name: codes.tolist() for name, codes in MatchLog.from_frame(log).marks.items()} == {"topic": [0, -1]}


def test_tuples_of_two_with_wins_and_losses_are_one_population(tmp_path):
    text = "agents,scores\n\"('a', 'b')\",\"(1.0, 0.0)\"\n\"('b', 'a')\",\"(0.5, 0.5)\"\n"
    table = table_from_matches(write(tmp_path, text))
    assert isinstance(table, MatchTable)
    assert table.wins.tolist() == [[0, 1.5], [0.5, 0]]
    assert isinstance(table_from_matches(write(tmp_path, text), seats=True), SeatTable)
    assert isinstance(table_from_matches([("a", "b")], [(3.0, -1.0)]), SeatTable)


def test_nothing_in_a_cell_is_run():
    assert read_tuple("__import__('os').system('true')") is None
    assert read_tuple("(" * 500) is None
    assert read_scores("(1, True)") is None
    assert read_scores("(1, float('nan'))") is None
    assert read_tuple("[1, 2]") == (1, 2)


def test_seat_intervals_cover_means_and_say_what_they_assume():
    rng = np.random.default_rng(0)
    players = rng.integers(0, 2, (400, 2))
    chips = rng.integers(-2, 3, (400, 2)).astype(float)
    table = table_from_matches(players, chips)
    assert table.score_range == (-2, 2)
    lower, upper = table.intervals(0.1)
    assert ((lower >= -2) & (lower < table.means) & (table.means < upper) & (upper <= 2)).all()
    assert (abs((upper - lower) / 2 - 4 * np.sqrt(np.log(2 * 8 / 0.1) / (2 * table.games))) < 1e-9).all()
    assert "scores between -2 and 2, as in the log" in leaderboard(table).message
    wide = table.intervals(0.1, anytime=True)
    assert (wide[0] < lower).all()
    assert (upper < wide[1]).all()
    assert "scores between 0 and 4, as in the log" in leaderboard(table_from_matches(players, chips + 2)).message
    coins = table_from_matches(players, rng.integers(0, 2, (400, 2)).astype(float))
    assert coins.is_coin
    assert "scores between" not in leaderboard(coins).message
    assert not table_from_matches(players, rng.random((400, 2))).is_coin
    unplayed = table_from_matches([("a", "b"), ("c", "d")], [(1, 0), (0, 1)], seats=True)
    assert unplayed.intervals()[0][:, 0, 1].tolist() == [0, 0]
    assert unplayed.intervals()[1][:, 0, 1].tolist() == [1, 1]


# --- bad files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", r"log.csv: empty"),
        ("model_a,model_b,winner\n", r"log.csv: no row"),
        ("model_a,winner\nx,model_a\n", r"log.csv: no column is called b, model_b"),
        ("model_a,model_b,winner\nx,y,model_a\nx,y\n", r"log.csv:3: 2 cells where the first line has 3"),
        ("model_a,model_b,winner\nx,y,modl_a\n", r"log.csv:2: `winner` must be win, draw or loss; .*got 'modl_a'"),
        ("model_a,model_b,winner\nx,y,x\nx,y,z\n", r"log.csv:3: `winner` must be"),
        ("model_a,model_b,winner\nx,,model_a\n", r"log.csv:2: `model_b` must be there"),
        ("model_a,model_b,winner\nx,y,\n", r"log.csv:2: `winner` must be there"),
        (b"model_a,model_b,winner\nx,\xff,model_a\n", r"log.csv.*UTF-8"),
        ("winner,loser,result\nx,y,loss\n", r"log.csv:2: `result` must be a win, as the winner stands in a column"),
        ("model_a,model_b,winner\nx,y,model_a\n#z,y,model_a\n", r"log.csv:3: a comment, or a row that starts with"),
        ("p1,r1\nx,1\n", r"log.csv: no column is called b, model_b"),
        ("p1,p2,r1\nx,y,1\n", r"log.csv: seat 2 has a player or a score, and not both"),
        ("p1,p2,r1,r2\nx,y,1,nan\n", r"log.csv:2: `r2` must be a"),
        ("p1,p2,r1,r2\nx,y,1,one\n", r"log.csv:2: `r2` must be a number"),
        ("agents,scores\n\"('a', 'b')\",\"(1, 0, 0)\"\n", r"log.csv:2: `scores` must be a tuple of 2 numbers"),
        ("agents,scores\n\"('a', 'b')\",\"(1, x)\"\n", r"log.csv:2: `scores` must be a tuple of finite numbers"),
        ('agents,scores\n"(\'a\',)","(1,)"\n', r"log.csv:2: `agents` must be a tuple of 2 names"),
        (
            "agents,scores\n\"('a', 'b')\",\"(1, 0)\"\n\"('a', 'b', 'c')\",\"(1, 0, 0)\"\n",
            r"log.csv:3: `agents` must be",
        ),
        ('agents,scores\na-b,"(1, 0)"\n', r"log.csv:2: `agents` must be a tuple of names"),
    ],
)
def test_bad_files_are_one_sentence(tmp_path, text, match, capsys):
    path = write(tmp_path, text)
    with pytest.raises((ValueError, UnicodeDecodeError), match=match):
        MatchLog.from_file(path)
    assert main(["alpha_rank", "rank", str(path)]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_paths_that_are_no_log(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        leaderboard(str(tmp_path / "absent.csv"))
    with pytest.raises(ValueError, match="a folder, where a table is needed"):
        leaderboard(tmp_path)
    with pytest.raises(ValueError, match="`outcomes` must be given beside an array"):
        table_from_matches([("a", "b")])
    with pytest.raises(ValueError, match="there is no column 'z'"):
        MatchLog.from_file(write(tmp_path, "x,y,w\na,b,1\n"), columns="x,y,z")
    with pytest.raises(ValueError, match="three names, or those of K players"):
        MatchLog.from_file(write(tmp_path, "x,y,w\na,b,1\n"), columns="x,y,w,x,y")
    for columns in (3, {"x", "y", "w"}):
        with pytest.raises(ValueError, match="`columns` must be up to 3 names, of a, b, winner"):
            MatchLog.from_file(write(tmp_path, "x,y,w\na,b,1\n"), columns=columns)
    with pytest.raises(ValueError, match="there are no draws here"):
        MatchLog.from_file(write(tmp_path, "a,b,winner\na,b,tie\n"), draws=None)
    with pytest.raises(ValueError, match="of two players for a MatchTable"):
        MatchTable.from_frame({"agents": [("a", "b", "c")], "scores": [(1, 0, 0)]})
    with pytest.raises(ValueError, match="wins, losses and draws"):
        MatchTable.from_frame({"agents": [("a", "b")], "scores": [(3, 0)]})
    missing = {"a": ["x", None], "b": ["y", "y"], "winner": ["win", "win"]}
    with pytest.raises(ValueError, match="the frame, row 1: `a` must be there"):
        leaderboard(missing)


def test_random_bytes_never_crash(tmp_path):
    """What a file holds may be refused, by one sentence of a kind that the shell prints."""
    draw = random.Random(0)
    words = ("model_a", "winner", "agents", "scores", "p1", "r1")
    pieces = [*"ab,\n\"()'10.\t", *words]
    for _ in range(400):
        text = "".join(draw.choices(pieces, k=draw.randint(1, 40)))
        with contextlib.suppress(ValueError):
            table_from_matches(write(tmp_path, text))
