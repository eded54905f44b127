"""Random errors in code: where they are drawn, how they take the place of code, and which failures count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lrtheory._array import kernel
from tests.mutation.exchange import kernels_named, names_in
from tests.mutation.survey import kernels_called
from tests.mutation.toys import CODE, TESTS
from tests.rules.public_names import ROOT


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "toy_code.py").write_text(CODE)
    (tmp_path / "code" / "toy_late.py").write_text("def late(x):\n    return x + 1\n")
    (tmp_path / "test_toy.py").write_text(TESTS)
    return tmp_path


def fates(folder: Path, *changes: tuple[str, str, str, str]) -> list[Any]:
    """What becomes of changes, each a kind, the name of a function, an old text and a new one."""

    def order(kind: str, name: str, old: str, new: str) -> list[Any]:
        path = folder / "code" / ("toy_late.py" if name == "late" else "toy_code.py")
        lines = path.read_text().splitlines()
        begin = f"{name} = " if kind == "constant" else f"def {name.rpartition('.')[2]}("
        first = next(i for i, line in enumerate(lines, 1) if line.strip().startswith(begin))
        first -= lines[first - 2].strip().startswith("@")
        assert path.read_text().count(old) == 1
        return [str(path), path.read_text().replace(old, new), name, first, kind]

    told = {
        "folder": str(folder / "code"),
        "word": "",
        "survey": str(folder / "survey.json"),
        "jobs": 1,
        "limit": 20,
        "least": 2,
    }
    told |= {"budget": 20, "results": str(folder / "results"), "mutants": [order(*one) for one in changes]}
    (folder / "orders.json").write_text(json.dumps(told))
    (folder / "results").write_text("")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    paths = os.pathsep.join([str(ROOT), str(folder / "code")])
    environment |= {"LRTHEORY_MUTATION": str(folder / "orders.json"), "PYTHONPATH": paths}
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "tests.mutation.forked", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "--rootdir", str(folder), "test_toy.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    found = sorted(json.loads(line) for line in (folder / "results").read_text().splitlines())
    assert len(found) == len(changes), done.stdout + done.stderr
    return [one[1:] for one in found]


KILLED = {
    "a kernel": ("kernel", "steps", "2 * i", "3 * i"),
    "a kernel below another one": ("kernel", "steps", "range(3)", "range(1)"),
    "a kernel above others": ("kernel", "twice", "+ log", "- 1 + log"),
    "a kernel that is a parameter of a test": ("kernel", "given", "x - 1", "x - 2"),
    "a kernel whose name is a parameter of a test": ("kernel", "called", "x - 3", "x - 4"),
    "a function": ("plain", "plain", "x + more", "x - more"),
    "a function of a module that a test imports": ("plain", "late", "x + 1", "x + 2"),
    "a default": ("plain", "plain", "more=1", "more=2"),
    "a constant": ("constant", "LIMIT", "LIMIT = 3", "LIMIT = 2"),
    "a constant that holds others": ("constant", "NAMES", '"double": 2', '"double": 3'),
    "a function that remembers": ("plain", "remembered", "x * NAMES", "x / NAMES"),
    "a property": ("plain", "Shape.corners", "self.sides + 0", "self.sides + 1"),
    "a function within a method": ("plain", "Shape.around.<locals>.half", "side / 2", "side / 3"),
    "a loop without end": ("kernel", "steps", "for i in range(3):", "while 1:\n        i = 0"),
}
ALIVE = {
    "a kernel that does the same": ("kernel", "steps", "range(3)", "range(2)"),
    "a kernel with the mathematics of the compiler": ("kernel", "log", "math.log(x)", "math.log(x) + 0"),
    "a kernel that calls others": ("kernel", "twice", "2 * steps(x)", "steps(x) * 2"),
    "a refusal without a test": ("plain", "plain", "x < -1", "x < -2"),
}


def test_a_mutant_takes_the_place_of_its_code(toy: Path) -> None:
    found = dict(zip([*KILLED, *ALIVE], fates(toy, *KILLED.values(), *ALIVE.values()), strict=True))
    assert {name: killed for name, (killed, *_) in found.items()} == dict.fromkeys(KILLED, True) | dict.fromkeys(
        ALIVE, False
    )
    assert not any("without the change" in by for _, by, _ in found.values())
    assert "took longer than" in found["a loop without end"][1]
    assert found["a kernel that does the same"][1:] == ["1 tests pass", 1]  # those that do not call it do not run
    assert (toy / "code" / "toy_code.py").read_text() == CODE


PATCHED = """
def test_a_patch():
    assert toy_code.plain(0) >= 0
    with patched(Patch(toy_code.plain, "x + more", "x - more")):
        assert toy_code.plain(1) == 0


