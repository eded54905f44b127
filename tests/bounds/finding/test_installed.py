"""What stood in the way of somebody who installs the wheel and checks theorems of his own, one test an obstacle.

`outsider/` is his project, copied into a temporary folder. There `lrtheory` and `proofs_checks` are those of the wheel,
and one run of pytest measures everything that his configuration names.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bounds.finding.projects import Project, copied, environment_of
from tests.warm import SHARED, Warm

pytestmark = pytest.mark.xdist_group("installed")  # one worker, so that the project is measured once

OUTSIDER = Path(__file__).parent / "outsider"
TABLE = """
[tool.pytest.ini_options]
addopts = "-p lrtheory.pytest"
[tool.lrtheory]
statements = ["theorems", "bounds_*.py", "first"]
title = "A. Author, *A paper*, 2026."
versions = ["library"]
report = "measured.md"
"""
#: another plugin, with the options that ours had at first
OPTIONS = """
def pytest_addoption(parser):
    for name in ("--seed", "--budget", "--fresh", "--evidence"):
        parser.addoption(name)
"""


@pytest.fixture(scope="module")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, with the wheel and the library under test installed."""
    base = tmp_path_factory.mktemp("outsider")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*install, "--target", str(base / "installed"), str(wheel)], check=True, capture_output=True)
    shutil.copytree(OUTSIDER, base / "project", ignore=shutil.ignore_patterns("__pycache__", "installed"))
    shutil.copytree(OUTSIDER / "installed", base / "library", ignore=shutil.ignore_patterns("__pycache__"))
    about = base / "library" / "library-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: library\nVersion: 1.0\n")
    places = base / "installed", base / "library"
    made = Project(base / "project", *places, Warm(*SHARED, environment=environment_of(*places)))
    (made.folder / "pyproject.toml").write_text(TABLE)
    (made.folder / "conftest.py").write_text(OPTIONS)
    yield made
    made.warm.close()
    shutil.rmtree(base)


@pytest.fixture(scope="module")
def measured(project: Project) -> subprocess.CompletedProcess[str]:
    """The run of pytest that measures what the configuration names."""
    done = project.pytest("-n", "0", "-v", "--seed", "3", "--bounds-seed", "0", "--junit-xml", "junit.xml")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_both_packages_are_those_of_the_wheel(project: Project) -> None:
    text = "import lrtheory, proofs_checks\nprint(lrtheory.__file__, proofs_checks.__file__)"
    for said in (project.python(text), project.run(sys.executable, "-c", text).stdout):
        assert said.split() == [str(project.installed / name / "__init__.py") for name in ("lrtheory", "proofs_checks")]


# --- finding ----------------------------------------------------------------------------------------------------------


def test_commands_find_statements_of_somebody_else(project: Project) -> None:
    commands = ("list", "list square", "show my-own.2/square", "check my-own.2/square", "list alpha_rank")
    every, some, shown, checked, ours = project.ask(*commands)
    assert [one[0] for one in (every, some, shown, checked, ours)] == [0, 0, 0, 0, 3]
    ids = [
        "my-own.2/square",
        "my-own.2/logarithm",
        "library/total",
        "library/find",
        "library/edges",
        "library/coin",
        "sampling/T1",
    ]
    assert [line.split()[0] for line in every[1].splitlines()[:-1]] == ids
    assert some[1].splitlines()[0].split()[0] == "my-own.2/square"
    assert "A square is at least twice its root less one" in shown[1]
    assert "✗ refuted, as is due: the root" in checked[1]


def test_a_module_a_package_and_a_file_are_places(project: Project) -> None:
    files = ("theorems::", "theorems.squares::", "theorems/squares.py::", "theorems/::")
    found = project.ask(*(f"check {place}my-own.2/square" for place in files), "list bounds_*.py::library/e*")
    assert [code for code, _, _ in found] == [0] * 5, found
    replays = [re.search(r"replay +lrtheory check (\S+) ", said).group(1) for _, said, _ in found[:3]]
    assert replays == [f"{place}my-own.2/square" for place in files[:3]]


