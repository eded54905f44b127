"""The index of the statements is fast, never wrong, and never in the way; and help imports nothing."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import lrtheory
from lrtheory.bounds import BUDGETS, DEFAULT_SEED
from lrtheory.bounds.reporting import DETAILS
from lrtheory.cli import arguments
from tests.rules.public_names import ROOT

HEAVY = ("numba", "numpy", "scipy", "lrtheory._front", "lrtheory.bounds", "proofs_checks", "matplotlib")
PROBE = f"""
import sys
from lrtheory.cli import main
sys.argv[0] = "lrtheory"
code = main()
print(code, *[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""


def command(line, folder, **environment):
    """Run the command as a process of its own; its output, its code, and the heavy modules that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *line.split()],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )
    *said, last = done.stderr.splitlines()
    code, *heavy = last.split()
    return done.stdout, int(code), heavy, "\n".join(said)


@pytest.fixture
def small(project, monkeypatch):
    """A folder with one statement, and a copy of the package whose cache is its own."""
    home = project / "packages"
    shutil.copytree(ROOT / "lrtheory", home / "lrtheory", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    return project, {"PYTHONPATH": str(home), "XDG_CACHE_HOME": str(project / "cache")}


def ids(line, folder, **environment):
    """The listed ids, and whether anything was imported for them."""
    out, code, heavy, _ = command(line, folder, **environment)
    return [row["id"] for row in json.loads(out)] if code == 0 else code, bool(heavy)


def aged(*paths):
    """Files as if they had been written before this process began."""
    for path in paths:
        for one in path.rglob("*") if path.is_dir() else [path]:
            os.utime(one, (time.time() - 60, time.time() - 60))


@pytest.mark.parametrize(
    "line", ["--help", "check --help", "list --help", "cheque", "check", "list --nix", "--version"]
)
def test_help_and_wrong_usage_import_nothing(line, tmp_path):
    out, code, heavy, said = command(line, tmp_path)
    assert heavy == []
    assert code == (0 if "help" in line or "version" in line else 3)
    assert out or said


def test_the_constants_of_the_help_are_those_of_the_engine():
    assert set(arguments.BUDGETS) == set(BUDGETS)
    assert arguments.SEED == DEFAULT_SEED
    assert arguments.DETAILS == DETAILS


def test_the_second_list_imports_nothing_and_says_the_same(small):
    project, environment = small
    aged(project)
    first = command("list", project, **environment)
    second = command("list", project, **environment)
    assert first[:2] == second[:2]
    assert "my-own.2/square" in first[0]
    assert (bool(first[2]), second[2]) == (True, [])
    assert command("list --json", project, **environment)[2] == []
    assert "takes" in command("show SQUARE", project, **environment)[0]


@pytest.mark.parametrize("change", ["edited", "added", "removed", "helper", "configured", "package"])
def test_whatever_changes_is_seen(small, change):
    project, environment = small
    mine = project / "bounds" / "mine.py"
    (project / "helper.py").write_text("NAME = 'square'\n")
    mine.write_text("from helper import NAME\n" + mine.read_text().replace('"my-own.2/square"', '"my-own.2/" + NAME'))
    aged(project)
    assert ids("list --json", project, **environment) == (["my-own.2/square"], True)
    assert ids("list --json", project, **environment) == (["my-own.2/square"], False)
    if change == "edited":
        mine.write_text(mine.read_text().replace("+ NAME", '+ "cubic_"'))
        due = ["my-own.2/cubic_"]
    elif change == "added":
        (project / "bounds" / "more.py").write_text(mine.read_text().replace("+ NAME", '+ "more"'))
        due = ["my-own.2/square", "my-own.2/more"]
    elif change == "removed":
        mine.unlink()
        due = 3
    elif change == "helper":  # of the same size, which only its time tells
        (project / "helper.py").write_text("NAME = 'sphere'\n")
        due = ["my-own.2/sphere"]
    elif change == "configured":
        (project / "pyproject.toml").write_text("[tool.lrtheory]\nstatements = ['other.py']\n")
        (project / "other.py").write_text(mine.read_text().replace("+ NAME", '+ "other"'))
        due = ["my-own.2/other"]
    else:
        path = project / "packages" / "lrtheory" / "bounds" / "statement" / "card.py"
        path.write_text(path.read_text() + "\n")
        due = ["my-own.2/square"]
    assert ids("list --json", project, **environment) == (due, True)


def test_files_that_change_while_they_are_read_leave_no_index(small):
    project, environment = small
    aged(project)
    (project / "bounds" / "mine.py").touch()
    os.utime(project / "bounds" / "mine.py", (time.time() + 60, time.time() + 60))
    assert ids("list --json", project, **environment) == (["my-own.2/square"], True)
    assert ids("list --json", project, **environment) == (["my-own.2/square"], True)


def test_a_broken_index_is_made_anew(small):
    project, environment = small
    aged(project)
    command("list", project, **environment)
    (path,) = (project / "packages" / "lrtheory" / "__pycache__").glob("statements-*.json")
    for text in ("", "[]", "{", '{"watched": {}, "state": 1}', "null"):
        path.write_text(text)
        assert ids("list --json", project, **environment) == (["my-own.2/square"], True)
        assert ids("list --json", project, **environment) == (["my-own.2/square"], False)


@pytest.mark.parametrize("blocked", ["package", "both"])
def test_where_nothing_can_be_written_there_is_no_index(small, blocked):
    """A file stands where the folder should be, which stops an administrator too."""
    project, environment = small
    package = project / "packages" / "lrtheory"
    shutil.rmtree(package / "__pycache__", ignore_errors=True)
    (package / "__pycache__").write_text("")
    if blocked == "both":
        (project / "cache").write_text("")
    aged(project)
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    assert ids("list --json", project, **environment) == (["my-own.2/square"], True)
    assert ids("list --json", project, **environment) == (["my-own.2/square"], blocked == "both")


def test_two_processes_at_once(small):
    project, environment = small
    aged(project)
    line = [sys.executable, "-c", PROBE, "list", "--json"]
    both = [
        subprocess.Popen(line, cwd=project, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    found = [json.loads(one.communicate()[0]) for one in both]
    assert found[0] == found[1]
    assert ids("list --json", project, **environment) == (["my-own.2/square"], False)
    left = {path.suffix for path in (project / "packages" / "lrtheory" / "__pycache__").glob("*") if path.is_file()}
    assert ".new" not in left


def test_a_process_with_a_past_leaves_no_index(run, project):
    cache = Path(lrtheory.__file__).parent / "__pycache__"
    before = set(cache.glob("statements-*.json"))
    assert run("list")[0] == 0
    assert set(cache.glob("statements-*.json")) == before
