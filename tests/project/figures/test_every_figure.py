"""Every figure computes, its claims hold by their margins and can fail, and it is drawn to be read."""

from __future__ import annotations

import functools
import itertools
import re

import matplotlib as mpl
import numpy as np
import pytest

import figures
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
def test_it_draws_and_draws_only_and_is_read_at_column_width(name: str) -> None:
    """Letters of 5 points or more in a text of 7 inches; no words cut off or on top of each other; safe colors."""
    before = {key: value.copy() for key, value in arrays(name).items()}
    with style():
        drawn = FOUND[name].draw(arrays(name))
        drawn.canvas.draw()
        colors = {mpl.colors.to_hex(line.get_color()) for axis in drawn.axes for line in axis.lines}
    for key, value in arrays(name).items():
        np.testing.assert_array_equal(value, before[key])
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
