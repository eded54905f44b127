"""Ballots from files and frames of every form, and sentences for what is no ballot."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pytest

from lrtheory.fair_subset_selection import Rankings

NAMES = ("Ann", "Bob", "Cat, jr.", "Dan")
#: by hand: Ann > Cat > Bob > Dan; Bob > Ann; Cat > Dan > Ann > Bob
BY_HAND = [[0, 2, 1, 3], [1, 0, -1, -1], [2, 3, 0, 1]]

FORMS: dict[str, str] = {
    "ballots.csv": 'first,second,third,fourth\nAnn,"Cat, jr.",Bob,Dan\nBob,Ann,,\n"Cat, jr.",Dan,Ann,Bob\n',
    "shuffled.csv": "id,Choice 2,Choice 1,Choice 4,Choice 3\n"
    '7,"Cat, jr.",Ann,Dan,Bob\n9,Ann,Bob,,\n8,Dan,"Cat, jr.",Bob,Ann\n',
    "windows.tsv": "rank1\trank2\trank3\trank4\r\n"
    "Ann\tCat, jr.\tBob\tDan\r\nBob\tAnn\t\t\r\nCat, jr.\tDan\tAnn\tBob\r\n",
    "counted.csv": '1,2,3,4\nAnn,"Cat, jr.",Bob,Dan\nBob,Ann,,\n"Cat, jr.",Dan,Ann,Bob\n',
    "bare.csv": 'Ann,"Cat, jr.",Bob,Dan\nBob,Ann,,\n"Cat, jr.",Dan,Ann,Bob\n',
    "semicolons.csv": "1st;2nd;3rd;4th\nAnn;Cat, jr.;Bob;Dan\nBob;Ann;;\nCat, jr.;Dan;Ann;Bob\n",
    "ranks.csv": 'voter,Ann,Bob,"Cat, jr.",Dan\nx,1,3,2,4\ny,2,1,,\nz,3,4,1,2\n',
    "from_zero.csv": 'Ann,Bob,"Cat, jr.",Dan\n0,2,1,3\n1,0,NaN,\n2,3,0,1\n',
    "whole.csv": "ballot\nAnn > Cat, jr. > Bob > Dan\nBob>Ann\nCat, jr. > Dan > Ann > Bob\n",
    "long.csv": 'voter,item,rank\nx,Ann,1\nx,"Cat, jr.",2\nx,Bob,3\ny,Bob,1\nx,Dan,4\nz,"Cat, jr.",1\ny,Ann,2\n'
    "z,Dan,2\nz,Bob,4\nz,Ann,3\n",
    "lists.jsonl": '{"ballot": ["Ann", "Cat, jr.", "Bob", "Dan"]}\n{"ballot": ["Bob", "Ann"]}\n'
    '{"ballot": ["Cat, jr.", "Dan", "Ann", "Bob"]}\n',
    "places.json": '{"first": ["Ann", "Bob", "Cat, jr."], "second": ["Cat, jr.", "Ann", "Dan"], '
    '"third": ["Bob", null, "Ann"], "fourth": ["Dan", null, "Bob"]}',
    "new.toi": "# ALTERNATIVE NAME 1: Ann\n# ALTERNATIVE NAME 2: Bob\n# ALTERNATIVE NAME 3: Cat, jr.\n"
    "# ALTERNATIVE NAME 4: Dan\n1: 1,3,2,4\n1: 2,1\n1: 3,4,1,2\n",
}


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_ballots_that_stand_in_it(name: str, tmp_path: Path) -> None:
    for suffix in ("", ".gz"):
        panel = Rankings.from_file(written(tmp_path, name + suffix, FORMS[name]))
        assert panel.names == NAMES
        assert panel.positions.tolist() == BY_HAND
        assert panel.total == 3


def test_rankings_survive_each_form(tmp_path: Path) -> None:
    """A random panel, written by hand in every form, comes back; items nobody lists are not written."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        n, m = int(rng.integers(1, 9)), int(rng.integers(1, 7))
        names = [f"n{i}" for i in rng.permutation(40)[:m]]
        orders = [[names[i] for i in rng.permutation(m)[: rng.integers(1, m + 1)]] for _ in range(n)]
        used = tuple(sorted({name for ballot in orders for name in ballot}))
        wanted = [[ballot.index(name) if name in ballot else -1 for name in used] for ballot in orders]
        width = max(map(len, orders))
        tables = {
            "a.csv": [
                [f"rank{i + 1}" for i in range(width)],
                *([*ballot, *[""] * (width - len(ballot))] for ballot in orders),
            ],
            "b.csv": [
                ["voter", *used],
                *(["v", *("" if p < 0 else p + 1 for p in row)] for row in wanted),
            ],
            "c.csv": [
                ["voter", "item", "rank"],
                *([v, name, p + 1] for v, ballot in enumerate(orders) for p, name in enumerate(ballot)),
            ],
            "d.csv": [["n", "ballot"], *([1, " > ".join(ballot)] for ballot in orders)],
        }
        for name, rows in tables.items():
            panel = Rankings.from_file(written(tmp_path, name, "\n".join(",".join(map(str, row)) for row in rows)))
            assert panel.names == used, rows
            assert panel.positions.tolist() == wanted
        assert Rankings(orders=orders).positions.tolist() == wanted
        again = Rankings.from_frame(panel._columns())
        assert (again.names, again.positions.tolist()) == (panel.names, wanted)