def test_an_object_is_checked_with_its_saboteurs_as_an_id_is(project: Project) -> None:
    text = """
        import dataclasses, lrtheory
        from theorems.squares import SQUARE
        by_id = lrtheory.check("my-own.2/square")
        for statement in (SQUARE, dataclasses.replace(SQUARE, title="made here")):
            found = lrtheory.check(statement)
            assert found.verdict == "supported"
            assert found.saboteurs == by_id.saboteurs == {"the root": "refuted", "no less": "refuted"}
            assert (found.lhs == by_id.lhs).all()
        """
    project.python("\n".join(line[8:] for line in text.splitlines()))


def test_an_id_may_have_digits_dots_and_hyphens(project: Project, measured: object) -> None:
    assert project.evidence()["theorems: my-own.2/square"]["verdict"] == "supported"


def test_two_places_with_one_id_are_an_error_that_names_both(project: Project, tmp_path: Path) -> None:
    own = copied(project, tmp_path)
    (own.folder / "pyproject.toml").write_text("[tool.lrtheory]\nstatements = ['first', 'second/*.py']\n")
    ((code, _, said),) = own.ask("list")
    assert code == 3
    assert said.startswith("lrtheory: sampling/T1 stands twice: in first and in second/__init__.py; ")


def test_packages_with_one_id_keep_their_evidence_apart(project: Project, tmp_path: Path) -> None:
    own = copied(project, tmp_path)
    own.python(
        "import lrtheory\nfor place in ('first', 'second'):\n    lrtheory.check(f'{place}::sampling/T1').save('apart')"
    )
    assert list(own.evidence("apart")) == ["first: sampling/T1", "second: sampling/T1"]


# --- pytest -----------------------------------------------------------------------------------------------------------


def test_statements_are_items_and_nobody_writes_a_test(project: Project, measured: subprocess.CompletedProcess) -> None:
    items = re.findall(r"^(\S+::.*?) PASSED", measured.stdout, re.MULTILINE)
    assert items == [
        "bounds_library.py::total",
        "bounds_library.py::total[repair: up to n]",
        "bounds_library.py::find",
        "bounds_library.py::find[repair: a longer table]",
        "bounds_library.py::edges",
        "bounds_library.py::edges[nodes less two]",
        "bounds_library.py::edges[forger]",
        "bounds_library.py::coin",
        "bounds_library.py::coin[always heads]",
        "first/__init__.py::T1",
        "first/__init__.py::T1[the root]",
        "first/__init__.py::T1[no less]",
        "first/__init__.py::T1[forger]",
        "theorems/deep/logarithms.py::logarithm",
        "theorems/deep/logarithms.py::logarithm[the sixth power]",
        "theorems/deep/logarithms.py::logarithm[once]",
        "theorems/deep/logarithms.py::logarithm[forger]",
        "theorems/squares.py::square",
        "theorems/squares.py::square[the root]",
        "theorems/squares.py::square[no less]",
        "theorems/squares.py::square[forger]",
    ]
    assert 'name="square[the root]"' in (project.folder / "junit.xml").read_text()


def test_options_leave_common_names_to_others(measured: subprocess.CompletedProcess) -> None:
    assert "lrtheory: --bounds-budget quick --bounds-seed 0" in measured.stdout  # beside --seed 3 of the other plugin


def test_two_workers_write_the_evidence_of_one(project: Project, measured: object) -> None:
    pytest.importorskip("xdist")
    done = project.pytest("-n", "2", "--bounds-evidence", "both")
    assert done.returncode == 0, done.stdout + done.stderr
    one, both = project.evidence(), project.evidence("both")
    assert list(one) == list(both)
    for name, kept in one.items():
        differ = {field for field in kept if kept[field] != both[name][field]}
        # a coin is tossed anew
        own = {"lhs", "slack", "worst", "rows", "tightness", "e_value", "counts"} if "coin" in name else set()
        assert differ <= {"seconds", "compile_seconds"} | own, name


