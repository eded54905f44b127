"""What evidence prints of a verdict: digits that differ, what was left out, and a worst instance that decides alike."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import pytest

import lrtheory
from lrtheory.bounds import UNFIT, Family, Identity, Probability, Session, Sides, Statement, check, saboteur
from lrtheory.bounds.deciding.sizes import with_decimals
from lrtheory.bounds.trust.user_solver import check_own
from tests.bounds.toys import GAUSS, NINETEEN, TOYS, inequality


def toy(claim: Any, **changes: Any) -> Statement:
    fields = {"instances": NINETEEN, "saboteurs": ()} | changes
    return dataclasses.replace(GAUSS, claim=claim, **fields)


def lines(found: Any) -> dict[str, str]:
    return dict(found.lines())


@pytest.mark.parametrize("shift", [1e-5, 1e-9, 1e-12, 2.3e-16])
def test_sides_that_differ_are_printed_with_the_digits_that_differ(shift: float) -> None:
    told = lines(check(toy(Identity(lambda n, o: Sides(1.20236861, 1.20236861 + shift, rounding=0.0))), Session()))
    assert told["lhs"] != told["rhs"]
    assert float(told["lhs"]) < float(told["rhs"])
    claim = inequality(lambda n, o: Sides(1.20236861 + shift, 1.20236861, rounding=0.0))
    told = lines(check(toy(claim), Session()))
    assert float(told["lhs"]) > float(told["rhs"])


def test_rates_that_differ_are_printed_with_the_digits_that_differ() -> None:
    claim = Probability(lambda n, x: x, lambda n: 0.4999999, exact=lambda n: 0.5)
    statement = toy(claim, solve=lambda n, rng, runs: rng.random(runs) < 0.5)
    worst = check(statement, Session()).worst
    assert worst["lhs"] != worst["rhs"]


def test_a_long_fraction_has_a_decimal_beside_it() -> None:
    near = Fraction(2**60 + 1, 3**40)
    told = lines(check(toy(Identity(lambda n, o: Sides(near, Fraction(2**60, 3**40)))), Session()))
    decimals = [told[side].partition("(about ")[2].strip(")") for side in ("lhs", "rhs")]
    assert decimals[0] != decimals[1]
    assert all(one.startswith(f"{float(near):.6g}") and len(one) < 25 for one in decimals)
    assert with_decimals("1/3", "0.5") == ("1/3", "0.5")
    assert with_decimals("nothing", "[1 +/- 2]") == ("nothing", "[1 +/- 2]")
    assert with_decimals(f"{near}", f"{near}")[0] == f"{near}  (about {float(near):.9g})"
    assert with_decimals(str(10**30), "5") == (str(10**30), "5")


def test_an_answer_without_a_value_is_told_in_words() -> None:
    for number in (UNFIT, Fraction(UNFIT), float(UNFIT)):
        claim = inequality(lambda n, o, number=number: Sides(n, number, rounding=0.0))
        told = lines(check(toy(claim), Session()))
        assert (told["lhs"], told["rhs"]) == ("1", "no value that could be compared")


def test_an_infinite_answer_does_not_agree_up_to_rounding() -> None:
    statement = toy(Identity(lambda n, o: Sides(float("inf") if o == 0 else o, n)), solve=lambda n, rng: n + 0.0)
    assert "up to the rounding" not in check_own(statement, lambda n, rng: 0.0, Session()).message
    assert "up to the rounding" in check_own(statement, lambda n, rng: n * (1 + 1e-15), Session()).message


def test_instances_that_the_hypotheses_admit_and_no_row_shows_are_named() -> None:
    coins = lambda n, rng, runs: rng.random(runs) < (0.9 if n == 2 else 0.0)
    found = check(toy(Probability(lambda n, x: x, lambda n: 0.1), solve=coins), Session())
    assert (found.hypotheses["none"], found.n_instances) == (19, 2)
    names = ", ".join(f"toy-numbers:always-{index}" for index in (2, 3, 4))
    assert f"left out of 19 instances (refuted before): {names} and 14 more" in found.message
    crash = saboteur("crashes on few", solve=lambda n, rng: n * (n + 1) // 2 if n > 2 else "nothing")
    left = check(toy(GAUSS.claim, saboteurs=(crash,)).sabotaged("crashes on few"), Session())
    assert "left out of 19 instances (crashed): toy-numbers:always-0, toy-numbers:always-1" in left.message
    for one in TOYS:
        assert "left out of" not in check(one, Session()).message


def test_the_worst_instance_says_something_and_its_replay_decides_the_same() -> None:
    # the vacuous instance has the least slack
    vague = inequality(lambda n, o: Sides(2 if n == 7 else n, 2 if n == 7 else n + 1, trivial=2 if n == 7 else 99))
    found = check(toy(vague), Session())
    assert (found.verdict, found.vacuous, found.worst["instance"]) == ("supported", 1, "toy-numbers:always-18")
    assert check(toy(vague), Session(), instance=found.worst["instance"]).verdict == "supported"
    # and one that stays open is why there is no support
    coins = lambda n, rng, runs: rng.random(runs) < (0.1 if n == 2 else 0.0)
    chance = toy(Probability(lambda n, x: x, lambda n: 0.1), solve=coins, instances=Family("few", always=(1, 2, 3)))
    found = check(chance, Session())
    assert (found.verdict, found.worst["instance"]) == ("inconclusive", "few:always-1")


@pytest.mark.parametrize(
    ("id", "seed"), [("transductive_clustering/TC-S3", 11), ("dual_mirror_descent/DMD-LB2-kept", 3)]
)
def test_replays_decide_the_same_at_other_seeds(id: str, seed: int) -> None:
    found = lrtheory.check(id, rng=seed)
    label = found.worst["instance"]
    assert lrtheory.check(id, rng=seed, instance=label).verdict == found.verdict == "supported"


def test_evidence_of_logarithms_stands_below_a_formula_of_logarithms() -> None:
    for id in ("AR-T2", "AR-T3", "AR-T3-single", "AR-T4", "AR-T5", "P4"):
        statement = lrtheory.bounds.Registry()[f"alpha_rank/{id}"]
        assert r"\log" in statement.tex
        assert "logarithms" in statement.says
