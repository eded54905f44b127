"""Doubles give the answer of the exact numbers that they are, up to rounding, wherever these can be computed with."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import pytest

from tests.core.formulas.exchanging import (
    FORMULAS,
    answer,
    example,
    exchanged,
    function_of,
    holds_data,
    is_number,
    leaves,
    of_doubles,
    of_objects,
    plain_name,
)

BITS = 400  # of a ball
EXACT = ("ArrayLike", "Number", "ndarray")
TRIALS = 12
NEARLY = 1e-9
LARGE = 2**1000
#: answers to balls and Fractions that differ from those to doubles, as the docstrings say
OTHER = {"logit_bound"}
#: formulas of ill-conditioned matrices, whose entries do not determine the answer to as many digits; a slope and a
#: tangent whose terms cancel
CONDITIONED = {
    "edit_residual",
    "exponential_tangent",
    "innovation_cost",
    "interference",
    "leave_one_out",
    "ledger_cost",
    "squared_norm_derivative",
}


def ball(value: Any) -> flint.arb:
    return flint.arb(flint.fmpq(*Fraction(value).as_integer_ratio()))


#: how numbers are chosen: near 1, small and large ones, those near an end of [0, 1], nearly equal ones, and large ones
#: whose differences are small
CHOICES: dict[str, Callable[[random.Random, float], float]] = {
    "plain": lambda rng, x: 2 * rng.random(),
    "wide": lambda rng, x: rng.random() * 2.0 ** rng.randint(-30, 30),
    "tiny": lambda rng, x: (rng.random() + 0.1) * 2.0 ** rng.randint(-60, -20),
    "edge": lambda rng, x: rng.choice([1 - 2.0 ** -rng.randint(1, 53), 0.5 - 2.0 ** -rng.randint(5, 50)]),
    "near": lambda rng, x: abs(x) * (1 + rng.random() * 2.0 ** -rng.randint(10, 50)),
    "shifted": lambda rng, x: 1e8 + rng.random(),
}


@pytest.fixture(autouse=True)
def _precise_balls() -> Any:
    with flint.ctx.workprec(BITS):
        yield


def drawn(rng: random.Random, value: Any) -> Any:
    """The argument with its own numbers, or others of one way of choosing; signs stay."""
    choose = CHOICES[rng.choice(list(CHOICES))] if rng.random() < 0.75 else lambda _, x: abs(float(x))
    return exchanged(value, lambda x: choose(rng, x) * (-1 if x < 0 else 1), of_objects(float))


def exactly(function: Callable[..., Any], bound: Any, changed: dict[str, Any]) -> list[Any] | None:
    """The answer to numbers of another kind, or None where the formula does not take them."""
    try:
        return answer(function, bound, changed)
    except (TypeError, ValueError, AttributeError):
        return None


def as_fraction(value: flint.arb) -> Any:
    """The middle of a ball; beyond the doubles 0 or infinity, since Fractions of such a size would fill the memory."""
    if not abs(value) < 2 * flint.arb(LARGE):
        return math.inf
    middle = value.mid().fmpq() if abs(value) > flint.arb(2) ** -1100 else 0
    return Fraction(int(middle.p), int(middle.q)) if middle else Fraction(0)


def are_near(ours: list[Any], due: list[Any]) -> bool:
    """Numbers agree relative to the largest one of the answer; what a ball does not say is left out."""
    pairs = [(x, as_fraction(y) if isinstance(y, flint.arb) else y) for x, y in zip(ours, due, strict=True) if says(y)]
    pairs = [(x, y) for x, y in pairs if is_number(x) and is_number(y) and not x != x]
    if any(abs(y) > LARGE for _, y in pairs):  # near the end of the doubles
        return all(abs(x) > LARGE / 2 for x, y in pairs if abs(y) > LARGE)
    allowed = max((abs(Fraction(y)) for _, y in pairs), default=0) * Fraction(NEARLY) + Fraction(1, LARGE)
    return all(abs(x) < math.inf and abs(Fraction(x) - Fraction(y)) <= allowed for x, y in pairs)


def says(value: Any) -> bool:
    return not isinstance(value, flint.arb) or bool(value.is_finite() and value.rad() * 2**60 < abs(value))


@pytest.mark.parametrize(("system", "name"), FORMULAS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_doubles_are_as_good_as_exact_numbers(system: str, name: str) -> None:
    if plain_name(name) in OTHER | CONDITIONED:
        return
    function, rng = function_of(system, name), random.Random(f"{system}.{name}")
    exact = lambda key: holds_data(system, name, key, EXACT)
    given = {key: x for key, x in example(system, name).arguments.items() if leaves(x) and exact(key)}
    for _ in range(TRIALS if given else 0):
        chosen = {key: drawn(rng, value) for key, value in given.items()}
        of_kind = lambda make, chosen=chosen: {key: exchanged(x, lambda x: x, make) for key, x in chosen.items()}
        ours = answer(function, example(system, name), of_kind(of_doubles))
        for kind in (ball, Fraction) if ours is not None else ():
            due = exactly(function, example(system, name), of_kind(of_objects(kind)))
            if due is not None:
                assert are_near(ours, due), f"{name}({chosen}) is {ours}, not {due}"
                break