def test_a_patch_among_others():
    try:
        test_a_patch()
    except Exception as error:
        raise AssertionError("no patch") from error


def test_the_patched_line_is_that_of_the_mutant():
    assert toy_code.plain(0) >= 0
    with patched(Patch(toy_code.plain, "more=1", "more=1 ")):
        assert toy_code.plain(1, more=0) == 1
"""


def test_a_patch_that_does_not_find_its_line_kills_nothing(toy: Path) -> None:
    (toy / "test_toy.py").write_text(TESTS.replace("toy_code.plain(1) == 2", "toy_code.plain(0) >= 0") + PATCHED)
    respelled = ("plain", "plain", "x + more", "more + x")
    assert fates(toy, respelled) == [[False, "4 tests pass", 4]]
    wrong = ("plain", "plain", "x + more", "x - 2 * more")
    (killed, by, _), (also, seen, _) = fates(toy, wrong, ("plain", "plain", "x + more", "x + 2 + more"))
    assert killed
    assert by.startswith("test_toy.py::test_plain")
    assert also  # the patched function is the mutant with another default, and not the original
    assert seen.startswith("test_toy.py::test_the_patched_line")


UNSTEADY = """
def test_that_passes_once():
    from pathlib import Path
    ran = Path(__file__).with_name("ran")
    before, _ = ran.exists(), ran.touch()
    assert toy_code.plain(1) and not before
