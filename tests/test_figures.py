"""Every figure computes, its claims hold by their margins, and it draws; the runner leaves what it promises."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import figures
from figures import Figure

FOUND = figures.figures()


@pytest.fixture(autouse=True)
def no_windows() -> Iterator[None]:
    mpl.use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@functools.cache
def arrays(name: str) -> dict[str, np.ndarray]:
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


def test_the_runner_leaves_three_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(figures, "figures", lambda: {"toy/line": toy()})
    assert figures.main(["toy", "--out", str(tmp_path)]) == 0
    assert "holds  it rises (margin 1)" in capsys.readouterr().out
    assert sorted(path.suffix for path in (tmp_path / "quick/toy").iterdir()) == [".json", ".npz", ".png"]
    record = json.loads((tmp_path / "quick/toy/line.json").read_text())
    assert (record["seed"], record["inputs"], record["claims"]["it rises"]["holds"]) == (7, {"n": 3}, True)
    assert {"python", "numpy", "lrtheory"} <= set(record["versions"])
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
