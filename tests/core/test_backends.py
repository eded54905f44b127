"""Functions that declare what they do with arrays do it, for every array library and every form of an array."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import array_api_compat
import numpy as np
import pytest

from lrtheory._result import Result
from tests.backends import Backend
from tests.examples import Call, calls
from tests.rules.public_names import Entry, array_functions

FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "list": lambda array: array.tolist(),
    "fortran": np.asfortranarray,
    "strided": lambda array: np.repeat(array, 2, axis=-1)[..., ::2] if array.ndim else array,
}


def through(change: Callable[[np.ndarray], Any], value: Any) -> Any:
    """The value with every array of numbers in it changed."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return change(value)
    if isinstance(value, (list, tuple)):
        return type(value)(through(change, item) for item in value)
    if isinstance(value, Mapping):
        return {name: through(change, item) for name, item in value.items()}
    if isinstance(getattr(value, "params", None), Mapping):  # an adapter, whose arrays are never lists
        own = {name: through(change, getattr(value, name)) for name in ("params", "frozen")}
        return value if _hold_lists(own) else dataclasses.replace(value, **own)
    return value


def _hold_lists(named: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(isinstance(item, list) for arrays in named.values() for item in arrays.values())


def run(entry: Entry, call: Call, change: Callable[[np.ndarray], Any]) -> Any:
    args = tuple(through(change, value) for value in call.args)
    options = {name: through(change, value) for name, value in call.options.items()}
    return entry.value(*args, **options)


def same(expected: Any, found: Any, xp: Backend | None, *, atol: float = 1e-300) -> None:
    """Equal values, and arrays of the kind and on the device of the caller."""
    if isinstance(expected, np.ndarray) and expected.dtype.kind in "biuf":
        if xp is not None:
            like = xp.asarray(expected)
            assert type(found) is type(like), f"{type(found)} came back for {type(like)}"
            assert array_api_compat.device(found) == array_api_compat.device(like)
            found = xp.to_numpy(found)
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=atol)
    elif isinstance(expected, Mapping):
        for name in expected:
            same(expected[name], found[name], xp)
    elif isinstance(expected, (list, tuple)):
        for one, other in zip(expected, found, strict=True):
            same(one, other, xp)
    elif isinstance(expected, Result):
        for field in dataclasses.fields(expected):
            # a gap is a difference of numbers of order one and has their rounding; so have its ends, and what it bounds
            rounded = {"atol": 2e-15} if field.name in ("achieved", "bound", "gap", "fixed_point_distance") else {}
            same(getattr(expected, field.name), getattr(found, field.name), xp, **rounded)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-12, abs=atol, nan_ok=True)
    elif isinstance(expected, (int, str, bool, type(None))):
        assert found == expected


def example(entry: Entry) -> Call:
    return calls(entry.system)[entry.name]()


EACH = pytest.mark.parametrize("entry", array_functions(), ids=lambda entry: entry.id)


@EACH
def test_library(entry: Entry, xp: Backend) -> None:
    expected = run(entry, example(entry), np.array)
    same(expected, run(entry, example(entry), xp.asarray), xp)


# a function on the caller's device takes arrays and numbers, and no lists
FORMED = [(e, form) for e in array_functions() for form in FORMS if not (form == "list" and e.value.arrays == "device")]


@pytest.mark.parametrize(("entry", "form"), FORMED, ids=lambda value: getattr(value, "id", value))
def test_form(entry: Entry, form: str) -> None:
    expected = run(entry, example(entry), np.array)
    same(expected, run(entry, example(entry), FORMS[form]), None)


@EACH
def test_the_input_is_not_modified(entry: Entry) -> None:
    call, given = example(entry), []

    def remembered(array: np.ndarray) -> np.ndarray:
        given.append((array.copy(), array))
        return array

    run(entry, call, remembered)
    assert given, f"the example of {entry.id} holds no array"
    for before, after in given:
        np.testing.assert_array_equal(before, after)
