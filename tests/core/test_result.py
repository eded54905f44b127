"""Results are frozen, also inside and after a copy; they print short and become JSON."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from lrtheory._result import Result, json_safe, read_only, result


@result
class Answer(Result):
    """A result with a field of every kind."""

    pi: Any
    parts: tuple[Any, ...] = ()
    graph: Any = None
    counts: Any = None
    trace: Any = None


def answer() -> Answer:
    return Answer(
        pi=np.array([0.25, np.nan, np.inf]),
        parts=(np.arange(3), "name", Fraction(1, 3)),
        graph=sparse.csr_array(np.eye(2)),
        counts={"queries": 3},
        trace={"prices": np.zeros((100, 2)), "inner": {"steps": np.ones(2)}},
    )


COPIES = [lambda a: a, copy.copy, copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a)), dataclasses.replace]


@pytest.mark.parametrize("through", COPIES, ids=["itself", "copy", "deepcopy", "pickle", "replace"])
def test_everything_inside_is_read_only(through: Any) -> None:
    found = through(answer())
    inside = [found.pi, found.parts[0], found.graph.data, found.trace["prices"], found.trace["inner"]["steps"]]
    for array in inside:
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    for mapping in (found.counts, found.trace, found.trace["inner"]):
        assert isinstance(mapping, MappingProxyType)
    np.testing.assert_array_equal(found.pi, answer().pi)
    np.testing.assert_array_equal(found.graph.toarray(), np.eye(2))


def test_fields_cannot_be_set_or_added() -> None:
    found = answer()
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.pi = None
    with pytest.raises((AttributeError, TypeError)):
        found.novel = 1
    assert not hasattr(found, "__dict__")


def test_results_compare_by_identity() -> None:
    found = answer()
    assert found == found
    assert found != answer()
    assert len({found, answer()}) == 2


def test_the_callers_array_stays_writable() -> None:
    given = np.zeros(3)
    assert not read_only(given).flags.writeable
    Answer(given)
    given[0] = 1


def test_to_dict_is_json() -> None:
    written = json.loads(json.dumps(answer().to_dict(), allow_nan=False))
    assert written["pi"] == [0.25, "nan", "inf"]
    assert written["parts"] == [[0, 1, 2], "name", "1/3"]
    assert written["graph"] == {"shape": [2, 2], "row": [0, 1], "col": [0, 1], "data": [1.0, 1.0]}
    assert written["trace"]["inner"] == {"steps": [1.0, 1.0]}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (np.float64(0.5), 0.5),
        (np.bool_(True), True),
        (np.int64(3), 3),
        (float("-inf"), "-inf"),
        (None, None),
        ({1: (2, 3)}, {"1": [2, 3]}),
        (np.array([Fraction(1, 2), 1], object), ["1/2", 1]),
        (np.array(2.5), 2.5),
    ],
)
def test_json_safe(value: Any, written: Any) -> None:
    assert json_safe(value) == written


def test_the_repr_is_short_and_leaves_out_what_is_none() -> None:
    text = repr(Answer(np.zeros((10**4, 2)), counts={"queries": 3}))
    assert text == "Answer(pi=<float64 array of shape (10000, 2)>, parts=(), counts={queries: 3})"
    assert len(repr(Answer("a" * 10**4))) < 200
