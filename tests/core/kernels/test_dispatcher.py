"""Kernels that call kernels, with parts and with Numba's own dispatcher: answers, what is compiled, what is cached."""

from __future__ import annotations

import gc
import itertools
import math
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import event, types
from numba.core.errors import TypingError, UnsupportedError

from lrtheory._array import PLAIN, dispatcher
from lrtheory._array.dispatcher import TRIED, LinkedKernel
from tests.core.kernels.linked_kernels import EXPECTED, NAME, A, B, compiled_in, elsewhere, imported


@pytest.fixture(autouse=True)
def _no_module_is_left_over():
    yield
    sys.modules.pop(NAME, None)


#: Numba's own dispatcher answers where the tests of kernels run in plain Numba, which has no other one
WAYS = ["plain"] if PLAIN else ["parts", "whole"]


@pytest.fixture(params=WAYS)
def kernels(request, tmp_path):
    """The module with each way of compiling."""
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


def test_a_part_may_call_python(kernels, capfd):
    """It prints, and raises an error with a number, also where it is two kernels below the one that Python calls."""
    assert kernels.talks(3) == 5
    assert capfd.readouterr().out == "said 3\n"
    with pytest.raises(ValueError, match="refused") as caught:
        kernels.talks(-3)
    assert caught.value.args == ("refused", -3)
    assert kernels.says(4) == 5
    assert kernels.said(4) == 4


def test_a_kernel_may_call_itself(kernels):
    assert kernels.powers(3.0) == 9 + 27
    assert kernels.power(2.0, 10) == 1024.0


def test_a_number_that_is_a_place_in_a_tuple_decides_types(kernels):
    assert kernels.entries(7) == (7, 2.5)


@pytest.mark.filterwarnings("ignore::numba.NumbaExperimentalFeatureWarning")
def test_kernels_as_values_in_compiled_code(kernels):
    of_one = types.FunctionType(types.float64(types.float64))

    @numba.njit(types.float64(of_one, types.float64))
    def taken(f, x):
        return f(x)

    assert taken(kernels.doubled, 3.0) == 12.0
    assert taken(kernels.doubled, 4.0) == 16.0
    assert kernels.doubled(1.5) == 6.0  # it stays one that Python and other kernels call
    assert kernels.outermost(A, B, 5) == EXPECTED
    # Numba looks at what Python has compiled for the types of a function that is one of several
    assert kernels.halved(1.0) == 0.5
    assert kernels.either(3.0, True) == 1.5
    assert kernels.either(3.0, False) == 12.0


def test_kernels_in_parallel_in_kernels_in_parallel(kernels):
    assert kernels.row_totals(A).tolist() == [6.0, 24.0]
    assert kernels.row_total(A[0]) == 6.0


def test_threads_may_compile_at_once(kernels):
    """Eight threads ask for kernels that share parts, each for one of four, with three types of arguments."""
    calls = [
        (lambda kind: kernels.outermost(A.astype(kind), B, 5)[0], EXPECTED[0]),
        (lambda kind: kernels.row_sums(kernels.Pair(A.astype(kind), B), np.zeros(2))[1], 33.0),
        (lambda kind: kernels.total(A[1].astype(kind)), 12.0),
        (lambda kind: kernels.scaled(kind(3.0)), 6.0),
    ]
    tasks = [(call, kind, value) for call, value in calls for kind in (np.float32, np.float64, np.int64)]
    together = threading.Barrier(8)

    def work(place):
        together.wait()
        ours = tasks[place:] + tasks[:place]
        return [call(kind) == value for call, kind, value in ours]

    with ThreadPoolExecutor(8) as pool:
        assert all(itertools.chain.from_iterable(pool.map(work, range(8))))


