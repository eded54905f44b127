"""Linear programs: multipliers are checked in rationals, and whatever is off by a little proves nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from lrtheory.bounds import (
    Classical,
    Dual,
    Family,
    Inequality,
    Program,
    Sides,
    Statement,
    StatementError,
    check,
    saboteur,
)
from lrtheory.bounds.arithmetic.letters import letters
from lrtheory.bounds.session import Session
from lrtheory.bounds.sets import dual
from lrtheory.bounds.sets.dual import ONE, follows, vertex

#: x >= 0, y >= 0, x + y <= 1; then 2 x + y <= 2, with equality at (1, 0)
TRIANGLE = {"x": {"x": 1}, "y": {"y": 1}, "Sum": {ONE: 1, "x": -1, "y": -1}}
GOAL = {ONE: 2, "x": -2, "y": -1}
PROGRAM = Program(TRIANGLE, GOAL)
RIGHT = {"Sum": Fraction(2), "y": Fraction(1)}


def test_multipliers_prove_a_goal() -> None:
    assert follows(PROGRAM, RIGHT)
    assert follows(Program({"x": {"x": 1}}, {"x": Fraction(1, 3)}), {"x": Fraction(1, 3)})
    assert follows(Program({"x": {"x": 1}}, {"x": 1, ONE: 5}), {"x": 1, ONE: 5})


WRONG: list[dict[str, Any]] = [
    {"Sum": Fraction(2) + Fraction(1, 10**6), "y": Fraction(1)},
    {"Sum": Fraction(2) - Fraction(1, 10**6), "y": Fraction(1)},
    {"Sum": Fraction(3), "y": Fraction(2), "x": Fraction(1), ONE: Fraction(-1)},  # adds up, with a wrong sign
    {"Sum": Fraction(1), "x": Fraction(1)},  # for another goal
    {"Sum": Fraction(0)},
    {},
]


@pytest.mark.parametrize("multipliers", WRONG)
def test_multipliers_that_are_off_prove_nothing(multipliers: dict[str, Any]) -> None:
    assert not follows(PROGRAM, multipliers)


@pytest.mark.parametrize("weight", [2.0, True, float("nan"), "2", None])
def test_multipliers_are_exact_numbers_of_facts(weight: Any) -> None:
    with pytest.raises(StatementError, match="a multiplier must be an exact number and name a fact"):
        follows(PROGRAM, {"Sum": weight, "y": Fraction(1)})
    with pytest.raises(StatementError, match="name a fact"):
        follows(PROGRAM, {"nothing": Fraction(1)})


def test_letters_multiply_for_all_positive_numbers() -> None:
    (a,) = letters("a")
    scaled = Program({"x": {"x": 1}, "y": {"y": a}}, {"x": a, "y": a * a})
    assert follows(scaled, {"x": a, "y": a})
    assert not follows(scaled, {"x": a, "y": a + 1})
    assert not follows(Program({"x": {"x": 1}}, {"x": a - 1}), {"x": a - 1})


# --- sets ------------------------------------------------------------------------------------------------------------


def doubled(point: tuple[Fraction, Fraction], rng: Any) -> Fraction:
    return 2 * point[0] + point[1]


def at(values: Mapping[Any, Fraction]) -> tuple[Fraction, Fraction]:
    return values["x"], values["y"]


def point(x: int, y: int) -> tuple[Fraction, Fraction]:
    return Fraction(x, 8), Fraction(y, 8)


POINTS = Family("points", always=(point(0, 8), point(4, 4)), complete="two points", members=2)
EVERY = Dual("points of a triangle", lambda: [PROGRAM], instance=at, sharp=True)
BELOW = Statement(
    id="toys/triangle",
    title="A triangle",
    says="On the triangle between 0 and the two unit vectors 2 x + y is at most 2.",
    source=Classical("a triangle", "any textbook"),
    tex="2 x + y <= 2",
    hypotheses={"inside": lambda p: min(p) >= 0 and sum(p) <= 1},
    instances=POINTS,
    for_all=(EVERY,),
    solve=doubled,
    claim=Inequality(lambda p, value: Sides(value, Fraction(2)), unbounded="a toy"),
    saboteurs=(saboteur("three times", solve=lambda p, rng: 3 * p[0]),),
)


def of(**changes: Any) -> Statement:
    return dataclasses.replace(BELOW, for_all=(dataclasses.replace(EVERY, **changes),))


def test_all_points_are_covered_and_the_sharp_one_is_an_instance() -> None:
    evidence = check(BELOW, Session())
    assert evidence.verdict == "supported"
    assert dict(evidence.lines())["all of"] == "points of a triangle: the rule"
    assert check(BELOW, Session(), instance="for-all-1:0").worst["lhs"] == "2"
    with pytest.raises(ValueError, match="the label of a member"):
        check(BELOW, Session(), instance="for-all-1:1")
    assert check(BELOW.sabotaged("three times"), Session()).sets[-1]["verdict"] == "refuted"


def test_a_point_against_the_goal_is_judged_by_the_check() -> None:
    strong = dataclasses.replace(
        of(programs=lambda: [Program(TRIANGLE, {ONE: Fraction(3, 2), "x": -2, "y": -1})]),
        claim=Inequality(lambda p, value: Sides(value, Fraction(3, 2)), unbounded="a toy"),
    )
    evidence = check(strong, Session())
    assert (evidence.verdict, evidence.worst["lhs"], evidence.worst["rhs"]) == ("refuted", "2", "3/2")
    with pytest.raises(StatementError, match="and the check supports the claim"):
        check(dataclasses.replace(strong, claim=BELOW.claim), Session())


def test_a_goal_that_is_attained_nowhere_is_not_sharp() -> None:
    loose = of(programs=lambda: [Program(TRIANGLE, {ONE: 3, "x": -2, "y": -1})])
    assert "no program attains its goal" in check(loose, Session()).message
    assert check(of(programs=loose.for_all[0].programs, sharp=False, anchors=(point(8, 0),)), Session()).verdict == (
        "supported"
    )


def test_facts_that_contradict_each_other_cover_nothing() -> None:
    empty = TRIANGLE | {"Far": {"x": 1, ONE: -2}}
    with pytest.raises(StatementError, match="no program whose facts can hold together"):
        check(of(programs=lambda: [Program(empty, GOAL)]), Session())
    both = of(programs=lambda: [Program(empty, {ONE: -5}), PROGRAM])
    assert check(both, Session()).verdict == "supported"


@pytest.mark.parametrize(
    ("programs", "sentence"),
    [
        (lambda: [], "no program whose facts can hold together"),
        (lambda: [Program({}, GOAL)], "has no facts"),
        (lambda: [Program(TRIANGLE, {"x": 0})], "a goal without variables"),
    ],
)
def test_no_programs_cover_nothing(programs: Any, sentence: str) -> None:
    with pytest.raises(StatementError, match=sentence):
        check(of(programs=programs), Session())


def test_a_set_needs_an_instance_that_the_check_can_measure() -> None:
    with pytest.raises(StatementError, match="no instance on which the check could be asked"):
        Dual("points", lambda: [PROGRAM])
    with pytest.raises(StatementError, match="must name things"):
        Dual("7 points", lambda: [PROGRAM], anchors=(1,))


@pytest.mark.parametrize("spoil", [lambda y: y + Fraction(1, 10**6), lambda y: -y, lambda y: 0 * y])
def test_a_solver_that_lies_proves_nothing(monkeypatch: pytest.MonkeyPatch, spoil: Any) -> None:
    solved = dual.rational_solution
    monkeypatch.setattr(dual, "rational_solution", lambda A, b: [spoil(one) for one in solved(A, b) or []])
    evidence = check(of(sharp=False, anchors=(point(8, 0),)), Session())
    assert evidence.verdict == "inconclusive"
    assert "has no multipliers that prove its goal" in evidence.message


def test_the_point_of_a_program_satisfies_its_facts_in_rationals() -> None:
    assert vertex(PROGRAM) == {ONE: 1, "x": 1, "y": 0}
    third = Program({"Most": {ONE: 1, "x": -3}, "x": {"x": 1}}, {ONE: 1, "x": -1})
    assert vertex(third) == {ONE: 1, "x": Fraction(1, 3)}
