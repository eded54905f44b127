"""Judgments and runs from files, frames and dictionaries, and back."""

import dataclasses
import gzip
import json
import pickle
import time

import numpy as np
import pytest

from lrtheory import reranking as rr
from lrtheory.reranking import commands

RUN = "q1 Q0 d1 1 2.5 t\nq1 Q0 d2 2 1.5 t\nq2 Q0 d1 1 .5 t\n"
QRELS = "q1 0 d1 1\nq1 0 d3 0\nq2 0 d1 2\n"
SCORES = {"q1": {"d1": 2.5, "d2": 1.5}, "q2": {"d1": 0.5}}
GAINS = {"q1": {"d1": 1.0, "d3": 0.0}, "q2": {"d1": 2.0}}


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


FORMS = {
    "a.run": RUN,
    "a.trec": RUN,
    "a.run.gz": RUN,
    "a.txt": RUN,  # told by its first line
    "tabs.run": RUN.replace(" ", "\t"),
    "mixed.run": RUN.replace(" Q0 ", "\t Q0  ").replace("\n", " \r\n"),
    "comments.run": "# a comment\n\n" + RUN,
    "blanks.run": RUN.replace(" t\n", " a tag with blanks\n"),
    "a.json": json.dumps(SCORES),
    "a.csv": "qid,docno,score\nq1,d1,2.5\nq1,d2,1.5\nq2,d1,.5\n",
    "a.tsv": "user\titem\tprediction\nq1\td1\t2.5\nq1\td2\t1.5\nq2\td1\t.5\n",
    "bare.csv": "q1,d1,2.5\nq1,d2,1.5\nq2,d1,.5\n",
    "six.csv": RUN.replace(" ", ","),
    "a.jsonl": "".join(
        json.dumps({"query_id": q, "doc_id": d, "score": s}) + "\n" for q, one in SCORES.items() for d, s in one.items()
    ),
}


@pytest.mark.parametrize(("name", "text"), FORMS.items(), ids=FORMS)
def test_a_run_in_every_form(name, text, tmp_path):
    found = rr.Run.from_file(written(tmp_path, name, text))
    assert found.as_dict() == SCORES
    assert found.name == name.partition(".")[0]


JUDGED = {
    "a.qrels": QRELS,
    "a.qrels.gz": QRELS,
    "a.txt": QRELS,
    "a.json": json.dumps(GAINS),
    "beir.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td3\t0\nq2\td1\t2\n",
    "datasets.csv": "query_id,doc_id,relevance\nq1,d1,1\nq1,d3,0\nq2,d1,2\n",
    "four.csv": QRELS.replace(" ", ","),
}


@pytest.mark.parametrize(("name", "text"), JUDGED.items(), ids=JUDGED)
def test_judgments_in_every_form(name, text, tmp_path):
    assert rr.Judgments.from_file(written(tmp_path, name, text)).as_dict() == GAINS


@pytest.mark.parametrize("suffix", [".run", ".trec", ".csv", ".tsv", ".jsonl", ".json", ".npz"])
def test_a_run_is_read_as_it_was_written(suffix, tmp_path):
    run = rr.Run.from_dict({"q": {"b": 0.1, "a": 1e300, "c": 0.1}, "r": {"a": -np.inf if suffix == ".run" else -0.5}})
    run.to_file(tmp_path / f"x{suffix}")
    found = rr.Run.from_file(tmp_path / f"x{suffix}")
    assert found.as_dict() == run.as_dict()
    assert found.ranking("q") == run.ranking("q") == ("a", "b", "c")


@pytest.mark.parametrize("suffix", [".qrels", ".trec", ".csv"])
def test_judgments_are_read_as_they_were_written(suffix, tmp_path):
    judgments = rr.Judgments.from_dict({"q": {"b": 1, "a": 0}, "r": {"a": 0.25, "c": -1}})
    judgments.to_file(tmp_path / f"x{suffix}")
    assert rr.Judgments.from_file(tmp_path / f"x{suffix}").as_dict() == judgments.as_dict()
    assert pickle.loads(pickle.dumps(judgments)).as_dict() == judgments.as_dict()


