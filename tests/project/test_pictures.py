"""The pictures that the report and the README show are small, and made from the figures as they stand."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

import figures
from figures import Figure, _keys, _pictures
from lrtheory._array import source_digest
from lrtheory._front import abouts

FOUND = figures.figures()
ROOT = Path(figures.__file__).resolve().parent.parent


def test_pictures_belong_to_the_figures_as_they_stand() -> None:
    assert list(_pictures.problems(FOUND)) == []


def test_the_report_shows_the_profile_from_which_a_picture_is() -> None:
    told = json.loads((_pictures.PICTURES / "pictures.json").read_text())
    pages = "\n".join(path.read_text() for path in (ROOT / "docs" / "evidence").glob("*.md"))
    shown = re.findall(r"pictures/(\w+?)--([\w-]+)\.png.*\n\n.*hold \((\w+)\)\.", pages)
    assert {f"{system}/{name}": profile for system, name, profile in shown} == {
        f"{system}/{name}": told[f"{system}/{name}"]["profile"]
        for system, about in abouts().items()
        for name in about.pictures
    }


def test_the_readme_has_pictures_of_three_systems() -> None:
    assert len(set(re.findall(r"docs/pictures/(\w+?)--", (ROOT / "README.md").read_text()))) == 3


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A large picture of many colors."""
    from PIL import Image

    path = tmp_path / "line.png"
    points = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(points).save(path)
    return path


def test_a_picture_is_made_smaller_until_it_fits(picture: Path) -> None:
    from PIL import Image

    before = picture.read_bytes()
    after = _pictures.smaller(before, 20_000)
    assert len(before) > 300_000
    assert len(after) <= 20_000
    assert after == _pictures.smaller(before, 20_000)
    ratio = [np.divide(*Image.open(io.BytesIO(content)).size) for content in (before, after)]
    assert ratio[0] == pytest.approx(ratio[1], rel=0.02)


def toy(seed: int = 0) -> Figure:
    return Figure(name="line", title="A line.", compute=dict, claims=dict, draw=dict, seed=seed)


def test_what_is_wrong_with_kept_pictures_is_told(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, name = tmp_path / "pictures", "alpha_rank/line"
    told = lambda figure, names=(name,): list(_pictures.problems(dict.fromkeys(names, figure), folder))
    monkeypatch.setattr(_pictures, "wanted", lambda: frozenset({name}))
    assert told(toy()) == [f"{name} is shown and was not made; run `make figures`"]
    _pictures.keep(toy(), "alpha_rank/other", "quick", picture, folder)
    assert not folder.exists()
    _pictures.keep(toy(), name, "quick", picture, folder)
    assert told(toy()) == []
    assert told(toy(), ()) == [f"{name} is shown and is no figure"]
    assert told(toy(seed=1)) == ["alpha_rank--line.png was made from other sources; run `make figures`"]
    kept = folder / "alpha_rank--line.png"
    before = kept.stat().st_mtime_ns
    _pictures.keep(toy(), name, "quick", picture, folder)
    assert kept.stat().st_mtime_ns == before  # the same key, so it stays as it is
    (folder / "alpha_rank--old.png").write_bytes(b"")
    assert told(toy()) == ["nobody shows alpha_rank--old.png"]
    _pictures.keep(toy(seed=1), name, "full", picture, folder)
    assert told(toy(seed=1)) == []
    kept.write_bytes(b"")
    assert told(toy(seed=1)) == ["alpha_rank--line.png is not the file that was made"]


def test_a_key_follows_what_a_figure_imports_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, drawn = tmp_path / "lrtheory", tmp_path / "figures"
    files = {
        library / "_core.py": "",
        library / "one/__init__.py": "from lrtheory import _core",
        library / "two/__init__.py": "",
        drawn / "__init__.py": "",
        drawn / "_store.py": "",
        drawn / "_tools.py": "",
        drawn / "one/line.py": "from lrtheory.one import solve\nfrom figures._tools import mean",
        drawn / "published/one.json": "{}",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(_keys, "LIBRARY", library)
    monkeypatch.setattr(_keys, "ROOT", drawn)

    def key() -> str:
        source_digest.cache_clear()
        _keys._sources.cache_clear()
        return _keys._sources("one")

    before = key()
    for path, text in files.items():
        path.write_text(text + " ")
        assert (key() == before) == (path.parent.name == "two"), path
        path.write_text(text)
    _keys._sources.cache_clear()
