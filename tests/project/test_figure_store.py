"""What of a figure is done stays done: nothing is computed twice, after an interruption and after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import figures
from figures import Figure, _store

ROOT = Path(__file__).resolve().parents[2]
SLOW = '''
"""A figure whose points take their time and leave a mark each time that they are computed."""
import signal, sys, time
from pathlib import Path
import matplotlib
matplotlib.use("Agg")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background may have had it ignored
import numpy as np
import figures
from figures import Figure, each

MARKS = Path(sys.argv[1])


def point(i, name):
    with (MARKS / "marks").open("a") as file:
        file.write(f"{i}\\n")
    time.sleep(0.25)
    return np.random.default_rng(i).normal(size=3), np.array([i])


def compute(profile):
    found = each(point, [(i, "of six") for i in range(6)])
    return {"x": np.array([x for x, _ in found]), "i": np.concatenate([i for _, i in found])}


def draw(arrays):
    import matplotlib.pyplot as plt
    drawn, axes = plt.subplots()
    axes.plot(arrays["x"])
    return drawn


TOY = Figure(name="slow", title="Slow.", compute=compute, claims=lambda a: {"six": (len(a["i"]) == 6, 1.0)}, draw=draw)
figures.figures = lambda: {"toy/slow": TOY}
if __name__ == "__main__":
    sys.exit(figures.main(["--out", str(MARKS / "out"), *sys.argv[2:]]))
'''


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    (tmp_path / "slow.py").write_text(SLOW)
    return tmp_path


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, str(folder / "slow.py"), str(folder), *words]


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command(folder, *words), env=environment, stderr=subprocess.PIPE, text=True)


def marks(folder: Path) -> list[int]:
    path = folder / "marks"
    return sorted(map(int, path.read_text().split())) if path.exists() else []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_stopped_goes_on(slow: Path, how: signal.Signals) -> None:
    running = started(slow)
    deadline = time.monotonic() + 60
    while len(marks(slow)) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(how)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == (130 if how == signal.SIGINT else -how)
    assert ("interrupted" in said) == (how == signal.SIGINT)
    before = marks(slow)
    assert 3 <= len(before) < 6
    assert not (slow / "out/quick/toy/slow.json").exists()
    again = started(slow)
    again.communicate(timeout=60)
    assert again.returncode == 0
    repeated = [i for i in range(6) if marks(slow).count(i) > 1]
    assert set(marks(slow)) == set(range(6))
    assert set(repeated) <= {before[-1]}  # the one in the middle of which it was stopped
    with np.load(slow / "out/quick/toy/slow.npz") as saved:
        for i in range(6):
            np.testing.assert_array_equal(saved["x"][i], np.random.default_rng(i).normal(size=3))
    assert sorted(p.suffix for p in (slow / "out/quick/toy").iterdir()) == [".json", ".npz", ".pdf", ".png"]


def test_workers_change_nothing(slow: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("serial")
    (other / "slow.py").write_text(SLOW)
    for folder, words in ((slow, ("--jobs", "2")), (other, ())):
        running = started(folder, *words)
        running.communicate(timeout=120)
        assert running.returncode == 0
    a, b = (_store.read_arrays(folder / "out/quick/toy/slow.npz") for folder in (slow, other))
    assert a is not None
    assert b is not None
    for name in ("x", "i"):
        np.testing.assert_array_equal(a[name], b[name])


# --- keys and files, in this process ---------------------------------------------------------------------------------


def counted(calls: list[str], **changes: Any) -> Figure:
    mpl.use("Agg")

    def compute(profile):
        calls.append(profile)
        return {"x": np.arange(4.0)}

    def draw(arrays):
        import matplotlib.pyplot as plt

        drawn, axes = plt.subplots()
        axes.plot(arrays["x"])
        return drawn

    whole = Figure(
        name="line",
        title="A line.",
        compute=compute,
        claims=lambda arrays: {"it rises": (True, np.diff(arrays["x"]).min())},
        draw=draw,
        inputs={"quick": {"n": 4}},
    )
    return replace(whole, **changes)


def test_nothing_is_made_twice_from_the_same_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": counted(calls)})
    first = figures.make("toy/line", out=tmp_path)
    assert figures.make("toy/line", out=tmp_path) == first
    assert calls == ["quick"]
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": counted(calls, inputs={"quick": {"n": 5}})})
    figures.make("toy/line", out=tmp_path)
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": counted(calls, inputs={"quick": {"n": 5}}, seed=1)})
    figures.make("toy/line", out=tmp_path)
    assert calls == ["quick"] * 3


def test_arrays_are_kept_under_their_key_and_the_figure_is_drawn_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": counted(calls)})
    for _ in range(2):
        found = figures.arrays("toy/line", out=tmp_path)
        assert list(found) == ["x"]
        np.testing.assert_array_equal(found["x"], np.arange(4.0))
    figures.make("toy/line", out=tmp_path)
    assert calls == ["quick"]
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": counted(calls, seed=1)})
    figures.arrays("toy/line", out=tmp_path)
    assert calls == ["quick", "quick"]


@pytest.mark.parametrize(("suffix", "computed"), [(".npz", 2), (".png", 1), (".pdf", 1), (".json", 1)])
def test_a_file_that_is_not_whole_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, computed: int
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": counted(calls)})
    figures.make("toy/line", out=tmp_path)
    path = tmp_path / "quick/toy/line"
    damaged = path.with_suffix(suffix)
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    figures.make("toy/line", out=tmp_path)
    assert len(calls) == computed
    assert _store.read_record(path.with_suffix(".json"))["files"][".npz"] == _store.digest_of(path.with_suffix(".npz"))


def point(i: int) -> np.ndarray:
    CALLS.append(i)
    return np.array([i, i * i])


CALLS: list[int] = []


def test_a_point_that_is_not_whole_is_computed_again(tmp_path: Path) -> None:
    CALLS.clear()
    folder = tmp_path / ".toy-0123456789abcdef"
    with _store.storing(folder, None):
        _store.each(point, [(1,), (2,)])
        first = sorted(folder.iterdir())[0]
        first.write_bytes(first.read_bytes()[:40])
        found = _store.each(point, [(1,), (2,), (3,)])
    assert [x.tolist() for x in found] == [[1, 1], [2, 4], [3, 9]]
    assert len(CALLS) == 4
    with _store.storing(tmp_path / ".toy-fedcba9876543210", None):
        assert not folder.exists()  # what belongs to another key goes
    assert [x.tolist() for x in _store.each(point, [(5,)])] == [[5, 25]]
