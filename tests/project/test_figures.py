"""Every figure computes, its claims hold by their margins, and it draws; the runner leaves what it promises."""

from __future__ import annotations

import functools
import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import figures
from figures import Figure, _full, _pictures
from figures._style import COLORS, style
from tests.backends import need_data

FOUND = figures.figures()
#: who has made a number: every source says it
MADE_BY = "arXiv|[Ii]ndependent|authors' code|repository|README"
SAFE = {mpl.colors.to_hex(color) for color in (*COLORS, "gray", "lightgray", "black", "white", "#882255")}


@pytest.fixture(autouse=True)
def no_windows() -> None:
    mpl.use("Agg")


def arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of a figure; a test of one whose data are not installed is skipped."""
    for data in FOUND[name].data:
        need_data(data)
    return computed(name)


@functools.lru_cache(maxsize=1)
def computed(name: str) -> dict[str, np.ndarray]:
    """Made once, and kept where `make figures` finds them; what decides them is in their key."""
    return dict(figures.arrays(name))


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
    assert all(re.search(MADE_BY, row.source) for row in rows)


def test_every_system_stands_beside_published_numbers() -> None:
    systems = {name.partition("/")[0] for name in FOUND}
    assert systems == {path.stem for path in (figures.ROOT / "published").iterdir()}
    assert systems == {name.partition("/")[0] for name, figure in FOUND.items() if figure.beside}


@pytest.mark.parametrize("name", FOUND)
def test_it_is_read_at_column_width(name: str) -> None:
    """Letters of 5 points or more in a text of 7 inches; no words cut off or on top of each other; safe colors."""
    with style():
        drawn = FOUND[name].draw(arrays(name))
        drawn.canvas.draw()
        colors = {mpl.colors.to_hex(line.get_color()) for axis in drawn.axes for line in axis.lines}
    shown = [text for text in drawn.findobj(mpl.text.Text) if text.get_visible() and text.get_text().strip()]
    assert min(text.get_fontsize() for text in shown) * 7 / drawn.get_figwidth() >= 5
    assert colors <= SAFE
    page = drawn.bbox.padded(1)
    words = [(text.get_text(), text.get_window_extent()) for text in titles(drawn)]
    assert [text for text, box in words if not (page.x0 <= box.x0 and box.x1 <= page.x1)] == []
    over = [(a, b) for (a, one), (b, other) in itertools.combinations(words, 2) if one.overlaps(other)]
    assert over == []
    for axis in drawn.axes:
        labels = [label for label in axis.get_xticklabels() if label.get_text().strip()] if axis.axison else []
        boxes = [label.get_window_extent() for label in labels]
        inside = [box for box in boxes if axis.bbox.x0 - 2 <= (box.x0 + box.x1) / 2 <= axis.bbox.x1 + 2]
        assert all(left.x1 <= right.x0 + 0.5 or not left.overlaps(right) for left, right in itertools.pairwise(inside))


def titles(drawn: mpl.figure.Figure) -> list[mpl.text.Text]:
    """The title of a figure, and the titles and labels of its panels."""
    panels = [axis for axis in drawn.axes if axis.axison]
    found = [text for axis in panels for text in (axis.title, axis.xaxis.label, axis.yaxis.label)]
    return [text for text in (*drawn.texts, *found) if text.get_text().strip()]


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
