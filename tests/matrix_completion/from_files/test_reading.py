"""Ratings from files and frames: every form gives one sample, and a file that is wrong gets one sentence."""

import gzip
import io
import json
import sys

import numpy as np
import pytest

from lrtheory.matrix_completion import Observations, Pairs, complete, half_step
from lrtheory.matrix_completion.problem import as_observations

#: user, item, rating, time; not in the order of time, and one pair twice
ROWS = [(7, "b", 4.5, 30), (42, "a", 2.0, 10), (7, "a", 3.0, 20), (42, "a", 4.0, 40), (9, "c", 5.0, 5)]
NAMES = ("userId", "movieId", "rating", "timestamp")


def text(delimiter, header=False, end="\n"):
    lines = [NAMES] * header + ROWS
    return "".join(delimiter.join(map(str, line)) + end for line in lines).encode()


def records():
    return [dict(zip(("user_id", "item_id", "stars", "date"), row, strict=True)) for row in ROWS]


def arrays():
    buffer = io.BytesIO()
    np.savez(buffer, **{name: np.array(cells) for name, cells in zip(NAMES, zip(*ROWS, strict=True), strict=True)})
    return buffer.getvalue()


FILES = {
    "u.data": text("\t"),
    "ratings.dat": text("::"),
    "ratings.csv": text(",", header=True),
    "windows.csv": text(",", header=True, end="\r\n"),
    "bom.csv": b"\xef\xbb\xbf" + text(";", header=True),
    "blanks.txt": text(" "),
    "ratings.csv.gz": gzip.compress(text(",", header=True)),
    "ratings.jsonl": "".join(json.dumps(one) + "\n" for one in records()).encode(),
    "ratings.json": json.dumps(records()).encode(),
    "ratings.npz": arrays(),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_as_written(seen):
    """The pair that stands twice has its mean, at the time of the later one; all are in the order of time."""
    users, items = seen.names
    assert (users, items) == ((7, 9, 42), ("a", "b", "c"))
    pairs = [(users[i], items[j]) for i, j in zip(seen.rows, seen.cols, strict=True)]
    assert pairs == [(9, "c"), (7, "a"), (7, "b"), (42, "a")]
    assert seen.values.tolist() == [5.0, 3.0, 4.5, 3.0]
    assert (seen.shape, seen.value_range) == ((3, 3), (2.0, 5.0))
    assert "5 ratings of 3 items by 3 users, from 2 to 5; 1 repeat a pair, of which the mean counts" in seen.message


@pytest.mark.parametrize("name", FILES)
def test_a_list_of_ratings_in_every_form(name, folder):
    (folder / name).write_bytes(FILES[name])
    assert_as_written(Observations.from_file(name))
    assert_as_written(Observations.from_file(folder / name))


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FILES["ratings.csv"])))
    assert_as_written(Observations.from_file("-"))


def test_a_frame_of_ratings():
    assert_as_written(Observations.from_frame(dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))))
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS, columns=NAMES)
    assert_as_written(Observations.from_frame(frame))
    assert_as_written(Observations.from_frame(frame.set_index("timestamp", drop=False)))
    renamed = frame.set_axis(["who", "what", "how much", "when"], axis=1)
    assert_as_written(Observations.from_frame(renamed, columns="who,what,how much,when"))
    dated = renamed.assign(when=pandas.to_datetime(renamed.when, unit="s"))
    assert_as_written(Observations.from_frame(dated, columns=[1, 2, 3, 4]))


def test_the_last_ratings_are_held_out_where_a_pair_stands_twice(folder):
    (folder / "u.data").write_bytes(FILES["u.data"])
    train, test = Observations.from_file("u.data").split(0.25, by="time")
    assert (train.values.tolist(), test.values.tolist()) == ([5.0, 3.0, 4.5], [3.0])
    assert (test.names[0][test.rows[0]], test.names[1][test.cols[0]]) == (42, "a")


