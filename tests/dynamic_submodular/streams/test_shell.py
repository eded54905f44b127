"""The verbs of the shell: picking once, and following updates from standard input or a file."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory.cli import main
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular
from lrtheory.dynamic_submodular.commands import follow
from lrtheory.dynamic_submodular.objectives.elements import Elements
from tests.dynamic_submodular.streams.test_from_files import EDGES, FORMS, written


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)
    for name, text in FORMS.items():
        written(tmp_path, name, text)

    def run(line: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        code = main(["dynamic_submodular", *line.split()])
        return code, *capsys.readouterr()

    return run


def test_picking(shell: Any) -> None:
    code, out, _ = shell("pick plain.txt -k 2")
    assert code == 0
    assert [line.split() for line in out.splitlines()[:3]] == [
        ["element", "gain", "value"],
        ["c", "4", "4"],
        ["a", "1", "5"],
    ]
    assert "no choice of as many as asked for is worth more than 5, so it has at least 100.0% of the best" in out
    assert shell("pick - -k 2", FORMS["plain.txt"])[1].splitlines()[:3] == out.splitlines()[:3]
    for line, sentence in [
        ("pick plain.txt -k 0", "`-k` must be an integer of at least 1; got 0"),
        ("pick plain.txt -k 2 --by similarity", "plain.txt:2: `b` must be a number; got 'c'"),
        ("pick plain.txt -k 2 --neighbors 3", '`--neighbors` must be left out unless `--by` is "similarity"; got 3.'),
        ("pick plain.txt -k 2 --by similarity --neighbors 0", "`--neighbors` must be an integer of at least 1; got 0."),
    ]:
        code, _, err = shell(line)
        assert (code, err.count("\n")) == (3, 1)
        assert sentence in err


def test_following_is_the_answer_of_the_class(shell: Any) -> None:
    typed = "# comes and goes\n+ a\n+ c\n\n- a\n+ d\n+ e\n+ b\n- c\n"
    code, out, err = shell("follow plain.txt -k 2", typed)
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    best = DynamicSubmodular(nx.Graph(EDGES), 2, rng=0)
    solution: set[Any] = set()
    for told, (sign, name) in zip(lines, ("+a", "+c", "-a", "+d", "+e", "+b", "-c"), strict=True):
        (best.insert if sign == "+" else best.delete)(name)
        assert told["change"] == f"{sign} {name}"
        assert (told["value"], told["upper_bound"], told["ratio"]) == (
            best.value,
            best.upper_bound,
            best.certified_ratio,
        )
        assert told["present"] == len(best.present)
        assert not solution & set(told["added"])
        assert solution >= set(told["removed"])
        solution = (solution | set(told["added"])) - set(told["removed"])
        assert solution == set(best.names)
    n_changed = sum(bool(told["added"] or told["removed"]) for told in lines)
    worth = f"it is worth {best.value:g}, at least {best.certified_ratio:.1%} of the best by its upper bound"
    assert err == f"7 updates, of which {n_changed} changed the choice; {worth}\n"
    Path("ops.txt").write_text(typed)
    assert shell("follow plain.txt ops.txt -k 2")[1] == out


def test_following_nothing_says_so(shell: Any) -> None:
    code, out, err = shell("follow plain.txt -k 2", "# nothing\n")
    assert (code, out) == (0, "")
    assert err.startswith("0 updates, of which 0 changed the choice; it is worth 0, at least 100.0% of the best")


def test_a_window_is_that_of_the_function(shell: Any) -> None:
    """Against the updates of `sliding_window` on the numbers of the elements."""
    f, arrivals = Coverage.from_graph(nx.Graph(EDGES)), "dbeca"
    code, out, _ = shell("follow plain.txt -k 1 --window 2", "\n".join(f"+ {v}" if v in "ae" else v for v in arrivals))
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    best = DynamicSubmodular(f, 1, rng=0)
    values = best.update(ds.sliding_window([f.number(v) for v in arrivals], 2), record=True).values
    assert [line["value"] for line in lines] == [values[i] for i in (0, 1, 3, 5, 7)]
    assert [line["left"] for line in lines] == [[], [], ["d"], ["b"], ["e"]]
    assert [line["present"] for line in lines] == [1, 2, 2, 2, 2]


@pytest.mark.parametrize(
    ("options", "typed", "sentence"),
    [
        ("", "+ a\n+ a\n", "standard input:2: 'a' is present already"),
        ("", "+ a\n- b\n", "standard input:2: 'b' is not present"),
        ("", "+ zed\n", "standard input:1: 'zed' is no element of plain.txt"),
        ("", "# x\nzed\n", "standard input:2: a line is `+ id` or `- id`; got 'zed'"),
        ("", "+\n", "standard input:1: a line is `+ id` or `- id`; got '+'"),
        ("--window 2", "- a\n", "standard input:1: with a window elements leave by themselves; got '- a'"),
        ("--window 2", "a\na\n", "standard input:2: 'a' is present already"),
        ("--window 0", "a\n", "`--window` must be an integer of at least 1; got 0"),
    ],
)
def test_bad_updates(shell: Any, options: str, typed: str, sentence: str) -> None:
    code, _, err = shell(f"follow plain.txt -k 2 {options}", typed)
    assert (code, err.count("\n")) == (3, 1)
    assert sentence in err


def test_answers_come_before_the_last_line_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = iter(["+ a\n", "+ b\n"])
    monkeypatch.setattr("sys.stdin", given)
    answers = follow(Elements.from_file(written(tmp_path, "g.txt", FORMS["plain.txt"])), k=1)
    assert next(answers)["change"] == "+ a"
    assert next(given) == "+ b\n"  # nobody has read it


@pytest.mark.parametrize("told", ["-o answers.csv", "--plot answers.png"])
def test_a_stream_ignores_no_option(shell: Any, tmp_path: Path, told: str) -> None:
    code, out, err = shell(f"follow plain.txt -k 2 {told}", "+ c\n")
    assert (code, out) == (3, "")
    assert "`> answers.jsonl` keeps them" in err
    assert not list(tmp_path.glob("answers*"))


def test_options_may_stand_between_two_files(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "ops.txt").write_text("+ c\n+ a\n")
    assert shell("follow plain.txt -k 2 ops.txt") == shell("follow plain.txt ops.txt -k 2")
    assert shell("follow plain.txt -k 2 ops.txt")[0] == 0
