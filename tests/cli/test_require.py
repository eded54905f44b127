"""A back-end that a run was required to have, and that did not run, fails the run."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lrtheory._front import data_sets
from tests.rules.public_names import ROOT
from tests.warm import Warm


@pytest.mark.parametrize("name", sorted(data.name for data in data_sets()))
def test_some_test_runs_on_each_data_set(name: str) -> None:
    """The fixture `data` says that a test runs on a data set, and examples and figures do not say it."""
    texts = (file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert any(f'"{name}"' in text for text in texts if re.search(r"^    data\(", text, flags=re.MULTILINE))


def test_only_the_fixture_asks_for_data() -> None:
    files = [file for file in (ROOT / "tests").rglob("*.py") if file != Path(__file__)]
    asking = [file for file in files if " need_data(" in file.read_text(encoding="utf-8")]
    rooms = {file.relative_to(ROOT / "tests").parts[0] for file in asking}
    assert rooms == {"backends.py", "conftest.py", "examples", "project"}


def asking_for_peft() -> Iterator[str]:
    """Where tests ask for peft: the file, and the function if it is one that asks."""
    for file in (ROOT / "tests").rglob("test_*.py"):
        text = file.read_text(encoding="utf-8")
        if file == Path(__file__) or 'importorskip("peft")' not in text:
            continue
        for part in ast.parse(text).body:
            if 'importorskip("peft")' in (ast.get_source_segment(text, part) or ""):
                yield f"{file.relative_to(ROOT)}::{getattr(part, 'name', '')}"


def test_make_peft_runs_all_that_asks_for_peft() -> None:
    """By the word in their names, in the folders that it names, since all others have run before."""
    (line,) = re.findall(r"pytest -k peft (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    found = list(asking_for_peft())
    assert len(found) >= 5
    assert [one for one in found if not one.startswith(tuple(line.split())) or "peft" not in one] == []


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(warm: Warm) -> Run:
    """A run of pytest in the checkout that requires something."""

    def call(required: str, *words: str) -> subprocess.CompletedProcess[str]:
        environment = warm.environment | {"LRTHEORY_REQUIRE": required}
        words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *words)
        return warm.run(*words, cwd=ROOT, environment=environment)

    return call


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "workers"])
def test_what_ran_is_known(workers: list[str], run: Run) -> None:
    if workers:
        pytest.importorskip("xdist")
    done = run("numpy", "tests/core/test_array.py", "-k", "test_namespace and numpy", *workers)
    assert done.returncode == 0, done.stdout


def test_what_no_test_used_fails_the_run(run: Run) -> None:
    done = run("numpy,a-data-set", "tests/core/test_array.py", "-k", "test_namespace and numpy")
    assert done.returncode == 1
    assert "LRTHEORY_REQUIRE: no test ran on a-data-set" in done.stdout


def test_a_required_backend_that_is_missing_fails_its_tests(run: Run) -> None:
    try:
        import cupy

        if cupy.cuda.is_available():
            pytest.skip("there is a GPU, so nothing is missing")
    except ImportError:
        pass
    done = run("cupy", "tests/core/test_array.py", "-k", "test_namespace and cupy")
    assert done.returncode == 1
    assert "cupy is named in LRTHEORY_REQUIRE and cannot be used" in done.stdout
