"""What a formula says of its domain is what it refuses, in a sentence that begins with the argument."""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory._numbers import formula
from lrtheory.bounds import Ball, Number, Numbers
from tests.core.formulas.declared import Declared, all_declared, beyond, inside

DECLARED = all_declared()
PAIRS = [(one, name) for one in DECLARED for name in one.domains]


def refused(one: Declared, name: str, value: Any, error: type[Exception] | tuple[type[Exception], ...]) -> str:
    """The sentence with which a formula refuses a value of one argument, all others being inside."""
    given = inside(one) | {name: value}
    with pytest.raises(error) as caught:
        call(one.function, given)
    assert str(caught.value).startswith(f"`{name}` must be "), f"{one.path}: {caught.value}"
    return str(caught.value)


def call(function: Callable[..., Any], given: dict[str, Any]) -> Any:
    bound = inspect.signature(function).bind_partial()
    # what nothing here can make is checked after the numbers, so it may be anything
    bound.arguments.update({name: given.get(name) for name in inspect.signature(function).parameters})
    return function(*bound.args, **bound.kwargs)


@pytest.mark.parametrize(("one", "name"), PAIRS, ids=[f"{one.path}-{name}" for one, name in PAIRS])
def test_what_lies_outside_is_refused(one: Declared, name: str) -> None:
    domain, given, both = one.domains[name], inside(one), (TypeError, ValueError)
    if domain.axes is not None:
        refused(one, name, given[name][None], ValueError)
        refused(one, name, np.full_like(given[name], math.nan), ValueError)
        for value in beyond(domain, given):
            refused(one, name, np.full_like(given[name], value), ValueError)
        return
    for value in (*beyond(domain, given), math.nan):
        refused(one, name, value, both)
    for value in (math.inf, -math.inf):
        refused(one, name, value, both)
    for value in ("a half", True):
        refused(one, name, value, TypeError)
    if one.hints[name] == Numbers:
        for value in (*beyond(domain, given), math.nan):
            refused(one, name, [given[name], float(value)], ValueError)


@pytest.mark.parametrize("one", DECLARED, ids=lambda one: one.path)
def test_what_an_annotation_alone_says_is_asked_for(one: Declared) -> None:
    parameters = inspect.signature(one.function).parameters
    kinds = {name: hint for name, hint in one.hints.items() if name in parameters and name not in one.domains}
    # the numbers come first, so a class behind another one is met once that one is right, which nothing here can be
    classes = [name for name, hint in kinds.items() if isinstance(hint, type) and not hint.__module__ == "builtins"]
    for name, hint in kinds.items():
        if typing.get_origin(hint) is typing.Literal:
            refused(one, name, "neither", ValueError)
        elif name in classes[:1] and hint is not np.ndarray:
            refused(one, name, object(), TypeError)


@pytest.mark.parametrize("one", DECLARED, ids=lambda one: one.path)
def test_the_help_says_the_domain_once(one: Declared) -> None:
    told = inspect.getdoc(one.function) or ""
    lines = [line for line in told.splitlines() if line.startswith("Domain: ")]
    assert len(lines) == bool(one.domains)
    assert all(f"{name} {domain.said}" in lines[0] for name, domain in one.domains.items())


