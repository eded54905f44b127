"""The README's table of files is the one that the docstrings of the verbs make."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def verbs(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return importlib.import_module("verbs")


def test_the_table_is_current(verbs):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert verbs.with_table(readme) == readme, "run `python docs/verbs.py`"


def test_every_row_is_short_enough_for_a_table(verbs):
    assert verbs.rows()
    for row in verbs.rows():
        assert max(map(len, row.strip("| ").split(" | "))) <= 110, row


def test_a_readme_without_the_table_is_refused(verbs):
    with pytest.raises(ValueError, match="no table with the head"):
        verbs.with_table("# lrtheory\n")
