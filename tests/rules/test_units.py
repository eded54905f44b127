"""Units do not matter: data multiplied by a factor give the answer multiplied by it, from 10^-12 to 10^12.

A table of a system may name further factors of a row in `FAR`, up to the ends of the range of doubles.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np
import pytest

import lrtheory
from lrtheory._result import Result

FACTORS = (1e-12, 2.0**-40, 2.0**40, 1e12)
NEARLY = 1e-9  # relative; a factor that is no power of two rounds every number of the data


def tables(system: str) -> Any:
    return importlib.import_module(f"tests.rules.units.{system}")


CASES = [(system, name) for system in lrtheory.SYSTEMS for name in tables(system).UNITS]


@pytest.mark.parametrize(("system", "name"), CASES)
def test_units_do_not_matter(system: str, name: str) -> None:
    own = tables(system)
    solve, further = own.UNITS[name], getattr(own, "FAR", {}).get(name, ())
    honest = parts(solve(1.0))
    assert honest
    for factor in (*FACTORS, *further):
        found = parts(solve(factor))
        assert len(found) == len(honest)
        for ours, due in zip(found, honest, strict=True):
            scale = np.abs(due).max(initial=0.0) if due.dtype.kind == "f" else 0.0
            np.testing.assert_allclose(ours, due, rtol=NEARLY, atol=NEARLY * scale, err_msg=f"factor {factor}")


def parts(answer: Any) -> list[np.ndarray]:
    """The arrays of an answer."""
    found = answer if isinstance(answer, (tuple, list)) else (answer,)
    return [np.asarray(one.toarray() if hasattr(one, "toarray") else one) for one in found]


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_every_solver_is_tried_in_other_units_or_has_none(system: str) -> None:
    package, own = importlib.import_module(f"lrtheory.{system}"), tables(system)
    listed = {name.partition(":")[0] for name in own.UNITS} | set(own.UNITLESS)
    assert listed <= set(package.__all__)
    assert set(getattr(own, "FAR", {})) <= set(own.UNITS)
    assert all(len(reason.split()) >= 3 for reason in own.UNITLESS.values())
    assert {name for name in package.__all__ if computes(getattr(package, name))} <= listed


def computes(value: Any) -> bool:
    """Functions, and classes that are neither results nor data; makers, loaders and modules have no answer."""
    if inspect.isclass(value):
        return not issubclass(value, Result) and not is_data(value)
    return inspect.isroutine(value) and not value.__name__.startswith(("make_", "load_"))


def is_data(value: type) -> bool:
    """Whether a class only holds data: a frozen dataclass, or a named tuple."""
    return hasattr(value, "__dataclass_fields__") or issubclass(value, tuple)
