"""What a user gets who installs the wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import lrtheory
from tests.rules.public_names import ROOT
from tests.warm import SHARED, Warm

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def contents(wheel: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(wheel) as opened:
        yield opened


def test_the_wheel_holds_the_library_and_its_checks_alone(contents: zipfile.ZipFile) -> None:
    names = contents.namelist()
    assert "lrtheory/py.typed" in names
    assert "lrtheory/pytest.py" in names
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"lrtheory", "proofs_checks"}
    assert [name for name in names if name.endswith((".nbi", ".nbc", ".pyc"))] == []
    here = {p.relative_to(ROOT).as_posix() for f in ("lrtheory", "proofs_checks") for p in (ROOT / f).rglob("*.py")}
    assert here == {name for name in names if name.endswith(".py")}


def test_the_metadata(contents: zipfile.ZipFile) -> None:
    home = f"lrtheory-{lrtheory.__version__}.dist-info"
    text = contents.read(f"{home}/METADATA").decode()
    assert f"\nVersion: {lrtheory.__version__}\n" in text
    assert "\nRequires-Python: >=3.11\n" in text
    extras = set(re.findall(r"^Provides-Extra: (\S+)$", text, re.MULTILINE))
    optional = {
        "browser",
        "dask",
        "data",
        "demos",
        "docs",
        "estimators",
        "excel",
        "jax",
        "mutants",
        "notebooks",
        "peft",
        "torch",
    }
    assert extras == optional | {"dev"}
    assert contents.read(f"{home}/licenses/LICENSE").startswith(b"MIT License")
    assert "lrtheory = lrtheory.cli:main" in contents.read(f"{home}/entry_points.txt").decode()
    assert "pytest11" not in contents.read(f"{home}/entry_points.txt").decode()  # it would enter every user's pytest


def test_no_version_is_pinned_exactly() -> None:
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    assert [name for group in groups for name in group if "==" in name] == []


def test_the_version_stands_in_the_citation_and_the_changelog() -> None:
    def read(name: str) -> str:
        return Path(ROOT / name).read_text(encoding="utf-8")

    assert f"\nversion: {lrtheory.__version__}\n" in read("CITATION.cff")
    assert f"## [{lrtheory.__version__}]" in read("CHANGELOG.md")


def test_the_wheel_alone_takes_somebody_to_a_report(
    contents: zipfile.ZipFile, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    contents.extractall(installed)
    empty.mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment = inherited | {"PYTHONPATH": str(installed)}
    started = Warm(*SHARED, environment=environment)
    request.addfinalizer(started.close)
    said = []
    for line in (
        "lrtheory.cli new cover",
        "lrtheory.cli check cover/cover",
        "lrtheory.cli new cuts --claim probability",
        "pytest -p lrtheory.pytest -m bounds",
        "lrtheory.cli report --path measured.md",
    ):
        done = started.run("-m", *line.split(), cwd=empty)
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(done.stdout)
    assert "lrtheory check cover/cover" in said[0]
    assert "lrtheory check cuts/min-cut" in said[2]
    assert "8 passed" in said[3]  # two statements with two saboteurs each, and lies about the outcome of both
    assert "Both ends of a maximal matching" in (empty / "measured.md").read_text()
    again = subprocess.run(  # in a process of its own
        [sys.executable, "-m", "lrtheory.cli", "new", "cover"],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert again.returncode == 3
    assert "is there already" in again.stderr
