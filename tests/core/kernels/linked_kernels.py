"""Kernels that call kernels, as a module that tests write to a folder of their own and import from there."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numba.core import event

import lrtheory

__all__ = ["EXPECTED", "NAME", "A", "B", "compiled_in", "elsewhere", "imported"]

NAME = "kernels_of_a_test"
SOURCE = """
import functools
from typing import NamedTuple

import numpy as np
from numba import prange

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
def said(n):
    print("said", n)
    if n < 0:
        raise ValueError("refused", n)
    return n


@kernel
def says(n):
    return said(n) + 1


@kernel(whole={whole})
def talks(n):
    return says(n) + 1


@kernel
def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


@kernel(whole={whole})
def powers(x):
    return power(x, 2) + power(x, 3)


@kernel
def doubled(x):
    return 2.0 * scaled(x)


@kernel
def halved(x):
    return x / 2.0


@kernel(whole={whole})
def either(x, which):
    f = halved if which else doubled
    return f(x)


@kernel
def entry(things, place):
    return things[place]


@kernel(whole={whole})
def entries(x):
    return entry((x, 2.5), 0), entry((x, 2.5), 1)


@kernel(whole={whole})
def even(n):
    return n == 0 or not odd(n - 1)


@kernel
def odd(n):
    return n != 0 and even(n - 1)


@kernel
def asks_even(n):
    return even(n)


@kernel
def grows(x):
    return 1.0 if x > 9 else grows(2.0 * x)


@kernel(parallel=True)
def row_total(x):
    value = 0.0
    for i in prange(len(x)):
        value += scaled(x[i])
    return value


@kernel(parallel=True, whole={whole})
def row_totals(x):
    values = np.empty(len(x))
    for i in prange(len(x)):
        values[i] = row_total(x[i])
    return values


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
    path = folder / f"{NAME}.py"
    text = SOURCE.format(plain=plain, whole=whole)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    spec = importlib.util.spec_from_file_location(NAME, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[spec.name] = module  # a kernel that calls itself is asked by Numba for its module
    return module


def elsewhere(folder: Path, text: str) -> str:
    """What a program prints in a process of its own that starts in the folder."""
    (folder / "program.py").write_text(text)
    root = str(Path(lrtheory.__file__).parent.parent)
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "program.py"]
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def compiled_in(call: Any) -> list[str]:
    """The names of what is compiled during a call, those of the module of this test alone."""
    with event.install_recorder("numba:compile") as recorded:
        call()
    functions = [found.data["dispatcher"].py_func for _, found in recorded.buffer if found.is_start]
    return sorted(f.__name__ for f in functions if f.__module__ == NAME)
