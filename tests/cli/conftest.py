"""The command in this process, and a folder with a statement of somebody's own."""

import shlex
import shutil
from pathlib import Path

import pytest

from lrtheory.cli import main


@pytest.fixture
def run(capsys):
    """Run the command; returns its exit code, and what it printed."""

    def call(line):
        code = main(shlex.split(line))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a configuration and a file of one statement, which is the current one."""
    (tmp_path / "bounds").mkdir()
    theorem = Path(__file__).parents[1] / "bounds" / "finding" / "outsider" / "theorems" / "squares.py"
    shutil.copy(theorem, tmp_path / "bounds" / "mine.py")
    (tmp_path / "pyproject.toml").write_text("[tool.lrtheory]\nstatements = ['bounds/*.py']\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path
