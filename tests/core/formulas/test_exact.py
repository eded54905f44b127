"""Exact numbers in, exact numbers out: no formula of sums, products, quotients and comparisons answers with a double.

A formula whose values are not rational says so: it is annotated to return doubles, or it, or a function of this project
that it calls, names a root, a logarithm, an exponential, or another function of `IRRATIONAL`.
"""

from __future__ import annotations

import ast
import inspect
import random
import textwrap
from fractions import Fraction
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from tests.core.formulas.exchanging import (
    FORMULAS,
    answer,
    example,
    exchanged,
    function_of,
    holds_data,
    leaves,
    of_objects,
    plain_name,
)

DATA = ("ArrayLike", "Number", "ndarray")
TRIALS = 16
#: functions whose values at rational numbers are not rational
IRRATIONAL = {
    *("sqrt", "norm", "hypot", "pi", "log", "log1p", "log2", "exp", "expm1", "sinh", "cosh", "tanh", "sin", "cos"),
    *("logsumexp", "xlogy", "lgamma", "svd", "svdvals", "eigh", "eigvalsh", "betaincinv", "inexact"),
}
#: formulas that answer with doubles for another reason
DOUBLES = {
    "cast_error": "units of roundoff of formats of doubles",
    "cg_error_bound": "a power whose exponent need not be whole",
    "driving_second_moment": "the matrix is of a class that holds doubles",
    "samples_alternating": "a power of 4.5",
}


#: packages whose functions are read
OWN = {"lrtheory", "proofs_checks"}


@cache
def called(function: Any) -> frozenset[Any]:
    """A function, and the functions of this project that it calls, and that these call."""
    found, waiting = set(), [inspect.unwrap(function)]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, FunctionType) or one in found or one.__module__.split(".")[0] not in OWN:
            continue
        found.add(one)
        waiting += [inspect.unwrap(other) for name in words(one) if callable(other := one.__globals__.get(name))]
    return frozenset(found)


@cache
def words(function: FunctionType) -> frozenset[str]:
    """The names and attributes in the body of a function, which include those that it calls."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return frozenset(names | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)})


def is_rational(function: Any) -> bool:
    """Whether a formula promises numbers of the kind that it is given, and no function of it is irrational."""
    promised = str(inspect.signature(function).return_annotation)
    return "Number" in promised and not any(words(one) & IRRATIONAL for one in called(function))


def drawn(rng: random.Random, x: Any) -> Fraction:
    """A Fraction near the number, or a small one of its sign; a whole one often, since maxima then meet integers."""
    size = (Fraction(rng.randint(0, 4)), Fraction(rng.randint(1, 7), 8), Fraction(rng.randint(1, 9), rng.randint(1, 9)))
    return rng.choice([Fraction(x).limit_denominator(8), *(-s if x < 0 else s for s in size)])


def other_arguments(system: str, name: str, rng: random.Random) -> dict[str, Any]:
    """Fractions for the numbers of the example, and small counts in the place of some of its counts."""
    given = {key: value for key, value in example(system, name).arguments.items() if leaves(value)}
    changed: dict[str, Any] = {}
    for key, value in given.items():
        if holds_data(system, name, key, DATA):
            changed[key] = exchanged(value, lambda x: drawn(rng, x), of_fractions)
        elif type(value) is int and rng.random() < 0.5:
            changed[key] = rng.randint(0, 6)
    return changed


def of_fractions(values: list[Any], shape: Any) -> Any:
    return np.fromiter(values, object, len(values)).reshape(shape).tolist()


RATIONAL = [(system, name) for system, name in FORMULAS if is_rational(function_of(system, name))]


@pytest.mark.parametrize(("system", "name"), RATIONAL)
def test_fractions_give_no_double(system: str, name: str) -> None:
    if plain_name(name) in DOUBLES:
        return
    function, rng = function_of(system, name), random.Random(f"{system}.{name}")
    for _ in range(TRIALS):
        changed = other_arguments(system, name, rng)
        found = answer(function, example(system, name), changed) or []
        doubles = [x for x in found if isinstance(x, (float, np.floating)) and np.isfinite(x)]
        assert not doubles, f"{name}({changed}) is {found}"


@pytest.mark.parametrize(("system", "name"), sorted(set(FORMULAS) - set(RATIONAL)))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_not_rational_takes_fractions_or_says_why_not(system: str, name: str) -> None:
    given = {key: value for key, value in example(system, name).arguments.items() if leaves(value)}
    data = {key: value for key, value in given.items() if holds_data(system, name, key, DATA)}
    exact = {key: exchanged(value, lambda x: x, of_objects(Fraction)) for key, value in data.items()}
    answer(function_of(system, name), example(system, name), exact)


def test_exceptions_are_formulas_that_would_be_asked() -> None:
    assert {plain_name(name) for _, name in RATIONAL} >= set(DOUBLES)
    assert len(RATIONAL) > 150
