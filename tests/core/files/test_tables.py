"""Tables from files: every usual form gives the same cells, and every bad file is one sentence that says where."""

import csv
import gzip
import io
import json
import sys

import numpy as np
import pytest

from lrtheory._files import Table, as_table, form_of, read_arrays, replacing, write_columns

CELLS = {"player": ["ann", "bob, jr", "cät"], "score": ["1.5", "2", "-3e2"]}
ROWS = list(zip(*CELLS.values(), strict=True))
CUSTOMS = {"who": ("player", "name"), "points": ("score", "points"), "time": ("time", "timestamp")}


def quoted(cell, delimiter):
    return f'"{cell}"' if delimiter in cell else cell


def delimited(delimiter, end="\n", header=True):
    rows = [tuple(CELLS), *ROWS] if header else ROWS
    return end.join(delimiter.join(quoted(cell, delimiter) for cell in row) for row in rows) + end


FORMS = {
    "t.csv": delimited(",").encode(),
    "windows.csv": delimited(",", "\r\n").encode("utf-8-sig"),
    "old-mac.csv": delimited(",", "\r").encode(),
    "t.tsv": delimited("\t").encode(),
    "semicolons.csv": delimited(";").encode(),
    "bars.txt": delimited("|").encode(),
    "colons.dat": delimited("::").encode(),
    "packed.csv.gz": gzip.compress(delimited(",").encode()),
    "packed-without-saying.csv": gzip.compress(delimited(",").encode()),
    "commented.txt": b"# made by hand\n\n" + delimited(",").encode(),
    "t.json": json.dumps([dict(zip(CELLS, row, strict=True)) for row in ROWS]).encode(),
    "columns.json": json.dumps(CELLS).encode(),
    "t.jsonl": "\n".join(json.dumps(dict(zip(CELLS, row, strict=True))) for row in ROWS).encode(),
    "no-suffix": "\n".join(json.dumps(dict(zip(CELLS, row, strict=True))) for row in ROWS).encode(),
}


@pytest.mark.parametrize("name", FORMS)
def test_all_forms_give_the_same_cells(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(FORMS[name])
    table = Table.from_file(path)
    assert table.columns == CELLS
    assert table.floats("score").tolist() == [1.5, 2.0, -300.0]


@pytest.mark.parametrize("delimiter", [",", "\t", "::", " ", "|"])
def test_lines_of_numbers_have_no_names(delimiter, tmp_path):
    path = tmp_path / "u.data"
    path.write_text(delimiter.join("196 242 3".split()) + "\n" + delimiter.join("186 302 3".split()) + "\n")
    table = Table.from_file(path)
    assert table.columns == {"1": ["196", "186"], "2": ["242", "302"], "3": ["3", "3"]}
    assert table.pick(None, CUSTOMS, optional=("time",)) == {"who": "1", "points": "2", "time": "3"}


def test_titles_of_percent_signs_are_comments(tmp_path):
    path = tmp_path / "out.graph"
    path.write_text("% sym unweighted\n%\n\n%\t3 2\n1 2\n3 4\n")
    assert Table.from_file(path).columns == {"1": ["1", "3"], "2": ["2", "4"]}
    path.write_text("%wins,player\n1,ann\n% 2,bob\n")  # what is no title stays
    assert Table.from_file(path).columns == {"%wins": ["1", "% 2"], "player": ["ann", "bob"]}
    path.write_text("%%MatrixMarket matrix coordinate pattern symmetric\n3 3 1\n1 2\n")
    with pytest.raises(ValueError, match="out.graph: a Matrix Market file, which is not read; scipy.io.mmread"):
        Table.from_file(path)


def test_words_without_names_are_read_when_it_is_said(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("ann,1\nbob,2\n")
    assert len(Table.from_file(path)) == 2  # a number in the first line, so it names nothing
    path.write_text("ann,win\nbob,loss\n")
    assert len(Table.from_file(path)) == 1
    assert len(Table.from_file(path, header=False)) == 2


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input(pack, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pack(delimited(",").encode()))))
    assert Table.from_file("-").columns == CELLS


