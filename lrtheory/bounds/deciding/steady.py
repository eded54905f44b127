"""That what an author wrote depends on its arguments alone: each function is called twice, and answers alike.

A draw that looks at the clock makes a counterexample that no seed brings back, and sides that remember their last call
judge the same outcome in two ways.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.exact import to_float
from lrtheory.bounds.claims import Identity, Inequality, Sides
from lrtheory.bounds.deciding.comparison import in_doubles
from lrtheory.bounds.deciding.tally import holds
from lrtheory.bounds.errors import RAISED, OutcomeError, StatementError
from lrtheory.bounds.families import Family, FromGenerator
from lrtheory.bounds.running.blame import blamed, place_of
from lrtheory.bounds.running.handover import Fault, altered, handed
from lrtheory.bounds.session import Session, chunks
from lrtheory.bounds.statement import Statement

__all__ = ["demand_steady"]

_DRAWS = 40  # equal draws in a row; of a family of two instances, each as likely, one in 5 * 10^11 does that
_OF_INSTANCE = ("at_most", "equals", "within", "support", "probabilities", "size", "over")


def demand_steady(statement: Statement, session: Session, label: str, instance: Any) -> None:
    """Call the functions of a statement twice, on one instance and the honest outcome, and compare their answers.

    Parameters
    ----------
    statement : Statement
        The statement or a variant of it.
    session : Session
        Seed, and the runs that statements share.
    label : str
        Label of the instance.
    instance : object
        The first one that is measured.

    Raises
    ------
    StatementError
        If `draw` makes two instances of one stream or one instance of forty, or if a hypothesis, the sides or another
        function of the claim has two answers; the sentence says which.
    """
    _demand_steady_draws(statement.instances, session)
    place = place_of(statement.id, label)
    for name in statement.hypotheses:
        answers = [holds(statement, name, label, instance) for _ in range(2)]
        if answers[0] != answers[1]:
            raise _changed(place, f"the hypothesis {name!r}", answers, "the instance")
    if all(holds(statement, name, label, instance) for name in statement.hypotheses):
        _demand_steady_claim(statement, session, place, instance)


def _demand_steady_draws(family: Family, session: Session) -> None:
    if family.draw is None:
        return
    first, place = session.drawn(family, 0), f"the family {family.name}"
    with blamed("`draw`", place):
        again = family.draw(FromGenerator(session.rng(family, "draw", 0)))
    differing = _differing(again, first)
    if differing:
        raise StatementError(
            f"{place}: `draw` makes two instances of one random stream, which differ in {differing[0]}; all that it "
            "chooses must come from `draws`"
        )
    if not any(_differing(session.drawn(family, index), first) for index in range(1, _DRAWS)):
        raise StatementError(
            f"{place}: `draw` has made one instance {_DRAWS} times; where there are no others, list it in `always` and "
            "say so in `complete`"
        )


def _demand_steady_claim(statement: Statement, session: Session, place: str, instance: Any) -> None:
    claim, honest = statement.claim, statement.honest()
    runs = None if not statement.is_random else 1 if statement.one_by_one else chunks(session.budget.runs)[0]
    try:
        outcome = session.run(honest, instance, 0, runs)
    except (Fault, OutcomeError):  # which the check meets again, and tells
        return
    judge: Callable[[], Any]
    if isinstance(claim, (Inequality, Identity)):
        judge = lambda: in_doubles(claim, instance, outcome)
    else:
        judge = lambda: claim.observe(instance, outcome)  # type: ignore[union-attr]
    try:
        one, other = judge(), judge()
    except RAISED:  # which the check meets again, and tells with the part and the line
        return
    for name, answers in _pairs(one, other):
        if not _equal(answers, one):
            raise _changed(place, f"`{name}` of the claim", list(answers), "the instance and the outcome")
    for name in _OF_INSTANCE:
        function = getattr(claim, name, None)
        if callable(function):
            with blamed("the claim", place, instance):
                given = [function(instance) for _ in range(2)]
            if _differing(*given):
                raise _changed(place, f"`{name}` of the claim", given, "the instance")


def _pairs(one: Any, other: Any) -> list[tuple[str, tuple[Any, Any]]]:
    """The answers of two calls, part by part."""
    if not isinstance(one, Sides) or not isinstance(other, Sides):
        return [("observe", (one, other))]
    return [(part.name, (getattr(one, part.name), getattr(other, part.name))) for part in fields(Sides)]


def _equal(answers: tuple[Any, Any], sides: Any) -> bool:
    """Whether two answers are the same, or, of sides that carry a rounding error, the same up to that."""
    if not _differing(*answers):
        return True
    rounding = getattr(sides, "rounding", None)
    if rounding is None or any(answer is None for answer in answers):
        return False
    one, other = (to_float(answer, "a side") for answer in answers)
    return one.shape == other.shape and bool(np.all(np.abs(one - other) <= to_float(rounding, "`rounding`")))


def _differing(one: Any, other: Any) -> list[str]:
    """The paths in which two answers differ."""
    return altered(handed(one), other)


def _changed(place: str, what: str, answers: list[Any], arguments: str) -> StatementError:
    told = " and then ".join(_short(answer) for answer in answers)
    return StatementError(
        f"{place}: {what} changes from one call to the next ({told}); it must depend on {arguments} alone"
    )


def _short(answer: Any) -> str:
    text = " ".join(str(answer).split())
    return text if len(text) <= 40 else text[:37] + "..."
