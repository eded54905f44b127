"""Letters for positive numbers: what they prove, what they refuse, and that numbers have the last word."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.bounds import (
    Classical,
    Family,
    Generic,
    Identity,
    Inequality,
    Sides,
    Square,
    Statement,
    StatementError,
    check,
    defects,
    saboteur,
)
from lrtheory.bounds.arithmetic.letters import Branches, Ratio, letters, value_at
from lrtheory.bounds.session import Session

A, B, C = letters("abc")


def formula(x: Any, y: Any, z: Any) -> Any:
    return (x * x + 2 * x * y + y * y) / (x + y) / z - y**2 / (z + 1) + (-x) * 3 - 1 / y**2


def test_quotients_have_the_values_of_fractions() -> None:
    found = formula(A, B, C)
    chance = random.Random(0)
    for _ in range(50):
        at = [Fraction(chance.randint(1, 99), chance.randint(1, 99)) for _ in range(3)]
        assert value_at(found, at) == formula(*at)


def test_a_common_factor_goes_and_a_denominator_stays_positive() -> None:
    square = (A * A - B * B) / (A + B)
    assert (square - (A - B)).sign == 0
    assert square.den == 1
    kept = (A + B) / (A**3 + B**3)  # a^2 - a b + b^2 is positive, and its coefficients do not show it
    assert min(kept.den.coeffs()) > 0
    assert value_at(kept, (2, 3, 1)) == Fraction(1, 7)
    assert (A + 1) / (A + 1) == 1


def test_the_false_square_of_a_sum_is_no_identity() -> None:
    assert ((A + B) ** 2 - (A * A + B * B)).sign == 1
    assert not (A + B) ** 2 == A * A + B * B


UNDECIDED: list[Callable[[], object]] = [
    lambda: max(A, B),
    lambda: bool(A == B),
    lambda: abs(A - B),
    lambda: 1 / (A - B),
    lambda: float(A),
    lambda: int(A),
    lambda: sorted([A, B]),
    lambda: bool(A * A - 2 * A * B + B * B == 0),
    lambda: np.array([A, B], object).max(),
]


@pytest.mark.parametrize("step", UNDECIDED)
def test_a_step_that_depends_on_the_numbers_is_refused(step: Callable[[], object]) -> None:
    with pytest.raises(Branches):
        step()


@pytest.mark.parametrize("other", [float("nan"), float("inf"), True, "1", 1j, np.bool_(True)])
def test_letters_meet_exact_numbers_alone(other: Any) -> None:
    with pytest.raises(StatementError):
        A + other


def test_signs_of_coefficients_decide_for_all_positive_numbers() -> None:
    assert A + B > A
    assert A / (A + B) < 1
    assert -A < 0 < A < 1.7e308
    assert (A - A) == 0
    assert 0.5 * A + A / 2 == A
    assert A ** (-2) * A**2 == 1
    with pytest.raises(ZeroDivisionError):
        A / (B - B)
    with pytest.raises(StatementError, match="integers alone"):
        A ** Fraction(1, 2)
    with pytest.raises(StatementError, match="different names"):
        letters("aa")


# --- sets ------------------------------------------------------------------------------------------------------------


def halved(pair: Any, rng: Any) -> Any:
    return (pair[0] + pair[1]) / Fraction(2)


def pair_of(*numbers: Any) -> tuple[Any, ...]:
    return tuple(one * Fraction(1) for one in numbers)


PAIRS = Family("pairs", always=(pair_of(1, 1), pair_of(1, 2)), draw=lambda draws: pair_of(draws.integers(1, 9), 1))
MEANS = Statement(
    id="toys/means",
    title="Means",
    says="The arithmetic mean of two positive numbers is at least the harmonic one.",
    source=Classical("means", "any textbook"),
    tex="h <= a",
    hypotheses={"positive": lambda pair: min(pair) > 0},
    instances=PAIRS,
    for_all=(Generic("pairs of positive numbers", pair_of, "xy"),),
    solve=halved,
    claim=Inequality(lambda pair, mean: Sides(2 / (1 / pair[0] + 1 / pair[1]), mean, least=0)),
    saboteurs=(saboteur("half of it", solve=lambda pair, rng: halved(pair, rng) / 2),),
)


def with_set(**changes: Any) -> Statement:
    return dataclasses.replace(MEANS, for_all=(dataclasses.replace(MEANS.for_all[0], **changes),))


def test_a_saboteur_on_letters_gives_numbers_and_a_right_solver_gives_none() -> None:
    one = Generic("pairs", pair_of, "xy", wrong={"half of it": lambda pair: halved(pair, None) / 2})
    numbers, lhs, rhs = one.mistake("half of it", MEANS.claim)
    assert value_at(lhs, numbers) > value_at(rhs, numbers)
    with pytest.raises(StatementError, match="no numbers are found"):
        dataclasses.replace(one, wrong={"right": lambda pair: halved(pair, None)}).mistake("right", MEANS.claim)
    unknown = dataclasses.replace(MEANS, for_all=(dataclasses.replace(one, wrong={"none": None}),))
    assert any("no saboteur" in one and "'none'" in one for one in defects(unknown))


def gap(pair: Any, mean: Any) -> Any:
    x, y = pair
    return [[[Square(x - y), 1 / (2 * (x + y))]]]


def test_an_inequality_that_signs_do_not_decide_stays_open_without_its_reason() -> None:
    evidence = check(MEANS, Session())
    assert evidence.verdict == "inconclusive"
    assert "is not decided" in evidence.message
    proved = check(with_set(because=gap), Session())
    assert proved.verdict == "supported"
    assert dict(proved.lines())["all of"] == "pairs of positive numbers (2 letters): the code"


BAD: list[tuple[Callable[..., Any], str]] = [
    (lambda pair, mean: [[[Square(pair[0] - pair[1])]]], "does not add up"),
    (lambda pair, mean: [[[pair[0] - pair[1], pair[0] - pair[1], 1 / (2 * (pair[0] + pair[1]))]]], "may be negative"),
    (lambda pair, mean: [[[-1, Square(1)]]], "may be negative"),
    (lambda pair, mean: [], "has 0 entries, and the claim 1"),
]


@pytest.mark.parametrize(("because", "sentence"), BAD)
def test_a_reason_that_is_none_is_refused(because: Callable[..., Any], sentence: str) -> None:
    with pytest.raises(StatementError, match=sentence):
        check(with_set(because=because), Session())


def test_what_letters_refute_is_an_instance_with_numbers_that_the_check_judges() -> None:
    too_strong = Inequality(lambda pair, mean: Sides(mean, 2 / (1 / pair[0] + 1 / pair[1]), trivial=10**9))
    equal = dataclasses.replace(PAIRS, always=(pair_of(1, 1),), draw=None, complete="equal pairs", members=1)
    evidence = check(dataclasses.replace(with_set(because=gap), claim=too_strong, instances=equal), Session())
    assert evidence.verdict == "refuted"
    label = evidence.worst["instance"]
    assert label.startswith("for-all-1:")
    again = check(dataclasses.replace(MEANS, claim=too_strong), Session(), instance=label)
    assert (again.verdict, again.worst["lhs"]) == ("refuted", evidence.worst["lhs"])


def test_a_counterexample_that_the_check_denies_is_an_error() -> None:
    # the sides on letters are not those of the claim
    other = with_set(sides=lambda pair, mean: Sides(mean + pair[0] ** 9, mean * 2))
    with pytest.raises(StatementError, match="and the check supports it"):
        check(other, Session())


def test_an_identity_is_the_polynomial_zero() -> None:
    double = dataclasses.replace(
        with_set(), claim=Identity(lambda pair, mean: Sides(2 * mean, pair[0] + pair[1])), saboteurs=()
    )
    assert check(double, Session()).verdict == "supported"
    wrong = dataclasses.replace(
        double, claim=Identity(lambda pair, mean: Sides([mean * mean], [pair[0] * pair[1]])), instances=PAIRS
    )
    assert check(wrong, Session()).verdict == "refuted"


def test_members_with_numbers_are_met_first_and_each_satisfies_the_hypotheses() -> None:
    narrow = dataclasses.replace(MEANS, hypotheses={"alike": lambda pair: pair[0] == pair[1] or pair[1] == 2})
    with pytest.raises(StatementError, match="breaks the hypothesis 'alike'"):
        check(
            dataclasses.replace(narrow, instances=dataclasses.replace(PAIRS, draw=None, complete="two", members=2)),
            Session(),
        )
    found = list(itertools.islice(MEANS.for_all[0].numbers(), 20))
    assert found == list(itertools.islice(MEANS.for_all[0].numbers(), 20))
    assert all(isinstance(number, int) and number > 0 for numbers in found for number in numbers)
    assert isinstance(MEANS.for_all[0].of(*letters("xy"))[0], Ratio)


def test_sides_of_other_shapes_or_in_doubles_are_refused() -> None:
    for sides, sentence in (
        (lambda pair, mean: Sides([pair[0]], [pair[0], pair[0]]), "one shape"),
        (lambda pair, mean: Sides([0.1], [0.1]), "write constants as integers or Fractions"),
    ):
        with pytest.raises(StatementError, match=sentence):
            check(with_set(sides=sides), Session())
    with pytest.raises(StatementError, match="must name things"):
        Generic("3 pairs", pair_of, "xy")


def test_a_claim_that_holds_whatever_the_outcome_is_shows_nothing() -> None:
    for sides in (
        lambda pair, mean: Sides([0], [0]),
        lambda pair, mean: Sides([pair[0]], [pair[0] + pair[1]]),
        lambda pair, mean: Sides([mean - mean], [pair[0]]),
    ):
        with pytest.raises(StatementError, match="holds on letters whatever the outcome is"):
            check(with_set(sides=sides), Session())