"""


def test_a_failure_counts_where_the_test_passes_without_the_change(toy: Path) -> None:
    (toy / "test_toy.py").write_text(TESTS.replace("toy_code.plain(1) == 2", "toy_code.plain(0) >= 0") + UNSTEADY)
    assert fates(toy, ("plain", "plain", "x + more", "x + 1 * more")) == [
        [False, "1 tests pass, 1 fail without the change too", 2]
    ]


@kernel
def held(x: float) -> float:
    return x


def test_kernels_are_found_in_lists_of_any_kind() -> None:
    class Fixed(list[Any]):
        """As of a library: its sums are of its kind, and nothing is taken out of it."""

        def __radd__(self, other: list[Any]) -> Fixed:
            return Fixed([*other, *self])

        def pop(self, *_: Any) -> Any:
            raise TypeError("a fixed list")

    names = {"FIRST": Fixed([held]), "SECOND": Fixed([held])}
    assert kernels_named(compile("FIRST + SECOND", "toy", "eval"), names) == {held.py_func}


def test_no_value_is_asked_for_its_class() -> None:
    class Old:
        """As of a library: whatever is asked of it warns that it is deprecated."""

        def __getattribute__(self, name: str) -> Any:
            raise FutureWarning(f"{name} is deprecated")

    assert kernels_named(compile("OLD.field", "toy", "eval"), {"OLD": Old()}) == set()


def test_kernels_are_found_in_modules_that_are_imported_late(monkeypatch: pytest.MonkeyPatch) -> None:
    late = ModuleType("late")
    late.__file__, late.held = "/of/a/system/late.py", held  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "late", late)
    code = compile("steps().held(1.0)", "toy", "eval")
    assert kernels_called(names_in(code), "/of/a/system/") == {held.py_func}
    assert kernels_named(code, {}) == kernels_called(names_in(code), "/of/another/") == set()


def test_mutants_stand_where_an_answer_depends_on_them(toy: Path) -> None:
    pytest.importorskip("cosmic_ray")
    from tests.mutation.mutants import sample

    mutants = sample(toy / "code", 1000, np.random.default_rng(0))
    changed = {(one.region.name, one.change()[0]) for one in mutants}
    assert {name for name, _ in changed} == {
        *("LIMIT", "NAMES", "steps", "twice", "plain", "few", "given", "called", "late", "remembered", "Shape.corners"),
        *("Shape.around", "Shape.around.<locals>.half"),
    }
    assert all(one.change()[0] != one.change()[1] for one in mutants)
    assert not any("raise" in line or "sides: int" in line for _, line in changed)
    assert ("plain", "def plain(x, *, more=1):") in changed
    assert ("plain", "if x < -1:") in changed
    assert not any("range((1" in after or "range(-" in after for _, after in (one.change() for one in mutants))
    assert sample(toy / "code", 3, np.random.default_rng(1)) == sample(toy / "code", 3, np.random.default_rng(1))


def test_a_mutant_is_found_again_where_its_function_has_moved(toy: Path) -> None:
    pytest.importorskip("cosmic_ray")
    from tests.mutation.mutants import again, sample

    (toy / "later").mkdir()
    (toy / "code" / "toy_late.py").unlink()
    moved = CODE.replace("def plain", "# a comment\n\n\ndef first_of_all(x):\n    return x + 1\n\n\ndef plain")
    (toy / "later" / "moved.py").write_text(moved.replace("Adds 1 + 0.", "Adds more."))
    for mutant in sample(toy / "code", 1000, np.random.default_rng(0)):
        found = again(toy / "later", *mutant.identity)
        assert found is not None
        assert (found.region.name, found.change()) == (mutant.region.name, mutant.change())
    (toy / "later" / "moved.py").write_text(CODE.replace("x + more", "more + x"))
    (plain,) = [m for m in sample(toy / "code", 1000, np.random.default_rng(0)) if m.change()[0] == "return x + more"]
    assert again(toy / "later", *plain.identity) is None


def test_only_survivors_run_again_when_tests_have_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("cosmic_ray")
    from tests.mutation import __main__ as program

    system, ran = "alpha_rank", []
    of_now = ["old"]

    def run_tests(_: str, mutants: Any, __: Any) -> dict[int, Any]:
        ran.append([one.change() for one in mutants])
        return {i: [i % 2 == 0, "a test", 1] for i in range(len(mutants))}

    monkeypatch.setattr(program, "BUILD", tmp_path)
    monkeypatch.setattr(program, "run_tests", run_tests)
    monkeypatch.setattr(program, "source_digest", lambda *_: of_now[0])
    monkeypatch.setattr(program, "is_equivalent", lambda one, _: (one.before, one.after) == ran[0][1])
    options = program.Options(size=6, seed=0, jobs=1, budget=1.0)
    drawn = program.judge(system, options)
    assert [one.killed for one in drawn] == [True, False] * 3
    assert sorted(program.judge(system, options)) == sorted(drawn)
    assert len(ran) == 1
    of_now[0] = "new"
    again = program.judge(system, options)
    assert ran[1:] == [[ran[0][3], ran[0][5]]]  # neither the killed nor the equivalent one
    assert sum(one.killed for one in again) == 4
    program.judge(system, options._replace(fresh=True))
    assert ran[2] == ran[0]


def test_the_table_keeps_other_systems(tmp_path: Path) -> None:
    pytest.importorskip("cosmic_ray")
    import lrtheory
    from tests.mutation.table import write

    path, first, last = tmp_path / "RESULTS.md", lrtheory.SYSTEMS[0], lrtheory.SYSTEMS[-1]
    write(path, {system: (f"| `{system}` | 60 |", [f"- `lrtheory/{system}/x.py`"]) for system in (last, first)})
    write(path, {last: (f"| `{last}` | 61 |", [])})
    lines = path.read_text().splitlines()
    assert [line for line in lines if line.startswith("| `")] == [f"| `{first}` | 60 |", f"| `{last}` | 61 |"]
    assert [line for line in lines if line.startswith("- ")] == [f"- `lrtheory/{first}/x.py`"]
