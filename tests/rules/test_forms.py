"""Forms in which arrays arrive: lists, data frames and scalars get one answer everywhere; masks are never ignored."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

import lrtheory
from lrtheory._result import Result
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


@pytest.mark.parametrize(("system", "name"), all_calls())
def test_minus_infinity_is_refused_where_infinity_is(system: str, name: str) -> None:
    """A check of the largest number alone does not see it."""
    recipe = calls(system)[name]
    for index, _ in replaced(recipe(), with_first(np.inf)):
        if refused(function(system, name), dict(replaced(recipe(), with_first(np.inf)))[index]):
            call = dict(replaced(recipe(), with_first(-np.inf)))[index]
            assert refused(function(system, name), call), f"argument {index} was taken"


def with_first(number: float) -> Callable[[np.ndarray], np.ndarray]:
    """Changes an array so that its first entry is this number."""

    def change(value: np.ndarray) -> np.ndarray:
        changed = value.astype(np.float64)
        changed.flat[0] = number
        return changed

    return change


def refused(called: Callable[..., Any], call: Call) -> bool:
    """Whether a call ends in a sentence; infinities may warn where they are taken."""
    try:
        with np.errstate(all="ignore"):
            called(*call.args, **call.options)
    except (TypeError, ValueError):
        return True
    return False


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


@pytest.mark.parametrize(("system", "name"), all_calls())
def test_a_switch_is_true_or_false(system: str, name: str) -> None:
    """The word "no", which Python counts as true, and numbers are refused wherever a function asks for a bool."""
    called = function(system, name)
    for switch, rule in switches(called):
        for wrong in ("no", 2):
            call = calls(system)[name]()
            with pytest.raises(TypeError, match=f"^`{switch}` must be {rule}; got {wrong!r}\\.$"):
                called(*call.args, **(call.options | {switch: wrong}))


def switches(called: Callable[..., Any]) -> list[tuple[str, str]]:
    """The names of the parameters that are a bool, each with what it must be."""
    if isinstance(called, type) and issubclass(called, Result):
        return []  # the fields of a result are set by the function that returns it
    rules = {"bool": "True or False", "bool | None": "True, False or None"}
    given = inspect.signature(called).parameters.items()
    return [(name, rules[one.annotation]) for name, one in given if one.annotation in rules]


#: the same of methods, of which no small call is kept, by their systems
METHODS = {
    "alpha_rank.anytime": lambda system: system.ResponseGraphUCB((2, 2), anytime="no"),
    "alpha_rank.joint": lambda system: system.ResponseGraphUCB((2, 2), joint="no"),
    "alpha_rank.incoming": lambda system: system.profile_chain(GAME).perturbed_rates(0.1, incoming="no"),
    "dual_mirror_descent.lazy": lambda system: system.DualMirrorDescent(
        [1.0], 5, reward_bound=1.0, cost_bound=1.0, lazy="no"
    ),
    "dynamic_submodular.directed": lambda system: system.Coverage.from_frame(
        {"source": ["a"], "target": ["b"]}, directed="no"
    ),
    "dynamic_submodular.closed": lambda system: system.Coverage.from_graph(nx.path_graph(3), closed="no"),
    "dynamic_submodular.record": lambda system: system.DynamicSubmodular(system.Coverage([[0], [1]]), 1, rng=0).update(
        [0], record="no"
    ),
    "lora_limits.rslora": lambda system: system.LoRAHead(
        *[np.eye(2)] * 3, adapters={}, alpha=1.0, beta=1.0, rslora="no"
    ),
    "transductive_clustering.hard": lambda system: system.Turns(hard="no"),
    "transductive_clustering.standardize": lambda system: system.PointTable.from_frame({"x": [1.0, 2.0]}).problem(
        standardize="no"
    ),
}
GAME = np.zeros((2, 2, 2))


@pytest.mark.parametrize("method", [name for name in METHODS if name.partition(".")[0] in lrtheory.SYSTEMS])
def test_a_switch_of_a_method_is_true_or_false(method: str) -> None:
    system, _, name = method.partition(".")
    with pytest.raises(TypeError, match=f"^`{name}` must be True or False; got 'no'\\.$"):
        METHODS[method](importlib.import_module(f"lrtheory.{system}"))


def test_header_and_force_are_true_or_false(tmp_path: Path) -> None:
    system = pytest.importorskip("lrtheory.transductive_clustering")  # any system that reads tables
    table = tmp_path / "table.csv"
    table.write_text("x,y\n1,2\n")
    with pytest.raises(TypeError, match="^`header` must be True, False or None; got 'no'"):
        system.PointTable.from_file(table, header="no")
    found = system.bound_update(np.zeros((2, 2)), np.zeros((2, 2)), lam=1.0)
    with pytest.raises(TypeError, match="^`force` must be True or False; got 'no'"):
        found.to_file(table, force="no")
    assert table.read_text() == "x,y\n1,2\n"
