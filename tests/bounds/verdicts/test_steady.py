"""What an author wrote depends on its arguments alone, or the sentence says which part does not."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest

from lrtheory.bounds import (
    Expectation,
    Family,
    Identity,
    Law,
    Probability,
    Session,
    Sides,
    Statement,
    StatementError,
    check,
    saboteur,
)
from lrtheory.cli import main
from tests.bounds.toys import GAUSS, HEDGE, TOYS, gauss, inequality


def toy(**changes: Any) -> Statement:
    return dataclasses.replace(GAUSS, saboteurs=(), **changes)


def counted(answers: Any) -> Any:
    """A function whose answers change from call to call."""
    calls = itertools.count()
    return lambda *arguments: answers(next(calls), *arguments)


COIN = toy(
    solve=lambda n, rng, runs: rng.random(runs),
    claim=Probability(lambda n, x: x < 0.1, lambda n: 0.5),
)
MEAN = Expectation(lambda n, x: x, lambda n: (0.0, 1.0), at_most=lambda n: 0.6)
LAW = Law(lambda n, x: (x < 0.5).astype(int), lambda n: np.array([0.5, 0.5]), within=0.2)
PLAIN = Identity(lambda n, total: Sides(total, gauss(n)))
CLOCKED = Family("clocked", always=(1,), draw=counted(lambda call, draws: 2 + call))
UNSTEADY = [
    (toy(instances=CLOCKED), "the family clocked: `draw` makes two instances of one random stream"),
    (toy(hypotheses={"odd": counted(lambda call, n: call % 2 == 0)}), "the hypothesis 'odd' changes from one call"),
    (toy(claim=Identity(counted(lambda call, n, total: Sides(total + call, gauss(n) + call)))), "`lhs` of the claim"),
    (toy(claim=inequality(counted(lambda call, n, total: Sides(0, 1 + call)))), "`rhs` of the claim"),
    (toy(claim=inequality(counted(lambda call, n, total: Sides(0, 1, trivial=2 + call)))), "`trivial` of the claim"),
    (toy(claim=inequality(counted(lambda call, n, total: Sides(0.0, 1.0, rounding=0.1 * call)))), "`rounding` of the"),
    (dataclasses.replace(COIN, claim=Probability(counted(lambda c, n, x: x < 0.1 * c), lambda n: 0.5)), "`observe` of"),
    (dataclasses.replace(COIN, claim=Probability(lambda n, x: x < 0.1, counted(lambda c, n: 0.5 + c / 99))), "at_most"),
    (dataclasses.replace(COIN, claim=dataclasses.replace(MEAN, support=counted(lambda c, n: (0, 1 + c)))), "`support`"),
    (dataclasses.replace(COIN, claim=dataclasses.replace(LAW, probabilities=counted(
        lambda c, n: np.array([0.5, 0.5]) if c % 2 else np.array([0.4, 0.6])))), "`probabilities` of the claim"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "sentence"), UNSTEADY, ids=[sentence for _, sentence in UNSTEADY])
def test_a_function_that_changes_its_answer_is_named(statement: Statement, sentence: str) -> None:
    with pytest.raises(StatementError) as caught:
        check(statement, Session())
    assert sentence in str(caught.value)
    assert statement.id in str(caught.value)


def test_sides_that_write_into_their_outcome_are_named() -> None:
    def sides(n: int, total: Any) -> Sides:
        kept.append(n)
        return Sides(total, gauss(n) + len(kept) - 1)

    kept: list[int] = []
    with pytest.raises(StatementError, match=r"on .*: `rhs` of the claim changes .* \(1 and then 2\)"):
        check(toy(claim=Identity(sides)), Session())


def test_sides_may_move_within_the_rounding_that_they_state() -> None:
    calls = itertools.count()
    moving = lambda step: inequality(lambda n, total: Sides(0.5 + step * next(calls), 1.0, rounding=0.01))
    assert check(toy(claim=moving(1e-6)), Session()).verdict == "supported"
    with pytest.raises(StatementError, match="`lhs` of the claim changes"):
        check(toy(claim=moving(0.02)), Session())


def test_a_family_of_forty_equal_draws_draws_nothing() -> None:
    for draw in (lambda draws: 7, lambda draws: draws.integers(7, 7)):
        for statement in (toy(), COIN):
            with pytest.raises(StatementError, match=r"`draw` has made one instance 40 times; .*`complete`"):
                check(dataclasses.replace(statement, instances=Family("one", always=(1,), draw=draw)), Session())
    two = Family("two", always=(1,), draw=lambda draws: draws.integers(7, 8))
    assert check(toy(instances=two), Session()).verdict == "supported"
    odd = Family("nan", always=(1.0,), draw=lambda draws: float("nan"))
    with pytest.raises(StatementError, match="40 times"):
        check(toy(instances=odd, solve=lambda n, rng: n, claim=PLAIN), Session())


def test_the_replayed_instance_is_the_one_that_is_looked_at() -> None:
    claim = Identity(counted(lambda call, n, total: Sides(total, gauss(n) + (call if n == 3 else 0))))
    with pytest.raises(StatementError, match="on toy-numbers:always-2: `rhs` of the claim changes"):
        check(toy(claim=claim), Session(), instance="toy-numbers:always-2")


def test_a_claim_is_asked_once_for_all_solvers_that_it_judges_and_another_claim_anew() -> None:
    session, asked = Session(), []

    def sides(n: int, total: Any) -> Sides:
        asked.append(n)
        return Sides(float(total), float(gauss(n)), rounding=1e-9)

    moves = Identity(counted(lambda call, n, total: Sides(total, gauss(n) + call)))
    wrong = (
        saboteur("one more", solve=lambda n, rng: GAUSS.solve(n, rng) + 1),
        saboteur("two more", solve=lambda n, rng: GAUSS.solve(n, rng) + 2),
    )
    statement = dataclasses.replace(GAUSS, claim=Identity(sides), saboteurs=(*wrong, saboteur("moves", claim=moves)))
    assert check(statement, session).verdict == "supported"
    counts = []
    for one in wrong:
        asked.clear()
        assert check(statement.sabotaged(one.name), session).verdict == "refuted"
        counts.append(len(asked))
    # the outcome of each, and for both together the honest one, which says what is large; none is asked twice
    assert counts == [2, 1]
    with pytest.raises(StatementError, match=r"GAUSS \[moves\].*`rhs` of the claim changes"):
        check(statement.sabotaged("moves"), session)


def test_a_patch_whose_line_is_gone_and_a_saboteur_that_only_writes_catch_nothing() -> None:
    gone = dataclasses.replace(GAUSS, saboteurs=(saboteur("gone", patch=(gauss, "n + 2", "n")),))
    with pytest.raises(StatementError, match=r"toy/GAUSS \[gone\] on .*: 'n \+ 2' occurs 0 times in gauss, not once"):
        check(gone.sabotaged("gone"), Session())

    def writes(losses: Any, rng: Any, n: int) -> Any:
        losses.table.flags.writeable = True
        losses.table[:] = 0
        return HEDGE.solve(losses, rng, n)

    wrong = dataclasses.replace(HEDGE, saboteurs=(saboteur("writes", solve=writes),)).sabotaged("writes")
    found = check(wrong, Session())
    assert found.verdict == "inconclusive"
    assert "which catch nothing (the last: `solve` overwrote its instance: table" in found.message


def test_the_toys_are_steady() -> None:
    for one in TOYS:
        assert check(one, Session()).verdict == "supported"


FOREIGN = """
import time
from lrtheory.bounds import Classical, Family, Identity, Sides, Statement, saboteur

STATEMENT = Statement(
    id="mine/clock",
    title="A number is itself",
    says="Every number that is looked at is itself.",
    source=Classical("equality", "school"),
    tex="i = i",
    hypotheses={"none": lambda i: True},
    instances=Family("numbers", always=(1,), draw=lambda draws: time.perf_counter_ns()),
    solve=lambda i, rng: i,
    claim=Identity(lambda i, o: Sides(o, i)),
    saboteurs=(saboteur("one more", solve=lambda i, rng: i + 1),),
)
"""


def test_the_command_says_it(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    (tmp_path / "clock.py").write_text(FOREIGN)
    monkeypatch.chdir(tmp_path)
    assert main(["check", "clock.py::mine/clock"]) == 3
    assert "mine/clock: the family numbers: `draw` makes two instances of one random stream" in capsys.readouterr().err
