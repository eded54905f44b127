"""The door into kernels, the compiler's cache, and the conversions between array libraries."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest
from scipy import sparse

from lrtheory import _array
from lrtheory._array import (
    array_namespace,
    arrays,
    is_foreign,
    kernel_input,
    notice,
    real_array,
    source_digest,
    to_numpy,
)
from lrtheory._result import Result, result
from tests.backends import Backend
from tests.rules.public_names import ROOT

VALUES = np.arange(12.0).reshape(3, 4)


def forms(dtype: type) -> dict[str, Any]:
    """One matrix in all the forms in which users bring it."""
    values = VALUES.astype(dtype)
    frozen = values.copy()
    frozen.flags.writeable = False
    wide = np.zeros((3, 8), dtype)
    wide[:, ::2] = values
    return {
        "plain": values,
        "fortran": np.asfortranarray(values),
        "strided": wide[:, ::2],
        "reversed": values[::-1, ::-1].copy()[::-1, ::-1],
        "read-only": frozen,
        "big-endian": values.astype(np.dtype(dtype).newbyteorder(">")),
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_signature_a_float_type(dtype: type) -> None:
    @numba.njit
    def total(matrix):
        return matrix.sum()

    for form in forms(dtype).values():
        assert total(kernel_input(form, dtype)) == VALUES.sum()
    assert total(kernel_input(VALUES.tolist(), dtype)) == VALUES.sum()
    assert len(total.signatures) == 1


def test_the_door_copies_only_where_it_must() -> None:
    given = VALUES.copy()
    inside = kernel_input(given)
    assert np.shares_memory(given, inside)
    assert not inside.flags.writeable
    assert given.flags.writeable
    assert not np.shares_memory(given, kernel_input(given.T))
    assert kernel_input(given, np.float32).dtype == np.float32


def test_arrays_of_every_library_pass_the_door(xp: Backend) -> None:
    inside = kernel_input(xp.asarray(VALUES))
    assert type(inside) is np.ndarray
    np.testing.assert_array_equal(inside, VALUES)
    np.testing.assert_array_equal(to_numpy(xp.asarray(VALUES)), VALUES)


def test_bfloat16_becomes_single_precision_on_the_host() -> None:
    torch = pytest.importorskip("torch")
    given = torch.tensor([1.0, -2.5, 3e38], dtype=torch.bfloat16)
    found = to_numpy(given)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, given.float().numpy())


def test_namespace(xp: Backend) -> None:
    found = array_namespace(1.0, xp.asarray(VALUES))
    assert float(found.sum(xp.asarray(VALUES))) == VALUES.sum()
    assert array_namespace().asarray([1.0]).dtype == np.float64


Pair = namedtuple("Pair", ["first", "second"])


@result
class Bundle(Result):
    """What a solver may return."""

    values: Any
    parts: tuple[Any, ...]
    trace: Any


@arrays("host")
def bundle(matrix: Any) -> Any:
    """Take a matrix apart."""
    assert isinstance(matrix, np.ndarray)
    return Bundle(matrix, (matrix[0], "name"), {"rows": matrix.sum(1)}), Pair(matrix, 3)


def test_what_comes_back_is_of_the_callers_kind(xp: Backend) -> None:
    whole, pair = bundle(xp.asarray(VALUES))
    kind = type(xp.asarray(VALUES))
    for array in (whole.values, whole.parts[0], whole.trace["rows"], pair.first):
        assert type(array) is kind
    np.testing.assert_array_equal(xp.to_numpy(whole.trace["rows"]), VALUES.sum(1))
    assert whole.parts[1] == "name"
    assert pair.second == 3


def test_the_declaration_is_kept_and_the_docstring_left_alone() -> None:
    assert bundle.arrays == "host"
    assert bundle.__doc__ == "Take a matrix apart."


# --- real numbers of any library -------------------------------------------------------------------------------------


def test_real_arrays_join_the_library_of_the_others(xp: Backend) -> None:
    namespace = array_namespace(xp.asarray(VALUES))
    for given in (VALUES.tolist(), VALUES, xp.asarray(VALUES), VALUES.astype(object)):
        found = real_array(namespace, "x", given)
        assert type(found) is type(xp.asarray(VALUES))
        assert found.dtype == namespace.float64
        np.testing.assert_array_equal(xp.to_numpy(found), VALUES)


def test_single_precision_stays_and_half_becomes_single(xp: Backend) -> None:
    namespace = array_namespace(xp.asarray(VALUES))
    for kind, expected in [(np.float16, "float32"), (np.float32, "float32"), (np.int32, "float64"), (bool, "float64")]:
        assert real_array(namespace, "x", VALUES.astype(kind)).dtype == getattr(namespace, expected)
    single = namespace.astype(xp.asarray(VALUES), namespace.float32)
    assert real_array(namespace, "x", single).dtype == namespace.float32


@pytest.mark.parametrize(
    ("value", "error", "rule"),
    [
        ([[1.0, np.nan]], ValueError, "finite"),
        ([1.0, np.inf], ValueError, "finite"),
        ([[1.0], [2.0, 3.0]], ValueError, "an array with rows of equal length"),
        (["a"], TypeError, "an array of real numbers"),
        ([1j], TypeError, "an array of real numbers"),
        ([None], TypeError, "an array of real numbers"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), ValueError, "an array without a mask"),
        (sparse.csr_array(np.eye(2)), TypeError, "a dense array"),
    ],
)
def test_what_is_no_array_of_real_numbers_is_refused(value: Any, error: type[Exception], rule: str) -> None:
    with pytest.raises(error, match=f"`x` must be {rule}"):
        real_array(array_namespace(), "x", value)


def test_infinities_pass_where_the_caller_looks_at_them() -> None:
    assert real_array(array_namespace(), "x", [np.inf], finite=False)[0] == np.inf


def test_arrays_of_two_libraries_are_refused(xp: Backend) -> None:
    foreign = xp.asarray(VALUES)
    if is_foreign(foreign):
        with pytest.raises(TypeError, match="of the library of the other inputs"):
            real_array(array_namespace(), "x", foreign)


# --- the cache of compiled kernels -----------------------------------------------------------------------------------


def test_the_digest_follows_content_and_names(tmp_path: Path) -> None:
    def digest() -> str:
        source_digest.cache_clear()
        return source_digest(tmp_path)

    (tmp_path / "a.py").write_text("x = 1\n")
    seen = [digest()]
    (tmp_path / "a.py").write_text("x = 2\n")
    seen.append(digest())
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.py").rename(tmp_path / "deep" / "b.py")
    seen.append(digest())
    assert len(set(seen)) == 3
    (tmp_path / "notes.txt").write_text("not a source")
    assert digest() == seen[-1]


CALLEE = "from lrtheory._array import kernel\n\n@kernel\ndef callee(x):\n    return x + {}\n"
CALLER = """\
from lrtheory._array import kernel
from lrtheory.toy.callee import callee