def test_files_with_errors_are_told_with_their_lines(project: Project) -> None:
    files = "statements=odd/raises.py odd/bare.py odd/objects.py odd/holds.py"
    words = ("-n", "0", "-o", files, "--continue-on-collection-errors", "--bounds-evidence", "odd/kept", "odd")
    done = project.pytest(*words)
    assert done.returncode == 1, done.stdout
    lines = [line.removeprefix("E   ").strip() for line in done.stdout.splitlines()]
    raising = project.folder / "odd/raises.py"
    reason = "AttributeError: module 'theorems.squares' has no attribute 'NO_SUCH_THEOREM'"
    assert f"{raising} cannot be imported ({raising}, line 5): {reason}" in lines
    for fault in ("title, TeX or source is missing", "no hypothesis is named", "there is no saboteur"):
        assert f"odd/bare: {fault}" in lines
    assert "the promise holds now; `violated` says: Squares were thought to be small." in lines
    assert any(line.startswith("odd/objects: an instance must be plain data") for line in lines)
    assert "Traceback" not in done.stdout
    assert "1 failed, 3 errors" in done.stdout  # the promise that holds fails, and no other file is run


# --- verdicts ---------------------------------------------------------------------------------------------------------


def test_a_promise_that_does_not_hold_is_kept_as_violated(project: Project, measured: object) -> None:
    kept = project.evidence()
    assert kept["bounds_library: library/total"]["verdict"] == "refuted"
    assert (
        "known to be violated: The last integer is forgotten (library #1)."
        in (kept["bounds_library: library/total"]["message"])
    )
    mended = kept["bounds_library: library/total [up to n]"]
    assert mended["verdict"] == "supported"
    assert "what is changed is library.total below its decorators, which stay" in mended["message"]


def test_an_error_of_a_library_is_an_outcome_that_refutes(project: Project, measured: object) -> None:
    kept = project.evidence()["bounds_library: library/find"]
    assert kept["verdict"] == "refuted"
    assert kept["worst"]["lhs"] == "`solve` raised KeyError: 5"
    assert kept["worst"]["instance"] == "library-numbers:always-2"
    assert kept["counts"]["raised"] == 1
    assert project.evidence()["bounds_library: library/find [a longer table]"]["verdict"] == "supported"


def test_a_solver_may_get_an_object_while_the_instance_stays_plain(project: Project, measured: object) -> None:
    assert project.evidence()["bounds_library: library/edges"]["verdict"] == "supported"
    wrong = project.evidence()["bounds_library: library/edges [nodes less two]"]
    assert (wrong["verdict"], wrong["worst"]["instance"]) == ("refuted", "library-paths:always-0")


def test_a_logarithm_of_an_integer_is_decided_exactly(project: Project, measured: object) -> None:
    kept = project.evidence()["theorems: my-own.2/logarithm"]
    assert kept["verdict"] == "supported"
    assert kept["counts"]["exact"] > 0


def test_random_numbers_of_the_librarys_own_are_said(project: Project, measured: object) -> None:
    message = project.evidence()["bounds_library: library/coin"]["message"]
    assert "random numbers: the library's own; a replay repeats the law and not the draws" in message


