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

from tests.rules.public_names import ROOT

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


def test_a_mutant_is_found_again_where_its_kernel_has_moved(toy: Path) -> None:
    pytest.importorskip("cosmic_ray")
    from tests.mutation.mutants import alike, sample

    (toy / "moved.py").write_text("# a comment\n\n" + KERNELS.replace("plain", "first_of_all"))
    here = {"name": "steps", "path": str(toy / "toy_kernels.py"), "first": 5, "last": 11}
    there = here | {"path": str(toy / "moved.py"), "first": 7, "last": 13}
    for mutant in sample([here], 100, np.random.default_rng(0)):
        nth = alike(Path(here["path"]), here, mutant.change()).index(mutant)
        again = alike(Path(there["path"]), there, mutant.change())[nth]
        assert (again.path, again.kernel, again.change()) == (toy / "moved.py", "steps", mutant.change())
        assert again.source().splitlines()[2:11] == mutant.source().splitlines()[:9]


def test_fates_outlive_docstrings_and_moves_of_kernels(toy: Path) -> None:
    pytest.importorskip("cosmic_ray")
    from tests.mutation.__main__ import code_of

    path = toy / "toy_kernels.py"
    before = code_of({"path": str(path), "first": 5, "last": 11})
    lines = KERNELS.splitlines()
    path.write_text("\n".join(["", *lines[:6], '    """A sum."""  # of steps', *lines[6:]]))
    assert code_of({"path": str(path), "first": 6, "last": 13}) == before
    path.write_text(KERNELS.replace("2 * i", "3 * i"))
    assert code_of({"path": str(path), "first": 5, "last": 11}) != before


def test_only_survivors_run_again_when_tests_have_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("cosmic_ray")
    from tests.mutation import __main__ as program

    drawn = [program.Fate("x.py", "f", "a", after, after == "b", "", 0) for after in ("b", "c", "d")]
    found = {"kernels": [], "key": "old"}
    run: list[str] = []

    def fate(mutant: Any, _: Any) -> Any:
        run.append(mutant.after)
        return mutant

    monkeypatch.setattr(program, "fates_for", lambda *_: tmp_path / "fates.json")
    monkeypatch.setattr(program, "sample", lambda *_: drawn)
    monkeypatch.setattr(program, "mutant_of", lambda one, _: one._replace(killed=True))
    monkeypatch.setattr(program, "is_equivalent", lambda one, _: one.after == "d")
    monkeypatch.setattr(program, "fate", fate)
    assert program.judge("alpha_rank", found, 3, 1, 0) == program.judge("alpha_rank", found, 3, 1, 0) == drawn
    assert run == ["b", "c", "d"]
    again = program.judge("alpha_rank", found | {"key": "new"}, 3, 1, 0)
    assert run == ["b", "c", "d", "c"]
    assert [one.after for one in again if one.killed] == ["b", "c"]
    program.judge("alpha_rank", found | {"key": "new"}, 3, 1, 0, fresh=True)
    assert run[4:] == ["b", "c", "d"]


def test_kernels_meet_the_mathematics_of_compiled_code(toy: Path) -> None:
    """Where Python raises, compiled code returns infinity or NaN."""
    body = "import math\nfrom lrtheory._array import kernel\n\n\n@kernel\ndef log(x):\n    return math.log(x)\n"
    (toy / "poles.py").write_text(body)
    test = "import math\nimport poles\n\n\ndef test_poles():\n    assert poles.log(0.0) == -math.inf\n"
    (toy / "test_toy.py").write_text(test + "    assert math.isnan(poles.log(-1.0))\n    assert poles.log(1.0) == 0\n")
    done = run(toy, limit=20)
    assert done.returncode == 0, done.stdout


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