def test_weights_ties_and_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "w.csv", "count,first,second\n3,Ann,Bob\n2,Bob,\n")
    assert Rankings.from_file(path).weights.tolist() == [3, 2]
    assert Rankings.from_file(path, columns="second").total == 5
    tied = Rankings.from_file(written(tmp_path, "t.csv", "votes,ballot\n2,Ann = Cat > Bob\n"))
    assert tied.positions.tolist() == [[0, 2, 0]]
    for ranks in ("1,1,2", "1,1,3", "1.5,1.5,3"):
        wide = Rankings.from_file(written(tmp_path, "r.csv", f"Ann,Cat,Bob\n{ranks}\n"))
        assert wide.positions.tolist() == [[0, 0, 2]]
    long = written(tmp_path, "l.csv", "who,what,how good\nx,9,2\nx,10,1\n")
    mapped = Rankings.from_file(long, columns={"voter": "who", "item": "what", "rank": "how good"})
    assert (mapped.names, mapped.positions.tolist()) == (("9", "10"), [[1, 0]])
    named = written(tmp_path, "m.csv", "who,what,place,note\nx,a,2,!\nx,b,1,!\n")
    assert Rankings.from_file(named, columns="who,what,place").positions.tolist() == [[1, 0]]
    each = written(tmp_path, "e.csv", "voter,item,rank,weight\nx,a,1,4\nx,b,2,4\n")
    assert Rankings.from_file(each).total == 4


