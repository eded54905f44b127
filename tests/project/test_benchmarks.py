"""The rows of the benchmarks: our side runs and its ways agree, peers are declared, and an absent peer wins nothing."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import facts
from benchmarks import Goal, Row, first_calls, results, rows, run, worker
from benchmarks.results import Line, committed, fallen, write
from lrtheory._front import data_sets
from tests.backends import missing

ALL = rows()
ROWS = {key: row for key, row in ALL.items() if isinstance(row, Row) and not row.large}
GOALS = {key: row for key, row in ALL.items() if isinstance(row, Goal) and not row.large}


#: rows take turns, since all of them together run for minutes; whoever measures a row compares its answers anyway
TURNS = 4


def of_today(keys: Iterable[str]) -> list[str]:
    """Every fourth row, others each day, or all of them where ``LRTHEORY_ROWS=all`` is set."""
    turns = 1 if os.environ.get("LRTHEORY_ROWS") == "all" else TURNS
    return list(keys)[datetime.date.today().toordinal() % turns :: turns]


def inputs_of(row: Row | Goal) -> Any:
    """The inputs of a row, or a skip where they are data of a package that is not installed."""
    try:
        return row.inputs()
    except ImportError as error:
        missing(next(data.name for data in data_sets() if data.remedy in str(error)), error)
        raise


@pytest.mark.parametrize("key", of_today(ROWS))
def test_our_ways_and_methods_do_the_same_work(key: str) -> None:
    row = ROWS[key]
    inputs = inputs_of(row)
    methods = [solve for peer, solve in row.peers.items() if peer == "lrtheory"]
    answers = [solve(inputs) for solve in (*row.ours.values(), *methods)]
    for answer in answers:
        assert np.abs(answer - answers[0]).max() <= row.tolerance


@pytest.mark.parametrize("key", of_today(GOALS))
def test_goals_see_a_wrong_answer(key: str) -> None:
    goal = GOALS[key]
    inputs = inputs_of(goal)
    answer = goal.solve(inputs)
    assert goal.error(inputs, answer) <= goal.tolerance
    assert goal.error(inputs, answer * 1.001) > goal.tolerance


def test_a_goal_says_what_it_took_and_what_was_missed() -> None:
    key, goal = next(iter(GOALS.items()))
    options = SimpleNamespace(threads=1, repeats=1)
    line = run.reached(key, goal, options)
    assert line.good
    assert f"s of {goal.seconds:g}" in line.words
    assert f"GB of {goal.gigabytes:g}" in line.words
    line = run.reached(key, replace(goal, gigabytes=0.001, tolerance=0.0), options)
    assert "GB of 0.001 MISSED" in line.words
    assert "WRONG" in line.words
    assert not line.good


@pytest.mark.parametrize("kind", [ROWS, GOALS])
def test_what_is_large_runs_only_by_name(kind: dict[str, Row | Goal]) -> None:
    key, row = next(iter(kind.items()))
    system = key.partition("/")[0]
    for names, small, large in (
        ([], True, False),
        ([system], True, False),
        ([key], True, True),
        (["other"], False, False),
    ):
        assert run.is_chosen(key, row, names) is small
        assert run.is_chosen(key, replace(row, large=True), names) is large


def test_a_method_of_our_own_is_a_peer_that_is_always_there() -> None:
    """The answers of all of them are compared above; here one meets our way as every peer does, in two processes."""
    key, here = "constrained_decoding/ranges-level-1", Path(sys.executable)
    pytest.importorskip("lrtheory.constrained_decoding")
    assert run.peer_python("lrtheory") == here
    options = SimpleNamespace(threads=1, repeats=1)
    for ours in ROWS[key].ours:
        ratios, difference = run.compare(key, ROWS[key], ours, "lrtheory", here, options)
        assert len(ratios) == 1
        assert difference <= ROWS[key].tolerance


def test_peers_are_declared() -> None:
    for system, told in facts.of_all().items():
        used = {peer for key, row in ROWS.items() if key.startswith(f"{system}/") for peer in row.peers}
        assert used - {"lrtheory"} == set(told.get("peers", {})), system
    assert {peer for row in ROWS.values() for peer in row.peers} == {*facts.peers(), "lrtheory"}
    assert all(peer["packages"] and peer["license"] and peer["what"] for peer in facts.peers().values())


def table(key: str, row: Row, monkeypatch: pytest.MonkeyPatch, python: Path | Exception) -> list[tuple[str, bool]]:
    def peer_python(name: str) -> Path:
        if isinstance(python, Exception):
            raise python
        return python

    monkeypatch.setattr(run, "peer_python", peer_python)
    return list(run.lines(key, row, SimpleNamespace(threads=1, repeats=1)))


def test_a_peer_that_is_not_installed_is_a_row_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    key, row = next(iter(ROWS.items()))
    [line] = table(key, row, monkeypatch, run.MissingError("not installed: no network"))
    assert "missing  not installed: no network" in str(line)
    assert line.good


def test_a_peer_that_does_not_start_is_a_row_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("lrtheory.alpha_rank")
    key = "alpha_rank/infinite-alpha-900"
    found = table(key, ROWS[key], monkeypatch, Path(sys.executable))  # an environment without the peer
    assert len(found) == len(ROWS[key].ours)
    assert all("missing  does not run: ModuleNotFoundError" in str(line) for line in found)


def test_the_last_line_is_the_reason() -> None:
    assert run.last_line("Traceback\n  File\nImportError: no x\n\n") == "ImportError: no x"
    assert run.last_line("") == "no reason given"


def test_the_worker_times_itself(tmp_path: Path) -> None:
    key = next(iter(ROWS))
    np.savez(tmp_path / "input.npz", **ROWS[key].inputs())
    name = next(iter(ROWS[key].ours))
    with run.started(Path(sys.executable), key, "ours", name, tmp_path / "input.npz", 1) as side:
        assert json.dumps(side.seconds())
        assert side.seconds() > 0
        np.testing.assert_allclose(side.value(), ROWS[key].ours[name](ROWS[key].inputs()), atol=ROWS[key].tolerance)


def test_one_thread_is_timed_by_the_processor_and_several_by_the_wall() -> None:
    one, two = worker.clock_of(1), worker.clock_of(2)
    starts = one(), two()
    time.sleep(0.2)
    assert one() - starts[0] < 0.1
    assert two() - starts[1] >= 0.2
    start, wall = one(), time.process_time()
    subprocess.run([sys.executable, "-c", "for _ in range(3_000_000): pass"], check=True)
    assert one() - start > time.process_time() - wall + 0.02  # a side whose work another process does


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux keeps the status of a process in a file")
def test_memory_is_not_that_of_the_process_that_started_the_worker() -> None:
    held = np.ones(50_000_000)
    command = [sys.executable, "-c", "from benchmarks import worker; print(worker.peak_memory())"]
    done = subprocess.run(command, cwd=run.HERE.parent, capture_output=True, text=True, check=True)
    assert 0.005 < float(done.stdout) < 0.2 < held.nbytes / 1e9


def line_of(ratio: str, spread: str = "") -> Line:
    return Line("a/x", "X.", "one", "peer", ratio, spread, "same to 0e+00", True)


def table_with(ratio: str, tmp_path: Path) -> str:
    path = tmp_path / "RESULTS.md"
    path.unlink(missing_ok=True)
    write(path, [line_of(ratio, "1 to 9"), Line("b/y", "Y.", "goal", "", "", "", "1 s of 2", True)], 1)
    return path.read_text()


@pytest.mark.parametrize(
    ("before", "now", "falls"),
    [
        ("2.0x", "1.59x", True),
        ("2.0x", "1.60x", False),
        ("0.50x", "0.39x", True),
        ("0.5x", "0.40x", False),
        ("1090.4x", "800.0x", True),
        ("2.0x", "2.5x", False),
        ("missing", "0.1x", False),
        ("-", "0.1x", False),
        ("2.0x", "missing", False),
        ("2.0x", "-", False),
        ("", "", False),
    ],
)
def test_a_ratio_that_fell_by_more_than_a_fifth_is_said(before: str, now: str, falls: bool, tmp_path: Path) -> None:
    said = fallen(table_with(before, tmp_path), [line_of(now, "0.3 to 0.5")], 1)
    words = f"FELL a/x, one against peer: {now} (0.3 to 0.5), where {before} (1 to 9) is committed for this processor."
    assert said == [words] * falls


def test_ratios_of_other_runs_are_compared_with_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, now = table_with("9.0x", tmp_path), line_of("1.0x")
    assert len(fallen(before, [now], 1)) == 1
    assert fallen(before, [now], 2) == []
    assert fallen("", [now], 1) == []
    for other in ({"key": "a/z"}, {"ours": "two"}, {"peer": "another"}):
        assert fallen(before, [now._replace(**other)], 1) == []
    monkeypatch.setattr(results, "processor", lambda: "Another")
    assert fallen(before, [now], 1) == []


def test_what_is_committed_counts_and_not_what_a_run_has_written(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    assert committed(path) == ""
    path.write_text("as it stands, é")
    assert committed(path) == "as it stands, é"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "--no-verify", "-m", "x"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    path.write_text("of a run")
    assert committed(path) == "as it stands, é"


@pytest.mark.parametrize(("ratio", "good", "code"), [("0.10x", True, 4), ("9.0x", True, 0), ("-", False, 1)])
def test_a_run_that_fell_ends_with_a_sentence_and_a_code(
    ratio: str,
    good: bool,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = next(iter(ROWS))
    before = table_with("9.0x", tmp_path).replace("a/x", key)
    found = line_of(ratio)._replace(key=key, good=good)
    monkeypatch.setattr(run, "committed", lambda path: before)
    monkeypatch.setattr(run, "lines", lambda *given: [found])
    path = tmp_path / "new.md"
    assert run.main([key, "--write", str(path)]) == code
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"FELL {key}" if code == 4 else "No ratio has fallen")
    assert f"| {ratio} |" in path.read_text()  # written all the same


def test_small_ratios_have_two_decimals() -> None:
    assert [results.shown(ratio) for ratio in (0.456, 1.994, 2.04, 1090.44)] == ["0.46", "1.99", "2.0", "1090.4"]


def test_the_table_keeps_the_rows_of_other_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "processor", lambda: "Fast")
    path = tmp_path / "RESULTS.md"
    first = [Line("a/x", "X.", way, "peer", "2.0x", "1.0 to 3.0", "same to 0e+00", True) for way in ("one", "two")]
    other = Line("b/y", "Y.", "goal", "", "", "", "1 s of 2", True)
    write(path, [*first, other], 1)
    write(path, [first[0]._replace(ratio="4.0x")], 1)
    write(path, [first[0]._replace(ratio="5.0x")], 2)
    monkeypatch.setattr(results, "processor", lambda: "Slow")
    write(path, [first[0]._replace(ratio="3.0x")], 1)
    rows = [line.split(" | ") for line in path.read_text().splitlines() if line.startswith("| `")]
    assert [(row[0][2:], row[2], row[4], row[6], row[7]) for row in rows] == [
        ("`a/x`", "one", "4.0x", "1", "Fast"), ("`a/x`", "one", "3.0x", "1", "Slow"),
        ("`a/x`", "one", "5.0x", "2", "Fast"), ("`b/y`", "goal", "", "1", "Fast"),
    ]  # fmt: skip
    assert "Versions of the last run: Python 3." in path.read_text()


def test_a_processor_is_named_without_trademarks(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("vendor_id : x\nmodel name\t: Some(R) Chip(TM)  CPU @ 2GHz\n")
    assert results.processor(info) == "Some Chip @ 2GHz"
    assert results.processor(tmp_path / "none")


def test_data_that_are_not_installed_are_a_missing_row(tmp_path: Path) -> None:
    def inputs() -> Any:
        raise ImportError("`load_x` needs the data of x: pip install x")

    row = replace(next(iter(ROWS.values())), inputs=inputs)
    with pytest.raises(run.MissingError, match="pip install x"):
        run.compare("toy/row", row, "ours", "peer", Path(sys.executable), SimpleNamespace(threads=1, repeats=1))


# --- first calls -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", first_calls.CASES)
def test_first_calls_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    first_calls.measured(name)
    imported, called, compilations = json.loads(capsys.readouterr().out)
    assert 0 <= imported <= called + imported
    assert compilations >= 0


def test_a_first_call_finds_nothing_compiled_although_this_process_has_a_cache() -> None:
    case = next(iter(first_calls.CASES.values()))
    found = first_calls.taken(case.name)
    assert found.compilations > 0
    assert found.imported > 0
    assert found.called > 0


def test_a_line_of_first_calls_shows_medians_and_says_what_is_missed() -> None:
    case = first_calls.Case("some_system", "name", "", "", goal=2.0)
    runs = [first_calls.Taken(*run) for run in ((0.3, 1.0, 10), (0.2, 1.5, 10), (0.9, 9.0, 11))]
    assert first_calls.line(case, runs).split(maxsplit=1) == [
        "some_system.name",
        "1.50 s of 2, 10 compilations; import 0.30 s",
    ]
    late = first_calls.line(case, [first_calls.Taken(0.5, 2.5, 3)])
    assert "2.50 s of 2 MISSED, 3 compilations; import 0.50 s of 0.35 MISSED" in late
    assert "MISSED" not in first_calls.line(replace(case, goal=None), [first_calls.Taken(0.1, 99.0, 3)])


def test_a_first_call_that_fails_is_said_with_its_last_line() -> None:
    with pytest.raises(RuntimeError, match="few_shot did not run: ZeroDivisionError: division by zero"):
        first_calls.taken("few_shot", ("-c", "1 / 0"))


def test_an_unknown_first_call_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert first_calls.main(["few_shots"]) == 3
    assert "No first call is named few_shots; there are alpha_rank, " in capsys.readouterr().err
