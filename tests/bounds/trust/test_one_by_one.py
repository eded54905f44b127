"""Runs of a caller's solver are calls of their own, so their independence is ours to give."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import lrtheory
from lrtheory.bounds import Expectation, Family, Law, OutcomeError, Probability, Rate, Session, check
from lrtheory.bounds.trust.user_solver import check_own
from tests.bounds.toys import GAUSS, HEDGE, UNIFORM, hedge, maintained


def rarely(p: float, rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.random(n)


COINS = dataclasses.replace(
    GAUSS,
    id="toy/COINS",
    instances=Family("coins", always=(0.0, 0.5), draw=lambda draws: draws.floats(0.0, 1.0)),
    solve=rarely,
    claim=Probability(lambda p, x: x < 0.002, lambda p: 0.01),
    decisions=("outcome",),
    saboteurs=(),
)


@pytest.mark.parametrize("seed", range(6))
def test_one_run_for_all_is_seen_at_every_seed(seed: int) -> None:
    copied = lambda p, rng, n: np.full(n, float(rng.random() > 0.02))
    assert check_own(COINS, copied, Session(seed=seed)).verdict == "refuted"


def test_our_own_solver_handed_in_is_supported_and_the_evidence_says_how_it_ran() -> None:
    for statement in (COINS, HEDGE, UNIFORM):
        evidence = check_own(statement, lambda instance, rng, n, s=statement: s.solve(instance, rng, n), Session())
        assert evidence.verdict == "supported"
        assert evidence.counts["calls"] == evidence.counts["runs"] > 0
        assert f"{evidence.counts['runs']} runs, each a call of its own, level" in str(evidence)
        assert "calls" not in check(statement, Session()).counts


def test_every_run_has_one_run_and_a_stream_of_its_own() -> None:
    seen: list[tuple[int, float]] = []

    def solve(p: float, rng: np.random.Generator, n: int) -> np.ndarray:
        drawn = rng.random(n)
        seen.append((n, float(drawn[0])))
        return drawn

    check_own(COINS, solve, Session())
    assert {n for n, _ in seen} == {1}
    at_first = [x for _, x in seen[8:72]]  # the first eight ask whether anything is drawn
    assert len(set(at_first)) == 64
    assert [x for _, x in seen[:8]] == at_first[:8]


def test_a_solver_of_one_run_may_leave_their_number_out() -> None:
    assert check_own(COINS, lambda p, rng: rng.random(1), Session()).verdict == "supported"
    with pytest.raises(OutcomeError, match=r"must return array \(1,\) of float64"):
        check_own(COINS, lambda p, rng: rng.random(), Session())
    with pytest.raises(lrtheory.bounds.StatementError, match=r"must take \(instance, rng, n\)"):
        check_own(COINS, lambda p: p, Session())


def test_another_form_is_no_verdict_in_any_run() -> None:
    calls: list[int] = []

    def solve(p: float, rng: np.random.Generator, n: int) -> np.ndarray:
        calls.append(n)
        return rng.random(n if len(calls) < 50 else 2)

    with pytest.raises(OutcomeError, match=r"toy/COINS.*must be an array of shape \(1,\)"):
        check_own(COINS, solve, Session())


# --- solvers that draw nothing ----------------------------------------------------------------------------------------

STILL = "draws nothing from its stream"
DICE = dataclasses.replace(
    COINS,
    instances=Family("dice", always=(1, 2), draw=lambda draws: draws.integers(1, 60)),
    solve=lambda k, rng, n: rng.integers(0, 2, n),
    claim=Law(lambda k, x: x, lambda k: np.array([0.5, 0.5]), within=0.05),
)


def test_a_failure_on_one_instance_in_twenty_is_found_where_nothing_is_drawn() -> None:
    found = [
        check_own(COINS, lambda p, rng, n: np.full(n, float(not 0.6 < p < 0.65)), Session(seed=seed))
        for seed in range(4)
    ]
    assert {one.verdict for one in found} == {"refuted"}
    assert all(STILL in one.message and one.level == 0 for one in found)
    never = check_own(COINS, lambda p, rng, n: np.ones(n), Session())
    assert (never.verdict, never.level, never.counts["entries"]) == ("supported", 0.0, never.n_instances)
    assert never.n_instances >= 42


def test_what_is_constant_is_its_own_mean_and_its_own_law() -> None:
    mean = Expectation(sample=lambda p, x: x, support=lambda p: (0.0, 1.0), equals=lambda p: 0.5, within=lambda p: 0.1)
    halves = dataclasses.replace(COINS, claim=mean)
    assert check_own(halves, lambda p, rng, n: np.full(n, 0.5), Session()).verdict == "supported"
    assert check_own(halves, lambda p, rng, n: np.full(n, 0.55), Session()).verdict == "refuted"
    below = dataclasses.replace(COINS, claim=dataclasses.replace(mean, equals=None, within=None, at_most=lambda p: 0.5))
    assert check_own(below, lambda p, rng, n: np.full(n, 0.45), Session()).verdict == "supported"
    assert check_own(below, lambda p, rng, n: np.full(n, 0.55), Session()).verdict == "refuted"
    assert check_own(DICE, lambda k, rng, n: np.zeros(n, int), Session()).verdict == "refuted"
    sure = dataclasses.replace(DICE, claim=dataclasses.replace(DICE.claim, probabilities=lambda k: np.array([1.0, 0])))
    assert check_own(sure, lambda k, rng, n: np.zeros(n, int), Session()).verdict == "supported"
    with pytest.raises(OutcomeError, match="a category lies outside"):
        check_own(sure, lambda k, rng, n: np.full(n, 2), Session())


def test_one_instance_can_be_asked_for() -> None:
    evidence = check_own(COINS, lambda p, rng, n: np.full(n, p), Session(), instance=0.3)
    assert (evidence.verdict, evidence.n_instances) == ("supported", 1)
    assert "--instance" not in evidence.replay
    assert "json:0.3" in evidence.replay


def test_streams_of_the_solvers_own_are_no_stillness() -> None:
    elsewhere = np.random.default_rng(0)
    evidence = check_own(COINS, lambda p, rng, n: elsewhere.random(n), Session())
    assert (evidence.verdict, STILL in evidence.message) == ("supported", False)
    children = check_own(COINS, lambda p, rng, n: rng.spawn(1)[0].random(n), Session())
    assert (children.verdict, STILL in children.message) == ("supported", False)


def test_a_solver_that_draws_on_some_instances_is_judged_by_runs() -> None:
    def solve(p: float, rng: np.random.Generator, n: int) -> np.ndarray:
        return rng.random(n) if p > 0.9 else np.ones(n)

    evidence = check_own(COINS, solve, Session(seed=1))
    assert (evidence.verdict, STILL in evidence.message) == ("supported", False)


def test_an_error_and_a_changed_instance_are_told_as_ever() -> None:
    def wild(p: float, rng: np.random.Generator, n: int) -> np.ndarray:
        return np.full(n, np.nan)

    evidence = check_own(COINS, wild, Session())
    assert (evidence.verdict, evidence.worst["lhs"]) == ("refuted", "`outcome` is nan at (0,)")
    with pytest.raises(ZeroDivisionError):
        check_own(COINS, lambda p, rng, n: 1 / 0, Session())

    def vandal(losses: Any, rng: np.random.Generator, n: int) -> np.ndarray:
        losses.table.flags.writeable = True
        losses.table[0] = 1.0
        return hedge(losses, rng, n)

    assert check_own(HEDGE, vandal, Session()).worst["lhs"] == "`solve` overwrote its instance: table"


def test_a_ladder_runs_one_by_one_too() -> None:
    ladder = dataclasses.replace(
        COINS,
        instances=Family("ladder", always=(8, 32, 128)),
        solve=lambda k, rng, n: k + rng.integers(0, 2, n),
        claim=Rate(cost=lambda k, x: x, size=lambda k: k, over=lambda k: 1.0, exponent=(0.8, 1.2)),
    )
    evidence = check_own(ladder, lambda k, rng, n: k + rng.integers(0, 2, n), Session())
    assert (evidence.verdict, evidence.counts["calls"]) == ("supported", evidence.counts["runs"])
    square = check_own(ladder, lambda k, rng, n: np.full(n, k * k), Session())
    assert square.verdict == "refuted"


def test_maintained_samples_of_one_run() -> None:
    evidence = check_own(UNIFORM, lambda updates, rng: np.array([maintained(updates.ops, rng)]), Session())
    assert evidence.verdict == "supported"
