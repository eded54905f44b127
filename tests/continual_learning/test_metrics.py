"""Measures of accuracy tables against tables worked out by hand, and the files that hold them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.continual_learning import metrics as m

F = Fraction
#: three tasks: the first one peaks at the second time, the second one falls at once
R = [[F(1, 2), F(1, 4), F(0)], [F(3, 4), F(1), F(1, 5)], [F(1, 4), F(2, 3), F(9, 10)]]
WORKED = {
    "average_accuracy": (F(1, 4) + F(2, 3) + F(9, 10)) / 3,
    "learning_accuracy": (F(1, 2) + F(1) + F(9, 10)) / 3,
    "incremental_accuracy": (F(1, 2) + (F(3, 4) + F(1)) / 2 + (F(1, 4) + F(2, 3) + F(9, 10)) / 3) / 3,
    "backward_transfer": (F(-1, 4) + F(-1, 3)) / 2,
    "forgetting": (F(1, 2) + F(1, 3)) / 2,
}
DOUBLES = np.array(R, dtype=float)


@pytest.mark.parametrize("name", sorted(WORKED))
def test_measures_are_those_worked_out_by_hand(name):
    measure = getattr(m, name)
    exact = measure(np.array(R, dtype=object))
    assert isinstance(exact, Fraction)
    assert exact == WORKED[name]
    assert isinstance(measure(DOUBLES), float)
    assert measure(DOUBLES) == pytest.approx(float(exact), rel=1e-14)
    assert measure(DOUBLES.astype(np.float32)) == pytest.approx(float(exact), rel=1e-6)


def test_both_definitions_of_forgetting():
    assert m.forgetting(np.array(R, dtype=object), definition="first") == -WORKED["backward_transfer"]
    with pytest.raises(ValueError, match="`definition` must be one of 'max', 'first'; got 'last'"):
        m.forgetting(R, definition="last")


def test_forward_transfer_reads_the_entries_right_above_the_diagonal():
    exact = np.array(R, dtype=object)
    assert m.forward_transfer(exact, [F(1), F(1, 8), F(1, 10)]) == (F(1, 8) + F(1, 10)) / 2
    with pytest.raises(ValueError, match="`R` must be without NaN right above the diagonal"):
        m.forward_transfer([[1.0, np.nan], [0.5, 1.0]], [0.0, 0.0])
    with pytest.raises(ValueError, match="`baseline` must be of shape"):
        m.forward_transfer(exact, [0.0])


def test_a_task_that_is_best_at_the_end_is_forgotten_less_than_nothing():
    assert m.forgetting([[0.25, 0.0], [0.75, 1.0]]) == -0.5


def test_names_of_tasks():
    table = m.AccuracyTable.from_accuracy([[1.0, 0.0], [0.5, 0.75]], names=["a", "a"])
    assert list(table._columns()) == ["after", "a (0)", "a (1)"]
    with pytest.raises(ValueError, match="`names` must be None or 2 names, one for each task"):
        m.AccuracyTable.from_accuracy([[1.0, 0.0], [0.5, 0.75]], names="abc")


def test_one_task_is_followed_by_nothing():
    one = [[0.75]]
    assert [getattr(m, name)(one) for name in ("backward_transfer", "forgetting")] == [None, None]
    assert m.forward_transfer(one, [0.5]) is None
    assert m.average_accuracy(one) == m.learning_accuracy(one) == m.incremental_accuracy(one) == 0.75
    assert "single task" in m.AccuracyTable.from_accuracy(one).message


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ([[1.0, 0.5]], r"`R` must be a square matrix, with one row a time and one column a task; got \(1, 2\)."),
        ([], r"`R` must be a square matrix"),
        ([[0.5, 0.0], [97.0, 1.0]], r"`R` must be in \[0, 1\]; got 97.0."),
        ([[0.5, -0.1], [0.9, 1.0]], r"`R` must be in \[0, 1\]; got -0.1."),
        ([[0.5, 0.0], [np.nan, 1.0]], "`R` must be finite; got nan."),
        ([[np.nan, 0.0], [0.5, 1.0]], "`R` must be finite; got nan."),
        ([[1, 0], [2, 1]], r"`R` must be in \[0, 1\]; got 2"),
    ],
)
def test_bad_tables_are_refused(table, sentence):
    with pytest.raises(ValueError, match=sentence):
        m.average_accuracy(table)


def test_what_lies_ahead_may_be_unmeasured():
    partial = np.where(np.triu(np.ones((3, 3)), 1) > 0, np.nan, DOUBLES)
    for name, worked in WORKED.items():
        assert getattr(m, name)(partial) == pytest.approx(float(worked), rel=1e-14)
    for table in (DOUBLES, partial):  # the precision does not depend on what was measured
        assert m.AccuracyTable.from_accuracy(table.astype(np.float32)).accuracy.dtype == np.float64


@pytest.mark.parametrize(
    "text",
    ["after,cats,dogs\ncats,1.0,\ndogs,0.5,0.75\n", "cats,dogs\n1.0,\n0.5,0.75\n"],
    ids=["with names of the rows", "numbers alone"],
)
def test_a_file_of_accuracies(tmp_path, text):
    (tmp_path / "accuracy.csv").write_text(text)
    table = m.AccuracyTable.from_file(tmp_path / "accuracy.csv")
    assert table.names == ("cats", "dogs")
    assert (table.forgetting, table.average_accuracy) == (0.5, 0.625)
    assert np.isnan(table.accuracy[0, 1])
    assert "forgetting 0.500, backward transfer -0.500" in repr(table)
    table.to_file(tmp_path / "again.csv")
    again = m.AccuracyTable.from_file(tmp_path / "again.csv")
    assert np.array_equal(again.accuracy, table.accuracy, equal_nan=True)


def test_a_table_that_lacks_its_last_row_is_refused(tmp_path):
    (tmp_path / "accuracy.csv").write_text("a,b,c\n0.9,0.1,0.2\n0.8,0.9,0.3\n")
    with pytest.raises(ValueError, match="`R` must be a square matrix"):
        m.AccuracyTable.from_file(tmp_path / "accuracy.csv")


def test_a_frame_of_accuracies_and_its_picture():
    pytest.importorskip("matplotlib").use("Agg")
    table = m.AccuracyTable.from_frame({"a": [1.0, 0.5], "b": [0.0, 0.75]})
    assert table.to_dict()["backward_transfer"] == -0.5
    axes = table.plot()
    assert [len(line.get_xdata()) for line in axes.lines] == [2, 1]
