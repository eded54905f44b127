"""What must not pass: sides without numbers, instances without entries, excuses, wrapped integers."""

import dataclasses

import numpy as np
import pytest

from lrtheory.bounds import Family, Identity, Probability, Session, Sides, StatementError, check, saboteur
from tests.bounds.toys import GAUSS, HEDGE, NINETEEN, UNIFORM, inequality


def instances_of(*values):
    return Family("values", always=values)


def variant(statement=GAUSS, **changes):
    """A toy with fields exchanged; sums of numbers go over nineteen instances, so that a test can count."""
    return dataclasses.replace(statement, **({"instances": NINETEEN} if statement is GAUSS else {}) | changes)


def with_event(runs_outside, outside):
    """Ten runs; those outside the event would break the claim."""
    inside = np.arange(10) >= runs_outside
    sides = Sides(lhs=np.where(inside, 0, 9), rhs=np.ones(10, dtype=int), where=inside)
    return variant(claim=inequality(lambda n, total: sides, outside=outside))


def test_a_good_event_needs_the_claim_that_bounds_it():
    with pytest.raises(StatementError, match="outside"):
        check(with_event(1, None), Session())
    rare = Probability(lambda n, total: np.arange(10) < 1, lambda n: 0.1)
    evidence = check(with_event(1, rare), Session())
    assert (evidence.verdict, evidence.counts["outside"], evidence.counts["entries"]) == ("supported", 19, 171)


def test_a_solver_cannot_excuse_itself_by_a_good_event_that_fails():
    often = Probability(lambda n, total: np.arange(10) < 9, lambda n: 0.1)
    evidence = check(with_event(9, often), Session())
    assert evidence.verdict == "inconclusive"
    assert "the good event failed in 9 of 10 runs" in evidence.message
    everywhere = Probability(lambda n, total: np.zeros(10, bool), lambda n: 0.1)
    assert check(with_event(10, everywhere), Session()).verdict == "inconclusive"


@pytest.mark.parametrize(
    "sides",
    [
        Sides(5.0, 1.0, rounding=np.nan),
        Sides(5.0, 5.0, rounding=np.inf),
        Sides(5.0, 5.0, rounding=-1.0),
        Sides(np.nan, 1.0),
    ],
)
def test_outcomes_without_numbers_are_errors_and_catch_nothing(sides):
    with pytest.raises(StatementError, match="NaN|finite"):
        check(variant(claim=inequality(lambda n, total: sides)), Session())
    broken = saboteur("broken", claim=inequality(lambda n, total: sides if n == 1 else Sides(1, 0)))
    evidence = check(variant(saboteurs=(broken,)).sabotaged("broken"), Session())
    assert (evidence.verdict, evidence.worst["instance"]) == ("refuted", "toy-numbers:always-1")


def test_infinite_sides_hold_nothing():
    for claim in (inequality, Identity):
        assert check(variant(claim=claim(lambda n, total: Sides(np.inf, np.inf))), Session()).verdict == "refuted"
    assert check(variant(claim=inequality(lambda n, total: Sides(n, np.inf))), Session()).verdict == "inconclusive"


def test_every_instance_must_claim_something():
    claim = inequality(lambda n, total: Sides(np.zeros(0), np.ones(0)) if n > 1 else Sides(0, 1))
    assert check(variant(claim=claim), Session()).verdict == "inconclusive"


def test_shapes_must_match():
    for lhs, rhs in ((np.zeros((3, 1)), np.ones(2)), (np.zeros(3), np.ones(2))):
        with pytest.raises(StatementError, match="shapes"):
            check(variant(claim=inequality(lambda n, total, lhs=lhs, rhs=rhs: Sides(lhs, rhs))), Session())


def test_fixed_instances_are_decided_exactly_where_sides_cancel():
    cancels = variant(solve=lambda n, rng: 1e17, claim=inequality(lambda n, x: Sides((x + 7) - x, 5)))
    assert check(cancels, Session()).verdict == "refuted"  # doubles say 0


def test_integers_do_not_wrap():
    square = inequality(lambda instance, outcome: Sides(instance * instance, np.array([1])))
    large = variant(claim=square, instances=instances_of(np.array([2**40])), solve=lambda n, rng: 0)
    assert check(large, Session()).verdict == "refuted"


def test_the_search_looks_on_both_sides_of_an_identity():
    for sign in (1, -1):
        family = Family("both", always=(0,), climb=lambda n, draws: n + 1)
        claim = Identity(lambda n, total, sign=sign: Sides(100 + sign * n, 100, rounding=20))
        assert check(variant(instances=family, claim=claim), Session()).verdict == "refuted"


def test_random_claims_check_what_they_observe():
    events = Probability(lambda n, x: 3 * x, lambda n: 0.1)
    half = dataclasses.replace(UNIFORM.claim, category=lambda updates, sample: sample + 0.5)
    for statement in (
        variant(solve=lambda n, rng, runs: rng.random(runs), claim=events, instances=instances_of(1)),
        variant(UNIFORM, claim=half),
    ):
        with pytest.raises(StatementError, match="boolean|integer"):
            check(statement, Session())
    short = dataclasses.replace(UNIFORM.claim, probabilities=lambda updates: np.full(len(updates.alive), 0.1))
    with pytest.raises(StatementError, match="sum"):
        check(variant(UNIFORM, claim=short), Session())


def test_one_rounding_error_is_no_infinite_evidence():
    zero = dataclasses.replace(
        HEDGE.claim, sample=lambda losses, x: 0 * x[:, 0] + (0.1 + 0.2 - 0.3), at_most=lambda losses: 0.0,
        support=lambda losses: (0.0, 1.0),
    )  # fmt: skip
    assert check(variant(HEDGE, claim=zero), Session()).verdict == "inconclusive"


def test_a_replayed_instance_is_judged_at_the_level_of_its_family():
    full = check(UNIFORM, Session())
    alone = check(UNIFORM, Session(), instance=full.worst["instance"])
    assert (alone.worst, alone.verdict) == (full.worst, full.verdict)


def test_a_callable_object_can_be_checked():
    @dataclasses.dataclass
    class Solver:
        factor: int

        def __call__(self, n, rng):
            return self.factor * n * (n + 1) // 2

    assert check(variant(solve=Solver(1)), Session()).verdict == "supported"
    assert check(variant(solve=Solver(2)), Session()).verdict == "refuted"
