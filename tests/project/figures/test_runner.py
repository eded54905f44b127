"""The runner of the figures leaves what it promises; the figures themselves are tested by `make figures`."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import figures
from figures import Figure, _full, _pictures


@pytest.fixture(autouse=True)
def no_windows() -> None:
    mpl.use("Agg")


def toy(*, holds: bool = True) -> Figure:
    def draw(arrays):
        import matplotlib.pyplot as plt

        drawn, axes = plt.subplots()
        axes.plot(arrays["x"])
        return drawn

    return Figure(
        name="line",
        title="A line.",
        compute=lambda profile: {"x": np.arange(3.0 if profile == "quick" else 30.0)},
        claims=lambda arrays: {"it rises": (holds, np.diff(arrays["x"]).min())},
        draw=draw,
        seed=7,
        inputs={"quick": {"n": 3}},
    )


def test_the_runner_leaves_four_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": toy()})
    assert figures.main(["toy", "--out", str(tmp_path)]) == 0
    assert "holds  it rises (margin 1)" in capsys.readouterr().out
    assert sorted(path.suffix for path in (tmp_path / "quick/toy").iterdir()) == [".json", ".npz", ".pdf", ".png"]
    record = json.loads((tmp_path / "quick/toy/line.json").read_text())
    assert (record["seed"], record["inputs"], record["claims"]["it rises"]["holds"]) == (7, {"n": 3}, True)
    assert {"python", "numpy", "lrtheory"} <= set(record["versions"])
    assert {"commit", "data", "key", "files"} <= set(record)
    with np.load(tmp_path / "quick/toy/line.npz") as saved:
        np.testing.assert_array_equal(saved["x"], np.arange(3.0))


def test_the_runner_tells_a_failed_claim_and_an_unknown_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": toy(holds=False)})
    assert figures.main(["toy/line", "--profile", "full", "--out", str(tmp_path)]) == 1
    assert (tmp_path / "full/toy/line.png").exists()
    assert figures.main(["nothing"]) == 3
    assert "No figure is called nothing; near: toy/line." in capsys.readouterr().err


def test_the_runner_keeps_what_the_full_profile_showed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, out = tmp_path / "kept", tmp_path / "out"
    for function in (_full.keep, _full.known):
        monkeypatch.setattr(_full, function.__name__, functools.partial(function, folder=folder))
    monkeypatch.setattr(figures, "OUT", out)
    shown: list[str] = []
    monkeypatch.setattr(_pictures, "keep", lambda figure, name, profile, picture: shown.append(profile))
    monkeypatch.setattr(
        figures, "figures", lambda: {"toy/line": toy(), "toy/fall": replace(toy(holds=False), name="fall")}
    )
    told = lambda: json.loads((out / "quick/toy/line.json").read_text())["full"]
    assert figures.main(["toy/line", "--out", str(out)]) == 0
    assert told() is None
    assert figures.main(["toy", "--profile", "full", "--out", str(tmp_path / "elsewhere")]) == 1
    assert not folder.exists()  # what somebody makes elsewhere is theirs
    assert figures.main(["toy", "--profile", "full", "--out", str(out)]) == 1
    kept = json.loads((folder / "toy.json").read_text())
    assert {name: (one["claims"], one["fails"]) for name, one in kept.items()} == {
        "toy/fall": (1, ["it rises"]),
        "toy/line": (1, []),
    }
    drawn = (out / "quick/toy/line.png").stat().st_mtime_ns
    assert figures.main(["toy/line", "--out", str(out)]) == 0
    assert told() == kept["toy/line"]
    assert (out / "quick/toy/line.png").stat().st_mtime_ns == drawn  # only the record was written again
    assert shown == ["quick", "quick"]  # pictures of the report stay those of its profile


def test_the_runner_leaves_out_a_figure_whose_data_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def compute(profile):
        raise ImportError("`load_toy` needs the data of toys")

    figure = replace(toy(), compute=compute)
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": figure})
    with pytest.raises(ImportError):
        figures.main(["--out", str(tmp_path)])
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": replace(figure, data=("toy",))})
    assert figures.main(["--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert "left out: `load_toy` needs the data of toys" in out
    assert "figures: left out: toy/line; the lines above say what brings their data" in err
    # who names it wants it, and everything that can be made is made without names
    for name in ("toy/line", "toy", "*/line"):
        assert figures.main([name, "--out", str(tmp_path)]) == 3