def test_quoted_cells_go_on_in_the_next_line(tmp_path):
    path = tmp_path / "t.csv"
    cells = {"prompt": ['# one\n#two,2\n\nsay "x"', "", '5" disk', "a, b\nc, d"], "score": ["1", "2", "3", "x"]}
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([tuple(cells), *zip(*cells.values(), strict=True)])
    table = Table.from_file(path)
    assert table.columns == cells
    with pytest.raises(ValueError, match=r"t.csv:8: `score` must be a number; got 'x'"):
        table.floats("score")


def test_decimal_commas_are_refused_by_their_name(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\nx;3,5\n")
    with pytest.raises(ValueError, match=r"t.csv:2: `b` must be a number, with a point and no comma; got '3,5'"):
        Table.from_file(tmp_path / "t.csv").floats("b")


def test_a_quote_may_be_a_letter_and_a_comment_may_stand_between_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('disk,n\n5" disk,1\n# 6" disk,2\n#\n"#1",3\n')
    assert Table.from_file(path).columns == {"disk": ['5" disk', "#1"], "n": ["1", "3"]}


def test_arrays_of_numpy(tmp_path):
    np.savez(tmp_path / "t.npz", player=["a", "b"], score=[1.0, 2.0])
    np.save(tmp_path / "m.npy", np.arange(6).reshape(3, 2))
    assert Table.from_file(tmp_path / "t.npz").columns == {"player": ["a", "b"], "score": [1.0, 2.0]}
    assert Table.from_file(tmp_path / "m.npy").columns == {"1": [0, 2, 4], "2": [1, 3, 5]}
    np.save(tmp_path / "o.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="holds Python objects, which are not read"):
        read_arrays(tmp_path / "o.npy")


BAD = {
    "empty.csv": (b"", "empty"),
    "blank.csv": (b"\n \n", "empty"),
    "names-only.csv": (b"player,score\n", "no row"),
    "ragged.csv": (b"a,b\n1,2\n1,2,3\n", "ragged.csv:3: 3 cells where the first line has 2"),
    "twice.csv": (b"a,b,a\n1,2,3\n", None),
    "latin.csv": ("a,b\n1,ä\n".encode("latin-1"), "latin.csv:2: not UTF-8"),
    "cut.csv.gz": (gzip.compress(b"a,b\n1,2\n" * 50)[:30], "damaged"),
    "changed.csv.gz": (gzip.compress(b"a,b\n1,2\n" * 50)[:-8] + bytes(8), "damaged"),
    "garbled.csv.gz": (gzip.compress(b"a,b\n1,2\n" * 50)[:10] + b"\xff" * 40, "damaged"),
    "name-or-comment.csv": (b"a,b\n1,2\n#3,4\n", "csv:3: a comment, or a row that starts with '#'"),
    "name-or-comment-2.csv": (b'a,b\n1,"2\n#5,6"\n#3,4\n', "csv:4: a comment, or a row that starts with '#'"),
    "unclosed.csv": (b'a,b\n"1\n1",2\n3,"4\n5,6\n', "unclosed.csv:4: a quote is not closed"),
    "unclosed-2.csv": (b'a,b\n1,"2\n', "unclosed-2.csv:2: a quote is not closed"),
    "ragged-lines.csv": (b'a,b\n"1\n1",2\n3,4,5\n', "ragged-lines.csv:4: 3 cells where the first line has 2"),
    "broken.json": (b"[{", "no JSON"),
    "broken.jsonl": (b'{"a": 1}\n{"a": \n', "broken.jsonl:2: no JSON"),
    "number.json": (b"3", "a list of objects is needed"),
    "mixed.json": (b'[{"a": 1}, 2]', "entry 1: an object is needed"),
    "uneven.json": (b'{"a": [1], "b": [1, 2]}', "lists of different lengths"),
    "broken.npz": (b"PK\x03\x04 and no more", "no arrays of NumPy"),
    "model.safetensors": (b"1234", "where a table is needed"),
    "votes.soc": (b"# FILE NAME: votes.soc\n", "where a table is needed"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_sentence(name, tmp_path):
    content, rule = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    if rule is None:  # names that repeat are no names
        assert not Table.from_file(path).header
        return
    with pytest.raises(ValueError, match=rule) as caught:
        Table.from_file(path)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        Table.from_file(tmp_path / "nope.csv")
    with pytest.raises(ValueError, match="a folder, where a table is needed"):
        Table.from_file(tmp_path)
    with pytest.raises(ValueError, match="`form` must be one of"):
        Table.from_file(tmp_path / "nope.csv", form="excel")
    with pytest.raises(TypeError, match="a data frame"):
        as_table(3)


def table(**columns):
    return Table(columns, "log.csv", range(2, 99))


def test_columns_are_found_by_customary_names():
    found = table(NAME=["a"], **{"Time Stamp": [1], "score": [2]}).pick(None, CUSTOMS, optional=("time",))
    assert found == {"who": "NAME", "points": "score", "time": "Time Stamp"}
    with pytest.raises(ValueError, match=r"log.csv: no column is called points, score; there are 'name', 'x'"):
        table(name=[1], x=[2]).pick(None, CUSTOMS, optional=("time",))


def test_columns_are_named_by_the_caller():
    log = table(a=["x"], b=[2], c=[3])
    assert log.pick("a, 3", CUSTOMS, optional=("time",)) == {"who": "a", "points": "c"}
    assert log.pick(["b", 1], CUSTOMS, optional=("time",)) == {"who": "b", "points": "a"}
    assert log.pick({"points": "a", "who": "b"}, CUSTOMS, optional=("time",)) == {"points": "a", "who": "b"}
    for given, rule in (
        ("a,z", "there is no column 'z'"),
        ("a,9", "there is no column '9'"),
        ("a,a", "`columns` must be different columns; got 'a, a'"),
        ("a", "a column for `points` is needed, beside who"),
        ("a,b,c,a", "up to 3 names"),
        ({"when": "a"}, "a mapping from who, points, time"),
        (3.5, "up to 3 names"),
    ):
        with pytest.raises(ValueError, match=rule):
            log.pick(given, CUSTOMS, optional=("time",))


def test_lists_of_columns_have_any_length():
    table = as_table({"a": [1], "b": [2], "c": [3]})
    assert table.listed("c, a") == table.listed(["c", 1]) == table.listed([3, "a"]) == ["c", "a"]
    assert table.listed("a,b,c") == table.names
    for wrong, error, rule in (
        (5, TypeError, "names of columns, or their numbers from 1; got 5"),
        ({"a": 1}, TypeError, "names of columns, or their numbers from 1"),
        ("a,a", ValueError, "different columns; got 'a, a'"),
        ([4], ValueError, "there is no column 4"),
    ):
        with pytest.raises(error, match=rule):
            table.listed(wrong)


def test_a_table_knows_what_was_said_about_its_first_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n")
    for said in (None, True, False):
        table = as_table(path, header=said)
        assert table.said_header is table.with_columns({"x": [1] * len(table)}).said_header is said
    assert as_table({"a": [1]}).said_header is None


def test_cells_that_break_a_rule_say_where():
    log = table(who=["ann", " "], score=["1", "x"], time=["1", "inf"])
    for call, rule in (
        (lambda: log.text("who"), "log.csv:3: `who` must be there; got ' '"),
        (lambda: log.floats("score"), "log.csv:3: `score` must be a number; got 'x'"),
        (lambda: log.floats("time"), "log.csv:3: `time` must be a finite number; got 'inf'"),
        (lambda: log.each("score", {"1": True}.get, "win or loss"), "log.csv:3: `score` must be win or loss; got 'x'"),
    ):
        with pytest.raises(ValueError, match=rule):
            call()


def test_missing_numbers_are_nan_only_where_they_may_be():
    log = table(score=["1", "", "NA", "?"])
    np.testing.assert_array_equal(log.floats("score", missing=True), [1, np.nan, np.nan, np.nan])
    with pytest.raises(ValueError, match="must be a number; got ''"):
        log.floats("score")


def test_frames_of_every_library():
    pd = pytest.importorskip("pandas")
    frame = as_table(pd.DataFrame({"id": [1.0, 2.0], "name": ["a", None], "n": pd.array([1, None], dtype="Int64")}))
    assert frame.text("id") == ["1", "2"]
    with pytest.raises(ValueError, match="the frame, row 1: `name` must be there"):
        frame.text("name")
    np.testing.assert_array_equal(frame.floats("n", missing=True), [1, np.nan])
    assert as_table({"a": [1, 2]}).columns == {"a": [1, 2]}
    with pytest.raises(ValueError, match="columns of one length"):
        as_table({"a": [1, 2], "b": [1]})


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl", ".npz"])
@pytest.mark.parametrize("names", [["a,b", 'say "c"', "ä"], ["#5", "# a comment", "%x"]], ids=["quotes", "signs"])
def test_what_is_written_is_read_again(suffix, names, tmp_path):
    columns = {"name": names, "x": [0.1, 1e-300, 2.0], "n": [1, 2, 3]}
    path = tmp_path / f"answer{suffix}"
    write_columns(path, columns)
    again = Table.from_file(path)
    assert again.text("name") == columns["name"]
    assert again.floats("x").tolist() == columns["x"]


def test_nothing_is_lost_when_writing_fails(tmp_path):
    path = tmp_path / "answer.csv"
    path.write_text("precious")

    def broken(target):
        target.write_text("half")
        raise RuntimeError("power cut")

    with pytest.raises(FileExistsError, match="is there already"):
        replacing(path, broken)
    with pytest.raises(RuntimeError):
        replacing(path, broken, force=True)
    assert path.read_text() == "precious"
    assert [one.name for one in tmp_path.iterdir()] == ["answer.csv"]
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        replacing(tmp_path / "no" / "answer.csv", broken)
    with pytest.raises(FileExistsError, match="is somebody else's, and is not replaced"):
        replacing(tmp_path, broken, force=True)


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"q1 Q0 d1 1 0.5 mine\n", "trec"),
        (b"q1 0 d1 1\n", "trec"),
        (b"# FILE NAME: x\n", "preflib"),
        (b'{"a": 1}', "json"),
        (b"a,b\n", "table"),
    ],
)
def test_the_first_line_tells_where_the_suffix_does_not(head, form, tmp_path):
    path = tmp_path / "unknown"
    path.write_bytes(head)
    assert form_of(path) == form


def test_lines_with_and_without_quotes_are_cut_alike(tmp_path):
    """A file without quotes is cut as a whole; one quote anywhere makes the reader go line by line."""
    for delimiter in (",", "::", "\t", ";"):
        lines = [
            delimiter.join(cells) for cells in (("a", "b", "c"), (":1", "2", ""), ("", "x y", "z:"), ("#", " ", "w"))
        ]
        (tmp_path / "plain.txt").write_text(
            "\n".join(lines[:3]) + f"\n\n  # a comment\n \n{lines[3].replace('#', 'h')}\n"
        )
        plain = Table.from_file(tmp_path / "plain.txt")
        assert plain.columns == {"a": [":1", "", "h"], "b": ["2", "x y", " "], "c": ["", "z:", "w"]}
        assert [plain.where(i).rpartition(":")[2] for i in range(3)] == ["2", "3", "7"]
        (tmp_path / "wrong.txt").write_text("\n".join([*lines[:3], delimiter.join("pq")]) + "\n")
        with pytest.raises(ValueError, match=r"wrong.txt:4: 2 cells where the first line has 3"):
            Table.from_file(tmp_path / "wrong.txt")


def test_the_first_row_can_be_the_names(tmp_path):
    (tmp_path / "t.csv").write_text("user,10,20\nann,1,2\nbob,x,4\n")
    read = Table.from_file(tmp_path / "t.csv")
    assert not read.header
    named = read.named_by_first_row()
    assert named.columns == {"user": ["ann", "bob"], "10": ["1", "x"], "20": ["2", "4"]}
    with pytest.raises(ValueError, match=r"t.csv:3: `10` must be a number; got 'x'"):
        named.floats("10")


def test_the_column_of_an_index_has_no_name(tmp_path):
    """What `DataFrame.to_csv` writes."""
    path = tmp_path / "frame.csv"
    path.write_text(",x,y\na,1,2\nb,3,4\n")
    assert Table.from_file(path).columns == {"": ["a", "b"], "x": ["1", "3"], "y": ["2", "4"]}
    path.write_text("x,,y\n1,2,3\n")
    assert not Table.from_file(path).header
