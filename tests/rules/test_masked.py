"""Masked arrays: NumPy would use their hidden entries, so public functions refuse them or read them as missing."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.examples import Call, all_calls, calls

#: functions for which a masked entry is one that nobody has observed
MISSING = {"matrix_completion.complete", "matrix_completion.complete_dense"}


def masked(call: Call) -> Iterator[tuple[str, Call]]:
    """The call with one array of numbers after the other masked in its first entry."""
    for place, value in enumerate(call.args):
        if is_numbers(value):
            yield str(place), Call((*call.args[:place], hidden(value), *call.args[place + 1 :]), call.options)
    for name, value in call.options.items():
        if is_numbers(value):
            yield name, Call(call.args, call.options | {name: hidden(value)})


def is_numbers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.size > 0 and value.ndim > 0


def hidden(value: np.ndarray) -> Any:
    mask = np.zeros(value.shape, bool)
    mask.flat[0] = True
    return np.ma.masked_array(value, mask)


@pytest.mark.parametrize(("system", "name"), all_calls())
def test_no_public_function_uses_hidden_entries(system: str, name: str) -> None:
    if f"{system}.{name}" in MISSING:
        return
    module: Any = importlib.import_module(f"lrtheory.{system}")
    for part in name.split("."):
        module = getattr(module, part)
    for place, call in masked(calls(system)[name]()):
        try:
            module(*call.args, **call.options)
        except (TypeError, ValueError) as error:
            assert "mask" in str(error), f"argument {place}: {error}"  # noqa: PT017
        else:
            pytest.fail(f"argument {place} was taken with its hidden entry")
