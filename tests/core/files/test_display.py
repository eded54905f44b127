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