def test_copies_by_pickle_are_the_kernel_itself_here_and_compile_alike_elsewhere(kernels, tmp_path):
    kernel = kernels.outermost
    whole = getattr(kernel, "whole", None)
    kept = pickle.dumps(kernel)
    assert pickle.loads(kept) is kernel
    (tmp_path / "kernel.pkl").write_bytes(kept)
    text = "pickle.load(open('kernel.pkl', 'rb'))"
    text = f"import pickle, numpy as np\nkernel = {text}\nA, B = np.arange(6.0).reshape(2, 3), np.ones((2, 3))\n"
    found = elsewhere(tmp_path, text + "print(kernel(A, B, 5), type(kernel).__name__, getattr(kernel, 'whole', None))")
    assert found == f"{EXPECTED} {type(kernel).__name__} {whole}"


@pytest.mark.parametrize("way", WAYS)
def test_a_fresh_process_finds_everything_in_the_cache(tmp_path, way):
    imported(tmp_path, plain=way == "plain", whole=way == "whole")  # writes the module alone
    # Numba compiles `power` for the literal 2, which is another type than n - 1, and the next process dies (a circle)
    recursive = "" if way == "plain" else "k.power, k.powers"
    text = f"""
import warnings
import numpy as np
import kernels_of_a_test as k
warnings.simplefilter("ignore")
A, B = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
print(k.outermost(A, B, 5), k.talks(3), k.entries(7), k.row_totals(A).tolist())
print(k.halved(1.0), k.doubled(1.0), k.either(3.0, False))
called = [k.outermost, k.talks, k.entries, k.row_totals, k.halved, k.doubled, k.either, {recursive}]
if called[7:]:
    assert (k.power(3.0, 2), k.powers(3.0)) == (9.0, 36.0)
try:
    k.talks(-3)
except ValueError as error:
    print(error.args)
print({{sum(kernel.stats.cache_hits.values()) for kernel in called}})
"""
    answers = f"said 3\n{EXPECTED} 5 (7, 2.5) [6.0, 24.0]\n0.5 4.0 12.0\nsaid -3\n('refused', -3)\n"
    assert elsewhere(tmp_path, text) == answers + "{0}"
    assert elsewhere(tmp_path, text) == answers + "{1}"


@pytest.mark.parametrize("whole", [False, True])
def test_circles_are_refused_by_a_sentence(tmp_path, whole):
    """Numba's own kernels answer here, and kill the next process, which finds them in its cache."""
    kernels = imported(tmp_path, whole=whole)
    refused: list[tuple[Any, Any]] = [(kernels.even, 4), (kernels.odd, 4), (kernels.asks_even, 4), (kernels.grows, 3)]
    for kernel, value in refused * 2:
        with pytest.raises(UnsupportedError, match="must not call each other in a circle, nor themselves"):
            kernel(value)
    assert not LinkedKernel.inside_whole
    assert kernels.grows(3.0) == 1.0
    assert kernels.outermost(A, B, 5) == EXPECTED


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


class Collections(event.Listener):
    """Whether Python looks for garbage at the start and at the end of each compilation."""

    def __init__(self):
        self.seen = []

    def on_start(self, event):
        self.seen.append(gc.isenabled())

    on_end = on_start


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_no_garbage_is_collected_during_a_compilation(tmp_path, before, fails):
    kernels, found = imported(tmp_path), Collections()
    (gc.enable if before else gc.disable)()
    try:
        with event.install_listener("numba:compile", found), pytest.raises(TypingError) if fails else nullcontext():
            kernels.outermost("no array" if fails else A, B, 5)
        assert gc.isenabled() == before
        assert found.seen
        assert not any(found.seen)
    finally:
        gc.enable()


def test_what_a_compilation_made_is_old(tmp_path):
    """So that no search for young garbage looks at all of it."""
    imported(tmp_path).outermost(A, B, 5)
    assert gc.get_freeze_count() == 0
    assert sum(len(gc.get_objects(generation=age)) for age in (0, 1)) < 10_000


def test_what_the_user_froze_stays_frozen(tmp_path):
    kernels = imported(tmp_path)
    gc.freeze()
    try:
        kernels.total(A[0])
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


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