@formula(m="[1, inf)", k="[1, min(m, n)]", n="[1, inf)", p="(0, 1/2]", eta="[0, sigma)", sigma="(0, inf)")
def toy(m: int, k: int, p: Number, *, eta: Numbers, sigma: Numbers = 1, n: int = 4, some: bool | None = None) -> Any:
    """Whatever was handed over."""
    return m, k, p, eta, sigma, n, some


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"k": 5}, r"^`k` must be at most min\(m, n\), which is 4; got 5"),
        ({"p": 0}, r"^`p` must be in \(0, 1/2\]; got 0"),
        ({"p": Fraction(2, 3)}, r"^`p` must be in \(0, 1/2\]; got Fraction"),
        ({"eta": 1}, "^`eta` must be below `sigma`, which is 1; got 1"),
        ({"eta": [0.5, 2.0], "sigma": [1.0, 1.0]}, "^`eta` must be below `sigma`, which is "),
        ({"eta": 10**400}, r"^`eta` must be in \[0, inf\)"),
        ({"eta": np.ma.masked_array([0.1, 0.2], [True, False])}, "^`eta` must be an array without a mask"),
        ({"some": "no"}, "^`some` must be True or False"),
        ({"m": 2.0}, "^`m` must be an integer"),
        ({"other": 1}, "unexpected keyword argument 'other'"),
        ({"eta": None}, "^`eta` must be a number"),
    ],
)
def test_sentences(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        toy(**({"m": 5, "k": 2, "p": 0.25, "eta": 0.5} | changed))


def test_numbers_arrive_as_they_are_and_integers_as_those_of_python() -> None:
    ball = Ball(Fraction(1, 4))
    found = toy(np.int8(100), np.uint64(3), Fraction(1, 3), eta=np.array([1, 2], np.int8), sigma=ball + 9)
    assert found[:3] == (100, 3, Fraction(1, 3))
    assert [type(x) for x in found[:2]] == [int, int]
    assert [type(x) for x in found[3]] == [int, int]
    assert toy(5, 2, ball, eta=0.5, some=np.True_)[6] is True
    assert toy(5, 2, 0.5, eta=1e-300) == (5, 2, 0.5, 1e-300, 1, 4, None)


@pytest.mark.parametrize("kind", [int, float, Fraction, np.float64, np.float32, np.int8, Ball])
def test_an_end_inside_is_taken_and_one_outside_is_not(kind: Callable[[Any], Any]) -> None:
    @formula(x="[0, 3)", y="(0, 3]", z="[1/3, 3]")
    def f(x: Number, y: Number, z: Number) -> tuple[Any, ...]:
        return x, y, z

    found = f(kind(0), kind(3), kind(1))
    assert found == (0, 3, 1)
    assert not any(isinstance(one, np.generic) for one in found)
    for outside in ({"x": 3}, {"y": 0}, {"z": 0}):
        with pytest.raises(ValueError, match=f"^`{next(iter(outside))}` must be in "):
            f(**{"x": kind(1), "y": kind(1), "z": kind(1)} | {name: kind(value) for name, value in outside.items()})


def test_a_double_below_a_fraction_is_outside() -> None:
    @formula(x="[1/3, 2/3]")
    def f(x: Number) -> Number:
        return x

    for x in (1 / 3, math.nextafter(1 / 3, 1), 2 / 3, math.nextafter(2 / 3, 1), math.nextafter(2 / 3, 0)):
        if Fraction(1, 3) <= Fraction(x) <= Fraction(2, 3):
            assert f(x) == x
        else:
            with pytest.raises(ValueError, match="must be in"):
                f(x)


def test_python_says_what_is_missing() -> None:
    with pytest.raises(TypeError, match=r"^toy\(\) missing 1 required keyword-only argument: 'eta'"):
        toy(1, 1, 0.5)
    with pytest.raises(TypeError, match=r"^toy\(\) takes 3 positional arguments but 4 were given"):
        toy(1, 1, 0.5, 0.5)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^toy\(\) got multiple values for argument 'm'"):
        toy(1, 1, 0.5, m=2, eta=0.1)  # type: ignore[misc]


@formula(U="m x k", s="k in [0, inf)")
def shaped(U: np.ndarray, s: np.ndarray) -> Any:
    return U.shape, s


def test_a_letter_is_one_length() -> None:
    assert shaped([[1, 2]], [3, 4])[0] == (1, 2)
    assert [type(x) for x in shaped([[1, 2]], np.array([3, 4], np.int8))[1]] == [int, int]
    for s, sentence in (([1], r"`s` must be of shape \(2,\)"), ([1, -1], r"`s` must be in \[0, inf\)")):
        with pytest.raises(ValueError, match=sentence):
            shaped([[1, 2]], s)


@pytest.mark.parametrize(
    ("domains", "sentence"),
    [
        ({"x": "0 to 1"}, "`x` must be an interval such as"),
        ({"x": "[0, y)"}, "`x` must be bounded by numbers, inf, or other arguments; got 'y'"),
        ({"y": "[0, 1]"}, "`y` must be one of the arguments x"),
    ],
)
def test_what_is_no_domain_is_refused_where_it_stands(domains: dict[str, str], sentence: str) -> None:
    def f(x: Number) -> Number:
        return x

    with pytest.raises(ValueError, match=sentence):
        formula(**domains)(f)


def test_a_number_without_a_domain_is_an_error_of_its_author() -> None:
    @formula()
    def f(x: int) -> int:
        return x

    with pytest.raises(ValueError, match="`x` must be given an interval by the decorator of f"):
        f(1)
