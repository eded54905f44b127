"""Every figure computes, its claims hold by their margins, and it draws; the runner leaves what it promises."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import figures
from figures import Figure
from tests.backends import need_data

FOUND = figures.figures()


@pytest.fixture(autouse=True)
def no_windows() -> Iterator[None]:
    mpl.use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of a figure; a test of one whose data are not installed is skipped."""
    for data in FOUND[name].data:
        need_data(data)
    return computed(name)


@functools.cache
def computed(name: str) -> dict[str, np.ndarray]:
    return {key: np.asarray(value) for key, value in FOUND[name].compute("quick").items()}


@pytest.mark.parametrize("name", FOUND)
def test_claims_hold(name: str) -> None:
    assert arrays(name)
    claims = FOUND[name].claims(arrays(name))
    assert claims, f"{name} claims nothing"
    assert [claim for claim, (holds, margin) in claims.items() if not holds or not margin > 0] == []


@pytest.mark.parametrize("name", FOUND)
def test_claims_can_fail(name: str) -> None:
    """Claims read the arrays: not all of them survive when every curve is replaced by its negative."""
    spoiled = {key: -value if value.dtype.kind == "f" else value for key, value in arrays(name).items()}
    with np.errstate(all="ignore"):
        claims = FOUND[name].claims(spoiled)
    assert not all(holds for holds, _ in claims.values())


@pytest.mark.parametrize("name", FOUND)
def test_it_draws_and_draws_only(name: str) -> None:
    before = {key: value.copy() for key, value in arrays(name).items()}
    drawn = FOUND[name].draw(arrays(name))
    assert drawn.axes
    for key, value in arrays(name).items():
        np.testing.assert_array_equal(value, before[key])


@pytest.mark.parametrize("name", [name for name, figure in FOUND.items() if figure.beside])
def test_published_numbers_stand_beside_ours(name: str) -> None:
    rows = FOUND[name].beside(arrays(name))
    assert rows
    assert all(np.isfinite([row.published, row.ours]).all() and row.source for row in rows)
    assert len({row.what for row in rows}) == len(rows)


@pytest.mark.parametrize("name", FOUND)
def test_its_name_is_a_file_name(name: str) -> None:
    assert re.fullmatch(r"\w+/[\w-]+", name)
    assert FOUND[name].title.endswith(".")


# --- the runner, on a figure of its own ------------------------------------------------------------------------------


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
    assert "No figure is called nothing; there are toy/line." in capsys.readouterr().err


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
    assert "left out: `load_toy` needs the data of toys" in capsys.readouterr().out