def test_rows_of_a_query_that_are_apart(tmp_path):
    path = written(tmp_path, "a.run", "q Q0 a 1 3 t\nr Q0 a 1 1 t\nq Q0 b 2 2 t\n")
    assert rr.Run.from_file(path).as_dict() == {"q": {"a": 3.0, "b": 2.0}, "r": {"a": 1.0}}


def test_names_are_words(tmp_path):
    """Numbers stay the words that they were written as, and blanks of Unicode are letters of a name."""
    path = written(tmp_path, "a.run", "01 Q0 1e3 1 3 t\n1 Q0 d\u00a0e 1 1 t\n1 Q0 \u00e9\u2028 1 1 t\n")
    found = rr.Run.from_file(path)
    assert found.queries == ("01", "1")
    assert found.documents == ("1e3", "d\u00a0e", "\u00e9\u2028")
    assert rr.Run.from_dict({7: {np.int64(12): 1}}).as_dict() == {"7": {"12": 1.0}}


def test_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"qid": ["q1", "q1"], "docno": [12.0, 7.0], "score": [1, 2]})
    assert rr.Run.from_frame(frame).as_dict() == {"q1": {"12": 1.0, "7": 2.0}}
    judged = pandas.DataFrame({"a": ["q"], "b": ["d"], "c": [1]})
    assert rr.Judgments.from_frame(judged, columns=["a", "b", "c"]).as_dict() == {"q": {"d": 1.0}}


RUNS_REFUSED = {
    "duplicate": (RUN + "q1 Q0 d2 3 1 t\n", "a.run:4: document 'd2' stands twice in query 'q1'"),
    "nan": (RUN + "q3 Q0 d2 3 nan t\n", "a.run:4: `score` must be a number; got 'nan'"),
    "word": (RUN + "q3 Q0 d2 3 high t\n", "a.run:4: `score` must be a number; got 'high'"),
    "number of Python": (RUN + "q3 Q0 d2 3 1_000 t\n", "a.run:4: `score` must be a number; got '1_000'"),
    "five cells": (RUN + "q3 Q0 d2 3 1\n", "a.run:4: 5 cells where `query Q0 document rank score tag` has 6"),
    "one cell": ("q3\n", "a.run:1: 1 cell where"),
    "appended to a line": (RUN.rstrip("\n") + RUN, "a.run:3: two lines in one"),
    "appended behind a form feed": (RUN.rstrip("\n") + "\f" + RUN, "a.run:3: two lines in one"),
    "appended to another second cell": (RUN.replace("Q0", "0").rstrip("\n") + RUN, "a.run:3: two lines in one"),
    "between doubles": (RUN + f"q3 Q0 d2 3 {2**60 + 1} t\n", "a.run:4: `score` must be a number that a double holds"),
    "empty": ("\n\n", "a.run: no line"),
    "nothing": ("", "a.run: no line"),
    "judgments": (QRELS, "a.run:1: judgments in the place of a run"),
    "a row that looks like a comment": (RUN + "#q Q0 d2 3 1 t\n", "a.run:4: a comment, or a row whose query"),
}


@pytest.mark.parametrize(("text", "told"), RUNS_REFUSED.values(), ids=RUNS_REFUSED)
def test_lines_of_runs_that_are_refused(text, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "a.run", text)
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        rr.Run.from_file("a.run")
    assert str(error.value).startswith(told)


JUDGMENTS_REFUSED = {
    "a run": ("a.qrels", RUN, "a.qrels:1: a run in the place of judgments"),
    "infinite": ("a.qrels", "q 0 d inf\n", "a.qrels:1: `gain` must be a finite number; got 'inf'"),
    "between doubles": ("a.qrels", f"q 0 d {2**53 + 1}\n", "a.qrels:1: `gain` must be a number that a double holds"),
    "between doubles in a table": (
        "a.csv",
        f"qid,docno,gain\nq,d,1\nq,e,-{2**53 + 1}\n",
        "a.csv:3: `gain` must be a number that a double holds; got '-9007199254740993'",
    ),
    "between doubles in JSON": (
        "a.json",
        f'{{"q": {{"d": 1.0, "e": {2**53 + 1}}}}}',
        "`gains` must be numbers that doubles hold; got 9007199254740993.",
    ),
    "five cells": ("a.qrels", "q 0 d 1\nq 0 e 1 2\n", "a.qrels:2: 5 cells where"),
    "a table of scores": ("a.csv", "qid,docno,score\nq,d,1.5\n", "a.csv: a run in the place of judgments"),
    "a table with ranks": ("a.csv", "qid,docno,rank,score\nq,d,1,2\n", "a.csv: a run in the place of judgments"),
    "a document twice in JSON": ("a.json", '{"q": {"d": 1, "d": 2}}', "a.json: 'd' stands twice in one JSON object"),
    "a query twice in JSON": ("a.json", '{"q": {"d": 1}, "q": {"e": 1}}', "a.json: 'q' stands twice in one JSON"),
    "dictionaries of a run": ("a.json", json.dumps(SCORES), "a.json: a run in the place of judgments"),
    "six columns": ("a.csv", RUN.replace(" ", ","), "a.csv: 6 columns without names; name those of query, document"),
}