@kernel
def caller(x):
    return callee(x)
"""
MUTANT = """\
from lrtheory._array import kernel
from lrtheory.toy.callee import callee

@kernel
def mutant(x):
    return -callee(x)
"""
ASK = """\
from {module} import {name}
print({name}(1.0), sum({name}.stats.cache_hits.values()))
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A copy of the core with one tiny system of two files and its checks."""
    for folder in ("lrtheory/toy", "proofs_checks/toy", "lrtheory/_kernels"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "__init__.py").write_text("")
    for package in ("lrtheory", "proofs_checks"):
        (tmp_path / package / "__init__.py").write_text("")
    compiled = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lrtheory" / "_array", tmp_path / "lrtheory" / "_array", ignore=compiled)
    shutil.copy(ROOT / "lrtheory" / "_validation.py", tmp_path / "lrtheory" / "_validation.py")
    (tmp_path / "lrtheory/toy/callee.py").write_text(CALLEE.format(1))
    (tmp_path / "lrtheory/toy/caller.py").write_text(CALLER)
    (tmp_path / "proofs_checks/toy/mutant.py").write_text(MUTANT)
    return tmp_path


def ask(folder: Path, seed: int = 0, package: str = "lrtheory", name: str = "caller") -> list[str]:
    """The answer of one of the toy's kernels in a fresh process, and how often it came from the cache."""
    script = ASK.format(module=f"{package}.toy.{name}", name=name)
    environment = {"PYTHONPATH": str(folder), "PYTHONHASHSEED": str(seed), "PATH": "", "HOME": str(folder)}
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


def test_an_edited_callee_is_seen_and_old_kernels_go(toy: Path) -> None:
    assert ask(toy) == ["2.0", "0"]
    assert ask(toy) == ["2.0", "1"]
    (toy / "lrtheory/toy/callee.py").write_text(CALLEE.format(10))
    assert ask(toy) == ["11.0", "0"]
    assert len(list((toy / "lrtheory/toy/__pycache__").glob("kernels-toy-*"))) == 1
    (toy / "proofs_checks/toy/families.py").write_text("# a new check compiles no solver again\n")
    assert ask(toy) == ["11.0", "1"]


