"""A module to be changed, and tests that see most of the changes, as texts."""

from __future__ import annotations

__all__ = ["CODE", "TESTS"]

CODE = '''"""A toy."""

import functools
import math
from lrtheory._array import kernel

LIMIT = 3
NAMES = {"double": 2}


@kernel
def steps(x):
    total = 0
    for i in range(3):
        if x > i:
            total += 2 * i
    return total


@kernel
def log(x):
    return math.log(x)


@kernel
def twice(x):
    return 2 * steps(x) + log(1.0)


def plain(x, *, more=1):
    """Adds 1 + 0."""
    if x < -1:
        raise ValueError(f"{x + 1} is below {0 + 1}")
    return x + more


def few(x):
    return x < LIMIT


@kernel
def given(x):
    return x - 1


@kernel
def called(x):
    return x - 3


@functools.cache
def remembered(x):
    return x * NAMES["double"]


class Shape:
    """A shape of 2 * 2."""

    sides: int = 4

    def __repr__(self) -> str:
        return "x" * 2

    @property
    def corners(self) -> int:
        return self.sides + 0

    def around(self):
        def half(side):
            return side / 2

        return [half(side) for side in range(*(1 + 1,))]
'''

TESTS = """
import math

import pytest
import toy_code
from lrtheory.bounds.running.patching import Patch, patched


def test_steps():
    assert toy_code.steps(2) == 2
    assert toy_code.twice(2) == 4


def test_plain():
    assert toy_code.plain(1) == 2


def test_few():
    assert toy_code.few(2) and not toy_code.few(3)


def test_remembered():
    assert toy_code.remembered(3) == 6


def test_remembered_again():
    assert toy_code.remembered(3) == 6


def test_shape():
    assert (toy_code.Shape().corners, toy_code.Shape().around()) == (4, [0.0, 0.5])


def test_late():
    import toy_late

    assert toy_late.late(3) == 4


@pytest.mark.parametrize("kernel", [toy_code.given])
def test_given(kernel):
    assert kernel(3) == 2


@pytest.mark.parametrize("name", ["called"])
def test_called(name):
    assert getattr(toy_code, name)(3) == 0


def test_poles():
    assert toy_code.log(0.0) == -math.inf and math.isnan(toy_code.log(-1.0)) and toy_code.log(1.0) == 0
"""
