"""Random errors in kernels: where they are drawn, and what the plugin that runs them notes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rules.walk import ROOT

KERNELS = """
from lrtheory._array import kernel


@kernel
def steps(x):
    total = 0
    for i in range(3):
        if x > i:
            total += 2 * i
    return total


def plain(x):
    return x + 1
"""

TESTS = """
import toy_kernels


def test_steps():
    assert toy_kernels.steps(2) == 2


def test_plain():
    assert toy_kernels.plain(1) == 2
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    (tmp_path / "toy_kernels.py").write_text(KERNELS)
    (tmp_path / "test_toy.py").write_text(TESTS)
    return tmp_path


def run(folder: Path, **orders: Any) -> subprocess.CompletedProcess[str]:
    (folder / "orders.json").write_text(json.dumps(orders))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment |= {"LRTHEORY_MUTATION": str(folder / "orders.json"), "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutation.interpreted", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "--rootdir", str(folder), "test_toy.py"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def survey(folder: Path) -> dict[str, Any]:
    done = run(folder, limit=20, calls=str(folder / "calls.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "calls.json").read_text())


def test_the_survey_notes_kernels_and_who_calls_them(toy: Path) -> None:
    found = survey(toy)
    path = str(toy / "toy_kernels.py")
    own = [kernel for kernel in found["kernels"] if kernel["path"] == path]
    assert own == [{"name": "steps", "path": path, "first": 5, "last": 11}]
    assert found["tests"]["test_toy.py::test_steps"]["kernels"] == [f"{path}:steps"]
    assert found["tests"]["test_toy.py::test_plain"]["kernels"] == []
    assert all(test["passed"] for test in found["tests"].values())


def test_mutants_stand_in_kernels_alone_and_change_one_thing(toy: Path) -> None:
    pytest.importorskip("cosmic_ray")
    from tests.mutation.mutants import sample

    kernels = [{"name": "steps", "path": str(toy / "toy_kernels.py"), "first": 5, "last": 11}]
    mutants = sample(kernels, 100, np.random.default_rng(0))
    changes = [mutant.change() for mutant in mutants]
    assert len(mutants) >= 6  # 0, 3, >, +=, 2, * at least
    assert all(before != after and before in KERNELS for before, after in changes)
    assert not any("x + 1" in before for before, _ in changes)
    assert sample(kernels, 3, np.random.default_rng(1)) == sample(kernels, 3, np.random.default_rng(1))


@pytest.mark.parametrize(("old", "new", "killed"), [("2 * i", "3 * i", True), ("range(3)", "range(2)", False)])
def test_a_mutant_runs_in_the_place_of_its_file(toy: Path, old: str, new: str, killed: bool) -> None:
    path = str(toy / "toy_kernels.py")
    done = run(toy, limits={"test_toy.py::test_steps": 20}, path=path, source=KERNELS.replace(old, new))
    assert (done.returncode == 1) == killed, done.stdout + done.stderr
    assert "test_plain" not in done.stdout  # only the tests that are named run


def test_a_mutant_that_never_ends_is_killed(toy: Path) -> None:
    endless = KERNELS.replace("for i in range(3):", "while True:\n        i = 0")
    done = run(toy, limits={"test_toy.py::test_steps": 0.5}, path=str(toy / "toy_kernels.py"), source=endless)
    assert done.returncode == 1
    assert "took longer than 0.5 s" in done.stdout


def test_the_table_keeps_other_systems(tmp_path: Path) -> None:
    pytest.importorskip("cosmic_ray")
    import lrtheory
    from tests.mutation.__main__ import write

    path, first, last = tmp_path / "RESULTS.md", lrtheory.SYSTEMS[0], lrtheory.SYSTEMS[-1]
    write(path, {system: (f"| `{system}` | 60 |", [f"- `lrtheory/{system}/x.py`"]) for system in (last, first)})
    write(path, {last: (f"| `{last}` | 61 |", [])})
    lines = path.read_text().splitlines()
    assert [line for line in lines if line.startswith("| `")] == [f"| `{first}` | 60 |", f"| `{last}` | 61 |"]
    assert [line for line in lines if line.startswith("- ")] == [f"- `lrtheory/{first}/x.py`"]