def test_dates_and_ids_that_only_look_like_numbers(folder):
    (folder / "r.csv").write_text(
        "user,item,rating,date\n05,x,1,2024-02-01\n5,x,2,2023-12-31T10:00:00\n5,y,3,2024-01-01\n"
    )
    seen = Observations.from_file("r.csv")
    assert seen.names == (("05", "5"), ("x", "y"))
    assert seen.values.tolist() == [2.0, 3.0, 1.0]
    done = complete(seen, 1, ridge=1.0)
    assert done.predict(["05", 5, "5"], ["x"] * 3).tolist() == done.block()[[0, 1, 1], 0].tolist()


WIDE = np.array([[5.0, np.nan, 3.0], [np.nan, 2.0, 4.5]])
CELLS = "{},5,,3\n{},NaN,2,4.5\n"


@pytest.mark.parametrize(
    ("name", "content", "rows", "cols"),
    [
        ("names.csv", "user,x,y,z\n" + CELLS.format("ann", "bob"), ("ann", "bob"), ("x", "y", "z")),
        ("numbers.csv", "userId,10,20,30\n" + CELLS.format(3, 4), (3, 4), (10, 20, 30)),
        ("corner.csv", ",10,20,30\n" + CELLS.format("ann", "bob"), ("ann", "bob"), (10, 20, 30)),
    ],
)
def test_a_table_of_users_by_items(name, content, rows, cols, folder):
    (folder / name).write_text(content)
    seen = Observations.from_file(name)
    assert seen.names == (rows, cols)
    np.testing.assert_array_equal(np.where(np.isnan(WIDE), 0, WIDE), seen.to_csr().toarray())
    assert seen.value_range == (2.0, 5.0)


def test_tables_without_names_count_from_one(folder):
    np.save("m.npy", WIDE)
    (folder / "m.csv").write_text("5,,3,,,\n,2,4.5,,,1\n")
    for name, columns in (("m.npy", 3), ("m.csv", 6)):
        assert Observations.from_file(name).names == ((1, 2), tuple(range(1, columns + 1)))
    (folder / "full.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    assert Observations.from_file("full.csv", form="wide").n_observed == 6


def test_a_table_of_measurements_has_no_scale():
    pandas = pytest.importorskip("pandas")
    table = np.random.default_rng(0).normal(size=(6, 5))
    table[2, 3] = np.nan
    frame = pandas.DataFrame(table, index=list("abcdef"), columns=list("vwxyz"))
    seen = Observations.from_frame(frame)
    assert (seen.value_range, seen.names, seen.n_observed) == (None, (tuple("abcdef"), tuple("vwxyz")), 29)
    named, plain = complete(frame, 2), complete(table, 2)
    np.testing.assert_array_equal(named.U, plain.U)  # the numbers are those of the matrix without names
    assert named.predict(["c"], ["y"])[0] == plain.predict([2], [3])[0]


def test_frames_whose_rows_have_no_names_are_plain_matrices():
    pandas = pytest.importorskip("pandas")
    seen = as_observations(pandas.DataFrame(WIDE))
    assert (seen.names, seen.value_range, seen.n_observed) == (None, None, 4)
    full = as_observations(pandas.DataFrame({"a": [1, 2], "b": [3, 5]}))
    assert (full.names, full.n_observed) == (None, 4)


def test_every_function_takes_a_file(folder):
    (folder / "u.data").write_bytes(FILES["u.data"])
    F = np.ones((3, 1))
    np.testing.assert_array_equal(half_step("u.data", F).factor, half_step(Observations.from_file("u.data"), F).factor)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "bad.csv: empty"),
        ("user,item,rating\n", "bad.csv: no row"),
        ("user,item\na,b\n", "bad.csv: no column is called rating, ratings, score"),
        ("user,item,rating\na,b,1\na,b\n", "bad.csv:3: 2 cells where the first line has 3"),
        ("user,item,rating\na,b,1\na,c,good\n", "bad.csv:3: `rating` must be a number; got 'good'"),
        ("user,item,rating\na,b,inf\n", "bad.csv:2: `rating` must be a finite number; got 'inf'"),
        ("user,item,rating\na,b,1\n,c,2\n", "bad.csv:3: `user` must be there; got ''"),
        ("user,item,rating\na,b,\na,c,NaN\n", "bad.csv: no line has a rating"),
        ("user,item,rating,date\na,b,1,2020-01-01\na,c,2,soon\n", "bad.csv:3: `date` must be a number, or a date"),
        ("user,item,rating\na,b,1e300\n", "`values` must be in"),
        ("user,x,y,z\na,1,,3\nb,2,q,\n", "bad.csv:3: `y` must be a number; got 'q'"),
        ("user,x,y,z\na,1,,3\na,2,2,\n", "bad.csv:3: `user` must be a name that no other row has; got 'a'"),
        ("who,what,howmany\n1,2,3\n", "no column is called user, .*; there are 'who', 'what', 'howmany'"),
        ("a,b,c\n,,\n", "bad.csv: no entry has a value"),
    ],
)
def test_a_file_that_is_wrong_gets_one_sentence(content, sentence, folder):
    (folder / "bad.csv").write_text(content)
    with pytest.raises(ValueError, match=sentence) as caught:
        Observations.from_file("bad.csv")
    assert "\n" not in str(caught.value)