@pytest.mark.parametrize(("name", "text", "told"), JUDGMENTS_REFUSED.values(), ids=JUDGMENTS_REFUSED)
def test_judgments_that_are_refused(name, text, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, name, text)
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        rr.Judgments.from_file(name)
    assert str(error.value).startswith(told)


def test_damaged_and_missing_files(tmp_path):
    path = written(tmp_path, "a.run.gz", RUN)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ValueError, match="packed by gzip and damaged"):
        rr.Run.from_file(path)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        rr.Run.from_file(tmp_path / "b.run")


DICTIONARIES = {
    "float": ({"q": {12.0: 1}}, TypeError, "must be named by words or integers; got 12.0"),
    "twice": ({"q": {1: 1, "1": 2}}, ValueError, "must be of different names; got '1'"),
    "empty name": ({"": {"a": 1}}, ValueError, "words that are not empty"),
    "list": ({"q": ["a"]}, TypeError, "a mapping from documents to numbers"),
    "nan": ({"q": {"a": np.nan}}, ValueError, "`scores` must be free of NaN"),
    "words": ({"q": {"a": "high"}}, TypeError, "`scores` must be an array of real numbers"),
    "no mapping": ([1], TypeError, "a mapping from queries"),
    "beyond doubles": ({"q": {"a": 10**400}}, ValueError, "`scores` must be numbers in the range of doubles"),
    "between doubles": ({"q": {"a": 2**60, "b": 2**60 + 1}}, ValueError, "`scores` must be numbers that doubles hold"),
    "between doubles, beside a fraction": ({"q": {"a": 0.5, "b": 2**53 + 1}}, ValueError, "that doubles hold; got 900"),
    "unsigned": ({"q": {"a": np.uint64(2**64 - 1)}}, ValueError, "doubles hold; got 18446744073709551615"),
}


@pytest.mark.parametrize(("given", "kind", "told"), DICTIONARIES.values(), ids=DICTIONARIES)
def test_dictionaries_that_are_refused(given, kind, told):
    with pytest.raises(kind, match=told):
        rr.Run.from_dict(given)


FIELDS = {
    "bounds that fall": ((["q", "r"], ["a"], [0, 1, 0], [0], [1.0]), "`indptr` must be 3 numbers"),
    "no such document": ((["q"], ["a"], [0, 1], [1], [1.0]), "`docs` must be numbers of the 1 documents; got 1"),
    "a row too few": ((["q"], ["a"], [0, 2], [0], [1.0]), "`docs` must be of the 2 rows"),
    "twice": ((["q"], ["a"], [0, 2], [0, 0], [1.0, 2.0]), "document 'a' stands twice in query 'q'"),
}


@pytest.mark.parametrize(("fields", "told"), FIELDS.values(), ids=FIELDS)
def test_fields_that_do_not_fit(fields, told):
    with pytest.raises(ValueError, match=told):
        rr.Run(*fields)


def test_large_numbers_that_doubles_hold(tmp_path):
    """Whole numbers are kept exactly; others are rounded, as everywhere."""
    exact = {"a": 2**60 + 2**8, "b": 2**60, "c": 2**53, "d": -(2**53) - 2}
    assert rr.Run.from_dict({"q": exact}).as_dict() == {"q": exact}
    lines = "".join(f"q Q0 {name} 1 {score} t\n" for name, score in exact.items())
    assert rr.Run.from_file(written(tmp_path, "a.run", lines)).as_dict() == {"q": exact}
    rounded = rr.Run.from_file(written(tmp_path, "b.run", "q Q0 a 1 1.8e308 t\nq Q0 b 2 9007199254740993.5 t\n"))
    assert rounded.as_dict() == {"q": {"a": np.inf, "b": 9007199254740994.0}}


