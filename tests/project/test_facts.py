"""The facts of each system agree with what stands, and a system whose files are deleted is missed by nothing."""

from __future__ import annotations

import ast
import datetime
import importlib
import operator
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import facts
import lrtheory
from tests.backends import required
from tests.rules.public_names import ROOT

TREES = ("lrtheory", "proofs_checks", "figures", "notebooks", "demos", "tests/rules", "tests/examples")
KEYS = {"title", "state", "builds_on", "paper", "solves", "wheel", "demo", "question", "first_call", "peers"}
#: what a checkout holds that can be made again; the modules that are compiled already spare the copy half of its time
MADE = (".*", "_build", "out", "evidence", "build", "dist")
each = pytest.mark.parametrize("system", lrtheory.SYSTEMS)


def test_every_system_has_its_facts_and_nobody_else() -> None:
    assert tuple(facts.of_all()) == lrtheory.SYSTEMS


@each
def test_facts_are_complete_and_name_what_is_there(system: str) -> None:
    told = facts.facts(system)
    assert set(told) <= KEYS
    assert told["state"] in facts.STATES
    assert told["paper"]
    assert told["solves"]
    package = importlib.import_module(f"lrtheory.{system}")
    assert told["question"]
    for question in told["question"]:
        assert all(operator.attrgetter(name)(package) for name in question["begin"])
    assert importlib.import_module(f"lrtheory.{told['wheel']['module']}").__name__.startswith(package.__name__)
    assert told["wheel"]["theorem"].startswith(f"{system}/")
    assert lrtheory.statements(told["wheel"]["theorem"])


def imported(system: str) -> Iterator[str]:
    """The other systems that files of a system import, in the package and around it."""
    for tree in TREES[:-2]:
        folder, file = ROOT / tree / system, ROOT / tree / f"{system}.py"
        for path in [*folder.rglob("*.py"), *([file] if file.is_file() else [])]:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [one.name for one in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
                if isinstance(node, ast.ImportFrom):
                    names = [f"{node.module}.{name}" for name in names]
                yield from (part for name in names for part in name.split(".")[:2] if part in lrtheory.SYSTEMS)


@each
def test_a_system_builds_on_those_that_it_imports(system: str) -> None:
    assert set(imported(system)) - {system} == set(facts.facts(system).get("builds_on", ()))


def test_peers_of_one_name_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"packages": ["numpy"], "license": "BSD-3-Clause", "what": "loops"}
    two = {"a": {"peers": {"x": one}}, "b": {"peers": {"x": one | {"what": "more"}}}}
    monkeypatch.setattr(facts, "of_all", lambda: two)
    assert facts.peers()["x"]["what"] == "loops; more"
    two["b"]["peers"]["x"]["license"] = "MIT"
    with pytest.raises(ValueError, match="differ in the packages or the license of x"):
        facts.peers()


# --- a tree without one system ----------------------------------------------------------------------------------------


def with_those_above(system: str) -> set[str]:
    """A system and those that build on it, one on the other."""
    found = {system}
    while more := {one for one in lrtheory.SYSTEMS if found & set(facts.facts(one).get("builds_on", ()))} - found:
        found |= more
    return found


def belongs(path: Path, systems: set[str]) -> bool:
    """Whether a file or folder is named like one of the systems, as ``alpha_rank.py`` and ``alpha_rank--line.png``."""
    return path.name.partition(".")[0].partition("--")[0] in systems


@pytest.fixture
def without(tmp_path: Path) -> tuple[str, Path]:
    """A copy of the tree without a system: another one each day, or that of ``LRTHEORY_WITHOUT``."""
    turn = lrtheory.SYSTEMS[datetime.date.today().toordinal() % len(lrtheory.SYSTEMS)]
    system = os.environ.get("LRTHEORY_WITHOUT", turn)
    gone = with_those_above(system)
    print(f"LRTHEORY_WITHOUT={system} deletes {', '.join(sorted(gone))}")

    def left_out(folder: str, names: list[str]) -> set[str]:
        made = shutil.ignore_patterns(*MADE)(folder, names)
        if Path(folder).name == "__pycache__":  # kernels and the index of statements lie there too
            made = {name for name in names if not name.endswith(".pyc")}
        return made | {name for name in names if belongs(Path(name), gone)}

    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=left_out, symlinks=True)
    return system, copy


def runs(copy: Path, *words: str) -> str:
    """What a command prints in the copy; its error fails the test."""
    # rules alone run there, and none of what this run must have
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "LRTHEORY_REQUIRE"))}
    environment = kept | {"PYTHONPATH": str(copy)}
    line = (sys.executable, *words)
    done = subprocess.run(line, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return done.stdout


#: the rules that compile no kernel; all others are collected, so that none names a system that is gone
RULES = (
    "test_callable",
    "test_every_function_has_an_example",
    "test_a_verb_explains_itself",
    "test_what_nothing_uses_is_private_or_has_a_reason",
    "test_the_table",
    "test_a_system_builds_on_those_that_it_imports",
)


#: commands one after the other in one process, since each would import all statements again
COMMANDS = """
import sys
import facts.__main__
from lrtheory.cli import main
sys.exit(main(["list"]) or main(["verbs"]) or main(["show", sys.argv[1]]))
"""


def test_nothing_misses_a_system_that_is_deleted(without: tuple[str, Path]) -> None:
    system, copy = without
    kept = next(one for one in facts.of_all() if (copy / "lrtheory" / one).is_dir())
    shown = runs(copy, "-c", COMMANDS, facts.facts(kept)["wheel"]["theorem"])
    assert f"{kept}/" in shown
    assert system not in shown
    files = "tests/rules", "tests/project/test_facts.py", "tests/project/test_readme.py"
    ran = runs(copy, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *files, "-k", " or ".join(RULES))
    assert all(f"::{rule}" in ran for rule in RULES)
    assert f"[{system}" not in ran


def test_the_pages_are_made_without_it(without: tuple[str, Path], uses: Callable[[str], None]) -> None:
    """Minutes long, so it runs where the pages are asked for."""
    if "docs" not in required():
        pytest.skip("LRTHEORY_REQUIRE does not name docs")
    uses("docs")
    _, copy = without
    runs(copy, "-m", "facts")
    runs(copy, "-m", "sphinx", "-q", "-D", "nb_execution_mode=off", "-b", "html", "docs", "docs/_build/html")
