"""What a person sees of an answer: text, HTML, a frame, a picture and a file."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import pytest

from lrtheory._files import Table
from lrtheory._result import Result, display, result


@result
class Ranking(Result):
    """An answer that is a table."""

    names: tuple[str, ...]
    scores: np.ndarray
    message: str = ""

    def _columns(self) -> dict[str, Any]:
        return {"player": self.names, "score": self.scores}


@result
class Single(Result):
    """An answer of single numbers."""

    gap: float
    path: np.ndarray
    message: str = "all is well"


def ranking(n: int = 3, **options: Any) -> Ranking:
    return Ranking(tuple(f"p{i}" for i in range(n)), np.arange(n, dtype=float), **options)


def test_a_table_prints_its_first_rows_and_then_the_sentences() -> None:
    assert repr(ranking(12, message="p11 is first")).splitlines() == [
        "Ranking, 12 rows",
        "player  score",
        *(f"p{i}          {i}" for i in range(10)),
        "... 2 more rows",
        "p11 is first",
    ]


def test_other_results_print_their_fields() -> None:
    assert repr(Single(0.5, np.zeros(3))) == "Single(gap=0.5, path=[0., 0., 0.], message='all is well')"


def test_columns_that_do_not_fit_are_counted() -> None:
    wide = {f"column {i}": [i] for i in range(30)}
    lines = display.table(wide)
    assert max(map(len, lines)) <= 88
    assert re.fullmatch(r"\.\.\. \d+ more columns: .*", lines[-1])
    assert display.table({"a" * 100: [1]})[1].strip() == "1"  # one column is shown whatever its width


def test_cells_are_short_and_of_every_kind() -> None:
    cells = [1, 0.12345678, float("nan"), None, True, "x" * 50, "two\nlines", 123456.7, float("inf")]
    (_, *shown) = display.table({"x": cells})
    assert [line.strip() for line in shown] == [
        "1", "0.1235", "nan", "", "yes", "x" * 37 + "...", "two lines", "123457", "inf",
    ]  # fmt: skip


def test_html_escapes_names_titles_and_sentences() -> None:
    evil = "<script>alert('&')</script>"
    page = Ranking((evil,), np.ones(1), message=evil)._repr_html_()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 2
    assert "<script" not in display.page(evil, {evil: [evil]}, [evil])


def test_html_of_single_numbers_lists_fields() -> None:
    page = Single(0.5, np.zeros(3))._repr_html_()
    assert "gap" in page
    assert "all is well" in page


def test_frames() -> None:
    pytest.importorskip("pandas")
    assert ranking().to_frame().to_dict("list") == {"player": ["p0", "p1", "p2"], "score": [0.0, 1.0, 2.0]}
    assert Single(0.5, np.zeros(3)).to_frame().gap.tolist() == [0.5]


def test_without_pandas_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="needs pandas: pip install pandas"):
        ranking().to_frame()


def test_pictures() -> None:
    import matplotlib.pyplot as plt

    ax = ranking(60).plot()
    assert len(ax.patches) == 40
    assert ax.get_title() == "the first 40 of 60"
    assert ax.get_ylim() == (39.5, -0.5)  # the first on top
    given = plt.figure().subplots()
    assert ranking().plot(given) is given
    plt.close("all")
    with pytest.raises(TypeError, match="Single holds single numbers"):
        Single(0.5, np.zeros(3)).plot()
    assert not plt.get_fignums()


def test_intervals_and_curves() -> None:
    import matplotlib.pyplot as plt

    ax = plt.figure().subplots()
    display.intervals(ax, ["a", "b"], [0, 1], [2, 3], middle=[1, 2], label="mass")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    ax = plt.figure().subplots()
    display.curves(ax, [1, 2], {"one": [1, 2], "two": [2, 1]}, xlabel="step", ylabel="loss")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]
    plt.close("all")


def test_answers_are_written_with_all_digits(tmp_path: Any) -> None:
    found = Ranking(("a",), np.array([1 / 3]))
    found.to_file(tmp_path / "answer.csv")
    assert Table.from_file(tmp_path / "answer.csv").floats("score")[0] == 1 / 3
    with pytest.raises(FileExistsError, match="is there already"):
        found.to_file(tmp_path / "answer.csv")
    found.to_file(tmp_path / "answer.csv", force=True)
    with pytest.raises(ValueError, match=r"written as one of .csv, .tsv, .json, .jsonl, .npz; got 'answer.xlsx'"):
        found.to_file(tmp_path / "answer.xlsx")
    assert [one.name for one in tmp_path.iterdir()] == ["answer.csv"]


def test_columns_of_other_array_libraries() -> None:
    torch = pytest.importorskip("torch")
    assert display.plain({"x": torch.tensor([1.0, 2.0]), "y": [np.float64(1), np.bool_(True)]}) == {
        "x": [1.0, 2.0],
        "y": [1.0, True],
    }


class Lines(Ranking):
    """A table that is drawn as a line."""

    __slots__ = ()

    def _draw(self, ax: Any) -> None:
        display.curves(ax, range(len(self.scores)), {"score": self.scores})


def inches(answer: Result) -> list[float]:
    return answer.plot().figure.get_size_inches().tolist()


def test_a_picture_is_as_high_as_its_names_need_and_not_as_its_lines_are_long() -> None:
    assert [inches(ranking(n)) for n in (3, 20, 2000)] == [[6, 3.2], [6, 6.0], [6, pytest.approx(10.8)]]
    many = Lines(ranking(2000).names, np.arange(2000.0))
    ax = many.plot()
    assert ax.figure.get_size_inches().tolist() == [6, 3.2]
    assert [len(line.get_xdata()) for line in ax.lines] == [2000]
    assert len(ax.figure.axes) == 1


def test_many_lines_and_many_names_are_counted() -> None:
    ax = display.new_axes()
    display.curves(ax, range(3), {f"line {i}": range(3) for i in range(500)})
    assert ax.get_legend() is None
    assert ax.get_title() == "500 lines"
    display.name_ticks(ax.xaxis, [f"name {i}" for i in range(1000)])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [f"name {i}" for i in range(0, 1000, 25)]
    display.name_ticks(ax.yaxis, [])
    assert not ax.get_yticklabels()


@pytest.mark.parametrize("n", [4, 900])
def test_pictures_of_the_systems_stay_in_their_frame(n: int) -> None:
    """Those that draw something of their own, on little and on much."""
    from lrtheory import alpha_rank as ar
    from lrtheory import continual_learning as cl
    from lrtheory import dual_mirror_descent as dmd
    from lrtheory.lora_limits.diagnosis.whole_model import HeadRegimes

    labels = tuple(f"player {i}" for i in range(n))
    few, ones = labels[:60], np.ones(min(n, 60))
    drawn: list[Result] = [
        cl.AccuracyTable.from_accuracy(np.tri(len(few)), names=few),
        ar.SeatTable.from_frame({"p1": few, "p2": few, "r1": ones, "r2": 1 - ones}),
        dmd.pace(np.ones(n), np.ones(n) / 2, budget=n / 4),
        HeadRegimes(np.arange(n), np.zeros(n, int), np.ones(n), np.ones(n, int), np.ones(n), ("low",) * n, 1e-6),
    ]
    for answer in drawn:
        ax = answer.plot()
        width, height = ax.figure.get_size_inches()
        assert (width, height <= 12) == (6, True)
        assert max(len(ax.get_xticklabels()), len(ax.get_yticklabels())) <= display.MOST_NAMES
        assert ax.get_legend() is None or len(ax.get_legend().get_texts()) <= display.MOST_LINES