def test_a_compiled_mutant_sees_the_edited_kernel_that_it_calls(toy: Path) -> None:
    def mutant(seed: int) -> list[str]:
        return ask(toy, seed, package="proofs_checks", name="mutant")

    assert mutant(0) == ["-2.0", "0"]
    # other processes take other hash seeds, and must find the same folder
    assert [mutant(seed) for seed in (1, 2, 3)] == [["-2.0", "1"]] * 3
    (toy / "lrtheory/toy/callee.py").write_text(CALLEE.format(10))
    assert mutant(0) == ["-11.0", "0"]


def test_a_read_only_installation_caches_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "a-file").write_text("")
    assert _array._writable(tmp_path / "a-file").is_relative_to(tmp_path / "cache")
    assert _array._writable(tmp_path / "a-folder") == tmp_path / "a-folder"


# --- the notice ------------------------------------------------------------------------------------------------------


class HastyTimer:
    """A timer to which a second is nothing."""

    started: list[HastyTimer]

    def __init__(self, seconds: float, function: Any) -> None:
        assert seconds == 1.0
        self.function, self.canceled = function, False

    def start(self) -> None:
        self.started.append(self)
        self.function()

    def cancel(self) -> None:
        self.canceled = True


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[HastyTimer]:
    HastyTimer.started = []
    monkeypatch.setattr(notice.threading, "Timer", HastyTimer)
    monkeypatch.setattr(notice._notice, "said", False)
    return HastyTimer.started


def compilation(module: str) -> Any:
    return SimpleNamespace(data={"dispatcher": SimpleNamespace(py_func=SimpleNamespace(__module__=module))})


def test_a_long_compilation_is_announced_once(timers: list[HastyTimer], capsys: pytest.CaptureFixture[str]) -> None:
    listener = notice._CompileNotice()
    outer, inner, foreign = map(compilation, ["lrtheory.toy", "proofs_checks.toy", "numba.np.arraymath"])
    listener.on_start(outer)
    for nested in (inner, foreign):
        listener.on_start(nested)
        listener.on_end(nested)
    assert [timer.canceled for timer in timers] == [False]
    listener.on_end(outer)
    assert [timer.canceled for timer in timers] == [True]
    assert capsys.readouterr().err.count("compiling") == 1


def test_foreign_compilations_are_not_announced(timers: list[HastyTimer], capsys: pytest.CaptureFixture[str]) -> None:
    @numba.njit
    def theirs(x):
        return x + 1

    def ours(x):
        return x + 1

    theirs(1.0)
    assert not timers
    ours.__module__ = "lrtheory.toy"
    numba.njit(ours)(1.0)
    assert len(timers) == 1
    assert capsys.readouterr().err.startswith("lrtheory: compiling")


def test_functions_without_a_module_are_compiled_in_peace(timers: list[HastyTimer]) -> None:
    names: dict[str, Any] = {}
    exec("def theirs(x):\n    return x + 1\n", names)
    assert names["theirs"].__module__ is None or names["theirs"].__module__ == "builtins"
    names["theirs"].__module__ = None
    assert numba.njit(names["theirs"])(1.0) == 2.0
    assert not timers


# --- interpreted kernels ----------------------------------------------------------------------------------------------


def test_interpreted_kernels_call_each_other_on_numbers_of_any_kind() -> None:
    from lrtheory.dual_mirror_descent.prices import steps

    plain = _array.interpreted(steps)
    assert plain.priced.__globals__["priced"] is plain.priced
    assert plain.conjugate_sum.__globals__ is plain.priced.__globals__
    assert not hasattr(plain.conjugate_sum, "py_func")
    assert hasattr(steps.conjugate_sum, "py_func")  # the module itself is as it was


def test_interpreted_kernels_see_what_was_replaced() -> None:
    from lrtheory.matrix_completion.entries.regressions import kernels

    seen: list[float] = []
    math = SimpleNamespace(sqrt=lambda x: seen.append(x) or 1.0)
    plain = _array.interpreted(kernels, math=math)
    assert plain._exact_lines.__globals__["math"] is math
    assert kernels._exact_lines.py_func.__globals__["math"] is not math