@pytest.mark.parametrize("name", ["a.run", "the frame.run", "zebra.run"])
def test_runs_are_called_as_their_files(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, name, RUN)
    assert rr.Run.from_file(name).name == name.removesuffix(".run")


def test_files_of_one_name_are_numbered(tmp_path):
    """In a table of several runs, where two folders have a file of one name, or a run has none."""
    judged = rr.Judgments.from_file(written(tmp_path, "j.qrels", QRELS))
    one, other, bare = (rr.Run.from_file(written(tmp_path, name, RUN)) for name in ("a.run", "b.run", "c.run"))
    bare = dataclasses.replace(bare, name="")
    assert commands.evaluate(judged, one, other, one, bare).names == ("a#1", "b", "a#3", "#4")
    odd = dataclasses.replace(other, name="a#1")
    assert commands.evaluate(judged, one, one, odd).names == ("1", "2", "3")


def test_tags_may_have_blanks(tmp_path):
    path = written(tmp_path, "a.run", "q Q0 a 1 3 my run Q0 no 1\nq Q0 b 2 2 k1 1.2 b 0.4 1 2\n")
    assert rr.Run.from_file(path).as_dict() == {"q": {"a": 3.0, "b": 2.0}}


def test_columns_of_lines_of_trec(tmp_path):
    with pytest.raises(ValueError, match="`columns` must be left out for lines of TREC"):
        rr.Run.from_file(written(tmp_path, "a.run", RUN), columns="a,b,c")


def test_many_repetitions_are_found_at_once(tmp_path):
    """A file that was joined with itself, and names that come twice at the end of many."""
    lines = "".join(f"q Q0 d{i} {i + 1} {-i} t\n" for i in range(30_000))
    with pytest.raises(ValueError, match="a.run:30001: document 'd0' stands twice in query 'q'"):
        rr.Run.from_file(written(tmp_path, "a.run", lines * 2))
    names = [f"d{i}" for i in range(30_000)]
    with pytest.raises(ValueError, match="`documents` must be of different names; got 'd29999'"):
        rr.Run(["q"], [*names, names[-1]], [0, 0], [], [])


def test_a_list_with_a_repeated_document():
    with pytest.raises(ValueError, match=r"`lists\['q'\]` must be free of repeated documents; got 'a'"):
        rr.Run.from_lists({"q": ["a", "b", "a"]})


def test_names_that_lines_cannot_hold(tmp_path):
    for name in ("a b", "#a", "a\n"):
        with pytest.raises(ValueError, match="holds names without blanks"):
            rr.Run.from_dict({"q": {name: 1}}).to_file(tmp_path / "x.run")
    assert not list(tmp_path.iterdir())


def test_ranks_that_contradict_scores(tmp_path):
    path = written(tmp_path, "a.run", "q Q0 a 1 1 t\nq Q0 b 2 2 t\nr Q0 a 1 2 t\nr Q0 b 2 1 t\n")
    found = rr.Run.from_file(path)
    assert found.ranking("q") == ("b", "a")
    assert found.message == "ranks contradict scores in 1 of 2 queries; scores decide"
    assert "scores decide" in rr.evaluate(found, rr.Judgments.from_dict({"q": {"a": 1}}), "rr").message
    assert not rr.Run.from_file(written(tmp_path, "b.run", "q Q0 a - 1 t\nq Q0 b - 2 t\n")).message


def test_names_that_look_alike_are_told(tmp_path):
    with pytest.warns(UserWarning, match="names differ in capitals alone"):
        rr.Run.from_file(written(tmp_path, "a.csv", "query,document,score\nq,Ann,1\nq,ann,2\n"))


def test_many_lines_take_seconds(tmp_path):
    """A hundred thousand lines in less than a second; a million take 1.5 s on a quiet machine."""
    lines = "".join(f"q{i // 100} Q0 d{i * 7919 % 1000003} {i % 100 + 1} {-i} t\n" for i in range(100_000))
    path = written(tmp_path, "a.run", lines)
    started = time.process_time()
    assert len(rr.Run.from_file(path).docs) == 100_000
    assert time.process_time() - started < 1.5
