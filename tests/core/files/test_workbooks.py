"""A workbook of Excel is read as the csv file that Excel makes of it, or refused in a sentence."""

import datetime
import sys

import pytest

from lrtheory._files import Table
from lrtheory.cli import main

openpyxl = pytest.importorskip("openpyxl")


def book(path, *sheets):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets:
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return made


ROWS = [
    ["user", "item", None, "rating", "when", "new"],
    [1, "007", None, 2.5, datetime.date(2024, 1, 2), True],
    [],
    [2**53, " 12 ", None, 3, datetime.datetime(2024, 1, 2, 3, 4, 5), False],
    ["x,y", "z", None, -4, None, None],
]


def test_cells_are_those_of_a_csv_file(tmp_path):
    book(tmp_path / "r.xlsx", ("Sheet", ROWS), ("empty", []))
    table = Table.from_file(tmp_path / "r.xlsx")
    assert table.columns == {
        "user": ["1", str(2**53), "x,y"],
        "item": ["007", "12", "z"],
        "rating": ["2.5", "3", "-4"],
        "when": ["2024-01-02", "2024-01-02 03:04:05", ""],
        "new": ["TRUE", "FALSE", ""],
    }
    assert [table.where(row).rpartition(":")[2] for row in range(3)] == ["2", "4", "5"]  # as Excel numbers its rows


def test_content_tells_what_no_suffix_tells(tmp_path):
    book(tmp_path / "r.xlsx", ("Sheet", [["a", "b"], ["x", 1]]))
    (tmp_path / "plain").write_bytes((tmp_path / "r.xlsx").read_bytes())
    assert Table.from_file(tmp_path / "plain").columns == {"a": ["x"], "b": ["1"]}


def test_a_hidden_sheet_is_not_counted(tmp_path):
    made = book(tmp_path / "r.xlsx", ("data", [["a"], ["x"]]), ("lists", [["q"]]))
    made["lists"].sheet_state = "hidden"
    made.save(tmp_path / "r.xlsx")
    assert Table.from_file(tmp_path / "r.xlsx").columns == {"a": ["x"]}


@pytest.mark.parametrize(
    ("sheets", "rule"),
    [
        ([("one", [["a"], [1]]), ("two", [["b"]])], "the sheets 'one', 'two' hold cells; save the one that is meant"),
        ([("one", [])], "no row"),
        ([("one", [["a", "b"], ["x", "#DIV/0!"]])], r"r\.xlsx:2: a cell holds the error #DIV/0!"),
        ([("one", [["a", "b"], ["x", "=1+1"]])], r"r\.xlsx:2: the value of a formula is not stored"),
        ([("one", [["a", "b"], ["x", 10**18]])], r"r\.xlsx:2: Excel keeps 15 digits of a number"),
        ([("one", [["a", "a"], ["x", 1]]), ("two", [])], None),
    ],
)
def test_what_could_be_read_wrongly_is_refused(sheets, rule, tmp_path):
    book(tmp_path / "r.xlsx", *sheets)
    if rule is None:  # two names that are equal are data, as in any table
        assert Table.from_file(tmp_path / "r.xlsx").columns == {"1": ["a", "x"], "2": ["a", "1"]}
        return
    with pytest.raises(ValueError, match=rule):
        Table.from_file(tmp_path / "r.xlsx")


def test_without_the_package_one_sentence_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    book(tmp_path / "r.xlsx", ("one", [["a", "b", "winner"], ["x", "y", "a"]]))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert main(["alpha_rank", "rank", str(tmp_path / "r.xlsx")]) == 3
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "`pip install openpyxl` (the extra `excel`) lets it be read; or save the sheet as csv, in UTF-8" in err


@pytest.mark.parametrize(
    "name", ["PAR1,x\n1,2\n", "BZh,x\n1,2\n", "GIF8,x\n1,2\n", "MATLAB hours,x\n1,2\n", "7z,x\n1,2\n"]
)
def test_a_table_may_begin_as_other_files_almost_do(name, tmp_path):
    (tmp_path / "table").write_text(name)
    assert Table.from_file(tmp_path / "table").names == name.partition("\n")[0].split(",")