BAD: list[tuple[str, str, str]] = [
    ("a.csv", "", "a.csv: empty"),
    ("a.csv", "first,second\n", "a.csv: no row"),
    ("a.csv", "first,second\nAnn\n", "a.csv:2: 1 cell where the first line has 2"),
    ("a.csv", "first,second\nAnn,Ann\n", "a.csv:2: a ballot lists each item once; got 'Ann' twice"),
    ("a.csv", "first,second\nAnn,Bob\n,Bob\n", "a.csv:3: `first` must be there, as 'second' is; got ''"),
    ("a.csv", "first,third\nAnn,Bob\n", "a.csv: columns of the places 1, 2, ... are needed"),
    ("a.csv", "first,1st\nAnn,Bob\n", "a.csv: columns of the places 1, 2, ... are needed"),
    ("a.csv", "first,second\n,\n", "a.csv: no ballot lists an item"),
    ("a.csv", "1,2,3\n3,1,2\n", "a.csv: rows of numbers are ballots or ranks, which look alike"),
    ("a.csv", "Ann,Bob\nBob,Cat\n", "a.csv: is the first line (Ann, Bob) a ballot? say header=False (--no-header)"),
    ("a.csv", "Ann,Bob,Cat\n5,4,1\n3,3,1\n", "a.csv:2: `Bob` must be a rank among those of its ballot"),
    ("a.csv", "Ann,Bob,Cat\n1,2,2\n5,5,5\n", "a.csv:3: `Ann` must be a rank among those of its ballot"),
    ("a.csv", "Ann,Bob,Cat\n1,0,1\n0,1,1\n", "a.csv: cells of 0 and 1, or of one number alone, mark items"),
    ("a.csv", "Ann,Bob\n1,0\n0,1\n", "a.csv: cells of 0 and 1, or of one number alone, mark items"),
    ("a.csv", "Ann,Bob,Cat\n1,,1\n,1,1\n", "a.csv: cells of 0 and 1, or of one number alone, mark items"),
    ("a.csv", "voter,item,rank\nx,a,1\nx,b,1\n", "a.csv: cells of 0 and 1, or of one number alone, mark items"),
    ("a.csv", "Ann,Bob,comment\n1,2,fine\n", "column 'Ann' holds numbers and 'comment' words"),
    ("a.csv", "Ann,Bob\n1,x2\n", "column 'Ann' holds numbers and 'Bob' words"),
    ("a.csv", "Ann,Bob\n1,inf\n", "a.csv:2: `Bob` must be a finite number; got 'inf'"),
    ("a.csv", "voter,item,rank\nx,a,1\nx,a,2\n", "a.csv:3: `item` must be named once by each voter; got 'a'"),
    ("a.csv", "voter,item,rank\nx,a,1\nx,b,7\n", "a.csv:3: `rank` must be a rank among those of its ballot"),
    ("a.csv", "voter,item,rank\nx,a,\n", "a.csv:2: `rank` must be a"),
    ("a.csv", "voter,item,rank\nx,,1\n", "a.csv:2: `item` must be there; got ''"),
    ("a.csv", "voter,item,rank,count\nx,a,1,2\nx,b,2,3\n", "a.csv:3: `count` must be the same in all rows of a voter"),
    ("a.csv", "first,second\nAnn,Bob\nBob,Null\n", "a.csv:3: `second` must be an item, or empty where a ballot ends"),
    ("a.csv", "first,second\nNone,Bob\n", "a.csv:2: `first` must be an item, or empty where a ballot ends"),
    ("a.csv", "Ann,,\nAnn,>,Bob\n", "a.csv:2: `2` must be an item, or empty where a ballot ends; got '>'"),
    ("a.csv", "left,right,winner\nx,y,1-0\ny,x,tie\n", "a.csv: no word of column 'winner' stands in another"),
    ("a.csv", "sex,name\nf,Ann\nm,Bob\n", "a.csv: no word of column 'sex' stands in another column"),
    ("a.csv", "count,first\n-1,Ann\n", "a.csv:2: `count` must be at least 0"),
    ("a.csv", "count,first\nmany,Ann\n", "a.csv:2: `count` must be a number"),
    ("a.csv", "count,first\nnan,Ann\n", "a.csv:2: `count` must be a finite number"),
    ("a.csv", "count,voter\n2,x\n", "a.csv: no column of ballots"),
    ("a.csv", "ballot\nAnn > > Bob\n", "a.csv:2: `ballot` must be items with '>' between them, each once"),
    ("a.csv", "ballot\nAnn > Bob > Ann\n", "a.csv:2: `ballot` must be items with '>' between them, each once"),
    ("a.soc", "first,second\nAnn,Bob\n", "`path` must be a PrefLib file"),
    ("a.cat", "# DATA TYPE: cat\n1: {},{1,2}\n", "got 'cat'"),
    ("a.cat.gz", "2\n1,a\n2,b\n1,1,1\n1,{},{1,2}\n", "got 'cat'"),
    ("a.toc", "# ALTERNATIVE NAME 1: a\n# CATEGORY NAME 1: Yes\n1: 1\n", "got 'cat'"),
    ("a.txt", "# FILE NAME: b.cat\n# ALTERNATIVE NAME 1: a\n1: 1\n", "got 'cat'"),
    ("a.soc", "# NUMBER VOTERS: 9\n# ALTERNATIVE NAME 1: a\n4: 1\n", "the ballots of its 9 voters, which"),
    ("a.soc", "1\n1,a\n9,9,1\n4,1\n", "the ballots of its 9 voters, which"),
    ("a.soc", "# ALTERNATIVE NAME 1: a\n1: 1\n1: 2\n", "a.soc:3 is not; got '1: 2'"),
    ("a.run", "q Q0 d 1 1 r\n", "a file of the form trec, where a table is needed"),
    ("a.jsonl", '{"first": "Ann"}\nnope\n', "a.jsonl:2: no JSON"),
]


