"""The form of an outcome: what another solver returns is judged only if it looks like the honest outcome."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

from lrtheory.bounds import Ball, Identity, OutcomeError, Session, Sides, Statement, StatementError, Violated, check
from lrtheory.bounds.running.form import demand_finite, fitted
from lrtheory.bounds.running.handover import NotFinite
from lrtheory.bounds.trust.user_solver import check_own
from tests.bounds.toys import GAUSS, HEDGE, MISRA_GRIES, NINETEEN, Losses, hedge


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclass(frozen=True)
class Answer:
    chosen: Any
    worth: Any = 1.0


class Other(NamedTuple):
    first: Any
    second: Any


FORMS = [
    (2.5, 3, None),
    (2.5, Fraction(1, 3), None),
    (2.5, Ball(3), None),
    (2.5, np.float32(1), None),
    (2.5, np.array(1.0), None),
    (2.5, np.array([1.0]), r"`outcome` must be a real number; got an array of shape \(1,\) of real numbers"),
    (2.5, 1j, "`outcome` must be a real number; got a complex number"),
    (2.5, True, "`outcome` must be a real number; got a truth value"),
    (2.5, "2.5", "`outcome` must be a real number; got text"),
    (2.5, None, "`outcome` must be a real number; got None"),
    (2.5, [2.5], "`outcome` must be a real number; got a list of 1"),
    (1j, 2.5, None),
    (True, 1, "`outcome` must be a truth value; got an integer"),
    (3, 3.0, "`outcome` must be an integer; got a real number"),
    (3, np.uint8(3), None),
    (None, None, None),
    (None, 0, "`outcome` must be None; got an integer"),
    ("word", "other", None),
    (np.zeros(3), np.arange(3), None),
    (np.zeros(3), np.array([Fraction(1), 2, 0.5], object), None),
    (np.zeros(3), np.array([Fraction(1), True, 0.5], object), r"got an array of shape \(3,\) of truth values and real"),
    (np.arange(3), np.zeros(3, bool), r"must be an array of shape \(3,\) of integers; got .* of truth values"),
    (np.zeros(3), np.zeros(2), r"must be an array of shape \(3,\) of real numbers; got an array of shape \(2,\)"),
    (np.zeros(3), np.zeros((3, 1)), r"got an array of shape \(3, 1\)"),
    (np.zeros(3), [0.0, 0.0, 0.0], r"`outcome` must be an array of shape \(3,\) of real numbers; got a list of 3"),
    (np.zeros(0, int), np.zeros(0), None),
    (np.zeros(0), np.array([], object), None),
    (np.zeros(2), np.array([1, object()], object), "got an array of shape .* of integers and objects|of objects and"),
    ((1, 2.0), (1, 2.0), None),
    ((1, 2.0), [1, 2.0], None),
    ((1, 2.0), (1,), "`outcome` must be a tuple of 2; got a tuple of 1"),
    ((1, 2.0), (1, "2"), "`1` must be a real number; got text"),
    ((1, 2.0), np.ones(2), "`outcome` must be a tuple of 2; got an array"),
    ([1.0] * 5, [1.0] * 4 + [1j], r"`\*` must be a real number; got a complex number"),
    ([], [1], "`outcome` must be a list of 0; got a list of 1"),
    (Pair(1, 2), Pair(1, 2), None),
    (Pair(1, 2), (1, 2), "`outcome` must be an object of the class Pair; got a tuple of 2"),
    ((1, 2), Pair(1, 2), "`outcome` must be a tuple of 2; got an object of the class Pair"),
    (Pair(1, 2), Other(1, 2), "`outcome` must be an object of the class Pair; got an object of the class Other"),
    (Answer(np.arange(2)), Answer(np.arange(3)), r"`chosen` must be an array of shape \(2,\) of integers"),
    (
        Answer(1),
        {"chosen": 1, "worth": 1.0},
        "`outcome` must be an object of the class Answer; got a mapping with the keys 'chosen', 'worth'",
    ),
    ({"a": 1, "b": Pair(1, 2.0)}, {"a": 1, "b": Pair(1, 1j)}, "`b.second` must be a real number"),
    ({"a": 1, "b": 2}, {"a": 1}, "`outcome` must be a mapping with the key 'b'; got a mapping with the keys 'a'"),
    ({"a": 1}, 1, "`outcome` must be a mapping with the keys 'a'; got an integer"),
]


@pytest.mark.parametrize(("due", "given", "sentence"), FORMS, ids=map(str, range(len(FORMS))))
def test_forms(due: Any, given: Any, sentence: str | None) -> None:
    if sentence is None:
        fitted(given, due)
    else:
        with pytest.raises(OutcomeError, match=sentence):
            fitted(given, due)


def test_the_claim_gets_the_containers_that_are_due() -> None:
    assert fitted([1, [2]], (1, (2,))) == (1, (2,))
    assert fitted({"b": 1, "a": 2, "c": object()}, {"a": 0, "b": 0}) == {"b": 1, "a": 2}
    assert fitted(np.zeros(0), np.zeros(0, int)).dtype == int
    assert isinstance(fitted(np.float64(2), np.zeros(())), np.ndarray)
    assert not isinstance(fitted(np.zeros(()), 2.0), np.ndarray)


def test_what_may_vary_has_other_lengths_and_neither_other_axes_nor_other_kinds() -> None:
    due = {"x": np.zeros((2, 3)), "steps": [np.arange(2), np.arange(2)], "found": None, "by": {"a": 1}}
    given = {"x": np.zeros((5, 0)), "steps": [np.arange(2)] * 3, "found": np.ones(2), "by": {"b": 2, "c": 3}}
    assert set(fitted(given, due, may_vary=("x", "steps", "found", "by"))["by"]) == {"b", "c"}
    for path in ("x", "steps", "found", "by"):
        with pytest.raises(OutcomeError, match=f"`{path}` must be"):
            fitted(given, due, may_vary={"x", "steps", "found", "by"} - {path})
    for wrong in ({"x": np.zeros(3)}, {"x": np.zeros((2, 3), complex)}, {"steps": [np.arange(3)]}, {"by": {"b": 1.5}}):
        with pytest.raises(OutcomeError):
            fitted(due | wrong, due, may_vary=("x", "steps", "found", "by"))
    assert fitted(due | {"x": None}, due, may_vary=("x",))["x"] is None
    none = {"x": np.zeros((0, 3), int)}
    assert fitted({"x": np.ones((2, 3), int)}, none, may_vary=("x",))["x"].shape == (2, 3)
    with pytest.raises(OutcomeError, match="of integers; got"):
        fitted({"x": np.ones((2, 3))}, none, may_vary=("x",))


def test_what_is_not_read_has_no_form_and_may_be_missing() -> None:
    due = {"answer": 1, "trace": {"seconds": 1.0, "steps": np.zeros(3)}}
    assert fitted({"answer": 2}, due, unread=("trace.*",)) == {"answer": 2}
    assert fitted({"answer": 2, "trace": "none"}, due, unread=("trace.seconds", "trace.steps"))["trace"] == "none"
    with pytest.raises(OutcomeError, match="with the key 'trace'"):
        fitted({"answer": 2}, due, unread=("trace.seconds",))
    demand_finite({"answer": 2, "trace": {"seconds": np.nan}}, due, unread=("trace.*",))


def test_numbers_are_finite_except_where_the_honest_ones_are_not() -> None:
    due = {"x": np.array([1.0, np.inf]), "y": [Fraction(1), 2.0]}
    demand_finite({"x": np.array([1.0, np.nan]), "y": [1, 2]}, due)
    for wrong, sentence in (
        ({"x": np.array([np.nan, np.inf])}, r"`x` is nan at \(0,\)"),
        ({"x": np.array([-np.inf])}, r"`x` is -inf at \(0,\)"),
        ({"y": [1, np.inf]}, r"`y.\*` is inf"),
        ({"y": np.array([Fraction(1), np.nan], object)}, r"`y` is nan at \(1,\)"),
        ({"y": complex(0, np.inf)}, "`y` is infj|`y` is "),
    ):
        with pytest.raises(NotFinite, match=sentence):
            demand_finite(due | wrong, due)


# --- in a check ------------------------------------------------------------------------------------------------------

Change = Callable[[Any], Any]


def wrong(statement: Statement, change: Change) -> Callable[..., Any]:
    return lambda instance, rng, *n: change(statement.solve(instance, rng, *n))


@pytest.mark.parametrize("statement", [GAUSS, MISRA_GRIES, HEDGE], ids=lambda one: one.id)
@pytest.mark.parametrize(
    "change",
    [
        lambda x: np.stack([x, x]),
        lambda x: x * 1.0,
        lambda x: x == x,
        lambda x: (x, x),
        lambda x: None,
        lambda x: x * 1j,
        lambda x: {"outcome": x},
    ],
)
def test_another_form_is_no_verdict(statement: Statement, change: Change) -> None:
    with pytest.raises(OutcomeError, match=rf"{statement.id}.*must"):
        check_own(statement, wrong(statement, change), Session())


def squares(n: int, rng: np.random.Generator) -> Any:
    return {"squares": np.arange(n) ** 2.0, "sum": float(np.sum(np.arange(n) ** 2.0))}


def summed(n: int, found: Any) -> Sides:
    return Sides(found["sum"], Fraction((n - 1) * n * (2 * n - 1), 6))


SQUARES = dataclasses.replace(
    GAUSS,
    id="toy/SQUARES",
    instances=NINETEEN,
    solve=squares,
    claim=Identity(summed),
    unread={},
    decisions=("squares",),
    saboteurs=(),
)


def test_what_is_not_finite_refutes_with_a_replay_even_where_the_claim_does_not_read_it() -> None:
    for value in (np.nan, np.inf, -np.inf):

        def solve(n: int, rng: np.random.Generator, value: float = value) -> Any:
            found = squares(n, rng)
            found["squares"][-1] = value if n == 7 else 0.0
            return found

        evidence = check_own(SQUARES, solve, Session())
        assert evidence.verdict == "refuted"
        assert evidence.worst["lhs"] == f"`squares` is {value} at (6,)"
        assert evidence.worst["rhs"] == "a finite number"
        assert "instance='toy-numbers:always-6'" in evidence.replay
        again = check_own(SQUARES, solve, Session(), instance="toy-numbers:always-6")
        assert (again.verdict, again.worst["lhs"]) == ("refuted", evidence.worst["lhs"])


def test_a_random_outcome_that_is_not_finite_refutes_too() -> None:
    def table(losses: Losses, rng: np.random.Generator, n: int) -> Any:
        return {"chosen": hedge(losses, rng, n), "weights": np.full((n, 2), np.nan)}

    honest = lambda losses, rng, n: {"chosen": hedge(losses, rng, n), "weights": np.ones((n, 2))}
    claim = dataclasses.replace(HEDGE.claim, sample=lambda losses, found: HEDGE.claim.sample(losses, found["chosen"]))
    evidence = check_own(dataclasses.replace(HEDGE, solve=honest, claim=claim), table, Session())
    assert evidence.verdict == "refuted"
    assert evidence.worst["lhs"].startswith("`weights` is nan at (0, 0)")


def test_what_is_declared_may_vary_in_length_and_what_is_unread_in_everything() -> None:
    def shorter(n: int, rng: np.random.Generator) -> Any:
        found = squares(n, rng)
        return found | {"squares": found["squares"][:-1], "further": object}

    with pytest.raises(OutcomeError, match="`squares` must be an array of shape"):
        check_own(SQUARES, lambda n, rng: {k: v for k, v in shorter(n, rng).items() if k != "further"}, Session())
    free = dataclasses.replace(SQUARES, may_vary={"squares": "how many terms it keeps is the solver's"})
    shorn = lambda n, rng: {k: v for k, v in shorter(n, rng).items() if k != "further"}
    assert check_own(free, shorn, Session()).verdict == "supported"
    deaf = dataclasses.replace(SQUARES, unread={"squares": "the sum alone is claimed"})
    assert check_own(deaf, lambda n, rng: {"sum": squares(n, rng)["sum"]}, Session()).verdict == "supported"


def test_a_solver_that_is_wrong_gives_no_form() -> None:
    false = dataclasses.replace(GAUSS, solve=lambda n, rng: None, violated=Violated("the sum is not returned at all"))
    mended = check_own(false, lambda n, rng: n * (n + 1) // 2, Session())
    assert mended.verdict == "supported"


def test_declarations_are_mappings_of_paths_to_reasons() -> None:
    for name in ("unread", "may_vary"):
        with pytest.raises(StatementError, match=f"toy/GAUSS: `{name}` must be a mapping of paths to reasons"):
            dataclasses.replace(GAUSS, **{name: ("squares",)})


def test_the_honest_solver_costs_one_run_more_an_instance() -> None:
    calls = []
    counted = dataclasses.replace(GAUSS, solve=lambda n, rng: calls.append(n) or GAUSS.solve(n, rng))
    session = Session()
    assert check(counted, session).verdict == "supported"
    own = len(calls)
    assert check_own(counted, lambda n, rng: GAUSS.solve(n, rng), session).verdict == "supported"
    assert len(calls) <= 2 * own
