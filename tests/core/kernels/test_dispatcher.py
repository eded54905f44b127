"""Kernels that call kernels, with parts and with Numba's own dispatcher: answers, what is compiled, what is cached."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import event
from numba.core.errors import TypingError

from lrtheory._array import dispatcher
from lrtheory._array.dispatcher import TRIED, LinkedKernel

SOURCE = """
import functools
from typing import NamedTuple

import numpy as np

from lrtheory._array.dispatcher import linked

def kernel(function=None, **options):
    if function is None:
        return functools.partial(kernel, **options)
    return linked(function, plain={plain}, **options)


class Pair(NamedTuple):
    a: np.ndarray
    b: np.ndarray


@kernel
def scaled(x, factor=2.0, shift=0.0):
    return x * factor + shift


@kernel(error_model="numpy", fastmath=True)
def total(x):
    value = 0.0
    for i in range(len(x)):
        value += x[i]
    return value


@kernel
def check(n):
    if n < 0:
        raise ValueError("n must not be negative", 7)
    return n


@kernel
def factorial(n):
    value = 1
    for i in range(2, check(n) + 1):
        value *= i
    return value


@kernel(forceinline=True)
def row_sums(pair, out):
    for i in range(len(out)):
        row = pair.a[i]
        for j in range(len(row)):
            out[i] += scaled(row[j]) + scaled(pair.b[i, j], shift=1.0)
    return out if out[0] > 0 else np.zeros(len(out))


@kernel(nogil=True, whole={whole})
def outermost(a, b, n):
    sums = row_sums(Pair(a, b), np.zeros(len(a)))
    return scaled(total(sums), 0.5), total(a[0]), factorial(n)


@kernel
def mistaken(x):
    return no_array(x)


@kernel
def no_array(x):
    return x.shape
"""
A, B = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
#: two a_ij + 2 b_ij + 1 summed over all, and half of it; the sum of the first row; 5!
EXPECTED = (0.5 * (2 * 15 + 3 * 6), 3.0, 120)


def imported(folder: Path, *, plain: bool = False, whole: bool = False) -> ModuleType:
    """The kernels above in a module of their own, whose cache lies beside it."""
    path = folder / "kernels_of_a_test.py"
    text = SOURCE.format(plain=plain, whole=whole)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    spec = importlib.util.spec_from_file_location("kernels_of_a_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compiled_in(call: Any) -> list[str]:
    """The names of what is compiled during a call, those of the module of this test alone."""
    with event.install_recorder("numba:compile") as recorded:
        call()
    functions = [found.data["dispatcher"].py_func for _, found in recorded.buffer if found.is_start]
    return sorted(f.__name__ for f in functions if f.__module__ == "kernels_of_a_test")


@pytest.fixture(params=["plain", "parts", "whole"])
def kernels(request, tmp_path):
    """The module with each of the three ways of compiling."""
    return imported(tmp_path, plain=request.param == "plain", whole=request.param == "whole")


def test_answers_of_kernels_in_kernels(kernels):
    assert kernels.outermost(A, B, 5) == EXPECTED
    assert kernels.outermost.py_func(A, B, 5) == EXPECTED


def test_a_part_is_called_from_python_too_before_and_after(kernels):
    assert kernels.total(A[0]) == 3.0
    assert kernels.outermost(A, B, 5) == EXPECTED
    assert kernels.scaled(3.0, shift=1.0) == 7.0
    assert kernels.factorial(6) == math.factorial(6)
    assert kernels.row_sums(kernels.Pair(A, B), np.zeros(2)).tolist() == [15.0, 33.0]


def test_other_types_of_arguments_are_other_parts(kernels):
    assert kernels.outermost(A.astype(np.float32), B, np.int32(5)) == EXPECTED
    assert kernels.outermost(A, B.astype(np.float32), 5) == EXPECTED


def test_an_error_inside_a_part_reaches_python_with_its_words(kernels):
    with pytest.raises(ValueError, match="n must not be negative") as caught:
        kernels.outermost(A, B, -1)
    assert caught.value.args[1] == 7


def test_what_cannot_be_typed_is_said_as_by_numba(kernels):
    for _ in range(2):  # the failure is not taken for a result the second time
        with pytest.raises(TypingError, match="Unknown attribute 'shape' of type float64"):
            kernels.mistaken(1.0)


@pytest.mark.parametrize("whole", [False, True])
def test_parts_are_compiled_once_and_only_as_parts(tmp_path, whole):
    kernels = imported(tmp_path, whole=whole)
    once = ["check", "factorial", "outermost", "row_sums", "scaled", "scaled", "scaled", "total"]
    assert compiled_in(lambda: kernels.outermost(A, B, 5)) == once  # `scaled` with three sets of defaults
    assert not kernels.total.signatures
    assert len(kernels.outermost.signatures) == 1
    assert compiled_in(lambda: kernels.outermost(A, B, 5)) == []
    assert compiled_in(lambda: kernels.total(A[0])) == ["total"]  # now it is one that Python calls


@pytest.mark.parametrize("whole", [False, True])
def test_the_cache_brings_back_everything_and_compiles_nothing(tmp_path, whole):
    imported(tmp_path, whole=whole).outermost(A, B, 5)
    again = imported(tmp_path, whole=whole)
    assert compiled_in(lambda: again.outermost(A, B, 5)) == []
    assert again.outermost(A, B, 5) == EXPECTED
    with pytest.raises(ValueError, match="n must not be negative"):
        again.outermost(A, B, -1)


def test_a_part_has_no_wrappers_and_no_machine_code(tmp_path):
    kernels = imported(tmp_path)
    kernels.outermost(A, B, 5)
    ((_, part),) = kernels.total.parts.values()
    assert part.entry_point is None
    assert [f.name for f in part.library._final_module.functions if "cpython" in f.name or "cfunc" in f.name] == []


def test_a_whole_kernel_leaves_its_parts_to_its_own_optimizer(tmp_path):
    """The parts of two outermost kernels stand side by side, where one of them is whole."""
    kernels = imported(tmp_path, whole=True)
    kernels.outermost(A, B, 5)
    ((types, inside),) = kernels.total.parts
    assert inside
    assert not LinkedKernel.inside_whole

    total = kernels.total
    other = numba.njit(lambda x: total(x))
    assert other(A[0]) == 3.0
    assert list(kernels.total.parts) == [(types, True), (types, False)]


def test_a_failure_inside_a_whole_kernel_leaves_no_trace(tmp_path):
    kernels = imported(tmp_path, whole=True)
    with pytest.raises(TypingError):
        kernels.outermost("no array", B, 5)
    assert not LinkedKernel.inside_whole


def test_versions_that_nobody_tried_and_plain_kernels_take_numbas_own(tmp_path, monkeypatch):
    def one(x):
        return x

    assert type(dispatcher.linked(one)) is LinkedKernel
    assert type(dispatcher.linked(one, plain=True)) is not LinkedKernel
    for version in ((TRIED[0][0], TRIED[0][1] - 1), (TRIED[1][0], TRIED[1][1] + 1)):
        monkeypatch.setattr(numba, "version_info", numba.version_info._replace(short=version))
        assert type(dispatcher.linked(one)) is not LinkedKernel


def test_the_installed_version_is_one_that_was_tried():
    assert TRIED[0] <= numba.version_info.short <= TRIED[1]
