"""Forms in which arrays arrive: lists, data frames and scalars get one answer everywhere; masks are never ignored."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from tests.examples import Call, all_calls, calls

#: functions for which a masked entry is one that nobody has observed
MISSING = {"matrix_completion.complete", "matrix_completion.complete_dense"}
#: functions of arrays that stay on their device, which say that lists are for another function
ARRAYS_ALONE = {"matrix_completion.complete_dense"}
SENTENCE = re.compile(r"`[^`]+` must be .+\.$", re.DOTALL)


def function(system: str, name: str) -> Callable[..., Any]:
    """The public function of a system with a dotted name."""
    found: Any = importlib.import_module(f"lrtheory.{system}")
    for part in name.split("."):
        found = getattr(found, part)
    return found


def replaced(call: Call, change: Callable[[np.ndarray], Any]) -> Iterator[tuple[str, Call]]:
    """The call with one array of numbers after the other in another form."""
    for index, value in enumerate(call.args):
        if is_numbers(value):
            yield str(index), Call((*call.args[:index], change(value), *call.args[index + 1 :]), call.options)
    for name, value in call.options.items():
        if is_numbers(value):
            yield name, Call(call.args, call.options | {name: change(value)})


def is_numbers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.size > 0 and value.ndim > 0


def hidden(value: np.ndarray) -> Any:
    """The array with a mask over its first entry."""
    mask = np.zeros(value.shape, bool)
    mask.flat[0] = True
    return np.ma.masked_array(value, mask)


def frame(value: np.ndarray) -> Any:
    """The array as a data frame or a column of one; pandas has nothing with more axes."""
    pandas = pytest.importorskip("pandas")
    return {1: pandas.Series, 2: pandas.DataFrame}.get(value.ndim, np.array)(value)


def assert_same(found: Any, expected: Any) -> None:
    """Two results are equal, arrays up to the rounding of sums in another order."""
    if sparse.issparse(expected):
        found, expected = found.toarray(), expected.toarray()
    if isinstance(expected, np.ndarray) and expected.dtype.kind in "fc":
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected)
    elif dataclasses.is_dataclass(expected) and not isinstance(expected, type):
        for field in dataclasses.fields(expected):
            if field.name != "seconds":  # a time, which differs from call to call
                assert_same(getattr(found, field.name), getattr(expected, field.name))
    elif isinstance(expected, Mapping):
        assert found.keys() == expected.keys()
        for key in expected:
            assert_same(found[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, (int, float, str, bool, type(None))):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
    else:  # an object whose contents are its own business
        assert type(found) is type(expected)


@pytest.mark.parametrize(("system", "name"), all_calls())
def test_no_public_function_uses_hidden_entries(system: str, name: str) -> None:
    if f"{system}.{name}" in MISSING:
        return
    for index, call in replaced(calls(system)[name](), hidden):
        with pytest.raises((TypeError, ValueError), match="mask"):
            pytest.fail(f"argument {index} was taken: {function(system, name)(*call.args, **call.options)}")


@pytest.mark.parametrize("form", [np.ndarray.tolist, frame], ids=["list", "frame"])
@pytest.mark.parametrize(("system", "name"), all_calls())
def test_lists_and_frames_are_as_good_as_arrays(system: str, name: str, form: Callable[[np.ndarray], Any]) -> None:
    called = function(system, name)
    recipe = calls(system)[name]
    variants = [index for index, _ in replaced(recipe(), form)]
    if not variants or f"{system}.{name}" in ARRAYS_ALONE:
        return
    first = recipe()
    expected = called(*first.args, **first.options)
    for index in variants:  # a recipe may hold a generator, so each call gets a new one
        call = dict(replaced(recipe(), form))[index]
        assert_same(called(*call.args, **call.options), expected)


@pytest.mark.parametrize(("system", "name"), all_calls())
def test_a_scalar_in_place_of_an_array_works_or_gets_one_sentence(system: str, name: str) -> None:
    for _, call in replaced(calls(system)[name](), lambda value: value.flat[0].item()):
        try:
            function(system, name)(*call.args, **call.options)
        except (TypeError, ValueError) as error:
            assert SENTENCE.match(str(error)), str(error)  # noqa: PT017