def test_more_that_is_no_file_of_ratings(folder):
    (folder / "latin.csv").write_bytes("user,item,rating\né,b,1\n".encode("latin-1"))
    np.save("nothing.npy", np.full((2, 2), np.nan))
    np.save("infinite.npy", np.array([[np.inf, 1.0]]))
    for name, sentence in (
        ("latin.csv", "latin.csv:2: not UTF-8"),
        (".", "a folder, where a table is needed"),
        ("nothing.npy", "no entry has a value"),
        ("infinite.npy", "entries must be finite"),
    ):
        with pytest.raises(ValueError, match=sentence):
            Observations.from_file(name)
    with pytest.raises(FileNotFoundError, match=r"there is no file 'gone.csv'"):
        complete("gone.csv")
    with pytest.raises(TypeError, match="`frame` must be a data frame"):
        Observations.from_frame([1, 2])
    with pytest.raises(ValueError, match="there is no column 'grade'"):
        Observations.from_frame({"user": [1], "item": [2], "rating": [3.0]}, columns="user,item,grade")


def test_ids_of_any_size(folder):
    (folder / "r.csv").write_text("user,item,rating\n123456789012345678901234567890,b,1\n7,b,2\n")
    done = complete("r.csv", 1, ridge=1.0)
    assert done.names[0] == (7, 123456789012345678901234567890)
    assert done.predict(["123456789012345678901234567890"], ["b"]).shape == (1,)


def test_lines_without_a_rating_and_repeats_are_counted(folder):
    (folder / "r.csv").write_text("user,item,rating\na,x,1\na,y,\nb,x,4\nb,x,2\n")
    seen = Observations.from_file("r.csv")
    assert "1 lines have no rating; 1 repeat a pair" in seen.message
    assert seen.shape == (2, 2)
    assert seen.values.tolist() == [1.0, 3.0]


def test_pairs_come_in_their_order(folder):
    (folder / "pairs.csv").write_text("note,item,user\nx,b,7\ny,a,42\nz,b,7\n")
    pairs = Pairs.from_file("pairs.csv")
    assert (list(pairs.rows), list(pairs.cols)) == (["7", "42", "7"], ["b", "a", "b"])
    assert list(Pairs.from_frame({"u": [7], "i": ["b"]}, columns="u,i").rows) == ["7"]
    with pytest.raises(ValueError, match=r"`cols` must be of length 1, as `rows`; got 2"):
        Pairs([1], [2, 3])
    for given in (1, "ab"):
        with pytest.raises(TypeError, match="`rows` must be a sequence of ids"):
            Pairs(given, [1, 2])
    with pytest.raises(ValueError, match="no column is called user"):
        Pairs.from_frame({"u": [7], "item": ["b"]})


def test_a_scale_holds_all_values():
    assert Observations([0], [0], [3.0], (1, 1), value_range=(1, 5)).value_range == (1.0, 5.0)
    for ends in ((1, 5), (9, 8)):
        with pytest.raises(ValueError, match="`value_range` must be a smaller and a larger rating"):
            Observations([0], [0], [7.0], (1, 1), value_range=ends)