@pytest.mark.parametrize(("name", "text", "sentence"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_bad_files_get_one_sentence(name: str, text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:
        Rankings.from_file(written(tmp_path, name, text))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_bad_files(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("first\nJosé\n".encode("latin-1"))
    for path, error, sentence in [
        ("latin.csv", ValueError, "latin.csv:2: not UTF-8"),
        ("", ValueError, "a folder, where a table is needed"),
        ("none.csv", FileNotFoundError, "there is no file"),
    ]:
        with pytest.raises(error, match=sentence):
            Rankings.from_file(tmp_path / path)
    table = written(tmp_path, "p.csv", "first\nAnn\n")
    with pytest.raises(ValueError, match="`path` must be a PrefLib file; `Rankings.from_file` reads tables; got"):
        Rankings.from_preflib(table)
    with pytest.raises(ValueError, match="there is no column 'frist'; there are 'first'"):
        Rankings.from_file(table, columns="frist")
    with pytest.raises(ValueError, match="`columns` must be left out for a PrefLib file"):
        Rankings.from_file(written(tmp_path, "p.soc", FORMS["new.toi"]), columns="first")
    huge = {"first": [f"name {i}" for i in range(60_000)]}
    with pytest.raises(ValueError, match="60,000 ballots of 60,000 different items are too many; are they names"):
        Rankings.from_frame(huge)
    with pytest.raises(TypeError, match="`frame` must be a data frame"):
        Rankings.from_frame(3)


def test_one_mark_a_ballot_is_a_vote(tmp_path: Path) -> None:
    panel = Rankings.from_file(written(tmp_path, "v.csv", "Ann,Bob,Cat\n1,,\n,,1\n1,,\n"))
    assert panel.positions.tolist() == [[0, -1, -1], [-1, -1, 0], [0, -1, -1]]


def test_the_first_line_is_a_ballot_only_where_it_must_be(tmp_path: Path) -> None:
    path = written(tmp_path, "h.csv", "best,worst\nAnn,Bob\nBob,Ann\n")
    assert Rankings.from_file(path).total == 2
    assert Rankings.from_file(path, header=False).names == ("Ann", "Bob", "best", "worst")
    counted = written(tmp_path, "c.csv", "1,2\nAnn,Bob\nBob,Ann\n")
    assert (Rankings.from_file(counted).names, Rankings.from_file(counted).total) == (("Ann", "Bob"), 2)
    assert Rankings.from_file(counted, header=False).names == ("1", "2", "Ann", "Bob")
    for first in ("Ann", "Bob", "Cat"):  # a ballot of one item above whole ballots, and a name of the column
        panel = Rankings.from_file(written(tmp_path, "w.txt", f"{first}\nAnn > Bob\n"))
        assert (panel.total, panel.names) == ((1 if first == "Cat" else 2), ("Ann", "Bob"))
    agreed = written(tmp_path, "a.csv", "Ann,Bob\nAnn,Cat\n")  # no first choice stands in another column
    assert Rankings.from_file(agreed, header=False).positions.tolist() == [[0, 1, -1], [0, -1, 1]]
    open_question = written(tmp_path, "o.csv", "Ann,Bob\nBob,Cat\n")
    assert Rankings.from_file(open_question, header=False).total == 2
    assert Rankings.from_file(open_question, header=True).total == 1
    for text in ("Ann > Bob\nBob > Ann\n", "Ann>Bob\nBob>Ann\n", "Ann > Bob\nBob\n"):
        assert Rankings.from_file(written(tmp_path, "w.txt", text)).total == 2, text


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for form, name in ((None, "ballots.csv"), ("preflib", "new.toi"), ("jsonl", "lists.jsonl")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FORMS[name].encode())))
        assert Rankings.from_file("-", form=form).positions.tolist() == BY_HAND


def test_ballots_of_names() -> None:
    panel = Rankings(orders=[["Cat", ("Ann", "Bob")], ["Bob", None]], ties="average")
    assert (panel.names, panel.positions.tolist()) == (("Ann", "Bob", "Cat"), [[1, 1, 0], [-1, 0, -1]])
    known = Rankings(orders=np.array([["b", "a"]]), names=["z", "b", "a"])
    assert known.positions.tolist() == [[-1, 0, 1]]
    for orders, error, sentence in [
        ([["Ann", "Ann"]], ValueError, "ballots that list each item once"),
        ([["Ann", 3]], TypeError, "ballots of names alone; got 3"),
        (["Ann"], TypeError, "ballots"),
        ([["Ann"], "Bob"], TypeError, "a sequence of ballots"),
    ]:
        with pytest.raises(error, match=sentence):
            Rankings(orders=orders)
    with pytest.raises(ValueError, match="`orders` must be ballots of items in `names`; got 'y'"):
        Rankings(orders=[["y"]], names=["x"])