def test_exit_codes_and_sentences(project: Project) -> None:
    commands = {
        "check my-own.2/square": 0,
        "check library/total": 1,
        "check odd/vacuous.py::odd/vacuous": 2,
        "check odd/inexact.py::odd/inexact": 3,
        "check odd/objects.py::odd/objects": 3,
        "check odd/nowhere.py::odd/nowhere": 3,
        "check odd/raises.py::odd/raises": 3,
        "check library/nothing": 3,
        "check my-own.2/square --saboteur 3": 3,
        "check my-own.2/square --repair it": 3,
    }
    found = dict(zip(commands, project.ask(*commands), strict=True))
    assert {command: code for command, (code, _, _) in found.items()} == commands
    said = {command.split()[1]: said for command, (_, _, said) in found.items()}
    assert "write constants as integers or Fractions" in said["odd/inexact.py::odd/inexact"]
    assert "an instance must be plain data" in said["odd/objects.py::odd/objects"]
    assert "there is no file" in said["odd/nowhere.py::odd/nowhere"]
    assert "raises.py, line 5): AttributeError" in said["odd/raises.py::odd/raises"]
    assert "must be the id of a statement; got 'library/nothing'" in said["library/nothing"]
    assert "must be left out for my-own.2/square, which has no repair" in said["my-own.2/square"]
    assert [line.startswith("lrtheory: ") and line.count("\n") == 1 for line in said.values() if line] == [True] * 6


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_every_replay_gives_the_same_sides(project: Project, measured: object) -> None:
    kept = {name: one for name, one in project.evidence().items() if "coin" not in name}
    found = project.ask(*(f"{one['replay'].removeprefix('lrtheory ')} --json" for one in kept.values()))
    assert len(found) == 15
    for (name, one), (code, said, _) in zip(kept.items(), found, strict=True):
        again = json.loads(said)
        assert code == {"supported": 0, "refuted": 1}[one["verdict"]], name
        # a replay decides every entry exactly, so its texts have more digits; the doubles are the same
        assert (again["lhs"][0], again["rhs"][0]) in zip(one["lhs"], one["rhs"], strict=True), name
    # the words as they are printed, which the shell hands to the command that the wheel has installed
    wrong = kept["theorems: my-own.2/square [the root]"]
    done = project.run(*shlex.split(wrong["replay"]))
    assert (done.returncode, "refuted" in done.stdout) == (1, True), done.stderr
    text = "from lrtheory.bounds import load_evidence\nfrom pathlib import Path\n"
    text += "for path in Path('evidence/theorems').glob('*.json'):\n"
    text += "    kept = load_evidence(path)\n    assert (kept.rerun().lhs == kept.lhs).all()"
    project.python(text)


def test_evidence_is_old_once_a_statement_or_a_distribution_has_changed(
    project: Project, measured: object, tmp_path: Path
) -> None:
    own, old = copied(project, tmp_path), "older than the sources or the versions"
    assert own.ask("report")[0][0] == 0
    file = own.folder / "theorems/squares.py"
    text = file.read_text()
    file.write_text(text.replace("less=1", "less=2"))
    ((code, _, said),) = own.ask("report")
    assert (code, old in said) == (3, True), said
    file.write_text(text)
    about = own.library / "library-1.0.dist-info/METADATA"
    about.write_text(about.read_text().replace("1.0", "2.0"))
    ((code, _, said),) = own.ask("report")
    assert (code, old in said) == (3, True), said


def test_the_report_has_the_authors_title_versions_and_sources(project: Project, measured: object) -> None:
    ((code, _, errors),) = project.ask("report")
    assert code == 0, errors
    text = (project.folder / "measured.md").read_text()
    assert "A. Author, *A paper*, 2026." in text
    assert "library 1.0" in text
    assert "**1 promises** of documentation hold on all instances, and **2** do not" in text
    assert "make bounds" not in text
    details = "".join(path.read_text() for path in (project.folder / "docs/evidence").glob("*.md"))
    assert "documented: library 1.0, total: the sum of the integers from 1 to n" in details
    assert "doi:10.1145/12345, Lemma 1 (read: recalled)" in details
    assert "arXiv" not in details


def test_workers_import_the_place_themselves(project: Project) -> None:
    alone, both = (
        project.run("lrtheory", "check", "theorems::my-own.2/*", "bounds_library.py::library/edges", "--jobs", jobs)
        for jobs in ("1", "2")
    )
    assert alone.returncode == both.returncode == 0, both.stderr
    assert alone.stdout == both.stdout
    assert alone.stdout.count("refuted") == 5
