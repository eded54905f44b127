"""Boxes: what is proved on all of a box is true there, whatever units and shapes, and what is false never passes."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtheory.bounds import (
    Ball,
    Box,
    Classical,
    Family,
    Inequality,
    Sides,
    Statement,
    StatementError,
    check,
    defects,
    exp,
    log,
    saboteur,
    sqrt,
)
from lrtheory.bounds.deciding.variants import with_variants
from lrtheory.bounds.session import Session
from lrtheory.bounds.sets import box as module
from lrtheory.bounds.sets.box import Covered

UNIT = {"x": (0, 1)}
NEVER: dict[str, Any] = {"never": lambda *numbers: [-1]}


def box(slack: Callable[..., Any], reals: Any = None, **options: Any) -> Box:
    given = {"wrong": NEVER, "of": lambda *numbers: numbers} | options
    return Box("numbers", slack=slack, reals=UNIT if reals is None else reals, **given)


def covered(slack: Callable[..., Any], reals: Any = None, **options: Any) -> Covered:
    one = box(slack, reals, **options)
    return one.covered(one.slack, one.where)


def is_proved(found: Covered) -> bool:
    return not found.open and found.against is None


TINY = Fraction(1, 2**30)


def test_a_parabola_is_proved_just_above_its_top_and_refuted_just_below() -> None:
    above = covered(lambda x: [Fraction(1, 4) + TINY - x * (1 - x)])
    assert is_proved(above)
    assert above.parts < 200  # by slopes; by values alone it takes tens of thousands
    below = covered(lambda x: [Fraction(1, 4) - TINY - x * (1 - x)])
    assert below.against == (Fraction(1, 2),)


def test_what_is_equal_inside_stays_open() -> None:
    found = covered(lambda x: [exp(x) - 1 - x], {"x": (-1, 1)}, most=2000)
    assert "is not decided within 2,000 parts" in found.open
    assert found.against is None


@pytest.mark.parametrize("slack", [lambda x: [sqrt(x) + 1], lambda x: [1 / x + 2], lambda x: [log(x) + 10]])
def test_what_is_not_defined_on_all_of_a_box_is_never_proved(slack: Callable[..., Any]) -> None:
    with pytest.raises(StatementError, match="is not defined at"):
        covered(slack, {"x": (-1, 1)})


def test_ends_that_are_no_doubles_are_inside() -> None:
    ends = (Fraction(1, 10), Fraction(1, 3))
    assert is_proved(covered(lambda x: [x - Fraction(1, 10) + TINY**2, Fraction(1, 3) - x + TINY**2], {"x": ends}))
    for slack, at in ((lambda x: [x - ends[0] - TINY**2], ends[0]), (lambda x: [ends[1] - x - TINY**2], ends[1])):
        assert covered(slack, {"x": ends}).against == (at,)


@pytest.mark.parametrize("unit", [Fraction(10) ** 300, Fraction(1), Fraction(1, 10**300)])
def test_units_do_not_matter(unit: Fraction) -> None:
    reals = {"x": (0, 3 * unit), "y": (-unit, unit)}
    assert is_proved(covered(lambda x, y: [x * x + y * y - x * y + unit * unit / 10**6], reals))
    found = covered(lambda x, y: [x * x + y * y - x * y - unit * unit / 10**6], reals)
    x, y = found.against or (unit, unit)
    assert x * x + y * y - x * y < unit * unit / 10**6


def test_conditions_leave_parts_out_and_each_counts_by_itself() -> None:
    slack = lambda x, y: [x - y]
    square = {"x": (0, 1), "y": (0, 1)}
    assert is_proved(covered(slack, square, where=[lambda x, y: x - y >= Fraction(1, 100)]))
    assert not is_proved(covered(slack, square))
    # the first one stays open near 1, where the second one is false
    both = [lambda x, y: x <= 1, lambda x, y: x < Fraction(3, 4)]
    assert is_proved(covered(lambda x, y: [Fraction(77, 100) - x], square, where=both))


def test_integers_are_gone_through() -> None:
    power = lambda x, n: [n * x + Fraction(1, 2) - 1 + (1 - x) ** n]
    assert is_proved(covered(power, wholes={"n": range(1, 9)}))
    assert covered(lambda x, n: [5 - n * x], wholes={"n": (1, 3, 7)}).against == (1, 7)


@settings(max_examples=60, deadline=None)
@given(
    coefficients=st.lists(st.integers(-9, 9), min_size=1, max_size=5),
    ends=st.tuples(st.fractions(-3, 3, max_denominator=12), st.fractions(-3, 3, max_denominator=12)),
    at=st.lists(st.fractions(0, 1, max_denominator=97), min_size=5, max_size=5),
)
def test_polynomials_are_judged_as_in_rationals(
    coefficients: list[int], ends: tuple[Fraction, Fraction], at: list[Fraction]
) -> None:
    low, high = sorted(ends)
    if low == high:
        high += 1

    def slack(x: Any) -> list[Any]:
        value = 0 * x
        for one in coefficients:
            value = value * x + one
        return [value]

    found = covered(slack, {"x": (low, high)}, most=500)
    if found.against is not None:
        (x,) = found.against
        assert low <= x <= high
        assert slack(Fraction(x))[0] < 0
    elif not found.open:
        assert all(slack(low + (high - low) * one)[0] >= 0 for one in at)


# --- the mutants of a prover -----------------------------------------------------------------------------------------

FALSE: list[Callable[..., Any]] = [
    # true in the middle, and false on less than a thousandth of the box
    lambda x: [(x - Fraction(1, 3)) ** 2 - Fraction(1, 10**7)],
    lambda x: [Fraction(9999, 10000) - x],
    lambda x: [exp(x) - Fraction(10001, 10000)],
]


@pytest.mark.parametrize("slack", FALSE)
def test_what_fails_on_little_of_the_box_is_refuted(slack: Callable[..., Any]) -> None:
    found = covered(slack)
    assert found.against is not None
    assert slack(Ball(found.against[0]))[0] < 0


@pytest.mark.parametrize("slack", FALSE)
def test_balls_without_their_radius_are_noticed(slack: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ball, "between", classmethod(lambda cls, low, high: cls((low + high) / 2)))
    with pytest.raises(StatementError, match="misses its value"):
        covered(slack)


def test_a_step_that_takes_one_number_of_a_ball_is_noticed() -> None:
    with pytest.raises(StatementError, match="one number of a ball that stands for many"):
        covered(lambda x: [Fraction(float(x)) - x + x * x + 1])
    with pytest.raises(StatementError, match="write constants as integers or Fractions"):
        covered(lambda x: [0.5 * x])
    with pytest.raises(StatementError, match="one number of a ball that stands for many"):
        covered(lambda x: [float(x)])


def test_a_part_that_is_skipped_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    halves, skipped = module._halves, itertools.count()
    monkeypatch.setattr(module, "_halves", lambda *parts: halves(*parts)[: 1 if next(skipped) % 8 == 5 else 2])
    slack = lambda x: [Fraction(1, 10**4) + (x - Fraction(1, 3)) ** 2 * (x - Fraction(2, 3)) ** 2]
    with pytest.raises(StatementError, match="do not make up the box"):
        covered(slack)


def test_slopes_of_another_variable_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    slack = lambda x, y: [(x - y) ** 2 - Fraction(1, 10**5)]
    uneven = {"x": (0, 1), "y": (Fraction(1, 3), 2)}
    assert covered(slack, uneven).against is not None
    monkeypatch.setattr(Ball, "slope", property(lambda self: Ball(0)))
    with pytest.raises(StatementError, match="misses its value"):
        covered(slack, uneven)


# --- what is no box --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reals": {"x": (1, 0)}}, "in their order; got 1, 0"),
        ({"reals": {"x": (1, 1)}}, "in their order; got 1, 1"),
        ({"reals": {"x": (float("nan"), 1)}}, "got nan, 1"),
        ({"reals": {"x": (0, float("inf"))}}, "got 0, inf"),
        ({"reals": {"x": (0.0, 1.0)}}, "two integers or Fractions"),
        ({"reals": {"x": (False, True)}}, "two integers or Fractions"),
        ({"reals": {"x": (0, 1, 2)}}, "between two"),
        ({"reals": {}}, "at least one real number"),
        ({"wholes": {"n": ()}}, "n must be one of some integers"),
        ({"wholes": {"n": (0.5,)}}, "n must be one of some integers"),
        ({"wholes": {"n": (Fraction(1, 2),)}}, "n must be one of some integers"),
        ({"words": "2 numbers"}, "must name things"),
        ({"wrong": {}}, "how the set could fail"),
    ],
)
def test_what_is_no_box_is_refused(changes: dict[str, Any], sentence: str) -> None:
    given = {"words": "numbers", "of": tuple, "reals": UNIT, "slack": lambda x: [x], "wrong": NEVER} | changes
    with pytest.raises(StatementError, match=sentence):
        Box(**given)


def test_conditions_that_are_never_true_are_refused() -> None:
    one = box(lambda x: [x + 1], where=[lambda x: x > 2])
    with pytest.raises(StatementError, match="holds nowhere in the box"):
        one.covered(one.slack, one.where)
    with pytest.raises(StatementError, match="holds at none of 400 points"):
        list(one.named())
    with pytest.raises(StatementError, match="must be True or False"):
        covered(lambda x: [x + 1], where=[lambda x: x])
    with pytest.raises(StatementError, match="`slack` must be a list"):
        covered(lambda x: x)
    with pytest.raises(StatementError, match="`slack` must be a list"):
        covered(lambda x: [])


# --- sets ------------------------------------------------------------------------------------------------------------


def sine_free(x: float, rng: Any) -> float:
    return x * (1 - x)


def most(x: Any, found: Any, top: Fraction = Fraction(1, 4)) -> Sides:
    return Sides(found, top + Fraction(1, 100))


TRIED = Family("shares", always=(0.25, 1.0), draw=lambda draws: draws.floats(0.0, 1.0))
BOX = Box(
    "shares",
    of=float,
    reals={"x": (0, 2)},
    where=[lambda x: x <= 1],
    slack=lambda x: [Fraction(26, 100) - x * (1 - x)],
    wrong={"a fifth": lambda x: [Fraction(21, 100) - x * (1 - x)]},
)
SHARES = Statement(
    id="toys/shares",
    title="A product of shares",
    says="The product of two shares that add up to 1 is at most about a quarter.",
    source=Classical("shares", "any textbook"),
    tex="x (1 - x)",
    hypotheses={"a share": lambda x: 0 <= x <= 1},
    instances=TRIED,
    for_all=(BOX,),
    solve=sine_free,
    claim=Inequality(most, unbounded="a solver may return any number"),
    saboteurs=(
        saboteur("a fifth", claim=Inequality(lambda x, found: most(x, found, Fraction(1, 5)), unbounded="any number")),
        saboteur("the sum", solve=lambda x, rng: 1.0),
    ),
)


def of(**changes: Any) -> Statement:
    return dataclasses.replace(SHARES, for_all=(dataclasses.replace(BOX, **changes),))


def test_a_box_is_proved_measured_at_points_and_told_with_its_ranges() -> None:
    session = Session()
    evidence = with_variants(check(SHARES, session), SHARES, session)
    assert evidence.verdict == "supported", evidence.message
    assert dict(evidence.lines())["all of"] == "shares (x in [0, 2]): the rule"
    assert defects(SHARES) == []
    assert set(evidence.saboteurs.values()) == {"refuted"}


def test_a_point_against_the_claim_is_an_instance_that_replays() -> None:
    wrong = SHARES.sabotaged("a fifth")
    found = check(dataclasses.replace(wrong, instances=dataclasses.replace(TRIED, always=(1.0,), draw=None)), Session())
    assert (found.verdict, found.sets[0]["verdict"]) == ("refuted", "refuted")
    label = found.worst["instance"]
    assert label.startswith("for-all-1:")
    assert check(wrong, Session(), instance=label).verdict == "refuted"
    one = SHARES.for_all[0]
    assert one.member("1/3") == 1 / 3
    for place in ("3", "-1", "x", "1/0", "1/3,1", ""):
        assert one.member(place) is None


def test_a_counterexample_that_the_check_denies_is_an_error() -> None:
    with pytest.raises(StatementError, match="the check does not refute"):
        check(of(slack=lambda x: [Fraction(1, 8) - x * (1 - x)]), Session())
    with pytest.raises(StatementError, match="the check does not refute"):
        check(of(wrong={"a fifth": lambda x: [x - Fraction(1, 16)]}).sabotaged("a fifth"), Session())
    with pytest.raises(StatementError, match="what `wrong` has for 'a fifth' holds on all of it"):
        check(of(wrong={"a fifth": lambda x: [x + 1]}).sabotaged("a fifth"), Session())


def test_a_box_that_is_not_decided_in_its_count_is_inconclusive() -> None:
    evidence = check(of(slack=lambda x: [(x - 1) ** 2], most=50), Session())
    assert evidence.verdict == "inconclusive"
    assert "is not decided within 50 parts of the box" in evidence.message


def test_a_sharp_box_fails_beyond_its_conditions_and_the_check_sees_it() -> None:
    def grows(x: Any, found: Any) -> Sides:
        return Sides(x * x, found, trivial=10)

    ends = dataclasses.replace(
        BOX,
        where=[lambda x: x <= 1],
        slack=lambda x: [2 * x - x * x],
        wrong={},
        sharp=True,
        reals={"x": (Fraction(1, 9), 3)},
    )
    double = dataclasses.replace(
        SHARES, solve=lambda x, rng: 2 * x, claim=Inequality(grows), for_all=(ends,), saboteurs=SHARES.saboteurs[1:]
    )
    assert check(double, Session()).verdict == "supported"
    never = dataclasses.replace(ends, slack=lambda x: [2 * x - x * x + 9])
    with pytest.raises(StatementError, match="no inequality fails where a condition does not hold"):
        check(dataclasses.replace(double, for_all=(never,)), Session())
    other = dataclasses.replace(ends, slack=lambda x: [Fraction(3, 2) - x])
    with pytest.raises(StatementError, match="the check does not refute"):
        check(dataclasses.replace(double, for_all=(other,)), Session())


def test_a_saboteur_of_a_box_is_one_of_the_statement() -> None:
    unknown = of(wrong={"a sixth": lambda x: [-1]})
    assert "no saboteur is measured there that is called 'a sixth'" in defects(unknown)[0]
